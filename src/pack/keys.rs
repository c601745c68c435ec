//! The keys of format 1, table by table, and what to say of a key that is none of them.

use std::ops::Range;

use super::report::{Reporter, shown};
use super::syntax::{Table, Value};
use crate::diag::{codes, said};

/// A table of the format.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Root,
    Pack,
    Defaults,
    Window,
    List,
    Term,
    Rule,
    Lower,
    Period,
    Samples,
    Sample,
    Message,
    Listing,
    Lint,
    TenantRoot,
    Tenant,
    Scene,
    Override,
    Unsupported,
    Fail,
    OperatorRoot,
    Operator,
    Floor,
    Shadow,
    TenantLimits,
}

/// In the order in which a stray key is looked for.
const KINDS: [Kind; 14] = [
    Kind::Rule,
    Kind::Samples,
    Kind::Pack,
    Kind::Listing,
    Kind::Term,
    Kind::List,
    Kind::Sample,
    Kind::Lower,
    Kind::Period,
    Kind::Defaults,
    Kind::Root,
    Kind::Window,
    Kind::Message,
    Kind::Lint,
];

/// The tables of a tenant's file.
const OF_TENANTS: [Kind; 6] = [
    Kind::Tenant,
    Kind::TenantRoot,
    Kind::Override,
    Kind::Unsupported,
    Kind::Scene,
    Kind::Fail,
];

/// The tables of the operator's file.
const OF_OPERATORS: [Kind; 5] = [
    Kind::Operator,
    Kind::Floor,
    Kind::OperatorRoot,
    Kind::Shadow,
    Kind::TenantLimits,
];

/// What authors write who come from elsewhere.
const OTHER_WORDS: [(&str, &str); 12] = [
    ("words", "terms"),
    ("keywords", "terms"),
    ("patterns", "terms"),
    ("term", "terms"),
    ("name", "title"),
    ("description", "title"),
    ("condition", "when"),
    ("level", "severity"),
    ("exceptions", "except"),
    ("exclude", "except"),
    ("regexp", "regex"),
    ("value", "text"),
];

impl Kind {
    pub(super) const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Root => &["format", "pack", "lists", "rule"],
            Self::Pack => &[
                "id",
                "version",
                "title",
                "owner",
                "languages",
                "defaults",
                "except",
            ],
            Self::Defaults => &["severity", "action", "variants", "window"],
            Self::Window => &["messages", "seconds"],
            Self::List => &[
                "terms",
                "file",
                "word",
                "case_sensitive",
                "variants",
                "except",
            ],
            Self::Term => &["text", "regex", "word", "case_sensitive", "variants"],
            Self::Rule => &[
                "id",
                "title",
                "category",
                "severity",
                "action",
                "alert",
                "status",
                "terms",
                "when",
                "lower",
                "variants",
                "scenes",
                "effective",
                "references",
                "false_positives",
                "except",
                "lists",
                "samples",
                "listings",
                "min_confidence",
                "window",
                "rollout",
                "allow_lints",
            ],
            Self::Lower => &["when", "unless", "to"],
            Self::Period => &["from", "until"],
            Self::Samples => &["match", "pass", "todo"],
            Self::Sample => &["text", "messages", "scene", "action", "at", "jurisdictions"],
            Self::Message => &["text", "at"],
            Self::Listing => &["list", "reference", "from", "until"],
            Self::Lint => &["code", "reason"],
            Self::TenantRoot => &["tenant", "scenes", "override"],
            Self::Tenant => &[
                "id",
                "packs",
                "jurisdictions",
                "on_partial",
                "allow",
                "unsupported",
                "mask",
                "fail",
                "sinks",
                "refusal",
                "on_lost_state",
            ],
            Self::Scene => &["pass", "mask", "review", "block"],
            Self::Override => &["action"],
            Self::Unsupported => &["mask", "review", "block"],
            Self::Fail => &["private", "group", "open_group", "channel", "profile"],
            Self::OperatorRoot => &["operator", "floor", "shadow", "limits", "regional"],
            Self::Operator => &["unknown_tenant", "allow", "sinks", "keys"],
            Self::Floor => &[
                "on_partial",
                "on_lost_state",
                "jurisdictions",
                "fail_open",
                "sinks",
                "scenes",
                "override",
            ],
            Self::Shadow => &["reason", "until"],
            Self::TenantLimits => &["packs", "rules", "terms", "regexes", "bytes"],
        }
    }

    /// The table as authors write it.
    pub(super) const fn written(self) -> &'static str {
        match self {
            Self::Root => "the top of the file",
            Self::Pack => "[pack]",
            Self::Defaults => "[pack.defaults]",
            Self::Window => "window = { ... }",
            Self::List => "list = { ... }",
            Self::Term => "{ text = ... }",
            Self::Rule => "[[rule]]",
            Self::Lower => "lower = { ... }",
            Self::Period => "effective = { ... }",
            Self::Samples => "[rule.samples]",
            Self::Sample => "match = [{ ... }]",
            Self::Message => "messages = [{ ... }]",
            Self::Listing => "[[rule.listings]]",
            Self::Lint => "allow_lints = [{ ... }]",
            Self::TenantRoot => "the top of the file",
            Self::Tenant => "[tenant]",
            Self::Scene => "[scenes.channel]",
            Self::Override => "[override.\"base.organisations/isil\"]",
            Self::Unsupported => "unsupported = { ... }",
            Self::Fail => "fail = { ... }",
            Self::OperatorRoot => "the top of the file",
            Self::Operator => "[operator]",
            Self::Floor => "[floor]",
            Self::Shadow => "[shadow.\"base.organisations/isil\"]",
            Self::TenantLimits => "[limits]",
        }
    }
}

/// The keys and values of a table in the order of the file.
pub(super) fn in_order<'t, 'i>(
    table: &'t Table<'i>,
) -> Vec<(&'t str, Range<usize>, &'t Value<'i>)> {
    let mut entries: Vec<_> = table
        .iter()
        .map(|(key, value)| (&**key.get_ref(), key.span(), value))
        .collect();
    entries.sort_by_key(|(_, span, _)| span.start);
    entries
}

/// Reports every key of `table` that its kind does not have.
pub(super) fn check(table: &Table<'_>, kind: Kind, report: &mut Reporter) {
    for (key, span, _) in in_order(table) {
        if kind.keys().contains(&key) {
            continue;
        }
        if report.diags.is_full() {
            report.count(&codes::UNKNOWN_KEY);
        } else {
            stray(key, span, kind, report);
        }
    }
}

fn stray(key: &str, span: Range<usize>, kind: Kind, report: &mut Reporter) {
    let key_shown = shown(key);
    let here = kind.written();
    if kind == Kind::Samples && Kind::Rule.keys().contains(&key) {
        return slid(key, span, here, report);
    }
    let what = if matches!(kind, Kind::Root | Kind::TenantRoot | Kind::OperatorRoot) {
        said!(
            "{key_shown} is no key of the file's top",
            "文件顶层没有键 {key_shown}"
        )
    } else {
        said!(
            "{key_shown} is no key of `{here}`",
            "`{here}` 没有键 {key_shown}"
        )
    };
    let kinds = [&OF_TENANTS[..], &OF_OPERATORS]
        .into_iter()
        .find(|kinds| kinds.contains(&kind))
        .unwrap_or(&KINDS);
    if let Some(home) = kinds.iter().find(|home| home.keys().contains(&key)) {
        let home = home.written();
        return report.say(
            &codes::MISPLACED_KEY,
            span,
            what,
            said!(
                "{key_shown} belongs to `{home}`: move it there",
                "{key_shown} 属于 `{home}`：请移到那里"
            ),
        );
    }
    let other = OTHER_WORDS
        .iter()
        .find(|(word, meant)| *word == key && kind.keys().contains(meant))
        .map(|(_, meant)| *meant);
    let help = match other.or_else(|| nearest(key, kind.keys().iter().copied())) {
        Some(meant) => said!("did you mean `{meant}`?", "是否想写 `{meant}`？"),
        None => {
            let all = kind.keys().join("`, `");
            said!("its keys are `{all}`", "可用的键：`{all}`")
        }
    };
    report.say(&codes::UNKNOWN_KEY, span, what, help);
}

/// A key of the rule that stands below the header `here`.
pub(super) fn slid(key: &str, span: Range<usize>, here: &str, report: &mut Reporter) {
    report.say(
        &codes::SLID_KEY,
        span,
        said!(
            "`{key}` stands below `{here}` and so is no longer the rule's",
            "`{key}` 写在 `{here}` 之下，已不属于规则"
        ),
        said!(
            "`{key}` belongs to the rule: write it above `{here}`",
            "`{key}` 属于规则：请写到 `{here}` 之前"
        ),
    );
}

/// The known word that `word` is most likely meant to be; of equally near ones the first.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length > 64 {
        return None;
    }
    let lower = word.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .filter(|known| known.chars().count().abs_diff(length) <= 3)
        .map(|known| {
            let plain = known.to_lowercase().replace('-', "_");
            (distance(&lower, &plain), known)
        })
        .filter(|(distance, known)| {
            let most = 1 + known.chars().count().max(length) / 4;
            *distance <= most && *distance < length.max(2)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// The number of insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, ca) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let above = rows[i][j + 1] + 1;
            let beside = row[j] + 1;
            let across = rows[i][j] + usize::from(ca != cb);
            let mut best = above.min(beside).min(across);
            if i > 0 && j > 0 && *ca == b[j - 1] && a[i - 1] == *cb {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_named() {
        for (word, expected) in [
            ("catgory", Some("category")),
            ("sevrity", Some("severity")),
            ("Severity", Some("severity")),
            ("false-positives", Some("false_positives")),
            ("tems", Some("terms")),
            ("wehn", Some("when")),
            ("zzz", None),
            ("", None),
        ] {
            assert_eq!(
                nearest(word, Kind::Rule.keys().iter().copied()),
                expected,
                "{word}"
            );
        }
    }
}
