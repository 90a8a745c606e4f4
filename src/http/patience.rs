//! How long the service waits: for a body to arrive, for an answer to be made, for a connection to be used.
//!
//! The server itself bounds only the first head of a connection. So that nobody holds one by half of a later head, by a
//! body that nobody reads any more or by an answer that is never taken, a connection on which no request runs is closed
//! in the end, whatever it is doing.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use actix_web::dev::{Extensions, Payload};
use actix_web::error::PayloadError;
use actix_web::rt;
use futures_util::{StreamExt, stream};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

/// The times of a service.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a body to arrive, from its head on.
    pub body: Duration,
    /// For an answer: a body's time, as much for the work, and as much again if the caller prefers to wait.
    pub answer: Duration,
    /// For a connection on which no request runs.
    pub connection: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { body: Duration::from_secs(30), answer: Duration::from_secs(90), connection: Duration::from_mins(2) }
    }
}

impl Patience {
    /// The same where a body may be a file of many records, and the line to its sender slow.
    #[must_use]
    pub fn of_files(self) -> Self {
        Self { body: self.body * 10, answer: self.answer + self.body * 9, ..self }
    }
}

/// A body that fails when it has not arrived in time.
#[must_use]
pub fn punctual(payload: Payload, patience: Duration) -> Payload {
    if matches!(payload, Payload::None) {
        return payload;
    }
    let deadline = Instant::now() + patience;
    let stream = stream::unfold(Some(payload), move |payload| async move {
        let mut payload = payload?;
        match timeout_at(deadline, payload.next()).await {
            Ok(chunk) => chunk.map(|chunk| (chunk, Some(payload))),
            Err(late) => Some((Err(PayloadError::Io(late.into())), None)),
        }
    });
    Payload::Stream { payload: Box::pin(stream) }
}

/// Is this what a body fails with that came too late?
#[must_use]
pub fn is_late(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(error) if error.kind() == std::io::ErrorKind::TimedOut)
}

/// Whether a request runs on a connection, kept with the connection.
#[derive(Clone)]
pub struct Running(Rc<watch::Sender<bool>>);

impl Running {
    /// A request runs until what is returned is dropped.
    #[must_use]
    pub fn begin(&self) -> impl Drop + use<> {
        self.0.send_replace(true);
        Run(self.clone())
    }
}

struct Run(Running);

impl Drop for Run {
    fn drop(&mut self) {
        self.0.0.send_replace(false);
    }
}

/// Sets a watch over a new connection.
pub fn watch_over(connection: &dyn Any, kept: &mut Extensions, patience: Duration) {
    let stream = connection.downcast_ref::<rt::net::TcpStream>();
    let Some(socket) = stream.and_then(|stream| stream.as_fd().try_clone_to_owned().ok()) else { return };
    let (running, watched) = watch::channel(false);
    kept.insert(Running(Rc::new(running)));
    rt::spawn(close_unused(socket.into(), watched, patience));
}

/// Ends with the connection, or ends it.
async fn close_unused(socket: TcpStream, mut running: watch::Receiver<bool>, patience: Duration) {
    loop {
        let runs = *running.borrow_and_update();
        let change = running.changed();
        let change = if runs { Ok(change.await) } else { timeout(patience, change).await };
        match change {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => {
                // One that is closed already is as it should be.
                let _ = socket.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}
