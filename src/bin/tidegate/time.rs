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

/// A time of the command line: `now`, a date or a date-time.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    match text {
        "now" => Ok(now()),
        _ => Timestamp::parse(text)
            .ok_or_else(|| "write `now`, `2026-01-31` or `2026-01-31T08:00:00+08:00`".to_owned()),
    }
}

/// RFC 3339 in UTC.
pub(crate) fn show(time: Timestamp) -> String {
    time.to_string()
}
