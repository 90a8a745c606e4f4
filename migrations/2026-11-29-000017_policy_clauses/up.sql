-- Policies read closely: their clauses, whom each is for, which enterprises it fits, and what is attached.
ALTER TABLE policies ADD COLUMN author text CHECK (text_within(author, 1, 200));

-- From the newest of a level to the oldest: what a reader leafs through, and what feeds give.
CREATE INDEX policies_of_level ON policies (level, coalesce(published_on, '-infinity'::date) DESC, id DESC)
    WHERE deleted_at IS NULL;

-- What the service read out of a version of a policy.
CREATE TABLE policy_readings (
    policy_id      uuid PRIMARY KEY REFERENCES policies (id),
    -- The version that was read.
    version        bigint   NOT NULL,
    -- The rules that read it: the cutter's and those of the audience.
    rules          integer  NOT NULL,
    -- The document number in its parts, if it is one.
    number_body    text,
    number_year    smallint CHECK (number_year BETWEEN 1949 AND 2099),
    number_serial  integer CHECK (number_serial > 0),
    -- The region that it is of; none where it is of the whole country, or nothing tells.
    region         text REFERENCES regions (code),
    CONSTRAINT policy_readings_number CHECK (num_nonnulls(number_body, number_year, number_serial) IN (0, 3))
);

-- Whom clauses are for: each combination once, so that a firm is held against some hundred of them and not against every
-- clause. What is empty asks for nothing.
CREATE TABLE policy_audiences (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    labels     text[] NOT NULL CHECK (words_of(labels, ARRAY['high_tech', 'sme_tech', 'specialised', 'gazelle', 'unicorn', 'leading'])),
    scales     text[] NOT NULL CHECK (words_of(scales, ARRAY['micro', 'small', 'medium', 'large'])),
    industries text[] NOT NULL,
    regions    text[] NOT NULL,
    -- The region of the policy itself.
    within     text REFERENCES regions (code),
    -- How much it asks for: the more, the closer it fits whom it fits.
    asks       smallint NOT NULL GENERATED ALWAYS AS ((labels <> '{}')::int::smallint + (scales <> '{}')::int::smallint
        + (industries <> '{}')::int::smallint + (regions <> '{}')::int::smallint) STORED
);
CREATE UNIQUE INDEX policy_audiences_once ON policy_audiences (labels, scales, industries, regions, coalesce(within, ''));
CREATE TRIGGER known_industries AFTER INSERT ON policy_audiences REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unknown_items('industries', 'industries', 'code', 'known_industries', 'no such industry');
CREATE TRIGGER known_regions AFTER INSERT ON policy_audiences REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unknown_items('regions', 'regions', 'code', 'known_regions', 'no such region');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_audiences
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- The pieces of the version of a policy that was read last, in their order. They follow from its body, which history keeps.
CREATE TABLE policy_clauses (
    id           uuid PRIMARY KEY,
    policy_id    uuid     NOT NULL REFERENCES policies (id),
    place        smallint NOT NULL CHECK (place >= 0),
    parent       smallint CHECK (parent < place),
    depth        smallint NOT NULL CHECK (depth >= 0),
    leaf         boolean  NOT NULL,
    kind         text     NOT NULL CHECK (kind IN ('preamble', 'part', 'clause', 'group', 'whole', 'attachment', 'signature')),
    number       text,
    heading      text,
    text         text     NOT NULL,
    -- Characters of the body.
    start_at     integer  NOT NULL CHECK (start_at >= 0),
    end_at       integer  NOT NULL CHECK (end_at >= start_at),
    departments  jsonb    NOT NULL CHECK (jsonb_typeof(departments) = 'array'),
    doubt        text,
    -- SHA-256 of heading and text.
    digest       bytea    NOT NULL CHECK (octet_length(digest) = 32),
    -- Of what is said of its audience: 1 as the rules found it, one more with each confirmation.
    version      bigint   NOT NULL CHECK (version >= 1),
    audience_id  bigint   NOT NULL REFERENCES policy_audiences (id),
    topics       text[]   NOT NULL,
    reasons      jsonb    NOT NULL CHECK (jsonb_typeof(reasons) = 'array'),
    -- It is for firms: a clause with nothing below, of a published policy.
    offered      boolean  NOT NULL CHECK (NOT offered OR leaf AND kind = 'clause'),
    -- The day by which the newest come first.
    published_on date     NOT NULL,
    -- As the policy says; until then it is offered.
    expires_on   date,
    CONSTRAINT policy_clauses_place UNIQUE (policy_id, place)
);
CREATE INDEX policy_clauses_fitting ON policy_clauses (audience_id, published_on DESC, id DESC) INCLUDE (expires_on)
    WHERE offered;

-- What staff say of whom a clause is for. It holds for the same words of the same policy, whatever else changes in it.
CREATE TABLE policy_confirmations (
    policy_id    uuid        NOT NULL REFERENCES policies (id),
    digest       bytea       NOT NULL CHECK (octet_length(digest) = 32),
    version      bigint      NOT NULL CHECK (version >= 2),
    audience_id  bigint      NOT NULL REFERENCES policy_audiences (id),
    topics       text[]      NOT NULL CHECK (texts_within(topics, 20, 50)),
    confirmed_by uuid        NOT NULL REFERENCES users (id),
    confirmed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (policy_id, digest, version)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_confirmations
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- What goes with a policy. Only ever appended to.
CREATE TABLE policy_files (
    file_id   uuid PRIMARY KEY REFERENCES files (id),
    policy_id uuid NOT NULL REFERENCES policies (id)
);
CREATE INDEX policy_files_of_policy ON policy_files (policy_id, file_id DESC);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_files
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- An industry and those above it (GB/T 4754-2017): a letter, then two to four digits.
CREATE FUNCTION industry_path(code text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN code IS NULL THEN '{}' ELSE ARRAY[left(code, 1), left(code, 3), left(code, 4), code] END;

-- A region and those above it (GB/T 2260): two digits each of province, city and county.
CREATE FUNCTION region_path(code text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN code IS NULL THEN '{}' ELSE ARRAY[left(code, 2) || '0000', left(code, 4) || '00', code] END;

-- How many things a firm lacks for whom a clause is for: none if it fits, more than one or null if it does not. What a firm
-- can still become or say of itself is lacking; what it is and others are not excludes it.
CREATE FUNCTION audience_gap(labels text[], scales text[], industries text[], regions text[], within text,
    firm_labels text[], firm_scale text, firm_industries text[], firm_regions text[]) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN scales <> '{}' AND NOT firm_scale = ANY (scales)
      OR industries <> '{}' AND firm_industries <> '{}' AND NOT industries && firm_industries
      OR regions <> '{}' AND firm_regions <> '{}' AND NOT regions && firm_regions
      OR within IS NOT NULL AND firm_regions <> '{}' AND NOT within = ANY (firm_regions) THEN NULL
    ELSE (labels <> '{}' AND NOT labels && firm_labels)::int
       + (scales <> '{}' AND firm_scale IS NULL)::int
       + (industries <> '{}' AND firm_industries = '{}')::int
       + ((regions <> '{}' OR within IS NOT NULL) AND firm_regions = '{}')::int
    END;

-- People are told of policies that fit their enterprise.
ALTER TABLE notifications
    ADD COLUMN policy_id uuid REFERENCES policies (id),
    DROP CONSTRAINT notifications_of_one,
    ADD CONSTRAINT notifications_of_one CHECK (
        num_nonnulls(alert_id, docking_id, team_id, patent_reminder_id, policy_id) = 1
        AND num_nonnulls(docking_id, docking_version, news) IN (0, 3) AND num_nonnulls(team_id, team_news) IN (0, 2)),
    ADD CONSTRAINT notifications_policy_once UNIQUE (user_id, policy_id);
