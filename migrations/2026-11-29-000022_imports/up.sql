-- Records brought in from files, as jobs that outlive the process that works on them.
CREATE TABLE imports (
    id         uuid PRIMARY KEY,
    kind       text        NOT NULL CHECK (kind IN ('result', 'expert', 'organisation', 'demand', 'policy')),
    format     text        NOT NULL CHECK (format IN ('csv', 'xlsx', 'ndjson', 'json')),
    name       text        CHECK (text_within(name, 1, 200)),
    sheet      text        CHECK (text_within(sheet, 1, 31)),
    -- The partner site that the records come from; none for the centre's own.
    partner    text        CHECK (text_within(partner, 1, 100)),
    dry_run    boolean     NOT NULL,
    whole      boolean     NOT NULL,
    -- How the file names the fields, as it stood when the import was sent.
    mapping    jsonb       NOT NULL CHECK (jsonb_typeof(mapping) = 'object'),
    bytes      bigint      NOT NULL CHECK (bytes > 0),
    sha256     bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    state      text        NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'running', 'completed', 'refused', 'cancelled')),
    -- Rows that the file seems to have, and those that were gone through.
    expected   bigint      CHECK (expected >= 0),
    done       bigint      NOT NULL DEFAULT 0 CHECK (done >= 0),
    created    bigint      NOT NULL DEFAULT 0 CHECK (created >= 0),
    changed    bigint      NOT NULL DEFAULT 0 CHECK (changed >= 0),
    unchanged  bigint      NOT NULL DEFAULT 0 CHECK (unchanged >= 0),
    refused    bigint      NOT NULL DEFAULT 0 CHECK (refused >= 0),
    created_by uuid        NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at   timestamptz,
    CONSTRAINT imports_end CHECK ((ended_at IS NULL) = (state IN ('queued', 'running'))),
    CONSTRAINT imports_rows CHECK (created + changed + unchanged + refused = done)
);
CREATE INDEX imports_open ON imports (id) WHERE ended_at IS NULL;
CREATE INDEX imports_of ON imports (created_by, id DESC);
CREATE TRIGGER refuse_going_on BEFORE UPDATE ON imports FOR EACH ROW
    WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION refuse_going_on();
CREATE FUNCTION tell_imports() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('duijie_imports', '');
    RETURN NULL;
END $$;
CREATE TRIGGER tell_imports AFTER INSERT ON imports FOR EACH STATEMENT EXECUTE FUNCTION tell_imports();

-- The file, in pieces, so that whatever process works on it has it and none holds it whole.
CREATE TABLE import_pieces (
    import_id uuid    NOT NULL REFERENCES imports (id),
    place     integer NOT NULL CHECK (place >= 0),
    content   bytea   NOT NULL CHECK (octet_length(content) > 0),
    PRIMARY KEY (import_id, place)
);
-- It is packed already, or read once.
ALTER TABLE import_pieces ALTER COLUMN content SET STORAGE EXTERNAL;

-- What became of the rows that were not as they were already; of row 0 what is wrong with the file as a whole.
CREATE TABLE import_rows (
    import_id uuid    NOT NULL REFERENCES imports (id),
    "number"  bigint  NOT NULL CHECK ("number" >= 0),
    outcome   text    NOT NULL CHECK (outcome IN ('created', 'changed', 'refused')),
    record_id uuid,
    faults    jsonb   NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(faults) = 'array'),
    PRIMARY KEY (import_id, "number"),
    CONSTRAINT import_rows_outcome CHECK (
        CASE WHEN outcome = 'refused' THEN jsonb_array_length(faults) > 0 AND record_id IS NULL
             ELSE jsonb_array_length(faults) = 0 END)
);
CREATE INDEX import_rows_refused ON import_rows (import_id, "number") WHERE outcome = 'refused';

-- Which record an identifier of a partner site, or of the centre's own ('') files, is of: the same never makes two.
CREATE TABLE import_identifiers (
    partner    text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('result', 'expert', 'organisation', 'demand', 'policy')),
    identifier text NOT NULL CHECK (text_within(identifier, 1, 200)),
    record_id  uuid NOT NULL,
    PRIMARY KEY (partner, kind, identifier)
);
CREATE INDEX import_identifiers_record ON import_identifiers (record_id);

-- How the files of a partner site, or the centre's own (''), name the fields of a kind.
CREATE TABLE import_mappings (
    partner    text        NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('result', 'expert', 'organisation', 'demand', 'policy')),
    version    bigint      NOT NULL CHECK (version > 0),
    mapping    jsonb       NOT NULL CHECK (jsonb_typeof(mapping) = 'object'),
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by uuid        NOT NULL REFERENCES users (id),
    PRIMARY KEY (partner, kind)
);

-- Files name organisations, experts and results by what they are called.
CREATE INDEX organisations_name ON organisations (name) WHERE deleted_at IS NULL;
CREATE INDEX experts_name ON experts (name) WHERE deleted_at IS NULL;
CREATE INDEX results_title ON results (title) WHERE deleted_at IS NULL;
