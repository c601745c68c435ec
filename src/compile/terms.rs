//! Terms to rows, patterns and memberships. A term that several lists hold in the same way is one row.

use std::collections::HashMap;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use crate::diag::{Diagnostic, codes, said};
use crate::limits::PackLimits;
use crate::matcher::regex::RegexMatcher;
use crate::matcher::{Matcher, Pattern, TooLarge};
use crate::pack::{self, Term};
use crate::ruleset::{Begins, NewTerm, PatternTerm, PatternTerms, RegexRow, Words};
use crate::text::skeleton::{Skeleton, bare_symbols, word_symbols};
use crate::text::symbols::symbol;
use crate::text::tables;
use crate::text::term::TermReading;
use crate::variant::Variant;

use super::problem;

/// Terms in the making.
pub(super) struct Terms<'a> {
    limits: &'a PackLimits,
    known: HashMap<&'a Term, u32>,
    rows: Vec<NewTerm>,
    regexes: Vec<RegexRow>,
    sets: Vec<(u32, u32)>,
    patterns: Patterns<PatternTerm>,
    bare: Patterns<u32>,
    skeleton: Skeleton,
    /// Whether it has been said that the terms are too many.
    told: bool,
    pub(super) problems: Vec<Diagnostic>,
}

/// What is handed on.
pub(super) struct Built {
    pub(super) rows: Vec<NewTerm>,
    pub(super) regexes: Vec<RegexRow>,
    pub(super) term_sets: Vec<(u32, u32)>,
    pub(super) words: Sorted<PatternTerm>,
    pub(super) bare: Sorted<u32>,
}

/// Patterns in the order of their symbols, numbered so, and the terms of each.
pub(super) struct Sorted<T> {
    pub(super) patterns: Vec<Pattern>,
    pub(super) terms: Vec<(u32, T)>,
}

impl Sorted<PatternTerm> {
    pub(super) fn build(self) -> Result<Words, TooLarge> {
        Ok(Words {
            matcher: Matcher::new(&self.patterns)?,
            terms: PatternTerms::new(self.patterns.len(), &self.terms),
        })
    }

    pub(super) fn build_if_any(self) -> Result<Option<Box<Words>>, TooLarge> {
        let any = (!self.patterns.is_empty()).then(|| self.build().map(Box::new));
        any.transpose()
    }

    /// The patterns that have a term of that kind, and those that have none.
    pub(super) fn split(self, is: impl Fn(&PatternTerm) -> bool) -> (Self, Self) {
        let mut chosen = vec![false; self.patterns.len()];
        for (pattern, term) in &self.terms {
            chosen[*pattern as usize] |= is(term);
        }
        let mut parts = [(); 2].map(|()| Self {
            patterns: Vec::new(),
            terms: Vec::new(),
        });
        let mut numbers = Vec::with_capacity(chosen.len());
        for (pattern, chosen) in self.patterns.into_iter().zip(&chosen) {
            let part = &mut parts[usize::from(!chosen)].patterns;
            numbers.push(part.len() as u32);
            part.push(pattern);
        }
        for (pattern, term) in self.terms {
            let part = &mut parts[usize::from(!chosen[pattern as usize])].terms;
            part.push((numbers[pattern as usize], term));
        }
        parts.into()
    }
}

/// Distinct patterns, and the terms of each.
struct Patterns<T> {
    known: HashMap<Box<[u16]>, u32>,
    patterns: Vec<Pattern>,
    terms: Vec<(u32, T)>,
}

impl<T> Default for Patterns<T> {
    fn default() -> Self {
        Self {
            known: HashMap::new(),
            patterns: Vec::new(),
            terms: Vec::new(),
        }
    }
}

impl<T> Patterns<T> {
    /// `begins` and `ends`: whether the term is of no use where a word goes on before it, or behind it; `doubled`: a bit for each symbol
    /// that stands for several of its characters.
    fn add(&mut self, symbols: &[u16], (begins, ends): (bool, bool), doubled: u16, term: T) {
        let pattern = match self.known.get(symbols) {
            Some(pattern) => *pattern,
            None => {
                let pattern = self.patterns.len() as u32;
                self.known.insert(symbols.into(), pattern);
                self.patterns.push(Pattern {
                    symbols: symbols.into(),
                    begins_word: begins,
                    ends_word: ends,
                    doubled,
                });
                pattern
            }
        };
        let known = &mut self.patterns[pattern as usize];
        known.begins_word &= begins;
        known.ends_word &= ends;
        known.doubled &= doubled;
        self.terms.push((pattern, term));
    }

    fn sorted(mut self) -> Sorted<T> {
        let mut order: Vec<u32> = (0..self.patterns.len() as u32).collect();
        order.sort_unstable_by_key(|at| &self.patterns[*at as usize].symbols);
        let mut numbers = vec![0; order.len()];
        for (number, at) in (0..).zip(&order) {
            numbers[*at as usize] = number;
        }
        for (pattern, _) in &mut self.terms {
            *pattern = numbers[*pattern as usize];
        }
        self.patterns
            .sort_unstable_by(|a, b| a.symbols.cmp(&b.symbols));
        Sorted {
            patterns: self.patterns,
            terms: self.terms,
        }
    }
}

fn is_turkic(text: &str) -> bool {
    !text.is_ascii() && text.nfc().any(tables::is_turkic)
}

/// Where a term may begin in the first run of its skeleton, of which `run` of its `all` letters and digits are part, and with how many equal
/// ones it begins. The skeleton has letters as one that are not: i and l, h, n and v, u and y.
fn begins(reading: &TermReading, run: usize, all: usize) -> (Begins, usize) {
    let letters: Vec<char> = reading
        .symbols
        .iter()
        .filter(|symbol| symbol.is_word())
        .map(|symbol| tables::case_fold(symbol.plain))
        .collect();
    let equal = letters
        .iter()
        .take_while(|letter| **letter == letters[0])
        .count();
    // Signs between the letters part what may be stretched.
    let parted = reading
        .symbols
        .iter()
        .skip_while(|symbol| !symbol.is_word())
        .take(run)
        .any(|symbol| !symbol.is_word());
    let known = letters.len() == all && !parted;
    if known && equal >= run {
        return if run == all {
            (Begins::Anywhere, 1)
        } else {
            (Begins::BeforeRunEnds, run)
        };
    }
    // A character of a text can count as two letters of a term only by looks, and those of ASCII have none.
    if known && letters.iter().take(run).all(char::is_ascii) {
        (Begins::BeforeStretchEnds, equal)
    } else {
        (Begins::Anywhere, 1)
    }
}

/// A bit for each of the first 16 runs of equal symbols that has more than one: each needs a character of the text to itself.
fn doubled(symbols: &[u16]) -> u16 {
    let runs = symbols.chunk_by(|a, b| a == b).take(16).enumerate();
    runs.fold(0, |bits, (at, run)| bits | u16::from(run.len() > 1) << at)
}

impl<'a> Terms<'a> {
    pub(super) fn new(limits: &'a PackLimits) -> Self {
        Self {
            limits,
            known: HashMap::new(),
            rows: Vec::new(),
            regexes: Vec::new(),
            sets: Vec::new(),
            patterns: Patterns::default(),
            bare: Patterns::default(),
            skeleton: Skeleton::default(),
            told: false,
            problems: Vec::new(),
        }
    }

    /// Puts terms into a set.
    pub(super) fn add(&mut self, pack: &str, set: u32, terms: &'a [Term]) {
        let mut seen: Vec<u32> = Vec::with_capacity(terms.len());
        for term in terms {
            if let Some(row) = self.row(pack, term) {
                seen.push(row);
            }
        }
        seen.sort_unstable();
        seen.dedup();
        self.sets.extend(seen.into_iter().map(|row| (row, set)));
    }

    fn row(&mut self, pack: &str, term: &'a Term) -> Option<u32> {
        if let Some(row) = self.known.get(term) {
            return Some(*row);
        }
        let row = self.rows.len() as u32;
        let too_many = self.rows.len() >= self.limits.terms;
        if too_many && !self.told {
            self.told = true;
            self.problems.push(problem(
                &codes::TOO_MANY_TERMS,
                pack,
                said!(
                    "the packs hold more than {most} terms together; split them, or ask the operator to raise the limit",
                    "这些规则包合计超过 {most} 个词条；请拆分，或请平台运营方提高上限",
                    most = self.limits.terms
                ),
            ));
        }
        if too_many {
            return None;
        }
        let reading = if term.regex {
            self.regex(pack, term, row)?;
            None
        } else {
            Some(self.literal(pack, term, row)?)
        };
        self.known.insert(term, row);
        self.rows.push(NewTerm {
            text: Arc::clone(&term.text),
            word: term.word,
            turkic: is_turkic(&term.text),
            variants: reading
                .as_ref()
                .map_or(term.variants, |reading| reading.variants),
            reading,
        });
        Some(row)
    }

    fn literal(&mut self, pack: &str, term: &Term, row: u32) -> Option<TermReading> {
        let reading = TermReading::new(&term.text, term.variants);
        self.skeleton.fill(&term.text);
        let pattern = self.skeleton.symbols();
        let mut found = !pattern.is_empty();
        if found {
            let mut symbols = Vec::new();
            for c in term.text.chars() {
                word_symbols(c, |c| symbols.push(symbol(c)));
            }
            let first_run = symbols
                .iter()
                .take_while(|symbol| **symbol == symbols[0])
                .count();
            let (begins, equal) = begins(&reading, first_run, symbols.len());
            let begins_word = reading.lead() == 0 && reading.bound_left(term.word);
            // What the skeleton does not show may stand behind its last symbol; and a Turkic word is not bounded on the right.
            let last = reading.symbols.last().map(|symbol| symbol.plain);
            let ends_word = last.is_some_and(|last| last.is_ascii_alphanumeric())
                && reading.bound_right(term.word)
                && (term.word.is_some() || !is_turkic(&term.text));
            self.patterns.add(
                pattern.as_slice(),
                (begins_word, ends_word),
                doubled(&symbols),
                PatternTerm {
                    term: row,
                    begins,
                    first_run: equal as u16,
                },
            );
        }
        if !found && !reading.symbols.is_empty() {
            let mut first = Vec::new();
            for c in term.text.chars() {
                bare_symbols(c, |c| first.push(symbol(c)));
            }
            if reading.variants.contains(Variant::Gaps) {
                // Its letters are marks, which are not looked for; symbols may stand in its gaps.
                first.truncate(1);
            }
            if !first.is_empty() {
                found = true;
                self.bare.add(&first, (false, false), 0, row);
            }
        }
        if !found {
            self.problems.push(problem(
                &codes::TERM_MATCHES_NOTHING,
                pack,
                said!(
                    "the term `{term}` holds nothing that could be found",
                    "词条 `{term}` 不含任何可以匹配的字符",
                    term = term.text.escape_debug()
                ),
            ));
            return None;
        }
        Some(reading)
    }

    fn regex(&mut self, pack: &str, term: &Term, row: u32) -> Option<()> {
        let ignore_case = term.variants.contains(Variant::Case);
        let plan = match pack::regex::plan(&term.text, ignore_case, self.limits) {
            Ok(plan) => plan,
            Err(refused) => {
                self.problems
                    .push(problem(refused.code, pack, refused.message).with_help(refused.help));
                return None;
            }
        };
        let matcher = RegexMatcher::new(
            &term.text,
            ignore_case,
            &plan.literals,
            // The plan was measured without the slots of the match, which add little.
            2 * self.limits.regex_program_bytes,
        );
        match matcher {
            Ok(matcher) => {
                let in_skeleton = self.literals(&plan.literals, row);
                self.regexes.push(RegexRow {
                    term: row,
                    matcher,
                    in_skeleton,
                });
                Some(())
            }
            Err(_) => {
                self.problems.push(problem(
                    &codes::REGEX_TOO_BIG,
                    pack,
                    said!(
                        "the regex `{source}` compiles to more than {most} bytes",
                        "正则 `{source}` 编译后超过 {most} 字节",
                        source = term.text,
                        most = self.limits.regex_program_bytes
                    ),
                ));
                None
            }
        }
    }

    /// Puts the skeletons of a regex's literals among the patterns, so that texts without any of them need not be searched. Nothing if
    /// one of them says too little.
    fn literals(&mut self, literals: &[Vec<u8>], row: u32) -> bool {
        let mut patterns = Vec::with_capacity(literals.len());
        for literal in literals {
            let Ok(literal) = std::str::from_utf8(literal) else {
                return false;
            };
            self.skeleton.fill(literal);
            let pattern = self.skeleton.symbols().as_slice();
            if matches!(pattern, [] | [0..0x80]) {
                return false;
            }
            patterns.push(Box::<[u16]>::from(pattern));
        }
        for pattern in patterns {
            self.patterns.add(
                &pattern,
                (false, false),
                0,
                PatternTerm {
                    term: row,
                    begins: Begins::Anywhere,
                    first_run: 1,
                },
            );
        }
        true
    }

    pub(super) fn finish(self) -> Built {
        Built {
            rows: self.rows,
            regexes: self.regexes,
            term_sets: self.sets,
            words: self.patterns.sorted(),
            bare: self.bare.sorted(),
        }
    }
}
