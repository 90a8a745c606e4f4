//! What is refused: every move that is not the caller's, bad input, and what the database lets nobody write.

use duijie::dockings::stages::{self, Maker};
use duijie::dockings::{DockingSide, DockingStage};
use serde_json::json;

use super::{County, contract, go, make, to, undo};
use crate::harness::{Client, send};

/// Who asks for a move, and what the rules in words say of it: the side that was asked answers, the side that asked can
/// withdraw, either side goes on, and the centre may do everything.
fn allowed(stage: &str, next: &str, side: &str, asked_by: &str) -> bool {
    let ahead = ["requested", "accepted", "negotiating", "contracted", "implementing", "completed"];
    let place = ahead.iter().position(|known| *known == stage);
    let Some(place) = place.filter(|place| *place < 5) else { return false };
    let (centre, asks) = (side == "centre", side == asked_by);
    match next {
        "declined" => centre || !asks,
        "abandoned" => centre || asks || stage != "requested",
        "accepted" => stage == "requested" && (centre || !asks),
        _ => ahead[place + 1] == next,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_move_is_made_by_whom_the_rules_name_and_by_nobody_else() {
    let county = County::set().await;
    let everybody: [(&str, &Client); 5] = [
        ("centre", &county.staff),
        ("enterprise", &county.firm.1),
        ("counterpart", &county.school.1),
        ("stranger", &county.stranger),
        ("expert", &county.person.1),
    ];
    let (mut made, mut refused) = (0, 0);
    for asked_by in ["enterprise", "counterpart"] {
        for stage in DockingStage::ALL.map(DockingStage::as_str) {
            let (mut path, mut etag) = county.docking_at(stage, asked_by).await;
            for next in DockingStage::ALL.map(DockingStage::as_str) {
                for (side, client) in everybody {
                    let told = format!("{side}, {stage} to {next}, asked by {asked_by}");
                    let outside = matches!(side, "stranger" | "expert");
                    let may = !outside && allowed(stage, next, side, asked_by);
                    let open = client.get(&format!("{path}/moves")).await;
                    let shown = open.body["open"].as_array().into_iter().flatten().any(|one| one["to"] == next);
                    assert_eq!(shown, may, "{told}: {}", open.text);
                    let answer = go(client, &path, &etag, next).await;
                    if may {
                        assert_eq!(answer.expect(201)["stage"], next, "{told}");
                        made += 1;
                        county.end(&path).await;
                        (path, etag) = county.docking_at(stage, asked_by).await;
                        continue;
                    }
                    let there = stages::MOVES.iter().any(|row| row.from.as_str() == stage && row.to.as_str() == next);
                    let status = if outside {
                        404
                    } else if there {
                        403
                    } else {
                        409
                    };
                    assert_eq!(answer.status, status, "{told}: {}", answer.text);
                    assert_eq!(county.staff.get(&path).await.etag(), etag, "{told}");
                    refused += 1;
                }
                go(&county.service.public(), &path, &etag, next).await.problem(401, "unauthenticated");
            }
            county.end(&path).await;
        }
    }
    // Of fifteen moves the centre may make all, and each side all but those of the other.
    assert_eq!((made, made + refused), (2 * (15 + 9 + 14), 2 * 8 * 8 * 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_knows_the_same_moves() {
    let county = County::set().await;
    for from in DockingStage::ALL {
        for next in DockingStage::ALL {
            let asked = format!("SELECT is_docking_move('{}', '{}')", from.as_str(), next.as_str());
            let known = stages::find(from, next).is_some();
            assert_eq!(county.service.value(&asked).await, known.to_string(), "{from:?} {next:?}");
        }
    }
    let asking = stages::MOVES.iter().filter(|row| row.maker == Maker::Asking).count();
    assert_eq!((asking, DockingSide::WORDS.len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_without_what_it_needs_or_with_what_it_does_not_is_refused() {
    let county = County::set().await;
    let (path, etag) = county.docking_at("negotiating", "enterprise").await;
    let tomorrow = (chrono::Utc::now() + chrono::TimeDelta::days(3)).date_naive();
    let cases = [
        (json!({"to": "contracted"}), "/contract required_for_stage"),
        (json!({"to": "abandoned"}), "/reason required_for_stage"),
        (json!({"to": "abandoned", "reason": "whim"}), "/reason not_allowed"),
        (json!({"to": "abandoned", "reason": "result_transferred"}), "/reason not_allowed"),
        (json!({"to": "abandoned", "reason": "price", "contract": contract()}), "/contract not_for_stage"),
        (json!({"to": "contracted", "contract": contract(), "reason": "price"}), "/reason not_for_stage"),
        (json!({"to": "contracted", "contract": contract(), "reason_note": "太贵"}), "/reason_note not_for_stage"),
        (json!({"to": "contracted", "contract": {"kind": "service", "amount": 1}}), "/contract/signed_on required"),
        (
            json!({"to": "contracted", "contract": {"kind": "service", "signed_on": "2026-03-01"}}),
            "/contract/amount required",
        ),
        (json!({"to": "contracted", "contract": {"amount": 1, "signed_on": "2026-03-01"}}), "/contract/kind required"),
        (
            json!({"to": "contracted", "contract": {"kind": "loan", "amount": 1, "signed_on": "2026-03-01"}}),
            "/contract/kind not_allowed",
        ),
        (
            json!({"to": "contracted", "contract": {"kind": "service", "amount": -1, "signed_on": "2026-03-01"}}),
            "/contract/amount out_of_range",
        ),
        (
            json!({"to": "contracted", "contract": {"kind": "service", "amount": 1.5, "signed_on": "2026-03-01"}}),
            "/contract/amount wrong_type",
        ),
        (
            json!({"to": "contracted", "contract": {"kind": "service", "amount": 1, "signed_on": "2026-02-30"}}),
            "/contract/signed_on format",
        ),
        (
            json!({"to": "contracted", "contract": {"kind": "service", "amount": 1, "signed_on": tomorrow}}),
            "/contract/signed_on in_future",
        ),
        (
            json!({"to": "contracted", "contract": {"kind": "service", "amount": 1, "signed_on": "2026-03-01",
                   "registration_number": "12345"}}),
            "/contract/registration_number format",
        ),
        (json!({"to": "wedding"}), "/to not_allowed"),
        (json!({}), "/to required"),
        (json!({"to": "contracted", "contract": contract(), "price": 1}), "/price unknown_field"),
    ];
    for (body, fault) in cases {
        let answer = make(&county.staff, &path, &etag, &body).await;
        answer.problem(422, "invalid-input");
        assert!(answer.faults().contains(&fault.to_owned()), "{body}: {}", answer.text);
    }
    let unconditional = send(county.staff.request("POST", &format!("{path}/moves")).json(&to("contracted"))).await;
    unconditional.problem(428, "precondition-required");
    make(&county.staff, &path, "\"1\"", &to("contracted")).await.problem(412, "precondition-failed");
    send(county.staff.request("POST", &format!("{path}/undo"))).await.problem(428, "precondition-required");
    county.staff.put(&format!("{path}/contract"), &etag, &contract()).await.problem(409, "conflict");
    let outcome = json!({"investment": 1, "new_output_value": 1, "tax": 1, "jobs": 1});
    county.staff.put(&format!("{path}/outcomes/6"), &etag, &outcome).await.problem(409, "conflict");
    let wrong = json!({"investment": -1, "new_output_value": 1, "tax": 1, "jobs": 1_000_000, "feedback": 6});
    let answer = county.staff.put(&format!("{path}/outcomes/6"), &etag, &wrong).await;
    assert_eq!(answer.faults(), ["/feedback out_of_range", "/investment out_of_range", "/jobs out_of_range"]);
    for path in ["/v1/dockings/x", "/v1/dockings/01939c5e-0000-7000-8000-000000000000"] {
        county.staff.get(path).await.problem(404, "not-found");
        go(&county.staff, path, "\"1\"", "accepted").await.problem(404, "not-found");
        undo(&county.staff, path, "\"1\"").await.problem(404, "not-found");
    }
    assert_eq!(county.staff.get(&path).await.etag(), etag);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_what_is_not_there_not_open_or_not_to_be_seen_is_refused() {
    let county = County::set().await;
    let nobody = "01939c5e-0000-7000-8000-000000000000";
    let (demand, result, person) = (&county.demand, &county.result, &county.person.0);
    let draft = json!({"title": "模具钢热处理", "summary": "冲压模具的热处理工艺。", "holder_id": county.school.0});
    let draft = county.staff.create("results", &draft).await;
    let mut own = crate::harness::result(&county.firm.0, "自家的工艺", "本厂自己持有的一项工艺。");
    own["status"] = json!("published");
    let own = county.staff.create("results", &own).await;
    let solved = crate::harness::demand(&county.firm.0, "已解决的需求", "这项需求早已解决，不再对接。");
    let solved = county.staff.create("demands", &solved).await;
    county.staff.patch(&format!("/v1/demands/{solved}"), "\"1\"", &json!({"status": "solved"})).await.expect(200);
    let cases = [
        (json!({}), vec![" either_or", " either_or"]),
        (json!({"demand_id": demand}), vec![" either_or"]),
        (json!({"demand_id": demand, "result_id": result, "expert_id": person}), vec![" either_or"]),
        (json!({"demand_id": demand, "enterprise_id": county.firm.0, "result_id": result}), vec![" either_or"]),
        (json!({"demand_id": nobody, "result_id": result}), vec!["/demand_id unknown_reference"]),
        (json!({"demand_id": demand, "result_id": nobody}), vec!["/result_id unknown_reference"]),
        (json!({"demand_id": demand, "expert_id": nobody}), vec!["/expert_id unknown_reference"]),
        (json!({"demand_id": "x", "expert_id": person}), vec!["/demand_id format"]),
        (json!({"enterprise_id": county.school.0, "expert_id": person}), vec!["/enterprise_id not_an_enterprise"]),
        (json!({"demand_id": demand, "result_id": own}), vec!["/result_id same_side"]),
        (json!({"demand_id": demand, "result_id": draft}), vec![" not_open"]),
        (json!({"demand_id": solved, "result_id": result}), vec!["/demand_id not_open"]),
        (json!({"demand_id": demand, "result_id": result, "note": ""}), vec!["/note too_short"]),
        (json!({"demand_id": demand, "result_id": result, "stage": "completed"}), vec!["/stage unknown_field"]),
        (json!({"demand_id": demand, "result_id": result, "score": 1}), vec!["/score unknown_field"]),
    ];
    for (body, faults) in cases {
        let answer = county.staff.post("/v1/dockings", &body).await;
        answer.problem(422, "invalid-input");
        assert_eq!(answer.faults(), faults, "{body}");
    }
    // What a side may not read is not there for it.
    let hidden = json!({"demand_id": demand, "result_id": draft});
    assert_eq!(county.firm.1.post("/v1/dockings", &hidden).await.faults(), ["/result_id unknown_reference"]);
    county
        .staff
        .patch(&format!("/v1/demands/{demand}"), "\"1\"", &json!({"confidentiality": "centre_only"}))
        .await
        .expect(200);
    let secret = json!({"demand_id": demand, "expert_id": person});
    assert_eq!(county.person.1.post("/v1/dockings", &secret).await.faults(), ["/demand_id unknown_reference"]);
    county.firm.1.post("/v1/dockings", &secret).await.expect(201);
    county.firm.1.post("/v1/dockings", &secret).await.problem(409, "conflict");
    assert_eq!(county.service.value("SELECT count(*) FROM dockings").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_what_must_never_be() {
    let county = County::set().await;
    let (path, _) = county.docking_at("accepted", "enterprise").await;
    let id = path.rsplit('/').next().expect("an id").to_owned();
    let update = |set: &str| format!("UPDATE dockings SET version = version + 1, {set} WHERE id = '{id}'");
    let record = |from: &str, next: &str, more: &str| {
        format!(
            "INSERT INTO docking_moves (docking_id, version, party, from_stage, to_stage{}) VALUES ('{id}', 3, 'centre', '{from}', '{next}'{})",
            if more.is_empty() { "" } else { ", undoes" },
            if more.is_empty() { String::new() } else { format!(", {more}") }
        )
    };
    let signed = "contract = '{\"kind\": \"service\", \"amount\": 1, \"signed_on\": \"2026-03-01\"}'";
    let many = [
        // A move that is not on record.
        update("stage = 'negotiating'"),
        // A jump, though it be put on record.
        format!(
            "BEGIN; {}; {}; COMMIT",
            update(&format!("stage = 'implementing', {signed}")),
            record("accepted", "implementing", "")
        ),
        format!("BEGIN; {}; {}; COMMIT", update("stage = 'requested'"), record("accepted", "requested", "")),
        // Taking back what opened personal data.
        format!("BEGIN; {}; {}; COMMIT", update("stage = 'requested'"), record("accepted", "requested", "2")),
        // A record of what did not happen.
        record("accepted", "negotiating", ""),
        // A version that is not the next, other sides, or a docking that is gone.
        format!("UPDATE dockings SET note = '改' WHERE id = '{id}'"),
        update(&format!("provider_id = '{}'", county.person.0)),
        update("score = 1"),
        "DELETE FROM dockings".to_owned(),
        "TRUNCATE dockings CASCADE".to_owned(),
        "UPDATE docking_moves SET to_stage = 'completed'".to_owned(),
        "DELETE FROM docking_moves".to_owned(),
    ];
    for statement in many {
        let refused = county.service.sql(&statement).await.expect_err(&statement);
        assert!(refused.starts_with("23001"), "{statement}: {refused}");
    }
    let checked = [
        (update("stage = 'contracted'"), "dockings_contract"),
        (update("stage = 'completed'"), "dockings_contract"),
        (
            update("stage = 'contracted', contract = '{\"kind\": \"service\", \"amount\": 1}'"),
            "dockings_contract_check",
        ),
        (
            update("stage = 'contracted', contract = '{\"kind\": \"service\", \"signed_on\": \"2026-03-01\"}'"),
            "dockings_contract_check",
        ),
        (
            update("stage = 'contracted', contract = '{\"amount\": 1, \"signed_on\": \"2026-03-01\"}'"),
            "dockings_contract_check",
        ),
        (update(signed), "dockings_contract"),
        (update("stage = 'abandoned'"), "dockings_ending"),
        (update("stage = 'declined'"), "dockings_ending"),
        (update("reason = 'price'"), "dockings_ending"),
        (update("stage = 'wedding'"), "dockings_stage_check"),
    ];
    for (statement, constraint) in checked {
        assert_eq!(county.service.refused_by(&statement).await.as_deref(), Some(constraint), "{statement}");
    }
    let insert = |columns: &str, values: &str| {
        format!(
            "INSERT INTO dockings (id, enterprise_id, enterprise_name, counterpart_title, provider_name, asked_by, {columns})
             VALUES (gen_random_uuid(), '{}', '五金', '成果', '大学', 'enterprise', {values})",
            county.firm.0
        )
    };
    let (result, person, school) = (&county.result, &county.person.0, &county.school.0);
    let inserted = [
        (insert("provider_id", &format!("'{school}'")), "docking_counterpart"),
        (
            insert("provider_id, result_id, expert_id", &format!("'{school}', '{result}', '{person}'")),
            "dockings_one_counterpart",
        ),
        (insert("provider_id, result_id", &format!("'{person}', '{result}'")), "docking_counterpart"),
        (
            insert(
                "provider_id, result_id, demand_id, demand_title",
                &format!("'{school}', '{result}', '{}', '缩松'", county.demand),
            ),
            "dockings_open_pair_key",
        ),
    ];
    for (statement, constraint) in inserted {
        assert_eq!(county.service.refused_by(&statement).await.as_deref(), Some(constraint), "{statement}");
    }
    let ready = insert("provider_id, result_id, stage", &format!("'{school}', '{result}', 'accepted'"));
    assert!(county.service.sql(&ready).await.expect_err("no docking begins so").starts_with("23001"));
    assert_eq!(county.staff.get(&path).await.etag(), "\"2\"");
}
