//! `check` with what it takes, and what it mends.

use serde_json::Value;

use crate::cli::{Folder, run, stderr};

const PACK: &str = r#"format = 1

[pack]
id = "acme.words"
version = "1.0.0"

# what nobody wants to read
[[rule]]
id = "words"
category = "house.words"
action = "review"
terms = ["坏词", "脏话"]
[rule.samples]
match = ["有坏词"]
pass = ["没有"]
"#;

fn stdout(args: &[&str]) -> (Option<i32>, String) {
    let output = run(args, b"");
    (
        output.status.code(),
        String::from_utf8(output.stdout).expect("UTF-8"),
    )
}

fn codes(args: &[&str]) -> Vec<String> {
    let (_, text) = stdout(args);
    let problems: Value = serde_json::from_str(&text).expect("JSON");
    problems
        .as_array()
        .expect("an array")
        .iter()
        .map(|problem| problem["code"].as_str().expect("a code").to_owned())
        .collect()
}

/// What SARIF 2.1.0 requires of a log, a run, a result and its places.
#[test]
fn sarif_has_the_required_shape() {
    let broken = PACK.replace("\"坏词\", \"脏话\"", "\"坏词\"，\"脏话\", \"坏词\"");
    let folder = Folder::new(
        "sarif",
        &[
            ("a b.toml", &broken),
            ("c.toml", &PACK.replace("\"脏话\"", "\"坏词\"")),
        ],
    );
    let (status, text) = stdout(&[
        "check",
        &folder.0.display().to_string(),
        "--format",
        "sarif",
    ]);
    assert_eq!(status, Some(1));
    let log: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(log["version"], "2.1.0");
    assert!(
        log["$schema"]
            .as_str()
            .is_some_and(|uri| uri.ends_with("sarif-schema-2.1.0.json"))
    );
    let runs = log["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 1);
    let driver = &runs[0]["tool"]["driver"];
    assert_eq!(driver["name"], "tidegate");
    let rules = driver["rules"].as_array().expect("rules");
    for rule in rules {
        assert!(rule["id"].is_string() && rule["shortDescription"]["text"].is_string());
        assert!(
            ["error", "warning"].contains(
                &rule["defaultConfiguration"]["level"]
                    .as_str()
                    .expect("a level")
            )
        );
    }
    let results = runs[0]["results"].as_array().expect("results");
    assert_eq!(results.len(), 2, "{text}");
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("an index");
        assert_eq!(rules[index as usize]["id"], result["ruleId"]);
        assert!(
            result["message"]["text"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
        assert!(["error", "warning"].contains(&result["level"].as_str().expect("a level")));
        let places = result["locations"].as_array().expect("locations");
        let related = result["relatedLocations"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        for place in places.iter().chain(related) {
            let place = &place["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().expect("a URI");
            assert!(!uri.contains(' '), "{uri}");
            for key in ["startLine", "startColumn", "endLine", "endColumn"] {
                assert!(
                    place["region"][key].as_u64().is_some_and(|n| n > 0),
                    "{place}"
                );
            }
        }
        for fix in result["fixes"].as_array().expect("fixes") {
            for change in fix["artifactChanges"].as_array().expect("changes") {
                assert!(change["artifactLocation"]["uri"].is_string());
                for replacement in change["replacements"].as_array().expect("replacements") {
                    assert!(replacement["deletedRegion"]["byteOffset"].is_u64());
                    assert!(replacement["deletedRegion"]["byteLength"].is_u64());
                }
            }
        }
    }
}

#[test]
fn fix_mends_what_is_plain_and_keeps_the_rest() {
    let broken = PACK
        .replace("\"坏词\", \"脏话\"", "“坏词”， \"脏话\", \"坏词\"")
        .replace("action =", "action：")
        .replace("\"review\"", "\"reviw\"");
    let folder = Folder::new("fix", &[("pack.toml", &broken)]);
    let file = folder.file("pack.toml");
    let output = run(&["check", &file, "--fix", "--format", "json"], b"");
    assert_eq!(
        output.status.code(),
        Some(1),
        "what may be meant otherwise stays: {}",
        stderr(&output)
    );
    let said = stderr(&output);
    assert!(
        said.contains("-action： \"reviw\"") && said.contains("+action = \"reviw\""),
        "{said}"
    );
    let fixed = std::fs::read_to_string(&file).expect("the pack");
    let expected = PACK.replace("\"review\"", "\"reviw\"");
    // The second mention of a term shows once the rest is right.
    assert_eq!(fixed.replace(", \"坏词\"]", "]"), expected);

    std::fs::write(&file, fixed.replace("reviw", "review")).expect("written");
    let output = run(&["check", &file, "--fix"], b"");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(std::fs::read_to_string(&file).expect("the pack"), PACK);
    let left: Vec<_> = std::fs::read_dir(&folder.0).expect("the folder").collect();
    assert_eq!(left.len(), 1, "nothing else is left: {left:?}");
}

#[test]
fn fix_reaches_word_files() {
    let pack = PACK.replace("[\"坏词\", \"脏话\"]", "{ file = \"words/bad.txt\" }");
    let folder = Folder::new(
        "fixwords",
        &[
            ("pack.toml", &pack),
            ("words/bad.txt", "坏词\n# 注释\n脏话\n坏词\n好词\n"),
        ],
    );
    let output = run(&["check", &folder.file("pack.toml"), "--fix"], b"");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let words = std::fs::read_to_string(folder.file("words/bad.txt")).expect("words");
    assert_eq!(words, "坏词\n# 注释\n脏话\n好词\n");
}

#[test]
fn a_tenants_file_is_checked_against_the_rules() {
    let tenant = "[tenant]\nid = \"acme\"\npacks = [\"pack.toml\"]\n[override.\"base.acts/recruit\"]\naction = \"pass\"\n[override.\"acme.words/words\"]\naction = \"block\"\n";
    let folder = Folder::new(
        "tenant-check",
        &[("pack.toml", PACK), ("tenant.toml", tenant)],
    );
    let base = tidegate::base::packs().expect("the base");
    let rule = base
        .iter()
        .flat_map(|pack| pack.rules.iter().map(move |rule| (pack, rule)))
        .find(|(_, rule)| rule.action == tidegate::Action::Block)
        .map(|(pack, rule)| format!("{}/{}", pack.id, rule.id))
        .expect("a rule that blocks");
    let tenant = tenant.replace("base.acts/recruit", &rule);
    std::fs::write(folder.file("tenant.toml"), tenant).expect("written");
    assert_eq!(
        codes(&["check", &folder.file("tenant.toml"), "--format", "json"]),
        ["weakened"]
    );
}

#[test]
fn time_and_history_are_looked_at() {
    let timed = PACK.replace(
        "action",
        "effective = { from = 2026-01-01, until = 2027-01-01 }\naction",
    );
    let reused = PACK
        .replace("house.words", "fraud.lure")
        .replace("1.0.0", "1.0.1");
    let folder = Folder::new(
        "history",
        &[
            ("timed.toml", &timed),
            ("old.toml", PACK),
            ("new.toml", &reused),
        ],
    );
    let timed = folder.file("timed.toml");
    for (at, expected) in [
        ("2025-06-01", "not-yet-effective"),
        ("2027-01-01", "expired-rule"),
    ] {
        assert_eq!(
            codes(&["check", &timed, "--at", at, "--format", "json"]),
            [expected]
        );
    }
    assert!(codes(&["check", &timed, "--at", "2026-06-01", "--format", "json"]).is_empty());
    let (new, old) = (folder.file("new.toml"), folder.file("old.toml"));
    assert_eq!(
        codes(&["check", &new, "--against", &old, "--format", "json"]),
        ["id-reused"]
    );
    assert!(codes(&["check", &old, "--against", &old, "--format", "json"]).is_empty());
}

#[test]
fn encodings_are_told() {
    let folder = Folder::new("encodings", &[("gbk.toml", "")]);
    let gbk = folder.file("gbk.toml");
    // `title = "词表"` in GBK.
    std::fs::write(&gbk, b"format = 1\ntitle = \"\xb4\xca\xb1\xed\"\n").expect("written");
    let (status, text) = stdout(&["check", &gbk]);
    assert_eq!(status, Some(1));
    assert!(
        text.contains("pack-encoding") && text.contains("line 2") && text.contains("GBK"),
        "{text}"
    );
    std::fs::write(&gbk, b"\xff\xfef\0o\0r\0m\0a\0t\0").expect("written");
    let (_, text) = stdout(&["check", &gbk]);
    assert!(text.contains("UTF-16"), "{text}");
    // A byte-order mark and line ends of Windows are fine.
    std::fs::write(&gbk, format!("\u{feff}{}", PACK.replace('\n', "\r\n"))).expect("written");
    let (status, text) = stdout(&["check", &gbk]);
    assert_eq!(status, Some(0), "{text}");
}

#[test]
fn codes_are_explained() {
    let (status, text) = stdout(&["explain-code", "slid-key", "--lang", "zh"]);
    assert_eq!(status, Some(0));
    assert!(
        text.contains("例子") && text.contains("应写成") && text.contains("[rule.samples]"),
        "{text}"
    );
    let (_, list) = stdout(&["explain-code"]);
    assert_eq!(list.lines().count(), tidegate::diag::codes::CODES.len());
    assert_eq!(
        run(&["explain-code", "no-such"], b"").status.code(),
        Some(2)
    );
}

#[test]
fn a_new_pack_passes_check_and_test() {
    let folder = Folder::new("new", &[("keep", "")]);
    for lang in ["zh", "en"] {
        let file = folder.file(&format!("{lang}.toml"));
        let (status, _) = stdout(&["new", &file, "--lang", lang, "--id", "shop.rules"]);
        assert_eq!(status, Some(0));
        assert!(codes(&["check", &file, "--format", "json"]).is_empty());
        let output = run(&["test", &file], b"");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        // What is there is never written over.
        assert_eq!(run(&["new", &file], b"").status.code(), Some(2));
    }
    let other = folder.file("other.toml");
    assert_eq!(
        run(&["new", &other, "--id", "Shop Rules"], b"")
            .status
            .code(),
        Some(2)
    );
    assert_eq!(
        run(&["new", &other, "--id", "base.shop"], b"")
            .status
            .code(),
        Some(2)
    );
    assert!(!std::path::Path::new(&other).exists());
}
