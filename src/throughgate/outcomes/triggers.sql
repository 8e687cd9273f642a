-- Plans stay as they were agreed and runs stay as they came out, whoever writes ([T-11]).

CREATE OR REPLACE FUNCTION tg.plan_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'A plan is never deleted.' USING ERRCODE = 'TG020';
    END IF;
    IF NEW.definition IS DISTINCT FROM OLD.definition OR NEW.sha256 <> OLD.sha256
        OR NEW.study_id <> OLD.study_id OR NEW.number <> OLD.number
        OR (OLD.registered_at IS NOT NULL AND (NEW.registered_at IS DISTINCT FROM OLD.registered_at
                                               OR NEW.registered_by <> OLD.registered_by)) THEN
        RAISE EXCEPTION 'A plan is not changed: make another version.' USING ERRCODE = 'TG020';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS plan_stays ON outcomes_studyversion;
CREATE TRIGGER plan_stays BEFORE UPDATE OR DELETE ON outcomes_studyversion
FOR EACH ROW EXECUTE FUNCTION tg.plan_stays();

CREATE OR REPLACE FUNCTION tg.run_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'A run is never deleted.' USING ERRCODE = 'TG020';
    END IF;
    IF NEW.study_id <> OLD.study_id OR NEW.version_id <> OLD.version_id OR NEW.number <> OLD.number
        OR NEW.asked_by <> OLD.asked_by OR NEW.recorded_at <> OLD.recorded_at
        OR (OLD.state = 'done' AND (to_jsonb(NEW) - 'work_id') <> (to_jsonb(OLD) - 'work_id')) THEN
        RAISE EXCEPTION 'A run stays as it came out.' USING ERRCODE = 'TG020';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS run_stays ON outcomes_studyrun;
CREATE TRIGGER run_stays BEFORE UPDATE OR DELETE ON outcomes_studyrun
FOR EACH ROW EXECUTE FUNCTION tg.run_stays();
