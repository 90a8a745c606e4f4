//! People: invited, signing in with a second factor, forgetting passwords, and those who guess.

use serde_json::{Value, json};

use crate::harness::{Answer, Client, ISSUER, PASSWORD, Service, code_of, demand, enterprise, send};

/// The token of a one-time link.
fn token(answer: &Answer, page: &str) -> String {
    let link = answer.body["link"].as_str().expect("a link");
    link.strip_prefix(&format!("{ISSUER}/{page}#")).expect("the page's address").to_owned()
}

/// Signs in from an address.
async fn sign_in(service: &Service, from: &str, body: &Value) -> Answer {
    send(service.public().request("POST", "/v1/sessions").header("x-forwarded-for", from).json(body)).await
}

async fn delete(client: &Client, path: &str) -> Answer {
    send(client.request("DELETE", path)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_makes_one_account_of_what_it_is_for() {
    let service = Service::start().await;
    let staff = service.strong_staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let invited = staff.post("/v1/invitations", &json!({"role": "enterprise", "organisation_id": firm})).await;
    invited.expect(201);
    assert_eq!(invited.header("cache-control"), Some("no-store"));
    let token = token(&invited, "invitation");
    assert_eq!(staff.get("/v1/invitations").await.ids(), [invited.body["id"].as_str().expect("an id")]);
    let accept = async |token: &str, login: &str, password: &str| {
        let body = json!({"token": token, "login": login, "password": password});
        service.public().post("/v1/accounts", &body).await
    };
    for (login, password, fault) in [
        ("zhao", "short", "/password too_short"),
        ("zhao", "iloveyou", "/password common"),
        ("-zhao", PASSWORD, "/login format"),
        ("李", PASSWORD, "/login format"),
    ] {
        let refused = accept(&token, login, password).await;
        refused.problem(422, "invalid-input");
        assert_eq!(refused.faults(), [fault]);
    }
    accept("x", "zhao", PASSWORD).await.problem(410, "link-spent");
    // Of many at once one makes the account.
    let tries: Vec<String> = (0..6).map(|place| format!("Zhao-{place}")).collect();
    let answers = futures_util::future::join_all(tries.iter().map(|login| accept(&token, login, PASSWORD))).await;
    let made: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 410)), "{answers:?}");
    let login = made[0].body["login"].as_str().expect("a login");
    assert_eq!(login, login.to_lowercase());
    let session = sign_in(&service, "203.0.113.1", &json!({"login": login, "password": PASSWORD})).await;
    assert_eq!((&session.expect(201)["role"], &session.body["organisation_id"]), (&json!("enterprise"), &json!(firm)));
    let own = service.public().with_session(&session.body);
    own.create("demands", &demand(&firm, "模具开裂", "冲压模具冲三万次就开裂。")).await;
    assert!(staff.get("/v1/invitations").await.ids().is_empty());
    let account = own.get("/v1/account").await;
    assert_eq!((&account.expect(200)["login"], &account.body["second_factor"]), (&json!(login), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_invite_those_outside_the_centre_and_admins_everybody() {
    let service = Service::start().await;
    let (staff, admin) = (service.strong_staff().await, service.admin().await);
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    for role in ["staff", "admin", "partner", "public"] {
        staff.post("/v1/invitations", &json!({"role": role})).await.problem(403, "forbidden");
    }
    let invited = admin.post("/v1/invitations", &json!({"role": "staff"})).await;
    token(&invited, "invitation");
    for (body, fault) in [
        (json!({"role": "enterprise"}), "/organisation_id required_for_role"),
        (json!({"role": "expert", "organisation_id": firm}), "/expert_id required_for_role"),
        (json!({"role": "staff", "organisation_id": firm}), "/organisation_id not_for_role"),
        (json!({"role": "enterprise", "organisation_id": ISSUER}), "/organisation_id format"),
        (json!({"role": "expert", "expert_id": firm}), "/expert_id unknown_reference"),
        (json!({"role": "boss"}), "/role not_allowed"),
    ] {
        let refused = admin.post("/v1/invitations", &body).await;
        refused.problem(422, "invalid-input");
        assert!(refused.faults().contains(&fault.to_owned()), "{:?}", refused.faults());
    }
    // Staff neither see nor revoke the invitation of a colleague; a revoked one is good no more.
    let path = format!("/v1/invitations/{}", invited.body["id"].as_str().expect("an id"));
    assert!(staff.get("/v1/invitations").await.ids().is_empty());
    delete(&staff, &path).await.problem(404, "not-found");
    assert_eq!(delete(&admin, &path).await.status, 204);
    delete(&admin, &path).await.problem(404, "not-found");
    let body = json!({"token": token(&invited, "invitation"), "login": "sun", "password": PASSWORD});
    service.public().post("/v1/accounts", &body).await.problem(410, "link-spent");
    let old = admin.post("/v1/invitations", &json!({"role": "staff"})).await;
    service.sql("UPDATE one_time_links SET expires_at = now() WHERE revoked_at IS NULL").await.expect("a week");
    let body = json!({"token": token(&old, "invitation"), "login": "sun", "password": PASSWORD});
    service.public().post("/v1/accounts", &body).await.problem(410, "link-spent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_asked_for_and_each_code_is_good_once() {
    let service = Service::start().await;
    let staff = service.staff().await;
    service.sql("UPDATE users SET login = 'li'").await.expect("a login");
    let wrong = staff.post("/v1/account/second-factor", &json!({"current_password": "another password"})).await;
    assert_eq!((wrong.status, wrong.faults()), (422, vec!["/current_password wrong".to_owned()]));
    let key = staff.post("/v1/account/second-factor", &json!({"current_password": PASSWORD})).await;
    let uri = key.expect(201)["uri"].as_str().expect("an address").to_owned();
    let key = key.body["secret"].as_str().expect("a key").to_owned();
    assert!(uri.starts_with("otpauth://totp/Duijie:li?secret=") && uri.contains(&key), "{uri}");
    // Until it is confirmed signing in is as before.
    sign_in(&service, "203.0.113.1", &json!({"login": "li", "password": PASSWORD})).await.expect(201);
    let confirm =
        async |code: &str| send(staff.request("PUT", "/v1/account/second-factor").json(&json!({"code": code}))).await;
    assert_eq!(confirm("12345").await.faults(), ["/code wrong"]);
    // The code of a step ago: it stays that of this step, should the next begin meanwhile.
    let used = code_of(&key, -1);
    let confirmed = confirm(&used).await;
    let codes: Vec<String> = serde_json::from_value(confirmed.expect(200)["recovery_codes"].clone()).expect("codes");
    assert_eq!(codes.len(), 10);
    assert_eq!(service.value("SELECT count(*) FROM recovery_codes").await, "10");
    let again = staff.post("/v1/account/second-factor", &json!({"current_password": PASSWORD})).await;
    again.problem(409, "conflict");
    let with = async |more: Value| {
        let mut body = json!({"login": "li", "password": PASSWORD});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        sign_in(&service, "203.0.113.1", &body).await
    };
    with(json!({})).await.problem(401, "code-required");
    with(json!({"code": used})).await.problem(401, "wrong-credentials");
    with(json!({"code": "abcdef"})).await.problem(401, "wrong-credentials");
    let code = code_of(&key, 0);
    let session = with(json!({"code": code})).await;
    with(json!({"code": code})).await.problem(401, "wrong-credentials");
    let strong = service.public().with_session(session.expect(201));
    strong.get("/v1/accounts").await.expect(200);
    staff.get("/v1/accounts").await.problem(403, "second-factor-required");
    // A recovery code, however it is typed, and only once.
    let typed = codes[3].to_lowercase().replace('-', " ");
    let recovered = with(json!({"recovery_code": typed})).await;
    recovered.expect(201);
    with(json!({"recovery_code": codes[3]})).await.problem(401, "wrong-credentials");
    let renewed = strong.post("/v1/account/recovery-codes", &json!({})).await;
    assert_ne!(renewed.expect(200)["recovery_codes"], json!(codes));
    with(json!({"recovery_code": codes[4]})).await.problem(401, "wrong-credentials");
    assert_eq!(delete(&strong, "/v1/account/second-factor").await.status, 204);
    strong.get("/v1/accounts").await.problem(401, "unauthenticated");
    let plain = sign_in(&service, "203.0.113.1", &json!({"login": "li", "password": PASSWORD})).await;
    assert_eq!(plain.expect(201)["role"], "staff");
    let kept = service.value("SELECT count(*) FROM second_factors").await;
    assert_eq!(kept, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_gives_another_password_once_and_ends_all_sessions() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let firm = admin.create("organisations", &enterprise("五金厂")).await;
    let own = service.enterprise(&firm).await;
    let account = own.get("/v1/account").await.expect(200).clone();
    let (id, login) = (account["id"].as_str().expect("an id"), account["login"].as_str().expect("a login"));
    let path = format!("/v1/accounts/{id}/password-resets");
    let staff = service.strong_staff().await;
    let first = staff.post(&path, &json!({})).await;
    let second = staff.post(&path, &json!({})).await;
    let reset = async |link: &Answer, password: &str| {
        let body = json!({"token": token(link, "password-reset"), "new_password": password});
        service.public().post("/v1/password-resets", &body).await
    };
    // The newest link is the one that works, and an invitation's page takes it as little as any other.
    reset(&first, "staple battery horse").await.problem(410, "link-spent");
    let misused = json!({"token": token(&second, "password-reset"), "login": "x1", "password": PASSWORD});
    service.public().post("/v1/accounts", &misused).await.problem(410, "link-spent");
    assert_eq!(reset(&second, login).await.faults(), ["/new_password common"]);
    assert_eq!(reset(&second, "staple battery horse").await.status, 204);
    reset(&second, "staple battery horse").await.problem(410, "link-spent");
    own.get("/v1/account").await.problem(401, "unauthenticated");
    let old = sign_in(&service, "127.0.0.1", &json!({"login": login, "password": PASSWORD})).await;
    old.problem(401, "wrong-credentials");
    sign_in(&service, "127.0.0.1", &json!({"login": login, "password": "staple battery horse"})).await.expect(201);
    // Staff do not run the accounts of the centre.
    let of_admin = admin.get("/v1/account").await.expect(200)["id"].as_str().expect("an id").to_owned();
    staff.post(&format!("/v1/accounts/{of_admin}/password-resets"), &json!({})).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_link_is_replayed_by_its_key_and_kept_sealed() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let invite = async |key: &str, role: &str| {
        let request = admin.request("POST", "/v1/invitations").header("idempotency-key", key);
        send(request.json(&json!({"role": role}))).await
    };
    let first = invite("a", "staff").await;
    assert_eq!(invite("a", "staff").await.expect(201), first.expect(201));
    invite("a", "admin").await.problem(422, "idempotency-key-reused");
    assert_ne!(invite("b", "staff").await.expect(201), first.expect(201));
    let secret = token(&first, "invitation");
    for table in ["idempotency_keys", "one_time_links", "audit_events"] {
        let held = format!("SELECT count(*) FROM {table} AS kept WHERE kept::text LIKE '%{secret}%'");
        assert_eq!(service.value(&held).await, "0", "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_disabled_and_enabled_by_those_who_run_it() {
    let service = Service::start().await;
    let (admin, staff) = (service.admin().await, service.strong_staff().await);
    let firm = admin.create("organisations", &enterprise("五金厂")).await;
    let own = service.enterprise(&firm).await;
    let id = own.get("/v1/account").await.expect(200)["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/accounts/{id}");
    let listed = staff.get("/v1/accounts?role=enterprise&disabled=false").await;
    assert_eq!(listed.ids(), [id.as_str()]);
    assert!(!listed.text.contains("argon2"));
    assert!(staff.get("/v1/accounts?role=admin").await.ids().is_empty());
    assert_eq!(admin.get("/v1/accounts?role=admin").await.ids().len(), 1);
    send(staff.request("PATCH", &path).json(&json!({"disabled": true}))).await.problem(428, "precondition-required");
    let read = staff.get(&path).await;
    let disabled = staff.patch(&path, &read.etag(), &json!({"disabled": true})).await;
    assert!(disabled.expect(200)["disabled_at"].is_string());
    staff.patch(&path, &read.etag(), &json!({"disabled": false})).await.problem(412, "precondition-failed");
    let login = disabled.body["login"].clone();
    sign_in(&service, "127.0.0.1", &json!({"login": login, "password": PASSWORD}))
        .await
        .problem(401, "wrong-credentials");
    staff.patch(&path, &disabled.etag(), &json!({"disabled": false})).await.expect(200);
    sign_in(&service, "127.0.0.1", &json!({"login": login, "password": PASSWORD})).await.expect(201);
    let myself = admin.get("/v1/account").await.expect(200)["id"].as_str().expect("an id").to_owned();
    admin.patch(&format!("/v1/accounts/{myself}"), "\"1\"", &json!({"disabled": true})).await.problem(409, "conflict");
    staff.patch(&format!("/v1/accounts/{myself}"), "\"1\"", &json!({"disabled": true})).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_is_slowed_down_and_the_owner_is_not() {
    let service = Service::start().await;
    service.staff().await;
    service.sql("UPDATE users SET login = 'li'").await.expect("a login");
    let right = json!({"login": "li", "password": PASSWORD});
    let wrong = json!({"login": "li", "password": "another password"});
    let unknown = json!({"login": "nobody", "password": "another password"});
    // From one address: five tries, one more that starts the clock, then none. The same for a login that nobody has.
    for guess in [&wrong, &unknown] {
        for _ in 0..6 {
            sign_in(&service, "198.51.100.1", guess).await.problem(401, "wrong-credentials");
        }
        let refused = sign_in(&service, "198.51.100.1", guess).await;
        refused.problem(429, "too-many-requests");
        let wait: u64 = refused.header("retry-after").and_then(|text| text.parse().ok()).expect("seconds");
        assert!((1..=15).contains(&wait), "{wait}");
        let early = "SELECT details FROM audit_events ORDER BY seq DESC LIMIT 1";
        assert_eq!(service.value(early).await, "{\"wrong\":\"too_early\"}");
    }
    // Not even the right password is looked at there, while elsewhere it is.
    sign_in(&service, "198.51.100.1", &right).await.problem(429, "too-many-requests");
    // From many addresses: the account is closed to places where it never signed in, and open where it did.
    for place in 0..15 {
        sign_in(&service, &format!("198.51.100.{}", 10 + place), &wrong).await;
    }
    sign_in(&service, "198.51.100.99", &right).await.problem(429, "too-many-requests");
    sign_in(&service, "127.0.0.1", &right).await.expect(201);
    sign_in(&service, "127.0.0.1", &right).await.expect(201);
    // Whatever is guessed from its own network about others.
    for place in 0..110 {
        sign_in(&service, "127.0.0.1", &json!({"login": format!("nobody-{place}"), "password": "another password"}))
            .await;
    }
    let stranger = json!({"login": "a-new-one", "password": "another password"});
    sign_in(&service, "127.0.0.1", &stranger).await.problem(429, "too-many-requests");
    sign_in(&service, "127.0.0.1", &right).await.expect(201);
    // A quarter of an hour later it is open everywhere.
    let later = "UPDATE sign_in_failures SET blocked_until = blocked_until - interval '15 minutes'";
    service.sql(later).await.expect("a quarter of an hour");
    sign_in(&service, "198.51.100.99", &right).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_guesses_at_once_gain_nothing() {
    let service = Service::start().await;
    service.staff().await;
    service.sql("UPDATE users SET login = 'li'").await.expect("a login");
    let wrong = json!({"login": "li", "password": "another password"});
    let answers = futures_util::future::join_all((0..24).map(|_| sign_in(&service, "198.51.100.1", &wrong))).await;
    let looked_at = answers.iter().filter(|answer| answer.status == 401).count();
    assert!(looked_at <= 6, "{looked_at} were looked at");
    assert!(answers.iter().all(|answer| matches!(answer.status, 401 | 429)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_links_are_whole_and_ask_nobody_else() {
    let service = Service::start().await;
    for (path, word) in
        [("/invitation", "/v1/accounts"), ("/password-reset", "/v1/password-resets"), ("/access", "results:write")]
    {
        let page = send(service.public().request("GET", path)).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.text.contains(word) && page.text.contains("/pages.css"), "{path}");
        assert!(!page.text.contains("http://") && !page.text.contains("https://"), "{path}");
    }
    assert!(service.public().get("/pages.js").await.text.contains("location.hash"));
}
