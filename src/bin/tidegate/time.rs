//! The clock, and times on the command line.

use std::time::{SystemTime, UNIX_EPOCH};

use tidegate::Timestamp;

/// The time now.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp(since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }))
}

/// RFC 3339 in UTC.
pub(crate) fn show(time: Timestamp) -> String {
    time.to_string()
}
