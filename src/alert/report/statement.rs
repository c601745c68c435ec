//! Statements of reasons, Article 17 of Regulation (EU) 2022/2065, in the form that the DSA Transparency Database takes.
//!
//! The fields, their names and their bounds are those of the database's own validation (schema V2, in force since 2025-07-01;
//! github.com/digital-services-act/transparency-database). [`Statement::check`] holds a statement to them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Ground, Grounds, date};
use crate::alert::record::Facts;
use crate::primitives::Timestamp;
use crate::verdict::Action;

const VISIBILITY: [&str; 7] = [
    "DECISION_VISIBILITY_CONTENT_REMOVED",
    "DECISION_VISIBILITY_CONTENT_DISABLED",
    "DECISION_VISIBILITY_CONTENT_DEMOTED",
    "DECISION_VISIBILITY_CONTENT_AGE_RESTRICTED",
    "DECISION_VISIBILITY_CONTENT_INTERACTION_RESTRICTED",
    "DECISION_VISIBILITY_CONTENT_LABELLED",
    OTHER_VISIBILITY,
];
const OTHER_VISIBILITY: &str = "DECISION_VISIBILITY_OTHER";

const CATEGORIES: [&str; 16] = [
    "STATEMENT_CATEGORY_ANIMAL_WELFARE",
    "STATEMENT_CATEGORY_CONSUMER_INFORMATION",
    "STATEMENT_CATEGORY_CYBER_VIOLENCE",
    "STATEMENT_CATEGORY_CYBER_VIOLENCE_AGAINST_WOMEN",
    "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
    "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
    "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS",
    "STATEMENT_CATEGORY_NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
    "STATEMENT_CATEGORY_NOT_SPECIFIED_NOTICE",
    "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
    "STATEMENT_CATEGORY_PROTECTION_OF_MINORS",
    "STATEMENT_CATEGORY_RISK_FOR_PUBLIC_SECURITY",
    "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
    "STATEMENT_CATEGORY_SELF_HARM",
    "STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS",
    "STATEMENT_CATEGORY_VIOLENCE",
];

const ILLEGAL: &str = "DECISION_GROUND_ILLEGAL_CONTENT";
const INCOMPATIBLE: &str = "DECISION_GROUND_INCOMPATIBLE_CONTENT";

/// A statement of reasons. Its fields are those of the database, which says what they mean; those that are absent do not apply to a message
/// that was not delivered as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the names are the database's, which defines them"
)]
pub struct Statement {
    pub decision_visibility: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_visibility_other: Option<String>,
    pub decision_ground: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_ground_reference_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub illegal_content_legal_ground: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub illegal_content_explanation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incompatible_content_ground: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incompatible_content_explanation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incompatible_content_illegal: Option<String>,
    pub content_type: Vec<String>,
    pub category: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub category_specification: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub territorial_scope: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    pub content_date: String,
    pub application_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date_visibility_restriction: Option<String>,
    pub decision_facts: String,
    pub source_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
    pub automated_detection: String,
    pub automated_decision: String,
    pub puid: String,
}

/// The message was delivered as it was: nothing to state reasons for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRestriction;

impl fmt::Display for NoRestriction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message was delivered as it was: no restriction to state reasons for")
    }
}

impl std::error::Error for NoRestriction {}

/// What is wrong with a field of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field.
    pub field: &'static str,
    /// What the database wants there.
    pub wanted: &'static str,
}

impl Statement {
    /// The statement for the decision on an alert's message. `by_person` says that a person has decided since.
    ///
    /// The day on which the content was posted is taken to be the day on which it was screened.
    ///
    /// # Errors
    ///
    /// If the message was delivered as it was.
    pub fn of(facts: &Facts, grounds: &Grounds, by_person: bool) -> Result<Self, NoRestriction> {
        let (visibility, other, done) = match facts.decided {
            Action::Pass => return Err(NoRestriction),
            Action::Mask => (
                OTHER_VISIBILITY,
                Some(
                    "The matching words were replaced before the message was delivered.".to_owned(),
                ),
                "delivered with the matching words replaced",
            ),
            Action::Review => (
                "DECISION_VISIBILITY_CONTENT_DISABLED",
                None,
                "held back until a person has looked at it",
            ),
            Action::Block => ("DECISION_VISIBILITY_CONTENT_REMOVED", None, "not delivered"),
        };
        let (category, specification) = category(&facts.category);
        let day = date(facts.raised);
        let mut statement = Self {
            decision_visibility: vec![visibility.to_owned()],
            decision_visibility_other: other,
            decision_ground_reference_url: grounds.url.clone(),
            content_type: vec!["CONTENT_TYPE_TEXT".to_owned()],
            category: category.to_owned(),
            category_specification: specification.map(str::to_owned).into_iter().collect(),
            content_date: day.clone(),
            application_date: day.clone(),
            decision_facts: super::cut(
                &format!(
                    "On {day} a text message ({scene}) was screened by automated means, on the provider's own initiative. It matched rule {rule}{version} \
                     of the category {category}, and was {done}.",
                    scene = facts.scene.name(),
                    rule = facts.rule,
                    version = facts
                        .pack_version
                        .as_ref()
                        .map_or_else(String::new, |version| format!(" (version {version})")),
                    category = facts.category,
                ),
                5_000,
            ),
            source_type: "SOURCE_VOLUNTARY".to_owned(),
            automated_detection: "Yes".to_owned(),
            automated_decision: match (by_person, facts.decided) {
                (true, _) => "AUTOMATED_DECISION_NOT_AUTOMATED",
                (false, Action::Review) => "AUTOMATED_DECISION_PARTIALLY",
                (false, _) => "AUTOMATED_DECISION_FULLY",
            }
            .to_owned(),
            puid: facts.id.to_string(),
            ..Self::default()
        };
        match grounds.of(facts) {
            Ground::Law(reason) => {
                ILLEGAL.clone_into(&mut statement.decision_ground);
                statement.illegal_content_legal_ground = Some(reason.ground);
                statement.illegal_content_explanation = Some(reason.explanation);
            }
            Ground::Terms(reason) => {
                INCOMPATIBLE.clone_into(&mut statement.decision_ground);
                statement.incompatible_content_ground = Some(reason.ground);
                statement.incompatible_content_explanation = Some(reason.explanation);
                statement.incompatible_content_illegal = Some("No".to_owned());
            }
        }
        Ok(statement)
    }

    /// What the database would refuse. Empty if it takes the statement.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut hold = |holds: bool, field: &'static str, wanted: &'static str| {
            if !holds {
                problems.push(Problem { field, wanted });
            }
        };
        let short =
            |text: &str, most: usize| !text.trim().is_empty() && text.chars().count() <= most;
        let given =
            |text: &Option<String>, most| text.as_deref().is_some_and(|text| short(text, most));
        let one_of = |text: &str, all: &[&str]| all.contains(&text);
        hold(
            !self.decision_visibility.is_empty()
                && self
                    .decision_visibility
                    .iter()
                    .all(|v| one_of(v, &VISIBILITY)),
            "decision_visibility",
            "one or more DECISION_VISIBILITY_* values",
        );
        let other = self
            .decision_visibility
            .iter()
            .any(|v| v == OTHER_VISIBILITY);
        hold(
            match other {
                true => given(&self.decision_visibility_other, 500),
                false => self.decision_visibility_other.is_none(),
            },
            "decision_visibility_other",
            "at most 500 characters, with DECISION_VISIBILITY_OTHER alone",
        );
        let illegal = self.decision_ground == ILLEGAL;
        hold(
            illegal || self.decision_ground == INCOMPATIBLE,
            "decision_ground",
            "DECISION_GROUND_ILLEGAL_CONTENT or DECISION_GROUND_INCOMPATIBLE_CONTENT",
        );
        for (text, most, field, wanted_if) in [
            (
                &self.illegal_content_legal_ground,
                500,
                "illegal_content_legal_ground",
                illegal,
            ),
            (
                &self.illegal_content_explanation,
                2_000,
                "illegal_content_explanation",
                illegal,
            ),
            (
                &self.incompatible_content_ground,
                500,
                "incompatible_content_ground",
                !illegal,
            ),
            (
                &self.incompatible_content_explanation,
                2_000,
                "incompatible_content_explanation",
                !illegal,
            ),
        ] {
            hold(
                match wanted_if {
                    true => given(text, most),
                    false => text.is_none(),
                },
                field,
                "there with its ground and not with the other one, within its length",
            );
        }
        hold(
            self.incompatible_content_illegal.is_none()
                || !illegal
                    && self
                        .incompatible_content_illegal
                        .as_deref()
                        .is_some_and(yes_or_no),
            "incompatible_content_illegal",
            "Yes or No, with DECISION_GROUND_INCOMPATIBLE_CONTENT alone",
        );
        hold(
            self.decision_ground_reference_url
                .as_deref()
                .is_none_or(|url| {
                    short(url, 500) && (url.starts_with("https://") || url.starts_with("http://"))
                }),
            "decision_ground_reference_url",
            "a URL of at most 500 characters",
        );
        hold(
            self.content_type == ["CONTENT_TYPE_TEXT"],
            "content_type",
            "CONTENT_TYPE_TEXT: tidegate screens nothing else",
        );
        hold(
            one_of(&self.category, &CATEGORIES),
            "category",
            "a STATEMENT_CATEGORY_* value",
        );
        hold(
            self.category_specification.iter().all(|keyword| {
                keyword.strip_prefix("KEYWORD_").is_some_and(|rest| {
                    !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
                })
            }),
            "category_specification",
            "KEYWORD_* values",
        );
        let letters =
            |text: &String| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
        hold(
            self.territorial_scope.iter().all(letters),
            "territorial_scope",
            "ISO codes of two capitals",
        );
        hold(
            self.content_language.as_ref().is_none_or(letters),
            "content_language",
            "an ISO 639-1 code of two capitals",
        );
        hold(
            is_day(&self.content_date, "2000-01-01"),
            "content_date",
            "a day between 2000-01-01 and 2038-01-01",
        );
        hold(
            is_day(&self.application_date, "2020-01-01"),
            "application_date",
            "a day between 2020-01-01 and 2038-01-01",
        );
        hold(
            self.end_date_visibility_restriction
                .as_deref()
                .is_none_or(|day| is_day(day, "2000-01-01")),
            "end_date_visibility_restriction",
            "a day, or nothing for as long as it lasts",
        );
        hold(
            short(&self.decision_facts, 5_000),
            "decision_facts",
            "1 to 5000 characters",
        );
        let voluntary = self.source_type == "SOURCE_VOLUNTARY";
        let notified = [
            "SOURCE_ARTICLE_16",
            "SOURCE_TRUSTED_FLAGGER",
            "SOURCE_TYPE_OTHER_NOTIFICATION",
        ];
        hold(
            voluntary || one_of(&self.source_type, &notified),
            "source_type",
            "a SOURCE_* value",
        );
        hold(
            match &self.source_identity {
                None => true,
                Some(identity) => !voluntary && short(identity, 500),
            },
            "source_identity",
            "at most 500 characters, and none with SOURCE_VOLUNTARY",
        );
        hold(
            yes_or_no(&self.automated_detection),
            "automated_detection",
            "Yes or No",
        );
        let how = [
            "AUTOMATED_DECISION_FULLY",
            "AUTOMATED_DECISION_PARTIALLY",
            "AUTOMATED_DECISION_NOT_AUTOMATED",
        ];
        hold(
            one_of(&self.automated_decision, &how),
            "automated_decision",
            "an AUTOMATED_DECISION_* value",
        );
        hold(
            short(&self.puid, 500)
                && self
                    .puid
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')),
            "puid",
            "at most 500 letters, digits, hyphens and underscores",
        );
        problems
    }
}

fn yes_or_no(text: &str) -> bool {
    matches!(text, "Yes" | "No")
}

fn is_day(text: &str, first: &str) -> bool {
    text.len() == 10 && Timestamp::parse(text).is_some() && (first..="2038-01-01").contains(&text)
}

/// The database's category for a rule's, and a keyword that narrows it.
fn category(of_rule: &str) -> (&'static str, Option<&'static str>) {
    match of_rule.split('.').next() {
        Some("terrorism") => (
            "STATEMENT_CATEGORY_RISK_FOR_PUBLIC_SECURITY",
            Some("KEYWORD_TERRORIST_CONTENT"),
        ),
        Some("fraud") => ("STATEMENT_CATEGORY_SCAMS_AND_FRAUD", None),
        Some("violence") => ("STATEMENT_CATEGORY_VIOLENCE", None),
        Some("self-harm") => ("STATEMENT_CATEGORY_SELF_HARM", None),
        Some("minors") => ("STATEMENT_CATEGORY_PROTECTION_OF_MINORS", None),
        _ => ("STATEMENT_CATEGORY_OTHER_VIOLATION_TC", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::record::sample;

    fn facts(decided: Action, category: &str) -> Facts {
        let mut facts = sample("m1").facts;
        facts.decided = decided;
        category.clone_into(&mut facts.category);
        facts
    }

    fn law() -> Grounds {
        let mut grounds = Grounds::default();
        grounds.category.insert(
            "terrorism".to_owned(),
            Ground::Law(crate::alert::report::Reason {
                ground: "Regulation (EU) 2021/784, Article 2(7)".to_owned(),
                explanation: "The message solicits participation in a terrorist group.".to_owned(),
                explanation_zh: None,
            }),
        );
        grounds
    }

    #[test]
    fn every_restriction_has_a_statement_that_is_valid() {
        for decided in [Action::Mask, Action::Review, Action::Block] {
            for category in ["terrorism.recruitment", "fraud.lure", "house.words"] {
                let facts = facts(decided, category);
                let statement = Statement::of(&facts, &law(), false).expect("a restriction");
                assert_eq!(statement.check(), [], "{statement:?}");
                let illegal = statement.decision_ground == ILLEGAL;
                assert_eq!(illegal, category.starts_with("terrorism"));
                let json = serde_json::to_string(&statement).expect("it is written");
                // No personal data: nothing but facts.
                for particular in ["m1", "canary", "p-"] {
                    assert!(!json.contains(particular), "{particular} in {json}");
                }
            }
        }
        let passed = facts(Action::Pass, "house.words");
        assert_eq!(Statement::of(&passed, &law(), false), Err(NoRestriction));
    }

    /// Each bound, broken alone, is named.
    #[test]
    fn what_the_database_refuses_is_named() {
        let good = Statement::of(&facts(Action::Block, "fraud.lure"), &law(), false).expect("one");
        type Breaks = fn(&mut Statement);
        let broken: [(&str, Breaks); 23] = [
            ("decision_visibility", |s| s.decision_visibility.clear()),
            ("decision_visibility", |s| {
                s.decision_visibility[0].push('X')
            }),
            ("decision_visibility_other", |s| {
                s.decision_visibility_other = Some("x".into())
            }),
            ("decision_ground", |s| s.decision_ground.clear()),
            ("illegal_content_legal_ground", |s| {
                s.illegal_content_legal_ground = Some("x".into())
            }),
            ("incompatible_content_ground", |s| {
                s.incompatible_content_ground = None
            }),
            ("incompatible_content_explanation", |s| {
                s.incompatible_content_explanation = Some("x".repeat(2_001))
            }),
            ("incompatible_content_illegal", |s| {
                s.incompatible_content_illegal = Some("yes".into())
            }),
            ("decision_ground_reference_url", |s| {
                s.decision_ground_reference_url = Some("terms".into())
            }),
            ("content_type", |s| s.content_type.clear()),
            ("category", |s| s.category = "STATEMENT_CATEGORY_X".into()),
            ("category_specification", |s| {
                s.category_specification.push("terror".into())
            }),
            ("territorial_scope", |s| {
                s.territorial_scope.push("Germany".into())
            }),
            ("content_language", |s| {
                s.content_language = Some("en".into())
            }),
            ("content_date", |s| s.content_date = "1999-12-31".into()),
            ("application_date", |s| {
                s.application_date = "2026-02-30".into()
            }),
            ("end_date_visibility_restriction", |s| {
                s.end_date_visibility_restriction = Some("soon".into())
            }),
            ("decision_facts", |s| s.decision_facts = "x".repeat(5_001)),
            ("source_type", |s| s.source_type = "SOURCE_ME".into()),
            ("source_identity", |s| {
                s.source_identity = Some("someone".into())
            }),
            ("automated_detection", |s| {
                s.automated_detection = "true".into()
            }),
            ("automated_decision", |s| s.automated_decision.clear()),
            ("puid", |s| s.puid.push('.')),
        ];
        for (field, breaks) in broken {
            let mut statement = good.clone();
            breaks(&mut statement);
            let named: Vec<&str> = statement.check().iter().map(|p| p.field).collect();
            assert!(named.contains(&field), "{field}: {named:?}");
        }
    }
}
