//! The commands of operators: an operator's file over tenants' files, and what tenants take.

use serde_json::Value;

use crate::cli::{Folder, PACK, run, stderr};

const TENANT: &str = r#"
[tenant]
id = "acme"
packs = ["words.toml"]
"#;
const OPERATOR: &str = r#"
[operator]
unknown_tenant = "block"
[floor.scenes.channel]
mask = "block"
[limits]
rules = 100
"#;

fn json(arguments: &[&str], input: &[u8]) -> (Option<i32>, Value) {
    let output = run(arguments, input);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}\n{}", stderr(&output)));
    (output.status.code(), value)
}

#[test]
fn an_operators_file_holds_on_the_command_line() {
    let folder = Folder::new(
        "operators",
        &[
            ("words.toml", PACK),
            ("acme.tenant.toml", TENANT),
            ("operator.toml", OPERATOR),
            (
                "strict.toml",
                "[limits]\nrules = 1\n[floor]\non_partial = \"block\"\n",
            ),
            (
                "soft.tenant.toml",
                "[tenant]\nid = \"soft\"\non_partial = \"review\"\n",
            ),
        ],
    );
    let (tenant, operator) = (
        folder.file("acme.tenant.toml"),
        folder.file("operator.toml"),
    );
    let message = "{\"text\":\"坏词\",\"scene\":\"channel\",\"tenant\":\"acme\"}\n".as_bytes();
    let (_, free) = json(&["screen", "--tenant", &tenant], message);
    assert_eq!(free["action"], "mask");
    let under = ["screen", "--tenant", &tenant, "--operator", &operator];
    let (status, held) = json(&under, message);
    assert_eq!((status, &held["action"]), (Some(0), &Value::from("block")));
    // Without a tenant the floor holds as well.
    let pack = folder.file("words.toml");
    let nobody = "{\"text\":\"坏词\",\"scene\":\"channel\"}\n".as_bytes();
    let (_, held) = json(
        &["screen", "--pack", &pack, "--operator", &operator],
        nobody,
    );
    assert_eq!(held["action"], "block");

    // `check` knows the file by its headers, and holds tenants' files against it.
    let (status, problems) = json(&["check", &operator, "--format", "json"], b"");
    assert_eq!((status, problems), (Some(0), Value::Array(Vec::new())));
    let (soft, strict) = (folder.file("soft.tenant.toml"), folder.file("strict.toml"));
    let (status, _) = json(&["check", &soft, "--format", "json"], b"");
    assert_eq!(status, Some(0));
    let (status, problems) = json(
        &["check", &soft, "--operator", &strict, "--format", "json"],
        b"",
    );
    assert_eq!(status, Some(1));
    assert_eq!(problems[0]["code"], "weakened");
    let bad = folder.file("bad.toml");
    std::fs::write(
        &bad,
        "[shadow.\"base.nothing/here\"]\nreason = \"x\"\nuntil = 2030-01-01\n",
    )
    .expect("it is written");
    let (status, problems) = json(&["check", &bad, "--format", "json"], b"");
    assert_eq!(status, Some(1), "{problems}");
    assert_eq!(problems[0]["code"], "unknown-rule");
}

#[test]
fn tenants_are_told_with_what_they_take() {
    let folder = Folder::new(
        "tenants",
        &[
            ("words.toml", PACK),
            ("acme.tenant.toml", TENANT),
            ("plain.tenant.toml", "[tenant]\nid = \"plain\"\n"),
            ("strict.toml", "[limits]\nrules = 1\n"),
            (
                "messages.ndjson",
                "{\"text\":\"坏词\",\"tenant\":\"acme\"}\n{\"text\":\"坏词\",\"tenant\":\"plain\"}\n{\"text\":\"golly\",\"tenant\":\"acme\"}\n",
            ),
        ],
    );
    let at = folder.file("");
    let messages = folder.file("messages.ndjson");
    let (status, rows) = json(
        &["tenants", &at, "--messages", &messages, "--format", "json"],
        b"",
    );
    assert_eq!(status, Some(0));
    let row = |tenant: &str| {
        let rows = rows.as_array().expect("rows");
        rows.iter()
            .find(|row| row["tenant"] == tenant)
            .expect("a row")
            .clone()
    };
    let acme = row("acme");
    assert_eq!(acme["packs"]["acme.words"], "1.0.0");
    assert!(acme["rules"].as_u64() > Some(3) && acme["terms"].as_u64() > Some(5));
    assert!(acme["bytes"].as_u64() > row("plain")["bytes"].as_u64());
    assert!(acme["build_us"].as_u64() > Some(0));
    assert_ne!(acme["strategy"], "none");
    assert_eq!(row("plain")["strategy"], "none");
    assert_eq!(acme["messages"], 2);
    assert_eq!(acme["hits"]["acme.words/swear"]["findings"], 1);
    assert_eq!(acme["hits"]["acme.words/quiet"]["shadow"], 1);
    let shares = ["acme", "plain"].map(|tenant| row(tenant)["time_share"].as_f64());
    let whole: f64 = shares.iter().flatten().sum();
    assert!((whole - 1.0).abs() < 1e-6, "{shares:?}");

    let output = run(&["tenants", &at, "--messages", &messages], b"");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("acme.words/swear: 1") && text.contains("strategy"),
        "{text}"
    );

    // Who is refused is told, and the others are there.
    let strict = folder.file("strict.toml");
    let (status, rows) = json(
        &["tenants", &at, "--operator", &strict, "--format", "json"],
        b"",
    );
    assert_eq!(status, Some(1));
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
}

#[test]
fn what_is_compiled_decides_as_the_packs_do() {
    let folder = Folder::new(
        "compile",
        &[
            ("words.toml", PACK),
            (
                "acme.tenant.toml",
                "[tenant]\nid = \"acme\"\npacks = [\"words.toml\"]\nallow = [\"坏词典\"]\n",
            ),
            (
                "messages.ndjson",
                "{\"text\":\"坏词\"}\n{\"text\":\"坏词典\"}\n{\"text\":\"礼品卡，私信我\"}\n",
            ),
        ],
    );
    let (pack, tenant, messages) = (
        folder.file("words.toml"),
        folder.file("acme.tenant.toml"),
        folder.file("messages.ndjson"),
    );
    let (file, base) = (folder.file("acme.tdg"), folder.file("base.tdg"));
    let screened = |arguments: &[&str]| {
        let output = run(&[&["screen", &messages], arguments].concat(), b"");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let plainly = screened(&["--tenant", &tenant]);
    assert!(plainly.contains("\"mask\"") && plainly.contains("\"pass\""));
    for (from, to) in [(&["--tenant", &tenant][..], &file), (&["--base"], &base)] {
        let output = run(&[&["compile", "--output", to], from].concat(), b"");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stderr(&output).contains("b3:"), "{}", stderr(&output));
    }
    let with = screened(&["--tenant", &tenant, "--ruleset", &file]);
    assert_eq!(with, plainly);
    let with = screened(&["--tenant", &tenant, "--ruleset", &base, "--ruleset", &file]);
    assert_eq!(with, plainly);

    // Packs without the tenant's allow terms are not what its file asks for.
    let output = run(&["compile", "--pack", &pack, "--output", &file], b"");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let arguments = ["screen", "--tenant", &tenant, "--ruleset", &file, &messages];
    let output = run(&arguments, b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("tidegate compile --tenant"));
    // Neither is half a file, nor a pack.
    let bytes = std::fs::read(&file).expect("it is there");
    std::fs::write(&file, &bytes[..bytes.len() / 2]).expect("it is written");
    for (path, code) in [(&file, "damaged-ruleset"), (&pack, "not-a-ruleset")] {
        let output = run(&["screen", "--ruleset", path, &messages], b"");
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(code), "{}", stderr(&output));
    }
}
