//! `tidegate explain-code`: what a code of `check` means.

use std::io::Write;

use tidegate::diag::codes::{self, CODES};
use tidegate::diag::{Lang, Level};

use crate::check::Tongue;
use crate::{Broke, Done, term};

/// Says what a code of `check` means, why it is reported, and what to write instead
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The code, as it stands in brackets; without one, all codes are listed
    code: Option<String>,
    /// Chinese or English; by default the language of the environment
    #[arg(long, value_enum)]
    lang: Option<Tongue>,
}

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let lang = Tongue::lang(args.lang);
    let of_lang = |(en, zh): (&'static str, &'static str)| match lang {
        Lang::En => en,
        Lang::Zh => zh,
    };
    let mut out = term::Out::new();
    let Some(name) = &args.code else {
        for code in CODES {
            let level = shown(code.level, lang);
            writeln!(out, "{:24} {level:8} {}", code.name, of_lang(code.title))?;
        }
        out.flush()?;
        return Ok(Done::Well);
    };
    let Some(code) = codes::by_name(name) else {
        return Err(Broke::Usage(format!(
            "there is no code `{name}`; `tidegate explain-code` lists all"
        )));
    };
    let (example, instead) = match lang {
        Lang::En => ("Example", "Instead"),
        Lang::Zh => ("例子", "应写成"),
    };
    let head = format!(
        "{}[{}]: {}",
        shown(code.level, lang),
        code.name,
        of_lang(code.title)
    );
    writeln!(
        out,
        "{}\n\n{}",
        term::styled(term::BOLD, head),
        of_lang(code.explanation)
    )?;
    for (title, text) in [(example, code.example), (instead, code.instead)] {
        writeln!(out, "\n{}", term::styled(term::BOLD, format!("{title}:")))?;
        for line in text.lines() {
            writeln!(out, "    {line}")?;
        }
    }
    out.flush()?;
    Ok(Done::Well)
}

fn shown(level: Level, lang: Lang) -> &'static str {
    match (level, lang) {
        (Level::Error, Lang::En) => "error",
        (Level::Error, Lang::Zh) => "错误",
        (Level::Warning, Lang::En) => "warning",
        (Level::Warning, Lang::Zh) => "警告",
    }
}
