//! A caller: what it sends and what it gets.

use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// A caller of the service, with or without a token.
#[derive(Clone)]
pub struct Client {
    http: Http<HttpConnector, Full<Bytes>>,
    address: String,
    token: Option<String>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
    pub bytes: Bytes,
}

impl Client {
    pub fn new(address: &str) -> Self {
        Self { http: Http::builder(TokioExecutor::new()).build_http(), address: address.to_owned(), token: None }
    }

    pub fn with_token(mut self, token: String) -> Self {
        self.token = Some(token);
        self
    }

    /// With the access token of a session.
    pub fn with_session(self, session: &Value) -> Self {
        self.with_token(session["access_token"].as_str().expect("a token").to_owned())
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().expect("a token")
    }

    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// A request to be filled in.
    pub fn request(&self, method: &str, path: &str) -> Request {
        let ascii: String = path
            .bytes()
            .map(|byte| if byte.is_ascii() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect();
        let request = Request {
            http: self.http.clone(),
            method: method.to_owned(),
            address: format!("{}{ascii}", self.address),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let request = request.header("accept-language", "en");
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request("GET", path)).await
    }

    /// Is its token refused within seconds? (At once, but for how busy the machine is.)
    pub async fn is_refused_soon(&self) -> bool {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            if self.get("/v1/results").await.status == 401 {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    /// An answer of which nothing but the head is read yet.
    pub async fn begin(&self, path: &str) -> hyper::Response<hyper::body::Incoming> {
        let request = hyper::Request::builder().uri(format!("{}{path}", self.address));
        let request = request.body(Full::new(Bytes::new())).expect("a request");
        self.http.request(request).await.expect("an answer")
    }

    pub async fn request_status(&self, method: &str, path: &str) -> u16 {
        send(self.request(method, path)).await.status
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request("POST", path).json(body)).await
    }

    /// Creates a record; its id.
    pub async fn create(&self, plural: &str, body: &Value) -> String {
        let created = self.post(&format!("/v1/{plural}"), body).await;
        created.expect(201)["id"].as_str().expect("an id").to_owned()
    }

    /// Creates a record and waits until it can be found.
    pub async fn create_findable(&self, plural: &str, body: &Value) -> String {
        let request = self.request("POST", &format!("/v1/{plural}")).header("prefer", "wait=10").json(body);
        let created = send(request).await;
        assert_eq!(created.header("preference-applied"), Some("wait=10"), "{}", created.text);
        created.expect(201)["id"].as_str().expect("an id").to_owned()
    }

    pub async fn put(&self, path: &str, etag: &str, body: &Value) -> Answer {
        send(self.request("PUT", path).header("if-match", etag).json(body)).await
    }

    pub async fn patch(&self, path: &str, etag: &str, body: &Value) -> Answer {
        let request = self.request("PATCH", path).header("if-match", etag);
        send(request.header("content-type", "application/merge-patch+json").body(body.to_string())).await
    }

    pub async fn delete(&self, path: &str, etag: &str) -> Answer {
        send(self.request("DELETE", path).header("if-match", etag)).await
    }
}

/// A request that is being filled in. A header given again replaces the first.
pub struct Request {
    http: Http<HttpConnector, Full<Bytes>>,
    method: String,
    address: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(given, _)| given != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|(given, _)| given != name);
        self
    }

    pub fn bearer_auth(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }
}

/// Sends a request and reads the answer.
pub async fn send(request: Request) -> Answer {
    try_send(request).await.expect("an answer")
}

/// The same of a service that may be gone.
pub async fn try_send(request: Request) -> Option<Answer> {
    let mut sent = hyper::Request::builder().method(request.method.as_str()).uri(&request.address);
    for (name, value) in &request.headers {
        sent = sent.header(name, value);
    }
    let sent = sent.body(Full::new(Bytes::from(request.body))).expect("a request");
    let response = request.http.request(sent).await.ok()?;
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.ok()?.to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Some(Answer { status: head.status.as_u16(), headers: head.headers, body, text, bytes })
}

impl Answer {
    /// The body, if the status is the one expected.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{}", self.text);
        &self.body
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    #[track_caller]
    pub fn etag(&self) -> String {
        self.header("etag").expect("an ETag").to_owned()
    }

    /// The problem, if it is one of this kind, whole and well formed.
    #[track_caller]
    pub fn problem(&self, status: u16, slug: &str) -> &Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text);
        assert_eq!(self.body["type"], format!("/problems/{slug}"), "{}", self.text);
        assert_eq!(self.body["status"], status);
        for member in ["title", "detail", "instance", "trace_id"] {
            assert!(self.body[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {}", self.text);
        }
        for inside in ["diesel", "postgres", "SELECT", "panicked", "/src/", "constraint"] {
            assert!(!self.text.contains(inside), "the problem tells of {inside}: {}", self.text);
        }
        &self.body
    }

    /// `pointer code` of every fault, sorted.
    pub fn faults(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut faults: Vec<String> =
            errors.map(|error| format!("{} {}", text(&error["pointer"]), text(&error["code"]))).collect();
        faults.sort();
        faults
    }

    /// The ids of the items of a page.
    pub fn ids(&self) -> Vec<String> {
        let items = self.body["items"].as_array().into_iter().flatten();
        items.map(|item| item["id"].as_str().unwrap_or_default().to_owned()).collect()
    }
}
