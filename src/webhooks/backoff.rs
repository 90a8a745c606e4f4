//! When a message is sent again, and when a receiver is given up (Standard Webhooks, "Deliverability and reliability").

use std::time::Duration;

use super::WebhookEnding;
use super::sender::Outcome;

/// Longer than this no receiver can ask for.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// How long before each attempt; there are as many as there are steps.
#[derive(Clone, Debug)]
pub struct BackOff(pub Vec<Duration>);

impl Default for BackOff {
    /// Ten attempts in three days, as the specification proposes.
    fn default() -> Self {
        let (seconds, minutes, hours) = (Duration::from_secs, Duration::from_mins, Duration::from_hours);
        let later = [2, 5, 10, 14, 20, 24].map(hours);
        Self([Duration::ZERO, seconds(5), minutes(5), minutes(30)].into_iter().chain(later).collect())
    }
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Delivered,
    /// Again after a time; with the receiver left alone until then, if it has too much to do.
    Again {
        after: Duration,
        pause: bool,
    },
    /// Not again, and nothing else either.
    GivenUp(WebhookEnding),
}

impl BackOff {
    /// What follows from an attempt that came after so many others. `chance` is from 0 to 1: it spreads what failed at one
    /// time over a tenth of the step.
    #[must_use]
    pub fn verdict(&self, outcome: &Outcome, before: usize, chance: f64) -> Verdict {
        match outcome.status {
            Some(200..=299) => return Verdict::Delivered,
            Some(410) => return Verdict::GivenUp(WebhookEnding::Gone),
            _ => {}
        }
        let Some(step) = self.0.get(before + 1) else { return Verdict::GivenUp(WebhookEnding::Failing) };
        let pause = matches!(outcome.status, Some(429 | 502 | 504));
        let asked = outcome.retry_after.filter(|_| pause).unwrap_or_default().min(LONGEST_PAUSE);
        Verdict::Again { after: step.mul_f64(1.0 + chance / 10.0).max(asked), pause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, retry_after: Option<u64>) -> Outcome {
        Outcome {
            status: Some(status),
            retry_after: retry_after.map(Duration::from_secs),
            fault: None,
            answer: String::new(),
        }
    }

    #[test]
    fn a_receiver_that_fails_is_tried_ten_times_in_three_days() {
        let steps = BackOff::default();
        let failed = answered(500, None);
        let mut waited = Duration::ZERO;
        for before in 0..9 {
            let Verdict::Again { after, pause: false } = steps.verdict(&failed, before, 0.0) else {
                panic!("given up after {before}")
            };
            waited += after;
        }
        assert_eq!(steps.verdict(&failed, 9, 0.0), Verdict::GivenUp(WebhookEnding::Failing));
        assert!(waited >= Duration::from_hours(72) && waited < Duration::from_hours(96), "{waited:?}");
    }

    #[test]
    fn an_answer_decides() {
        let steps = BackOff::default();
        let verdict = |status, retry_after| steps.verdict(&answered(status, retry_after), 1, 0.0);
        let again = |seconds, pause| Verdict::Again { after: Duration::from_secs(seconds), pause };
        assert_eq!(verdict(204, None), Verdict::Delivered);
        assert_eq!(verdict(410, None), Verdict::GivenUp(WebhookEnding::Gone));
        for status in [302, 400, 404, 500, 503] {
            assert_eq!(verdict(status, Some(900)), again(300, false), "{status}");
        }
        for status in [429, 502, 504] {
            assert_eq!(verdict(status, None), again(300, true), "{status}");
            assert_eq!(verdict(status, Some(900)), again(900, true), "{status}");
            assert_eq!(verdict(status, Some(1_000_000)), again(3600, true), "{status}");
        }
    }

    #[test]
    fn what_failed_at_one_time_is_spread() {
        let steps = BackOff::default();
        let Verdict::Again { after, .. } = steps.verdict(&answered(500, None), 1, 1.0) else { panic!("given up") };
        assert_eq!(after, Duration::from_secs(330));
    }
}
