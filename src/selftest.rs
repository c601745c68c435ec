//! Runs the samples that packs carry.
//!
//! A sample is about one rule: `match` wants it to fire, `pass` wants it not to, `todo` wants it to and is known not to be met
//! yet. The packs under test form one ruleset, as they would for a tenant, on top of the base if one is given.

mod nearest;
mod unexercised;

use std::ops::Range;
use std::sync::Arc;

use crate::compile::Compiler;
use crate::diag::Diagnostics;
use crate::engine::trace::{Explanation, RuleExplained};
use crate::engine::{Conversation, Message, Scanner};
use crate::limits::PackLimits;
use crate::pack::{Pack, Rule, Sample, SampleKind, Status};
use crate::policy::Policy;
use crate::primitives::{Scene, Timestamp};
use crate::ruleset::Ruleset;
use crate::verdict::{Action, Coverage};
use unexercised::Exercised;

pub use nearest::Nearest;
pub use unexercised::Unexercised;

/// When a sample is set that does not say, and whose rule is always in effect: 2026-01-01.
const DAY: Timestamp = Timestamp(1_767_225_600);

/// What the samples showed.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Each sample, in the order of packs, rules and samples.
    pub samples: Vec<Tested>,
    /// Terms that no sample of their pack holds, list by list.
    pub unexercised: Vec<Unexercised>,
}

impl Report {
    /// The samples that did not hold.
    pub fn failures(&self) -> impl Iterator<Item = &Tested> {
        self.samples
            .iter()
            .filter(|tested| matches!(tested.outcome, Outcome::Failed(_)))
    }
}

/// One sample, and how it went.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tested {
    /// Pack id.
    pub pack: Arc<str>,
    /// Pack id and rule id.
    pub rule: Arc<str>,
    /// What was expected.
    pub kind: SampleKind,
    /// The text; of several messages the last.
    pub text: Arc<str>,
    /// Where the sample stands in the pack's source, in bytes.
    pub place: Range<usize>,
    /// The scene of the test.
    pub scene: Scene,
    /// The time of the test.
    pub at: Timestamp,
    /// What happened.
    pub outcome: Outcome,
}

/// How a sample went.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// As expected.
    Held,
    /// It was not run.
    Skipped(Skipped),
    /// Not as expected.
    Failed(Box<Failure>),
}

/// Why a sample was not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Skipped {
    /// Its rule is retired.
    Retired,
}

/// What was not as expected, and what was seen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// What was not as expected.
    pub what: Wrong,
    /// The text as it is read under every variant.
    pub folded: String,
    /// Everything that was looked at.
    pub explanation: Explanation,
    /// What the rule came closest to finding, where it should have fired.
    pub nearest: Option<Nearest>,
}

impl Failure {
    /// The rule, explained.
    pub fn rule<'a>(&'a self, id: &str) -> Option<&'a RuleExplained> {
        self.explanation.rules.iter().find(|rule| *rule.rule == *id)
    }
}

/// What was not as expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wrong {
    /// A `match` sample, and the rule does not fire.
    DoesNotFire,
    /// A `pass` sample, and the rule fires.
    Fires,
    /// A `todo` sample, and the rule fires by now: it belongs under `match`.
    FiresByNow,
    /// The rule fires, and asks for another action.
    Action {
        /// What the sample names.
        expected: Action,
        /// What the rule asks for.
        found: Action,
    },
    /// The sample was not looked at completely, so that nothing is said by the rule's silence.
    CutShort(Coverage),
}

/// Runs the samples of `packs`, on top of `base`.
///
/// Draft rules are tested as if they were in force, and are not there when the samples of others are tested; rules are rolled out to
/// all. A sample without a
/// time, scene or jurisdictions is set where its rule is live: when its effective period or its first listing begins, in the first
/// of its scenes (`group` if that is one), for all its lists.
///
/// # Errors
///
/// If the packs do not compile together.
pub fn run(
    base: Option<&Ruleset>,
    packs: &[Pack],
    limits: &PackLimits,
) -> Result<Report, Diagnostics> {
    let compiled = |packs: &[Pack]| {
        packs
            .iter()
            .cloned()
            .map(rolled_out)
            .fold(Compiler::new(), Compiler::pack)
            .limits(limits.clone())
            .build()
    };
    let in_force = compiled(packs)?;
    let is_draft = |rule: &Rule| rule.status == Status::Draft;
    let with_drafts = if packs.iter().flat_map(|pack| &pack.rules).any(is_draft) {
        let mut promoted = packs.to_vec();
        for rule in promoted.iter_mut().flat_map(|pack| &mut pack.rules) {
            if is_draft(rule) {
                rule.status = Status::Enforce;
            }
        }
        Some(compiled(&promoted)?)
    } else {
        None
    };
    let mut scanner = Scanner::new();
    let mut report = Report::default();
    let mut exercised = Exercised::default();
    for pack in packs {
        for rule in &pack.rules {
            let ruleset = match &with_drafts {
                Some(with_drafts) if is_draft(rule) => with_drafts,
                _ => &in_force,
            };
            let rulesets: Vec<&Ruleset> = base.into_iter().chain([ruleset]).collect();
            for sample in &rule.samples {
                let test = Test::new(pack, rule, sample);
                report.samples.push(test.run(&mut scanner, &rulesets));
                let texts = sample.messages.iter().map(|message| &*message.text);
                exercised.add(pack, &mut scanner, ruleset, texts);
            }
        }
        report.unexercised.extend(exercised.rest(pack));
    }
    Ok(report)
}

fn rolled_out(mut pack: Pack) -> Pack {
    for rule in &mut pack.rules {
        rule.rollout = 10_000;
    }
    pack
}

struct Test<'a> {
    pack: &'a Pack,
    rule: &'a Rule,
    sample: &'a Sample,
    id: Arc<str>,
    text: Arc<str>,
    scene: Scene,
    at: Timestamp,
    policy: Policy,
}

impl<'a> Test<'a> {
    fn new(pack: &'a Pack, rule: &'a Rule, sample: &'a Sample) -> Self {
        let last = sample.messages.last();
        let (scene, at, policy) = setting(rule, Some(sample));
        Self {
            pack,
            rule,
            sample,
            id: Arc::from(format!("{}/{}", pack.id, rule.id)),
            text: last.map_or_else(|| Arc::from(""), |message| Arc::clone(&message.text)),
            scene,
            at,
            policy,
        }
    }

    fn run(self, scanner: &mut Scanner, rulesets: &[&Ruleset]) -> Tested {
        let outcome = if self.rule.status == Status::Retired {
            Outcome::Skipped(Skipped::Retired)
        } else {
            self.judge(scanner, rulesets)
        };
        Tested {
            pack: Arc::clone(&self.pack.id),
            rule: self.id,
            kind: self.sample.kind,
            text: self.text,
            place: self.sample.place.clone(),
            scene: self.scene,
            at: self.at,
            outcome,
        }
    }

    fn judge(&self, scanner: &mut Scanner, rulesets: &[&Ruleset]) -> Outcome {
        let message = Message::text(&self.text).scene(self.scene);
        // Messages that come before are of the same sender, a second apart where they do not say when.
        let mut conversation = Conversation::new();
        let (_, before) = self.sample.messages.split_last().unzip();
        let before = before.unwrap_or_default();
        for (number, earlier) in before.iter().enumerate() {
            let ago = Timestamp(self.at.0 - (before.len() - number) as i64);
            let message = Message::text(&earlier.text).scene(self.scene);
            let at = earlier.at.unwrap_or(ago);
            scanner.scan_in(&mut conversation, rulesets, &self.policy, &message, at);
        }
        let verdict = scanner.scan_in(&mut conversation, rulesets, &self.policy, &message, self.at);
        let finding = verdict
            .findings
            .iter()
            .chain(&verdict.shadow)
            .find(|finding| finding.rule == self.id);
        let wrong = match (self.sample.kind, finding, self.sample.action) {
            (SampleKind::Match, Some(finding), Some(expected)) if finding.action != expected => {
                Wrong::Action {
                    expected,
                    found: finding.action,
                }
            }
            (SampleKind::Match, Some(_), _) => return Outcome::Held,
            (SampleKind::Match, None, _) => Wrong::DoesNotFire,
            (SampleKind::Pass, Some(_), _) => Wrong::Fires,
            (SampleKind::Todo, Some(_), _) => Wrong::FiresByNow,
            (SampleKind::Pass | SampleKind::Todo, None, _) => {
                if verdict.coverage.is_complete() {
                    return Outcome::Held;
                }
                Wrong::CutShort(verdict.coverage)
            }
        };
        let explanation =
            scanner.explain_with(rulesets, &self.policy, &message, self.at, Some(&self.id));
        let nearest = (wrong == Wrong::DoesNotFire)
            .then(|| nearest::nearest(self.pack, self.rule, &self.text, &explanation))
            .flatten();
        Outcome::Failed(Box::new(Failure {
            what: wrong,
            folded: explanation
                .views
                .first()
                .map(|view| view.folded())
                .unwrap_or_default(),
            explanation,
            nearest,
        }))
    }
}

/// Where, when and for whom a sample is tested, or the rule where no sample says.
pub(crate) fn setting(rule: &Rule, sample: Option<&Sample>) -> (Scene, Timestamp, Policy) {
    let default_scene = std::iter::once(Scene::default())
        .chain(Scene::ALL)
        .find(|scene| rule.scenes.contains(*scene));
    let jurisdictions: Vec<Arc<str>> = match sample.and_then(|sample| sample.jurisdictions.as_ref())
    {
        Some(given) => given.clone(),
        None => rule
            .listings
            .iter()
            .map(|listing| Arc::clone(&listing.list))
            .collect(),
    };
    let scene = sample.and_then(|sample| sample.scene).or(default_scene);
    let at = sample.and_then(|sample| {
        let last = sample.messages.last().and_then(|message| message.at);
        last.or(sample.at)
    });
    (
        scene.unwrap_or_default(),
        at.unwrap_or_else(|| time_of(rule)),
        Policy::default().with_jurisdictions(jurisdictions),
    )
}

/// A time at which the rule is live, if there is one.
fn time_of(rule: &Rule) -> Timestamp {
    let in_effect = |at: Timestamp| {
        rule.from.is_none_or(|from| from <= at)
            && rule.until.is_none_or(|until| at < until)
            && (rule.listings.is_empty() || rule.listings.iter().any(|entry| entry.in_force(at)))
    };
    let before = |until: Option<Timestamp>| until.map(|Timestamp(until)| Timestamp(until - 1));
    std::iter::once(DAY)
        .chain(rule.from)
        .chain(rule.listings.iter().filter_map(|entry| entry.from))
        .chain(before(rule.until))
        .chain(rule.listings.iter().filter_map(|entry| before(entry.until)))
        .find(|at| in_effect(*at))
        .unwrap_or(DAY)
}
