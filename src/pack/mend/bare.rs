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
        if let Some(end) = self.entities() {
            self.at = end;
            return;
        }
        let inside = self.depth > 0;
        let ends = |c: char| {
            matches!(c, '#' | '＃')
                || (inside && (is_comma(c) || closes_list(c) || matches!(c, '}' | '｝')))
        };
        let mut text = line[..line.find(ends).unwrap_or(line.len())].trim_end();
        for comment in [" //", " ;"] {
            if let Some(at) = text.find(comment) {
                text = text[..at].trim_end();
            }
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
        if self.key == "effective"
            && let Some(period) = period(&half)
        {
            return self.slip(
                &codes::WRONG_TYPE,
                at.clone(),
                said!(
                    "a period is a table with `from` and `until`",
                    "时间段是含 `from` 和 `until` 的表"
                ),
                said!("write `{period}`", "请写 `{period}`"),
                vec![Edit::new(at, &*period)],
                Offer::Likely,
            );
        }
        if is_date_like(&half) && date(&half).is_none() {
            return self.slip(
                &codes::BAD_DATE,
                at.clone(),
                said!("there is no such day", "没有这一天"),
                said!(
                    "write a day that exists, as in `2026-01-31`",
                    "请写存在的日期，例如 `2026-01-31`"
                ),
                vec![Edit::new(at, "1970-01-01")],
                Offer::Nothing,
            );
        }
        let number = match &*self.key {
            "rollout" => half.strip_suffix('%').map(str::trim),
            "format" => half
                .strip_prefix(['v', 'V'])
                .map(|rest| rest.split('.').next().unwrap_or("")),
            _ => None,
        };
        if let Some(number) = number.filter(|number| DeValue::parse(number).is_ok()) {
            return self.slip(
                &codes::WRONG_TYPE,
                at.clone(),
                said!("this is a plain number", "这里写单纯的数字"),
                said!("write `{number}`", "请写 `{number}`"),
                vec![Edit::new(at, number)],
                Offer::Safe,
            );
        }
        if text.chars().all(|c| matches!(c, '.' | '…' | '。')) {
            return self.slip(
                &codes::SYNTAX,
                at.clone(),
                said!("dots stand for nothing here", "省略号在这里没有意义"),
                said!(
                    "remove them, or write out what they stand for",
                    "请删除，或写全"
                ),
                vec![Edit::new(at, if inside { "\"…\"" } else { "" })],
                Offer::Nothing,
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
        if let Some(inner) = text
            .strip_prefix("\\\"")
            .and_then(|text| text.strip_suffix("\\\""))
        {
            let right = toml_string(inner);
            return self.slip(
                &codes::BAD_ESCAPE,
                at.clone(),
                said!(
                    "the quotes of a string have no `\\` before them",
                    "字符串的引号前不加 `\\`"
                ),
                said!("write `{right}`", "请写 `{right}`"),
                vec![Edit::new(at, &*right)],
                Offer::Safe,
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
        if matches!(&*self.key, "from" | "until" | "at") {
            return self.slip(
                &codes::BAD_DATE,
                at.clone(),
                said!("this is no date", "这不是日期"),
                said!(
                    "write year, month and day, `2026-01-31`, or with a time `2026-01-31T08:00:00+08:00`",
                    "请写年月日 `2026-01-31`，要带时间则写 `2026-01-31T08:00:00+08:00`"
                ),
                vec![Edit::new(at, "1970-01-01")],
                Offer::Nothing,
            );
        }
        self.unquoted(at, &half);
    }

    /// A string whose quotes are entities of HTML; where it ends.
    fn entities(&mut self) -> Option<usize> {
        let line = self.line();
        let quote = ["&quot;", "&#34;", "&ldquo;", "&#39;", "&apos;"]
            .into_iter()
            .find(|quote| line.starts_with(quote))?;
        let inner = &line[quote.len()..];
        let close = if quote == "&ldquo;" { "&rdquo;" } else { quote };
        let length = inner.find(close)?;
        let from = self.at + quote.len();
        let end = from + length + close.len();
        let right = toml_string(&inner[..length]);
        self.slip(
            &codes::WIDE_QUOTE,
            self.at..from,
            said!(
                "`{quote}` is how HTML writes a quote",
                "`{quote}` 是 HTML 里引号的写法"
            ),
            said!("write `\"`", "请写 `\"`"),
            vec![Edit::new(self.at..end, right)],
            Offer::Safe,
        );
        Some(end)
    }

    fn unquoted(&mut self, at: Range<usize>, half: &str) {
        let text = &self.source[at.clone()];
        let word = keys::meant_value(&self.key, half).unwrap_or(text);
        let regex = text.strip_prefix('/').and_then(|text| {
            text.trim_end_matches(['i', 'g', 'm', 'u'])
                .strip_suffix('/')
        });
        let right = match regex {
            Some(regex) if self.depth > 0 => format!("{{ regex = {} }}", toml_string(regex)),
            _ => toml_string(word),
        };
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
    // At most a time of day follows.
    let of_time = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | 'T' | 'Z' | '+' | '-');
    if parts.next().is_some() || year.len() != 4 || !rest.chars().all(of_time) {
        return None;
    }
    let (month, day): (u8, u8) = (month.parse().ok()?, day.parse().ok()?);
    year.parse::<u16>().ok()?;
    let date = format!("{year}-{month:02}-{day:02}");
    // A day that exists, or it is no date.
    crate::primitives::Timestamp::parse(&date)?;
    Some(date)
}

/// Two days with a sign between them, as a table.
pub(in crate::pack) fn period(text: &str) -> Option<String> {
    let (from, until) = text
        .split_once(['~', '～', '至', '到', '—', '–'])
        .or_else(|| text.split_once(" - "))
        .or_else(|| text.split_once("..."))
        .or_else(|| text.split_once(".."))?;
    let (from, until) = (date(from)?, date(until.trim_start_matches(['—', '–']))?);
    Some(format!("{{ from = {from}, until = {until} }}"))
}

/// Whether it is written as TOML writes a date.
fn is_date_like(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
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
