//! Terms in disguise, from a seed, and what part of them is found (feature `evade`).
//!
//! The generator has tables of its own, so that it tells something of the matcher: it shares one with it only where a disguise has
//! one right table, as full-width letters have. It knows no engine; [`recall`] brings the two together.

mod carriers;
mod class;
mod forms;
mod han;
mod joints;
pub(crate) mod random;
mod recall;
#[rustfmt::skip]
mod tables;
mod whole;

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use class::{How, Share};
use random::Random;

pub use carriers::carry;
pub use class::{Class, Tier};
pub use recall::{Asked, Count, Report, recall};

/// Makes disguises. Holds the tables, which take a few milliseconds to read.
#[derive(Debug)]
pub struct Generator {
    han: han::Tables,
    forms: forms::Forms,
}

impl Default for Generator {
    fn default() -> Self {
        Self::new()
    }
}

impl Generator {
    /// Reads the tables.
    pub fn new() -> Self {
        Self {
            han: han::Tables::read(),
            forms: forms::Forms::read(),
        }
    }

    /// `text` with what stands at `spans` (in order, not overlapping, on character borders) in a disguise of that class: one text, or
    /// several messages for classes that cut a term in pieces. The same arguments give the same answer.
    ///
    /// `None` if the class has nothing to offer for any of them, as full-width forms for Han.
    pub fn disguise(
        &self,
        class: Class,
        text: &str,
        spans: &[Range<usize>],
        seed: u64,
    ) -> Option<Disguised> {
        let mut random = Random::new(seed);
        let mut changed = Vec::new();
        let mut pieces = Vec::new();
        let mut from = 0;
        for (number, span) in spans.iter().enumerate() {
            let term = text.get(span.clone())?;
            pieces.push(text.get(from..span.start)?.to_owned());
            match self.term(class, term, &mut random) {
                Some(disguised) => {
                    changed.push(number);
                    pieces.push(disguised);
                }
                None => pieces.push(term.to_owned()),
            }
            from = span.end;
        }
        pieces.push(text.get(from..)?.to_owned());
        let messages = match class.how() {
            How::Cut(cut) => whole::cut(cut, &pieces, &mut random)?,
            How::Text(whole) => vec![whole(&pieces.concat())],
            _ => vec![pieces.concat()],
        };
        if matches!(class.how(), How::Cut(_) | How::Text(_)) {
            changed = (0..spans.len()).collect();
        }
        (!changed.is_empty()).then_some(Disguised { messages, changed })
    }

    /// A term in a disguise of that class; `None` if that leaves it as it is.
    fn term(&self, class: Class, term: &str, random: &mut Random) -> Option<String> {
        let made = match class.how() {
            How::Characters(how, share) => self.characters(how, share, term, random),
            How::Joints(joints) => joints::fill(joints, term, random),
            How::Term(how) => how(self, term, random),
            How::Both(first, second) => {
                let made = self.term(Class::named(first)?, term, random)?;
                self.term(Class::named(second)?, &made, random)
            }
            How::Text(_) | How::Cut(_) => None,
        }?;
        (made != term).then_some(made)
    }

    fn characters(
        &self,
        how: class::Character,
        share: Share,
        term: &str,
        random: &mut Random,
    ) -> Option<String> {
        let clusters: Vec<&str> = term.graphemes(true).collect();
        let made: Vec<Option<String>> = clusters
            .iter()
            .map(|cluster| {
                let mut chars = cluster.chars();
                let first = how(self, chars.next()?, random)?;
                Some(first + chars.as_str())
            })
            .collect();
        let able: Vec<usize> = (0..made.len()).filter(|at| made[*at].is_some()).collect();
        if able.is_empty() {
            return None;
        }
        let always = random.pick(&able);
        let all = match share {
            Share::All => true,
            Share::One => false,
            Share::Some => random.chance(50),
        };
        let some = share == Share::Some;
        let mut out = String::new();
        for (at, cluster) in clusters.iter().enumerate() {
            let chosen = all || at == always || some && random.chance(50);
            match made[at].as_deref().filter(|_| chosen) {
                Some(made) => out.push_str(made),
                None => out.push_str(cluster),
            }
        }
        Some(out)
    }
}

/// What a disguise made of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disguised {
    /// One text, or the messages that one sender writes one after another.
    pub messages: Vec<String>,
    /// Which of the spans were changed, by their place.
    pub changed: Vec<usize>,
}
