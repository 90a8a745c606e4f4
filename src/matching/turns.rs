//! Questions of callers take turns: more at once than there are processors for would only take these, and what they
//! hold at hand, from each other.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use actix_web::web;
use tokio::sync::Semaphore;

use super::Engine;
use crate::problem::{Answer, Problem};

/// Questions at once for each processor: some long ones, as long texts are, do not keep a short one waiting.
const EACH: usize = 2;

/// Room for questions.
pub(super) struct Turns(Semaphore);

impl Default for Turns {
    fn default() -> Self {
        Self(Semaphore::new(EACH * thread::available_parallelism().map_or(1, NonZero::get)))
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
        let turn = self.turns.0.acquire().await.map_err(Problem::internal)?;
        let engine = Arc::clone(self);
        let worked = web::block(move || work(&engine)).await.map_err(Problem::internal)?;
        drop(turn);
        worked
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use futures_util::future::join_all;

    use super::*;
    use crate::matching::Model;

    #[actix_web::test]
    async fn a_question_waits_until_one_before_it_is_answered() {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = Engine::open(folder.path(), Model::shipped().expect("a model")).expect("an engine");
        let engine = Arc::new(engine);
        let room = engine.turns.0.available_permits();
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        let holding = (0..room).map(|_| {
            let (engine, held) = (Arc::clone(&engine), Arc::clone(&held));
            actix_web::rt::spawn(async move {
                engine.work(move |_| Ok(held.lock().expect("a lock").recv().is_ok())).await.is_ok()
            })
        });
        let holding: Vec<_> = holding.collect();
        while engine.turns.0.available_permits() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut waiting = std::pin::pin!(engine.work(|_| Ok(7)));
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut waiting).await.is_err());
        release.send(()).expect("one that holds a turn");
        assert!(matches!(waiting.await, Ok(7)));
        drop(release);
        assert!(join_all(holding).await.into_iter().all(|ended| ended.is_ok_and(|answered| answered)));
    }
}
