-- What hangs on a row is about the same person, cohort, facility and partner as that row; and partners and
-- participants change no more of a row than their part of it. Row policies cannot compare old and new.

-- A session takes place where its cohort is, and its partner is the cohort's.
CREATE OR REPLACE FUNCTION tg.session_of_cohort() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.cohort_id, OLD.facility_id) = (NEW.cohort_id, NEW.facility_id)
       AND OLD.organization_id IS NOT DISTINCT FROM NEW.organization_id THEN RETURN NEW; END IF;
    IF NOT EXISTS (SELECT 1 FROM programs_cohort c WHERE c.id = NEW.cohort_id AND c.facility_id = NEW.facility_id
                   AND c.organization_id IS NOT DISTINCT FROM NEW.organization_id) THEN
        RAISE EXCEPTION 'A session has the facility and the partner of its cohort.' USING ERRCODE = 'TG006';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS session_of_cohort ON programs_session;
CREATE TRIGGER session_of_cohort BEFORE INSERT OR UPDATE OF cohort_id, facility_id, organization_id
ON programs_session FOR EACH ROW EXECUTE FUNCTION tg.session_of_cohort();

-- A seat stays with its person, and opens sight to the partner of its cohort and to no other.
CREATE OR REPLACE FUNCTION tg.seat_of_cohort() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.participant_id <> NEW.participant_id THEN
            RAISE EXCEPTION 'A seat stays with its person.' USING ERRCODE = 'TG006';
        END IF;
        IF OLD.organization_id IS NOT DISTINCT FROM NEW.organization_id THEN RETURN NEW; END IF;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM programs_cohort c WHERE c.id = NEW.cohort_id
                   AND c.organization_id IS NOT DISTINCT FROM NEW.organization_id) THEN
        RAISE EXCEPTION 'A seat has the partner of its cohort.' USING ERRCODE = 'TG006';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS seat_of_cohort ON programs_enrollment;
CREATE TRIGGER seat_of_cohort BEFORE INSERT OR UPDATE OF participant_id, organization_id
ON programs_enrollment FOR EACH ROW EXECUTE FUNCTION tg.seat_of_cohort();

-- Another partner takes over a cohort: live seats and coming sessions go along, and so does who sees whom.
CREATE OR REPLACE FUNCTION tg.partner_of_cohort() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE programs_enrollment SET organization_id = NEW.organization_id
    WHERE cohort_id = NEW.id AND status <> 'ended';
    UPDATE programs_session SET organization_id = NEW.organization_id
    WHERE cohort_id = NEW.id AND starts_at > statement_timestamp();
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS partner_of_cohort ON programs_cohort;
CREATE TRIGGER partner_of_cohort AFTER UPDATE OF organization_id ON programs_cohort FOR EACH ROW
WHEN (OLD.organization_id IS DISTINCT FROM NEW.organization_id) EXECUTE FUNCTION tg.partner_of_cohort();

CREATE OR REPLACE FUNCTION tg.of_the_seat() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.enrollment_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM programs_enrollment e
        WHERE e.id = NEW.enrollment_id AND e.participant_id = NEW.participant_id) THEN
        RAISE EXCEPTION 'This is about another person than the seat.' USING ERRCODE = 'TG006';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS of_the_seat ON programs_suspension;
CREATE TRIGGER of_the_seat BEFORE INSERT OR UPDATE OF enrollment_id, participant_id ON programs_suspension
FOR EACH ROW EXECUTE FUNCTION tg.of_the_seat();
DROP TRIGGER IF EXISTS of_the_seat ON programs_slotexclusion;
CREATE TRIGGER of_the_seat BEFORE INSERT OR UPDATE OF enrollment_id, participant_id ON programs_slotexclusion
FOR EACH ROW EXECUTE FUNCTION tg.of_the_seat();
DROP TRIGGER IF EXISTS of_the_seat ON programs_call;
CREATE TRIGGER of_the_seat BEFORE INSERT OR UPDATE OF enrollment_id, participant_id ON programs_call
FOR EACH ROW EXECUTE FUNCTION tg.of_the_seat();
DROP TRIGGER IF EXISTS of_the_seat ON programs_ledgerline;
CREATE TRIGGER of_the_seat BEFORE INSERT ON programs_ledgerline
FOR EACH ROW EXECUTE FUNCTION tg.of_the_seat();

CREATE OR REPLACE FUNCTION tg.of_the_call() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM programs_call c WHERE c.id = NEW.call_id
                   AND c.participant_id = NEW.participant_id AND c.session_id = NEW.session_id) THEN
        RAISE EXCEPTION 'This mark is about another person or session than the call.' USING ERRCODE = 'TG006';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS of_the_call ON programs_attendance;
CREATE TRIGGER of_the_call BEFORE INSERT OR UPDATE OF call_id, participant_id, session_id ON programs_attendance
FOR EACH ROW EXECUTE FUNCTION tg.of_the_call();

CREATE OR REPLACE FUNCTION tg.of_the_mark() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM programs_attendance a WHERE a.call_id = NEW.attendance_id
                   AND a.participant_id = NEW.participant_id AND a.session_id = NEW.session_id) THEN
        RAISE EXCEPTION 'This change is about another mark.' USING ERRCODE = 'TG006';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS of_the_mark ON programs_attendancechange;
CREATE TRIGGER of_the_mark BEFORE INSERT ON programs_attendancechange
FOR EACH ROW EXECUTE FUNCTION tg.of_the_mark();

-- A partner writes down that a session was held, and nothing else of it. Runs as the writer: triggers that
-- keep counts run as the owner and pass.
CREATE OR REPLACE FUNCTION tg.partner_part() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- A generated column has no value yet when this runs.
    theirs text[] := ARRAY['during', 'status', 'minutes_held', 'settled_by', 'settled_at'];
BEGIN
    IF current_user <> 'tg_partner' THEN RETURN NEW; END IF;
    IF TG_OP = 'INSERT' OR to_jsonb(NEW) - theirs <> to_jsonb(OLD) - theirs
       OR (NEW.status <> OLD.status AND NOT (OLD.status IN ('planned', 'held', 'partly_held')
                                             AND NEW.status IN ('held', 'partly_held'))) THEN
        RAISE EXCEPTION 'A partner records that a session was held.' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS partner_part ON programs_session;
CREATE TRIGGER partner_part BEFORE INSERT OR UPDATE ON programs_session
FOR EACH ROW EXECUTE FUNCTION tg.partner_part();

-- A participant asks, confirms, leaves and comes back with the own date; deciding is for staff.
CREATE OR REPLACE FUNCTION tg.participant_part() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    theirs text[] := ARRAY['status', 'reason', 'confirmed_on', 'decided_by', 'decided_at'];
BEGIN
    IF current_user <> 'tg_participant' THEN RETURN NEW; END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'pending' OR NEW.requested_by <> 'self' OR NEW.decided_by <> ''
           OR abs(NEW.requested_on - (statement_timestamp() AT TIME ZONE 'UTC')::date) > 1 THEN
            RAISE EXCEPTION 'A participant asks for themselves, today.' USING ERRCODE = '42501';
        END IF;
    ELSIF to_jsonb(NEW) - theirs <> to_jsonb(OLD) - theirs
       OR (NEW.status <> OLD.status
           AND NOT (OLD.status IN ('pending', 'approved') AND NEW.status = 'withdrawn')
           AND NOT (OLD.status = 'withdrawn' AND NEW.status = 'pending')) THEN
        RAISE EXCEPTION 'A participant confirms, leaves or comes back.' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS participant_part ON programs_waitlistentry;
CREATE TRIGGER participant_part BEFORE INSERT OR UPDATE ON programs_waitlistentry
FOR EACH ROW EXECUTE FUNCTION tg.participant_part();
