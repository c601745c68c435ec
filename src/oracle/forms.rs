//! Terms written otherwise: section 3b of the page.

use unicode_normalization::char::is_combining_mark;

use super::reading::{Cell, Kind, Reading, is_gap, is_word};
use super::walk::{Edge, Pattern, Side};
use crate::limits::Limits;
use crate::text::tables::{self, Class, Script, han, signs};
use crate::variant::{Variant, Variants};

/// Symbols of a stretch that are looked at.
const STRETCH: usize = 16;

/// A character that begins more words than this is too common to stand in for another by its looks in a term of two.
const COMMON: usize = 8;

/// How a symbol of the term is written.
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

/// A symbol of the term, found in cells `from..to`.
#[derive(Clone, Copy, Debug)]
struct Step {
    how: How,
    from: usize,
    to: usize,
    /// Whether fillers, and no gap, stand before it.
    filled: bool,
    /// Whether a tone is written.
    toned: bool,
    /// Whether signs stand for some of the letters that it is typed in.
    signs: bool,
}

/// Whether a pattern can be written otherwise at all.
pub(super) fn applies(pattern: &Pattern) -> bool {
    !pattern.variants.and(Variants::FORMS).is_empty()
        && pattern.symbols.len() >= 2
        && pattern.symbols.iter().all(|cell| {
            is_word(cell.symbol) && !is_combining_mark(cell.symbol) && !tables::is_mark(cell.symbol)
        })
}

/// The walk from the cell `start`: the last cell and the variants of section 3b, if it succeeds.
pub(super) fn walk(
    pattern: &Pattern,
    reading: &Reading,
    cells: &[Cell],
    start: usize,
    limits: &Limits,
) -> Option<(usize, Variants)> {
    if !cells[start].first {
        return None;
    }
    let mut search = Search {
        pattern,
        reading,
        cells,
        limits,
        tries: 0,
        steps: Vec::new(),
    };
    search.from(start)
}

struct Search<'a> {
    pattern: &'a Pattern,
    reading: &'a Reading,
    cells: &'a [Cell],
    limits: &'a Limits,
    tries: usize,
    steps: Vec<Step>,
}

impl Search<'_> {
    fn has(&self, variant: Variant) -> bool {
        self.pattern.variants.contains(variant)
    }

    /// Looks for the next symbol of the term from the cell `from` on.
    fn from(&mut self, from: usize) -> Option<(usize, Variants)> {
        let first = self.steps.is_empty();
        let filled = self.steps.iter().any(|step| step.filled);
        let open = |j: usize| self.pattern.junctions[j].soft || self.pattern.junctions[j].inside;
        let may_follow = first || !filled || open(self.steps.len() - 1);
        let may_be_filled =
            !first && (1..self.steps.len()).all(|j| self.steps[j].filled || open(j - 1));
        let places = may_follow.then_some(from..=from + self.limits.gap);
        for at in places.into_iter().flatten() {
            self.tries += 1;
            if self.tries > self.limits.forms {
                return None;
            }
            for step in self.forms(at) {
                if let Some(found) = self.take(step) {
                    return Some(found);
                }
            }
            let gap = self.cells.get(at).is_some_and(|cell| is_gap(cell.symbol));
            if first || !gap {
                break;
            }
        }
        if !may_be_filled || !self.has(Variant::Noise) || self.reading.kind != Kind::Raw {
            return None;
        }
        for length in 1..=3 {
            self.tries += 1;
            let at = from + length;
            if self.tries > self.limits.forms {
                return None;
            }
            let equal = self.plain(at)?;
            let filler: Vec<char> = self.cells[from..at]
                .iter()
                .map(|cell| cell.symbol)
                .collect();
            let foreign = |class: fn(&char) -> bool| {
                filler.iter().all(class)
                    && !self.pattern.symbols.iter().any(|cell| class(&cell.symbol))
            };
            let several = foreign(char::is_ascii_digit) || foreign(char::is_ascii_alphabetic);
            if !(several || (length == 1 && is_word(filler[0]))) {
                return None;
            }
            let plain = equal.then_some(Step {
                how: How::Plain,
                from: at,
                to: at + 1,
                filled: true,
                toned: false,
                signs: false,
            });
            if let Some(found) = plain.and_then(|step| self.take(step)) {
                return Some(found);
            }
        }
        None
    }

    fn take(&mut self, step: Step) -> Option<(usize, Variants)> {
        self.steps.push(step);
        let found = if self.steps.len() < self.pattern.symbols.len() {
            self.from(step.to)
        } else {
            self.accepted().map(|used| (step.to - 1, used))
        };
        self.steps.pop();
        found
    }

    fn plain(&self, at: usize) -> Option<bool> {
        Some(
            self.pattern
                .equal(self.cells.get(at)?, &self.pattern.symbols[self.steps.len()]),
        )
    }

    /// The ways in which the next symbol can be written at a cell.
    fn forms(&self, at: usize) -> Vec<Step> {
        let symbols = &self.pattern.symbols;
        let j = self.steps.len();
        let Some(cell) = self.cells.get(at) else {
            return Vec::new();
        };
        let mut forms = Vec::new();
        let step = |how, to| Step {
            how,
            from: at,
            to,
            filled: false,
            toned: false,
            signs: false,
        };
        let p = symbols[j].symbol;
        let equal = self.pattern.equal(cell, &symbols[j]);
        let stretch = self.stretch(at);
        if equal {
            forms.push(step(How::Plain, at + 1));
            stretch
                .into_iter()
                .for_each(|to| forms.push(step(How::Plain, to)));
        }
        let raw = self.reading.kind == Kind::Raw;
        if self.has(Variant::Turned)
            && self.reading.kind != Kind::Transport
            && let Some(c) = only(self.reading.clusters[cell.cluster].text.as_str())
            && signs::turned(tables::case_fold(c)) == Some(tables::case_fold(p))
        {
            forms.push(step(How::Turned, at + 1));
        }
        if !raw {
            return forms;
        }
        if self.has(Variant::Leet)
            && !equal
            && signs::leet(cell.symbol).contains(tables::case_fold(p))
        {
            forms.push(step(How::Leet, at + 1));
            stretch
                .into_iter()
                .for_each(|to| forms.push(step(How::Leet, to)));
        }
        if self.has(Variant::Digits)
            && !equal
            && let (Some(a), Some(b)) = (signs::numeral(cell.symbol), signs::numeral(p))
            && a == b
        {
            forms.push(step(How::Digits, at + 1));
        }
        let (simple_cell, simple_p) = (simple(cell.symbol), simple(p));
        let is_han = |c: char| tables::script(c) == Script::Han;
        if !is_han(simple_p) {
            return forms;
        }
        if self.has(Variant::Pinyin) {
            for syllable in han::readings(simple_p) {
                let spelling = han::spelling(*syllable);
                if let Some((end, signs)) = self.spelled(at, spelling) {
                    let digit = |at: usize| {
                        self.cells
                            .get(at)
                            .is_some_and(|cell| matches!(cell.symbol, '1'..='5'))
                    };
                    let before_digit = symbols.get(j + 1).is_some_and(|next| is_digit(next.symbol));
                    let toned = digit(end) && !digit(end + 1) && !before_digit;
                    let marked = self.cells[at..end]
                        .iter()
                        .any(|cell| !self.reading.clusters[cell.cluster].text.is_ascii());
                    forms.push(Step {
                        how: How::Pinyin,
                        from: at,
                        to: end + usize::from(toned),
                        filled: false,
                        toned: toned || marked,
                        signs,
                    });
                }
            }
            let mut initials: Vec<&str> = Vec::new();
            for syllable in han::readings(simple_p) {
                let spelling = han::spelling(*syllable);
                let double = ["zh", "ch", "sh"]
                    .into_iter()
                    .find(|two| spelling.starts_with(two));
                for initial in double.into_iter().chain(spelling.get(..1)) {
                    if !initials.contains(&initial) {
                        initials.push(initial);
                    }
                }
            }
            for initial in initials {
                if let Some((end, _)) = self.spelled(at, initial) {
                    forms.push(step(How::Initial, end));
                }
            }
        }
        if self.has(Variant::Homophone)
            && simple_cell != simple_p
            && han::sound_alike(simple_cell, simple_p)
        {
            forms.push(step(How::Homophone, at + 1));
        }
        if self.has(Variant::Split) {
            for parts in han::parts(simple_p) {
                let there = parts.iter().enumerate().all(|(n, part)| {
                    self.cells
                        .get(at + n)
                        .is_some_and(|cell| han::part(simple(cell.symbol)) == *part)
                });
                if there {
                    forms.push(step(How::Split, at + parts.len()));
                }
            }
        }
        if self.has(Variant::Shape) && han::similar(simple_p).contains(&simple_cell) {
            forms.push(step(How::Shape, at + 1));
        }
        forms
    }

    /// Where a stretch of three to sixteen clusters of the same one character ends, if it begins at a cell.
    fn stretch(&self, at: usize) -> Option<usize> {
        let text = |at: usize| {
            let cell = self.cells.get(at)?;
            let text = self.reading.clusters[cell.cluster].text.as_str();
            (cell.first && cell.last).then_some(text)
        };
        let here = text(at).filter(|text| only(text).is_some())?;
        let before = at.checked_sub(1).and_then(text);
        let same = (at..).take_while(|at| text(*at) == Some(here)).count();
        let whole = before != Some(here) && (3..=STRETCH).contains(&same);
        (self.has(Variant::Repeats) && whole).then_some(at + same)
    }

    /// Where letters that spell this end, and whether signs are among them, from cell `at` on.
    fn spelled(&self, at: usize, letters: &str) -> Option<(usize, bool)> {
        let mut signs = false;
        for (n, letter) in letters.chars().enumerate() {
            let cell = self.cells.get(at + n)?;
            let sign = letters.len() > 1 && self.has(Variant::Leet);
            if sign && signs::leet(cell.symbol).contains(letter) {
                signs = true;
                continue;
            }
            let there = letter_of(cell)?;
            if there != letter && !(letter == 'v' && matches!(there, 'u' | 'ü')) {
                return None;
            }
        }
        Some((at + letters.len(), signs))
    }

    /// The variants of a whole row of steps, if it is a disguise.
    fn accepted(&self) -> Option<Variants> {
        let steps = &self.steps;
        let n = steps.len();
        let (first, last) = (steps[0], steps[n - 1]);
        let end = &self.cells[last.to - 1];
        if !end.last {
            return None;
        }
        let count = |how: How| steps.iter().filter(|step| step.how == how).count();
        let noisy = self.gaps()?;
        let filled = steps.iter().any(|step| step.filled);
        if filled && !self.fillers() {
            return None;
        }
        let mut used = Variants::EXACT;
        for (how, variant) in [
            (How::Leet, Variant::Leet),
            (How::Digits, Variant::Digits),
            (How::Pinyin, Variant::Pinyin),
            (How::Initial, Variant::Pinyin),
            (How::Homophone, Variant::Homophone),
            (How::Split, Variant::Split),
            (How::Shape, Variant::Shape),
            (How::Turned, Variant::Turned),
        ] {
            if count(how) > 0 {
                used = used.with(variant);
            }
        }
        if filled {
            used = used.with(Variant::Noise);
        }
        if steps.iter().any(|step| step.signs) {
            used = used.with(Variant::Leet);
        }
        match self.reading.kind {
            Kind::Raw => {}
            Kind::Reversed => used = used.with(Variant::Reversed),
            Kind::Transport => used = used.with(Variant::Transport),
        }
        if used.is_empty() {
            return None;
        }
        if self.reading.kind == Kind::Transport {
            let clusters = &self.reading.clusters[self.cells[first.from].cluster..=end.cluster];
            if !clusters.iter().any(|cluster| cluster.decoded) {
                return None;
            }
        }
        let plain = count(How::Plain);
        let turned = count(How::Turned);
        if turned > 0 {
            let upside_down = steps.iter().any(|step| {
                step.how == How::Turned && signs::is_turned(self.cells[step.from].symbol)
            });
            let upright = steps.iter().zip(&self.pattern.symbols).any(|(step, p)| {
                step.how != How::Turned && tables::script(p.symbol) == Script::Latin
            });
            if !upside_down || upright || n < 3 {
                return None;
            }
        }
        if self.reading.kind == Kind::Reversed && turned == 0 && !self.turned_round() {
            return None;
        }
        let leet = count(How::Leet);
        if leet > 0 && (n < 3 || plain == 0 || (n < 5 && 2 * plain < leet)) {
            return None;
        }
        let digits = count(How::Digits);
        if digits > 0 && digits == n && n < 3 {
            return None;
        }
        // By sound, by shape, by parts: characters that the text has in words of its own are no disguise.
        let other_sign = noisy
            || steps
                .iter()
                .any(|step| matches!(step.how, How::Split | How::Pinyin));
        let replaced: Vec<usize> = steps
            .iter()
            .filter(|step| matches!(step.how, How::Homophone | How::Shape))
            .map(|step| step.from)
            .collect();
        // Beside three and more plain ones, a single one stands for itself only where it is a word by itself.
        let alone = n >= 4 && plain + 1 == n;
        let in_words = replaced
            .iter()
            .filter(|at| {
                let c = simple(self.cells[**at].symbol);
                if alone {
                    han::is_common_word(c)
                } else {
                    self.in_word(**at)
                }
            })
            .count();
        let several = if plain == 0 && n == 3 {
            0
        } else {
            replaced.len()
        };
        if !replaced.is_empty() && 2 * in_words > several {
            return None;
        }
        let homophones = count(How::Homophone);
        if plain == 0 && n == 3 && homophones > 0 && count(How::Shape) > 0 {
            return None;
        }
        if n < 3 && plain == 0 && steps[0].how != steps[1].how {
            return None;
        }
        let common = |at: &usize| han::followers(simple(self.cells[*at].symbol)) > COMMON;
        if n < 3 && replaced.iter().any(common) && !other_sign {
            return None;
        }
        if homophones > 0 && n < 3 && !other_sign {
            return None;
        }
        if homophones + count(How::Shape) == n && n < 3 {
            return None;
        }
        let worded = steps
            .iter()
            .filter(|step| step.how == How::Split && step.to == step.from + 2)
            .filter(|step| {
                han::is_word(
                    simple(self.cells[step.from].symbol),
                    simple(self.cells[step.from + 1].symbol),
                )
            })
            .count();
        if n < 3 && worded > 0 && worded == n - plain {
            return None;
        }
        let (pinyin, initials) = (count(How::Pinyin), count(How::Initial));
        if initials > 0 && !self.holds_han() {
            return None;
        }
        let row = steps
            .iter()
            .all(|step| step.how == How::Initial && step.to == step.from + 1)
            && steps.windows(2).all(|pair| pair[0].to == pair[1].from);
        if row {
            return (n >= 4
                && !self.refused(Side::Left, first)
                && !self.refused(Side::Right, last))
            .then_some(used);
        }
        if initials > 0 && (2 * initials > n || n < 3) {
            return None;
        }
        let initial = |step: &Step| step.how == How::Initial;
        if steps.windows(2).any(|pair| pair.iter().all(initial)) {
            return None;
        }
        let toned = steps.iter().any(|step| step.toned);
        if pinyin == n && n < 3 && !toned {
            let letters: usize = steps.iter().map(|step| step.to - step.from).sum();
            if letters < 5 || !self.holds_han() {
                return None;
            }
        }
        (!self.refused(Side::Left, first) && !self.refused(Side::Right, last)).then_some(used)
    }

    fn holds_han(&self) -> bool {
        let mut chars = self
            .reading
            .clusters
            .iter()
            .flat_map(|cluster| cluster.text.chars());
        chars.any(|c| tables::script(c) == Script::Han)
    }

    /// Whether the gaps are allowed; and if so, whether some gap is a sign by itself.
    fn gaps(&self) -> Option<bool> {
        let mut hard = 0;
        let mut noisy = 0;
        let mut pieces = 0;
        let mut everywhere = true;
        for (pair, junction) in self.steps.windows(2).zip(&self.pattern.junctions) {
            let open = junction.soft || junction.inside;
            if pair[1].filled {
                continue;
            }
            let gap: Vec<char> = self.cells[pair[0].to..pair[1].from]
                .iter()
                .map(|cell| cell.symbol)
                .collect();
            if gap.is_empty() {
                everywhere &= open;
                continue;
            }
            pieces += 1;
            let space = gap.iter().all(|c| tables::class(*c) == Class::Space);
            let joiners = gap
                .iter()
                .all(|c| matches!(tables::class(*c), Class::Space | Class::Joiner));
            let typed = pair
                .iter()
                .any(|step| matches!(step.how, How::Pinyin | How::Initial));
            let own = junction.soft && gap == junction.own;
            if own
                || (junction.soft && space)
                || (joiners && (typed || (junction.soft && self.has(Variant::Gaps))))
            {
                continue;
            }
            hard += 1;
            let noise = gap.iter().any(|c| tables::class(*c) == Class::Noise);
            let any_space = gap.iter().any(|c| tables::class(*c) == Class::Space);
            noisy += usize::from(noise && !any_space);
        }
        let filled = self.steps.iter().any(|step| step.filled);
        let spelled = hard > 0 && pieces >= 2 && everywhere && !filled;
        let allowed = hard == 0 || (self.has(Variant::Gaps) && (hard == noisy || spelled));
        allowed.then_some(hard > 0)
    }

    /// Whether fillers stand at every junction, and are of one kind that does not belong there.
    fn fillers(&self) -> bool {
        let mut fillers: Vec<Vec<char>> = Vec::new();
        for (pair, junction) in self.steps.windows(2).zip(&self.pattern.junctions) {
            if !pair[1].filled {
                if junction.soft || junction.inside {
                    continue;
                }
                return false;
            }
            fillers.push(
                self.cells[pair[0].to..pair[1].from]
                    .iter()
                    .map(|cell| cell.symbol)
                    .collect(),
            );
        }
        let symbols = &self.pattern.symbols;
        let n = symbols.len();
        let latin = |c: char| c.is_ascii_alphabetic();
        let digits = fillers.iter().flatten().all(char::is_ascii_digit);
        let letters = fillers.iter().flatten().all(|c| latin(*c));
        let single = fillers.iter().all(|filler| filler.len() == 1);
        let same = single
            && fillers
                .iter()
                .all(|filler| filler[0] == fillers[0][0] && tables::width(filler[0]).is_none());
        let of_term = |class: fn(char) -> bool| symbols.iter().any(|cell| class(cell.symbol));
        let spaced = symbols
            .iter()
            .all(|cell| tables::script(cell.symbol).bounds_words());
        if digits && !of_term(is_digit) {
            return n >= 3 || !spaced;
        }
        if letters && !of_term(|c| c.is_ascii_alphabetic()) {
            return n >= 3 || !spaced;
        }
        (same && n >= 3 + usize::from(spaced)) || (letters && single && n >= 5)
    }

    /// Whether what is read backwards looks like a disguise.
    fn turned_round(&self) -> bool {
        let steps = &self.steps;
        let n = steps.len();
        let symbols = &self.pattern.symbols;
        let palindrome = (0..n).all(|j| symbols[j].symbol == symbols[n - 1 - j].symbol);
        if palindrome {
            return false;
        }
        let spaced = symbols
            .iter()
            .any(|cell| tables::script(cell.symbol).bounds_words());
        if spaced {
            return n >= 4;
        }
        let in_words = steps.iter().filter(|step| self.in_word(step.from)).count();
        in_words < if n < 3 { 1 } else { n }
    }

    /// Whether the text has the cell in a common word with a neighbour.
    fn in_word(&self, at: usize) -> bool {
        let pair = |a: Option<usize>, b: usize| {
            let (a, b) = (a.and_then(|a| self.cells.get(a)), self.cells.get(b));
            let both = a.zip(b).map(|(a, b)| (simple(a.symbol), simple(b.symbol)));
            both.is_some_and(|(a, b)| {
                if self.reading.kind == Kind::Reversed {
                    han::is_word(b, a)
                } else {
                    han::is_word(a, b)
                }
            })
        };
        let here = simple(self.cells[at].symbol);
        let long = (3..=4).any(|length: usize| {
            (0..length).any(|before| {
                let Some(from) = at.checked_sub(before) else {
                    return false;
                };
                let cells = self.cells.get(from..from + length).unwrap_or_default();
                let mut word: Vec<char> = cells.iter().map(|cell| simple(cell.symbol)).collect();
                if self.reading.kind == Kind::Reversed {
                    word.reverse();
                }
                han::is_long_word(&word)
            })
        });
        han::is_common_word(here) || long || pair(at.checked_sub(1), at) || pair(Some(at), at + 1)
    }

    /// Whether the border on that side refuses the row.
    fn refused(&self, side: Side, step: Step) -> bool {
        let cell = match side {
            Side::Left => &self.cells[step.from],
            Side::Right => &self.cells[step.to - 1],
        };
        let edge = Edge::new(self.pattern, self.reading, cell.cluster, side);
        if step.how == How::Plain && !self.steps.iter().any(|step| step.filled) {
            return edge.is_refused();
        }
        let symbols = &self.pattern.symbols;
        let p = match side {
            Side::Left => symbols[0].symbol,
            Side::Right => symbols[symbols.len() - 1].symbol,
        };
        let binds = |c: char| tables::script(c).bounds_words();
        let open = !binds(p) && !binds(cell.symbol) && !is_digit(cell.symbol);
        let typed = matches!(step.how, How::Pinyin | How::Initial);
        if open || (self.pattern.word == Some(false) && !typed) {
            return false;
        }
        edge.neighbour().is_some_and(|c| binds(c) || is_digit(c))
    }
}

/// The small Latin letter that a cell holds, by looks where that counts; ü too.
fn letter_of(cell: &Cell) -> Option<char> {
    let plain = tables::case_fold(cell.symbol);
    if plain.is_ascii_lowercase() || plain == 'ü' {
        return Some(plain);
    }
    let look = tables::case_fold(cell.look);
    (cell.eligible && look.is_ascii_lowercase()).then_some(look)
}

/// A Han character in its simplified form.
fn simple(c: char) -> char {
    tables::script_fold(c).unwrap_or(c)
}

fn only(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

fn is_digit(c: char) -> bool {
    tables::class(c) == Class::Digit
}
