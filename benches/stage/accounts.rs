//! Accounts of enterprises, and their tokens.

use diesel_async::{AsyncConnection, AsyncPgConnection};
use duijie::identity::passwords::{Cost, Passwords};
use duijie::identity::{self, NewUser, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stage::Stage;

pub const PASSWORD: &str = "correct horse battery";

/// Adds accounts with that password.
pub async fn add(logins: impl IntoIterator<Item = (String, Uuid)>, stage: &Stage) {
    let hash = Passwords::new(&Cost::default()).hash(PASSWORD).expect("a hash");
    let mut connection = AsyncPgConnection::establish(&stage.url).await.expect("a connection");
    for (login, organisation) in logins {
        let user = NewUser {
            id: Uuid::now_v7(),
            login: &login,
            password_hash: Some(&hash),
            role: Role::Enterprise,
            organisation_id: Some(organisation),
            expert_id: None,
        };
        identity::add(&user, &mut connection).await.expect("an account");
    }
}

/// The head that an account's requests bear.
pub async fn bearer(login: &str, stage: &Stage) -> String {
    let (_, answer) = stage.post("/v1/sessions", &[], &json!({"login": login, "password": PASSWORD})).await;
    let session: Value = serde_json::from_slice(&answer).expect("JSON");
    format!("Bearer {}", session["access_token"].as_str().expect("a token"))
}
