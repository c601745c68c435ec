//! What a tenant's file may ask for: further than the rules, never below a locked one or the operator's floor.
//!
//! Each road by which a file could weaken a locked rule is closed here or where the file is parsed; `src/ARCHITECTURE.md`, 10, lists them.

use std::ops::Range;
use std::sync::Arc;

use crate::diag::{Diagnostic, Diagnostics, codes, said};
use crate::pack::{Fail, FileText, Operator, Override, Tenant};
use crate::ruleset::{RuleRow, Ruleset};
use crate::verdict::Action;

use super::{Policy, Shared};

impl Policy {
    /// What holds for every tenant of the operator.
    pub(super) fn on_floor(operator: &Operator, shared: &Arc<Shared>) -> Self {
        let floor = &operator.floor;
        let mut policy = Self {
            jurisdictions: floor.jurisdictions.clone().into(),
            on_partial: floor.on_partial.max(Action::Review),
            on_lost_state: floor.on_lost_state,
            sinks: floor.sinks.clone().into(),
            shared: Arc::clone(shared),
            ..Self::unnamed()
        };
        for (scene, from, to) in &floor.scenes {
            policy.raise(*scene, *from, *to);
        }
        policy
    }

    /// The policy of a tenant without what it may not have, and what that is; `None` where it is `on_floor`, the operator's.
    pub(crate) fn settled(
        tenant: &Tenant,
        operator: &Operator,
        on_floor: &Self,
        rulesets: &[&Ruleset],
    ) -> (Option<Self>, Diagnostics) {
        let mut policy = on_floor.clone();
        let mut problems = tenant.file.problems();
        let floor = &operator.floor;
        let file = &tenant.file;

        if let Some(given) = &tenant.jurisdictions {
            let mut all = given.value.clone();
            for missing in floor
                .jurisdictions
                .iter()
                .filter(|list| !given.value.contains(list))
            {
                problems.push(
                    file.problem(
                        &codes::WEAKENED,
                        given.place.clone(),
                        said!(
                            "`{missing}` counts for every tenant here and may not be left out",
                            "`{missing}` 对所有租户有效，不得省略"
                        ),
                    )
                    .with_help(said!("add \"{missing}\"", "请加上 \"{missing}\"")),
                );
                all.push(Arc::clone(missing));
            }
            policy.jurisdictions = all.into();
        }
        for (key, given, least) in [
            ("on_partial", &tenant.on_partial, policy.on_partial),
            ("on_lost_state", &tenant.on_lost_state, policy.on_lost_state),
        ] {
            if let Some(given) = given
                && given.value < least
            {
                problems.push(
                    file.problem(
                        &codes::WEAKENED,
                        given.place.clone(),
                        said!(
                            "`{key}` may not be weaker than `{least}`, the operator's floor",
                            "`{key}` 不得弱于运营方的下限 `{least}`"
                        ),
                    )
                    .with_help(or_stronger(least)),
                );
            }
        }
        let raised = |least: Action, given: &Option<crate::pack::Written<Action>>| {
            given.as_ref().map_or(least, |given| least.max(given.value))
        };
        policy.on_partial = raised(policy.on_partial, &tenant.on_partial);
        policy.on_lost_state = raised(policy.on_lost_state, &tenant.on_lost_state);

        for given in &tenant.scenes {
            let (scene, from, to) = given.value;
            let least = policy.scenes[scene as usize][from as usize];
            if to < least {
                problems.push(
                    file.problem(
                        &codes::WEAKENED,
                        given.place.clone(),
                        said!(
                            "in `{scene}`, the operator's floor makes `{least}` of `{from}`",
                            "在 `{scene}` 中，运营方的下限已把 `{from}` 提升为 `{least}`"
                        ),
                    )
                    .with_help(or_stronger(least)),
                );
            }
            policy.raise(scene, from, to);
        }
        for given in &tenant.fail {
            let (scene, fail) = given.value;
            if fail == Fail::Closed {
                continue;
            }
            if floor.fail_open.contains(scene) {
                policy.fail_open = policy.fail_open.with(scene);
                continue;
            }
            problems.push(
                file.problem(
                    &codes::WEAKENED,
                    given.place.clone(),
                    said!(
                        "messages to `{scene}` may not go out unjudged: a locked rule would not be heard",
                        "发往 `{scene}` 的消息不得未经判定就放行，否则锁定的规则形同虚设"
                    ),
                )
                .with_help(said!(
                    "write \"closed\"; only the operator's `fail_open` lets a scene fail open",
                    "请写 \"closed\"；只有运营方的 `fail_open` 可以允许某个场景失败时放行"
                )),
            );
        }
        for given in &tenant.overrides {
            match check_override(&given.value, operator, rulesets, file, &given.place) {
                Ok(()) => policy.put(Arc::clone(&given.value.of), given.value.action),
                Err(problem) => problems.push(*problem),
            }
        }
        let mut sinks = floor.sinks.clone();
        for given in &tenant.sinks {
            if let Some(known) = &operator.sinks
                && !known.contains(&given.value)
            {
                let all: Vec<&str> = known.iter().map(|sink| &**sink).collect();
                problems.push(
                    file.problem(
                        &codes::BAD_SINK,
                        given.place.clone(),
                        said!(
                            "the operator has no sink `{sink}` for tenants",
                            "运营方没有提供接收端 `{sink}`",
                            sink = given.value
                        ),
                    )
                    .with_help(said!(
                        "write one of these: {all}",
                        "请写以下之一：{all}",
                        all = all.join(", ")
                    )),
                );
                continue;
            }
            if !sinks.contains(&given.value) {
                sinks.push(Arc::clone(&given.value));
            }
        }
        policy.sinks = sinks.into();
        // What stands in for an action may itself be one that the server cannot do.
        for from in Action::ALL.into_iter().rev() {
            let to = tenant
                .unsupported
                .iter()
                .find(|(action, _)| *action == from)
                .map_or(from, |(_, to)| *to);
            policy.stands_in[from as usize] = policy.stands_in[to.max(from) as usize];
        }
        policy.mask = tenant.mask.unwrap_or(policy.mask);
        policy.refusal = tenant.refusal.clone();
        let own = (policy != *on_floor).then(|| policy.named());
        (own, problems)
    }
}

fn or_stronger(least: Action) -> crate::diag::Said {
    said!(
        "write `{least}` or a stronger action",
        "请写 `{least}` 或更强的动作"
    )
}

/// Whether `of`, a rule's full id or a category, means a rule of that id and category.
pub(crate) fn covers(of: &str, rule: &str, category: &str) -> bool {
    of == rule
        || category
            .strip_prefix(of)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn means(of: &str, rule: RuleRow<'_>) -> bool {
    rule.is(of) || rule.is_below(of)
}

/// Whether an override may stand: it means a rule, and weakens none that is locked, nor one below the operator's floor.
pub(super) fn check_override(
    given: &Override,
    operator: &Operator,
    rulesets: &[&Ruleset],
    file: &FileText,
    at: &Range<usize>,
) -> Result<(), Box<Diagnostic>> {
    let to = given.action.map_or("off", Action::name);
    let weaker = |least: Action| given.action.is_none_or(|action| action < least);
    let mut known = false;
    for ruleset in rulesets {
        for rule in ruleset.rules.iter() {
            if !means(&given.of, rule) {
                continue;
            }
            known = true;
            let (id, from) = (rule.id(), rule.action);
            // Off is below `pass`: a rule that records would no longer do so.
            if ruleset.is_locked() && weaker(from) {
                let problem = file
                    .problem(
                        &codes::WEAKENED,
                        at.clone(),
                        said!(
                            "`{id}` stands at `{from}` in a locked pack and may not become `{to}`",
                            "`{id}` 在锁定的规则包中为 `{from}`，不得改为 `{to}`"
                        ),
                    )
                    .with_help(or_stronger(from));
                return Err(Box::new(problem));
            }
            let least = operator
                .floor
                .overrides
                .iter()
                .filter(|(of, _)| means(of, rule))
                .map(|(_, action)| *action)
                .max();
            if let Some(least) = least.filter(|least| weaker(*least)) {
                let problem = file
                    .problem(
                        &codes::WEAKENED,
                        at.clone(),
                        said!(
                            "the operator's floor for `{id}` is `{least}`; it may not become `{to}`",
                            "运营方为 `{id}` 定的下限是 `{least}`，不得改为 `{to}`"
                        ),
                    )
                    .with_help(or_stronger(least));
                return Err(Box::new(problem));
            }
        }
    }
    if known {
        return Ok(());
    }
    let problem = file
        .problem(
            &codes::UNKNOWN_OVERRIDE,
            at.clone(),
            said!(
                "no rule is called `{of}`, and none is in such a category",
                "没有名为 `{of}` 的规则，也没有这一类别的规则",
                of = given.of
            ),
        )
        .with_help(said!(
            "write a rule as findings show it, as in \"base.organisations/isil\", or a category",
            "请按命中结果的写法写规则，例如 \"base.organisations/isil\"，或写类别"
        ));
    Err(Box::new(problem))
}

impl Operator {
    /// Whether what the file names is there: rules in shadow and rules on which allow terms act, in `shared`, the rulesets of all tenants.
    ///
    /// # Errors
    ///
    /// All names that mean nothing.
    pub fn check(&self, shared: &[&Ruleset]) -> Result<(), Diagnostics> {
        let mut problems = self.file.problems();
        let known = |means: &dyn Fn(RuleRow<'_>) -> bool| {
            let mut rules = shared.iter().flat_map(|ruleset| ruleset.rules.iter());
            rules.any(means)
        };
        let shadows = self.shadows.iter().filter(|shadow| {
            let rule = &shadow.value.rule;
            !known(&|known| known.is(rule))
        });
        let allow = self.allow.iter().filter(|of| {
            let of = &of.value;
            !known(&|rule| means(of, rule))
        });
        let unknown = shadows
            .map(|shadow| (&shadow.value.rule, &shadow.place))
            .chain(allow.map(|of| (&of.value, &of.place)));
        for (name, place) in unknown {
            problems.push(
                self.file
                    .problem(
                        &codes::UNKNOWN_RULE,
                        place.clone(),
                        said!(
                            "no shared pack has the rule `{name}`",
                            "共享规则包中没有规则 `{name}`"
                        ),
                    )
                    .with_help(said!(
                        "write a rule as findings show it, as in \"base.organisations/isil\"",
                        "请按命中结果的写法写规则，例如 \"base.organisations/isil\""
                    )),
            );
        }
        if problems.has_errors() {
            Err(problems)
        } else {
            Ok(())
        }
    }
}
