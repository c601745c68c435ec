//! A rule's condition as a tree, with what held.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use crate::engine::search::Budget;
use crate::engine::trace::{
    ConditionExplained, ListingExplained, LowerExplained, Removed, RuleExplained,
};
use crate::ruleset::{Node, Operand};

use super::{Asking, Evaluation, units};

/// Hits on each side of a pair that are looked at for the nearest.
const SIDES: usize = 256;

impl<'a> Evaluation<'a> {
    /// The rules that a hit touches, ruleset and rule.
    pub(in crate::engine) fn asked(&self) -> Vec<(usize, usize)> {
        self.touched
            .iter()
            .map(|(ruleset, rule)| (*ruleset as usize, *rule as usize))
            .collect()
    }

    /// Whether the rule fired is left open.
    pub(in crate::engine) fn explain(
        &mut self,
        ruleset: usize,
        rule: usize,
        budget: &mut Budget,
    ) -> ControlFlow<(), RuleExplained> {
        let row = &self.rulesets[ruleset].rules[rule];
        let asking = Asking { ruleset, rule: row };
        let (at, scene) = (self.circumstances.at, self.circumstances.scene);
        let policy = self.circumstances.policy;
        let when = self.tree(asking, row.when, budget)?;
        let lower = match row.lower {
            None => None,
            Some(lower) => {
                let when = self.tree(asking, lower.when, budget)?;
                let unless = match lower.unless {
                    Some(unless) => Some(self.tree(asking, unless, budget)?),
                    None => None,
                };
                Some(LowerExplained {
                    held: when.held && !unless.as_ref().is_some_and(|unless| unless.held),
                    when,
                    unless,
                    to: lower.to,
                })
            }
        };
        ControlFlow::Continue(RuleExplained {
            rule: Arc::clone(&row.id),
            category: Arc::clone(&row.category),
            severity: row.severity,
            action: row.action,
            shadow: self.is_shadow(row),
            fired: false,
            in_scene: row.scenes.contains(scene),
            in_effect: row.from.is_none_or(|from| from <= at)
                && row.until.is_none_or(|until| at < until),
            listings: row
                .listings
                .iter()
                .map(|listing| ListingExplained {
                    list: Arc::clone(&listing.list),
                    reference: Arc::clone(&listing.reference),
                    in_force: listing.in_force(at),
                    heeded: policy.heeds(&listing.list),
                })
                .collect(),
            when,
            lower,
            removed: self.removed(asking),
        })
    }

    fn tree(
        &mut self,
        asking: Asking<'a>,
        node: u32,
        budget: &mut Budget,
    ) -> ControlFlow<(), ConditionExplained> {
        let ruleset = self.rulesets[asking.ruleset];
        let held = self.holds(asking, node, budget)?;
        let mut explained = ConditionExplained {
            says: String::new(),
            held,
            hits: Vec::new(),
            nearest: None,
            members: Vec::new(),
        };
        match &ruleset.nodes[node as usize] {
            Node::Any(of) => return self.leaf(asking, *of, budget),
            Node::And(all) | Node::Or(all) => {
                for member in all.clone() {
                    let member = ruleset.node_members[member as usize];
                    explained.members.push(self.tree(asking, member, budget)?);
                }
                let and = matches!(&ruleset.nodes[node as usize], Node::And(_));
                explained.says = says(&explained.members).join(if and { " and " } else { " or " });
            }
            Node::Not(inner) => {
                explained.members.push(self.tree(asking, *inner, budget)?);
                explained.says = format!("not {}", says(&explained.members).concat());
            }
            Node::Near {
                left,
                right,
                distance,
                ordered,
            } => {
                let mut pairs = Vec::new();
                self.took_part(asking, node, budget, &mut pairs)?;
                pairs.sort_unstable();
                pairs.dedup();
                explained.hits = pairs.into_iter().map(|hit| hit as usize).collect();
                let lefts = self.leaves(asking, left.clone(), budget)?;
                let rights = self.leaves(asking, right.clone(), budget)?;
                explained.says = format!(
                    "{} {}/{distance} {}",
                    any_of(&lefts),
                    if *ordered { "then" } else { "near" },
                    any_of(&rights),
                );
                explained.nearest = self.nearest(&lefts, &rights, *ordered);
                explained.members = lefts;
                explained.members.extend(rights);
            }
            Node::Lists { count, of } => {
                explained.members = self.leaves(asking, of.clone(), budget)?;
                explained.says = format!("{count} of ({})", says(&explained.members).join(", "));
                explained.hits = hits_of(&explained.members);
            }
            Node::Terms { count, of } => {
                explained.members = self.leaves(asking, *of..of + 1, budget)?;
                explained.says = format!("{count} of {}", says(&explained.members).concat());
                explained.hits = hits_of(&explained.members);
            }
        }
        ControlFlow::Continue(explained)
    }

    fn leaves(
        &mut self,
        asking: Asking<'a>,
        operands: Range<u32>,
        budget: &mut Budget,
    ) -> ControlFlow<(), Vec<ConditionExplained>> {
        let mut leaves = Vec::new();
        for operand in operands {
            leaves.push(self.leaf(asking, operand, budget)?);
        }
        ControlFlow::Continue(leaves)
    }

    fn leaf(
        &mut self,
        asking: Asking<'a>,
        operand: u32,
        budget: &mut Budget,
    ) -> ControlFlow<(), ConditionExplained> {
        let ruleset = self.rulesets[asking.ruleset];
        let hits = self.hits(asking, operand..operand + 1, budget)?;
        ControlFlow::Continue(ConditionExplained {
            says: match ruleset.operands[operand as usize] {
                Operand::Set(set) => ruleset.set_names[set as usize].to_string(),
                Operand::Category(category) => {
                    format!("@{}", ruleset.categories[category as usize])
                }
            },
            held: !hits.is_empty(),
            hits: hits.into_iter().map(|hit| hit as usize).collect(),
            nearest: None,
            members: Vec::new(),
        })
    }

    fn nearest(
        &mut self,
        lefts: &[ConditionExplained],
        rights: &[ConditionExplained],
        ordered: bool,
    ) -> Option<usize> {
        let (lefts, rights) = (hits_of(lefts), hits_of(rights));
        let mut nearest: Option<usize> = None;
        for left in lefts.iter().take(SIDES) {
            for right in rights.iter().take(SIDES) {
                let (left, right) = (&self.found[*left], &self.found[*right]);
                if left.part != right.part || left.span.overlaps(right.span) {
                    continue;
                }
                let (first, second) = if left.span < right.span {
                    (left, right)
                } else if ordered {
                    continue;
                } else {
                    (right, left)
                };
                let (part, from, to) = (left.part, first.span.end, second.span.start);
                let text = self.parts[part as usize];
                self.units[part as usize].get_or_insert_with(|| units(text));
                let between = self.between(part, from, to);
                nearest = Some(nearest.map_or(between, |nearest| nearest.min(between)));
            }
        }
        nearest
    }

    /// The hits that exceptions and allow terms took from the sets that the rule looks at, each with one that holds it.
    fn removed(&self, asking: Asking<'_>) -> Vec<Removed> {
        let Asking { ruleset, rule: row } = asking;
        let allows: &[_] = if self.is_open(asking) {
            &self.allows
        } else {
            &[]
        };
        let mut removed = Vec::new();
        for set in &row.positive {
            let excepts = [
                self.rulesets[ruleset].set_except[*set as usize],
                row.except[0],
                row.except[1],
            ];
            for member in self.members_of(ruleset as u32, *set) {
                let hit = &self.found[member.found as usize];
                let by = excepts
                    .iter()
                    .flatten()
                    .map(|except| (ruleset as u32, *except))
                    .chain(allows.iter().copied())
                    .flat_map(|(ruleset, except)| self.members_of(ruleset, except))
                    .find(|except| {
                        let except = &self.found[except.found as usize];
                        except.part == hit.part && except.span.holds(hit.span)
                    });
                removed.extend(by.map(|by| Removed {
                    hit: member.found as usize,
                    by: by.found as usize,
                }));
            }
        }
        removed
    }
}

/// What the members of a condition say, in parentheses where they are more than a name.
fn says(members: &[ConditionExplained]) -> Vec<String> {
    members
        .iter()
        .map(|member| {
            if member.members.is_empty() {
                member.says.clone()
            } else {
                format!("({})", member.says)
            }
        })
        .collect()
}

/// One side of a pair.
fn any_of(members: &[ConditionExplained]) -> String {
    let says = says(members);
    match &says[..] {
        [one] => one.clone(),
        _ => format!("({})", says.join(" or ")),
    }
}

fn hits_of(members: &[ConditionExplained]) -> Vec<usize> {
    let mut hits: Vec<usize> = members
        .iter()
        .flat_map(|member| member.hits.iter().copied())
        .collect();
    hits.sort_unstable();
    hits.dedup();
    hits
}
