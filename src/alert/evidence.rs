//! What a tenant grants: how much of a message is kept, how much is told, and for how long.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much of a message's text an alert may hold.
///
/// Written `offsets`, `span`, or `context/40` (characters, as people count them, on each side; at most [`Grant::WIDEST`]). Around a hit in
/// a short message, `context` is the whole message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// None: where the hits lie, and no more.
    Offsets,
    /// The hits themselves.
    Span,
    /// The hits, and so many characters on each side of them.
    Context(u16),
}

impl Grant {
    /// The most characters that may be granted on each side of a hit.
    pub const WIDEST: u16 = 200;

    /// Reads `offsets`, `span`, or `context/N`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "offsets" => Some(Self::Offsets),
            "span" => Some(Self::Span),
            _ => {
                let count = text.strip_prefix("context/")?.parse().ok()?;
                (1..=Self::WIDEST)
                    .contains(&count)
                    .then_some(Self::Context(count))
            }
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offsets => f.write_str("offsets"),
            Self::Span => f.write_str("span"),
            Self::Context(count) => write!(f, "context/{count}"),
        }
    }
}

impl Serialize for Grant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Grant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(
                "write \"offsets\", \"span\", or \"context/40\" (1 to 200 characters)",
            )
        })
    }
}

/// A tenant's evidence policy. The default keeps the hits for 30 days, and tells sinks where they lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvidencePolicy {
    /// What is kept, encrypted.
    pub keep: Grant,
    /// What sinks are told; never more than is kept.
    pub tell: Grant,
    /// For how many days it is kept. A hold may keep one record for longer.
    pub days: u16,
}

impl Default for EvidencePolicy {
    fn default() -> Self {
        Self {
            keep: Grant::Span,
            tell: Grant::Offsets,
            days: 30,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_read() {
        for (text, grant) in [
            ("offsets", Some(Grant::Offsets)),
            ("span", Some(Grant::Span)),
            ("context/40", Some(Grant::Context(40))),
            ("context/0", None),
            ("context/201", None),
            ("context", None),
            ("all", None),
        ] {
            assert_eq!(Grant::parse(text), grant, "{text}");
            if let Some(grant) = grant {
                assert_eq!(grant.to_string(), text);
            }
        }
    }
}
