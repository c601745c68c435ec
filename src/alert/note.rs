//! What was done with alerts.

use serde::{Deserialize, Serialize};

use super::chain::ChainHash;
use super::identity::AlertId;
use super::named;
use crate::primitives::Timestamp;
use crate::verdict::Action;

/// A record that is no alert: what was done with alerts, and by whom. In the same chain, in the clear, without personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Note {
    /// What alerts held was erased, and the keys with it.
    Erased {
        /// The numbers of their records, as ranges with both ends in.
        records: Vec<(u64, u64)>,
        /// Their ids, so that those who hold copies can erase them; none for what merely grew old.
        ids: Vec<AlertId>,
        /// Why.
        ground: String,
        /// Who, as a role.
        by: String,
        /// When.
        #[serde(with = "named::time")]
        at: Timestamp,
    },
    /// An alert is kept beyond its time.
    Held {
        /// Which.
        id: AlertId,
        /// Why: the law or the order.
        ground: String,
        /// Until when, exclusively.
        #[serde(with = "named::time")]
        until: Timestamp,
        /// Who, as a role.
        by: String,
        /// When.
        #[serde(with = "named::time")]
        at: Timestamp,
    },
    /// A hold was ended.
    Released {
        /// Which.
        id: AlertId,
        /// Why.
        ground: String,
        /// Who, as a role.
        by: String,
        /// When.
        #[serde(with = "named::time")]
        at: Timestamp,
    },
    /// A case was exported.
    Exported {
        /// Which.
        id: AlertId,
        /// The digest of the file.
        digest: ChainHash,
        /// Why.
        ground: String,
        /// Who, as a role.
        by: String,
        /// When.
        #[serde(with = "named::time")]
        at: Timestamp,
    },
    /// The store was put under another master key.
    Rekeyed {
        /// Why.
        ground: String,
        /// Who, as a role.
        by: String,
        /// When.
        #[serde(with = "named::time")]
        at: Timestamp,
    },
    /// Alerts were not stored, and the policy was to go on.
    Spilled {
        /// How many, by tenant and rule.
        alerts: Vec<(String, String, u64)>,
        /// The code of the trouble.
        why: String,
        /// When this was written; they were raised before.
        #[serde(with = "named::time")]
        at: Timestamp,
    },
    /// A person decided on the message of an alert.
    Decided {
        /// Which.
        id: AlertId,
        /// What is to be done with it.
        #[serde(with = "named")]
        action: Action,
        /// Who, as a role.
        by: String,
        /// When.
        #[serde(with = "named::time")]
        at: Timestamp,
    },
    /// A decision was reversed.
    Reversed {
        /// Which.
        id: AlertId,
        /// Why.
        ground: String,
        /// Who, as a role.
        by: String,
        /// When.
        #[serde(with = "named::time")]
        at: Timestamp,
    },
}

impl Note {
    /// Its kind, as JSON names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Erased { .. } => "erased",
            Self::Held { .. } => "held",
            Self::Released { .. } => "released",
            Self::Exported { .. } => "exported",
            Self::Rekeyed { .. } => "rekeyed",
            Self::Spilled { .. } => "spilled",
            Self::Decided { .. } => "decided",
            Self::Reversed { .. } => "reversed",
        }
    }

    /// What of it concerns these alerts; `None` if nothing does. What is said of the whole store concerns none.
    #[must_use]
    pub fn about(&self, alerts: &dyn Fn(AlertId) -> bool) -> Option<Self> {
        match self {
            Self::Erased {
                ids,
                ground,
                by,
                at,
                ..
            } => {
                let ids: Vec<AlertId> = ids.iter().copied().filter(|id| alerts(*id)).collect();
                (!ids.is_empty()).then(|| Self::Erased {
                    records: Vec::new(),
                    ids,
                    ground: ground.clone(),
                    by: by.clone(),
                    at: *at,
                })
            }
            Self::Held { id, .. }
            | Self::Released { id, .. }
            | Self::Exported { id, .. }
            | Self::Decided { id, .. }
            | Self::Reversed { id, .. } => alerts(*id).then(|| self.clone()),
            Self::Rekeyed { .. } | Self::Spilled { .. } => None,
        }
    }

    /// When it was made.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Erased { at, .. }
            | Self::Held { at, .. }
            | Self::Released { at, .. }
            | Self::Exported { at, .. }
            | Self::Rekeyed { at, .. }
            | Self::Spilled { at, .. }
            | Self::Decided { at, .. }
            | Self::Reversed { at, .. } => *at,
        }
    }
}
