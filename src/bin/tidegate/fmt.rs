//! `tidegate fmt`: packs in the house's form.

use std::io::Write;
use std::path::PathBuf;

use tidegate::diag::render;

use crate::check::Tongue;
use crate::{Broke, Done, difference, packs, replace, term};

/// Puts packs in order: keys, spaces, lists; comments are kept
///
/// With --check nothing is written; exits with 1 if a file is out of order, and shows what would change.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pack files and tenants' files, or folders with such files (*.toml) in them or below
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Shows what would change, and writes nothing
    #[arg(long)]
    check: bool,
    /// The language of problems; by default that of the environment, Chinese or English
    #[arg(long, value_enum)]
    lang: Option<Tongue>,
}

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let mut out = term::Out::new();
    let (mut refused, mut changed) = (false, false);
    for file in packs::files(&args.paths)? {
        let name = file.display().to_string();
        let source = packs::read_source(&file)?;
        let formatted = match tidegate::pack::format(&name, &source) {
            Ok(formatted) => formatted,
            Err(problems) => {
                refused = true;
                write!(
                    out,
                    "{}",
                    render(&problems, Tongue::lang(args.lang), out.color)
                )?;
                continue;
            }
        };
        if formatted == source {
            continue;
        }
        changed = true;
        writeln!(out, "{name}")?;
        if args.check {
            let color = out.color;
            difference::write(&mut out, &source, &formatted, color)?;
        } else {
            replace::file(&file, source.as_bytes(), formatted.as_bytes())?;
        }
    }
    out.flush()?;
    Ok(if refused || (args.check && changed) {
        Done::Badly
    } else {
        Done::Well
    })
}
