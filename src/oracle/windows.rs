//! Terms cut over messages of one sender.

use unicode_segmentation::UnicodeSegmentation;

use super::reading::{fold, is_word};
use super::walk::{Pattern, symbols_bind};
use crate::pack::Term;
use crate::primitives::{Span, Timestamp, Window};
use crate::text::tables::{self, Class, Script};
use crate::variant::{Variant, Variants};

/// What messages and terms are read under.
const READ: Variants = Variants::of(&[
    Variant::Width,
    Variant::Marks,
    Variant::Invisible,
    Variant::Script,
]);

/// An earlier message of the same sender in the same conversation.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    /// Its texts.
    pub parts: &'a [&'a str],
    /// When it was screened.
    pub at: Timestamp,
    /// Its id.
    pub id: Option<&'a str>,
}

/// A term found over messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Across {
    /// Its pieces in earlier messages: how many messages back, counting those with a letter or digit, the id, and the span.
    pub(super) earlier: Vec<(usize, Option<String>, Span)>,
    /// Its last piece.
    pub(super) span: Span,
    /// Messages from the first to the newest.
    messages: u32,
    /// Seconds from the first to the newest.
    seconds: i64,
}

impl Across {
    pub(super) fn fits(&self, window: Window) -> bool {
        self.messages <= window.messages && self.seconds <= i64::from(window.seconds)
    }
}

/// A cluster that is read to letters and digits alone.
struct Cluster {
    symbols: Vec<char>,
    span: Span,
    /// What stands between it and the one before, or the beginning.
    gap: Vec<char>,
}

/// A message as a row of clusters.
struct Row {
    clusters: Vec<Cluster>,
    /// What stands after the last.
    rest: Vec<char>,
}

impl Row {
    fn new(text: &str) -> Self {
        let mut clusters = Vec::new();
        let mut gap = Vec::new();
        for (at, cluster) in text.grapheme_indices(true) {
            let symbols = fold(cluster, READ);
            if !symbols.is_empty() && symbols.iter().all(|c| is_word(*c)) {
                clusters.push(Cluster {
                    symbols,
                    span: Span::new(at, at + cluster.len()),
                    gap: std::mem::take(&mut gap),
                });
            } else {
                gap.extend(symbols);
            }
        }
        Self {
            clusters,
            rest: gap,
        }
    }

    fn is_single(&self) -> bool {
        self.clusters.len() == 1
    }

    /// Whether a term may go on from the message before.
    fn begins_open(&self) -> bool {
        self.is_single() || is_open(&self.clusters[0].gap)
    }

    /// Whether a term may go on in the next message.
    fn ends_open(&self) -> bool {
        self.is_single() || is_open(&self.rest)
    }
}

/// Whether nothing of prose stands there, joiners aside. A letter here stands in one cluster with something else.
fn is_open(gap: &[char]) -> bool {
    !gap.iter()
        .any(|c| tables::class(*c) == Class::Prose || is_word(*c))
}

/// The hit of `term` that ends in `newest` and begins last in the messages before, if there is one.
pub(super) fn across(
    term: &Term,
    before: &[Before<'_>],
    newest: &str,
    at: Timestamp,
    text_bytes: usize,
) -> Option<Across> {
    if term.regex {
        return None;
    }
    let pattern = Pattern::new(term, READ.with(Variant::Gaps));
    let clusters: std::collections::BTreeSet<usize> =
        pattern.symbols.iter().map(|cell| cell.cluster).collect();
    let all_words = pattern.symbols.iter().all(|cell| is_word(cell.symbol));
    if clusters.len() < 2 || pattern.symbols.len() > Window::LONGEST_TERM || !all_words {
        return None;
    }
    // The messages with a letter or digit since the last that cannot be continued.
    let mut rows: Vec<(&Before<'_>, Row)> = Vec::new();
    for message in before {
        match message.parts {
            [text] if text.len() <= text_bytes => {
                let row = Row::new(text);
                if !row.clusters.is_empty() {
                    rows.push((message, row));
                }
            }
            // No text, and so no letter.
            [] => {}
            _ => rows.clear(),
        }
    }
    let newest = Row::new(newest);
    if newest.clusters.is_empty() {
        return None;
    }
    let reach = rows.len().min(Window::MOST_MESSAGES as usize - 1);
    for back in 1..=reach {
        let used = &rows[rows.len() - back..];
        let first = &used[0].1;
        for start in (0..first.clusters.len()).rev() {
            let messages: Vec<&Row> = used.iter().map(|(_, row)| row).chain([&newest]).collect();
            if let Some(end) = walk(&pattern, term, &messages, start) {
                let span = |row: &Row, from: usize, to: usize| {
                    Span::new(row.clusters[from].span.start, row.clusters[to].span.end)
                };
                let earlier = used.iter().enumerate().map(|(nth, (message, row))| {
                    let from = if nth == 0 { start } else { 0 };
                    let id = message.id.filter(|id| id.len() <= 128);
                    let span = span(row, from, row.clusters.len() - 1);
                    (back - nth, id.map(str::to_owned), span)
                });
                return Some(Across {
                    earlier: earlier.collect(),
                    span: span(&newest, 0, end),
                    messages: back as u32 + 1,
                    seconds: at.0.saturating_sub(used[0].0.at.0),
                });
            }
        }
    }
    None
}

/// Walks from a cluster of the first message to one of the last; that one, if the term is found.
fn walk(pattern: &Pattern, term: &Term, messages: &[&Row], start: usize) -> Option<usize> {
    let last = messages.len() - 1;
    let mut symbols = pattern.symbols.iter();
    // How many symbols are matched, and how many clusters each message gave.
    let mut matched = 0;
    let mut pieces = vec![0; messages.len()];
    let mut end = None;
    for (number, row) in messages.iter().enumerate() {
        let opens = number == 0 || row.begins_open();
        let closes = number == last || row.ends_open();
        if !opens || !closes {
            return None;
        }
        let from = if number == 0 { start } else { 0 };
        for (at, cluster) in row.clusters.iter().enumerate().skip(from) {
            if symbols.len() == 0 {
                break;
            }
            let begins_piece = at == from;
            let spaces = |c: &char| matches!(tables::class(*c), Class::Space | Class::Joiner);
            let free = cluster.gap.is_empty()
                || (cluster.gap.iter().all(spaces) && pattern.is_soft(matched));
            if !begins_piece && !free {
                return None;
            }
            for symbol in &cluster.symbols {
                let sought = symbols.next()?;
                let equal = if term.variants.contains(Variant::Case) {
                    tables::case_fold(*symbol) == tables::case_fold(sought.symbol)
                } else {
                    *symbol == sought.symbol
                };
                if !equal {
                    return None;
                }
                matched += 1;
            }
            pieces[number] += 1;
            end = Some((number, at));
        }
    }
    let (number, end) = end?;
    if symbols.len() > 0 || number < last {
        return None;
    }
    // The edges are those of the text, which may differ from the term's in case only.
    let (row, newest) = (messages[0], messages[last]);
    let left = row.clusters[start].symbols[0];
    let right = *newest.clusters[end].symbols.last()?;
    let outside_left = start
        .checked_sub(1)
        .filter(|_| row.clusters[start].gap.is_empty())
        .and_then(|before| row.clusters[before].symbols.last());
    let outside_right = newest
        .clusters
        .get(end + 1)
        .filter(|after| after.gap.is_empty())
        .and_then(|after| after.symbols.first());
    let free = |edge, is_left, outside: Option<&char>| {
        !is_bound(pattern, term, edge, is_left)
            || outside.is_none_or(|outside| !symbols_bind(edge, *outside))
    };
    let allowed = free(left, true, outside_left)
        && free(right, false, outside_right)
        && is_disguise(pattern, messages, start, &pieces);
    allowed.then_some(end)
}

fn is_bound(pattern: &Pattern, term: &Term, edge: char, is_left: bool) -> bool {
    term.word.unwrap_or_else(|| {
        let script = tables::script(edge);
        let open = !is_left && (script == Script::Hangul || pattern.is_turkic());
        tables::class(edge) == Class::Digit || (script.bounds_words() && !open)
    })
}

/// Whether so many pieces are no accident of talk.
fn is_disguise(pattern: &Pattern, messages: &[&Row], start: usize, pieces: &[usize]) -> bool {
    let apart = start == 0 && pieces.iter().all(|piece| *piece == 1);
    let alone = messages.last().is_some_and(|newest| newest.is_single());
    let letters = pattern
        .symbols
        .iter()
        .map(|cell| tables::script(cell.symbol));
    let Some(script) = letters.into_iter().find(|script| *script != Script::Common) else {
        // Digits alone.
        return apart && pieces.len() > 2;
    };
    let syllables = script.is_unspaced() || script == Script::Hangul;
    let least = match script {
        _ if syllables => 3,
        Script::Arabic | Script::Hebrew => 4,
        _ => 5,
    };
    let clusters: usize = pieces.iter().sum();
    (apart && (pieces.len() > 2 || (alone && syllables))) || clusters >= least
}
