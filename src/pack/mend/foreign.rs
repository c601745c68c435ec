//! Files that are something else as a whole.

use std::ops::Range;

use crate::diag::{Said, said};

/// Lines that are looked at to tell what a file is.
const LINES: usize = 200;

/// What the source is, if it is no pack at all: where that shows, what it is, and what to do.
pub(in crate::pack) fn foreign(source: &str) -> Option<(Range<usize>, Said, Said)> {
    let mut text = source.trim_start_matches('\u{feff}').trim_start();
    while text.starts_with('#') {
        text = text
            .split_once('\n')
            .map_or("", |(_, rest)| rest.trim_start());
    }
    let start = source.len() - text.len();
    let first = text.split('\n').next().unwrap_or("").trim_end();
    let at = start..start + first.len();
    let convert = || {
        said!(
            "a pack is TOML: begin with `tidegate new PACK.toml`, and copy the terms into it",
            "规则包是 TOML：请用 `tidegate new 文件名.toml` 新建，再把词抄进去"
        )
    };
    if text.starts_with("PK\u{3}\u{4}") || text.contains('\0') || text.starts_with("{\\rtf") {
        return Some((
            at.start..at.start + text.chars().next().map_or(0, char::len_utf8),
            said!(
                "this is a document of a word processor or spreadsheet, not a text file",
                "这是文字处理或表格软件的文档，不是纯文本"
            ),
            said!("save it as plain text in UTF-8", "请另存为 UTF-8 纯文本"),
        ));
    }
    if text.starts_with('{') && (text.contains("\":") || text.contains("\" :")) {
        return Some((
            at,
            said!("the file is JSON, not TOML", "文件是 JSON，不是 TOML"),
            convert(),
        ));
    }
    if text.starts_with('<') && !text.starts_with("<!--") {
        return Some((
            at,
            said!(
                "the file is XML or HTML, not TOML",
                "文件是 XML 或 HTML，不是 TOML"
            ),
            convert(),
        ));
    }
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty() && !line.trim_start().starts_with(['#', '＃']))
        .take(LINES)
        .collect();
    let is_toml = lines.iter().any(|line| {
        let line = line.trim_start();
        line.starts_with(['[', '［', '【']) || line.contains(['=', '＝'])
    });
    if is_toml || lines.is_empty() {
        return None;
    }
    let mapping = |line: &&&str| {
        let key = line.trim_start().trim_start_matches("- ");
        key.split_once(':').is_some_and(|(key, value)| {
            !key.is_empty()
                && key
                    .chars()
                    .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '"' | ' '))
                && (value.is_empty() || value.starts_with(' '))
        })
    };
    let mappings = lines.iter().filter(mapping).count();
    if first == "---"
        || (mappings * 2 > lines.len()
            && lines
                .iter()
                .any(|line| line.ends_with(':') || line.trim_start().starts_with("- ")))
    {
        return Some((
            at,
            said!("the file is YAML, not TOML", "文件是 YAML，不是 TOML"),
            convert(),
        ));
    }
    if mappings * 2 > lines.len() {
        return None;
    }
    let commas = |line: &&&str| line.contains([',', '，', '\t']);
    if lines.len() > 1 && lines.iter().filter(commas).count() * 2 > lines.len() {
        return Some((
            at,
            said!(
                "the file is a table (CSV), not a pack",
                "文件是表格（CSV），不是规则包"
            ),
            said!(
                "turn it into a pack with `tidegate import`, which asks for the column of the terms",
                "请用 `tidegate import` 转成规则包，并指明词所在的列"
            ),
        ));
    }
    if lines.len() > 1 && !lines.iter().any(|line| line.contains(['"', '“', '{'])) {
        return Some((
            at,
            said!(
                "the file is a list of words, not a pack",
                "文件是词表，不是规则包"
            ),
            said!(
                "keep it beside a pack and name it there, `terms = {{ file = \"words.txt\" }}`, or turn it into a pack with `tidegate import`",
                "请把它放在规则包旁并在包内引用：`terms = {{ file = \"words.txt\" }}`，或用 `tidegate import` 转成规则包"
            ),
        ));
    }
    None
}
