-- The audit log. Every event bears a hash over itself and the one before.
CREATE TABLE audit_events (
    seq         bigint PRIMARY KEY,
    at          timestamptz NOT NULL,
    action      text        NOT NULL CHECK (action ~ '^[a-z_]{1,50}$'),
    actor       uuid,
    role        text        NOT NULL
        CHECK (role IN ('admin', 'staff', 'enterprise', 'expert', 'partner', 'public', 'operator')),
    session     uuid,
    address     text CHECK (char_length(address) <= 50),
    target_kind text CHECK (char_length(target_kind) <= 50),
    target_id   text CHECK (char_length(target_id) <= 100),
    request_id  text CHECK (char_length(request_id) <= 100),
    -- An object of JSON, kept as the text that is hashed.
    details     text        NOT NULL CHECK (json_typeof(details::json) = 'object'),
    hash        bytea       NOT NULL CHECK (octet_length(hash) = 32),
    CHECK ((target_kind IS NULL) = (target_id IS NULL))
);
CREATE INDEX audit_events_actor ON audit_events (actor, seq DESC);
CREATE INDEX audit_events_action ON audit_events (action, seq DESC);
CREATE INDEX audit_events_target ON audit_events (target_id, seq DESC);

-- A field with its length before it, so that nothing can move from one field into the next.
CREATE FUNCTION audit_field(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value IS NULL THEN '-,' ELSE octet_length(value) || ':' || value || ',' END;

-- Numbers an event and chains it. One transaction at a time, until it ends: a chain has no fork.
CREATE FUNCTION chain_audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last_seq  bigint;
    last_hash bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('duijie audit'));
    SELECT seq, hash INTO last_seq, last_hash FROM audit_events ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(last_seq, 0) + 1;
    NEW.at := clock_timestamp();
    NEW.hash := sha256(coalesce(last_hash, decode(repeat('00', 32), 'hex')) || convert_to(
        audit_field(NEW.seq::text) || audit_field(trunc(extract(epoch FROM NEW.at) * 1000000)::bigint::text)
        || audit_field(NEW.action) || audit_field(NEW.actor::text) || audit_field(NEW.role)
        || audit_field(NEW.session::text) || audit_field(NEW.address) || audit_field(NEW.target_kind)
        || audit_field(NEW.target_id) || audit_field(NEW.request_id) || audit_field(NEW.details), 'UTF8'));
    RETURN NEW;
END $$;
CREATE TRIGGER chain BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION chain_audit_event();
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER chain;

-- Views of personal data were noted by themselves before.
INSERT INTO audit_events (action, actor, role, target_kind, target_id, request_id, details)
SELECT 'personal_data_viewed', views.user_id, users.role, views.kind, views.record_id::text, views.request_id,
       json_build_object('at', views.at)::text
FROM personal_data_views AS views JOIN users ON users.id = views.user_id ORDER BY views.id;
DROP TABLE personal_data_views;

-- Only ever appended to, also by the owner of the table and where triggers are switched off for replication.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER append_only;
REVOKE UPDATE, DELETE, TRUNCATE ON audit_events FROM PUBLIC, CURRENT_USER;
