//! Terms that may be cut over messages.

use std::ops::Range;

use crate::text::window::WindowTerm;

/// The literal terms of rules with a `window`, sorted by their symbols, so that those that go on alike stand together.
#[derive(Debug, Default)]
pub(crate) struct WindowTerms {
    rows: Vec<Row>,
    /// For each set, whether a rule with a window names it.
    sets: Vec<bool>,
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
        Self {
            rows,
            sets,
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
