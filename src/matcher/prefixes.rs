//! Search by beginnings: at each place of the row, could a pattern begin here?
//!
//! 1. A filter (a Bloom filter whose keys each stay in one 32-bit word: Putze, Sanders and Singler, 2007) over the first symbols of the
//!    patterns: up to three, or, of those that begin in ASCII, up to five; patterns that are shorter are entered as they are.
//! 2. A table from such a beginning to the patterns that share it; eight bits of the hash are kept beside each entry, so that few of those
//!    that the filter lets through in vain look further.
//! 3. The patterns that share a beginning, sorted. A few stand end to end in one place of memory, each with how much it shares with the
//!    one before, and are gone through; many are narrowed down symbol by symbol.
//!
//! Where a word goes on, a pattern that begins with one cannot begin; so most places of a Latin text are passed over.
//!
//! The work at one place is bounded: a look-up for each length of beginning; then no symbol of the row is compared twice with the few, and of the
//! many there is one narrowing for each place at which they part, of which [`BRANCHES`] may lie on the way to one pattern. Sets that have more
//! are refused.

use std::ops::ControlFlow;

use crate::text::symbols::Symbols;

use super::{Candidate, Pattern};

/// How often patterns may part on the way to one of them. Dictionaries of a million words stay below 16.
const BRANCHES: usize = 24;

/// How many patterns with one beginning are gone through.
const FEW: usize = 16;

/// Bits of the filter for each beginning.
const BITS: usize = 16;

/// A multiplier for each place of a beginning, so that a hash goes on by one addition.
const PLACES: [u32; 5] = [
    0x9e37_79b1,
    0x85eb_ca6b,
    0xc2b2_ae35,
    0x27d4_eb2f,
    0x1656_67b1,
];

/// Hash of a beginning, and how many symbols it has.
#[derive(Clone, Copy)]
struct Key {
    hash: u32,
    len: usize,
}

impl Key {
    fn of(symbols: &[u16]) -> Self {
        let start = Self { hash: 0, len: 0 };
        symbols.iter().fold(start, |key, symbol| key.and(*symbol))
    }

    #[inline]
    fn and(self, symbol: u16) -> Self {
        Self {
            hash: self
                .hash
                .wrapping_add(u32::from(symbol).wrapping_mul(PLACES[self.len])),
            len: self.len + 1,
        }
    }

    /// Three bits of a word of the filter.
    #[inline]
    fn bits(self) -> u32 {
        let mixed = self.hash.wrapping_mul(0x2c1b_3c6d);
        1 << (mixed >> 27) | 1 << (mixed >> 22 & 31) | 1 << (mixed >> 17 & 31)
    }

    /// For the table: its upper bits are the place, its lowest eight what is kept.
    #[inline]
    fn mixed(self) -> u32 {
        let mixed = (self.hash ^ self.hash >> 15).wrapping_mul(0x7feb_352d);
        (mixed ^ mixed >> 13).wrapping_mul(0x846c_a68b)
    }
}

const fn is_ascii(symbol: u16) -> bool {
    symbol < 0x80
}

/// How many symbols of a pattern are its beginning.
fn beginning(symbols: &[u16]) -> usize {
    symbols.len().min(if is_ascii(symbols[0]) { 5 } else { 3 })
}

#[derive(Debug)]
pub(super) struct Prefixes {
    filter: Box<[u32]>,
    filter_shift: u32,
    /// Where the patterns of a beginning stand in `few`, by [`UNIT`], plus one; with eight bits of the hash above; 0 is nothing.
    table: Box<[u32]>,
    table_shift: u32,
    /// For each beginning: how many symbols it has, and how many patterns; itself; then the patterns, sorted, or [`MANY`] and where in
    /// `many` they stand.
    few: Box<[u16]>,
    many: Many,
    groups: usize,
    /// Of patterns of one symbol that need not be doubled, a bit by its lowest six bits.
    ones: u64,
    /// Whether there are others of one symbol.
    doubled_ones: bool,
    /// Whether a pattern begins with an ASCII symbol.
    ascii: bool,
    /// Of those that may begin where a word goes on, a bit by the lowest five bits of the second symbol in a word by those of the first.
    anywhere: [u32; 32],
    /// For each length below that of a beginning, whether all patterns of so many symbols that begin in ASCII end with a word.
    short_end: [bool; 5],
}

/// Patterns that share their beginnings with many others.
#[derive(Debug, Default)]
struct Many {
    /// Patterns in order, end to end.
    symbols: Box<[u16]>,
    /// Where each of them starts, and where the last ends.
    starts: Box<[u32]>,
    facts: Box<[Facts]>,
}

/// What is to be known of a pattern that stands there.
#[derive(Clone, Copy, Debug)]
struct Facts {
    number: u32,
    begins_word: bool,
    ends_word: bool,
    doubled: u16,
}

/// What is 24 bits wide in the table counts so many symbols.
const UNIT: usize = 2;
const PLACE: u32 = 0xff_ffff;

/// Of a beginning: that its patterns are in `many`.
const MANY: u16 = 1 << 15;

/// Before each of the few: flags, and how many symbols follow the beginning. Then its number; how many symbols it shares
/// with the one before, unless it is the first; its doubled symbols, if it has any; and what follows the beginning.
const BEGINS_WORD: u16 = 1 << 15;
const ENDS_WORD: u16 = 1 << 14;
const DOUBLED: u16 = 1 << 13;
/// That its number takes two places, the lower first.
const WIDE: u16 = 1 << 12;
const REST: u16 = WIDE - 1;

impl Facts {
    fn of(pattern: &Pattern, number: u32) -> Self {
        Self {
            number,
            begins_word: pattern.begins_word,
            ends_word: pattern.ends_word,
            doubled: pattern.doubled,
        }
    }

    /// The pattern, and its number.
    fn pattern(self, symbols: &[u16]) -> (u32, Pattern) {
        let pattern = Pattern {
            symbols: symbols.into(),
            begins_word: self.begins_word,
            ends_word: self.ends_word,
            doubled: self.doubled,
        };
        (self.number, pattern)
    }

    /// Reports a pattern of `len` symbols whose symbols stand at `at`, if nothing else speaks against it.
    #[inline]
    fn report(
        self,
        row: &Symbols,
        at: usize,
        len: usize,
        each: &mut impl FnMut(Candidate) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let in_word =
            self.begins_word && row.is_inside(at) || self.ends_word && row.goes_on(at + len);
        if in_word || self.doubled & !row.doubled_from(at) != 0 {
            return ControlFlow::Continue(());
        }
        each(Candidate {
            pattern: self.number as usize,
            start: at,
            end: at + len,
        })
    }
}

impl Prefixes {
    /// `None` if the work at one place would not be bounded well, or the patterns are too many.
    pub(super) fn new(patterns: &[Pattern]) -> Option<Self> {
        let mut order: Vec<u32> = (0..u32::try_from(patterns.len()).ok()?).collect();
        order.sort_unstable_by_key(|at| &patterns[*at as usize].symbols);
        let symbols = |at: &u32| &*patterns[*at as usize].symbols;
        let same = |a: &u32, b: &u32| {
            let (a, b) = (symbols(a), symbols(b));
            let len = beginning(a);
            len == beginning(b) && a[..len] == b[..len]
        };
        let groups = order.chunk_by(same).count();
        let words = (groups * BITS / 32).next_power_of_two().max(16);
        let slots = (groups * 2).next_power_of_two().max(16);
        let mut made = Self {
            filter: vec![0; words].into(),
            filter_shift: 32 - words.trailing_zeros(),
            table: vec![0; slots].into(),
            table_shift: 32 - slots.trailing_zeros(),
            few: Box::default(),
            many: Many::default(),
            groups,
            ones: 0,
            doubled_ones: false,
            ascii: false,
            anywhere: [0; 32],
            short_end: [true; 5],
        };
        let (mut few, mut many) = (Vec::new(), Vec::new());
        for group in order.chunk_by(same) {
            if !parts_seldom(group.iter().map(symbols)) {
                return None;
            }
            few.resize(few.len().next_multiple_of(UNIT), 0);
            let place = u32::try_from(few.len() / UNIT + 1).ok()?;
            if place > PLACE {
                return None;
            }
            let first = symbols(&group[0]);
            let beginning = &first[..beginning(first)];
            made.enter(Key::of(beginning), place);
            let longest = group.iter().map(|at| symbols(at).len()).max();
            if group.len() > FEW || longest > Some(usize::from(REST)) {
                few.push(MANY | beginning.len() as u16);
                few.extend_from_slice(beginning);
                for place in [many.len(), many.len() + group.len()] {
                    let place = u32::try_from(place).ok()?;
                    few.extend([place as u16, (place >> 16) as u16]);
                }
                many.extend_from_slice(group);
            } else {
                few.push((group.len() << 3 | beginning.len()) as u16);
                few.extend_from_slice(beginning);
                let mut before = None;
                for number in group {
                    let pattern = &patterns[*number as usize];
                    write_few(
                        &mut few,
                        Facts::of(pattern, *number),
                        symbols(number),
                        before,
                    );
                    before = Some(symbols(number));
                }
            }
        }
        made.few = few.into();
        made.many.facts = many
            .iter()
            .map(|at| Facts::of(&patterns[*at as usize], *at))
            .collect();
        made.many.symbols = many.iter().flat_map(symbols).copied().collect();
        let mut end = 0;
        let starts = many.iter().map(|at| {
            let start = end;
            end += symbols(at).len();
            start
        });
        let mut starts: Vec<usize> = starts.collect();
        starts.push(end);
        let starts: Result<_, _> = starts.into_iter().map(u32::try_from).collect();
        made.many.starts = starts.ok()?;
        for pattern in patterns {
            made.note(pattern);
        }
        Some(made)
    }

    /// Enters a beginning, whose patterns stand at `place`.
    fn enter(&mut self, key: Key, place: u32) {
        self.filter[(key.hash >> self.filter_shift) as usize] |= key.bits();
        let mixed = key.mixed();
        let mut slot = (mixed >> self.table_shift) as usize;
        while self.table[slot] != 0 {
            slot = (slot + 1) & (self.table.len() - 1);
        }
        self.table[slot] = place | mixed << 24;
    }

    /// Notes what a pattern needs to be looked for.
    fn note(&mut self, pattern: &Pattern) {
        let first = pattern.symbols[0];
        if pattern.symbols.len() == 1 {
            if pattern.doubled & 1 == 1 {
                self.doubled_ones = true;
            } else {
                self.ones |= 1 << (first & 63);
            }
        }
        if !is_ascii(first) {
            return;
        }
        self.ascii = true;
        if !pattern.begins_word {
            let seconds = match *pattern.symbols {
                [_] => u32::MAX,
                [_, second, ..] => 1 << (second & 31),
                [] => 0,
            };
            self.anywhere[usize::from(first & 31)] |= seconds;
        }
        if let Some(all) = self.short_end.get_mut(pattern.symbols.len()) {
            *all &= pattern.ends_word;
        }
    }

    pub(super) fn search(
        &self,
        row: &Symbols,
        mut each: impl FnMut(Candidate) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for word in 0..row.len().div_ceil(64) {
            let first = 64 * word;
            let symbols = &row.padded()[first..];
            let count = 64.min(row.len() - first);
            let all = u64::MAX >> (64 - count);
            let mut places = !row.inside(word);
            if self.anywhere != [0; 32] {
                places |= self.anywhere(&symbols[..count + 1]);
            }
            places &= all;
            while places != 0 {
                let place = places.trailing_zeros() as usize;
                places &= places - 1;
                self.look(&symbols[place..], row, first + place, &mut each)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// A bit for each symbol but the last at which a pattern that begins in ASCII could begin, though a word goes on there.
    fn anywhere(&self, symbols: &[u16]) -> u64 {
        let pairs = symbols.windows(2).enumerate();
        pairs.fold(0, |places, (at, pair)| {
            let seconds = self.anywhere[usize::from(pair[0] & 31)];
            places | u64::from(seconds >> (pair[1] & 31) & 1) << at
        })
    }

    /// Looks up what could begin at `at`, where `ahead` stands.
    #[inline]
    fn look(
        &self,
        ahead: &[u16],
        row: &Symbols,
        at: usize,
        each: &mut impl FnMut(Candidate) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some(&[first, second, third, fourth, fifth]) = ahead.first_chunk() else {
            return ControlFlow::Continue(());
        };
        let ascii = is_ascii(first);
        if ascii && !self.ascii {
            return ControlFlow::Continue(());
        }
        let one = Key::of(&[first]);
        let alone = self.ones >> (first & 63) & 1 == 1
            || self.doubled_ones && row.doubled_from(at) & 1 == 1;
        if alone && self.may_hold(one) {
            self.look_up(one, row, at, each)?;
        }
        // Of a few letters that are no word, no pattern that ends with one.
        let goes_on = |len: usize| ascii && self.short_end[len] && row.goes_on(at + len);
        let two = one.and(second);
        if self.may_hold(two) && !goes_on(2) {
            self.look_up(two, row, at, each)?;
        }
        let three = two.and(third);
        if self.may_hold(three) && !goes_on(3) {
            self.look_up(three, row, at, each)?;
        }
        if !ascii {
            return ControlFlow::Continue(());
        }
        let four = three.and(fourth);
        if self.may_hold(four) && !goes_on(4) {
            self.look_up(four, row, at, each)?;
        }
        let five = four.and(fifth);
        if self.may_hold(five) {
            self.look_up(five, row, at, each)?;
        }
        ControlFlow::Continue(())
    }

    /// Whether there may be patterns with that beginning.
    #[inline]
    fn may_hold(&self, key: Key) -> bool {
        let bits = key.bits();
        self.filter[(key.hash >> self.filter_shift) as usize] & bits == bits
    }

    /// Reports the patterns with this beginning that stand at `at`.
    fn look_up(
        &self,
        key: Key,
        row: &Symbols,
        at: usize,
        each: &mut impl FnMut(Candidate) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let text = &row.padded()[at..];
        let mixed = key.mixed();
        let mut slot = (mixed >> self.table_shift) as usize;
        loop {
            let entry = self.table[slot];
            if entry == 0 {
                return ControlFlow::Continue(());
            }
            if entry >> 24 == mixed & 0xff {
                let group = &self.few[((entry & PLACE) as usize - 1) * UNIT..];
                let (head, rest) = (group[0], &group[1..]);
                let len = usize::from(head & 7);
                if len == key.len && rest[..len] == text[..len] {
                    let rest = &rest[len..];
                    return if head & MANY == 0 {
                        go_through(rest, usize::from(head >> 3), len, row, at, each)
                    } else {
                        let place =
                            |at: usize| usize::from(rest[at]) | usize::from(rest[at + 1]) << 16;
                        self.many.narrow((place(0), place(2)), len, row, at, each)
                    };
                }
            }
            slot = (slot + 1) & (self.table.len() - 1);
        }
    }

    /// The patterns, in the order of their numbers.
    pub(super) fn patterns(&self) -> Vec<Pattern> {
        let mut all = Vec::new();
        let mut at = 0;
        while let Some(head) = self.few.get(at) {
            let beginning = &self.few[at + 1..][..usize::from(head & 7)];
            at += 1 + beginning.len();
            if head & MANY != 0 {
                let (from, to) = places(&self.few[at..]);
                all.extend((from..to).map(|at| self.many.facts[at].pattern(self.many.pattern(at))));
                at += 4;
            } else {
                let mut symbols = beginning.to_vec();
                for nth in 0..head >> 3 {
                    let one = One::read(&self.few[at..], nth == 0, beginning.len());
                    symbols.truncate(beginning.len());
                    symbols.extend_from_slice(one.rest);
                    all.push(one.facts.pattern(&symbols));
                    at += one.size;
                }
            }
            at = at.next_multiple_of(UNIT);
        }
        all.sort_unstable_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, pattern)| pattern).collect()
    }

    /// How many beginnings there are.
    pub(super) fn beginnings(&self) -> usize {
        self.groups
    }

    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.filter)
            + size_of_val(&*self.table)
            + size_of_val(&*self.few)
            + size_of_val(&*self.many.symbols)
            + size_of_val(&*self.many.starts)
            + size_of_val(&*self.many.facts)
    }
}

/// Whether sorted patterns part at no more than [`BRANCHES`] places on the way to any one of them.
fn parts_seldom<'a>(patterns: impl Iterator<Item = &'a [u16]>) -> bool {
    let mut parted: Vec<usize> = Vec::new();
    let mut before: Option<&[u16]> = None;
    for symbols in patterns {
        if let Some(before) = before {
            let shared = shared(before, symbols);
            while parted.pop_if(|at| *at > shared).is_some() {}
            if parted.last() != Some(&shared) {
                parted.push(shared);
            }
        }
        before = Some(symbols);
        if parted.len() > BRANCHES {
            return false;
        }
    }
    true
}

/// Writes one of the few.
fn write_few(few: &mut Vec<u16>, facts: Facts, symbols: &[u16], before: Option<&[u16]>) {
    let rest = &symbols[beginning(symbols)..];
    let flag = |set: bool, flag: u16| if set { flag } else { 0 };
    few.push(
        rest.len() as u16
            | flag(facts.begins_word, BEGINS_WORD)
            | flag(facts.ends_word, ENDS_WORD)
            | flag(facts.doubled != 0, DOUBLED)
            | flag(facts.number > u32::from(u16::MAX), WIDE),
    );
    few.push(facts.number as u16);
    if facts.number > u32::from(u16::MAX) {
        few.push((facts.number >> 16) as u16);
    }
    if let Some(before) = before {
        few.push(shared(before, symbols) as u16);
    }
    if facts.doubled != 0 {
        few.push(facts.doubled);
    }
    few.extend_from_slice(rest);
}

/// One of the few, as it is written.
struct One<'a> {
    facts: Facts,
    /// How many symbols it shares with the one before; of the first, those of its beginning.
    shared: usize,
    /// What follows its beginning.
    rest: &'a [u16],
    /// How much of what was read it takes.
    size: usize,
}

impl<'a> One<'a> {
    #[inline]
    fn read(few: &'a [u16], first: bool, beginning: usize) -> Self {
        let mut next = few.iter();
        let mut take = || next.next().copied().unwrap_or_default();
        let head = take();
        let mut number = u32::from(take());
        if head & WIDE != 0 {
            number |= u32::from(take()) << 16;
        }
        let shared = if first {
            beginning
        } else {
            usize::from(take())
        };
        let doubled = if head & DOUBLED == 0 { 0 } else { take() };
        let rest = &next.as_slice()[..usize::from(head & REST)];
        Self {
            facts: Facts {
                number,
                begins_word: head & BEGINS_WORD != 0,
                ends_word: head & ENDS_WORD != 0,
                doubled,
            },
            shared,
            rest,
            size: few.len() - next.as_slice().len() + rest.len(),
        }
    }
}

/// From where to where those of a beginning stand in `many`.
fn places(written: &[u16]) -> (usize, usize) {
    let place = |at: usize| usize::from(written[at]) | usize::from(written[at + 1]) << 16;
    (place(0), place(2))
}

/// Of `count` patterns, which share their first `len` symbols with the row at `at`, reports those that stand there.
fn go_through(
    few: &[u16],
    count: usize,
    len: usize,
    row: &Symbols,
    at: usize,
    each: &mut impl FnMut(Candidate) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let text = &row.padded()[at..];
    let mut next = few;
    // How many symbols of the row the pattern before has matched.
    let mut matched = len;
    for nth in 0..count {
        let One {
            facts,
            shared,
            rest,
            size,
        } = One::read(next, nth == 0, len);
        next = &next[size..];
        // Where it shares more with the one before than that had matched, it fails in the same place; where less, it has another symbol
        // than the one before, which is that of the row.
        if shared != matched {
            matched = matched.min(shared);
            continue;
        }
        let all = len + rest.len();
        while matched < all && text.get(matched) == rest.get(matched - len) {
            matched += 1;
        }
        if matched == all {
            facts.report(row, at, all, each)?;
        }
    }
    ControlFlow::Continue(())
}

impl Many {
    fn pattern(&self, at: usize) -> &[u16] {
        &self.symbols[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    /// Of patterns `from..to`, which share their first `len` symbols with the row at `at`, reports those that stand there.
    fn narrow(
        &self,
        (mut from, mut to): (usize, usize),
        mut len: usize,
        row: &Symbols,
        at: usize,
        each: &mut impl FnMut(Candidate) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let text = &row.padded()[at..];
        loop {
            let first = self.pattern(from);
            let common = match to - from {
                1 => first.len(),
                _ => shared(first, self.pattern(to - 1)),
            };
            if text.len() < common || first[len..common] != text[len..common] {
                return ControlFlow::Continue(());
            }
            len = common;
            if first.len() == len {
                self.facts[from].report(row, at, len, each)?;
                from += 1;
                if from == to {
                    return ControlFlow::Continue(());
                }
            }
            let next = text.get(len);
            let below = |less: &dyn Fn(Option<&u16>) -> bool| {
                let (mut low, mut high) = (from, to);
                while low < high {
                    let middle = low.midpoint(high);
                    if less(self.pattern(middle).get(len)) {
                        low = middle + 1;
                    } else {
                        high = middle;
                    }
                }
                low
            };
            let (low, high) = (
                below(&|symbol| symbol < next),
                below(&|symbol| symbol <= next),
            );
            (from, to) = (low, high);
            if from >= to {
                return ControlFlow::Continue(());
            }
            len += 1;
        }
    }
}

/// How many symbols two patterns share from their beginning.
fn shared(a: &[u16], b: &[u16]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
