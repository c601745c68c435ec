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
        let mut start = self.at;
        self.key.clear();
        self.dash();
        if self.at > start {
            // What it stood before is a rule of its own, if it is its id.
            start = self.at;
        }
        if !self.key() {
            return self.stray(start);
        }
        let separated = self.separator();
        self.blanks(false);
        if self.key == "id" {
            self.new_rule(start);
        }
        let begins = |c: char| closers(c).is_some() || opens_list(c) || matches!(c, '{' | '｛');
        match self.peek() {
            None | Some('\n' | '\r') if separated => {
                if let Some(value) = self.below() {
                    let at = value
                        ..value
                            + self.source[value..]
                                .chars()
                                .next()
                                .map_or(0, char::len_utf8);
                    self.slip(
                        &codes::SYNTAX,
                        at,
                        said!(
                            "a value begins on the line of its key",
                            "值要和键写在同一行"
                        ),
                        said!("write it behind the `=`", "请写到 `=` 之后"),
                        vec![Edit::new(self.at..value, " ")],
                        Offer::Likely,
                    );
                    self.at = value;
                    self.value();
                    self.after(value);
                } else if !self.yaml_list(start) && !self.header_as_key(start) {
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
            None | Some('\n' | '\r') if self.header_as_key(start) => return,
            _ => return self.stray(start),
        }
        let from = self.at;
        self.value();
        self.after(from);
    }

    /// The dash before a key: an item of YAML.
    fn dash(&mut self) {
        let line = self.line();
        let Some(item) = line.strip_prefix("- ").map(str::trim_start) else {
            return;
        };
        let name = item
            .find(|c: char| !(c.is_ascii_lowercase() || c == '_'))
            .unwrap_or(item.len());
        if name == 0 || !item[name..].trim_start().starts_with(is_assignment) {
            return;
        }
        let at = self.at..self.at + (line.len() - item.len());
        self.at = at.end;
        let rule = &item[..name] == "id";
        let (help, edit) = if rule {
            (
                said!(
                    "write `[[rule]]` on a line of its own above the key",
                    "请在其上单独写一行 `[[rule]]`"
                ),
                "[[rule]]\n",
            )
        } else {
            (said!("remove the dash", "请删除短横"), "")
        };
        if rule {
            "rule".clone_into(&mut self.header);
            self.has_id = false;
        }
        self.slip(
            &codes::NOT_TOML,
            at.clone(),
            said!("a dash before a key is YAML", "键前的短横是 YAML 写法"),
            help,
            vec![Edit::new(at, edit)],
            Offer::Likely,
        );
    }

    /// `rule:` or `rule` where `[[rule]]` is meant. Whether that is what stands here.
    fn header_as_key(&mut self, start: usize) -> bool {
        let (meant, brackets) = keys::header(&self.key, 0);
        if brackets == 0 {
            return false;
        }
        let right = if brackets == 2 {
            format!("[[{meant}]]")
        } else {
            format!("[{meant}]")
        };
        // What was said of the sign is part of this.
        while self.slips.last().is_some_and(|last| last.at.start >= start) {
            self.slips.pop();
        }
        let at = start..self.at;
        self.slip(
            &codes::HEADER_BRACKETS,
            at.clone(),
            said!("a header stands in brackets", "表头要写在方括号里"),
            said!("write `{right}`", "请写 `{right}`"),
            vec![Edit::new(at, &*right)],
            Offer::Likely,
        );
        self.has_id &= meant != "rule";
        self.header = meant;
        true
    }

    /// Where the value stands that was written below its key instead of behind it.
    fn below(&self) -> Option<usize> {
        let rest = self.rest();
        let value = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let begins = |c: char| closers(c).is_some() || matches!(c, '[' | '［' | '【' | '{' | '｛');
        (value.starts_with(begins)
            && !begins_statement(value)
            // A key in quotes is no value.
            && !value.lines().next().is_some_and(|line| line.contains([':', '=']) && !line.starts_with(['[', '{'])))
        .then(|| self.at + (rest.len() - value.len()))
    }

    /// An `id` at `start` where none can stand: what follows is a rule that lacks its header.
    fn new_rule(&mut self, start: usize) {
        let text = self.peek().is_some_and(|c| closers(c).is_some());
        let apart =
            self.source[..start].ends_with("\n\n") || self.source[..start].ends_with("\r\n\r\n");
        let of_rule = self.header == "rule" && (!self.has_id || !apart);
        let elsewhere = self.header == "lists" || self.header.starts_with("rule");
        if text && elsewhere && !of_rule {
            let at = start..start + "id".len();
            self.slip(
                &codes::SLID_KEY,
                at,
                said!(
                    "a rule begins here without its header",
                    "这里开始一条规则，却没有表头"
                ),
                said!(
                    "write `[[rule]]` on a line of its own above it",
                    "请在其上单独写一行 `[[rule]]`"
                ),
                vec![Edit::new(start..start, "[[rule]]\n")],
                Offer::Likely,
            );
            "rule".clone_into(&mut self.header);
        }
        self.has_id |= self.header == "rule";
    }

    /// A key, of one or more parts. Whether there is one.
    pub(super) fn key(&mut self) -> bool {
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
        let part = |c: char| {
            c.is_alphanumeric()
                || matches!(c, '_' | '-' | '.' | '＿' | '－' | '．')
                || signs::shows_nothing(c)
        };
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
        self.key = meant.map_or_else(
            || signs::half_width(written).replace(signs::shows_nothing, ""),
            str::to_owned,
        );
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
        } else if written.contains(signs::shows_nothing) {
            let plain = self.key.clone();
            self.slip(
                &codes::WIDE_SIGN,
                at.clone(),
                said!(
                    "the key holds a character that does not show",
                    "键里有不可见的字符"
                ),
                said!("type it anew: `{plain}`", "请重新输入：`{plain}`"),
                vec![Edit::new(at, plain)],
                Offer::Safe,
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
    pub(super) fn separator(&mut self) -> bool {
        self.blanks(false);
        let start = self.at;
        let line = self.line();
        let plus = usize::from(line.starts_with("+="));
        let run: usize = line[plus..]
            .chars()
            .take_while(|c| is_assignment(*c) || matches!(c, '>' | '→'))
            .take(3)
            .map(char::len_utf8)
            .sum();
        let run = plus + run;
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
    pub(super) fn value(&mut self) {
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

    /// What follows the value that began at `from`, on its line.
    fn after(&mut self, from: usize) {
        let end = self.at;
        self.blanks(false);
        let Some(c) = self.peek() else { return };
        if matches!(c, '\n' | '\r') {
            return;
        }
        let start = self.at;
        if c == ';'
            && self.line()[1..].contains(char::is_alphanumeric)
            && !self.line().contains('=')
        {
            return self.comment(1);
        }
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
        if line.starts_with('+')
            && self.source[..end].ends_with(']')
            && behind_plus(line).starts_with('[')
        {
            let second = start + line.len() - behind_plus(line).len();
            self.slip(
                &codes::SYNTAX,
                start..start + 1,
                said!("lists are not added", "列表不能相加"),
                said!("write one list", "请写成一个列表"),
                vec![Edit::new(end - 1..second + 1, ", ")],
                Offer::Likely,
            );
            self.at = second;
            self.value();
            return self.after(from);
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
        // The closing bracket may be there.
        match self.peek() {
            Some(c) if closes_list(c) => {
                let at = self.at..self.at + c.len_utf8();
                self.at = at.end;
                edits.push(Edit::new(at, "]"));
            }
            _ => edits.push(Edit::new(end..end, "]")),
        }
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

/// What follows a `+` and spaces.
fn behind_plus(line: &str) -> &str {
    line.trim_start_matches(['+', ' '])
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
