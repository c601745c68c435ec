//! Keys and their values: the sign between them, lists, tables in line, and text without quotes.

use super::signs::{self, closers, closes_list, is_assignment, is_comma, opens_list};
use super::strings::toml_string;
use super::{DEEP, Mender, Offer};
use crate::diag::{Edit, codes, said};
use crate::pack::keys;
use crate::pack::report::shown;

/// Whether a line is a key with a value, or a header: what stands before it has ended.
pub(super) fn begins_statement(line: &str) -> bool {
    let line = line.trim_start_matches(|c: char| matches!(c, ' ' | '\t') || signs::is_odd_space(c));
    let mut head = line.chars().take(80);
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    match head.next() {
        Some('[') => {
            let name = line.trim_start_matches(['[', ' ']);
            let end = name.find(|c| !is_name(c)).unwrap_or(name.len());
            // A list that holds a text without quotes is no header: those are words of the format.
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name[end..].starts_with([']', '\u{ff3d}'])
                && name[..end].bytes().all(|byte| byte.is_ascii())
        }
        Some(c) if c.is_alphabetic() || c == '_' => {
            let end = line.find(|c| !is_name(c)).unwrap_or(line.len());
            let sign = line[end..].chars().next();
            matches!(sign, Some('=' | '＝'))
                || (matches!(sign, Some(':' | '：')) && line.is_char_boundary(end))
        }
        _ => false,
    }
}

impl Mender<'_> {
    /// `key = value`, and what stands behind it.
    pub(super) fn pair(&mut self) {
        let start = self.at;
        self.key.clear();
        if !self.key() {
            return self.stray(start);
        }
        let separated = self.separator();
        self.blanks(false);
        let begins = |c: char| closers(c).is_some() || opens_list(c) || matches!(c, '{' | '｛');
        match self.peek() {
            None | Some('\n' | '\r') if separated => {
                if !self.yaml_list(start) {
                    let at = start..self.at;
                    self.slip(
                        &codes::SYNTAX,
                        at.clone(),
                        said!("the key has no value", "键没有值"),
                        said!("write a value behind the `=`", "请在 `=` 之后写值"),
                        vec![Edit::new(at, "")],
                        Offer::Nothing,
                    );
                }
                return;
            }
            Some(c) if separated || begins(c) => {
                if !separated {
                    self.slip(
                        &codes::ASSIGNMENT,
                        self.at..self.at + c.len_utf8(),
                        said!(
                            "a `=` is missing between the key and its value",
                            "键与值之间缺少 `=`"
                        ),
                        said!("write a `=`", "请补上 `=`"),
                        vec![Edit::new(self.at..self.at, "= ")],
                        Offer::Safe,
                    );
                }
            }
            _ => return self.stray(start),
        }
        let from = self.at;
        self.value();
        self.after(from);
    }

    /// A key, of one or more parts. Whether there is one.
    fn key(&mut self) -> bool {
        let start = self.at;
        match self.peek() {
            Some(c) if closers(c).is_some() => {
                self.string(c);
                self.key = self.source[start..self.at]
                    .trim_matches(|c| closers(c).is_some())
                    .to_owned();
                return self.at > start;
            }
            _ => {}
        }
        let line = self.line();
        let part =
            |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '＿' | '－' | '．');
        let mut length = line.find(|c| !part(c)).unwrap_or(line.len());
        if line[length..].starts_with(['"', '\'']) && line[..length].ends_with('.') {
            // A part in quotes.
            self.at += length;
            return self.key();
        }
        // Words before the sign are one key with spaces in it.
        let to_sign = line.find(is_assignment).unwrap_or(0);
        let head = line[..to_sign].trim_end();
        if head.len() > length
            && !head.contains(|c| !part(c) && c != ' ')
            && head.split(' ').count() < 5
            && !head.contains('.')
        {
            length = head.len();
        }
        if length == 0 {
            return false;
        }
        let written = &line[..length];
        let at = start..start + length;
        self.at += length;
        let meant = keys::meant(written);
        self.key = meant.map_or_else(|| signs::half_width(written), str::to_owned);
        if written.contains(' ') {
            let joined = self.key.replace(' ', "_");
            self.slip(
                &codes::SYNTAX,
                at.clone(),
                said!("a key holds no spaces", "键中不能有空格"),
                said!("write `{joined}`", "请写 `{joined}`"),
                vec![Edit::new(at, joined)],
                Offer::Likely,
            );
        } else if let Some(meant) = meant {
            let what = shown(written);
            self.slip(
                &codes::UNKNOWN_KEY,
                at.clone(),
                said!(
                    "keys are English words; {what} is none",
                    "键要用英文；{what} 不是有效的键"
                ),
                said!("write `{meant}`", "请写 `{meant}`"),
                vec![Edit::new(at, meant)],
                Offer::Likely,
            );
        } else if !written.is_ascii() {
            let plain = self.key.clone();
            if plain.is_ascii() {
                self.sign(at, &plain);
            } else {
                // What is wrong with the name is said by whoever reads the table.
                self.quiet(Edit::new(at, toml_string(written)));
            }
        }
        true
    }

    /// An edit of which nothing is said here.
    fn quiet(&mut self, edit: Edit) {
        let at = edit.range();
        let nothing = said!("", "");
        self.slip(
            &codes::SYNTAX,
            at,
            nothing.clone(),
            nothing,
            vec![edit],
            Offer::Nothing,
        );
    }

    /// The sign between key and value. Whether there is one.
    fn separator(&mut self) -> bool {
        self.blanks(false);
        let start = self.at;
        let line = self.line();
        let run: usize = line
            .chars()
            .take_while(|c| is_assignment(*c) || matches!(c, '>' | '→'))
            .take(3)
            .map(char::len_utf8)
            .sum();
        let sign = &line[..run];
        if !sign.contains(is_assignment) && sign != "→" {
            return false;
        }
        self.at += run;
        if sign == "＝" {
            self.sign(start..self.at, "=");
        } else if sign != "=" {
            let spaced = if self.source[..start].ends_with(' ') {
                "="
            } else {
                " ="
            };
            let at = start..self.at;
            self.slip(
                &codes::ASSIGNMENT,
                at.clone(),
                said!(
                    "a key and its value are joined by `=`",
                    "键与值之间要用 `=`"
                ),
                said!("write `=`", "请写 `=`"),
                vec![Edit::new(at, spaced)],
                Offer::Safe,
            );
        }
        true
    }

    /// `key:` with `- item` lines below it, from `start` on. Whether that is what stands here.
    fn yaml_list(&mut self, start: usize) -> bool {
        let mut items = Vec::new();
        let mut end = self.at;
        for line in self.rest().split_inclusive('\n').take(10_000) {
            match line.trim().strip_prefix("- ") {
                Some(item) => items.push(item.trim().trim_matches(|c| closers(c).is_some())),
                None if line.trim().is_empty() => {}
                None => break,
            }
            end += line.len();
        }
        if items.is_empty() {
            return false;
        }
        let list: Vec<String> = items.iter().map(|item| toml_string(item)).collect();
        let list = format!("{} = [{}]", self.key, list.join(", "));
        let end = start + self.source[start..end].trim_end().len();
        // The `:` before it, which was spoken of, is part of this.
        while self.slips.last().is_some_and(|last| last.at.start >= start) {
            self.slips.pop();
        }
        self.slip(
            &codes::NOT_TOML,
            start..end,
            said!("this list is written as YAML", "这个列表是 YAML 写法"),
            said!("write `{list}`", "请写 `{list}`"),
            vec![Edit::new(start..end, &*list)],
            Offer::Likely,
        );
        self.at = end;
        true
    }

    /// A value of any kind. Stands behind it afterwards, or where it was if there is none.
    fn value(&mut self) {
        let Some(c) = self.peek() else { return };
        if self.depth >= DEEP {
            self.at += self.line().len();
        } else if closers(c).is_some() {
            self.string(c);
        } else if opens_list(c) {
            self.list(c);
        } else if matches!(c, '{' | '｛') {
            self.braces(c);
        } else {
            self.bare();
        }
    }

    fn list(&mut self, open: char) {
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
            self.value();
            comma = false;
            end = self.at;
            if self.at == before {
                self.at += c.len_utf8();
            }
        }
        self.depth -= 1;
        self.never_closed(start, end, ("list", "列表"), "]");
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
    fn braces(&mut self, open: char) {
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
            let before = self.slips.len();
            self.at = start;
            self.list('{');
            self.slips.truncate(self.slips.len().max(before));
            // `list` took the braces for signs that stand for brackets; one word on it is enough.
            self.slips.retain(|slip| {
                !(slip.at.start >= start
                    && slip.at.end <= self.at
                    && slip.code == &codes::WIDE_SIGN
                    && self.source[slip.at.clone()].starts_with(['{', '}', '｝']))
            });
            let close = self.at.saturating_sub(1)..self.at;
            let mut edits = vec![Edit::new(at.clone(), "[")];
            if self.source[close.clone()].starts_with('}') {
                edits.push(Edit::new(close, "]"));
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

    /// What follows the value that began at `from`, on its line.
    fn after(&mut self, from: usize) {
        let end = self.at;
        self.blanks(false);
        let Some(c) = self.peek() else { return };
        if matches!(c, '\n' | '\r') {
            return;
        }
        let start = self.at;
        let line = self.line().trim_end();
        let sign = |c: char| is_comma(c) || matches!(c, '.' | '。');
        let closing = |c: char| closes_list(c) || matches!(c, '}' | '｝');
        let run: usize = line
            .chars()
            .take_while(|c| sign(*c) || closing(*c) || *c == ' ')
            .map(char::len_utf8)
            .sum();
        let behind = line[run..].trim_start();
        if run > 0
            && (behind.is_empty() || behind.starts_with(['#', '＃']) || behind.starts_with("//"))
        {
            let at = start..start + line[..run].trim_end().len();
            let (what, help) = if closing(c) {
                (
                    said!("this bracket closes nothing", "多余的括号"),
                    said!("remove it", "请删除"),
                )
            } else {
                (
                    said!("nothing follows a value", "值的后面不能再有符号"),
                    said!("remove it", "请删除"),
                )
            };
            self.at = at.end;
            self.slip(
                &codes::SYNTAX,
                at.clone(),
                what,
                help,
                vec![Edit::new(at, "")],
                Offer::Safe,
            );
            self.blanks(false);
            return;
        }
        if begins_statement(behind) || (run == 0 && begins_statement(line)) {
            let at = start..start + line.len() - behind.len();
            self.at = at.end;
            self.slip(
                &codes::SYNTAX,
                start..start + line.len(),
                said!("each key stands on a line of its own", "每个键要单独占一行"),
                said!("write this on the next line", "请写到下一行"),
                vec![Edit::new(at, "\n")],
                Offer::Safe,
            );
            return;
        }
        let more = |c: char| closers(c).is_some() || is_comma(c);
        let first = self.source[from..].chars().next().unwrap_or(' ');
        if more(c) && (closers(first).is_some() || signs::is_odd_quote(first)) {
            return self.bare_list(from);
        }
        let at = start..start + line.len();
        self.at = at.end;
        self.slip(
            &codes::SYNTAX,
            at.clone(),
            said!(
                "the value has ended, and more follows",
                "值已结束，后面还有内容"
            ),
            said!(
                "put text in one pair of quotes, or begin a comment with `#`",
                "文字请放进同一对引号；注释以 `#` 开头"
            ),
            vec![Edit::new(end..at.end, "")],
            Offer::Nothing,
        );
    }

    /// Values with commas and without brackets, the first of which began at `from`.
    fn bare_list(&mut self, from: usize) {
        let mut edits = vec![Edit::new(from..from, "[")];
        let mut end = self.at;
        while let Some(c) = self.peek() {
            if is_comma(c) {
                let at = self.at..self.at + c.len_utf8();
                self.at = at.end;
                if c != ',' {
                    edits.push(Edit::new(at, ","));
                }
            } else if closers(c).is_some() {
                if self.source[..self.at].trim_end().len() == end {
                    edits.push(Edit::new(end..end, ","));
                }
                self.string(c);
                end = self.at;
            } else {
                break;
            }
            self.blanks(false);
        }
        edits.push(Edit::new(end..end, "]"));
        self.slip(
            &codes::SYNTAX,
            from..end,
            said!(
                "several values are a list, and a list stands in brackets",
                "多个值是列表，列表要放在方括号里"
            ),
            said!("write `[` and `]`", "请写 `[` 和 `]`"),
            edits,
            Offer::Likely,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_from_values() {
        for (line, expected) in [
            ("id = \"a\"", true),
            ("  severity: high", true),
            ("[[rule]]", true),
            ("[rule.samples]", true),
            ("\"a\", # b = c", false),
            ("[\"a\"],", false),
            ("{ text = \"a\" }", false),
            ("礼品卡", false),
            ("]", false),
        ] {
            assert_eq!(begins_statement(line), expected, "{line}");
        }
    }
}
