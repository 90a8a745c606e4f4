//! Visits: how many people looked at a policy or at the site.
//!
//! A person counts once a day for each thing; robots, reloads and machines do not count. Who comes is remembered in memory
//! and written every second, all in one statement, so that no view waits for a write. What is written is a keyed hash of the
//! day, which tells nobody who it was, and by which the database knows those whom another process has counted.

mod counter;
mod person;
pub mod routes;
pub mod store;

use chrono::{DateTime, Days, FixedOffset, NaiveDate, Utc};
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use uuid::Uuid;

pub use counter::{Visits, work};
pub use person::Looking;

/// What is counted as the site as a whole.
pub const SITE: Uuid = Uuid::nil();

/// Hours by which the day in China is ahead (GB/T 7408.1: there is one zone).
const AHEAD: i32 = 8;

/// The day of a moment, where the visitors are.
fn day_of(moment: DateTime<Utc>) -> NaiveDate {
    FixedOffset::east_opt(AHEAD * 3600).map_or(moment.date_naive(), |zone| moment.with_timezone(&zone).date_naive())
}

/// Forgets who came the day before yesterday and earlier: no process still counts them.
///
/// # Errors
/// What the database says.
pub async fn forget_old(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    store::forget_before(day_of(Utc::now()) - Days::new(1), connection).await
}
