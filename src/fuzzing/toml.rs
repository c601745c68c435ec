//! Packs as TOML.

use std::fmt::Write as _;

use crate::pack::{Condition, List, ListRef, Operand, Pack, Rule, Term};
use crate::primitives::{Scene, Scenes, Timestamp};
use crate::variant::{Variant, Variants};

/// The file of a pack. Each rule gets a sample that matches nothing in particular: samples are not run here.
pub(super) fn write(pack: &Pack) -> String {
    let mut out = String::from("format = 1\n\n[pack]\n");
    for (key, value) in [
        ("id", &pack.id),
        ("version", &pack.version),
        ("title", &pack.title),
    ] {
        line(&mut out, key, &string(value));
    }
    if !pack.except.is_empty() {
        line(&mut out, "except", &terms(&pack.except));
    }
    out.push_str("[pack.defaults]\nvariants = \"standard\"\n\n[lists]\n");
    for list in &pack.lists {
        line(&mut out, &list.name, &whole_list(list));
    }
    for rule in &pack.rules {
        write_rule(&mut out, pack, rule);
    }
    out
}

fn line(out: &mut String, key: &str, value: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{key} = {value}");
}

fn write_rule(out: &mut String, pack: &Pack, rule: &Rule) {
    let condition = |condition: &Condition| string(&written(pack, rule, condition));
    out.push_str("\n[[rule]]\n");
    line(out, "id", &string(&rule.id));
    line(out, "category", &string(&rule.category));
    line(out, "severity", &string(rule.severity.name()));
    line(out, "action", &string(rule.action.name()));
    line(out, "alert", &rule.alert.to_string());
    line(out, "status", &string(rule.status.name()));
    let simple = rule.lists.iter().find(|list| &*list.name == "terms");
    match simple {
        Some(list) => line(out, "terms", &terms(&list.terms)),
        None => line(out, "when", &condition(&rule.when)),
    }
    if let Some(lower) = &rule.lower {
        let mut value = format!("{{ when = {}, ", condition(&lower.when));
        if let Some(unless) = &lower.unless {
            let _ = write!(value, "unless = {}, ", condition(unless));
        }
        let _ = write!(value, "to = {} }}", string(lower.to.name()));
        line(out, "lower", &value);
    }
    if !rule.except.is_empty() {
        line(out, "except", &terms(&rule.except));
    }
    if rule.min_confidence > 0 {
        line(
            out,
            "min_confidence",
            &format!("0.{:02}", rule.min_confidence),
        );
    }
    if rule.rollout < 10_000 {
        let (percent, rest) = (rule.rollout / 100, rule.rollout % 100);
        line(out, "rollout", &format!("{percent}.{rest:02}"));
    }
    if rule.scenes != Scenes::ALL {
        let scenes = Scene::ALL
            .into_iter()
            .filter(|scene| rule.scenes.contains(*scene));
        line(
            out,
            "scenes",
            &array(scenes.map(|scene| string(scene.name()))),
        );
    }
    let period: Vec<String> = [("from", rule.from), ("until", rule.until)]
        .into_iter()
        .filter_map(|(key, at)| Some(format!("{key} = {}", date(at?))))
        .collect();
    if !period.is_empty() {
        line(out, "effective", &format!("{{ {} }}", period.join(", ")));
    }
    if !rule.references.is_empty() {
        line(
            out,
            "references",
            &array(rule.references.iter().map(|text| string(text))),
        );
    }
    let own: Vec<&List> = match simple {
        Some(_) => Vec::new(),
        None => rule.lists.iter().collect(),
    };
    if !own.is_empty() {
        out.push_str("[rule.lists]\n");
        for list in own {
            line(out, &list.name, &whole_list(list));
        }
    }
    out.push_str("[rule.samples]\nmatch = [\"a sample\"]\npass = [\"another sample\"]\n");
    for listing in &rule.listings {
        out.push_str("[[rule.listings]]\n");
        line(out, "list", &string(&listing.list));
        line(out, "reference", &string(&listing.reference));
        for (key, at) in [("from", listing.from), ("until", listing.until)] {
            if let Some(at) = at {
                line(out, key, &date(at));
            }
        }
    }
}

fn whole_list(list: &List) -> String {
    let own = terms(&list.terms);
    if list.except.is_empty() {
        return own;
    }
    format!("{{ terms = {own}, except = {} }}", terms(&list.except))
}

fn terms(terms: &[Term]) -> String {
    array(terms.iter().map(term))
}

fn term(term: &Term) -> String {
    let text = string(&term.text);
    let mut keys = vec![format!(
        "{} = {text}",
        if term.regex { "regex" } else { "text" }
    )];
    if let Some(word) = term.word {
        keys.push(format!("word = {word}"));
    }
    if term.variants == Variants::STANDARD.without(Variant::Case) {
        keys.push("case_sensitive = true".to_owned());
    } else if term.variants != Variants::STANDARD {
        let names = term.variants.iter().map(|variant| string(variant.name()));
        keys.push(format!("variants = {}", array(names)));
    }
    if keys.len() == 1 && !term.regex {
        text
    } else {
        format!("{{ {} }}", keys.join(", "))
    }
}

fn written(pack: &Pack, rule: &Rule, condition: &Condition) -> String {
    let operand = |operand: &Operand| match operand {
        Operand::List(ListRef::Pack(index)) => pack.lists[*index].name.to_string(),
        Operand::List(ListRef::Rule(index)) => rule.lists[*index].name.to_string(),
        Operand::Category(category) => format!("@{category}"),
    };
    let joined = |operands: &[Operand], by: &str| -> String {
        let names: Vec<String> = operands.iter().map(operand).collect();
        names.join(by)
    };
    let side = |operands: &[Operand]| match operands {
        [one] => operand(one),
        _ => format!("({})", joined(operands, " or ")),
    };
    let members = |members: &[Condition], by: &str| -> String {
        let members: Vec<String> = members
            .iter()
            .map(|member| match member {
                Condition::Any(_) => written(pack, rule, member),
                _ => format!("({})", written(pack, rule, member)),
            })
            .collect();
        members.join(by)
    };
    match condition {
        Condition::Any(one) => operand(one),
        Condition::And(all) => members(all, " and "),
        Condition::Or(all) => members(all, " or "),
        Condition::Not(member) => format!("not {}", members(std::slice::from_ref(&**member), "")),
        Condition::Near {
            left,
            right,
            distance,
            ordered,
        } => {
            let operator = if *ordered { "then" } else { "near" };
            format!("{} {operator}/{distance} {}", side(left), side(right))
        }
        Condition::Lists { count, of } => format!("{count} of ({})", joined(of, ", ")),
        Condition::Terms { count, of } => format!("{count} of {}", operand(of)),
    }
}

/// The day of a moment at midnight UTC, of the years that packs are made with.
fn date(at: Timestamp) -> String {
    for year in 2025..2029 {
        for month in 1..=12 {
            for day in 1..=31 {
                if Timestamp::from_date(year, month, day) == Some(at) {
                    return format!("{year}-{month:02}-{day:02}");
                }
            }
        }
    }
    "1970-01-01".to_owned()
}

fn array(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(", "))
}

fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out + "\""
}
