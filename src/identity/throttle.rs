//! Slows down whoever guesses passwords, without locking anybody out for long.
//!
//! Three things are guarded: an account from a network, an account from anywhere else, and a network whatever it asks
//! for. In a network where an account has signed in lately only its own failures there count against it, so that nobody
//! elsewhere, nor any other account, can keep it out (OWASP Authentication Cheat Sheet, device cookies). A try counts as failed before its password is looked at and is forgiven
//! when it is right, so that many at once gain nothing. Logins that nobody has are counted like any other.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Integer};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use ipnet::IpNet;
use sha2::{Digest, Sha256};

use crate::database::schema::sign_in_failures;
use crate::problem::Problem;

/// Failures of an account from one network that cost nothing yet.
const OF_ACCOUNT_HERE: i32 = 5;
/// Of an account from networks where it never signed in (NIST SP 800-63B, 3.2.2: at most 100).
const OF_ACCOUNT_ELSEWHERE: i32 = 20;
/// Of a network, whatever the account: an office or a school may share one address.
const OF_NETWORK: i32 = 100;

/// What a try to sign in is counted under.
pub struct Guard {
    here: Vec<u8>,
    elsewhere: Option<Vec<u8>>,
    network: Option<Vec<u8>>,
}

impl Guard {
    /// The guard of a login from a network, where it may have signed in lately.
    #[must_use]
    pub fn of(login: &str, network: IpNet, familiar: bool) -> Self {
        let hash = |parts: &[&str]| Sha256::digest(parts.join("\0")).to_vec();
        let text = network.to_string();
        Self {
            here: hash(&["here", login, &text]),
            elsewhere: (!familiar).then(|| hash(&["elsewhere", login])),
            network: (!familiar).then(|| hash(&["network", &text])),
        }
    }

    /// Counts a try as failed until it is [forgiven](Self::forgive).
    ///
    /// # Errors
    /// `too-many-requests` with the seconds to wait; then nothing is counted.
    pub async fn count(&self, connection: &mut AsyncPgConnection) -> Result<(), Problem> {
        let elsewhere = self.elsewhere.iter().map(|guarded| (guarded, OF_ACCOUNT_ELSEWHERE));
        let network = self.network.iter().map(|guarded| (guarded, OF_NETWORK));
        let mut guarded: Vec<(&Vec<u8>, i32)> =
            std::iter::once((&self.here, OF_ACCOUNT_HERE)).chain(elsewhere).chain(network).collect();
        // Always in one order, so that two tries never wait for each other.
        guarded.sort_unstable();
        connection
            .transaction(async |connection| {
                for (guarded, free) in guarded {
                    count(guarded, free, connection).await?;
                }
                Ok(())
            })
            .await
    }

    /// Forgets the failures of the account, and takes this one of the network back.
    ///
    /// # Errors
    /// What the database says.
    pub async fn forgive(&self, connection: &mut AsyncPgConnection) -> QueryResult<()> {
        let account: Vec<&Vec<u8>> = std::iter::once(&self.here).chain(&self.elsewhere).collect();
        let of_account = sign_in_failures::table.filter(sign_in_failures::guarded.eq_any(account));
        diesel::delete(of_account).execute(connection).await?;
        take_back(&self.network.iter().collect::<Vec<_>>(), connection).await
    }

    /// Takes only this try back: it was neither right nor wrong.
    ///
    /// # Errors
    /// What the database says.
    pub async fn take_back(&self, connection: &mut AsyncPgConnection) -> QueryResult<()> {
        let all: Vec<&Vec<u8>> = std::iter::once(&self.here).chain(&self.elsewhere).chain(&self.network).collect();
        take_back(&all, connection).await
    }
}

async fn take_back(guarded: &[&Vec<u8>], connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let counted = || sign_in_failures::table.filter(sign_in_failures::guarded.eq_any(guarded.to_vec()));
    diesel::delete(counted().filter(sign_in_failures::failures.eq(1))).execute(connection).await?;
    let one_less = (
        sign_in_failures::failures.eq(sign_in_failures::failures - 1),
        sign_in_failures::blocked_until.eq(None::<DateTime<Utc>>),
    );
    diesel::update(counted().filter(sign_in_failures::failures.gt(1))).set(one_less).execute(connection).await.map(drop)
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Integer)]
    #[expect(dead_code, reason = "that there is a row is what is asked")]
    failures: i32,
}

/// Counts one failure, unless it is too early for another. Each one past the free ones takes twice the time of the one
/// before, from 15 seconds to 15 minutes; after an hour of quiet it begins anew.
async fn count(guarded: &[u8], free: i32, connection: &mut AsyncPgConnection) -> Result<(), Problem> {
    let counted: Option<Counted> = diesel::sql_query(
        "INSERT INTO sign_in_failures AS kept (guarded, failures, last_at) VALUES ($1, 1, now())
         ON CONFLICT (guarded) DO UPDATE SET
             failures = CASE WHEN kept.last_at < now() - interval '1 hour' THEN 1 ELSE kept.failures + 1 END,
             blocked_until = CASE WHEN kept.failures >= $2 AND kept.last_at >= now() - interval '1 hour'
                 THEN now() + least(interval '15 minutes',
                                    interval '15 seconds' * power(2, least(kept.failures - $2, 10))) END,
             last_at = now()
         WHERE kept.blocked_until IS NULL OR kept.blocked_until <= now()
         RETURNING failures",
    )
    .bind::<Binary, _>(guarded)
    .bind::<Integer, _>(free)
    .get_result(connection)
    .await
    .optional()?;
    if counted.is_some() {
        return Ok(());
    }
    let until: Option<DateTime<Utc>> =
        sign_in_failures::table.find(guarded).select(sign_in_failures::blocked_until).first(connection).await?;
    let wait = until.map_or(1, |until| (until - Utc::now()).num_seconds() + 1);
    Err(Problem::too_many_requests(u64::try_from(wait).unwrap_or(1).max(1)))
}

/// Forgets failures of more than a day ago.
///
/// # Errors
/// What the database says.
pub async fn forget_old(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let old = sign_in_failures::table.filter(sign_in_failures::last_at.lt(Utc::now() - TimeDelta::days(1)));
    diesel::delete(old).execute(connection).await.map(drop)
}
