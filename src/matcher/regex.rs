//! Regex terms: searched only around the literals that each match must hold.

use std::ops::ControlFlow;

use aho_corasick::{AhoCorasick, MatchKind};
use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

use crate::primitives::Span;

/// A regex with the literals that it needs.
#[derive(Debug)]
pub(crate) struct RegexMatcher {
    regex: Regex,
    literals: AhoCorasick,
}

/// The regex does not compile within the bound.
#[derive(Debug)]
pub(crate) struct Refused;

impl RegexMatcher {
    /// Every match of `source` must hold one of `literals`.
    pub(crate) fn new<L: AsRef<[u8]>>(
        source: &str,
        ignore_case: bool,
        literals: &[L],
        program_bytes: usize,
    ) -> Result<Self, Refused> {
        let regex = Regex::builder()
            .configure(
                Config::new()
                    .nfa_size_limit(Some(program_bytes))
                    .utf8_empty(true),
            )
            .syntax(syntax::Config::new().case_insensitive(ignore_case))
            .build(source)
            .map_err(|_| Refused)?;
        let literals = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(literals)
            .map_err(|_| Refused)?;
        Ok(Self { regex, literals })
    }

    /// Calls `each` with the matches (`src/ARCHITECTURE.md`, 5), and `spend` with the bytes that each search may look at, until
    /// one of them breaks.
    ///
    /// A match that begins at byte s ends within `window` bytes; so only the `window` bytes before a literal can be its start.
    pub(crate) fn search(
        &self,
        text: &str,
        window: usize,
        mut spend: impl FnMut(usize) -> ControlFlow<()>,
        mut each: impl FnMut(Span) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut from = 0;
        while let Some(literal) = self
            .literals
            .find(aho_corasick::Input::new(text).range(from..))
        {
            spend(literal.end() - from)?;
            let low = ceil(text, literal.start().saturating_sub(window).max(from));
            let high = floor(text, (literal.start() + window).min(text.len()));
            spend(high - low)?;
            let found = self
                .regex
                .search(&Input::new(text).span(low..high))
                .filter(|found| found.start() <= literal.start());
            let Some(found) = found else {
                from = ceil(text, literal.start() + 1);
                continue;
            };
            let start = found.start();
            let high = floor(text, (start + window).min(text.len()));
            spend(high - start)?;
            let found = self
                .regex
                .search(&Input::new(text).span(start..high).anchored(Anchored::Yes));
            from = match found {
                Some(found) if found.end() > start => {
                    each(Span::new(start, found.end()))?;
                    found.end()
                }
                _ => ceil(text, start + 1),
            };
        }
        ControlFlow::Continue(())
    }
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn ceil(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}
