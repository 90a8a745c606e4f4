-- The centre's own page: one row, written over by its staff, its versions kept.
CREATE TABLE centre (
    id            uuid PRIMARY KEY,
    version       bigint      NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL DEFAULT now(),
    created_by    uuid REFERENCES users (id),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    updated_by    uuid REFERENCES users (id),
    deleted_at    timestamptz CHECK (deleted_at IS NULL),
    is_only       boolean     NOT NULL DEFAULT true UNIQUE CHECK (is_only),
    name          text        NOT NULL CHECK (text_within(name, 2, 200)),
    introduction  text CHECK (text_within(introduction, 1, 20000)),
    duties        text[]      NOT NULL DEFAULT '{}' CHECK (texts_within(duties, 20, 200)),
    address       text CHECK (text_within(address, 1, 200)),
    opening_hours text CHECK (text_within(opening_hours, 1, 500)),
    contact       jsonb CHECK (is_contact(contact))
);
CREATE TRIGGER keep_version BEFORE UPDATE ON centre FOR EACH ROW EXECUTE FUNCTION keep_version('centre');
CREATE TRIGGER refuse_removal BEFORE DELETE OR TRUNCATE ON centre FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();

INSERT INTO centre (id, name, duties) VALUES ('01939c5e-0000-7000-8000-00000000ce17', '产学研科技成果转化服务中心', ARRAY[
    '收集国内外高校、院所的科技成果，建立成果库', '建立科研、质量、信息、生产、管理专家库', '引进专业人才，组建专家服务团',
    '搭建专家与企业对接平台，举办对接洽谈活动', '协助科技成果转化', '提供专利申报服务'
]);

-- Who looked at what on a day, as keyed hashes that say nothing of anybody; kept as long as the day can still be counted.
CREATE TABLE visitors (
    subject uuid   NOT NULL,
    day     date   NOT NULL,
    visitor bigint NOT NULL,
    PRIMARY KEY (subject, day, visitor)
);
CREATE INDEX visitors_day ON visitors (day);

-- How many there were: a person counts once a day.
CREATE TABLE visits (
    subject uuid PRIMARY KEY,
    total   bigint NOT NULL CHECK (total >= 1),
    -- The last day on which somebody came, and how many came on it.
    day     date   NOT NULL,
    of_day  bigint NOT NULL CHECK (of_day BETWEEN 1 AND total),
    since   date   NOT NULL CHECK (since <= day)
);
