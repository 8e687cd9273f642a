-- What people call each need, in both languages, so that "vivienda" finds what is only marked as housing.
CREATE OR REPLACE FUNCTION tg.need_words(needs text[], spanish boolean) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(CASE WHEN spanish THEN w.es ELSE w.en END, ' '), '') FROM (VALUES
        ('education', 'education school class GED diploma reading', 'educacion escuela clases diploma lectura'),
        ('work', 'work job employment vocational training', 'trabajo empleo capacitacion laboral oficio'),
        ('cognition', 'thinking problem solving decision', 'pensamiento decisiones solucion de problemas'),
        ('anger', 'anger management', 'manejo del enojo ira'),
        ('substance', 'substance use recovery sober addiction drug alcohol', 'adicciones sobriedad drogas alcohol'),
        ('mental_health', 'mental health counseling therapy', 'salud mental consejeria terapia'),
        ('trauma', 'trauma healing', 'trauma sanacion'),
        ('family', 'family parenting children', 'familia padres crianza hijos'),
        ('peers', 'peer support mentor', 'apoyo mentor companeros'),
        ('finance', 'money budget debt benefits', 'dinero presupuesto deudas beneficios'),
        ('health', 'health clinic doctor medical', 'salud clinica medico'),
        ('housing', 'housing shelter home apartment', 'vivienda albergue alojamiento casa'),
        ('leisure', 'recreation art music sport', 'recreacion arte musica deporte'),
        ('identity', 'identity papers documents license birth certificate', 'identidad documentos licencia acta')
    ) AS w(need, en, es) WHERE w.need = ANY (needs)
$$;

-- The words by which the directory is searched, in English and Spanish, without accents.
CREATE OR REPLACE FUNCTION tg.service_words() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    named text;
    described text;
BEGIN
    SELECT o.name || ' ' || o.alternate_name, o.description INTO named, described
    FROM partners_organization o WHERE o.id = NEW.organization_id;
    NEW.search :=
        setweight(to_tsvector('english', unaccent(NEW.name || ' ' || coalesce(named, ''))), 'A')
        || setweight(to_tsvector('spanish', unaccent(NEW.name_es)), 'A')
        || setweight(to_tsvector('english', unaccent(array_to_string(NEW.categories, ' '))), 'B')
        || setweight(to_tsvector('english', tg.need_words(NEW.needs, false)), 'C')
        || setweight(to_tsvector('spanish', tg.need_words(NEW.needs, true)), 'C')
        || setweight(to_tsvector('english', unaccent(NEW.description || ' ' || NEW.eligibility)), 'C')
        || setweight(to_tsvector('spanish', unaccent(NEW.description_es)), 'C')
        || setweight(to_tsvector('english', unaccent(coalesce(described, ''))), 'D');
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS service_words ON partners_service;
CREATE TRIGGER service_words BEFORE INSERT OR UPDATE ON partners_service
FOR EACH ROW EXECUTE FUNCTION tg.service_words();

-- An organization that is renamed is found by its new name.
CREATE OR REPLACE FUNCTION tg.organization_words() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE partners_service SET search = NULL WHERE organization_id = NEW.id;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS organization_words ON partners_organization;
CREATE TRIGGER organization_words AFTER UPDATE OF name, alternate_name, description ON partners_organization
FOR EACH ROW WHEN (OLD.name <> NEW.name OR OLD.alternate_name <> NEW.alternate_name
                   OR OLD.description <> NEW.description)
EXECUTE FUNCTION tg.organization_words();

-- What is signed stays as it was signed: only its early end may be written afterwards.
CREATE OR REPLACE FUNCTION tg.agreement_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - 'terminated_on' <> to_jsonb(OLD) - 'terminated_on' THEN
        RAISE EXCEPTION 'A signed agreement stays as it was signed.' USING ERRCODE = 'TG030';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS agreement_stays ON partners_agreement;
CREATE TRIGGER agreement_stays BEFORE UPDATE OR DELETE ON partners_agreement
FOR EACH ROW WHEN (OLD.state = 'signed') EXECUTE FUNCTION tg.agreement_stays();

CREATE OR REPLACE FUNCTION tg.signature_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'A signature is never changed or taken away.' USING ERRCODE = 'TG030';
END $$;
DROP TRIGGER IF EXISTS signature_stays ON partners_signature;
CREATE TRIGGER signature_stays BEFORE UPDATE OR DELETE ON partners_signature
FOR EACH ROW EXECUTE FUNCTION tg.signature_stays();
