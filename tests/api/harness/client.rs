//! A caller: what it sends and what it gets.

use serde_json::Value;

/// A caller of the service, with or without a token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    address: String,
    token: Option<String>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Client {
    pub fn new(address: &str) -> Self {
        Self { http: reqwest::Client::new(), address: address.to_owned(), token: None }
    }

    pub fn with_token(mut self, token: String) -> Self {
        self.token = Some(token);
        self
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().expect("a token")
    }

    /// A request to be filled in.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.http.request(method, format!("{}{path}", self.address)).header("accept-language", "en");
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request("GET", path)).await
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

/// Sends a request and reads the answer.
pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let text = response.text().await.expect("a body");
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status, headers, body, text }
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
