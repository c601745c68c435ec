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

    /// Calls `each` with the matches (`src/ARCHITECTURE.md`, 5), which says whether one counts, and `spend` with the bytes that are
    /// searched, until that breaks.
    ///
    /// A match that begins at byte s ends within `window` bytes, and holds a literal. So only the `window` bytes before a literal can be its start;
    /// and a stretch of four windows without a match rules out every start in the first three, so that each byte is searched 4/3 times where
    /// nothing matches, however many literals stand there.
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
            let high = floor(text, (low + 4 * window).min(text.len()));
            // Matches that begin later may go on beyond what is searched.
            let sure = if high == text.len() {
                high
            } else {
                high - window
            };
            let found = self.find(&mut cache, &Input::new(text).span(low..high));
            spend(found.map_or(high, |found| found.end) - low)?;
            let Some(found) = found.filter(|found| found.start <= sure) else {
                from = ceil(text, sure + 1);
                if from >= text.len() {
                    break;
                }
                continue;
            };
            let start = found.start;
            let high = floor(text, (start + window).min(text.len()));
            let input = Input::new(text).span(start..high).anchored(Anchored::Yes);
            let found = self.find(&mut cache, &input);
            spend(high - start)?;
            from = match found {
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

fn ceil(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}
