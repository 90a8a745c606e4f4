//! The change feed as Server-Sent Events (WHATWG HTML, 9.2).

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use super::feed::{Asked, ChangeView, Told};
use super::{Position, routes};
use crate::http::Address;
use crate::identity::{Caller, bearer_of};
use crate::matching::follow::Progress;
use crate::problem::{Answer, Faults, Problem};
use crate::state::State;

pub(super) const EVENTS: &str = "text/event-stream";

/// A stream that lasts longer is ended; the follower comes again, with the rights that it has then.
const LONGEST: Duration = Duration::from_mins(5);
/// What lies in between is told, so that nobody takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The position of the last event that a follower has seen.
///
/// # Errors
/// `invalid-parameter` for what is no position.
pub(super) fn last_event(request: &HttpRequest) -> Answer<Option<Position>> {
    let Some(last) = request.headers().get("last-event-id").filter(|last| !last.is_empty()) else { return Ok(None) };
    let position = Position::parse(last.to_str().unwrap_or_default());
    position.map(Some).map_err(|fault| Problem::invalid_parameters(Faults::one("/Last-Event-ID", fault)))
}

/// The stream; what is wrong with the position is said before it begins.
pub(super) async fn answer(
    request: &HttpRequest,
    state: web::Data<State>,
    caller: Caller,
    asked: Asked,
) -> Answer<HttpResponse> {
    let progress = state.freshness.progress();
    let told = routes::read(asked, &caller, &state).await?;
    let follower = Follower {
        token: bearer_of(request.headers()).map(str::to_owned),
        address: Address::of(request).0,
        asked: Asked { after: Some(told.position), ..asked },
        more: told.more,
        begin: Some(written(&told)),
        ending: signal(SignalKind::terminate()).map_err(Problem::internal)?,
        deadline: Instant::now() + LONGEST,
        state,
        caller,
        progress,
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let bytes = follower.next().await?;
        Some((Ok::<_, Infallible>(bytes), follower))
    });
    Ok(HttpResponse::Ok()
        .content_type(EVENTS)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Neither we nor a proxy in front may hold events back to pack them.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(events))
}

/// One who follows.
struct Follower {
    state: web::Data<State>,
    caller: Caller,
    token: Option<String>,
    address: IpAddr,
    asked: Asked,
    more: bool,
    begin: Option<Bytes>,
    progress: Progress,
    ending: Signal,
    deadline: Instant,
}

impl Follower {
    /// What is sent next; nothing once the stream is over.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(bytes) = self.begin.take() {
            return Some(bytes);
        }
        let due = (Instant::now() + HEARTBEAT).min(self.deadline);
        loop {
            if !self.more {
                tokio::select! {
                    _ = self.progress.further(due) => {}
                    _ = self.ending.recv() => return None,
                }
            }
            if Instant::now() >= self.deadline || !self.is_still_welcome() {
                return None;
            }
            // What the database cannot say now, the follower asks again from where it stands.
            let told = routes::read(self.asked, &self.caller, &self.state).await.ok()?;
            (self.asked.after, self.more) = (Some(told.position), told.more);
            if !told.changes.is_empty() || Instant::now() >= due {
                return Some(written(&told));
            }
        }
    }

    /// The token may have expired since, or the session ended.
    fn is_still_welcome(&self) -> bool {
        self.token.as_deref().is_none_or(|token| self.state.tokens.verify(token, self.address).is_some())
    }
}

/// Changes as events, and how far they reach.
fn written(told: &Told) -> Bytes {
    let events: String = told.changes.iter().map(event).collect();
    // An event without data is not seen, but what comes next is asked for from there.
    format!("{events}id: {}\n\n", told.position).into()
}

fn event(change: &ChangeView) -> String {
    // JSON on one line: a line end in a text is escaped in it.
    let data = serde_json::to_string(change).unwrap_or_default();
    format!("id: {}\nevent: change\ndata: {data}\n\n", change.position)
}
