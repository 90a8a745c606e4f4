-- Strong matches that people were told of: a demand, and a result or an expert. A pair is told once.
CREATE TABLE alerts (
    id        uuid PRIMARY KEY,
    demand_id uuid    NOT NULL REFERENCES demands (id),
    result_id uuid REFERENCES results (id),
    expert_id uuid REFERENCES experts (id),
    -- Whichever of the two it is.
    record_id uuid    NOT NULL GENERATED ALWAYS AS (coalesce(result_id, expert_id)) STORED,
    score     real    NOT NULL CHECK (score BETWEEN 0 AND 1),
    -- Whether all concerned were told, or only those who may read what is closed.
    open      boolean NOT NULL,
    CONSTRAINT alerts_pair_key UNIQUE (demand_id, record_id),
    CONSTRAINT alerts_one_record CHECK (num_nonnulls(result_id, expert_id) = 1)
);

-- Who was told, and has read it.
CREATE TABLE notifications (
    id         uuid PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id),
    alert_id   uuid        NOT NULL REFERENCES alerts (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    read_at    timestamptz,
    CONSTRAINT notifications_once UNIQUE (user_id, alert_id),
    CONSTRAINT notifications_read CHECK (read_at >= created_at)
);
CREATE INDEX notifications_of_user ON notifications (user_id, id DESC);
CREATE INDEX notifications_unread ON notifications (user_id, id DESC) WHERE read_at IS NULL;

CREATE FUNCTION refuse_retelling() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was told is read once, and changes in nothing else' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER refuse_retelling BEFORE UPDATE ON notifications FOR EACH ROW
    WHEN (OLD.read_at IS NOT NULL OR ROW(NEW.id, NEW.user_id, NEW.alert_id, NEW.created_at)
                      IS DISTINCT FROM ROW(OLD.id, OLD.user_id, OLD.alert_id, OLD.created_at))
    EXECUTE FUNCTION refuse_retelling();

-- How far the changes were matched for alerts. One row, which moves in the transaction that keeps what was found.
CREATE TABLE alert_position (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    xid    xid8   NOT NULL,
    seq    bigint NOT NULL
);
