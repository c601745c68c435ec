//! From hits to findings: exceptions, conditions, `lower`, listings (`src/ARCHITECTURE.md`, 7).

mod why;

use std::ops::{ControlFlow, Range};

use crate::policy::Policy;
use crate::primitives::{Scene, Timestamp, Window};
use crate::ruleset::{LowerRow, Node, Operand, RuleRow, Ruleset};
use crate::text::tables::{self, Class};
use crate::verdict::{Action, Listing};

use super::budget::Budget;
use super::search::Found;
use super::trace::{ConditionExplained, LowerExplained, RuleExplained};

/// Everything that a rule may ask about besides hits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances<'a> {
    pub(super) scene: Scene,
    pub(super) conversation: Option<&'a str>,
    pub(super) at: Timestamp,
    pub(super) policy: &'a Policy,
}

/// A rule that fired.
#[derive(Debug)]
pub(super) struct Fired {
    pub(super) ruleset: usize,
    pub(super) rule: usize,
    /// Whether it is reported apart.
    pub(super) shadow: bool,
    pub(super) action: Action,
    pub(super) lowered_from: Option<Action>,
    pub(super) listings: Vec<Listing>,
    /// The hits that took part, by their place among the found.
    pub(super) hits: Vec<u32>,
}

/// All conversations, in hundredths of a percent.
const WHOLE: u16 = 10_000;

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
    rule: RuleRow<'a>,
    /// Whether the rule is in shadow for this message.
    shadow: bool,
}

/// How a rule stands towards a message, whatever its text.
#[derive(Clone, Copy, Debug)]
struct Standing {
    in_scene: bool,
    in_effect: bool,
    /// It rests on no list, or on one that counts.
    listed: bool,
    /// The message's conversation is one of those to which the rule is rolled out.
    rolled_out: bool,
    shadow: bool,
}

impl Standing {
    fn is_live(self) -> bool {
        self.in_scene && self.in_effect && self.listed
    }
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
            budget.reserve(1 + sets.len() as u64)?;
            let counts = |set: &u32| found.across.is_none() || ruleset.windows.count_in(*set);
            members.extend(sets.filter(counts).map(|set| Member {
                ruleset: found.ruleset,
                set,
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
                budget.reserve(rules.len() as u64)?;
                touched.extend(rules.map(|rule| (member.ruleset, rule)));
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
                fired.extend(self.decide((at, rule as usize), budget, None)?);
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether a rule fires. With `told`, everything about it is looked at and written down; without, no more than decides.
    fn decide(
        &mut self,
        (ruleset, rule): (usize, usize),
        budget: &mut Budget,
        mut told: Option<&mut RuleExplained>,
    ) -> ControlFlow<(), Option<Fired>> {
        let row = self.rulesets[ruleset].rule(rule);
        let standing = self.standing(row);
        let asking = Asking {
            ruleset,
            rule: row,
            shadow: standing.shadow,
        };
        if !standing.is_live() && told.is_none() {
            return ControlFlow::Continue(None);
        }
        let mut hits = Vec::new();
        let when = told.as_deref_mut().map(|told| &mut told.when);
        let holds = self.judge(asking, row.when(), budget, &mut hits, when)?;
        let fires = holds && standing.is_live();
        if !fires && told.is_none() {
            return ControlFlow::Continue(None);
        }
        let lowered = match row.lower() {
            Some(lower) => {
                let told = told.and_then(|told| told.lower.as_mut());
                self.lowers(asking, lower, budget, told)?
                    .then_some(lower.to)
                    .filter(|to| *to < row.action)
            }
            None => None,
        };
        hits.sort_unstable();
        hits.dedup();
        ControlFlow::Continue(fires.then(|| Fired {
            ruleset,
            rule,
            shadow: standing.shadow,
            action: lowered.unwrap_or(row.action),
            lowered_from: lowered.map(|_| row.action),
            listings: self.listings(row).cloned().collect(),
            hits,
        }))
    }

    fn lowers(
        &mut self,
        asking: Asking<'a>,
        lower: LowerRow,
        budget: &mut Budget,
        mut told: Option<&mut LowerExplained>,
    ) -> ControlFlow<(), bool> {
        let mut unused = Vec::new();
        let when = told.as_deref_mut().map(|told| &mut told.when);
        let mut held = self.judge(asking, lower.when, budget, &mut unused, when)?;
        if let Some(unless) = lower.unless.filter(|_| held || told.is_some()) {
            let unless_told = told.as_deref_mut().and_then(|told| told.unless.as_mut());
            held &= !self.judge(asking, unless, budget, &mut unused, unless_told)?;
        }
        if let Some(told) = told {
            told.held = held;
        }
        ControlFlow::Continue(held)
    }

    fn standing(&self, rule: RuleRow<'_>) -> Standing {
        let Circumstances {
            at,
            scene,
            conversation,
            policy,
        } = self.circumstances;
        let rolled_out = is_rolled_out(rule, conversation);
        Standing {
            in_scene: rule.scenes.contains(scene),
            in_effect: rule.from.is_none_or(|from| from <= at)
                && rule.until.is_none_or(|until| at < until),
            listed: rule.listings.is_empty() || self.listings(rule).next().is_some(),
            rolled_out,
            shadow: rule.shadow || !rolled_out || policy.shadows(rule, at),
        }
    }

    /// Whether hits inside allow terms are taken from the rule.
    fn is_open(&self, asking: Asking<'_>) -> bool {
        let rule = asking.rule;
        !self.allows.is_empty()
            && (!self.rulesets[asking.ruleset].locked || self.circumstances.policy.allows(rule))
    }

    fn listings<'r>(&self, rule: RuleRow<'r>) -> impl Iterator<Item = &'r Listing> {
        let Circumstances { at, policy, .. } = self.circumstances;
        rule.traits()
            .listings
            .iter()
            .filter(move |listing| listing.in_force(at) && policy.heeds(&listing.list))
    }

    /// Whether a condition holds; if it does, the hits that take part in it are added to `out`. With `told`, every member is looked
    /// at and written down; without, no more than decides. An explanation is this same function, so that it cannot disagree.
    fn judge(
        &mut self,
        asking: Asking<'a>,
        node: u32,
        budget: &mut Budget,
        out: &mut Vec<u32>,
        mut told: Option<&mut ConditionExplained>,
    ) -> ControlFlow<(), bool> {
        let ruleset = self.rulesets[asking.ruleset];
        let node = &ruleset.node(node);
        let before = out.len();
        let held = match node {
            Node::Any(of) => {
                let hits = self.operand(asking, *of, budget, told.as_deref_mut())?;
                out.extend(&hits);
                !hits.is_empty()
            }
            Node::And(all) => {
                let mut held = true;
                for member in all.clone() {
                    let member = ruleset.node_members[member as usize];
                    held &= self.member(asking, member, budget, out, told.as_deref_mut())?;
                    if !held && told.is_none() {
                        break;
                    }
                }
                held
            }
            Node::Or(all) => {
                let mut held = false;
                for member in all.clone() {
                    let member = ruleset.node_members[member as usize];
                    held |= self.member(asking, member, budget, out, told.as_deref_mut())?;
                }
                held
            }
            Node::Not(inner) => {
                let held = self.member(asking, *inner, budget, out, told.as_deref_mut())?;
                out.truncate(before);
                !held
            }
            Node::Near {
                left,
                right,
                distance,
                ordered,
            } => {
                let left = self.operands(asking, left.clone(), budget, told.as_deref_mut())?;
                let right = self.operands(asking, right.clone(), budget, told.as_deref_mut())?;
                if !left.is_empty() && !right.is_empty() {
                    self.pairs(&left, &right, *distance, *ordered, budget, out)?;
                }
                out.len() > before
            }
            Node::Lists { count, of } => {
                let mut held = 0;
                for operand in of.clone() {
                    let hits =
                        self.operands(asking, operand..operand + 1, budget, told.as_deref_mut())?;
                    held += u32::from(!hits.is_empty());
                    out.extend(&hits);
                }
                held >= *count
            }
            Node::Terms { count, of } => {
                let hits = self.operands(asking, *of..of + 1, budget, told.as_deref_mut())?;
                out.extend(&hits);
                let mut terms: Vec<&str> = hits
                    .iter()
                    .map(|hit| {
                        let found = &self.found[*hit as usize];
                        self.rulesets[found.ruleset as usize].term(found.term).text
                    })
                    .collect();
                terms.sort_unstable();
                terms.dedup();
                terms.len() >= *count as usize
            }
        };
        if let Some(told) = told {
            self.tell(node, held, &out[before..], told);
        }
        if !held {
            out.truncate(before);
        }
        ControlFlow::Continue(held)
    }

    /// A condition inside another.
    fn member(
        &mut self,
        asking: Asking<'a>,
        node: u32,
        budget: &mut Budget,
        out: &mut Vec<u32>,
        told: Option<&mut ConditionExplained>,
    ) -> ControlFlow<(), bool> {
        let Some(told) = told else {
            return self.judge(asking, node, budget, out, None);
        };
        let mut member = ConditionExplained::default();
        let held = self.judge(asking, node, budget, out, Some(&mut member))?;
        told.members.push(member);
        ControlFlow::Continue(held)
    }

    /// The hits of operands inside a condition, sorted by part and place, each once.
    fn operands(
        &mut self,
        asking: Asking<'a>,
        operands: Range<u32>,
        budget: &mut Budget,
        told: Option<&mut ConditionExplained>,
    ) -> ControlFlow<(), Vec<u32>> {
        if let Some(told) = told {
            for operand in operands.clone() {
                let mut member = ConditionExplained::default();
                self.operand(asking, operand, budget, Some(&mut member))?;
                told.members.push(member);
            }
        }
        self.hits(asking, operands, budget)
    }

    /// The hits of one operand, sorted by part and place, each once.
    fn operand(
        &mut self,
        asking: Asking<'a>,
        operand: u32,
        budget: &mut Budget,
        told: Option<&mut ConditionExplained>,
    ) -> ControlFlow<(), Vec<u32>> {
        let hits = self.hits(asking, operand..operand + 1, budget)?;
        if let Some(told) = told {
            let ruleset = self.rulesets[asking.ruleset];
            told.says = match ruleset.operand(operand) {
                Operand::Set(set) => ruleset.set_names.get(set as usize).to_string(),
                Operand::Category(category) => {
                    format!("@{}", ruleset.categories[category as usize])
                }
            };
            told.held = !hits.is_empty();
            told.hits = hits.iter().map(|hit| *hit as usize).collect();
        }
        ControlFlow::Continue(hits)
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
            match ruleset.operand(operand) {
                Operand::Set(set) => {
                    self.visible(asking, set, (open, asking.rule.window), budget, &mut hits)?;
                }
                Operand::Category(category) => {
                    let key = (asking.ruleset, category, asking.shadow, open);
                    self.ask_category(key, budget)?;
                    if let Some((_, of_category)) =
                        self.categories.iter().find(|(known, _)| *known == key)
                    {
                        budget.reserve(of_category.len() as u64)?;
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

    /// The hits of a set that the rule is sure enough of, and that no exception of the list, the rule or the pack holds, nor, where they act
    /// (`open`), an allow term; of those over several messages, such as fit the window.
    fn visible(
        &self,
        Asking { ruleset, rule, .. }: Asking<'_>,
        set: u32,
        (open, window): (bool, Option<Window>),
        budget: &mut Budget,
        out: &mut Vec<u32>,
    ) -> ControlFlow<()> {
        let [own, of_pack] = rule.except();
        let of_list = self.rulesets[ruleset].set_except.get(set as usize);
        let excepts = [of_list, own, of_pack];
        let members = self.members_of(ruleset as u32, set);
        budget.reserve(1 + members.len() as u64)?;
        let own = excepts.iter().flatten().map(|set| (ruleset as u32, *set));
        let allows: &[_] = if open { &self.allows } else { &[] };
        let takers: Vec<(u32, u32)> = own.chain(allows.iter().copied()).collect();
        out.extend(members.iter().map(|member| member.found).filter(|hit| {
            let sure = self.found[*hit as usize].confidence() >= rule.min_confidence;
            let across = self.found[*hit as usize].across;
            let fits = across.is_none_or(|across| window.is_some_and(|window| across.fits(window)));
            sure && fits
                && !takers
                    .iter()
                    .any(|(ruleset, set)| self.holds_hit(*ruleset, *set, *hit))
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
            let row = self.rulesets[ruleset].rule(*rule as usize);
            if !row.is_below(name) {
                continue;
            }
            let standing = self.standing(row);
            if standing.is_live() && (shadow || !standing.shadow) {
                let of = Asking {
                    ruleset,
                    rule: row,
                    shadow: standing.shadow,
                };
                for set in row.positive() {
                    self.visible(of, set, (open, None), budget, &mut hits)?;
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
                budget.reserve(self.parts[part].len() as u64)?;
                self.units[part] = Some(units(self.parts[part]));
            }
        }
        let left_by_end = self.by_end(left);
        let right_by_end = self.by_end(right);
        budget.reserve(2 * (left.len() + right.len()) as u64)?;
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

/// Whether a rule is in force in that conversation. A conversation's share depends on its id and the rule's alone, so that a rule that is
/// rolled out further stays in force where it was. A message without a conversation is in no share but the whole.
fn is_rolled_out(rule: RuleRow<'_>, conversation: Option<&str>) -> bool {
    if rule.rollout >= WHOLE {
        return true;
    }
    conversation.is_some_and(|conversation| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(rule.id().as_bytes());
        hasher.update(&[0]);
        hasher.update(conversation.as_bytes());
        let drawn = hasher.finalize().as_bytes()[..8]
            .iter()
            .rev()
            .fold(0_u64, |drawn, byte| drawn << 8 | u64::from(*byte));
        drawn % u64::from(WHOLE) < u64::from(rule.rollout)
    })
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
