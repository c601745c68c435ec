//! What holds most texts back from the search for terms written otherwise (`src/ARCHITECTURE.md`, 3b), at a few operations a symbol.
//!
//! Each term gives some rows: what its first symbols may be read from, if its first is written in one way or another. Rows share 128
//! buckets, a bit each, and for each code there is a mask of buckets for each place in a row. A text is read once, with the masks of the
//! buckets that are so far advanced (the Shift-And of Baeza-Yates and Gonnet, 1992, with classes, and superimposed as in Hyperscan's FDR):
//! a bucket that comes to its end says that a term may begin somewhere before. What follows from there looks closer, so a row may say too
//! much, and must never say too little.

mod ways;

use std::collections::{BTreeMap, HashMap};
use std::ops::{ControlFlow, Range};

use crate::text::skeleton::word_symbols;
use crate::text::tables::{self, Script, han, signs};
use crate::text::term::{TermReading, TermSymbol};
use crate::text::units::{Kind, Unit, Units, sign};
use crate::variant::{Variant, Variants};

use self::ways::{Ways, letter, simple};

use super::prefixes::{Code, initial, literal, numeral, syllable};

/// What has a row in common with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Begins with one symbol, or its parts, of a term that holds Han.
    Han,
    /// As these, where something stands between the first two.
    Parted,
    /// Typed out.
    Typed,
    /// Begins with letters, in a text that holds Han.
    Initial,
    /// Of a term that holds no Han.
    Other,
    /// Of one that is written in letters that look Latin.
    Foreign,
    /// Letters in a row, backwards, or with fillers between them.
    Plain(Plain),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Plain {
    noise: bool,
    reversed: bool,
    /// Whether the term has ASCII letters; ASCII digits.
    letters: bool,
    digits: bool,
    foreign: bool,
    /// Whether the skeleton takes a symbol apart.
    apart: bool,
}

/// Places of a row, and of a plain one.
const DEPTH: usize = 6;
const PLAIN: usize = 6;

/// Rows of which more would fill the buckets, so that nothing is held back.
const ROWS: usize = 1 << 14;

/// Rows for the syllables with which one term may begin, typed out.
const TYPED: usize = 16;

/// Buckets, for each place of a row, and of a plain one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Masks {
    rows: [u128; DEPTH],
    plain: [u128; PLAIN],
}

impl Masks {
    #[inline]
    fn add(&mut self, other: &Self) {
        for place in 0..DEPTH {
            self.rows[place] |= other.rows[place];
        }
        for place in 0..PLAIN {
            self.plain[place] |= other.plain[place];
        }
    }
}

#[derive(Debug)]
struct Row {
    class: Class,
    places: Vec<Vec<Code>>,
}

/// Sets of buckets.
#[derive(Debug, Default)]
struct Buckets {
    parted: u128,
    initial: u128,
    other: u128,
    foreign: u128,
    /// Plain ones: of terms with `noise`, with `reversed`; without letters, or digits, of ASCII; in letters that look Latin; with a symbol
    /// that the skeleton takes apart.
    noise: u128,
    reversed: u128,
    no_letters: u128,
    no_digits: u128,
    plain_foreign: u128,
    apart: u128,
}

/// The sieve.
#[derive(Debug, Default)]
pub(crate) struct Sieve {
    rows: Vec<Row>,
    /// Whether it holds nothing back.
    open: bool,
    leet: bool,
    turned: bool,
    /// For each letter or digit of ASCII, as it stands in the skeleton, which masks it has.
    ascii: Box<[u16]>,
    /// The same for each syllable, plus one.
    by_sound: Box<[u16]>,
    /// The same for each hash of a code; codes may share.
    slots: Box<[u16]>,
    /// For each place, the masks; the first is empty.
    masks: [Box<[u128]>; DEPTH],
    plain_masks: [Box<[u128]>; PLAIN],
    /// The buckets whose rows end at a place.
    ends: Masks,
    buckets: Buckets,
}

impl Sieve {
    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        let masks = self.masks.iter().chain(&self.plain_masks);
        let masks: usize = masks.map(|of| size_of_val(&**of)).sum();
        let numbers = [&self.ascii, &self.by_sound, &self.slots];
        let numbers: usize = numbers.map(|of| size_of_val(&**of)).iter().sum();
        numbers + masks
    }

    /// Enters a term.
    pub(crate) fn add(&mut self, reading: &TermReading) {
        self.open |= self.rows.len() > ROWS;
        if self.open {
            return;
        }
        let variants = reading.variants;
        self.leet |= variants.contains(Variant::Leet);
        self.turned |= variants.contains(Variant::Turned);
        let symbols: Vec<Ways> = reading
            .symbols
            .iter()
            .map(|symbol| Ways::new(symbol.plain, variants))
            .filter(|ways| !ways.is_empty())
            .collect();
        let of = |is: fn(char) -> bool| reading.symbols.iter().any(|symbol| is(symbol.plain));
        let has_han = of(|c| tables::script(simple(c)) == Script::Han);
        // What looks Latin counts as itself, or by its looks.
        let foreign = reading.symbols.iter().any(|symbol| {
            !symbol.plain.is_ascii() && !symbol.eligible && {
                let mut ascii = false;
                word_symbols(symbol.plain, |c| ascii |= c.is_ascii());
                ascii
            }
        });
        let plain = Plain {
            noise: variants.contains(Variant::Noise),
            reversed: variants.contains(Variant::Reversed),
            letters: of(|c| c.is_ascii_alphabetic()),
            digits: of(|c| c.is_ascii_digit()),
            foreign,
            apart: symbols.iter().any(|ways| ways.plain.len() != 1),
        };
        if plain.noise || plain.reversed {
            self.add_plain(reading, &symbols, plain);
        }
        let raw = Variants::FORMS
            .without(Variant::Noise)
            .without(Variant::Reversed)
            .without(Variant::Transport);
        if variants.and(raw).is_empty() {
            return;
        }
        match symbols.as_slice() {
            symbols if !has_han => {
                let class = if foreign {
                    Class::Foreign
                } else {
                    Class::Other
                };
                self.row(class, symbols.iter().flat_map(Ways::in_order).collect());
            }
            [first, second] if reading.symbols.len() == 2 => self.add_two(first, second),
            [first, rest @ ..] => self.add_more(first, rest),
            [] => {}
        }
        if has_han {
            self.add_typed(&symbols);
        }
    }

    fn row(&mut self, class: Class, mut places: Vec<Vec<Code>>) {
        let most = if matches!(class, Class::Plain(_)) {
            PLAIN
        } else {
            DEPTH
        };
        places.truncate(most);
        if !places.is_empty() && places.iter().all(|codes| !codes.is_empty()) {
            self.rows.push(Row { class, places });
        }
    }

    fn add_plain(&mut self, reading: &TermReading, symbols: &[Ways], plain: Plain) {
        // Where a junction is open, a filler need not stand.
        let open = |symbol: &TermSymbol| plain.noise && (symbol.soft() || symbol.inside);
        let hard = reading.symbols.iter().take_while(|symbol| !open(symbol));
        let mut places: Vec<Vec<Code>> = Vec::new();
        for (nth, ways) in symbols.iter().take(hard.count() + 1).enumerate() {
            if nth == 0 && ways.plain.len() == 1 && plain.noise {
                places.push(ways.one.iter().chain(&ways.initials).copied().collect());
            } else {
                places.extend(ways.plain.iter().map(|code| vec![*code]));
            }
        }
        self.row(Class::Plain(plain), places);
    }

    /// Rows of a term whose symbols are all typed out, but for those that cannot be.
    fn add_typed(&mut self, symbols: &[Ways]) {
        if symbols[0].typed.is_empty() {
            return;
        }
        let mut rows: Vec<Vec<Vec<Code>>> = vec![Vec::new()];
        for ways in symbols {
            if rows.iter().all(|row| row.len() >= DEPTH) || rows.len() * ways.typed.len() > TYPED {
                break;
            }
            let typed = ways.typed.iter();
            let typed = typed.map(|letters| letters.iter().map(|code| vec![*code]).collect());
            let mut written: Vec<Vec<Vec<Code>>> = typed.collect();
            if written.is_empty() || ways.numeral {
                written.push(ways.in_order());
            }
            let longer = rows.iter().flat_map(|row| {
                written
                    .iter()
                    .map(move |more| [&row[..], &more[..]].concat())
            });
            rows = longer.collect();
        }
        for row in rows {
            self.row(Class::Typed, row);
        }
    }

    /// A term of two: what is no disguise of one has no row.
    fn add_two(&mut self, first: &Ways, second: &Ways) {
        if first.plain.len() != 1 || second.plain.len() != 1 {
            return self.add_more(first, std::slice::from_ref(second));
        }
        self.row(Class::Han, vec![first.plain.clone(), second.looks.clone()]);
        self.row(Class::Han, vec![first.looks.clone(), second.plain.clone()]);
        for row in second.parts.iter().chain(&second.typed) {
            let rest = row.iter().map(|code| vec![*code]);
            let places = [first.plain.clone()].into_iter().chain(rest).collect();
            self.row(Class::Han, places);
        }
        self.row(
            Class::Parted,
            vec![first.plain.clone(), second.sounds.clone()],
        );
        self.row(
            Class::Parted,
            vec![first.sounds.clone(), second.plain.clone()],
        );
        self.add_long_ways(first, &second.begins(), None);
    }

    fn add_more(&mut self, first: &Ways, rest: &[Ways]) {
        let Some(second) = rest.first() else {
            return self.row(Class::Han, first.in_order());
        };
        let third = rest.get(1).map(Ways::begins);
        let with_third = |mut places: Vec<Vec<Code>>| {
            places.extend(third.clone());
            places
        };
        if first.plain.len() == 1 {
            if second.plain.len() == 1 {
                self.row(
                    Class::Han,
                    with_third(vec![first.one.clone(), second.one.clone()]),
                );
            } else {
                self.row(Class::Han, vec![first.one.clone(), second.begins()]);
            }
            for parts in &second.parts {
                self.row(
                    Class::Han,
                    vec![first.one.clone(), vec![parts[0]], vec![parts[1]]],
                );
            }
            if !second.typed.is_empty() {
                let letters = second.typed.iter().map(|row| row[0]);
                let letters: Vec<Code> = letters.chain(second.initials.iter().copied()).collect();
                let mut after: Vec<Code> = second
                    .typed
                    .iter()
                    .filter_map(|row| row.get(1))
                    .copied()
                    .collect();
                let mut places = vec![first.one.clone(), letters];
                if let Some(third) = &third {
                    after.extend(third);
                    places.push(after);
                }
                self.row(Class::Han, places);
            }
        } else {
            self.row(Class::Han, first.in_order());
        }
        self.add_long_ways(first, &second.begins(), Some((second, third)));
    }

    /// Rows whose first symbol is written in several.
    fn add_long_ways(
        &mut self,
        first: &Ways,
        second: &[Code],
        more: Option<(&Ways, Option<Vec<Code>>)>,
    ) {
        for parts in &first.parts {
            self.row(Class::Han, vec![vec![parts[0]], vec![parts[1]]]);
        }
        // What the second goes on with, if its first letter was this one's last.
        let after = more.as_ref().and_then(|(second, third)| {
            let third = third.as_ref()?;
            let goes_on = second.typed.iter().chain(&second.parts);
            let goes_on = goes_on.filter_map(|row| row.get(1)).copied();
            Some(goes_on.chain(third.iter().copied()).collect::<Vec<_>>())
        });
        for letters in &first.typed {
            // A filler may follow.
            self.row(
                Class::Initial,
                letters.iter().map(|code| vec![*code]).collect(),
            );
        }
        if more.is_none() || first.initials.is_empty() {
            return;
        }
        let mut places = vec![first.initials.clone(), second.to_vec()];
        places.extend(after);
        self.row(Class::Initial, places);
        let double = first.typed.iter().map(|letters| letters[0]);
        let double = double.filter(|code| ['z', 'c', 's'].map(letter).contains(code));
        let double = double.collect();
        self.row(Class::Initial, vec![double, vec![letter('h')]]);
    }

    /// Makes the sieve ready, once all terms are entered.
    pub(crate) fn finish(&mut self) {
        let mut rows = std::mem::take(&mut self.rows);
        if self.open {
            return;
        }
        for row in &mut rows {
            for codes in &mut row.places {
                codes.sort_unstable();
                codes.dedup();
            }
        }
        // Rows that begin alike share a bucket, so that few of its codes begin one.
        rows.sort_by(|a, b| {
            let key = |row: &Row| (row.class, row.places.len());
            key(a).cmp(&key(b)).then_with(|| a.places.cmp(&b.places))
        });
        let mut masks: HashMap<Code, Masks> = HashMap::new();
        let is_plain = |row: &Row| matches!(row.class, Class::Plain(_));
        for rows in rows.chunk_by(|a, b| is_plain(a) == is_plain(b)) {
            self.share(rows, &mut masks);
        }
        let slots = (4 * masks.len()).next_power_of_two();
        let mut by_slot: BTreeMap<usize, Masks> = BTreeMap::new();
        for (code, masks) in &masks {
            by_slot.entry(slot(*code, slots)).or_default().add(masks);
        }
        let mut known: HashMap<Masks, u16> = HashMap::from([(Masks::default(), 0)]);
        let mut all = vec![Masks::default()];
        let mut number = |masks: Masks| {
            *known.entry(masks).or_insert_with(|| {
                all.push(masks);
                (all.len() - 1) as u16
            })
        };
        self.slots = vec![0; slots].into();
        for (slot, masks) in by_slot {
            self.slots[slot] = number(masks);
        }
        let of_syllable = |nth: u16| match nth.checked_sub(1) {
            Some(of) => masks.get(&syllable(of)).copied().unwrap_or_default(),
            None => Masks::default(),
        };
        let syllables = (0..)
            .take_while(|of| !han::spelling(*of).is_empty())
            .count() as u16;
        self.by_sound = (0..=syllables)
            .map(|nth| number(of_syllable(nth)))
            .collect();
        self.ascii = ('\0'..='\x7f')
            .map(|c| {
                let mut of = Masks::default();
                for code in [literal(c), initial(c)] {
                    of.add(masks.get(&code).unwrap_or(&Masks::default()));
                }
                number(of)
            })
            .collect();
        self.open = all.len() > usize::from(u16::MAX);
        self.masks = std::array::from_fn(|place| all.iter().map(|of| of.rows[place]).collect());
        self.plain_masks =
            std::array::from_fn(|place| all.iter().map(|of| of.plain[place]).collect());
    }

    /// Shares the buckets among rows in order, all plain or none.
    fn share(&mut self, rows: &[Row], masks: &mut HashMap<Code, Masks>) {
        let alike = |a: &Row, b: &Row| (a.class, a.places.len()) == (b.class, b.places.len());
        let groups = rows.chunk_by(alike).count();
        let mut next = 0;
        for group in rows.chunk_by(alike) {
            let buckets = 1 + group.len() * (128 - groups) / rows.len();
            let each = group.len().div_ceil(buckets);
            let Row { class, places } = &group[0];
            let last = places.len() - 1;
            let of = &mut self.buckets;
            for (nth, rows) in group.chunks(each).enumerate() {
                let bucket = 1_u128 << (next + nth);
                for row in rows {
                    for (place, codes) in row.places.iter().enumerate() {
                        for code in codes {
                            let masks = masks.entry(*code).or_default();
                            match class {
                                Class::Plain(_) => masks.plain[place] |= bucket,
                                _ => masks.rows[place] |= bucket,
                            }
                        }
                    }
                }
                let when = |holds: bool| if holds { bucket } else { 0 };
                match class {
                    Class::Plain(plain) => {
                        self.ends.plain[last] |= bucket;
                        of.noise |= when(plain.noise);
                        of.reversed |= when(plain.reversed);
                        of.no_letters |= when(!plain.letters);
                        of.no_digits |= when(!plain.digits);
                        of.plain_foreign |= when(plain.foreign);
                        of.apart |= when(plain.apart);
                        continue;
                    }
                    Class::Parted => of.parted |= bucket,
                    Class::Initial => of.initial |= bucket,
                    Class::Other => of.other |= bucket,
                    Class::Foreign => of.foreign |= bucket,
                    Class::Han | Class::Typed => {}
                }
                self.ends.rows[last] |= bucket;
            }
            next += buckets;
        }
    }

    /// The masks that a unit has, into `numbers`.
    #[inline]
    fn of(&self, unit: &Unit, turned: bool, numbers: &mut Numbers) {
        let [first, second] = unit.sounds.map(|sound| self.by_sound[usize::from(sound)]);
        numbers.begin([self.as_itself(unit), first, second]);
        if turned || unit.kind.is(Kind::SOUNDS) || unit.kind.is(Kind::SIGN) {
            self.more(unit, turned, numbers);
        }
    }

    #[inline]
    fn as_itself(&self, unit: &Unit) -> u16 {
        match self.ascii.get(unit.skeleton as usize) {
            Some(number) => *number,
            None => self.slot(literal(unit.skeleton)),
        }
    }

    /// What few units may be read as besides.
    #[cold]
    fn more(&self, unit: &Unit, turned: bool, numbers: &mut Numbers) {
        if unit.kind.is(Kind::SOUNDS) {
            for reading in han::readings(unit.skeleton) {
                numbers.add(self.by_sound[1 + usize::from(*reading)]);
            }
        }
        if unit.kind.is(Kind::SIGN) {
            for c in [sign(unit.raw), unit.skeleton, unit.raw] {
                if let Some(digit) = signs::numeral(c) {
                    numbers.add(self.slot(numeral(digit)));
                }
                if self.leet {
                    for c in signs::leet(c).chars() {
                        numbers.add(self.slot(letter(c)));
                    }
                }
            }
        }
        if turned && let Some(c) = signs::turned(tables::case_fold(unit.raw)) {
            numbers.add(self.slot(letter(c)));
        }
    }

    #[inline]
    fn slot(&self, code: Code) -> u16 {
        self.slots[slot(code, self.slots.len())]
    }

    /// Ranges of units in which terms may begin; they may overlap.
    pub(crate) fn search(
        &self,
        units: &Units,
        mut each: impl FnMut(Range<usize>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if self.open {
            return each(0..units.all.len());
        }
        let of = &self.buckets;
        let turned = self.turned && units.kinds.is(Kind::TURNED);
        let (mut live, mut noise) = (u128::MAX, of.noise);
        if !units.kinds.is(Kind::HAN) {
            live &= !of.initial;
        }
        if !units.kinds.is(Kind::SIGN) && !turned {
            live &= !of.other & !of.foreign;
        }
        if !units.kinds.is(Kind::FOREIGN) {
            live &= !of.foreign;
            noise &= !of.plain_foreign;
        }
        // What has come to each place of a row, and of that what no tone brought there; of a plain one, and that and a filler.
        let mut rows = [Reached::default(); DEPTH];
        let mut fresh = [0_u128; DEPTH];
        let (mut plain, mut filled) = ([Reached::default(); PLAIN], [Reached::default(); PLAIN]);
        // Where the last letter ended; and before which places all is that anything has come to.
        let (mut end, mut far, mut plain_far) = (0, 0, 0);
        let mut numbers = Numbers::default();
        for (at, unit) in units.all.iter().enumerate() {
            self.of(unit, turned, &mut numbers);
            if far + plain_far == 0
                && numbers.any(&self.masks[0]) & live == 0
                && numbers.any(&self.plain_masks[0]) & noise == 0
            {
                continue;
            }
            let raw = |at: usize| units.all.get(at).map(|unit| unit.raw);
            let before = |back: usize| at.checked_sub(back).and_then(raw) == Some(unit.raw);
            let stretch = before(1) && (before(2) || raw(at + 1) == Some(unit.raw));
            let is_sign = unit.skeleton == '\0';
            let tone = matches!(unit.skeleton, '1'..='5');
            let mut since = usize::MAX;

            // Signs may be gaps. From the last place to the first: each takes from the one before what that had.
            let stays = is_sign || stretch;
            let until = DEPTH.min(far + 1);
            far = 0;
            for place in (0..until).rev() {
                let before = match place.checked_sub(1) {
                    None => Reached {
                        buckets: live,
                        since: at,
                    },
                    Some(before) => rows[before],
                };
                let mut ahead = before;
                if ahead.buckets != 0 {
                    ahead.buckets &= numbers.any(&self.masks[place]);
                }
                if place == 1 && unit.at <= end {
                    ahead.buckets &= !of.parted;
                }
                if ahead.buckets & self.ends.rows[place] != 0 {
                    since = since.min(ahead.since);
                }
                let kept = match (stays, tone) {
                    (true, _) => rows[place].buckets,
                    (false, true) => fresh[place],
                    (false, false) => 0,
                };
                fresh[place] = if stays { fresh[place] } else { 0 } | ahead.buckets;
                rows[place] = rows[place].kept(kept).or(ahead);
                if far == 0 && rows[place].buckets != 0 {
                    far = place + 1;
                }
            }

            let together = at
                .checked_sub(1)
                .is_some_and(|before| units.all[before].at == unit.at);
            let filler = if together {
                u128::MAX
            } else if unit.skeleton.is_ascii_digit() {
                of.no_digits
            } else if unit.skeleton.is_ascii_lowercase() {
                of.no_letters
            } else {
                0
            };
            let until = PLAIN.min(plain_far + 1);
            plain_far = 0;
            for place in (0..until).rev() {
                let mut ahead = match place.checked_sub(1) {
                    None => Reached {
                        buckets: noise,
                        since: at,
                    },
                    // No filler stands between what is of one symbol.
                    Some(before) => {
                        filled[before].or(plain[before].kept(plain[before].buckets & of.apart))
                    }
                };
                if ahead.buckets != 0 {
                    ahead.buckets &= numbers.any(&self.plain_masks[place]);
                }
                if ahead.buckets & self.ends.plain[place] != 0 {
                    since = since.min(ahead.since);
                }
                filled[place] = filled[place]
                    .kept(filled[place].buckets & filler)
                    .or(plain[place]);
                let kept = if stretch { plain[place].buckets } else { 0 };
                plain[place] = plain[place].kept(kept).or(ahead);
                if plain_far == 0 && (plain[place].buckets | filled[place].buckets) != 0 {
                    plain_far = place + 1;
                }
            }

            if since <= at {
                each(since..at + 1)?;
            }
            if !is_sign {
                end = unit.at + unit.raw.len_utf8() as u32;
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether a term may stand in the text read from its last cluster to its first.
    pub(crate) fn may_be_reversed(&self, units: &Units) -> bool {
        if self.open || units.kinds.is(Kind::JOINED) {
            return true;
        }
        let turned = self.turned && units.kinds.is(Kind::TURNED);
        let mut live = self.buckets.reversed;
        if !units.kinds.is(Kind::FOREIGN) {
            live &= !self.buckets.plain_foreign;
        }
        let mut rows = [0_u128; PLAIN];
        let mut before = None;
        let mut far = 0;
        let mut numbers = Numbers::default();
        units.all.iter().rev().any(|unit| {
            numbers.begin([self.as_itself(unit), 0, 0]);
            if turned {
                self.more(unit, turned, &mut numbers);
            }
            let stays = unit.skeleton == '\0' || before == Some(unit.raw);
            before = Some(unit.raw);
            let mut ended = 0;
            let until = PLAIN.min(far + 1);
            far = 0;
            for place in (0..until).rev() {
                let mut ahead = place.checked_sub(1).map_or(live, |before| rows[before]);
                if ahead != 0 {
                    ahead &= numbers.any(&self.plain_masks[place]);
                }
                ended |= ahead & self.ends.plain[place];
                rows[place] = if stays { rows[place] } else { 0 } | ahead;
                if far == 0 && rows[place] != 0 {
                    far = place + 1;
                }
            }
            ended != 0
        })
    }
}

/// Buckets, and where the oldest of their rows began.
#[derive(Clone, Copy, Debug, Default)]
struct Reached {
    buckets: u128,
    since: usize,
}

impl Reached {
    fn kept(self, buckets: u128) -> Self {
        Self { buckets, ..self }
    }

    fn or(self, other: Self) -> Self {
        let since = match (self.buckets, other.buckets) {
            (0, _) => other.since,
            (_, 0) => self.since,
            _ => self.since.min(other.since),
        };
        Self {
            buckets: self.buckets | other.buckets,
            since,
        }
    }
}

/// Numbers of masks.
#[derive(Debug, Default)]
struct Numbers {
    of: [u16; Self::MOST],
    count: usize,
}

impl Numbers {
    /// A character has at most eight readings, and a sign stands for four letters and numerals at most, each named thrice.
    const MOST: usize = 24;

    #[inline]
    fn begin(&mut self, first: [u16; 3]) {
        self.of[..3].copy_from_slice(&first);
        self.count = 3;
    }

    fn add(&mut self, number: u16) {
        if let Some(next) = self.of.get_mut(self.count)
            && number != 0
        {
            *next = number;
            self.count += 1;
        }
    }

    /// The buckets of all of them.
    #[inline]
    fn any(&self, masks: &[u128]) -> u128 {
        let of = self.of[..self.count].iter();
        of.fold(0, |any, number| any | masks[usize::from(*number)])
    }
}

fn slot(code: Code, slots: usize) -> usize {
    (code.wrapping_mul(0x9e37_79b1) >> 12) as usize & (slots - 1)
}
