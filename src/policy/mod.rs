//! What a tenant, or an operator, makes of findings: which jurisdictions count, how actions grow by scene, what an incomplete look
//! means.

use std::ops::Range;
use std::sync::Arc;

use crate::diag::{Diagnostic, Diagnostics, codes, said};
use crate::pack::Tenant;
use crate::primitives::Scene;
use crate::ruleset::{Digest, Ruleset};
use crate::verdict::{Action, Coverage, Verdict};

/// How findings become an action.
///
/// The default: no jurisdictions beside `UN`, actions as the rules give them, and `review` for a message that was not looked at
/// completely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    jurisdictions: Vec<Arc<str>>,
    on_partial: Action,
    /// By scene and action of the rules.
    scenes: [[Action; 4]; 5],
    overrides: Vec<Override>,
    digest: Digest,
}

/// Another action for one rule, or for a category and what lies below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Override {
    pub(crate) of: Arc<str>,
    pub(crate) action: Action,
}

impl Override {
    fn check(
        &self,
        rulesets: &[&Ruleset],
        file: &Arc<str>,
        at: Range<usize>,
    ) -> Result<(), Box<Diagnostic>> {
        let mut known = false;
        for ruleset in rulesets {
            for (id, category, from) in ruleset.rule_ids() {
                if !self.covers(id, category) {
                    continue;
                }
                known = true;
                if ruleset.is_locked() && self.action < from {
                    let to = self.action;
                    let problem = Diagnostic::new(
                        &codes::WEAKENED,
                        Arc::clone(file),
                        at,
                        said!(
                            "`{id}` stands at `{from}` in a locked pack and may not become `{to}`",
                            "`{id}` 在锁定的规则包中为 `{from}`，不得改为 `{to}`"
                        ),
                    )
                    .with_help(said!(
                        "write `{from}` or a stronger action",
                        "请写 `{from}` 或更强的动作"
                    ));
                    return Err(Box::new(problem));
                }
            }
        }
        if known {
            return Ok(());
        }
        let problem = Diagnostic::new(
            &codes::UNKNOWN_OVERRIDE,
            Arc::clone(file),
            at,
            said!(
                "no rule is called `{of}`, and none is in such a category",
                "没有名为 `{of}` 的规则，也没有这一类别的规则",
                of = self.of
            ),
        )
        .with_help(said!(
            "write a rule as findings show it, as in \"base.organisations/isil\", or a category",
            "请按命中结果的写法写规则，例如 \"base.organisations/isil\"，或写类别"
        ));
        Err(Box::new(problem))
    }

    fn covers(&self, rule: &str, category: &str) -> bool {
        &*self.of == rule
            || category
                .strip_prefix(&*self.of)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            jurisdictions: Vec::new(),
            on_partial: Action::Review,
            scenes: [Action::ALL; 5],
            overrides: Vec::new(),
            digest: Digest([0; 32]),
        }
        .named()
    }
}

impl Policy {
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

    /// What an incomplete look means, at least: `review` or `block`, for weaker would let through what nobody saw. `lost-state` alone
    /// never changes the action.
    #[must_use]
    pub fn with_on_partial(mut self, action: Action) -> Self {
        self.on_partial = action.max(Action::Review);
        self.named()
    }

    /// In `scene`, what the rules call `from` becomes `to`, if that is stronger.
    #[must_use]
    pub fn with_scene(mut self, scene: Scene, from: Action, to: Action) -> Self {
        let entry = &mut self.scenes[scene as usize][from as usize];
        *entry = (*entry).max(to);
        self.named()
    }

    /// The policy of a tenant over `rulesets`, the base first. `file_name` and `source` are those that it was read from.
    ///
    /// # Errors
    ///
    /// All at once: overrides of rules that are not there, and overrides that weaken a rule of a locked ruleset.
    pub fn of_tenant(
        tenant: &Tenant,
        file_name: &str,
        source: &str,
        rulesets: &[&Ruleset],
    ) -> Result<Self, Diagnostics> {
        let mut policy = Self::default().with_jurisdictions(&tenant.jurisdictions);
        policy.on_partial = tenant.on_partial.unwrap_or(Action::Review);
        for (scene, from, to) in &tenant.scenes {
            policy = policy.with_scene(*scene, *from, *to);
        }
        let file: Arc<str> = file_name.into();
        let mut problems = Diagnostics::default();
        problems.add_source(Arc::clone(&file), source.into());
        for (of, action, at) in &tenant.overrides {
            let added = Override {
                of: Arc::clone(of),
                action: *action,
            };
            if let Err(problem) = added.check(rulesets, &file, at.clone()) {
                problems.push(*problem);
            }
            policy.overrides.push(added);
        }
        if problems.has_errors() {
            return Err(problems);
        }
        Ok(policy.named())
    }

    /// Gives one rule (by full id), or a category and what lies below it, another action.
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
        let added = Override {
            of: of.into(),
            action,
        };
        if let Err(problem) = added.check(rulesets, &of.into(), 0..0) {
            let mut problems = Diagnostics::default();
            problems.push(*problem);
            return Err(problems);
        }
        self.overrides.push(added);
        Ok(self.named())
    }

    /// Whether listings of that list count.
    pub(crate) fn heeds(&self, list: &str) -> bool {
        list == "UN" || self.jurisdictions.iter().any(|known| **known == *list)
    }

    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    /// Turns what the rules ask for into what is to be done.
    pub(crate) fn apply(&self, verdict: &mut Verdict, scene: Scene) {
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
        let given = self
            .overrides
            .iter()
            .rev()
            .find(|given| given.covers(rule, category));
        // What `lower` found stays found: an override sets the rule's action, and the context still weakens it, but
        // never below what the rule's own lowering gives.
        let overridden = given.map(|given| match lowered {
            false => given.action,
            true => asked.min(given.action),
        });
        let action = overridden.unwrap_or(asked);
        (overridden, self.scenes[scene as usize][action as usize])
    }

    fn named(mut self) -> Self {
        let said = format!(
            "{:?} {:?} {:?} {:?}",
            self.jurisdictions, self.on_partial, self.scenes, self.overrides
        );
        self.digest = Digest(*blake3::hash(said.as_bytes()).as_bytes());
        self
    }
}
