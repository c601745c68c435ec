//! Terms that do nothing, or too much.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Ground, Use};
use crate::diag::{Code, Diagnostic, Edit, Fix, Said, codes, said};
use crate::pack::frequencies::{HAN, LATIN};
use crate::pack::mend::toml_string;
use crate::pack::model::Term;
use crate::pack::reading::Reading;
use crate::pack::regex::RegexPlan;
use crate::pack::report::shown;
use crate::pack::terms::{RawTerm, plain};
use crate::text::tables::{self, Class, Script};
use crate::text::term::TermReading;
use crate::variant::Variant;

/// Characters that are looked up to find shorter terms inside longer ones, in one pack. Beyond that nothing is said.
const WORK: usize = 1 << 26;

/// A term as it is compared: its symbols, each with whether the junction after it is soft.
type Symbols = Vec<(char, bool)>;

impl Reading<'_, '_> {
    pub(super) fn lint_terms(&mut self, used: &Use<'_>, ground: &Ground<'_>) {
        let suffices = used.suffices();
        for (raw, term) in used.raw.terms.iter().zip(&used.list.terms) {
            if !term.regex {
                self.lint_text(raw, term, suffices);
            } else {
                self.lint_slashes(raw, term);
            }
        }
        for (raw, terms) in [
            (&used.raw.terms, &used.list.terms),
            (&used.raw.except, &used.list.except),
        ] {
            self.lint_twice(raw, terms);
        }
        // A rule that records names tells which of them was named.
        if !used.is_counted() && used.acts() {
            self.lint_swallowed(used, ground);
        }
    }

    fn term_warning(
        &mut self,
        code: &'static Code,
        raw: &RawTerm,
        what: Said,
        help: Said,
    ) -> Diagnostic {
        Diagnostic::new(code, Arc::clone(&raw.file), raw.span.clone(), what).with_help(help)
    }

    fn lint_text(&mut self, raw: &RawTerm, term: &Term, suffices: bool) {
        self.lint_scripts(raw, term);
        self.lint_entity(raw, term);
        self.lint_pattern(raw, term);
        if !suffices {
            // What must stand near something else may be short and common.
            return;
        }
        let text = plain(&term.text);
        let mut chars = text.chars();
        let (Some(_), second) = (chars.next(), chars.next()) else {
            return;
        };
        let what = || shown(&term.text);
        let nearby = || {
            said!(
                "write a longer term, or require another list nearby with `near/N`",
                "请用更长的词，或用 `near/N` 要求附近有另一词表"
            )
        };
        let ignores_case = term.variants.contains(Variant::Case);
        if second.is_none() {
            let said = said!(
                "{what} is a single character",
                "{what} 只有一个字符",
                what = what()
            );
            let warning = self.term_warning(&codes::ONE_CHARACTER_TERM, raw, said, nearby());
            self.report.warn(warning);
        } else if text.len() < 5 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let said = said!(
                "{what} is a short number",
                "{what} 是很短的数字",
                what = what()
            );
            let warning = self.term_warning(&codes::DIGIT_TERM, raw, said, nearby());
            self.report.warn(warning);
        } else if let Some((rate, unit)) =
            frequency(&text, &term.text).filter(|_| ignores_case || !text.is_ascii())
        {
            let (of_en, of_zh) = unit;
            let said = said!(
                "{what} is an ordinary word: about {rate} times in a million {of_en} of ordinary text",
                "{what} 是常用词：每百万{of_zh}普通文本中约出现 {rate} 次",
                what = what()
            );
            let warning = self.term_warning(&codes::COMMON_WORD, raw, said, nearby());
            self.report.warn(warning);
        } else if text.len() <= 3
            && text.bytes().all(|byte| byte.is_ascii_alphabetic())
            && ignores_case
        {
            let said = said!(
                "{what} has {n} letters",
                "{what} 只有 {n} 个字母",
                n = text.len(),
                what = what()
            );
            let help = said!(
                "add `case_sensitive = true`, or require another list nearby with `near/N`",
                "请加 `case_sensitive = true`，或用 `near/N` 要求附近有另一词表"
            );
            let warning = self.term_warning(&codes::SHORT_LATIN_TERM, raw, said, help);
            self.report.warn(warning);
        }
    }

    /// `&amp;` and the like: the text was copied out of a page's source.
    fn lint_entity(&mut self, raw: &RawTerm, term: &Term) {
        const ENTITIES: [(&str, &str); 7] = [
            ("&quot;", "\""),
            ("&apos;", "'"),
            ("&#39;", "'"),
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&nbsp;", " "),
            ("&amp;", "&"),
        ];
        if !term.text.contains('&') {
            return;
        }
        let mut plain = term.text.to_string();
        for (entity, sign) in ENTITIES {
            plain = plain.replace(entity, sign);
        }
        if plain == *term.text {
            return;
        }
        let what = shown(&term.text);
        let right = toml_string(&plain);
        let said = said!(
            "{what} is written as in the source of a web page, and would have to stand so in the message",
            "{what} 是网页源码的写法，消息里要原样出现才会命中"
        );
        let help = said!("write `{right}`", "请写 `{right}`");
        let mut warning = self.term_warning(&codes::HTML_ENTITY, raw, said, help);
        if raw.file == self.report.file {
            warning = warning.with_fix(Fix::likely(vec![Edit::new(raw.span.clone(), right)]));
        }
        self.report.warn(warning);
    }

    /// `.*`, `\d+`, `[a-z]`, `坏*`: signs that mean something in a regex or a search box, and stand for themselves in a literal.
    fn lint_pattern(&mut self, raw: &RawTerm, term: &Term) {
        const SIGNS: [&str; 9] = [".*", ".+", ".?", "\\d", "\\w", "\\s", "(?", "[a-z", "[0-9"];
        let text = &*term.text;
        if !text.contains(['*', '＊', '\\', '[', '(', '.']) {
            return;
        }
        let star = text.len() > 1
            && (text.starts_with(['*', '＊']) || text.ends_with(['*', '＊']))
            && text.chars().any(char::is_alphanumeric);
        if !star && !SIGNS.iter().any(|sign| text.contains(sign)) {
            return;
        }
        let what = shown(text);
        let said = said!(
            "{what} is looked for letter by letter: its signs stand for themselves",
            "{what} 会逐字查找，其中的符号只代表自己"
        );
        let help = if star {
            let bare = toml_string(text.trim_matches(['*', '＊']));
            said!(
                "write `{bare}`: a term is found inside longer words unless it has `word = true`",
                "请写 `{bare}`：没有 `word = true` 时，词在更长的文字里也能找到"
            )
        } else {
            let right = toml_string(text);
            said!(
                "write `{{ regex = {right} }}` for a pattern, or literal text",
                "要写模式请写 `{{ regex = {right} }}`，否则请写普通文字"
            )
        };
        let warning = self.term_warning(&codes::PATTERN_IN_TEXT, raw, said, help);
        self.report.warn(warning);
    }

    /// Letters of two scripts that look alike in one word: a disguise was pasted, or a key was hit in another layout.
    fn lint_scripts(&mut self, raw: &RawTerm, term: &Term) {
        if term.text.is_ascii() {
            return;
        }
        let mut seen: Option<(Script, char)> = None;
        for c in term.text.chars() {
            let script = tables::script(c);
            if tables::is_mark(c) || tables::is_invisible(c) {
                continue;
            }
            if tables::class(c) != Class::Letter || !script.has_look_alikes() {
                seen = None;
                continue;
            }
            match seen {
                Some((other, before)) if other != script => {
                    let what = shown(&term.text);
                    let said = said!(
                        "{what} mixes letters of two scripts in one word: `{before}` ({other:?}) and `{c}` ({script:?})",
                        "{what} 在一个单词里混用了两种文字：`{before}`（{other:?}）和 `{c}`（{script:?}）"
                    );
                    let help = said!(
                        "write the word in one script; the variant `confusables` finds the look-alikes",
                        "请用一种文字书写；变体 `confusables` 会找到形似字母"
                    );
                    let warning = self.term_warning(&codes::MIXED_SCRIPT_TERM, raw, said, help);
                    return self.report.warn(warning);
                }
                _ => seen = Some((script, c)),
            }
        }
    }

    /// `/.../` around a regex, as other languages write it.
    fn lint_slashes(&mut self, raw: &RawTerm, term: &Term) {
        let text = &*term.text;
        let Some(inner) = text.strip_prefix('/') else {
            return;
        };
        let Some((inner, flags)) = inner.rsplit_once('/') else {
            return;
        };
        if inner.is_empty() || !flags.chars().all(|c| "gimsuxy".contains(c)) {
            return;
        }
        let right = toml_string(inner);
        let said = said!(
            "the regex looks for the slashes around it",
            "正则会去匹配首尾的斜杠"
        );
        let help = said!(
            "write `{right}`; case is ignored by the variant `case`",
            "请写 `{right}`；大小写由变体 `case` 忽略"
        );
        let warning = self
            .term_warning(&codes::REGEX_SLASHES, raw, said, help)
            .with_fix(Fix::likely(vec![Edit::new(raw.span.clone(), right)]));
        self.report.warn(warning);
    }

    /// A regex that is tried at nearly every message, for want of a telling literal.
    pub(in crate::pack) fn lint_literals(&mut self, raw: &RawTerm, plan: &RegexPlan) {
        let common = |literal: &&Vec<u8>| {
            let text = String::from_utf8_lossy(literal);
            let folded = plain(&text);
            let mut chars = folded.chars();
            let first = chars.next();
            // One Han character, or signs and spaces that stand in any text.
            let single = first.is_some_and(|c| !c.is_ascii()) && chars.next().is_none();
            let no_letter = !text.chars().any(char::is_alphanumeric);
            single || no_letter || frequency(&folded, &text).is_some_and(|(rate, _)| rate >= 100)
        };
        let Some(literal) = plan.literals.iter().find(common) else {
            return;
        };
        let literal = shown(&String::from_utf8_lossy(literal));
        let bytes = plan.program_bytes;
        let said = said!(
            "the regex is tried wherever {literal} stands, with a program of {bytes} bytes",
            "凡出现 {literal} 之处都会尝试该正则，其程序有 {bytes} 字节"
        );
        let help = said!("put more fixed text into it", "请在正则中加入更多固定文字");
        let warning = self.term_warning(&codes::REGEX_COMMON_LITERAL, raw, said, help);
        self.report.warn(warning);
    }

    /// Terms that are the same, as they are written or as they are read.
    pub(super) fn lint_twice(&mut self, raw: &[RawTerm], terms: &[Term]) {
        let mut written: HashMap<&Term, &RawTerm> = HashMap::new();
        let mut read: HashMap<
            (Symbols, Option<bool>, crate::variant::Variants),
            (&RawTerm, &Term),
        > = HashMap::new();
        for (raw, term) in raw.iter().zip(terms) {
            if let Some(earlier) = written.get(term) {
                let text = shown(&term.text);
                let said = said!("{text} stands in this list twice", "{text} 在该词表中重复");
                self.twice(&codes::DUPLICATE_TERM, raw, earlier, said, true);
                continue;
            }
            written.insert(term, raw);
            if term.regex {
                continue;
            }
            let key = (symbols(term), term.word, term.variants);
            match read.get(&key) {
                Some((earlier, first)) => {
                    let (text, first) = (shown(&term.text), shown(&first.text));
                    let said = said!(
                        "{text} is read the same as {first}",
                        "{text} 与 {first} 读法相同"
                    );
                    self.twice(&codes::SAME_AFTER_FOLDING, raw, earlier, said, true);
                }
                None => {
                    read.insert(key, (raw, term));
                }
            }
        }
    }

    fn twice(
        &mut self,
        code: &'static Code,
        raw: &RawTerm,
        earlier: &RawTerm,
        said: Said,
        fix: bool,
    ) {
        let help = said!("remove one of the two", "请删除其一");
        let mut warning = self.term_warning(code, raw, said, help);
        if earlier.file == raw.file {
            warning = warning.with_label(
                earlier.span.clone(),
                said!("it stands here already", "此处已有"),
            );
        }
        if fix && let Some(edit) = self.removal(raw) {
            warning = warning.with_fix(Fix::safe(vec![edit]));
        }
        self.report.warn(warning);
    }

    /// What takes a term away: its line in a word file, the string with its comma in a pack. `None` if that is not plain.
    fn removal(&self, raw: &RawTerm) -> Option<Edit> {
        let in_pack = raw.file == self.report.file;
        let source = self.report.diags.source(&raw.file)?;
        if !in_pack {
            let rest = source.get(raw.span.end..)?;
            let line_break = rest.find('\n').map_or(rest.len(), |at| at + 1);
            return Some(Edit::new(raw.span.start..raw.span.end + line_break, ""));
        }
        let rest = source.get(raw.span.end..)?;
        let after = rest.trim_start();
        if let Some(more) = after.strip_prefix(',') {
            let spaces = more.len() - more.trim_start_matches([' ', '\t']).len();
            // The end of a line stays, and what is said on it.
            let end = raw.span.end + (rest.len() - more.len()) + spaces;
            return Some(Edit::new(raw.span.start..end, ""));
        }
        let before = source.get(..raw.span.start)?.trim_end();
        let comma = before.strip_suffix(',')?;
        (after.starts_with(']')).then(|| Edit::new(comma.len()..raw.span.end, ""))
    }

    /// Terms inside which a shorter term of the list is found anyway.
    fn lint_swallowed(&mut self, used: &Use<'_>, ground: &Ground<'_>) {
        let terms = &used.list.terms;
        if terms.len() < 2 {
            return;
        }
        let excepted: Vec<String> = used
            .list
            .except
            .iter()
            .chain(&ground.pack.except)
            .chain(used.rules.iter().flat_map(|(rule, _)| &rule.except))
            .map(|term| {
                if term.regex {
                    String::new()
                } else {
                    plain(&term.text)
                }
            })
            .collect();
        if excepted.iter().any(String::is_empty) || excepted.len() > 1_000 {
            // What a regex excepts is not known here.
            return;
        }
        let read: Vec<Vec<(char, bool)>> = terms
            .iter()
            .map(|term| {
                if term.regex {
                    Vec::new()
                } else {
                    symbols(term)
                }
            })
            .collect();
        let letters: Vec<Vec<char>> = read
            .iter()
            .map(|symbols| symbols.iter().map(|(symbol, _)| *symbol).collect())
            .collect();
        let mut known: HashMap<&[char], usize> = HashMap::new();
        let mut lengths: Vec<usize> = Vec::new();
        for (index, symbols) in letters.iter().enumerate() {
            if symbols.len() >= 2 {
                known.entry(symbols).or_insert(index);
                lengths.push(symbols.len());
            }
        }
        lengths.sort_unstable();
        lengths.dedup();
        let mut told: HashSet<usize> = HashSet::new();
        for (index, long) in read.iter().enumerate() {
            for (start, &length) in
                (0..long.len()).flat_map(|start| lengths.iter().map(move |length| (start, length)))
            {
                let end = start + length;
                if length >= long.len() || end > long.len() {
                    // Lengths are sorted, but the next start may have room.
                    continue;
                }
                self.lint_work += length;
                if self.lint_work > WORK {
                    return;
                }
                let Some(&short) = known.get(&letters[index][start..end]) else {
                    continue;
                };
                let joined_alike = |(a, b): (&(char, bool), &(char, bool))| a.1 == b.1;
                // The last symbol of a term has no junction.
                if !long[start..end - 1]
                    .iter()
                    .zip(&read[short])
                    .all(joined_alike)
                {
                    continue;
                }
                let (inner, outer) = (&terms[short], &terms[index]);
                let covers = outer.variants.and(inner.variants) == outer.variants;
                let text = plain(&inner.text);
                if short == index
                    || !covers
                    || !stands_free(inner, long, start, end)
                    || excepted.iter().any(|whole| whole.contains(&text))
                    || !told.insert(index)
                {
                    continue;
                }
                let (what, by) = (shown(&outer.text), shown(&inner.text));
                let said = said!(
                    "{what} holds the term {by}, which is found there anyway",
                    "{what} 里已含有词 {by}，单凭后者就会命中"
                );
                let help = said!(
                    "remove the longer one; or the shorter, if it is found too often",
                    "请删除较长的；若较短的命中过多，请删除较短的"
                );
                let (raw, short_raw) = (&used.raw.terms[index], &used.raw.terms[short]);
                let mut warning = self.term_warning(&codes::SWALLOWED_TERM, raw, said, help);
                if raw.file == short_raw.file {
                    warning = warning
                        .with_label(short_raw.span.clone(), said!("the shorter one", "较短的词"));
                }
                self.report.warn(warning);
            }
        }
    }
}

/// How often the text stands in ordinary writing, if that is often: times in a million, of what. `plain` is the text, folded.
pub(crate) fn frequency(plain: &str, written: &str) -> Option<(u16, (&'static str, &'static str))> {
    let find = |table: &'static [(&str, u16)]| {
        table
            .binary_search_by(|(word, _)| (*word).cmp(plain))
            .ok()
            .and_then(|at| table.get(at))
            .map(|(_, rate)| *rate)
    };
    if plain.is_ascii() {
        // A term of two words is no word.
        let one = !written.trim().contains(char::is_whitespace);
        return find(&LATIN)
            .filter(|_| one)
            .map(|rate| (rate, ("words", "词")));
    }
    find(&HAN).map(|rate| (rate, ("characters", "字")))
}

fn symbols(term: &Term) -> Symbols {
    let reading = TermReading::new(&term.text, term.variants);
    let symbols = reading.symbols.iter();
    symbols
        .map(|symbol| (symbol.plain, symbol.soft()))
        .collect()
}

/// Whether the borders of a term are kept where it stands inside a longer one, at `start..end` of its symbols.
fn stands_free(term: &Term, long: &[(char, bool)], start: usize, end: usize) -> bool {
    let binds = |edge: char, neighbour: char| {
        let digits =
            tables::class(edge) == Class::Digit && tables::class(neighbour) == Class::Digit;
        digits
            || (tables::class(neighbour) == Class::Letter
                && tables::script(edge) == tables::script(neighbour))
    };
    let bound = |edge: char| match term.word {
        Some(word) => word,
        None => tables::class(edge) == Class::Digit || tables::script(edge).bounds_words(),
    };
    let left = start.checked_sub(1).is_some_and(|before| {
        !long[before].1 && bound(long[start].0) && binds(long[start].0, long[before].0)
    });
    let right = long.get(end).is_some_and(|(after, _)| {
        !long[end - 1].1 && bound(long[end - 1].0) && binds(long[end - 1].0, *after)
    });
    !left && !right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_are_sorted() {
        assert!(HAN.is_sorted_by(|a, b| a.0 < b.0));
        assert!(LATIN.is_sorted_by(|a, b| a.0 < b.0));
        assert!(frequency("一个", "一个").is_some());
        assert!(frequency("the", "The").is_some());
        assert!(frequency("基地组织", "基地组织").is_none());
    }
}
