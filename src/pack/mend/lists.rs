//! Lists and tables in line: what opens, separates and closes them.

use std::ops::Range;

use super::signs::{closers, closes_list, is_assignment, is_comma};
use super::strings::toml_string;
use super::values::begins_statement;
use super::{Mender, Offer};
use crate::diag::{Edit, codes, said};
use crate::pack::report::shown;

impl Mender<'_> {
    pub(super) fn list(&mut self, open: char) {
        let start = self.at;
        self.at += open.len_utf8();
        if open != '[' {
            self.sign(start..self.at, "[");
        }
        self.depth += 1;
        let mut end = self.at;
        let mut comma = true;
        while let Some(c) = self.element() {
            if closes_list(c) || matches!(c, '}' | '｝') {
                let at = self.at..self.at + c.len_utf8();
                self.at = at.end;
                if c != ']' {
                    self.sign(at, "]");
                }
                self.depth -= 1;
                return;
            }
            if is_comma(c) {
                self.comma(c, comma);
                comma = true;
                end = self.at;
                continue;
            }
            if !comma {
                self.slip(
                    &codes::MISSING_COMMA,
                    end..self.at.max(end),
                    said!(
                        "a comma is missing between two values",
                        "两个值之间缺少逗号"
                    ),
                    said!("write a `,` between them", "请在两者之间写 `,`"),
                    vec![Edit::new(end..end, ",")],
                    Offer::Safe,
                );
            }
            let before = self.at;
            if self.is_term() {
                self.term();
            } else {
                self.value();
            }
            comma = false;
            end = self.at;
            if self.at == before {
                self.at += c.len_utf8();
            }
        }
        self.depth -= 1;
        let inside = start..self.at;
        let comment = &self.source[self.comment.clone()];
        if inside.contains(&self.comment.start)
            && comment
                .trim_end()
                .trim_end_matches([',', ' '])
                .ends_with(']')
            && self.source[self.comment.end..self.at].trim().is_empty()
        {
            return self.hidden(self.comment.clone());
        }
        self.never_closed(start, end, ("list", "列表"), "]");
    }

    /// A term that begins with `#` and lacks its quotes, so that the rest of its list became a comment.
    fn hidden(&mut self, comment: Range<usize>) {
        let text = self.source[comment.clone()].trim_end();
        let last = text.trim_end_matches([',', ' ', ']', '"', '\'']);
        let right = toml_string(last);
        let at = comment.start..comment.start + last.len();
        self.slip(
            &codes::BARE_TEXT,
            at,
            said!(
                "outside quotes `#` begins a comment, and the list is not closed",
                "引号之外 `#` 开始注释，列表因此没有闭合"
            ),
            said!("write `{right}`", "请写 `{right}`"),
            vec![Edit::new(comment.clone(), format!("{right}]"))],
            Offer::Likely,
        );
        self.at = comment.end;
    }

    /// Whether `regex = '...'` or `text = "..."` stands here, without braces.
    fn is_term(&self) -> bool {
        let line = self.line();
        ["regex", "text"].iter().any(|key| {
            let after = line.strip_prefix(key).map(str::trim_start);
            after.is_some_and(|after| after.starts_with(is_assignment))
        })
    }

    fn term(&mut self) {
        let start = self.at;
        let outer = self.key.clone();
        self.key();
        self.separator();
        self.blanks(false);
        self.value();
        self.key = outer;
        let at = start..self.at;
        let right = format!("{{ {} }}", &self.source[at.clone()]);
        self.slip(
            &codes::SYNTAX,
            at.clone(),
            said!(
                "a term with keys stands in braces",
                "带键的词要放在花括号里"
            ),
            said!("write `{right}`", "请写 `{right}`"),
            vec![
                Edit::new(start..start, "{ "),
                Edit::new(at.end..at.end, " }"),
            ],
            Offer::Safe,
        );
    }

    /// The next sign of a list or table in braces, blanks left behind; `None` if it has ended without being closed.
    fn element(&mut self) -> Option<char> {
        loop {
            let line_start = self.source[..self.at].ends_with('\n');
            if line_start && begins_statement(self.line()) {
                return None;
            }
            self.blanks(false);
            match self.peek()? {
                '\n' | '\r' => self.at += 1,
                c => return Some(c),
            }
        }
    }

    /// A comma, or what is written for one.
    fn comma(&mut self, c: char, extra: bool) {
        let at = self.at..self.at + c.len_utf8();
        self.at = at.end;
        let first = self.source[..at.start]
            .trim_end()
            .ends_with([',', '[', '，', '、']);
        if extra && first {
            self.slip(
                &codes::SYNTAX,
                at.clone(),
                said!("there is no value before this comma", "这个逗号之前没有值"),
                said!("remove it", "请删除"),
                vec![Edit::new(at, "")],
                Offer::Safe,
            );
        } else if c == ';' {
            self.slip(
                &codes::SYNTAX,
                at.clone(),
                said!("values are separated by commas", "值之间用逗号分隔"),
                said!("write `,`", "请写 `,`"),
                vec![Edit::new(at, ",")],
                Offer::Safe,
            );
        } else if c != ',' {
            self.sign(at, ",");
        }
    }

    fn never_closed(&mut self, start: usize, end: usize, what: (&str, &str), close: &str) {
        let (en, zh) = what;
        let last = self.source[start..end]
            .rsplit(['\n', '[', '{', '，', ','])
            .find(|part| !part.trim().is_empty());
        let last = shown(last.unwrap_or("").trim());
        self.slip(
            &codes::UNCLOSED,
            start
                ..start
                    + self.source[start..]
                        .chars()
                        .next()
                        .map_or(0, char::len_utf8),
            said!(
                "the {en} that begins here is not closed",
                "从这里开始的{zh}没有闭合"
            ),
            said!(
                "write `{close}` behind its last value, {last}",
                "请在最后一个值 {last} 之后写 `{close}`"
            ),
            vec![Edit::new(end..end, close)],
            Offer::Likely,
        );
        self.at = end;
    }

    /// `{ key = value }`, or a list in braces.
    pub(super) fn braces(&mut self, open: char) {
        let start = self.at;
        self.at += open.len_utf8();
        let inner = self.rest().trim_start();
        let quoted = inner.chars().next().and_then(|c| Some((c, closers(c)?)));
        let of_values = quoted.is_some_and(|(c, ends)| {
            let after = inner
                .char_indices()
                .skip(1)
                .find(|(_, c)| ends.contains(*c));
            let after = after.map_or("", |(at, c)| inner[at + c.len_utf8()..].trim_start());
            c != '\n' && !after.starts_with(is_assignment)
        });
        if of_values {
            let at = start..self.at;
            self.at = start;
            self.list(open);
            // `list` took the braces for signs that stand for brackets; one word on it is enough.
            self.slips.retain(|slip| {
                !(slip.at.start >= start
                    && slip.at.end <= self.at
                    && slip.code == &codes::WIDE_SIGN
                    && self.source[slip.at.clone()].starts_with(['{', '｛', '}', '｝']))
            });
            let mut edits = vec![Edit::new(at.clone(), "[")];
            let read = &self.source[..self.at];
            if let Some(close) = read.chars().next_back().filter(|c| matches!(c, '}' | '｝')) {
                edits.push(Edit::new(self.at - close.len_utf8()..self.at, "]"));
            }
            self.slip(
                &codes::SYNTAX,
                at,
                said!(
                    "a list stands in brackets, not in braces",
                    "列表用方括号，不用花括号"
                ),
                said!("write `[` and `]`", "请写 `[` 和 `]`"),
                edits,
                Offer::Safe,
            );
            return;
        }
        if open != '{' {
            self.sign(start..self.at, "{");
        }
        self.depth += 1;
        let outer = self.key.clone();
        let mut end = self.at;
        while let Some(c) = self.element() {
            if closes_list(c) && self.depth > 1 && self.ends_outer(c) {
                self.slip(
                    &codes::UNCLOSED,
                    start..start + open.len_utf8(),
                    said!(
                        "the table that begins here is not closed",
                        "从这里开始的表没有闭合"
                    ),
                    said!("write `}}` before the `]`", "请在 `]` 之前写 `}}`"),
                    vec![Edit::new(end..end, " }")],
                    Offer::Likely,
                );
                self.depth -= 1;
                self.key = outer;
                return;
            }
            if matches!(c, '}' | '｝') || closes_list(c) {
                let at = self.at..self.at + c.len_utf8();
                self.at = at.end;
                if c != '}' {
                    self.sign(at, "}");
                }
                self.depth -= 1;
                self.key = outer;
                return;
            }
            if is_comma(c) {
                self.comma(c, false);
                // TOML 1.0 has no comma at the end of a table in line.
                end = end.max(self.at - c.len_utf8());
                continue;
            }
            let before = self.at;
            if self.key() {
                self.separator();
                self.blanks(false);
                self.value();
            }
            end = self.at;
            if self.at == before {
                self.at += c.len_utf8();
            }
        }
        self.depth -= 1;
        self.key = outer;
        self.never_closed(start, end, ("table", "表"), "}");
    }

    /// Whether the bracket at the cursor closes the list around a table: nothing after it closes that.
    fn ends_outer(&self, c: char) -> bool {
        let rest = &self.rest()[c.len_utf8()..];
        for (n, line) in rest.split('\n').take(100).enumerate() {
            if n > 0 && begins_statement(line) {
                break;
            }
            if line.contains(|c| closes_list(c) || matches!(c, '}' | '｝')) {
                return false;
            }
        }
        true
    }
}
