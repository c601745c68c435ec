//! Whether a ruleset that was read may be used: every number in it names something, and no condition holds itself.
//!
//! What follows of it is that no scan leaves a row or runs without end. That it finds what its packs say is the compiler's to see to, and the
//! checksum's to keep.

use super::columns::{Groups, Numbers, Sparse, Texts};
use super::stored::Flaw;
use super::terms::Terms;
use super::{Names, Node, ON_A_SET, Operand, PatternTerms, Ruleset};

/// How deep conditions nest, at most; those of packs stay far below.
const DEPTH: u8 = 64;

impl PatternTerms {
    fn fit(&self, patterns: usize, terms: usize) -> bool {
        self.terms.name(patterns, terms)
            && (self.ways.len() == 0 || self.ways.len() == self.terms.members.len())
            && name(self.ways.iter(), self.table.len())
            && self.table.iter().all(|(_, run)| *run > 0)
            && (patterns == 0 || !self.table.is_empty())
    }
}

impl Ruleset {
    /// `patterns` says how many each matcher has.
    pub(super) fn sound(&self, [wakers, of_others, bare]: [usize; 3]) -> Result<(), Flaw> {
        let [terms, sets, rules] = [self.terms.len(), self.set_names.len(), self.rules.len()];
        let (categories, packs) = (self.categories.len(), self.rules.packs.len());
        let numbers = [
            self.wakers.terms.fit(wakers, terms),
            self.others
                .as_ref()
                .is_none_or(|others| others.terms.fit(of_others, terms)),
            self.bare_terms.name(bare, terms),
            self.term_sets.name(terms, sets),
            self.set_rules.name(sets, rules),
            self.set_watch.name(sets, rules),
            self.set_categories.name(sets, categories),
            self.set_kinds.name(sets, self.kinds.len()),
            self.category_watch.name(categories, rules),
            self.set_names.whole(),
            self.set_except.name(sets, sets),
            name(self.allow, sets),
            name(self.category_users.iter().copied(), rules),
            self.windows.fit(terms),
            self.operands.iter().all(|operand| match operand {
                Operand::Set(set) => (*set as usize) < sets,
                Operand::Category(category) => (*category as usize) < categories,
            }),
            self.rules.even(),
            name(self.rules.kinds.iter(), self.rules.table.len()),
            self.rules
                .table
                .iter()
                .all(|traits| name(traits.pack_except, sets) && name([traits.pack], packs)),
            self.rules.excepts.name(rules, sets),
            self.rules.lowered.name(rules, self.rules.lowers.len()),
            self.rules.positive.name(rules, sets),
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
        let on_a_set = |number: u32| {
            let set = (number & !ON_A_SET) as usize;
            number & ON_A_SET != 0 && set < self.set_names.len()
        };
        for node in &self.nodes {
            let mut members: &[u32] = &[];
            let fits = match node {
                Node::Any(of) | Node::Terms { of, .. } => {
                    on_a_set(*of) || (*of as usize) < self.operands.len()
                }
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
            for member in members.iter().filter(|member| !on_a_set(**member)) {
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
        for rule in self.rules.iter() {
            let lower = rule.lower();
            let lower = lower
                .iter()
                .flat_map(|lower| [Some(lower.when), lower.unless]);
            let nodes = lower.flatten().chain([rule.when()]);
            for node in nodes.filter(|node| !on_a_set(*node)) {
                match used.get_mut(node as usize) {
                    Some(used) if !*used => *used = true,
                    _ => return broken,
                }
            }
        }
        Ok(())
    }
}

impl Terms {
    /// Whether every column is as long as the others, and names what is there.
    pub(super) fn sound(&self) -> Result<(), Flaw> {
        let (terms, folded) = (self.len(), self.folded.len());
        let whole = self.kinds.len() == terms
            && name(self.kinds.iter(), self.table.len())
            && self.others.name(terms, folded + self.written.len());
        // A reading without a symbol is of no term.
        let empty = |texts: &Texts| (0..texts.len()).any(|at| texts.get(at).is_empty());
        if whole && !empty(&self.texts) && !empty(&self.folded) {
            Ok(())
        } else {
            Err(Flaw("a term is none"))
        }
    }
}

impl Names {
    fn whole(&self) -> bool {
        name(self.kinds.iter(), self.table.len())
    }
}

fn name(numbers: impl IntoIterator<Item = u32>, count: usize) -> bool {
    numbers.into_iter().all(|number| (number as usize) < count)
}

fn rising(numbers: &Numbers, by: u32) -> bool {
    let mut next = 0;
    numbers.iter().all(|number| {
        let rises = number >= next;
        next = number.saturating_add(by);
        rises
    })
}

impl Groups {
    /// Whether there are `count` groups, end to end, whose members name rows of `named`.
    fn name(&self, count: usize, named: usize) -> bool {
        let whole = match &self.starts {
            None => self.members.len() == 0 || self.members.len() == count,
            Some(starts) => {
                starts.len() == count + 1
                    && starts.get(0) == 0
                    && starts.get(count) as usize == self.members.len()
                    && rising(starts, 0)
            }
        };
        whole && name(self.members.iter(), named)
    }
}

impl Sparse {
    /// Whether it holds numbers of `named` beside rows of `rows`.
    fn name(&self, rows: usize, named: usize) -> bool {
        self.rows.len() == self.numbers.len()
            && rising(&self.rows, 1)
            && name(self.rows.iter(), rows)
            && name(self.numbers.iter(), named)
    }
}
