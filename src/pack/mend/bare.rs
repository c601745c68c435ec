//! Values without quotes: numbers, dates, `true` and `false`, and text that lacks its quotes.

use std::ops::Range;

use toml::de::DeValue;

use super::signs::{self, closers, closes_list, is_comma};
use super::strings::toml_string;
use super::{Mender, Offer};
use crate::diag::{Edit, codes, said};
use crate::pack::keys;

impl Mender<'_> {
    /// A number, date or `true`; or text that lacks its quotes.
    pub(super) fn bare(&mut self) {
        let start = self.at;
        let line = self.line();
        let inside = self.depth > 0;
        let ends = |c: char| {
            matches!(c, '#' | '＃')
                || (inside && (is_comma(c) || closes_list(c) || matches!(c, '}' | '｝')))
        };
        let mut text = line[..line.find(ends).unwrap_or(line.len())].trim_end();
        if let Some(slashes) = text.find(" //") {
            text = text[..slashes].trim_end();
        }
        if !inside {
            text = text
                .trim_end_matches(|c: char| is_comma(c) || c == '。')
                .trim_end();
        }
        let at = start..start + text.len();
        self.at = at.end;
        if text.is_empty() || DeValue::parse(text).is_ok() {
            return;
        }
        let half = signs::half_width(text);
        if half != text && DeValue::parse(&half).is_ok() {
            return self.sign(at, &half);
        }
        if let Some(word) = boolean(text).filter(|_| {
            is_switch(&self.key)
                || text.eq_ignore_ascii_case("true")
                || text.eq_ignore_ascii_case("false")
        }) {
            return self.slip(
                &codes::UNKNOWN_VALUE,
                at.clone(),
                said!(
                    "yes and no are `true` and `false`",
                    "是与否写作 `true` 与 `false`"
                ),
                said!("write `{word}`", "请写 `{word}`"),
                vec![Edit::new(at, word)],
                Offer::Safe,
            );
        }
        if let Some(date) = date(&half) {
            return self.slip(
                &codes::BAD_DATE,
                at.clone(),
                said!(
                    "a date has four digits for the year and two each for month and day",
                    "日期写作四位年、两位月、两位日"
                ),
                said!("write `{date}`", "请写 `{date}`"),
                vec![Edit::new(at, &*date)],
                Offer::Likely,
            );
        }
        if text.ends_with(|c| closers(c).is_some()) && !text.starts_with(|c| closers(c).is_some()) {
            let inner = text.trim_end_matches(|c| closers(c).is_some());
            let right = toml_string(inner);
            return self.slip(
                &codes::UNCLOSED,
                at.clone(),
                said!(
                    "the quote at the string's beginning is missing",
                    "字符串缺少开头的引号"
                ),
                said!("write `{right}`", "请写 `{right}`"),
                vec![Edit::new(at, &*right)],
                Offer::Likely,
            );
        }
        self.unquoted(at, &half);
    }

    fn unquoted(&mut self, at: Range<usize>, half: &str) {
        let text = &self.source[at.clone()];
        let word = keys::meant_value(&self.key, half).unwrap_or(text);
        let right = toml_string(word);
        self.slip(
            &codes::BARE_TEXT,
            at.clone(),
            said!("text stands in quotes", "文字要加引号"),
            said!("write `{right}`", "请写 `{right}`"),
            vec![Edit::new(at, right.clone())],
            Offer::Safe,
        );
    }
}

/// Keys whose value is `true` or `false`.
fn is_switch(key: &str) -> bool {
    matches!(key, "alert" | "word" | "case_sensitive")
}

/// Words for yes and no.
pub(in crate::pack) fn boolean(text: &str) -> Option<&'static str> {
    match &*text.to_lowercase() {
        "true" | "yes" | "on" | "y" | "是" | "真" | "开" | "开启" | "启用" | "需要" => {
            Some("true")
        }
        "false" | "no" | "off" | "n" | "否" | "假" | "关" | "关闭" | "禁用" | "不" | "不需要" => {
            Some("false")
        }
        _ => None,
    }
}

/// Year, month and day in some other way of writing, as TOML writes them.
pub(in crate::pack) fn date(text: &str) -> Option<String> {
    let text = text.trim();
    let (day_part, rest) = match text.find([' ', 'T', '日']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let rest = rest.trim_start_matches('日').trim();
    let mut parts = day_part.split(['-', '/', '.', '年', '月']);
    let (year, month, day) = (
        parts.next()?.trim(),
        parts.next()?.trim(),
        parts.next()?.trim(),
    );
    if parts.next().is_some()
        || year.len() != 4
        || rest.contains(|c: char| c.is_alphabetic() && !matches!(c, 'T' | 'Z'))
    {
        return None;
    }
    let (month, day): (u8, u8) = (month.parse().ok()?, day.parse().ok()?);
    year.parse::<u16>().ok()?;
    let date = format!("{year}-{month:02}-{day:02}");
    // A day that exists, or it is no date.
    crate::primitives::Timestamp::parse(&date)?;
    Some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_other_ways() {
        for (text, expected) in [
            ("2026/01/01", Some("2026-01-01")),
            ("2026年1月9日", Some("2026-01-09")),
            ("2026-1-1", Some("2026-01-01")),
            ("2026.12.31", Some("2026-12-31")),
            ("2026-13-01", None),
            ("1.0.0", None),
            ("high", None),
        ] {
            assert_eq!(date(text).as_deref(), expected, "{text}");
        }
    }
}
