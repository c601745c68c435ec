//! CloudEvents 1.0, structured mode.

use serde_json::{Map, Value, json};

use super::{Notice, Told};

/// The notice as a CloudEvent whose data is the alert, or the note, with its place in the chain. Its id is [`Notice::id`].
pub fn cloud_event(notice: &Notice) -> Value {
    let mut event = Map::new();
    let mut set = |key: &str, value: Value| {
        event.insert(key.to_owned(), value);
    };
    set("specversion", "1.0".into());
    set("id", notice.id().into());
    set("source", "urn:tidegate".into());
    set("time", notice.at().to_string().into());
    set("datacontenttype", "application/json".into());
    let mut data = match &notice.told {
        Told::Alert(alert) => {
            set("type", "tidegate.alert.raised".into());
            set("subject", alert.facts.rule.clone().into());
            // Extension attributes are lower-case letters and digits, and may not be empty.
            let extensions = [
                ("tenantid", Some(&alert.facts.tenant)),
                ("ruleid", Some(&alert.facts.rule)),
                ("packversion", alert.facts.pack_version.as_ref()),
            ];
            for (key, value) in extensions {
                if let Some(value) = value.filter(|value| !value.is_empty()) {
                    set(key, value.clone().into());
                }
            }
            json!(alert)
        }
        Told::Note(note) => {
            set("type", format!("tidegate.alert.{}", note.kind()).into());
            json!(note)
        }
    };
    data["chain"] = json!(notice.head);
    if !notice.grouped.is_empty() {
        data["grouped"] = json!(notice.grouped);
    }
    set("data", data);
    Value::Object(event)
}
