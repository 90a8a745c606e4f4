-- Events: days of 1:1 meetings.
CREATE TABLE events (
    id         uuid PRIMARY KEY,
    -- Of what the centre says of the event.
    version    bigint      NOT NULL DEFAULT 1 CHECK (version >= 1),
    -- Of everything that a plan goes by: also hours, wishes and rules.
    revision   bigint      NOT NULL DEFAULT 1 CHECK (revision >= version),
    title      text        NOT NULL CHECK (char_length(title) BETWEEN 2 AND 200),
    place      text        NOT NULL CHECK (char_length(place) BETWEEN 1 AND 200),
    tables     smallint    NOT NULL CHECK (tables BETWEEN 0 AND 500),
    created_by uuid        NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE event_slots (
    event_id  uuid        NOT NULL REFERENCES events (id),
    number    smallint    NOT NULL CHECK (number BETWEEN 1 AND 64),
    begins_at timestamptz NOT NULL,
    ends_at   timestamptz NOT NULL,
    PRIMARY KEY (event_id, number),
    CONSTRAINT event_slots_time CHECK (begins_at < ends_at)
);

-- Who is invited: an enterprise on one side; an expert, or an organisation that is none, on the other.
CREATE TABLE event_participants (
    id              uuid PRIMARY KEY,
    event_id        uuid     NOT NULL REFERENCES events (id),
    version         bigint   NOT NULL DEFAULT 1 CHECK (version >= 1),
    side            text     NOT NULL CHECK (side IN ('enterprise', 'expert')),
    organisation_id uuid REFERENCES organisations (id),
    expert_id       uuid REFERENCES experts (id),
    state           text     NOT NULL DEFAULT 'invited' CHECK (state IN ('invited', 'accepted', 'declined')),
    -- Meetings that they want at most.
    most            smallint NOT NULL DEFAULT 64 CHECK (most BETWEEN 0 AND 64),
    -- The slots in which they are there; all without it.
    hours           smallint[],
    CONSTRAINT event_participants_one CHECK (num_nonnulls(organisation_id, expert_id) = 1),
    CONSTRAINT event_participants_side CHECK (expert_id IS NULL OR side = 'expert'),
    CONSTRAINT event_participants_organisation_key UNIQUE (event_id, organisation_id),
    CONSTRAINT event_participants_expert_key UNIQUE (event_id, expert_id),
    CONSTRAINT event_participants_side_key UNIQUE (event_id, id, side)
);

-- Who wants to meet whom, 1 to 5.
CREATE TABLE event_wishes (
    event_id       uuid     NOT NULL,
    participant_id uuid     NOT NULL,
    side           text     NOT NULL,
    wished_id      uuid     NOT NULL,
    wished_side    text     NOT NULL GENERATED ALWAYS AS (CASE side WHEN 'expert' THEN 'enterprise' ELSE 'expert' END) STORED,
    wish           smallint NOT NULL CHECK (wish BETWEEN 1 AND 5),
    PRIMARY KEY (participant_id, wished_id),
    FOREIGN KEY (event_id, participant_id, side) REFERENCES event_participants (event_id, id, side),
    FOREIGN KEY (event_id, wished_id, wished_side) REFERENCES event_participants (event_id, id, side)
);

-- Who must not meet, at all or in a slot, and who must meet, in a slot and perhaps at a table.
CREATE TABLE event_rules (
    event_id        uuid     NOT NULL,
    place           smallint NOT NULL CHECK (place >= 0),
    fixed           boolean  NOT NULL,
    enterprise_id   uuid     NOT NULL,
    enterprise_side text     NOT NULL GENERATED ALWAYS AS ('enterprise') STORED,
    expert_id       uuid     NOT NULL,
    expert_side     text     NOT NULL GENERATED ALWAYS AS ('expert') STORED,
    slot            smallint CHECK (slot BETWEEN 1 AND 64),
    table_number    smallint CHECK (table_number BETWEEN 1 AND 500),
    PRIMARY KEY (event_id, fixed, place),
    CONSTRAINT event_rules_fixed CHECK (slot IS NOT NULL OR NOT fixed),
    CONSTRAINT event_rules_table CHECK (table_number IS NULL OR fixed),
    FOREIGN KEY (event_id, enterprise_id, enterprise_side) REFERENCES event_participants (event_id, id, side),
    FOREIGN KEY (event_id, expert_id, expert_side) REFERENCES event_participants (event_id, id, side)
);

-- The plan: nobody twice in a slot, no table twice in a slot, no two twice at all.
CREATE TABLE event_meetings (
    event_id        uuid     NOT NULL,
    slot            smallint NOT NULL,
    table_number    smallint NOT NULL CHECK (table_number BETWEEN 1 AND 500),
    enterprise_id   uuid     NOT NULL,
    enterprise_side text     NOT NULL GENERATED ALWAYS AS ('enterprise') STORED,
    expert_id       uuid     NOT NULL,
    expert_side     text     NOT NULL GENERATED ALWAYS AS ('expert') STORED,
    PRIMARY KEY (event_id, slot, table_number),
    CONSTRAINT event_meetings_enterprise_key UNIQUE (event_id, slot, enterprise_id),
    CONSTRAINT event_meetings_expert_key UNIQUE (event_id, slot, expert_id),
    CONSTRAINT event_meetings_pair_key UNIQUE (event_id, enterprise_id, expert_id),
    FOREIGN KEY (event_id, slot) REFERENCES event_slots (event_id, number) ON DELETE CASCADE,
    FOREIGN KEY (event_id, enterprise_id, enterprise_side) REFERENCES event_participants (event_id, id, side),
    FOREIGN KEY (event_id, expert_id, expert_side) REFERENCES event_participants (event_id, id, side)
);

-- Only those who accepted meet. Their rows are held, so that nobody leaves meanwhile.
CREATE FUNCTION check_meeting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM event_participants WHERE id IN (NEW.enterprise_id, NEW.expert_id) AND state <> 'accepted' FOR SHARE;
    IF FOUND THEN
        RAISE EXCEPTION 'somebody who meets has not accepted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'event_meetings_accepted';
    END IF;
    PERFORM FROM event_participants WHERE id IN (NEW.enterprise_id, NEW.expert_id) FOR SHARE;
    RETURN NEW;
END $$;
CREATE TRIGGER check_meeting BEFORE INSERT OR UPDATE ON event_meetings FOR EACH ROW EXECUTE FUNCTION check_meeting();

-- The meetings of who leaves are off at once.
CREATE FUNCTION drop_meetings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM event_meetings WHERE event_id = NEW.event_id AND (enterprise_id = NEW.id OR expert_id = NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER drop_meetings AFTER UPDATE OF state ON event_participants FOR EACH ROW
    WHEN (NEW.state <> 'accepted') EXECUTE FUNCTION drop_meetings();

-- What is known of the last plan: the revision that it goes by, in hundredths of a point of a wish what it is worth and
-- what no plan can exceed, and what it changed.
CREATE TABLE event_schedules (
    event_id   uuid PRIMARY KEY REFERENCES events (id),
    revision   bigint      NOT NULL,
    total      bigint      NOT NULL CHECK (total >= 0),
    bound      bigint      NOT NULL CHECK (bound >= total),
    changes    jsonb       NOT NULL CHECK (jsonb_typeof(changes) = 'object'),
    planned_at timestamptz NOT NULL DEFAULT now()
);
