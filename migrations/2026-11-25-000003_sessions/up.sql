-- Keys that sign access tokens (Ed25519). The private half is sealed with a key that the database never sees. The
-- shared keys before them signed tokens of half an hour only: whoever holds one signs in again.
DROP TABLE signing_keys;
CREATE TABLE signing_keys (
    id         uuid PRIMARY KEY,
    sealed     bytea       NOT NULL,
    public     bytea       NOT NULL CHECK (octet_length(public) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- No longer signs; still verifies what it signed before.
    retired_at timestamptz
);

-- A sign-in and all that comes of it until it ends.
CREATE TABLE sessions (
    id         uuid PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    ended_by   text CHECK (ended_by IN ('sign_out', 'sign_out_everywhere', 'reuse', 'password_changed', 'disabled')),
    CONSTRAINT sessions_end_has_a_reason CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX sessions_of_user ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;

-- Refresh tokens, by their SHA-256 alone. Each is used once; the next one takes its place.
CREATE TABLE refresh_tokens (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    session_id uuid        NOT NULL REFERENCES sessions (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at    timestamptz
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

-- Every process hears at once of a session that ended and of a new key.
CREATE FUNCTION tell_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('duijie_access', '');
    RETURN NULL;
END $$;
CREATE TRIGGER tell_access AFTER UPDATE OF ended_at ON sessions FOR EACH STATEMENT EXECUTE FUNCTION tell_access();
CREATE TRIGGER tell_access AFTER INSERT OR UPDATE ON signing_keys FOR EACH STATEMENT EXECUTE FUNCTION tell_access();

-- A session that ended never begins again.
CREATE FUNCTION refuse_revival() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a session that ended stays so' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER refuse_revival BEFORE UPDATE ON sessions FOR EACH ROW
    WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION refuse_revival();

-- An account that is disabled has no sessions.
CREATE FUNCTION end_sessions_of_disabled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sessions SET ended_at = now(), ended_by = 'disabled' WHERE user_id = NEW.id AND ended_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER end_sessions_of_disabled AFTER UPDATE OF disabled_at ON users FOR EACH ROW
    WHEN (NEW.disabled_at IS NOT NULL AND OLD.disabled_at IS NULL) EXECUTE FUNCTION end_sessions_of_disabled();
