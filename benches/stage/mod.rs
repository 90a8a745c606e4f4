//! A service with records in it, as the benchmarks call it: over HTTP, on one connection.

use std::net::TcpListener;
use std::num::NonZeroU32;

use duijie::commands::serve::{self, Start};
use duijie::database::Database;
use duijie::database::embedded::{Cluster, Settings};
use duijie::demo::County;
use duijie::files::FilePlace;
use duijie::http::{Patience, TrustedProxies};
use duijie::identity::Secret;
use duijie::identity::passwords::Cost;
use duijie::matching::Model;
use duijie::registry::demands::Demand;
use duijie::registry::results::ResearchResult;
use duijie::registry::{Record, Store};
use duijie::server::{self, Options};
use duijie::webhooks;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Records a statement.
const BATCH: usize = 500;

/// A running service and what it runs on.
pub struct Stage {
    /// Of the database.
    pub url: String,
    cluster: Cluster,
    address: String,
    http: Client<HttpConnector, Full<Bytes>>,
    server: actix_web::dev::ServerHandle,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// A service with the county's organisations and these records.
    pub async fn set(county: &County, results: &[Record<ResearchResult>], demands: &[Record<Demand>]) -> Self {
        let folder = tempfile::Builder::new()
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir()
            .expect("a folder");
        let settings = Settings { folder: folder.path().to_owned(), durable: false };
        let cluster = Cluster::start(settings).await.expect("a cluster");
        let url = cluster.database("duijie").await.expect("a database");
        let database = Database::new(&url, 8).expect("a pool");
        database.migrate().await.expect("migrations");
        let mut connection = database.lasting_connection().await.expect("a connection");
        for batch in county.organisations.chunks(BATCH) {
            Store::insert(batch, &mut connection).await.expect("organisations");
        }
        for batch in results.chunks(BATCH) {
            Store::insert(batch, &mut connection).await.expect("results");
        }
        for batch in demands.chunks(BATCH) {
            Store::insert(batch, &mut connection).await.expect("demands");
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let start = Start {
            folder: folder.path(),
            model: Model::shipped().expect("a model"),
            embedder: None,
            secret: Secret::kept_in(folder.path()).expect("a secret"),
            password_cost: &Cost::default(),
            url: address.clone(),
            files: FilePlace::Database,
            webhooks: webhooks::Options::default(),
        };
        let state = serve::start(database, start).await.expect("a state");
        state.freshness.built().await;
        // Callers of a benchmark come from many addresses, as those of a real service do.
        let trusted_proxies = TrustedProxies::new(vec!["127.0.0.0/8".parse().expect("a network")]);
        let (rate, cors_origins, patience) = (NonZeroU32::MAX, Vec::new(), Patience::default());
        let options = Options { trusted_proxies, rate, cors_origins, patience };
        let running = server::serve(state, listener, &options).expect("a server");
        let server = running.handle();
        tokio::spawn(running);
        let http = Client::builder(TokioExecutor::new()).build_http();
        Self { url, cluster, address, http, server, _folder: folder }
    }

    /// Posts JSON; the status and the body of the answer.
    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> (u16, Bytes) {
        self.call(Method::POST, path, headers, Some(body)).await
    }

    /// The status and the body of an answer.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> (u16, Bytes) {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(ToString::to_string).unwrap_or_default();
        let request = request.body(Full::from(body)).expect("a request");
        let answer = self.http.request(request).await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.into_body().collect().await.expect("a body").to_bytes())
    }

    /// Stops all that was started.
    pub async fn strike(self) {
        self.server.stop(true).await;
        self.cluster.stop().await.expect("an end");
    }
}
