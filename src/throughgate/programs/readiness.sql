-- In which of these sessions two of those called, or one and a leader, must be kept apart: an order that was
-- made after the booking. Only whether, never who ([A-45]), and only in sessions of the actor's own facilities.
CREATE OR REPLACE FUNCTION tg.sessions_to_keep_apart(sessions bigint[]) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH mine AS (
        SELECT s.id, (s.starts_at AT TIME ZONE f.timezone)::date AS day
        FROM programs_session s JOIN places_facility f ON f.id = s.facility_id
        WHERE s.id = ANY (sessions)
          AND ((SELECT tg.audience()) = 'job'
               OR s.facility_id = ANY ((SELECT tg.facility_ids())::bigint[]))
    ), called AS MATERIALIZED (
        SELECT m.id, m.day, c.participant_id
        FROM mine m JOIN programs_call c ON c.session_id = m.id AND c.status = 'called'
    )
    SELECT a.id FROM called a
    JOIN people_keepapart k ON k.first_id = a.participant_id
         AND k.starts_on <= a.day AND (k.ends_on IS NULL OR k.ends_on >= a.day)
    JOIN called b ON b.id = a.id AND b.participant_id = k.second_id
    UNION
    SELECT a.id FROM called a
    JOIN programs_facilitator f ON f.session_id = a.id AND f.active
    JOIN visitors_visitorkeepapart k ON k.visitor_id = f.visitor_id AND k.participant_id = a.participant_id
         AND k.starts_on <= a.day AND (k.ends_on IS NULL OR k.ends_on >= a.day)
$$;
