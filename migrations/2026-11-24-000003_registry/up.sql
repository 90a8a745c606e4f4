-- What the centre keeps. One table per concept, one row per record; the columns are the fields of the API.

CREATE TABLE industries (
    code   text PRIMARY KEY CHECK (code ~ '^[A-T]([0-9]{2,4})?$'),
    name   text NOT NULL,
    parent text REFERENCES industries (code)
);
CREATE TABLE regions (
    code   text PRIMARY KEY CHECK (code ~ '^[1-9][0-9]{5}$'),
    name   text NOT NULL,
    parent text REFERENCES regions (code)
);

CREATE TABLE organisations (
    id             uuid PRIMARY KEY,
    version        bigint      NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    created_by     uuid REFERENCES users (id),
    updated_at     timestamptz NOT NULL,
    updated_by     uuid REFERENCES users (id),
    deleted_at     timestamptz,
    deleted_by     uuid REFERENCES users (id),
    deleted_reason text CHECK (text_within(deleted_reason, 1, 500)),
    name           text        NOT NULL CHECK (text_within(name, 2, 200)),
    kind           text        NOT NULL CHECK (kind IN ('university', 'institute', 'enterprise', 'agency', 'government')),
    credit_code    text CHECK (is_credit_code(credit_code)),
    region         text REFERENCES regions (code),
    industry       text REFERENCES industries (code),
    scale          text CHECK (scale IN ('micro', 'small', 'medium', 'large')),
    labels         text[]      NOT NULL DEFAULT '{}'
        CHECK (words_of(labels, ARRAY['high_tech', 'sme_tech', 'specialised', 'gazelle', 'unicorn', 'leading'])),
    main_products  text[]      NOT NULL DEFAULT '{}' CHECK (texts_within(main_products, 20, 100)),
    profile        text CHECK (text_within(profile, 1, 5000)),
    contact        jsonb CHECK (is_contact(contact))
);
CREATE UNIQUE INDEX organisations_credit_code_key ON organisations (credit_code) WHERE deleted_at IS NULL;
ALTER TABLE users ADD FOREIGN KEY (organisation_id) REFERENCES organisations (id);

CREATE TABLE experts (
    id              uuid PRIMARY KEY,
    version         bigint      NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL,
    created_by      uuid REFERENCES users (id),
    updated_at      timestamptz NOT NULL,
    updated_by      uuid REFERENCES users (id),
    deleted_at      timestamptz,
    deleted_by      uuid REFERENCES users (id),
    deleted_reason  text CHECK (text_within(deleted_reason, 1, 500)),
    name            text        NOT NULL CHECK (text_within(name, 1, 50)),
    title           text CHECK (text_within(title, 1, 50)),
    organisation_id uuid        NOT NULL REFERENCES organisations (id),
    categories      text[]      NOT NULL CHECK (cardinality(categories) >= 1
        AND words_of(categories, ARRAY['research', 'quality', 'information', 'production', 'management'])),
    biography       text CHECK (text_within(biography, 1, 20000)),
    expertise       text[]      NOT NULL DEFAULT '{}' CHECK (texts_within(expertise, 20, 50)),
    disciplines     text[]      NOT NULL DEFAULT '{}' CHECK (are_disciplines(disciplines)),
    industries      text[]      NOT NULL DEFAULT '{}' CHECK (texts_within(industries, 20, 5)),
    regions         text[]      NOT NULL DEFAULT '{}' CHECK (texts_within(regions, 50, 6)),
    services        text[]      NOT NULL DEFAULT '{}' CHECK (words_of(services,
        ARRAY['diagnosis', 'consulting', 'training', 'on_site', 'joint_development', 'review'])),
    availability    text CHECK (text_within(availability, 1, 500)),
    languages       text[]      NOT NULL DEFAULT '{}' CHECK (texts_within(languages, 20, 3)),
    result_ids      uuid[]      NOT NULL DEFAULT '{}' CHECK (ids_within(result_ids, 200)),
    contact         jsonb CHECK (is_contact(contact)),
    status          text        NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'withdrawn'))
);
CREATE INDEX experts_organisation ON experts (organisation_id, id DESC);
ALTER TABLE users ADD FOREIGN KEY (expert_id) REFERENCES experts (id);

CREATE TABLE results (
    id                    uuid PRIMARY KEY,
    version               bigint      NOT NULL DEFAULT 1,
    created_at            timestamptz NOT NULL,
    created_by            uuid REFERENCES users (id),
    updated_at            timestamptz NOT NULL,
    updated_by            uuid REFERENCES users (id),
    deleted_at            timestamptz,
    deleted_by            uuid REFERENCES users (id),
    deleted_reason        text CHECK (text_within(deleted_reason, 1, 500)),
    title                 text        NOT NULL CHECK (text_within(title, 2, 200)),
    summary               text        NOT NULL CHECK (text_within(summary, 10, 20000)),
    keywords              text[]      NOT NULL DEFAULT '{}' CHECK (texts_within(keywords, 20, 50)),
    form                  text CHECK (form IN ('technology', 'process', 'product', 'material', 'equipment', 'variety',
                                               'software', 'other')),
    maturity              smallint CHECK (maturity BETWEEN 1 AND 9),
    industries            text[]      NOT NULL DEFAULT '{}' CHECK (texts_within(industries, 20, 5)),
    disciplines           text[]      NOT NULL DEFAULT '{}' CHECK (are_disciplines(disciplines)),
    holder_id             uuid        NOT NULL REFERENCES organisations (id),
    contributor_ids       uuid[]      NOT NULL DEFAULT '{}' CHECK (ids_within(contributor_ids, 100)),
    intellectual_property jsonb       NOT NULL DEFAULT '[]'
        CHECK (are_items(intellectual_property, 50, 'intellectual_property')),
    cooperation           text[]      NOT NULL DEFAULT '{}' CHECK (words_of(cooperation,
        ARRAY['transfer', 'license', 'joint_development', 'equity', 'consulting', 'service'])),
    asking_price          jsonb CHECK (is_asking_price(asking_price)),
    region                text REFERENCES regions (code),
    source                jsonb CHECK (is_source(source)),
    awards                text[]      NOT NULL DEFAULT '{}' CHECK (texts_within(awards, 20, 200)),
    attachments           jsonb       NOT NULL DEFAULT '[]' CHECK (are_items(attachments, 20, 'attachment')),
    status                text        NOT NULL DEFAULT 'draft'
        CHECK (status IN ('draft', 'published', 'withdrawn', 'transferred'))
);
-- The same pair of partner and its own identifier never makes two records, deleted ones included.
CREATE UNIQUE INDEX results_source_key ON results ((source ->> 'partner'), (source ->> 'identifier'))
    WHERE source ->> 'partner' IS NOT NULL;
CREATE INDEX results_holder ON results (holder_id, id DESC);
CREATE INDEX results_contributors ON results USING gin (contributor_ids);

CREATE TABLE demands (
    id              uuid PRIMARY KEY,
    version         bigint      NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL,
    created_by      uuid REFERENCES users (id),
    updated_at      timestamptz NOT NULL,
    updated_by      uuid REFERENCES users (id),
    deleted_at      timestamptz,
    deleted_by      uuid REFERENCES users (id),
    deleted_reason  text CHECK (text_within(deleted_reason, 1, 500)),
    title           text        NOT NULL CHECK (text_within(title, 2, 200)),
    description     text        NOT NULL CHECK (text_within(description, 10, 20000)),
    keywords        text[]      NOT NULL DEFAULT '{}' CHECK (texts_within(keywords, 20, 50)),
    enterprise_id   uuid        NOT NULL REFERENCES organisations (id),
    industries      text[]      NOT NULL DEFAULT '{}' CHECK (texts_within(industries, 20, 5)),
    cooperation     text[]      NOT NULL DEFAULT '{}' CHECK (words_of(cooperation,
        ARRAY['transfer', 'license', 'joint_development', 'equity', 'consulting', 'service'])),
    maturity_from   smallint CHECK (maturity_from BETWEEN 1 AND 9),
    budget          jsonb CHECK (is_money_range(budget)),
    deadline        date,
    region          text REFERENCES regions (code),
    wanted          text[]      NOT NULL DEFAULT '{result,expert}'
        CHECK (cardinality(wanted) >= 1 AND words_of(wanted, ARRAY['result', 'expert'])),
    confidentiality text        NOT NULL DEFAULT 'members' CHECK (confidentiality IN ('public', 'members', 'centre_only')),
    status          text        NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'docking', 'solved', 'closed'))
);
CREATE INDEX demands_enterprise ON demands (enterprise_id, id DESC);

CREATE TABLE policies (
    id              uuid PRIMARY KEY,
    version         bigint      NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL,
    created_by      uuid REFERENCES users (id),
    updated_at      timestamptz NOT NULL,
    updated_by      uuid REFERENCES users (id),
    deleted_at      timestamptz,
    deleted_by      uuid REFERENCES users (id),
    deleted_reason  text CHECK (text_within(deleted_reason, 1, 500)),
    title           text        NOT NULL CHECK (text_within(title, 2, 200)),
    level           text        NOT NULL CHECK (level IN ('national', 'provincial', 'municipal', 'county')),
    document_number text CHECK (text_within(document_number, 1, 100)),
    issuer          text CHECK (text_within(issuer, 1, 200)),
    source          text CHECK (text_within(source, 1, 200)),
    published_on    date,
    effective_on    date,
    expires_on      date CHECK (expires_on >= effective_on),
    body            text        NOT NULL CHECK (text_within(body, 10, 200000)),
    topics          text[]      NOT NULL DEFAULT '{}' CHECK (texts_within(topics, 20, 50)),
    status          text        NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'withdrawn'))
);

-- The version of a record before each change.
CREATE TABLE record_versions (
    kind       text        NOT NULL,
    record_id  uuid        NOT NULL,
    version    bigint      NOT NULL,
    record     jsonb       NOT NULL,
    PRIMARY KEY (record_id, version)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

CREATE FUNCTION keep_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.deleted_at IS NOT NULL OR NEW.version <> OLD.version + 1 OR NEW.id <> OLD.id
       OR NEW.created_at <> OLD.created_at OR NEW.created_by IS DISTINCT FROM OLD.created_by THEN
        RAISE EXCEPTION 'a version of % is followed only by the next', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    INSERT INTO record_versions (kind, record_id, version, record)
    VALUES (TG_ARGV[0], OLD.id, OLD.version, to_jsonb(OLD));
    RETURN NEW;
END $$;

CREATE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'nothing registered is lost: mark the record as deleted' USING ERRCODE = 'restrict_violation';
END $$;

-- Codes and ids in lists: what a foreign key would do if it could look inside an array. The lists they point
-- into only grow, so a look when the row is written is enough.
CREATE FUNCTION refuse_unknown_references() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    written jsonb := to_jsonb(NEW);
    missing text;
BEGIN
    SELECT item INTO missing FROM jsonb_array_elements_text(coalesce(written -> 'industries', '[]')) AS item
        WHERE NOT EXISTS (SELECT FROM industries WHERE code = item) LIMIT 1;
    IF FOUND THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'known_industries', MESSAGE = 'no such industry';
    END IF;
    SELECT item INTO missing FROM jsonb_array_elements_text(coalesce(written -> 'regions', '[]')) AS item
        WHERE NOT EXISTS (SELECT FROM regions WHERE code = item) LIMIT 1;
    IF FOUND THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'known_regions', MESSAGE = 'no such region';
    END IF;
    SELECT item INTO missing FROM jsonb_array_elements_text(coalesce(written -> 'result_ids', '[]')) AS item
        WHERE NOT EXISTS (SELECT FROM results WHERE id = item::uuid) LIMIT 1;
    IF FOUND THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'known_results', MESSAGE = 'no such result', DETAIL = missing;
    END IF;
    SELECT item INTO missing FROM jsonb_array_elements_text(coalesce(written -> 'contributor_ids', '[]')) AS item
        WHERE NOT EXISTS (SELECT FROM experts WHERE id = item::uuid) LIMIT 1;
    IF FOUND THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'known_contributors', MESSAGE = 'no such expert', DETAIL = missing;
    END IF;
    RETURN NEW;
END $$;

-- Who holds, employs or asks is a living organisation, and who asks is an enterprise. The row is locked against
-- a deletion at the same moment, which a foreign key alone would let pass.
CREATE FUNCTION refuse_missing_organisation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted uuid := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
    found_kind text;
BEGIN
    IF TG_OP = 'UPDATE' AND wanted = (to_jsonb(OLD) ->> TG_ARGV[0])::uuid THEN
        RETURN NEW;
    END IF;
    SELECT kind INTO found_kind FROM organisations WHERE id = wanted AND deleted_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE foreign_key_violation USING CONSTRAINT = TG_ARGV[0] || '_living', MESSAGE = 'no such organisation';
    END IF;
    IF TG_ARGV[0] = 'enterprise_id' AND found_kind <> 'enterprise' THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'enterprise_id_kind', MESSAGE = 'not an enterprise';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER living_organisation BEFORE INSERT OR UPDATE ON demands
    FOR EACH ROW EXECUTE FUNCTION refuse_missing_organisation('enterprise_id');
CREATE TRIGGER living_organisation BEFORE INSERT OR UPDATE ON results
    FOR EACH ROW EXECUTE FUNCTION refuse_missing_organisation('holder_id');
CREATE TRIGGER living_organisation BEFORE INSERT OR UPDATE ON experts
    FOR EACH ROW EXECUTE FUNCTION refuse_missing_organisation('organisation_id');

-- An organisation that others stand on is not taken away from under them.
CREATE FUNCTION refuse_orphans() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
       AND (EXISTS (SELECT FROM demands WHERE enterprise_id = OLD.id AND deleted_at IS NULL)
         OR EXISTS (SELECT FROM results WHERE holder_id = OLD.id AND deleted_at IS NULL)
         OR EXISTS (SELECT FROM experts WHERE organisation_id = OLD.id AND deleted_at IS NULL))
       OR (OLD.kind = 'enterprise' AND NEW.kind <> 'enterprise')
       AND EXISTS (SELECT FROM demands WHERE enterprise_id = OLD.id AND deleted_at IS NULL) THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'organisation_in_use', MESSAGE = 'others stand on it';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orphans BEFORE UPDATE OF deleted_at, kind ON organisations
    FOR EACH ROW EXECUTE FUNCTION refuse_orphans();
