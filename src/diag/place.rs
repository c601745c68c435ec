//! Places in lines and columns.

use std::ops::Range;

use super::{Diagnostic, Said};

/// A place in a file, as people count: lines and columns from one, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

/// A diagnostic with its place. `1:1` if the source is not known.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Placed<'a> {
    /// The problem.
    pub diagnostic: &'a Diagnostic,
    /// Where it begins.
    pub start: Place,
    /// Where it ends: one past its last character.
    pub end: Place,
    /// Its labels.
    pub labels: Vec<Spot<'a>>,
}

/// A label of a diagnostic with its place.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Spot<'a> {
    /// Bytes of the source.
    pub span: Range<usize>,
    /// What is said of it.
    pub said: &'a Said,
    /// Where it begins.
    pub start: Place,
    /// Where it ends: one past its last character.
    pub end: Place,
}

impl<'a> Placed<'a> {
    pub(super) fn new(diagnostic: &'a Diagnostic, lines: Option<&Lines<'_>>) -> Self {
        let place = |offset| match lines {
            Some(lines) => lines.place(offset),
            None => Place { line: 1, column: 1 },
        };
        let labels = diagnostic.labels.iter().map(|(span, said)| Spot {
            span: span.clone(),
            said,
            start: place(span.start),
            end: place(span.end),
        });
        Self {
            diagnostic,
            start: place(diagnostic.span.start),
            end: place(diagnostic.span.end),
            labels: labels.collect(),
        }
    }
}

/// Where the lines of a source begin.
pub(super) struct Lines<'a> {
    source: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        // A byte-order mark takes no column.
        let first = if source.starts_with('\u{feff}') { 3 } else { 0 };
        let breaks = source
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n');
        Self {
            source,
            starts: std::iter::once(first)
                .chain(breaks.map(|(at, _)| at + 1))
                .collect(),
        }
    }

    pub(super) fn place(&self, offset: usize) -> Place {
        let offset = floor(self.source, offset);
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let before = self.source.get(start..offset).unwrap_or("");
        Place {
            line,
            column: before.chars().count() + 1,
        }
    }
}

/// The last character border at or before `at`.
pub(super) fn floor(source: &str, at: usize) -> usize {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The first character border at or after `at`.
#[cfg(feature = "render")]
pub(super) fn ceil(source: &str, at: usize) -> usize {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_characters() {
        let lines = Lines::new("\u{feff}一二\n三x\n");
        let at = |offset| {
            let Place { line, column } = lines.place(offset);
            (line, column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(3), (1, 1));
        assert_eq!(at(6), (1, 2));
        assert_eq!(at(10), (2, 1));
        assert_eq!(at(13), (2, 2));
        assert_eq!(at(15), (3, 1));
        assert_eq!(at(999), (3, 1));
    }
}
