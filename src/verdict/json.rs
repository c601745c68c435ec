//! Verdicts in the form of the machine-readable contract.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};

use super::{Action, Coverage, Finding, Hit, Listing, Severity, Verdict};
use crate::engine::Message;
use crate::primitives::{Scene, Span};
use crate::ruleset::Digest;
use crate::variant::{Variant, Variants};

/// A verdict as other programs read it: a map whose keys are always `action`, `coverage`, `findings`, `shadow`, `masked` and
/// `ruleset`, after `id` if there is one.
///
/// It needs the message that was screened: `masked` is the one place of a verdict where text stands, and spans name their part
/// only where the message came in parts.
///
/// # Examples
///
/// ```
/// use tidegate::verdict::Report;
/// use tidegate::{Message, Policy, Scanner, Timestamp};
///
/// let mut scanner = Scanner::new();
/// let message = Message::text("hello");
/// let verdict = scanner.scan(&[], &Policy::default(), &message, Timestamp(0));
/// let line = serde_json::to_string(&Report::new(verdict, &message).with_id("m1"))?;
/// assert!(line.starts_with(r#"{"id":"m1","action":"pass","coverage":"complete","findings":[],"shadow":[],"masked":null,"#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Report<'a, I = ()> {
    verdict: &'a Verdict,
    message: &'a Message<'a>,
    id: Option<I>,
    /// Numbers of findings, and the ids of their alerts.
    alerts: &'a [(usize, String)],
}

impl<'a> Report<'a> {
    /// The report of `verdict` on `message`, without an id.
    pub fn new(verdict: &'a Verdict, message: &'a Message<'a>) -> Self {
        Self {
            verdict,
            message,
            id: None,
            alerts: &[],
        }
    }

    /// The same report, beginning with an id: any value, written as it is.
    pub fn with_id<I: Serialize>(self, id: I) -> Report<'a, I> {
        Report {
            verdict: self.verdict,
            message: self.message,
            id: Some(id),
            alerts: self.alerts,
        }
    }
}

impl<'a, I> Report<'a, I> {
    /// The same report, with the ids of the alerts that were raised, beside the numbers of their findings in [`Verdict::findings`].
    #[must_use]
    pub fn with_alerts(mut self, alerts: &'a [(usize, String)]) -> Self {
        self.alerts = alerts;
        self
    }
}

impl<I: Serialize> Serialize for Report<'_, I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Verdict {
            action,
            coverage,
            findings,
            shadow,
            digest,
            ..
        } = self.verdict;
        let parted = self.message.is_parted();
        let fields = 6 + usize::from(self.id.is_some());
        let mut out = serializer.serialize_map(Some(fields))?;
        if let Some(id) = &self.id {
            out.serialize_entry("id", id)?;
        }
        out.serialize_entry("action", action)?;
        out.serialize_entry("coverage", coverage)?;
        out.serialize_entry(
            "findings",
            &Findings {
                findings,
                parted,
                alerts: self.alerts,
            },
        )?;
        out.serialize_entry(
            "shadow",
            &Findings {
                findings: shadow,
                parted,
                alerts: &[],
            },
        )?;
        let masked = self.verdict.masked(self.message);
        match masked.as_deref() {
            Some([text]) if !parted => out.serialize_entry("masked", text)?,
            masked => out.serialize_entry("masked", &masked)?,
        }
        out.serialize_entry("ruleset", &format_args!("{}", Digest(*digest)))?;
        out.end()
    }
}

struct Findings<'a> {
    findings: &'a [Finding],
    parted: bool,
    alerts: &'a [(usize, String)],
}

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_seq(Some(self.findings.len()))?;
        for (number, finding) in self.findings.iter().enumerate() {
            let alert = self.alerts.iter().find(|(of, _)| *of == number);
            out.serialize_element(&One {
                finding,
                parted: self.parted,
                alert: alert.map(|(_, id)| &**id),
            })?;
        }
        out.end()
    }
}

struct One<'a> {
    finding: &'a Finding,
    parted: bool,
    alert: Option<&'a str>,
}

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Finding {
            rule,
            category,
            severity,
            action,
            lowered_from,
            alert,
            references,
            listings,
            hits,
        } = self.finding;
        let mut out = serializer.serialize_struct("Finding", 11)?;
        out.serialize_field("rule", &**rule)?;
        out.serialize_field("category", &**category)?;
        out.serialize_field("severity", severity)?;
        out.serialize_field("action", action)?;
        out.serialize_field("lowered_from", lowered_from)?;
        out.serialize_field(
            "confidence",
            &(f64::from(self.finding.confidence()) / 100.0),
        )?;
        out.serialize_field("references", &All(references, Text))?;
        out.serialize_field("listings", &All(listings, Entry))?;
        out.serialize_field("alert", &self.alert)?;
        out.serialize_field("wants_alert", alert)?;
        let parted = self.parted;
        out.serialize_field("spans", &All(hits, |hit| Place { hit, parted }))?;
        out.end()
    }
}

/// An array of what a function makes of each item.
struct All<'a, T, F>(&'a [T], F);

impl<'a, T, R: Serialize, F: Fn(&'a T) -> R> Serialize for All<'a, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(&self.1))
    }
}

struct Text<'a>(&'a Arc<str>);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

struct Entry<'a>(&'a Listing);

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Listing", 2)?;
        out.serialize_field("list", &*self.0.list)?;
        out.serialize_field("reference", &*self.0.reference)?;
        out.end()
    }
}

struct Place<'a> {
    hit: &'a Hit,
    parted: bool,
}

impl Serialize for Place<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Hit {
            part,
            span,
            term,
            variants,
            earlier,
        } = self.hit;
        let fields = 4 + usize::from(self.parted) + usize::from(earlier.is_some());
        let mut out = serializer.serialize_map(Some(fields))?;
        if self.parted {
            out.serialize_entry("part", part)?;
        }
        out.serialize_entry("start", &span.start)?;
        out.serialize_entry("end", &span.end)?;
        out.serialize_entry("term", &**term)?;
        out.serialize_entry("variants", variants)?;
        if let Some(earlier) = earlier {
            out.serialize_entry("message", &earlier.id.as_deref())?;
        }
        out.end()
    }
}

impl Serialize for Variants {
    /// The names of the members, in table order.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Variant::name))
    }
}

impl Serialize for Coverage {
    /// As it is shown.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Action {
    /// Its name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for Severity {
    /// Its name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for Scene {
    /// Its name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for Span {
    /// `start` and `end`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Span", 2)?;
        out.serialize_field("start", &self.start)?;
        out.serialize_field("end", &self.end)?;
        out.end()
    }
}
