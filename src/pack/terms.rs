//! Lists and terms: taken from the tree first, given their variants once it is known which rule uses them.

use std::ops::Range;
use std::sync::Arc;

use toml::de::DeValue;

use super::keys::Kind;
use super::model::{List, Term};
use super::reading::{Reading, STRING};
use super::regex;
use super::report::shown;
use super::syntax::{Table, Value};
use crate::diag::{Code, Diagnostic, Level, Said, codes, said};
use crate::text::tables;
use crate::variant::{Variant, Variants};

/// A term as it is written.
pub(super) struct RawTerm {
    pub(super) text: Arc<str>,
    pub(super) regex: bool,
    word: Option<bool>,
    case_sensitive: Option<bool>,
    variants: Option<Variants>,
    /// The file, and where in it: for a term in the pack, the string with its quotes.
    pub(super) file: Arc<str>,
    pub(super) span: Range<usize>,
}

/// A list as it is written.
pub(super) struct RawList {
    pub(super) name: Arc<str>,
    pub(super) span: Range<usize>,
    pub(super) terms: Vec<RawTerm>,
    pub(super) except: Vec<RawTerm>,
    word: Option<bool>,
    case_sensitive: Option<bool>,
    pub(super) variants: Option<Variants>,
}

impl RawList {
    /// A list without terms.
    pub(super) fn named(name: &Arc<str>) -> Self {
        Self {
            name: Arc::clone(name),
            span: 0..0,
            terms: Vec::new(),
            except: Vec::new(),
            word: None,
            case_sensitive: None,
            variants: None,
        }
    }
}

/// What a term takes that does not say otherwise.
#[derive(Clone, Copy)]
pub(super) struct Inherited {
    word: Option<bool>,
    case_sensitive: Option<bool>,
    variants: Variants,
}

impl Inherited {
    /// For terms outside any list: exceptions of a rule or of the pack.
    pub(super) fn from_variants(variants: Variants) -> Self {
        Self {
            word: None,
            case_sensitive: None,
            variants,
        }
    }
}

/// The words of the condition language.
pub(super) const KEYWORDS: [&str; 6] = ["and", "or", "not", "of", "near", "then"];

const TERMS: (&str, &str) = (
    "a list of terms, as in `[\"a\", \"b\"]`",
    "词的列表，例如 `[\"a\", \"b\"]`",
);

impl Reading<'_, '_> {
    /// A list: an array of terms, or a table of terms, a file, and what holds for all of them.
    pub(super) fn list(&mut self, name: &str, span: Range<usize>, value: &Value<'_>) -> RawList {
        self.list_name(name, &span);
        let mut list = RawList {
            span,
            ..RawList::named(&name.into())
        };
        let is_empty = |value: &Value<'_>| {
            value
                .get_ref()
                .as_array()
                .is_some_and(|array| array.is_empty())
        };
        // Whether nothing is written, as opposed to nothing that is fit.
        let mut empty = false;
        match value.get_ref() {
            DeValue::Table(table) => {
                self.as_table(name, value, Kind::List);
                let terms = Self::value(table, "terms");
                list.terms = self.terms(table, "terms");
                let no_file = self.file_terms(table, &mut list.terms);
                // A list under a key that is none of its own is told already.
                let stray = table
                    .keys()
                    .any(|key| !Kind::List.keys().contains(&&**key.get_ref()));
                empty = no_file && !stray && terms.is_none_or(|(_, terms)| is_empty(terms));
                list.word = self.boolean(table, "word");
                list.case_sensitive = self.boolean(table, "case_sensitive");
                list.variants = self.variants(table);
                list.except = self.terms(table, "except");
            }
            DeValue::Array(_) => {
                list.terms = self.terms_of(name, value);
                empty = is_empty(value);
            }
            _ => self.wrong_type(name, value, TERMS),
        }
        if empty {
            let name = shown(name);
            self.report.miss(
                &codes::EMPTY_LIST,
                value.span(),
                said!("the list {name} holds no term", "词表 {name} 没有词"),
                said!("add a term, or remove the list", "请添加词，或删除该词表"),
            );
        }
        list
    }

    fn list_name(&mut self, name: &str, span: &Range<usize>) {
        let bytes = name.as_bytes();
        let plain = bytes.first().is_some_and(u8::is_ascii_lowercase)
            && bytes.len() <= 64
            && bytes
                .iter()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_');
        if plain && !KEYWORDS.contains(&name) {
            return;
        }
        let suggestion: String = name
            .to_lowercase()
            .chars()
            .take(40)
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let suggestion = if plain {
            format!("{name}_words")
        } else {
            let trimmed = suggestion.trim_matches(|c: char| c == '_' || c.is_ascii_digit());
            if trimmed.is_empty() {
                "words".to_owned()
            } else {
                trimmed.to_owned()
            }
        };
        self.report.misnamed.insert(name.to_owned());
        let name = shown(name);
        self.report.say(
            &codes::BAD_LIST_NAME,
            span.clone(),
            said!("{name} is no name of a list", "{name} 不能作词表名"),
            said!(
                "names are `a-z`, then `a-z`, `0-9`, `_`, and no word of the condition language: write `{suggestion}`",
                "词表名以 `a-z` 开头，后接 `a-z`、`0-9`、`_`，且不是条件语言的关键字：例如 `{suggestion}`"
            ),
        );
    }

    /// The array of terms at `key`, if there is one.
    pub(super) fn terms(&mut self, table: &Table<'_>, key: &str) -> Vec<RawTerm> {
        match Self::value(table, key) {
            Some((_, value)) => self.terms_of(key, value),
            None => Vec::new(),
        }
    }

    fn terms_of(&mut self, key: &str, value: &Value<'_>) -> Vec<RawTerm> {
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, TERMS);
            return Vec::new();
        };
        if let Some(inner) = array.iter().find(|item| item.get_ref().is_array()) {
            self.report.say(
                &codes::WRONG_TYPE,
                inner.span(),
                said!(
                    "a list of terms holds no further list",
                    "词表里不能再套列表"
                ),
                said!("remove the inner brackets", "请删除里层的方括号"),
            );
            return Vec::new();
        }
        let mut terms = Vec::new();
        for item in array.iter() {
            if !self.count_term(Arc::clone(&self.report.file), item.span()) {
                break;
            }
            terms.extend(self.term(key, item));
        }
        terms
    }

    fn term(&mut self, key: &str, value: &Value<'_>) -> Option<RawTerm> {
        let mut term = RawTerm {
            text: "".into(),
            regex: false,
            word: None,
            case_sensitive: None,
            variants: None,
            file: Arc::clone(&self.report.file),
            span: value.span(),
        };
        let text = match value.get_ref() {
            DeValue::String(text) => &**text,
            DeValue::Table(table) => {
                self.as_table(key, value, Kind::Term);
                term.word = self.boolean(table, "word");
                term.case_sensitive = self.boolean(table, "case_sensitive");
                term.variants = self.variants(table);
                let text = self.string(table, "text");
                let regex = self.string(table, "regex");
                term.regex = text.is_none();
                if let (Some(_), Some(regex)) = (text, regex) {
                    self.report.say(
                        &codes::TEXT_AND_REGEX,
                        regex.span(),
                        said!(
                            "a term is a `text` or a `regex`, not both",
                            "一个词只能是 `text` 或 `regex`，不能同时写"
                        ),
                        said!("write two terms", "请写成两个词"),
                    );
                }
                let Some(found) = text.or(regex) else {
                    if Self::value(table, "text").is_none() && Self::value(table, "regex").is_none()
                    {
                        self.missing(
                            "text",
                            value.span(),
                            "{ ... }",
                            said!(
                                "write `{{ text = \"...\" }}` or `{{ regex = '...' }}`",
                                "请写 `{{ text = \"...\" }}` 或 `{{ regex = '...' }}`"
                            ),
                        );
                    }
                    return None;
                };
                term.span = found.span();
                found.text
            }
            _ => {
                self.wrong_type(key, value, STRING);
                return None;
            }
        };
        if term.regex {
            self.regexes.count += 1;
            if self.regexes.count > self.limits.regexes {
                if self.regexes.count == self.limits.regexes + 1 {
                    let most = self.limits.regexes;
                    self.report.say(
                        &codes::TOO_MANY_REGEXES,
                        term.span.clone(),
                        said!(
                            "the pack holds more than {most} regex terms",
                            "规则包的正则词超过 {most} 个"
                        ),
                        said!(
                            "write literal terms where you can",
                            "能写成普通词的请写普通词"
                        ),
                    );
                }
                return None;
            }
        } else if !self.literal(text, &term.file, &term.span) {
            return None;
        }
        term.text = text.into();
        Some(term)
    }

    /// Adds the terms of `file`, if there is one. Whether there is nothing in it.
    fn file_terms(&mut self, table: &Table<'_>, terms: &mut Vec<RawTerm>) -> bool {
        if Self::value(table, "file").is_none() {
            return true;
        }
        let Some(path) = self.string(table, "file") else {
            return false;
        };
        let Some(file) = self.word_file(path) else {
            return false;
        };
        for line in &file.lines {
            if !self.count_term(Arc::clone(&file.name), line.clone()) {
                break;
            }
            let text = file.term(line);
            if self.literal(text, &file.name, line) {
                terms.push(RawTerm {
                    text: text.into(),
                    regex: false,
                    word: None,
                    case_sensitive: None,
                    variants: None,
                    file: Arc::clone(&file.name),
                    span: line.clone(),
                });
            }
        }
        file.lines.is_empty()
    }

    /// Counts a term. `false` if there are too many, which is said once.
    fn count_term(&mut self, file: Arc<str>, span: Range<usize>) -> bool {
        self.terms += 1;
        if self.terms == self.limits.terms + 1 {
            self.too_many_terms(file, span);
        }
        self.terms <= self.limits.terms
    }

    fn too_many_terms(&mut self, file: Arc<str>, span: Range<usize>) {
        let most = self.limits.terms;
        self.report.diags.push(
            Diagnostic::new(
                &codes::TOO_MANY_TERMS,
                file,
                span,
                said!(
                    "the pack holds more than {most} terms",
                    "规则包的词超过 {most} 个"
                ),
            )
            .with_help(said!(
                "split the pack; a list that is used with other `variants` counts for each",
                "请拆分规则包；被不同 `variants` 使用的词表会重复计数"
            )),
        );
    }

    /// Whether a literal is fit to be looked for.
    fn literal(&mut self, text: &str, file: &Arc<str>, span: &Range<usize>) -> bool {
        let mut say = |code: &'static Code, what: Said, help: Said| {
            let said = Diagnostic::new(code, Arc::clone(file), span.clone(), what).with_help(help);
            match said.level {
                Level::Warning => self.report.warn(said),
                Level::Error => self.report.diags.push(said),
            }
        };
        if plain(text).is_empty() {
            say(
                &codes::EMPTY_TERM,
                said!("the term holds no character that shows", "词中没有可见字符"),
                said!("write a word, or remove the term", "请写入文字，或删除该词"),
            );
            return false;
        }
        if let Some(c) = text.chars().find(|c| c.is_control()) {
            let code = c.escape_unicode();
            say(
                &codes::CONTROL_CHARACTER,
                said!(
                    "the term holds the control character {code}",
                    "词中含有控制字符 {code}"
                ),
                said!(
                    "remove it; a space in a term matches any white space",
                    "请删除；词中的空格可匹配任意空白"
                ),
            );
            return false;
        }
        let most = self.limits.term_chars;
        // No character takes more than four bytes, so a long text is told by its length.
        if text.len() > most.saturating_mul(4) || text.chars().count() > most {
            say(
                &codes::TERM_TOO_LONG,
                said!(
                    "the term has more than {most} characters",
                    "词超过 {most} 个字符"
                ),
                said!(
                    "look for a shorter, telling part of it",
                    "请改用较短而有代表性的部分"
                ),
            );
            return false;
        }
        if text.trim().len() != text.len() {
            say(
                &codes::PADDED_TERM,
                said!(
                    "the term begins or ends with white space, which is dropped",
                    "词首或词尾有空白，会被忽略"
                ),
                said!(
                    "remove it; for word borders write `word = true`",
                    "请删除；需要词边界请写 `word = true`"
                ),
            );
        }
        true
    }

    /// The list with every term's variants settled.
    pub(super) fn settle(&mut self, list: &RawList, outer: Variants) -> List {
        let inherited = Inherited {
            word: list.word,
            case_sensitive: list.case_sensitive,
            variants: list.variants.unwrap_or(outer),
        };
        let terms = self.settle_terms(&list.terms, inherited);
        let inherited = Inherited {
            word: None,
            ..inherited
        };
        List {
            name: Arc::clone(&list.name),
            except: self.settle_terms(&list.except, inherited),
            terms,
        }
    }

    /// Terms with their variants settled: of the term, else of the list, the rule, the pack.
    pub(super) fn settle_terms(&mut self, raw: &[RawTerm], inherited: Inherited) -> Vec<Term> {
        let mut terms = Vec::with_capacity(raw.len());
        for from in raw {
            let mut variants = from.variants.unwrap_or(inherited.variants);
            if from.case_sensitive.or(inherited.case_sensitive) == Some(true) {
                variants = variants.without(Variant::Case);
            }
            let term = Term {
                text: Arc::clone(&from.text),
                regex: from.regex,
                word: from.word.or(inherited.word),
                variants,
            };
            if from.regex {
                self.regex(from, variants.contains(Variant::Case));
            }
            terms.push(term);
        }
        terms
    }

    fn regex(&mut self, term: &RawTerm, ignore_case: bool) {
        let key = (Arc::clone(&term.text), ignore_case);
        let most = self.limits.regex_total_bytes;
        if self.regexes.bytes > most || self.regexes.seen.insert(key, ()).is_some() {
            return;
        }
        match regex::plan(&term.text, ignore_case, self.limits) {
            Ok(plan) => {
                self.regexes.bytes += plan.program_bytes;
                self.lint_literals(term, &plan);
            }
            Err(problem) => {
                if *problem.code == codes::REGEX_TOO_BIG {
                    // It was built that far.
                    self.regexes.bytes += self.limits.regex_program_bytes;
                }
                let at = self.inner(term.span.clone(), problem.span);
                self.report
                    .say(problem.code, at, problem.message, problem.help);
            }
        }
        if self.regexes.bytes > most {
            self.report.say(
                &codes::REGEX_TOO_BIG,
                term.span.clone(),
                said!(
                    "the regexes of the pack together take more than {most} bytes",
                    "规则包全部正则合计超过 {most} 字节"
                ),
                said!(
                    "write literal terms where you can, and `[a-z0-9_]` for `\\w`",
                    "能写成普通词的请写普通词，并用 `[a-z0-9_]` 代替 `\\w`"
                ),
            );
        }
    }

    /// Counts the terms of a copy that a rule with variants of its own needs.
    pub(super) fn count_copy(&mut self, list: &RawList, at: Range<usize>) -> bool {
        let before = self.terms;
        self.terms = self
            .terms
            .saturating_add(list.terms.len())
            .saturating_add(list.except.len());
        if before <= self.limits.terms && self.terms > self.limits.terms {
            self.too_many_terms(Arc::clone(&self.report.file), at);
        }
        self.terms <= self.limits.terms
    }
}

/// What of a text is significant whatever its variants, folded: a coarse reading for checks and lints.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let mut one = [0; 4];
        let form = match tables::width(c) {
            Some(form) => form,
            None => &*c.encode_utf8(&mut one),
        };
        for c in form.chars() {
            if c.is_whitespace() || tables::is_invisible(c) || tables::is_mark(c) {
                continue;
            }
            out.push(tables::case_fold(tables::script_fold(c).unwrap_or(c)));
        }
    }
    out
}
