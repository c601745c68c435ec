//! The immutable result of compiling packs. Made by `compile`, read by `engine`, which know each other only through it.
//!
//! Everything is flat: rows that name each other by number.

pub(crate) mod prefixes;
pub(crate) mod sieve;
mod windows;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::matcher::Matcher;
use crate::matcher::regex::RegexMatcher;
use crate::primitives::{Scenes, Timestamp, Window};
use crate::text::term::TermReading;
use crate::variant::Variants;
use crate::verdict::{Action, Listing, Severity};

pub(crate) use windows::WindowTerms;

/// Compiled packs. Cheap to share, never changes; `Send + Sync`.
pub struct Ruleset {
    pub(crate) digest: Digest,
    pub(crate) locked: bool,
    pub(crate) terms: Vec<TermRow>,
    /// Skeletons of the terms.
    pub(crate) words: Matcher,
    /// For each pattern of `words`, its terms.
    pub(crate) word_terms: Groups<PatternTerm>,
    /// Symbols of the terms that hold no letter or digit.
    pub(crate) bare: Matcher,
    pub(crate) bare_terms: Groups<u32>,
    /// How the terms begin that may be written otherwise than letter by letter.
    pub(crate) prefixes: prefixes::Prefixes,
    pub(crate) regexes: Vec<RegexRow>,
    /// For each term, the sets it is in.
    pub(crate) term_sets: Groups<u32>,
    /// For each set, the rules that look at it other than under `not`.
    pub(crate) set_rules: Groups<u32>,
    /// For each set, the name of its list, for people.
    pub(crate) set_names: Vec<Arc<str>>,
    /// For each set, the exceptions of its list.
    pub(crate) set_except: Vec<Option<u32>>,
    pub(crate) rules: Vec<RuleRow>,
    /// Conditions, as rows that name their members by number.
    pub(crate) nodes: Vec<Node>,
    pub(crate) node_members: Vec<u32>,
    pub(crate) operands: Vec<Operand>,
    pub(crate) categories: Vec<Arc<str>>,
    /// Rules whose condition looks at a category other than under `not`.
    pub(crate) category_users: Vec<u32>,
    /// For each set, the rules that are asked whether they could fire when one of its terms may stand in a message.
    pub(crate) set_watch: Groups<u32>,
    /// The same for each category.
    pub(crate) category_watch: Groups<u32>,
    /// For each set, the categories that see its hits.
    pub(crate) set_categories: Groups<u32>,
    /// The categories that rules are of, each once.
    pub(crate) kinds: Vec<Arc<str>>,
    /// For each set, those of the rules that look at it other than under `not`.
    pub(crate) set_kinds: Groups<u32>,
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

    /// Whether tenants may not weaken its rules.
    pub fn is_locked(&self) -> bool {
        self.locked
    }

    /// How the skeletons of its terms are searched for: `nothing` (there are none), `prefixes` (a filter over what terms begin with, then
    /// the terms), or `automaton` (Aho-Corasick: where terms stand in one another so deeply that work at one place could grow).
    pub fn strategy(&self) -> &'static str {
        self.words.strategy().name()
    }

    /// How many distinct skeletons it looks for; several terms may share one.
    pub fn patterns(&self) -> usize {
        self.patterns
    }

    /// States of its matchers. Of `prefixes`, the beginnings that are looked up; of `automaton`, its states.
    pub fn states(&self) -> usize {
        self.words.states() + self.bare.states()
    }

    /// Bytes of memory that its matchers take.
    pub fn automata_bytes(&self) -> usize {
        self.words.memory() + self.bare.memory()
    }

    /// Bytes of memory that it takes, about: what is shared with other rulesets counts in each.
    pub fn bytes(&self) -> usize {
        let rules: usize = self
            .rules
            .iter()
            .map(|rule| {
                size_of::<RuleRow>()
                    + rule.id.len()
                    + rule.category.len()
                    + rule.positive.len() * size_of::<u32>()
                    + rule.listings.len() * size_of::<Listing>()
                    + rule.references.len() * size_of::<Arc<str>>()
            })
            .sum();
        let terms: usize = self
            .terms
            .iter()
            .map(|term| {
                let reading = term.reading.as_ref();
                size_of::<TermRow>()
                    + term.text.len()
                    + reading.map_or(0, |reading| size_of_val(&*reading.symbols))
            })
            .sum();
        let groups = self.word_terms.bytes()
            + self.bare_terms.bytes()
            + self.term_sets.bytes()
            + self.set_rules.bytes()
            + self.set_watch.bytes()
            + self.category_watch.bytes()
            + self.set_categories.bytes()
            + self.set_kinds.bytes()
            + self.prefixes.bytes();
        let rows = size_of_val(&*self.nodes)
            + size_of_val(&*self.node_members)
            + size_of_val(&*self.operands)
            + size_of_val(&*self.set_names)
            + size_of_val(&*self.set_except);
        size_of::<Self>() + self.automata_bytes() + rules + terms + groups + rows
    }

    /// The rules it holds: full id, category, action.
    pub fn rule_ids(&self) -> impl Iterator<Item = (&str, &str, Action)> {
        self.rules
            .iter()
            .map(|rule| (&*rule.id, &*rule.category, rule.action))
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

/// Rows of rows, stored end to end.
#[derive(Clone, Debug)]
pub(crate) struct Groups<T> {
    starts: Vec<u32>,
    members: Vec<T>,
}

impl<T> Default for Groups<T> {
    fn default() -> Self {
        Self {
            starts: vec![0],
            members: Vec::new(),
        }
    }
}

impl<T: Copy> Groups<T> {
    /// Groups pairs of (group, member) over `count` groups; the order of the pairs is kept in each.
    pub(crate) fn new(count: usize, pairs: &[(u32, T)]) -> Self {
        let mut starts = vec![0_u32; count + 1];
        for (group, _) in pairs {
            starts[*group as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut order: Vec<u32> = (0..pairs.len() as u32).collect();
        order.sort_by_key(|at| pairs[*at as usize].0);
        Self {
            starts,
            members: order.into_iter().map(|at| pairs[at as usize].1).collect(),
        }
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.starts) + size_of_val(&*self.members)
    }

    pub(crate) fn get(&self, group: usize) -> &[T] {
        &self.members[self.starts[group] as usize..self.starts[group + 1] as usize]
    }
}

/// A term, once for all lists that hold it in the same way.
#[derive(Debug)]
pub(crate) struct TermRow {
    pub(crate) text: Arc<str>,
    pub(crate) word: Option<bool>,
    pub(crate) turkic: bool,
    pub(crate) variants: Variants,
    /// How it is looked for; `None` for a regex term.
    pub(crate) reading: Option<TermReading>,
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

/// A rule in force, or in shadow.
#[derive(Debug)]
pub(crate) struct RuleRow {
    pub(crate) id: Arc<str>,
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
    pub(crate) when: u32,
    pub(crate) lower: Option<LowerRow>,
    /// The exceptions of the rule and of its pack.
    pub(crate) except: [Option<u32>; 2],
    /// The sets that `@category` sees of it.
    pub(crate) positive: Vec<u32>,
}

impl RuleRow {
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
