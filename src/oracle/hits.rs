//! The hits of a term, and the smallest set of variants that explains each.

use super::forms;
use super::reading::{Cell, Kind, Reading};
use super::regex;
use super::walk::{Pattern, walk};
use crate::limits::Limits;
use crate::pack::Term;
use crate::primitives::Span;
use crate::variant::{Variant, Variants};

/// A text and its readings, in the order in which their hits count.
#[derive(Debug)]
pub(super) struct Text<'a> {
    /// The original.
    pub(super) original: &'a str,
    readings: Vec<Reading>,
    /// Those of section 3b.
    otherwise: Vec<Reading>,
}

impl<'a> Text<'a> {
    pub(super) fn new(original: &'a str) -> Self {
        let raw = [false, true].map(|as_l| Some(Reading::raw(original, as_l)));
        let decoded = [false, true].map(|as_l| Reading::decoded(original, as_l));
        let otherwise = [
            Some(Reading::raw(original, false)),
            Some(Reading::reversed(original)),
            Reading::transport(original),
        ];
        Self {
            original,
            readings: raw.into_iter().chain(decoded).flatten().collect(),
            otherwise: otherwise.into_iter().flatten().collect(),
        }
    }
}

/// The hits of `term` in `text`, sorted by place.
pub(super) fn of_term(term: &Term, text: &Text<'_>, limits: &Limits) -> Vec<(Span, Variants)> {
    if term.regex {
        return regex::hits(term, text.original, limits);
    }
    let pattern = Pattern::new(term, term.variants);
    let mut hits: Vec<(Span, Variants)> = Vec::new();
    for reading in &text.readings {
        if reading.decoded && !pattern.variants.contains(Variant::Encoded) {
            continue;
        }
        let earlier = hits.clone();
        for (first, last) in in_reading(&pattern, reading, limits) {
            let span = span_of(reading, first, last);
            if earlier.iter().all(|(hit, _)| !hit.overlaps(span)) {
                hits.push((span, explain(term, &pattern, reading, first, last, limits)));
            }
        }
    }
    if forms::applies(&pattern) {
        for reading in &text.otherwise {
            let wanted = match reading.kind {
                Kind::Raw => true,
                Kind::Reversed => pattern.variants.contains(Variant::Reversed),
                Kind::Transport => pattern.variants.contains(Variant::Transport),
            };
            if !wanted {
                continue;
            }
            let earlier = hits.clone();
            for (first, last, used) in written_otherwise(&pattern, reading, limits) {
                let span = span_of(reading, first, last);
                if earlier.iter().all(|(hit, _)| !hit.overlaps(span)) {
                    let place = (first, last, used);
                    hits.push((span, explain_forms(term, &pattern, reading, place, limits)));
                }
            }
        }
    }
    hits.sort();
    hits
}

/// The hits of section 3b in one reading, as their first and last clusters and the variants of that section.
fn written_otherwise(
    pattern: &Pattern,
    reading: &Reading,
    limits: &Limits,
) -> Vec<(usize, usize, Variants)> {
    let cells = reading.cells(pattern.variants);
    let mut walks: Vec<(usize, usize, Variants)> = Vec::new();
    for start in 0..cells.len() {
        if let Some((end, used)) = forms::walk(pattern, reading, &cells, start, limits) {
            walks.retain(|(_, other, _)| *other != end);
            walks.push((start, end, used));
        }
    }
    let mut hits: Vec<(usize, usize, Variants)> = Vec::new();
    for (start, end, used) in walks {
        let (first, last) = (cells[start].cluster, cells[end].cluster);
        if hits.iter().all(|(_, before, _)| *before < first) {
            hits.push((first, last, used));
        }
    }
    hits
}

/// The variants of section 3b that the walk used, and the fewest of the others under which it succeeds with the same end.
fn explain_forms(
    term: &Term,
    pattern: &Pattern,
    reading: &Reading,
    (first, last, used): (usize, usize, Variants),
    limits: &Limits,
) -> Variants {
    let others = pattern
        .variants
        .and(Variants::STANDARD)
        .without(Variant::Encoded);
    let mut subsets: Vec<Variants> = (0..=others.bits())
        .map(Variants::from_bits)
        .filter(|subset| others.contains_all(*subset))
        .collect();
    subsets.sort_by_key(|subset| size_and_order(*subset));
    let explains = |subset: &Variants| {
        let pattern = Pattern::new(term, subset.or(used));
        if !forms::applies(&pattern) {
            return false;
        }
        let cells = reading.cells(pattern.variants);
        let start = cells.iter().position(|cell| cell.cluster == first);
        let end = start.and_then(|start| forms::walk(&pattern, reading, &cells, start, limits));
        end.is_some_and(|(end, _)| cells[end].cluster == last)
    };
    subsets
        .into_iter()
        .find(explains)
        .unwrap_or(others)
        .or(used)
}

/// The hits in one reading, as their first and last clusters.
fn in_reading(pattern: &Pattern, reading: &Reading, limits: &Limits) -> Vec<(usize, usize)> {
    let cells = reading.cells(pattern.variants);
    // Of the walks with the same end, the one that starts last.
    let mut walks: Vec<(usize, usize)> = Vec::new();
    for start in 0..cells.len() {
        if let Some(end) = walk(pattern, reading, &cells, start, limits) {
            walks.retain(|(_, other)| *other != end);
            walks.push((start, end));
        }
    }
    // Of those, in order of start, each that does not overlap one taken before.
    let mut hits: Vec<(usize, usize)> = Vec::new();
    for (start, end) in walks {
        let (first, last) = (cells[start].cluster, cells[end].cluster);
        if hits.iter().all(|(_, before)| *before < first) {
            hits.push((first, last));
        }
    }
    hits.retain(|(first, last)| counts(pattern, reading, &cells, *first, *last));
    hits
}

/// Whether a hit of this reading holds what the reading is there for.
fn counts(pattern: &Pattern, reading: &Reading, cells: &[Cell], first: usize, last: usize) -> bool {
    let decoded = reading.clusters[first..=last]
        .iter()
        .any(|cluster| cluster.decoded);
    let as_l = pattern.variants.contains(Variant::Confusables)
        && cells
            .iter()
            .filter(|cell| (first..=last).contains(&cell.cluster))
            .any(|cell| cell.eligible && cell.or_l);
    (decoded || !reading.decoded) && (as_l || !reading.as_l)
}

/// The smallest set of variants under which the walk from the same cluster ends with the same cluster.
fn explain(
    term: &Term,
    pattern: &Pattern,
    reading: &Reading,
    first: usize,
    last: usize,
    limits: &Limits,
) -> Variants {
    let all = pattern
        .variants
        .and(Variants::STANDARD)
        .without(Variant::Encoded);
    let mut subsets: Vec<Variants> = (0..=all.bits())
        .map(Variants::from_bits)
        .filter(|subset| all.contains_all(*subset))
        .collect();
    subsets.sort_by_key(|subset| size_and_order(*subset));
    let explains = |subset: &Variants| {
        let pattern = Pattern::new(term, *subset);
        let cells = reading.cells(pattern.variants);
        let start = cells.iter().position(|cell| cell.cluster == first);
        let end = start.and_then(|start| walk(&pattern, reading, &cells, start, limits));
        end.is_some_and(|end| cells[end].cluster == last)
    };
    let smallest = subsets.into_iter().find(explains).unwrap_or(all);
    if reading.decoded {
        smallest.with(Variant::Encoded)
    } else {
        smallest
    }
}

/// Fewest members first, then the first in table order.
pub(super) fn size_and_order(variants: Variants) -> (usize, Vec<Variant>) {
    (variants.len(), variants.iter().collect())
}

fn span_of(reading: &Reading, first: usize, last: usize) -> Span {
    let (first, last) = (reading.clusters[first].span, reading.clusters[last].span);
    Span::new(first.start.min(last.start), first.end.max(last.end))
}
