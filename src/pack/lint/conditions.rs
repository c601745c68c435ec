//! Conditions that never hold, or hold whenever they are asked.
//!
//! A condition is looked at as a formula over what it names, each of which may have a hit or not; all combinations are tried, if they are few.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::RawRule;
use crate::diag::{Edit, Fix, codes, said};
use crate::pack::check::Checks;
use crate::pack::condition::operands;
use crate::pack::keys::nearest;
use crate::pack::model::{Condition, Operand, Pack, Rule};
use crate::pack::reading::Reading;

/// Things that a condition names, beyond which it is not tried out: two to this power are the combinations.
const MOST: usize = 10;

/// What may be true or not by itself.
#[derive(Clone, Copy, PartialEq)]
enum Atom<'a> {
    /// The operand has a hit.
    Hit(&'a Operand),
    /// The `near`, or the count of terms, holds.
    Condition(&'a Condition),
}

#[derive(Default)]
struct Atoms<'a>(Vec<Atom<'a>>);

impl<'a> Atoms<'a> {
    fn add(&mut self, atom: Atom<'a>) {
        if !self.0.contains(&atom) {
            self.0.push(atom);
        }
    }

    fn collect(&mut self, condition: &'a Condition) {
        match condition {
            Condition::Any(operand) => self.add(Atom::Hit(operand)),
            Condition::Lists { of, .. } => {
                of.iter().for_each(|operand| self.add(Atom::Hit(operand)))
            }
            Condition::Terms { of, .. } => {
                self.add(Atom::Hit(of));
                self.add(Atom::Condition(condition));
            }
            Condition::Near { left, right, .. } => {
                left.iter()
                    .chain(right)
                    .for_each(|operand| self.add(Atom::Hit(operand)));
                self.add(Atom::Condition(condition));
            }
            Condition::And(members) | Condition::Or(members) => {
                members.iter().for_each(|member| self.collect(member))
            }
            Condition::Not(inner) => self.collect(inner),
        }
    }

    fn is(&self, truth: usize, atom: Atom<'_>) -> bool {
        let place = self.0.iter().position(|known| *known == atom);
        place.is_some_and(|place| truth >> place & 1 == 1)
    }

    fn holds(&self, condition: &Condition, truth: usize) -> bool {
        let hit = |operand: &Operand| self.is(truth, Atom::Hit(operand));
        match condition {
            Condition::Any(operand) => hit(operand),
            Condition::Lists { count, of } => {
                of.iter().filter(|operand| hit(operand)).count() >= *count as usize
            }
            Condition::Terms { count, of } => {
                hit(of) && (*count <= 1 || self.is(truth, Atom::Condition(condition)))
            }
            Condition::Near { left, right, .. } => {
                // Where it holds, both sides have a hit.
                self.is(truth, Atom::Condition(condition))
                    && left.iter().any(hit)
                    && right.iter().any(hit)
            }
            Condition::And(members) => members.iter().all(|member| self.holds(member, truth)),
            Condition::Or(members) => members.iter().any(|member| self.holds(member, truth)),
            Condition::Not(inner) => !self.holds(inner, truth),
        }
    }
}

impl Reading<'_, '_> {
    pub(super) fn lint_conditions(
        &mut self,
        raw: &RawRule,
        rule: &Rule,
        pack: &Pack,
        checks: &Checks<'_>,
    ) {
        self.lint_categories(raw, rule, pack, checks);
        let mut atoms = Atoms::default();
        atoms.collect(&rule.when);
        if let Some(lower) = &rule.lower {
            atoms.collect(&lower.when);
            lower.unless.iter().for_each(|unless| atoms.collect(unless));
        }
        if atoms.0.len() > MOST {
            return;
        }
        let fires: Vec<usize> = (0..1 << atoms.0.len())
            .filter(|truth| atoms.holds(&rule.when, *truth))
            .collect();
        if fires.is_empty() {
            return self.warn(
                &codes::NEVER_TRUE,
                raw.when.clone(),
                said!("the condition can never hold", "该条件永远不会成立"),
                said!(
                    "it asks for something and for its absence: remove one of the two",
                    "它既要求又排除同一内容：请删除其一"
                ),
            );
        }
        let Some(lower) = &rule.lower else { return };
        let lowered = |truth: &&usize| {
            atoms.holds(&lower.when, **truth)
                && !lower
                    .unless
                    .as_ref()
                    .is_some_and(|unless| atoms.holds(unless, **truth))
        };
        let count = fires.iter().filter(lowered).count();
        if count == fires.len() {
            let to = lower.to;
            self.warn(
                &codes::ALWAYS_TRUE,
                raw.lower.clone(),
                said!(
                    "whenever the rule fires, `lower` holds as well",
                    "规则触发时 `lower` 总是成立"
                ),
                said!(
                    "write `action = \"{to}\"` in place of `lower`, or another condition",
                    "请把 `lower` 换成 `action = \"{to}\"`，或改写条件"
                ),
            );
        } else if count == 0 {
            self.warn(
                &codes::NEVER_TRUE,
                raw.lower.clone(),
                said!(
                    "where the rule fires, `lower` never holds",
                    "规则触发时 `lower` 从不成立"
                ),
                said!(
                    "remove it, or write another condition",
                    "请删除，或改写条件"
                ),
            );
        }
    }

    /// Warns of `@category` where no rule is of that category.
    fn lint_categories(&mut self, raw: &RawRule, rule: &Rule, pack: &Pack, checks: &Checks<'_>) {
        let Some(others) = checks.categories else {
            return;
        };
        let mut asked: BTreeSet<Arc<str>> = BTreeSet::new();
        operands(&rule.when, &mut |operand| {
            if let Operand::Category(category) = operand {
                asked.insert(Arc::clone(category));
            }
        });
        for category in asked {
            let own = pack.rules.iter().map(|rule| &*rule.category);
            let known = || own.clone().chain(others.iter().map(|other| &**other));
            let is_in = |of: &str| {
                of == &*category
                    || of
                        .strip_prefix(&*category)
                        .is_some_and(|rest| rest.starts_with('.'))
            };
            if known().any(is_in) {
                continue;
            }
            let source = self.source.get(raw.when.clone()).unwrap_or("");
            let at = match source.find(&format!("@{category}")) {
                Some(place) => raw.when.start + place..raw.when.start + place + 1 + category.len(),
                None => raw.when.clone(),
            };
            let near = nearest(&category, known());
            let help = match near {
                Some(near) => said!("did you mean `@{near}`?", "是否想写 `@{near}`？"),
                None => said!(
                    "name the category of a rule of this pack or of the base library",
                    "请写本规则包或基础库中规则的类别"
                ),
            };
            let mut warning = self
                .report
                .at(
                    &codes::UNKNOWN_CATEGORY,
                    at.clone(),
                    said!(
                        "no rule is of the category `{category}`, so this never has a hit",
                        "没有规则属于类别 `{category}`，此处永远没有命中"
                    ),
                )
                .with_help(help);
            warning.fix = near.map(|near| Fix::likely(vec![Edit::new(at, format!("@{near}"))]));
            self.report.warn(warning);
        }
    }
}
