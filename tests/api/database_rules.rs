//! What must never be is impossible in the database, whoever writes.

use duijie::database::schema;
use serde_json::json;

use crate::harness::{Service, demand, enterprise, expert, policy, result};

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_break_a_rule_cannot_be_written() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let insert = |table: &str, columns: &str, values: &str| {
        format!(
            "INSERT INTO {table} (id, created_at, updated_at, {columns}) VALUES (gen_random_uuid(), now(), now(), {values})"
        )
    };
    let organisation = |columns: &str, values: &str| {
        insert("organisations", &format!("name, kind, {columns}"), &format!("'五金厂', 'enterprise', {values}"))
    };
    let result = |columns: &str, values: &str| {
        insert(
            "results",
            &format!("title, summary, holder_id, {columns}"),
            &format!("'冲压模具', '关于冲压模具寿命的成果。', '{firm}', {values}"),
        )
    };
    let demand = |columns: &str, values: &str| {
        insert(
            "demands",
            &format!("title, description, enterprise_id, {columns}"),
            &format!("'缩松', '球铁阀体总有缩松，废品。', '{firm}', {values}"),
        )
    };
    let wrong = [
        (organisation("credit_code", "'91350100M000100Y44'"), "23514"),
        (organisation("region", "'130999'"), "23503"),
        (organisation("industry", "'C9999'"), "23503"),
        (organisation("labels", "'{gazelle,gazelle}'"), "23514"),
        (organisation("labels", "'{famous}'"), "23514"),
        (organisation("profile", "E'a\\u0007'"), "23514"),
        (organisation("profile", "E'e\\u0301'"), "23514"),
        (organisation("contact", "'{\"phone\": \"call me\"}'"), "23514"),
        (organisation("main_products", "array_fill('x'::text, '{21}')"), "23514"),
        (result("maturity", "10"), "23514"),
        (result("form", "'idea'"), "23514"),
        (result("keywords", "'{a,a}'"), "23514"),
        (result("keywords", "ARRAY[repeat('x', 51)]"), "23514"),
        (result("keywords", "ARRAY['a', NULL]"), "23514"),
        (result("keywords", "ARRAY['a', '']"), "23514"),
        (result("keywords", "ARRAY['a', E'b\\u0001c']"), "23514"),
        (result("keywords", "ARRAY['a', E'e\\u0301']"), "23514"),
        (result("disciplines", "'{460,460}'"), "23514"),
        (result("disciplines", "'{460,4601}'"), "23514"),
        (result("disciplines", "ARRAY['460,470']"), "23514"),
        (result("cooperation", "'{license,license}'"), "23514"),
        (result("cooperation", "'{license,theft}'"), "23514"),
        (result("attachments", "'[{\"name\": \"a\"}]'"), "23514"),
        (result("industries", "'{C9999}'"), "23503"),
        (result("contributor_ids", "ARRAY[NULL]::uuid[]"), "23514"),
        (result("contributor_ids", "ARRAY[gen_random_uuid()]"), "23503"),
        (result("asking_price", "'{\"min\": 5, \"max\": 1}'"), "23514"),
        (result("asking_price", "'{\"negotiable\": true, \"min\": 1}'"), "23514"),
        (result("asking_price", "'{}'"), "23514"),
        (result("source", "'{\"partner\": \"p\"}'"), "23514"),
        (result("intellectual_property", "'[{\"kind\": \"invention\"}]'"), "23514"),
        (result("status", "'sold'"), "23514"),
        (demand("budget", "'{\"min\": 1.5, \"max\": 2}'"), "23514"),
        (demand("wanted", "'{}'"), "23514"),
        (demand("confidentiality", "'secret'"), "23514"),
        (insert("organisations", "name, kind", "'五', 'enterprise'"), "23514"),
        (
            insert("results", "title, summary, holder_id", "'冲压模具', '关于冲压模具寿命的成果。', gen_random_uuid()"),
            "23503",
        ),
        (
            insert(
                "policies",
                "title, level, body, effective_on, expires_on",
                "'措施', 'county', '一、支持企业设备更新。', '2026-01-02', '2026-01-01'",
            ),
            "23514",
        ),
    ];
    for (statement, code) in wrong {
        let refused = service.sql(&statement).await.expect_err(&statement);
        assert!(refused.starts_with(code), "{statement}: {refused}");
    }
    service.sql(&organisation("credit_code", "'91350100M000100Y43'")).await.expect("a good row is taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_row_among_many_refuses_all_of_them_whether_new_or_changed() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let gone = staff.create("organisations", &enterprise("关门的厂")).await;
    staff.delete(&format!("/v1/organisations/{gone}"), "\"1\"").await.expect(204);
    let institute = json!({"name": "研究院", "kind": "institute"});
    let institute = staff.create("organisations", &institute).await;
    let many = |table: &str, columns: &str, values: &str| {
        format!(
            "INSERT INTO {table} (id, created_at, updated_at, {columns})
             SELECT gen_random_uuid(), now(), now(), {values} FROM generate_series(1, 100) AS number"
        )
    };
    let results = |columns: &str, values: &str| {
        let columns = format!("title, summary, holder_id, {columns}");
        many("results", &columns, &format!("'冲压模具', '关于冲压模具寿命的成果。', '{firm}', {values}"))
    };
    let last = |good: &str, bad: &str| format!("CASE number WHEN 100 THEN {bad} ELSE {good} END");
    let holder = |bad: &str| {
        let holder = last(&format!("'{firm}'::uuid"), &format!("'{bad}'"));
        many("results", "title, summary, holder_id", &format!("'冲压模具', '关于冲压模具寿命的成果。', {holder}"))
    };
    let asking = last(&format!("'{firm}'::uuid"), &format!("'{institute}'"));
    let took_part = last("'{}'::uuid[]", "ARRAY[gen_random_uuid()]");
    let refused = [
        (results("industries", &last("'{C3311}'::text[]", "'{C3311,C9999}'")), "known_industries"),
        (results("contributor_ids", &took_part), "known_contributors"),
        (
            many(
                "experts",
                "name, organisation_id, categories, result_ids",
                &format!("'李', '{firm}', '{{research}}'::text[], {took_part}"),
            ),
            "known_results",
        ),
        (holder("00000000-0000-7000-8000-000000000000"), "results_holder_id_fkey"),
        (holder(&gone), "holder_id_living"),
        (
            many(
                "demands",
                "title, description, enterprise_id",
                &format!("'缩松', '球铁阀体总有缩松，废品。', {asking}"),
            ),
            "enterprise_id_kind",
        ),
    ];
    for (statement, constraint) in refused {
        assert_eq!(service.refused_by(&statement).await.as_deref(), Some(constraint), "{statement}");
    }
    assert_eq!(service.value("SELECT count(*) FROM results").await, "0");

    service.sql(&results("status", "'published'")).await.expect("good rows are taken");
    assert_eq!(service.value("SELECT count(*) FROM changes WHERE kind = 'result'").await, "100");
    for (set, constraint) in [
        ("industries = '{C9999}'".to_owned(), "known_industries"),
        ("contributor_ids = ARRAY[gen_random_uuid()]".to_owned(), "known_contributors"),
        (format!("holder_id = '{gone}'"), "holder_id_living"),
    ] {
        let change = format!("UPDATE results SET version = version + 1, {set}");
        assert_eq!(service.refused_by(&change).await.as_deref(), Some(constraint), "{change}");
    }
    let change = format!("UPDATE results SET version = version + 1, holder_id = '{institute}'");
    service.sql(&change).await.expect("a good change is taken");
    assert_eq!(service.value("SELECT count(*) FROM changes WHERE kind = 'result' AND version = 2").await, "100");
}

#[tokio::test(flavor = "multi_thread")]
async fn history_cannot_be_rewritten_and_records_cannot_be_removed() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    staff.create("results", &result(&firm, "冲压模具", "关于冲压模具寿命的一项成果。")).await;
    staff.put(&format!("/v1/organisations/{firm}"), "\"1\"", &enterprise("新五金厂")).await.expect(200);
    for statement in [
        "DELETE FROM results",
        "TRUNCATE results CASCADE",
        "DELETE FROM record_versions",
        "UPDATE record_versions SET version = 9",
        "TRUNCATE record_versions",
        "DELETE FROM audit_events",
        "UPDATE results SET title = '没有新版本'",
        "UPDATE results SET version = version + 2",
        "UPDATE results SET id = gen_random_uuid(), version = version + 1",
    ] {
        let refused = service.sql(statement).await.expect_err(statement);
        assert!(refused.starts_with("23001"), "{statement}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_deleted_comes_back_but_by_undoing_its_merge_and_no_side_changes_but_by_one() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let other = staff.create("organisations", &enterprise("另一厂")).await;
    let gone = staff.create("results", &result(&firm, "冲压模具", "关于冲压模具寿命的一项成果。")).await;
    staff.delete(&format!("/v1/results/{gone}"), "\"1\"").await.expect(204);
    let living = staff.create("results", &result(&firm, "冷铁布置", "关于冷铁布置的一项成果。")).await;
    let body = json!({"kind": "organisation", "ids": [firm, other], "note": "同一家"});
    let pair = staff.create("duplicates", &body).await;
    let by = service.value("SELECT id FROM users LIMIT 1").await;
    let merge = |pair: &str, kept: &str, other: &str| {
        format!(
            "INSERT INTO merges (id, duplicate_id, kind, kept_id, other_id, kept_version, other_version, made_by)
             VALUES (gen_random_uuid(), '{pair}', 'organisation', '{kept}', '{other}', 1, 1, '{by}')"
        )
    };
    let revive = format!("UPDATE results SET version = version + 1, deleted_at = NULL WHERE id = '{gone}'");
    for (statement, code) in [
        (revive.clone(), "23001"),
        (merge(&pair, &firm, &living), "23001"),
        (
            format!(
                "UPDATE duplicates SET version = version + 1, state = 'merged', decided_at = now(), decided_by = '{by}'"
            ),
            "23001",
        ),
        ("UPDATE duplicates SET state = 'resolved'".to_owned(), "23001"),
        ("UPDATE duplicates SET version = version + 1, nearness = 2".to_owned(), "23514"),
        ("UPDATE duplicates SET version = version + 1, state = 'dismissed'".to_owned(), "23514"),
        ("UPDATE duplicates SET version = version + 1, one_id = gen_random_uuid()".to_owned(), "23001"),
        ("DELETE FROM duplicates".to_owned(), "23001"),
        (
            format!(
                "INSERT INTO duplicates (id, kind, one_id, other_id, reasons, nearness)
                  VALUES (gen_random_uuid(), 'result', '{other}', '{firm}', '[{{}}]', 1)"
            ),
            "23514",
        ),
        (
            format!(
                "INSERT INTO duplicates (id, kind, one_id, other_id, reasons, nearness)
                  VALUES (gen_random_uuid(), 'result', '{firm}', '{other}', '[]', 1)"
            ),
            "23514",
        ),
        // The undoing of a merge of others brings nothing else back.
        (
            format!(
                "BEGIN; {}; UPDATE merges SET undone_at = now(), undone_by = '{by}', undone_xid = '1'; {revive}; COMMIT",
                merge(&pair, &firm, &other)
            ),
            "23001",
        ),
    ] {
        let refused = service.sql(&statement).await.expect_err(&statement);
        assert!(refused.starts_with(code), "{statement}: {refused}");
    }
    service.sql(&merge(&pair, &firm, &other)).await.expect("a merge of an open pair");
    for statement in [
        "DELETE FROM merges",
        "TRUNCATE merge_moves",
        "UPDATE merges SET kept_version = 2",
        "UPDATE merges SET merged_version = 2",
    ] {
        let refused = service.sql(statement).await.expect_err(statement);
        assert!(refused.starts_with("23001"), "{statement}: {refused}");
    }
    let twice = merge(&pair, &firm, &other);
    assert_eq!(service.refused_by(&twice).await.as_deref(), Some("merges_standing_key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_run_again_change_nothing() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let (one, two) = tokio::join!(service.database.migrate(), service.database.migrate());
    assert!(one.is_ok() && two.is_ok());
    staff.get(&format!("/v1/organisations/{firm}")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_are_as_the_program_sees_them() {
    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;
    let service = Service::start().await;
    let mut connection = service.database.lasting_connection().await.expect("a connection");
    macro_rules! readable {
        ($($table:ident),+) => {$(
            schema::$table::table.select(schema::$table::all_columns).limit(0).execute(&mut connection).await.expect(stringify!($table));
        )+};
    }
    readable!(
        organisations,
        experts,
        results,
        demands,
        policies,
        industries,
        regions,
        users,
        signing_keys,
        idempotency_keys,
        record_versions,
        matching_runs,
        matching_run_matches,
        alerts,
        dockings,
        docking_moves,
        docking_contacts,
        docking_files,
        docking_reminders,
        files,
        notifications,
        meanings,
        events,
        event_slots,
        event_participants,
        event_wishes,
        event_rules,
        event_meetings,
        event_schedules,
        expert_teams,
        expert_team_members,
        expert_team_visits,
        patent_cases,
        patent_moves,
        patent_letters,
        patent_marks,
        patent_fees,
        patent_documents,
        patent_reminders,
        calendar_days,
        policy_readings,
        policy_audiences,
        policy_clauses,
        policy_confirmations,
        policy_files,
        duplicates,
        duplicate_keys,
        merges,
        merge_moves,
        one_time_links,
        second_factors,
        recovery_codes,
        sign_in_failures,
        partners,
        partner_secrets,
        refresh_tokens,
        sessions,
        centre,
        harvest_items,
        visitors,
        visits,
        webhooks,
        webhook_secrets,
        webhook_deliveries,
        audit_events
    );
}

/// As a dump is read back: rows are held against the rules of their table while no schema is looked into by itself.
#[tokio::test(flavor = "multi_thread")]
async fn rules_hold_without_a_search_path() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let mut cure = result(&firm, "冲压模具", "关于冲压模具寿命的成果。");
    cure["keywords"] = json!(["冲压", "模具"]);
    cure["cooperation"] = json!(["license"]);
    cure["disciplines"] = json!(["46020"]);
    cure["asking_price"] = json!({"negotiable": true});
    cure["intellectual_property"] = json!([{"kind": "trade_secret", "status": "unregistered"}]);
    cure["attachments"] = json!([{"name": "说明", "url": "https://example.org/a.pdf"}]);
    cure["awards"] = json!(["市科技进步奖"]);
    let cure = staff.create("results", &cure).await;
    let mut person = expert(&firm, "陈志远");
    person["result_ids"] = json!([cure]);
    person["expertise"] = json!(["冲压"]);
    staff.create("experts", &person).await;
    staff.create("demands", &demand(&firm, "模具寿命", "冲压模具的寿命太短，想要延长。")).await;
    staff.create("policies", &policy("设备补助")).await;
    service
        .sql("UPDATE results SET version = version + 1, source = '{\"origin\": \"年鉴\"}'")
        .await
        .expect("a source is taken");
    let copied = "DO $$
        DECLARE
            held regclass;
        BEGIN
            PERFORM set_config('search_path', '', true);
            FOR held IN SELECT oid FROM pg_catalog.pg_class
                WHERE relkind = 'r' AND relnamespace = 'public'::pg_catalog.regnamespace
            LOOP
                EXECUTE pg_catalog.format('CREATE TEMP TABLE copied (LIKE %s INCLUDING CONSTRAINTS)', held);
                EXECUTE pg_catalog.format('INSERT INTO pg_temp.copied SELECT * FROM %s', held);
                DROP TABLE pg_temp.copied;
            END LOOP;
        END $$";
    assert_eq!(service.sql(copied).await, Ok(()));
}
