//! Strings whose quotes are of another kind, lacking, or of the text.

use std::ops::Range;

use super::signs::{closers, closes_list, is_assignment, is_comma, is_odd_quote, is_odd_space};
use super::{AHEAD, Mender, Offer};
use crate::diag::{Edit, codes, said};

/// A text as a string of TOML: in double quotes, or in single ones if that spares escapes.
pub(crate) fn toml_string(text: &str) -> String {
    let plain = |c: char| !c.is_control();
    if !text.contains(['"', '\\']) && text.chars().all(plain) {
        return format!("\"{text}\"");
    }
    if !text.contains('\'') && text.chars().all(plain) {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Mender<'_> {
    /// A string. Stands behind it afterwards.
    pub(super) fn string(&mut self, open: char) {
        let rest = self.rest();
        for triple in ["\"\"\"", "'''"] {
            if let Some(inner) = rest.strip_prefix(triple) {
                match inner.find(triple) {
                    Some(end) => {
                        let more = inner[end + 3..]
                            .chars()
                            .take_while(|c| *c == open)
                            .take(2)
                            .count();
                        self.at += end + 6 + more;
                    }
                    None => self.half_triple(triple, open),
                }
                return;
            }
        }
        if is_odd_quote(open) {
            return self.odd(open);
        }
        match self.close_of(open) {
            Some(close)
                if self.delimited(close + 1)
                    || self.joins(close + 1)
                    || self.next_pair(close + 1) =>
            {
                self.escapes(self.at..close + 1, open);
                self.at = close + 1;
            }
            Some(close) => self.irregular(open, close),
            None => self.open_ended(open),
        }
    }

    /// Three quotes that nothing closes: meant as one, if the line ends with one.
    fn half_triple(&mut self, triple: &str, open: char) {
        let line = self.line().trim_end();
        let inner = &line[triple.len().min(line.len())..];
        let closed = inner.trim_end_matches(|c| is_comma(c) || closes_list(c) || c == ' ');
        if closed.len() < 2 || !closed.ends_with(open) {
            return self.unclosed(self.at + self.line().len(), triple);
        }
        let end = self.at + triple.len() + closed.len();
        let at = self.at..self.at + triple.len();
        self.slip(
            &codes::UNCLOSED,
            at.clone(),
            said!(
                "three quotes begin a text of several lines, which nothing closes",
                "三个引号表示多行文本，后面没有闭合"
            ),
            said!("write one quote", "请写一个引号"),
            vec![Edit::new(at, open.to_string())],
            Offer::Likely,
        );
        self.at = end;
    }

    /// The text of the line from the cursor on, as far as is looked ahead.
    fn ahead(&self) -> &str {
        let line = self.line();
        let mut end = line.len().min(AHEAD);
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        &line[..end]
    }

    /// Where the string that begins at the cursor with a straight quote is closed on its line.
    fn close_of(&self, open: char) -> Option<usize> {
        let line = self.line();
        let mut escaped = false;
        for (at, c) in line.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' if open == '"' => escaped = true,
                _ if c == open => return Some(self.at + at),
                _ => {}
            }
        }
        None
    }

    /// Whether what stands at `at` may follow a value or a key in quotes.
    pub(super) fn delimited(&self, at: usize) -> bool {
        let rest = self.source.get(at..).unwrap_or("");
        let rest = rest.trim_start_matches(|c| matches!(c, ' ' | '\t') || is_odd_space(c));
        match rest.chars().next() {
            None => true,
            Some(c) => {
                matches!(c, '\n' | '\r' | '#' | '＃' | '}' | '｝' | '.')
                    || is_comma(c)
                    || closes_list(c)
                    || is_assignment(c)
                    || rest.starts_with("//")
                    || rest.starts_with("--")
                    || (c == '。'
                        && rest[c.len_utf8()..]
                            .trim_start_matches([' ', '\t'])
                            .starts_with(['\n', '\r']))
            }
        }
    }

    /// Whether another string begins at `at`: only a comma is missing.
    fn joins(&self, at: usize) -> bool {
        let rest = self.source.get(at..).unwrap_or("");
        let spaces = rest.trim_start_matches([' ', '\t']);
        let begins = spaces.starts_with(|c| closers(c).is_some());
        // `""` inside a text that is quoted again is no comma forgotten.
        begins
            && (spaces.len() < rest.len() || !rest.starts_with('"'))
            && spaces
                .chars()
                .skip(1)
                .take_while(|c| *c != '\n')
                .any(|c| closers(c).is_some())
    }

    /// Whether another key with its value begins at `at`: only a line break is missing.
    fn next_pair(&self, at: usize) -> bool {
        let rest = self.source.get(at..).unwrap_or("");
        let text = rest.trim_start_matches([' ', '\t']);
        let name = text.len()
            - text
                .trim_start_matches(|c: char| c.is_ascii_lowercase() || c == '_')
                .len();
        let after = text[name..].trim_start();
        let value = after.strip_prefix('=').map(str::trim_start);
        text.len() < rest.len()
            && name > 1
            && value.is_some_and(|value| {
                value.starts_with(|c: char| {
                    closers(c).is_some() || matches!(c, '[' | '{') || c.is_ascii_alphanumeric()
                })
            })
    }

    /// A string in quotes that TOML does not have.
    fn odd(&mut self, open: char) {
        let start = self.at;
        let ahead = self.ahead();
        let ends = closers(open).unwrap_or("");
        let inner = open.len_utf8();
        let mut first = None;
        let mut found = None;
        for (at, c) in ahead.char_indices().skip(1) {
            if ends.contains(c) {
                let place = (start + at, c);
                first = first.or(Some(place));
                if self.delimited(start + at + c.len_utf8()) {
                    found = Some(place);
                    break;
                }
            }
        }
        let Some((close, c)) = found.or(first) else {
            return self.open_ended(open);
        };
        let content = &self.source[start + inner..close];
        let end = close + c.len_utf8();
        let edits = if content.contains(['"', '\\']) {
            vec![Edit::new(start..end, toml_string(content))]
        } else {
            vec![
                Edit::new(start..start + inner, "\""),
                Edit::new(close..end, "\""),
            ]
        };
        self.quotes(start..start + inner, edits);
        self.at = end;
    }

    fn quotes(&mut self, at: Range<usize>, edits: Vec<Edit>) {
        self.slip(
            &codes::WIDE_QUOTE,
            at,
            said!("strings stand in straight quotes", "字符串要用半角直引号"),
            said!("write `\"`", "请写 `\"`"),
            edits,
            Offer::Safe,
        );
    }

    /// A string that is closed where nothing may follow: its end is of another kind, lacks, or is further on.
    fn irregular(&mut self, open: char, close: usize) {
        let start = self.at;
        let content = &self.source[start + 1..close];
        let odd_end = content
            .char_indices()
            .map(|(at, c)| (start + 1 + at, c))
            .find(|(at, c)| {
                is_odd_quote(*c)
                    && closers(open).is_some_and(|ends| ends.contains(*c))
                    && self.delimited(at + c.len_utf8())
            });
        if let Some((at, c)) = odd_end {
            let end = at + c.len_utf8();
            self.quotes(at..end, vec![Edit::new(at..end, open.to_string())]);
            self.at = end;
            return;
        }
        if self.wrapped(open) {
            return;
        }
        let ahead = self.ahead();
        let quotes = ahead.chars().filter(|c| *c == open).count();
        if quotes % 2 == 1
            && let Some((comma, _)) = content.char_indices().rfind(|(_, c)| is_comma(*c))
        {
            let text = content[..comma].trim_end();
            return self.unclosed(start + 1 + text.len(), &open.to_string());
        }
        // Quotes of the text. It ends with the next quote that something may follow.
        let end = ahead
            .char_indices()
            .skip(1)
            .map(|(at, c)| (start + at, c))
            .filter(|(at, c)| *c == open && *at > close)
            .find(|(at, _)| self.delimited(at + 1))
            .map(|(at, _)| at);
        let Some(end) = end else {
            self.at = close + 1;
            return;
        };
        let text = &self.source[start + 1..end];
        let edit = Edit::new(start..end + 1, toml_string(text));
        self.slip(
            &codes::INNER_QUOTE,
            close..close + 1,
            said!(
                "this quote ends the string, and text follows",
                "这个引号结束了字符串，后面却还有文字"
            ),
            said!(
                "write the text's own quotes as “ ”, or put the string in single quotes `'`",
                "文本内的引号请写成 “ ”，或用单引号 `'` 括住整个字符串"
            ),
            vec![edit],
            Offer::Likely,
        );
        self.at = end + 1;
    }

    /// Quotes around a whole list, or two where one is meant. Whether that is what stands here.
    fn wrapped(&mut self, open: char) -> bool {
        let start = self.at;
        let line = self.line().trim_end();
        let inner = line
            .strip_prefix(open)
            .and_then(|inner| inner.strip_suffix(open));
        if let Some(list) = inner.filter(|inner| inner.starts_with('[') && inner.ends_with(']')) {
            let (list, end) = (start + 1..start + 1 + list.len(), start + line.len());
            self.slip(
                &codes::INNER_QUOTE,
                start..start + 1,
                said!("a list stands without quotes around it", "列表外面不加引号"),
                said!("remove the quotes around it", "请删除外面的引号"),
                vec![
                    Edit::new(start..list.start, ""),
                    Edit::new(list.end..end, ""),
                ],
                Offer::Safe,
            );
            self.at = list.start;
            self.list('[');
            self.at = end;
            return true;
        }
        let twice = format!("{open}{open}");
        let Some(text) = line.strip_prefix(&*twice) else {
            return false;
        };
        let Some(close) = text.find(&*twice).filter(|at| *at > 0) else {
            return false;
        };
        let (from, to) = (start + 2, start + 2 + close);
        if text[..close].contains(open) || !self.delimited(to + 2) {
            return false;
        }
        self.slip(
            &codes::INNER_QUOTE,
            start..from,
            said!("one pair of quotes is enough", "只需一对引号"),
            said!("write one quote on each side", "请在两侧各写一个引号"),
            vec![
                Edit::new(start..from, open.to_string()),
                Edit::new(to..to + 2, open.to_string()),
            ],
            Offer::Safe,
        );
        self.at = to + 2;
        true
    }

    /// A string without an end on its line.
    fn open_ended(&mut self, open: char) {
        let start = self.at;
        let line = self.line();
        let ahead = self.ahead();
        let odd_end = ahead
            .char_indices()
            .skip(1)
            .filter(|(at, c)| {
                is_odd_quote(*c)
                    && closers(open).is_some_and(|ends| ends.contains(*c))
                    && self.delimited(start + at + c.len_utf8())
            })
            .map(|(at, c)| (start + at, c))
            .next();
        if let Some((at, c)) = odd_end {
            let end = at + c.len_utf8();
            self.quotes(at..end, vec![Edit::new(at..end, open.to_string())]);
            self.at = end;
            return;
        }
        let text = line.trim_end();
        if open == '"'
            && let Some(inner) = text
                .strip_suffix("\\\"")
                .and_then(|text| text.strip_prefix('"'))
            && !inner.contains(['\'', '"'])
        {
            let end = start + text.len();
            let right = format!("'{inner}\\'");
            self.slip(
                &codes::BAD_ESCAPE,
                end - 2..end,
                said!(
                    "in double quotes `\\\"` is a quote of the text, and the string is not closed",
                    "双引号中 `\\\"` 表示文本里的引号，字符串因此没有闭合"
                ),
                said!(
                    "remove the `\\`, or write `{right}`",
                    "请删除 `\\`，或写 `{right}`"
                ),
                vec![Edit::new(end - 2..end - 1, "")],
                Offer::Likely,
            );
            self.at = end;
            return;
        }
        let after = start + line.len();
        let next = self
            .source
            .get(after..)
            .unwrap_or("")
            .trim_start_matches(['\r', '\n']);
        let next_line = next.split('\n').next().unwrap_or("");
        if !super::values::begins_statement(next_line)
            && let Some(close) = next_line.find(open)
            && !next_line[..close].contains(closes_list)
            && next_line[..close].len() < AHEAD
        {
            let line_start = self.source.len() - next.len();
            if self.delimited(line_start + close + 1) && !next_line[..close].trim().is_empty() {
                self.slip(
                    &codes::UNCLOSED,
                    start..after,
                    said!("the string is broken over two lines", "字符串跨了两行"),
                    said!("write it on one line", "请写在一行"),
                    vec![Edit::new(after..line_start, "")],
                    Offer::Likely,
                );
                self.at = line_start + close + 1;
                return;
            }
        }
        let mut text = line.trim_end();
        if self.depth > 0 {
            text = text.trim_end_matches(|c: char| {
                closes_list(c) || is_comma(c) || matches!(c, '}' | '｝' | ' ')
            });
        } else {
            text = text.trim_end_matches([',', ';', ' ']);
        }
        let end = start + text.len().max(open.len_utf8());
        if is_odd_quote(open) {
            let inner = open.len_utf8();
            self.quotes(
                start..start + inner,
                vec![
                    Edit::new(start..start + inner, "\""),
                    Edit::new(end..end, "\""),
                ],
            );
            self.at = end;
            return;
        }
        self.unclosed(end, &open.to_string());
    }

    /// The string at the cursor lacks its closing quotes at `end`.
    fn unclosed(&mut self, end: usize, quotes: &str) {
        let at = self.at..end;
        self.slip(
            &codes::UNCLOSED,
            at,
            said!("the string is not closed", "字符串没有闭合"),
            said!("close it with `{quotes}`", "请用 `{quotes}` 闭合"),
            vec![Edit::new(end..end, quotes)],
            Offer::Likely,
        );
        self.at = end;
    }

    /// A `\` that begins no escape.
    fn escapes(&mut self, string: Range<usize>, open: char) {
        if open != '"' {
            return;
        }
        let raw = &self.source[string.clone()];
        let mut bad = Vec::new();
        let mut good = false;
        let mut chars = raw.char_indices();
        while let Some((at, c)) = chars.next() {
            if c != '\\' {
                continue;
            }
            match chars.next() {
                Some((_, 'b' | 't' | 'n' | 'f' | 'r' | 'e' | 'x' | 'u' | 'U' | '"' | '\\')) => {
                    good = true
                }
                Some(_) if bad.len() < 64 => bad.push(string.start + at),
                _ => {}
            }
        }
        let Some(first) = bad.first().copied() else {
            return;
        };
        // The `\` and the character behind it.
        let escaped = self.source[first + 1..].chars().next();
        let after = first + 1 + escaped.map_or(0, char::len_utf8);
        let edits = if good || raw.contains('\'') {
            bad.iter().map(|at| Edit::new(*at..*at, "\\")).collect()
        } else {
            vec![
                Edit::new(string.start..string.start + 1, "'"),
                Edit::new(string.end - 1..string.end, "'"),
            ]
        };
        self.slip(
            &codes::BAD_ESCAPE,
            first..after,
            said!(
                "in double quotes a `\\` begins an escape, and this is none",
                "双引号中 `\\` 表示转义，而这里不是合法转义"
            ),
            said!("put the string in single quotes", "请改用单引号"),
            edits,
            Offer::Safe,
        );
    }
}
