//! Source to tree: TOML 1.0 with a span for each key and value, and every problem of syntax.
//!
//! Three passes, each of which bounds the next. The first counts tokens without keeping them. The second reads events,
//! measures nesting, and finds what only newer TOML allows, which the reader accepts. Only then is the tree built: by
//! a recursive parser, which cannot be deeper than what was measured. A source that is refused is mended ([`super::mend`]) and read again.

use std::collections::BTreeSet;
use std::ops::Range;

use toml_parser::decoder::Encoding;
use toml_parser::parser::{EventReceiver, parse_document};
use toml_parser::{ErrorSink, Source};

use super::keys;
use super::mend::{self, Mended, Offer};
use super::report::{Reporter, shown};
use crate::diag::{Fix, Said, codes, said};
use crate::limits::PackLimits;

/// A table: keys and values, each with its span.
pub(super) type Table<'i> = toml::de::DeTable<'i>;
/// A value with its span.
pub(super) type Value<'i> = toml::Spanned<toml::de::DeValue<'i>>;

/// Tables and arrays nest at most this deep, and a dotted key has at most this many parts. The format itself needs six.
const DEPTH: usize = 24;

/// Rounds in which lines that cannot be read are taken out.
const ROUNDS: usize = 3;

/// The source as a tree, if it is TOML as it stands and within the limits.
pub(super) enum Read<'i> {
    /// It is.
    Tree(Table<'i>),
    /// It is not, and may be mended.
    Refused,
    /// There is nothing to go on with; it is reported.
    Nothing,
}

/// Reads the source as it stands. Whatever only newer TOML allows is reported.
pub(super) fn read<'i>(source: &'i str, limits: &PackLimits, report: &mut Reporter) -> Read<'i> {
    if source.len() > limits.pack_bytes {
        report.say(
            &codes::PACK_TOO_BIG,
            0..0,
            said!(
                "the pack has {n} bytes; at most {most} are allowed",
                "规则包有 {n} 字节，上限为 {most}",
                n = source.len(),
                most = limits.pack_bytes
            ),
            said!(
                "move long lists to word files, or split the pack",
                "请把长词表移到词表文件，或拆分规则包"
            ),
        );
        return Read::Nothing;
    }
    let Some(shape) = shape(source, limits, report) else {
        return Read::Nothing;
    };
    let (tree, errors) = Table::parse_recoverable(source);
    if !errors.is_empty() || shape.brackets {
        return Read::Refused;
    }
    shape.say_newer(report);
    Read::Tree(tree.into_inner())
}

/// Says what is wrong with a source that was refused, and makes the rest of it readable. `None` if it is no pack at all, or so much is wrong that nobody would
/// read further.
pub(super) fn mend(source: &str, report: &mut Reporter) -> Option<Mended> {
    if let Some((at, what, help)) = mend::foreign(source) {
        report.say(&codes::NOT_TOML, at, what, help);
        return None;
    }
    let mut edits = Vec::new();
    let slips = mend::slips(source);
    let too_many = slips.len() >= mend::MOST;
    for slip in slips {
        if slip.offer == Offer::Nothing && !slip.what.en.is_empty() {
            report.break_at(source, slip.at.start);
        }
        if !slip.what.en.is_empty() {
            let mut diagnostic = report
                .at(slip.code, slip.at, slip.what)
                .with_help(slip.help);
            for place in slip.also.into_iter().take(8) {
                diagnostic = diagnostic.with_label(place, said!("here as well", "此处也是"));
            }
            diagnostic.fix = match slip.offer {
                Offer::Nothing => None,
                Offer::Likely => Some(Fix::likely(slip.edits.clone())),
                Offer::Safe => Some(Fix::safe(slip.edits.clone())),
            };
            report.diags.push(diagnostic);
        }
        edits.extend(slip.edits);
    }
    (!too_many).then(|| Mended::new(source, edits))
}

/// Reads a mended source. Lines that are still wrong are reported and taken out: blanked, so that all places stay.
pub(super) fn read_mended(text: &mut String, limits: &PackLimits, report: &mut Reporter) -> bool {
    let Some(shape) = shape(text, limits, report) else {
        return false;
    };
    shape.say_newer(report);
    for round in 0..ROUNDS {
        let (_, errors) = Table::parse_recoverable(text);
        let mut lines = BTreeSet::new();
        let mut duplicates = BTreeSet::new();
        for error in &errors {
            let at = clamp(text, error.span().unwrap_or(0..0));
            let duplicate = error.message() == "duplicate key";
            let line = mend::line_at(text, at.start);
            let new = if duplicate {
                duplicates.insert(at.start) && round == 0
            } else {
                lines.insert((line.start, line.end))
            };
            if !new {
                continue;
            }
            if report.diags.is_full() {
                report.count(&codes::SYNTAX);
            } else {
                syntax_error(text, error.message(), at, report);
            }
        }
        if lines.is_empty() {
            return true;
        }
        let mut bytes = std::mem::take(text).into_bytes();
        for (start, end) in lines {
            bytes[start..end].fill(b' ');
            report.break_at_line(&bytes, start);
        }
        *text = String::from_utf8(bytes).unwrap_or_default();
    }
    true
}

/// The tree of a text of which all is said that can be.
pub(super) fn tree(text: &str) -> Table<'_> {
    Table::parse_recoverable(text).0.into_inner()
}

fn shape<'i>(source: &'i str, limits: &PackLimits, report: &mut Reporter) -> Option<Shape<'i>> {
    // Four tokens a term and its comma and white space, and as much again; a few hundred for each rule.
    let most = limits
        .terms
        .saturating_mul(16)
        .saturating_add(limits.rules.saturating_mul(64));
    // A token takes a byte at least.
    if source.len() > most
        && let Some(token) = Source::new(source).lex().nth(most)
    {
        report.say(
            &codes::PACK_TOO_COMPLEX,
            token.span().start()..token.span().end(),
            said!(
                "the pack holds more than {most} brackets, keys, values and separators",
                "规则包的括号、键、值和分隔符超过 {most} 个"
            ),
            said!("split the pack", "请拆分规则包"),
        );
        return None;
    }
    let mut shape = Shape::new(source);
    {
        let tokens = Source::new(source).lex().into_vec();
        // What is wrong here is found again while the tree is built.
        parse_document(&tokens, &mut shape, &mut ());
    }
    if let Some(at) = shape.too_deep {
        report.say(
            &codes::NESTED_TOO_DEEP,
            at,
            said!("nested more than {DEPTH} deep", "嵌套超过 {DEPTH} 层"),
            said!(
                "close the bracket before; no part of a pack nests this deep",
                "请闭合前面的括号；规则包不需要这么深的嵌套"
            ),
        );
        return None;
    }
    Some(shape)
}

fn syntax_error(source: &str, message: &str, at: Range<usize>, report: &mut Reporter) {
    if message == "duplicate key" {
        let key = shown(source.get(at.clone()).unwrap_or(""));
        let mut diagnostic = report
            .at(
                &codes::DUPLICATE_KEY,
                at.clone(),
                said!("{key} is given twice", "{key} 重复出现"),
            )
            .with_help(said!(
                "remove one of the two, or merge them; each rule begins with its own `[[rule]]`",
                "请删除其一或合并；每条规则以各自的 `[[rule]]` 开头"
            ));
        if let Some(first) = earlier(source, at) {
            diagnostic = diagnostic.with_label(first, said!("the first is here", "第一个在此"));
        }
        report.diags.push(diagnostic);
        return;
    }
    let help = if message.starts_with("missing escaped value") {
        said!(
            "in double quotes a `\\` begins an escape; write the text in single quotes, as in '\\d+'",
            "双引号中 `\\` 表示转义；请改用单引号，例如 '\\d+'"
        )
    } else if message.starts_with("invalid basic string") || message.starts_with("invalid literal")
    {
        said!(
            "close the string with the quote that it began with, on the same line",
            "请在同一行用相同的引号闭合字符串"
        )
    } else {
        said!(
            "the file is TOML 1.0: `key = value`, strings in quotes, lists as [\"a\", \"b\"]",
            "文件为 TOML 1.0：`键 = 值`，字符串加引号，列表写成 [\"a\", \"b\"]"
        )
    };
    report.say(
        &codes::SYNTAX,
        at,
        Said::new(message, in_chinese(message)),
        help,
    );
}

/// Where the key that is given again at `at` was given first: the same text at the start of a line above, of keys in the same table.
fn earlier(source: &str, at: Range<usize>) -> Option<Range<usize>> {
    let mut line = mend::line_at(source, at.start);
    let key = source.get(at.clone())?;
    let header = source.get(line.start..at.start)?.trim_start();
    let of_header = header.starts_with('[');
    for _ in 0..10_000 {
        line = mend::line_at(source, line.start.checked_sub(1)?);
        let text = source.get(line.clone())?.trim_start();
        let rest = if of_header {
            text.strip_prefix(header)
        } else {
            Some(text)
        };
        if let Some(rest) = rest
            && let Some(after) = rest.strip_prefix(key)
            && after.trim_start().starts_with(['=', ']', '.'])
        {
            let start = line.end - rest.len();
            return Some(start..start + key.len());
        }
        if !of_header && text.starts_with('[') {
            return None;
        }
    }
    None
}

/// What the reader's messages say, in Chinese.
fn in_chinese(message: &str) -> String {
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let what = match what {
        "string values must be quoted" => "字符串必须加引号",
        "unclosed array" => "数组没有闭合",
        "unclosed inline table" => "行内表没有闭合",
        "unclosed table" | "unclosed array table" => "表头没有闭合",
        "key with no value" | "missing value for key" | "missing value" => "键没有值",
        "missing assignment between key-value pairs" => "键与值之间缺少 `=`",
        "missing comma between array elements" => "数组元素之间缺少逗号",
        "missing comma between key-value pairs" => "键值对之间缺少逗号",
        "extra comma in array" => "数组中多了逗号",
        "extra comma in inline table" => "行内表中多了逗号",
        "extra `=`" | "extra assignment between key-value pairs" => "多了 `=`",
        "unexpected key or value" | "unexpected content" => "此处多出内容",
        "invalid unquoted key" | "unquoted keys cannot be empty" => "键的写法不对",
        "missing escaped value" => "转义写法不对",
        "invalid basic string" | "invalid literal string" => "字符串写法不对",
        "invalid value" => "值的写法不对",
        "carriage return must be followed by newline" => "回车后必须是换行",
        "invalid comment character" => "注释中有不允许的字符",
        other => {
            return format!("TOML 语法错误：{other}");
        }
    };
    if expected.is_empty() {
        what.to_owned()
    } else {
        format!("{what}，此处应为 {expected}")
    }
}

fn clamp(source: &str, at: Range<usize>) -> Range<usize> {
    let border = |mut at: usize| {
        at = at.min(source.len());
        while !source.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = border(at.start);
    start..border(at.end).max(start)
}

/// What the second pass looks for.
struct Shape<'i> {
    source: &'i str,
    /// Open arrays (`false`) and inline tables (`true`), with whether a comma came last.
    open: Vec<(bool, Option<Range<usize>>)>,
    /// Parts of the current key.
    parts: usize,
    too_deep: Option<Range<usize>>,
    /// Where the header that is being read begins, and its brackets.
    header: Option<(usize, usize)>,
    /// Whether a header names a table that stands in other brackets, or has another name.
    brackets: bool,
    /// Whether a rule has begun.
    rule: bool,
    newer: Vec<(Range<usize>, Said, Said)>,
}

impl<'i> Shape<'i> {
    fn new(source: &'i str) -> Self {
        Self {
            source,
            open: Vec::new(),
            parts: 0,
            too_deep: None,
            header: None,
            brackets: false,
            rule: false,
            newer: Vec::new(),
        }
    }

    fn say_newer(self, report: &mut Reporter) {
        for (at, message, help) in self.newer {
            report.say(&codes::NEWER_TOML, at, message, help);
        }
    }

    fn close_header(&mut self, span: toml_parser::Span) {
        if let Some((start, brackets)) = self.header.take()
            && let Some(name) = self.source.get(start..span.start())
        {
            let name = name.trim();
            let (meant, wanted) = keys::header(name, brackets);
            self.rule |= meant == "rule";
            // The header of a rule is missing.
            self.brackets |= !self.rule && meant.starts_with("rule.");
            self.brackets |= wanted != brackets || (meant != name && !name.contains(' '));
        }
    }

    fn open(&mut self, table: bool, span: toml_parser::Span) -> bool {
        self.content();
        self.open.push((table, None));
        if self.open.len() > DEPTH {
            self.deep(span);
            return false;
        }
        true
    }

    fn deep(&mut self, span: toml_parser::Span) {
        self.too_deep
            .get_or_insert_with(|| clamp(self.source, span.start()..span.end()));
    }

    /// Something other than white space: the comma before it was none at the end.
    fn content(&mut self) {
        if let Some((_, comma)) = self.open.last_mut() {
            *comma = None;
        }
    }

    fn newer(&mut self, at: Range<usize>, message: Said, help: Said) {
        // More of these than are ever shown need not be kept.
        if self.newer.len() < 1_000 {
            self.newer.push((at, message, help));
        }
    }

    /// Escapes that only newer TOML has, in a string that knows escapes.
    fn escapes(&mut self, span: toml_parser::Span, encoding: Option<Encoding>) {
        if !matches!(
            encoding,
            Some(Encoding::BasicString | Encoding::MlBasicString)
        ) {
            return;
        }
        let raw = self.source.get(span.start()..span.end()).unwrap_or("");
        let mut bytes = raw.bytes().enumerate();
        while let Some((at, byte)) = bytes.next() {
            if byte != b'\\' {
                continue;
            }
            let at = span.start() + at;
            match bytes.next() {
                Some((_, b'e')) => self.newer(
                    at..at + 2,
                    said!("`\\e` is no escape of TOML 1.0", "TOML 1.0 没有转义 `\\e`"),
                    said!("write `\\u001B`", "请写 `\\u001B`"),
                ),
                Some((_, b'x')) => self.newer(
                    at..at + 2,
                    said!(
                        "`\\xHH` is no escape of TOML 1.0",
                        "TOML 1.0 没有转义 `\\xHH`"
                    ),
                    said!(
                        "write `\\u00HH`; or, in a regex, put the string in single quotes",
                        "请写 `\\u00HH`；若是正则，请改用单引号字符串"
                    ),
                ),
                _ => {}
            }
        }
    }
}

impl EventReceiver for Shape<'_> {
    fn inline_table_open(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) -> bool {
        self.open(true, span)
    }

    fn inline_table_close(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) {
        let _ = span;
        if let Some((true, Some(comma))) = self.open.pop() {
            self.newer(
                comma,
                said!(
                    "a comma at the end of an inline table is no TOML 1.0",
                    "TOML 1.0 不允许行内表末尾有逗号"
                ),
                said!("remove this comma", "请删除这个逗号"),
            );
        }
        self.content();
    }

    fn array_open(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) -> bool {
        self.open(false, span)
    }

    fn array_close(&mut self, _: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.open.pop();
        self.content();
    }

    fn std_table_open(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.parts = 0;
        self.header = Some((span.end(), 1));
    }

    fn std_table_close(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.close_header(span);
    }

    fn array_table_open(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.parts = 0;
        self.header = Some((span.end(), 2));
    }

    fn array_table_close(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.close_header(span);
    }

    fn simple_key(
        &mut self,
        span: toml_parser::Span,
        encoding: Option<Encoding>,
        _: &mut dyn ErrorSink,
    ) {
        self.content();
        self.escapes(span, encoding);
        self.parts += 1;
        if self.parts > DEPTH {
            self.deep(span);
        }
    }

    fn key_val_sep(&mut self, _: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.parts = 0;
    }

    fn value_sep(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.parts = 0;
        if let Some((_, comma)) = self.open.last_mut() {
            *comma = Some(span.start()..span.end());
        }
    }

    fn newline(&mut self, span: toml_parser::Span, _: &mut dyn ErrorSink) {
        if self.open.is_empty() {
            self.parts = 0;
        }
        if let Some((true, _)) = self.open.last() {
            self.newer(
                span.start()..span.end(),
                said!(
                    "a line break inside an inline table is no TOML 1.0",
                    "TOML 1.0 不允许行内表跨行"
                ),
                said!(
                    "write the table `{{ ... }}` on one line, or give it a header of its own",
                    "请把 `{{ ... }}` 写在一行，或改用独立表头"
                ),
            );
        }
    }

    fn scalar(
        &mut self,
        span: toml_parser::Span,
        encoding: Option<Encoding>,
        _: &mut dyn ErrorSink,
    ) {
        self.content();
        self.parts = 0;
        self.escapes(span, encoding);
        let raw = self.source.get(span.start()..span.end()).unwrap_or("");
        if encoding.is_none() && lacks_seconds(raw.as_bytes()) {
            self.newer(
                span.start()..span.end(),
                said!(
                    "a time without seconds is no TOML 1.0",
                    "TOML 1.0 的时间必须写到秒"
                ),
                said!("add the seconds, `:00`", "请补上秒，`:00`"),
            );
        }
    }
}

/// `10:00`, alone or after a date and with anything but `:` behind.
fn lacks_seconds(raw: &[u8]) -> bool {
    let Some(colon) = raw.iter().take(16).position(|byte| *byte == b':') else {
        return false;
    };
    let digit = |at: usize| raw.get(at).is_some_and(u8::is_ascii_digit);
    colon >= 2
        && digit(colon - 2)
        && digit(colon - 1)
        && digit(colon + 1)
        && digit(colon + 2)
        && raw.get(colon + 3) != Some(&b':')
}

/// Where the byte `offset` of a string's value stands in its source `raw`, quotes included: an offset into `raw`.
///
/// Escapes are longer than what they stand for, so the source is walked beside the value.
pub(super) fn offset_in_source(raw: &str, offset: usize) -> usize {
    let (quote, escapes) = if raw.starts_with("\"\"\"") {
        (3, true)
    } else if raw.starts_with("'''") {
        (3, false)
    } else if raw.starts_with(['"', '\'']) {
        (1, raw.starts_with('"'))
    } else {
        // A string without quotes is an error that the reader recovers from.
        (0, false)
    };
    let mut at = quote.min(raw.len());
    let rest = |at: usize| raw.get(at..).unwrap_or("");
    if quote == 3 {
        // The line break after the opening quotes is no part of the value.
        at += match rest(at) {
            text if text.starts_with("\r\n") => 2,
            text if text.starts_with('\n') => 1,
            _ => 0,
        };
    }
    let mut value = 0;
    while value < offset {
        let mut chars = rest(at).chars();
        let Some(c) = chars.next() else { break };
        if c != '\\' || !escapes {
            at += c.len_utf8();
            value += c.len_utf8();
            continue;
        }
        let digits = |n: usize| {
            let code = rest(at).get(2..2 + n).unwrap_or("");
            let decoded = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
            (2 + n, decoded.map_or(1, char::len_utf8))
        };
        let (source, decoded) = match chars.next() {
            Some('u') => digits(4),
            Some('U') => digits(8),
            Some('x') => digits(2),
            Some(c) if c.is_whitespace() => {
                let text = rest(at + 1);
                (1 + text.len() - text.trim_start().len(), 0)
            }
            Some(c) => (1 + c.len_utf8(), 1),
            None => (1, 1),
        };
        at += source;
        value += decoded;
    }
    at.min(raw.len())
}

/// The part `inner` of the value of the string at `string`, as a range of the source.
pub(super) fn inner_span(source: &str, string: Range<usize>, inner: Range<usize>) -> Range<usize> {
    let raw = source.get(string.clone()).unwrap_or("");
    let at = |offset| string.start + offset_in_source(raw, offset);
    let mut start = at(inner.start);
    let end = at(inner.end).max(start);
    // A line break that is escaped is nothing in the value; what begins after it begins there.
    let rest = source.get(start..end).unwrap_or("");
    if let Some(after) = rest.strip_prefix('\\')
        && after.starts_with(char::is_whitespace)
        && raw.starts_with("\"\"\"")
    {
        start = end - after.trim_start().len();
    }
    clamp(source, start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_follow_escapes() {
        for (raw, offset, expected) in [
            ("'abc'", 1, 2),
            ("\"abc\"", 1, 2),
            ("\"\\\"b\"", 1, 3),
            ("\"\\u4E00b\"", 3, 7),
            ("\"\"\"\na\\\n  b\"\"\"", 1, 5),
            ("\"\"\"\na\\\n  b\"\"\"", 2, 10),
            ("'''a'''", 0, 3),
            ("一二", 3, 3),
            ("\"ab\"", 99, 4),
        ] {
            assert_eq!(offset_in_source(raw, offset), expected, "{raw} {offset}");
        }
    }
}
