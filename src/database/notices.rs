//! Notices of the database (NOTIFY): one connection listens on every channel, for all who wait.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use futures_util::StreamExt;
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::{Database, DatabaseError};

/// A pause after the database failed.
const RECOVERY: Duration = Duration::from_secs(1);

/// Notices of a channel. Several at once are one, and where some may have been lost, that counts as one.
pub struct Notices(watch::Receiver<()>);

impl Notices {
    /// Waits until one comes that has not been waited for, at most so long.
    pub async fn wait(&mut self, patience: Duration) {
        if let Ok(Err(_)) = timeout(patience, self.0.changed()).await {
            // Nobody listens any more.
            sleep(patience).await;
        }
    }

    /// What has come until now need not be waited for.
    pub fn forget(&mut self) {
        self.0.mark_unchanged();
    }
}

/// Listens on channels as long as somebody waits for notices of one. A connection that is lost is made anew.
#[must_use]
pub fn listen<const N: usize>(database: &Database, channels: [&'static str; N]) -> [Notices; N] {
    let tellers = channels.map(|channel| (channel, watch::Sender::new(())));
    let heard = std::array::from_fn(|place| Notices(tellers[place].1.subscribe()));
    let database = database.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = tell_on(&database, &tellers) => {}
            _ = join_all(tellers.iter().map(|(_, teller)| teller.closed())) => {}
        }
    });
    heard
}

type Teller = (&'static str, watch::Sender<()>);

async fn tell_on(database: &Database, tellers: &[Teller]) {
    loop {
        if let Err(error) = tell(database, tellers).await {
            tracing::error!(%error, "notices of the database do not come; trying again");
        }
        sleep(RECOVERY).await;
    }
}

async fn tell(database: &Database, tellers: &[Teller]) -> Result<(), DatabaseError> {
    let mut connection = database.lasting_connection().await?;
    for (channel, _) in tellers {
        connection.batch_execute(&format!("LISTEN {channel}")).await?;
    }
    // What came before is told of by nobody.
    for (_, teller) in tellers {
        teller.send_replace(());
    }
    let mut notices = std::pin::pin!(connection.notifications_stream());
    while let Some(notice) = notices.next().await {
        let notice = notice?;
        if let Some((_, teller)) = tellers.iter().find(|(channel, _)| *channel == notice.channel) {
            teller.send_replace(());
        }
    }
    Ok(())
}
