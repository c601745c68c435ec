//! The rules in force, or in shadow.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use crate::primitives::{Scenes, Timestamp, Window};
use crate::verdict::{Action, Listing, Severity};

use super::PackRow;
use super::columns::{Groups, Members, Numbers, Sparse, Texts};
use super::stored::{self, Stored};

/// A rule as the compiler hands it over.
#[derive(Debug)]
pub(crate) struct NewRule {
    /// Without the pack's.
    pub(crate) id: Arc<str>,
    pub(crate) traits: RuleTraits,
    pub(crate) when: u32,
    pub(crate) lower: Option<LowerRow>,
    /// Its exceptions.
    pub(crate) except: Option<u32>,
    /// The sets that `@category` sees of it.
    pub(crate) positive: Vec<u32>,
}

/// What many rules have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RuleTraits {
    pub(crate) category: Arc<str>,
    pub(crate) severity: Severity,
    pub(crate) action: Action,
    pub(crate) alert: bool,
    pub(crate) shadow: bool,
    /// Hundredths of a percent of the conversations.
    pub(crate) rollout: u16,
    /// The least confidence of its hits, in percent.
    pub(crate) min_confidence: u8,
    pub(crate) window: Option<Window>,
    pub(crate) scenes: Scenes,
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) references: Arc<[Arc<str>]>,
    pub(crate) listings: Arc<[Listing]>,
    /// Its pack, by its place.
    pub(crate) pack: u32,
    /// The exceptions of its pack.
    pub(crate) pack_except: Option<u32>,
}

impl RuleTraits {
    /// Whether it is of that category, or of one below it.
    pub(crate) fn is_below(&self, category: &str) -> bool {
        is_below(&self.category, category)
    }
}

/// Whether a category is another one, or lies below it.
pub(crate) fn is_below(category: &str, above: &str) -> bool {
    category
        .strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// `lower`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LowerRow {
    pub(crate) when: u32,
    pub(crate) unless: Option<u32>,
    pub(crate) to: Action,
}

/// A rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleRow<'a> {
    rules: &'a Rules,
    at: usize,
    traits: &'a RuleTraits,
}

impl Deref for RuleRow<'_> {
    type Target = RuleTraits;

    fn deref(&self) -> &RuleTraits {
        self.traits
    }
}

impl<'a> RuleRow<'a> {
    /// With the pack's.
    pub(crate) fn id(self) -> String {
        let (pack, id) = self.names();
        format!("{pack}/{id}")
    }

    /// Whether that is its id, with the pack's.
    pub(crate) fn is(self, id: &str) -> bool {
        let (pack, own) = self.names();
        let rest = id.strip_prefix(pack).and_then(|id| id.strip_prefix('/'));
        rest == Some(own)
    }

    fn names(self) -> (&'a str, &'a str) {
        let pack = &self.rules.packs[self.traits.pack as usize];
        (&pack.id, self.rules.ids.get(self.at))
    }

    /// What is the same for its kin, for as long as the ruleset lives.
    pub(crate) fn traits(self) -> &'a RuleTraits {
        self.traits
    }

    pub(crate) fn when(self) -> u32 {
        // Conditions on one list have the highest bit set: turned so, they are small numbers again.
        self.rules.when.get(self.at).rotate_right(1)
    }

    pub(crate) fn lower(self) -> Option<LowerRow> {
        let place = self.rules.lowered.get(self.at)?;
        self.rules.lowers.get(place as usize).copied()
    }

    /// The exceptions of the rule and of its pack.
    pub(crate) fn except(self) -> [Option<u32>; 2] {
        [self.rules.excepts.get(self.at), self.traits.pack_except]
    }

    /// The sets that `@category` sees of it.
    pub(crate) fn positive(self) -> Members<'a> {
        self.rules.positive.get(self.at)
    }
}

/// All rules.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// What they were compiled from.
    pub(crate) packs: Arc<[PackRow]>,
    /// Without those of the packs.
    pub(super) ids: Texts,
    pub(super) kinds: Numbers,
    pub(super) table: Box<[RuleTraits]>,
    when: Numbers,
    pub(super) lowered: Sparse,
    pub(super) lowers: Box<[LowerRow]>,
    pub(super) excepts: Sparse,
    pub(super) positive: Groups,
}

impl Rules {
    pub(crate) fn new(packs: Arc<[PackRow]>, rules: Vec<NewRule>) -> Self {
        let mut known: HashMap<&RuleTraits, u32> = HashMap::new();
        let (mut table, mut kinds) = (Vec::new(), Vec::with_capacity(rules.len()));
        let (mut lowers, mut positive) = (Vec::new(), Vec::new());
        let mut lowered = Vec::with_capacity(rules.len());
        for (at, rule) in (0..).zip(&rules) {
            kinds.push(*known.entry(&rule.traits).or_insert_with(|| {
                table.push(rule.traits.clone());
                table.len() as u32 - 1
            }));
            lowered.push(rule.lower.map(|lower| {
                lowers.push(lower);
                lowers.len() as u32 - 1
            }));
            positive.extend(rule.positive.iter().map(|set| (at, *set)));
        }
        let when: Vec<u32> = rules.iter().map(|rule| rule.when.rotate_left(1)).collect();
        Self {
            packs,
            ids: Texts::new(rules.iter().map(|rule| &*rule.id)),
            kinds: Numbers::new(&kinds),
            table: table.into(),
            when: Numbers::new(&when),
            lowered: Sparse::new(lowered.into_iter()),
            lowers: lowers.into(),
            excepts: Sparse::new(rules.iter().map(|rule| rule.except)),
            positive: Groups::new(rules.len(), &positive),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn get(&self, at: usize) -> RuleRow<'_> {
        RuleRow {
            rules: self,
            at,
            traits: &self.table[self.kinds.get(at) as usize],
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = RuleRow<'_>> {
        (0..self.len()).map(|at| self.get(at))
    }

    /// Whether every column is as long as the others.
    pub(super) fn even(&self) -> bool {
        self.kinds.len() == self.len() && self.when.len() == self.len()
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        let listed = |traits: &RuleTraits| {
            traits.category.len()
                + size_of_val(&*traits.references)
                + size_of_val(&*traits.listings)
        };
        self.packs.iter().map(PackRow::bytes).sum::<usize>()
            + self.ids.bytes()
            + self.kinds.bytes()
            + size_of_val(&*self.table)
            + self.table.iter().map(listed).sum::<usize>()
            + self.when.bytes()
            + self.lowered.bytes()
            + size_of_val(&*self.lowers)
            + self.excepts.bytes()
            + self.positive.bytes()
    }
}

impl Stored for Rules {
    const LEAST: usize = 32;

    fn write(&self, out: &mut Vec<u8>) {
        self.packs.write(out);
        self.ids.write(out);
        self.kinds.write(out);
        self.table.write(out);
        self.when.write(out);
        self.lowered.write(out);
        self.lowers.write(out);
        self.excepts.write(out);
        self.positive.write(out);
    }

    fn read(from: &mut stored::Source<'_>) -> Result<Self, stored::Flaw> {
        Ok(Self {
            packs: Stored::read(from)?,
            ids: Stored::read(from)?,
            kinds: Stored::read(from)?,
            table: Stored::read(from)?,
            when: Stored::read(from)?,
            lowered: Stored::read(from)?,
            lowers: Stored::read(from)?,
            excepts: Stored::read(from)?,
            positive: Stored::read(from)?,
        })
    }
}
