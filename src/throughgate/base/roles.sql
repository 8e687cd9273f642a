-- Run once by an administrator of the server (the embedded database does it by itself).
-- tg_owner owns everything and is used by migrations only; tg_web signs in and has no rights of its own.
DO $$
DECLARE
    audience text;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'tg_owner') THEN
        CREATE ROLE tg_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'tg_web') THEN
        CREATE ROLE tg_web LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOINHERIT;
    END IF;
    FOREACH audience IN ARRAY ARRAY['staff', 'partner', 'visitor', 'participant', 'employer', 'public',
                                    'report', 'auditor', 'emergency', 'job', 'auth', 'queue',
                                    'auditlog']
    LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'tg_' || audience) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS', 'tg_' || audience);
        END IF;
        EXECUTE format('GRANT %I TO tg_web', 'tg_' || audience);
    END LOOP;
END $$;
