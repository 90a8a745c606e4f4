//! Work that gives way to what answers callers.

use std::future::{Future, ready};
use std::io;
use std::thread;

use futures_util::TryFutureExt;
use futures_util::future::Either;
#[cfg(target_os = "linux")]
use thread_priority::ThreadPriority;
#[cfg(target_os = "linux")]
use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use tokio::sync::{Semaphore, oneshot};

/// How much less of a busy processor it gets than a request: about a tenth (nice(2)).
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;
#[cfg(target_os = "linux")]
const IDLE: ThreadSchedulePolicy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);

/// Begins a piece of work of the processor or the disk; what to wait for is an error if no thread was to be had, or if
/// the work panicked. Threads that it starts give way as well.
pub fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> impl Future<Output = io::Result<T>> + Send {
    begin(give_way, work)
}

/// Does a piece of work that nobody waits for, when the processor has nothing else to do. One piece is done at a time, so
/// that all processors but one are free for whoever comes.
///
/// # Errors
/// As those of [`run`].
pub async fn run_idle<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    static TURN: Semaphore = Semaphore::const_new(1);
    let _turn = TURN.acquire().await.map_err(io::Error::other)?;
    begin(give_way_at_once, work).await
}

fn begin<T: Send + 'static>(
    prepare: fn(),
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = io::Result<T>> + Send {
    let (sender, receiver) = oneshot::channel();
    let thread = thread::Builder::new().name("background".to_owned()).spawn(move || {
        prepare();
        // Whoever asked for it may be gone.
        let _ = sender.send(work());
    });
    match thread {
        Ok(_) => Either::Left(receiver.map_err(io::Error::other)),
        Err(error) => Either::Right(ready(Err(error))),
    }
}

/// Elsewhere than on Linux niceness is of the whole process, so there all threads are alike.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}

/// A thread of this policy runs while no other wants to, and stops at once when one does; one that is nice ends its turn
/// first (sched(7)).
fn give_way_at_once() {
    #[cfg(target_os = "linux")]
    if let Err(error) = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, IDLE) {
        tracing::debug!(?error, "a thread keeps its policy");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn it_gives_way_with_all_that_it_starts_and_nobody_else_does() {
        let before = rustix::process::nice(0).expect("a niceness");
        let started = run(|| thread::spawn(|| rustix::process::nice(0)).join()).await.expect("work").expect("a thread");
        assert_eq!(started.expect("a niceness"), before + NICENESS);
        assert_eq!(rustix::process::nice(0).expect("a niceness"), before);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_nobody_waits_for_is_done_one_after_another_in_idle_time() {
        use std::sync::atomic::{AtomicUsize, Ordering};

        static WORKING: AtomicUsize = AtomicUsize::new(0);
        let piece = || {
            let beside = WORKING.fetch_add(1, Ordering::SeqCst);
            thread::sleep(std::time::Duration::from_millis(5));
            WORKING.fetch_sub(1, Ordering::SeqCst);
            (beside, thread_priority::unix::thread_schedule_policy())
        };
        for done in futures_util::future::join_all((0..4).map(|_| run_idle(piece))).await {
            assert_eq!(done.expect("work"), (0, Ok(IDLE)));
        }
        assert_ne!(thread_priority::unix::thread_schedule_policy(), Ok(IDLE));
    }

    #[tokio::test]
    async fn work_that_panics_is_an_error() {
        assert!(run(|| panic!("on purpose")).await.is_err());
    }
}
