-- The signed context, read back. A forged, stale or misused one counts as none, and none sees nothing.
CREATE SCHEMA IF NOT EXISTS tg;

CREATE TABLE IF NOT EXISTS tg.secret (name text PRIMARY KEY, ipad bytea NOT NULL, opad bytea NOT NULL);
REVOKE ALL ON tg.secret FROM PUBLIC;

CREATE OR REPLACE FUNCTION tg.context() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    payload text := current_setting('app.context', true);
    signature text := current_setting('app.signature', true);
    parts text[];
    inner_pad bytea;
    outer_pad bytea;
BEGIN
    IF payload IS NULL OR payload = '' OR signature IS NULL THEN RETURN NULL; END IF;
    SELECT ipad, opad INTO inner_pad, outer_pad FROM tg.secret WHERE name = 'context';
    IF encode(sha256(outer_pad || sha256(inner_pad || convert_to(payload, 'UTF8'))), 'hex')
       IS DISTINCT FROM signature THEN RETURN NULL; END IF;
    parts := string_to_array(payload, '|');
    -- A context is good for the role it was signed for, and for none other.
    IF 'tg_' || parts[1] <> current_setting('role') THEN RETURN NULL; END IF;
    IF parts[6]::bigint < extract(epoch FROM clock_timestamp()) THEN RETURN NULL; END IF;
    RETURN parts;
END $$;

CREATE OR REPLACE FUNCTION tg.audience() RETURNS text LANGUAGE sql STABLE AS $$ SELECT (tg.context())[1] $$;
CREATE OR REPLACE FUNCTION tg.actor_id() RETURNS bigint LANGUAGE sql STABLE
AS $$ SELECT nullif((tg.context())[2], '')::bigint $$;
CREATE OR REPLACE FUNCTION tg.membership_id() RETURNS bigint LANGUAGE sql STABLE
AS $$ SELECT nullif((tg.context())[3], '')::bigint $$;
CREATE OR REPLACE FUNCTION tg.purpose() RETURNS text LANGUAGE sql STABLE AS $$ SELECT (tg.context())[4] $$;
CREATE OR REPLACE FUNCTION tg.request_id() RETURNS text LANGUAGE sql STABLE AS $$ SELECT (tg.context())[5] $$;
