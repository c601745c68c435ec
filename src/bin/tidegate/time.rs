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

/// A time given on the command line: `now`, or RFC 3339.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    if text == "now" {
        return Ok(now());
    }
    Timestamp::parse(text).ok_or_else(|| {
        "write `now`, or a time such as 2026-11-23T10:00:00Z or 2026-11-23".to_owned()
    })
}

/// RFC 3339 in UTC.
pub(crate) fn show(time: Timestamp) -> String {
    time.to_string()
}
