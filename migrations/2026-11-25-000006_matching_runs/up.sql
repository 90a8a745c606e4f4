-- Runs that match every record of a kind with others, as jobs that outlive the process that works on them.
CREATE TABLE matching_runs (
    id         uuid PRIMARY KEY,
    source     text        NOT NULL CHECK (source IN ('result', 'expert', 'organisation', 'demand')),
    kinds      text[]      NOT NULL CHECK (cardinality(kinds) >= 1
        AND words_of(kinds, ARRAY['result', 'expert', 'organisation', 'demand', 'policy'])),
    -- Matches of each record.
    "limit"    smallint    NOT NULL CHECK ("limit" BETWEEN 1 AND 100),
    state      text        NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'running', 'completed', 'cancelled', 'failed')),
    -- Records that there were when it began, and those that were looked at.
    total      bigint      NOT NULL CHECK (total >= 0),
    done       bigint      NOT NULL DEFAULT 0 CHECK (done >= 0),
    -- The last record that was looked at: a run goes on after it.
    last_id    uuid        NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    created_by uuid        NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at   timestamptz,
    CONSTRAINT matching_runs_end CHECK ((ended_at IS NULL) = (state IN ('queued', 'running')))
);
CREATE INDEX matching_runs_open ON matching_runs (id) WHERE ended_at IS NULL;

-- What was found, a row for each record and kind. What ended stays as it was.
CREATE TABLE matching_run_matches (
    run_id   uuid   NOT NULL REFERENCES matching_runs (id),
    query_id uuid   NOT NULL,
    kind     text   NOT NULL,
    title    text   NOT NULL,
    matches  jsonb  NOT NULL CHECK (jsonb_typeof(matches) = 'array'),
    PRIMARY KEY (run_id, query_id, kind)
);
CREATE FUNCTION refuse_going_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a run that ended stays so' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER refuse_going_on BEFORE UPDATE ON matching_runs FOR EACH ROW
    WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION refuse_going_on();

CREATE FUNCTION tell_runs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('duijie_runs', '');
    RETURN NULL;
END $$;
CREATE TRIGGER tell_runs AFTER INSERT ON matching_runs FOR EACH STATEMENT EXECUTE FUNCTION tell_runs();
