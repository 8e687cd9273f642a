-- The words by which the directory is searched, in English and Spanish, without accents.
CREATE OR REPLACE FUNCTION tg.service_words() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    organization text;
BEGIN
    SELECT o.name || ' ' || o.alternate_name INTO organization
    FROM partners_organization o WHERE o.id = NEW.organization_id;
    NEW.search :=
        setweight(to_tsvector('english', unaccent(NEW.name || ' ' || coalesce(organization, ''))), 'A')
        || setweight(to_tsvector('spanish', unaccent(NEW.name_es)), 'A')
        || setweight(to_tsvector('english', unaccent(array_to_string(NEW.categories, ' '))), 'B')
        || setweight(to_tsvector('english', unaccent(NEW.description || ' ' || NEW.eligibility)), 'C')
        || setweight(to_tsvector('spanish', unaccent(NEW.description_es)), 'C');
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS service_words ON partners_service;
CREATE TRIGGER service_words BEFORE INSERT OR UPDATE ON partners_service
FOR EACH ROW EXECUTE FUNCTION tg.service_words();
