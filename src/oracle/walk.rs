//! A term as a row of symbols, and the walk along a text.

use unicode_normalization::UnicodeNormalization;

use super::reading::{Cell, Cluster, Reading, is_gap, is_word};
use crate::limits::Limits;
use crate::pack::Term;
use crate::text::tables::{self, Class, Script, han, signs};
use crate::variant::{Variant, Variants};

/// A term, read under a set of variants.
#[derive(Debug)]
pub(super) struct Pattern {
    /// The significant symbols.
    pub(super) symbols: Vec<Cell>,
    /// What lies between two of them; one fewer than the symbols.
    pub(super) junctions: Vec<Junction>,
    /// The variants that count: without `gaps` and `repeats` if no symbol is a word symbol.
    pub(super) variants: Variants,
    /// What the term says of borders.
    pub(super) word: Option<bool>,
    /// Whether the term holds a Turkic letter.
    turkic: bool,
}

#[derive(Debug, Default)]
pub(super) struct Junction {
    /// Whether white space or prose stood here.
    pub(super) soft: bool,
    /// What stood here.
    pub(super) own: Vec<char>,
    /// Whether the symbols on both sides are of one cluster.
    pub(super) inside: bool,
}

impl Pattern {
    /// `term` under `variants`, which are those of the term or fewer.
    pub(super) fn new(term: &Term, variants: Variants) -> Self {
        let mut variants = variants;
        let reading = Reading::raw(&term.text, false);
        let cells = reading.cells(variants);
        if !cells.iter().any(|cell| is_word(cell.symbol)) {
            variants = variants.without(Variant::Gaps).without(Variant::Repeats);
        }
        let mut pattern = Self {
            symbols: Vec::new(),
            junctions: Vec::new(),
            variants,
            word: term.word,
            turkic: term.text.nfc().any(tables::is_turkic),
        };
        let mut junction = Junction::default();
        for (index, cell) in cells.iter().enumerate() {
            let space = tables::class(cell.symbol) == Class::Space;
            let dropped = variants.contains(Variant::Gaps) && is_inner_prose(&cells, index);
            if space || dropped {
                junction.soft = true;
                junction.own.push(cell.symbol);
            } else {
                if let Some(before) = pattern.symbols.last() {
                    junction.inside = before.cluster == cell.cluster;
                    pattern.junctions.push(junction);
                }
                junction = Junction::default();
                pattern.symbols.push(Cell { ..*cell });
            }
        }
        pattern
    }

    /// Whether the junction before the symbol at `at` is soft.
    pub(super) fn is_soft(&self, at: usize) -> bool {
        at > 0 && self.junctions[at - 1].soft
    }

    /// Whether the term holds a Turkic letter.
    pub(super) fn is_turkic(&self) -> bool {
        self.turkic
    }

    fn has(&self, variant: Variant) -> bool {
        self.variants.contains(variant)
    }

    pub(super) fn equal(&self, cell: &Cell, symbol: &Cell) -> bool {
        cell.symbol == symbol.symbol
            || (self.has(Variant::Confusables)
                && (cell.eligible || symbol.eligible)
                && cell.look == symbol.look)
    }
}

/// Whether a symbol of a term is prose between two word symbols that are not both digits; white space and further
/// prose may stand between.
fn is_inner_prose(cells: &[Cell], index: usize) -> bool {
    let passed = |c: char| {
        matches!(
            tables::class(c),
            Class::Space | Class::Joiner | Class::Prose
        )
    };
    let symbols = |cells: &[Cell]| cells.iter().map(|cell| cell.symbol).collect::<Vec<_>>();
    let left = symbols(&cells[..index]).into_iter().rfind(|c| !passed(*c));
    let right = symbols(&cells[index + 1..])
        .into_iter()
        .find(|c| !passed(*c));
    match (left, right) {
        (Some(left), Some(right)) => {
            is_prose(cells[index].symbol)
                && is_word(left)
                && is_word(right)
                && !(is_digit(left) && is_digit(right))
        }
        _ => false,
    }
}

/// The walk of `pattern` along `reading` from the cell `start`: the last cell, if the walk succeeds.
pub(super) fn walk(
    pattern: &Pattern,
    reading: &Reading,
    cells: &[Cell],
    start: usize,
    limits: &Limits,
) -> Option<usize> {
    let symbols = &pattern.symbols;
    let first = &cells[start];
    if !first.first || symbols.is_empty() || !pattern.equal(first, &symbols[0]) {
        return None;
    }
    let repeats = pattern.has(Variant::Repeats);
    // For each symbol, the cell matched and the cells absorbed; for each junction, the cells skipped.
    let mut taken = vec![vec![start]];
    let mut gaps: Vec<Vec<usize>> = Vec::new();
    let mut gap = Vec::new();
    let mut at = start;
    while taken.len() < symbols.len() {
        at += 1;
        let cell = cells.get(at)?;
        let j = taken.len() - 1;
        if pattern.equal(cell, &symbols[j + 1]) {
            taken.push(vec![at]);
            gaps.push(std::mem::take(&mut gap));
        } else if repeats
            && gap.is_empty()
            && can_repeat(symbols[j].symbol)
            && pattern.equal(cell, &symbols[j])
        {
            taken[j].push(at);
        } else if is_gap(cell.symbol) {
            gap.push(at);
        } else {
            return None;
        }
    }

    let spelled_out = allowed_gaps(pattern, cells, &gaps, limits)?;
    // The text of the junctions next to the edges, and how many pieces the gaps make of the term.
    let pieces = 1 + gaps.iter().filter(|gap| !gap.is_empty()).count();
    let last_taken = |j: usize| taken[j].last().map_or(0, |cell| cells[*cell].cluster);
    let junction = |j: usize| reading.between(last_taken(j), cells[taken[j + 1][0]].cluster);
    let (first_gap, last_gap) = if symbols.len() > 1 {
        (junction(0), junction(symbols.len() - 2))
    } else {
        (String::new(), String::new())
    };
    let left = Edge::new(pattern, reading, cells[start].cluster, Side::Left);
    if left.is_refused() {
        return None;
    }
    let last = symbols.len() - 1;
    loop {
        let right = Edge::new(pattern, reading, cells[at].cluster, Side::Right);
        let turkic = pattern.turkic
            && pattern.word.is_none()
            && reading.clusters[cells[start].cluster..=cells[at].cluster]
                .iter()
                .any(|cluster| cluster.text.nfc().any(tables::is_turkic));
        if cells[at].last && (turkic || !right.is_refused()) {
            if spelled_out
                && (left.in_longer_row(&first_gap, pieces, limits)
                    || right.in_longer_row(&last_gap, pieces, limits))
            {
                return None;
            }
            break;
        }
        at += 1;
        let cell = cells.get(at)?;
        if !(repeats && can_repeat(symbols[last].symbol) && pattern.equal(cell, &symbols[last])) {
            return None;
        }
        taken[last].push(at);
    }
    looks_stretched(pattern, &taken).then_some(at)
}

/// Whether the gaps are allowed, and if so, whether the term is spelled out.
fn allowed_gaps(
    pattern: &Pattern,
    cells: &[Cell],
    gaps: &[Vec<usize>],
    limits: &Limits,
) -> Option<bool> {
    let mut hard = 0;
    let mut noisy = 0;
    for (gap, junction) in gaps.iter().zip(&pattern.junctions) {
        if gap.len() > limits.gap {
            return None;
        }
        let gap: Vec<char> = gap.iter().map(|cell| cells[*cell].symbol).collect();
        let only_space = gap.iter().all(|c| is_space(*c));
        let only_joiners = gap.iter().all(|c| is_space(*c) || is_joiner(*c));
        let own = junction.soft && gap == junction.own;
        let free = gap.is_empty() || own || (junction.soft && only_space);
        let mild = pattern.has(Variant::Gaps) && junction.soft && only_joiners;
        if !free && !mild {
            hard += 1;
            let has_noise = gap.iter().any(|c| tables::class(*c) == Class::Noise);
            let has_space = gap.iter().any(|c| is_space(*c));
            if has_noise && !has_space {
                noisy += 1;
            }
        }
    }
    if hard > 0 && !pattern.has(Variant::Gaps) {
        return None;
    }
    let spelled_out = hard > 0
        && gaps.iter().filter(|gap| !gap.is_empty()).count() >= 2
        && pattern.symbols.iter().all(|cell| is_word(cell.symbol))
        && gaps
            .iter()
            .zip(&pattern.junctions)
            .all(|(gap, junction)| junction.soft || junction.inside || !gap.is_empty());
    (hard == 0 || hard == noisy || spelled_out).then_some(spelled_out)
}

/// Whether what was absorbed, if anything, looks like a disguise.
fn looks_stretched(pattern: &Pattern, taken: &[Vec<usize>]) -> bool {
    // Runs: equal neighbours taken together.
    struct Run {
        symbol: char,
        cells: Vec<usize>,
        stretched: bool,
        /// Its last symbol, by its place in the term.
        at: usize,
    }
    let mut runs: Vec<Run> = Vec::new();
    for (at, (cell, taken)) in pattern.symbols.iter().zip(taken).enumerate() {
        let stretched = taken.len() > 1;
        match runs.last_mut() {
            Some(run) if run.symbol == cell.symbol => {
                run.cells.extend(taken);
                run.stretched |= stretched;
                run.at = at;
            }
            _ => runs.push(Run {
                symbol: cell.symbol,
                cells: taken.clone(),
                stretched,
                at,
            }),
        }
    }
    runs.retain(|run| run.stretched);
    let three_in_a_row = |run: &Run| {
        run.cells
            .windows(3)
            .any(|three| three[0] + 1 == three[1] && three[1] + 1 == three[2])
    };
    let unbounded = |run: &Run| {
        let unspaced = matches!(
            tables::script(run.symbol),
            Script::Han | Script::Kana | Script::Unspaced
        );
        unspaced && pattern.symbols.len() >= 4
    };
    // Doubled where no ordinary word is.
    let undoubled_there = |run: &Run| {
        let n = pattern.symbols.len();
        match tables::script(run.symbol) {
            Script::Han => n == 3 && !han::is_word(run.symbol, run.symbol),
            Script::Kana | Script::Unspaced => false,
            Script::Latin | Script::Cyrillic | Script::Greek => {
                let spelled: String = pattern
                    .symbols
                    .iter()
                    .enumerate()
                    .flat_map(|(at, cell)| {
                        let doubled = at == run.at;
                        std::iter::repeat_n(
                            tables::case_fold(cell.symbol),
                            1 + usize::from(doubled),
                        )
                    })
                    .collect();
                n >= 5 && !signs::is_doubled(spelled.chars())
            }
            _ => n >= 4,
        }
    };
    let undoubled = |run: &Run| "ahijkquvwxy".contains(tables::case_fold(run.symbol));
    runs.is_empty()
        || runs.len() >= 2
        || runs.iter().any(|run| {
            three_in_a_row(run) || unbounded(run) || undoubled(run) || undoubled_there(run)
        })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// One edge of a hit.
#[derive(Debug)]
pub(super) struct Edge<'a> {
    bound: bool,
    side: Side,
    reading: &'a Reading,
    /// The cluster at the edge.
    cluster: usize,
    /// The clusters outside, the nearest first, without those that are read to nothing.
    outside: Vec<usize>,
}

impl<'a> Edge<'a> {
    pub(super) fn new(pattern: &Pattern, reading: &'a Reading, cluster: usize, side: Side) -> Self {
        let clusters = &reading.clusters;
        let mut outside: Vec<usize> = match side {
            Side::Left => (0..cluster).rev().collect(),
            Side::Right => (cluster + 1..clusters.len()).collect(),
        };
        outside.retain(|at| !clusters[*at].plain.is_empty());
        let of_term = match side {
            Side::Left => pattern.symbols.first(),
            Side::Right => pattern.symbols.last(),
        };
        Self {
            bound: of_term.is_some_and(|cell| is_bound(pattern, cell.symbol, side)),
            side,
            reading,
            cluster,
            outside,
        }
    }

    fn plain(&self, cluster: usize) -> &'a [char] {
        &self.reading.clusters[cluster].plain
    }

    /// The text's symbol at the edge.
    fn symbol(&self) -> Option<char> {
        match self.side {
            Side::Left => self.plain(self.cluster).first().copied(),
            Side::Right => self.plain(self.cluster).last().copied(),
        }
    }

    /// The symbol of an outside cluster that is nearest to the hit.
    fn nearest(&self, outside: usize) -> Option<char> {
        match self.side {
            Side::Left => self.plain(outside).last().copied(),
            Side::Right => self.plain(outside).first().copied(),
        }
    }

    /// Whether the outside cluster, if there is one, goes on with what is at `of`, of that symbol.
    fn binds(&self, of: usize, symbol: Option<char>, outside: Option<&usize>) -> bool {
        outside.is_some_and(|outside| {
            let emblem = |at: usize| is_emblem(&self.reading.clusters[at]);
            let both = symbol.zip(self.nearest(*outside));
            both.is_some_and(|(a, b)| symbols_bind(a, b)) && emblem(of) == emblem(*outside)
        })
    }

    /// The symbol of the nearest cluster outside.
    pub(super) fn neighbour(&self) -> Option<char> {
        self.outside
            .first()
            .and_then(|outside| self.nearest(*outside))
    }

    /// Whether the border refuses the hit.
    pub(super) fn is_refused(&self) -> bool {
        let goes_on = |outside| self.binds(self.cluster, self.symbol(), outside);
        if !self.bound || !goes_on(self.outside.first()) {
            return false;
        }
        let arabic = self.symbol().map(tables::script) == Some(Script::Arabic);
        let bound = self
            .outside
            .iter()
            .take_while(|outside| goes_on(Some(outside)));
        let before: Vec<&[char]> = bound.map(|outside| self.plain(*outside)).collect();
        let single = before.iter().all(|symbols| symbols.len() == 1);
        let steps_over = self.side == Side::Left
            && arabic
            && single
            && before.len() <= tables::PREFIX
            && tables::is_prefix(&before.concat());
        !steps_over
    }

    /// Whether a spelled-out hit goes on beyond this edge: the same gap again, and another single letter.
    fn in_longer_row(&self, inner_gap: &str, pieces: usize, limits: &Limits) -> bool {
        let gap = self
            .outside
            .iter()
            .take_while(|cluster| self.plain(**cluster).iter().all(|c| is_gap(*c)))
            .count();
        let Some(&beyond) = self.outside.get(gap) else {
            return false;
        };
        let single = match self.plain(beyond) {
            [symbol] if is_word(*symbol) => *symbol,
            _ => return false,
        };
        let outer_gap = match self.side {
            Side::Left => self.reading.between(beyond, self.cluster),
            Side::Right => self.reading.between(self.cluster, beyond),
        };
        self.bound
            && (1..=limits.gap).contains(&gap)
            && outer_gap == inner_gap
            && !(pieces >= 4
                && is_one_letter_word(single)
                && outer_gap.contains(char::is_whitespace))
            && self.binds(self.cluster, self.symbol(), Some(&beyond))
            && !self.binds(beyond, Some(single), self.outside.get(gap + 1))
    }
}

/// Whether a cluster is a letter only by its compatibility form: a flag, a circled letter, ™.
fn is_emblem(cluster: &Cluster) -> bool {
    cluster
        .text
        .nfc()
        .next()
        .is_some_and(|c| tables::class(c) == Class::Letter && tables::script(c) == Script::Common)
}

/// Whether ordinary prose has words of this letter alone.
fn is_one_letter_word(letter: char) -> bool {
    tables::script(letter) == Script::Hangul || "aiавикосуяو".contains(tables::case_fold(letter))
}

/// Whether two neighbours are of one word or number.
pub(super) fn symbols_bind(a: char, b: char) -> bool {
    let both_digits = is_digit(a) && is_digit(b);
    let one_script = tables::script(a) == tables::script(b) && tables::script(a) != Script::Common;
    both_digits || one_script
}

/// Whether an edge of the term must stand on a border.
fn is_bound(pattern: &Pattern, symbol: char, side: Side) -> bool {
    if is_gap(symbol) {
        return false;
    }
    pattern.word.unwrap_or_else(|| {
        let script = tables::script(symbol);
        let open = side == Side::Right && script == Script::Hangul;
        !open && (is_digit(symbol) || script.bounds_words())
    })
}

fn is_space(c: char) -> bool {
    tables::class(c) == Class::Space
}

fn is_joiner(c: char) -> bool {
    tables::class(c) == Class::Joiner
}

/// Prose; joiners are prose.
fn is_prose(c: char) -> bool {
    matches!(tables::class(c), Class::Prose | Class::Joiner)
}

fn is_digit(c: char) -> bool {
    tables::class(c) == Class::Digit
}

/// A letter, but no whole Hangul syllable.
fn can_repeat(c: char) -> bool {
    tables::class(c) == Class::Letter && !('가'..='힣').contains(&c)
}
