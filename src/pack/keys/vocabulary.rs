//! What authors write for keys and values who come from elsewhere, and what is meant.

/// What authors write who come from elsewhere.
pub(super) const OTHER_WORDS: [(&str, &str); 40] = [
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
const CHINESE_KEYS: [(&str, &str); 52] = [
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
    ("原因", "reason"),
    ("整词", "word"),
    ("全词", "word"),
    ("完整词", "word"),
    ("区分大小写", "case_sensitive"),
    ("灰度", "rollout"),
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
pub(in crate::pack) fn meant(word: &str) -> Option<&'static str> {
    CHINESE_KEYS
        .iter()
        .find(|(written, _)| *written == word)
        .map(|(_, key)| *key)
}

/// The value of `key` that is meant by another word.
pub(in crate::pack) fn meant_value(key: &str, word: &str) -> Option<&'static str> {
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
