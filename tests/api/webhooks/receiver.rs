//! One who is sent messages: a server that keeps what comes and answers as it is told.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use serde_json::Value;

/// A message as it came.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: String,
    pub time: String,
    pub signature: String,
    pub content_type: String,
    pub body: String,
    pub began: Instant,
    /// When it was answered.
    pub ended: Option<Instant>,
}

impl Message {
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// How a message is answered.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    header: Option<(&'static str, String)>,
    body: Bytes,
    after: Duration,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self { status, header: None, body: Bytes::new(), after: Duration::ZERO }
    }

    pub fn with(self, name: &'static str, value: &str) -> Self {
        Self { header: Some((name, value.to_owned())), ..self }
    }

    pub fn saying(self, body: String) -> Self {
        Self { body: body.into(), ..self }
    }

    pub fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }
}

type Answering = dyn Fn(&Message, usize) -> Reply + Send + Sync;

pub struct Receiver {
    pub url: String,
    kept: Arc<Mutex<Vec<Message>>>,
    server: actix_web::dev::ServerHandle,
}

impl Receiver {
    /// Answers each message as the function says, which is told how many came before.
    pub fn start(answer: impl Fn(&Message, usize) -> Reply + Send + Sync + 'static) -> Self {
        let kept: Arc<Mutex<Vec<Message>>> = Arc::default();
        let answer: Arc<Answering> = Arc::new(answer);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let (messages, answering) = (web::Data::from(Arc::clone(&kept)), web::Data::from(answer));
        let app =
            move || App::new().app_data(messages.clone()).app_data(answering.clone()).default_service(web::to(take));
        let running = HttpServer::new(app).workers(1).disable_signals().listen(listener).expect("a server").run();
        let server = running.handle();
        tokio::spawn(running);
        Self { url, kept, server }
    }

    /// What came until now, in order.
    pub fn messages(&self) -> Vec<Message> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until so many messages were answered.
    pub async fn wait_for(&self, count: usize) -> Vec<Message> {
        let started = Instant::now();
        loop {
            let messages = self.messages();
            if messages.iter().filter(|message| message.ended.is_some()).count() >= count {
                return messages;
            }
            let (came, waited) = (messages.len(), started.elapsed());
            assert!(waited < Duration::from_mins(1), "only {came} of {count} came: {messages:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Nothing else comes.
    pub async fn stays_at(&self, count: usize) {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let messages = self.messages();
        assert_eq!(messages.len(), count, "{messages:#?}");
    }

    pub async fn stop(self) {
        self.server.stop(true).await;
    }
}

async fn take(
    request: HttpRequest,
    body: Bytes,
    kept: web::Data<Mutex<Vec<Message>>>,
    answer: web::Data<Answering>,
) -> HttpResponse {
    let header =
        |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let message = Message {
        id: header("webhook-id"),
        time: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        content_type: header("content-type"),
        body: String::from_utf8_lossy(&body).into_owned(),
        began: Instant::now(),
        ended: None,
    };
    let place = {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(message.clone());
        kept.len() - 1
    };
    let reply = answer(&message, place);
    tokio::time::sleep(reply.after).await;
    kept.lock().unwrap_or_else(PoisonError::into_inner)[place].ended = Some(Instant::now());
    let mut response = HttpResponse::build(StatusCode::from_u16(reply.status).expect("a status"));
    if let Some(header) = reply.header {
        response.insert_header(header);
    }
    response.body(reply.body)
}
