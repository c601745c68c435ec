//! Candidate search: where in a skeleton the skeletons of terms stand.
//!
//! The face is two calls, so that a faster matcher can take this one's place: build from patterns, search with a visitor.
//! Aho-Corasick (Aho and Corasick, 1975) as a contiguous automaton; it reports every pattern at every place, in time linear
//! in the skeleton and the candidates.

pub(crate) mod regex;

use std::ops::ControlFlow;

use aho_corasick::automaton::OverlappingState;
use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

/// A pattern that stands at a place of the skeleton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The pattern, by its place in the slice that the matcher was built from.
    pub(crate) pattern: usize,
    /// The first byte.
    pub(crate) start: usize,
    /// One past the last byte.
    pub(crate) end: usize,
}

/// A set of patterns to search for.
#[derive(Debug, Default)]
pub(crate) struct Matcher {
    automaton: Option<AhoCorasick>,
}

/// The patterns are too many or too long for the automaton.
#[derive(Debug)]
pub(crate) struct TooLarge;

impl Matcher {
    /// Builds the automaton. No pattern may be empty. Time and memory linear in the patterns' bytes.
    pub(crate) fn new<P: AsRef<[u8]>>(patterns: &[P]) -> Result<Self, TooLarge> {
        if patterns.is_empty() {
            return Ok(Self::default());
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(patterns)
            .map_err(|_| TooLarge)?;
        Ok(Self {
            automaton: Some(automaton),
        })
    }

    /// Whether there is anything to search for.
    pub(crate) fn is_empty(&self) -> bool {
        self.automaton.is_none()
    }

    /// Calls `each` with every candidate, by growing end, until it breaks.
    pub(crate) fn search(
        &self,
        skeleton: &[u8],
        mut each: impl FnMut(Candidate) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some(automaton) = &self.automaton else {
            return ControlFlow::Continue(());
        };
        let mut state = OverlappingState::start();
        loop {
            automaton.find_overlapping(Input::new(skeleton), &mut state);
            let Some(found) = state.get_match() else {
                return ControlFlow::Continue(());
            };
            each(Candidate {
                pattern: found.pattern().as_usize(),
                start: found.start(),
                end: found.end(),
            })?;
        }
    }

    /// Bytes of memory that the automaton takes.
    pub(crate) fn memory(&self) -> usize {
        self.automaton.as_ref().map_or(0, AhoCorasick::memory_usage)
    }
}
