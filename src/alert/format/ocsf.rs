//! OCSF 1.3 Detection Finding, with the profile `security_control`.

use serde_json::{Value, json};

use super::{Notice, Told};
use crate::verdict::{Action, Severity};

/// The notice as a Detection Finding: created for an alert, updated for what was done with one. What OCSF has no place for is under
/// `unmapped`.
pub fn ocsf(notice: &Notice) -> Value {
    let time = notice.at().0.saturating_mul(1_000);
    let metadata = json!({
        "version": "1.3.0",
        "uid": notice.id(),
        "product": { "name": "tidegate", "vendor_name": "tidegate", "version": env!("CARGO_PKG_VERSION") },
        "profiles": ["security_control"],
    });
    match &notice.told {
        Told::Alert(alert) => {
            let facts = &alert.facts;
            // Severity and disposition ids of the schema.
            let severity = match facts.severity {
                Severity::Info => 1,
                Severity::Low => 2,
                Severity::Medium => 3,
                Severity::High => 4,
                Severity::Critical => 5,
            };
            let (action, disposition, name) = match facts.decided {
                Action::Pass => (3, 17, "Logged"),
                Action::Mask => (4, 11, "Corrected"),
                Action::Review => (2, 3, "Quarantined"),
                Action::Block => (2, 2, "Blocked"),
            };
            json!({
                "activity_id": 1,
                "category_uid": 2,
                "class_uid": 2004,
                "type_uid": 200_401,
                "time": time,
                "severity_id": severity,
                "status_id": 1,
                "action_id": action,
                "disposition_id": disposition,
                "disposition": name,
                "metadata": metadata,
                "finding_info": {
                    "uid": facts.id,
                    "title": facts.rule,
                    "types": [facts.category],
                    "created_time": time,
                    "analytic": {
                        "type_id": 1,
                        "type": "Rule",
                        "uid": facts.rule,
                        "version": facts.pack_version,
                    },
                },
                "unmapped": {
                    "alert": alert,
                    "chain": notice.head,
                    "grouped": notice.grouped,
                },
            })
        }
        Told::Note(note) => json!({
            "activity_id": 2,
            "category_uid": 2,
            "class_uid": 2004,
            "type_uid": 200_402,
            "time": time,
            "severity_id": 1,
            "status_id": 99,
            "status": note.kind(),
            // The profile wants them, and here nothing was controlled.
            "action_id": 0,
            "disposition_id": 0,
            "metadata": metadata,
            "finding_info": { "uid": notice.id(), "title": note.kind() },
            "unmapped": { "note": note, "chain": notice.head },
        }),
    }
}
