//! When to try again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Exponential back-off with jitter, and a circuit breaker.
///
/// After `n` failures in a row the next attempt comes after `first_ms * 2^(n-1)`, at most `longest_s`, and of that a random part between a
/// half and all. After `breaker` failures the circuit is open: only one notice is tried at a time, until one is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pace {
    /// Milliseconds before the second attempt.
    pub first_ms: u64,
    /// Seconds between attempts, at most; `Retry-After` may ask for more, up to an hour.
    pub longest_s: u64,
    /// Failures in a row that open the circuit.
    pub breaker: u32,
}

/// More than this is not waited because another machine says so.
const LONGEST_ASKED: Duration = Duration::from_secs(3_600);

impl Default for Pace {
    fn default() -> Self {
        Self {
            first_ms: 1_000,
            longest_s: 300,
            breaker: 5,
        }
    }
}

impl Pace {
    /// How long to wait after so many failures in a row. `random` is any number.
    pub fn after(&self, failures: u32, asked: Option<Duration>, random: u64) -> Duration {
        let doubled = self
            .first_ms
            .saturating_mul(1 << failures.saturating_sub(1).min(32));
        let whole = doubled.min(self.longest_s.saturating_mul(1_000)).max(1);
        let waited = Duration::from_millis(whole / 2 + random % (whole / 2 + 1));
        waited.max(asked.unwrap_or_default().min(LONGEST_ASKED))
    }

    /// Whether the circuit is open after so many failures in a row.
    pub fn is_open(&self, failures: u32) -> bool {
        failures >= self.breaker.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_backs_off_and_heeds_what_is_asked() {
        let pace = Pace::default();
        for random in [0, 1, 12_345, u64::MAX] {
            let waits: Vec<u128> = (1..=40)
                .map(|failures| pace.after(failures, None, random).as_millis())
                .collect();
            assert!((500..=1_000).contains(&waits[0]));
            assert!((2_000..=4_000).contains(&waits[2]));
            assert!((150_000..=300_000).contains(&waits[39]));
        }
        let asked = |seconds| {
            pace.after(1, Some(Duration::from_secs(seconds)), 0)
                .as_secs()
        };
        assert_eq!(asked(120), 120);
        assert_eq!(asked(1 << 40), 3_600);
        assert!(!pace.is_open(4) && pace.is_open(5));
    }
}
