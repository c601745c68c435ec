//! `tidegate new`: a pack to begin with.

use std::io::Write;
use std::path::PathBuf;

use tidegate::diag::Lang;
use tidegate::pack::Schema;

use crate::check::Tongue;
use crate::{Broke, Done, packs, replace, term};

const EN: &str = include_str!("new/en.toml");
const ZH: &str = include_str!("new/zh.toml");

/// Writes a starter pack, with samples, that passes `check` and `test`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The pack to write; it must not be there yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The pack's id
    #[arg(long, default_value = "acme.custom")]
    id: String,
    /// The language of its comments and terms; by default that of the environment, Chinese or English
    #[arg(long, value_enum)]
    lang: Option<Tongue>,
    /// Write `pack.schema.json` beside it too, and name it in the first line, so that editors complete and check
    #[arg(long)]
    schema: bool,
}

/// The schema's file, as a pack beside it names it.
const SCHEMA: &str = "pack.schema.json";

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let lang = Tongue::lang(args.lang);
    let starter = match lang {
        Lang::En => EN,
        Lang::Zh => ZH,
    };
    let mut source = starter.replace("id = \"acme.custom\"", &format!("id = \"{}\"", args.id));
    if args.schema {
        source.insert_str(0, &format!("#:schema ./{SCHEMA}\n"));
    }
    let name = args.file.display();
    let checked = packs::check_source(
        &args.file,
        source.clone(),
        &tidegate::pack::Checks::default(),
    );
    if checked.has_errors() || packs::is_base(&args.id) {
        return Err(Broke::Usage(format!(
            "`{}` is no id for a pack of your own; write dotted parts of a-z, 0-9, - and _, as in `acme.custom`",
            args.id
        )));
    }
    let schema = args.file.with_file_name(SCHEMA);
    let json = Schema::Pack.json().as_bytes();
    // One schema serves all packs of a folder.
    if args.schema && std::fs::read(&schema).ok().as_deref() != Some(json) {
        replace::new_file(&schema, json)?;
    }
    replace::new_file(&args.file, source.as_bytes())?;
    let mut out = term::Out::new();
    match lang {
        Lang::En => writeln!(
            out,
            "{name} is written. Next: `tidegate check {name}`, `tidegate test {name}`"
        )?,
        Lang::Zh => writeln!(
            out,
            "已写入 {name}。下一步：`tidegate check {name}`，`tidegate test {name}`"
        )?,
    }
    out.flush()?;
    Ok(Done::Well)
}
