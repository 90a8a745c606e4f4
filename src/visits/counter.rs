//! Who has come since what is known was last written.

use std::collections::HashSet;
use std::mem;
use std::sync::{Arc, Weak};
use std::time::Duration;

use chrono::{NaiveDate, Utc};
use parking_lot::Mutex;
use uuid::Uuid;

use super::{Looking, day_of, store};
use crate::database::{Database, DatabaseError};
use crate::identity::Secret;

/// Between two writes.
const PERIOD: Duration = Duration::from_secs(1);
/// Visits that are remembered, some megabytes. Beyond it some are written again, and the database knows them.
const MOST: usize = 100_000;

/// One visit of somebody on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Visit {
    pub subject: Uuid,
    pub day: NaiveDate,
    pub visitor: i64,
}

/// The visits that this process has seen.
pub struct Visits {
    secret: Secret,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    known: HashSet<Visit>,
    waiting: Vec<Visit>,
}

impl Visits {
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self { secret, seen: Mutex::default() }
    }

    /// Notes that somebody looks at something, if a person does, for the first time today.
    pub fn note(&self, subject: Uuid, looking: &Looking) {
        let day = day_of(Utc::now());
        if let Some(visitor) = looking.on(day, &self.secret) {
            self.seen.lock().note(Visit { subject, day, visitor });
        }
    }

    /// Writes what waits. What cannot be written waits on.
    ///
    /// # Errors
    /// What the database says.
    pub async fn write(&self, database: &Database) -> Result<(), DatabaseError> {
        let waiting = self.seen.lock().take();
        if waiting.is_empty() {
            return Ok(());
        }
        let written = async { Ok(store::keep(&waiting, &mut *database.worker_connection().await?).await?) }.await;
        if written.is_err() {
            self.seen.lock().put_back(waiting);
        }
        written
    }
}

impl Seen {
    fn note(&mut self, visit: Visit) {
        if self.waiting.len() >= MOST {
            // Nothing could be written for long: those who come now are not counted.
            return;
        }
        if self.known.len() >= MOST {
            self.known.clear();
        }
        if self.known.insert(visit) {
            self.waiting.push(visit);
        }
    }

    fn take(&mut self) -> Vec<Visit> {
        mem::take(&mut self.waiting)
    }

    fn put_back(&mut self, mut earlier: Vec<Visit>) {
        earlier.append(&mut self.waiting);
        self.waiting = earlier;
    }
}

/// Writes every second, as long as somebody counts.
pub async fn work(visits: Weak<Visits>, database: Database) {
    while let Some(counting) = visits.upgrade() {
        write(&counting, &database).await;
        drop(counting);
        tokio::time::sleep(PERIOD).await;
    }
}

async fn write(visits: &Arc<Visits>, database: &Database) {
    if let Err(error) = visits.write(database).await {
        tracing::warn!(%error, "visits could not be written; trying again in a second");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(visitor: i64) -> Visit {
        let day = NaiveDate::from_ymd_opt(2026, 11, 29).expect("a day");
        Visit { subject: Uuid::nil(), day, visitor }
    }

    #[test]
    fn who_comes_again_waits_once_and_what_failed_waits_on() {
        let mut seen = Seen::default();
        for visitor in [1, 2, 1] {
            seen.note(visit(visitor));
        }
        let first = seen.take();
        assert_eq!(first, [visit(1), visit(2)]);
        seen.note(visit(2));
        seen.note(visit(3));
        seen.put_back(first);
        assert_eq!(seen.take(), [visit(1), visit(2), visit(3)]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut seen = Seen::default();
        for visitor in 0..250_000 {
            seen.note(visit(visitor));
        }
        assert_eq!((seen.known.len(), seen.waiting.len()), (MOST, MOST));
        seen.take();
        seen.note(visit(1));
        assert_eq!((seen.known.len(), seen.waiting.len()), (1, 1));
    }
}
