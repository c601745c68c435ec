//! What a sink is spared: duplicates, silenced alerts, and many notices where one will do. The records stay as they are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::alert::format::{Notice, Told};
use crate::alert::identity::AlertId;
use crate::alert::named;
use crate::alert::record::Alert;
use crate::primitives::Timestamp;

/// What alerts can be alike in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// The tenant.
    Tenant,
    /// The rule.
    Rule,
    /// The category of the rule.
    Category,
    /// The scene.
    Scene,
    /// The pseudonym of the sender.
    Sender,
    /// The pseudonym of the conversation.
    Conversation,
}

/// Alerts that are alike in all these, and close in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grouping {
    /// How close, in seconds.
    pub seconds: u32,
    /// In what they are alike.
    pub by: Vec<Field>,
}

/// Alerts that are not told for a while. All that is given must be the case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Silence {
    /// Of this tenant.
    pub tenant: Option<String>,
    /// Of this rule.
    pub rule: Option<String>,
    /// Of this category, or one below it.
    pub category: Option<String>,
    /// Raised before this.
    #[serde(with = "named::time")]
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

impl Silence {
    fn covers(&self, alert: &Alert) -> bool {
        let facts = &alert.facts;
        let below = |category: &String| {
            facts
                .category
                .strip_prefix(&**category)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        facts.raised < self.until
            && self
                .tenant
                .as_ref()
                .is_none_or(|tenant| *tenant == facts.tenant)
            && self.rule.as_ref().is_none_or(|rule| *rule == facts.rule)
            && self.category.as_ref().is_none_or(below)
    }
}

/// What a sink is spared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    /// Alerts of one group become one notice, which names the others. The first waits so many seconds for them.
    pub group: Option<Grouping>,
    /// An alert like one that was told so many seconds before, or fewer, is not told.
    pub dedup: Option<Grouping>,
    /// What is not told for a while.
    pub silences: Vec<Silence>,
}

/// [`Notify`], at work.
#[derive(Debug, Default)]
pub(super) struct Muter {
    /// When one like it was told, and which that was.
    told: BTreeMap<Vec<String>, (Timestamp, AlertId)>,
}

/// Keys that are remembered before those whose time is over are dropped.
const REMEMBERED: usize = 10_000;

impl Muter {
    /// Whether an alert is not to be told. The same answer for the same alert, for a notice may be tried many times.
    pub(super) fn mutes(&mut self, notify: &Notify, alert: &Alert) -> bool {
        if notify.silences.iter().any(|silence| silence.covers(alert)) {
            return true;
        }
        let Some(dedup) = &notify.dedup else {
            return false;
        };
        let at = alert.facts.raised;
        let over = |told: Timestamp| at.0.saturating_sub(told.0) >= i64::from(dedup.seconds);
        let key = key(&dedup.by, alert);
        let id = alert.facts.id;
        if let Some((told, which)) = self.told.get(&key)
            && !over(*told)
        {
            return *which != id;
        }
        if self.told.len() >= REMEMBERED {
            self.told.retain(|_, (told, _)| !over(*told));
        }
        self.told.insert(key, (at, id));
        false
    }
}

fn key(by: &[Field], alert: &Alert) -> Vec<String> {
    let (facts, particulars) = (&alert.facts, &alert.particulars);
    by.iter()
        .map(|field| match field {
            Field::Tenant => facts.tenant.clone(),
            Field::Rule => facts.rule.clone(),
            Field::Category => facts.category.clone(),
            Field::Scene => facts.scene.name().to_owned(),
            Field::Sender => particulars
                .sender
                .map_or_else(String::new, |p| p.to_string()),
            Field::Conversation => particulars
                .conversation
                .map_or_else(String::new, |p| p.to_string()),
        })
        .collect()
}

/// Joins notices of one group to the first of them, in order. Notes are left alone.
pub(super) fn grouped(grouping: &Grouping, notices: Vec<Notice>) -> Vec<Notice> {
    let mut groups: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    let mut out: Vec<Notice> = Vec::new();
    for notice in notices {
        let Told::Alert(alert) = &notice.told else {
            out.push(notice);
            continue;
        };
        match groups.get(&key(&grouping.by, alert)) {
            Some(first) => {
                let first = &mut out[*first];
                first.grouped.push(alert.facts.id);
                // The last head is the one that shows most.
                first.head = notice.head;
            }
            None => {
                groups.insert(key(&grouping.by, alert), out.len());
                out.push(notice);
            }
        }
    }
    out
}
