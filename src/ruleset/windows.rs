//! Terms that may be cut over messages.

use std::ops::Range;

use crate::text::window::{SYMBOLS, WindowTerm};

use super::stored::{Flaw, Source, Stored};

/// The literal terms of rules with a `window`, sorted by their symbols, so that those that go on alike stand together.
#[derive(Debug, Default)]
pub(crate) struct WindowTerms {
    rows: Box<[Row]>,
    /// For each set, whether a rule with a window names it; empty where none does.
    sets: Box<[bool]>,
    /// Seconds of the longest window.
    pub(crate) longest: u32,
}

#[derive(Debug)]
struct Row {
    /// The symbols without case.
    key: Box<[char]>,
    term: u32,
    reading: WindowTerm,
}

impl WindowTerms {
    pub(crate) fn new(terms: Vec<(u32, WindowTerm)>, sets: Vec<bool>, longest: u32) -> Self {
        let mut rows: Vec<Row> = terms
            .into_iter()
            .map(|(term, reading)| Row {
                key: reading.key().into(),
                term,
                reading,
            })
            .collect();
        rows.sort_by(|a, b| (&a.key, a.term).cmp(&(&b.key, b.term)));
        let any = sets.contains(&true);
        Self {
            rows: rows.into(),
            sets: if any { sets.into() } else { Box::default() },
            longest,
        }
    }

    /// Whether hits over messages count in that set.
    pub(crate) fn count_in(&self, set: u32) -> bool {
        self.sets.get(set as usize).copied().unwrap_or(false)
    }

    pub(crate) fn all(&self) -> Range<usize> {
        0..self.rows.len()
    }

    /// Of rows that share their first `length` symbols, those that go on with `symbol`.
    pub(crate) fn narrow(&self, range: Range<usize>, length: usize, symbol: char) -> Range<usize> {
        let rows = &self.rows[range.clone()];
        let next = Some(&symbol);
        let from = rows.partition_point(|row| row.key.get(length) < next);
        let len = rows[from..].partition_point(|row| row.key.get(length) == next);
        range.start + from..range.start + from + len
    }

    /// Of rows that share their first `length` symbols, those that have no more: the term, and how it is read.
    pub(crate) fn complete(
        &self,
        range: Range<usize>,
        length: usize,
    ) -> impl Iterator<Item = (u32, &WindowTerm)> {
        self.rows[range]
            .iter()
            .take_while(move |row| row.key.len() == length)
            .map(|row| (row.term, &row.reading))
    }
}

impl WindowTerms {
    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        let row = |row: &Row| {
            size_of_val(&*row.key)
                + size_of_val(&*row.reading.symbols)
                + size_of_val(&*row.reading.soft)
        };
        size_of_val(&*self.rows)
            + size_of_val(&*self.sets)
            + self.rows.iter().map(row).sum::<usize>()
    }

    /// Whether the rows are of those terms, and in order.
    pub(super) fn fit(&self, terms: usize) -> bool {
        let rising = |pair: &[Row]| (&pair[0].key, pair[0].term) < (&pair[1].key, pair[1].term);
        self.rows.windows(2).all(rising)
            && self.rows.iter().all(|row| {
                let len = row.key.len();
                let same = row.reading.symbols.len() == len && row.reading.soft.len() == len;
                same && (2..=SYMBOLS).contains(&len) && (row.term as usize) < terms
            })
    }
}

impl Stored for Row {
    const LEAST: usize = 16;

    fn write(&self, out: &mut Vec<u8>) {
        self.key.write(out);
        self.term.write(out);
        self.reading.symbols.write(out);
        self.reading.soft.write(out);
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        Ok(Self {
            key: Stored::read(from)?,
            term: Stored::read(from)?,
            reading: WindowTerm {
                symbols: Stored::read(from)?,
                soft: Stored::read(from)?,
            },
        })
    }
}

impl Stored for WindowTerms {
    const LEAST: usize = 12;

    fn write(&self, out: &mut Vec<u8>) {
        self.rows.write(out);
        self.sets.write(out);
        self.longest.write(out);
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        Ok(Self {
            rows: Stored::read(from)?,
            sets: Stored::read(from)?,
            longest: Stored::read(from)?,
        })
    }
}
