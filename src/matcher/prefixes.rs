//! Search by beginnings: at each place of the row, could a pattern begin here?
//!
//! 1. A filter (a Bloom filter whose keys each stay in one 32-bit word: Putze, Sanders and Singler, 2007) over the first symbols of the
//!    patterns. Two Han characters select well, so a word of the filter is chosen by the first two symbols, and two bits of it by the
//!    second or the third. Two Latin letters select little: patterns of four and more are entered by four, and their bits by five.
//! 2. A table from such a beginning to the patterns that share it; eight bits of the hash are kept beside each entry, so that few of those
//!    that the filter lets through in vain look further.
//! 3. The patterns themselves, sorted. Those that share a beginning stand together, and are narrowed down symbol by symbol.
//!
//! Where a word goes on, a pattern that begins with one cannot begin; so most places of a Latin text are passed over.
//!
//! The work at one place is bounded: a look-up for each length of beginning, then one narrowing for each place at which patterns with
//! that beginning part, of which [`BRANCHES`] may lie on the way to one pattern. Sets that have more are refused.

use std::ops::ControlFlow;

use crate::text::symbols::Symbols;

use super::{Candidate, Pattern};

/// How often patterns may part on the way to one of them. Dictionaries of a million words stay below 16.
const BRANCHES: usize = 24;

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

    /// Two bits of a word of the filter.
    #[inline]
    fn bits(self) -> u32 {
        let mixed = self.hash.wrapping_mul(0x2c1b_3c6d);
        1 << (mixed >> 27) | 1 << (mixed >> 22 & 31)
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
    /// Patterns in order, end to end.
    symbols: Box<[u16]>,
    /// Where each of them starts, and where the last ends.
    starts: Box<[u32]>,
    /// Their numbers, with [`BEGINS_WORD`] and [`ENDS_WORD`] set or not.
    numbers: Box<[u32]>,
    /// The first pattern of each beginning, and how many patterns there are.
    groups: Box<[u32]>,
    filter: Box<[u32]>,
    filter_shift: u32,
    /// Places of groups, plus one, with eight bits of the hash above; 0 is nothing.
    table: Box<[u32]>,
    table_shift: u32,
    /// Of patterns of one symbol, a bit by its lowest six bits.
    ones: u64,
    /// Whether a pattern begins with an ASCII symbol.
    ascii: bool,
    /// Of those that may begin where a word goes on, a bit by the lowest five bits of the second symbol in a word by those of the first.
    anywhere: [u32; 32],
}

const BEGINS_WORD: u32 = 1 << 31;
const ENDS_WORD: u32 = 1 << 30;
const NUMBER: u32 = ENDS_WORD - 1;
const GROUP: u32 = 0xff_ffff;

impl Prefixes {
    /// `None` if the work at one place would not be bounded well, or the patterns are too many.
    pub(super) fn new(patterns: &[Pattern]) -> Option<Self> {
        let mut order: Vec<u32> = (0..u32::try_from(patterns.len()).ok()?).collect();
        order.sort_unstable_by_key(|at| &patterns[*at as usize].symbols);
        let sorted = || order.iter().map(|at| &*patterns[*at as usize].symbols);
        let mut groups = Vec::new();
        let mut parted: Vec<usize> = Vec::new();
        let mut before: Option<&[u16]> = None;
        for (at, symbols) in (0..).zip(sorted()) {
            let len = beginning(symbols);
            let shared = before.map_or(0, |before| shared(before, symbols));
            before = Some(symbols);
            if shared < len || groups.is_empty() {
                groups.push(at);
                parted.clear();
                continue;
            }
            while parted.pop_if(|at| *at > shared).is_some() {}
            if parted.last() != Some(&shared) {
                parted.push(shared);
            }
            if parted.len() > BRANCHES {
                return None;
            }
        }
        if groups.len() >= GROUP as usize || patterns.len() >= ENDS_WORD as usize {
            return None;
        }
        let mut starts = Vec::with_capacity(patterns.len() + 1);
        let mut symbols = Vec::with_capacity(sorted().map(<[u16]>::len).sum());
        for pattern in sorted() {
            starts.push(u32::try_from(symbols.len()).ok()?);
            symbols.extend_from_slice(pattern);
        }
        starts.push(u32::try_from(symbols.len()).ok()?);
        let number = |at: &u32| {
            let pattern = &patterns[*at as usize];
            let flag = |set: bool, flag: u32| if set { flag } else { 0 };
            *at | flag(pattern.begins_word, BEGINS_WORD) | flag(pattern.ends_word, ENDS_WORD)
        };
        let words = (groups.len() * BITS / 32).next_power_of_two().max(16);
        let slots = (groups.len() * 2).next_power_of_two().max(16);
        let mut made = Self {
            symbols: symbols.into(),
            starts: starts.into(),
            numbers: order.iter().map(number).collect(),
            filter: vec![0; words].into(),
            filter_shift: 32 - words.trailing_zeros(),
            table: vec![0; slots].into(),
            table_shift: 32 - slots.trailing_zeros(),
            groups: Box::default(),
            ones: 0,
            ascii: false,
            anywhere: [0; 32],
        };
        for (group, first) in (1..).zip(&groups) {
            made.enter(group, *first as usize);
        }
        for pattern in patterns {
            let ascii = is_ascii(pattern.symbols[0]);
            made.ascii |= ascii;
            if ascii
                && !pattern.begins_word
                && let [first, second, ..] = *pattern.symbols
            {
                made.anywhere[usize::from(first & 31)] |= 1 << (second & 31);
            }
        }
        groups.push(patterns.len() as u32);
        made.groups = groups.into();
        Some(made)
    }

    /// Enters a beginning: that of pattern `first`.
    fn enter(&mut self, group: u32, first: usize) {
        let pattern = self.pattern(first);
        let key = Key::of(&pattern[..beginning(pattern)]);
        if pattern.len() == 1 {
            self.ones |= 1 << (pattern[0] & 63);
        } else {
            let by = if is_ascii(pattern[0]) && pattern.len() >= 4 {
                4
            } else {
                2
            };
            let word = Key::of(&pattern[..by]).hash >> self.filter_shift;
            self.filter[word as usize] |= key.bits();
        }
        let mixed = key.mixed();
        let mut slot = (mixed >> self.table_shift) as usize;
        while self.table[slot] != 0 {
            slot = (slot + 1) & (self.table.len() - 1);
        }
        self.table[slot] = group | mixed << 24;
    }

    fn pattern(&self, at: usize) -> &[u16] {
        &self.symbols[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    pub(super) fn search(
        &self,
        row: &Symbols,
        mut each: impl FnMut(Candidate) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let places = row.padded().windows(5).take(row.len()).enumerate();
        for (at, ahead) in places {
            let one = Key::of(&ahead[..1]);
            if self.ones >> (ahead[0] & 63) & 1 == 1 {
                self.look_up(one, row, at, &mut each)?;
            }
            let ascii = is_ascii(ahead[0]);
            if ascii && !(self.ascii && self.may_begin(ahead[0], ahead[1], row, at)) {
                continue;
            }
            let two = one.and(ahead[1]);
            let three = two.and(ahead[2]);
            let word = self.filter_word(two);
            if word & two.bits() == two.bits() {
                self.look_up(two, row, at, &mut each)?;
            }
            if word & three.bits() == three.bits() {
                self.look_up(three, row, at, &mut each)?;
            }
            if !ascii {
                continue;
            }
            let four = three.and(ahead[3]);
            let five = four.and(ahead[4]);
            let word = self.filter_word(four);
            if word & four.bits() == four.bits() {
                self.look_up(four, row, at, &mut each)?;
            }
            if word & five.bits() == five.bits() {
                self.look_up(five, row, at, &mut each)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether a pattern of two symbols or more, the first of them ASCII, may begin there.
    #[inline]
    fn may_begin(&self, first: u16, second: u16, row: &Symbols, at: usize) -> bool {
        self.anywhere[usize::from(first & 31)] >> (second & 31) & 1 == 1 || !row.is_inside(at)
    }

    #[inline]
    fn filter_word(&self, key: Key) -> u32 {
        self.filter[(key.hash >> self.filter_shift) as usize]
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
                let group = (entry & GROUP) as usize;
                let (from, to) = (self.groups[group - 1], self.groups[group]);
                let first = self.pattern(from as usize);
                if beginning(first) == key.len && first[..key.len] == text[..key.len] {
                    let range = (from as usize, to as usize);
                    return self.narrow(range, key.len, row, at, each);
                }
            }
            slot = (slot + 1) & (self.table.len() - 1);
        }
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
                let number = self.numbers[from];
                if (number & BEGINS_WORD == 0 || !row.is_inside(at))
                    && (number & ENDS_WORD == 0 || !row.goes_on(at + len))
                {
                    each(Candidate {
                        pattern: (number & NUMBER) as usize,
                        start: at,
                        end: at + len,
                    })?;
                }
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

    /// The patterns, in the order of their numbers.
    pub(super) fn patterns(&self) -> Vec<Pattern> {
        let mut places: Vec<usize> = (0..self.numbers.len()).collect();
        places.sort_unstable_by_key(|at| self.numbers[*at] & NUMBER);
        places
            .into_iter()
            .map(|at| Pattern {
                symbols: self.pattern(at).into(),
                begins_word: self.numbers[at] & BEGINS_WORD != 0,
                ends_word: self.numbers[at] & ENDS_WORD != 0,
            })
            .collect()
    }

    /// How many beginnings there are.
    pub(super) fn beginnings(&self) -> usize {
        self.groups.len() - 1
    }

    pub(super) fn memory(&self) -> usize {
        2 * self.symbols.len()
            + 4 * (self.starts.len()
                + self.numbers.len()
                + self.groups.len()
                + self.filter.len()
                + self.table.len())
    }
}

/// How many symbols two patterns share from their beginning.
fn shared(a: &[u16], b: &[u16]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
