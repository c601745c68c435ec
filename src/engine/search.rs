//! From a text to its hits: skeletons, candidates, walks.

mod candidates;

use std::ops::{ControlFlow, Range};

use crate::limits::Limits;
use crate::primitives::Span;
use crate::ruleset::{Begins, PatternTerm, Ruleset};
use crate::text::escapes::Decoded;
use crate::text::reading::Reading;
use crate::text::skeleton::{self, Causes, Skeleton, bare_symbols};
use crate::text::symbols::Symbols;
use crate::text::term::{TermReading, TermSymbol};
use crate::variant::{Variant, Variants};

use super::budget::Budget;
use super::otherwise::{Otherwise, Way};
use super::relevance::Relevance;
use super::trace::{Trace, Viewed};
use super::walk::{Ground, Miss, Outcome, Sought, Walker, explains};
use super::window::Across;

/// A term found in a part of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The ruleset, by its place in the call.
    pub(super) ruleset: u32,
    pub(super) term: u32,
    pub(super) part: u32,
    pub(super) span: Span,
    /// Which reading it was found in; `None` for a regex, and for a term cut over messages.
    pub(super) view: Option<View>,
    /// For a term written otherwise: how.
    pub(super) written: Option<Way>,
    /// For a term cut over messages, where the rest of it stands; the span is that of its last piece.
    pub(super) across: Option<Across>,
}

impl Found {
    /// In percent (`src/ARCHITECTURE.md`, 3b).
    pub(super) fn confidence(&self) -> u8 {
        self.written.map_or(100, |way| way.used.confidence())
    }
}

/// A way to read a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct View {
    pub(super) decoded: bool,
    pub(super) as_l: bool,
}

/// A part of a message, as far as it is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) number: u32,
    pub(super) text: &'a str,
    pub(super) limits: &'a Limits,
}

/// Steps that a candidate takes before it is looked at. They are gathered first, 20 bytes each: this bounds their memory to 42 MB for
/// the longest text under default limits.
pub(super) const CANDIDATE: u64 = 8;

/// What a walk found, before hits of one term are told apart.
#[derive(Clone, Copy, Debug)]
struct Walked {
    ruleset: u32,
    term: u32,
    start: u32,
    end: u32,
}

/// A place where a term may stand.
#[derive(Clone, Copy, Debug)]
struct Place {
    ruleset: u32,
    /// In the skeleton; of a term without letters or digits, in the text that is read.
    at: u32,
    bare: bool,
    pattern: PatternTerm,
}

/// A text that was searched for candidates: a part of the message, as it stands or decoded.
#[derive(Clone, Debug)]
struct Look {
    part: u32,
    decoded: bool,
    causes: Causes,
    /// Its candidates, in `Searcher::places`: those at which a rule may wake, and the others.
    places: [Range<usize>; 2],
}

/// Scratch of searches, reused from message to message.
#[derive(Debug, Default)]
pub(super) struct Searcher {
    skeleton: Skeleton,
    bare: Symbols,
    /// For each symbol of `bare`, the place of its character.
    bare_cells: Vec<u32>,
    decoded: Decoded,
    reading: Reading,
    /// The term that is walked.
    term: TermReading,
    /// What `reading` holds: the raw text, or the decoded one (`true`), of which part.
    filled: Option<bool>,
    filled_part: u32,
    /// The first hit of the part that is searched.
    first: usize,
    walker: Walker,
    looks: Vec<Look>,
    places: Vec<Place>,
    relevance: Relevance,
    walked: Vec<Walked>,
    written: Otherwise,
    /// Whether every candidate is looked at, and not those alone that matter to a rule.
    all: bool,
    /// Where an explanation is asked for: what was looked at.
    pub(super) trace: Option<Trace>,
    pub(super) found: Vec<Found>,
}

impl Searcher {
    /// One that looks at every candidate, where no rule says which ones matter.
    #[cfg(feature = "fuzzing")]
    pub(super) fn of_all() -> Self {
        Self {
            all: true,
            ..Self::default()
        }
    }

    pub(super) fn clear(&mut self) {
        self.found.clear();
        // What reporting the message before took is not this one's.
        self.walker.steps = 0;
    }

    /// Adds the hits that could matter to a rule, given those that are there already. Breaks when the budget is spent.
    pub(super) fn search<'a>(
        &mut self,
        rulesets: &[&Ruleset],
        parts: impl Iterator<Item = Part<'a>> + Clone,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        self.looks.clear();
        self.written.clear();
        self.places.clear();
        self.relevance.begin(rulesets, budget)?;
        for found in &self.found {
            let at = found.ruleset as usize;
            self.relevance
                .candidate(rulesets[at], at, found.term, budget)?;
        }
        for part in parts.clone() {
            self.look(rulesets, &part, budget)?;
        }
        let one = self.looks.len() == 1;
        // What stands there letter by letter is found, whatever it takes to look for what is written otherwise.
        let mut half = budget.half();
        let mut gathered = ControlFlow::Continue(());
        for part in parts.clone() {
            if gathered.is_continue() {
                let relevance = &mut self.relevance;
                gathered = self.written.gather(rulesets, &part, relevance, &mut half);
            }
        }
        budget.spend(half.spent())?;
        let all = self.all || self.trace.is_some();
        if !all && !self.relevance.is_awake(rulesets) {
            return gathered;
        }
        self.look_again(rulesets, parts.clone(), one, budget)?;
        self.relevance.settle(rulesets, budget)?;
        if !all && self.relevance.is_empty() {
            return gathered;
        }
        let mut next = 0;
        for part in parts {
            self.filled = None;
            self.filled_part = part.number;
            self.first = self.found.len();
            // They stand in the order of parts. A message may have as many as it has bytes.
            let of_part = |look: &&Look| look.part == part.number;
            let looks = next..next + self.looks[next..].iter().take_while(of_part).count();
            next = looks.end;
            let mut searched = self.part(rulesets, (&part, looks), all, budget);
            if searched.is_continue() && gathered.is_continue() {
                searched = self.otherwise(rulesets, &part, all, budget);
            }
            self.found[self.first..]
                .sort_by_key(|found| (found.ruleset, found.span.start, found.span.end, found.term));
            searched?;
        }
        gathered
    }

    /// Adds the hits of terms written otherwise that overlap none of the same term in an earlier reading.
    fn otherwise(
        &mut self,
        rulesets: &[&Ruleset],
        part: &Part<'_>,
        all: bool,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        let first = self.first;
        let relevance = (!all).then_some(&self.relevance);
        let searched = self.written.part(rulesets, part, relevance, budget);
        let mut earlier = first;
        let mut kind = None;
        for written in &self.written.found {
            if kind != Some(written.way.kind) {
                kind = Some(written.way.kind);
                self.found[first..].sort_by_key(|found| (found.ruleset, found.term, found.span));
                earlier = self.found.len();
            }
            let key = (written.ruleset, written.term);
            let before = &self.found[first..earlier];
            let next = before.partition_point(|found| {
                ((found.ruleset, found.term), found.span.end) <= (key, written.span.start)
            });
            let overlaps = before.get(next).is_some_and(|found| {
                (found.ruleset, found.term) == key && found.span.overlaps(written.span)
            });
            if !overlaps {
                self.found.push(Found {
                    ruleset: written.ruleset,
                    term: written.term,
                    part: part.number,
                    span: written.span,
                    view: None,
                    written: Some(written.way),
                    across: None,
                });
                budget.hit()?;
            }
        }
        searched
    }

    /// Walks from the candidates of one part that matter, and searches the regexes that do.
    fn part(
        &mut self,
        rulesets: &[&Ruleset],
        (part, looks): (&Part<'_>, Range<usize>),
        all: bool,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        for at in looks {
            let look = self.looks[at].clone();
            let mut decoded = std::mem::take(&mut self.decoded);
            if look.decoded {
                decoded.fill(part.text);
            }
            let of = look.decoded.then_some(&decoded);
            let mut walked = self.walk(rulesets, part, &look, (of, false), all, budget);
            if walked.is_continue() && look.causes.or_l {
                walked = self.walk(rulesets, part, &look, (of, true), all, budget);
            }
            self.decoded = decoded;
            walked?;
            if !look.decoded {
                self.regexes(rulesets, part, all, budget)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn walk(
        &mut self,
        rulesets: &[&Ruleset],
        part: &Part<'_>,
        look: &Look,
        (decoded, as_l): (Option<&Decoded>, bool),
        all: bool,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        let text = decoded.map_or(part.text, Decoded::text);
        let view = View {
            decoded: look.decoded,
            as_l,
        };
        if let Some(trace) = &mut self.trace {
            trace.views.push(Viewed {
                part: part.number,
                view,
                skeleton: skeleton::shown(text),
            });
        }
        self.walked.clear();
        let places = std::mem::take(&mut self.places);
        let mut term = std::mem::take(&mut self.term);
        let walked = self.walk_places(
            rulesets,
            part,
            look,
            (decoded, view),
            (look.places.clone().map(|of| &places[of]), &mut term, all),
            budget,
        );
        self.places = places;
        self.term = term;
        walked?;
        if self.walked.is_empty() {
            return ControlFlow::Continue(());
        }
        self.tell_apart(rulesets, part, text, view, self.first, budget)
    }

    fn walk_places(
        &mut self,
        rulesets: &[&Ruleset],
        part: &Part<'_>,
        look: &Look,
        (decoded, view): (Option<&Decoded>, View),
        (places, scratch, all): ([&[Place]; 2], &mut TermReading, bool),
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        let text = decoded.map_or(part.text, Decoded::text);
        let mut mapped = false;
        for place in places.into_iter().flatten() {
            let at = place.ruleset as usize;
            let ruleset = rulesets[at];
            let term = place.pattern.term;
            if !all && !self.relevance.matters(ruleset, at, term) {
                continue;
            }
            let Some(sought) = sought(ruleset, term, (view, part.limits), scratch) else {
                continue;
            };
            if !mapped {
                mapped = true;
                self.read(part, decoded, look.causes);
                self.reading.map_skeleton(text);
                budget.spend(text.len() as u64)?;
            }
            let ground = Ground::new(text, &self.reading, view.as_l);
            let mut verify = Verify {
                walker: &mut self.walker,
                reading: &self.reading,
                ground: &ground,
                place,
                walked: &mut self.walked,
                trace: self.trace.as_mut(),
                budget: &mut *budget,
            };
            if place.bare {
                verify.place(&sought, &[place.at], bare_lead(sought.reading))?;
            } else {
                let cells = self.reading.run_at(place.at as usize);
                verify.place(&sought, cells, sought.reading.lead())?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Makes the reading of the part, if it is not there yet.
    fn read(&mut self, part: &Part<'_>, decoded: Option<&Decoded>, causes: Causes) {
        if self.filled == Some(decoded.is_some()) {
            return;
        }
        self.filled = Some(decoded.is_some());
        match decoded {
            None => self.reading.fill_raw(part.text, causes.word),
            Some(decoded) => {
                self.reading.fill_decoded(part.text, decoded, causes.word);
            }
        }
    }

    /// Of the walks of one term: the latest start for each end; of these, in order, those that overlap none before.
    fn tell_apart(
        &mut self,
        rulesets: &[&Ruleset],
        part: &Part<'_>,
        text: &str,
        view: View,
        first: usize,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        let key = |walk: &Walked| (walk.ruleset, walk.term);
        self.walked
            .sort_by_key(|walk| (key(walk), walk.end, std::cmp::Reverse(walk.start)));
        self.walked.dedup_by_key(|walk| (key(walk), walk.end));
        self.walked.sort_by_key(|walk| (key(walk), walk.start));
        let mut last: Option<Walked> = None;
        self.walked.retain(|walk| {
            let apart = last.is_none_or(|last| key(&last) != key(walk) || last.end < walk.start);
            if apart {
                last = Some(*walk);
            }
            apart
        });
        let earlier = self.found.len();
        if view != View::default() {
            self.found[first..].sort_by_key(|found| (found.ruleset, found.term, found.span));
        }
        for walk in &self.walked {
            let (start, end) = (walk.start as usize, walk.end as usize);
            let clusters = &self.reading.clusters()[start..=end];
            let span = self.reading.span(start, end);
            let counts = (!view.decoded || clusters.iter().any(|cluster| cluster.decoded))
                && (!view.as_l || {
                    let ground = Ground::new(text, &self.reading, view.as_l);
                    let row = rulesets[walk.ruleset as usize].term(walk.term);
                    self.walker.holds_or_l(&ground, row.variants, (start, end))
                });
            if !counts {
                continue;
            }
            let before = &self.found[first..earlier];
            let next = before.partition_point(|found| {
                ((found.ruleset, found.term), found.span.end) <= (key(walk), span.start)
            });
            let overlaps = before.get(next).is_some_and(|found| {
                (found.ruleset, found.term) == key(walk) && found.span.overlaps(span)
            });
            if view != View::default() && overlaps {
                continue;
            }
            self.found.push(Found {
                ruleset: walk.ruleset,
                term: walk.term,
                part: part.number,
                span,
                view: Some(view),
                written: None,
                across: None,
            });
            budget.hit()?;
        }
        ControlFlow::Continue(())
    }

    fn regexes(
        &mut self,
        rulesets: &[&Ruleset],
        part: &Part<'_>,
        all: bool,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        let text = part.text;
        for (at, ruleset) in rulesets.iter().enumerate() {
            for regex in &*ruleset.regexes {
                let wanted = self.relevance.is_candidate(at, regex.term)
                    && (all || self.relevance.matters(ruleset, at, regex.term));
                if !wanted {
                    continue;
                }
                let bound = ruleset.term(regex.term).word == Some(true);
                let mut spans = Vec::new();
                let mut spent = 0;
                let left = budget.left();
                let searched = regex.matcher.search(
                    text,
                    part.limits.regex_window,
                    |bytes| {
                        spent += bytes as u64;
                        if spent > left {
                            ControlFlow::Break(())
                        } else {
                            ControlFlow::Continue(())
                        }
                    },
                    |span| {
                        let counts =
                            !bound || (on_border(text, span.start) && on_border(text, span.end));
                        if counts {
                            spans.push(span);
                        }
                        counts
                    },
                );
                if !spans.is_empty() {
                    if self.filled != Some(false) {
                        self.reading.fill_raw(text, true);
                        self.filled = Some(false);
                    }
                    for span in spans {
                        let first = self.reading.cluster_at(span.start as u32);
                        let last = self.reading.cluster_at(span.end as u32 - 1);
                        self.found.push(Found {
                            ruleset: at as u32,
                            term: regex.term,
                            part: part.number,
                            span: self.reading.span(first, last),
                            view: None,
                            written: None,
                            across: None,
                        });
                        budget.hit()?;
                    }
                }
                budget.spend(spent)?;
                searched?;
            }
        }
        ControlFlow::Continue(())
    }

    /// The smallest set of variants that explains a hit (`src/ARCHITECTURE.md`, 4).
    pub(super) fn explain(
        &mut self,
        ruleset: &Ruleset,
        part: &Part<'_>,
        found: &Found,
    ) -> Variants {
        if let Some(way) = found.written {
            return self.written.explain(ruleset, part, found.term, way);
        }
        let row = ruleset.term(found.term);
        let Some((view, sought)) = found.view.and_then(|view| {
            let sought = sought(ruleset, found.term, (view, part.limits), &mut self.term);
            Some((view, sought?))
        }) else {
            return Variants::EXACT;
        };
        let mut decoded = std::mem::take(&mut self.decoded);
        if self.filled != Some(view.decoded) || self.filled_part != part.number {
            self.filled = Some(view.decoded);
            self.filled_part = part.number;
            if view.decoded {
                decoded.fill(part.text);
                self.reading.fill_decoded(part.text, &decoded, true);
            } else {
                self.reading.fill_raw(part.text, true);
            }
        }
        let text = if view.decoded {
            decoded.text()
        } else {
            part.text
        };
        let ground = Ground::new(text, &self.reading, view.as_l);
        let clusters = self.reading.clusters();
        let start = clusters.partition_point(|cluster| (cluster.from as usize) < found.span.start);
        let end = clusters.partition_point(|cluster| (cluster.to as usize) < found.span.end);
        let forced = if view.decoded {
            Variants::of(&[Variant::Encoded])
        } else {
            Variants::EXACT
        };
        let walker = &mut self.walker;
        let smallest = smallest(
            row.variants
                .and(Variants::STANDARD)
                .without(Variant::Encoded),
            |variants| explains(walker, &ground, &sought, row.text, variants, (start, end)),
        );
        self.decoded = decoded;
        smallest.or(forced)
    }
}

/// The first subset of `variants` that holds: the fewest members first, then in table order.
pub(super) fn smallest(variants: Variants, mut holds: impl FnMut(Variants) -> bool) -> Variants {
    let members: Vec<Variant> = variants.iter().collect();
    for size in 0..members.len() {
        let mut chosen: Vec<usize> = (0..size).collect();
        loop {
            let subset = chosen
                .iter()
                .fold(Variants::EXACT, |set, at| set.with(members[*at]));
            if holds(subset) {
                return subset;
            }
            // The next combination in lexicographic order.
            let Some(step) = (0..size)
                .rev()
                .find(|at| chosen[*at] < members.len() - size + at)
            else {
                break;
            };
            chosen[step] += 1;
            for at in step + 1..size {
                chosen[at] = chosen[at - 1] + 1;
            }
        }
    }
    variants
}

fn sought<'a>(
    ruleset: &'a Ruleset,
    term: u32,
    (view, limits): (View, &Limits),
    scratch: &'a mut TermReading,
) -> Option<Sought<'a>> {
    let row = ruleset.term(term);
    let reading = ruleset.terms.reading(term, scratch)?;
    (!view.decoded || row.variants.contains(Variant::Encoded)).then_some(Sought {
        reading,
        word: row.word,
        turkic: row.turkic,
        gap: limits.gap,
    })
}

/// How many symbols of a term without letters or digits stand before the first that is looked for: what shows nothing, and marks, where
/// its variants leave them standing.
fn bare_lead(reading: &TermReading) -> usize {
    let is_bare = |symbol: &TermSymbol| {
        let mut any = false;
        bare_symbols(symbol.plain, |_| any = true);
        any
    };
    reading.symbols.iter().position(is_bare).unwrap_or(0)
}

/// Whether the characters on the two sides of `at` do not belong to one word or number.
fn on_border(text: &str, at: usize) -> bool {
    match (text[..at].chars().next_back(), text[at..].chars().next()) {
        (Some(before), Some(after)) => !super::walk::binds(before, after),
        _ => true,
    }
}

/// A candidate and what its walks need.
struct Verify<'a, 'b> {
    walker: &'a mut Walker,
    reading: &'a Reading,
    ground: &'a Ground<'b>,
    place: &'a Place,
    walked: &'a mut Vec<Walked>,
    trace: Option<&'a mut Trace>,
    budget: &'a mut Budget,
}

impl Verify<'_, '_> {
    /// Walks from the clusters at which the term can begin, given the cells of the skeleton's first character. Breaks when the budget
    /// is spent.
    ///
    /// `lead` symbols of the term stand before the one that the cells hold.
    fn place(&mut self, sought: &Sought<'_>, cells: &[u32], lead: usize) -> ControlFlow<()> {
        let PatternTerm {
            begins, first_run, ..
        } = self.place.pattern;
        // Before the first letter stand signs: what may be stretched is inside the term, and any cell may be its first.
        let (begins, first_run) = if lead > 0 {
            (Begins::Anywhere, 1)
        } else {
            (begins, usize::from(first_run))
        };
        self.budget.spend(cells.len() as u64 / 8)?;
        let mut last = None;
        for end in first_run..=cells.len() {
            let first = &cells[end - first_run..end];
            if !self.may_begin(begins, cells, end) && !self.parted(first) {
                continue;
            }
            let cluster = self.reading.cluster_at(first[0]);
            if last == Some(cluster) {
                continue;
            }
            // A letter follows the one before it, and no sign.
            let follows = last.is_some_and(|last| last + 1 == cluster);
            last = Some(cluster);
            if lead > 0 {
                if !follows {
                    self.around(sought, cluster, lead)?;
                }
            } else if begins == Begins::Anywhere {
                self.attempt(sought, cluster)?;
            } else {
                self.back_from(sought, cluster)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether the equal letters that a term begins with may end before cell `end` of the run.
    fn may_begin(&self, begins: Begins, cells: &[u32], end: usize) -> bool {
        match begins {
            Begins::Anywhere => true,
            Begins::BeforeRunEnds => end == cells.len(),
            Begins::BeforeStretchEnds => {
                end == cells.len() || self.symbol(cells[end - 1]) != self.symbol(cells[end])
            }
        }
    }

    /// Whether something stands between the letters that a term begins with: then more of the same may follow the last of them.
    fn parted(&self, first: &[u32]) -> bool {
        first.windows(2).any(|pair| {
            let after = pair[0] as usize + self.symbol(pair[0]).map_or(0, char::len_utf8);
            after < pair[1] as usize
        })
    }

    /// The character at byte `at` of the text that is read.
    fn symbol(&self, at: u32) -> Option<char> {
        self.ground.text[at as usize..].chars().next()
    }

    /// One walk. The budget is looked at after each: a candidate may ask for as many as the term and the text have characters.
    fn attempt(&mut self, sought: &Sought<'_>, start: usize) -> ControlFlow<(), Outcome> {
        self.walker.reached = (start, 0);
        let outcome = if self.walker.left_border(self.ground, sought, start) {
            self.walker.walk(self.ground, sought, start)
        } else {
            Outcome::Missed(Miss::LeftBorder)
        };
        let of = (self.place.ruleset, self.place.pattern.term);
        if let Some(trace) = &mut self.trace {
            let outcome = match outcome {
                Outcome::Found(end) => Ok(end),
                Outcome::Missed(miss) => Err(miss),
            };
            trace.attempt(of, start, self.walker.reached, outcome);
        }
        self.budget.spend(std::mem::take(&mut self.walker.steps))?;
        if let Outcome::Found(end) = outcome {
            self.walked.push(Walked {
                ruleset: of.0,
                term: of.1,
                start: start as u32,
                end: end as u32,
            });
        }
        ControlFlow::Continue(outcome)
    }

    /// From the last cluster that the term can begin at, back over those that can be absorbed, to the first that will do. Where the
    /// walk fails on what follows, it would fail from further back as well; only a border or the look of a stretch can change.
    fn back_from(&mut self, sought: &Sought<'_>, cluster: usize) -> ControlFlow<()> {
        let mut start = cluster;
        loop {
            match self.attempt(sought, start)? {
                Outcome::Missed(Miss::LeftBorder | Miss::Stretch) => {}
                _ => return ControlFlow::Continue(()),
            }
            match self.walker.absorbable_before(self.ground, sought, start) {
                Some(before) => start = before,
                None => return ControlFlow::Continue(()),
            }
        }
    }

    /// Before the first letter stand symbols of the term, and gaps.
    fn around(&mut self, sought: &Sought<'_>, cluster: usize, lead: usize) -> ControlFlow<()> {
        let mut visible = 0;
        let mut start = cluster;
        loop {
            self.attempt(sought, start)?;
            visible += usize::from(!self.walker.is_empty(self.ground, sought, start));
            if start == 0 || visible > lead + lead * sought.gap {
                return ControlFlow::Continue(());
            }
            start -= 1;
        }
    }
}
