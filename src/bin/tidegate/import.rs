//! `tidegate import`: word files from plain lists and tables.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::{Broke, Done, replace, term};

/// Makes a word file of a plain list or of a column of a table, in UTF-8
///
/// Says with line numbers what is left out, and what looks dubious. A pack takes the file by `terms = { file = "..." }`, or `--pack` writes one.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A list with one term a line, or a table (*.csv, *.tsv)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The word file to write; it must not be there yet
    #[arg(long, value_name = "OUT")]
    words: PathBuf,
    /// A pack to write beside it, with one draft rule that uses the words
    #[arg(long, value_name = "PACK")]
    pack: Option<PathBuf>,
    /// The encoding of FILE
    #[arg(long, value_enum, default_value_t = Encoding::Utf8)]
    encoding: Encoding,
    /// The column of the terms: its name in the first line of the table
    #[arg(long)]
    column: Option<String>,
    /// What separates the columns; by default a tab for *.tsv, else a comma
    #[arg(long)]
    separator: Option<char>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Encoding {
    #[value(name = "utf-8")]
    Utf8,
    #[value(name = "utf-16")]
    Utf16,
    Gbk,
    Big5,
}

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let name = args.file.display();
    let bytes =
        std::fs::read(&args.file).map_err(|error| Broke::Usage(format!("{name}: {error}")))?;
    let text = decoded(args, &bytes)?;
    let table = args.column.is_some()
        || args.separator.is_some()
        || has_ending(&args.file, &["csv", "tsv"]);
    let rows = if table {
        column(args, &text)?
    } else {
        plain(&text)
    };

    let mut out = term::Out::new();
    let mut content = String::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let (mut kept, mut dubious) = (0, 0);
    for (line, raw) in rows {
        let word =
            raw.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'));
        if word.is_empty() {
            continue;
        }
        let mut say = |what: &str| {
            dubious += 1;
            writeln!(out, "{name}:{line}: {}: {what}", term::shown(word))
        };
        if word.chars().any(char::is_control) {
            say("holds a control character; left out")?;
            continue;
        }
        if word.chars().count() > 128 {
            say("has more than 128 characters; left out")?;
            continue;
        }
        let folded = word.to_lowercase();
        if let Some(first) = seen.get(&folded) {
            let first = *first;
            say(&format!("stands in line {first} already; left out"))?;
            continue;
        }
        seen.insert(folded, line);
        if word.chars().count() == 1 {
            say("is a single character; taken, and found in much ordinary text")?;
        } else if word.chars().all(|c| c.is_ascii_digit()) && word.len() < 5 {
            say("is a short number; taken, and found in much ordinary text")?;
        } else if word.contains([',', '，', '、', ';', '；', '|']) {
            say("holds a separator; taken as one term, and may be several")?;
        } else if word.starts_with('/') && word.ends_with('/') {
            say("looks like a regex; taken as it is written: word files hold plain terms")?;
        }
        if word.starts_with(['#', '\u{ff03}']) {
            content.push('\\');
        }
        content.push_str(word);
        content.push('\n');
        kept += 1;
    }
    if kept == 0 {
        out.flush()?;
        return Err(Broke::Usage(format!("{name}: there is no term in it")));
    }
    replace::new_file(&args.words, content.as_bytes())?;
    if let Some(pack) = &args.pack {
        replace::new_file(pack, pack_of(pack, &args.words)?.as_bytes())?;
    }
    writeln!(
        out,
        "{}: {}, {dubious} to look at; `tidegate check` says more once a pack names the file",
        args.words.display(),
        term::count(kept, "term")
    )?;
    out.flush()?;
    Ok(Done::Well)
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    endings.contains(&&*ending)
}

fn decoded(args: &Args, bytes: &[u8]) -> Result<String, Broke> {
    let name = args.file.display().to_string();
    let encoding = match args.encoding {
        Encoding::Utf8 => {
            return tidegate::pack::decode(&name, bytes.to_vec())
                .map(|text| text.trim_start_matches('\u{feff}').to_owned())
                .map_err(|problems| {
                    Broke::Usage(
                        problems
                            .to_text(tidegate::diag::Lang::En)
                            .trim_end()
                            .to_owned(),
                    )
                });
        }
        Encoding::Utf16 if bytes.starts_with(&[0xfe, 0xff]) => encoding_rs::UTF_16BE,
        Encoding::Utf16 => encoding_rs::UTF_16LE,
        Encoding::Gbk => encoding_rs::GB18030,
        Encoding::Big5 => encoding_rs::BIG5,
    };
    let (text, _, broken) = encoding.decode(bytes);
    if broken {
        let line = 1 + text
            .split('\u{fffd}')
            .next()
            .unwrap_or("")
            .matches('\n')
            .count();
        return Err(Broke::Usage(format!(
            "{name}: line {line} cannot be read as {}; give another --encoding",
            encoding.name()
        )));
    }
    Ok(text.into_owned())
}

/// The lines of a plain list, without comments.
fn plain(text: &str) -> Vec<(usize, String)> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with('#'))
        .map(|(at, line)| {
            (
                at + 1,
                line.strip_prefix("\\#")
                    .map_or_else(|| line.to_owned(), |rest| format!("#{rest}")),
            )
        })
        .collect()
}

/// The column of a table that holds the terms.
fn column(args: &Args, text: &str) -> Result<Vec<(usize, String)>, Broke> {
    let name = args.file.display();
    let tab = has_ending(&args.file, &["tsv"]);
    let separator = args.separator.unwrap_or(if tab { '\t' } else { ',' });
    let separator = u8::try_from(separator)
        .map_err(|_| Broke::Usage("the separator is a sign of ASCII".to_owned()))?;
    let mut table = csv::ReaderBuilder::new()
        .delimiter(separator)
        .flexible(true)
        .from_reader(text.as_bytes());
    let failed = |error: csv::Error| Broke::Usage(format!("{name}: {error}"));
    let heads: Vec<String> = table
        .headers()
        .map_err(failed)?
        .iter()
        .map(|head| head.trim().to_owned())
        .collect();
    let all = || {
        heads
            .iter()
            .map(|head| format!("`{head}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let wanted = match &args.column {
        Some(wanted) => wanted.trim(),
        None if heads.len() == 1 => &heads[0],
        None => {
            return Err(Broke::Usage(format!(
                "{name}: say which column holds the terms, with --column; the first line names {}",
                all()
            )));
        }
    };
    let Some(at) = heads.iter().position(|head| head == wanted) else {
        return Err(Broke::Usage(format!(
            "{name}: there is no column `{wanted}`; the first line names {}",
            all()
        )));
    };
    let mut rows = Vec::new();
    for record in table.records() {
        let record = record.map_err(failed)?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push((
            usize::try_from(line).unwrap_or(0),
            record.get(at).unwrap_or("").to_owned(),
        ));
    }
    Ok(rows)
}

/// A pack with one draft rule that uses the word file.
fn pack_of(pack: &Path, words: &Path) -> Result<String, Broke> {
    let home = pack.parent().unwrap_or(Path::new(""));
    let file = words.strip_prefix(home).map_err(|_| {
        Broke::Usage("the word file must lie in the folder of the pack, or below".to_owned())
    })?;
    let file = file.display().to_string().replace('\\', "/");
    Ok(format!(
        "format = 1\n\n[pack]\nid = \"acme.imported\"\nversion = \"1.0.0\"\n\n[[rule]]\nid = \"words\"\ncategory = \"house.words\"\naction = \"review\"\nstatus = \"draft\"  # add samples, then write \"shadow\" or \"enforce\"\nterms = {{ file = \"{file}\" }}\n"
    ))
}
