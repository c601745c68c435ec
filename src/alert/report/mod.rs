//! What is told to authorities' databases, to users and to the public: a statement of reasons, a notice, figures. Values in, values out; made
//! of [`Facts`] alone, so that they hold no personal data and can be made after the rest was erased. tidegate sends none of them.

mod figures;
mod notice;
mod statement;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::Facts;

pub use figures::{Figures, Row};
pub use notice::user_notice;
pub use statement::{NoRestriction, Problem, Statement};

/// What a decision rests on: a law, or the terms of the platform. That something is against the law is the operator's to say, never tidegate's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Ground {
    /// A provision of law.
    Law(Reason),
    /// A clause of the terms.
    Terms(Reason),
}

/// Which provision or clause, and why the content is against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Which one; at most 500 characters.
    pub ground: String,
    /// Why; at most 2000.
    pub explanation: String,
    /// Why, in Chinese, for notices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation_zh: Option<String>,
}

/// The grounds of decisions by category.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grounds {
    /// By category; the longest that is the rule's or above it counts.
    pub category: BTreeMap<String, Ground>,
    /// Where the terms can be read.
    pub url: Option<String>,
    /// What a user can do about a decision, in English and Chinese.
    pub redress: Option<String>,
    /// The same in Chinese.
    pub redress_zh: Option<String>,
}

impl Grounds {
    /// What the decision on an alert rests on. Without a ground of the operator's it is the rule, and what the rule refers to, under the terms.
    pub fn of(&self, facts: &Facts) -> Ground {
        let mut category = &*facts.category;
        loop {
            if let Some(ground) = self.category.get(category) {
                return ground.clone();
            }
            match category.rsplit_once('.') {
                Some((above, _)) => category = above,
                None => break,
            }
        }
        let ground = match facts.references.is_empty() {
            true => facts.rule.clone(),
            false => facts.references.join(", "),
        };
        let (rule, category) = (&facts.rule, &facts.category);
        let explanation =
            format!("The message matched rule {rule} ({category}), which the terms do not allow.");
        Ground::Terms(Reason {
            ground: cut(&ground, 500),
            explanation: cut(&explanation, 2_000),
            explanation_zh: Some(format!(
                "消息命中规则 {rule}（{category}），平台规则不予允许。"
            )),
        })
    }
}

/// At most so many characters.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// The date of a time, `YYYY-MM-DD`.
fn date(time: crate::primitives::Timestamp) -> String {
    let mut text = time.to_string();
    text.truncate(text.len() - "T00:00:00Z".len());
    text
}
