//! What comes out: the action for one message, its findings, and how completely it was looked at.

#[cfg(feature = "serde")]
mod json;

use std::fmt;
use std::sync::Arc;

use crate::primitives::{Span, Timestamp};
use crate::variant::Variants;

#[cfg(feature = "serde")]
pub use json::Report;

/// What is to be done with a message, ordered by strength.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Deliver it. A `pass` rule records; it allows nothing.
    #[default]
    Pass,
    /// Deliver it with the hits replaced.
    Mask,
    /// Hold it until a person has looked.
    Review,
    /// Do not deliver it.
    Block,
}

impl Action {
    /// Every action, weakest first.
    pub const ALL: [Self; 4] = [Self::Pass, Self::Mask, Self::Review, Self::Block];

    /// The name used in packs and verdicts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Mask => "mask",
            Self::Review => "review",
            Self::Block => "block",
        }
    }

    /// The action of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How grave a finding is, for those who sort and count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A fact to record.
    Info,
    /// Low.
    Low,
    /// Medium.
    #[default]
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// Every severity, lowest first.
    pub const ALL: [Self; 5] = [
        Self::Info,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// The name used in packs and verdicts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.name() == name)
    }
}

/// How completely a message was looked at. "Clean" is never confused with "gave up".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Coverage(u8);

impl Coverage {
    /// All of it.
    pub const COMPLETE: Self = Self(0);
    /// The text was longer than `Limits::text_bytes`; its tail was not looked at.
    pub const TEXT_LIMIT: Self = Self(1);
    /// The search was cut short: too many steps or hits.
    pub const STEP_LIMIT: Self = Self(2);
    /// A conversation window had been evicted or lost.
    pub const LOST_STATE: Self = Self(4);
    /// The message holds no text.
    pub const NOT_TEXT: Self = Self(8);

    /// This coverage, and what else was cut short.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether everything was looked at.
    pub const fn is_complete(self) -> bool {
        self.0 == 0
    }

    /// Whether all that `other` names was cut short.
    pub const fn names(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Display for Coverage {
    /// `complete`, or the names of what was cut short, joined by commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_complete() {
            return f.write_str("complete");
        }
        let names = [
            (Self::TEXT_LIMIT, "text-limit"),
            (Self::STEP_LIMIT, "step-limit"),
            (Self::LOST_STATE, "lost-state"),
            (Self::NOT_TEXT, "not-text"),
        ];
        let mut first = true;
        for (flag, name) in names {
            if self.names(flag) {
                if !first {
                    f.write_str(",")?;
                }
                f.write_str(name)?;
                first = false;
            }
        }
        Ok(())
    }
}

/// A list on which an organisation stands, with its reference there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Listing {
    /// Who keeps the list: `UN`, or a jurisdiction such as `EU`.
    pub list: Arc<str>,
    /// The reference of the entry.
    pub reference: Arc<str>,
    /// From when the entry is in force; unknown if absent.
    pub from: Option<Timestamp>,
    /// Until when, exclusively; open if absent.
    pub until: Option<Timestamp>,
}

impl Listing {
    /// Whether the entry is in force at that time.
    pub fn in_force(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }
}

/// One hit that took part in a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Which part of the message it lies in, from 0; 0 for a message of one text.
    pub part: usize,
    /// Where, in bytes of the original text, on grapheme borders.
    pub span: Span,
    /// The term as its pack writes it (the source of a regex term).
    pub term: Arc<str>,
    /// The smallest set of variants that explains the match. Empty for a term cut over messages: these are read alike for all terms.
    pub variants: Variants,
    /// The earlier message that the span lies in, for a piece of a term that is cut over messages; `None` if it lies in the message that was
    /// screened. The pieces of such a term stand one after another, the first message's first.
    pub earlier: Option<Earlier>,
}

/// An earlier message of the same sender in the same conversation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Earlier {
    /// How many of the sender's messages ago, from 1 on; messages without a letter or digit are not counted.
    pub back: usize,
    /// Its id, if it came with one of at most 128 bytes.
    pub id: Option<Arc<str>>,
}

/// One rule that fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Pack id and rule id, such as `acme.custom/scam.gift-card`.
    pub rule: Arc<str>,
    /// The dotted category of the rule.
    pub category: Arc<str>,
    /// How grave.
    pub severity: Severity,
    /// What the rule asks for, after `lower` and the tenant's policy.
    pub action: Action,
    /// What it would have asked for, had `lower` not held.
    pub lowered_from: Option<Action>,
    /// Whether the rule asks that someone be told.
    pub alert: bool,
    /// Paragraphs, policies and the like that the rule rests on.
    pub references: Arc<[Arc<str>]>,
    /// The listings in force that make the rule live.
    pub listings: Vec<Listing>,
    /// The hits that took part, sorted by place, at most `Limits::spans`.
    pub hits: Vec<Hit>,
}

impl Finding {
    /// How sure it is, in percent, that its terms stand there: that of its surest hit. 100 where a hit needs no guess.
    pub fn confidence(&self) -> u8 {
        let of_hits = self.hits.iter().map(|hit| hit.variants.confidence());
        of_hits.max().unwrap_or(100)
    }
}

/// The character that stands in place of one that is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mask(char);

impl Default for Mask {
    fn default() -> Self {
        Self('*')
    }
}

/// The answer for one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// What is to be done.
    pub action: Action,
    /// How completely the message was looked at.
    pub coverage: Coverage,
    /// The rules that fired, in the order of rulesets and rules.
    pub findings: Vec<Finding>,
    /// Rules in shadow that would have fired. They never change the action.
    pub shadow: Vec<Finding>,
    /// For each finding, where all of its hits lie; those that it does not report included.
    covered: Vec<Vec<(usize, Span)>>,
    mask: Mask,
    pub(crate) digest: [u8; 32],
}

impl Verdict {
    /// Whether someone must be told: a finding asks for an alert.
    pub fn alert(&self) -> bool {
        self.findings.iter().any(|finding| finding.alert)
    }

    /// A digest of everything that decided: rulesets, policy, limits, tables, engine version. `b3:` and 64 hexadecimal digits.
    pub fn ruleset(&self) -> String {
        crate::ruleset::Digest(self.digest).to_string()
    }

    /// The texts of the message with each grapheme of the hits replaced by the tenant's mask (`*` by default), one for each part; `None` unless the action is
    /// [`Action::Mask`]. `message` must be the one that was screened.
    pub fn masked(&self, message: &crate::Message<'_>) -> Option<Vec<String>> {
        (self.action == Action::Mask).then(|| {
            message
                .parts()
                .iter()
                .enumerate()
                .map(|(number, text)| {
                    let spans = self
                        .findings
                        .iter()
                        .zip(&self.covered)
                        .filter(|(finding, _)| finding.action == Action::Mask)
                        .flat_map(|(_, covered)| covered)
                        .filter(|(part, _)| *part == number)
                        .map(|(_, span)| *span);
                    mask(text, spans, self.mask.0)
                })
                .collect()
        })
    }

    /// Takes all findings out, and gives back those after the first `findings` and the first `shadow`.
    pub(crate) fn take_after(&mut self, (findings, shadow): (usize, usize)) -> Findings {
        Findings {
            findings: std::mem::take(&mut self.findings).split_off(findings),
            covered: std::mem::take(&mut self.covered).split_off(findings),
            shadow: std::mem::take(&mut self.shadow).split_off(shadow),
        }
    }

    /// Adds findings after those that are there.
    pub(crate) fn append(&mut self, mut more: Findings) {
        self.findings.append(&mut more.findings);
        self.shadow.append(&mut more.shadow);
        self.covered.append(&mut more.covered);
    }

    pub(crate) fn mask_with(&mut self, mask: char) {
        self.mask = Mask(mask);
    }

    /// Drops the findings, shadow findings among them, that do not satisfy `keep`.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&Finding) -> bool) {
        let mut each = self.findings.iter();
        self.covered.retain(|_| each.next().is_some_and(&mut keep));
        self.findings.retain(&mut keep);
        self.shadow.retain(keep);
    }

    pub(crate) fn clear(&mut self) {
        self.action = Action::Pass;
        self.coverage = Coverage::COMPLETE;
        self.findings.clear();
        self.shadow.clear();
        self.covered.clear();
    }

    pub(crate) fn add(&mut self, finding: Finding, covered: Vec<(usize, Span)>, shadow: bool) {
        if shadow {
            self.shadow.push(finding);
        } else {
            self.findings.push(finding);
            self.covered.push(covered);
        }
    }
}

/// Findings apart from their verdict.
#[derive(Debug)]
pub(crate) struct Findings {
    findings: Vec<Finding>,
    shadow: Vec<Finding>,
    covered: Vec<Vec<(usize, Span)>>,
}

/// `text` with each grapheme that lies in one of the spans replaced by `with`. Spans may overlap and come in any order; those that
/// reach beyond the text are cut.
///
/// # Examples
///
/// ```
/// use tidegate::{Span, mask};
///
/// assert_eq!(mask("a坏词b", [Span::new(1, 7)], '*'), "a**b");
/// ```
pub fn mask(text: &str, spans: impl IntoIterator<Item = Span>, with: char) -> String {
    use unicode_segmentation::UnicodeSegmentation;

    let mut spans: Vec<Span> = spans.into_iter().collect();
    spans.sort_unstable();
    let mut masked = String::with_capacity(text.len());
    let (mut next, mut reach) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        while let Some(span) = spans.get(next)
            && span.start < at + grapheme.len()
        {
            reach = reach.max(span.end);
            next += 1;
        }
        if at < reach {
            masked.push(with);
        } else {
            masked.push_str(grapheme);
        }
    }
    masked
}
