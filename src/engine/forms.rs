//! Terms written otherwise (`src/ARCHITECTURE.md`, 3b): the walk that tries every way in which each symbol may be written.

use crate::text::fold::{Folder, Symbol};
use crate::text::tables::{self, Class, Script, han, signs};
use crate::text::term::{TermSymbol, is_word};
use crate::variant::{Variant, Variants};

use super::walk::{Ground, Side, Sought, Walker};

/// Which reading is walked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    #[default]
    Raw,
    Reversed,
    Transport,
}

impl Kind {
    /// The variant that a term must have to be looked for in this reading.
    pub(super) const fn variant(self) -> Option<Variant> {
        match self {
            Self::Raw => None,
            Self::Reversed => Some(Variant::Reversed),
            Self::Transport => Some(Variant::Transport),
        }
    }
}

/// A text to walk on, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) ground: Ground<'a>,
    pub(super) kind: Kind,
    /// Whether it holds a Han character.
    pub(super) han: bool,
    /// How many ways one walk may try: `Limits::forms`, or what is left of the steps.
    pub(super) tries: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Plain,
    Leet,
    Digits,
    Pinyin,
    Initial,
    Homophone,
    Split,
    Shape,
    Turned,
}

impl How {
    const fn variant(self) -> Option<Variant> {
        Some(match self {
            Self::Plain => return None,
            Self::Leet => Variant::Leet,
            Self::Digits => Variant::Digits,
            Self::Pinyin | Self::Initial => Variant::Pinyin,
            Self::Homophone => Variant::Homophone,
            Self::Split => Variant::Split,
            Self::Shape => Variant::Shape,
            Self::Turned => Variant::Turned,
        })
    }
}

/// A symbol of the term, found in cells `from..to`.
#[derive(Clone, Copy, Debug)]
struct Step {
    how: How,
    from: usize,
    to: usize,
    filled: bool,
    toned: bool,
    signs: bool,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    symbol: Symbol,
    cluster: usize,
    last: bool,
}

/// Scratch of these walks.
#[derive(Debug, Default)]
pub(super) struct FormWalker {
    folder: Folder,
    symbols: Vec<Symbol>,
    /// Those of the clusters from `anchor` on, as far as walks have looked.
    cells: Vec<Cell>,
    /// For each of these clusters, how many cells stand before it.
    starts: Vec<u32>,
    anchor: usize,
    steps: Vec<Step>,
    forms: Vec<Step>,
    tries: usize,
    /// Steps in the sense of `Limits`, since this was last set to zero.
    pub(super) spent: u64,
}

impl FormWalker {
    /// Begins with another text, or with terms under other variants. Walks start at `from` or after it.
    pub(super) fn begin(&mut self, from: usize) {
        self.cells.clear();
        self.starts.clear();
        self.anchor = from;
    }

    /// Begins with a walk from cluster `start` alone: as much is read before it as may be of one word with it.
    pub(super) fn begin_at(&mut self, field: &Field<'_>, variants: Variants, start: usize) {
        let mut from = start;
        let mut before = 0;
        while before < 3 && from > 0 {
            from -= 1;
            before += self.fold(field, variants, from);
        }
        self.begin(from);
    }

    /// The walk from cluster `start`: its last cluster and the variants that it used. All walks since [`Self::begin`] are under the same
    /// variants.
    pub(super) fn walk(
        &mut self,
        walker: &mut Walker,
        field: &Field<'_>,
        sought: &Sought<'_>,
        start: usize,
    ) -> Option<(usize, Variants)> {
        self.steps.clear();
        self.forms.clear();
        self.tries = 0;
        while self.anchor + self.starts.len() <= start {
            self.read(field, sought);
        }
        let from = self.starts[start - self.anchor] as usize;
        // A cluster that is read to nothing begins no walk.
        if self.cell(field, sought, from)?.cluster != start {
            return None;
        }
        let found = self.from(walker, field, sought, from);
        self.spent += self.tries as u64;
        found
    }

    /// Folds a cluster into `symbols`; how many there are.
    fn fold(&mut self, field: &Field<'_>, variants: Variants, cluster: usize) -> usize {
        let text = field.ground.cluster(cluster);
        self.symbols.clear();
        self.spent += 1 + (text.len() as u64 >> 4);
        self.folder.fold(text, variants, &mut self.symbols);
        self.symbols.len()
    }

    /// Adds the cells of the next cluster.
    fn read(&mut self, field: &Field<'_>, sought: &Sought<'_>) {
        let cluster = self.anchor + self.starts.len();
        self.starts.push(self.cells.len() as u32);
        let count = self.fold(field, sought.reading.variants, cluster);
        self.cells
            .extend(self.symbols.iter().enumerate().map(|(nth, symbol)| Cell {
                symbol: *symbol,
                cluster,
                last: nth + 1 == count,
            }));
    }

    fn cell(&mut self, field: &Field<'_>, sought: &Sought<'_>, at: usize) -> Option<Cell> {
        while self.cells.len() <= at {
            if self.anchor + self.starts.len() >= field.ground.clusters.len() {
                return None;
            }
            self.read(field, sought);
        }
        self.cells.get(at).copied()
    }

    fn from(
        &mut self,
        walker: &mut Walker,
        field: &Field<'_>,
        sought: &Sought<'_>,
        from: usize,
    ) -> Option<(usize, Variants)> {
        let first = self.steps.is_empty();
        let mut at = from;
        while self.may_follow(sought) {
            self.tries += 1;
            if self.tries > field.tries {
                return None;
            }
            let mark = self.forms.len();
            self.forms_at(field, sought, at);
            for nth in mark..self.forms.len() {
                let step = self.forms[nth];
                if let Some(found) = self.take(walker, field, sought, step) {
                    return Some(found);
                }
            }
            self.forms.truncate(mark);
            let cell = self.cell(field, sought, at);
            let gap = cell.is_some_and(|cell| !is_word(tables::class(cell.symbol.plain)));
            if first || !gap || at - from >= sought.gap {
                break;
            }
            at += 1;
        }
        if !self.may_be_filled(sought) || field.kind != Kind::Raw {
            return None;
        }
        for length in 1..=3 {
            self.tries += 1;
            let at = from + length;
            if self.tries > field.tries {
                return None;
            }
            let cell = self.cell(field, sought, at)?;
            if !self.is_filler(sought, from, at) {
                return None;
            }
            let symbol = &sought.reading.symbols[self.steps.len()];
            if self.equal(field, sought, &cell, symbol) {
                let step = Step {
                    how: How::Plain,
                    from: at,
                    to: at + 1,
                    filled: true,
                    toned: false,
                    signs: false,
                };
                if let Some(found) = self.take(walker, field, sought, step) {
                    return Some(found);
                }
            }
        }
        None
    }

    /// Whether the next symbol may follow without a filler: once there is one, they stand at every hard junction.
    fn may_follow(&self, sought: &Sought<'_>) -> bool {
        let before = self.steps.len().checked_sub(1);
        before.is_none_or(|j| is_open(&sought.reading.symbols[j]))
            || !self.steps.iter().any(|step| step.filled)
    }

    /// Whether a filler may stand before the next symbol: if one stood at every hard junction so far.
    fn may_be_filled(&self, sought: &Sought<'_>) -> bool {
        sought.reading.variants.contains(Variant::Noise)
            && !self.steps.is_empty()
            && self.steps[1..]
                .iter()
                .zip(&sought.reading.symbols)
                .all(|(step, symbol)| step.filled || is_open(symbol))
    }

    /// Whether cells `from..to` may be a filler: one word cell, or several digits or letters that are none of the term.
    fn is_filler(&self, sought: &Sought<'_>, from: usize, to: usize) -> bool {
        let symbols = &sought.reading.symbols;
        let foreign = |class: fn(char) -> bool| {
            !symbols.iter().any(|symbol| class(symbol.plain))
                && self.cells[from..to]
                    .iter()
                    .all(|cell| class(cell.symbol.plain))
        };
        if to == from + 1 {
            return is_word(tables::class(self.char_at(from)));
        }
        foreign(|c| c.is_ascii_digit()) || foreign(|c| c.is_ascii_alphabetic())
    }

    fn take(
        &mut self,
        walker: &mut Walker,
        field: &Field<'_>,
        sought: &Sought<'_>,
        step: Step,
    ) -> Option<(usize, Variants)> {
        self.steps.push(step);
        let found = if self.steps.len() < sought.reading.symbols.len() {
            self.from(walker, field, sought, step.to)
        } else {
            let end = self.cells[step.to - 1].cluster;
            self.accepted(walker, field, sought).map(|used| (end, used))
        };
        self.steps.pop();
        found
    }

    fn equal(
        &self,
        field: &Field<'_>,
        sought: &Sought<'_>,
        cell: &Cell,
        symbol: &TermSymbol,
    ) -> bool {
        let looks = sought.reading.variants.contains(Variant::Confusables);
        field
            .ground
            .equal(cell.cluster, &cell.symbol, symbol, looks)
    }

    /// Adds the ways in which the next symbol can be written at a cell.
    fn forms_at(&mut self, field: &Field<'_>, sought: &Sought<'_>, at: usize) {
        let symbols = &sought.reading.symbols;
        let j = self.steps.len();
        let Some(cell) = self.cell(field, sought, at) else {
            return;
        };
        let variants = sought.reading.variants;
        let one = |how| Step {
            how,
            from: at,
            to: at + 1,
            filled: false,
            toned: false,
            signs: false,
        };
        let (c, p) = (cell.symbol.plain, symbols[j].plain);
        let equal = self.equal(field, sought, &cell, &symbols[j]);
        let stretch = self.stretch(field, sought, at);
        let stretched = |how| Step {
            to: stretch.unwrap_or(at),
            ..one(how)
        };
        if equal {
            self.forms.push(one(How::Plain));
            self.forms.extend(stretch.map(|_| stretched(How::Plain)));
        }
        if variants.contains(Variant::Turned) && field.kind != Kind::Transport {
            let mut chars = field.ground.cluster(cell.cluster).chars();
            if let (Some(c), None) = (chars.next(), chars.next())
                && signs::turned(tables::case_fold(c)) == Some(tables::case_fold(p))
            {
                self.forms.push(one(How::Turned));
            }
        }
        if field.kind != Kind::Raw {
            return;
        }
        if variants.contains(Variant::Leet)
            && !equal
            && signs::leet(c).contains(tables::case_fold(p))
        {
            self.forms.push(one(How::Leet));
            self.forms.extend(stretch.map(|_| stretched(How::Leet)));
        }
        if variants.contains(Variant::Digits)
            && !equal
            && signs::numeral(p).is_some_and(|digit| signs::numeral(c) == Some(digit))
        {
            self.forms.push(one(How::Digits));
        }
        let (c, p) = (simple(c), simple(p));
        if tables::script(p) != Script::Han {
            return;
        }
        if variants.contains(Variant::Pinyin) {
            let before_digit = symbols
                .get(j + 1)
                .is_some_and(|next| next.class == Class::Digit);
            self.typed(field, sought, at, p, before_digit);
        }
        if variants.contains(Variant::Homophone) && c != p && han::sound_alike(c, p) {
            self.forms.push(one(How::Homophone));
        }
        if variants.contains(Variant::Split) {
            for parts in han::parts(p) {
                let there = parts.iter().enumerate().all(|(n, part)| {
                    let cell = self.cell(field, sought, at + n);
                    cell.is_some_and(|cell| han::part(simple(cell.symbol.plain)) == *part)
                });
                if there {
                    self.forms.push(Step {
                        to: at + parts.len(),
                        ..one(How::Split)
                    });
                }
            }
        }
        if variants.contains(Variant::Shape) && han::similar(p).contains(&c) {
            self.forms.push(one(How::Shape));
        }
    }

    /// Where a stretch of three to sixteen clusters of the same one character ends, if it begins at a cell.
    fn stretch(&mut self, field: &Field<'_>, sought: &Sought<'_>, at: usize) -> Option<usize> {
        if !sought.reading.variants.contains(Variant::Repeats) {
            return None;
        }
        let here = self.alone(field, sought, at)?;
        let before = at
            .checked_sub(1)
            .and_then(|at| self.alone(field, sought, at));
        if before == Some(here) {
            return None;
        }
        let mut same = 1;
        while same <= STRETCH && self.alone(field, sought, at + same) == Some(here) {
            same += 1;
        }
        (3..=STRETCH).contains(&same).then_some(at + same)
    }

    /// The character of the text that a cell is, if its cluster is that alone, and makes no other cell.
    fn alone(&mut self, field: &Field<'_>, sought: &Sought<'_>, at: usize) -> Option<char> {
        let cell = self.cell(field, sought, at)?;
        let first = at
            .checked_sub(1)
            .is_none_or(|at| self.cells[at].cluster != cell.cluster);
        let mut chars = field.ground.cluster(cell.cluster).chars();
        let only = chars.next().filter(|_| chars.next().is_none());
        only.filter(|_| first && cell.last)
    }

    /// Syllables and initials of a Han character, typed out.
    fn typed(
        &mut self,
        field: &Field<'_>,
        sought: &Sought<'_>,
        at: usize,
        p: char,
        before_digit: bool,
    ) {
        let step = |how, to| Step {
            how,
            from: at,
            to,
            filled: false,
            toned: false,
            signs: false,
        };
        for syllable in han::readings(p) {
            let Some((end, signs)) = self.spelled(field, sought, at, han::spelling(*syllable))
            else {
                continue;
            };
            let mut digit = |at| {
                let cell = self.cell(field, sought, at);
                cell.is_some_and(|cell| matches!(cell.symbol.plain, '1'..='5'))
            };
            let toned = digit(end) && !digit(end + 1) && !before_digit;
            let marked = self.cells[at..end]
                .iter()
                .any(|cell| !field.ground.cluster(cell.cluster).is_ascii());
            self.forms.push(Step {
                toned: toned || marked,
                signs,
                ..step(How::Pinyin, end + usize::from(toned))
            });
        }
        // Readings with the same initial stand side by side.
        let mut tried = [""; 2];
        for syllable in han::readings(p) {
            let spelling = han::spelling(*syllable);
            let double = matches!(spelling.get(..2), Some("zh" | "ch" | "sh"));
            let lengths = if double { &[2, 1][..] } else { &[1] };
            for length in lengths {
                let letters = &spelling[..*length];
                if tried[length - 1] != letters {
                    tried[length - 1] = letters;
                    if let Some((end, _)) = self.spelled(field, sought, at, letters) {
                        self.forms.push(step(How::Initial, end));
                    }
                }
            }
        }
    }

    fn spelled(
        &mut self,
        field: &Field<'_>,
        sought: &Sought<'_>,
        at: usize,
        letters: &str,
    ) -> Option<(usize, bool)> {
        let leet = letters.len() > 1 && sought.reading.variants.contains(Variant::Leet);
        let mut signs = false;
        for (n, letter) in letters.chars().enumerate() {
            let cell = self.cell(field, sought, at + n)?;
            if leet && signs::leet(cell.symbol.plain).contains(letter) {
                signs = true;
                continue;
            }
            let there = letter_of(field, &cell)?;
            if there != letter && !(letter == 'v' && matches!(there, 'u' | 'ü')) {
                return None;
            }
        }
        Some((at + letters.len(), signs))
    }

    /// The variants of a whole row of steps, if it is a disguise.
    fn accepted(
        &mut self,
        walker: &mut Walker,
        field: &Field<'_>,
        sought: &Sought<'_>,
    ) -> Option<Variants> {
        let n = self.steps.len();
        let (first, last) = (self.steps[0], self.steps[n - 1]);
        if !self.cells[last.to - 1].last {
            return None;
        }
        // What a word around the last cell may hold.
        self.cell(field, sought, last.to + 2);
        let noisy = self.gaps(sought)?;
        let filled = self.steps.iter().any(|step| step.filled);
        if filled && !self.fillers(sought) {
            return None;
        }
        let mut used = Variants::EXACT;
        for step in &self.steps {
            if let Some(variant) = step.how.variant() {
                used = used.with(variant);
            }
        }
        if filled {
            used = used.with(Variant::Noise);
        }
        if self.steps.iter().any(|step| step.signs) {
            used = used.with(Variant::Leet);
        }
        match field.kind {
            Kind::Raw => {}
            Kind::Reversed => used = used.with(Variant::Reversed),
            Kind::Transport => {
                let of = self.cells[first.from].cluster..=self.cells[last.to - 1].cluster;
                if !field.ground.clusters[of]
                    .iter()
                    .any(|cluster| cluster.decoded)
                {
                    return None;
                }
                used = used.with(Variant::Transport);
            }
        }
        let disguised = !used.is_empty()
            && self.turned(sought)
            && self.backwards(field, sought)
            && self.by_signs()
            && self.by_sound_and_shape(field, noisy)
            && self.typed_out(field);
        let borders = disguised
            && !self.refused(walker, field, sought, Side::Left)
            && !self.refused(walker, field, sought, Side::Right);
        self.spent += std::mem::take(&mut walker.steps);
        borders.then_some(used)
    }

    fn count(&self, how: How) -> usize {
        self.steps.iter().filter(|step| step.how == how).count()
    }

    fn char_at(&self, at: usize) -> char {
        self.cells[at].symbol.plain
    }

    fn turned(&self, sought: &Sought<'_>) -> bool {
        if self.count(How::Turned) == 0 {
            return true;
        }
        let upside_down = self
            .steps
            .iter()
            .any(|step| step.how == How::Turned && signs::is_turned(self.char_at(step.from)));
        let upright = self
            .steps
            .iter()
            .zip(&sought.reading.symbols)
            .any(|(step, symbol)| {
                step.how != How::Turned && tables::script(symbol.plain) == Script::Latin
            });
        upside_down && !upright && self.steps.len() >= 3
    }

    fn backwards(&self, field: &Field<'_>, sought: &Sought<'_>) -> bool {
        if field.kind != Kind::Reversed || self.count(How::Turned) > 0 {
            return true;
        }
        let symbols = &sought.reading.symbols;
        let n = symbols.len();
        if (0..n).all(|j| symbols[j].plain == symbols[n - 1 - j].plain) {
            return false;
        }
        if symbols
            .iter()
            .any(|symbol| tables::script(symbol.plain).bounds_words())
        {
            return n >= 4;
        }
        let in_words = self
            .steps
            .iter()
            .filter(|step| self.in_word(field, step.from))
            .count();
        in_words < if n < 3 { 1 } else { n }
    }

    /// Digits and signs for letters, numerals for numerals.
    fn by_signs(&self) -> bool {
        let n = self.steps.len();
        let (leet, plain) = (self.count(How::Leet), self.count(How::Plain));
        let leet = leet == 0 || (n >= 3 && plain > 0 && (n >= 5 || 2 * plain >= leet));
        leet && (self.count(How::Digits) < n || n >= 3)
    }

    fn by_sound_and_shape(&self, field: &Field<'_>, noisy: bool) -> bool {
        let n = self.steps.len();
        let of = |how: &[How]| {
            self.steps
                .iter()
                .filter(|step| how.contains(&step.how))
                .count()
        };
        let replaced = of(&[How::Homophone, How::Shape]);
        let plain = of(&[How::Plain]);
        // Beside three and more plain ones, a single one stands for itself only where it is a word by itself.
        let alone = n >= 4 && plain + 1 == n;
        let in_words = self
            .steps
            .iter()
            .filter(|step| matches!(step.how, How::Homophone | How::Shape))
            .filter(|step| {
                if alone {
                    han::is_common_word(simple(self.char_at(step.from)))
                } else {
                    self.in_word(field, step.from)
                }
            })
            .count();
        let guessed = plain == 0 && n == 3;
        if replaced > 0 && in_words > if guessed { 0 } else { replaced / 2 } {
            return false;
        }
        if n >= 3 {
            return !(guessed && of(&[How::Homophone]) > 0 && of(&[How::Shape]) > 0);
        }
        if plain == 0 && self.steps[0].how != self.steps[1].how {
            return false;
        }
        let other_sign = noisy || of(&[How::Split, How::Pinyin]) > 0;
        let by_sound = of(&[How::Homophone]) > 0 && !other_sign;
        let common = self
            .steps
            .iter()
            .filter(|step| matches!(step.how, How::Homophone | How::Shape))
            .any(|step| han::followers(simple(self.char_at(step.from))) > COMMON);
        if common && !other_sign {
            return false;
        }
        let worded = self
            .steps
            .iter()
            .filter(|step| step.how == How::Split && step.to == step.from + 2)
            .filter(|step| {
                han::is_word(
                    simple(self.char_at(step.from)),
                    simple(self.char_at(step.from + 1)),
                )
            })
            .count();
        let in_plain_words = worded > 0 && worded == n - plain;
        !by_sound && replaced < n && !in_plain_words
    }

    fn typed_out(&self, field: &Field<'_>) -> bool {
        let n = self.steps.len();
        let initials = self.count(How::Initial);
        if initials > 0 && !field.han {
            return false;
        }
        let row = self
            .steps
            .iter()
            .all(|step| step.how == How::Initial && step.to == step.from + 1);
        if row && self.steps.windows(2).all(|pair| pair[0].to == pair[1].from) {
            return n >= 4;
        }
        if initials > 0 && (2 * initials > n || n < 3) {
            return false;
        }
        let side_by_side = self
            .steps
            .windows(2)
            .any(|pair| pair.iter().all(|step| step.how == How::Initial));
        if side_by_side {
            return false;
        }
        if self.count(How::Pinyin) < n || n >= 3 || self.steps.iter().any(|step| step.toned) {
            return true;
        }
        let letters: usize = self.steps.iter().map(|step| step.to - step.from).sum();
        letters >= 5 && field.han
    }

    /// Whether the gaps are allowed; and if so, whether some gap is a sign by itself.
    fn gaps(&self, sought: &Sought<'_>) -> Option<bool> {
        let gaps_allowed = sought.reading.variants.contains(Variant::Gaps);
        let (mut hard, mut noisy, mut pieces) = (0, 0, 0);
        let (mut everywhere, mut filled) = (true, false);
        for (pair, symbol) in self.steps.windows(2).zip(&sought.reading.symbols) {
            if pair[1].filled {
                filled = true;
                continue;
            }
            let gap = &self.cells[pair[0].to..pair[1].from];
            if gap.is_empty() {
                everywhere &= symbol.soft() || symbol.inside;
                continue;
            }
            pieces += 1;
            let class = |cell: &Cell| tables::class(cell.symbol.plain);
            let space = |cell: &Cell| class(cell) == Class::Space;
            let noise = |cell: &Cell| class(cell) == Class::Noise;
            let joiner = |cell: &Cell| matches!(class(cell), Class::Space | Class::Joiner);
            let joiners = gap.iter().all(joiner);
            let typed = pair
                .iter()
                .any(|step| matches!(step.how, How::Pinyin | How::Initial));
            let own = sought.reading.between(symbol);
            let own = !own.is_empty()
                && gap
                    .iter()
                    .map(|cell| cell.symbol.plain)
                    .eq(own.iter().copied());
            let free = own || (symbol.soft() && gap.iter().all(space));
            if free || (joiners && (typed || (symbol.soft() && gaps_allowed))) {
                continue;
            }
            hard += 1;
            noisy += usize::from(gap.iter().any(noise) && !gap.iter().any(space));
        }
        let spelled = pieces >= 2 && everywhere && !filled;
        let allowed = hard == 0 || (gaps_allowed && (hard == noisy || spelled));
        allowed.then_some(hard > 0)
    }

    /// Whether fillers stand at every junction, and are of one kind that does not belong there.
    fn fillers(&self, sought: &Sought<'_>) -> bool {
        let symbols = &sought.reading.symbols;
        let n = symbols.len();
        let (mut digits, mut letters, mut single, mut same) = (true, true, true, true);
        let mut one = None;
        for (pair, symbol) in self.steps.windows(2).zip(symbols) {
            if !pair[1].filled {
                if symbol.soft() || symbol.inside {
                    continue;
                }
                return false;
            }
            let filler = &self.cells[pair[0].to..pair[1].from];
            for cell in filler {
                let c = cell.symbol.plain;
                digits &= c.is_ascii_digit();
                letters &= c.is_ascii_alphabetic();
                same &= *one.get_or_insert(c) == c && tables::width(c).is_none();
            }
            single &= filler.len() == 1;
        }
        let spaced = symbols
            .iter()
            .all(|symbol| tables::script(symbol.plain).bounds_words());
        let foreign = (digits && !symbols.iter().any(|symbol| symbol.class == Class::Digit))
            || (letters
                && !symbols
                    .iter()
                    .any(|symbol| symbol.plain.is_ascii_alphabetic()));
        if foreign {
            return n >= 3 || !spaced;
        }
        single && ((same && n >= 3 + usize::from(spaced)) || (letters && n >= 5))
    }

    /// Whether the text has the cell in a common word with a neighbour.
    fn in_word(&self, field: &Field<'_>, at: usize) -> bool {
        let symbol = |at: usize| self.cells.get(at).map(|cell| cell.symbol.plain);
        let before = at.checked_sub(1).and_then(symbol);
        let is_word = |a: Option<char>, b: Option<char>| match (a, b) {
            (Some(a), Some(b)) if field.kind == Kind::Reversed => {
                han::is_word(simple(b), simple(a))
            }
            (Some(a), Some(b)) => han::is_word(simple(a), simple(b)),
            _ => false,
        };
        let long = (3..=4).any(|length| {
            (0..length).any(|back| {
                let mut word = ['\0'; 4];
                for (nth, place) in word[..length].iter_mut().enumerate() {
                    let c = (at + nth).checked_sub(back).and_then(symbol);
                    match c {
                        Some(c) => *place = simple(c),
                        None => return false,
                    }
                }
                if field.kind == Kind::Reversed {
                    word[..length].reverse();
                }
                han::is_long_word(&word[..length])
            })
        });
        symbol(at).is_some_and(|c| han::is_common_word(simple(c)))
            || long
            || is_word(before, symbol(at))
            || is_word(symbol(at), symbol(at + 1))
    }

    /// Whether the border on that side refuses the row.
    fn refused(
        &self,
        walker: &mut Walker,
        field: &Field<'_>,
        sought: &Sought<'_>,
        side: Side,
    ) -> bool {
        let symbols = &sought.reading.symbols;
        let (first, last) = (self.steps[0], self.steps[symbols.len() - 1]);
        let start = self.cells[first.from].cluster;
        let end = self.cells[last.to - 1].cluster;
        let (step, cluster, p, c) = match side {
            Side::Left => (first, start, symbols[0].plain, self.char_at(first.from)),
            Side::Right => (
                last,
                end,
                symbols[symbols.len() - 1].plain,
                self.char_at(last.to - 1),
            ),
        };
        if step.how == How::Plain && !self.steps.iter().any(|step| step.filled) {
            let sought = Sought {
                turkic: false,
                ..*sought
            };
            return match side {
                Side::Left => !walker.left_border(&field.ground, &sought, start),
                Side::Right => !walker.right_border(&field.ground, &sought, start, end),
            };
        }
        let binds = |c: char| tables::script(c).bounds_words();
        let digit = |c: char| tables::class(c) == Class::Digit;
        let open = !binds(p) && !binds(c) && !digit(c);
        let typed = matches!(step.how, How::Pinyin | How::Initial);
        if open || (sought.word == Some(false) && !typed) {
            return false;
        }
        let neighbour = walker.neighbour(&field.ground, cluster, side);
        neighbour.is_some_and(|(c, _)| binds(c) || digit(c))
    }
}

/// Whether the junction after a symbol need not be filled.
fn is_open(symbol: &TermSymbol) -> bool {
    symbol.soft() || symbol.inside
}

/// Symbols of a stretch that are looked at.
pub(super) const STRETCH: usize = 16;

/// A character that begins more words than this is too common to stand in for another by its looks in a term of two.
const COMMON: usize = 8;

/// The small Latin letter that a cell holds, by looks where that counts; ü too.
fn letter_of(field: &Field<'_>, cell: &Cell) -> Option<char> {
    let plain = tables::case_fold(cell.symbol.plain);
    if plain.is_ascii_lowercase() || plain == 'ü' {
        return Some(plain);
    }
    let look = tables::case_fold(cell.symbol.look);
    let eligible = field.ground.eligible(cell.cluster, &cell.symbol);
    (eligible && look.is_ascii_lowercase()).then_some(look)
}

fn simple(c: char) -> char {
    tables::script_fold(c).unwrap_or(c)
}
