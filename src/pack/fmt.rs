//! A pack in the house's form: the same keys in the same order, the same spaces, every comment kept.
//!
//! The source is taken apart into statements by TOML's own lexer and put together again. A table's keys are sorted in the order of the format; comments
//! above a key or header, and behind a value, go with it. Lists keep their lines, and get two spaces before each; strings stay as they are written.
//! Before a result is handed out it is read again: it must say the same as the source, with the same comments.

use std::fmt::Write as _;

use toml_parser::Source;
use toml_parser::lexer::{Token, TokenKind};

use super::keys::Kind;
use crate::diag::Diagnostics;
use crate::limits::PackLimits;

/// Columns that a list on one line may take.
const WIDTH: usize = 120;

/// The source of a pack or tenant's file, put in order.
///
/// Formatting what is in order already changes nothing. Line ends stay as they are: those of Windows, if most are; a byte-order mark goes.
///
/// # Errors
///
/// What is wrong with the source, if it is no TOML.
pub fn format(file_name: &str, source: &str) -> Result<String, Diagnostics> {
    super::reading::is_toml(file_name, source, &PackLimits::operator())?;
    let plain = source.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let formatted = Formatter::new(&plain).document();
    let whole = says_the_same(&plain, &formatted) && comments(&plain) == comments(&formatted);
    // What cannot be put in order without loss is left as it is.
    let formatted = if whole { formatted } else { plain };
    let breaks = source.matches('\n').count();
    if source.matches("\r\n").count() * 2 > breaks {
        return Ok(formatted.replace('\n', "\r\n"));
    }
    Ok(formatted)
}

/// Whether two sources are the same to every reader.
fn says_the_same(a: &str, b: &str) -> bool {
    match (toml::de::DeTable::parse(a), toml::de::DeTable::parse(b)) {
        (Ok(a), Ok(b)) => same_tables(a.get_ref(), b.get_ref()),
        _ => false,
    }
}

fn same_tables(a: &toml::de::DeTable<'_>, b: &toml::de::DeTable<'_>) -> bool {
    a.len() == b.len()
        && a.iter().all(|(key, value)| {
            b.get(&**key.get_ref())
                .is_some_and(|other| same_values(value.get_ref(), other.get_ref()))
        })
}

fn same_values(a: &toml::de::DeValue<'_>, b: &toml::de::DeValue<'_>) -> bool {
    use toml::de::DeValue::{Array, Table};
    match (a, b) {
        (Table(a), Table(b)) => same_tables(a, b),
        (Array(a), Array(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b.iter())
                    .all(|(a, b)| same_values(a.get_ref(), b.get_ref()))
        }
        (Table(_) | Array(_), _) | (_, Table(_) | Array(_)) => false,
        // Scalars are written as they were.
        (a, b) => format!("{a:?}") == format!("{b:?}"),
    }
}

/// Every comment, in an order of its own.
fn comments(source: &str) -> Vec<&str> {
    let mut comments: Vec<&str> = Source::new(source)
        .lex()
        .filter(|token| token.kind() == TokenKind::Comment)
        .filter_map(|token| source.get(token.span().start()..token.span().end()))
        .map(str::trim_end)
        .collect();
    comments.sort_unstable();
    comments
}

/// A header and what stands below it; the first section has no header.
#[derive(Default)]
struct Section {
    /// Comments above the header.
    above: Vec<String>,
    /// The header with its brackets, and the name in it.
    header: Option<(String, String)>,
    /// The comment behind the header.
    behind: String,
    entries: Vec<Entry>,
}

struct Entry {
    above: Vec<String>,
    key: String,
    value: String,
    behind: String,
    /// Whether an empty line stands above it.
    apart: bool,
}

struct Formatter<'s> {
    source: &'s str,
    tokens: Vec<Token>,
    next: usize,
}

impl<'s> Formatter<'s> {
    fn new(source: &'s str) -> Self {
        Self {
            source,
            tokens: Source::new(source).lex().collect(),
            next: 0,
        }
    }

    fn kind(&self) -> Option<TokenKind> {
        self.tokens
            .get(self.next)
            .map(Token::kind)
            .filter(|kind| *kind != TokenKind::Eof)
    }

    fn take(&mut self) -> &'s str {
        let text = self.tokens.get(self.next).map_or("", |token| {
            let span = token.span();
            self.source.get(span.start()..span.end()).unwrap_or("")
        });
        self.next += 1;
        text
    }

    fn spaces(&mut self) {
        while self.kind() == Some(TokenKind::Whitespace) {
            self.next += 1;
        }
    }

    fn document(mut self) -> String {
        let mut sections = vec![Section::default()];
        let mut above: Vec<String> = Vec::new();
        let mut empty = 0;
        let mut apart = false;
        // The comment that heads the file, up to the first empty line, stays at its top.
        let mut head: Option<Vec<String>> = None;
        loop {
            self.spaces();
            match self.kind() {
                None => break,
                Some(TokenKind::Newline) => {
                    self.next += 1;
                    empty += 1;
                    apart |= empty > 1;
                    if empty == 2
                        && head.is_none()
                        && sections.len() == 1
                        && sections[0].entries.is_empty()
                        && !above.is_empty()
                    {
                        head = Some(std::mem::take(&mut above));
                    } else if empty == 2 && !above.is_empty() {
                        // An empty line inside comments stays.
                        above.push(String::new());
                    }
                    continue;
                }
                Some(TokenKind::Comment) => {
                    above.push(self.take().trim_end().to_owned());
                    empty = 0;
                    continue;
                }
                Some(TokenKind::LeftSquareBracket) => {
                    let header = self.header();
                    let behind = self.behind();
                    sections.push(Section {
                        above: std::mem::take(&mut above),
                        header: Some(header),
                        behind,
                        entries: Vec::new(),
                    });
                }
                Some(_) => {
                    let key = self.key();
                    let value = self.value(0);
                    let behind = self.behind();
                    let entry = Entry {
                        above: std::mem::take(&mut above),
                        key,
                        value,
                        behind,
                        apart,
                    };
                    if let Some(section) = sections.last_mut() {
                        section.entries.push(entry);
                    }
                }
            }
            empty = 0;
            apart = false;
        }
        let mut out = String::new();
        if let Some(head) = head {
            lines(&mut out, &head);
            out.push('\n');
        }
        for section in &mut sections {
            section.write(&mut out);
        }
        while above.last().is_some_and(String::is_empty) {
            above.pop();
        }
        if !above.is_empty() {
            // What is said at the end, below everything.
            if !out.is_empty() {
                out.push('\n');
            }
            lines(&mut out, &above);
        }
        out
    }

    /// `[name]` or `[[name]]`, without spaces.
    fn header(&mut self) -> (String, String) {
        let mut text = String::new();
        while let Some(kind) = self.kind() {
            match kind {
                TokenKind::Newline | TokenKind::Comment => break,
                TokenKind::Whitespace => self.next += 1,
                _ => text.push_str(self.take()),
            }
        }
        let name = text.trim_matches(['[', ']']).to_owned();
        (text, name)
    }

    fn key(&mut self) -> String {
        let mut key = String::new();
        while let Some(kind) = self.kind() {
            match kind {
                TokenKind::Equals => {
                    self.next += 1;
                    break;
                }
                TokenKind::Newline => break,
                TokenKind::Whitespace => self.next += 1,
                _ => key.push_str(self.take()),
            }
        }
        self.spaces();
        key
    }

    /// The comment behind what was read, on its line.
    fn behind(&mut self) -> String {
        self.spaces();
        match self.kind() {
            Some(TokenKind::Comment) => self.take().trim_end().to_owned(),
            _ => String::new(),
        }
    }

    /// A value; lists over several lines are indented by `indent` and two spaces more.
    fn value(&mut self, indent: usize) -> String {
        match self.kind() {
            Some(TokenKind::LeftSquareBracket) => self.list(indent),
            Some(TokenKind::LeftCurlyBracket) => self.table(indent),
            _ => self.scalar(),
        }
    }

    /// A scalar is one token, or several: a number with a point, a date with a time.
    fn scalar(&mut self) -> String {
        let mut text = String::new();
        while let Some(kind) = self.kind() {
            match kind {
                TokenKind::Newline
                | TokenKind::Comment
                | TokenKind::Comma
                | TokenKind::RightSquareBracket
                | TokenKind::RightCurlyBracket => break,
                _ => text.push_str(self.take()),
            }
        }
        text.trim_end().to_owned()
    }

    fn list(&mut self, indent: usize) -> String {
        self.next += 1;
        // Lines of values; each line with the comment behind it, or a comment alone.
        let mut rows: Vec<(Vec<String>, String)> = vec![(Vec::new(), String::new())];
        let mut broken = false;
        loop {
            self.spaces();
            match self.kind() {
                None | Some(TokenKind::RightSquareBracket) => {
                    self.next += 1;
                    break;
                }
                Some(TokenKind::Newline) => {
                    self.next += 1;
                    broken = true;
                    rows.push((Vec::new(), String::new()));
                }
                Some(TokenKind::Comma) => self.next += 1,
                Some(TokenKind::Comment) => {
                    broken = true;
                    let comment = self.take().trim_end().to_owned();
                    if let Some((_, behind)) = rows.last_mut() {
                        *behind = comment;
                    }
                }
                Some(_) => {
                    let value = self.value(indent + 2);
                    if let Some((values, _)) = rows.last_mut() {
                        values.push(value);
                    }
                }
            }
        }
        let values: usize = rows.iter().map(|(values, _)| values.len()).sum();
        let line = format!(
            "[{}]",
            rows.iter()
                .flat_map(|(values, _)| values)
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        );
        if !broken && (columns(&line) <= WIDTH || values < 2) {
            return line;
        }
        if values == 0 && rows.iter().all(|(_, behind)| behind.is_empty()) {
            return "[]".to_owned();
        }
        let pad = " ".repeat(indent + 2);
        let mut out = String::from("[\n");
        for (values, behind) in rows {
            if values.is_empty() && behind.is_empty() {
                continue;
            }
            let mut line = pad.clone();
            let mut filled = false;
            for value in values {
                if !broken && filled && columns(&line) + columns(&value) + 2 > WIDTH {
                    out.push_str(line.trim_end());
                    out.push('\n');
                    line.clone_from(&pad);
                    filled = false;
                }
                if filled {
                    line.push(' ');
                }
                line.push_str(&value);
                line.push(',');
                filled = true;
            }
            if !behind.is_empty() {
                if filled {
                    line.push(' ');
                }
                line.push_str(&behind);
            }
            out.push_str(&line);
            out.push('\n');
        }
        out.push_str(&" ".repeat(indent));
        out.push(']');
        out
    }

    fn table(&mut self, indent: usize) -> String {
        self.next += 1;
        let mut pairs = Vec::new();
        loop {
            self.spaces();
            match self.kind() {
                None | Some(TokenKind::RightCurlyBracket) => {
                    self.next += 1;
                    break;
                }
                Some(TokenKind::Comma | TokenKind::Newline) => self.next += 1,
                // Only newer TOML has comments here; what would be lost is not handed out.
                Some(TokenKind::Comment) => self.next += 1,
                Some(_) => {
                    let key = self.key();
                    let value = self.value(indent);
                    pairs.push(format!("{key} = {value}"));
                }
            }
        }
        if pairs.is_empty() {
            return "{}".to_owned();
        }
        format!("{{ {} }}", pairs.join(", "))
    }
}

impl Section {
    fn write(&mut self, out: &mut String) {
        if let Some((header, name)) = &self.header {
            // What belongs to a rule follows it; everything else stands apart.
            let inner = name.contains('.') && self.above.is_empty();
            if !out.is_empty() && !out.ends_with("\n\n") && !inner {
                out.push('\n');
            }
            while self.above.last().is_some_and(String::is_empty) {
                self.above.pop();
            }
            lines(out, &self.above);
            line(out, header, &self.behind);
            if let Some(order) = order(name) {
                // Keys that are not of the format stay behind those that are, as they were.
                self.entries.sort_by_key(|entry| {
                    order
                        .iter()
                        .position(|key| *key == first_part(&entry.key))
                        .unwrap_or(order.len())
                });
            }
        } else {
            self.entries
                .sort_by_key(|entry| usize::from(entry.key != "format"));
        }
        for (nth, entry) in self.entries.iter().enumerate() {
            // Groups of lists stay groups; a rule's keys are one.
            let grouped = self
                .header
                .as_ref()
                .is_some_and(|(_, name)| order(name).is_none());
            if nth > 0 && entry.apart && grouped && !out.ends_with("\n\n") {
                out.push('\n');
            }
            lines(out, &entry.above);
            let text = format!("{} = {}", entry.key, entry.value);
            line(out, &text, &entry.behind);
        }
    }
}

/// The order of a table's keys, if the format has one.
fn order(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "pack" => Kind::Pack.keys(),
        "pack.defaults" => Kind::Defaults.keys(),
        "rule" => Kind::Rule.keys(),
        "rule.lower" => Kind::Lower.keys(),
        "rule.effective" => Kind::Period.keys(),
        "rule.samples" => Kind::Samples.keys(),
        "rule.listings" => Kind::Listing.keys(),
        "rule.window" | "pack.defaults.window" => Kind::Window.keys(),
        "tenant" => Kind::Tenant.keys(),
        _ => return None,
    })
}

fn first_part(key: &str) -> &str {
    key.split('.').next().unwrap_or(key)
}

fn lines(out: &mut String, lines: &[String]) {
    for line in lines {
        if !(line.is_empty() && (out.is_empty() || out.ends_with("\n\n"))) {
            out.push_str(line);
            out.push('\n');
        }
    }
}

fn line(out: &mut String, text: &str, behind: &str) {
    let _ = if behind.is_empty() {
        writeln!(out, "{text}")
    } else {
        writeln!(out, "{text}  {behind}")
    };
}

/// How wide a text is shown: characters of Chinese and their kin take two columns.
fn columns(text: &str) -> usize {
    text.chars()
        .map(|c| if u32::from(c) >= 0x1100 { 2 } else { 1 })
        .sum()
}
