-- Yes-or-no answers about keep-apart orders for those who fill seats; whom and why stays with two roles ([A-45]).

-- Which of these people may not be in this cohort: somebody seated in it, called to its coming sessions or
-- leading them must be kept apart from them on a day that the cohort still runs. Staff ask about their own.
CREATE OR REPLACE FUNCTION tg.kept_apart(cohort bigint, people bigint[]) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH c AS (
        SELECT id, greatest(starts_on, tg.local_day(facility_id, statement_timestamp())) AS first, ends_on AS last
        FROM programs_cohort WHERE id = cohort
    ), coming AS (
        SELECT s.id FROM programs_session s
        WHERE s.cohort_id = cohort AND s.ends_at > statement_timestamp() AND s.status <> 'cancelled'
    ), inside AS MATERIALIZED (
        SELECT e.participant_id AS id FROM programs_enrollment e WHERE e.cohort_id = cohort AND e.status <> 'ended'
        UNION
        SELECT k.participant_id FROM programs_call k JOIN coming ON coming.id = k.session_id WHERE k.status = 'called'
    ), leads AS MATERIALIZED (
        SELECT f.visitor_id AS id FROM programs_facilitator f JOIN coming ON coming.id = f.session_id WHERE f.active
        UNION
        SELECT u.visitor_id FROM programs_usualfacilitator u WHERE u.cohort_id = cohort AND NOT u.cover
    ), orders AS (
        SELECT k.second_id AS id, k.starts_on, k.ends_on FROM inside i JOIN people_keepapart k ON k.first_id = i.id
        UNION ALL
        SELECT k.first_id, k.starts_on, k.ends_on FROM inside i JOIN people_keepapart k ON k.second_id = i.id
        UNION ALL
        SELECT k.participant_id, k.starts_on, k.ends_on
        FROM leads l JOIN visitors_visitorkeepapart k ON k.visitor_id = l.id
    )
    SELECT p.id FROM people_participant p
    WHERE p.id = ANY (people)
      AND p.id IN (SELECT o.id FROM orders o, c
                   WHERE o.starts_on <= c.last AND (o.ends_on IS NULL OR o.ends_on >= c.first))
      AND CASE (SELECT tg.audience())
            WHEN 'job' THEN true
            WHEN 'staff' THEN (SELECT tg.has_permission('enroll') OR tg.has_permission('manage_waitlist'))
                              AND p.facility_id = ANY ((SELECT tg.facility_ids())::bigint[])
            ELSE false END
$$;

-- Whether somebody called to this session must be kept apart from this visitor on that day.
CREATE OR REPLACE FUNCTION tg.visitor_kept_apart(visitor bigint, session bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT (tg.audience() = 'job' OR (tg.audience() = 'staff' AND tg.has_permission('manage_sessions')))
       AND EXISTS (
        SELECT 1 FROM programs_session s
        JOIN programs_call c ON c.session_id = s.id AND c.status = 'called'
        JOIN visitors_visitorkeepapart k ON k.participant_id = c.participant_id AND k.visitor_id = visitor
        WHERE s.id = session AND k.starts_on <= tg.local_day(s.facility_id, s.starts_at)
          AND (k.ends_on IS NULL OR k.ends_on >= tg.local_day(s.facility_id, s.starts_at)))
$$;

-- A decision about a proposed seat is made once: the record that an auditor reads is the one that was made.
CREATE OR REPLACE FUNCTION tg.decided_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IN ('accepted', 'declined', 'changed') OR TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'A decision about a proposed seat stays as it was made.' USING ERRCODE = 'TG007';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS decided_once ON programs_seatproposal;
CREATE TRIGGER decided_once BEFORE UPDATE OR DELETE ON programs_seatproposal
FOR EACH ROW EXECUTE FUNCTION tg.decided_once();
