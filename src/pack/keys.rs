//! The keys of format 1, table by table, and what to say of a key that is none of them.

mod vocabulary;

use std::ops::Range;

use super::report::{Reporter, shown};
use super::syntax::{Table, Value};
use crate::diag::{Code, Edit, Fix, Said, codes, said};
use vocabulary::OTHER_WORDS;
pub(super) use vocabulary::{meant, meant_value};

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

/// Tables that stand in double brackets.
const SEVERAL: [&str; 2] = ["rule", "rule.listings"];
/// Tables that stand in single brackets.
const SINGLE: [&str; 11] = [
    "pack",
    "pack.defaults",
    "lists",
    "rule.lists",
    "rule.samples",
    "rule.lower",
    "rule.effective",
    "rule.window",
    "pack.defaults.window",
    "rule.rollout",
    "tenant",
];

/// Tables of tenants' files and of the operator's.
const OF_OTHER_FILES: [&str; 7] = [
    "scenes", "override", "operator", "floor", "shadow", "limits", "regional",
];

/// The table that a header means, and its number of brackets; of one that is not known `brackets`, its own.
pub(super) fn header(name: &str, brackets: usize) -> (String, usize) {
    let part = |part: &str| -> String {
        let lower = part.trim().to_lowercase();
        let meant = match &*lower {
            "rules" | "规则" => "rule",
            "list" | "wordlist" | "wordlists" | "word_lists" | "词表" | "列表" => "lists",
            "packs" | "package" | "规则包" => "pack",
            "sample" | "样例" | "测试" | "tests" | "test" | "examples" => "samples",
            "listing" => "listings",
            "default" => "defaults",
            other => other,
        };
        meant.to_owned()
    };
    let first = name.split('.').next().unwrap_or_default().trim();
    if name.contains(['"', '\'']) || OF_OTHER_FILES.contains(&first) {
        return (name.to_owned(), brackets);
    }
    let parts: Vec<String> = name.split('.').map(part).collect();
    let meant = match &*parts.join(".") {
        // There is no such table but a rule's.
        own @ ("samples" | "listings") => format!("rule.{own}"),
        other => other.to_owned(),
    };
    if SEVERAL.contains(&&*meant) {
        (meant, 2)
    } else if SINGLE.contains(&&*meant) {
        (meant, 1)
    } else if let Some(near) = nearest(&meant, SINGLE.into_iter().chain(SEVERAL)) {
        (near.to_owned(), 1 + usize::from(SEVERAL.contains(&near)))
    } else if let Some(own) = meant.strip_prefix("rule.")
        && !own.contains('.')
        && !Kind::Rule.keys().contains(&own)
    {
        // A rule under its own name.
        ("rule".to_owned(), 2)
    } else {
        (name.to_owned(), brackets)
    }
}

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
    // One word on what one missing header does.
    let mut headless = false;
    for (key, span, value) in in_order(table) {
        if kind.keys().contains(&key) {
            continue;
        }
        if report.diags.is_full() {
            report.count(&codes::UNKNOWN_KEY);
        } else if let Some((code, what, help)) = lacks_header(table, key, value, kind) {
            report.misnamed.insert(key.to_owned());
            if !std::mem::replace(&mut headless, true) {
                report.say(code, span, what, help);
            }
            if key == "id" && kind == Kind::Samples {
                return;
            }
        } else {
            stray(key, span, value, kind, report);
        }
    }
}

/// What is said of a key that is right below a header which is not there.
fn lacks_header(
    table: &Table<'_>,
    key: &str,
    value: &Value<'_>,
    kind: Kind,
) -> Option<(&'static Code, Said, Said)> {
    let key_shown = shown(key);
    let here = kind.written();
    if kind == Kind::Samples && key == "id" {
        return Some((
            &codes::SLID_KEY,
            said!(
                "a rule begins here without its header",
                "这里开始一条规则，却没有表头"
            ),
            said!(
                "write `[[rule]]` on a line of its own above it",
                "请在其上单独写一行 `[[rule]]`"
            ),
        ));
    }
    if kind == Kind::Root && !table.contains_key("pack") && Kind::Pack.keys().contains(&key) {
        return Some((
            &codes::MISPLACED_KEY,
            said!(
                "{key_shown} belongs to `[pack]`, and there is no such header",
                "{key_shown} 属于 `[pack]`，却没有这个表头"
            ),
            said!(
                "write `[pack]` on a line of its own above it",
                "请在其上单独写一行 `[pack]`"
            ),
        ));
    }
    let home = match kind {
        Kind::Root | Kind::Pack | Kind::List => "[lists]",
        Kind::Rule | Kind::Lower => "[rule.lists]",
        _ => return None,
    };
    let list = value.get_ref().is_array()
        || value.get_ref().as_table().is_some_and(|table| {
            table
                .keys()
                .any(|key| Kind::List.keys().contains(&&**key.get_ref()))
        });
    let lists = [
        "terms",
        "except",
        "languages",
        "scenes",
        "references",
        "false_positives",
        "listings",
    ];
    let known = meant(key).is_some()
        || OTHER_WORDS
            .iter()
            .any(|(word, _)| *word == key.to_lowercase())
        || KINDS.iter().any(|kind| kind.keys().contains(&key))
        || nearest(
            key,
            kind.keys()
                .iter()
                .copied()
                .filter(|key| lists.contains(key)),
        )
        .is_some();
    (list && !known).then(|| {
        (
            &codes::MISPLACED_KEY,
            said!(
                "{key_shown} is no key of `{here}`, and looks like a list of terms",
                "`{here}` 没有键 {key_shown}，看来是词表"
            ),
            said!(
                "lists stand below a header of their own: write `{home}` on a line above them",
                "词表要写在自己的表头下：请在其上单独写一行 `{home}`"
            ),
        )
    })
}

fn stray(key: &str, span: Range<usize>, value: &Value<'_>, kind: Kind, report: &mut Reporter) {
    report.misnamed.insert(key.to_owned());
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
    let outer = match kind {
        Kind::Rule => Some("rule"),
        Kind::Pack => Some("pack"),
        _ => None,
    };
    if let Some(outer) = outer.filter(|outer| *outer == key && value.get_ref().is_table()) {
        return report.say(
            &codes::MISPLACED_KEY,
            span,
            what,
            said!(
                "below `{here}` keys stand without `{outer}.`",
                "在 `{here}` 之下，键前不写 `{outer}.`"
            ),
        );
    }
    let own = meant(key).filter(|meant| kind.keys().contains(meant));
    let other = own.or_else(|| {
        let lower = key.to_lowercase().replace('-', "_");
        let exact = kind
            .keys()
            .iter()
            .copied()
            .find(|known| *known == lower || known.strip_suffix('s') == Some(&*lower));
        exact.or_else(|| {
            OTHER_WORDS
                .iter()
                .find(|(word, meant)| *word == lower && kind.keys().contains(meant))
                .map(|(_, meant)| *meant)
        })
    });
    let kinds = [&OF_TENANTS[..], &OF_OPERATORS]
        .into_iter()
        .find(|kinds| kinds.contains(&kind))
        .unwrap_or(&KINDS);
    // What stands above all headers was mostly meant for the first.
    let first = [Kind::Pack];
    let kinds = if kind == Kind::Root && first[0].keys().contains(&key) {
        &first
    } else {
        kinds
    };
    let home = kinds.iter().find(|home| home.keys().contains(&key));
    if let (Some(home), None) = (home, other) {
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
    if kind == Kind::Samples
        && other.is_none()
        && value.get_ref().is_array()
        && nearest(key, kind.keys().iter().copied()).is_none()
    {
        return report.say(
            &codes::MISPLACED_KEY,
            span,
            what,
            said!(
                "samples are `match`, `pass` and `todo`; a list of terms belongs below `[rule.lists]` or `[lists]`",
                "样例的键是 `match`、`pass`、`todo`；词表请写到 `[rule.lists]` 或 `[lists]` 之下"
            ),
        );
    }
    let mut diagnostic = report.at(&codes::UNKNOWN_KEY, span.clone(), what);
    diagnostic = match other.or_else(|| nearest(key, kind.keys().iter().copied())) {
        Some(meant) => {
            let mut edits = vec![Edit::new(span, meant)];
            // `scene = "group"` is one of `scenes`.
            if meant.strip_suffix('s') == Some(key) && value.get_ref().is_str() {
                let at = value.span();
                edits.push(Edit::new(at.start..at.start, "["));
                edits.push(Edit::new(at.end..at.end, "]"));
            }
            diagnostic
                .with_help(said!("did you mean `{meant}`?", "是否想写 `{meant}`？"))
                .with_fix(Fix::likely(edits))
        }
        None => {
            let all = kind.keys().join("`, `");
            diagnostic.with_help(said!("its keys are `{all}`", "可用的键：`{all}`"))
        }
    };
    report.diags.push(diagnostic);
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
