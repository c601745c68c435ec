//! The file as TOML: its keys, their places, and the variables of the environment over it.

use std::ops::Range;

use tidegate::diag::codes;
use toml::de::{DeTable, DeValue};

use super::{Report, Written};

/// Variables that begin so override the file: `TIDEGATE_SERVE__LIMITS__CONNECTIONS=512` is `connections` in `[limits]`.
pub(super) const PREFIX: &str = "TIDEGATE_SERVE__";
/// The keys of each table; of one whose keys are names, those of the tables in it stand under `*`.
const KEYS: [(&str, &[&str]); 10] = [
    (
        "",
        &[
            "listen", "folder", "no_base", "alerts", "versions", "audit", "limits", "log", "tls",
            "token", "admin", "callback", "manners", "tenant",
        ],
    ),
    (
        "limits",
        &[
            "body_bytes",
            "batch_bytes",
            "batch",
            "connections",
            "inline_bytes",
            "workers",
            "deadline_ms",
            "batch_deadline_ms",
            "shed_ms",
            "head_seconds",
            "stream_seconds",
            "drain_seconds",
        ],
    ),
    ("log", &["level", "json", "sample"]),
    ("tls", &["certificate", "key"]),
    ("token", &["name", "hash", "tenants"]),
    ("admin", &["name", "hash", "totp"]),
    (
        "callback",
        &[
            "name",
            "dialect",
            "tenant",
            "secret",
            "app",
            "group_scene",
            "code",
            "group_code",
            "language",
            "deadline_ms",
            "scene_deadline_ms",
            "server",
            "room_version",
            "rooms",
        ],
    ),
    ("manners", MANNERS),
    ("tenant.*", MANNERS),
    ("tenant", &[]),
];

const MANNERS: &[&str] = &["block", "review", "not_text", "refusal", "language"];

/// Tells all keys that nobody knows, so that they do not have to be found one after another.
pub(super) fn unknown_keys(root: &DeTable<'_>, report: &mut Report) {
    let keys = |path: &str| {
        KEYS.iter()
            .find(|(known, _)| *known == path)
            .map(|(_, keys)| *keys)
    };
    let mut look = |path: &str, table: &DeTable<'_>| {
        let Some(known) = keys(path) else { return };
        for (key, _) in table {
            let name = key.get_ref();
            if known.contains(&&**name) {
                continue;
            }
            let near = known
                .iter()
                .map(|known| (strsim::damerau_levenshtein(known, name), *known))
                .filter(|(distance, _)| *distance <= 3)
                .min();
            let at = if path.is_empty() {
                "the file".to_owned()
            } else {
                format!("[{path}]")
            };
            let (en, zh) = match near {
                Some((_, near)) => (format!("write `{near}`"), format!("请写 `{near}`")),
                None => {
                    let all = known.join("`, `");
                    (
                        format!("its keys are `{all}`"),
                        format!("可用的键：`{all}`"),
                    )
                }
            };
            report.say(
                &codes::UNKNOWN_KEY,
                key.span(),
                (
                    format!("`{name}` is no key of {at}"),
                    format!("{at} 没有键 `{name}`"),
                ),
                (en, zh),
            );
        }
    };
    look("", root);
    for (key, value) in root {
        let path = &**key.get_ref();
        match value.get_ref() {
            DeValue::Table(table) if path == "tenant" => {
                for (_, value) in table {
                    if let DeValue::Table(table) = value.get_ref() {
                        look("tenant.*", table);
                    }
                }
            }
            DeValue::Table(table) => look(path, table),
            DeValue::Array(rows) => {
                for row in rows {
                    if let DeValue::Table(table) = row.get_ref() {
                        look(path, table);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Where a key's value stands, in the file itself or in a table of it; the table where the key is missing, the beginning where that is.
pub(super) fn place(root: &DeTable<'_>, table: &str, number: usize, key: &str) -> Range<usize> {
    if table.is_empty() {
        return root.get(key).map_or(0..0, |value| value.span());
    }
    let Some(found) = root.get(table) else {
        return 0..0;
    };
    let (span, table) = match found.get_ref() {
        DeValue::Table(table) => (found.span(), Some(table)),
        DeValue::Array(rows) => match rows.get(number) {
            Some(row) => (row.span(), row.get_ref().as_table()),
            None => (found.span(), None),
        },
        _ => (found.span(), None),
    };
    table
        .and_then(|table| table.get(key))
        .map_or(span, |value| value.span())
}

/// The file's values, and those of the environment over them.
pub(super) fn read(
    source: &str,
    overrides: &[(String, String)],
    report: &mut Report,
) -> Option<Written> {
    // Once from the source, whose places are known.
    if let Err(error) = toml::from_str::<Written>(source) {
        if !error.message().starts_with("unknown field") {
            let said = error.message().to_owned();
            report.say(
                &codes::WRONG_TYPE,
                error.span().unwrap_or(0..0),
                (said.clone(), format!("值的类型或写法不对：{said}")),
                (
                    "the README's chapter on `serve` shows every key".to_owned(),
                    "README 的 `serve` 一章列有全部键".to_owned(),
                ),
            );
        }
        return None;
    }
    let mut table: toml::Table = toml::from_str(source).ok()?;
    for (name, value) in overrides {
        let path: Vec<String> = name[PREFIX.len()..]
            .split("__")
            .map(str::to_ascii_lowercase)
            .collect();
        if !put(&mut table, &path, value) {
            report.say(
                &codes::UNKNOWN_KEY,
                0..0,
                (format!("the variable `{name}` names no key of the file"), format!("变量 `{name}` 不对应文件中的任何键")),
                (
                    format!("write `{PREFIX}LIMITS__CONNECTIONS` for `connections` in `[limits]`; lists stay in the file"),
                    format!("例如 `{PREFIX}LIMITS__CONNECTIONS` 对应 `[limits]` 的 `connections`；列表请写在文件中"),
                ),
            );
        }
    }
    match table.try_into() {
        Ok(written) => Some(written),
        Err(error) => {
            let names: Vec<&str> = overrides.iter().map(|(name, _)| &**name).collect();
            let (names, said) = (names.join("`, `"), error.message());
            report.say(
                &codes::WRONG_TYPE,
                0..0,
                (
                    format!("with `{names}` from the environment: {said}"),
                    format!("加上环境变量 `{names}` 后：{said}"),
                ),
                (
                    "write numbers and `true` or `false` without quotes".to_owned(),
                    "数字和 `true`、`false` 不加引号".to_owned(),
                ),
            );
            None
        }
    }
}

/// Puts a value of the environment at a path of one or two known keys.
fn put(table: &mut toml::Table, path: &[String], value: &str) -> bool {
    let parsed = toml::from_str::<toml::Table>(&format!("value = {value}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()));
    let known = |of: &str, key: &str| {
        let keys = KEYS.iter().find(|(known, _)| *known == of);
        keys.is_some_and(|(_, keys)| keys.contains(&key))
    };
    match path {
        [key] if known("", key) => {
            table.insert(key.clone(), parsed);
            true
        }
        [of, key] if known("", of) && known(of, key) => {
            let inner = table
                .entry(of.clone())
                .or_insert_with(|| toml::Value::Table(toml::Table::new()));
            match inner {
                toml::Value::Table(inner) => {
                    inner.insert(key.clone(), parsed);
                    true
                }
                _ => false,
            }
        }
        _ => false,
    }
}
