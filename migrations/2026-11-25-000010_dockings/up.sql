-- Dockings: the dealings of an enterprise with a result or an expert, from a request to an outcome. What must never be is
-- impossible here, whoever writes: a stage that no move leads to, a move that is not on record, a contract without its
-- kind, amount or date, an ending without its reason, a counterpart that is neither or both, two open ones of a pair.

-- A registration number of a technical contract: 16 digits, or 14 on older ones.
CREATE FUNCTION is_contract(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN coalesce(jsonb_typeof(value) = 'object'
   AND value ->> 'kind' IN ('development', 'transfer', 'license', 'consulting', 'service')
   AND jsonb_typeof(value -> 'amount') = 'number'
   AND (value ->> 'amount')::numeric BETWEEN 0 AND 1000000000000 AND (value ->> 'amount')::numeric % 1 = 0
   AND value ->> 'signed_on' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
   AND coalesce(value ->> 'registration_number' ~ '^([0-9]{14}|[0-9]{16})$', true), false);

-- What came of it: whole CNY, jobs, and what the enterprise thinks of it.
CREATE FUNCTION is_outcome(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN coalesce(jsonb_typeof(value) = 'object'
   AND (value ->> 'investment')::numeric BETWEEN 0 AND 1000000000000
   AND (value ->> 'new_output_value')::numeric BETWEEN 0 AND 1000000000000
   AND (value ->> 'tax')::numeric BETWEEN 0 AND 1000000000000
   AND (value ->> 'jobs')::numeric BETWEEN 0 AND 100000
   AND coalesce((value ->> 'feedback')::numeric IN (1, 2, 3, 4, 5), true), false);

-- The moves of `src/dockings/stages.rs`; a test holds the two against each other.
CREATE FUNCTION is_docking_move(from_stage text, to_stage text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN from_stage NOT IN ('requested', 'accepted', 'negotiating', 'contracted', 'implementing') THEN false
    WHEN to_stage IN ('declined', 'abandoned') THEN true
    ELSE (from_stage, to_stage) IN (('requested', 'accepted'), ('accepted', 'negotiating'), ('negotiating', 'contracted'),
                                    ('contracted', 'implementing'), ('implementing', 'completed')) END;

CREATE TABLE dockings (
    id                uuid PRIMARY KEY,
    version           bigint      NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT now(),
    created_by        uuid REFERENCES users (id),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    updated_by        uuid REFERENCES users (id),
    demand_id         uuid REFERENCES demands (id),
    enterprise_id     uuid        NOT NULL REFERENCES organisations (id),
    result_id         uuid REFERENCES results (id),
    expert_id         uuid REFERENCES experts (id),
    -- Whichever of the two it is.
    counterpart_id    uuid        NOT NULL GENERATED ALWAYS AS (coalesce(result_id, expert_id)) STORED,
    -- Whose the counterpart was when it began: the expert, or the organisation that holds the result.
    provider_id       uuid        NOT NULL,
    -- As they were called when it began: it tells both sides what it is about.
    demand_title      text CHECK (text_within(demand_title, 2, 200)),
    enterprise_name   text        NOT NULL CHECK (text_within(enterprise_name, 2, 200)),
    counterpart_title text        NOT NULL CHECK (text_within(counterpart_title, 1, 200)),
    provider_name     text        NOT NULL CHECK (text_within(provider_name, 1, 200)),
    -- The side that asked; the other one answers.
    asked_by          text        NOT NULL CHECK (asked_by IN ('enterprise', 'counterpart')),
    note              text CHECK (text_within(note, 1, 2000)),
    -- The match that it came from, as it was scored then.
    score             double precision CHECK (score BETWEEN 0 AND 1),
    level             text CHECK (level IN ('strong', 'fair', 'weak', 'none')),
    model             text CHECK (text_within(model, 1, 100)),
    stage             text        NOT NULL DEFAULT 'requested' CHECK (stage IN ('requested', 'accepted', 'negotiating',
        'contracted', 'implementing', 'completed', 'declined', 'abandoned')),
    since             timestamptz NOT NULL DEFAULT now(),
    reason            text CHECK (reason IN ('not_relevant', 'too_early', 'unclear', 'price', 'no_capacity',
        'solved_otherwise', 'no_agreement', 'result_transferred', 'other')),
    reason_note       text CHECK (text_within(reason_note, 1, 2000)),
    contract          jsonb CHECK (is_contract(contract)),
    outcome_6         jsonb CHECK (is_outcome(outcome_6)),
    outcome_12        jsonb CHECK (is_outcome(outcome_12)),
    CONSTRAINT dockings_one_counterpart CHECK (num_nonnulls(result_id, expert_id) = 1),
    CONSTRAINT dockings_two_sides CHECK (enterprise_id <> provider_id),
    CONSTRAINT dockings_demand_title CHECK ((demand_id IS NULL) = (demand_title IS NULL)),
    CONSTRAINT dockings_match CHECK (num_nonnulls(score, level, model) IN (0, 3)),
    CONSTRAINT dockings_ending CHECK ((stage IN ('declined', 'abandoned')) = (reason IS NOT NULL)
        AND (reason IS NOT NULL OR reason_note IS NULL)),
    CONSTRAINT dockings_contract CHECK (CASE
        WHEN stage IN ('contracted', 'implementing', 'completed') THEN contract IS NOT NULL
        WHEN stage IN ('requested', 'accepted', 'negotiating') THEN contract IS NULL
        ELSE true END),
    CONSTRAINT dockings_outcome CHECK (contract IS NOT NULL OR num_nonnulls(outcome_6, outcome_12) = 0)
);
CREATE UNIQUE INDEX dockings_open_pair_key ON dockings (coalesce(demand_id, enterprise_id), counterpart_id)
    WHERE stage IN ('requested', 'accepted', 'negotiating', 'contracted', 'implementing');
CREATE INDEX dockings_enterprise ON dockings (enterprise_id, id DESC);
CREATE INDEX dockings_provider ON dockings (provider_id, id DESC);
CREATE INDEX dockings_demand ON dockings (demand_id, id DESC);
CREATE INDEX dockings_counterpart ON dockings (counterpart_id, id DESC);
CREATE TRIGGER refuse_removal BEFORE DELETE OR TRUNCATE ON dockings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

-- Every move, by whom and why. Only ever appended to: what is undone is undone by another row.
CREATE TABLE docking_moves (
    docking_id  uuid        NOT NULL REFERENCES dockings (id),
    -- The version of the docking that the move made.
    version     bigint      NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    made_by     uuid REFERENCES users (id),
    party       text        NOT NULL CHECK (party IN ('centre', 'enterprise', 'counterpart', 'service')),
    from_stage  text        NOT NULL,
    to_stage    text        NOT NULL,
    reason      text,
    reason_note text,
    contract    jsonb,
    -- The version whose move it takes back.
    undoes      bigint,
    PRIMARY KEY (docking_id, version),
    FOREIGN KEY (docking_id, undoes) REFERENCES docking_moves (docking_id, version)
);
CREATE UNIQUE INDEX docking_moves_undone_once ON docking_moves (docking_id, undoes) WHERE undoes IS NOT NULL;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON docking_moves
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- A docking begins as a request, of sides that are there: what is asked for is open, what is offered is published. The
-- rows are locked against a change at the same moment.
CREATE FUNCTION begin_docking() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held uuid;
BEGIN
    IF NEW.stage <> 'requested' OR NEW.version <> 1 THEN
        RAISE EXCEPTION 'a docking begins as a request' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.demand_id IS NOT NULL THEN
        SELECT enterprise_id INTO held FROM demands
            WHERE id = NEW.demand_id AND deleted_at IS NULL AND status IN ('open', 'docking') FOR SHARE;
        IF held IS DISTINCT FROM NEW.enterprise_id THEN
            RAISE foreign_key_violation USING CONSTRAINT = 'docking_demand', MESSAGE = 'no such open demand of the enterprise';
        END IF;
    END IF;
    PERFORM FROM organisations
        WHERE id = NEW.enterprise_id AND deleted_at IS NULL AND kind = 'enterprise' FOR SHARE;
    IF NOT FOUND THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'docking_enterprise', MESSAGE = 'no such enterprise';
    END IF;
    IF NEW.result_id IS NOT NULL THEN
        SELECT holder_id INTO held FROM results
            WHERE id = NEW.result_id AND deleted_at IS NULL AND status = 'published' FOR SHARE;
    ELSE
        SELECT id INTO held FROM experts
            WHERE id = NEW.expert_id AND deleted_at IS NULL AND status = 'published' FOR SHARE;
    END IF;
    IF held IS DISTINCT FROM NEW.provider_id THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'docking_counterpart', MESSAGE = 'it is not offered by the provider';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER begin_docking BEFORE INSERT ON dockings FOR EACH ROW EXECUTE FUNCTION begin_docking();

-- A version is followed only by the next, of the same two sides, and is kept. What is opened again must still be offered.
CREATE FUNCTION keep_docking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1
       OR ROW(NEW.id, NEW.created_at, NEW.created_by, NEW.demand_id, NEW.enterprise_id, NEW.result_id, NEW.expert_id,
              NEW.provider_id, NEW.asked_by, NEW.score, NEW.level, NEW.model)
          IS DISTINCT FROM ROW(OLD.id, OLD.created_at, OLD.created_by, OLD.demand_id, OLD.enterprise_id, OLD.result_id,
              OLD.expert_id, OLD.provider_id, OLD.asked_by, OLD.score, OLD.level, OLD.model) THEN
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
CREATE TRIGGER keep_docking BEFORE UPDATE ON dockings FOR EACH ROW EXECUTE FUNCTION keep_docking();

-- A move is one of the table and follows on the stage that there was, or takes back the last one, if that did not open
-- personal data.
CREATE FUNCTION check_docking_move() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last docking_moves;
BEGIN
    PERFORM FROM dockings WHERE id = NEW.docking_id AND version = NEW.version AND stage = NEW.to_stage;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the docking did not make this move' USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT * INTO last FROM docking_moves WHERE docking_id = NEW.docking_id ORDER BY version DESC LIMIT 1;
    IF coalesce(last.to_stage, 'requested') <> NEW.from_stage THEN
        RAISE EXCEPTION 'the docking does not stand there' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.undoes IS NULL AND NOT is_docking_move(NEW.from_stage, NEW.to_stage)
       OR NEW.undoes IS NOT NULL AND (last.version, last.from_stage) IS DISTINCT FROM (NEW.undoes, NEW.to_stage)
       OR NEW.undoes IS NOT NULL AND (last.undoes IS NOT NULL OR last.to_stage = 'accepted' OR last.party = 'service') THEN
        RAISE EXCEPTION 'there is no such move' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_docking_move BEFORE INSERT ON docking_moves FOR EACH ROW EXECUTE FUNCTION check_docking_move();

-- No stage changes without its move.
CREATE FUNCTION require_docking_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM docking_moves WHERE docking_id = NEW.id AND version = NEW.version
        AND from_stage = OLD.stage AND to_stage = NEW.stage;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a stage changes by a move alone' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER require_docking_move AFTER UPDATE ON dockings DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.stage <> NEW.stage) EXECUTE FUNCTION require_docking_move();

-- People are told of strong matches, and now of dockings.
ALTER TABLE notifications
    ALTER COLUMN alert_id DROP NOT NULL,
    ADD COLUMN docking_id uuid REFERENCES dockings (id),
    -- The version of the docking that it tells of.
    ADD COLUMN docking_version bigint,
    -- The stage that it came to, `undone`, or `still` where nothing has happened for too long.
    ADD COLUMN news text CHECK (news IN ('requested', 'accepted', 'negotiating', 'contracted', 'implementing', 'completed',
        'declined', 'abandoned', 'undone', 'still')),
    ADD CONSTRAINT notifications_of_one CHECK (num_nonnulls(alert_id, docking_id) = 1
        AND num_nonnulls(docking_id, docking_version, news) IN (0, 3));
CREATE UNIQUE INDEX notifications_docking_once ON notifications (user_id, docking_id, docking_version, news)
    WHERE news <> 'still';
DROP TRIGGER refuse_retelling ON notifications;
CREATE TRIGGER refuse_retelling BEFORE UPDATE ON notifications FOR EACH ROW
    WHEN (OLD.read_at IS NOT NULL
          OR ROW(NEW.id, NEW.user_id, NEW.alert_id, NEW.docking_id, NEW.docking_version, NEW.news, NEW.created_at)
             IS DISTINCT FROM
             ROW(OLD.id, OLD.user_id, OLD.alert_id, OLD.docking_id, OLD.docking_version, OLD.news, OLD.created_at))
    EXECUTE FUNCTION refuse_retelling();

-- RFC 9562, 5.7: milliseconds, then chance.
CREATE FUNCTION uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE
RETURN encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
    52, 1), 53, 1), 'hex')::uuid;

-- Tells the people of both sides and of the centre, but for whoever did it.
CREATE FUNCTION tell_of_docking(told uuid, made uuid, what text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO notifications (id, user_id, docking_id, docking_version, news)
    SELECT uuid_v7(), users.id, dockings.id, dockings.version, what
    FROM dockings JOIN users ON users.role IN ('admin', 'staff')
        OR users.organisation_id IN (dockings.enterprise_id, dockings.provider_id) OR users.expert_id = dockings.provider_id
    WHERE dockings.id = told AND users.disabled_at IS NULL AND users.id IS DISTINCT FROM made;
$$;

-- A result that was transferred is no longer to be had: dockings of it that have no contract end, and their people are told.
CREATE FUNCTION close_dockings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closed record;
BEGIN
    FOR closed IN
        SELECT id, version, stage FROM dockings
        WHERE result_id = NEW.id AND stage IN ('requested', 'accepted', 'negotiating') ORDER BY id FOR UPDATE
    LOOP
        UPDATE dockings SET version = closed.version + 1, updated_at = now(), updated_by = NEW.updated_by,
            stage = 'abandoned', since = now(), reason = 'result_transferred' WHERE id = closed.id;
        INSERT INTO docking_moves (docking_id, version, made_by, party, from_stage, to_stage, reason)
        VALUES (closed.id, closed.version + 1, NEW.updated_by, 'service', closed.stage, 'abandoned', 'result_transferred');
        PERFORM tell_of_docking(closed.id, NULL, 'abandoned');
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER close_dockings AFTER UPDATE ON results FOR EACH ROW
    WHEN (NEW.status = 'transferred' AND OLD.status <> 'transferred') EXECUTE FUNCTION close_dockings();
