-- The rules stay; what PostgreSQL makes ready anew for each statement is less. A record that is written by itself spends most
-- of its time there.

-- A rule in SQL becomes part of every constraint that uses it, and is taken apart, written into it and made ready whenever a
-- row is written. One in PL/pgSQL is made ready once for a session. Where there is nothing to look at, neither is asked.
-- Other rules are named with their schema: a dump is read back without a search path.
CREATE OR REPLACE FUNCTION are_items(value jsonb, most integer, shape text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    RETURN value = '[]' OR public.are_some_items(value, most, shape);
END $$;

CREATE OR REPLACE FUNCTION is_source(value jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    RETURN coalesce(jsonb_typeof(value) = 'object'
        AND coalesce(public.text_within(value ->> 'origin', 1, 200), true)
        AND coalesce(public.text_within(value ->> 'url', 1, 2000), true)
        AND coalesce(public.text_within(value ->> 'partner', 1, 100), true)
        AND coalesce(public.text_within(value ->> 'identifier', 1, 200), true)
        AND (value ->> 'partner' IS NULL) = (value ->> 'identifier' IS NULL), false);
END $$;

-- As before, but for that.
CREATE OR REPLACE FUNCTION are_texts_within(value text[], most integer, longest integer) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    item text;
BEGIN
    IF cardinality(value) > most THEN
        RETURN false;
    END IF;
    FOREACH item IN ARRAY value LOOP
        IF (char_length(item) BETWEEN 1 AND longest) IS NOT TRUE THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN length(array_to_tsvector(value)) = cardinality(value)
       AND public.text_within(array_to_string(value, E'\n'), 1, 2147483647);
END $$;

-- A function for each list and each reference, with its names in it, instead of one that puts a query together for every
-- statement.
DO $$
DECLARE
    rule record;
BEGIN
    FOR rule IN
        SELECT tgrelid::regclass AS concept, tgname AS name, (tgtype & 4) <> 0 AS is_insert,
               format('%s_of_%s', regexp_replace(tgname, '_again$', ''), tgrelid::regclass) AS function,
               string_to_array(encode(tgargs, 'escape'), '\000') AS told
        FROM pg_trigger WHERE tgfoid = 'refuse_unknown_items'::regproc
    LOOP
        -- A subquery for each item, so that no plan reads the whole table.
        EXECUTE format($function$CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS $body$
            DECLARE
                missing text;
            BEGIN
                SELECT item INTO missing FROM (SELECT DISTINCT unnest(%I) AS item FROM written) AS items
                WHERE (SELECT true FROM %I AS known WHERE known.%I = item) IS NULL LIMIT 1;
                IF missing IS NOT NULL THEN
                    RAISE foreign_key_violation USING CONSTRAINT = %L, MESSAGE = %L, DETAIL = missing;
                END IF;
                RETURN NULL;
            END $body$ $function$, rule.function, rule.told[1], rule.told[2], rule.told[3], rule.told[4], rule.told[5]);
        EXECUTE format('DROP TRIGGER %1$I ON %2$s; CREATE TRIGGER %1$I AFTER %3$s ON %2$s REFERENCING NEW TABLE AS written
            FOR EACH STATEMENT EXECUTE FUNCTION %4$I()',
            rule.name, rule.concept, CASE WHEN rule.is_insert THEN 'INSERT' ELSE 'UPDATE' END, rule.function);
    END LOOP;
    FOR rule IN
        SELECT tgrelid::regclass AS concept, tgname AS name, (tgtype & 4) <> 0 AS is_insert,
               format('living_organisation_of_%s', tgrelid::regclass) AS function,
               trim(TRAILING '\000' FROM encode(tgargs, 'escape')) AS field
        FROM pg_trigger WHERE tgfoid = 'refuse_missing_organisation'::regproc
    LOOP
        EXECUTE format($function$CREATE OR REPLACE FUNCTION %1$I() RETURNS trigger LANGUAGE plpgsql AS $body$
            DECLARE
                wanted uuid[];
                kinds text[];
            BEGIN
                IF TG_OP = 'INSERT' THEN
                    SELECT array_agg(DISTINCT written.%2$I) INTO wanted FROM written;
                ELSE
                    SELECT array_agg(DISTINCT written.%2$I) INTO wanted FROM written JOIN replaced USING (id)
                    WHERE written.%2$I <> replaced.%2$I;
                END IF;
                SELECT array_agg(kind) INTO kinds FROM (SELECT kind FROM organisations
                    WHERE id = ANY (wanted) AND deleted_at IS NULL ORDER BY id FOR SHARE) AS living;
                IF cardinality(wanted) <> coalesce(cardinality(kinds), 0) THEN
                    RAISE foreign_key_violation USING CONSTRAINT = %3$L, MESSAGE = 'no such organisation';
                END IF;
                IF %4$L AND 'enterprise' <> ANY (kinds) THEN
                    RAISE foreign_key_violation USING CONSTRAINT = 'enterprise_id_kind', MESSAGE = 'not an enterprise';
                END IF;
                RETURN NULL;
            END $body$ $function$, rule.function, rule.field, rule.field || '_living', rule.field = 'enterprise_id');
        EXECUTE format('DROP TRIGGER %1$I ON %2$s; CREATE TRIGGER %1$I AFTER %3$s NEW TABLE AS written
            FOR EACH STATEMENT EXECUTE FUNCTION %4$I()', rule.name, rule.concept,
            CASE WHEN rule.is_insert THEN format('INSERT ON %s REFERENCING', rule.concept)
                 ELSE format('UPDATE ON %s REFERENCING OLD TABLE AS replaced', rule.concept) END, rule.function);
    END LOOP;
END $$;
DROP FUNCTION refuse_unknown_items;
DROP FUNCTION refuse_missing_organisation;
