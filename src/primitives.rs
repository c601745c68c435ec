//! Words that every room uses: spans, times, scenes, ids. Imports nothing.

use std::fmt;

/// A half-open range of byte offsets into an original text, always on grapheme borders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset one past the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` up to, and without, `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Whether `other` lies wholly inside this span.
    pub const fn holds(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the two spans share at least one byte.
    pub const fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// How far back a term may reach over the messages of one sender in one conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Messages of the sender, the newest among them: 2 to [`Window::MOST_MESSAGES`].
    pub messages: u32,
    /// Seconds from the first to the newest: 1 to [`Window::MOST_SECONDS`].
    pub seconds: u32,
}

impl Window {
    /// Messages that a window reaches over, at most.
    pub const MOST_MESSAGES: u32 = 16;
    /// The symbols of the longest term that is found over messages.
    pub const LONGEST_TERM: usize = 32;
    /// Seconds that a window reaches over, at most.
    pub const MOST_SECONDS: u32 = 3_600;
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scene {
    /// Between two people.
    Private,
    /// A closed group.
    #[default]
    Group,
    /// A group that anybody may join.
    OpenGroup,
    /// A public channel.
    Channel,
    /// A name, nickname, signature or the like that others see.
    Profile,
}

impl Scene {
    /// Every scene, in order.
    pub const ALL: [Self; 5] = [
        Self::Private,
        Self::Group,
        Self::OpenGroup,
        Self::Channel,
        Self::Profile,
    ];

    /// The name used in packs and in NDJSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Group => "group",
            Self::OpenGroup => "open_group",
            Self::Channel => "channel",
            Self::Profile => "profile",
        }
    }

    /// The scene of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scene| scene.name() == name)
    }
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of scenes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scenes(u8);

impl Scenes {
    /// Every scene.
    pub const ALL: Self = Self(0b1_1111);
    /// No scene.
    pub const NONE: Self = Self(0);

    /// This set and `scene`.
    #[must_use]
    pub const fn with(self, scene: Scene) -> Self {
        Self(self.0 | 1 << scene as u8)
    }

    /// Whether `scene` is in the set.
    pub const fn contains(self, scene: Scene) -> bool {
        self.0 & (1 << scene as u8) != 0
    }
}

/// A moment, in seconds since 1970-01-01T00:00:00Z. tidegate reads no clock: callers hand the time in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Midnight UTC at the start of a day of the proleptic Gregorian calendar; `None` if there is no such day.
    pub fn from_date(year: i32, month: u8, day: u8) -> Option<Self> {
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        if day == 0 || day > days {
            return None;
        }
        // Days from civil, Howard Hinnant, "chrono-compatible low-level date algorithms".
        let y = i64::from(year) - i64::from(month <= 2);
        let era = y.div_euclid(400);
        let yoe = y.rem_euclid(400);
        let m = i64::from(month);
        let doy = (153 * (m + if m > 2 { -3 } else { 9 }) + 2) / 5 + i64::from(day) - 1;
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
        Some(Self((era * 146_097 + doe - 719_468) * 86_400))
    }

    /// Reads an RFC 3339 date-time such as `2026-11-23T10:00:00Z` or `2026-11-23T18:00:00.5+08:00`, or a bare
    /// date (midnight UTC). Fractions of a second are dropped. `None` for anything else, a time without an offset included.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if !text.is_ascii() || bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let number = |from: usize, to: usize| -> Option<i64> {
            let part = bytes.get(from..to)?;
            part.iter().all(u8::is_ascii_digit).then(|| {
                part.iter()
                    .fold(0, |n, digit| n * 10 + i64::from(digit - b'0'))
            })
        };
        let day = Self::from_date(
            i32::try_from(number(0, 4)?).ok()?,
            u8::try_from(number(5, 7)?).ok()?,
            u8::try_from(number(8, 10)?).ok()?,
        )?;
        if bytes.len() == 10 {
            return Some(day);
        }
        if !matches!(bytes[10], b'T' | b't' | b' ')
            || bytes.get(13) != Some(&b':')
            || bytes.get(16) != Some(&b':')
        {
            return None;
        }
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let mut at = 19;
        if bytes.get(at) == Some(&b'.') {
            let digits = bytes[at + 1..]
                .iter()
                .take_while(|b| b.is_ascii_digit())
                .count();
            if digits == 0 {
                return None;
            }
            at += 1 + digits;
        }
        let offset = match bytes.get(at)? {
            b'Z' | b'z' if bytes.len() == at + 1 => 0,
            sign @ (b'+' | b'-') if bytes.len() == at + 6 && bytes[at + 3] == b':' => {
                let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let offset = hours * 3600 + minutes * 60;
                if *sign == b'+' { offset } else { -offset }
            }
            _ => return None,
        };
        Some(Self(
            day.0 + hour * 3600 + minute * 60 + second.min(59) - offset,
        ))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, such as `2026-11-23T10:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.0.div_euclid(86_400), self.0.rem_euclid(86_400));
        // Civil from days, Howard Hinnant, "chrono-compatible low-level date algorithms".
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let (day, month) = (doy - (153 * mp + 2) / 5 + 1, (mp + 2) % 12 + 1);
        let year = yoe + era * 400 + i64::from(month <= 2);
        let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2024-02-29T23:59:59Z",
            "2026-11-23T10:00:00Z",
            "1969-12-31T12:00:00Z",
        ] {
            let time = Timestamp::parse(text).expect("a time");
            assert_eq!(time.to_string(), text);
        }
    }

    #[test]
    fn times_are_read() {
        for (text, seconds) in [
            ("1970-01-01", Some(0)),
            ("2026-11-23T10:00:00Z", Some(1_795_428_000)),
            ("2026-11-23T18:00:00.25+08:00", Some(1_795_428_000)),
            ("2024-02-29", Some(1_709_164_800)),
            ("2023-02-29", None),
            ("2026-11-23T10:00:00", None),
            ("2026-11-23T10:00Z", None),
            ("2026-11-23T24:00:00Z", None),
            ("soon", None),
        ] {
            assert_eq!(Timestamp::parse(text), seconds.map(Timestamp), "{text}");
        }
    }
}
