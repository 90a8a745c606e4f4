-- Patent cases: filings that the centre carries for applicants. What must never be is impossible here, whoever writes: a stage
-- that no move leads to, one that is filed without its number and day, a grant without its date, an inventor's identity
-- number, a result whose list of intellectual property does not follow.

-- The moves of `src/patents/stages.rs`; a test holds the two against each other.
CREATE FUNCTION is_patent_move(kind text, from_stage text, to_stage text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN kind <> 'invention' AND (from_stage IN ('published', 'examination') OR to_stage IN ('published', 'examination')) THEN false
    WHEN to_stage = 'withdrawn' THEN from_stage IN ('intake', 'search', 'drafting', 'filed', 'published', 'examination')
    WHEN to_stage = 'rejected' THEN from_stage IN ('filed', 'published', 'examination')
    WHEN from_stage = 'withdrawn' THEN to_stage IN ('intake', 'search', 'drafting', 'filed', 'published', 'examination')
    WHEN from_stage = 'rejected' THEN to_stage IN ('filed', 'published', 'examination')
    WHEN (from_stage, to_stage) = ('filed', 'granted') THEN kind <> 'invention'
    ELSE (from_stage, to_stage) IN (('intake', 'search'), ('search', 'drafting'), ('drafting', 'filed'), ('filed', 'published'),
                                    ('published', 'examination'), ('examination', 'granted')) END;

-- Inventors: names, nationalities (ISO 3166-1 alpha-2), and who of them is an expert of the registry. Nothing else is kept
-- of a person.
CREATE FUNCTION are_inventors(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN coalesce(jsonb_typeof(value) = 'array' AND jsonb_array_length(value) BETWEEN 1 AND 20
   AND NOT EXISTS (
       SELECT FROM jsonb_array_elements(value) AS item WHERE NOT coalesce(
           text_within(item ->> 'name', 1, 100) AND item ->> 'nationality' ~ '^[A-Z]{2}$'
           AND coalesce(item ->> 'expert_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$', true)
           AND item - '{name,nationality,expert_id}'::text[] = '{}', false)), false);

CREATE FUNCTION inventing_experts(inventors jsonb) RETURNS uuid[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ARRAY(SELECT (item ->> 'expert_id')::uuid FROM jsonb_array_elements(inventors) AS item WHERE item ? 'expert_id');

CREATE TABLE patent_cases (
    id                 uuid PRIMARY KEY,
    version            bigint      NOT NULL DEFAULT 1,
    created_at         timestamptz NOT NULL DEFAULT now(),
    created_by         uuid        NOT NULL REFERENCES users (id),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    updated_by         uuid        NOT NULL REFERENCES users (id),
    kind               text        NOT NULL CHECK (kind IN ('invention', 'utility_model', 'design')),
    title              text        NOT NULL CHECK (text_within(title, 2, 200)),
    -- What is new about it.
    summary            text CHECK (text_within(summary, 1, 20000)),
    result_id          uuid REFERENCES results (id),
    applicant_ids      uuid[]      NOT NULL CHECK (ids_within(applicant_ids, 10) AND cardinality(applicant_ids) > 0),
    inventors          jsonb       NOT NULL CHECK (are_inventors(inventors)),
    expert_ids         uuid[]      NOT NULL GENERATED ALWAYS AS (inventing_experts(inventors)) STORED,
    agency             text CHECK (text_within(agency, 2, 200)),
    agent              text CHECK (text_within(agent, 1, 50)),
    priority_date      date,
    priority_number    text CHECK (text_within(priority_number, 5, 40)),
    pct_number         text CHECK (pct_number ~ '^PCT/[A-Z]{2}([0-9]{4}/[0-9]{6}|[0-9]{2}/[0-9]{5})$'),
    application_number text CHECK (application_number ~ '^([0-9]{12}|[0-9]{8})[.][0-9X]$'),
    filing_date        date,
    publication_number text CHECK (publication_number ~ '^(CN([0-9]{7}|[0-9]{9})[A-Z][0-9]?|WO[0-9]{4}/?[0-9]{6}A[0-9]?)$'),
    publication_date   date,
    grant_date         date,
    stage              text        NOT NULL DEFAULT 'intake' CHECK (stage IN ('intake', 'search', 'drafting', 'filed',
        'published', 'examination', 'granted', 'rejected', 'withdrawn')),
    since              timestamptz NOT NULL DEFAULT now(),
    reason             text CHECK (text_within(reason, 1, 2000)),
    CONSTRAINT patent_cases_agent CHECK (agent IS NULL OR agency IS NOT NULL),
    CONSTRAINT patent_cases_priority CHECK ((priority_date IS NULL) = (priority_number IS NULL)),
    CONSTRAINT patent_cases_filing CHECK ((application_number IS NULL) = (filing_date IS NULL) AND CASE
        WHEN stage IN ('intake', 'search', 'drafting') THEN filing_date IS NULL
        WHEN stage = 'withdrawn' THEN true
        ELSE filing_date IS NOT NULL END),
    CONSTRAINT patent_cases_publication CHECK ((publication_number IS NULL) = (publication_date IS NULL)
        AND (publication_date IS NULL OR filing_date IS NOT NULL)
        AND (publication_date IS NOT NULL
             OR NOT (stage IN ('published', 'examination') OR stage = 'granted' AND kind = 'invention'))),
    CONSTRAINT patent_cases_grant CHECK ((grant_date IS NOT NULL) = (stage = 'granted')),
    CONSTRAINT patent_cases_ending CHECK ((reason IS NOT NULL) = (stage IN ('rejected', 'withdrawn'))),
    CONSTRAINT patent_cases_days CHECK (coalesce(priority_date <= filing_date, true)
        AND coalesce(filing_date <= publication_date, true) AND coalesce(filing_date <= grant_date, true)),
    CONSTRAINT patent_cases_kind CHECK (coalesce(substring(application_number FROM '^(?:[0-9]{4}(?=[0-9]{8}[.])|[0-9]{2}(?=[0-9]{6}[.]))([0-9])')
        = ANY (CASE kind WHEN 'invention' THEN '{1,8}' WHEN 'utility_model' THEN '{2,9}' ELSE '{3}' END::text[]), application_number IS NULL))
);
CREATE UNIQUE INDEX patent_cases_application_number_key ON patent_cases (application_number);
CREATE INDEX patent_cases_applicants ON patent_cases USING gin (applicant_ids);
CREATE INDEX patent_cases_experts ON patent_cases USING gin (expert_ids);
CREATE INDEX patent_cases_result ON patent_cases (result_id);
CREATE TRIGGER refuse_removal BEFORE DELETE OR TRUNCATE ON patent_cases
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

-- A case begins at intake, a version is followed only by the next and is kept, and whom it names is there.
CREATE FUNCTION keep_patent_case() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    known uuid[] := '{}';
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.stage <> 'intake' OR NEW.version <> 1 THEN
            RAISE EXCEPTION 'a case begins at intake' USING ERRCODE = 'restrict_violation';
        END IF;
    ELSE
        IF NEW.version <> OLD.version + 1
           OR ROW(NEW.id, NEW.created_at, NEW.created_by) IS DISTINCT FROM ROW(OLD.id, OLD.created_at, OLD.created_by) THEN
            RAISE EXCEPTION 'a version of a case is followed only by the next' USING ERRCODE = 'restrict_violation';
        END IF;
        known := array_remove(OLD.applicant_ids || inventing_experts(OLD.inventors) || OLD.result_id, NULL);
        INSERT INTO record_versions (kind, record_id, version, record)
        VALUES ('patent_case', OLD.id, OLD.version, to_jsonb(OLD));
    END IF;
    PERFORM FROM unnest(NEW.applicant_ids) AS applicant WHERE applicant <> ALL (known)
        AND NOT EXISTS (SELECT FROM organisations WHERE id = applicant AND deleted_at IS NULL);
    IF FOUND THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'patent_cases_applicants', MESSAGE = 'no such organisation';
    END IF;
    PERFORM FROM unnest(inventing_experts(NEW.inventors)) AS expert WHERE expert <> ALL (known)
        AND NOT EXISTS (SELECT FROM experts WHERE id = expert AND deleted_at IS NULL);
    IF FOUND THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'patent_cases_experts', MESSAGE = 'no such expert';
    END IF;
    IF NEW.result_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM results WHERE id = NEW.result_id AND (deleted_at IS NULL OR id = ANY (known))) THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'patent_cases_result_id_fkey', MESSAGE = 'no such result';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_patent_case BEFORE INSERT OR UPDATE ON patent_cases FOR EACH ROW EXECUTE FUNCTION keep_patent_case();

-- Every move, by whom and why. Only ever appended to.
CREATE TABLE patent_moves (
    case_id    uuid        NOT NULL REFERENCES patent_cases (id),
    -- The version of the case that the move made.
    version    bigint      NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    made_by    uuid        NOT NULL REFERENCES users (id),
    from_stage text        NOT NULL,
    to_stage   text        NOT NULL,
    reason     text CHECK (text_within(reason, 1, 2000)),
    PRIMARY KEY (case_id, version)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON patent_moves
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- A move is one of the table and follows on the stage that there was; what ended comes back to where it ended.
CREATE FUNCTION check_patent_move() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved patent_cases;
    last patent_moves;
BEGIN
    SELECT * INTO moved FROM patent_cases WHERE id = NEW.case_id AND version = NEW.version AND stage = NEW.to_stage;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the case did not make this move' USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT * INTO last FROM patent_moves WHERE case_id = NEW.case_id ORDER BY version DESC LIMIT 1;
    IF coalesce(last.to_stage, 'intake') <> NEW.from_stage
       OR NOT is_patent_move(moved.kind, NEW.from_stage, NEW.to_stage)
       OR NEW.from_stage IN ('rejected', 'withdrawn') AND last.from_stage <> NEW.to_stage THEN
        RAISE EXCEPTION 'there is no such move' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_patent_move BEFORE INSERT ON patent_moves FOR EACH ROW EXECUTE FUNCTION check_patent_move();

-- No stage changes without its move.
CREATE FUNCTION require_patent_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM patent_moves WHERE case_id = NEW.id AND version = NEW.version
        AND from_stage = OLD.stage AND to_stage = NEW.stage;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a stage changes by a move alone' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER require_patent_move AFTER UPDATE ON patent_cases DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.stage <> NEW.stage) EXECUTE FUNCTION require_patent_move();

-- A number as it compares: without the marks before it and without blanks.
CREATE FUNCTION bare_patent_number(number text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(upper(number), '^(CN|ZL)|[[:space:]]', '', 'g');

-- The item of a case in a result's list of intellectual property.
CREATE FUNCTION patent_item(filed patent_cases) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN jsonb_build_object('kind', filed.kind, 'number', filed.application_number, 'status', CASE
    WHEN filed.stage = 'granted' THEN 'granted'
    WHEN filed.stage IN ('rejected', 'withdrawn') THEN 'expired'
    WHEN filed.publication_date IS NOT NULL THEN 'published'
    ELSE 'applied' END);

-- The result's list of intellectual property follows its case: an item that has the number (or had it before it was put right)
-- in its place, else one more. From a result that the case is not of any more, it is taken.
CREATE FUNCTION follow_patent_case() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    numbers text[] := ARRAY[bare_patent_number(NEW.application_number)];
    before uuid;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        numbers := numbers || bare_patent_number(OLD.application_number);
        before := OLD.result_id;
    END IF;
    IF before IS DISTINCT FROM NEW.result_id THEN
        UPDATE results SET version = version + 1, updated_at = now(), updated_by = NEW.updated_by,
            intellectual_property = coalesce((
                SELECT jsonb_agg(item ORDER BY place) FROM jsonb_array_elements(intellectual_property) WITH ORDINALITY AS items (item, place)
                WHERE bare_patent_number(item ->> 'number') = ANY (numbers) IS NOT TRUE), '[]')
        WHERE id = before AND deleted_at IS NULL AND EXISTS (
            SELECT FROM jsonb_array_elements(intellectual_property) AS item
            WHERE bare_patent_number(item ->> 'number') = ANY (numbers));
    END IF;
    IF NEW.application_number IS NULL OR NEW.result_id IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE results SET version = version + 1, updated_at = now(), updated_by = NEW.updated_by, intellectual_property = following
    FROM (
        SELECT id AS of, coalesce(jsonb_agg(CASE WHEN own THEN patent_item(NEW) ELSE item END ORDER BY place) FILTER (WHERE item IS NOT NULL), '[]')
            || CASE WHEN coalesce(bool_or(own), false) THEN '[]' ELSE jsonb_build_array(patent_item(NEW)) END AS following
        FROM results LEFT JOIN LATERAL (
            SELECT item, place, coalesce(bare_patent_number(item ->> 'number') = ANY (numbers), false) AS own
            FROM jsonb_array_elements(intellectual_property) WITH ORDINALITY AS items (item, place)) AS items ON true
        WHERE id = NEW.result_id GROUP BY id) AS found
    WHERE id = of AND deleted_at IS NULL AND intellectual_property <> following;
    RETURN NULL;
END $$;
CREATE TRIGGER follow_patent_case AFTER INSERT OR UPDATE ON patent_cases FOR EACH ROW EXECUTE FUNCTION follow_patent_case();

-- Letters of the office. What was put down wrong is put right as another version.
CREATE TABLE patent_letters (
    id         uuid PRIMARY KEY,
    case_id    uuid        NOT NULL REFERENCES patent_cases (id),
    version    bigint      NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by uuid        NOT NULL REFERENCES users (id),
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by uuid        NOT NULL REFERENCES users (id),
    kind       text        NOT NULL CHECK (kind IN ('acceptance', 'formality', 'publication', 'substantive_examination',
        'first_office_action', 'office_action', 'grant_notice', 'rejection', 'deemed_withdrawn', 'other')),
    way        text        NOT NULL CHECK (way IN ('paper', 'electronic')),
    dated_on   date        NOT NULL CHECK (dated_on BETWEEN '1985-04-01' AND '2200-12-31'),
    -- When it entered the system of whom it is for: known of electronic letters since the rules of 2024-01-20.
    entered_on date,
    -- The term that the letter itself sets.
    months     smallint CHECK (months BETWEEN 1 AND 12),
    note       text CHECK (text_within(note, 1, 2000)),
    CONSTRAINT patent_letters_entry CHECK ((entered_on IS NOT NULL) = (way = 'electronic' AND dated_on >= '2024-01-20')
        AND coalesce(entered_on BETWEEN dated_on AND '2200-12-31', true))
);
CREATE INDEX patent_letters_of_case ON patent_letters (case_id, id DESC);

-- What staff note of deadlines: that they were met, and when. The deadlines themselves are computed.
CREATE TABLE patent_marks (
    case_id    uuid        NOT NULL REFERENCES patent_cases (id),
    deadline   text        NOT NULL CHECK (deadline ~ '^[a-z0-9_-]{1,40}$'),
    version    bigint      NOT NULL DEFAULT 1,
    done_on    date,
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by uuid        NOT NULL REFERENCES users (id),
    PRIMARY KEY (case_id, deadline)
);

-- Fees: due by a deadline of the case, or on a day of their own.
CREATE TABLE patent_fees (
    id         uuid PRIMARY KEY,
    case_id    uuid        NOT NULL REFERENCES patent_cases (id),
    version    bigint      NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by uuid        NOT NULL REFERENCES users (id),
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by uuid        NOT NULL REFERENCES users (id),
    kind       text        NOT NULL CHECK (kind IN ('application', 'examination', 'registration', 'annuity', 'reexamination',
        'restoration', 'other')),
    amount     bigint      NOT NULL CHECK (amount BETWEEN 0 AND 1000000000000),
    deadline   text CHECK (deadline ~ '^[a-z0-9_-]{1,40}$'),
    due_on     date,
    paid_on    date,
    CONSTRAINT patent_fees_due CHECK (num_nonnulls(deadline, due_on) = 1)
);
CREATE INDEX patent_fees_of_case ON patent_fees (case_id, id DESC);

-- Letters, marks, fees and days of the calendar: a version is followed only by the next, and is kept.
CREATE FUNCTION keep_patent_part() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'a version is followed only by the next' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_NARGS > 0 THEN
        IF ROW(NEW.id, NEW.case_id, NEW.created_at, NEW.created_by)
           IS DISTINCT FROM ROW(OLD.id, OLD.case_id, OLD.created_at, OLD.created_by) THEN
            RAISE EXCEPTION 'a version is followed only by the next' USING ERRCODE = 'restrict_violation';
        END IF;
        INSERT INTO record_versions (kind, record_id, version, record) VALUES (TG_ARGV[0], OLD.id, OLD.version, to_jsonb(OLD));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_patent_part BEFORE UPDATE ON patent_letters
    FOR EACH ROW EXECUTE FUNCTION keep_patent_part('patent_letter');
CREATE TRIGGER keep_patent_part BEFORE UPDATE ON patent_fees
    FOR EACH ROW EXECUTE FUNCTION keep_patent_part('patent_fee');
CREATE TRIGGER keep_patent_part BEFORE UPDATE ON patent_marks FOR EACH ROW EXECUTE FUNCTION keep_patent_part();
CREATE TRIGGER refuse_removal BEFORE DELETE OR TRUNCATE ON patent_letters
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER refuse_removal BEFORE DELETE OR TRUNCATE ON patent_fees FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER refuse_removal BEFORE DELETE OR TRUNCATE ON patent_marks FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

-- Days that the centre has set in the calendar of working days; none that it has taken back.
CREATE TABLE calendar_days (
    day        date PRIMARY KEY CHECK (day BETWEEN '1985-01-01' AND '2200-12-31'),
    version    bigint      NOT NULL DEFAULT 1,
    works      boolean,
    -- By which notice, or why.
    note       text CHECK (text_within(note, 1, 200)),
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by uuid        NOT NULL REFERENCES users (id),
    CONSTRAINT calendar_days_set CHECK ((works IS NULL) = (note IS NULL))
);
CREATE TRIGGER keep_patent_part BEFORE UPDATE ON calendar_days FOR EACH ROW EXECUTE FUNCTION keep_patent_part();
CREATE TRIGGER refuse_removal BEFORE DELETE OR TRUNCATE ON calendar_days
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

-- A file lies in the database, or in a folder under its hash.
ALTER TABLE files
    ALTER COLUMN content DROP NOT NULL,
    ADD COLUMN place text NOT NULL DEFAULT 'database' CHECK (place IN ('database', 'folder')),
    ADD CONSTRAINT files_place CHECK ((content IS NULL) = (place = 'folder')),
    ADD CONSTRAINT files_size CHECK (size BETWEEN 1 AND 10485760),
    ADD CONSTRAINT files_digest CHECK (octet_length(digest) = 32);

-- Documents of a case: of each kind one version after the other.
CREATE TABLE patent_documents (
    file_id uuid PRIMARY KEY REFERENCES files (id),
    case_id uuid     NOT NULL REFERENCES patent_cases (id),
    kind    text     NOT NULL CHECK (kind IN ('disclosure', 'search_report', 'draft', 'claims', 'drawings', 'letter', 'reply', 'other')),
    number  smallint NOT NULL CHECK (number BETWEEN 1 AND 200),
    CONSTRAINT patent_documents_version UNIQUE (case_id, kind, number)
);
CREATE INDEX patent_documents_of_case ON patent_documents (case_id, file_id DESC);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON patent_documents
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- What people were reminded of: a deadline or a fee that is due on a day, so many days before, once.
CREATE TABLE patent_reminders (
    id       uuid PRIMARY KEY DEFAULT uuid_v7(),
    case_id  uuid        NOT NULL REFERENCES patent_cases (id),
    -- The key of a deadline, or the id of a fee.
    deadline text        NOT NULL CHECK (deadline ~ '^[a-z0-9_-]{1,40}$'),
    kind     text        NOT NULL,
    due_on   date        NOT NULL,
    days     smallint    NOT NULL CHECK (days IN (30, 14, 7, 1)),
    told_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT patent_reminders_once UNIQUE (case_id, deadline, due_on, days)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON patent_reminders
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

ALTER TABLE notifications
    ADD COLUMN patent_reminder_id uuid REFERENCES patent_reminders (id),
    DROP CONSTRAINT notifications_of_one,
    ADD CONSTRAINT notifications_of_one CHECK (num_nonnulls(alert_id, docking_id, team_id, patent_reminder_id) = 1
        AND num_nonnulls(docking_id, docking_version, news) IN (0, 3) AND num_nonnulls(team_id, team_news) IN (0, 2));
CREATE UNIQUE INDEX notifications_patent_once ON notifications (user_id, patent_reminder_id);
DROP TRIGGER refuse_retelling ON notifications;
CREATE TRIGGER refuse_retelling BEFORE UPDATE ON notifications FOR EACH ROW
    WHEN (OLD.read_at IS NOT NULL OR to_jsonb(NEW) - 'read_at' IS DISTINCT FROM to_jsonb(OLD) - 'read_at')
    EXECUTE FUNCTION refuse_retelling();
