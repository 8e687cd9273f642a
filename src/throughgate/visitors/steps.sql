-- The one rule of the gate, as sets of days: a clearance lets somebody in on exactly those days on which the
-- decision holds, the visitor still comes, and every requirement holds. rules.py says the same in Python.

CREATE OR REPLACE FUNCTION tg.days_of_step(s visitors_step) RETURNS datemultirange
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN NOT s.asked THEN datemultirange(daterange(NULL, NULL)) ELSE
        -- Not due yet.
        CASE WHEN s.due_on IS NULL THEN '{}'::datemultirange ELSE datemultirange(daterange(NULL, s.due_on)) END
        -- Done, until it runs out and its grace is over; without an end when it has none.
        + CASE WHEN s.done_on IS NULL THEN '{}'::datemultirange
               ELSE datemultirange(daterange(s.done_on, s.until + s.grace_days::int + 1)) END
        + CASE WHEN s.waived_on IS NULL THEN '{}'::datemultirange
               ELSE datemultirange(daterange(s.waived_on, s.waived_until + 1)) END
    END
$$;

-- With the rights of whoever asks: the triggers below ask as the owner, others see only what is theirs.
CREATE OR REPLACE FUNCTION tg.days_of_clearance(c visitors_clearance) RETURNS datemultirange
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN c.status NOT IN ('provisional', 'approved') OR c.valid IS NULL OR isempty(c.valid)
        THEN '{}'::datemultirange
        ELSE datemultirange(daterange(lower(c.valid), upper(c.valid)
                 + CASE WHEN c.renewal_asked_on IS NULL THEN 0 ELSE c.grace_days::int END))
             * datemultirange(daterange(NULL, (SELECT v.left_on FROM visitors_visitor v WHERE v.id = c.visitor_id)))
             * coalesce((SELECT range_intersect_agg(tg.days_of_step(s)) FROM visitors_step s WHERE s.clearance_id = c.id),
                        datemultirange(daterange(NULL, NULL)))
        END
$$;

CREATE OR REPLACE FUNCTION tg.clearance_ready() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- A clearance that is new while its visitor is being marked as gone waits for that to be settled.
    IF TG_OP = 'INSERT' THEN PERFORM 1 FROM visitors_visitor WHERE id = NEW.visitor_id FOR SHARE; END IF;
    -- Nobody sets it: whatever was written, it is worked out anew.
    NEW.ready := tg.days_of_clearance(NEW);
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS clearance_ready ON visitors_clearance;
CREATE TRIGGER clearance_ready BEFORE INSERT OR UPDATE ON visitors_clearance
FOR EACH ROW EXECUTE FUNCTION tg.clearance_ready();

CREATE OR REPLACE FUNCTION tg.step_changes_ready() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- The lock makes two people who record steps of one clearance take turns, so that neither is overlooked.
    PERFORM 1 FROM visitors_clearance WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.clearance_id ELSE NEW.clearance_id END
        FOR NO KEY UPDATE;
    UPDATE visitors_clearance c SET ready = tg.days_of_clearance(c)
    WHERE c.id = CASE WHEN TG_OP = 'DELETE' THEN OLD.clearance_id ELSE NEW.clearance_id END
      AND c.ready IS DISTINCT FROM tg.days_of_clearance(c);
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS step_changes_ready ON visitors_step;
CREATE TRIGGER step_changes_ready AFTER INSERT OR UPDATE OR DELETE ON visitors_step
FOR EACH ROW EXECUTE FUNCTION tg.step_changes_ready();

CREATE OR REPLACE FUNCTION tg.leaving_changes_ready() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE visitors_clearance SET ready = NULL WHERE visitor_id = NEW.id;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS leaving_changes_ready ON visitors_visitor;
CREATE TRIGGER leaving_changes_ready AFTER UPDATE OF left_on ON visitors_visitor
FOR EACH ROW WHEN (OLD.left_on IS DISTINCT FROM NEW.left_on) EXECUTE FUNCTION tg.leaving_changes_ready();

CREATE OR REPLACE FUNCTION tg.count_training_seats() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    change int := 0;
BEGIN
    IF TG_OP <> 'INSERT' THEN change := change - (OLD.state <> 'cancelled')::int; END IF;
    IF TG_OP <> 'DELETE' THEN change := change + (NEW.state <> 'cancelled')::int; END IF;
    IF change <> 0 THEN
        UPDATE visitors_trainingdate SET taken = taken + change
        WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.training_id ELSE NEW.training_id END;
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS count_training_seats ON visitors_trainingseat;
CREATE TRIGGER count_training_seats AFTER INSERT OR UPDATE OF state OR DELETE ON visitors_trainingseat
FOR EACH ROW EXECUTE FUNCTION tg.count_training_seats();
