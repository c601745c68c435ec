//! Whether a ruleset that was read may be used: every number in it names something, and no condition holds itself.
//!
//! What follows of it is that no scan leaves a row or runs without end. That it finds what its packs say is the compiler's to see to, and the
//! checksum's to keep.

use super::stored::Flaw;
use super::{Groups, Node, Operand, Ruleset};

/// How deep conditions nest, at most; those of packs stay far below.
const DEPTH: u8 = 64;

impl Ruleset {
    /// `patterns` says how many each matcher has.
    pub(super) fn sound(&self, (words, bare): (usize, usize)) -> Result<(), Flaw> {
        let [terms, sets, rules] = [self.terms.len(), self.set_names.len(), self.rules.len()];
        let categories = self.categories.len();
        let numbers = [
            self.word_terms
                .are(words, |of| of.first_run > 0 && (of.term as usize) < terms),
            self.bare_terms.name(bare, terms),
            self.term_sets.name(terms, sets),
            self.set_rules.name(sets, rules),
            self.set_watch.name(sets, rules),
            self.set_categories.name(sets, categories),
            self.set_kinds.name(sets, self.kinds.len()),
            self.category_watch.name(categories, rules),
            self.set_except.len() == sets,
            name(self.set_except.iter().flatten(), sets),
            name(&self.allow, sets),
            name(&self.category_users, rules),
            self.windows.fit(terms),
            self.operands.iter().all(|operand| match operand {
                Operand::Set(set) => (*set as usize) < sets,
                Operand::Category(category) => (*category as usize) < categories,
            }),
            self.rules
                .iter()
                .all(|rule| name(rule.except.iter().flatten(), sets) && name(&rule.positive, sets)),
        ];
        if numbers.contains(&false) {
            return Err(Flaw("a number names nothing"));
        }
        self.conditions()
    }

    /// Conditions stand after their members, each in one place alone: so they are trees, and judging one takes as long as it has rows.
    fn conditions(&self) -> Result<(), Flaw> {
        let broken = Err(Flaw("a condition is none"));
        let mut depths: Vec<u8> = Vec::with_capacity(self.nodes.len());
        let mut used = vec![false; self.nodes.len()];
        let operands = |of: &std::ops::Range<u32>| {
            of.start <= of.end && of.end as usize <= self.operands.len()
        };
        for node in &self.nodes {
            let mut members: &[u32] = &[];
            let fits = match node {
                Node::Any(of) | Node::Terms { of, .. } => (*of as usize) < self.operands.len(),
                Node::And(all) | Node::Or(all) => {
                    let range = all.start as usize..all.end as usize;
                    let found = self.node_members.get(range);
                    members = found.unwrap_or_default();
                    found.is_some()
                }
                Node::Not(inner) => {
                    members = std::slice::from_ref(inner);
                    true
                }
                Node::Near { left, right, .. } => operands(left) && operands(right),
                Node::Lists { of, .. } => operands(of),
            };
            let mut depth = 0;
            for member in members {
                match depths.get(*member as usize) {
                    Some(below) if !used[*member as usize] => {
                        used[*member as usize] = true;
                        depth = depth.max(below + 1);
                    }
                    _ => return broken,
                }
            }
            if !fits || depth > DEPTH {
                return broken;
            }
            depths.push(depth);
        }
        for rule in &self.rules {
            let lower = rule
                .lower
                .iter()
                .flat_map(|lower| [Some(lower.when), lower.unless]);
            for node in lower.flatten().chain([rule.when]) {
                match used.get_mut(node as usize) {
                    Some(used) if !*used => *used = true,
                    _ => return broken,
                }
            }
        }
        Ok(())
    }
}

fn name<'a>(numbers: impl IntoIterator<Item = &'a u32>, count: usize) -> bool {
    numbers.into_iter().all(|number| (*number as usize) < count)
}

impl<T: Copy> Groups<T> {
    /// Whether there are `count` groups, end to end, of such members.
    fn are(&self, count: usize, member: impl Fn(&T) -> bool) -> bool {
        self.starts.len() == count + 1
            && self.starts.first() == Some(&0)
            && self.starts.last() == Some(&(self.members.len() as u32))
            && self.starts.is_sorted()
            && self.members.iter().all(member)
    }
}

impl Groups<u32> {
    /// Whether there are `count` groups, whose members name rows of `named`.
    fn name(&self, count: usize, named: usize) -> bool {
        self.are(count, |member| (*member as usize) < named)
    }
}
