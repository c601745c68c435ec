//! Packs in the house's form.

use std::path::{Path, PathBuf};

use tidegate::pack::{Pack, format};

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in [
        "tests/data/packs",
        "tests/data/broken",
        "tests/examples",
        "rules/base",
        "src/bin/tidegate/new",
    ] {
        for entry in std::fs::read_dir(root.join(folder)).expect(folder) {
            let path = entry.expect("it can be read").path();
            if path.extension().is_some_and(|ending| ending == "toml") {
                let source = std::fs::read_to_string(&path).expect("a pack");
                found.push((path, source));
            }
        }
    }
    assert!(found.len() > 100);
    found
}

fn comments(source: &str) -> usize {
    source
        .lines()
        .filter(|line| line.trim_start().starts_with('#'))
        .count()
}

#[test]
fn formatting_loses_nothing_and_is_done_once() {
    let mut formatted = 0;
    for (path, source) in sources() {
        let Ok(once) = format("t.toml", &source) else {
            continue;
        };
        formatted += 1;
        let twice = format("t.toml", &once).expect("it is TOML still");
        assert_eq!(once, twice, "{}", path.display());
        assert_eq!(comments(&source), comments(&once), "{}", path.display());
        let parse = |source: &str| Pack::parse("t.toml", source).map(|parsed| parsed.pack);
        if let (Ok(before), Ok(after)) = (parse(&source), parse(&once)) {
            let rules = |pack: &Pack| -> Vec<(String, usize, usize)> {
                pack.rules
                    .iter()
                    .map(|rule| (rule.id.to_string(), rule.samples.len(), rule.lists.len()))
                    .collect()
            };
            assert_eq!(rules(&before), rules(&after), "{}", path.display());
            assert_eq!(before.lists, after.lists, "{}", path.display());
        }
    }
    assert!(formatted > 60, "{formatted}");
}

#[test]
fn starters_are_in_order() {
    for (path, source) in sources() {
        if path.display().to_string().contains("tidegate/new") {
            assert_eq!(
                format("t.toml", &source).expect("a pack"),
                source,
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn keys_are_sorted_and_comments_go_with_them() {
    let source = "# about the file\n\nformat=1\n[pack]\nversion = \"1.0.0\"\n  id=\"a\"   # the id\n[[ rule ]]\n# what it does\naction=\"block\"\nid = \"r\"\ncategory = \"c\"\nterms=[ \"一\",\n\"二\" ,  # the second\n # alone\n\"三\"]\nstatus = \"draft\"\n\n\n# the end\n";
    let expected = "# about the file\n\nformat = 1\n\n[pack]\nid = \"a\"  # the id\nversion = \"1.0.0\"\n\n[[rule]]\nid = \"r\"\ncategory = \"c\"\n# what it does\naction = \"block\"\nstatus = \"draft\"\nterms = [\n  \"一\",\n  \"二\", # the second\n  # alone\n  \"三\",\n]\n\n# the end\n";
    assert_eq!(format("t.toml", source).expect("a pack"), expected);
    let windows = source.replace('\n', "\r\n");
    assert_eq!(
        format("t.toml", &windows).expect("a pack"),
        expected.replace('\n', "\r\n")
    );
}

#[test]
fn what_is_no_toml_is_refused() {
    assert!(format("t.toml", "format ＝ 1\n").is_err());
}
