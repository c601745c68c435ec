//! `tidegate compile`: packs to a file that loads many times faster than they compile.

use std::io::Write;
use std::path::PathBuf;

use crate::packs::{self, TenantFile};
use crate::{Broke, Done, replace, term};

/// Compiles packs into one file, which `screen --ruleset` loads many times faster than packs compile
///
/// The file has a checksum, and only the version of tidegate that wrote it reads it; a damaged or foreign one is refused. Warnings of packs are
/// counted, errors shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A pack, or a folder of packs (repeatable)
    #[arg(long = "pack", value_name = "PATH", required_unless_present_any = ["tenant", "base"])]
    packs: Vec<PathBuf>,
    /// A tenant's file: its packs are compiled, and its allow terms
    #[arg(long, value_name = "FILE")]
    tenant: Option<PathBuf>,
    /// The base library, locked, in place of packs of one's own
    #[arg(long, conflicts_with_all = ["packs", "tenant"])]
    base: bool,
    /// The file to write; one that is there is replaced as a whole
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let ruleset = if args.base {
        tidegate::base::ruleset().map_err(packs::broken)?
    } else {
        let tenant = args.tenant.as_deref().map(TenantFile::load).transpose()?;
        packs::one_ruleset(&args.packs, tenant.as_ref())?
    };
    let bytes = ruleset.to_bytes();
    replace::any(&args.output, &bytes)?;
    let (mut err, _) = term::err();
    writeln!(
        err,
        "tidegate: {}: {}, {}, {} bytes, {}",
        args.output.display(),
        term::count(ruleset.rules(), "rule"),
        term::count(ruleset.terms(), "term"),
        bytes.len(),
        ruleset.digest()
    )?;
    Ok(Done::Well)
}
