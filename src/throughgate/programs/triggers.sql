-- Guarantees of booking that hold for everyone at every moment, whoever writes and however many at once.
-- Each function runs as the owner, because it must see facts (keep-apart orders) that the writer may not.

CREATE OR REPLACE FUNCTION tg.seats() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    before_seat int := 0; after_seat int := 0; before_extra int := 0; after_extra int := 0;
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.status <> 'ended' THEN
        before_seat := 1; before_extra := OLD.over_capacity::int;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.status <> 'ended' THEN
        after_seat := 1; after_extra := NEW.over_capacity::int;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.cohort_id <> NEW.cohort_id THEN
        RAISE EXCEPTION 'A seat stays in its cohort: end it and take another.' USING ERRCODE = 'TG004';
    END IF;
    IF before_seat <> after_seat OR before_extra <> after_extra THEN
        UPDATE programs_cohort SET seats_taken = seats_taken + after_seat - before_seat,
                                   seats_overridden = seats_overridden + after_extra - before_extra
        WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.cohort_id ELSE NEW.cohort_id END;
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS seats ON programs_enrollment;
CREATE TRIGGER seats AFTER INSERT OR UPDATE OR DELETE ON programs_enrollment
FOR EACH ROW EXECUTE FUNCTION tg.seats();

-- A partner sees its own participants while they have a seat with it, and no longer ([A-1], [A-47]).
CREATE OR REPLACE FUNCTION tg.enrollment_grant() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND (TG_OP = 'DELETE' OR NEW.status = 'ended') THEN
        DELETE FROM access_accessgrant WHERE basis = 'enrollment' AND basis_ref = OLD.code;
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.organization_id IS DISTINCT FROM NEW.organization_id THEN
        DELETE FROM access_accessgrant WHERE basis = 'enrollment' AND basis_ref = OLD.code;
    END IF;
    IF NEW.organization_id IS NOT NULL AND NEW.status <> 'ended' THEN
        INSERT INTO access_accessgrant (organization_id, participant_id, tier, purpose, basis, basis_ref, valid)
        VALUES (NEW.organization_id, NEW.participant_id, 2, 'program', 'enrollment', NEW.code,
                tstzrange(statement_timestamp(), NULL))
        ON CONFLICT (organization_id, participant_id, basis, basis_ref) DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS enrollment_grant ON programs_enrollment;
CREATE TRIGGER enrollment_grant AFTER INSERT OR UPDATE OR DELETE ON programs_enrollment
FOR EACH ROW EXECUTE FUNCTION tg.enrollment_grant();

CREATE OR REPLACE FUNCTION tg.local_day(facility bigint, moment timestamptz) RETURNS date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT (moment AT TIME ZONE f.timezone)::date FROM places_facility f WHERE f.id = facility
$$;

CREATE OR REPLACE FUNCTION tg.visitor_cleared(visitor bigint, facility bigint, day date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM visitors_clearance c
        WHERE c.visitor_id = visitor AND c.facility_id = facility AND c.ready @> day)
$$;

-- Whether any two of those called to a session, or one and its leader, must be kept apart. A yes or no,
-- never a name: booking uses it, and only two roles may read the orders themselves ([A-45]).
CREATE OR REPLACE FUNCTION tg.must_keep_apart(person bigint, session bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    -- It starts from the person's own orders, of which there are few, so that it stays quick in a full house.
    WITH s AS (SELECT id, tg.local_day(facility_id, starts_at) AS day FROM programs_session WHERE id = session)
    SELECT EXISTS (
        SELECT 1 FROM (
            SELECT second_id AS other, starts_on, ends_on FROM people_keepapart WHERE first_id = person
            UNION ALL
            SELECT first_id, starts_on, ends_on FROM people_keepapart WHERE second_id = person
        ) k
        JOIN programs_call c ON c.participant_id = k.other AND c.session_id = session AND c.status = 'called'
        JOIN s ON k.starts_on <= s.day AND (k.ends_on IS NULL OR k.ends_on >= s.day)
    ) OR EXISTS (
        SELECT 1 FROM s JOIN programs_facilitator f ON f.session_id = s.id AND f.active
        JOIN visitors_visitorkeepapart k ON k.visitor_id = f.visitor_id AND k.participant_id = person
             AND k.starts_on <= s.day AND (k.ends_on IS NULL OR k.ends_on >= s.day))
$$;

CREATE OR REPLACE FUNCTION tg.call_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    s programs_session;
BEGIN
    IF NEW.session_id IS NULL THEN RETURN NEW; END IF;
    -- The lock makes two people who must be kept apart take turns; the second one is refused.
    SELECT * INTO s FROM programs_session WHERE id = NEW.session_id FOR NO KEY UPDATE;
    NEW.starts_at := s.starts_at;
    NEW.ends_at := s.ends_at;
    IF NEW.status = 'called' THEN
        IF s.status = 'cancelled' THEN
            RAISE EXCEPTION 'session_is_cancelled' USING ERRCODE = 'TG003';
        END IF;
        IF tg.must_keep_apart(NEW.participant_id, NEW.session_id) THEN
            RAISE EXCEPTION 'keep_apart' USING ERRCODE = 'TG001';
        END IF;
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS call_guard ON programs_call;
CREATE TRIGGER call_guard BEFORE INSERT OR UPDATE OF status, session_id, participant_id ON programs_call
FOR EACH ROW EXECUTE FUNCTION tg.call_guard();

CREATE OR REPLACE FUNCTION tg.facilitator_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    s programs_session;
    day date;
BEGIN
    SELECT * INTO s FROM programs_session WHERE id = NEW.session_id FOR NO KEY UPDATE;
    -- Nobody is kept busy by a cancelled session; when it comes back, everything is asked again.
    NEW.during := CASE WHEN s.status = 'cancelled' THEN 'empty'::tstzrange
                       ELSE tstzrange(s.starts_at, s.ends_at) END;
    -- Also for a cancelled session: the cancellation may be taken back.
    IF NEW.active THEN
        day := tg.local_day(s.facility_id, s.starts_at);
        IF NOT tg.visitor_cleared(NEW.visitor_id, s.facility_id, day) THEN
            RAISE EXCEPTION 'visitor_not_cleared' USING ERRCODE = 'TG002';
        END IF;
        IF EXISTS (SELECT 1 FROM programs_call c JOIN visitors_visitorkeepapart k
                   ON k.participant_id = c.participant_id AND k.visitor_id = NEW.visitor_id
                   AND k.starts_on <= day AND (k.ends_on IS NULL OR k.ends_on >= day)
                   WHERE c.session_id = s.id AND c.status = 'called') THEN
            RAISE EXCEPTION 'keep_apart' USING ERRCODE = 'TG001';
        END IF;
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS facilitator_guard ON programs_facilitator;
CREATE TRIGGER facilitator_guard BEFORE INSERT OR UPDATE OF active, visitor_id, session_id ON programs_facilitator
FOR EACH ROW EXECUTE FUNCTION tg.facilitator_guard();

-- A session that moves, is cancelled or comes back takes its calls and leaders along, and every constraint is asked again.
CREATE OR REPLACE FUNCTION tg.session_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.starts_at <> NEW.starts_at OR OLD.ends_at <> NEW.ends_at THEN
        -- Setting the status to itself asks call_guard again: an order may hold on the new day and not on the old.
    UPDATE programs_call SET starts_at = NEW.starts_at, ends_at = NEW.ends_at, status = status
    WHERE session_id = NEW.id;
    END IF;
    UPDATE programs_facilitator SET active = active WHERE session_id = NEW.id;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS session_moved ON programs_session;
CREATE TRIGGER session_moved AFTER UPDATE OF starts_at, ends_at, status ON programs_session FOR EACH ROW
WHEN (OLD.starts_at <> NEW.starts_at OR OLD.ends_at <> NEW.ends_at
      OR (OLD.status = 'cancelled') <> (NEW.status = 'cancelled')) EXECUTE FUNCTION tg.session_moved();

CREATE OR REPLACE FUNCTION tg.count_calls() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    change int := 0;
    at_session bigint;
BEGIN
    change := change - (OLD.status = 'called')::int; at_session := OLD.session_id;
    IF TG_OP <> 'DELETE' THEN change := change + (NEW.status = 'called')::int; at_session := NEW.session_id; END IF;
    IF change <> 0 AND at_session IS NOT NULL THEN
        UPDATE programs_session SET called = called + change WHERE id = at_session;
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS count_calls ON programs_call;
CREATE TRIGGER count_calls AFTER UPDATE OF status OR DELETE ON programs_call
FOR EACH ROW EXECUTE FUNCTION tg.count_calls();

-- Calls made together are counted together: one change of the session, and one entry in the trail.
CREATE OR REPLACE FUNCTION tg.count_new_calls() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE programs_session s SET called = s.called + n.people
    FROM (SELECT session_id, count(*) AS people FROM fresh
          WHERE status = 'called' AND session_id IS NOT NULL GROUP BY session_id) n
    WHERE s.id = n.session_id;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS count_new_calls ON programs_call;
CREATE TRIGGER count_new_calls AFTER INSERT ON programs_call
REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tg.count_new_calls();

CREATE OR REPLACE FUNCTION tg.count_attendance() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    people int := -1;
    came int := - (OLD.minutes > 0)::int;
BEGIN
    IF TG_OP <> 'DELETE' THEN people := people + 1; came := came + (NEW.minutes > 0)::int; END IF;
    IF people <> 0 OR came <> 0 THEN
        UPDATE programs_session SET recorded = recorded + people, attended = attended + came
        WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.session_id ELSE NEW.session_id END;
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS count_attendance ON programs_attendance;
CREATE TRIGGER count_attendance AFTER UPDATE OF minutes OR DELETE ON programs_attendance
FOR EACH ROW EXECUTE FUNCTION tg.count_attendance();

CREATE OR REPLACE FUNCTION tg.count_new_attendance() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE programs_session s SET recorded = s.recorded + n.people, attended = s.attended + n.came
    FROM (SELECT session_id, count(*) AS people, count(*) FILTER (WHERE minutes > 0) AS came
          FROM fresh GROUP BY session_id) n
    WHERE s.id = n.session_id;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS count_new_attendance ON programs_attendance;
CREATE TRIGGER count_new_attendance AFTER INSERT ON programs_attendance
REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tg.count_new_attendance();

CREATE OR REPLACE FUNCTION tg.only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% keeps every line: add a reversing one instead.', TG_TABLE_NAME USING ERRCODE = 'TG005';
END $$;
DROP TRIGGER IF EXISTS only_added_to ON programs_ledgerline;
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE ON programs_ledgerline
FOR EACH ROW EXECUTE FUNCTION tg.only_added_to();
DROP TRIGGER IF EXISTS only_added_to ON programs_attendancechange;
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE ON programs_attendancechange
FOR EACH ROW EXECUTE FUNCTION tg.only_added_to();
