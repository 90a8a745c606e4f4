//! How much a caller may ask for: a bucket of units for each account and, without one, for each subscriber's network.
//!
//! A bucket holds what a minute gives and fills evenly; heavier operations take more units (GCRA, by `governor`). What is
//! left is told with every answer (draft-ietf-httpapi-ratelimit-headers-10). The buckets are those of one process.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use ipnet::IpNet;
use uuid::Uuid;

use crate::problem::{Answer, Problem};

pub const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Seconds in which an empty bucket fills.
const WINDOW: u32 = 60;
/// After so many requests the buckets that are full again are let go: each request makes one more at most.
const SWEEP: u32 = 10_000;

/// Whose bucket a request is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Payer {
    /// A person's account or a partner site.
    Account(Uuid),
    Network(IpNet),
}

/// The buckets of a process.
pub struct Limits {
    rate: NonZeroU32,
    buckets: RateLimiter<Payer, DashMapStateStore<Payer>, DefaultClock, StateInformationMiddleware>,
    asked: AtomicU32,
}

impl Limits {
    /// Buckets of so many units a minute.
    #[must_use]
    pub fn new(rate: NonZeroU32) -> Self {
        let buckets = RateLimiter::dashmap(Quota::per_minute(rate)).with_middleware();
        Self { rate, buckets, asked: AtomicU32::new(0) }
    }

    /// Takes what a request costs, if it is there. What costs more than a bucket holds takes a whole one.
    pub fn charge(&self, payer: &Payer, cost: u32) -> Charge {
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.buckets.retain_recent();
            self.buckets.shrink_to_fit();
        }
        let cost = NonZeroU32::new(cost).unwrap_or(NonZeroU32::MIN).min(self.rate);
        match self.buckets.check_key_n(payer, cost) {
            Ok(Ok(left)) => self.charged(left.remaining_burst_capacity(), None),
            Ok(Err(refused)) => {
                let wait = refused.wait_time_from(self.buckets.clock().now());
                // The units that `wait` brings are those that are missing.
                let missing = u32::try_from(wait.as_nanos().div_ceil(self.interval().as_nanos())).unwrap_or(u32::MAX);
                self.charged(cost.get().saturating_sub(missing), Some(wait))
            }
            // Never: no cost is above the rate.
            Err(_) => self.charged(0, Some(self.interval() * self.rate.get())),
        }
    }

    fn charged(&self, remaining: u32, wait: Option<Duration>) -> Charge {
        let spent = self.rate.get().saturating_sub(remaining);
        Charge {
            rate: self.rate,
            remaining,
            full_in: seconds(self.interval() * spent),
            wait: wait.map(|wait| seconds(wait).max(1)),
        }
    }

    /// The time that brings one unit.
    fn interval(&self) -> Duration {
        Quota::per_minute(self.rate).replenish_interval()
    }
}

/// Whole seconds, never too few.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// What came of a request for units.
#[derive(Debug)]
pub struct Charge {
    rate: NonZeroU32,
    remaining: u32,
    /// Seconds until the bucket is full, if nothing more is asked.
    full_in: u64,
    /// Seconds until there is enough for this request, if there is not now.
    wait: Option<u64>,
}

impl Charge {
    /// # Errors
    /// `too-many-requests` if there was not enough.
    pub fn allow(&self) -> Answer<()> {
        self.wait.map_or(Ok(()), |seconds| Err(Problem::too_many_requests(seconds)))
    }

    /// Tells the caller what is left.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let mut insert = |name, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        };
        insert(RATELIMIT_POLICY, format!("\"default\";q={};w={WINDOW}", self.rate));
        insert(RATELIMIT, format!("\"default\";r={};t={}", self.remaining, self.full_in));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(rate: u32) -> Limits {
        Limits::new(NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN))
    }

    fn account(number: u128) -> Payer {
        Payer::Account(Uuid::from_u128(number))
    }

    #[test]
    fn what_is_left_goes_down_by_the_cost_and_a_refusal_takes_nothing() {
        // One unit in twelve seconds, so that none comes back while the test runs.
        let limits = limits(5);
        let charge = |cost| {
            let charge = limits.charge(&account(1), cost);
            (charge.remaining, charge.full_in, charge.wait)
        };
        assert_eq!(charge(1), (4, 12, None));
        assert_eq!(charge(2), (2, 36, None));
        assert_eq!(charge(3), (2, 36, Some(12)));
        assert_eq!(charge(4), (2, 36, Some(24)));
        assert_eq!(charge(2), (0, 60, None));
        assert_eq!(charge(9), (0, 60, Some(60)));
        assert_eq!(limits.charge(&account(2), 9).remaining, 0);
    }

    #[test]
    fn callers_do_not_share_and_the_headers_tell() {
        let limits = limits(2);
        let network = |text: &str| text.parse().map(Payer::Network);
        assert!(limits.charge(&account(1), 2).allow().is_ok());
        assert!(limits.charge(&account(1), 1).allow().is_err());
        for payer in [network("203.0.113.7/32"), network("203.0.113.8/32"), network("2001:db8::/64"), Ok(account(2))] {
            assert!(payer.is_ok_and(|payer| limits.charge(&payer, 1).allow().is_ok()));
        }
        let mut headers = HeaderMap::new();
        limits.charge(&account(3), 1).tell(&mut headers);
        let value = |name| headers.get(name).and_then(|value| value.to_str().ok());
        assert_eq!(value(RATELIMIT_POLICY), Some("\"default\";q=2;w=60"));
        assert_eq!(value(RATELIMIT), Some("\"default\";r=1;t=30"));
    }

    #[test]
    fn buckets_that_are_full_again_are_let_go() {
        // Full again within a microsecond.
        let limits = limits(u32::MAX);
        for number in 0..u128::from(SWEEP) * 3 {
            limits.charge(&account(number), 1);
        }
        assert!(limits.buckets.len() <= usize::try_from(SWEEP).unwrap_or_default(), "{}", limits.buckets.len());
    }
}
