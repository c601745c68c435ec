//! Problems as SARIF 2.1.0, which code hosts and editors read (OASIS, "Static Analysis Results Interchange Format", 27 March 2020).

use std::io::Write;

use serde_json::{Value, json};
use tidegate::diag::codes::{self, CODES};
use tidegate::diag::{Lang, Level, Placed, Said};

use crate::packs::Loaded;
use crate::{Broke, term};

pub(super) fn write(loaded: &[Loaded], lang: Lang, out: &mut term::Out) -> Result<(), Broke> {
    let of_lang = |(en, zh): (&'static str, &'static str)| match lang {
        Lang::En => en,
        Lang::Zh => zh,
    };
    let rules: Vec<Value> = CODES
        .iter()
        .map(|code| {
            json!({
                "id": code.name,
                "shortDescription": { "text": of_lang(code.title) },
                "fullDescription": { "text": of_lang(code.explanation) },
                "help": { "text": of_lang(code.explanation) },
                "defaultConfiguration": { "level": level(code.level) },
            })
        })
        .collect();
    let results: Vec<Value> = loaded
        .iter()
        .flat_map(|loaded| {
            loaded
                .problems
                .placed()
                .map(move |placed| result(loaded, &placed, lang))
        })
        .collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "tidegate",
                "version": env!("CARGO_PKG_VERSION"),
                "language": match lang { Lang::En => "en-US", Lang::Zh => "zh-CN" },
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}

fn result(loaded: &Loaded, placed: &Placed<'_>, lang: Lang) -> Value {
    let problem = placed.diagnostic;
    let said = |said: &Said| said.in_lang(lang).to_owned();
    let mut text = said(&problem.message);
    if let Some(help) = &problem.help {
        text.push('\n');
        text.push_str(help.in_lang(lang));
    }
    let uri = uri(loaded, &problem.file);
    let mut result = json!({
        "ruleId": problem.code,
        "ruleIndex": CODES.iter().position(|code| code.name == problem.code),
        "level": level(codes::by_name(problem.code).map_or(problem.level, |code| code.level)),
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri },
            "region": region(placed.start.line, placed.start.column, placed.end.line, placed.end.column),
        } }],
    });
    if !placed.labels.is_empty() {
        let labels: Vec<Value> = placed
            .labels
            .iter()
            .enumerate()
            .map(|(id, label)| {
                json!({
                    "id": id,
                    "physicalLocation": {
                        "artifactLocation": { "uri": uri },
                        "region": region(label.start.line, label.start.column, label.end.line, label.end.column),
                    },
                    "message": { "text": said(label.said) },
                })
            })
            .collect();
        result["relatedLocations"] = Value::Array(labels);
    }
    if let (Some(fix), Some(help)) = (&problem.fix, &problem.help) {
        let replacements: Vec<Value> = fix
            .edits
            .iter()
            .map(|edit| {
                let range = edit.range();
                json!({
                    "deletedRegion": { "byteOffset": range.start, "byteLength": range.len() },
                    "insertedContent": { "text": edit.text },
                })
            })
            .collect();
        result["fixes"] = json!([{
            "description": { "text": said(help) },
            "artifactChanges": [{ "artifactLocation": { "uri": uri }, "replacements": replacements }],
        }]);
    }
    result
}

fn region(line: usize, column: usize, end_line: usize, end_column: usize) -> Value {
    json!({ "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column })
}

/// The file as a URI reference, relative where the path is. Word files lie beside their pack.
fn uri(loaded: &Loaded, file: &str) -> String {
    let path = if *file == *loaded.name {
        file.to_owned()
    } else {
        let home = loaded.name.rsplit_once('/').map_or("", |(home, _)| home);
        if home.is_empty() {
            file.to_owned()
        } else {
            format!("{home}/{file}")
        }
    };
    let mut uri = String::new();
    for byte in path.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
