//! What a tenant, or an operator, makes of findings: which jurisdictions count, how actions grow by scene, what an incomplete look
//! means.

use std::sync::Arc;

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

/// Why a policy would be weaker than allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Weaker {
    /// The rule, or what else would be weakened.
    pub what: String,
    /// What it stands at.
    pub from: Action,
    /// What was asked for.
    pub to: Action,
}

impl std::fmt::Display for Weaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "`{}` stands at `{}` in a locked pack and may not become `{}`; ask for `{}` or stronger",
            self.what, self.from, self.to, self.from
        )
    }
}

impl std::error::Error for Weaker {}

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

    /// What an incomplete look means, at least. `lost-state` alone never changes the action.
    #[must_use]
    pub fn with_on_partial(mut self, action: Action) -> Self {
        self.on_partial = action;
        self.named()
    }

    /// In `scene`, what the rules call `from` becomes `to`, if that is stronger.
    #[must_use]
    pub fn with_scene(mut self, scene: Scene, from: Action, to: Action) -> Self {
        let entry = &mut self.scenes[scene as usize][from as usize];
        *entry = (*entry).max(to);
        self.named()
    }

    /// Gives one rule (by full id), or a category and what lies below it, another action.
    ///
    /// # Errors
    ///
    /// If that weakens a rule of a locked ruleset among `rulesets`.
    pub fn with_override(
        mut self,
        of: &str,
        action: Action,
        rulesets: &[&Ruleset],
    ) -> Result<Self, Weaker> {
        let added = Override {
            of: Arc::from(of),
            action,
        };
        for ruleset in rulesets.iter().filter(|ruleset| ruleset.is_locked()) {
            for (id, category, from) in ruleset.rule_ids() {
                if added.covers(id, category) && action < from {
                    return Err(Weaker {
                        what: id.to_owned(),
                        from,
                        to: action,
                    });
                }
            }
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
        let by_scene = &self.scenes[scene as usize];
        for finding in &mut verdict.findings {
            let given = self
                .overrides
                .iter()
                .rev()
                .find(|given| given.covers(&finding.rule, &finding.category));
            if let Some(given) = given {
                // What `lower` found stays found: an override sets the rule's action, and the context still weakens it, but
                // never below what the rule's own lowering gives.
                finding.action = match finding.lowered_from {
                    None => given.action,
                    Some(_) => finding.action.min(given.action),
                };
            }
            finding.action = by_scene[finding.action as usize];
            verdict.action = verdict.action.max(finding.action);
        }
        let cut = [
            Coverage::TEXT_LIMIT,
            Coverage::STEP_LIMIT,
            Coverage::NOT_TEXT,
        ];
        if cut.into_iter().any(|cut| verdict.coverage.names(cut)) {
            verdict.action = verdict.action.max(self.on_partial);
        }
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
