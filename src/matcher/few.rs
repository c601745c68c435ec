//! Search for few patterns, in as little memory as they need: a platform has ten thousand tenants, each with patterns of its own.
//!
//! At each place of the row where a pattern may begin, a filter of 16 bits a pattern (see `prefixes`) is asked for the next two symbols and the next
//! four; where it says yes, the patterns, which are sorted, are narrowed down symbol by symbol. That takes longer than a table would, at a few
//! places in a hundred.
//!
//! The work at one place is bounded by the patterns that may lie on the way to one another, which is less than there are symbols in one.

use std::ops::ControlFlow;

use crate::text::symbols::Symbols;

use super::{Candidate, Pattern};

/// Patterns of a set, at most.
const MOST: usize = 512;
/// Symbols of a pattern, at most; so much is looked at from one place.
const LONGEST: usize = 64;
/// Bits of the filter for each pattern.
const BITS: usize = 16;

#[derive(Debug)]
pub(super) struct Few {
    rows: Rows,
    /// Where each pattern starts in `rows`, and where the last ends.
    starts: Box<[u16]>,
    /// The number of each, where that is not its place.
    numbers: Box<[u16]>,
    /// What else is known of each, as its place in `table`.
    kinds: Box<[u8]>,
    table: Box<[(bool, bool, u16)]>,
    filter: Box<[u32]>,
    /// Of patterns of one symbol, a bit by its lowest six bits.
    ones: u64,
    /// Whether a pattern begins with an ASCII symbol, and whether one may do so where a word goes on.
    ascii: bool,
    anywhere: bool,
}

/// Patterns in order, end to end.
#[derive(Debug)]
enum Rows {
    Ones(Box<[u8]>),
    Twos(Box<[u16]>),
}

impl Rows {
    fn new(symbols: &[u16]) -> Self {
        let narrow: Option<Box<[u8]>> = symbols.iter().map(|s| u8::try_from(*s).ok()).collect();
        narrow.map_or_else(|| Self::Twos(symbols.into()), Self::Ones)
    }

    #[inline]
    fn get(&self, at: usize) -> u16 {
        match self {
            Self::Ones(symbols) => u16::from(symbols[at]),
            Self::Twos(symbols) => symbols[at],
        }
    }
}

/// A bit pattern within a word of the filter, and the word's hash, for so many symbols.
#[inline]
fn key(symbols: &[u16]) -> (u32, u32) {
    let mixed = symbols.iter().fold(0_u32, |hash, symbol| {
        (hash.rotate_left(11) ^ u32::from(*symbol)).wrapping_mul(0x9e37_79b1)
    });
    let bits = mixed.wrapping_mul(0x85eb_ca6b);
    (mixed, 1 << (bits >> 27) | 1 << (bits >> 22 & 31))
}

/// By how many symbols a pattern is entered.
const fn entered_by(len: usize) -> usize {
    if len >= 4 { 4 } else { 2 }
}

impl Few {
    /// `None` if the patterns are too many or too long.
    pub(super) fn new(patterns: &[Pattern]) -> Option<Self> {
        let longest = patterns.iter().map(|pattern| pattern.symbols.len()).max()?;
        if patterns.len() > MOST || longest > LONGEST {
            return None;
        }
        let mut order: Vec<u16> = (0..patterns.len() as u16).collect();
        order.sort_by_key(|at| &patterns[usize::from(*at)].symbols);
        let (mut symbols, mut starts) = (Vec::new(), vec![0]);
        let (mut kinds, mut table) = (Vec::with_capacity(patterns.len()), Vec::new());
        let words = (patterns.len() * BITS).div_ceil(32);
        let mut filter = vec![0; words];
        let (mut ones, mut ascii, mut anywhere) = (0, false, false);
        for at in &order {
            let pattern = &patterns[usize::from(*at)];
            symbols.extend_from_slice(&pattern.symbols);
            starts.push(u16::try_from(symbols.len()).ok()?);
            let kind = (pattern.begins_word, pattern.ends_word, pattern.doubled);
            let known = table.iter().position(|known| *known == kind);
            let known = known.unwrap_or_else(|| {
                table.push(kind);
                table.len() - 1
            });
            kinds.push(u8::try_from(known).ok()?);
            let first = pattern.symbols[0];
            ascii |= first < 0x80;
            anywhere |= first < 0x80 && !pattern.begins_word;
            if let [one] = *pattern.symbols {
                ones |= 1 << (one & 63);
            } else {
                let (hash, bits) = key(&pattern.symbols[..entered_by(pattern.symbols.len())]);
                filter[place(hash, words)] |= bits;
            }
        }
        let in_order = order
            .iter()
            .enumerate()
            .all(|(at, n)| at == usize::from(*n));
        Some(Self {
            rows: Rows::new(&symbols),
            starts: starts.into(),
            numbers: if in_order {
                Box::default()
            } else {
                order.into()
            },
            kinds: kinds.into(),
            table: table.into(),
            filter: filter.into(),
            ones,
            ascii,
            anywhere,
        })
    }

    pub(super) fn search(
        &self,
        row: &Symbols,
        mut each: impl FnMut(Candidate) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for (at, ahead) in row.padded().windows(4).take(row.len()).enumerate() {
            if ahead[0] < 0x80 && !(self.ascii && (self.anywhere || !row.is_inside(at))) {
                continue;
            }
            if self.may_hold(&ahead[..2])
                || self.may_hold(ahead)
                || self.ones >> (ahead[0] & 63) & 1 == 1
            {
                self.narrow(row, at, &mut each)?;
            }
        }
        ControlFlow::Continue(())
    }

    #[inline]
    fn may_hold(&self, ahead: &[u16]) -> bool {
        let (hash, bits) = key(ahead);
        self.filter[place(hash, self.filter.len())] & bits == bits
    }

    /// Reports the patterns that stand at `at`.
    fn narrow(
        &self,
        row: &Symbols,
        at: usize,
        each: &mut impl FnMut(Candidate) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let (mut from, mut to) = (0, self.starts.len() - 1);
        for (len, symbol) in row.as_slice()[at..].iter().enumerate() {
            // Of patterns that share `len` symbols with the row, those that have no more stand first, and are reported already.
            let is_next = |pattern| self.symbol(pattern, len) == Some(*symbol);
            let below = |least: u16| {
                let (mut low, mut high) = (from, to);
                while low < high {
                    let middle = low.midpoint(high);
                    if self.symbol(middle, len).is_none_or(|known| known < least) {
                        low = middle + 1;
                    } else {
                        high = middle;
                    }
                }
                low
            };
            if !(is_next(from) && is_next(to - 1)) {
                (from, to) = (below(*symbol), symbol.checked_add(1).map_or(to, below));
            }
            if from >= to {
                return ControlFlow::Continue(());
            }
            if self.len(from) == len + 1 {
                let end = at + len + 1;
                let (begins, ends, doubled) = self.table[usize::from(self.kinds[from])];
                let in_word = begins && row.is_inside(at) || ends && row.goes_on(end);
                if !in_word && doubled & !row.doubled_from(at) == 0 {
                    each(Candidate {
                        pattern: self.number(from),
                        start: at,
                        end,
                    })?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn len(&self, at: usize) -> usize {
        usize::from(self.starts[at + 1] - self.starts[at])
    }

    /// The symbol of a pattern, if it is that long.
    #[inline]
    fn symbol(&self, at: usize, nth: usize) -> Option<u16> {
        let place = usize::from(self.starts[at]) + nth;
        (place < usize::from(self.starts[at + 1])).then(|| self.rows.get(place))
    }

    fn number(&self, at: usize) -> usize {
        self.numbers.get(at).map_or(at, |n| usize::from(*n))
    }

    /// The patterns, in the order of their numbers.
    pub(super) fn patterns(&self) -> Vec<Pattern> {
        let mut places: Vec<usize> = (0..self.kinds.len()).collect();
        places.sort_unstable_by_key(|at| self.number(*at));
        places
            .into_iter()
            .map(|at| {
                let (begins_word, ends_word, doubled) = self.table[usize::from(self.kinds[at])];
                Pattern {
                    symbols: (0..).map_while(|nth| self.symbol(at, nth)).collect(),
                    begins_word,
                    ends_word,
                    doubled,
                }
            })
            .collect()
    }

    pub(super) fn memory(&self) -> usize {
        let rows = match &self.rows {
            Rows::Ones(symbols) => size_of_val(&**symbols),
            Rows::Twos(symbols) => size_of_val(&**symbols),
        };
        rows + size_of_val(&*self.starts)
            + size_of_val(&*self.numbers)
            + size_of_val(&*self.kinds)
            + size_of_val(&*self.table)
            + size_of_val(&*self.filter)
    }

    /// How many patterns there are.
    pub(super) fn count(&self) -> usize {
        self.kinds.len()
    }
}

/// The word of the filter for a hash, without a division (Lemire, 2016).
#[inline]
fn place(hash: u32, words: usize) -> usize {
    ((u64::from(hash) * words as u64) >> 32) as usize
}
