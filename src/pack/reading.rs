//! What is at hand while one pack is read, and how values are taken from its tables.

mod types;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use toml::de::DeValue;

use super::keys::{self, Kind, in_order, nearest};
use super::lint::RawRule;
use super::report::{Reporter, shown};
use super::syntax::{self, Read, Table, Value};
use super::terms::RawList;
use super::words::{Loader, WordFiles};
use crate::diag::{Code, Diagnostics, Edit, Fix, Said, codes, said};
use crate::limits::PackLimits;
use crate::primitives::{Timestamp, Window};
use crate::variant::{Variant, Variants};
use crate::verdict::{Action, Severity};
pub(super) use types::{BOOLEAN, DATE, STRING, STRINGS, TABLE};

/// The state of reading one pack.
pub(super) struct Reading<'s, 'f> {
    pub(super) source: &'s str,
    pub(super) limits: &'s PackLimits,
    pub(super) report: Reporter,
    pub(super) files: WordFiles<'f>,
    pub(super) defaults: Defaults,
    /// The lists of the pack, with whether a condition named them.
    pub(super) lists: Vec<(RawList, bool)>,
    /// Where each of them stands, by name.
    pub(super) places: HashMap<Arc<str>, usize>,
    /// Terms so far, copies included.
    pub(super) terms: usize,
    pub(super) regexes: RegexWork,
    /// The rules as they are written.
    pub(super) rules: Vec<RawRule>,
    /// What the search for swallowed terms has cost.
    pub(super) lint_work: usize,
}

/// What rules take that do not say otherwise.
pub(super) struct Defaults {
    pub(super) severity: Severity,
    pub(super) action: Action,
    pub(super) variants: Variants,
    pub(super) window: Option<Window>,
}

/// What the regexes of the pack cost so far.
#[derive(Default)]
pub(super) struct RegexWork {
    pub(super) count: usize,
    pub(super) bytes: usize,
    /// Those that were looked at, with whether case is ignored.
    pub(super) seen: HashMap<(Arc<str>, bool), ()>,
}

/// Reads a source: what `of` makes of its tree, and every problem. A source that is no TOML is mended first, and all places are those of the
/// source as it was handed in.
pub(super) fn read<T>(
    file_name: &str,
    source: &str,
    limits: &PackLimits,
    files: Loader<'_>,
    of: impl FnOnce(&mut Reading<'_, '_>, &Table<'_>) -> Option<T>,
) -> (Option<T>, Diagnostics) {
    let file: Arc<str> = file_name.into();
    let mut diags = Diagnostics::bounded(limits.diagnostics);
    if source.len() <= limits.pack_bytes {
        diags.add_source(Arc::clone(&file), source.into());
    }
    let mut report = Reporter::new(diags, file);
    match syntax::read(source, limits, &mut report) {
        Read::Nothing => (None, report.diags),
        Read::Tree(root) => {
            let mut reading = Reading::new(source, limits, report, files);
            let read = of(&mut reading, &root);
            (read, reading.report.diags)
        }
        Read::Refused => {
            let Some(mut mended) = syntax::mend(source, &mut report) else {
                return (None, report.diags);
            };
            let told = report.diags.len();
            if !syntax::read_mended(&mut mended.text, limits, &mut report) {
                report.relocate(&mended, told);
                return (None, report.diags);
            }
            let root = syntax::tree(&mended.text);
            let mut reading = Reading::new(&mended.text, limits, report, files);
            of(&mut reading, &root);
            let mut report = reading.report;
            report.relocate(&mended, told);
            (None, report.diags)
        }
    }
}

/// Whether a source is TOML as it stands; if not, what is wrong with it.
pub(super) fn is_toml(
    file_name: &str,
    source: &str,
    limits: &PackLimits,
) -> Result<(), Diagnostics> {
    let file: Arc<str> = file_name.into();
    let mut diags = Diagnostics::bounded(limits.diagnostics);
    diags.add_source(Arc::clone(&file), source.into());
    let mut report = Reporter::new(diags, file);
    if let Read::Refused = syntax::read(source, limits, &mut report)
        && let Some(mut mended) = syntax::mend(source, &mut report)
    {
        let told = report.diags.len();
        syntax::read_mended(&mut mended.text, limits, &mut report);
        report.relocate(&mended, told);
    }
    report.diags.sort();
    if report.diags.has_errors() {
        return Err(report.diags);
    }
    Ok(())
}

impl<'s, 'f> Reading<'s, 'f> {
    fn new(source: &'s str, limits: &'s PackLimits, report: Reporter, files: Loader<'f>) -> Self {
        Self {
            source,
            limits,
            report,
            files: WordFiles::new(files),
            defaults: Defaults {
                severity: Severity::default(),
                action: Action::Review,
                variants: Variants::STANDARD,
                window: None,
            },
            lists: Vec::new(),
            places: HashMap::new(),
            terms: 0,
            regexes: RegexWork::default(),
            rules: Vec::new(),
            lint_work: 0,
        }
    }
}

/// A string of the pack.
#[derive(Clone, Copy)]
pub(super) struct Text<'t, 'i> {
    pub(super) text: &'t str,
    pub(super) value: &'t Value<'i>,
}

impl Text<'_, '_> {
    pub(super) fn span(self) -> Range<usize> {
        self.value.span()
    }
}

impl Reading<'_, '_> {
    /// The value of `key`, of any type.
    pub(super) fn value<'t, 'i>(
        table: &'t Table<'i>,
        key: &str,
    ) -> Option<(Range<usize>, &'t Value<'i>)> {
        table
            .get_key_value(key)
            .map(|(key, value)| (key.span(), value))
    }

    pub(super) fn string<'t, 'i>(
        &mut self,
        table: &'t Table<'i>,
        key: &str,
    ) -> Option<Text<'t, 'i>> {
        let (_, value) = Self::value(table, key)?;
        self.as_string(key, value)
    }

    pub(super) fn as_string<'t, 'i>(
        &mut self,
        key: &str,
        value: &'t Value<'i>,
    ) -> Option<Text<'t, 'i>> {
        match value.get_ref().as_str() {
            Some(text) => Some(Text { text, value }),
            None => {
                self.wrong_type(key, value, STRING);
                None
            }
        }
    }

    /// An optional string for people, kept as it is.
    pub(super) fn prose(&mut self, table: &Table<'_>, key: &str) -> Option<Arc<str>> {
        self.string(table, key).map(|found| found.text.into())
    }

    pub(super) fn strings<'t, 'i>(&mut self, table: &'t Table<'i>, key: &str) -> Vec<Text<'t, 'i>> {
        let Some((_, value)) = Self::value(table, key) else {
            return Vec::new();
        };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, STRINGS);
            return Vec::new();
        };
        array
            .iter()
            .filter_map(|item| self.as_string(key, item))
            .collect()
    }

    pub(super) fn boolean(&mut self, table: &Table<'_>, key: &str) -> Option<bool> {
        let (_, value) = Self::value(table, key)?;
        let found = value.get_ref().as_bool();
        if found.is_none() {
            self.wrong_type(key, value, BOOLEAN);
        }
        found
    }

    pub(super) fn table<'t, 'i>(
        &mut self,
        table: &'t Table<'i>,
        key: &str,
        kind: Kind,
    ) -> Option<(&'t Table<'i>, Range<usize>)> {
        let (_, value) = Self::value(table, key)?;
        self.as_table(key, value, kind)
    }

    /// The table that `value` is, its keys checked.
    pub(super) fn as_table<'t, 'i>(
        &mut self,
        key: &str,
        value: &'t Value<'i>,
        kind: Kind,
    ) -> Option<(&'t Table<'i>, Range<usize>)> {
        let Some(found) = value.get_ref().as_table() else {
            self.wrong_type(key, value, TABLE);
            return None;
        };
        keys::check(found, kind, &mut self.report);
        Some((found, value.span()))
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        table: &Table<'_>,
        key: &str,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Option<T> {
        let (_, value) = Self::value(table, key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.no_choice(key, value, all, name);
            return None;
        };
        self.chosen(key, Text { text, value }, all, name)
    }

    pub(super) fn chosen<T: Copy>(
        &mut self,
        key: &str,
        found: Text<'_, '_>,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Option<T> {
        let chosen = all.iter().copied().find(|word| name(*word) == found.text);
        if chosen.is_none() {
            let names: Vec<&str> = all.iter().map(|word| name(*word)).collect();
            let what = shown(found.text);
            let what = said!("`{key}` knows no {what}", "`{key}` 没有取值 {what}");
            self.unknown_word(&codes::UNKNOWN_VALUE, key, found, &names, what);
        }
        chosen
    }

    /// A word that is none of `names`: the one that is meant, or all.
    fn unknown_word(
        &mut self,
        code: &'static Code,
        key: &str,
        found: Text<'_, '_>,
        names: &[&str],
        what: Said,
    ) {
        let meant = keys::meant_value(key, found.text)
            .filter(|meant| names.contains(meant))
            .or_else(|| nearest(found.text, names.iter().copied()));
        let mut diagnostic = self.report.at(code, found.span(), what);
        diagnostic = match meant {
            Some(word) => diagnostic
                .with_help(said!("did you mean \"{word}\"?", "是否想写 \"{word}\"？"))
                .with_fix(Fix::likely(vec![Edit::new(
                    found.span(),
                    format!("\"{word}\""),
                )])),
            None => diagnostic.with_help(said!(
                "write one of {all}",
                "请写以下之一：{all}",
                all = quoted(names)
            )),
        };
        self.report.diags.push(diagnostic);
    }

    /// `variants`: a preset or a list of names. Of these, what is built.
    pub(super) fn variants(&mut self, table: &Table<'_>) -> Option<Variants> {
        let (_, value) = Self::value(table, "variants")?;
        let presets = ["exact", "standard", "strong"];
        if let Some(text) = value.get_ref().as_str() {
            let found = Variants::preset(text);
            if found.is_none() {
                let words: Vec<&str> = text
                    .split(|c: char| {
                        matches!(c, ',' | '，' | '、' | ';' | '+') || c.is_whitespace()
                    })
                    .filter(|word| !word.is_empty())
                    .collect();
                let help = if !words.is_empty()
                    && words.iter().all(|word| Variant::from_name(word).is_some())
                {
                    let list = quoted(&words);
                    said!("write it as a list: [{list}]", "请写成列表：[{list}]")
                } else {
                    match keys::meant_value("variants", text).or_else(|| nearest(text, presets)) {
                        Some(word) => said!("did you mean \"{word}\"?", "是否想写 \"{word}\"？"),
                        None => said!(
                            "write {all}, or a list of variants",
                            "请写 {all} 之一，或变体名列表",
                            all = quoted(&presets)
                        ),
                    }
                };
                let what = shown(text);
                self.report.say(
                    &codes::UNKNOWN_VARIANT,
                    value.span(),
                    said!("{what} is no preset of variants", "没有变体预设 {what}"),
                    help,
                );
            }
            return found;
        }
        let Some(names) = value.get_ref().as_array() else {
            self.wrong_type(
                "variants",
                value,
                (
                    "\"exact\", \"standard\", \"strong\", or a list of variants",
                    " \"exact\"、\"standard\"、\"strong\" 或变体名列表",
                ),
            );
            return None;
        };
        let mut set = Variants::EXACT;
        for item in names.iter() {
            let Some(found) = self.as_string("variants", item) else {
                continue;
            };
            match Variant::from_name(found.text) {
                Some(variant) => set = set.with(variant),
                None => {
                    let all: Vec<&str> = Variant::ALL.into_iter().map(Variant::name).collect();
                    let help = if presets.contains(&found.text) {
                        said!(
                            "a preset stands alone: variants = \"{preset}\"",
                            "预设须单独写：variants = \"{preset}\"",
                            preset = found.text
                        )
                    } else {
                        match nearest(found.text, all.iter().copied()) {
                            Some(word) => {
                                said!("did you mean \"{word}\"?", "是否想写 \"{word}\"？")
                            }
                            None => said!(
                                "write some of {all}",
                                "可用的变体：{all}",
                                all = quoted(&all)
                            ),
                        }
                    };
                    let what = shown(found.text);
                    self.report.say(
                        &codes::UNKNOWN_VARIANT,
                        found.span(),
                        said!("{what} is no variant", "没有变体 {what}"),
                        help,
                    );
                }
            }
        }
        Some(set)
    }

    /// A date (midnight UTC) or a date-time with an offset.
    pub(super) fn moment(&mut self, table: &Table<'_>, key: &str) -> Option<Timestamp> {
        let (_, value) = Self::value(table, key)?;
        let DeValue::Datetime(found) = value.get_ref() else {
            self.wrong_type(key, value, DATE);
            return None;
        };
        let written = self.source.get(value.span()).unwrap_or("");
        if let Some(moment) = Timestamp::parse(written) {
            return Some(moment);
        }
        let shown = shown(written);
        let (what, help) = match (found.date, found.time, found.offset) {
            (Some(_), Some(_), None) => (
                said!("{shown} has no offset", "{shown} 缺少时区偏移"),
                said!(
                    "add an offset: `{written}Z` for UTC, `{written}+08:00` for Beijing",
                    "请补上偏移：UTC 写 `{written}Z`，北京时间写 `{written}+08:00`"
                ),
            ),
            (None, Some(_), _) => (
                said!(
                    "{shown} is a time without a date",
                    "{shown} 只有时间没有日期"
                ),
                said!(
                    "write a date: `2026-01-01`, or `2026-01-01T08:00:00+08:00`",
                    "请写日期：`2026-01-01` 或 `2026-01-01T08:00:00+08:00`"
                ),
            ),
            _ => (
                said!("{shown} is no date", "{shown} 不是有效日期"),
                said!(
                    "write a day that exists, as in `2026-01-31`",
                    "请写存在的日期，例如 `2026-01-31`"
                ),
            ),
        };
        // A date that the syntax pass already refused has no parts.
        if found.date.is_some() || found.time.is_some() {
            self.report.say(&codes::BAD_DATE, value.span(), what, help);
        }
        None
    }

    /// `from` and `until`, in that order of time.
    pub(super) fn period(&mut self, table: &Table<'_>) -> (Option<Timestamp>, Option<Timestamp>) {
        let from = self.moment(table, "from");
        let until = self.moment(table, "until");
        if let (Some(a), Some(b)) = (from, until)
            && a >= b
            && let Some((_, value)) = Self::value(table, "until")
        {
            self.report.say(
                &codes::BAD_PERIOD,
                value.span(),
                said!("the period ends before it begins", "时间段的结束不晚于开始"),
                said!(
                    "`until` is exclusive and must be later than `from`",
                    "`until` 不含当刻，必须晚于 `from`"
                ),
            );
        }
        (from, until)
    }

    pub(super) fn missing(&mut self, key: &str, at: Range<usize>, home: &str, help: Said) {
        self.report.miss(
            &codes::MISSING_KEY,
            at,
            said!("`{home}` has no `{key}`", "`{home}` 缺少 `{key}`"),
            help,
        );
    }

    /// The part `inner` of a string's value, as a range of the source.
    pub(super) fn inner(&self, string: Range<usize>, inner: Range<usize>) -> Range<usize> {
        syntax::inner_span(self.source, string, inner)
    }

    /// `window = { messages, seconds }`, in the defaults or in a rule.
    pub(super) fn window(&mut self, table: &Table<'_>) -> Option<Window> {
        let (window, at) = self.table(table, "window", Kind::Window)?;
        let mut number = |name, least, most| match Self::value(window, name) {
            Some((_, value)) => {
                let number = self.whole(value).and_then(|n| u32::try_from(n).ok());
                let number = number.filter(|n| (least..=most).contains(n));
                if number.is_none() {
                    self.report.say(
                        &codes::BAD_WINDOW,
                        value.span(),
                        said!("this is no `{name}` of a window", "这不是窗口的 `{name}`"),
                        said!(
                            "write a whole number from {least} to {most}",
                            "请写 {least} 到 {most} 之间的整数"
                        ),
                    );
                }
                number
            }
            None => {
                self.missing(
                    name,
                    at.clone(),
                    "window",
                    said!(
                        "write `window = {{ messages = 16, seconds = 120 }}`",
                        "请写 `window = {{ messages = 16, seconds = 120 }}`"
                    ),
                );
                None
            }
        };
        let messages = number("messages", 2, Window::MOST_MESSAGES);
        let seconds = number("seconds", 1, Window::MOST_SECONDS);
        Some(Window {
            messages: messages?,
            seconds: seconds?,
        })
    }

    pub(super) fn whole(&self, value: &Value<'_>) -> Option<i64> {
        let number = value.get_ref().as_integer()?;
        i64::from_str_radix(number.as_str(), number.radix()).ok()
    }

    /// The items of an array of tables or of tables in line.
    pub(super) fn tables<'t, 'i>(
        &mut self,
        table: &'t Table<'i>,
        key: &str,
        kind: Kind,
    ) -> Vec<(&'t Table<'i>, Range<usize>)> {
        let Some((_, value)) = Self::value(table, key) else {
            return Vec::new();
        };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(
                key,
                value,
                (
                    "a list of tables, under headers in double brackets or as `[{ ... }]`",
                    "表的列表：用双方括号表头，或 `[{ ... }]`",
                ),
            );
            return Vec::new();
        };
        array
            .iter()
            .filter_map(|item| self.as_table(key, item, kind))
            .collect()
    }

    /// Named entries of `lists`.
    pub(super) fn entries<'t, 'i>(
        &mut self,
        table: &'t Table<'i>,
        key: &str,
    ) -> Vec<(&'t str, Range<usize>, &'t Value<'i>)> {
        let Some((_, value)) = Self::value(table, key) else {
            return Vec::new();
        };
        match value.get_ref().as_table() {
            Some(found) => in_order(found),
            None => {
                self.wrong_type(
                    key,
                    value,
                    (
                        "a table of lists, as in `offer = [\"a\", \"b\"]` below `[lists]`",
                        "词表的表，例如在 `[lists]` 下写 `offer = [\"a\", \"b\"]`",
                    ),
                );
                Vec::new()
            }
        }
    }
}

/// Words in quotes, one after another.
pub(super) fn quoted(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    quoted.join(", ")
}

/// Dotted parts of `a-z0-9`, `-` and `_`, each beginning and ending with a letter or digit.
pub(super) fn is_dotted(text: &str) -> bool {
    text.len() <= 128
        && text.split('.').all(|part| {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            let bytes = part.as_bytes();
            bytes.first().copied().is_some_and(plain)
                && bytes.last().copied().is_some_and(plain)
                && bytes
                    .iter()
                    .all(|byte| plain(*byte) || matches!(byte, b'-' | b'_'))
        })
}

/// The text made into dotted parts, as a suggestion.
pub(super) fn dotted_from(text: &str) -> Option<String> {
    let plain: String = text
        .trim()
        .chars()
        .take(64)
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'a'..='z' | '0'..='9' | '.' | '-' | '_' => c,
            '/' => '.',
            _ => '-',
        })
        .collect();
    let plain = plain.trim_matches(['.', '-', '_']).to_owned();
    is_dotted(&plain).then_some(plain)
}

/// `UN`, or a jurisdiction: two to eight capital letters.
pub(super) fn is_jurisdiction(text: &str) -> bool {
    (2..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase())
}
