//! `tidegate base`: keeping the base library current.

mod list;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use tidegate::pack::Pack;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::check::Format;
use crate::packs;
use crate::term;
use crate::{Broke, Done, time};
use list::Entity;

/// Looks after the base library
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Diff(DiffArgs),
}

/// Compares a consolidated list file of the UN Security Council with the base library
///
/// Shows the organisations of the terrorism regimes that were added, changed and removed since, and what to write. Exits with 0
/// whether or not there are any, and with 2 if the file is no such list.
#[derive(Debug, clap::Args)]
struct DiffArgs {
    /// The list, as the Security Council publishes it in XML
    #[arg(value_name = "LIST.xml")]
    list: PathBuf,
    /// For people, or one JSON object
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let Command::Diff(args) = &args.command;
    let list = list::read(&args.list).map_err(Broke::Usage)?;
    let packs = tidegate::base::packs().map_err(packs::broken)?;
    let diff = Diff::of(&list, &Held::by_reference(&packs));
    let mut out = term::Out::new();
    match args.format {
        Format::Human => human(&mut out, &diff)?,
        Format::Json => {
            serde_json::to_writer(&mut out, &diff).map_err(io::Error::from)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(Done::Well)
}

/// An entry of the United Nations as the base holds it.
#[derive(Default)]
struct Held {
    /// Full id of the rule of the organisation.
    rule: String,
    from: Option<String>,
    until: Option<String>,
    /// Names, folded, of all rules with the reference.
    names: BTreeSet<String>,
}

impl Held {
    fn by_reference(packs: &[Pack]) -> BTreeMap<String, Self> {
        let mut held: BTreeMap<String, Self> = BTreeMap::new();
        for pack in packs {
            for rule in &pack.rules {
                for listing in rule
                    .listings
                    .iter()
                    .filter(|listing| &*listing.list == "UN")
                {
                    let entry = held.entry(listing.reference.to_string()).or_default();
                    // The ambiguous names of an organisation have a rule of their own, which repeats the listing.
                    if entry.rule.is_empty() || &*pack.id == "base.organisations" {
                        entry.rule = format!("{}/{}", pack.id, rule.id);
                        entry.from = listing.from.map(day);
                        entry.until = listing.until.map(day);
                    }
                    let terms = rule.lists.iter().flat_map(|list| &list.terms);
                    entry.names.extend(terms.map(|term| fold(&term.text)));
                }
            }
        }
        held
    }
}

fn day(at: tidegate::Timestamp) -> String {
    time::show(at).chars().take(10).collect()
}

/// Letters and digits alone, without case and marks: what two spellings of a name on a list have in common.
fn fold(name: &str) -> String {
    name.nfkd()
        .filter(|c| !is_combining_mark(*c))
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// What changed.
#[derive(Debug, Serialize)]
struct Diff<'a> {
    /// The day that the base stands on.
    base_as_of: &'static str,
    /// The day that the list was made on.
    list_generated: Option<&'a str>,
    /// Entities of the terrorism regimes in the list.
    compared: usize,
    added: Vec<&'a Entity>,
    changed: Vec<Changed<'a>>,
    removed: Vec<Removed>,
    /// Entities that could not be compared: in which line, and what is missing.
    unread: &'a [list::Unread],
}

#[derive(Debug, Serialize)]
struct Changed<'a> {
    reference: &'a str,
    rule: String,
    /// The day of listing, in the base and in the list, where both have one and they differ.
    listed_on: Option<[String; 2]>,
    /// Names in the list that the base does not have.
    names: Vec<&'a str>,
    /// The base says that the entry ended; the list has it.
    relisted: bool,
}

#[derive(Debug, Serialize)]
struct Removed {
    reference: String,
    rule: String,
    /// What to write into the listing: it is in the list of no later day.
    until: Option<String>,
}

impl<'a> Diff<'a> {
    fn of(list: &'a list::List, held: &BTreeMap<String, Held>) -> Self {
        let mut diff = Self {
            base_as_of: tidegate::base::AS_OF,
            list_generated: list.generated.as_deref(),
            compared: list.entities.len(),
            added: Vec::new(),
            changed: Vec::new(),
            removed: Vec::new(),
            unread: &list.unread,
        };
        let mut there = BTreeSet::new();
        for entity in &list.entities {
            there.insert(&*entity.reference);
            let Some(base) = held.get(&entity.reference) else {
                diff.added.push(entity);
                continue;
            };
            let listed_on = match (&base.from, &entity.listed_on) {
                (Some(ours), Some(theirs)) if ours != theirs => {
                    Some([ours.clone(), theirs.clone()])
                }
                _ => None,
            };
            let names = std::iter::once(&entity.name).chain(&entity.names);
            let names: Vec<&str> = names
                .filter(|name| !known(name, &base.names))
                .map(String::as_str)
                .collect();
            let relisted = base.until.is_some();
            if listed_on.is_some() || !names.is_empty() || relisted {
                diff.changed.push(Changed {
                    reference: &entity.reference,
                    rule: base.rule.clone(),
                    listed_on,
                    names,
                    relisted,
                });
            }
        }
        for (reference, base) in held {
            if !list::of_terrorism(reference)
                || there.contains(&**reference)
                || base.until.is_some()
            {
                continue;
            }
            diff.removed.push(Removed {
                reference: reference.clone(),
                rule: base.rule.clone(),
                until: list.generated.clone(),
            });
        }
        diff
    }

    fn is_stale(&self) -> bool {
        self.list_generated.is_some_and(|day| day < self.base_as_of)
    }
}

/// Whether a name is there, as a whole, without what stands in brackets, or as each of the names that a slash parts.
fn known(name: &str, names: &BTreeSet<String>) -> bool {
    let there = |part: &str| {
        let outside = part.split('(').next().unwrap_or(part);
        names.contains(&fold(part)) || names.contains(&fold(outside))
    };
    there(name) || name.contains('/') && name.split('/').all(there)
}

fn human(out: &mut term::Out, diff: &Diff<'_>) -> io::Result<()> {
    let made = diff.list_generated.unwrap_or("an unknown day");
    writeln!(
        out,
        "The base stands on the lists as of {}; this list was made on {made}.",
        diff.base_as_of
    )?;
    if diff.is_stale() {
        writeln!(
            out,
            "It is older than the base: what it lacks may be new, not removed."
        )?;
    }
    for entity in &diff.added {
        writeln!(
            out,
            "\nadded    {}  {}",
            term::shown(&entity.reference),
            term::shown(&entity.name)
        )?;
        if let Some(day) = &entity.listed_on {
            writeln!(out, "  listed on {day}")?;
        }
        for name in &entity.names {
            writeln!(out, "  also {}", term::shown(name))?;
        }
        writeln!(
            out,
            "  write a rule with this listing in rules/base/organisations.toml"
        )?;
    }
    for changed in &diff.changed {
        writeln!(out, "\nchanged  {}  {}", changed.reference, changed.rule)?;
        if let Some([ours, theirs]) = &changed.listed_on {
            writeln!(out, "  listed on {theirs}, not on {ours}")?;
        }
        if changed.relisted {
            writeln!(
                out,
                "  in the list again: take `until` out, or add a listing"
            )?;
        }
        for name in &changed.names {
            writeln!(out, "  not in the base: {}", term::shown(name))?;
        }
    }
    for removed in &diff.removed {
        writeln!(out, "\nremoved  {}  {}", removed.reference, removed.rule)?;
        match &removed.until {
            Some(day) => writeln!(
                out,
                "  write `until = {day}`, or the day of the delisting, into the listing"
            )?,
            None => writeln!(
                out,
                "  write the day of the delisting as `until` into the listing"
            )?,
        }
    }
    for unread in diff.unread {
        writeln!(out, "\nunread   line {}: {}", unread.line, unread.problem)?;
    }
    writeln!(
        out,
        "\n{} organisations compared: {} added, {} changed, {} removed",
        diff.compared,
        diff.added.len(),
        diff.changed.len(),
        diff.removed.len()
    )
}
