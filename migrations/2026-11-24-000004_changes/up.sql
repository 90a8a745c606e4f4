-- Every change of an indexed record, appended in the change's own transaction. A reader takes only rows whose
-- transaction is older than every transaction still open, so that no late commit is ever skipped.
CREATE TABLE changes (
    xid       xid8   NOT NULL DEFAULT pg_current_xact_id(),
    seq       bigint GENERATED ALWAYS AS IDENTITY,
    kind      text   NOT NULL,
    record_id uuid   NOT NULL,
    version   bigint NOT NULL,
    PRIMARY KEY (xid, seq)
);

CREATE FUNCTION append_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO changes (kind, record_id, version) VALUES (TG_ARGV[0], NEW.id, NEW.version);
    NOTIFY duijie_changes;
    RETURN NULL;
END $$;

DO $$
DECLARE
    concept record;
BEGIN
    FOR concept IN SELECT * FROM (VALUES ('organisations', 'organisation'), ('experts', 'expert'), ('results', 'result'),
                                         ('demands', 'demand'), ('policies', 'policy')) AS concepts (name, kind)
    LOOP
        EXECUTE format('CREATE TRIGGER keep_version BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION keep_version(%L)',
                       concept.name, concept.kind);
        EXECUTE format('CREATE TRIGGER refuse_removal BEFORE DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal()', concept.name);
        EXECUTE format('CREATE TRIGGER append_change AFTER INSERT OR UPDATE ON %I
                        FOR EACH ROW EXECUTE FUNCTION append_change(%L)', concept.name, concept.kind);
    END LOOP;
    FOREACH concept.name IN ARRAY ARRAY['experts', 'results', 'demands']
    LOOP
        EXECUTE format('CREATE TRIGGER known_references BEFORE INSERT OR UPDATE ON %I
                        FOR EACH ROW EXECUTE FUNCTION refuse_unknown_references()', concept.name);
    END LOOP;
END $$;
