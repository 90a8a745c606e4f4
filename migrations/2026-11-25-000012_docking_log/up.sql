-- Files that belong to a record, kept with it: a backup of the database is one of them too.
CREATE TABLE files (
    id         uuid PRIMARY KEY,
    -- One line, without what leads out of a folder or shows another name than it is.
    name       text        NOT NULL CHECK (text_within(name, 3, 200) AND name !~ '[/\\\n\t\u200E\u200F\u202A-\u202E\u2066-\u2069]'),
    media_type text        NOT NULL CHECK (media_type ~ '^[a-z]+/[a-z0-9.+-]+$'),
    size       integer     NOT NULL CHECK (size = octet_length(content) AND size BETWEEN 1 AND 10485760),
    digest     bytea       NOT NULL CHECK (digest = sha256(content)),
    content    bytea       NOT NULL,
    created_by uuid        NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL DEFAULT now()
);
-- There is little in documents and pictures to compress.
ALTER TABLE files ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON files
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- The log of a docking's contacts: on which day, how, who, what. Only ever appended to.
CREATE TABLE docking_contacts (
    id         uuid PRIMARY KEY,
    docking_id uuid        NOT NULL REFERENCES dockings (id),
    "on"       date        NOT NULL,
    way        text        NOT NULL CHECK (way IN ('phone', 'message', 'email', 'meeting', 'visit', 'video', 'other')),
    people     text        NOT NULL CHECK (text_within(people, 1, 200)),
    note       text        NOT NULL CHECK (text_within(note, 1, 5000)),
    party      text        NOT NULL CHECK (party IN ('centre', 'enterprise', 'counterpart')),
    created_by uuid        NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT docking_contacts_of_docking UNIQUE (docking_id, id)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON docking_contacts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- Its files, of one of its contacts or of the docking itself.
CREATE TABLE docking_files (
    file_id    uuid PRIMARY KEY REFERENCES files (id),
    docking_id uuid NOT NULL REFERENCES dockings (id),
    contact_id uuid,
    party      text NOT NULL CHECK (party IN ('centre', 'enterprise', 'counterpart')),
    CONSTRAINT docking_files_contact FOREIGN KEY (docking_id, contact_id) REFERENCES docking_contacts (docking_id, id)
);
CREATE INDEX docking_files_of_docking ON docking_files (docking_id, file_id DESC);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON docking_files
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- Which times of stillness people were reminded of: each once.
CREATE TABLE docking_reminders (
    docking_id uuid        NOT NULL REFERENCES dockings (id),
    since      timestamptz NOT NULL,
    told_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (docking_id, since)
);
