//! Conditions to rows.

use std::ops::Range;
use std::sync::Arc;

use crate::pack::{Condition, ListRef, Operand as Named};
use crate::ruleset::{Node, ON_A_SET, Operand};

/// The sets that a rule's names stand for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) pack: &'a [u32],
    pub(super) rule: &'a [u32],
}

impl Scope<'_> {
    fn set(self, list: ListRef) -> u32 {
        match list {
            ListRef::Pack(at) => self.pack[at],
            ListRef::Rule(at) => self.rule[at],
        }
    }
}

/// The rows of all conditions.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) nodes: Vec<Node>,
    pub(super) members: Vec<u32>,
    pub(super) operands: Vec<Operand>,
    pub(super) categories: Vec<Arc<str>>,
    /// The sets that conditions name, under `not` as well.
    pub(super) named: Vec<u32>,
}

impl Conditions {
    pub(super) fn add(&mut self, condition: &Condition, scope: Scope<'_>) -> u32 {
        let node = match condition {
            Condition::Any(operand) => {
                let operand = self.lone(operand, scope);
                if operand & ON_A_SET != 0 {
                    return operand;
                }
                Node::Any(operand)
            }
            Condition::And(all) => Node::And(self.all(all, scope)),
            Condition::Or(all) => Node::Or(self.all(all, scope)),
            Condition::Not(inner) => Node::Not(self.add(inner, scope)),
            Condition::Near {
                left,
                right,
                distance,
                ordered,
            } => Node::Near {
                left: self.operands(left, scope),
                right: self.operands(right, scope),
                distance: *distance,
                ordered: *ordered,
            },
            Condition::Lists { count, of } => Node::Lists {
                count: *count,
                of: self.operands(of, scope),
            },
            Condition::Terms { count, of } => Node::Terms {
                count: *count,
                of: self.lone(of, scope),
            },
        };
        self.nodes.push(node);
        (self.nodes.len() - 1) as u32
    }

    fn all(&mut self, conditions: &[Condition], scope: Scope<'_>) -> Range<u32> {
        let rows: Vec<u32> = conditions
            .iter()
            .map(|condition| self.add(condition, scope))
            .collect();
        let start = self.members.len() as u32;
        self.members.extend(rows);
        start..self.members.len() as u32
    }

    /// The condition of that number, which [`add`](Self::add) gave.
    pub(super) fn node(&self, node: u32) -> Node {
        if node & ON_A_SET != 0 {
            Node::Any(node)
        } else {
            self.nodes[node as usize].clone()
        }
    }

    pub(super) fn operand(&self, operand: u32) -> Operand {
        if operand & ON_A_SET != 0 {
            Operand::Set(operand & !ON_A_SET)
        } else {
            self.operands[operand as usize]
        }
    }

    pub(super) fn range(&self, operands: &Range<u32>) -> &[Operand] {
        &self.operands[operands.start as usize..operands.end as usize]
    }

    /// The number of an operand that stands alone.
    fn lone(&mut self, operand: &Named, scope: Scope<'_>) -> u32 {
        match operand {
            Named::List(list) => {
                let set = scope.set(*list);
                self.named.push(set);
                set | ON_A_SET
            }
            Named::Category(_) => self.operands(std::slice::from_ref(operand), scope).start,
        }
    }

    fn operands(&mut self, operands: &[Named], scope: Scope<'_>) -> Range<u32> {
        let start = self.operands.len() as u32;
        for operand in operands {
            let operand = match operand {
                Named::List(list) => {
                    let set = scope.set(*list);
                    self.named.push(set);
                    Operand::Set(set)
                }
                Named::Category(category) => Operand::Category(self.category(category)),
            };
            self.operands.push(operand);
        }
        start..self.operands.len() as u32
    }

    fn category(&mut self, name: &Arc<str>) -> u32 {
        let at = self
            .categories
            .iter()
            .position(|known| known == name)
            .unwrap_or_else(|| {
                self.categories.push(Arc::clone(name));
                self.categories.len() - 1
            });
        at as u32
    }
}

/// The sets that a condition looks at other than under `not`, and whether it looks at a category there.
pub(super) fn positive(condition: &Condition, scope: Scope<'_>) -> (Vec<u32>, bool) {
    let (mut sets, mut category) = (Vec::new(), false);
    let mut open = vec![condition];
    let mut look = |operands: &[Named]| {
        for operand in operands {
            match operand {
                Named::List(list) => sets.push(scope.set(*list)),
                Named::Category(_) => category = true,
            }
        }
    };
    while let Some(condition) = open.pop() {
        match condition {
            Condition::Any(operand) => look(std::slice::from_ref(operand)),
            Condition::And(all) | Condition::Or(all) => open.extend(all),
            Condition::Not(_) => {}
            Condition::Near { left, right, .. } => {
                look(left);
                look(right);
            }
            Condition::Lists { of, .. } => look(of),
            Condition::Terms { of, .. } => look(std::slice::from_ref(of)),
        }
    }
    sets.sort_unstable();
    sets.dedup();
    (sets, category)
}
