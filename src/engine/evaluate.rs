//! From hits to findings: exceptions, conditions, `lower`, listings (`src/ARCHITECTURE.md`, 7).

mod why;

use std::ops::{ControlFlow, Range};

use crate::policy::Policy;
use crate::primitives::{Scene, Timestamp};
use crate::ruleset::{Node, Operand, RuleRow, Ruleset};
use crate::text::tables::{self, Class};
use crate::verdict::{Action, Listing};

use super::search::{Budget, Found};

/// Everything that a rule may ask about besides hits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances<'a> {
    pub(super) scene: Scene,
    pub(super) at: Timestamp,
    pub(super) policy: &'a Policy,
}

/// A rule that fired.
#[derive(Debug)]
pub(super) struct Fired {
    pub(super) ruleset: usize,
    pub(super) rule: usize,
    pub(super) action: Action,
    pub(super) lowered_from: Option<Action>,
    /// Whether the rule is in shadow, by its pack or by the operator.
    pub(super) shadow: bool,
    pub(super) listings: Vec<Listing>,
    /// The hits that took part, by their place among the found.
    pub(super) hits: Vec<u32>,
}

/// A hit as member of a set.
#[derive(Clone, Copy, Debug)]
struct Member {
    ruleset: u32,
    set: u32,
    found: u32,
    /// The furthest end of the members of this set and part up to this one.
    reach: usize,
}

/// The hits of one message, looked at by rules.
#[derive(Debug)]
pub(super) struct Evaluation<'a> {
    rulesets: &'a [&'a Ruleset],
    parts: &'a [&'a str],
    found: &'a [Found],
    circumstances: Circumstances<'a>,
    members: Vec<Member>,
    /// The sets of allow terms that have hits: ruleset and set.
    allows: Vec<(u32, u32)>,
    /// Rules with a hit in one of their positive sets: ruleset and rule.
    touched: Vec<(u32, u32)>,
    /// Hits of categories, as they are asked for.
    categories: Vec<(CategoryKey, Vec<u32>)>,
    /// Where the units of each part start, as they are asked for.
    units: Vec<Option<Vec<usize>>>,
}

/// Who asks for a category's hits: a ruleset, its category, whether the rule is in shadow, and whether allow terms act on it.
type CategoryKey = (usize, u32, bool, bool);

/// A rule that is being looked at.
#[derive(Clone, Copy)]
struct Asking<'a> {
    ruleset: usize,
    rule: &'a RuleRow,
}

impl<'a> Evaluation<'a> {
    /// Breaks when the budget is spent.
    pub(super) fn new(
        rulesets: &'a [&'a Ruleset],
        parts: &'a [&'a str],
        found: &'a [Found],
        circumstances: Circumstances<'a>,
        budget: &mut Budget,
    ) -> ControlFlow<(), Self> {
        let mut members = Vec::new();
        for (at, found) in found.iter().enumerate() {
            let ruleset = rulesets[found.ruleset as usize];
            let sets = ruleset.term_sets.get(found.term as usize);
            budget.spend(1 + sets.len() as u64)?;
            members.extend(sets.iter().map(|set| Member {
                ruleset: found.ruleset,
                set: *set,
                found: at as u32,
                reach: found.span.end,
            }));
        }
        members.sort_by_key(|member| {
            let found = &found[member.found as usize];
            (member.ruleset, member.set, found.part, found.span)
        });
        for at in 1..members.len() {
            let (before, here) = (members[at - 1], members[at]);
            let same = (before.ruleset, before.set) == (here.ruleset, here.set)
                && found[before.found as usize].part == found[here.found as usize].part;
            if same {
                members[at].reach = here.reach.max(before.reach);
            }
        }
        let mut touched = Vec::new();
        let mut last = None;
        for member in &members {
            let set = (member.ruleset, member.set);
            if last != Some(set) {
                last = Some(set);
                let rules = rulesets[member.ruleset as usize]
                    .set_rules
                    .get(member.set as usize);
                budget.spend(rules.len() as u64)?;
                touched.extend(rules.iter().map(|rule| (member.ruleset, *rule)));
            }
        }
        touched.sort_unstable();
        touched.dedup();
        let allows = rulesets
            .iter()
            .enumerate()
            .filter_map(|(at, ruleset)| Some((at as u32, ruleset.allow?)))
            .filter(|key| {
                let first = members.partition_point(|member| (member.ruleset, member.set) < *key);
                members
                    .get(first)
                    .is_some_and(|member| (member.ruleset, member.set) == *key)
            })
            .collect();
        ControlFlow::Continue(Self {
            rulesets,
            parts,
            found,
            circumstances,
            members,
            allows,
            touched,
            categories: Vec::new(),
            units: vec![None; parts.len()],
        })
    }

    /// The rules that fire, in the order of rulesets and rules. Breaks when the budget is spent; what fired until then is kept in `fired`.
    pub(super) fn run(&mut self, budget: &mut Budget, fired: &mut Vec<Fired>) -> ControlFlow<()> {
        for (at, ruleset) in self.rulesets.iter().enumerate() {
            let mut asked: Vec<u32> = self
                .touched
                .iter()
                .filter(|(ruleset, _)| *ruleset as usize == at)
                .map(|(_, rule)| *rule)
                .collect();
            if self
                .touched
                .iter()
                .any(|(ruleset, _)| *ruleset as usize <= at)
            {
                asked.extend(&ruleset.category_users);
            }
            asked.sort_unstable();
            asked.dedup();
            for rule in asked {
                budget.spend(1)?;
                let row = &ruleset.rules[rule as usize];
                let asking = Asking {
                    ruleset: at,
                    rule: row,
                };
                if !self.is_live(row) || !self.holds(asking, row.when, budget)? {
                    continue;
                }
                let mut hits = Vec::new();
                self.took_part(asking, row.when, budget, &mut hits)?;
                hits.sort_unstable();
                hits.dedup();
                let lowered = match row.lower {
                    Some(lower)
                        if self.holds(asking, lower.when, budget)?
                            && !match lower.unless {
                                Some(unless) => self.holds(asking, unless, budget)?,
                                None => false,
                            } =>
                    {
                        Some(lower.to).filter(|to| *to < row.action)
                    }
                    _ => None,
                };
                fired.push(Fired {
                    ruleset: at,
                    rule: rule as usize,
                    action: lowered.unwrap_or(row.action),
                    lowered_from: lowered.map(|_| row.action),
                    shadow: self.is_shadow(row),
                    listings: self.listings(row).cloned().collect(),
                    hits,
                });
            }
        }
        ControlFlow::Continue(())
    }

    fn is_live(&self, rule: &RuleRow) -> bool {
        let at = self.circumstances.at;
        rule.scenes.contains(self.circumstances.scene)
            && rule.from.is_none_or(|from| from <= at)
            && rule.until.is_none_or(|until| at < until)
            && (rule.listings.is_empty() || self.listings(rule).next().is_some())
    }

    /// Whether the rule has no effect, by its pack or by the operator.
    fn is_shadow(&self, rule: &RuleRow) -> bool {
        let Circumstances { at, policy, .. } = self.circumstances;
        rule.shadow || policy.shadows(&rule.id, at)
    }

    /// Whether hits inside allow terms are taken from the rule.
    fn is_open(&self, asking: Asking<'_>) -> bool {
        let rule = asking.rule;
        !self.allows.is_empty()
            && (!self.rulesets[asking.ruleset].locked
                || self.circumstances.policy.allows(&rule.id, &rule.category))
    }

    fn listings<'r>(&self, rule: &'r RuleRow) -> impl Iterator<Item = &'r Listing> {
        let Circumstances { at, policy, .. } = self.circumstances;
        rule.listings
            .iter()
            .filter(move |listing| listing.in_force(at) && policy.heeds(&listing.list))
    }

    fn holds(
        &mut self,
        asking: Asking<'a>,
        node: u32,
        budget: &mut Budget,
    ) -> ControlFlow<(), bool> {
        let ruleset = self.rulesets[asking.ruleset];
        ControlFlow::Continue(match &ruleset.nodes[node as usize] {
            Node::Any(operand) => !self.hits(asking, *operand..operand + 1, budget)?.is_empty(),
            Node::And(all) => {
                for member in all.clone() {
                    if !self.holds(asking, ruleset.node_members[member as usize], budget)? {
                        return ControlFlow::Continue(false);
                    }
                }
                true
            }
            Node::Or(all) => {
                for member in all.clone() {
                    if self.holds(asking, ruleset.node_members[member as usize], budget)? {
                        return ControlFlow::Continue(true);
                    }
                }
                false
            }
            Node::Not(inner) => !self.holds(asking, *inner, budget)?,
            Node::Near { .. } => {
                let mut pairs = Vec::new();
                self.took_part(asking, node, budget, &mut pairs)?;
                !pairs.is_empty()
            }
            Node::Lists { count, of } => {
                let mut held = 0;
                for operand in of.clone() {
                    held += u32::from(!self.hits(asking, operand..operand + 1, budget)?.is_empty());
                }
                held >= *count
            }
            Node::Terms { count, of } => {
                let hits = self.hits(asking, *of..of + 1, budget)?;
                let mut terms: Vec<&str> = hits
                    .iter()
                    .map(|hit| {
                        let found = &self.found[*hit as usize];
                        &*self.rulesets[found.ruleset as usize].terms[found.term as usize].text
                    })
                    .collect();
                terms.sort_unstable();
                terms.dedup();
                terms.len() >= *count as usize
            }
        })
    }

    /// The hits that take part in a condition that holds; none in one that does not.
    fn took_part(
        &mut self,
        asking: Asking<'a>,
        node: u32,
        budget: &mut Budget,
        out: &mut Vec<u32>,
    ) -> ControlFlow<()> {
        let ruleset = self.rulesets[asking.ruleset];
        match &ruleset.nodes[node as usize] {
            Node::Any(of) | Node::Terms { of, .. } => {
                out.extend(self.hits(asking, *of..of + 1, budget)?);
            }
            Node::Lists { of, .. } => out.extend(self.hits(asking, of.clone(), budget)?),
            Node::And(all) => {
                for member in all.clone() {
                    self.took_part(asking, ruleset.node_members[member as usize], budget, out)?;
                }
            }
            Node::Or(all) => {
                for member in all.clone() {
                    let member = ruleset.node_members[member as usize];
                    if self.holds(asking, member, budget)? {
                        self.took_part(asking, member, budget, out)?;
                    }
                }
            }
            Node::Not(_) => {}
            Node::Near {
                left,
                right,
                distance,
                ordered,
            } => {
                let left = self.hits(asking, left.clone(), budget)?;
                let right = self.hits(asking, right.clone(), budget)?;
                if !left.is_empty() && !right.is_empty() {
                    self.pairs(&left, &right, *distance, *ordered, budget, out)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The hits of operands, sorted by part and place, each once.
    fn hits(
        &mut self,
        asking: Asking<'a>,
        operands: Range<u32>,
        budget: &mut Budget,
    ) -> ControlFlow<(), Vec<u32>> {
        let ruleset = self.rulesets[asking.ruleset];
        let open = self.is_open(asking);
        let mut hits = Vec::new();
        for operand in operands {
            match ruleset.operands[operand as usize] {
                Operand::Set(set) => {
                    self.visible(asking, set, open, budget, &mut hits)?;
                }
                Operand::Category(category) => {
                    let shadow = self.is_shadow(asking.rule);
                    let key = (asking.ruleset, category, shadow, open);
                    self.ask_category(key, budget)?;
                    if let Some((_, of_category)) =
                        self.categories.iter().find(|(known, _)| *known == key)
                    {
                        budget.spend(of_category.len() as u64)?;
                        hits.extend(of_category);
                    }
                }
            }
        }
        hits.sort_by_key(|hit| {
            let found = &self.found[*hit as usize];
            (found.part, found.span, *hit)
        });
        hits.dedup();
        ControlFlow::Continue(hits)
    }

    /// The hits of a set that no exception of the list, the rule or the pack holds, nor, where they act (`open`), an allow term.
    fn visible(
        &self,
        Asking { ruleset, rule }: Asking<'_>,
        set: u32,
        open: bool,
        budget: &mut Budget,
        out: &mut Vec<u32>,
    ) -> ControlFlow<()> {
        let excepts = [
            self.rulesets[ruleset].set_except[set as usize],
            rule.except[0],
            rule.except[1],
        ];
        let members = self.members_of(ruleset as u32, set);
        budget.spend(1 + members.len() as u64)?;
        out.extend(members.iter().map(|member| member.found).filter(|hit| {
            !excepts
                .iter()
                .flatten()
                .any(|except| self.holds_hit(ruleset as u32, *except, *hit))
                && !(open
                    && self
                        .allows
                        .iter()
                        .any(|(ruleset, set)| self.holds_hit(*ruleset, *set, *hit)))
        }));
        ControlFlow::Continue(())
    }

    fn members_of(&self, ruleset: u32, set: u32) -> &[Member] {
        let key = (ruleset, set);
        let from = self
            .members
            .partition_point(|member| (member.ruleset, member.set) < key);
        let len =
            self.members[from..].partition_point(|member| (member.ruleset, member.set) == key);
        &self.members[from..from + len]
    }

    /// Whether an exception of that set holds the whole hit.
    fn holds_hit(&self, ruleset: u32, except: u32, hit: u32) -> bool {
        let hit = &self.found[hit as usize];
        let members = self.members_of(ruleset, except);
        let after = members.partition_point(|member| {
            let found = &self.found[member.found as usize];
            (found.part, found.span.start) <= (hit.part, hit.span.start)
        });
        after.checked_sub(1).is_some_and(|last| {
            self.found[members[last].found as usize].part == hit.part
                && members[last].reach >= hit.span.end
        })
    }

    fn ask_category(&mut self, key: CategoryKey, budget: &mut Budget) -> ControlFlow<()> {
        if self.categories.iter().any(|(known, _)| *known == key) {
            return ControlFlow::Continue(());
        }
        let (asking, category, shadow, open) = key;
        let name = &*self.rulesets[asking].categories[category as usize];
        let mut hits = Vec::new();
        for (ruleset, rule) in &self.touched {
            let ruleset = *ruleset as usize;
            if ruleset > asking {
                break;
            }
            budget.spend(1)?;
            let row = &self.rulesets[ruleset].rules[*rule as usize];
            let below = row
                .category
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            if below && (shadow || !self.is_shadow(row)) && self.is_live(row) {
                let of = Asking { ruleset, rule: row };
                for set in &row.positive {
                    self.visible(of, *set, open, budget, &mut hits)?;
                }
            }
        }
        hits.sort_unstable();
        hits.dedup();
        self.categories.push((key, hits));
        ControlFlow::Continue(())
    }

    /// The members of all pairs that are near enough.
    fn pairs(
        &mut self,
        left: &[u32],
        right: &[u32],
        distance: u32,
        ordered: bool,
        budget: &mut Budget,
        out: &mut Vec<u32>,
    ) -> ControlFlow<()> {
        for hit in left.iter().chain(right) {
            let part = self.found[*hit as usize].part as usize;
            if self.units[part].is_none() {
                budget.spend(self.parts[part].len() as u64)?;
                self.units[part] = Some(units(self.parts[part]));
            }
        }
        let left_by_end = self.by_end(left);
        let right_by_end = self.by_end(right);
        budget.spend(2 * (left.len() + right.len()) as u64)?;
        out.extend(left.iter().copied().filter(|hit| {
            self.follows(*hit, right, distance)
                || (!ordered && self.precedes(*hit, &right_by_end, distance))
        }));
        out.extend(right.iter().copied().filter(|hit| {
            self.precedes(*hit, &left_by_end, distance)
                || (!ordered && self.follows(*hit, left, distance))
        }));
        ControlFlow::Continue(())
    }

    fn by_end(&self, hits: &[u32]) -> Vec<u32> {
        let mut hits = hits.to_vec();
        hits.sort_by_key(|hit| {
            let found = &self.found[*hit as usize];
            (found.part, found.span.end)
        });
        hits
    }

    /// Whether one of `others`, sorted by start, begins at most `distance` units after the hit.
    fn follows(&self, hit: u32, others: &[u32], distance: u32) -> bool {
        let hit = &self.found[hit as usize];
        let next = others.partition_point(|other| {
            let other = &self.found[*other as usize];
            (other.part, other.span.start) < (hit.part, hit.span.end)
        });
        others.get(next).is_some_and(|other| {
            let other = &self.found[*other as usize];
            other.part == hit.part
                && self.between(hit.part, hit.span.end, other.span.start) <= distance as usize
        })
    }

    /// Whether one of `others`, sorted by end, ends at most `distance` units before the hit.
    fn precedes(&self, hit: u32, others: &[u32], distance: u32) -> bool {
        let hit = &self.found[hit as usize];
        let after = others.partition_point(|other| {
            let other = &self.found[*other as usize];
            (other.part, other.span.end) <= (hit.part, hit.span.start)
        });
        after.checked_sub(1).is_some_and(|last| {
            let other = &self.found[others[last] as usize];
            other.part == hit.part
                && self.between(hit.part, other.span.end, hit.span.start) <= distance as usize
        })
    }

    /// The units that start at `from` or later and before `to`.
    fn between(&self, part: u32, from: usize, to: usize) -> usize {
        let Some(units) = &self.units[part as usize] else {
            return 0;
        };
        let before = |at: usize| units.partition_point(|start| *start < at);
        before(to).saturating_sub(before(from))
    }
}

/// Where the units of a text start.
fn units(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut in_word = false;
    for (at, c) in text.char_indices() {
        if tables::is_invisible(c) {
            continue;
        }
        let counts = tables::is_mark(c) || matches!(tables::class(c), Class::Letter | Class::Digit);
        let alone = tables::script(c).is_unspaced();
        if counts && (alone || !in_word) {
            starts.push(at);
        }
        in_word = counts && !alone;
    }
    starts
}
