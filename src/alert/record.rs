//! The alert itself.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::evidence::{EvidencePolicy, Grant};
use super::identity::{AlertId, Identity, Pseudonym};
use super::named;
use crate::engine::Message;
use crate::primitives::{Scene, Span, Timestamp};
use crate::verdict::{Action, Finding, Severity, Verdict};

/// What is said of an alert that concerns no person. It stays when the rest is erased, so that figures and the audit chain stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The alert's id.
    pub id: AlertId,
    /// The tenant whose message it was.
    pub tenant: String,
    /// Pack id and rule id, such as `acme.custom/scam.gift-card`.
    pub rule: String,
    /// The version of that pack, if whoever raised the alert knew it.
    pub pack_version: Option<String>,
    /// The dotted category of the rule.
    pub category: String,
    /// How grave.
    #[serde(with = "named")]
    pub severity: Severity,
    /// What this finding asked for.
    #[serde(with = "named")]
    pub action: Action,
    /// What was done with the message, for all its findings.
    #[serde(with = "named")]
    pub decided: Action,
    /// Where the message went.
    #[serde(with = "named")]
    pub scene: Scene,
    /// When it was screened.
    #[serde(with = "named::time")]
    pub raised: Timestamp,
    /// Paragraphs, policies and the like that the rule rests on.
    pub references: Vec<String>,
    /// The sinks that the tenant names, of those that are told on request alone. Sinks are not told of each other.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub sinks: Vec<String>,
}

/// What is said of an alert that concerns a person, or helps to find one. Encrypted at rest, and erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Particulars {
    /// The message's id in the message server.
    pub message: String,
    /// The pseudonym of its sender.
    pub sender: Option<Pseudonym>,
    /// The pseudonym of its conversation.
    pub conversation: Option<Pseudonym>,
    /// When it was sent.
    #[serde(with = "named::time_or_none", default)]
    pub sent: Option<Timestamp>,
    /// The digest of everything that decided.
    pub ruleset: String,
    /// How completely the message was looked at.
    pub coverage: String,
    /// The listings in force that made the rule live.
    pub listings: Vec<ListingReference>,
    /// Where the hits lie, with as much text as is granted.
    pub spans: Vec<AlertSpan>,
}

/// An entry of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingReference {
    /// Who keeps the list.
    pub list: String,
    /// The reference of the entry there.
    pub reference: String,
}

/// One hit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertSpan {
    /// Which part of the message, from 0.
    pub part: usize,
    /// Offset of the first byte in the original text.
    pub start: usize,
    /// Offset one past the last byte.
    pub end: usize,
    /// The disguises that explain the match.
    pub variants: Vec<String>,
    /// The term, if text is granted: it says nearly what the message said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub term: Option<String>,
    /// The hit's text, if granted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// What stands before it, if granted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<String>,
    /// What stands behind it, if granted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<String>,
}

/// The record of a finding that someone must learn of. As JSON, one flat object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What concerns no person.
    #[serde(flatten)]
    pub facts: Facts,
    /// The rest.
    #[serde(flatten)]
    pub particulars: Particulars,
}

/// A message without an id was to raise an alert. Give it one before it is screened ([`super::fresh_message_id`]), and echo it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMessageId;

impl fmt::Display for NoMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message needs an id before it is screened, for its alerts are named by it")
    }
}

impl std::error::Error for NoMessageId {}

impl Alert {
    /// The alerts that a verdict asks for: one for each finding with [`Finding::alert`], in their order, beside the number of the
    /// finding.
    ///
    /// `message` is the one that was screened, `tenant` whose it is, `raised` the time of the screening; `pack_version` says the version of
    /// the pack of an id. Allocates nothing when the verdict asks for no alert.
    ///
    /// # Errors
    ///
    /// If an alert is asked for and the message has no id.
    pub fn of_verdict(
        verdict: &Verdict,
        message: &Message<'_>,
        tenant: &str,
        identity: &Identity,
        policy: &EvidencePolicy,
        raised: Timestamp,
        pack_version: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Vec<(usize, Self)>, NoMessageId> {
        if !verdict.alert() {
            return Ok(Vec::new());
        }
        let id = message.id.ok_or(NoMessageId)?;
        let wanted = verdict.findings.iter().enumerate();
        Ok(wanted
            .filter(|(_, finding)| finding.alert)
            .map(|(number, finding)| {
                let facts = Facts {
                    id: identity.alert_id(tenant, message.conversation, id, &finding.rule),
                    tenant: tenant.to_owned(),
                    rule: finding.rule.to_string(),
                    pack_version: finding
                        .rule
                        .split_once('/')
                        .and_then(|(pack, _)| pack_version(pack)),
                    category: finding.category.to_string(),
                    severity: finding.severity,
                    action: finding.action,
                    decided: verdict.action,
                    scene: message.scene,
                    raised,
                    references: finding.references.iter().map(ToString::to_string).collect(),
                    sinks: Vec::new(),
                };
                let particulars = Particulars {
                    message: id.to_owned(),
                    sender: message.sender.map(|sender| identity.sender(tenant, sender)),
                    conversation: message
                        .conversation
                        .map(|conversation| identity.conversation(tenant, conversation)),
                    sent: message.time,
                    ruleset: verdict.ruleset(),
                    coverage: verdict.coverage.to_string(),
                    listings: finding
                        .listings
                        .iter()
                        .map(|listing| ListingReference {
                            list: listing.list.to_string(),
                            reference: listing.reference.to_string(),
                        })
                        .collect(),
                    spans: spans(finding, message, policy.keep),
                };
                (number, Self { facts, particulars })
            })
            .collect())
    }

    /// The same alert, for these sinks beside those that are told everything: what [`crate::Policy::sinks`] says of the tenant.
    #[must_use]
    pub fn also_to<S: AsRef<str>>(mut self, sinks: &[S]) -> Self {
        let names = sinks.iter().map(|sink| sink.as_ref().to_owned());
        self.facts.sinks = names.collect();
        self
    }

    /// The same alert with no more text than `grant` allows.
    #[must_use]
    pub fn told(mut self, grant: Grant) -> Self {
        self.facts.sinks.clear();
        for span in &mut self.particulars.spans {
            match grant {
                Grant::Offsets => {
                    (span.term, span.text) = (None, None);
                    (span.before, span.after) = (None, None);
                }
                Grant::Span => (span.before, span.after) = (None, None),
                Grant::Context(count) => {
                    let count = usize::from(count);
                    span.before = span.before.take().map(|text| last(&text, count).to_owned());
                    span.after = span.after.take().map(|text| first(&text, count).to_owned());
                }
            }
        }
        self
    }
}

fn spans(finding: &Finding, message: &Message<'_>, grant: Grant) -> Vec<AlertSpan> {
    finding
        .hits
        .iter()
        .map(|hit| {
            let part = message.parts().get(hit.part).copied().unwrap_or_default();
            let Span { start, end } = hit.span;
            let around = match grant {
                Grant::Context(count) => Some(usize::from(count)),
                _ => None,
            };
            let granted = grant != Grant::Offsets;
            AlertSpan {
                part: hit.part,
                start,
                end,
                variants: hit.variants.iter().map(|v| v.name().to_owned()).collect(),
                term: granted.then(|| hit.term.to_string()),
                text: granted.then(|| part.get(start..end).unwrap_or_default().to_owned()),
                before: around
                    .map(|count| last(part.get(..start).unwrap_or_default(), count).to_owned()),
                after: around
                    .map(|count| first(part.get(end..).unwrap_or_default(), count).to_owned()),
            }
        })
        .collect()
}

/// The first `count` graphemes of a text.
fn first(text: &str, count: usize) -> &str {
    match text.grapheme_indices(true).nth(count) {
        Some((at, _)) => &text[..at],
        None => text,
    }
}

/// The last `count` graphemes of a text.
fn last(text: &str, count: usize) -> &str {
    match text.grapheme_indices(true).rev().nth(count) {
        Some((at, cut)) => &text[at + cut.len()..],
        None => text,
    }
}

/// An alert for the tests of other rooms.
#[cfg(test)]
pub(super) fn sample(message: &str) -> Alert {
    let identity = Identity::of(&super::MasterKey::new([9; 32]));
    Alert {
        facts: Facts {
            id: identity.alert_id("acme", Some("g1"), message, "acme.custom/lure"),
            tenant: "acme".to_owned(),
            rule: "acme.custom/lure".to_owned(),
            pack_version: Some("1.0.0".to_owned()),
            category: "fraud.lure".to_owned(),
            severity: Severity::High,
            action: Action::Block,
            decided: Action::Block,
            scene: Scene::Group,
            raised: Timestamp(1_795_428_000),
            references: vec!["POL-7.2".to_owned()],
            sinks: Vec::new(),
        },
        particulars: Particulars {
            message: message.to_owned(),
            sender: Some(identity.sender("acme", "u1")),
            conversation: Some(identity.conversation("acme", "g1")),
            sent: None,
            ruleset: "b3:00".to_owned(),
            coverage: "complete".to_owned(),
            listings: Vec::new(),
            spans: vec![AlertSpan {
                part: 0,
                start: 0,
                end: 11,
                variants: Vec::new(),
                term: Some("gift card".to_owned()),
                text: Some("canary-7f3a".to_owned()),
                before: None,
                after: None,
            }],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::MasterKey;
    use crate::{Compiler, Pack, Policy, Scanner};

    const PACK: &str = include_str!("../../tests/data/alerts/house.toml");

    fn alert(text: &str, policy: &EvidencePolicy) -> Vec<(usize, Alert)> {
        let parsed = Pack::parse("house.toml", PACK).expect("a pack");
        let ruleset = Compiler::new()
            .pack(parsed.pack)
            .build()
            .expect("it compiles");
        let message = Message::text(text).id("m1").sender("u1").conversation("g1");
        let mut scanner = Scanner::new();
        let verdict = scanner.scan(&[&ruleset], &Policy::default(), &message, Timestamp(0));
        let identity = Identity::of(&MasterKey::new([1; 32]));
        Alert::of_verdict(
            verdict,
            &message,
            "acme",
            &identity,
            policy,
            Timestamp(1_795_428_000),
            &|pack| (pack == "acme.custom").then(|| "2.3.0".to_owned()),
        )
        .expect("the message has an id")
    }

    #[test]
    fn an_alert_holds_what_is_granted_and_no_more() {
        let text = "hello, buy a 👨‍👩‍👧 gift card now please";
        for (keep, span, before, after) in [
            (Grant::Offsets, None, None, None),
            (Grant::Span, Some("gift card"), None, None),
            (
                Grant::Context(3),
                Some("gift card"),
                Some(" 👨‍👩‍👧 "),
                Some(" no"),
            ),
            (
                Grant::Context(200),
                Some("gift card"),
                Some("hello, buy a 👨‍👩‍👧 "),
                Some(" now please"),
            ),
        ] {
            let policy = EvidencePolicy {
                keep,
                ..EvidencePolicy::default()
            };
            let alerts = alert(text, &policy);
            let [(number, alert)] = &alerts[..] else {
                panic!("one alert, not {}", alerts.len());
            };
            assert_eq!(*number, 0);
            assert_eq!(alert.facts.rule, "acme.custom/lure");
            assert_eq!(alert.facts.pack_version.as_deref(), Some("2.3.0"));
            let [found] = &alert.particulars.spans[..] else {
                panic!("one span");
            };
            assert_eq!(&text[found.start..found.end], "gift card");
            assert_eq!(found.text.as_deref(), span);
            assert_eq!(found.term.is_some(), span.is_some());
            assert_eq!(found.before.as_deref(), before);
            assert_eq!(found.after.as_deref(), after);
        }
    }

    #[test]
    fn what_is_told_is_cut_from_what_is_kept() {
        let keep = EvidencePolicy {
            keep: Grant::Context(20),
            ..EvidencePolicy::default()
        };
        for grant in [Grant::Offsets, Grant::Span, Grant::Context(2)] {
            let told = alert("buy a gift card now", &keep).remove(0).1.told(grant);
            let direct = EvidencePolicy {
                keep: grant,
                ..keep
            };
            assert_eq!(told, alert("buy a gift card now", &direct).remove(0).1);
        }
    }

    #[test]
    fn as_json_it_is_flat_and_comes_back() {
        let alert = alert("a gift card", &EvidencePolicy::default()).remove(0).1;
        let json = serde_json::to_value(&alert).expect("it is written");
        assert_eq!(json["rule"], "acme.custom/lure");
        assert_eq!(json["message"], "m1");
        assert_eq!(json["raised"], "2026-11-23T10:00:00Z");
        assert_eq!(json["severity"], "high");
        assert_eq!(json["spans"][0]["start"], 2);
        assert!(!json.to_string().contains("u1"));
        assert_eq!(
            serde_json::from_value::<Alert>(json).expect("it is read"),
            alert
        );
    }

    #[test]
    fn a_verdict_without_alerts_needs_no_id() {
        assert_eq!(alert("hello", &EvidencePolicy::default()), []);
        let message = Message::text("hello");
        let alerts = Alert::of_verdict(
            &Verdict::default(),
            &message,
            "acme",
            &Identity::of(&MasterKey::new([1; 32])),
            &EvidencePolicy::default(),
            Timestamp(0),
            &|_| None,
        );
        assert_eq!(alerts, Ok(Vec::new()));
    }
}
