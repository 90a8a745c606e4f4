-- What harvesters are told of: every record that was ever public, with the second at which it was last known to change.
CREATE TABLE harvest_items (
    record_id  uuid PRIMARY KEY,
    kind       text        NOT NULL CHECK (kind IN ('result', 'expert', 'organisation', 'demand', 'policy')),
    changed_at timestamptz NOT NULL,
    deleted    boolean     NOT NULL,
    sets       text[]      NOT NULL
);
CREATE INDEX harvest_items_changed ON harvest_items (changed_at);
CREATE INDEX harvest_items_sets ON harvest_items USING gin (sets);

-- How far in the change table they are written.
CREATE TABLE harvest_position (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    xid     xid8   NOT NULL,
    seq     bigint NOT NULL
);
INSERT INTO harvest_position (xid, seq) VALUES ('0', -1);
