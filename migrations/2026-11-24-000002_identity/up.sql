-- Who may call. Accounts are never removed, only disabled: their ids stand in the history of records.
CREATE TABLE users (
    id              uuid PRIMARY KEY,
    login           text        NOT NULL CHECK (login ~ '^[a-z0-9][a-z0-9._@-]{1,63}$'),
    password_hash   text        NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    role            text        NOT NULL CHECK (role IN ('staff', 'enterprise', 'expert')),
    organisation_id uuid,
    expert_id       uuid,
    created_at      timestamptz NOT NULL DEFAULT now(),
    disabled_at     timestamptz,
    CONSTRAINT users_login_key UNIQUE (login),
    CONSTRAINT users_belong CHECK (CASE role
        WHEN 'staff' THEN organisation_id IS NULL AND expert_id IS NULL
        WHEN 'enterprise' THEN organisation_id IS NOT NULL AND expert_id IS NULL
        ELSE expert_id IS NOT NULL AND organisation_id IS NULL END)
);

-- The keys that sign access tokens. Every process on this database accepts the same ones.
CREATE TABLE signing_keys (
    id         uuid PRIMARY KEY,
    secret     bytea       NOT NULL CHECK (octet_length(secret) = 32),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Answers to POSTs that bore an Idempotency-Key, kept for 24 hours.
CREATE TABLE idempotency_keys (
    user_id    uuid        NOT NULL REFERENCES users (id),
    key        text        NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    request    bytea       NOT NULL CHECK (octet_length(request) = 32),
    record_id  uuid        NOT NULL,
    answer     jsonb       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- Every view of personal data: who saw whose, when, on which request. Only ever appended.
CREATE TABLE personal_data_views (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id),
    kind       text        NOT NULL,
    record_id  uuid        NOT NULL,
    request_id text        NOT NULL,
    at         timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only ever appended to', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON personal_data_views
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
