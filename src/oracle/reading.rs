//! A text as clusters, and its clusters as cells.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::borders;
use super::{escapes, transport};
use crate::primitives::Span;
use crate::text::tables::{self, Class, Script};
use crate::variant::{Variant, Variants};

/// The variants that borders, words and scripts are read under, whatever the term says.
const PLAIN: Variants = Variants::of(&[Variant::Width, Variant::Marks, Variant::Invisible]);

/// The variants that are stages of the fold.
const STAGES: Variants = PLAIN.with(Variant::Script).with(Variant::Case);

/// One extended grapheme cluster, or several that the original joins.
#[derive(Debug)]
pub(super) struct Cluster {
    /// Its text, decoded where the reading is.
    pub(super) text: String,
    /// Where it stands in the original text.
    pub(super) span: Span,
    /// Whether it holds a decoded character.
    pub(super) decoded: bool,
    /// Its symbols under `PLAIN`.
    pub(super) plain: Vec<char>,
    /// Whether it stands in a suspicious word.
    suspicious: bool,
}

/// One symbol of a cluster.
#[derive(Debug)]
pub(super) struct Cell {
    /// The symbol.
    pub(super) symbol: char,
    /// Its look-alike: the symbol itself if it has none.
    pub(super) look: char,
    /// Whether its look-alike counts.
    pub(super) eligible: bool,
    /// Whether its look-alike could be an i or an l.
    pub(super) or_l: bool,
    /// The cluster it is of.
    pub(super) cluster: usize,
    /// Whether it is the first of its cluster.
    pub(super) first: bool,
    /// Whether it is the last of its cluster.
    pub(super) last: bool,
}

/// What a reading is for, beside looking for terms as they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The text as it stands, or with its escapes decoded.
    Raw,
    /// The text from its last cluster to its first.
    Reversed,
    /// The text with what is encoded for transport decoded.
    Transport,
}

/// One reading of a text.
#[derive(Debug)]
pub(super) struct Reading {
    /// What it is for.
    pub(super) kind: Kind,
    /// Its clusters.
    pub(super) clusters: Vec<Cluster>,
    /// Whether what could be an i or an l is read as an l.
    pub(super) as_l: bool,
    /// Whether escapes are decoded.
    pub(super) decoded: bool,
    /// The cells under each set of stages that was asked for.
    cells: RefCell<BTreeMap<Variants, Rc<[Cell]>>>,
}

impl Reading {
    /// The text as it stands.
    pub(super) fn raw(text: &str, as_l: bool) -> Self {
        let clusters = text
            .grapheme_indices(true)
            .map(|(start, cluster)| {
                let span = Span::new(start, start + cluster.len());
                new_cluster(cluster.to_owned(), span, false)
            })
            .collect();
        Self::new(clusters, as_l, false)
    }

    /// The text from its last cluster to its first.
    pub(super) fn reversed(text: &str) -> Self {
        let mut clusters = Self::raw(text, false).clusters;
        clusters.reverse();
        let mut reading = Self::new(clusters, false, false);
        reading.kind = Kind::Reversed;
        reading
    }

    /// The text with its escapes decoded. `None` if it holds none.
    pub(super) fn decoded(text: &str, as_l: bool) -> Option<Self> {
        Some(Self::of(text, as_l, &escapes::decode(text)?))
    }

    /// The text with what is encoded for transport decoded. `None` if it holds nothing so encoded.
    pub(super) fn transport(text: &str) -> Option<Self> {
        let mut reading = Self::of(text, false, &transport::decode(text)?);
        reading.kind = Kind::Transport;
        Some(reading)
    }

    fn of(text: &str, as_l: bool, characters: &[escapes::Decoded]) -> Self {
        let decoded: String = characters.iter().map(|c| c.symbol).collect();
        let original_borders = borders(text);
        let mut rest = characters.iter();
        let mut clusters: Vec<Cluster> = Vec::new();
        for cluster in decoded.graphemes(true) {
            let of: Vec<_> = rest.by_ref().take(cluster.chars().count()).collect();
            let span = Span::new(
                of.first().map_or(0, |c| c.span.start),
                of.last().map_or(0, |c| c.span.end),
            );
            let escaped = of.iter().any(|c| c.escaped);
            match clusters.last_mut() {
                Some(before) if !original_borders.contains(&span.start) => {
                    let joined = format!("{}{cluster}", before.text);
                    let span = Span::new(before.span.start, span.end);
                    *before = new_cluster(joined, span, before.decoded || escaped);
                }
                _ => clusters.push(new_cluster(cluster.to_owned(), span, escaped)),
            }
        }
        Self::new(clusters, as_l, true)
    }

    fn new(mut clusters: Vec<Cluster>, as_l: bool, decoded: bool) -> Self {
        mark_suspicious(&mut clusters);
        Self {
            kind: Kind::Raw,
            clusters,
            as_l,
            decoded,
            cells: RefCell::default(),
        }
    }

    /// The text between two clusters.
    pub(super) fn between(&self, before: usize, after: usize) -> String {
        let between = self.clusters.iter().take(after).skip(before + 1);
        between.map(|cluster| cluster.text.as_str()).collect()
    }

    /// The cells under `variants`.
    pub(super) fn cells(&self, variants: Variants) -> Rc<[Cell]> {
        let stages = variants.and(STAGES);
        let made = || self.make_cells(stages).into();
        Rc::clone(self.cells.borrow_mut().entry(stages).or_insert_with(made))
    }

    fn make_cells(&self, variants: Variants) -> Vec<Cell> {
        let mut cells = Vec::new();
        for (index, cluster) in self.clusters.iter().enumerate() {
            let uncased = fold(&cluster.text, variants.without(Variant::Case));
            let count = uncased.len();
            for (place, before) in uncased.into_iter().enumerate() {
                let look_alike = tables::confusable(before);
                let other_latin = tables::script(before) == Script::Latin
                    && look_alike.is_some_and(|look| look.letter != before);
                let eligible = cluster.suspicious || other_latin;
                let or_l = look_alike.is_some_and(|look| look.or_l);
                let look = match look_alike {
                    Some(look) if look.or_l && eligible && self.as_l => 'l',
                    Some(look) => look.letter,
                    None => before,
                };
                cells.push(Cell {
                    symbol: cased(before, variants),
                    look: cased(look, variants),
                    eligible,
                    or_l,
                    cluster: index,
                    first: place == 0,
                    last: place + 1 == count,
                });
            }
        }
        cells
    }
}

fn new_cluster(text: String, span: Span, decoded: bool) -> Cluster {
    let plain = fold(&text, PLAIN);
    Cluster {
        text,
        span,
        decoded,
        plain,
        suspicious: false,
    }
}

/// The symbols of a cluster under a set of variants.
pub(super) fn fold(cluster: &str, variants: Variants) -> Vec<char> {
    // 0. Canonical equivalence is no disguise.
    let mut text: String = cluster.nfc().collect();
    // 1. Compatibility forms.
    if variants.contains(Variant::Width) {
        let mut wide = String::new();
        for c in text.chars() {
            match tables::width(c) {
                Some(form) => wide.push_str(form),
                None => wide.push(c),
            }
        }
        text = wide.nfc().collect();
    }
    // 2. Marks and strokes.
    if variants.contains(Variant::Marks) {
        let mut bare = String::new();
        for c in text.chars() {
            if tables::keeps_marks(c) {
                bare.push(c);
            } else {
                let decomposed = std::iter::once(c).nfd();
                let kept = decomposed.filter(|c| !tables::is_mark(*c));
                bare.extend(kept.map(|c| tables::stroke(c).unwrap_or(c)));
            }
        }
        text = bare.nfc().collect();
    }
    // 3. What shows nothing.
    if variants.contains(Variant::Invisible) {
        text.retain(|c| !tables::is_invisible(c));
    }
    let mut symbols: Vec<char> = text.chars().collect();
    // 4. Regional and native forms.
    if variants.contains(Variant::Script) {
        symbols = symbols
            .into_iter()
            .flat_map(|c| match tables::jamo(c) {
                Some(jamo) => jamo.into_iter().flatten().collect(),
                None => vec![tables::script_fold(c).unwrap_or(c)],
            })
            .collect();
    }
    // 5. Case.
    symbols.into_iter().map(|c| cased(c, variants)).collect()
}

fn cased(c: char, variants: Variants) -> char {
    if variants.contains(Variant::Case) {
        tables::case_fold(c)
    } else {
        c
    }
}

/// Marks the clusters of suspicious words.
fn mark_suspicious(clusters: &mut [Cluster]) {
    // Words, as the places of their clusters.
    let mut words: Vec<Vec<usize>> = vec![Vec::new()];
    for (index, cluster) in clusters.iter().enumerate() {
        let Some(&symbol) = cluster.plain.first() else {
            continue;
        };
        if tables::script(symbol).has_look_alikes() {
            words.extend(words.is_empty().then(Vec::new));
            if let Some(word) = words.last_mut() {
                word.push(index);
            }
        } else {
            words.push(Vec::new());
        }
    }
    words.retain(|word| !word.is_empty());

    let letter = |index: usize| clusters[index].plain[0];
    let script = |index: usize| tables::script(letter(index));
    let has_look = |index: usize| tables::confusable(letter(index)).is_some();
    let mixed = |word: &[usize]| word.iter().any(|i| script(*i) != script(word[0]));

    let mut suspicious = Vec::new();
    for word in &words {
        let own = script(word[0]);
        let in_disguise = || {
            let all_have_looks = word.iter().all(|i| has_look(*i));
            let count = |of: fn(Script, Script) -> bool| -> usize {
                clusters
                    .iter()
                    .filter_map(|cluster| cluster.plain.first())
                    .map(|symbol| tables::script(*symbol))
                    .filter(|script| *script != Script::Common && of(*script, own))
                    .map(|script| if script.is_unspaced() { 2 } else { 1 })
                    .sum()
            };
            let other_script = count(|a, b| a != b) >= count(|a, b| a == b);
            let honest_word = words.iter().any(|word| {
                !mixed(word) && script(word[0]) == own && word.iter().any(|i| !has_look(*i))
            });
            own != Script::Latin && all_have_looks && other_script && !honest_word
        };
        if mixed(word) || in_disguise() {
            suspicious.extend(word.iter().copied());
        }
    }
    for index in suspicious {
        clusters[index].suspicious = true;
    }
}

/// Space, prose and noise.
pub(super) fn is_gap(c: char) -> bool {
    matches!(
        tables::class(c),
        Class::Space | Class::Joiner | Class::Prose | Class::Noise
    )
}

/// Letters and digits.
pub(super) fn is_word(c: char) -> bool {
    !is_gap(c)
}
