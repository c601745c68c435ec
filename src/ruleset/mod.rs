//! The immutable result of compiling packs. Made by `compile`, read by `engine`, which know each other only through it.
//!
//! Everything is flat: rows that name each other by number, in columns as narrow as their numbers.

mod columns;
pub(crate) mod prefixes;
mod rules;
mod sound;
pub(crate) mod stored;
mod terms;
mod windows;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::matcher::regex::RegexMatcher;
use crate::matcher::{Matcher, Strategy};
use crate::verdict::Action;

pub(crate) use columns::{Groups, Members, Sparse};
pub(crate) use rules::{LowerRow, NewRule, RuleRow, RuleTraits, Rules, is_below};
pub(crate) use terms::{NewTerm, TermRow, Terms};
pub(crate) use windows::WindowTerms;

use columns::{Numbers, grouped};

/// Compiled packs. Cheap to share, never changes; `Send + Sync`.
pub struct Ruleset {
    pub(crate) digest: Digest,
    /// What the tenant's allow terms are, if it was compiled with some.
    pub(crate) allow_digest: Option<Digest>,
    pub(crate) locked: bool,
    pub(crate) terms: Terms,
    /// Skeletons of the terms, those apart without which no rule can hold: the others are looked for where one of these may stand.
    pub(crate) wakers: Words,
    pub(crate) others: Option<Box<Words>>,
    /// Symbols of the terms that hold no letter or digit.
    pub(crate) bare: Matcher,
    pub(crate) bare_terms: Groups,
    /// Whether a rule may wake at one of them.
    pub(crate) bare_wakes: bool,
    /// How the terms begin that may be written otherwise than letter by letter.
    pub(crate) prefixes: prefixes::Prefixes,
    pub(crate) regexes: Box<[RegexRow]>,
    /// For each term, the sets it is in.
    pub(crate) term_sets: Groups,
    /// For each set, the rules that look at it other than under `not`.
    pub(crate) set_rules: Groups,
    /// For each set, the name of its list, for people.
    pub(crate) set_names: Names,
    /// For sets, the exceptions of their lists.
    pub(crate) set_except: Sparse,
    pub(crate) rules: Rules,
    /// Conditions, as rows that name their members by number; but for those on one set alone ([`ON_A_SET`]).
    pub(crate) nodes: Box<[Node]>,
    pub(crate) node_members: Box<[u32]>,
    pub(crate) operands: Box<[Operand]>,
    pub(crate) categories: Box<[Arc<str>]>,
    /// Rules whose condition looks at a category other than under `not`.
    pub(crate) category_users: Box<[u32]>,
    /// For each set, the rules that are asked whether they could fire when one of its terms may stand in a message.
    pub(crate) set_watch: Groups,
    /// The same for each category.
    pub(crate) category_watch: Groups,
    /// For each set, the categories that see its hits.
    pub(crate) set_categories: Groups,
    /// The categories that rules are of, each once.
    pub(crate) kinds: Box<[Arc<str>]>,
    /// For each set, those of the rules that look at it other than under `not`.
    pub(crate) set_kinds: Groups,
    /// The set of the tenant's allow terms.
    pub(crate) allow: Option<u32>,
    pub(crate) patterns: usize,
    /// Whether any term may be written in escapes.
    pub(crate) encoded: bool,
    /// Terms that may be cut over messages.
    pub(crate) windows: WindowTerms,
}

impl Ruleset {
    /// BLAKE3 of everything that decides: packs, word files, tables, engine version, in hexadecimal.
    pub fn digest(&self) -> String {
        self.digest.to_string()
    }

    /// How many distinct terms it looks for.
    pub fn terms(&self) -> usize {
        self.terms.len()
    }

    /// How many rules it holds, drafts and retired ones left out.
    pub fn rules(&self) -> usize {
        self.rules.len()
    }

    /// Seconds of the longest `window` of its rules; 0 if none has one.
    pub fn longest_window(&self) -> u32 {
        self.windows.longest
    }

    /// Ids and versions of the packs that it was compiled from.
    pub fn packs(&self) -> impl Iterator<Item = (&str, &str)> {
        let packs = self.rules.packs.iter();
        packs.map(|pack| (&*pack.id, &*pack.version))
    }

    /// Whether tenants may not weaken its rules.
    pub fn is_locked(&self) -> bool {
        self.locked
    }

    /// How the skeletons of its terms are searched for: `nothing` (there are none), `few` (a filter over what terms begin with, then
    /// the sorted terms), `prefixes` (with a table between the two), or `automaton` (Aho-Corasick: where terms stand in one another so deeply that work at one place could grow).
    pub fn strategy(&self) -> &'static str {
        let strategies = self.words().map(|words| words.matcher.strategy());
        strategies.max().unwrap_or(Strategy::Nothing).name()
    }

    /// How many distinct skeletons it looks for; several terms may share one.
    pub fn patterns(&self) -> usize {
        self.patterns
    }

    /// What is searched for in skeletons.
    fn words(&self) -> impl Iterator<Item = &Words> {
        std::iter::once(&self.wakers).chain(self.others.as_deref())
    }

    fn matchers(&self) -> impl Iterator<Item = &Matcher> {
        let words = self.words().map(|words| &words.matcher);
        words.chain(std::iter::once(&self.bare))
    }

    /// Whether a rule may wake at a hit of the term.
    pub(crate) fn wakes(&self, term: u32) -> bool {
        let sets = self.term_sets.get(term as usize);
        wakes(
            sets,
            &self.set_watch,
            &self.set_categories,
            &self.category_watch,
        )
    }

    /// States of its matchers. Of `few`, its terms; of `prefixes`, the beginnings that are looked up; of `automaton`, its states.
    pub fn states(&self) -> usize {
        self.matchers().map(Matcher::states).sum()
    }

    /// Bytes of memory that its matchers take.
    pub fn automata_bytes(&self) -> usize {
        self.matchers().map(Matcher::memory).sum()
    }

    /// Bytes of memory that it takes, about: what is shared with other rulesets counts in each.
    pub fn bytes(&self) -> usize {
        let groups = [
            &self.bare_terms,
            &self.term_sets,
            &self.set_rules,
            &self.set_watch,
            &self.category_watch,
            &self.set_categories,
            &self.set_kinds,
        ];
        let rows = size_of_val(&*self.nodes)
            + size_of_val(&*self.node_members)
            + size_of_val(&*self.operands)
            + size_of_val(&*self.categories)
            + size_of_val(&*self.kinds)
            + size_of_val(&*self.category_users)
            + size_of_val(&*self.regexes);
        size_of::<Self>()
            + self.automata_bytes()
            + self.rules.bytes()
            + self.terms.bytes()
            + self.words().map(|words| words.terms.bytes()).sum::<usize>()
            + groups.into_iter().map(Groups::bytes).sum::<usize>()
            + self.prefixes.bytes()
            + self.windows.bytes()
            + self.set_names.bytes()
            + self.set_except.bytes()
            + rows
    }

    pub(crate) fn term(&self, term: u32) -> TermRow<'_> {
        self.terms.get(term)
    }

    pub(crate) fn rule(&self, rule: usize) -> RuleRow<'_> {
        self.rules.get(rule)
    }

    #[inline]
    pub(crate) fn node(&self, node: u32) -> Node {
        if node & ON_A_SET != 0 {
            Node::Any(node)
        } else {
            self.nodes[node as usize].clone()
        }
    }

    #[inline]
    pub(crate) fn operand(&self, operand: u32) -> Operand {
        if operand & ON_A_SET != 0 {
            Operand::Set(operand & !ON_A_SET)
        } else {
            self.operands[operand as usize]
        }
    }

    /// The rules it holds: full id, category, action.
    pub fn rule_ids(&self) -> impl Iterator<Item = (String, &str, Action)> {
        self.rules
            .iter()
            .map(|rule| (rule.id(), &*rule.traits().category, rule.action))
    }
}

impl fmt::Debug for Ruleset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ruleset")
            .field("digest", &self.digest())
            .field("rules", &self.rules.len())
            .field("terms", &self.terms.len())
            .field("patterns", &self.patterns)
            .finish_non_exhaustive()
    }
}

/// A BLAKE3 digest, shown as `b3:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Digest(pub(crate) [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 67];
        text[..3].copy_from_slice(b"b3:");
        for (pair, byte) in text[3..].chunks_exact_mut(2).zip(self.0) {
            let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        // All of it is ASCII. Written at once: every verdict carries it.
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A pack, by its id, version and digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PackRow {
    pub(crate) id: Arc<str>,
    pub(crate) version: Arc<str>,
    pub(crate) digest: [u8; 32],
}

impl PackRow {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.id.len() + self.version.len()
    }
}

/// Texts of which many are the same.
#[derive(Debug, Default)]
pub(crate) struct Names {
    kinds: Numbers,
    table: Box<[Arc<str>]>,
}

impl Names {
    pub(crate) fn new(names: &[Arc<str>]) -> Self {
        let mut known = std::collections::HashMap::new();
        let mut table = Vec::new();
        let kind = |name| {
            *known.entry(name).or_insert_with(|| {
                table.push(Arc::clone(name));
                table.len() as u32 - 1
            })
        };
        let kinds: Vec<u32> = names.iter().map(kind).collect();
        Self {
            kinds: Numbers::new(&kinds),
            table: table.into(),
        }
    }

    pub(crate) fn get(&self, at: usize) -> &Arc<str> {
        &self.table[self.kinds.get(at) as usize]
    }

    fn len(&self) -> usize {
        self.kinds.len()
    }

    fn bytes(&self) -> usize {
        let texts: usize = self.table.iter().map(|name| name.len()).sum();
        self.kinds.bytes() + size_of_val(&*self.table) + texts
    }
}

/// What is searched for, and for each of its patterns, the terms.
#[derive(Debug, Default)]
pub(crate) struct Words {
    pub(crate) matcher: Matcher,
    pub(crate) terms: PatternTerms,
}

/// Whether a rule is asked when a term of these sets, or a category that sees it, may stand in a message.
pub(crate) fn wakes(
    mut sets: Members<'_>,
    set_watch: &Groups,
    set_categories: &Groups,
    category_watch: &Groups,
) -> bool {
    let any = |of: &Groups, row: u32| of.get(row as usize).len() > 0;
    sets.any(|set| {
        let mut categories = set_categories.get(set as usize);
        any(set_watch, set) || categories.any(|category| any(category_watch, category))
    })
}

/// For each pattern, its terms.
#[derive(Debug, Default)]
pub(crate) struct PatternTerms {
    terms: Groups,
    /// For each of these, how it begins; empty where all begin alike.
    ways: Numbers,
    table: Box<[(Begins, u16)]>,
}

impl PatternTerms {
    pub(crate) fn new(patterns: usize, terms: &[(u32, PatternTerm)]) -> Self {
        let (starts, order) = grouped(patterns, terms.iter().map(|(pattern, _)| *pattern));
        let (mut members, mut ways) = (Vec::new(), Vec::new());
        let mut table: Vec<(Begins, u16)> = Vec::new();
        for at in order {
            let term = terms[at as usize].1;
            let way = (term.begins, term.first_run);
            let known = table.iter().position(|known| *known == way);
            ways.push(known.unwrap_or_else(|| {
                table.push(way);
                table.len() - 1
            }) as u32);
            members.push(term.term);
        }
        if table.len() < 2 {
            ways.clear();
        }
        Self {
            terms: Groups::of(&starts, &members),
            ways: Numbers::new(&ways),
            table: table.into(),
        }
    }

    #[inline]
    pub(crate) fn get(&self, pattern: usize) -> impl Iterator<Item = PatternTerm> {
        self.terms.range(pattern).map(|at| {
            let way = match self.ways.len() {
                0 => 0,
                _ => self.ways.get(at) as usize,
            };
            let (begins, first_run) = self.table[way];
            PatternTerm {
                term: self.terms.members.get(at),
                begins,
                first_run,
            }
        })
    }

    fn bytes(&self) -> usize {
        self.terms.bytes() + self.ways.bytes() + size_of_val(&*self.table)
    }
}

/// A term under one of its skeletons.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PatternTerm {
    pub(crate) term: u32,
    pub(crate) begins: Begins,
    /// With how many equal letters or digits the term begins; 1 where it may begin anywhere.
    pub(crate) first_run: u16,
}

/// Where in a text a term may begin, within the run of equal characters that its skeleton begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begins {
    /// So many cells before the run ends: the next character of the term is the next of the skeleton.
    BeforeRunEnds,
    /// So many cells before a stretch of equal characters ends: the skeleton has distinct letters of the term as one.
    BeforeStretchEnds,
    /// At any cell: the term is one character, over and over.
    Anywhere,
}

/// A regex term.
#[derive(Debug)]
pub(crate) struct RegexRow {
    pub(crate) term: u32,
    pub(crate) matcher: RegexMatcher,
    /// Whether a text that it matches holds one of its patterns in `Ruleset::words`.
    pub(crate) in_skeleton: bool,
}

/// Set in the number of a condition, or of an operand, that is no row of its own but the set of the rest of the number. Most rules are of one
/// set alone.
pub(crate) const ON_A_SET: u32 = 1 << 31;

/// What hits are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// A set of terms.
    Set(u32),
    /// A category, by its place in `Ruleset::categories`.
    Category(u32),
}

/// A condition. Ranges name members in `Ruleset::node_members` or rows of `Ruleset::operands`.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Any(u32),
    And(Range<u32>),
    Or(Range<u32>),
    Not(u32),
    Near {
        left: Range<u32>,
        right: Range<u32>,
        distance: u32,
        ordered: bool,
    },
    Lists {
        count: u32,
        of: Range<u32>,
    },
    Terms {
        count: u32,
        of: u32,
    },
}
