//! What it costs to know who calls: signing in, and authorising a request.
//!
//! Signing in over HTTP with the default cost of argon2id; and with a wrong password for an account that is there beside
//! one that is not, which must not differ. Authorising: the same match, asked by the public and by an enterprise's
//! account, taking turns; and the token, the rule and the allowance by themselves, without HTTP. The corpus is the 2 000
//! sample papers. All figures are medians of one run.
#![expect(clippy::expect_used, reason = "a benchmark ends where what it needs is missing")]

#[path = "stage/accounts.rs"]
mod accounts;
#[path = "stage/median.rs"]
mod median;
mod stage;

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::time::Instant;

use accounts::PASSWORD;
use actix_web::http::Method;
use diesel_async::{AsyncConnection, AsyncPgConnection};
use duijie::demo::County;
use duijie::http::{Limits, Payer};
use duijie::identity::tokens::Tokens;
use duijie::identity::{Role, Secret, keys};
use duijie::openapi;
use median::median;
use serde_json::json;
use stage::Stage;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Accounts, each of which is guessed at once.
const ACCOUNTS: usize = 60;
/// Matches by each caller.
const MATCHES: usize = 600;
/// Requests authorised without HTTP.
const AUTHORISED: usize = 20_000;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let county = County::read().expect("samples");
    runtime.block_on(async {
        let stage = Stage::set(&county, &county.results, &[]).await;
        let enterprise = county.demands[0].fields.enterprise_id;
        accounts::add((0..ACCOUNTS).map(|place| (login(place), enterprise)), &stage).await;
        let (right, known, unknown) = sign_ins(&stage).await;
        println!("sign-in {right:.1} ms; wrong password {known:.1} ms, unknown login {unknown:.1} ms");
        println!("unknown/known {:.3}", unknown / known);
        let (public, authorised) = matches(&stage, &county).await;
        println!("a match by the public {public:.3} ms, by an enterprise {authorised:.3} ms");
        println!("authorised/public {:.3}", authorised / public);
        let alone = authorise(&stage).await;
        println!("authorising alone {:.1} µs, of a match {:.2} %", alone * 1e3, 100.0 * alone / public);
        stage.strike().await;
    });
}

async fn connection(stage: &Stage) -> AsyncPgConnection {
    AsyncPgConnection::establish(&stage.url).await.expect("a connection")
}

/// Milliseconds of a right sign-in, a wrong password and an unknown login, taking turns, each from an address of its own.
async fn sign_ins(stage: &Stage) -> (f64, f64, f64) {
    let (mut right, mut known, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for place in 0..ACCOUNTS {
        let from = format!("203.0.113.{place}");
        let login = login(place);
        for (login, password, status, times) in [
            (login.clone(), PASSWORD, 201, &mut right),
            (login, "another password", 401, &mut known),
            (format!("nobody-{place}"), "another password", 401, &mut unknown),
        ] {
            let started = Instant::now();
            let body = json!({"login": login, "password": password});
            let (answered, _) = stage.post("/v1/sessions", &[("x-forwarded-for", &from)], &body).await;
            times.push(started.elapsed().as_secs_f64() * 1e3);
            assert_eq!(answered, status);
        }
    }
    (median(right), median(known), median(unknown))
}

/// Milliseconds of a match by the public and by an account, taking turns over the demands.
async fn matches(stage: &Stage, county: &County) -> (f64, f64) {
    let bearer = accounts::bearer(&login(0), stage).await;
    let (mut public, mut authorised) = (Vec::new(), Vec::new());
    for demand in county.demands.iter().map(|record| &record.fields).cycle().take(MATCHES) {
        let body = json!({"kind": "result", "title": demand.title, "text": demand.description, "limit": 20});
        for (headers, times) in [(&[][..], &mut public), (&[("authorization", &*bearer)][..], &mut authorised)] {
            let started = Instant::now();
            let (status, _) = stage.post("/v1/matches", headers, &body).await;
            times.push(started.elapsed().as_secs_f64() * 1e3);
            assert_eq!(status, 200);
        }
    }
    (median(public), median(authorised))
}

fn login(place: usize) -> String {
    format!("account-{place}")
}

/// Milliseconds to find the operation of a request, to verify its token and to look up its rule.
async fn authorise(stage: &Stage) -> f64 {
    let secret: Secret = "YmVuY2htYXJrcyBzaGFyZSBhIHNlY3JldCBvZiAzMiE=".parse().expect("a secret");
    let mut connection = connection(stage).await;
    keys::rotate(&secret, &mut connection).await.expect("a key");
    let keys = keys::load(&secret, &mut connection).await.expect("keys");
    let (operations, tokens) = (openapi::operations(), Tokens::new("https://duijie.example.com", &keys));
    let member = duijie::identity::Member {
        user: Uuid::now_v7(),
        session: Uuid::now_v7(),
        role: Role::Enterprise,
        organisation: Some(Uuid::now_v7()),
        expert: None,
        partner: None,
        scopes: Vec::new(),
        strong: false,
    };
    let token = tokens.issue(&member).expect("a token");
    let limits = Limits::new(NonZeroU32::MAX);
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut times = Vec::with_capacity(AUTHORISED);
    for _ in 0..AUTHORISED {
        let started = Instant::now();
        let (operation, _) = operations.find(&Method::POST, "/v1/matches").expect("an operation");
        let member = tokens.verify(&token, address).expect("a member");
        limits.charge(&Payer::Account(member.user), operation.rule.cost).allow().expect("enough");
        assert!(operation.rule.grant_of(member.role).is_some());
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    median(times)
}
