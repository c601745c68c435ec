//! The JSON Schemas for editors, held against the parser: what it accepts is valid, and what it refuses for its shape is not.

use std::path::{Path, PathBuf};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Map, Value};
use tidegate::diag::Diagnostics;
use tidegate::pack::{Operator, Pack, Schema, Tenant};

/// Codes of which a schema knows nothing: they say what parts of a file have to do with one another, or what a text means.
const OF_THE_SHAPE: [&str; 19] = [
    "unknown-key",
    "misplaced-key",
    "slid-key",
    "wrong-type",
    "missing-key",
    "unknown-value",
    "unknown-variant",
    "unknown-format",
    "bad-id",
    "bad-category",
    "bad-version",
    "bad-language",
    "bad-jurisdiction",
    "bad-list-name",
    "bad-window",
    "empty-list",
    "no-condition",
    "terms-and-when",
    "text-and-regex",
];

struct Validator {
    schemas: Schemas,
    of: SchemaIndex,
}

impl Validator {
    fn new(of: Schema) -> Self {
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        let schema = serde_json::from_str(of.json()).expect("JSON");
        compiler
            .add_resource("tidegate.json", schema)
            .expect("a resource");
        let of = compiler
            .compile("tidegate.json", &mut schemas)
            .unwrap_or_else(|error| panic!("{of:?}: {error:#}"));
        Self { schemas, of }
    }

    fn check(&self, source: &str) -> Result<(), String> {
        let tree = toml::de::DeTable::parse(source).map_err(|error| error.to_string())?;
        let value = table(tree.get_ref());
        let checked = self.schemas.validate(&value, self.of);
        checked.map_err(|error| format!("{error:#}"))
    }
}

fn table(of: &toml::de::DeTable<'_>) -> Value {
    let entries = of
        .iter()
        .map(|(key, of)| (key.get_ref().to_string(), value(of.get_ref())));
    Value::Object(entries.collect::<Map<_, _>>())
}

/// As editors hand TOML to a schema: dates are strings.
fn value(of: &toml::de::DeValue<'_>) -> Value {
    use toml::de::DeValue;
    match of {
        DeValue::String(text) => Value::from(&**text),
        DeValue::Integer(number) => Value::from(
            i64::from_str_radix(number.as_str(), number.radix()).expect("a number of 64 bits"),
        ),
        DeValue::Float(number) => Value::from(number.as_str().parse::<f64>().expect("a number")),
        DeValue::Boolean(truth) => Value::from(*truth),
        DeValue::Datetime(moment) => Value::from(moment.to_string()),
        DeValue::Array(items) => items.iter().map(|item| value(item.get_ref())).collect(),
        DeValue::Table(entries) => table(entries),
    }
}

fn packs_in(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder is there") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "toml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn parse(path: &Path, source: &str) -> Result<Pack, Diagnostics> {
    let mut files = |name: &str| {
        let file = path.parent().expect("a folder").join(name);
        std::fs::read(file).map_err(|error| error.to_string())
    };
    let limits = tidegate::PackLimits::default();
    Pack::parse_base("t.toml", source, &limits, &mut files).map(|parsed| parsed.pack)
}

#[test]
fn packs_that_are_read_are_valid_and_packs_of_another_shape_are_not() {
    let validator = Validator::new(Schema::Pack);
    let (mut good, mut bad) = (0, 0);
    for path in ["rules", "tests/data", "tests/examples", "src/bin/tidegate"]
        .into_iter()
        .flat_map(packs_in)
    {
        let Ok(source) = std::fs::read_to_string(&path) else {
            continue;
        };
        let named = path.display();
        // A date in quotes is a date to a schema.
        if !source.contains("[pack]") || path.ends_with("date-as-string.toml") {
            continue;
        }
        match parse(&path, &source) {
            Ok(_) => {
                let checked = validator.check(&source);
                checked.unwrap_or_else(|error| panic!("{named}\n{error}"));
                good += 1;
            }
            Err(said) => {
                let of_shape = said
                    .iter()
                    .find(|said| OF_THE_SHAPE.contains(&said.code))
                    .filter(|_| toml::de::DeTable::parse(&source).is_ok());
                if let Some(said) = of_shape {
                    assert!(
                        validator.check(&source).is_err(),
                        "{named} is valid, though {}",
                        said.code
                    );
                    bad += 1;
                }
            }
        }
    }
    assert!(
        good > 40 && bad > 40,
        "{good} valid, {bad} of another shape"
    );
}

#[test]
fn tenants_files_and_the_operators_are_valid() {
    let tenant = Validator::new(Schema::Tenant);
    let full = r#"
[tenant]
id = "acme"
packs = ["packs/custom.toml"]
jurisdictions = ["EU"]
on_partial = "block"
on_lost_state = "review"
allow = ["礼品卡发票", { text = "ISIS Oxford", word = true }]
unsupported = { mask = "block" }
mask = "█"
fail = { private = "open", channel = "closed" }
sinks = ["trust-desk"]
refusal = "This message cannot be sent."
[scenes.channel]
review = "block"
[override."base.organisations/isil"]
action = "review"
"#;
    Tenant::parse("t.toml", full).expect("it is read");
    tenant.check(full).expect("it is valid");
    for (wrong, right) in [
        ("\"review\"\nallow", "\"nothing\"\nallow"),
        ("mask = \"█\"", "mask = \"██\""),
        ("fail = {", "fail = { nowhere = \"open\", "),
        ("[scenes.channel]", "[scenes.street]"),
        ("review = \"block\"", "review = \"mask\""),
        ("\"EU\"", "\"Europe\""),
        ("refusal", "refuse"),
    ] {
        assert!(full.contains(wrong), "{wrong}");
        let source = full.replacen(wrong, right, 1);
        assert!(Tenant::parse("t.toml", &source).is_err(), "{right}");
        assert!(tenant.check(&source).is_err(), "{right}");
    }
    for path in packs_in("tests/data/tenants") {
        let source = std::fs::read_to_string(&path).expect("a file");
        if let Err(said) = Tenant::parse("t.toml", &source)
            && said.iter().any(|said| OF_THE_SHAPE.contains(&said.code))
        {
            assert!(tenant.check(&source).is_err(), "{}", path.display());
        }
    }

    let operator = Validator::new(Schema::Operator);
    let full = r#"
[operator]
unknown_tenant = "block"
allow = ["base.context"]
sinks = ["trust-desk"]
keys = ["RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"]
[floor]
on_partial = "block"
on_lost_state = "review"
jurisdictions = ["EU"]
fail_open = ["private"]
sinks = ["trust-desk"]
[floor.scenes.channel]
review = "block"
[floor.override."terrorism"]
action = "pass"
[shadow."base.organisations/isil"]
reason = "under review"
until = 2026-12-01
[limits]
packs = 8
rules = 1000
terms = 10000
regexes = 16
bytes = 1048576
[regional]
EU = ["regional/eu.toml"]
"#;
    Operator::parse("t.toml", full).expect("it is read");
    operator.check(full).expect("it is valid");
    for (wrong, right) in [
        ("unknown_tenant = \"block\"", "unknown_tenant = \"pass\""),
        ("reason = \"under review\"\n", ""),
        ("packs = 8", "packs = \"8\""),
        ("fail_open = [\"private\"]", "fail_open = [\"dm\"]"),
        ("EU = [", "Europe = ["),
    ] {
        assert!(full.contains(wrong), "{wrong}");
        let source = full.replacen(wrong, right, 1);
        assert!(Operator::parse("t.toml", &source).is_err(), "{right}");
        assert!(operator.check(&source).is_err(), "{right}");
    }
}

/// What editors do with `#:schema` is no matter of the parser: the line is a comment to it.
#[test]
fn the_line_that_editors_read_is_a_comment() {
    let good = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/packs/good.toml"),
    )
    .expect("a pack");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/packs/good.toml");
    let source = format!("#:schema pack.schema.json\n{good}");
    assert!(parse(&path, &source).is_ok());
    let formatted = tidegate::pack::format("t.toml", &source).expect("it is formatted");
    assert!(formatted.starts_with("#:schema pack.schema.json\n"));
}
