//! The consolidated list of the UN Security Council, as XML.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use roxmltree::{Document, Node, ParsingOptions};
use serde::Serialize;

/// No list comes near: that of 2020 has 1.6 MB and some 60,000 nodes.
const MOST_BYTES: u64 = 64 << 20;
const MOST_NODES: u32 = 4_000_000;
/// That the attributes of an element differ costs the square of their number, and no attribute is without its sign. A list has a handful,
/// and links in its text.
const MOST_EQUALS_SIGNS: usize = 20_000;

/// What a list says of the terrorism regimes.
#[derive(Debug)]
pub(super) struct List {
    /// The day it was made on.
    pub(super) generated: Option<String>,
    /// In the order of the file; each reference once.
    pub(super) entities: Vec<Entity>,
    pub(super) unread: Vec<Unread>,
}

/// An organisation.
#[derive(Debug, Serialize)]
pub(super) struct Entity {
    pub(super) reference: String,
    pub(super) name: String,
    pub(super) listed_on: Option<String>,
    /// Other names, in the original script too.
    pub(super) names: Vec<String>,
}

/// An entity that lacks what it is known by.
#[derive(Debug, Serialize)]
pub(super) struct Unread {
    pub(super) line: u32,
    pub(super) problem: &'static str,
}

/// Whether a reference belongs to a regime for terrorism: the ISIL (Da'esh) and Al-Qaida list, the list under resolution 1988, and Al-Shabaab
/// of the Somalia list. The other regimes of the file are about other things.
pub(super) fn of_terrorism(reference: &str) -> bool {
    reference.starts_with("QDe.") || reference.starts_with("TAe.") || reference == "SOe.001"
}

/// Reads a list. The problem says what to hand in instead.
pub(super) fn read(path: &Path) -> Result<List, String> {
    let said = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| said(&error))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(said(&format_args!(
            "more than {} MiB; a list of the Security Council has a few",
            MOST_BYTES >> 20
        )));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| said(&"not UTF-8; download the list again as XML, unchanged"))?;
    parse(text.trim_start_matches('\u{feff}')).map_err(|problem| said(&problem))
}

fn parse(text: &str) -> Result<List, String> {
    if text.bytes().filter(|byte| *byte == b'=').count() > MOST_EQUALS_SIGNS {
        return Err(
            "too many attributes for a list of the Security Council; download it again as XML, unchanged".to_owned(),
        );
    }
    // Document types, and with them entities that grow, are refused.
    let options = ParsingOptions {
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|error| {
        format!("no XML that can be read ({error}); download the list again as XML, unchanged")
    })?;
    let root = document.root_element();
    if root.tag_name().name() != "CONSOLIDATED_LIST" {
        return Err(format!(
            "the root is `{}`, not `CONSOLIDATED_LIST`; hand in the consolidated list of the UN Security Council as XML",
            shortened(root.tag_name().name())
        ));
    }
    let mut list = List {
        generated: root.attribute("dateGenerated").and_then(day),
        entities: Vec::new(),
        unread: Vec::new(),
    };
    let mut any = false;
    let mut seen = std::collections::BTreeSet::new();
    for entity in children(root, "ENTITIES").flat_map(|entities| children(entities, "ENTITY")) {
        any = true;
        let mut unread = |problem| {
            list.unread.push(Unread {
                line: document.text_pos_at(entity.range().start).row,
                problem,
            });
        };
        let Some(reference) = value(entity, "REFERENCE_NUMBER") else {
            unread("an entity without REFERENCE_NUMBER");
            continue;
        };
        if !of_terrorism(&reference) {
            continue;
        }
        let Some(name) = value(entity, "FIRST_NAME") else {
            unread("an entity without FIRST_NAME");
            continue;
        };
        if !seen.insert(reference.clone()) {
            unread("a reference that stands in the list twice");
            continue;
        }
        let aliases =
            children(entity, "ENTITY_ALIAS").filter_map(|alias| value(alias, "ALIAS_NAME"));
        list.entities.push(Entity {
            listed_on: value(entity, "LISTED_ON").as_deref().and_then(day),
            names: aliases
                .chain(value(entity, "NAME_ORIGINAL_SCRIPT"))
                .collect(),
            reference,
            name,
        });
    }
    if !any {
        return Err(
            "it lists no entities; hand in the whole consolidated list of the UN Security Council"
                .to_owned(),
        );
    }
    Ok(list)
}

fn children<'a, 'input>(
    node: Node<'a, 'input>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children()
        .filter(move |child| child.tag_name().name() == name)
}

/// The text of an element, white space made one; none if it is missing or empty.
fn value(node: Node<'_, '_>, name: &'static str) -> Option<String> {
    let element = children(node, name).next()?;
    let text: Vec<&str> = element
        .children()
        .filter_map(|child| child.text())
        .flat_map(str::split_whitespace)
        .collect();
    Some(text.join(" ")).filter(|text| !text.is_empty())
}

/// The day of a date, with or without a time after it.
fn day(text: &str) -> Option<String> {
    let day = text.trim().get(..10)?;
    let shape = day.bytes().enumerate().all(|(i, byte)| match i {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    shape.then(|| day.to_owned())
}

/// Enough of a name to know it by.
fn shortened(name: &str) -> String {
    name.chars().take(40).collect()
}
