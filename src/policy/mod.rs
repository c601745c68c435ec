//! What a tenant, or an operator, makes of findings: which jurisdictions count, how actions grow by scene, what an incomplete look
//! means; and the live registry of all tenants.
//!
//! | question | file |
//! |---|---|
//! | What decides, and in which order? | here |
//! | What may a tenant's file ask for? | `floor` |
//! | What may its packs take? | `granted` |
//! | What is live at one moment? | `snapshot` |
//! | How is it changed, and how does it go back? | `registry` |
//! | How do readers see a change? | `live` |
//! | How often does each rule fire? | `hits` |

mod floor;
mod granted;
mod hits;
mod known;
mod live;
mod registry;
mod snapshot;

use std::sync::Arc;

use crate::diag::Diagnostics;
use crate::pack::{Fail, FileText, Operator, Tenant};
use crate::primitives::{Scene, Scenes, Timestamp};
use crate::ruleset::{Digest, RuleRow, Ruleset};
use crate::verdict::{Action, Coverage, Verdict};

pub(crate) use snapshot::STACK;

/// Tenants as they are live: a snapshot of all, replaced while messages are judged.
pub mod face {
    pub use super::hits::{RuleCount, RuleHits};
    pub use super::known::KnownPack;
    pub use super::registry::{
        Applied, By, Change, Counts, Reader, Record, Refused, Registry, UnknownFingerprint,
    };
    pub use super::snapshot::{Difference, Snapshot, TenantRules, UnknownTenant};
}

use floor::covers;

/// How findings become an action.
///
/// The default: no jurisdictions beside `UN`, actions as the rules give them, `review` for a message that was not looked at
/// completely, `*` in place of what is hidden, and fail-closed everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    jurisdictions: Box<[Arc<str>]>,
    on_partial: Action,
    on_lost_state: Action,
    /// By scene and action of the rules.
    scenes: [[Action; 4]; 5],
    /// Sorted by what they name.
    overrides: Vec<Override>,
    mask: char,
    /// By action: what the server does in its place.
    stands_in: [Action; 4],
    fail_open: Scenes,
    sinks: Box<[Arc<str>]>,
    refusal: Option<Arc<str>>,
    /// What the operator decides, the same for all tenants.
    shared: Arc<Shared>,
    digest: Digest,
}

/// Another action for one rule, or for a category and what lies below it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Override {
    of: Arc<str>,
    /// `None`: off.
    action: Option<Action>,
}

/// The operator's part of every policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shared {
    /// Rules in shadow, and until when.
    shadows: Vec<(Arc<str>, Timestamp)>,
    /// Rules and categories of locked packs on which allow terms act.
    allow: Vec<Arc<str>>,
}

impl Shared {
    pub(crate) fn of(operator: &Operator) -> Arc<Self> {
        Arc::new(Self {
            shadows: operator
                .shadows
                .iter()
                .map(|shadow| (Arc::clone(&shadow.value.rule), shadow.value.until))
                .collect(),
            allow: operator
                .allow
                .iter()
                .map(|of| Arc::clone(&of.value))
                .collect(),
        })
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::unnamed().named()
    }
}

impl Policy {
    /// The default, without its digest yet.
    fn unnamed() -> Self {
        Self {
            jurisdictions: Box::default(),
            on_partial: Action::Review,
            on_lost_state: Action::Pass,
            scenes: [Action::ALL; 5],
            overrides: Vec::new(),
            mask: '*',
            stands_in: Action::ALL,
            fail_open: Scenes::NONE,
            sinks: Box::default(),
            refusal: None,
            shared: Arc::default(),
            digest: Digest([0; 32]),
        }
    }

    /// The jurisdictions whose lists count, beside `UN`.
    #[must_use]
    pub fn with_jurisdictions<J: AsRef<str>>(
        mut self,
        jurisdictions: impl IntoIterator<Item = J>,
    ) -> Self {
        self.jurisdictions = jurisdictions
            .into_iter()
            .map(|jurisdiction| Arc::from(jurisdiction.as_ref()))
            .collect();
        self.named()
    }

    /// What an incomplete look means, at least: `review` or `block`, for weaker would let through what nobody saw.
    #[must_use]
    pub fn with_on_partial(mut self, action: Action) -> Self {
        self.on_partial = action.max(Action::Review);
        self.named()
    }

    /// What a lost conversation window means, at least. By default it is reported and changes nothing.
    #[must_use]
    pub fn with_on_lost_state(mut self, action: Action) -> Self {
        self.on_lost_state = action;
        self.named()
    }

    /// In `scene`, what the rules call `from`, or a stronger action, becomes `to` at least.
    #[must_use]
    pub fn with_scene(mut self, scene: Scene, from: Action, to: Action) -> Self {
        self.raise(scene, from, to);
        self.named()
    }

    /// The policy of a tenant over `rulesets`, the base first, under what the operator decides.
    ///
    /// # Errors
    ///
    /// All at once: overrides of rules that are not there, and everything that goes below a locked rule or the operator's floor.
    pub fn of_tenant(
        tenant: &Tenant,
        operator: &Operator,
        rulesets: &[&Ruleset],
    ) -> Result<Self, Diagnostics> {
        let floor = Self::of_operator(operator);
        let (policy, problems) = Self::settled(tenant, operator, &floor, rulesets);
        if problems.has_errors() {
            Err(problems)
        } else {
            Ok(policy.unwrap_or(floor))
        }
    }

    /// The policy of nobody in particular, under what the operator decides.
    pub fn of_operator(operator: &Operator) -> Self {
        Self::on_floor(operator, &Shared::of(operator)).named()
    }

    /// Gives one rule (by full id), or a category and what lies below it, another action. Of several that cover a rule, its own counts
    /// before that of a category, and that of the nearest category before others.
    ///
    /// # Errors
    ///
    /// If no rule of `rulesets` is meant, or if that weakens a rule of a locked one.
    pub fn with_override(
        mut self,
        of: &str,
        action: Action,
        rulesets: &[&Ruleset],
    ) -> Result<Self, Diagnostics> {
        let file = FileText {
            name: of.into(),
            source: "".into(),
        };
        let given = crate::pack::Override {
            of: of.into(),
            action: Some(action),
        };
        let checked = floor::check_override(&given, &Operator::default(), rulesets, &file, &(0..0));
        if let Err(problem) = checked {
            let mut problems = Diagnostics::default();
            problems.push(*problem);
            return Err(problems);
        }
        self.put(given.of, Some(action));
        Ok(self.named())
    }

    /// What happens to a message that could not be judged at all.
    pub fn fail(&self, scene: Scene) -> Fail {
        if self.fail_open.contains(scene) {
            Fail::Open
        } else {
            Fail::Closed
        }
    }

    /// What an incomplete look means, at least, for a server that knows no other words.
    #[cfg(feature = "adapter")]
    pub(crate) fn on_partial(&self) -> Action {
        self.stands_in[self.on_partial as usize]
    }

    /// The jurisdictions whose lists count, beside `UN`.
    pub fn jurisdictions(&self) -> &[Arc<str>] {
        &self.jurisdictions
    }

    /// Where alerts go: the operator's sinks, and the tenant's.
    pub fn sinks(&self) -> &[Arc<str>] {
        &self.sinks
    }

    /// What the sender of a refused message is told.
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// Whether listings of that list count.
    pub(crate) fn heeds(&self, list: &str) -> bool {
        list == "UN" || self.jurisdictions.iter().any(|known| **known == *list)
    }

    /// Whether the operator has put the rule in shadow.
    pub(crate) fn shadows(&self, rule: RuleRow<'_>, at: Timestamp) -> bool {
        self.shared
            .shadows
            .iter()
            .any(|(known, until)| at < *until && rule.is(known))
    }

    /// Whether allow terms act on a rule of a locked pack.
    pub(crate) fn allows(&self, rule: RuleRow<'_>) -> bool {
        let mut allow = self.shared.allow.iter();
        allow.any(|of| rule.is(of) || rule.is_below(of))
    }

    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    /// Turns what the rules ask for into what is to be done: overrides, then scenes, then the strongest; then what was cut short, then
    /// what stands in for what the server cannot do.
    pub(crate) fn apply(&self, verdict: &mut Verdict, scene: Scene) {
        if !self.overrides.is_empty() {
            verdict.retain(|finding| {
                self.override_of(&finding.rule, &finding.category)
                    .is_none_or(|given| given.action.is_some())
            });
        }
        // What is in shadow is told as it would be in force.
        for finding in verdict.findings.iter_mut().chain(&mut verdict.shadow) {
            let rule = (&*finding.rule, &*finding.category);
            let lowered = finding.lowered_from.is_some();
            (_, finding.action) = self.weigh(rule, finding.action, lowered, scene);
        }
        let asked = verdict.findings.iter().map(|finding| finding.action);
        verdict.action = asked.fold(verdict.action, Action::max);
        let cut = [
            Coverage::TEXT_LIMIT,
            Coverage::STEP_LIMIT,
            Coverage::NOT_TEXT,
        ];
        if cut.into_iter().any(|cut| verdict.coverage.names(cut)) {
            verdict.action = verdict.action.max(self.on_partial);
        }
        if verdict.coverage.names(Coverage::LOST_STATE) {
            verdict.action = verdict.action.max(self.on_lost_state);
        }
        verdict.action = self.stands_in[verdict.action as usize];
        verdict.mask_with(self.mask);
    }

    /// The override that counts for a rule.
    fn override_of(&self, rule: &str, category: &str) -> Option<&Override> {
        self.overrides
            .iter()
            .filter(|given| covers(&given.of, rule, category))
            .max_by_key(|given| (*given.of == *rule, given.of.len()))
    }

    /// What is stronger than `from` becomes no weaker than it does: else who makes a rule stronger would weaken it here.
    fn raise(&mut self, scene: Scene, from: Action, to: Action) {
        for entry in &mut self.scenes[scene as usize][from as usize..] {
            *entry = (*entry).max(to);
        }
    }

    fn put(&mut self, of: Arc<str>, action: Option<Action>) {
        match self.overrides.binary_search_by(|given| given.of.cmp(&of)) {
            Ok(at) => self.overrides[at].action = action,
            Err(at) => self.overrides.insert(at, Override { of, action }),
        }
    }

    /// What an override makes of the action that a rule, given by id and category, asks for, if there is one; and what that means in
    /// the scene.
    pub(crate) fn weigh(
        &self,
        (rule, category): (&str, &str),
        asked: Action,
        lowered: bool,
        scene: Scene,
    ) -> (Option<Action>, Action) {
        // What `lower` found stays found: an override sets the rule's action, and the context still weakens it, but
        // never below what the rule's own lowering gives.
        let overridden = self.override_of(rule, category).map(|given| {
            let action = given.action.unwrap_or(Action::Pass);
            if lowered { asked.min(action) } else { action }
        });
        let action = overridden.unwrap_or(asked);
        (overridden, self.scenes[scene as usize][action as usize])
    }

    fn named(mut self) -> Self {
        self.digest = Digest([0; 32]);
        self.digest = Digest(*blake3::hash(format!("{self:?}").as_bytes()).as_bytes());
        self
    }
}
