-- Who must be kept apart is never matched, whoever writes: the database itself refuses, without saying why.
CREATE OR REPLACE FUNCTION tg.match_kept_apart(visitor bigint, participant bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT tg.audience() = 'job'
       AND EXISTS (
        SELECT 1 FROM visitors_visitorkeepapart k
        WHERE k.visitor_id = visitor AND k.participant_id = participant
          AND (k.ends_on IS NULL OR k.ends_on >= current_date))
$$;

CREATE OR REPLACE FUNCTION tg.match_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.status IN ('proposed', 'active') AND EXISTS (
        SELECT 1 FROM visitors_visitorkeepapart k
        WHERE k.visitor_id = NEW.visitor_id AND k.participant_id = NEW.participant_id
          AND (k.ends_on IS NULL OR k.ends_on >= current_date)) THEN
        RAISE EXCEPTION 'These two do not fit together.' USING ERRCODE = 'TG041';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS match_guard ON mentoring_match;
CREATE TRIGGER match_guard BEFORE INSERT OR UPDATE OF status, visitor_id, participant_id ON mentoring_match
FOR EACH ROW EXECUTE FUNCTION tg.match_guard();
