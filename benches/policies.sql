-- Policies with 20 clauses each; what a clause asks for is spread over all labels, scales, divisions of
-- manufacturing and levels, a third of them for everybody.
INSERT INTO policies (id, created_at, updated_at, title, level, body, published_on, expires_on, status)
SELECT uuid_v7(), now(), now(), '措施' || n, 'county', '一、支持企业设备更新。', '2020-01-01'::date + n % 2000,
    CASE WHEN n % 10 = 0 THEN '2024-01-01'::date END, CASE WHEN n % 20 = 1 THEN 'draft' ELSE 'published' END
FROM generate_series(1, {policies}) AS n;
INSERT INTO policy_readings (policy_id, version, rules, region) SELECT id, 1, {rules}, '130927' FROM policies;
INSERT INTO policy_audiences (labels, scales, industries, regions, within)
SELECT labels::text[], scales::text[], CASE WHEN division = 0 THEN '{}' ELSE ARRAY['C' || division] END, '{}', within
FROM (VALUES ('{}'), ('{high_tech}'), ('{sme_tech}'), ('{specialised}'), ('{gazelle,unicorn}'), ('{leading}')) AS label (labels),
    (VALUES ('{}'), ('{micro,small}'), ('{medium,small}'), ('{large}')) AS scale (scales),
    (SELECT 0 UNION ALL SELECT generate_series(13, 43)) AS division (division),
    (VALUES (NULL), ('130000'), ('130900'), ('130927')) AS region (within);
WITH spread AS (SELECT id, row_number() OVER (ORDER BY asks, id) AS place FROM policy_audiences)
INSERT INTO policy_clauses (id, policy_id, place, depth, leaf, kind, number, text, start_at, end_at, departments, digest,
    version, audience_id, topics, reasons, offered, published_on, expires_on)
SELECT uuid_v7(), policy.id, k, 0, true, 'clause', k || '.', '对符合条件的企业给予补助。', 0, 20, '[]', sha256(random()::text::bytea),
    1, spread.id, '{}', '[]', policy.status = 'published', policy.published_on, policy.expires_on
FROM (SELECT id, status, published_on, expires_on, row_number() OVER () AS n FROM policies) AS policy, generate_series(0, 19) AS k,
    LATERAL (SELECT CASE WHEN (n + k) % 3 = 0 THEN 1 + (n * 7 + k) % 4 ELSE 1 + (n * 131 + k * 977) % 3072 END) AS chosen (place)
JOIN spread ON spread.place = chosen.place;
ANALYZE policies; ANALYZE policy_clauses; ANALYZE policy_audiences;
