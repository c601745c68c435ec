//! `tidegate check`: every problem of the packs.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use tidegate::diag::{Lang, Placed, render};

use crate::packs::{self, Loaded};
use crate::{Broke, Done, term};

/// Shows every problem of the packs
///
/// Exits with 1 if there is an error; warnings alone are no failure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pack files, or folders with pack files (*.toml) in them or below
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// For people, or one JSON array of all problems
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// The language of the problems
    #[arg(long, value_enum, default_value_t = Tongue::En)]
    lang: Tongue,
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Human,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tongue {
    Zh,
    En,
}

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let lang = match args.lang {
        Tongue::Zh => Lang::Zh,
        Tongue::En => Lang::En,
    };
    let files = packs::files(&args.paths)?;
    let mut loaded = Vec::with_capacity(files.len());
    for file in &files {
        loaded.push(packs::load(file)?);
    }
    let mut out = term::Out::new();
    match args.format {
        Format::Json => json(&loaded, &mut out)?,
        Format::Human => human(&loaded, lang, &mut out)?,
    }
    out.flush()?;
    Ok(if loaded.iter().any(Loaded::has_errors) {
        Done::Badly
    } else {
        Done::Well
    })
}

fn json(loaded: &[Loaded], out: &mut term::Out) -> Result<(), Broke> {
    let all: Vec<Placed<'_>> = loaded
        .iter()
        .flat_map(|loaded| loaded.problems.placed())
        .collect();
    serde_json::to_writer(&mut *out, &all).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

fn human(loaded: &[Loaded], lang: Lang, out: &mut term::Out) -> Result<(), Broke> {
    let (mut errors, mut warnings) = (0, 0);
    for loaded in loaded {
        write!(out, "{}", render(&loaded.problems, lang, out.color))?;
        let (of_these, rest) = packs::tally(&loaded.problems);
        errors += of_these;
        warnings += rest;
    }
    let style = if errors > 0 { term::BAD } else { term::GOOD };
    let summary = match lang {
        Lang::En => format!(
            "{}: {}, {}",
            term::count(loaded.len(), "pack"),
            term::count(errors, "error"),
            term::count(warnings, "warning")
        ),
        Lang::Zh => format!(
            "{} 个规则包：{errors} 个错误，{warnings} 个警告",
            loaded.len()
        ),
    };
    writeln!(out, "{}", term::styled(style, summary))?;
    Ok(())
}
