//! Regex terms: searched only around the literals that each match must hold.

use std::fmt;
use std::ops::ControlFlow;
use std::panic::{RefUnwindSafe, UnwindSafe};

use aho_corasick::{AhoCorasick, MatchKind};
use regex_automata::nfa::thompson::pikevm::{Cache, PikeVM};
use regex_automata::nfa::thompson::{Compiler, Config, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

use crate::primitives::Span;

/// A regex with the literals that it needs.
///
/// Simulated as an NFA (Pike's VM): it needs one program where the faster engines need two and a cache of states each, and texts
/// that hold a literal are few. `\w{4,32}` takes 0.6 MB forward and 1.2 MB backward.
pub(crate) struct RegexMatcher {
    vm: PikeVM,
    caches: Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>>,
    literals: AhoCorasick,
}

impl fmt::Debug for RegexMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegexMatcher").finish_non_exhaustive()
    }
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
        let program = Compiler::new()
            .syntax(syntax::Config::new().case_insensitive(ignore_case))
            .configure(
                Config::new()
                    .nfa_size_limit(Some(program_bytes))
                    .which_captures(WhichCaptures::Implicit),
            )
            .build(source)
            .map_err(|_| Refused)?;
        let vm = PikeVM::builder()
            .build_from_nfa(program)
            .map_err(|_| Refused)?;
        let literals = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(literals)
            .map_err(|_| Refused)?;
        let made = vm.clone();
        Ok(Self {
            vm,
            caches: Pool::new(Box::new(move || made.create_cache())),
            literals,
        })
    }

    fn find(&self, cache: &mut Cache, input: &Input<'_>) -> Option<Span> {
        let mut slots = [None; 2];
        self.vm.search_slots(cache, input, &mut slots)?;
        let [start, end] = slots.map(|slot| slot.map(NonMaxUsize::get));
        Some(Span::new(start?, end?))
    }

    /// Calls `each` with the matches (`src/ARCHITECTURE.md`, 5), which says whether one counts, and `spend` with the bytes that each
    /// search may look at, until that breaks.
    ///
    /// A match that begins at byte s ends within `window` bytes; so only the `window` bytes before a literal can be its start.
    pub(crate) fn search(
        &self,
        text: &str,
        window: usize,
        mut spend: impl FnMut(usize) -> ControlFlow<()>,
        mut each: impl FnMut(Span) -> bool,
    ) -> ControlFlow<()> {
        let mut from = 0;
        let mut cache = self.caches.get();
        while let Some(literal) = self
            .literals
            .find(aho_corasick::Input::new(text).range(from..))
        {
            spend(literal.end() - from)?;
            let low = ceil(text, literal.start().saturating_sub(window).max(from));
            let high = floor(text, (literal.start() + window).min(text.len()));
            spend(high - low)?;
            let found = self
                .find(&mut cache, &Input::new(text).span(low..high))
                .filter(|found| found.start <= literal.start());
            let Some(found) = found else {
                from = ceil(text, literal.start() + 1);
                continue;
            };
            let start = found.start;
            let high = floor(text, (start + window).min(text.len()));
            spend(high - start)?;
            let input = Input::new(text).span(start..high).anchored(Anchored::Yes);
            from = match self.find(&mut cache, &input) {
                Some(found) if found.end > start && each(found) => found.end,
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
