-- What the acting membership may reach, read from the tables at every statement.
CREATE OR REPLACE FUNCTION tg.live_membership() RETURNS access_membership
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT m.* FROM access_membership m JOIN access_user u ON u.id = m.user_id
    WHERE m.id = tg.membership_id() AND m.user_id = tg.actor_id() AND u.is_active
      AND m.starts_at <= statement_timestamp()
      AND (m.ends_at IS NULL OR m.ends_at > statement_timestamp())
$$;

CREATE OR REPLACE FUNCTION tg.has_permission(wanted text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM access_rolepermission r, tg.live_membership() m
                   WHERE r.role = m.role AND r.permission = wanted)
$$;

CREATE OR REPLACE FUNCTION tg.facility_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN m.agency_wide THEN ARRAY(SELECT f.id FROM places_facility f)
                WHEN m.facility_id IS NOT NULL THEN ARRAY[m.facility_id]
                ELSE '{}'::bigint[] END
    FROM tg.live_membership() m WHERE tg.audience() = 'staff'
$$;

-- An organization that left, or was not taken on, sees nothing, whatever account somebody of it still has.
CREATE OR REPLACE FUNCTION tg.organization_id() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT m.organization_id FROM tg.live_membership() m
    JOIN partners_organization o ON o.id = m.organization_id
    WHERE tg.audience() IN ('partner', 'employer') AND o.status NOT IN ('ended', 'declined')
$$;

CREATE OR REPLACE FUNCTION tg.participant_id() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT m.participant_id FROM tg.live_membership() m WHERE tg.audience() = 'participant'
$$;

CREATE OR REPLACE FUNCTION tg.visitor_id() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT m.visitor_id FROM tg.live_membership() m WHERE tg.audience() IN ('visitor', 'partner')
$$;

CREATE OR REPLACE FUNCTION tg.blocked_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT ARRAY(SELECT b.participant_id FROM access_blocked b WHERE b.user_id = tg.actor_id())
$$;

CREATE OR REPLACE FUNCTION tg.granted_participants(wanted int) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT ARRAY(
        SELECT g.participant_id FROM access_accessgrant g
        WHERE g.organization_id = tg.organization_id() AND g.tier >= wanted
          AND g.valid @> statement_timestamp()
        EXCEPT SELECT b.participant_id FROM access_blocked b WHERE b.user_id = tg.actor_id())
$$;

CREATE OR REPLACE FUNCTION tg.broken_glass() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT ARRAY(SELECT b.participant_id FROM access_breakglass b
                 WHERE b.membership_id = tg.membership_id() AND b.user_id = tg.actor_id()
                   AND b.open @> statement_timestamp()
                   AND EXISTS (SELECT 1 FROM tg.live_membership() m WHERE m.id = b.membership_id)
                 EXCEPT SELECT b.participant_id FROM access_blocked b WHERE b.user_id = tg.actor_id())
$$;

-- Who looked: the participant at their own record, staff who may review access, the one who holds them.
CREATE OR REPLACE FUNCTION tg.may_see_participant(participant bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE tg.audience()
        WHEN 'participant' THEN participant = tg.participant_id()
        WHEN 'staff' THEN EXISTS (
            SELECT 1 FROM people_participant p WHERE p.id = participant
              AND p.facility_id = ANY (tg.facility_ids()) AND p.id <> ALL (tg.blocked_ids()))
            AND (tg.has_permission('view_restricted') OR tg.has_permission('review_access'))
        ELSE false END
$$;

-- Under which keys the one who acts is written to: their preferences for notices are theirs alone.
CREATE OR REPLACE FUNCTION tg.my_notices() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT array_remove(ARRAY[
        'user ' || u.code,
        'visitor ' || v.code,
        CASE WHEN tg.has_permission('manage_own_team') THEN 'organization ' || o.code END], NULL)
    FROM tg.live_membership() m
    JOIN access_user u ON u.id = m.user_id
    LEFT JOIN visitors_visitor v ON v.id = m.visitor_id
    LEFT JOIN partners_organization o ON o.id = m.organization_id
$$;
