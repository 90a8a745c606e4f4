-- Webhooks: who is told of changes and notifications, and where. A subscription is a place among both: before it everything
-- was made into deliveries. Both tables are written in the transaction of what they tell, and read only up to the oldest
-- transaction that is still open.
CREATE TABLE webhooks (
    id          uuid PRIMARY KEY,
    version     bigint      NOT NULL DEFAULT 1 CHECK (version >= 1),
    owner_id    uuid        NOT NULL REFERENCES users (id),
    url         text        NOT NULL CHECK (char_length(url) BETWEEN 1 AND 2000),
    types       text[]      NOT NULL CHECK (cardinality(types) BETWEEN 1 AND 20 AND array_position(types, NULL) IS NULL
        AND array_to_string(types, ' ') ~ '^[a-z_]+\.[a-z_]+( [a-z_]+\.[a-z_]+)*$'),
    created_at  timestamptz NOT NULL DEFAULT now(),
    -- By the owner, because the receiver is gone (410), or because it failed for three days.
    disabled_at timestamptz,
    disabled_by text CHECK (disabled_by IN ('owner', 'gone', 'failing')),
    deleted_at  timestamptz,
    -- A receiver that has too much to do is left alone until then.
    paused_until timestamptz,
    change_xid  xid8        NOT NULL DEFAULT pg_snapshot_xmin(pg_current_snapshot()),
    change_seq  bigint      NOT NULL DEFAULT -1,
    notice_xid  xid8        NOT NULL DEFAULT pg_snapshot_xmin(pg_current_snapshot()),
    notice_seq  bigint      NOT NULL DEFAULT -1,
    CONSTRAINT webhooks_disabled CHECK ((disabled_at IS NULL) = (disabled_by IS NULL))
);
CREATE INDEX webhooks_of_owner ON webhooks (owner_id, id DESC) WHERE deleted_at IS NULL;

-- Their secrets, sealed, for they sign. Two at a time, so that one can be changed while the other works.
CREATE TABLE webhook_secrets (
    id         uuid PRIMARY KEY,
    webhook_id uuid        NOT NULL REFERENCES webhooks (id),
    slot       smallint    NOT NULL CHECK (slot IN (1, 2)),
    sealed     bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT webhook_secrets_slot_key UNIQUE (webhook_id, slot)
);

-- One event for one subscription: what waits, and what became of it. Told again, it keeps its id.
CREATE TABLE webhook_deliveries (
    id           uuid PRIMARY KEY,
    webhook_id   uuid        NOT NULL REFERENCES webhooks (id),
    source       text        NOT NULL CHECK (source IN ('change', 'notification')),
    xid          xid8        NOT NULL,
    seq          bigint      NOT NULL,
    type         text        NOT NULL,
    -- What is told of the same goes one after the other.
    subject      uuid        NOT NULL,
    data         jsonb       NOT NULL CHECK (octet_length(data::text) < 16384),
    state        text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    -- When it is sent next. What is being sent is due again only once whoever sends it must have ended.
    due_at       timestamptz DEFAULT now(),
    attempts     smallint    NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    created_at   timestamptz NOT NULL DEFAULT now(),
    -- Of the last attempt.
    attempted_at timestamptz,
    status       smallint,
    fault        text CHECK (fault IN ('not_public', 'unreachable', 'timed_out')),
    answer       text CHECK (char_length(answer) <= 200),
    CONSTRAINT webhook_deliveries_once UNIQUE (webhook_id, source, xid, seq),
    CONSTRAINT webhook_deliveries_due CHECK ((due_at IS NULL) = (state <> 'waiting'))
);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, subject, xid, seq) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (webhook_id, id DESC);
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (created_at) WHERE state <> 'waiting';

-- Those that are told: by whom who keeps them may be told at all.
CREATE VIEW webhooks_at_work AS
    SELECT webhooks.*, users.role AS owner_role, partners.name AS partner, partners.scopes
    FROM webhooks JOIN users ON users.id = owner_id LEFT JOIN partners ON partners.id = owner_id
    WHERE webhooks.disabled_at IS NULL AND deleted_at IS NULL AND users.disabled_at IS NULL
      AND (users.role IN ('admin', 'staff') OR 'webhooks' = ANY (partners.scopes));

-- Notifications stand in an order as changes do, and tell of webhooks that ended.
ALTER TABLE notifications
    ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN webhook_id uuid REFERENCES webhooks (id);
CREATE INDEX notifications_in_order ON notifications (user_id, xid, seq);
ALTER TABLE notifications
    DROP CONSTRAINT notifications_of_one,
    ADD CONSTRAINT notifications_of_one CHECK (
        num_nonnulls(alert_id, docking_id, team_id, patent_reminder_id, policy_id, webhook_id) = 1
        AND num_nonnulls(docking_id, docking_version, news) IN (0, 3) AND num_nonnulls(team_id, team_news) IN (0, 2));

-- Partner sites may keep webhooks.
ALTER TABLE partners
    DROP CONSTRAINT partners_scopes_check,
    ADD CONSTRAINT partners_scopes_check CHECK (cardinality(scopes) >= 1 AND words_of(scopes, ARRAY['results:read',
        'results:write', 'experts:read', 'organisations:read', 'demands:read', 'policies:read', 'matches:read',
        'changes:read', 'webhooks']));
