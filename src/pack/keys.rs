//! The keys of format 1, table by table, and what to say of a key that is none of them.

use std::ops::Range;

use super::report::{Reporter, shown};
use super::syntax::{Table, Value};
use crate::diag::{Edit, Fix, codes, said};

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

/// What authors write who come from elsewhere.
const OTHER_WORDS: [(&str, &str); 40] = [
    ("words", "terms"),
    ("word_list", "terms"),
    ("wordlist", "terms"),
    ("keywords", "terms"),
    ("keyword", "terms"),
    ("patterns", "terms"),
    ("pattern", "regex"),
    ("term", "terms"),
    ("name", "title"),
    ("name", "id"),
    ("description", "title"),
    ("desc", "title"),
    ("author", "owner"),
    ("condition", "when"),
    ("if", "when"),
    ("unless", "except"),
    ("level", "severity"),
    ("priority", "severity"),
    ("exceptions", "except"),
    ("exclude", "except"),
    ("whitelist", "except"),
    ("allowlist", "except"),
    ("regexp", "regex"),
    ("value", "text"),
    ("enabled", "status"),
    ("state", "status"),
    ("type", "category"),
    ("tags", "category"),
    ("examples", "samples"),
    ("tests", "samples"),
    ("hit", "match"),
    ("hits", "match"),
    ("positive", "match"),
    ("bad", "match"),
    ("miss", "pass"),
    ("negative", "pass"),
    ("good", "pass"),
    ("nomatch", "pass"),
    ("start", "from"),
    ("end", "until"),
];

/// Keys in Chinese, as authors write them.
const CHINESE_KEYS: [(&str, &str); 46] = [
    ("格式", "format"),
    ("标识", "id"),
    ("编号", "id"),
    ("版本", "version"),
    ("版本号", "version"),
    ("标题", "title"),
    ("名称", "title"),
    ("说明", "title"),
    ("负责人", "owner"),
    ("语言", "languages"),
    ("默认", "defaults"),
    ("默认值", "defaults"),
    ("类别", "category"),
    ("分类", "category"),
    ("类型", "category"),
    ("严重程度", "severity"),
    ("严重性", "severity"),
    ("级别", "severity"),
    ("等级", "severity"),
    ("动作", "action"),
    ("处置", "action"),
    ("处理", "action"),
    ("告警", "alert"),
    ("报警", "alert"),
    ("状态", "status"),
    ("词", "terms"),
    ("词条", "terms"),
    ("关键词", "terms"),
    ("敏感词", "terms"),
    ("条件", "when"),
    ("例外", "except"),
    ("排除", "except"),
    ("白名单", "except"),
    ("变体", "variants"),
    ("场景", "scenes"),
    ("有效期", "effective"),
    ("生效", "effective"),
    ("依据", "references"),
    ("误报", "false_positives"),
    ("样例", "samples"),
    ("命中", "match"),
    ("放行", "pass"),
    ("文本", "text"),
    ("正则", "regex"),
    ("文件", "file"),
    ("理由", "reason"),
];

/// Values in other words: the key, what authors write, and the value.
const OTHER_VALUES: &[(&str, &[&str], &str)] = &[
    ("severity", &["信息", "提示"], "info"),
    ("severity", &["低", "低级", "轻微", "minor"], "low"),
    (
        "severity",
        &["中", "中等", "中级", "一般", "normal", "middle", "moderate"],
        "medium",
    ),
    (
        "severity",
        &["高", "高级", "严重", "major", "severe"],
        "high",
    ),
    (
        "severity",
        &[
            "紧急",
            "致命",
            "极高",
            "特别严重",
            "最高",
            "urgent",
            "fatal",
        ],
        "critical",
    ),
    (
        "action",
        &[
            "放行", "通过", "允许", "记录", "allow", "accept", "log", "ok",
        ],
        "pass",
    ),
    (
        "action",
        &[
            "打码", "屏蔽", "遮盖", "掩码", "替换", "replace", "redact", "hide", "***",
        ],
        "mask",
    ),
    (
        "action",
        &[
            "审核",
            "人工审核",
            "复审",
            "送审",
            "人审",
            "hold",
            "queue",
            "flag",
        ],
        "review",
    ),
    (
        "action",
        &[
            "拦截", "阻断", "阻止", "禁止", "删除", "封禁", "拒绝", "deny", "reject", "delete",
            "ban", "drop", "remove", "refuse",
        ],
        "block",
    ),
    (
        "status",
        &["草稿", "测试", "test", "off", "disabled", "停用", "禁用"],
        "draft",
    ),
    (
        "status",
        &[
            "影子",
            "观察",
            "灰度",
            "试运行",
            "monitor",
            "observe",
            "dry-run",
            "dryrun",
        ],
        "shadow",
    ),
    (
        "status",
        &[
            "生效", "启用", "上线", "active", "on", "enabled", "live", "enforced",
        ],
        "enforce",
    ),
    (
        "status",
        &[
            "下线",
            "废弃",
            "退役",
            "作废",
            "deprecated",
            "deleted",
            "removed",
        ],
        "retired",
    ),
    (
        "scenes",
        &["私聊", "单聊", "私信", "dm", "direct"],
        "private",
    ),
    ("scenes", &["群", "群聊", "群组", "群里", "chat"], "group"),
    (
        "scenes",
        &["公开群", "公共群", "开放群", "public_group"],
        "open_group",
    ),
    (
        "scenes",
        &["频道", "公开频道", "公众号", "public"],
        "channel",
    ),
    (
        "scenes",
        &["资料", "个人资料", "昵称", "签名", "头像", "bio"],
        "profile",
    ),
    ("variants", &["无", "精确", "完全匹配", "none"], "exact"),
    (
        "variants",
        &["标准", "默认", "default", "all_standard"],
        "standard",
    ),
    (
        "variants",
        &["强", "全部", "严格", "all", "strict"],
        "strong",
    ),
];

/// The key that is meant by a word of Chinese.
pub(super) fn meant(word: &str) -> Option<&'static str> {
    CHINESE_KEYS
        .iter()
        .find(|(written, _)| *written == word)
        .map(|(_, key)| *key)
}

/// The value of `key` that is meant by another word.
pub(super) fn meant_value(key: &str, word: &str) -> Option<&'static str> {
    let key = match key {
        "scene" => "scenes",
        "to" | "on_partial" | "pass" | "mask" | "review" | "block" => "action",
        key => key,
    };
    let word = word.trim().to_lowercase();
    OTHER_VALUES
        .iter()
        .find(|(of, words, _)| *of == key && words.contains(&&*word))
        .map(|(_, _, value)| *value)
}

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
    if name.contains(['"', '\'']) {
        return (name.to_owned(), brackets);
    }
    let parts: Vec<String> = name.split('.').map(part).collect();
    let meant = parts.join(".");
    if SEVERAL.contains(&&*meant) {
        (meant, 2)
    } else if SINGLE.contains(&&*meant) {
        (meant, 1)
    } else if let Some(near) = nearest(&meant, SINGLE.into_iter().chain(SEVERAL)) {
        (near.to_owned(), 1 + usize::from(SEVERAL.contains(&near)))
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
    for (key, span, value) in in_order(table) {
        if kind.keys().contains(&key) {
            continue;
        }
        if report.diags.is_full() {
            report.count(&codes::UNKNOWN_KEY);
        } else {
            stray(key, span, value, kind, report);
        }
    }
}

fn stray(key: &str, span: Range<usize>, value: &Value<'_>, kind: Kind, report: &mut Reporter) {
    report.misnamed.insert(key.to_owned());
    let key_shown = shown(key);
    let here = kind.written();
    if kind == Kind::Samples && Kind::Rule.keys().contains(&key) {
        return slid(key, span, here, report);
    }
    let what = if matches!(kind, Kind::Root | Kind::TenantRoot) {
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
    let own = meant(key).filter(|meant| kind.keys().contains(meant));
    let other = own.or_else(|| {
        let lower = key.to_lowercase().replace('-', "_");
        let exact = kind.keys().iter().copied().find(|known| *known == lower);
        exact.or_else(|| {
            OTHER_WORDS
                .iter()
                .find(|(word, meant)| *word == lower && kind.keys().contains(meant))
                .map(|(_, meant)| *meant)
        })
    });
    let tenants = [Kind::Tenant, Kind::TenantRoot, Kind::Scene, Kind::Override];
    let kinds: &[Kind] = if tenants.contains(&kind) {
        &tenants
    } else {
        &KINDS
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
        Some(meant) => diagnostic
            .with_help(said!("did you mean `{meant}`?", "是否想写 `{meant}`？"))
            .with_fix(Fix::likely(vec![Edit::new(span, meant)])),
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
