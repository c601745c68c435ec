//! Candidates of terms written otherwise (`src/ARCHITECTURE.md`, 3b), and their hits.
//!
//! Each symbol of the text may be read as several codes; rows of codes are followed along the tree of how terms begin. What is reached is
//! walked on the original.

use std::ops::ControlFlow;

use crate::limits::Limits;
use crate::primitives::Span;
use crate::ruleset::Ruleset;
use crate::ruleset::prefixes::{self, Code, Prefixes};
use crate::text::escapes::Decoded;
use crate::text::reading::Reading;
use crate::text::skeleton::word_symbols;
use crate::text::tables::{self, Script, han, signs};
use crate::text::term::TermReading;
use crate::text::transport;
use crate::variant::{Variant, Variants};

use super::budget::Budget;
use super::forms::{Field, FormWalker, Kind, STRETCH};
use super::relevance::Relevance;
use super::search::{CANDIDATE, Part, smallest};
use super::walk::{Ground, Sought, Walker};

/// A hit of a term written otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    pub(super) ruleset: u32,
    pub(super) term: u32,
    pub(super) span: Span,
    pub(super) way: Way,
}

/// How a hit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) kind: Kind,
    /// The variants that the walk used.
    pub(super) used: Variants,
    /// Its first and last clusters, in that reading.
    clusters: (u32, u32),
}

/// A symbol of the text that may stand for one of a term.
#[derive(Clone, Copy, Debug)]
struct Unit {
    /// As the skeleton has it; NUL for a sign.
    skeleton: char,
    raw: char,
    /// The place of its character in the text that is read.
    at: u32,
    /// The first of its readings.
    readings: u32,
}

/// A code that a unit may be read as, and the unit after what it takes.
#[derive(Clone, Copy, Debug)]
struct Taken {
    code: Code,
    next: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    part: u32,
    kind: Kind,
    ruleset: u32,
    term: u32,
    /// The byte of the text that is read, or the cluster there.
    at: u32,
}

/// Scratch of this search.
#[derive(Debug, Default)]
pub(super) struct Otherwise {
    reading: Reading,
    /// The term that is walked.
    term: TermReading,
    /// What `reading` holds.
    filled: Option<(u32, Kind)>,
    /// `Limits::gap`.
    gap: usize,
    turned: String,
    decoded: Decoded,
    decoded_run: String,
    units: Vec<Unit>,
    /// Rows of letters, and those of one letter more.
    spelled: [Vec<u32>; 2],
    readings: Vec<Taken>,
    rows: Vec<(u32, u32, u32)>,
    candidates: Vec<Candidate>,
    walker: Walker,
    forms: FormWalker,
    walked: Vec<(u32, u32, u32, Variants)>,
    pub(super) found: Vec<Written>,
}

impl Otherwise {
    /// Forgets the message before.
    pub(super) fn clear(&mut self) {
        self.candidates.clear();
        self.filled = None;
    }

    /// Gathers the candidates of one part. Breaks when the budget is spent.
    pub(super) fn gather(
        &mut self,
        rulesets: &[&Ruleset],
        part: &Part<'_>,
        relevance: &mut Relevance,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        self.gap = part.limits.gap;
        for kind in [Kind::Raw, Kind::Reversed, Kind::Transport] {
            let wanted = |ruleset: &Ruleset| {
                let prefixes = &ruleset.prefixes;
                let variant = kind.variant();
                !prefixes.is_empty()
                    && variant.is_none_or(|variant| prefixes.variants.contains(variant))
            };
            if !rulesets.iter().any(|ruleset| wanted(ruleset))
                || (kind == Kind::Transport && !transport::may_hold(part.text))
            {
                continue;
            }
            budget.spend(part.text.len() as u64)?;
            self.text(part, kind);
            let (turned, decoded) = (
                std::mem::take(&mut self.turned),
                std::mem::take(&mut self.decoded),
            );
            let text = match kind {
                Kind::Raw => part.text,
                Kind::Reversed => &turned,
                Kind::Transport => decoded.text(),
            };
            let mut searched = ControlFlow::Continue(());
            for (at, ruleset) in rulesets.iter().enumerate() {
                if searched.is_continue() && wanted(ruleset) {
                    let of = (part.number, kind, at as u32);
                    searched = self.candidates(ruleset, of, text, relevance, budget);
                }
            }
            self.turned = turned;
            self.decoded = decoded;
            searched?;
        }
        ControlFlow::Continue(())
    }

    /// Makes the hits of one part; those that matter, given what does. Breaks when the budget is spent.
    pub(super) fn part(
        &mut self,
        rulesets: &[&Ruleset],
        part: &Part<'_>,
        relevance: Option<&Relevance>,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        self.found.clear();
        let mut candidates = std::mem::take(&mut self.candidates);
        let mut searched = ControlFlow::Continue(());
        for kind in [Kind::Raw, Kind::Reversed, Kind::Transport] {
            let key = |candidate: &Candidate| (candidate.part, candidate.kind);
            let from = candidates.partition_point(|candidate| key(candidate) < (part.number, kind));
            let to = candidates.partition_point(|candidate| key(candidate) <= (part.number, kind));
            let of = &mut candidates[from..to];
            let matters = |candidate: &Candidate| {
                let ruleset = rulesets[candidate.ruleset as usize];
                relevance.is_none_or(|relevance| {
                    relevance.matters(ruleset, candidate.ruleset as usize, candidate.term)
                })
            };
            if searched.is_continue() && of.iter().any(matters) {
                searched = budget.spend(part.text.len() as u64);
                self.fill(part, kind);
                for candidate in &mut *of {
                    candidate.at = self.reading.cluster_at(candidate.at) as u32;
                }
                of.sort_unstable();
                for same in of.chunk_by(|a, b| a.ruleset == b.ruleset) {
                    if searched.is_continue() {
                        searched = self.walks(rulesets, same, part, matters, budget);
                    }
                }
            }
        }
        self.candidates = candidates;
        searched
    }

    /// Makes the text that is read, and for reversed readings the reading.
    fn text(&mut self, part: &Part<'_>, kind: Kind) {
        match kind {
            Kind::Raw => {}
            Kind::Reversed => {
                self.filled = None;
                self.reading.fill_reversed(part.text, &mut self.turned);
                self.filled = Some((part.number, kind));
            }
            Kind::Transport => {
                transport::decode(part.text, &mut self.decoded, &mut self.decoded_run);
            }
        }
    }

    /// Makes the reading.
    fn fill(&mut self, part: &Part<'_>, kind: Kind) {
        if self.filled == Some((part.number, kind)) {
            return;
        }
        self.text(part, kind);
        self.filled = Some((part.number, kind));
        match kind {
            Kind::Raw => self.reading.fill_raw(part.text, true),
            Kind::Reversed => {}
            Kind::Transport => self.reading.fill_decoded(part.text, &self.decoded, true),
        }
    }

    fn candidates(
        &mut self,
        ruleset: &Ruleset,
        (part, kind, number): (u32, Kind, u32),
        text: &str,
        relevance: &mut Relevance,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        let prefixes = &ruleset.prefixes;
        self.units(text);
        self.readings.clear();
        for at in 0..self.units.len() {
            self.units[at].readings = self.readings.len() as u32;
            self.read(prefixes, at, kind);
        }
        budget.spend((self.units.len() + self.readings.len()) as u64)?;
        let noise = kind == Kind::Raw && prefixes.variants.contains(Variant::Noise);
        for start in 0..self.units.len() {
            self.rows.clear();
            self.rows.push((Prefixes::ROOT, start as u32, 0));
            while let Some((node, unit, depth)) = self.rows.pop() {
                budget.spend(1)?;
                if depth > 0 {
                    for term in prefixes.terms(node) {
                        budget.spend(CANDIDATE)?;
                        relevance.candidate(ruleset, number as usize, term, budget)?;
                        self.candidates.push(Candidate {
                            part,
                            kind,
                            ruleset: number,
                            term,
                            at: self.units[start].at,
                        });
                    }
                }
                self.follow(prefixes, node, unit as usize, depth, noise);
            }
        }
        ControlFlow::Continue(())
    }

    /// Adds what can be reached from a node by what may stand next.
    fn follow(&mut self, prefixes: &Prefixes, node: u32, unit: usize, depth: u32, noise: bool) {
        // Signs that may be letters may be gaps as well.
        let mut at = unit;
        while let Some(here) = self.units.get(at) {
            let to = self
                .units
                .get(at + 1)
                .map_or(self.readings.len(), |next| next.readings as usize);
            for taken in &self.readings[here.readings as usize..to] {
                if let Some(child) = prefixes.step(node, taken.code) {
                    self.rows.push((child, taken.next, depth + 1));
                }
            }
            if depth == 0 || here.skeleton != '\0' || at - unit >= self.gap {
                break;
            }
            at += 1;
        }
        if noise && depth > 0 {
            for at in unit + 1..=unit + 3 {
                if let Some(unit) = self.units.get(at)
                    && let Some(child) = prefixes.step(node, prefixes::literal(unit.skeleton))
                {
                    self.rows.push((child, at as u32 + 1, depth + 1));
                }
            }
        }
    }

    fn units(&mut self, text: &str) {
        self.units.clear();
        for (at, raw) in text.char_indices() {
            let before = self.units.len();
            let units = &mut self.units;
            let unit = |skeleton| Unit {
                skeleton,
                raw,
                at: at as u32,
                readings: 0,
            };
            word_symbols(raw, |symbol| units.push(unit(symbol)));
            if self.units.len() == before
                && (!signs::leet(sign(raw)).is_empty() || signs::numeral(raw).is_some())
            {
                self.units.push(unit('\0'));
            }
        }
    }

    /// What a unit may be read as.
    fn read(&mut self, prefixes: &Prefixes, at: usize, kind: Kind) {
        let unit = self.units[at];
        let (skeleton, raw) = (unit.skeleton, unit.raw);
        let (units, readings) = (&self.units, &mut self.readings);
        let [rows, longer] = &mut self.spelled;
        let mark = readings.len();
        let mut add = |code: Code, next: usize| {
            let known = |taken: &Taken| (taken.code, taken.next as usize) == (code, next);
            if prefixes.knows(code) && !readings[mark..].iter().any(known) {
                readings.push(Taken {
                    code,
                    next: next as u32,
                });
            }
        };
        // A stretch is taken whole, from its first character; its last may have marks, and be no part of it.
        let ends = if prefixes.variants.contains(Variant::Repeats) {
            let run = stretch(units, at);
            [run, run - 1].map(|length| if length >= 3 { length } else { 1 })
        } else {
            [1; 2]
        };
        if skeleton != '\0' {
            for length in [1].into_iter().chain(ends) {
                add(prefixes::literal(skeleton), at + length);
            }
        }
        let has = |variant| prefixes.variants.contains(variant);
        if has(Variant::Turned)
            && kind != Kind::Transport
            && let Some(letter) = signs::turned(tables::case_fold(raw))
        {
            add(prefixes::literal(tables::merged(letter)), at + 1);
        }
        if kind != Kind::Raw {
            return;
        }
        for c in [sign(raw), skeleton] {
            if has(Variant::Leet) {
                for letter in signs::leet(c).chars() {
                    let code = prefixes::literal(tables::merged(letter));
                    for length in [1].into_iter().chain(ends) {
                        add(code, at + length);
                    }
                }
            }
            if has(Variant::Digits)
                && let Some(digit) = signs::numeral(c)
            {
                add(prefixes::numeral(digit), at + 1);
            }
        }
        if has(Variant::Digits)
            && let Some(digit) = signs::numeral(raw)
        {
            add(prefixes::numeral(digit), at + 1);
        }
        if tables::script(skeleton) == Script::Han {
            for reading in han::readings(skeleton) {
                add(prefixes::syllable(*reading), at + 1);
            }
            if has(Variant::Shape) {
                for other in han::similar(skeleton) {
                    add(prefixes::literal(*other), at + 1);
                }
            }
            if has(Variant::Split) {
                let part = |unit: &Unit| han::part(unit.skeleton);
                let (second, third) = (units.get(at + 1).map(part), units.get(at + 2).map(part));
                let wholes = second.map_or(&[][..], |second| han::wholes(part(&unit), second));
                for (whole, last) in wholes {
                    if last.is_none() || *last == third {
                        let length = 2 + usize::from(last.is_some());
                        add(prefixes::literal(*whole), at + length);
                    }
                }
            }
        }
        if !has(Variant::Pinyin) {
            return;
        }
        // What a unit is as letters: itself, and what it is written for.
        let leet = has(Variant::Leet);
        let letters = |unit: &Unit| {
            let signs = if leet {
                [sign(unit.raw), unit.skeleton]
            } else {
                ['\0'; 2]
            };
            let of_signs = signs.into_iter().flat_map(|c| signs::leet(c).chars());
            std::iter::once(unit.skeleton)
                .chain(of_signs.map(tables::merged))
                .filter(char::is_ascii_lowercase)
        };
        rows.clear();
        rows.push(0);
        for (n, unit) in units[at..].iter().take(6).enumerate() {
            longer.clear();
            for row in &*rows {
                longer.extend(letters(unit).filter_map(|letter| prefixes::spell(*row, letter)));
            }
            std::mem::swap(rows, longer);
            rows.sort_unstable();
            rows.dedup();
            rows.truncate(ROWS);
            if rows.is_empty() {
                break;
            }
            let next = at + n + 1;
            let toned = units
                .get(next)
                .is_some_and(|unit| matches!(unit.skeleton, '1'..='5'));
            for syllable in rows.iter().flat_map(|row| prefixes::spelled(*row)) {
                add(prefixes::syllable(*syllable), next);
                if toned {
                    add(prefixes::syllable(*syllable), next + 1);
                }
            }
        }
        for letter in letters(&unit) {
            add(prefixes::initial(letter), at + 1);
            let h = |unit: &Unit| letters(unit).any(|letter| letter == tables::merged('h'));
            if matches!(letter, 'z' | 'c' | 's') && units.get(at + 1).is_some_and(h) {
                add(prefixes::initial(letter), at + 2);
            }
        }
    }

    /// Walks from candidates of one ruleset in one reading, in order.
    fn walks(
        &mut self,
        rulesets: &[&Ruleset],
        candidates: &[Candidate],
        part: &Part<'_>,
        matters: impl Fn(&Candidate) -> bool,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        let Some(first) = candidates.first() else {
            return ControlFlow::Continue(());
        };
        let (number, kind) = (first.ruleset, first.kind);
        let ruleset = rulesets[number as usize];
        let text = match kind {
            Kind::Raw => part.text,
            Kind::Reversed => &self.turned,
            Kind::Transport => self.decoded.text(),
        };
        let mut field = field(text, &self.reading, kind, part.limits);
        self.walked.clear();
        let mut last = None;
        let mut variants = None;
        for candidate in candidates {
            if last == Some(candidate) || !matters(candidate) {
                continue;
            }
            last = Some(candidate);
            let row = ruleset.term(candidate.term);
            let Some(reading) = ruleset.terms.reading(candidate.term, &mut self.term) else {
                continue;
            };
            if kind
                .variant()
                .is_some_and(|variant| !reading.variants.contains(variant))
            {
                continue;
            }
            let sought = Sought {
                reading,
                word: row.word,
                turkic: row.turkic,
                gap: part.limits.gap,
            };
            if variants != Some(reading.variants) {
                variants = Some(reading.variants);
                self.forms.begin(0);
            }
            let start = candidate.at as usize;
            // A walk that would take more than is left ends the search, as steps that are taken do.
            let left = usize::try_from(budget.left()).unwrap_or(usize::MAX);
            field.tries = part.limits.forms.min(left);
            let found = self.forms.walk(&mut self.walker, &field, &sought, start);
            budget.spend(4 + std::mem::take(&mut self.forms.spent))?;
            if let Some((end, used)) = found {
                self.walked
                    .push((candidate.term, candidate.at, end as u32, used));
            }
        }
        // Of walks with the same end the one that starts last; of these, in order, those that overlap none before.
        self.walked
            .sort_by_key(|(term, start, end, _)| (*term, *end, std::cmp::Reverse(*start)));
        self.walked.dedup_by_key(|(term, _, end, _)| (*term, *end));
        self.walked
            .sort_by_key(|(term, start, _, _)| (*term, *start));
        let mut last = None;
        for (term, start, end, used) in &self.walked {
            if last.is_some_and(|(of, before)| of == *term && before >= *start) {
                continue;
            }
            last = Some((*term, *end));
            self.found.push(Written {
                ruleset: number,
                term: *term,
                span: self.reading.span(*start as usize, *end as usize),
                way: Way {
                    kind,
                    used: *used,
                    clusters: (*start, *end),
                },
            });
        }
        ControlFlow::Continue(())
    }

    /// The smallest set of variants that explains a hit.
    pub(super) fn explain(
        &mut self,
        ruleset: &Ruleset,
        part: &Part<'_>,
        term: u32,
        way: Way,
    ) -> Variants {
        let row = ruleset.term(term);
        let Way { kind, used, .. } = way;
        let (start, end) = (way.clusters.0 as usize, way.clusters.1 as usize);
        let others = row
            .variants
            .and(Variants::STANDARD)
            .without(Variant::Encoded);
        self.fill(part, kind);
        let text = match kind {
            Kind::Raw => part.text,
            Kind::Reversed => &self.turned,
            Kind::Transport => self.decoded.text(),
        };
        let field = field(text, &self.reading, kind, part.limits);
        smallest(others, |subset| {
            let reading = TermReading::new(row.text, subset.or(used));
            if !reading.has_forms() {
                return false;
            }
            let sought = Sought {
                reading: &reading,
                word: row.word,
                turkic: row.turkic,
                gap: part.limits.gap,
            };
            self.forms.begin_at(&field, reading.variants, start);
            let found = self.forms.walk(&mut self.walker, &field, &sought, start);
            found.is_some_and(|(last, _)| last == end)
        })
        .or(used)
    }
}

/// Rows of letters that one row of digits and signs may stand for; 2 to the sixth at most, three letters for one sign counted in.
const ROWS: usize = 729;

/// How many equal characters stand one after another, beginning at a unit; 1 if one stands before it.
fn stretch(units: &[Unit], at: usize) -> usize {
    let length = units[at].raw.len_utf8() as u32;
    let follows = |pair: &[Unit]| pair[0].raw == pair[1].raw && pair[0].at + length == pair[1].at;
    if at > 0 && follows(&units[at - 1..=at]) {
        return 1;
    }
    let run = units[at..]
        .windows(2)
        .take(STRETCH + 1)
        .take_while(|pair| follows(pair))
        .count();
    run + 1
}

fn field<'a>(text: &'a str, reading: &'a Reading, kind: Kind, limits: &Limits) -> Field<'a> {
    Field {
        ground: Ground::new(text, reading, false),
        kind,
        han: text.chars().any(|c| tables::script(c) == Script::Han),
        tries: limits.forms,
    }
}

/// A sign or digit in its compatibility form, if that is one character.
fn sign(c: char) -> char {
    let mut form = tables::width(c).unwrap_or_default().chars();
    match (form.next(), form.next()) {
        (Some(only), None) => only,
        _ => c,
    }
}
