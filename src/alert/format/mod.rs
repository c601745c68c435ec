//! The standards that an alert is written in. Values in, texts out.

mod alertmanager;
mod cef;
mod cloudevents;
mod ocsf;

use serde::{Deserialize, Serialize};

use super::chain::Head;
use super::identity::AlertId;
use super::note::Note;
use super::record::Alert;
use crate::primitives::Timestamp;

pub use alertmanager::alertmanager;
pub use cef::cef;
pub use cloudevents::cloud_event;
pub use ocsf::ocsf;

/// What a sink is told: a record, and how far the chain had come with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The record's place in the chain. Keep it: the store is held against it.
    pub head: Head,
    /// The record.
    pub told: Told,
    /// The further alerts that this notice stands for.
    pub grouped: Vec<AlertId>,
}

/// What a notice is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// An alert, with no more text than the tenant grants to sinks.
    Alert(Box<Alert>),
    /// What was done with alerts.
    Note(Note),
}

impl Notice {
    /// An id that is the same at every attempt and holds no dot.
    pub fn id(&self) -> String {
        match &self.told {
            Told::Alert(alert) => alert.facts.id.to_string(),
            Told::Note(_) => format!(
                "note-{}-{}",
                self.head.seq,
                &self.head.hash.to_string()[..16]
            ),
        }
    }

    /// When it came about.
    pub fn at(&self) -> Timestamp {
        match &self.told {
            Told::Alert(alert) => alert.facts.raised,
            Told::Note(note) => note.at(),
        }
    }
}

/// How JSON is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// CloudEvents 1.0, structured.
    #[default]
    CloudEvents,
    /// OCSF Detection Finding.
    Ocsf,
}

impl Format {
    /// The notice as one line of JSON.
    pub fn json(self, notice: &Notice) -> String {
        match self {
            Self::CloudEvents => cloud_event(notice).to_string(),
            Self::Ocsf => ocsf(notice).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::chain::ChainHash;
    use crate::alert::record::sample;

    fn notice() -> Notice {
        let mut alert = sample("m|1=\\\n2");
        alert.facts.rule = "acme.custom/a|b=c".to_owned();
        Notice {
            head: Head {
                seq: 7,
                hash: ChainHash([0xab; 32]),
            },
            told: Told::Alert(Box::new(alert)),
            grouped: Vec::new(),
        }
    }

    #[test]
    fn cloud_events_have_what_the_standard_requires() {
        let event = cloud_event(&notice());
        for (key, value) in [
            ("specversion", "1.0"),
            ("type", "tidegate.alert.raised"),
            ("time", "2026-11-23T10:00:00Z"),
            ("tenantid", "acme"),
        ] {
            assert_eq!(event[key], value);
        }
        let id = event["id"].as_str().expect("an id");
        assert!(!id.contains('.') && id.starts_with("al-"));
        for (key, _) in event.as_object().expect("an object") {
            assert!(
                key.len() <= 20
                    && key
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            );
        }
        assert_eq!(event["data"]["chain"]["seq"], 7);
        let note = Notice {
            told: Told::Note(Note::Spilled {
                alerts: Vec::new(),
                why: "disk-full".to_owned(),
                at: Timestamp(0),
            }),
            ..notice()
        };
        let event = cloud_event(&note);
        assert_eq!(event["type"], "tidegate.alert.spilled");
        assert_eq!(event["id"], "note-7-abababababababab");
    }

    #[test]
    fn ocsf_findings_add_up() {
        let finding = ocsf(&notice());
        let number = |key: &str| finding[key].as_i64().expect("a number");
        assert_eq!(
            number("type_uid"),
            number("class_uid") * 100 + number("activity_id")
        );
        assert_eq!(number("time"), 1_795_428_000_000);
        assert_eq!(
            finding["finding_info"]["analytic"]["uid"],
            "acme.custom/a|b=c"
        );
        assert_eq!(finding["disposition"], "Blocked");
    }

    #[test]
    fn cef_is_escaped() {
        let line = cef(&notice()).expect("an alert");
        assert!(line.starts_with("CEF:0|tidegate|tidegate|"));
        assert!(line.contains("|acme.custom/a\\|b=c|fraud.lure|8|rt="));
        assert!(line.contains(" cs3=m|1\\=\\\\\\n2 "), "{line}");
        assert!(!line.contains('\n'));
    }

    #[test]
    fn alertmanager_labels_are_texts() {
        let alert = alertmanager(&notice()).expect("an alert");
        for (_, label) in alert["labels"].as_object().expect("labels") {
            assert!(label.is_string());
        }
        assert_eq!(alert["startsAt"], "2026-11-23T10:00:00Z");
    }
}
