//! Slips of the pen in a source that is no TOML: each is said once, and mended for the rest of the reading.
//!
//! Rule authors write with Chinese input methods and word processors: full-width signs, curly quotes, a comma forgotten, a list not closed. TOML's
//! own recovery stumbles over such a place again and again and loses what follows. [`slips`] reads a source that was refused, line by
//! line and forgivingly, and says for each place what is wrong and which edits make it right; with these made the
//! source is parsed again, so that all other problems are found in the same run and none is an echo.
//!
//! Costs one pass; what is looked ahead is bounded ([`AHEAD`]), and so is the number of slips ([`MOST`]).

mod bare;
mod foreign;
mod lists;
mod signs;
mod strings;
mod values;

use std::ops::Range;

use super::keys;
use super::report::shown;
use crate::diag::{Code, Edit, Fix, Said, codes, said};

pub(super) use bare::{boolean, date, period};
pub(super) use foreign::foreign;
pub(super) use signs::half_width;
pub(super) use strings::toml_string;

/// Bytes that are looked ahead for the end of a string.
const AHEAD: usize = 4_096;
/// Slips, beyond which nothing is mended.
pub(super) const MOST: usize = 1_000;
/// Values inside values; the syntax allows fewer.
const DEEP: usize = 32;
/// Bytes of a line that is shown as it should be.
const SHOWN: usize = 160;

/// One thing that is wrong, and the edits that make it right.
pub(super) struct Slip {
    pub(super) code: &'static Code,
    pub(super) at: Range<usize>,
    pub(super) what: Said,
    pub(super) help: Said,
    /// Further places on the same line where the same thing is wrong.
    pub(super) also: Vec<Range<usize>>,
    pub(super) edits: Vec<Edit>,
    pub(super) offer: Offer,
}

/// Whether the edits are what the author is told to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// They only make the rest readable.
    Nothing,
    /// They are what was most likely meant.
    Likely,
    /// Nothing else can have been meant.
    Safe,
}

/// A source with edits made, and the way back.
pub(super) struct Mended {
    pub(super) text: String,
    edits: Vec<Edit>,
}

impl Mended {
    pub(super) fn new(source: &str, mut edits: Vec<Edit>) -> Self {
        edits.sort();
        let mut end = 0;
        // The same that `apply` leaves out.
        edits.retain(|edit| {
            let fits = edit.span.0 >= end && source.get(edit.range()).is_some();
            end = if fits { edit.span.1 } else { end };
            fits
        });
        Self {
            text: Fix::apply(source, &edits),
            edits,
        }
    }

    /// The range of the source that became this range of the text.
    pub(super) fn origin(&self, range: Range<usize>) -> Range<usize> {
        let start = self.back(range.start, false);
        start..self.back(range.end, true).max(start)
    }

    /// Where an offset of the text stands in the source. Within a replacement it is the end of what was replaced, if `end`, else the start.
    fn back(&self, offset: usize, end: bool) -> usize {
        // Text and source from the last edit on.
        let (mut text, mut source) = (0, 0);
        for edit in &self.edits {
            let begins = text + (edit.span.0 - source);
            if begins > offset || (end && begins == offset) {
                break;
            }
            let ends = begins + edit.text.len();
            if offset < ends || (end && offset == ends) {
                return if end { edit.span.1 } else { edit.span.0 };
            }
            text = ends;
            source = edit.span.1;
        }
        source + (offset - text)
    }
}

/// Everything that is wrong with a source that was refused, as far as it is known how to mend it.
pub(super) fn slips(source: &str) -> Vec<Slip> {
    let mut mender = Mender {
        source,
        at: if source.starts_with('\u{feff}') { 3 } else { 0 },
        slips: Vec::new(),
        key: String::new(),
        depth: 0,
        header: String::new(),
        has_id: false,
        comment: 0..0,
    };
    mender.document();
    let mut slips = mender.slips;
    let mut edits: Vec<Edit> = slips
        .iter()
        .filter(|slip| slip.offer != Offer::Nothing)
        .flat_map(|slip| slip.edits.iter().cloned())
        .collect();
    edits.sort();
    for slip in &mut slips {
        slip.show_line(source, &edits);
    }
    slips
}

impl Slip {
    /// Adds to the help how the line should read.
    fn show_line(&mut self, source: &str, edits: &[Edit]) {
        if self.offer == Offer::Nothing || self.edits.is_empty() {
            return;
        }
        let line = line_at(source, self.at.start);
        let within: Vec<Edit> = edits
            .iter()
            .filter(|edit| edit.span.0 >= line.start && edit.span.1 <= line.end)
            .map(|edit| {
                let range = edit.range();
                Edit::new(
                    range.start - line.start..range.end - line.start,
                    &*edit.text,
                )
            })
            .collect();
        if within.is_empty() || line.len() > SHOWN {
            return;
        }
        let text = Fix::apply(source.get(line).unwrap_or(""), &within);
        let text = text.trim();
        if text.contains('\n') || text.is_empty() || self.help.en.contains(text) {
            return;
        }
        let Said { en, zh } = &self.help;
        self.help = said!("{en}: {text}", "{zh}：{text}");
    }
}

/// The line that holds `at`, without its break.
pub(super) fn line_at(source: &str, at: usize) -> Range<usize> {
    let at = at.min(source.len());
    let start = source
        .get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |line| line + 1);
    let rest = source.get(at..).unwrap_or("");
    start..at + rest.find(['\n', '\r']).unwrap_or(rest.len())
}

struct Mender<'s> {
    source: &'s str,
    at: usize,
    slips: Vec<Slip>,
    /// The key whose value is read.
    key: String,
    depth: usize,
    /// The table that the last header opened, and whether the rule that it belongs to has its id.
    header: String,
    has_id: bool,
    /// The last comment.
    comment: Range<usize>,
}

impl<'s> Mender<'s> {
    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The rest of the line.
    fn line(&self) -> &'s str {
        let rest = self.rest();
        let line = rest.split('\n').next().unwrap_or("");
        line.strip_suffix('\r').unwrap_or(line)
    }

    fn slip(
        &mut self,
        code: &'static Code,
        at: Range<usize>,
        what: Said,
        help: Said,
        edits: Vec<Edit>,
        offer: Offer,
    ) {
        if let Some(last) = self.slips.last_mut()
            && last.code == code
            && last.what == what
            && last.offer == offer
            && !self
                .source
                .get(last.at.start..at.start)
                .unwrap_or("\n")
                .contains('\n')
            && at.start - last.at.start < AHEAD
        {
            last.also.push(at);
            last.edits.extend(edits);
            return;
        }
        self.slips.push(Slip {
            code,
            at,
            what,
            help,
            also: Vec::new(),
            edits,
            offer,
        });
    }

    /// A sign that is not the one that TOML has.
    fn sign(&mut self, at: Range<usize>, meant: &str) {
        let written = self.source.get(at.clone()).unwrap_or("");
        let (what, help) = if meant.trim().is_empty() {
            (
                said!(
                    "there is white space that TOML does not know",
                    "这里有 TOML 不认识的空白（全角或不换行空格）"
                ),
                said!("write ordinary spaces", "请写半角空格"),
            )
        } else if written.is_ascii() {
            (
                said!(
                    "lists stand in `[` and `]`, tables in line in `{{` and `}}`",
                    "列表用 `[` 和 `]`，行内表用 `{{` 和 `}}`"
                ),
                said!("write `{meant}`", "请写 `{meant}`"),
            )
        } else {
            (
                said!(
                    "full-width signs have no meaning outside quotes",
                    "引号之外不能用全角符号"
                ),
                said!("write the ASCII form", "请写半角形式"),
            )
        };
        let edits = vec![Edit::new(at.clone(), meant)];
        self.slip(&codes::WIDE_SIGN, at, what, help, edits, Offer::Safe);
    }

    fn document(&mut self) {
        while self.at < self.source.len() && self.slips.len() < MOST {
            let before = self.at;
            self.statement();
            if self.at == before {
                self.at += self.peek().map_or(1, char::len_utf8);
            }
        }
    }

    fn statement(&mut self) {
        self.depth = 0;
        self.blanks(true);
        match self.peek() {
            None => {}
            Some('`') if self.rest().starts_with("```") => self.fence(),
            Some('<') if self.rest().starts_with("<<<<<<<") => self.conflict(),
            Some('[' | '［' | '【' | '〔') => self.header(),
            Some('{' | '｛') => self.object(),
            Some(_) => self.pair(),
        }
    }

    /// White space and comments, over lines if `lines`.
    fn blanks(&mut self, lines: bool) {
        while let Some(c) = self.peek() {
            let rest = self.rest();
            match c {
                ' ' | '\t' => self.at += 1,
                '\n' | '\r' if lines => self.at += 1,
                '#' => {
                    self.comment = self.at..self.at + self.line().len();
                    self.at = self.comment.end;
                }
                _ if signs::is_odd_space(c) => {
                    let run: usize = rest
                        .chars()
                        .take_while(|c| signs::is_odd_space(*c))
                        .map(char::len_utf8)
                        .sum();
                    self.sign(self.at..self.at + run, " ");
                    self.at += run;
                }
                '＃' => self.comment("＃".len()),
                '/' if rest.starts_with("//") => self.comment(2),
                '-' if rest.starts_with("--") && !rest.starts_with("---\n") => self.comment(2),
                '/' if rest.starts_with("/*") => self.block_comment("*/"),
                '<' if rest.starts_with("<!--") => self.block_comment("-->"),
                _ => return,
            }
        }
    }

    /// A line of Markdown that stands around code.
    fn fence(&mut self) {
        let at = self.at..self.at + self.line().len();
        self.at = at.end;
        self.slip(
            &codes::NOT_TOML,
            at.clone(),
            said!(
                "this line is Markdown, not TOML",
                "这一行是 Markdown，不是 TOML"
            ),
            said!("remove it", "请删除"),
            vec![Edit::new(at, "")],
            Offer::Safe,
        );
    }

    /// Two versions of some lines, between the signs that git puts there. The first is read.
    fn conflict(&mut self) {
        let start = self.at;
        let first = self.line().len();
        let rest = self.rest();
        let middle = rest.find("\n=======").map_or(rest.len(), |at| at + 1);
        let last = rest.find("\n>>>>>>>").map_or(middle, |at| at + 1);
        let end = last + rest[last..].find('\n').unwrap_or(rest.len() - last);
        self.slip(
            &codes::NOT_TOML,
            start..start + first,
            said!(
                "git left two versions of these lines here",
                "这里留有 git 合并冲突的两个版本"
            ),
            said!(
                "keep one of the two, and remove the lines with `<<<<<<<`, `=======` and `>>>>>>>`",
                "请保留其中一个版本，并删除 `<<<<<<<`、`=======`、`>>>>>>>` 三行"
            ),
            vec![
                Edit::new(start..start + first, ""),
                Edit::new(start + middle.min(end)..start + end, ""),
            ],
            Offer::Nothing,
        );
        self.at = start + first;
    }

    fn comment(&mut self, sign: usize) {
        let at = self.at..self.at + sign;
        let edits = vec![Edit::new(at.clone(), "#")];
        self.slip(
            &codes::COMMENT_SIGN,
            at,
            said!("a comment begins with `#`", "注释以半角 `#` 开头"),
            said!("write `#`", "请写 `#`"),
            edits,
            Offer::Safe,
        );
        self.at += self.line().len();
    }

    fn block_comment(&mut self, end: &str) {
        let rest = self.rest();
        let length = rest
            .find(end)
            .map_or(self.line().len(), |at| at + end.len());
        let at = self.at..self.at + length;
        let mut edits = vec![Edit::new(self.at..self.at, "# ")];
        for (line, _) in rest[..length].match_indices('\n').take(MOST) {
            edits.push(Edit::new(self.at + line + 1..self.at + line + 1, "# "));
        }
        self.slip(
            &codes::COMMENT_SIGN,
            at,
            said!("a comment begins with `#`", "注释以半角 `#` 开头"),
            said!("begin each line of it with `#`", "请在每行注释前写 `#`"),
            edits,
            Offer::Likely,
        );
        self.at += length;
    }

    /// `[table]` or `[[table]]`, in whatever brackets.
    fn header(&mut self) {
        let start = self.at;
        let line = self.line();
        let opens = |c: char| signs::ascii(c) == Some('[') || c == '[';
        let closes = |c: char| signs::ascii(c) == Some(']') || c == ']';
        let mut name_at = 0;
        let mut open = 0;
        for (at, c) in line.char_indices() {
            if opens(c) {
                open += 1;
            } else if !c.is_whitespace() {
                name_at = at;
                break;
            }
        }
        let name = line.get(name_at..).unwrap_or("");
        let mut quote = None;
        let length = name
            .char_indices()
            .find(|(_, c)| match quote {
                Some(open) => {
                    if *c == open {
                        quote = None;
                    }
                    false
                }
                None if *c == '"' || *c == '\'' => {
                    quote = Some(*c);
                    false
                }
                None => closes(*c) || matches!(c, '#' | '＃'),
            })
            .map_or(name.trim_end().len(), |(at, _)| at);
        let name = name[..length].trim();
        let mut end = name_at + name.len();
        let mut close = 0;
        for (at, c) in line[end..].char_indices() {
            if closes(c) {
                close += 1;
                end = name_at + name.len() + at + c.len_utf8();
            } else if !c.is_whitespace() {
                break;
            }
        }
        self.at = start + end;
        let at = start..self.at;
        if name.is_empty() || name.contains(['=', '＝', ',']) {
            return self.stray(start);
        }
        let (meant, brackets) = keys::header(&half_width(name), open.max(close).clamp(1, 2));
        self.has_id &= meant != "rule";
        meant.clone_into(&mut self.header);
        let right = if brackets == 2 {
            format!("[[{meant}]]")
        } else {
            format!("[{meant}]")
        };
        let written = &self.source[at.clone()];
        let plain = written.replace([' ', '\t'], "");
        if plain != right.replace([' ', '\t'], "")
            || (written != right && !name.contains(' ') && brackets == 2)
        {
            let wide = written
                .chars()
                .any(|c| !c.is_ascii() && signs::ascii(c).is_some());
            let (code, what, offer) = if wide {
                (
                    &codes::WIDE_SIGN,
                    said!(
                        "full-width signs have no meaning outside quotes",
                        "引号之外不能用全角符号"
                    ),
                    Offer::Safe,
                )
            } else if open != close {
                (
                    &codes::UNCLOSED,
                    said!(
                        "the brackets of this header do not match",
                        "表头的括号不配对"
                    ),
                    Offer::Safe,
                )
            } else if meant != name {
                let what = shown(name);
                (
                    &codes::UNKNOWN_KEY,
                    said!("there is no table {what}", "没有名为 {what} 的表"),
                    Offer::Likely,
                )
            } else if open != brackets {
                (
                    &codes::HEADER_BRACKETS,
                    if brackets == 2 {
                        said!(
                            "each `{meant}` is one of several and stands in double brackets",
                            "`{meant}` 可有多个，表头用双方括号"
                        )
                    } else {
                        said!(
                            "there is one `{meant}` here, in single brackets",
                            "`{meant}` 只有一个，表头用单方括号"
                        )
                    },
                    Offer::Safe,
                )
            } else {
                (
                    &codes::SYNTAX,
                    said!(
                        "the brackets of a header stand together",
                        "表头的括号之间不能有空格"
                    ),
                    Offer::Safe,
                )
            };
            let help = said!("write `{right}`", "请写 `{right}`");
            self.slips.push(Slip {
                code,
                at: at.clone(),
                what,
                help,
                also: Vec::new(),
                edits: vec![Edit::new(at.clone(), right)],
                offer,
            });
        }
        self.blanks(false);
        let line = self.line().trim_end();
        if line.is_empty() {
            return;
        }
        let after = self.at..self.at + line.len();
        let sign = line
            .chars()
            .all(|c| matches!(c, ':' | '：' | ';' | '；' | ',' | '，' | '=' | '.' | '。'));
        let edit = if sign {
            Edit::new(after.clone(), "")
        } else {
            Edit::new(after.start..after.start, "\n")
        };
        self.slip(
            &codes::SYNTAX,
            after.clone(),
            said!("a header stands alone on its line", "表头须独占一行"),
            if sign {
                said!("remove what follows it", "请删除其后的符号")
            } else {
                said!("write this on the next line", "请写到下一行")
            },
            vec![edit],
            Offer::Safe,
        );
        if sign {
            self.at = after.end;
        }
    }

    /// A line, from `start` on, that is neither a key with a value nor a header. It is left out.
    fn stray(&mut self, start: usize) {
        self.at = start;
        let end = start + self.line().len();
        let text = self.source[start..end].trim_end();
        let item = text.strip_prefix(['-', '*', '•', '·']).map(str::trim_start);
        let help = if item.is_some() {
            said!(
                "terms stand in brackets, as in `terms = [\"a\", \"b\"]`",
                "词写在方括号里，例如 `terms = [\"a\", \"b\"]`"
            )
        } else if text.chars().all(|c| {
            matches!(
                c,
                ']' | '}' | ')' | ',' | ' ' | '］' | '】' | '｝' | '）' | '，'
            )
        }) {
            said!("remove it", "请删除")
        } else {
            said!(
                "write `key = \"value\"`; a comment begins with `#`, and terms stand in a list: `terms = [\"a\", \"b\"]`",
                "请写 `键 = \"值\"`；注释以 `#` 开头；词写在列表里：`terms = [\"a\", \"b\"]`"
            )
        };
        let at = start..start + text.len();
        self.at = end;
        let what = said!(
            "this line is neither a key with a value nor a header",
            "此行既不是“键 = 值”也不是表头"
        );
        let edit = Edit::new(at.clone(), "");
        // Lines of this kind that follow one another are one thing.
        if let Some(last) = self.slips.last_mut()
            && last.what == what
            && self.source[last.at.end..start].trim().is_empty()
        {
            last.at.end = at.end;
            last.edits.push(edit);
            return;
        }
        self.slips.push(Slip {
            code: &codes::SYNTAX,
            at,
            what,
            help,
            also: Vec::new(),
            edits: vec![edit],
            offer: Offer::Nothing,
        });
    }

    /// A table in braces where a line should begin: pasted from JSON.
    fn object(&mut self) {
        let start = self.at;
        let mut depth = 0_usize;
        let mut quoted = false;
        let mut end = self.source.len();
        let mut escaped = false;
        for (at, c) in self.rest().char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '{' | '｛' if !quoted => depth += 1,
                '}' | '｝' if !quoted => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        end = start + at + c.len_utf8();
                        break;
                    }
                }
                _ => {}
            }
        }
        self.at = end;
        let comma = self.line().len() - self.line().trim_start_matches([',', ' ']).len();
        self.at += comma;
        self.slips.push(Slip {
            code: &codes::NOT_TOML,
            at: start..end,
            what: said!("this part is JSON, not TOML", "这一段是 JSON，不是 TOML"),
            help: said!(
                "write a rule as `[[rule]]` on a line of its own, and below it lines such as `id = \"second\"`",
                "规则以单独一行 `[[rule]]` 开头，其下每行写 `id = \"second\"` 这样的键值"
            ),
            also: Vec::new(),
            edits: vec![Edit::new(start..self.at, "")],
            offer: Offer::Nothing,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_leads_to_the_source() {
        let source = "a：“一”";
        let mended = Mended::new(
            source,
            vec![
                Edit::new(1..4, " = "),
                Edit::new(4..7, "\""),
                Edit::new(10..13, "\""),
            ],
        );
        assert_eq!(mended.text, "a = \"一\"");
        let at = mended.text.find('一').expect("it is there");
        assert_eq!(mended.origin(at..at + 3), 7..10);
        assert_eq!(mended.origin(at - 1..at + 4), 4..13);
        assert_eq!(mended.origin(0..1), 0..1);
        let end = mended.text.len();
        assert_eq!(mended.origin(end..end), 13..13);
    }
}
