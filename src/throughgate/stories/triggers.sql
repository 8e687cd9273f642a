-- A published story holds the very words and name that its person agreed to, or the database refuses it.
CREATE OR REPLACE FUNCTION tg.story_as_agreed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM stories_story s WHERE s.id = NEW.story_id AND s.agreed_at IS NOT NULL
          AND s.withdrawn_at IS NULL
          AND s.agreed_sha256 = encode(sha256(convert_to(concat_ws(E'\x1f',
              NEW.shown_name, NEW.title, NEW.text, NEW.title_es, NEW.text_es), 'UTF8')), 'hex'))
    THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'story_words_agreed',
            MESSAGE = 'These are not the words that the person agreed to.';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS story_as_agreed ON stories_publishedstory;
CREATE TRIGGER story_as_agreed BEFORE INSERT OR UPDATE ON stories_publishedstory
    FOR EACH ROW EXECUTE FUNCTION tg.story_as_agreed();

-- The statement that takes the agreement back takes the story down.
CREATE OR REPLACE FUNCTION tg.story_down() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.agreed_at IS NULL OR NEW.withdrawn_at IS NOT NULL THEN
        DELETE FROM stories_publishedstory p WHERE p.story_id = NEW.id;
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS story_down ON stories_story;
CREATE TRIGGER story_down AFTER UPDATE ON stories_story FOR EACH ROW EXECUTE FUNCTION tg.story_down();
