-- Probable duplicates: pairs of records that may be the same, reported for a person. A person merges two, and can take
-- that back; what a merge moved is on record, so that it can.

CREATE TABLE duplicates (
    id          uuid PRIMARY KEY,
    version     bigint           NOT NULL DEFAULT 1 CHECK (version >= 1),
    kind        text             NOT NULL CHECK (kind IN ('result', 'expert', 'organisation')),
    one_id      uuid             NOT NULL,
    other_id    uuid             NOT NULL,
    -- Why, each with what was compared.
    reasons     jsonb            NOT NULL CHECK (jsonb_typeof(reasons) = 'array' AND jsonb_array_length(reasons) BETWEEN 1 AND 100),
    -- The numbers that both have, in normal form: one more is news even of a pair that was dismissed.
    numbers     text[]           NOT NULL DEFAULT '{}' CHECK (texts_within(numbers, 50, 100)),
    nearness    double precision NOT NULL CHECK (nearness BETWEEN 0 AND 1),
    state       text             NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'dismissed', 'merged', 'resolved')),
    found_at    timestamptz      NOT NULL DEFAULT now(),
    -- Who reported it by hand; none where the service found it.
    reported_by uuid REFERENCES users (id),
    -- Who dismissed, merged or parted it last, and what was said.
    decided_at  timestamptz,
    decided_by  uuid REFERENCES users (id),
    note        text CHECK (text_within(note, 1, 2000)),
    CONSTRAINT duplicates_order CHECK (one_id < other_id),
    CONSTRAINT duplicates_pair_key UNIQUE (one_id, other_id),
    CONSTRAINT duplicates_decided CHECK (num_nonnulls(decided_at, decided_by) IN (0, 2)
        AND (state NOT IN ('dismissed', 'merged') OR decided_at IS NOT NULL))
);
CREATE INDEX duplicates_other ON duplicates (other_id);
CREATE INDEX duplicates_state ON duplicates (state, id DESC);
CREATE TRIGGER refuse_removal BEFORE DELETE OR TRUNCATE ON duplicates
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

-- What records are looked up by: numbers, names and titles in normal form.
CREATE TABLE duplicate_keys (
    record_id uuid NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('result', 'expert', 'organisation')),
    key       text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 600),
    PRIMARY KEY (record_id, key)
);
CREATE INDEX duplicate_keys_key ON duplicate_keys (kind, key, record_id DESC);

-- How far the changes were looked at. What was there before is looked at, too.
CREATE TABLE duplicate_position (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    xid    xid8   NOT NULL,
    seq    bigint NOT NULL
);
INSERT INTO duplicate_position (xid, seq) VALUES ('0', -1);

-- Merges: which record was put in the place of which, and from which versions.
CREATE TABLE merges (
    id             uuid PRIMARY KEY,
    duplicate_id   uuid        NOT NULL REFERENCES duplicates (id),
    kind           text        NOT NULL CHECK (kind IN ('result', 'expert', 'organisation')),
    kept_id        uuid        NOT NULL,
    other_id       uuid        NOT NULL,
    kept_version   bigint      NOT NULL,
    other_version  bigint      NOT NULL,
    -- What the merge made of the kept one: known at its end.
    merged_version bigint CHECK (merged_version > kept_version),
    made_at        timestamptz NOT NULL DEFAULT now(),
    made_by        uuid        NOT NULL REFERENCES users (id),
    xid            xid8        NOT NULL DEFAULT pg_current_xact_id(),
    undone_at      timestamptz,
    undone_by      uuid REFERENCES users (id),
    undone_xid     xid8,
    CONSTRAINT merges_two CHECK (kept_id <> other_id),
    CONSTRAINT merges_undone CHECK (num_nonnulls(undone_at, undone_by, undone_xid) IN (0, 3))
);
CREATE UNIQUE INDEX merges_standing_key ON merges (other_id) WHERE undone_at IS NULL;
CREATE INDEX merges_of_duplicate ON merges (duplicate_id, id DESC);
CREATE INDEX merges_kept ON merges (kept_id);
CREATE INDEX merges_xid ON merges (xid);
CREATE INDEX merges_undone_xid ON merges (undone_xid) WHERE undone_xid IS NOT NULL;
CREATE TRIGGER refuse_removal BEFORE DELETE OR TRUNCATE ON merges
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

-- Every reference that a merge moved: its row, its column, and what stood there.
CREATE TABLE merge_moves (
    merge_id    uuid  NOT NULL REFERENCES merges (id),
    table_name  text  NOT NULL,
    row_id      uuid  NOT NULL,
    column_name text  NOT NULL,
    before      jsonb NOT NULL,
    PRIMARY KEY (merge_id, table_name, column_name, row_id)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON merge_moves
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- A merge is of an open pair, in the transaction that it says, and is undone once.
CREATE FUNCTION keep_merge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.xid := pg_current_xact_id();
        PERFORM FROM duplicates WHERE id = NEW.duplicate_id AND kind = NEW.kind AND state = 'open'
            AND one_id = least(NEW.kept_id, NEW.other_id) AND other_id = greatest(NEW.kept_id, NEW.other_id);
        IF NOT FOUND OR NEW.undone_at IS NOT NULL THEN
            RAISE EXCEPTION 'a merge is of an open pair' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF ROW(NEW.id, NEW.duplicate_id, NEW.kind, NEW.kept_id, NEW.other_id, NEW.kept_version, NEW.other_version, NEW.made_at,
           NEW.made_by, NEW.xid)
       IS DISTINCT FROM ROW(OLD.id, OLD.duplicate_id, OLD.kind, OLD.kept_id, OLD.other_id, OLD.kept_version,
           OLD.other_version, OLD.made_at, OLD.made_by, OLD.xid)
       OR OLD.undone_at IS NOT NULL
       OR NEW.merged_version IS DISTINCT FROM OLD.merged_version
          AND (OLD.merged_version IS NOT NULL OR OLD.xid <> pg_current_xact_id()) THEN
        RAISE EXCEPTION 'what was merged is undone once, and changes in nothing else' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.undone_at IS NOT NULL THEN
        NEW.undone_xid := pg_current_xact_id();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_merge BEFORE INSERT OR UPDATE ON merges FOR EACH ROW EXECUTE FUNCTION keep_merge();

-- A pair keeps its two records, and is merged only with its merge.
CREATE FUNCTION keep_duplicate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1
       OR ROW(NEW.id, NEW.kind, NEW.one_id, NEW.other_id, NEW.found_at)
          IS DISTINCT FROM ROW(OLD.id, OLD.kind, OLD.one_id, OLD.other_id, OLD.found_at) THEN
        RAISE EXCEPTION 'a version of a pair is followed only by the next' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.state = 'merged') <> EXISTS (SELECT FROM merges WHERE duplicate_id = NEW.id AND undone_at IS NULL) THEN
        RAISE EXCEPTION 'a pair is merged with its merge' USING ERRCODE = 'restrict_violation';
    END IF;
    INSERT INTO record_versions (kind, record_id, version, record)
    VALUES ('duplicate', OLD.id, OLD.version, to_jsonb(OLD));
    RETURN NEW;
END $$;
CREATE TRIGGER keep_duplicate BEFORE UPDATE ON duplicates FOR EACH ROW EXECUTE FUNCTION keep_duplicate();

-- Does this transaction merge two records, or part them again?
CREATE FUNCTION is_merging() RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM merges WHERE xid = pg_current_xact_id() OR undone_xid = pg_current_xact_id());

-- Is it the same record, or one that a merge of this transaction puts in the other's place, or an undoing back?
CREATE FUNCTION stands_for(following uuid, before uuid) RETURNS boolean LANGUAGE sql STABLE
RETURN following IS NOT DISTINCT FROM before OR EXISTS (
    SELECT FROM merges
    WHERE xid = pg_current_xact_id() AND undone_xid IS NULL AND kept_id = following AND other_id = before
       OR undone_xid = pg_current_xact_id() AND other_id = following AND kept_id = before);

-- A list with one id in the place of another, each once.
CREATE FUNCTION put_in_place(list uuid[], following uuid, before uuid) RETURNS uuid[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT item FROM (
    SELECT CASE item WHEN before THEN following ELSE item END AS item, min(place) AS place
    FROM unnest(list) WITH ORDINALITY AS items (item, place) GROUP BY 1) AS distinct_items ORDER BY place);

-- Inventors with one expert in the place of another.
CREATE FUNCTION put_in_place(inventors jsonb, following uuid, before uuid) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT jsonb_agg(CASE item ->> 'expert_id' WHEN before::text
            THEN jsonb_set(item, '{expert_id}', to_jsonb(following)) ELSE item END ORDER BY place)
        FROM jsonb_array_elements(inventors) WITH ORDINALITY AS items (item, place));

-- A record that was deleted stays so, but for one that was merged into another: undoing that brings it back as it was.
CREATE OR REPLACE FUNCTION keep_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stamp text[] := '{version,updated_at,updated_by,deleted_at,deleted_by,deleted_reason}';
BEGIN
    IF NEW.version <> OLD.version + 1 OR NEW.id <> OLD.id
       OR NEW.created_at <> OLD.created_at OR NEW.created_by IS DISTINCT FROM OLD.created_by THEN
        RAISE EXCEPTION 'a version of % is followed only by the next', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.deleted_at IS NOT NULL THEN
        PERFORM FROM merges WHERE other_id = OLD.id AND undone_xid = pg_current_xact_id();
        IF NOT FOUND OR NEW.deleted_at IS NOT NULL OR to_jsonb(NEW) - stamp <> to_jsonb(OLD) - stamp THEN
            RAISE EXCEPTION 'what was deleted stays so' USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    INSERT INTO record_versions (kind, record_id, version, record)
    VALUES (TG_ARGV[0], OLD.id, OLD.version, to_jsonb(OLD));
    RETURN NEW;
END $$;

-- A docking stays with its two sides, but that a record that was merged into another is replaced by it.
CREATE OR REPLACE FUNCTION keep_docking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1
       OR ROW(NEW.id, NEW.created_at, NEW.created_by, NEW.demand_id, NEW.asked_by, NEW.score, NEW.level, NEW.model)
          IS DISTINCT FROM ROW(OLD.id, OLD.created_at, OLD.created_by, OLD.demand_id, OLD.asked_by, OLD.score, OLD.level,
              OLD.model)
       OR NOT (stands_for(NEW.enterprise_id, OLD.enterprise_id) AND stands_for(NEW.result_id, OLD.result_id)
               AND stands_for(NEW.expert_id, OLD.expert_id) AND stands_for(NEW.provider_id, OLD.provider_id)) THEN
        RAISE EXCEPTION 'a version of a docking is followed only by the next' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.stage IN ('declined', 'abandoned') AND NEW.stage IN ('requested', 'accepted', 'negotiating')
       AND NEW.result_id IS NOT NULL THEN
        PERFORM FROM results WHERE id = NEW.result_id AND deleted_at IS NULL AND status = 'published' FOR SHARE;
        IF NOT FOUND THEN
            RAISE foreign_key_violation USING CONSTRAINT = 'docking_counterpart', MESSAGE = 'it is not offered any more';
        END IF;
    END IF;
    INSERT INTO record_versions (kind, record_id, version, record) VALUES ('docking', OLD.id, OLD.version, to_jsonb(OLD));
    RETURN NEW;
END $$;

-- The same for the enterprise that a team serves, also of a team that is closed.
CREATE OR REPLACE FUNCTION keep_team() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    leader text;
BEGIN
    IF OLD.state = 'closed' AND NOT (
        ROW(NEW.name, NEW.purpose, NEW.state) IS NOT DISTINCT FROM ROW(OLD.name, OLD.purpose, OLD.state)
        AND stands_for(NEW.leader_id, OLD.leader_id) AND is_merging()) THEN
        RAISE check_violation USING CONSTRAINT = 'expert_teams_closed', MESSAGE = 'the team is closed';
    END IF;
    IF NEW.version <> OLD.version + 1
       OR ROW(NEW.id, NEW.created_at, NEW.created_by, NEW.demand_id)
          IS DISTINCT FROM ROW(OLD.id, OLD.created_at, OLD.created_by, OLD.demand_id)
       OR NOT stands_for(NEW.enterprise_id, OLD.enterprise_id)
       OR OLD.active_since IS NOT NULL AND NEW.active_since IS DISTINCT FROM OLD.active_since
       OR OLD.state = 'active' AND NEW.state = 'forming' AND NEW.leader_id IS NOT NULL THEN
        RAISE EXCEPTION 'a version of a team is followed only by the next' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.leader_id IS NOT NULL AND NEW.state <> 'closed' THEN
        SELECT state INTO leader FROM expert_team_members WHERE team_id = NEW.id AND expert_id = NEW.leader_id;
        IF leader = 'declined' THEN
            RAISE check_violation USING CONSTRAINT = 'expert_teams_leader_declined', MESSAGE = 'who declined does not lead';
        ELSIF leader = 'invited' AND NEW.state = 'active' THEN
            RAISE check_violation USING CONSTRAINT = 'expert_teams_active', MESSAGE = 'the leader has not accepted';
        END IF;
    END IF;
    INSERT INTO record_versions (kind, record_id, version, record)
    VALUES ('expert_team', OLD.id, OLD.version, to_jsonb(OLD) || jsonb_build_object('members',
        (SELECT coalesce(jsonb_agg(to_jsonb(member) - 'team_id' ORDER BY expert_id), '[]') FROM expert_team_members member
         WHERE team_id = OLD.id)));
    RETURN NEW;
END $$;

-- Who is in a closed team was published when it served.
CREATE OR REPLACE FUNCTION check_team_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND is_merging() AND EXISTS (
        SELECT FROM expert_teams WHERE id = NEW.team_id AND state = 'closed') THEN
        RETURN NEW;
    END IF;
    PERFORM FROM experts WHERE id = NEW.expert_id AND deleted_at IS NULL AND status = 'published' FOR SHARE;
    IF NOT FOUND THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'expert_team_members_published', MESSAGE = 'no such published expert';
    END IF;
    PERFORM FROM expert_teams WHERE id = NEW.team_id FOR NO KEY UPDATE;
    IF TG_OP = 'INSERT' AND (SELECT count(*) FROM expert_team_members WHERE team_id = NEW.team_id) >= 20 THEN
        RAISE check_violation USING CONSTRAINT = 'expert_team_members_many', MESSAGE = 'a team has at most twenty members';
    END IF;
    RETURN NEW;
END $$;

-- A member stays who it is, but that a merge puts another record in its place; with it goes who leads.
CREATE OR REPLACE FUNCTION touch_team() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone uuid := CASE WHEN TG_OP = 'UPDATE' AND NEW.state <> 'accepted' THEN NEW.expert_id END;
    moved boolean := TG_OP = 'UPDATE' AND NEW.expert_id <> OLD.expert_id;
BEGIN
    IF TG_OP = 'UPDATE' AND (ROW(NEW.team_id, NEW.version) IS DISTINCT FROM ROW(OLD.team_id, OLD.version + 1)
                             OR NOT stands_for(NEW.expert_id, OLD.expert_id) OR moved AND NEW.state <> OLD.state) THEN
        RAISE EXCEPTION 'a version of a member is followed only by the next' USING ERRCODE = 'restrict_violation';
    END IF;
    IF moved THEN
        UPDATE expert_teams SET version = version + 1, updated_at = now(),
            leader_id = CASE WHEN leader_id = OLD.expert_id THEN NEW.expert_id ELSE leader_id END
        WHERE id = NEW.team_id;
        RETURN NEW;
    END IF;
    UPDATE expert_teams SET version = version + 1, updated_at = now(),
        state = CASE WHEN state = 'active' AND leader_id = gone THEN 'forming' ELSE state END,
        leader_id = CASE WHEN leader_id = gone THEN NULL ELSE leader_id END
    WHERE id = coalesce(NEW.team_id, OLD.team_id);
    RETURN coalesce(NEW, OLD);
END $$;
ALTER TABLE expert_teams ALTER CONSTRAINT expert_teams_leader DEFERRABLE INITIALLY IMMEDIATE;
