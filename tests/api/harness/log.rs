//! The log of the services under test, kept to see that no request makes one panic.

use std::io::Write;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Keeps count of panics, in the log and of any thread but those of the tests themselves.
pub fn remember_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::fmt().with_env_filter("warn").with_writer(|| Counting).finish();
        tracing::subscriber::set_global_default(subscriber).expect("one subscriber");
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let in_service = panic.location().is_some_and(|place| !place.file().starts_with("tests/"));
            if in_service {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            default(panic);
        }));
    });
}

/// How many panics there were so far outside the tests' own assertions.
pub fn panics_logged() -> usize {
    PANICS.load(Ordering::SeqCst)
}

struct Counting;

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if String::from_utf8_lossy(bytes).contains("panic") {
            PANICS.fetch_add(1, Ordering::SeqCst);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
