-- Expert service teams: experts who serve an enterprise, or a demand of it. Whoever changes one holds the expert first, then the
-- team, then the member, so that two at once wait for each other.
CREATE TABLE expert_teams (
    id            uuid PRIMARY KEY,
    -- Of the team and of who is in it.
    version       bigint      NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at    timestamptz NOT NULL DEFAULT now(),
    created_by    uuid        NOT NULL REFERENCES users (id),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    updated_by    uuid REFERENCES users (id),
    name          text        NOT NULL CHECK (text_within(name, 2, 200)),
    purpose       text CHECK (text_within(purpose, 1, 5000)),
    demand_id     uuid REFERENCES demands (id),
    enterprise_id uuid        NOT NULL REFERENCES organisations (id),
    leader_id     uuid,
    state         text        NOT NULL DEFAULT 'forming' CHECK (state IN ('forming', 'active', 'closed')),
    -- When it became active first: from then on the enterprise sees it.
    active_since  timestamptz,
    CONSTRAINT expert_teams_active CHECK (state <> 'active' OR num_nonnulls(leader_id, active_since) = 2)
);
CREATE INDEX expert_teams_enterprise ON expert_teams (enterprise_id, id DESC);
CREATE INDEX expert_teams_demand ON expert_teams (demand_id, id DESC);
CREATE TRIGGER refuse_removal BEFORE DELETE OR TRUNCATE ON expert_teams
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

-- Who is in it, and what for.
CREATE TABLE expert_team_members (
    team_id   uuid   NOT NULL REFERENCES expert_teams (id),
    expert_id uuid   NOT NULL REFERENCES experts (id),
    version   bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    role      text CHECK (text_within(role, 1, 200)),
    state     text   NOT NULL DEFAULT 'invited' CHECK (state IN ('invited', 'accepted', 'declined')),
    PRIMARY KEY (team_id, expert_id)
);
CREATE INDEX expert_team_members_expert ON expert_team_members (expert_id, team_id DESC);
-- The leader is one of them.
ALTER TABLE expert_teams ADD CONSTRAINT expert_teams_leader
    FOREIGN KEY (id, leader_id) REFERENCES expert_team_members (team_id, expert_id);

-- A team begins without anybody, for an enterprise that is there and a living demand of it, if for one.
CREATE FUNCTION begin_team() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found_kind text;
BEGIN
    IF NEW.state <> 'forming' OR NEW.version <> 1 OR NEW.active_since IS NOT NULL THEN
        RAISE EXCEPTION 'a team begins by forming' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.demand_id IS NOT NULL THEN
        PERFORM FROM demands
            WHERE id = NEW.demand_id AND enterprise_id = NEW.enterprise_id AND deleted_at IS NULL FOR SHARE;
        IF NOT FOUND THEN
            RAISE foreign_key_violation USING CONSTRAINT = 'expert_teams_demand', MESSAGE = 'no such demand of the enterprise';
        END IF;
    END IF;
    SELECT kind INTO found_kind FROM organisations WHERE id = NEW.enterprise_id AND deleted_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'enterprise_id_living', MESSAGE = 'no such organisation';
    ELSIF found_kind <> 'enterprise' THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'enterprise_id_kind', MESSAGE = 'not an enterprise';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER begin_team BEFORE INSERT ON expert_teams FOR EACH ROW EXECUTE FUNCTION begin_team();

-- A version is followed only by the next, and is kept. What is closed stays as it is; what is active is led by who accepted.
CREATE FUNCTION keep_team() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    leader text;
BEGIN
    IF OLD.state = 'closed' THEN
        RAISE check_violation USING CONSTRAINT = 'expert_teams_closed', MESSAGE = 'the team is closed';
    END IF;
    IF NEW.version <> OLD.version + 1
       OR ROW(NEW.id, NEW.created_at, NEW.created_by, NEW.demand_id, NEW.enterprise_id)
          IS DISTINCT FROM ROW(OLD.id, OLD.created_at, OLD.created_by, OLD.demand_id, OLD.enterprise_id)
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
CREATE TRIGGER keep_team BEFORE UPDATE ON expert_teams FOR EACH ROW EXECUTE FUNCTION keep_team();

-- Who is asked, or accepts, is a published expert, locked against being withdrawn at the same moment. A team has at most twenty.
CREATE FUNCTION check_team_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
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
CREATE TRIGGER check_team_member BEFORE INSERT OR UPDATE ON expert_team_members
    FOR EACH ROW WHEN (NEW.state <> 'declined') EXECUTE FUNCTION check_team_member();

-- Who comes, answers or goes makes another version of the team, which is kept as it was before. It is without a leader when they no longer come, and forms again.
CREATE FUNCTION touch_team() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone uuid := CASE WHEN TG_OP = 'UPDATE' AND NEW.state <> 'accepted' THEN NEW.expert_id END;
BEGIN
    IF TG_OP = 'UPDATE' AND ROW(NEW.team_id, NEW.expert_id, NEW.version)
                            IS DISTINCT FROM ROW(OLD.team_id, OLD.expert_id, OLD.version + 1) THEN
        RAISE EXCEPTION 'a version of a member is followed only by the next' USING ERRCODE = 'restrict_violation';
    END IF;
    UPDATE expert_teams SET version = version + 1, updated_at = now(),
        state = CASE WHEN state = 'active' AND leader_id = gone THEN 'forming' ELSE state END,
        leader_id = CASE WHEN leader_id = gone THEN NULL ELSE leader_id END
    WHERE id = coalesce(NEW.team_id, OLD.team_id);
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER touch_team BEFORE INSERT OR UPDATE OR DELETE ON expert_team_members
    FOR EACH ROW EXECUTE FUNCTION touch_team();

-- Visits of a team: when and where, who took part, what they found and what comes next. Corrected, never lost.
CREATE TABLE expert_team_visits (
    id         uuid PRIMARY KEY,
    team_id    uuid        NOT NULL REFERENCES expert_teams (id),
    version    bigint      NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by uuid        NOT NULL REFERENCES users (id),
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by uuid REFERENCES users (id),
    "on"       date        NOT NULL,
    place      text        NOT NULL CHECK (text_within(place, 1, 200)),
    expert_ids uuid[]      NOT NULL CHECK (ids_within(expert_ids, 20) AND cardinality(expert_ids) >= 1),
    findings   text        NOT NULL CHECK (text_within(findings, 1, 10000)),
    next_steps text CHECK (text_within(next_steps, 1, 5000))
);
CREATE INDEX expert_team_visits_team ON expert_team_visits (team_id, id DESC);
CREATE TRIGGER refuse_removal BEFORE DELETE OR TRUNCATE ON expert_team_visits
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

-- The team is active, and who took part is a member who accepted, or was when it was written before.
CREATE FUNCTION check_team_visit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    known uuid[] := '{}';
BEGIN
    PERFORM FROM expert_teams WHERE id = NEW.team_id AND state = 'active' FOR SHARE;
    IF NOT FOUND THEN
        RAISE check_violation USING CONSTRAINT = 'expert_team_visits_active', MESSAGE = 'the team is not active';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF NEW.version <> OLD.version + 1
           OR ROW(NEW.id, NEW.team_id, NEW.created_at, NEW.created_by)
              IS DISTINCT FROM ROW(OLD.id, OLD.team_id, OLD.created_at, OLD.created_by) THEN
            RAISE EXCEPTION 'a version of a visit is followed only by the next' USING ERRCODE = 'restrict_violation';
        END IF;
        known := OLD.expert_ids;
        INSERT INTO record_versions (kind, record_id, version, record)
        VALUES ('expert_team_visit', OLD.id, OLD.version, to_jsonb(OLD));
    END IF;
    PERFORM FROM unnest(NEW.expert_ids) AS expert WHERE expert <> ALL (known) AND NOT EXISTS (
        SELECT FROM expert_team_members WHERE team_id = NEW.team_id AND expert_id = expert AND state = 'accepted');
    IF FOUND THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'expert_team_visits_members', MESSAGE = 'somebody is no member';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_team_visit BEFORE INSERT OR UPDATE ON expert_team_visits
    FOR EACH ROW EXECUTE FUNCTION check_team_visit();

-- People are told of teams, too.
ALTER TABLE notifications
    ADD COLUMN team_id uuid REFERENCES expert_teams (id),
    ADD COLUMN team_news text CHECK (team_news IN ('invited', 'accepted', 'declined', 'removed', 'leading', 'active', 'closed',
        'visited')),
    DROP CONSTRAINT notifications_of_one,
    ADD CONSTRAINT notifications_of_one CHECK (num_nonnulls(alert_id, docking_id, team_id) = 1
        AND num_nonnulls(docking_id, docking_version, news) IN (0, 3) AND num_nonnulls(team_id, team_news) IN (0, 2));
DROP TRIGGER refuse_retelling ON notifications;
CREATE TRIGGER refuse_retelling BEFORE UPDATE ON notifications FOR EACH ROW
    WHEN (OLD.read_at IS NOT NULL
          OR ROW(NEW.id, NEW.user_id, NEW.alert_id, NEW.docking_id, NEW.docking_version, NEW.news, NEW.team_id, NEW.team_news,
                 NEW.created_at)
             IS DISTINCT FROM
             ROW(OLD.id, OLD.user_id, OLD.alert_id, OLD.docking_id, OLD.docking_version, OLD.news, OLD.team_id, OLD.team_news,
                 OLD.created_at))
    EXECUTE FUNCTION refuse_retelling();

-- Tells one expert, or, of what concerns all, the centre, those who accepted and the enterprise; answers are for the centre. Never
-- whoever did it.
CREATE FUNCTION tell_of_team(told uuid, made uuid, what text, one uuid) RETURNS void LANGUAGE sql AS $$
    INSERT INTO notifications (id, user_id, team_id, team_news)
    SELECT uuid_v7(), users.id, team.id, what
    FROM expert_teams team JOIN users ON CASE
        WHEN one IS NOT NULL THEN users.expert_id = one
        WHEN what IN ('accepted', 'declined') THEN users.role IN ('admin', 'staff')
        ELSE users.role IN ('admin', 'staff')
            OR team.active_since IS NOT NULL AND users.organisation_id = team.enterprise_id
            OR users.expert_id IN (SELECT expert_id FROM expert_team_members WHERE team_id = team.id AND state = 'accepted') END
    WHERE team.id = told AND users.disabled_at IS NULL AND users.id IS DISTINCT FROM made;
$$;

-- An expert who is withdrawn takes no part in what is not closed, and the centre is told.
CREATE FUNCTION leave_teams() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    team uuid;
BEGIN
    FOR team IN
        SELECT expert_teams.id FROM expert_teams JOIN expert_team_members ON team_id = expert_teams.id
        WHERE expert_id = NEW.id AND expert_team_members.state <> 'declined' AND expert_teams.state <> 'closed'
        ORDER BY expert_teams.id FOR UPDATE OF expert_teams
    LOOP
        UPDATE expert_team_members SET version = version + 1, state = 'declined'
        WHERE team_id = team AND expert_id = NEW.id AND state <> 'declined';
        PERFORM tell_of_team(team, NEW.updated_by, 'declined', NULL);
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER leave_teams AFTER UPDATE ON experts FOR EACH ROW
    WHEN ((NEW.deleted_at IS NOT NULL OR NEW.status <> 'published') AND OLD.deleted_at IS NULL AND OLD.status = 'published')
    EXECUTE FUNCTION leave_teams();
