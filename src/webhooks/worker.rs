//! The work beside the requests: makes deliveries of what happens, and sends what is due.
//!
//! Any number of processes do it at once. What one sends is due again only after its time is over, so that nothing is sent
//! twice at a time, and what a process that was killed had in hand is sent by another. No transaction is open meanwhile.

use std::collections::HashMap;
use std::sync::Weak;
use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection};
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use super::backoff::Verdict;
use super::queue::{self, Claimed};
use super::sender::{Message, Outcome, Sender};
use super::{events, store};
use crate::database::{Database, DatabaseError};
use crate::identity::Secret;
use crate::matching::follow::Progress;

/// Between two looks, if no change comes.
const PERIOD: Duration = Duration::from_millis(500);
/// A pause after the database failed.
const PATIENCE: Duration = Duration::from_secs(1);
/// Messages that a process sends at once, and of them to one receiver.
const AT_ONCE: usize = 64;
const OF_EACH: usize = 8;
/// For keeping what became of an attempt, beside its own time.
const MARGIN: Duration = Duration::from_secs(10);

/// What the work needs of the service.
pub struct Office {
    pub database: Database,
    pub secret: Secret,
    /// The address under which callers reach the service.
    pub url: String,
}

#[derive(Debug, thiserror::Error)]
enum WorkError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the database refused: {0}")]
    Query(#[from] diesel::result::Error),
    #[error("what changed could not be read: {0:?}")]
    Reading(crate::problem::Problem),
    #[error("a message was not sent: {0}")]
    Sending(#[from] tokio::task::JoinError),
}

/// Works as long as the service runs. What fails is tried again.
pub async fn work(sender: Weak<Sender>, office: Office, mut progress: Progress) {
    while sender.strong_count() > 0 {
        if let Err(error) = send_all(&sender, &office, &mut progress).await {
            tracing::error!(%error, "webhooks fell behind; trying again");
            tokio::time::sleep(PATIENCE).await;
        }
    }
}

async fn send_all(sender: &Weak<Sender>, office: &Office, progress: &mut Progress) -> Result<(), WorkError> {
    let database = &office.database;
    let mut round = Round { sending: JoinSet::new(), in_hand: HashMap::new() };
    while let Some(sender) = sender.upgrade().as_deref().cloned() {
        look(&mut round, &sender, office, &mut *database.worker_connection().await?).await?;
        tokio::select! {
            Some(sent) = round.sending.join_next() => {
                round.settle(&sent?, &sender, &mut *database.worker_connection().await?).await?;
            }
            _ = progress.further(Instant::now() + PERIOD) => {}
        }
    }
    Ok(())
}

/// Makes deliveries of what happened, and begins to send what is due.
async fn look(
    round: &mut Round,
    sender: &Sender,
    office: &Office,
    connection: &mut AsyncPgConnection,
) -> Result<(), WorkError> {
    if !queue::is_wanted(connection).await? {
        return Ok(());
    }
    for subscription in queue::behind(connection).await? {
        events::step(&subscription, &office.url, connection).await.map_err(WorkError::Reading)?;
    }
    round.begin(sender, office, connection).await
}

/// What is on its way.
struct Round {
    sending: JoinSet<(Claimed, Outcome)>,
    /// Messages by their webhooks.
    in_hand: HashMap<Uuid, usize>,
}

impl Round {
    /// Sends what is due, as far as there is room.
    async fn begin(
        &mut self,
        sender: &Sender,
        office: &Office,
        connection: &mut AsyncPgConnection,
    ) -> Result<(), WorkError> {
        let room = AT_ONCE.saturating_sub(self.sending.len());
        if room == 0 {
            return Ok(());
        }
        let busy: Vec<Uuid> =
            self.in_hand.iter().filter(|(_, count)| **count >= OF_EACH).map(|(webhook, _)| *webhook).collect();
        let lease = (sender.options.patience + MARGIN).as_secs_f64();
        let most = (number(room), number(OF_EACH));
        let claimed = queue::claim(most, &busy, lease, connection).await?;
        let secrets = opened(&claimed, office, connection).await?;
        for claimed in claimed {
            *self.in_hand.entry(claimed.webhook_id).or_default() += 1;
            let secrets = secrets.get(&claimed.webhook_id).cloned().unwrap_or_default();
            let sender = sender.clone();
            self.sending.spawn(async move {
                let event = claimed.event.as_str();
                let message = Message { id: claimed.id, event, at: claimed.created_at, data: &claimed.data };
                let outcome = sender.send(&claimed.url, &secrets, &message).await;
                (claimed, outcome)
            });
        }
        Ok(())
    }

    /// Keeps what became of a message.
    async fn settle(
        &mut self,
        (claimed, outcome): &(Claimed, Outcome),
        sender: &Sender,
        connection: &mut AsyncPgConnection,
    ) -> Result<(), WorkError> {
        if let Some(count) = self.in_hand.get_mut(&claimed.webhook_id) {
            *count = count.saturating_sub(1);
        }
        self.in_hand.retain(|_, count| *count > 0);
        let before = usize::try_from(claimed.attempts).unwrap_or_default();
        let verdict = sender.options.back_off.verdict(outcome, before, rand::random());
        tracing::debug!(webhook = %claimed.webhook_id, delivery = %claimed.id, status = outcome.status, "sent");
        if let Verdict::GivenUp(ending) = verdict {
            tracing::warn!(webhook = %claimed.webhook_id, why = ending.as_str(), "a webhook is off");
        }
        connection.transaction(async |connection| queue::note(claimed, outcome, verdict, connection).await).await?;
        Ok(())
    }
}

/// The secrets of the webhooks of deliveries.
async fn opened(
    claimed: &[Claimed],
    office: &Office,
    connection: &mut AsyncPgConnection,
) -> Result<HashMap<Uuid, Vec<Vec<u8>>>, WorkError> {
    if claimed.is_empty() {
        return Ok(HashMap::new());
    }
    let webhooks: Vec<Uuid> = claimed.iter().map(|claimed| claimed.webhook_id).collect();
    let mut secrets: HashMap<Uuid, Vec<Vec<u8>>> = HashMap::new();
    for (webhook, id, sealed) in store::sealed(&webhooks, connection).await? {
        secrets.entry(webhook).or_default().extend(office.secret.open(&sealed, id.as_bytes()));
    }
    Ok(secrets)
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
