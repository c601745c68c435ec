//! `--fix`: what can only be meant in one way is written so.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use tidegate::diag::{Edit, Fix, Lang};

use super::Checking;
use crate::packs::{self, Loaded};
use crate::{Broke, difference, replace, term};

/// Rounds: a fix may make way for another.
const ROUNDS: usize = 10;

/// Mends a file and its word files, shows what was changed, and says how it stands now. Nothing is written that has more problems than before.
pub(super) fn file(
    checking: &Checking,
    path: &Path,
    mut loaded: Loaded,
    lang: Lang,
) -> Result<Loaded, Broke> {
    let mut changed = false;
    for _ in 0..ROUNDS {
        let Some(better) = round(checking, path, &loaded, lang)? else {
            break;
        };
        loaded = better;
        changed = true;
    }
    if changed {
        let (mut err, _) = term::err();
        writeln!(err)?;
    }
    Ok(loaded)
}

fn round(
    checking: &Checking,
    path: &Path,
    loaded: &Loaded,
    lang: Lang,
) -> Result<Option<Loaded>, Broke> {
    let mut edits: BTreeMap<Arc<str>, Vec<&Fix>> = BTreeMap::new();
    for problem in &loaded.problems {
        if let Some(fix) = problem.fix.as_ref().filter(|fix| fix.safe) {
            edits
                .entry(Arc::clone(&problem.file))
                .or_default()
                .push(fix);
        }
    }
    for (file, fixes) in edits {
        let Some(source) = loaded.problems.source(&file) else {
            continue;
        };
        let own = *file == *loaded.name;
        let place = if own {
            path.to_owned()
        } else {
            packs::home_of(path).join(&*file)
        };
        // All at once; or, where that does harm, the first that does none.
        let all: Vec<Edit> = sorted(fixes.iter().flat_map(|fix| fix.edits.iter()));
        let tries = std::iter::once(all).chain(fixes.iter().map(|fix| sorted(fix.edits.iter())));
        for edits in tries.take(64) {
            let fixed = Fix::apply(source, &edits);
            if fixed == source {
                continue;
            }
            if own {
                let now = checking.source(path, &fixed)?;
                if worth(&now) < worth(loaded) {
                    write(&place, source, &fixed, lang)?;
                    return Ok(Some(now));
                }
            } else {
                // A word file is read from where it lies, so it is tried there and taken back.
                write_quietly(&place, source, &fixed)?;
                let now = checking.file(path)?;
                if worth(&now) < worth(loaded) {
                    show(&place, source, &fixed, lang)?;
                    return Ok(Some(now));
                }
                write_quietly(&place, &fixed, source)?;
            }
        }
    }
    Ok(None)
}

fn sorted<'e>(edits: impl Iterator<Item = &'e Edit>) -> Vec<Edit> {
    let mut edits: Vec<Edit> = edits.cloned().collect();
    edits.sort();
    edits.dedup();
    edits
}

/// Errors, then warnings: fewer are better.
fn worth(loaded: &Loaded) -> (usize, usize) {
    let (errors, warnings) = packs::tally(&loaded.problems);
    (errors + loaded.problems.dropped(), warnings)
}

fn write(path: &Path, before: &str, after: &str, lang: Lang) -> Result<(), Broke> {
    write_quietly(path, before, after)?;
    show(path, before, after, lang)
}

fn write_quietly(path: &Path, before: &str, after: &str) -> Result<(), Broke> {
    replace::file(path, before.as_bytes(), after.as_bytes())
}

fn show(path: &Path, before: &str, after: &str, lang: Lang) -> Result<(), Broke> {
    let (mut err, color) = term::err();
    let name = path.display();
    match lang {
        Lang::En => writeln!(err, "{name} is mended:")?,
        Lang::Zh => writeln!(err, "已修正 {name}：")?,
    }
    difference::write(&mut err, before, after, color)?;
    Ok(())
}
