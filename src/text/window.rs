//! How texts and terms are read where a term may be cut over messages (`src/ARCHITECTURE.md`, 9).

use crate::primitives::Window;
use crate::text::tables;
use crate::text::term::TermReading;
use crate::variant::{Variant, Variants};

/// Symbols of the longest term that is found over messages.
pub(crate) const SYMBOLS: usize = Window::LONGEST_TERM;

/// What messages are read under, whatever the variants of a term.
pub(crate) const READ: Variants = Variants::of(&[
    Variant::Width,
    Variant::Marks,
    Variant::Invisible,
    Variant::Script,
]);

/// A term, read as the messages are.
#[derive(Clone, Debug)]
pub(crate) struct WindowTerm {
    /// Its symbols, with their case.
    pub(crate) symbols: Box<[char]>,
    /// For each symbol, whether the junction after it is soft.
    pub(crate) soft: Box<[bool]>,
}

impl WindowTerm {
    /// `None` for a term that is not found over messages: longer than [`SYMBOLS`], of a single cluster, or with something in it
    /// that is neither letter nor digit.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let reading = TermReading::new(text, READ.with(Variant::Gaps));
        let symbols = &reading.symbols;
        let clusters = symbols.iter().filter(|symbol| !symbol.inside).count();
        let fits = symbols.len() <= SYMBOLS && clusters > 1;
        (fits && symbols.iter().all(|symbol| symbol.is_word())).then(|| Self {
            symbols: symbols.iter().map(|symbol| symbol.plain).collect(),
            soft: symbols.iter().map(|symbol| symbol.soft()).collect(),
        })
    }

    /// Its symbols without their case.
    pub(crate) fn key(&self) -> Vec<char> {
        self.symbols.iter().map(|c| tables::case_fold(*c)).collect()
    }
}
