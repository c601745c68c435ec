//! CEF, version 0.

use super::{Notice, Told};
use crate::verdict::Severity;

/// The notice as one line of CEF; `None` for what is no alert.
pub fn cef(notice: &Notice) -> Option<String> {
    let Told::Alert(alert) = &notice.told else {
        return None;
    };
    let facts = &alert.facts;
    let severity = match facts.severity {
        Severity::Info => 1,
        Severity::Low => 3,
        Severity::Medium => 5,
        Severity::High => 8,
        Severity::Critical => 10,
    };
    let mut line = format!(
        "CEF:0|tidegate|tidegate|{}|{}|{}|{severity}|",
        env!("CARGO_PKG_VERSION"),
        header(&facts.rule),
        header(&facts.category),
    );
    let particulars = &alert.particulars;
    let mut extension = vec![
        ("rt", facts.raised.0.saturating_mul(1_000).to_string()),
        ("externalId", facts.id.to_string()),
        ("act", facts.decided.name().to_owned()),
        ("cs1Label", "tenant".to_owned()),
        ("cs1", facts.tenant.clone()),
        ("cs2Label", "chain".to_owned()),
        ("cs2", format!("{}:{}", notice.head.seq, notice.head.hash)),
        ("cs3Label", "message".to_owned()),
        ("cs3", particulars.message.clone()),
        ("cs4Label", "scene".to_owned()),
        ("cs4", facts.scene.name().to_owned()),
    ];
    if let Some(sender) = particulars.sender {
        extension.push(("suid", sender.to_string()));
    }
    if let Some(conversation) = particulars.conversation {
        extension.push(("cs5Label", "conversation".to_owned()));
        extension.push(("cs5", conversation.to_string()));
    }
    if !notice.grouped.is_empty() {
        extension.push(("cnt", (notice.grouped.len() + 1).to_string()));
    }
    for (number, (key, value)) in extension.iter().enumerate() {
        if number > 0 {
            line.push(' ');
        }
        line.push_str(key);
        line.push('=');
        escape(value, &['\\', '='], &mut line);
    }
    Some(line)
}

fn header(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(&text.replace(['\r', '\n'], " "), &['\\', '|'], &mut out);
    out
}

fn escape(text: &str, special: &[char], out: &mut String) {
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c => {
                if special.contains(&c) {
                    out.push('\\');
                }
                out.push(c);
            }
        }
    }
}
