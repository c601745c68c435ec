//! Where terms may stand: those at which a rule may wake, in every message; the others, where one is awake.

use std::ops::{ControlFlow, Range};

use crate::engine::budget::Budget;
use crate::ruleset::{Begins, PatternTerm, Ruleset};
use crate::text::escapes::Decoded;
use crate::text::skeleton::{self, Bare, Causes};
use crate::text::symbols::symbol;

use super::{CANDIDATE, Look, Part, Place, Searcher};

/// Which terms are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// Those at which a rule may wake.
    Wakers,
    /// The others, where one is awake.
    Others,
}

impl Searcher {
    /// Looks for candidates at which a rule may wake in one part.
    pub(super) fn look(
        &mut self,
        rulesets: &[&Ruleset],
        part: &Part<'_>,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        let causes = self.first_look(rulesets, part, None, budget)?;
        if !causes.escape || !rulesets.iter().any(|ruleset| ruleset.encoded) {
            return ControlFlow::Continue(());
        }
        let mut decoded = std::mem::take(&mut self.decoded);
        let searched = if decoded.fill(part.text) {
            self.first_look(rulesets, part, Some(&decoded), budget)
                .map_continue(drop)
        } else {
            ControlFlow::Continue(())
        };
        self.decoded = decoded;
        searched
    }

    fn first_look(
        &mut self,
        rulesets: &[&Ruleset],
        part: &Part<'_>,
        decoded: Option<&Decoded>,
        budget: &mut Budget,
    ) -> ControlFlow<(), Causes> {
        let text = decoded.map_or(part.text, Decoded::text);
        let causes = self.fold(text, decoded.is_some(), budget)?;
        let places = self.candidates(rulesets, text, Pass::Wakers, budget)?;
        self.looks.push(Look {
            part: part.number,
            decoded: decoded.is_some(),
            causes,
            places: [places, 0..0],
        });
        ControlFlow::Continue(causes)
    }

    /// Looks for the other candidates, in all that was looked at; `folded` if the skeleton is still there, as there was one look alone.
    pub(super) fn look_again<'a>(
        &mut self,
        rulesets: &[&Ruleset],
        parts: impl Iterator<Item = Part<'a>>,
        folded: bool,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        let any = |ruleset: &&Ruleset| ruleset.others.is_some() || is_bare(ruleset, Pass::Others);
        if !rulesets.iter().any(any) {
            return ControlFlow::Continue(());
        }
        let mut next = 0;
        let mut decoded = std::mem::take(&mut self.decoded);
        for part in parts {
            while let Some(look) = self.looks.get(next)
                && look.part == part.number
            {
                let of = look.decoded.then(|| {
                    decoded.fill(part.text);
                    &decoded
                });
                let text = of.map_or(part.text, Decoded::text);
                if !folded {
                    self.fold(text, of.is_some(), budget)?;
                }
                self.looks[next].places[1] =
                    self.candidates(rulesets, text, Pass::Others, budget)?;
                next += 1;
            }
        }
        self.decoded = decoded;
        ControlFlow::Continue(())
    }

    fn fold(&mut self, text: &str, decoded: bool, budget: &mut Budget) -> ControlFlow<(), Causes> {
        budget.spend(text.len() as u64)?;
        if decoded {
            self.skeleton.fill_decoded(text);
        } else {
            self.skeleton.fill(text);
        }
        ControlFlow::Continue(self.skeleton.causes())
    }

    /// Adds candidates in the text that the skeleton is of; where they stand in `places`.
    fn candidates(
        &mut self,
        rulesets: &[&Ruleset],
        text: &str,
        pass: Pass,
        budget: &mut Budget,
    ) -> ControlFlow<(), Range<usize>> {
        let first = self.places.len();
        for (at, ruleset) in rulesets.iter().enumerate() {
            let (places, relevance) = (&mut self.places, &mut self.relevance);
            let words = match pass {
                Pass::Wakers => Some(&ruleset.wakers),
                Pass::Others => ruleset.others.as_deref(),
            };
            let Some(words) = words else { continue };
            words.matcher.search(self.skeleton.symbols(), |candidate| {
                for pattern in words.terms.get(candidate.pattern) {
                    budget.spend(CANDIDATE)?;
                    relevance.candidate(ruleset, at, pattern.term, budget)?;
                    places.push(Place {
                        ruleset: at as u32,
                        at: candidate.start as u32,
                        bare: false,
                        pattern,
                    });
                }
                ControlFlow::Continue(())
            })?;
        }
        if rulesets.iter().any(|ruleset| is_bare(ruleset, pass)) {
            self.bare_candidates(rulesets, text, pass, budget)?;
        }
        ControlFlow::Continue(first..self.places.len())
    }

    /// Terms without letters or digits are looked for in what the text holds of such symbols.
    fn bare_candidates(
        &mut self,
        rulesets: &[&Ruleset],
        text: &str,
        pass: Pass,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        self.bare.begin(text.len());
        self.bare_cells.clear();
        let mut apart = false;
        skeleton::bare_at(text, |at, seen| {
            let (bare, cells) = (&mut self.bare, &mut self.bare_cells);
            match seen {
                Bare::Symbol(c) => {
                    bare.room(1);
                    cells.push(at as u32);
                    bare.push(symbol(c));
                    apart = false;
                }
                // What is a word, and leaves something of one, keeps symbols apart; NUL is in no pattern, as it shows nothing.
                Bare::Word if !cells.is_empty() && !apart => {
                    cells.push(at as u32);
                    bare.room(1);
                    bare.push(0);
                    apart = true;
                }
                Bare::Word => {}
            }
        });
        self.bare.end();
        budget.spend(text.len() as u64)?;
        for (at, ruleset) in rulesets.iter().enumerate() {
            if !is_bare(ruleset, pass) {
                continue;
            }
            let (places, relevance) = (&mut self.places, &mut self.relevance);
            let cells = &self.bare_cells;
            ruleset.bare.search(&self.bare, |candidate| {
                for term in ruleset.bare_terms.get(candidate.pattern) {
                    budget.spend(CANDIDATE)?;
                    relevance.candidate(ruleset, at, term, budget)?;
                    places.push(Place {
                        ruleset: at as u32,
                        at: cells[candidate.start],
                        bare: true,
                        pattern: PatternTerm {
                            term,
                            first_run: 1,
                            begins: Begins::Anywhere,
                        },
                    });
                }
                ControlFlow::Continue(())
            })?;
        }
        ControlFlow::Continue(())
    }
}

/// Whether the terms of symbols alone are looked for then.
fn is_bare(ruleset: &Ruleset, pass: Pass) -> bool {
    !ruleset.bare.is_empty() && ruleset.bare_wakes == (pass == Pass::Wakers)
}
