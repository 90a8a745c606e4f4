//! One message on its way: signed, bounded in time and size, to public addresses alone.

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use super::targets::{NotPublic, Targets};
use super::{DeliveryFault, Options, signature};

/// Bytes of an answer that are read, and characters that are kept.
const READ: usize = 1024;
const KEPT: usize = 200;

/// What sends.
#[derive(Clone)]
pub struct Sender {
    client: Client,
    pub options: Options,
}

/// What is sent.
pub struct Message<'a> {
    pub id: Uuid,
    /// What kind of event it is, as it is named to receivers.
    pub event: &'a str,
    pub at: DateTime<Utc>,
    pub data: &'a Value,
}

/// What came back.
#[derive(Debug)]
pub struct Outcome {
    /// Of the answer, if there was one.
    pub status: Option<u16>,
    /// Why there was none.
    pub fault: Option<DeliveryFault>,
    /// How the answer begins.
    pub answer: String,
    /// How long the receiver asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl Sender {
    /// # Errors
    /// If there are no certificates to trust.
    pub fn new(options: Options) -> reqwest::Result<Self> {
        // Only the first in a process is taken; all are the same.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder()
            .user_agent(concat!("duijie/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Options::targets(&options))
            // A proxy would look names up by itself.
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .timeout(options.patience)
            .build()?;
        Ok(Self { client, options })
    }

    /// Where messages may go.
    #[must_use]
    pub fn targets(&self) -> Targets {
        self.options.targets()
    }

    /// Sends a message once, with a signature for each secret.
    pub async fn send(&self, url: &str, secrets: &[Vec<u8>], message: &Message<'_>) -> Outcome {
        // What was allowed when it was registered may not be any more.
        let Ok(url) = self.targets().parse(url) else { return Outcome::failed(DeliveryFault::NotPublic) };
        let at = message.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let body = json!({ "type": message.event, "timestamp": at, "data": message.data }).to_string();
        let (id, time) = (format!("msg_{}", message.id.simple()), Utc::now().timestamp());
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", time)
            .header("webhook-signature", signature::sign(secrets, &id, time, body.as_bytes()))
            .body(body);
        match request.send().await {
            Ok(response) => Outcome::of(response).await,
            Err(error) => Outcome::failed(fault_of(&error)),
        }
    }
}

impl Outcome {
    async fn of(mut response: Response) -> Self {
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let (status, mut read) = (response.status().as_u16(), Vec::new());
        // Whoever answers with much, or slowly, has answered all the same.
        while let (true, Ok(Some(chunk))) = (read.len() < READ, response.chunk().await) {
            read.extend_from_slice(&chunk[..chunk.len().min(READ - read.len())]);
        }
        let text = String::from_utf8_lossy(&read);
        let answer = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(KEPT).collect();
        Self { status: Some(status), fault: None, answer, retry_after: retry_after.map(Duration::from_secs) }
    }

    fn failed(fault: DeliveryFault) -> Self {
        Self { status: None, fault: Some(fault), answer: String::new(), retry_after: None }
    }

    /// Has the receiver taken it?
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self.status, Some(200..=299))
    }
}

fn fault_of(error: &reqwest::Error) -> DeliveryFault {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return DeliveryFault::NotPublic;
        }
        cause = error.source();
    }
    if error.is_timeout() { DeliveryFault::TimedOut } else { DeliveryFault::Unreachable }
}
