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

/// A time given on the command line.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text)
        .ok_or_else(|| "write a time such as 2026-11-23T10:00:00Z, or a day".to_owned())
}
