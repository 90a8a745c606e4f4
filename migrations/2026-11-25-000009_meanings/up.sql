-- What the texts of records mean: the vectors of their windows, each a scale (float4, most significant byte first) and 384
-- bytes with a sign. They are of the text with this digest (SHA-256), and can be computed again at any time.
CREATE TABLE meanings (
    kind      text  NOT NULL CHECK (kind IN ('result', 'expert', 'organisation', 'demand', 'policy')),
    record_id uuid  NOT NULL,
    -- Vectors of different models cannot be compared.
    model     text  NOT NULL CHECK (char_length(model) BETWEEN 1 AND 100),
    digest    bytea NOT NULL CHECK (octet_length(digest) = 32),
    vectors   bytea NOT NULL CHECK (octet_length(vectors) > 0 AND octet_length(vectors) % 388 = 0),
    PRIMARY KEY (kind, record_id, model)
);
-- There is nothing in them to compress.
ALTER TABLE meanings ALTER COLUMN vectors SET STORAGE EXTERNAL;

-- How far each model has come in the changes. A row moves in the transaction that keeps what was computed.
CREATE TABLE meaning_position (
    model text PRIMARY KEY CHECK (char_length(model) BETWEEN 1 AND 100),
    xid   xid8   NOT NULL,
    seq   bigint NOT NULL
);
