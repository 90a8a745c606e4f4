//! Signing in, tokens, and who may do what.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::harness::{PASSWORD, Service, demand, enterprise, expert, secret, send};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_login_get_the_same_answer() {
    let service = Service::start().await;
    service.sql("INSERT INTO users (id, login, password_hash, role) SELECT gen_random_uuid(), 'li', password_hash, 'staff' FROM users LIMIT 0")
        .await
        .expect("nothing to insert yet");
    let staff = service.staff().await;
    assert!(!staff.token().is_empty());
    let sign_in = |login: &'static str, password: &'static str| {
        let public = service.public();
        async move { public.post("/v1/sessions", &json!({"login": login, "password": password})).await }
    };
    let unknown = sign_in("nobody", PASSWORD).await;
    let nul = sign_in("no\u{0}body", PASSWORD).await;
    for answer in [unknown, nul] {
        answer.problem(401, "wrong-credentials");
        assert!(answer.header("set-cookie").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_account_cannot_sign_in() {
    let service = Service::start().await;
    service.staff().await;
    service.sql("UPDATE users SET login = 'gone', disabled_at = now()").await.expect("an update");
    let answer = service.public().post("/v1/sessions", &json!({"login": "gone", "password": PASSWORD})).await;
    answer.problem(401, "wrong-credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_ours_or_not_whole_is_refused_even_where_the_public_may_read() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let parts: Vec<&str> = staff.token().split('.').collect();
    let header = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let kid = service.staff().await.token().split('.').next().map(str::to_owned).expect("a header");
    let none = header(r#"{"alg":"none","typ":"JWT"}"#);
    let changed = {
        let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).expect("claims")).expect("text");
        header(&claims.replace("\"role\":\"staff\"", "\"role\":\"expert\""))
    };
    let claims: serde_json::Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).expect("claims")).expect("JSON");
    let true_header = jsonwebtoken::decode_header(staff.token()).expect("a header");
    let resigned = |member: &'static str, value: serde_json::Value| {
        let mut claims = claims.clone();
        claims[member] = value;
        let (service, header) = (&service, &true_header);
        async move { signed(service, header, &claims).await }
    };
    let expired = resigned("exp", json!(1)).await;
    let foreign = resigned("iss", json!("https://elsewhere.example")).await;
    let for_others = resigned("aud", json!("elsewhere")).await;
    let other_type =
        signed(&service, &jsonwebtoken::Header { typ: Some("JWT".to_owned()), ..true_header.clone() }, &claims).await;
    // Signed with the public key as if it were a shared secret.
    let confused = {
        let x = service.public().get("/.well-known/jwks.json").await.expect(200)["keys"][0]["x"].clone();
        let public = URL_SAFE_NO_PAD.decode(x.as_str().expect("a key")).expect("bytes");
        let header = jsonwebtoken::Header { alg: jsonwebtoken::Algorithm::HS256, ..true_header.clone() };
        jsonwebtoken::encode(&header, &claims, &jsonwebtoken::EncodingKey::from_secret(&public)).expect("a token")
    };
    let forged = [
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{kid}.{changed}.{}", parts[2]),
        format!("{}.{}", parts[0], parts[1]),
        "x".repeat(5000),
        String::new(),
        expired,
        foreign,
        for_others,
        other_type,
        confused,
    ];
    for token in forged {
        for (method, path) in [("GET", "/v1/results"), ("POST", "/v1/results")] {
            let request = service.public().request(method, path).bearer_auth(&token).json(&json!({}));
            let answer = send(request).await;
            answer.problem(401, "unauthenticated");
            assert!(answer.header("www-authenticate").is_some_and(|value| value.contains("invalid_token")), "{token}");
        }
    }
    // Another service's key is no key here.
    let other = Service::start().await;
    let theirs = other.staff().await;
    let answer = send(service.public().request("GET", "/v1/results").bearer_auth(theirs.token())).await;
    answer.problem(401, "unauthenticated");
}

/// Claims signed with the service's own key, which only a thief of database and secret could do.
async fn signed(service: &Service, header: &jsonwebtoken::Header, claims: &serde_json::Value) -> String {
    let mut connection = service.database.lasting_connection().await.expect("a connection");
    let keys = duijie::identity::keys::load(&secret(), &mut connection).await.expect("keys");
    let private = keys[0].private.clone().expect("a private key");
    jsonwebtoken::encode(header, claims, &jsonwebtoken::EncodingKey::from_ed_der(&private)).expect("a token")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enterprise_writes_itself_and_its_demands_and_nothing_else() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let own = staff.create("organisations", &enterprise("五金厂")).await;
    let other = staff.create("organisations", &enterprise("玻璃厂")).await;
    let firm = service.enterprise(&own).await;
    firm.patch(&format!("/v1/organisations/{own}"), "\"1\"", &json!({"profile": "自己改的。"})).await.expect(200);
    firm.patch(&format!("/v1/organisations/{other}"), "\"1\"", &json!({"profile": "别人的。"}))
        .await
        .problem(403, "forbidden");
    firm.delete(&format!("/v1/organisations/{own}"), "\"2\"").await.problem(403, "forbidden");
    firm.post("/v1/organisations", &enterprise("又一个厂")).await.problem(403, "forbidden");
    let wish = firm.create("demands", &demand(&own, "模具开裂", "冲压模具冲三万次就开裂。")).await;
    let path = format!("/v1/demands/{wish}");
    firm.patch(&path, "\"1\"", &json!({"status": "closed"})).await.expect(200);
    firm.patch(&path, "\"2\"", &json!({"enterprise_id": other})).await.problem(403, "forbidden");
    firm.post("/v1/demands", &demand(&other, "模具开裂", "冲压模具冲三万次就开裂。")).await.problem(403, "forbidden");
    let stranger = service.enterprise(&other).await;
    stranger.patch(&path, "\"2\"", &json!({"status": "open"})).await.problem(403, "forbidden");
    stranger.get(&format!("{path}/history")).await.problem(403, "forbidden");
    firm.get(&format!("{path}/history")).await.expect(200);
    assert_eq!(firm.delete(&path, "\"2\"").await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expert_writes_the_own_record_and_nothing_else() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let school = staff.create("organisations", &json!({"name": "燕北理工大学", "kind": "university"})).await;
    let own = staff.create("experts", &expert(&school, "陈志远")).await;
    let other = staff.create("experts", &expert(&school, "欧阳修")).await;
    let person = service.expert(&own).await;
    person.patch(&format!("/v1/experts/{own}"), "\"1\"", &json!({"availability": "周末"})).await.expect(200);
    person
        .patch(&format!("/v1/experts/{other}"), "\"1\"", &json!({"availability": "周末"}))
        .await
        .problem(403, "forbidden");
    person.delete(&format!("/v1/experts/{own}"), "\"2\"").await.problem(403, "forbidden");
    person
        .patch(&format!("/v1/organisations/{school}"), "\"1\"", &json!({"profile": "x"}))
        .await
        .problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_and_confidential_demands_are_seen_by_those_they_are_for() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let own = staff.create("organisations", &enterprise("五金厂")).await;
    let other = staff.create("organisations", &enterprise("玻璃厂")).await;
    let (firm, stranger) = (service.enterprise(&own).await, service.enterprise(&other).await);
    for (level, public_sees, stranger_sees) in
        [("public", true, true), ("members", false, true), ("centre_only", false, false)]
    {
        let mut wish = demand(&own, "模具开裂", "冲压模具冲三万次就开裂。");
        wish["confidentiality"] = json!(level);
        let id = firm.create_findable("demands", &wish).await;
        let path = format!("/v1/demands/{id}");
        for (who, client, sees) in [
            ("public", service.public(), public_sees),
            ("stranger", stranger.clone(), stranger_sees),
            ("firm", firm.clone(), true),
            ("staff", staff.clone(), true),
        ] {
            let read = client.get(&path).await;
            assert_eq!(read.status, if sees { 200 } else { 404 }, "{who} {level}");
            assert_eq!(client.get("/v1/demands?limit=100").await.ids().contains(&id), sees, "{who} lists {level}");
            let matches = client.get(&format!("{path}/matches?kind=result")).await;
            assert_eq!(matches.status, if sees { 200 } else { 404 }, "{who} matches {level}");
            let found = client.get("/v1/search?q=%E6%A8%A1%E5%85%B7%E5%BC%80%E8%A3%82&kind=demand&limit=100").await;
            assert_eq!(found.ids().contains(&id), sees, "{who} searches {level}");
            let total = found.expect(200)["total"].as_u64().expect("a total");
            assert_eq!(total, found.ids().len() as u64, "{who} counts {level}");
        }
        // A deleted one that could not be seen is not told to be gone.
        let deleted = firm.delete(&path, "\"1\"").await;
        assert_eq!(deleted.status, 204);
        let after = service.public().get(&path).await;
        assert_eq!(after.status, if public_sees { 410 } else { 404 }, "{level}");
    }
    let draft =
        staff.create("experts", &json!({"name": "陈志远", "organisation_id": own, "categories": ["quality"]})).await;
    service.public().get(&format!("/v1/experts/{draft}")).await.problem(404, "not-found");
    service.expert(&draft).await.get(&format!("/v1/experts/{draft}")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_shown_to_staff_and_owners_and_every_view_is_noted() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let mut firm = enterprise("五金厂");
    firm["contact"] = json!({"person": "赵立新", "phone": "0317-0000101"});
    let id = staff.create_findable("organisations", &firm).await;
    let path = format!("/v1/organisations/{id}");
    let own = service.enterprise(&id).await;
    for client in [&staff, &own] {
        let read = client.get(&path).await;
        assert_eq!(read.expect(200)["contact"]["phone"], "0317-0000101");
        assert_eq!(read.etag(), "\"1\"");
    }
    let other = staff.create("organisations", &enterprise("玻璃厂")).await;
    for client in [service.public(), service.enterprise(&other).await] {
        let read = client.get(&path).await;
        assert!(!read.text.contains("0317") && read.expect(200).get("contact").is_none());
        // Another representation has another tag, good for the same version.
        assert_eq!(read.etag(), "\"1-public\"");
        for address in ["/v1/organisations", "/v1/search?q=%E4%BA%94%E9%87%91%E5%8E%82"] {
            assert!(!client.get(address).await.text.contains("0317"), "{address}");
        }
    }
    assert!(!staff.get("/v1/organisations").await.text.contains("0317"));
    let noted =
        "SELECT count(*) FROM audit_events WHERE action = 'personal_data_viewed' AND target_kind = 'organisation'";
    assert_eq!(service.value(noted).await, "2");
    staff.patch(&path, "\"1-public\"", &json!({"profile": "改了。"})).await.expect(200);
}
