//! The walk (`src/ARCHITECTURE.md`, 3): whether a term stands in a text, from one cluster on.

use unicode_normalization::UnicodeNormalization;

use crate::text::fold::{BARE, Folder, Symbol};
use crate::text::reading::{Cluster, Reading};
use crate::text::tables::{self, Class, Script, han, signs};
use crate::text::term::{TermReading, TermSymbol, is_word};
use crate::variant::{Variant, Variants};

/// A text under one reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'a> {
    /// The text that is read: the decoded one, if it is a decoded reading.
    pub(super) text: &'a str,
    pub(super) clusters: &'a [Cluster],
    /// Whether look-alikes that could be an i or an l are read as an l.
    pub(super) as_l: bool,
}

impl<'a> Ground<'a> {
    pub(super) fn new(text: &'a str, reading: &'a Reading, as_l: bool) -> Self {
        Self {
            text,
            clusters: reading.clusters(),
            as_l,
        }
    }

    /// Whether `cell`, of cluster `at`, counts as `symbol`.
    pub(super) fn equal(&self, at: usize, cell: &Symbol, symbol: &TermSymbol, looks: bool) -> bool {
        if cell.plain == symbol.plain {
            return true;
        }
        if !looks {
            return false;
        }
        let eligible = self.eligible(at, cell);
        let look = if eligible && cell.or_l && self.as_l {
            'l'
        } else {
            cell.look
        };
        (eligible || symbol.eligible) && look == symbol.look
    }

    /// Whether two symbols, each with its cluster, belong to one word or number. Emblems (a flag, a circled letter, ™) belong to no word of
    /// plain letters, nor do these to a row of emblems.
    fn bind(&self, a: (usize, char), b: (usize, char)) -> bool {
        binds(a.1, b.1) && self.is_emblem(a.0) == self.is_emblem(b.0)
    }

    /// The text between two clusters.
    fn between(&self, (before, after): (usize, usize)) -> &'a str {
        let (from, to) = (self.clusters[before].end, self.clusters[after].start);
        self.text
            .get(from as usize..to as usize)
            .unwrap_or_default()
    }

    /// Whether a cluster is a letter or digit only by its compatibility form.
    fn is_emblem(&self, at: usize) -> bool {
        let mut chars = self.cluster(at).nfc();
        chars.next().is_some_and(|c| {
            tables::class(c) == Class::Letter && tables::script(c) == Script::Common
        })
    }

    pub(super) fn eligible(&self, at: usize, cell: &Symbol) -> bool {
        self.clusters[at].eligible || cell.latin_look
    }

    pub(super) fn cluster(&self, at: usize) -> &'a str {
        let cluster = &self.clusters[at];
        &self.text[cluster.start as usize..cluster.end as usize]
    }
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sought<'a> {
    pub(super) reading: &'a TermReading,
    pub(super) word: Option<bool>,
    pub(super) turkic: bool,
    /// `Limits::gap`.
    pub(super) gap: usize,
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The term stands there, up to this cluster.
    Found(usize),
    /// It does not; why.
    Missed(Miss),
}

/// Why a walk failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "kebab-case")
)]
pub enum Miss {
    /// A character that the term does not have there.
    Letter,
    /// A gap of ordinary prose, or one that is too long, or any gap where `gaps` is off.
    Gap,
    /// A letter doubled as ordinary words double it.
    Stretch,
    /// The left edge is inside a word.
    LeftBorder,
    /// The right edge is inside a word.
    RightBorder,
    /// The match would begin or end inside a grapheme.
    Grapheme,
}

/// Scratch of walks.
#[derive(Debug, Default)]
pub(super) struct Walker {
    folder: Folder,
    cells: Vec<Symbol>,
    edge: Vec<Symbol>,
    /// The cluster that the last walk looked at last, and how many symbols it had matched before. For explanations.
    pub(super) reached: (usize, usize),
    /// Steps taken since this was last set to zero: one for each cluster looked at, and for each 16 bytes of it.
    pub(super) steps: u64,
}

impl Walker {
    /// Walks from the first cell of cluster `start`. The caller has looked at the left border.
    pub(super) fn walk(
        &mut self,
        ground: &Ground<'_>,
        sought: &Sought<'_>,
        start: usize,
    ) -> Outcome {
        let mut cells = std::mem::take(&mut self.cells);
        let outcome = self.walk_cells(ground, sought, start, &mut cells);
        self.cells = cells;
        outcome
    }

    fn walk_cells(
        &mut self,
        ground: &Ground<'_>,
        sought: &Sought<'_>,
        start: usize,
        cells: &mut Vec<Symbol>,
    ) -> Outcome {
        let symbols = &sought.reading.symbols;
        let variants = sought.reading.variants;
        let repeats = variants.contains(Variant::Repeats);
        let looks = variants.contains(Variant::Confusables);
        let mut progress = Progress::new(sought.reading);
        let mut matched = 0;
        let mut refused = Miss::Grapheme;
        for at in start..ground.clusters.len() {
            cells.clear();
            self.look(ground, at);
            self.reached = (at, matched);
            self.folder.fold(ground.cluster(at), variants, cells);
            for (nth, cell) in cells.iter().enumerate() {
                let equals = |symbol: &TermSymbol| ground.equal(at, cell, symbol, looks);
                if let Some(next) = symbols.get(matched)
                    && equals(next)
                {
                    let before = matched.checked_sub(1).map(|before| &symbols[before]);
                    if !progress.matched(before, next, at) {
                        return Outcome::Missed(Miss::Gap);
                    }
                    matched += 1;
                } else if matched == 0 {
                    return Outcome::Missed(Miss::Letter);
                } else if repeats
                    && progress.adjacent
                    && symbols[matched - 1].can_repeat()
                    && equals(&symbols[matched - 1])
                {
                    progress.absorbed(at);
                } else if matched == symbols.len() {
                    return Outcome::Missed(refused);
                } else {
                    let class = tables::class(cell.plain);
                    if is_word(class) {
                        return Outcome::Missed(Miss::Letter);
                    }
                    progress.skipped(class, cell.plain, &symbols[matched - 1]);
                    if progress.gap.cells > sought.gap {
                        return Outcome::Missed(Miss::Gap);
                    }
                    continue;
                }
                if matched == symbols.len() && nth + 1 == cells.len() {
                    if self.right_border(ground, sought, start, at) {
                        return self.finish(ground, sought, start, at, progress);
                    }
                    refused = Miss::RightBorder;
                }
            }
            if matched == 0 {
                return Outcome::Missed(Miss::Letter);
            }
        }
        Outcome::Missed(if matched == symbols.len() {
            refused
        } else {
            Miss::Letter
        })
    }

    /// What can be said only once the whole term is matched.
    fn finish(
        &mut self,
        ground: &Ground<'_>,
        sought: &Sought<'_>,
        start: usize,
        end: usize,
        progress: Progress<'_>,
    ) -> Outcome {
        let symbols = &sought.reading.symbols;
        let spelled = match progress.gaps(symbols) {
            Ok(spelled) => spelled,
            Err(miss) => return Outcome::Missed(miss),
        };
        if !progress.stretches_allowed() {
            return Outcome::Missed(Miss::Stretch);
        }
        if let Some(row) = spelled {
            if sought.bound(Side::Left) && self.row_goes_on(ground, sought, start, Side::Left, &row)
            {
                return Outcome::Missed(Miss::LeftBorder);
            }
            if sought.bound(Side::Right) && self.row_goes_on(ground, sought, end, Side::Right, &row)
            {
                return Outcome::Missed(Miss::RightBorder);
            }
        }
        Outcome::Found(end)
    }

    /// Whether the left edge may stand at the start of cluster `start`.
    pub(super) fn left_border(
        &mut self,
        ground: &Ground<'_>,
        sought: &Sought<'_>,
        start: usize,
    ) -> bool {
        if !sought.bound(Side::Left) {
            return true;
        }
        let Some(edge) = self.nearest(ground, start, Side::Right) else {
            return true;
        };
        let Some((neighbour, at)) = self.neighbour(ground, start, Side::Left) else {
            return true;
        };
        if !ground.bind((start, edge), (at, neighbour)) {
            return true;
        }
        tables::script(edge) == Script::Arabic
            && self.follows_prefix(ground, (start, edge), (at, neighbour))
    }

    /// Whether what stands before an Arabic edge, `nearest` first, is what is written together with a word, up to one that does not bind.
    fn follows_prefix(
        &mut self,
        ground: &Ground<'_>,
        edge: (usize, char),
        nearest: (usize, char),
    ) -> bool {
        let (mut at, mut letter) = nearest;
        let mut before = ['\0'; tables::PREFIX];
        for place in 0..before.len() {
            if self.edge.len() != 1 {
                return false;
            }
            before[place] = letter;
            let next = self.neighbour(ground, at, Side::Left);
            match next.filter(|(next, at)| ground.bind(edge, (*at, *next))) {
                None => return tables::is_prefix(&before[..=place]),
                Some(next) => (letter, at) = next,
            }
        }
        false
    }

    /// The nearest cluster before `start` that has cells, if the term's first symbol can absorb up to `start` from there.
    pub(super) fn absorbable_before(
        &mut self,
        ground: &Ground<'_>,
        sought: &Sought<'_>,
        start: usize,
    ) -> Option<usize> {
        let variants = sought.reading.variants;
        let first = sought.reading.symbols.first()?;
        if !variants.contains(Variant::Repeats) || !first.can_repeat() {
            return None;
        }
        for at in (0..start).rev() {
            self.cells.clear();
            self.look(ground, at);
            self.folder
                .fold(ground.cluster(at), variants, &mut self.cells);
            if self.cells.is_empty() {
                continue;
            }
            let looks = variants.contains(Variant::Confusables);
            let all = self
                .cells
                .iter()
                .all(|cell| ground.equal(at, cell, first, looks));
            return all.then_some(at);
        }
        None
    }

    /// Whether cluster `at` is read to nothing under the term's variants.
    pub(super) fn is_empty(&mut self, ground: &Ground<'_>, sought: &Sought<'_>, at: usize) -> bool {
        self.cells.clear();
        self.look(ground, at);
        let variants = sought.reading.variants;
        self.folder
            .fold(ground.cluster(at), variants, &mut self.cells);
        self.cells.is_empty()
    }

    /// Whether clusters `start..=end` hold an eligible letter that could be an i or an l.
    pub(super) fn holds_or_l(
        &mut self,
        ground: &Ground<'_>,
        variants: Variants,
        (start, end): (usize, usize),
    ) -> bool {
        variants.contains(Variant::Confusables)
            && (start..=end).any(|at| {
                self.cells.clear();
                self.folder
                    .fold(ground.cluster(at), variants, &mut self.cells);
                self.cells
                    .iter()
                    .any(|cell| cell.or_l && ground.eligible(at, cell))
            })
    }

    /// Counts a look at cluster `at`. A cluster may be as long as the text: a letter with thousands of marks.
    fn look(&mut self, ground: &Ground<'_>, at: usize) {
        self.steps += 1 + (ground.cluster(at).len() as u64 >> 4);
    }

    pub(super) fn right_border(
        &mut self,
        ground: &Ground<'_>,
        sought: &Sought<'_>,
        start: usize,
        end: usize,
    ) -> bool {
        if !sought.bound(Side::Right) {
            return true;
        }
        let Some(edge) = self.nearest(ground, end, Side::Left) else {
            return true;
        };
        self.neighbour(ground, end, Side::Right)
            .is_none_or(|(neighbour, at)| !ground.bind((end, edge), (at, neighbour)))
            || (sought.turkic
                && sought.word.is_none()
                && (start..=end).any(|at| ground.cluster(at).nfc().any(tables::is_turkic)))
    }

    /// Whether a spelled-out hit is part of a longer row on that side: the same gap again, and another single letter.
    fn row_goes_on(
        &mut self,
        ground: &Ground<'_>,
        sought: &Sought<'_>,
        edge_at: usize,
        side: Side,
        row: &Row,
    ) -> bool {
        let Some(edge) = self.nearest(ground, edge_at, side.other()) else {
            return false;
        };
        let mut at = edge_at;
        for gap in 0..=sought.gap {
            let Some((nearest, cluster)) = self.neighbour(ground, at, side) else {
                return false;
            };
            let is_word = self
                .edge
                .iter()
                .any(|symbol| is_word(tables::class(symbol.plain)));
            if !is_word {
                at = cluster;
                continue;
            }
            let single = self.edge.len() == 1;
            let (outer, inner) = match side {
                Side::Left => ((cluster, edge_at), row.first),
                Side::Right => ((edge_at, cluster), row.last),
            };
            return gap > 0
                && single
                && ground.between(outer) == ground.between(inner)
                && !(row.pieces >= 4
                    && is_one_letter_word(nearest)
                    && ground.between(outer).contains(char::is_whitespace))
                && ground.bind((edge_at, edge), (cluster, nearest))
                && self
                    .neighbour(ground, cluster, side)
                    .is_none_or(|(beyond, at)| !ground.bind((cluster, nearest), (at, beyond)));
        }
        false
    }

    /// The nearest symbol beyond cluster `at` on that side, and its cluster; clusters that are read to nothing are passed over.
    pub(super) fn neighbour(
        &mut self,
        ground: &Ground<'_>,
        at: usize,
        side: Side,
    ) -> Option<(char, usize)> {
        let mut at = at;
        loop {
            at = match side {
                Side::Left => at.checked_sub(1)?,
                Side::Right => at + 1,
            };
            if at >= ground.clusters.len() {
                return None;
            }
            if let Some(symbol) = self.nearest(ground, at, side) {
                return Some((symbol, at));
            }
        }
    }

    /// The first symbol of cluster `at` if `side` is right of it, its last if left; under the variants of borders.
    fn nearest(&mut self, ground: &Ground<'_>, at: usize, side: Side) -> Option<char> {
        self.edge.clear();
        self.look(ground, at);
        self.folder.fold(ground.cluster(at), BARE, &mut self.edge);
        let symbol = match side {
            Side::Right => self.edge.first(),
            Side::Left => self.edge.last(),
        };
        symbol.map(|symbol| symbol.plain)
    }
}

/// A side of a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

impl Sought<'_> {
    /// Whether the edge on that side must stand on a word border.
    fn bound(&self, side: Side) -> bool {
        match side {
            Side::Left => self.reading.bound_left(self.word),
            Side::Right => self.reading.bound_right(self.word),
        }
    }
}

/// Whether `neighbour` goes on with the word or number that `edge` belongs to.
pub(super) fn binds(edge: char, neighbour: char) -> bool {
    match tables::class(edge) {
        Class::Digit => tables::class(neighbour) == Class::Digit,
        Class::Letter => {
            let script = tables::script(edge);
            script != Script::Common && script == tables::script(neighbour)
        }
        _ => false,
    }
}

/// The gaps and stretched runs of a walk so far.
#[derive(Debug)]
struct Progress<'a> {
    term: &'a TermReading,
    gap: Gap,
    matched: usize,
    /// The cluster matched or absorbed last.
    taken: usize,
    row: Row,
    any_hard: bool,
    all_noisy: bool,
    all_junctions: bool,
    /// Whether the last cell was matched or absorbed.
    adjacent: bool,
    run: Run<'a>,
    stretched_runs: usize,
    disguise: bool,
}

/// The junctions of a walk that are next to its edges, as the clusters on both sides, and how many pieces its gaps make of the term.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    first: (usize, usize),
    last: (usize, usize),
    pieces: usize,
}

/// Whether ordinary prose has words of this letter alone.
fn is_one_letter_word(letter: char) -> bool {
    tables::script(letter) == Script::Hangul
        || matches!(
            tables::case_fold(letter),
            'a' | 'i' | 'а' | 'в' | 'и' | 'к' | 'о' | 'с' | 'у' | 'я' | 'و'
        )
}

/// What stands between two matched symbols.
#[derive(Debug, Default)]
struct Gap {
    cells: usize,
    space: bool,
    joiner: bool,
    prose: bool,
    noise: bool,
    /// Something stands there that the term does not have there.
    foreign: bool,
}

/// Cells of equal neighbours of the term.
#[derive(Debug, Default)]
struct Run<'a> {
    symbol: Option<&'a TermSymbol>,
    direct: usize,
    longest: usize,
    stretched: bool,
    /// Its last symbol, by its place in the term.
    last: usize,
}

impl<'a> Progress<'a> {
    fn new(term: &'a TermReading) -> Self {
        Self {
            term,
            gap: Gap::default(),
            matched: 0,
            taken: 0,
            row: Row {
                pieces: 1,
                ..Row::default()
            },
            any_hard: false,
            all_noisy: true,
            all_junctions: true,
            adjacent: false,
            run: Run::default(),
            stretched_runs: 0,
            disguise: false,
        }
    }

    /// A symbol is matched, after `before`; whether the gap between them may stand at all.
    fn matched(&mut self, before: Option<&TermSymbol>, symbol: &'a TermSymbol, at: usize) -> bool {
        if let Some(before) = before {
            if !self.close_gap(before) {
                return false;
            }
            self.row.last = (self.taken, at);
            if self.matched == 1 {
                self.row.first = self.row.last;
            }
        }
        self.matched += 1;
        self.taken = at;
        let same = self
            .run
            .symbol
            .is_some_and(|last| last.plain == symbol.plain);
        if same {
            self.run.direct = if self.adjacent {
                self.run.direct + 1
            } else {
                1
            };
            self.run.longest = self.run.longest.max(self.run.direct);
            self.run.last = self.matched - 1;
        } else {
            self.close_run();
            self.run = Run {
                symbol: Some(symbol),
                direct: 1,
                longest: 1,
                stretched: false,
                last: self.matched - 1,
            };
        }
        self.adjacent = true;
        true
    }

    fn absorbed(&mut self, at: usize) {
        self.taken = at;
        self.run.direct += 1;
        self.run.longest = self.run.longest.max(self.run.direct);
        self.run.stretched = true;
    }

    fn skipped(&mut self, class: Class, symbol: char, before: &TermSymbol) {
        self.adjacent = false;
        self.gap.foreign |= self.term.between(before).get(self.gap.cells) != Some(&symbol);
        self.gap.cells += 1;
        match class {
            Class::Space => self.gap.space = true,
            Class::Joiner => self.gap.joiner = true,
            Class::Prose => self.gap.prose = true,
            Class::Noise | Class::Letter | Class::Digit => self.gap.noise = true,
        }
    }

    fn close_gap(&mut self, before: &TermSymbol) -> bool {
        let gap = std::mem::take(&mut self.gap);
        if gap.cells == 0 {
            self.all_junctions &= before.soft() || before.inside;
            return true;
        }
        self.row.pieces += 1;
        let gaps_allowed = self.term.variants.contains(Variant::Gaps);
        let own = !gap.foreign && gap.cells == self.term.between(before).len();
        let mild = before.soft() && !gap.prose && !gap.noise;
        let free = own || (mild && !gap.joiner);
        if free || (mild && gaps_allowed) {
            return true;
        }
        self.any_hard = true;
        self.all_noisy &= gap.noise && !gap.space;
        gaps_allowed
    }

    /// The row that the term is spelled out as, or nothing if no gap needs that; or whether the gaps may not stand.
    fn gaps(&self, symbols: &[TermSymbol]) -> Result<Option<Row>, Miss> {
        if !self.any_hard {
            return Ok(None);
        }
        let spelled =
            self.row.pieces >= 3 && self.all_junctions && symbols.iter().all(TermSymbol::is_word);
        if spelled {
            return Ok(Some(self.row));
        }
        if self.all_noisy {
            Ok(None)
        } else {
            Err(Miss::Gap)
        }
    }

    fn close_run(&mut self) {
        if !self.run.stretched {
            return;
        }
        self.stretched_runs += 1;
        let Some(symbol) = self.run.symbol else {
            return;
        };
        self.disguise |= self.run.longest >= 3
            || (self.term.symbols.len() >= 4 && tables::script(symbol.plain).is_unspaced())
            || matches!(
                tables::case_fold(symbol.plain),
                'a' | 'h' | 'i' | 'j' | 'k' | 'q' | 'u' | 'v' | 'w' | 'x' | 'y'
            )
            || self.is_undoubled(symbol.plain);
    }

    /// Whether no ordinary word has the symbol of the run doubled there.
    fn is_undoubled(&self, symbol: char) -> bool {
        let symbols = &self.term.symbols;
        match tables::script(symbol) {
            Script::Han => symbols.len() == 3 && !han::is_word(symbol, symbol),
            Script::Kana | Script::Unspaced => false,
            Script::Latin | Script::Cyrillic | Script::Greek => {
                let spelled = symbols.iter().enumerate().flat_map(|(at, of_term)| {
                    let count = 1 + usize::from(at == self.run.last);
                    std::iter::repeat_n(tables::case_fold(of_term.plain), count)
                });
                symbols.len() >= 5 && !signs::is_doubled(spelled)
            }
            _ => symbols.len() >= 4,
        }
    }

    fn stretches_allowed(mut self) -> bool {
        self.close_run();
        self.stretched_runs == 0 || self.stretched_runs >= 2 || self.disguise
    }
}

/// Whether the walk under `variants` from cluster `start` succeeds and ends with cluster `end`.
pub(super) fn explains(
    walker: &mut Walker,
    ground: &Ground<'_>,
    sought: &Sought<'_>,
    text: &str,
    variants: Variants,
    (start, end): (usize, usize),
) -> bool {
    let reading = TermReading::new(text, variants);
    if reading.symbols.is_empty() {
        return false;
    }
    let sought = Sought {
        reading: &reading,
        ..*sought
    };
    walker.left_border(ground, &sought, start)
        && walker.walk(ground, &sought, start) == Outcome::Found(end)
}
