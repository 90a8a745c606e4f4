-- The rules stay; those that took most of the time of a row take less.

-- A text of so many Unicode scalar values, in NFC and without the characters that no reader can see. Each value takes one
-- to four bytes, and bytes need not be counted.
CREATE OR REPLACE FUNCTION text_within(value text, shortest integer, longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (octet_length(value) BETWEEN 4 * shortest AND longest OR char_length(value) BETWEEN shortest AND longest)
   AND (is_plain_text(value)
        OR value IS NFC NORMALIZED AND value !~ '[\x01-\x08\x0B\x0C\x0E-\x1F\x7F]');

-- A list of distinct texts. Each is measured by itself: an expression that counts to fifty for every one is the slowest
-- part of a row. What they are made of is looked at once for all. A `tsvector` keeps each text once.
CREATE FUNCTION are_texts_within(value text[], most integer, longest integer) RETURNS boolean
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
       AND text_within(array_to_string(value, E'\n'), 1, 2147483647);
END $$;
CREATE OR REPLACE FUNCTION texts_within(value text[], most integer, longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value = '{}' OR are_texts_within(value, most, longest);
