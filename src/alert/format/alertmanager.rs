//! Alertmanager, API version 2.

use serde_json::{Value, json};

use super::{Notice, Told};

/// The notice as one alert of a `POST /api/v2/alerts`; `None` for what is no alert.
///
/// Labels make the identity of an alert there, so they say what kind it is, and no id: Alertmanager groups the rest itself.
pub fn alertmanager(notice: &Notice) -> Option<Value> {
    let Told::Alert(alert) = &notice.told else {
        return None;
    };
    let facts = &alert.facts;
    Some(json!({
        "labels": {
            "alertname": facts.rule,
            "tenant": facts.tenant,
            "category": facts.category,
            "severity": facts.severity.name(),
            "action": facts.decided.name(),
            "scene": facts.scene.name(),
        },
        "annotations": {
            "alert": facts.id.to_string(),
            "message": alert.particulars.message,
            "references": facts.references.join(", "),
            "chain": format!("{}:{}", notice.head.seq, notice.head.hash),
            "grouped": (notice.grouped.len() + 1).to_string(),
        },
        "startsAt": facts.raised.to_string(),
    }))
}
