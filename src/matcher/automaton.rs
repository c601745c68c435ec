//! Aho-Corasick (Aho and Corasick, 1975) over the two bytes of each symbol, as a contiguous automaton. Linear in the row and the
//! candidates whatever the patterns; the portable reference for the other strategies.

use std::ops::ControlFlow;

use aho_corasick::Anchored;
use aho_corasick::automaton::Automaton as _;
use aho_corasick::nfa::contiguous::NFA;

use crate::text::symbols::Symbols;

use super::{Candidate, Pattern, TooLarge};

#[derive(Debug)]
pub(super) struct Automaton {
    nfa: NFA,
    patterns: Box<[Pattern]>,
    states: usize,
}

impl Automaton {
    pub(super) fn new(patterns: &[Pattern]) -> Result<Self, TooLarge> {
        let bytes = |pattern: &Pattern| -> Vec<u8> {
            let symbols = pattern.symbols.iter();
            symbols.flat_map(|symbol| symbol.to_be_bytes()).collect()
        };
        let mut bytes: Vec<Vec<u8>> = patterns.iter().map(bytes).collect();
        let nfa = NFA::builder().build(&bytes).map_err(|_| TooLarge)?;
        // The automaton does not tell: one for each beginning of a pattern, the empty one among them.
        bytes.sort_unstable();
        let mut before: &[u8] = &[];
        let mut states = 1;
        for pattern in &bytes {
            let same = before.iter().zip(pattern).take_while(|(a, b)| a == b);
            states += pattern.len() - same.count();
            before = pattern;
        }
        Ok(Self {
            nfa,
            states,
            patterns: patterns.into(),
        })
    }

    pub(super) fn search(
        &self,
        row: &Symbols,
        mut each: impl FnMut(Candidate) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Ok(mut state) = self.nfa.start_state(Anchored::No) else {
            return ControlFlow::Continue(());
        };
        for (at, symbol) in row.as_slice().iter().enumerate() {
            let [high, low] = symbol.to_be_bytes();
            state = self.nfa.next_state(Anchored::No, state, high);
            state = self.nfa.next_state(Anchored::No, state, low);
            // What matches between the two bytes of a symbol lies across symbols, and is none.
            if !self.nfa.is_match(state) {
                continue;
            }
            for nth in 0..self.nfa.match_len(state) {
                let pattern = self.nfa.match_pattern(state, nth);
                let start = at + 1 - self.nfa.pattern_len(pattern) / 2;
                let pattern = pattern.as_usize();
                let known = &self.patterns[pattern];
                let in_word = known.begins_word && row.is_inside(start)
                    || known.ends_word && row.goes_on(at + 1);
                if !in_word && known.doubled & !row.doubled_from(start) == 0 {
                    each(Candidate {
                        pattern,
                        start,
                        end: at + 1,
                    })?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    pub(super) fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// How many states it has.
    pub(super) fn states(&self) -> usize {
        self.states
    }

    pub(super) fn memory(&self) -> usize {
        let symbols = self
            .patterns
            .iter()
            .map(|pattern| size_of_val(&*pattern.symbols));
        self.nfa.memory_usage() + size_of_val(&*self.patterns) + symbols.sum::<usize>()
    }
}
