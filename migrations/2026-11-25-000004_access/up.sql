-- Admins run the service; partner sites are accounts without a password, so that what they write bears their id.
ALTER TABLE users
    DROP CONSTRAINT users_role_check,
    DROP CONSTRAINT users_belong,
    ALTER COLUMN password_hash DROP NOT NULL,
    -- Grows when the account is amended.
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD CONSTRAINT users_role_check CHECK (role IN ('admin', 'staff', 'enterprise', 'expert', 'partner')),
    ADD CONSTRAINT users_password CHECK ((password_hash IS NULL) = (role = 'partner')),
    ADD CONSTRAINT users_belong CHECK (CASE role
        WHEN 'enterprise' THEN organisation_id IS NOT NULL AND expert_id IS NULL
        WHEN 'expert' THEN expert_id IS NOT NULL AND organisation_id IS NULL
        ELSE organisation_id IS NULL AND expert_id IS NULL END);

-- Sessions remember whether a second factor was shown, and from where they began: an account's own networks are not
-- locked when somebody elsewhere guesses.
ALTER TABLE sessions
    ADD COLUMN strong  boolean NOT NULL DEFAULT false,
    ADD COLUMN network text,
    DROP CONSTRAINT sessions_ended_by_check,
    ADD CONSTRAINT sessions_ended_by_check CHECK (ended_by IN
        ('sign_out', 'sign_out_everywhere', 'reuse', 'password_changed', 'password_reset', 'disabled'));
CREATE INDEX sessions_from ON sessions (user_id, network, created_at);

-- Links that are good once: an invitation makes an account, a reset gives one another password. Kept by hash alone.
CREATE TABLE one_time_links (
    id              uuid PRIMARY KEY,
    hash            bytea       NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    purpose         text        NOT NULL CHECK (purpose IN ('invitation', 'password_reset')),
    -- Of the account, which is to be made or is there.
    role            text        NOT NULL CHECK (role IN ('admin', 'staff', 'enterprise', 'expert')),
    organisation_id uuid REFERENCES organisations (id),
    expert_id       uuid REFERENCES experts (id),
    -- The account whose password is to be reset, or the one that was made.
    user_id         uuid REFERENCES users (id),
    created_by      uuid REFERENCES users (id),
    created_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    used_at         timestamptz,
    revoked_at      timestamptz,
    CONSTRAINT one_time_links_end CHECK (used_at IS NULL OR revoked_at IS NULL),
    CONSTRAINT one_time_links_purpose CHECK (CASE purpose
        WHEN 'invitation' THEN (role = 'enterprise') = (organisation_id IS NOT NULL) AND (role = 'expert') = (expert_id IS NOT NULL)
            AND (user_id IS NOT NULL) = (used_at IS NOT NULL)
        ELSE organisation_id IS NULL AND expert_id IS NULL AND user_id IS NOT NULL END)
);
CREATE INDEX one_time_links_of_user ON one_time_links (user_id) WHERE used_at IS NULL AND revoked_at IS NULL;

CREATE FUNCTION refuse_second_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a link is good once' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER refuse_second_use BEFORE UPDATE ON one_time_links FOR EACH ROW
    WHEN (OLD.used_at IS NOT NULL OR OLD.revoked_at IS NOT NULL) EXECUTE FUNCTION refuse_second_use();

-- Second factors (RFC 6238), the key sealed. A code is good once: the step of the last one is kept.
CREATE TABLE second_factors (
    user_id      uuid PRIMARY KEY REFERENCES users (id),
    sealed       bytea       NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz,
    last_step    bigint      NOT NULL DEFAULT 0
);
CREATE TABLE recovery_codes (
    user_id uuid  NOT NULL REFERENCES second_factors (user_id) ON DELETE CASCADE,
    hash    bytea NOT NULL CHECK (octet_length(hash) = 32),
    used_at timestamptz,
    PRIMARY KEY (user_id, hash)
);

-- Failed sign-ins that were not forgiven yet, by the hash of what is guarded: an account from a network, an account
-- from anywhere, a network. The same for logins that nobody has.
CREATE TABLE sign_in_failures (
    guarded       bytea PRIMARY KEY CHECK (octet_length(guarded) = 32),
    failures      integer     NOT NULL CHECK (failures > 0),
    last_at       timestamptz NOT NULL,
    blocked_until timestamptz
);
CREATE INDEX sign_in_failures_age ON sign_in_failures (last_at);

-- Partner sites (OAuth 2.0 clients).
CREATE FUNCTION are_networks(value text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cardinality(value) <= 50
   AND NOT EXISTS (SELECT FROM unnest(value) AS item WHERE item IS NULL OR (item::cidr)::text <> item);

CREATE TABLE partners (
    id           uuid PRIMARY KEY REFERENCES users (id),
    version      bigint      NOT NULL DEFAULT 1,
    -- As it stands in the source of its records, which is why it never changes.
    name         text        NOT NULL UNIQUE CHECK (text_within(name, 1, 100)),
    scopes       text[]      NOT NULL CHECK (cardinality(scopes) >= 1 AND words_of(scopes, ARRAY['results:read',
        'results:write', 'experts:read', 'organisations:read', 'demands:read', 'policies:read', 'matches:read',
        'changes:read'])),
    -- Where it calls from; from anywhere if none is named.
    networks     text[]      NOT NULL DEFAULT '{}' CHECK (are_networks(networks)),
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz
);
CREATE FUNCTION refuse_renaming() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the name of a partner stands in its records' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER refuse_renaming BEFORE UPDATE ON partners FOR EACH ROW
    WHEN (OLD.name <> NEW.name OR OLD.id <> NEW.id) EXECUTE FUNCTION refuse_renaming();

-- Their secrets, by SHA-256 alone: 256 random bits cannot be guessed. Two at a time, so that one can be changed while
-- the other works.
CREATE TABLE partner_secrets (
    id           uuid PRIMARY KEY,
    partner_id   uuid        NOT NULL REFERENCES partners (id),
    slot         smallint    NOT NULL CHECK (slot IN (1, 2)),
    hash         bytea       NOT NULL CHECK (octet_length(hash) = 32),
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at   timestamptz
);
CREATE UNIQUE INDEX partner_secrets_slot_key ON partner_secrets (partner_id, slot) WHERE revoked_at IS NULL;
CREATE INDEX partner_secrets_revoked ON partner_secrets (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE FUNCTION refuse_secret_revival() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a secret that was revoked stays so' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER refuse_secret_revival BEFORE UPDATE ON partner_secrets FOR EACH ROW
    WHEN (OLD.revoked_at IS NOT NULL) EXECUTE FUNCTION refuse_secret_revival();

-- A partner that is disabled has no secrets.
CREATE FUNCTION revoke_secrets_of_disabled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE partner_secrets SET revoked_at = now() WHERE partner_id = NEW.id AND revoked_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER revoke_secrets_of_disabled AFTER UPDATE OF disabled_at ON users FOR EACH ROW
    WHEN (NEW.disabled_at IS NOT NULL AND OLD.disabled_at IS NULL) EXECUTE FUNCTION revoke_secrets_of_disabled();

CREATE TRIGGER tell_access AFTER UPDATE OF revoked_at ON partner_secrets
    FOR EACH STATEMENT EXECUTE FUNCTION tell_access();
CREATE TRIGGER tell_access AFTER INSERT OR UPDATE OF scopes, networks ON partners
    FOR EACH STATEMENT EXECUTE FUNCTION tell_access();
