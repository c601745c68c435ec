//! What a tenant's file and the operator's make of findings.

use std::sync::Arc;

use super::Case;
use crate::pack::{Operator, Override, Tenant};
use crate::verdict::{Action, Coverage, Finding};

/// The actions of findings, after overrides and scenes; without those of rules that are off.
pub(super) fn settle(case: &Case<'_>, findings: &mut Vec<Finding>) {
    findings.retain(|finding| {
        override_of(case, &finding.rule, &finding.category)
            .is_none_or(|given| given.action.is_some())
    });
    for finding in findings {
        if let Some(Override {
            action: Some(action),
            ..
        }) = override_of(case, &finding.rule, &finding.category)
        {
            finding.action = if finding.lowered_from.is_some() {
                finding.action.min(*action)
            } else {
                *action
            };
        }
        finding.action = in_scene(case, finding.action);
    }
}

/// The action for the message.
pub(super) fn action(case: &Case<'_>, findings: &[Finding], coverage: Coverage) -> Action {
    let mut action = findings
        .iter()
        .map(|finding| finding.action)
        .max()
        .unwrap_or_default();
    if !coverage.is_complete() {
        let floor = case
            .house
            .operator
            .map(|operator| operator.floor.on_partial);
        let asked = case
            .house
            .tenant
            .map(|tenant| tenant.on_partial.as_ref().map(|given| given.value));
        action = action
            .max(floor.unwrap_or(Action::Review))
            .max(asked.unwrap_or(Some(case.on_partial)).unwrap_or_default());
    }
    let stands_in = case
        .house
        .tenant
        .map_or(&[][..], |tenant| &tenant.unsupported);
    while let Some((_, to)) = stands_in
        .iter()
        .find(|(from, to)| *from == action && to > from)
    {
        action = *to;
    }
    action
}

/// The lists that count, beside `UN`.
pub(super) fn jurisdictions(case: &Case<'_>) -> Vec<String> {
    let given = case
        .house
        .tenant
        .and_then(|tenant| tenant.jurisdictions.as_ref());
    let names = |lists: &[Arc<str>]| lists.iter().map(|list| list.to_string()).collect();
    match (case.house.tenant, given) {
        (None, _) => case
            .jurisdictions
            .iter()
            .map(|list| (*list).to_owned())
            .collect(),
        (Some(_), Some(given)) => names(&given.value),
        (Some(_), None) => case
            .house
            .operator
            .map_or_else(Vec::new, |operator| names(&operator.floor.jurisdictions)),
    }
}

/// Whether the operator has put the rule in shadow.
pub(super) fn in_shadow(case: &Case<'_>, rule: &str) -> bool {
    case.house.operator.is_some_and(|operator| {
        operator
            .shadows
            .iter()
            .any(|shadow| &*shadow.value.rule == rule && case.at < shadow.value.until)
    })
}

/// Whether allow terms act on a rule of that ruleset.
pub(super) fn is_open(case: &Case<'_>, ruleset: usize, rule: &str, category: &str) -> bool {
    let listed = |operator: &Operator| {
        operator
            .allow
            .iter()
            .any(|of| means(&of.value, rule, category))
    };
    ruleset >= case.house.locked || case.house.operator.is_some_and(listed)
}

/// The override that counts: of the rule itself, else of the nearest category.
fn override_of<'a>(case: &Case<'a>, rule: &str, category: &str) -> Option<&'a Override> {
    let tenant: &'a Tenant = case.house.tenant?;
    let all = || tenant.overrides.iter().map(|given| &given.value);
    let own = all().find(|given| &*given.of == rule);
    own.or_else(|| {
        let mut category = category;
        loop {
            if let Some(given) = all().find(|given| &*given.of == category) {
                return Some(given);
            }
            (category, _) = category.rsplit_once('.')?;
        }
    })
}

fn means(of: &str, rule: &str, category: &str) -> bool {
    of == rule || of == category || category.starts_with(&format!("{of}."))
}

/// The strongest of what the tenant and the operator make of an action, and of those below it, where the message goes.
fn in_scene(case: &Case<'_>, action: Action) -> Action {
    let of_tenant = case
        .house
        .tenant
        .into_iter()
        .flat_map(|tenant| &tenant.scenes);
    let of_operator = case
        .house
        .operator
        .into_iter()
        .flat_map(|operator| &operator.floor.scenes);
    of_tenant
        .map(|given| given.value)
        .chain(of_operator.copied())
        .filter(|(scene, from, _)| *scene == case.scene && *from <= action)
        .map(|(_, _, to)| to)
        .fold(action, Action::max)
}
