//! Packs as rule authors break them: what is said of each, word for word.
//!
//! `tests/data/broken/NAME.toml` is a pack with one thing wrong, after which it is named, and `NAME.txt` what is said of it in Chinese and
//! English. With `TIDEGATE_BLESS=1` in the environment the second is written anew, to be read and committed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tidegate::diag::{Edit, Fix, Level};
use tidegate::pack::Pack;

fn packs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/broken");
    let mut packs: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    packs.sort();
    assert!(packs.len() > 100, "{} packs", packs.len());
    packs
}

fn name(path: &Path) -> String {
    path.file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned()
}

#[cfg(feature = "render")]
#[test]
fn what_is_said_stays() {
    use tidegate::diag::{Lang, render};

    let mut changed = Vec::new();
    for path in packs() {
        let source = std::fs::read_to_string(&path).expect("a pack");
        let said = match Pack::parse(&name(&path), &source) {
            Ok(parsed) => parsed.warnings,
            Err(said) => said,
        };
        assert!(!said.is_empty(), "nothing is said of {}", name(&path));
        let said = render(&said, Lang::Zh, false) + "\n" + &said.to_text(Lang::En);
        let golden = path.with_extension("txt");
        if std::env::var_os("TIDEGATE_BLESS").is_some() {
            std::fs::write(&golden, said).expect("it is written");
        } else if std::fs::read_to_string(&golden).ok().as_deref() != Some(&*said) {
            changed.push(format!("{}:\n{said}", name(&path)));
        }
    }
    assert!(changed.is_empty(), "\n{}", changed.join("\n"));
}

/// Whoever does all that is offered is done, or is told further things, never the same again.
#[test]
fn what_is_offered_helps() {
    let mut whole = 0;
    for path in packs() {
        let source = std::fs::read_to_string(&path).expect("a pack");
        let Err(said) = Pack::parse(&name(&path), &source) else {
            continue;
        };
        let errors = said.iter().filter(|said| said.level == Level::Error);
        let mut edits: BTreeSet<Edit> = BTreeSet::new();
        let mut unfixed = 0;
        for error in errors {
            match &error.fix {
                Some(fix) => edits.extend(fix.edits.iter().cloned()),
                None => unfixed += 1,
            }
        }
        if edits.is_empty() {
            continue;
        }
        let fixed = Fix::apply(&source, &edits);
        let left = match Pack::parse(&name(&path), &fixed) {
            Ok(_) => 0,
            Err(left) => left
                .iter()
                .filter(|left| left.level == Level::Error)
                .count(),
        };
        assert!(
            left <= unfixed,
            "{}: {left} errors are left, where nothing was offered for {unfixed}\n{fixed}",
            name(&path)
        );
        whole += usize::from(left == 0);
    }
    assert!(whole > 60, "{whole} packs are whole");
}
