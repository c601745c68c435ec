//! Why, and why not: a scan with everything that it looked at written down. What is written down comes out of the scan's own code.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::limits::Limits;
use crate::policy::Policy;
use crate::primitives::{Span, Timestamp};
use crate::ruleset::Ruleset;
use crate::text::escapes::Decoded;
use crate::text::fold::Folder;
use crate::text::reading::Reading;
use crate::text::term::TermReading;
use crate::variant::{Variant, Variants};
use crate::verdict::{Action, Severity, Verdict};

use super::budget::Budget;
use super::evaluate::{Circumstances, Evaluation};
use super::search::{Found, Part, View};
use super::{Message, Scanner};

pub use super::walk::Miss;

/// Attempts that are written down for one message; a scan may make many more.
const ATTEMPTS: usize = 10_000;

/// What a search looked at.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) views: Vec<Viewed>,
    attempts: Vec<Attempt>,
}

/// A view that was searched.
#[derive(Debug)]
pub(super) struct Viewed {
    pub(super) part: u32,
    pub(super) view: View,
    pub(super) skeleton: String,
}

/// A walk, and how it ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) ruleset: u32,
    pub(super) term: u32,
    /// The first cluster.
    pub(super) start: usize,
    /// The last cluster that was looked at.
    pub(super) reached: usize,
    /// Symbols of the term that were matched before it.
    pub(super) matched: usize,
    /// The last cluster of the match.
    pub(super) outcome: Result<usize, Miss>,
    /// Which of the views.
    viewed: usize,
}

impl Trace {
    pub(super) fn attempt(
        &mut self,
        (ruleset, term): (u32, u32),
        start: usize,
        (reached, matched): (usize, usize),
        outcome: Result<usize, Miss>,
    ) {
        if self.attempts.len() < ATTEMPTS {
            self.attempts.push(Attempt {
                ruleset,
                term,
                start,
                reached,
                matched,
                outcome,
                viewed: self.views.len().saturating_sub(1),
            });
        }
    }
}

/// Why a message was decided as it was.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Explanation {
    /// What was decided.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub verdict: Verdict,
    /// The ways in which the texts were read.
    pub views: Vec<ViewExplained>,
    /// Every hit of every term, those of exceptions included. Rules name them by their place here.
    pub hits: Vec<HitExplained>,
    /// The rules that a hit or a candidate touched, in the order of rulesets and rules.
    pub rules: Vec<RuleExplained>,
}

/// One way in which one part was read.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ViewExplained {
    /// Which part of the message.
    pub part: usize,
    /// Whether escapes were decoded.
    pub decoded: bool,
    /// Whether look-alikes that could be an i or an l were read as an l.
    pub as_l: bool,
    /// Letters and digits with every disguise taken off, in which candidates are looked for.
    pub skeleton: String,
    /// The characters of the text.
    pub clusters: Vec<ClusterExplained>,
    /// The places where a term might have stood.
    pub candidates: Vec<CandidateExplained>,
}

impl ViewExplained {
    /// The text as it is read under every variant.
    pub fn folded(&self) -> String {
        self.clusters
            .iter()
            .map(|cluster| &*cluster.folded)
            .collect()
    }
}

/// One character, that is one grapheme cluster.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ClusterExplained {
    /// Where it stands in the original text.
    pub span: Span,
    /// The stages of the fold that changed it, in order, and what each left.
    pub steps: Vec<FoldStep>,
    /// What it is read as under every variant; empty for what shows nothing.
    pub folded: String,
    /// What it looks like, if it stands in a suspicious word and looks like something else.
    pub look: Option<String>,
    /// Whether an escape stood for it.
    pub decoded: bool,
}

/// A stage of the fold that changed a character.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct FoldStep {
    /// `escape` (decoded), `nfc`, or the variant of the stage.
    pub stage: &'static str,
    /// What it left; empty for nothing.
    pub text: String,
}

/// A place where a term might have stood.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct CandidateExplained {
    /// The ruleset, by its place in the call.
    pub ruleset: usize,
    /// The term.
    pub term: Arc<str>,
    /// From where the walk began to the last character that it looked at.
    pub span: Span,
    /// Symbols of the term that were matched.
    pub matched: usize,
    /// Symbols of the term.
    pub symbols: usize,
    /// How it ended.
    pub outcome: Candidate,
}

/// How a candidate ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "kebab-case")
)]
pub enum Candidate {
    /// It is a hit.
    Found,
    /// It matches, and another hit of the same term stands there, or it does not hold what this reading is for.
    Covered,
    /// It does not match.
    Missed(Miss),
}

/// A term that was found.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct HitExplained {
    /// The ruleset, by its place in the call.
    pub ruleset: usize,
    /// Which part of the message.
    pub part: usize,
    /// Where.
    pub span: Span,
    /// The term.
    pub term: Arc<str>,
    /// The lists that hold the term; `except` for exceptions.
    pub lists: Vec<Arc<str>>,
    /// The smallest set of variants that explains the match.
    pub variants: Variants,
}

/// A rule that was looked at.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RuleExplained {
    /// Pack id and rule id.
    pub rule: Arc<str>,
    /// Its category.
    pub category: Arc<str>,
    /// How grave.
    pub severity: Severity,
    /// What it asks for, before `lower`.
    pub action: Action,
    /// What became of that action, if it fired.
    pub became: Option<ActionExplained>,
    /// Whether it is in shadow for this message.
    pub shadow: bool,
    /// Whether it fired.
    pub fired: bool,
    /// Whether scene, time and listings let it be looked at.
    pub live: bool,
    /// Whether the message's scene is one of its scenes.
    pub in_scene: bool,
    /// Whether the time lies in its effective period.
    pub in_effect: bool,
    /// In how many hundredths of a percent of the conversations it is in force.
    pub rollout: u16,
    /// Whether the message's conversation is one of them; if not, the rule is in shadow for this message.
    pub rolled_out: bool,
    /// Its listings; one of them must count, if there are any.
    pub listings: Vec<ListingExplained>,
    /// Its condition.
    pub when: ConditionExplained,
    /// What weakens its action.
    pub lower: Option<LowerExplained>,
    /// Hits that an exception took from it.
    pub removed: Vec<Removed>,
}

impl RuleExplained {
    /// Whether it did not fire, and all the hits that it saw are those of other rules, through `@category`. In a large library there are
    /// many of these, and they say little.
    pub fn is_bystander(&self) -> bool {
        let mut seen = Vec::new();
        self.when.leaves_with_hits(&mut seen);
        !self.fired && !seen.is_empty() && seen.iter().all(|says| says.starts_with('@'))
    }
}

/// From the action that a rule asks for to the one that counts.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ActionExplained {
    /// What `lower` made of it, if it did.
    pub lowered: Option<Action>,
    /// What an override of the policy made of it, if there is one.
    pub overridden: Option<Action>,
    /// What it means in the message's scene: the action that counts.
    pub in_scene: Action,
}

/// A listing of a rule.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ListingExplained {
    /// Who keeps the list.
    pub list: Arc<str>,
    /// The entry.
    pub reference: Arc<str>,
    /// Whether it is in force at the time.
    pub in_force: bool,
    /// Whether its list counts.
    pub heeded: bool,
}

/// A condition, and whether it held.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ConditionExplained {
    /// As a pack would write it.
    pub says: String,
    /// Whether it held.
    pub held: bool,
    /// The hits it saw, by their place in [`Explanation::hits`].
    pub hits: Vec<usize>,
    /// Of `near` and `then`: the units between the two hits that are nearest, in the right order.
    pub nearest: Option<usize>,
    /// What it is made of.
    pub members: Vec<ConditionExplained>,
}

impl ConditionExplained {
    /// What the operands say of which something was found.
    fn leaves_with_hits<'a>(&'a self, out: &mut Vec<&'a str>) {
        if self.members.is_empty() && !self.hits.is_empty() {
            out.push(&self.says);
        }
        for member in &self.members {
            member.leaves_with_hits(out);
        }
    }

    fn saw_hits(&self) -> bool {
        !self.hits.is_empty() || self.members.iter().any(Self::saw_hits)
    }
}

/// The `lower` of a rule.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LowerExplained {
    /// What must hold.
    pub when: ConditionExplained,
    /// What must not.
    pub unless: Option<ConditionExplained>,
    /// What the action becomes.
    pub to: Action,
    /// Whether it came to that.
    pub held: bool,
}

/// A hit that an exception took from a rule.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Removed {
    /// The hit, by its place in [`Explanation::hits`].
    pub hit: usize,
    /// The exception's hit, likewise.
    pub by: usize,
}

impl Scanner {
    /// Decides on one message as [`Scanner::scan`] does, and says why. For people: it costs many times a scan.
    pub fn explain(
        &mut self,
        rulesets: &[&Ruleset],
        policy: &Policy,
        message: &Message<'_>,
        at: Timestamp,
    ) -> Explanation {
        self.explain_with(rulesets, policy, message, at, None)
    }

    /// The same, and looks at the rule of that full id in any case.
    pub(crate) fn explain_with(
        &mut self,
        rulesets: &[&Ruleset],
        policy: &Policy,
        message: &Message<'_>,
        at: Timestamp,
        also: Option<&str>,
    ) -> Explanation {
        let verdict = self.scan(rulesets, policy, message, at).clone();
        // Again, with every candidate looked at, and not those alone that the verdict needed.
        self.searcher.trace = Some(Trace::default());
        self.scan(rulesets, policy, message, at);
        let trace = self.searcher.trace.take().unwrap_or_default();
        let found = std::mem::take(&mut self.searcher.found);
        let hits = found
            .iter()
            .map(|found| self.explain_hit(rulesets, message, found))
            .collect();
        let views = self.explain_views(rulesets, message, &trace, &found);
        let circumstances = Circumstances {
            scene: message.scene,
            conversation: message.conversation,
            at,
            policy,
        };
        let mut asked = asked_by_candidates(rulesets, &trace);
        for (at, ruleset) in rulesets.iter().enumerate() {
            let named = ruleset
                .rules
                .iter()
                .position(|rule| also.is_some_and(|also| rule.is(also)));
            asked.extend(named.map(|rule| (at, rule)));
        }
        let rules = self.explain_rules(rulesets, message, &found, circumstances, asked);
        self.searcher.found = found;
        Explanation {
            rules: rules
                .into_iter()
                .map(|mut rule| {
                    rule.fired = verdict
                        .findings
                        .iter()
                        .chain(&verdict.shadow)
                        .any(|finding| finding.rule == rule.rule);
                    rule.became = rule.became.filter(|_| rule.fired);
                    rule
                })
                .collect(),
            verdict,
            views,
            hits,
        }
    }

    /// The terms of a ruleset that stand in a message, those of exceptions included.
    pub(crate) fn terms_in(&mut self, ruleset: &Ruleset, message: &Message<'_>) -> Vec<Arc<str>> {
        // Every term is looked for, as when a scan is explained, and not those alone that a verdict needs.
        self.searcher.trace = Some(Trace::default());
        self.scan(&[ruleset], &Policy::default(), message, Timestamp(0));
        self.searcher.trace = None;
        let found = self.searcher.found.iter();
        found
            .map(|found| Arc::from(ruleset.term(found.term).text))
            .collect()
    }

    fn explain_hit(
        &mut self,
        rulesets: &[&Ruleset],
        message: &Message<'_>,
        found: &Found,
    ) -> HitExplained {
        let ruleset = rulesets[found.ruleset as usize];
        let part = Part {
            number: found.part,
            text: self.looked_at_part(message, found.part as usize),
            limits: &self.limits,
        };
        let variants = self.searcher.explain(ruleset, &part, found);
        let mut lists: Vec<Arc<str>> = ruleset
            .term_sets
            .get(found.term as usize)
            .map(|set| Arc::clone(ruleset.set_names.get(set as usize)))
            .collect();
        lists.sort_unstable();
        lists.dedup();
        HitExplained {
            ruleset: found.ruleset as usize,
            part: found.part as usize,
            span: found.span,
            term: Arc::from(ruleset.term(found.term).text),
            lists,
            variants,
        }
    }

    fn looked_at_part<'m>(&self, message: &Message<'m>, part: usize) -> &'m str {
        let text = message.text_of(part);
        &text[..self.looked_at.get(part).copied().unwrap_or(0)]
    }

    fn explain_views(
        &self,
        rulesets: &[&Ruleset],
        message: &Message<'_>,
        trace: &Trace,
        found: &[Found],
    ) -> Vec<ViewExplained> {
        let (mut folder, mut reading, mut decoded) =
            (Folder::default(), Reading::default(), Decoded::default());
        let mut out = Vec::new();
        for (at, viewed) in trace.views.iter().enumerate() {
            let original = self.looked_at_part(message, viewed.part as usize);
            let mut text = original;
            if viewed.view.decoded {
                decoded.fill(original);
                reading.fill_decoded(original, &decoded, true);
                text = decoded.text();
            } else {
                reading.fill_raw(original, true);
            }
            let mut cells = Vec::new();
            let clusters = reading
                .clusters()
                .iter()
                .map(|cluster| {
                    cells.clear();
                    let shown = &text[cluster.start as usize..cluster.end as usize];
                    folder.fold(shown, Variants::STRONG, &mut cells);
                    let folded: String = cells.iter().map(|cell| cell.plain).collect();
                    let look: String = cells
                        .iter()
                        .map(|cell| match cluster.eligible || cell.latin_look {
                            true if cell.or_l && viewed.view.as_l => 'l',
                            true => cell.look,
                            false => cell.plain,
                        })
                        .collect();
                    let span = Span::new(cluster.from as usize, cluster.to as usize);
                    ClusterExplained {
                        span,
                        steps: fold_steps(&mut folder, &original[span.start..span.end], shown),
                        look: (look != folded).then_some(look),
                        folded,
                        decoded: cluster.decoded,
                    }
                })
                .collect();
            let candidates = trace
                .attempts
                .iter()
                .filter(|attempt| attempt.viewed == at)
                .map(|attempt| {
                    let last = reading.clusters().len().saturating_sub(1);
                    let reached = attempt.outcome.unwrap_or(attempt.reached).min(last);
                    let span = reading.span(attempt.start, reached.max(attempt.start));
                    let ruleset = rulesets[attempt.ruleset as usize];
                    let row = ruleset.term(attempt.term);
                    let symbols = ruleset
                        .terms
                        .reading(attempt.term, &mut TermReading::default())
                        .map_or(0, |reading| reading.symbols.len());
                    let is_hit = |found: &Found| {
                        (found.ruleset, found.term, found.part, found.span)
                            == (attempt.ruleset, attempt.term, viewed.part, span)
                            && found.view == Some(viewed.view)
                    };
                    CandidateExplained {
                        ruleset: attempt.ruleset as usize,
                        term: Arc::from(row.text),
                        span,
                        matched: attempt.outcome.map_or(attempt.matched, |_| symbols),
                        symbols,
                        outcome: match attempt.outcome {
                            Ok(_) if found.iter().any(is_hit) => Candidate::Found,
                            Ok(_) => Candidate::Covered,
                            Err(miss) => Candidate::Missed(miss),
                        },
                    }
                })
                .collect();
            out.push(ViewExplained {
                part: viewed.part as usize,
                decoded: viewed.view.decoded,
                as_l: viewed.view.as_l,
                skeleton: viewed.skeleton.clone(),
                clusters,
                candidates,
            });
        }
        out
    }

    fn explain_rules(
        &self,
        rulesets: &[&Ruleset],
        message: &Message<'_>,
        found: &[Found],
        circumstances: Circumstances<'_>,
        mut asked: Vec<(usize, usize)>,
    ) -> Vec<RuleExplained> {
        let limits = Limits {
            steps_base: u64::MAX,
            ..self.limits.clone()
        };
        let mut budget = Budget::new(&limits, 0);
        let parts: Vec<&str> = (0..message.parts().len())
            .map(|part| self.looked_at_part(message, part))
            .collect();
        let evaluation = Evaluation::new(rulesets, &parts, found, circumstances, &mut budget);
        let ControlFlow::Continue(mut evaluation) = evaluation else {
            return Vec::new();
        };
        asked.extend(evaluation.asked());
        // Rules that look at a category are asked about any hit; those that saw none are left out below.
        let mut all = asked.clone();
        for (at, ruleset) in rulesets.iter().enumerate() {
            all.extend(
                ruleset
                    .category_users
                    .iter()
                    .map(|rule| (at, *rule as usize)),
            );
        }
        asked.sort_unstable();
        all.sort_unstable();
        all.dedup();
        all.into_iter()
            .filter_map(
                |named| match evaluation.explain(named.0, named.1, &mut budget) {
                    ControlFlow::Continue(explained) => {
                        let saw = asked.binary_search(&named).is_ok() || explained.when.saw_hits();
                        saw.then_some(explained)
                    }
                    // A budget without end does not end.
                    ControlFlow::Break(()) => None,
                },
            )
            .collect()
    }
}

/// What each stage makes of a character: the fold under one variant more each time.
fn fold_steps(folder: &mut Folder, original: &str, read: &str) -> Vec<FoldStep> {
    const STAGES: [Variant; 5] = [
        Variant::Width,
        Variant::Marks,
        Variant::Invisible,
        Variant::Script,
        Variant::Case,
    ];
    let mut steps = Vec::new();
    let mut step = |stage, text: &str, before: &str| {
        if text != before {
            steps.push(FoldStep {
                stage,
                text: text.to_owned(),
            });
        }
    };
    step("escape", read, original);
    let mut last = read.to_owned();
    let mut under: Vec<Variant> = Vec::new();
    let mut symbols = Vec::new();
    for stage in std::iter::once(None).chain(STAGES.map(Some)) {
        under.extend(stage);
        symbols.clear();
        folder.fold(read, Variants::of(&under), &mut symbols);
        let text: String = symbols.iter().map(|symbol| symbol.plain).collect();
        step(stage.map_or("nfc", Variant::name), &text, &last);
        last = text;
    }
    steps
}

/// The rules that a candidate belongs to, whether it was a hit or not.
fn asked_by_candidates(rulesets: &[&Ruleset], trace: &Trace) -> Vec<(usize, usize)> {
    let mut asked = Vec::new();
    for attempt in &trace.attempts {
        let ruleset = rulesets[attempt.ruleset as usize];
        for set in ruleset.term_sets.get(attempt.term as usize) {
            let rules = ruleset.set_rules.get(set as usize);
            asked.extend(rules.map(|rule| (attempt.ruleset as usize, rule as usize)));
        }
    }
    asked.sort_unstable();
    asked.dedup();
    asked
}
