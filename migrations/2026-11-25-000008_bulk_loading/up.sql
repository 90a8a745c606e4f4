-- The rules stay; what enforces them costs a statement what it cost each row. A look at what others hold is taken once
-- for all rows of a statement, and the checks of a row are expressions: PostgreSQL runs an SQL function as a query of its
-- own if it has a subquery or a call in it that is not immutable, and else as part of the statement.

-- Made of nothing but characters that stand in NFC whatever is beside them, and none of the forbidden: nearly every text
-- is, and to see that takes a quarter of the time that normalizing does.
CREATE FUNCTION is_plain_text(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value !~ '[^\t\n\r -~\u00A0-\u02FF\u0391-\u03C9\u0410-\u044F\u2010-\u2027\u2030-\u205E\u2070-\u20CF\u2100-\u2125\u2127-\u2129\u2150-\u2328\u2460-\u27BF\u3000-\u3029\u4E00-\u9FFF\uFF01-\uFF60]';

-- A text of so many Unicode scalar values, in NFC and without the characters that no reader can see.
CREATE OR REPLACE FUNCTION text_within(value text, shortest integer, longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN char_length(value) BETWEEN shortest AND longest
   AND (is_plain_text(value)
        OR value IS NFC NORMALIZED AND value !~ '[\x01-\x08\x0B\x0C\x0E-\x1F\x7F]');

-- A list of distinct items that look like the pattern. They are joined and looked at as one text, which has as many parts
-- as there are items unless one of them has the character in it that joins them. A `tsvector` keeps each text once.
CREATE FUNCTION is_list_of(value text[], most integer, pattern text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    joined text := array_to_string(value, E'\x01', '');
BEGIN
    RETURN cardinality(value) <= most
       AND joined ~ ('^' || pattern || '(\x01' || pattern || ')*$')
       AND cardinality(string_to_array(joined, E'\x01')) = cardinality(value)
       AND joined IS NFC NORMALIZED
       AND length(array_to_tsvector(value)) = cardinality(value);
END $$;

-- A list of distinct texts.
CREATE OR REPLACE FUNCTION texts_within(value text[], most integer, longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value = '{}' OR is_list_of(value, most, '[^\x01-\x08\x0B\x0C\x0E-\x1F\x7F]{1,' || longest::text || '}');

-- A list of distinct words out of a closed list.
CREATE OR REPLACE FUNCTION words_of(value text[], allowed text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value = '{}' OR value <@ allowed AND length(array_to_tsvector(value)) = cardinality(value);

-- A list of distinct ids.
CREATE OR REPLACE FUNCTION ids_within(value uuid[], most integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value = '{}' OR is_list_of(value::text[], most, '[0-9a-f-]{36}');

-- GB/T 13745-2009: three digits, or five or seven for the second and third level.
CREATE OR REPLACE FUNCTION are_disciplines(value text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value = '{}' OR is_list_of(value, 10, '[1-9][0-9]{2}([0-9]{2}){0,2}');

-- A list of objects of the kind named by `shape`. Most records have none.
ALTER FUNCTION are_items(jsonb, integer, text) RENAME TO are_some_items;
CREATE FUNCTION are_items(value jsonb, most integer, shape text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value = '[]' OR are_some_items(value, most, shape);
ALTER TABLE results
    DROP CONSTRAINT results_intellectual_property_check,
    DROP CONSTRAINT results_attachments_check,
    ADD CONSTRAINT results_intellectual_property_check
        CHECK (are_items(intellectual_property, 50, 'intellectual_property')),
    ADD CONSTRAINT results_attachments_check CHECK (are_items(attachments, 20, 'attachment'));

-- Codes and ids in lists: what a foreign key would do if it could look inside an array. The lists they point into only
-- grow, so a look when the rows are written is enough. Told are the column, the table and its key, and the rule.
CREATE FUNCTION refuse_unknown_items() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    missing text;
BEGIN
    -- A subquery for each item, so that no plan reads the whole table.
    EXECUTE format('SELECT item FROM (SELECT DISTINCT unnest(%I) AS item FROM written) AS items
                    WHERE (SELECT true FROM %I AS known WHERE known.%I = item) IS NULL LIMIT 1',
                   TG_ARGV[0], TG_ARGV[1], TG_ARGV[2]) INTO missing;
    IF missing IS NOT NULL THEN
        RAISE foreign_key_violation USING CONSTRAINT = TG_ARGV[3], MESSAGE = TG_ARGV[4], DETAIL = missing;
    END IF;
    RETURN NULL;
END $$;

-- Who holds, employs or asks is a living organisation, and who asks is an enterprise. The rows are locked against a
-- deletion at the same moment, which a foreign key alone would let pass.
CREATE OR REPLACE FUNCTION refuse_missing_organisation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted uuid[];
    kinds text[];
BEGIN
    EXECUTE format(CASE TG_OP
        WHEN 'INSERT' THEN 'SELECT array_agg(DISTINCT %1$I) FROM written'
        ELSE 'SELECT array_agg(DISTINCT written.%1$I) FROM written JOIN replaced USING (id)
              WHERE written.%1$I <> replaced.%1$I' END, TG_ARGV[0]) INTO wanted;
    SELECT array_agg(kind) INTO kinds FROM (
        SELECT kind FROM organisations WHERE id = ANY (wanted) AND deleted_at IS NULL ORDER BY id FOR SHARE) AS living;
    IF cardinality(wanted) <> coalesce(cardinality(kinds), 0) THEN
        RAISE foreign_key_violation USING CONSTRAINT = TG_ARGV[0] || '_living', MESSAGE = 'no such organisation';
    END IF;
    IF TG_ARGV[0] = 'enterprise_id' AND 'enterprise' <> ANY (kinds) THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'enterprise_id_kind', MESSAGE = 'not an enterprise';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION append_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO changes (kind, record_id, version) SELECT TG_ARGV[0], id, version FROM written;
    IF FOUND THEN
        NOTIFY duijie_changes;
    END IF;
    RETURN NULL;
END $$;

DO $$
DECLARE
    concept record;
    rule record;
BEGIN
    FOR concept IN SELECT * FROM (VALUES
        ('organisations', 'organisation', NULL), ('experts', 'expert', 'organisation_id'),
        ('results', 'result', 'holder_id'), ('demands', 'demand', 'enterprise_id'), ('policies', 'policy', NULL)
    ) AS concepts (name, kind, organisation)
    LOOP
        EXECUTE format('DROP TRIGGER append_change ON %1$I;
            CREATE TRIGGER append_change AFTER INSERT ON %1$I REFERENCING NEW TABLE AS written
                FOR EACH STATEMENT EXECUTE FUNCTION append_change(%2$L);
            CREATE TRIGGER append_change_again AFTER UPDATE ON %1$I REFERENCING NEW TABLE AS written
                FOR EACH STATEMENT EXECUTE FUNCTION append_change(%2$L)', concept.name, concept.kind);
        IF concept.organisation IS NOT NULL THEN
            EXECUTE format('DROP TRIGGER known_references ON %1$I; DROP TRIGGER living_organisation ON %1$I;
                CREATE TRIGGER living_organisation AFTER INSERT ON %1$I REFERENCING NEW TABLE AS written
                    FOR EACH STATEMENT EXECUTE FUNCTION refuse_missing_organisation(%2$L);
                CREATE TRIGGER living_organisation_again AFTER UPDATE ON %1$I
                    REFERENCING OLD TABLE AS replaced NEW TABLE AS written
                    FOR EACH STATEMENT EXECUTE FUNCTION refuse_missing_organisation(%2$L)',
                concept.name, concept.organisation);
        END IF;
    END LOOP;
    FOR rule IN SELECT * FROM (VALUES
        ('experts', 'industries', 'industries', 'code', 'known_industries', 'no such industry'),
        ('results', 'industries', 'industries', 'code', 'known_industries', 'no such industry'),
        ('demands', 'industries', 'industries', 'code', 'known_industries', 'no such industry'),
        ('experts', 'regions', 'regions', 'code', 'known_regions', 'no such region'),
        ('experts', 'result_ids', 'results', 'id', 'known_results', 'no such result'),
        ('results', 'contributor_ids', 'experts', 'id', 'known_contributors', 'no such expert')
    ) AS rules (name, field, list, key, rule, message)
    LOOP
        EXECUTE format('CREATE TRIGGER %2$I AFTER INSERT ON %1$I REFERENCING NEW TABLE AS written
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_unknown_items(%4$L, %5$L, %6$L, %2$L, %7$L);
            CREATE TRIGGER %3$I AFTER UPDATE ON %1$I REFERENCING NEW TABLE AS written
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_unknown_items(%4$L, %5$L, %6$L, %2$L, %7$L)',
            rule.name, rule.rule, rule.rule || '_again', rule.field, rule.list, rule.key, rule.message);
    END LOOP;
END $$;
DROP FUNCTION refuse_unknown_references;
