//! Sessions: how long they last, how they go on, and how they end.

use std::time::{Duration, Instant};

use duijie::identity::keys;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, PASSWORD, Service, secret, send};

/// Signs in as the account with this login.
async fn sign_in(service: &Service, login: &str) -> Value {
    let answer = service.public().post("/v1/sessions", &json!({"login": login, "password": PASSWORD})).await;
    answer.expect(201).clone()
}

async fn refresh(service: &Service, token: &Value) -> Answer {
    service.public().post("/v1/sessions/refresh", &json!({"refresh_token": token})).await
}

fn client(service: &Service, session: &Value) -> Client {
    service.public().with_token(session["access_token"].as_str().expect("a token").to_owned())
}

async fn sign_out(client: &Client, path: &str) -> Answer {
    send(client.request("DELETE", path)).await
}

/// A service and the login of someone of its staff.
async fn with_staff() -> (Service, &'static str) {
    let service = Service::start().await;
    service.staff().await;
    service.sql("UPDATE users SET login = 'li'").await.expect("a login");
    (service, "li")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_good_once_and_gives_the_next() {
    let (service, login) = with_staff().await;
    let first = sign_in(&service, login).await;
    assert_eq!(first["expires_in"], 600);
    let second = refresh(&service, &first["refresh_token"]).await;
    let second = second.expect(200);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    client(&service, second).get("/v1/results").await.expect(200);
    refresh(&service, &second["refresh_token"]).await.expect(200);
    let kept = "DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM refresh_tokens WHERE encode(hash, 'escape') LIKE '%' || $1 || '%'); END $$";
    let token = first["refresh_token"].as_str().expect("a token");
    service.sql(&kept.replace("$1", &format!("'{token}'"))).await.expect("only hashes are kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_comes_twice_ends_the_whole_session() {
    let (service, login) = with_staff().await;
    let first = sign_in(&service, login).await;
    let second = refresh(&service, &first["refresh_token"]).await.expect(200).clone();
    let elsewhere = sign_in(&service, login).await;
    refresh(&service, &first["refresh_token"]).await.problem(401, "session-ended");
    refresh(&service, &second["refresh_token"]).await.problem(401, "session-ended");
    for tokens in [&first, &second] {
        client(&service, tokens).get("/v1/results").await.problem(401, "unauthenticated");
    }
    // Another session of the account goes on.
    client(&service, &elsewhere).get("/v1/results").await.expect(200);
    refresh(&service, &elsewhere["refresh_token"]).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_refreshes_at_once_at_most_one_goes_on() {
    let (service, login) = with_staff().await;
    let session = sign_in(&service, login).await;
    let answers = join_all((0..8).map(|_| refresh(&service, &session["refresh_token"]))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 401)), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_expired_and_odd_refresh_tokens_are_refused() {
    let (service, login) = with_staff().await;
    for token in [json!(""), json!("x"), json!("x".repeat(5000)), json!("'; DROP TABLE sessions; --"), json!("\u{0}")] {
        refresh(&service, &token).await.problem(401, "session-ended");
    }
    refresh(&service, &json!(7)).await.problem(422, "invalid-input");
    let idle = sign_in(&service, login).await;
    service.sql("UPDATE refresh_tokens SET created_at = now() - interval '41 minutes'").await.expect("a while");
    refresh(&service, &idle["refresh_token"]).await.problem(401, "session-ended");
    let old = sign_in(&service, login).await;
    service.sql("UPDATE sessions SET expires_at = now() - interval '1 second'").await.expect("half a day");
    refresh(&service, &old["refresh_token"]).await.problem(401, "session-ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_one_session_and_everywhere_all_of_them_in_every_process() {
    let (service, login) = with_staff().await;
    let beside = Service::start_on(service.url.clone()).await;
    let [here, there, elsewhere] =
        [sign_in(&service, login).await, sign_in(&service, login).await, sign_in(&beside, login).await];
    assert_eq!(sign_out(&client(&service, &here), "/v1/sessions/current").await.status, 204);
    client(&service, &here).get("/v1/results").await.problem(401, "unauthenticated");
    assert!(client(&beside, &here).is_refused_soon().await);
    client(&service, &there).get("/v1/results").await.expect(200);
    assert_eq!(sign_out(&client(&service, &there), "/v1/sessions").await.status, 204);
    for tokens in [&there, &elsewhere] {
        assert!(client(&service, tokens).is_refused_soon().await);
        assert!(client(&beside, tokens).is_refused_soon().await);
        refresh(&beside, &tokens["refresh_token"]).await.problem(401, "session-ended");
    }
    sign_out(&service.public(), "/v1/sessions").await.problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_account_is_out_within_seconds() {
    let (service, login) = with_staff().await;
    let session = sign_in(&service, login).await;
    service.sql("UPDATE users SET disabled_at = now()").await.expect("disabled");
    assert!(client(&service, &session).is_refused_soon().await);
    refresh(&service, &session["refresh_token"]).await.problem(401, "session-ended");
    let revived = service.sql("UPDATE sessions SET ended_at = NULL, ended_by = NULL").await;
    assert!(revived.is_err_and(|refusal| refusal.contains("stays so")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_signs_and_the_old_one_still_verifies() {
    let (service, login) = with_staff().await;
    let before = sign_in(&service, login).await;
    let old = service.public().get("/.well-known/jwks.json").await.expect(200)["keys"][0]["kid"].clone();
    let mut connection = service.database.lasting_connection().await.expect("a connection");
    let new = keys::rotate(&secret(), &mut connection).await.expect("a new key");
    let started = Instant::now();
    loop {
        let listed = service.public().get("/.well-known/jwks.json").await.expect(200)["keys"].clone();
        if listed[0]["kid"] == json!(new) {
            assert_eq!(listed[1]["kid"], old);
            assert!(listed[0].get("d").is_none());
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "the new key is not taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let after = sign_in(&service, login).await;
    let header = jsonwebtoken::decode_header(after["access_token"].as_str().expect("a token")).expect("a header");
    assert_eq!((header.kid, header.typ.as_deref()), (Some(new.to_string()), Some("at+jwt")));
    for tokens in [&before, &after] {
        client(&service, tokens).get("/v1/results").await.expect(200);
    }
    // Once all that it signed has expired it verifies no more.
    service
        .sql("UPDATE signing_keys SET retired_at = now() - interval '11 minutes' WHERE retired_at IS NOT NULL")
        .await
        .expect("later");
    assert!(client(&service, &before).is_refused_soon().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_ends_the_other_sessions_and_the_old_one_is_good_no_more() {
    let (service, login) = with_staff().await;
    let [here, elsewhere] = [sign_in(&service, login).await, sign_in(&service, login).await];
    let own = client(&service, &here);
    let change = async |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        send(own.request("PUT", "/v1/account/password").json(&body)).await
    };
    for (current, new, fault) in [
        (PASSWORD, "short", "/new_password too_short"),
        (PASSWORD, "1q2w3e4r5t", "/new_password common"),
        ("another password", "staple battery horse", "/current_password wrong"),
    ] {
        let refused = change(current, new).await;
        refused.problem(422, "invalid-input");
        assert_eq!(refused.faults(), [fault]);
    }
    assert_eq!(change(PASSWORD, "staple battery horse").await.status, 204);
    own.get("/v1/results").await.expect(200);
    assert!(client(&service, &elsewhere).is_refused_soon().await);
    let sign_in_with = async |password: &str| {
        service.public().post("/v1/sessions", &json!({"login": login, "password": password})).await.status
    };
    assert_eq!((sign_in_with(PASSWORD).await, sign_in_with("staple battery horse").await), (401, 201));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_is_renewed_at_sign_in_when_the_cost_has_risen() {
    let (service, login) = with_staff().await;
    let service = service.restart_with_cost(&"m=20480,t=2,p=1".parse().expect("a cost")).await;
    let dear = "DO $$ BEGIN ASSERT (SELECT password_hash LIKE '$argon2id$v=19$m=20480,%' FROM users); END $$";
    assert!(service.sql(dear).await.is_err());
    sign_in(&service, login).await;
    service.sql(dear).await.expect("a renewed hash");
    sign_in(&service, login).await;
}
