//! A rule's condition as a tree, with what held.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::engine::budget::Budget;
use crate::engine::trace::{
    ActionExplained, ConditionExplained, ListingExplained, LowerExplained, Removed, RuleExplained,
};
use crate::ruleset::Node;

use super::{Asking, Circumstances, Evaluation, units};

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

    /// Whether the rule fired is left open: the scan's budget may have been spent before it was asked.
    pub(in crate::engine) fn explain(
        &mut self,
        ruleset: usize,
        rule: usize,
        budget: &mut Budget,
    ) -> ControlFlow<(), RuleExplained> {
        let row = self.rulesets[ruleset].rule(rule);
        let standing = self.standing(row);
        let Circumstances {
            at, policy, scene, ..
        } = self.circumstances;
        let mut told = RuleExplained {
            rule: row.id().into(),
            category: Arc::clone(&row.category),
            severity: row.severity,
            action: row.action,
            became: None,
            shadow: standing.shadow,
            fired: false,
            live: standing.is_live(),
            in_scene: standing.in_scene,
            in_effect: standing.in_effect,
            rollout: row.rollout,
            rolled_out: standing.rolled_out,
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
            when: ConditionExplained::default(),
            lower: row.lower().map(|lower| LowerExplained {
                when: ConditionExplained::default(),
                unless: lower.unless.map(|_| ConditionExplained::default()),
                to: lower.to,
                held: false,
            }),
            removed: self.removed(Asking {
                ruleset,
                rule: row,
                shadow: standing.shadow,
            }),
        };
        if let Some(fired) = self.decide((ruleset, rule), budget, Some(&mut told))? {
            let lowered = fired.lowered_from.map(|_| fired.action);
            let (overridden, in_scene) = policy.weigh(
                (&row.id(), &row.category),
                fired.action,
                lowered.is_some(),
                scene,
            );
            told.became = Some(ActionExplained {
                lowered,
                overridden,
                in_scene,
            });
        }
        ControlFlow::Continue(told)
    }

    /// Completes what is told of a condition whose members are told. `part` took part, if it held.
    pub(super) fn tell(
        &mut self,
        node: &Node,
        held: bool,
        part: &[u32],
        told: &mut ConditionExplained,
    ) {
        told.held = held;
        let members = &told.members;
        match node {
            // Told as an operand.
            Node::Any(_) => {}
            Node::And(_) => told.says = says(members).join(" and "),
            Node::Or(_) => told.says = says(members).join(" or "),
            Node::Not(_) => told.says = format!("not {}", says(members).concat()),
            Node::Near {
                left,
                distance,
                ordered,
                ..
            } => {
                let (lefts, rights) = members.split_at(left.len());
                let word = if *ordered { "then" } else { "near" };
                let says = format!("{} {word}/{distance} {}", any_of(lefts), any_of(rights));
                told.nearest = self.nearest(lefts, rights, *ordered);
                told.says = says;
                told.hits = part.iter().map(|hit| *hit as usize).collect();
                told.hits.sort_unstable();
                told.hits.dedup();
            }
            Node::Lists { count, .. } => {
                told.hits = hits_of(members);
                told.says = format!("{count} of ({})", says(members).join(", "));
            }
            Node::Terms { count, .. } => {
                told.hits = hits_of(members);
                told.says = format!("{count} of {}", says(members).concat());
            }
        }
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
        let Asking {
            ruleset, rule: row, ..
        } = asking;
        let allows: &[_] = if self.is_open(asking) {
            &self.allows
        } else {
            &[]
        };
        let mut removed = Vec::new();
        let [own, of_pack] = row.except();
        for set in row.positive() {
            let of_list = self.rulesets[ruleset].set_except.get(set as usize);
            let excepts = [of_list, own, of_pack];
            for member in self.members_of(ruleset as u32, set) {
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
