//! Questions of callers take turns: more at once than there are processors for would only take these, and what they
//! hold at hand, from each other.

use std::sync::Arc;

use actix_web::web;
use tokio::sync::Semaphore;

use super::Engine;
use super::shares::processors;
use crate::problem::{Answer, Problem};

/// Questions at once for each processor: some long ones, as long texts are, do not keep a short one waiting.
const EACH: usize = 2;

/// Room for questions.
pub(super) struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(EACH * processors())))
    }
}

impl Engine {
    /// Has it work for a caller when it is the caller's turn, on a thread that no other request shares.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn work<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let turn = Arc::clone(&self.turns.0).acquire_owned().await.map_err(Problem::internal)?;
        let engine = Arc::clone(self);
        let worked = web::block(move || {
            // Also of a caller who is gone the turn lasts as long as the work.
            let _turn = turn;
            work(&engine)
        });
        worked.await.map_err(Problem::internal)?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};
    use std::time::Duration;

    use futures_util::future::join_all;
    use tempfile::TempDir;

    use super::*;
    use crate::matching::Model;

    const MOMENT: Duration = Duration::from_millis(1);

    fn engine() -> (TempDir, Arc<Engine>) {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = Engine::open(folder.path(), Model::shipped().expect("a model")).expect("an engine");
        (folder, Arc::new(engine))
    }

    #[actix_web::test]
    async fn a_question_waits_until_one_before_it_is_answered() {
        let (_folder, engine) = engine();
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let holding = (0..engine.turns.0.available_permits()).map(|_| {
            let (engine, held) = (Arc::clone(&engine), Arc::clone(&held));
            actix_web::rt::spawn(async move {
                engine.work(move |_| Ok(held.lock().expect("a lock").recv().is_ok())).await.is_ok()
            })
        });
        let holding: Vec<_> = holding.collect();
        while engine.turns.0.available_permits() > 0 {
            tokio::time::sleep(MOMENT).await;
        }
        let mut waiting = std::pin::pin!(engine.work(|_| Ok(7)));
        assert!(tokio::time::timeout(50 * MOMENT, &mut waiting).await.is_err());
        release.send(()).expect("one that holds a turn");
        assert!(matches!(waiting.await, Ok(7)));
        drop(release);
        assert!(join_all(holding).await.into_iter().all(|ended| ended.is_ok_and(|answered| answered)));
    }

    #[actix_web::test]
    async fn the_turn_of_a_caller_who_is_gone_lasts_as_long_as_the_work() {
        let (_folder, engine) = engine();
        let room = engine.turns.0.available_permits();
        let (release, held) = mpsc::channel::<()>();
        let asked = engine.work(move |_| Ok(held.recv().is_ok()));
        assert!(tokio::time::timeout(50 * MOMENT, asked).await.is_err());
        assert_eq!(engine.turns.0.available_permits(), room - 1);
        release.send(()).expect("one that holds a turn");
        while engine.turns.0.available_permits() < room {
            tokio::time::sleep(MOMENT).await;
        }
    }
}
