-- Rules that several tables share. Each stands here and in the type that parses the field; a record that
-- breaks one cannot be stored, whoever writes it.

-- A text of so many Unicode scalar values, in NFC and without the characters that no reader can see.
CREATE FUNCTION text_within(value text, shortest integer, longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN char_length(value) BETWEEN shortest AND longest
   AND value IS NFC NORMALIZED
   AND value !~ '[\x01-\x08\x0B\x0C\x0E-\x1F\x7F]';

-- A list of distinct texts.
CREATE FUNCTION texts_within(value text[], most integer, longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cardinality(value) <= most
   AND NOT EXISTS (SELECT FROM unnest(value) AS item WHERE item IS NULL OR NOT text_within(item, 1, longest))
   AND cardinality(value) = (SELECT count(DISTINCT item) FROM unnest(value) AS item);

-- A list of distinct words out of a closed list.
CREATE FUNCTION words_of(value text[], allowed text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value <@ allowed
   AND cardinality(value) = (SELECT count(DISTINCT item) FROM unnest(value) AS item);

-- A list of distinct ids.
CREATE FUNCTION ids_within(value uuid[], most integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cardinality(value) <= most
   AND NOT EXISTS (SELECT FROM unnest(value) AS item WHERE item IS NULL)
   AND cardinality(value) = (SELECT count(DISTINCT item) FROM unnest(value) AS item);

-- GB 32100-2015: 18 characters, the last one a check over the first 17 with weights 3^i mod 31.
CREATE FUNCTION is_credit_code(code text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN code ~ '^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$'
   AND strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', right(code, 1)) - 1 = (
       31 - (SELECT sum((strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, place::integer, 1)) - 1) * weight)
             FROM unnest(ARRAY[1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28])
                  WITH ORDINALITY AS weights (weight, place)) % 31) % 31;

-- GB/T 13745-2009: three digits, or five or seven for the second and third level.
CREATE FUNCTION are_disciplines(value text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN texts_within(value, 10, 7)
   AND NOT EXISTS (SELECT FROM unnest(value) AS item WHERE item !~ '^[1-9][0-9]{2}([0-9]{2}){0,2}$');

-- A range of whole CNY, at most a million million.
CREATE FUNCTION is_money_range(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN coalesce(jsonb_typeof(value -> 'min') = 'number' AND jsonb_typeof(value -> 'max') = 'number'
   AND (value ->> 'min')::numeric BETWEEN 0 AND 1000000000000
   AND (value ->> 'max')::numeric BETWEEN (value ->> 'min')::numeric AND 1000000000000
   AND (value ->> 'min')::numeric % 1 = 0 AND (value ->> 'max')::numeric % 1 = 0, false);

-- An asking price: either left to negotiation or a range.
CREATE FUNCTION is_asking_price(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN coalesce(CASE WHEN value -> 'negotiable' = 'true'::jsonb AND NOT value ?| ARRAY['min', 'max'] THEN true
                     ELSE is_money_range(value) END, false);

-- How a person or an office is reached: personal data.
CREATE FUNCTION is_contact(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN coalesce(jsonb_typeof(value) = 'object'
   AND coalesce(text_within(value ->> 'person', 1, 50), true)
   AND coalesce(value ->> 'phone' ~ '^[0-9+][0-9 -]{4,28}[0-9]$', true)
   AND coalesce(char_length(value ->> 'email') BETWEEN 3 AND 254 AND value ->> 'email' ~ '^[^@\s]+@[^@\s]+$', true), false);

-- Where a record was found; a partner never stands without its own identifier, nor the identifier without it.
CREATE FUNCTION is_source(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN coalesce(jsonb_typeof(value) = 'object'
   AND coalesce(text_within(value ->> 'origin', 1, 200), true)
   AND coalesce(text_within(value ->> 'url', 1, 2000), true)
   AND coalesce(text_within(value ->> 'partner', 1, 100), true)
   AND coalesce(text_within(value ->> 'identifier', 1, 200), true)
   AND (value ->> 'partner' IS NULL) = (value ->> 'identifier' IS NULL), false);

-- A list of objects of the kind named by `shape`: intellectual property items or attachments.
CREATE FUNCTION are_items(value jsonb, most integer, shape text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN coalesce(jsonb_typeof(value) = 'array' AND jsonb_array_length(value) <= most
   AND NOT EXISTS (
       SELECT FROM jsonb_array_elements(value) AS item WHERE NOT coalesce(CASE shape
           WHEN 'intellectual_property' THEN
               item ->> 'kind' IN ('invention', 'utility_model', 'design', 'software_copyright', 'plant_variety',
                                   'layout_design', 'trade_secret', 'standard', 'other')
               AND coalesce(text_within(item ->> 'number', 1, 100), true)
               AND item ->> 'status' IN ('applied', 'published', 'granted', 'expired', 'unregistered')
           WHEN 'attachment' THEN
               text_within(item ->> 'name', 1, 200) AND text_within(item ->> 'url', 1, 2000)
           END, false)), false);
