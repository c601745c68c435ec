//! The terms, each once for all lists that hold it in the same way.

use std::sync::Arc;

use crate::text::term::TermReading;
use crate::variant::{Variant, Variants};

use super::columns::{Numbers, Sparse, Texts};
use super::stored::{self, Stored};

/// A term as the compiler hands it over.
#[derive(Debug)]
pub(crate) struct NewTerm {
    pub(crate) text: Arc<str>,
    pub(crate) word: Option<bool>,
    pub(crate) turkic: bool,
    pub(crate) variants: Variants,
    /// How it is looked for; `None` for a regex term.
    pub(crate) reading: Option<TermReading>,
}

/// A term.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TermRow<'a> {
    pub(crate) text: &'a str,
    pub(crate) word: Option<bool>,
    pub(crate) turkic: bool,
    pub(crate) variants: Variants,
}

/// What many terms have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TermKind {
    pub(super) word: Option<bool>,
    pub(super) turkic: bool,
    pub(super) regex: bool,
    pub(super) variants: Variants,
}

/// Of so many terms and fewer, readings are made from the texts as they are wanted, which takes some 50 ns and only where a term may stand; of
/// more they are kept. There are many small rulesets and few large ones.
const FEW: usize = 4_096;

/// All terms.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    pub(super) texts: Texts,
    pub(super) kinds: Numbers,
    pub(super) table: Box<[TermKind]>,
    /// Of those whose reading is not the characters of their text one by one, the place in `folded` or, behind these, in `written`.
    pub(super) others: Sparse,
    /// Readings that are the characters of another text.
    pub(super) folded: Texts,
    /// All other readings.
    pub(super) written: Box<[TermReading]>,
    /// All of them, where there are many terms.
    kept: Box<[Option<TermReading>]>,
}

impl Terms {
    pub(crate) fn new(terms: &[NewTerm]) -> Self {
        let mut table: Vec<TermKind> = Vec::new();
        let mut kinds = Vec::with_capacity(terms.len());
        let (mut folded, mut written) = (Vec::new(), Vec::new());
        let mut others: Vec<Option<(bool, u32)>> = Vec::with_capacity(terms.len());
        let mut plain = TermReading::default();
        for term in terms {
            let kind = TermKind {
                word: term.word,
                turkic: term.turkic,
                regex: term.reading.is_none(),
                variants: term.variants,
            };
            let known = table.iter().position(|known| *known == kind);
            kinds.push(known.unwrap_or_else(|| {
                table.push(kind);
                table.len() - 1
            }) as u32);
            let Some(reading) = &term.reading else {
                others.push(None);
                continue;
            };
            plain.fill(&term.text, term.variants);
            if plain == *reading {
                others.push(None);
                continue;
            }
            let text: String = reading.symbols.iter().map(|symbol| symbol.plain).collect();
            plain.fill(&text, term.variants);
            others.push(Some(if plain == *reading {
                folded.push(text);
                (false, folded.len() as u32 - 1)
            } else {
                written.push(reading.clone());
                (true, written.len() as u32 - 1)
            }));
        }
        let behind = folded.len() as u32;
        let places = others.into_iter().map(|other| {
            other.map(|(is_written, place)| if is_written { behind + place } else { place })
        });
        Self {
            texts: Texts::new(terms.iter().map(|term| &*term.text)),
            kinds: Numbers::new(&kinds),
            table: table.into(),
            others: Sparse::new(places),
            folded: Texts::new(folded.iter().map(String::as_str)),
            written: written.into(),
            kept: Box::default(),
        }
        .keeping()
    }

    /// With readings kept where there are many.
    pub(super) fn keeping(mut self) -> Self {
        if self.len() > FEW {
            let all = (0..self.len() as u32).map(|term| {
                let mut reading = TermReading::default();
                self.reading(term, &mut reading).cloned()
            });
            self.kept = all.collect();
        }
        self
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(crate) fn get(&self, term: u32) -> TermRow<'_> {
        let kind = self.kind(term);
        TermRow {
            text: self.texts.get(term as usize),
            word: kind.word,
            turkic: kind.turkic,
            variants: kind.variants,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = TermRow<'_>> {
        (0..self.len() as u32).map(|term| self.get(term))
    }

    /// Whether one of them may be written so.
    pub(crate) fn any(&self, variant: Variant) -> bool {
        self.table
            .iter()
            .any(|kind| kind.variants.contains(variant))
    }

    pub(super) fn is_regex(&self, term: u32) -> bool {
        self.kind(term).regex
    }

    /// How a term is looked for; `None` for a regex term. Made in `scratch` where it is not kept.
    pub(crate) fn reading<'a>(
        &'a self,
        term: u32,
        scratch: &'a mut TermReading,
    ) -> Option<&'a TermReading> {
        if let Some(kept) = self.kept.get(term as usize) {
            return kept.as_ref();
        }
        let kind = self.kind(term);
        if kind.regex {
            return None;
        }
        let text = match self.others.get(term as usize) {
            None => self.texts.get(term as usize),
            Some(place) => match (place as usize).checked_sub(self.folded.len()) {
                None => self.folded.get(place as usize),
                Some(place) => return self.written.get(place),
            },
        };
        scratch.fill(text, kind.variants);
        Some(scratch)
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        let readings = self.written.iter().chain(self.kept.iter().flatten());
        self.texts.bytes()
            + self.kinds.bytes()
            + size_of_val(&*self.table)
            + self.others.bytes()
            + self.folded.bytes()
            + size_of_val(&*self.kept)
            + size_of_val(&*self.written)
            + readings.map(TermReading::bytes).sum::<usize>()
    }

    #[inline]
    fn kind(&self, term: u32) -> &TermKind {
        &self.table[self.kinds.get(term as usize) as usize]
    }
}

impl Stored for Terms {
    const LEAST: usize = 24;

    fn write(&self, out: &mut Vec<u8>) {
        self.texts.write(out);
        self.kinds.write(out);
        self.table.write(out);
        self.others.write(out);
        self.folded.write(out);
        self.written.write(out);
    }

    fn read(from: &mut stored::Source<'_>) -> Result<Self, stored::Flaw> {
        Ok(Self {
            texts: Stored::read(from)?,
            kinds: Stored::read(from)?,
            table: Stored::read(from)?,
            others: Stored::read(from)?,
            folded: Stored::read(from)?,
            written: Stored::read(from)?,
            kept: Box::default(),
        })
    }
}
