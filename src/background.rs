//! Work that gives way to what answers callers.

use std::future::{Future, ready};
use std::io;
use std::thread;

use futures_util::TryFutureExt;
use futures_util::future::Either;
use tokio::sync::oneshot;

/// How much less of a busy processor it gets than a request: about a tenth (nice(2)).
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Begins a piece of work of the processor or the disk; what to wait for is an error if no thread was to be had, or if
/// the work panicked. Threads that it starts give way as well.
pub fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> impl Future<Output = io::Result<T>> + Send {
    let (sender, receiver) = oneshot::channel();
    let thread = thread::Builder::new().name("background".to_owned()).spawn(move || {
        give_way();
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

    #[tokio::test]
    async fn work_that_panics_is_an_error() {
        assert!(run(|| panic!("on purpose")).await.is_err());
    }
}
