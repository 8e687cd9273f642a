-- Looking up somebody whom another facility holds: by exact number or code, or by name with date of birth.
-- Never more than five cards, each with the least that tells people apart; the page logs every card ([A-52]).
CREATE OR REPLACE FUNCTION tg.find_participant(wanted text, named text, born date)
RETURNS TABLE (id bigint, code text, name text, facility text, whereabouts text, birth_year int, mine boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF tg.audience() IS DISTINCT FROM 'staff' OR NOT tg.has_permission('view_restricted')
       OR coalesce(tg.purpose(), '') = '' THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH hits AS (
        SELECT i.participant_id AS pk FROM people_identifier i WHERE wanted <> '' AND i.value = wanted
        UNION
        SELECT p.id FROM people_participant p WHERE wanted <> '' AND p.code = upper(wanted)
        UNION
        SELECT p.id FROM people_participant p JOIN people_profile f ON f.participant_id = p.id
        WHERE named <> '' AND born IS NOT NULL AND f.birth_date = born AND p.sort_name = named
    )
    SELECT p.id, p.code::text, (p.first_name || ' ' || left(p.last_name, 1) || '.')::text, a.short_name::text,
           p.whereabouts::text, extract(year FROM f.birth_date)::int, p.facility_id = ANY (tg.facility_ids())
    FROM hits JOIN people_participant p ON p.id = hits.pk
    JOIN places_facility a ON a.id = p.facility_id
    LEFT JOIN people_profile f ON f.participant_id = p.id
    WHERE p.id <> ALL (tg.blocked_ids())
    ORDER BY p.sort_name, p.id LIMIT 5;
END $$;
REVOKE ALL ON FUNCTION tg.find_participant(text, text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tg.find_participant(text, text, date) TO tg_staff;
