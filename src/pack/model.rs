//! What a pack says, once parsed. A [`Pack`] that exists is legal: every name in it is resolved.

use std::sync::Arc;

use crate::primitives::{Scene, Scenes, Timestamp, Window};
use crate::variant::Variants;
use crate::verdict::{Action, Listing, Severity};

/// One pack: rules, the lists they share, and what they leave out.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Pack {
    /// One or more dotted parts.
    pub id: Arc<str>,
    /// The pack's own version.
    pub version: Arc<str>,
    /// A title for people.
    pub title: Arc<str>,
    /// Who answers for it.
    pub owner: Option<Arc<str>>,
    /// Languages it is written for.
    pub languages: Vec<Arc<str>>,
    /// The lists that all rules share.
    pub lists: Vec<List>,
    /// Exceptions that hold for every rule.
    pub except: Vec<Term>,
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
    /// BLAKE3 of the pack's source and of each word file it loaded, in order of loading.
    pub digest: [u8; 32],
}

/// A named list of terms.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct List {
    /// `[a-z][a-z0-9_]*`; `terms` for the terms that a rule gives without a list.
    pub name: Arc<str>,
    /// The terms.
    pub terms: Vec<Term>,
    /// Exceptions that hold for this list's terms.
    pub except: Vec<Term>,
}

/// What a rule looks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Term {
    /// The literal, or the source of the regular expression, as the pack writes it.
    pub text: Arc<str>,
    /// Whether `text` is a regular expression.
    pub regex: bool,
    /// Whether the hit must stand on word borders; `None` leaves it to each edge's script.
    pub word: Option<bool>,
    /// The ways it may be disguised, of those that are built. `case_sensitive` shows as `case` left out.
    pub variants: Variants,
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rule {
    /// Stable, unique in its pack, never reused.
    pub id: Arc<str>,
    /// A title for people.
    pub title: Option<Arc<str>>,
    /// Dotted.
    pub category: Arc<str>,
    /// How grave.
    pub severity: Severity,
    /// What is to be done when it fires.
    pub action: Action,
    /// Whether someone must be told when it fires.
    pub alert: bool,
    /// Whether it takes part.
    pub status: Status,
    /// In how many hundredths of a percent of the conversations it is in force, 10,000 being all. Elsewhere it is in shadow, and so it is
    /// for a message without a conversation.
    pub rollout: u16,
    /// The least confidence of hits of its lists, in percent.
    pub min_confidence: u8,
    /// The rule's own lists.
    pub lists: Vec<List>,
    /// When it fires.
    pub when: Condition,
    /// When its action is weakened.
    pub lower: Option<Lower>,
    /// Exceptions that hold for this rule.
    pub except: Vec<Term>,
    /// Where it applies.
    pub scenes: Scenes,
    /// How far its terms may reach over consecutive messages of one sender; not at all if absent.
    pub window: Option<Window>,
    /// When it comes into effect.
    pub from: Option<Timestamp>,
    /// When it ceases, exclusively.
    pub until: Option<Timestamp>,
    /// What it rests on.
    pub references: Arc<[Arc<str>]>,
    /// Known false positives, for people.
    pub false_positives: Vec<Arc<str>>,
    /// The public lists that make it live; live always if empty.
    pub listings: Vec<Listing>,
    /// Its tests.
    pub samples: Vec<Sample>,
}

/// Whether a rule takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Status {
    /// Compiled and tested, never screened.
    Draft,
    /// Reported apart; never changes the action.
    Shadow,
    /// In force.
    #[default]
    Enforce,
    /// Gone; its id stays taken.
    Retired,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Draft, Self::Shadow, Self::Enforce, Self::Retired];

    /// The name used in packs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Shadow => "shadow",
            Self::Enforce => "enforce",
            Self::Retired => "retired",
        }
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// A list of the pack or of the rule, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListRef {
    /// `Pack::lists[i]`.
    Pack(usize),
    /// `Rule::lists[i]` of the rule whose condition this is. It hides a pack's list of the same name.
    Rule(usize),
}

/// Something whose hits are looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// The hits of a list.
    List(ListRef),
    /// `@category`: the hits of the positive lists of all live rules in that category or below it.
    Category(Arc<str>),
}

/// A condition over hits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// At least one hit.
    Any(Operand),
    /// All of them hold.
    And(Vec<Condition>),
    /// One of them holds.
    Or(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A hit of `left` and another of `right` in the same part, not overlapping, with at most `distance` units between.
    Near {
        /// Hits of any of these on one side.
        left: Vec<Operand>,
        /// Hits of any of these on the other.
        right: Vec<Operand>,
        /// Units between the end of the earlier and the start of the later.
        distance: u32,
        /// `then`: the hit of `left` is the earlier.
        ordered: bool,
    },
    /// At least `count` of the operands have a hit.
    Lists {
        /// How many.
        count: u32,
        /// Of these.
        of: Vec<Operand>,
    },
    /// At least `count` distinct terms of the operand have a hit.
    Terms {
        /// How many.
        count: u32,
        /// Of this.
        of: Operand,
    },
}

/// `lower`: weakens the action.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Lower {
    /// When this holds,
    pub when: Condition,
    /// and this does not,
    pub unless: Option<Condition>,
    /// the action becomes this.
    pub to: Action,
}

/// One test of a rule.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sample {
    /// What is expected.
    pub kind: SampleKind,
    /// The messages, in order; all but the last set the stage.
    pub messages: Vec<SampleMessage>,
    /// The scene; `group` if the sample gives none.
    pub scene: Option<Scene>,
    /// The action the rule must ask for.
    pub action: Option<Action>,
    /// The time of the test.
    pub at: Option<Timestamp>,
    /// The jurisdictions of the test, beside `UN`.
    pub jurisdictions: Option<Vec<Arc<str>>>,
    /// Where it stands in the pack's source, in bytes.
    pub place: std::ops::Range<usize>,
}

/// One message of a sample.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SampleMessage {
    /// The text.
    pub text: Arc<str>,
    /// The time, if the sample gives one.
    pub at: Option<Timestamp>,
}

/// What a sample expects of its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SampleKind {
    /// The rule fires.
    Match,
    /// The rule does not fire.
    Pass,
    /// The rule should fire, and does not yet.
    Todo,
}
