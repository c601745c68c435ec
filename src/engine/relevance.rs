//! Which candidates can matter: those of rules that could still fire if every candidate were a hit.
//!
//! Most messages hold some words of some rule (`join`, `stop`), and no rule that could fire. Reading a text by graphemes and walking on it costs
//! many times what finding the candidates does, so this is asked first: conditions grow with their hits but for what stands under `not`, which is
//! taken to hold here. What is left out is what no finding could report. A rule is asked when the rarest of what it needs is there, which the
//! compiler has chosen; terms that are never that are not even looked for before a rule is awake.

use std::ops::ControlFlow;

use crate::ruleset::{Node, Operand, RuleRow, Ruleset, is_below};

use super::budget::Budget;

/// Scratch, for each ruleset of the call.
#[derive(Debug, Default)]
pub(super) struct Relevance {
    scopes: Vec<Scope>,
    operands: Vec<Operand>,
}

#[derive(Debug, Default)]
struct Scope {
    /// Terms with a candidate.
    terms: Marks,
    /// Sets that hold one of them.
    sets: Marks,
    /// Rules that such a set, or a category that could have hits, wakes.
    rules: Marks,
    /// Categories that could have hits.
    categories: Marks,
    /// Sets whose hits could change a verdict.
    needed: Marks,
}

/// A set of small numbers; emptied in the time that filling it took.
#[derive(Debug, Default)]
struct Marks {
    held: Vec<bool>,
    list: Vec<u32>,
}

impl Marks {
    fn clear(&mut self) {
        for number in self.list.drain(..) {
            self.held[number as usize] = false;
        }
    }

    /// Whether it was not there yet.
    fn add(&mut self, number: u32) -> bool {
        let at = number as usize;
        if at >= self.held.len() {
            self.held.resize(at + 1, false);
        }
        let new = !self.held[at];
        if new {
            self.held[at] = true;
            self.list.push(number);
        }
        new
    }

    fn holds(&self, number: u32) -> bool {
        self.held.get(number as usize).is_some_and(|held| *held)
    }
}

impl Relevance {
    /// Forgets the message before. Regex terms without a literal in the skeleton could stand anywhere.
    pub(super) fn begin(&mut self, rulesets: &[&Ruleset], budget: &mut Budget) -> ControlFlow<()> {
        if self.scopes.len() < rulesets.len() {
            self.scopes.resize_with(rulesets.len(), Scope::default);
        }
        for scope in &mut self.scopes {
            scope.terms.clear();
            scope.sets.clear();
            scope.rules.clear();
            scope.categories.clear();
            scope.needed.clear();
        }
        for (at, ruleset) in rulesets.iter().enumerate() {
            for regex in ruleset.regexes.iter().filter(|regex| !regex.in_skeleton) {
                self.candidate(ruleset, at, regex.term, budget)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Takes note that a term may stand in the message.
    pub(super) fn candidate(
        &mut self,
        ruleset: &Ruleset,
        at: usize,
        term: u32,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        let scope = &mut self.scopes[at];
        if !scope.terms.add(term) {
            return ControlFlow::Continue(());
        }
        for set in ruleset.term_sets.get(term as usize) {
            budget.spend(1)?;
            if scope.sets.add(set) {
                let rules = ruleset.set_watch.get(set as usize);
                let categories = ruleset.set_categories.get(set as usize);
                budget.spend((rules.len() + categories.len()) as u64)?;
                for rule in rules {
                    scope.rules.add(rule);
                }
                for category in categories {
                    scope.categories.add(category);
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether the term may stand in the message.
    pub(super) fn is_candidate(&self, at: usize, term: u32) -> bool {
        self.scopes[at].terms.holds(term)
    }

    /// Whether a rule is to be asked, or may be once all candidates are known: where a later ruleset asks for categories, those of the rulesets
    /// before it are not known yet.
    pub(super) fn is_awake(&self, rulesets: &[&Ruleset]) -> bool {
        let asks = |ruleset: &&Ruleset| !ruleset.category_watch.is_empty();
        let woken = |(scope, ruleset): (&Scope, &&Ruleset)| {
            let mut categories = scope.categories.list.iter();
            !scope.rules.list.is_empty()
                || categories
                    .any(|category| ruleset.category_watch.get(*category as usize).len() > 0)
        };
        rulesets.iter().skip(1).any(asks) || self.scopes.iter().zip(rulesets).any(woken)
    }

    /// Whether nothing matters.
    pub(super) fn is_empty(&self) -> bool {
        let nothing = |scope: &Scope| scope.needed.list.is_empty();
        self.scopes.iter().all(nothing)
    }

    /// Finds out which sets matter, once all candidates are noted.
    pub(super) fn settle(&mut self, rulesets: &[&Ruleset], budget: &mut Budget) -> ControlFlow<()> {
        for at in 0..rulesets.len() {
            self.categories(rulesets, at, budget)?;
        }
        for (at, ruleset) in rulesets.iter().enumerate() {
            for nth in 0..self.scopes[at].rules.list.len() {
                let rule = ruleset.rule(self.scopes[at].rules.list[nth] as usize);
                if could_hold(ruleset, &self.scopes[at], rule.when(), budget)? {
                    self.need(rulesets, at, rule, budget)?;
                }
            }
        }
        if !self.is_empty() {
            for (scope, ruleset) in self.scopes.iter_mut().zip(rulesets) {
                if let Some(allow) = ruleset.allow {
                    scope.needed.add(allow);
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether the hits of a term could change the verdict.
    pub(super) fn matters(&self, ruleset: &Ruleset, at: usize, term: u32) -> bool {
        let needed = &self.scopes[at].needed;
        ruleset
            .term_sets
            .get(term as usize)
            .any(|set| needed.holds(set))
    }

    /// Notes the categories of a ruleset that could have hits of rulesets before it, and the rules that categories wake.
    fn categories(
        &mut self,
        rulesets: &[&Ruleset],
        at: usize,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        let ruleset = rulesets[at];
        let (before, scope) = self.scopes.split_at_mut(at);
        let scope = &mut scope[0];
        for (number, name) in (0_u32..).zip(&ruleset.categories) {
            for (ruleset, before) in rulesets.iter().zip(&*before) {
                for set in &before.sets.list {
                    let mut kinds = ruleset.set_kinds.get(*set as usize);
                    budget.spend(1 + kinds.len() as u64)?;
                    if kinds.any(|kind| is_below(&ruleset.kinds[kind as usize], name)) {
                        scope.categories.add(number);
                    }
                }
            }
        }
        for category in &scope.categories.list {
            let rules = ruleset.category_watch.get(*category as usize);
            budget.spend(rules.len() as u64)?;
            for rule in rules {
                scope.rules.add(rule);
            }
        }
        ControlFlow::Continue(())
    }

    /// Notes what is looked at when a rule is judged.
    fn need(
        &mut self,
        rulesets: &[&Ruleset],
        at: usize,
        rule: RuleRow<'_>,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        let ruleset = rulesets[at];
        let mut operands = std::mem::take(&mut self.operands);
        operands.clear();
        looked_at(ruleset, rule.when(), budget, &mut operands)?;
        if let Some(lower) = rule.lower() {
            looked_at(ruleset, lower.when, budget, &mut operands)?;
            if let Some(unless) = lower.unless {
                looked_at(ruleset, unless, budget, &mut operands)?;
            }
        }
        for operand in &operands {
            match *operand {
                Operand::Set(set) => self.need_set(ruleset, at, rule, set),
                Operand::Category(category) => {
                    if !self.scopes[at].categories.holds(category) {
                        continue;
                    }
                    let name = &ruleset.categories[category as usize];
                    for (at, ruleset) in rulesets.iter().enumerate().take(at + 1) {
                        for nth in 0..self.scopes[at].sets.list.len() {
                            let set = self.scopes[at].sets.list[nth];
                            for rule in ruleset.set_rules.get(set as usize) {
                                budget.spend(1)?;
                                let rule = ruleset.rule(rule as usize);
                                if rule.is_below(name) {
                                    self.need_set(ruleset, at, rule, set);
                                }
                            }
                        }
                    }
                }
            }
        }
        self.operands = operands;
        ControlFlow::Continue(())
    }

    fn need_set(&mut self, ruleset: &Ruleset, at: usize, rule: RuleRow<'_>, set: u32) {
        let excepted = ruleset.set_except.get(set as usize);
        for set in [Some(set), excepted]
            .into_iter()
            .chain(rule.except())
            .flatten()
        {
            self.scopes[at].needed.add(set);
        }
    }
}

/// Whether a condition could hold if every candidate were a hit.
fn could_hold(
    ruleset: &Ruleset,
    scope: &Scope,
    node: u32,
    budget: &mut Budget,
) -> ControlFlow<(), bool> {
    budget.spend(1)?;
    let could = |operand: u32| match ruleset.operand(operand) {
        Operand::Set(set) => scope.sets.holds(set),
        Operand::Category(category) => scope.categories.holds(category),
    };
    ControlFlow::Continue(match &ruleset.node(node) {
        Node::Any(of) | Node::Terms { of, .. } => could(*of),
        Node::And(all) => {
            for member in all.clone() {
                let member = ruleset.node_members[member as usize];
                if !could_hold(ruleset, scope, member, budget)? {
                    return ControlFlow::Continue(false);
                }
            }
            true
        }
        Node::Or(all) => {
            for member in all.clone() {
                let member = ruleset.node_members[member as usize];
                if could_hold(ruleset, scope, member, budget)? {
                    return ControlFlow::Continue(true);
                }
            }
            false
        }
        Node::Not(_) => true,
        Node::Near { left, right, .. } => {
            budget.spend((left.len() + right.len()) as u64)?;
            left.clone().any(could) && right.clone().any(could)
        }
        Node::Lists { count, of } => {
            budget.spend(of.len() as u64)?;
            of.clone().filter(|operand| could(*operand)).count() >= *count as usize
        }
    })
}

/// Everything that a condition looks at, under `not` as well.
fn looked_at(
    ruleset: &Ruleset,
    node: u32,
    budget: &mut Budget,
    out: &mut Vec<Operand>,
) -> ControlFlow<()> {
    budget.spend(1)?;
    let operands = |of: std::ops::Range<u32>| of.map(|operand| ruleset.operand(operand));
    match &ruleset.node(node) {
        Node::Any(of) | Node::Terms { of, .. } => out.push(ruleset.operand(*of)),
        Node::And(all) | Node::Or(all) => {
            for member in all.clone() {
                looked_at(ruleset, ruleset.node_members[member as usize], budget, out)?;
            }
        }
        Node::Not(inner) => looked_at(ruleset, *inner, budget, out)?,
        Node::Near { left, right, .. } => {
            out.extend(operands(left.clone()));
            out.extend(operands(right.clone()));
        }
        Node::Lists { of, .. } => out.extend(operands(of.clone())),
    }
    ControlFlow::Continue(())
}
