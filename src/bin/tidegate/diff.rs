//! `tidegate diff`: what a change of rules would do to messages that are known.
//!
//! Each message is screened by the old rules and by the new ones, and forgotten: only counts and a few samples are kept.

mod show;
mod tally;

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tidegate::{Ruleset, Scanner};

use crate::check::Format;
use crate::messages::{At, Chunk, Crew, Source};
use crate::packs::{self, Rules, TenantFile};
use crate::revision::Revision;
use crate::{Broke, Done, term, time};
use tally::{Tally, Wanted};

/// Shows what a change of rules would do to messages: which would be held, which would be let go, and by which rules
///
/// OLD and NEW are each a pack, a folder of packs, or a tenant's file; or one of these as it was at a revision of git, written
/// REV:PATH, with the path as seen from the current folder. Both stand on the base library. A message is held if its action is
/// `review` or `block`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The rules that messages are screened with now
    #[arg(value_name = "OLD")]
    old: String,
    /// The rules that they would be screened with
    #[arg(value_name = "NEW")]
    new: String,
    /// The messages, one a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    messages: PathBuf,
    /// Lines are plain texts, not JSON
    #[arg(long)]
    lines: bool,
    /// Leave the base library out, on both sides
    #[arg(long)]
    no_base: bool,
    /// Exit with 1 if more messages than this would be newly held
    #[arg(long, value_name = "N")]
    max_new_holds: Option<u64>,
    /// How many samples to show for each kind of change and each rule
    #[arg(long, value_name = "N", default_value_t = 3)]
    samples: usize,
    /// Show no text of messages, only where they stand
    #[arg(long)]
    redact: bool,
    /// For people, or one JSON object
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// The time that rules and listings are judged by: `now`, `message` (the time of each message, or now if it has none), or a time
    /// such as 2026-11-23T10:00:00Z
    #[arg(long, default_value = "now", value_parser = At::parse)]
    at: At,
}

/// The rules before the change, or after it.
struct Side<'a> {
    /// As the command line names it.
    name: &'a str,
    rules: Rules,
    tenant: Option<String>,
}

impl<'a> Side<'a> {
    fn load(name: &'a str, no_base: bool) -> Result<Self, Broke> {
        let path = Path::new(name);
        let revision = match Revision::parse(name) {
            // A file may have a colon in its name.
            Some(revision) if !path.exists() => revision,
            _ => return Self::of_files(name, path, no_base),
        };
        if let Some(source) = revision.source()?
            && packs::declares_tenant(&source)
        {
            let file = TenantFile::of(name.to_owned(), source, &mut |pack| revision.beside(pack))?;
            return Self::of_tenant(name, &file, no_base);
        }
        Ok(Self {
            name,
            rules: Rules::of(revision.load()?, no_base, None)?,
            tenant: None,
        })
    }

    fn of_files(name: &'a str, path: &Path, no_base: bool) -> Result<Self, Broke> {
        if path.is_file() && packs::declares_tenant(&packs::read_source(path)?) {
            return Self::of_tenant(name, &TenantFile::load(path)?, no_base);
        }
        Ok(Self {
            name,
            rules: Rules::load(&[path.to_owned()], no_base, None)?,
            tenant: None,
        })
    }

    fn of_tenant(name: &'a str, file: &TenantFile, no_base: bool) -> Result<Self, Broke> {
        Ok(Self {
            name,
            rules: Rules::of(Vec::new(), no_base, Some(file))?,
            tenant: Some(file.tenant.id.to_string()),
        })
    }

    /// What its rulesets are.
    fn digests(&self) -> Vec<String> {
        let rulesets = self.rules.rulesets();
        rulesets.into_iter().map(Ruleset::digest).collect()
    }
}

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let source = Source::open(Some(&args.messages))?;
    let old = Side::load(&args.old, args.no_base)?;
    let new = Side::load(&args.new, args.no_base)?;
    if let (Some(old), Some(new)) = (&old.tenant, &new.tenant)
        && old != new
    {
        return Err(Broke::Usage(format!(
            "{} is a file of the tenant `{old}`, and {} of `{new}`; compare two of one tenant",
            args.old, args.new
        )));
    }
    let wanted = Wanted {
        plain: args.lines,
        at: args.at,
        tenant: old.tenant.as_deref().or(new.tenant.as_deref()),
        samples: args.samples,
        text: !args.redact,
    };
    let crew = Crew::new(args.jobs, <[Scanner; 2]>::default)?;
    let (mut lines, bar) = source.lines(true, crew.threads());
    let began = Instant::now();
    let mut chunk = Chunk::default();
    let mut tally = Tally::default();
    let (old_rulesets, new_rulesets) = (old.rules.rulesets(), new.rules.rulesets());
    while lines.fill(&mut chunk)? {
        let now = time::now();
        let pieces = crew.work(&chunk, |scanners, lines| {
            let mut piece = Tally::default();
            for line in lines {
                piece.compare(
                    &wanted,
                    scanners,
                    [
                        (&old_rulesets, &old.rules.policy),
                        (&new_rulesets, &new.rules.policy),
                    ],
                    (line, chunk.bytes(line)),
                    now,
                );
            }
            piece
        });
        for piece in pieces {
            tally.add(piece, &wanted);
        }
    }
    bar.finish_and_clear();
    let over = args.max_new_holds.is_some_and(|most| tally.held > most);
    let shown = show::Shown {
        sides: [&old, &new],
        tally: &tally,
        took: began.elapsed(),
        max_new_holds: args.max_new_holds,
    };
    let mut out = term::Out::new();
    match args.format {
        Format::Human => shown.human(&mut out)?,
        Format::Json => shown.json(&mut out)?,
    }
    out.flush()?;
    Ok(if over || tally.bad.values().any(|bad| *bad > 0) {
        Done::Badly
    } else {
        Done::Well
    })
}
