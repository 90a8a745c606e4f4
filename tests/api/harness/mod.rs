//! Starts one throwaway PostgreSQL a process, and for each test a database cloned from a migrated template and a
//! service on a port of its own.

mod client;
mod cluster;
mod log;
pub mod process;

use std::net::TcpListener;
use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use duijie::commands::serve::{self, Start};
use duijie::database::Database;
use duijie::files::FilePlace;
use duijie::http::{Patience, TrustedProxies};
use duijie::identity::passwords::{Cost, Passwords};
use duijie::identity::{self, NewUser, Role, Secret};
use duijie::matching::Model;
use duijie::meaning::Embedder;
use duijie::server::{self, Options};
use duijie::state::State;
use duijie::webhooks::{self, BackOff};
use serde_json::{Value, json};
use uuid::Uuid;

pub use client::{Answer, Client, send, try_send};
pub use cluster::{connect, new_database};
pub use log::{panics_logged, remember_log};

/// The password of every test account.
pub const PASSWORD: &str = "correct horse battery";

/// The address under which test services are reached, so their tokens say.
pub const ISSUER: &str = "https://duijie.example.com";

/// So few that the workers share them with the test: to begin a connection takes PostgreSQL longer than most questions.
const CONNECTIONS: usize = 4;

/// A running service with nothing in it.
pub struct Service {
    pub address: String,
    pub database: Database,
    pub url: String,
    past: Past,
    server: actix_web::dev::ServerHandle,
    folder: tempfile::TempDir,
    options: Options,
    embedder: Option<Arc<Embedder>>,
}

/// A service that believes the test of where it calls from, and that no test asks too often.
pub fn options() -> Options {
    Options {
        trusted_proxies: TrustedProxies::new(vec!["127.0.0.0/8".parse().expect("a network")]),
        rate: NonZeroU32::MAX,
        cors_origins: Vec::new(),
        patience: Patience::default(),
    }
}

/// Webhooks that go to this machine and are soon given up.
pub fn webhooks() -> webhooks::Options {
    let back_off = BackOff([0, 50, 100, 200, 400].map(Duration::from_millis).to_vec());
    webhooks::Options { loopback: true, patience: Duration::from_secs(3), back_off }
}

impl Service {
    /// A service on a new database.
    pub async fn start() -> Self {
        Self::start_with(options()).await
    }

    /// The same with other options.
    pub async fn start_with(options: Options) -> Self {
        Self::start_on_with(cluster::new_database().await, options).await
    }

    /// A service on a database that is there, with an index of its own.
    pub async fn start_on(url: String) -> Self {
        Self::start_on_with(url, options()).await
    }

    /// The same with other options.
    pub async fn start_on_with(url: String, options: Options) -> Self {
        remember_log();
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::start_in(url, folder, &Cost::default(), options, None).await
    }

    /// A service on a database that is there that knows what texts mean.
    pub async fn start_with_meaning_on(url: String) -> Self {
        static EMBEDDER: LazyLock<Arc<Embedder>> = LazyLock::new(|| Arc::new(Embedder::shipped().expect("a model")));
        remember_log();
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::start_in(url, folder, &Cost::default(), options(), Some(Arc::clone(&EMBEDDER))).await
    }

    /// A service that is reached where it listens, as its tokens say.
    pub async fn start_as_issuer() -> Self {
        remember_log();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = cluster::new_database().await;
        Self::serve((url, None, FilePlace::Database), folder, &Cost::default(), options(), None).await
    }

    /// A service that keeps files in a folder.
    pub async fn start_keeping_files_in(files: &std::path::Path) -> Self {
        remember_log();
        let (folder, url) = (tempfile::tempdir().expect("a temporary folder"), cluster::new_database().await);
        let files = FilePlace::Folder(files.to_owned());
        Self::serve((url, Some(ISSUER), files), folder, &Cost::default(), options(), None).await
    }

    async fn start_in(
        url: String,
        folder: tempfile::TempDir,
        cost: &Cost,
        options: Options,
        embedder: Option<Arc<Embedder>>,
    ) -> Self {
        // Processes on one database are one service to those who use it, whichever port they happen to listen on.
        Self::serve((url, Some(ISSUER), FilePlace::Database), folder, cost, options, embedder).await
    }

    async fn serve(
        (url, issuer, files): (String, Option<&str>, FilePlace),
        folder: tempfile::TempDir,
        cost: &Cost,
        options: Options,
        embedder: Option<Arc<Embedder>>,
    ) -> Self {
        let database = Database::new(&url, CONNECTIONS).expect("a pool");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let issuer = issuer.unwrap_or(&address);
        let state = open_state(&database, &folder, cost, (issuer, &files), embedder.as_ref()).await;
        state.freshness.built().await;
        let running = server::serve(state, listener, &options).expect("a server");
        let server = running.handle();
        tokio::spawn(running);
        let past = Past::default();
        Self { address, database, url, past, server, folder, options, embedder }
    }

    /// Stops the service.
    pub async fn stop(self) {
        self.server.stop(true).await;
    }

    /// Stops the service and starts it again on the same database and index.
    pub async fn restart(self) -> Self {
        self.restart_with_cost(&Cost::default()).await
    }

    /// The same with another cost of passwords.
    pub async fn restart_with_cost(self, cost: &Cost) -> Self {
        self.server.stop(true).await;
        let Self { url, folder, options, embedder, .. } = self;
        Self::start_in(url, folder, cost, options, embedder).await
    }

    /// Stops the service, spoils its index, and starts it again.
    pub async fn restart_with_damaged_index(self) -> Self {
        let folder = self.folder.path().join("index");
        let mut spoilt = 0;
        for kind in std::fs::read_dir(&folder).expect("indexes").flatten() {
            for file in std::fs::read_dir(kind.path()).expect("files").flatten() {
                if file.file_name().to_string_lossy().ends_with(".idx") {
                    let bytes = std::fs::read(file.path()).expect("bytes");
                    std::fs::write(file.path(), &bytes[..bytes.len() / 2]).expect("half of it");
                    spoilt += 1;
                }
            }
        }
        assert!(spoilt > 0);
        self.restart().await
    }

    /// A caller without a token.
    pub fn public(&self) -> Client {
        Client::new(&self.address)
    }

    /// Someone of the centre's staff.
    pub async fn staff(&self) -> Client {
        self.member(Role::Staff, None, None).await
    }

    /// An account of an organisation.
    pub async fn enterprise(&self, organisation: &str) -> Client {
        self.member(Role::Enterprise, Uuid::try_parse(organisation).ok(), None).await
    }

    /// An account of an expert.
    pub async fn expert(&self, expert: &str) -> Client {
        self.member(Role::Expert, None, Uuid::try_parse(expert).ok()).await
    }

    /// An admin, signed in with a second factor.
    pub async fn admin(&self) -> Client {
        let session = self.session(Role::Admin, None, None).await;
        self.with_second_factor(&session).await
    }

    /// An admin, signed in with a password alone.
    pub async fn weak_admin(&self) -> Client {
        self.member(Role::Admin, None, None).await
    }

    /// Someone of the centre's staff, signed in with a second factor.
    pub async fn strong_staff(&self) -> Client {
        let session = self.session(Role::Staff, None, None).await;
        self.with_second_factor(&session).await
    }

    /// Adds an authenticator to the account of a session and goes on with it.
    async fn with_second_factor(&self, session: &Value) -> Client {
        let client = self.public().with_session(session);
        let key = client.post("/v1/account/second-factor", &json!({"current_password": PASSWORD})).await;
        let code = code_of(key.expect(201)["secret"].as_str().expect("a key"), 0);
        let confirm = client.request("PUT", "/v1/account/second-factor").json(&json!({"code": code}));
        send(confirm).await.expect(200);
        let body = json!({"refresh_token": session["refresh_token"]});
        let next = self.public().post("/v1/sessions/refresh", &body).await;
        self.public().with_session(next.expect(200))
    }

    /// A partner site with these scopes, with a token for all of them.
    pub async fn partner(&self, admin: &Client, name: &str, scopes: &[&str]) -> Client {
        let id = admin.create("partners", &json!({"name": name, "scopes": scopes})).await;
        let secret = admin.post(&format!("/v1/partners/{id}/secrets"), &json!({})).await;
        let secret = secret.expect(201)["client_secret"].as_str().expect("a secret").to_owned();
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let request = self.public().request("POST", "/oauth/token");
        let token = send(request.header("content-type", "application/x-www-form-urlencoded").body(form)).await;
        self.public().with_session(token.expect(200))
    }

    async fn member(&self, role: Role, organisation_id: Option<Uuid>, expert_id: Option<Uuid>) -> Client {
        self.public().with_session(&self.session(role, organisation_id, expert_id).await)
    }

    /// A new account and a session of it, begun as if its password had been given: to compare that takes long on purpose.
    async fn session(&self, role: Role, organisation_id: Option<Uuid>, expert_id: Option<Uuid>) -> Value {
        let id = Uuid::now_v7();
        let login = format!("user-{}", &id.simple().to_string()[20..]);
        let hash = known_hash();
        let user = NewUser { id, login: &login, password_hash: Some(hash), role, organisation_id, expert_id };
        let mut connection = self.database.connection().await.expect("a connection");
        identity::add(&user, &mut connection).await.expect("an account");
        let (session, token) = (Uuid::now_v7(), Uuid::now_v7());
        let begin = format!(
            "INSERT INTO sessions (id, user_id, expires_at, strong, network)
                 VALUES ('{session}', '{id}', now() + interval '12 hours', false, '127.0.0.1/32');
             INSERT INTO refresh_tokens (hash, session_id) VALUES (sha256('{token}'), '{session}')"
        );
        connection.batch_execute(&begin).await.expect("a session");
        let session = self.public().post("/v1/sessions/refresh", &json!({"refresh_token": token})).await;
        session.expect(200).clone()
    }

    /// One value of one row.
    pub async fn value(&self, query: &str) -> String {
        let past = self.past.take(&self.url).await;
        let row = past.query_one(&format!("SELECT ({query})::text"), &[]).await.expect("a row");
        self.past.put_back(past).await;
        row.get(0)
    }

    /// Runs SQL as the service's own account.
    pub async fn sql(&self, statement: &str) -> Result<(), String> {
        self.run(statement).await.map_err(|error| match error.as_db_error() {
            Some(refused) => format!("{}: {}", refused.code().code(), refused.message()),
            None => error.to_string(),
        })
    }

    /// The constraint that refuses a statement; none if it is taken.
    pub async fn refused_by(&self, statement: &str) -> Option<String> {
        let refused = self.run(statement).await.err()?;
        refused.as_db_error().and_then(|refused| refused.constraint()).map(str::to_owned)
    }

    async fn run(&self, statement: &str) -> Result<(), tokio_postgres::Error> {
        let past = self.past.take(&self.url).await;
        let done = past.batch_execute(statement).await;
        self.past.put_back(past).await;
        done
    }
}

/// Connections past the service, as its own account.
#[derive(Default)]
struct Past(Mutex<Vec<tokio_postgres::Client>>);

impl Past {
    async fn take(&self, url: &str) -> tokio_postgres::Client {
        let kept = self.0.lock().expect("connections").pop().filter(|kept| !kept.is_closed());
        if let Some(kept) = kept {
            return kept;
        }
        connect(url).await
    }

    /// Keeps one that can be as a new one: what was set is forgotten, and no transaction is open.
    async fn put_back(&self, client: tokio_postgres::Client) {
        if client.batch_execute("DISCARD ALL").await.is_ok() {
            self.0.lock().expect("connections").push(client);
        }
    }
}

/// The index's writer is let go with the last task of the server before: that takes a moment.
async fn open_state(
    database: &Database,
    folder: &tempfile::TempDir,
    cost: &Cost,
    (url, files): (&str, &FilePlace),
    embedder: Option<&Arc<Embedder>>,
) -> State {
    let start = || Start {
        folder: folder.path(),
        model: Model::shipped().expect("a model"),
        embedder: embedder.cloned(),
        secret: secret(),
        password_cost: cost,
        url: url.to_owned(),
        files: files.clone(),
        webhooks: webhooks(),
    };
    let mut opened = serve::start(database.clone(), start()).await;
    for _ in 0..100 {
        if opened.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        opened = serve::start(database.clone(), start()).await;
    }
    opened.expect("a state")
}

/// The code that an authenticator with this key shows, so many steps of thirty seconds from now.
pub fn code_of(key: &str, steps: i64) -> String {
    let key = totp_rs::Secret::try_from_base32(key).expect("a key");
    let totp = totp_rs::Builder::new().with_secret(key.as_bytes().to_vec()).build().expect("an authenticator");
    let time = chrono::Utc::now().timestamp() + steps * 30;
    totp.generate(time.cast_unsigned()).to_string()
}

/// Are the rounds of killing and breaking asked for in full? They run alone then.
pub fn in_full() -> bool {
    std::env::var("DUIJIE_CRASHES").is_ok_and(|wanted| wanted == "full")
}

/// How many rounds of killing and breaking: few, or many where they are asked for.
pub fn rounds(few: usize, many: usize) -> usize {
    if in_full() { many } else { few }
}

/// All test services share one secret, as processes on one database do.
pub fn secret() -> Secret {
    "ZHVpamllIHRlc3RzIHNoYXJlIG9uZSBzZWNyZXQgMzI=".parse().expect("a secret")
}

/// Hashing takes long on purpose; one hash serves all test accounts.
fn known_hash() -> &'static str {
    static HASH: std::sync::LazyLock<String> =
        std::sync::LazyLock::new(|| Passwords::new(&Cost::default()).hash(PASSWORD).expect("a hash"));
    &HASH
}

/// An enterprise, as staff would type it in.
pub fn enterprise(name: &str) -> Value {
    json!({"name": name, "kind": "enterprise", "region": "130927", "industry": "C3311", "scale": "small"})
}

/// A demand of an enterprise.
pub fn demand(enterprise: &str, title: &str, description: &str) -> Value {
    json!({"title": title, "description": description, "enterprise_id": enterprise, "confidentiality": "public"})
}

/// A published result of a holder.
pub fn result(holder: &str, title: &str, summary: &str) -> Value {
    json!({"title": title, "summary": summary, "holder_id": holder, "status": "published"})
}

/// A published policy of the county.
pub fn policy(title: &str) -> Value {
    json!({"title": title, "level": "county", "body": "对购置关键设备的企业给予补助。", "status": "published"})
}

/// A published expert of an organisation.
pub fn expert(organisation: &str, name: &str) -> Value {
    json!({"name": name, "organisation_id": organisation, "categories": ["research"], "status": "published"})
}
