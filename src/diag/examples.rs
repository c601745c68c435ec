//! An example of each code, and what to write instead: lines of a pack. `tests/it/codes.rs` tries them.

/// What gives the code, and what does not.
type Example = (&'static str, &'static str);

pub(super) const SYNTAX: Example = (r#"terms = ["坏词"],"#, r#"terms = ["坏词"]"#);
pub(super) const NEWER_TOML: Example = (
    r#"terms = [{ text = "坏词", word = true, }]"#,
    r#"terms = [{ text = "坏词", word = true }]"#,
);
pub(super) const WIDE_SIGN: Example = (
    r#"terms ＝ ["坏词"，"脏话"]"#,
    r#"terms = ["坏词", "脏话"]"#,
);
pub(super) const WIDE_QUOTE: Example = (r#"terms = [“坏词”]"#, r#"terms = ["坏词"]"#);
pub(super) const INNER_QUOTE: Example =
    (r#"title = "所谓"坏词"规则""#, r#"title = "所谓“坏词”规则""#);
pub(super) const BARE_TEXT: Example = (r#"severity = high"#, r#"severity = "high""#);
pub(super) const BAD_ESCAPE: Example = (
    r#"terms = [{ regex = "坏词\d+" }]"#,
    r#"terms = [{ regex = '坏词\d+' }]"#,
);
pub(super) const MISSING_COMMA: Example = (
    r#"terms = [
  "坏词"
  "脏话"
]"#,
    r#"terms = [
  "坏词",
  "脏话",
]"#,
);
pub(super) const UNCLOSED: Example = (r#"terms = ["坏词]"#, r#"terms = ["坏词"]"#);
pub(super) const ASSIGNMENT: Example = (r#"action: "block""#, r#"action = "block""#);
pub(super) const COMMENT_SIGN: Example = (
    r#"// house words
terms = ["坏词"]"#,
    r#"# house words
terms = ["坏词"]"#,
);
pub(super) const HEADER_BRACKETS: Example = (
    r#"[rule]
id = "r"
category = "house.words"
terms = ["坏词"]
[rule.samples]
match = ["坏词"]
pass = ["好词"]"#,
    r#"[[rule]]
id = "r"
category = "house.words"
terms = ["坏词"]
[rule.samples]
match = ["坏词"]
pass = ["好词"]"#,
);
pub(super) const NOT_TOML: Example = (
    r#"{ "format": 1, "pack": { "id": "acme.custom", "version": "1.0.0" } }"#,
    r#"format = 1
[pack]
id = "acme.custom"
version = "1.0.0""#,
);
pub(super) const DUPLICATE_KEY: Example = (
    r#"severity = "low"
severity = "high""#,
    r#"severity = "high""#,
);
pub(super) const PACK_TOO_BIG: Example = (
    r#"# ten million lines: terms = ["...", "...", ...]"#,
    r#"terms = { file = "words/bad.txt" }"#,
);
pub(super) const PACK_TOO_COMPLEX: Example = (
    r#"# a file of nothing but brackets, keys and commas"#,
    r#"# two packs, each of half the rules"#,
);
pub(super) const NESTED_TOO_DEEP: Example = (
    r#"terms = [[[[[[[[[[[[[[[[[[[[[[[[["坏词"]]]]]]]]]]]]]]]]]]]]]]]]]"#,
    r#"terms = ["坏词"]"#,
);
pub(super) const WRONG_TYPE: Example = (r#"alert = "true""#, r#"alert = true"#);
pub(super) const MISSING_KEY: Example = (
    r#"[[rule]]
id = "r"
terms = ["坏词"]
[rule.samples]
match = ["坏词"]
pass = ["好词"]"#,
    r#"[[rule]]
id = "r"
category = "house.words"
terms = ["坏词"]
[rule.samples]
match = ["坏词"]
pass = ["好词"]"#,
);
pub(super) const UNKNOWN_KEY: Example = (r#"severty = "high""#, r#"severity = "high""#);
pub(super) const MISPLACED_KEY: Example = (
    r#"match = ["坏词"]"#,
    r#"terms = ["坏词"]
[rule.samples]
match = ["坏词"]
pass = ["好词"]"#,
);
pub(super) const SLID_KEY: Example = (
    r#"[rule.samples]
match = ["坏词"]
pass = ["好词"]
action = "block""#,
    r#"action = "block"
[rule.samples]
match = ["坏词"]
pass = ["好词"]"#,
);
pub(super) const UNKNOWN_FORMAT: Example = (
    r#"format = 2
[pack]
id = "acme.custom"
version = "1.0.0""#,
    r#"format = 1
[pack]
id = "acme.custom"
version = "1.0.0""#,
);
pub(super) const BAD_ID: Example = (
    r#"[pack]
id = "Acme Custom"
version = "1.0.0""#,
    r#"[pack]
id = "acme.custom"
version = "1.0.0""#,
);
pub(super) const RESERVED_ID: Example = (
    r#"[pack]
id = "base.acme"
version = "1.0.0""#,
    r#"[pack]
id = "acme.base"
version = "1.0.0""#,
);
pub(super) const DUPLICATE_ID: Example = (
    r#"[[rule]]
id = "words"
category = "house.words"
terms = ["坏词"]
status = "draft"
[[rule]]
id = "words"
category = "house.words"
terms = ["脏话"]
status = "draft""#,
    r#"[[rule]]
id = "words"
category = "house.words"
terms = ["坏词"]
status = "draft"
[[rule]]
id = "more-words"
category = "house.words"
terms = ["脏话"]
status = "draft""#,
);
pub(super) const BAD_VERSION: Example = (
    r#"[pack]
id = "acme.custom"
version = "1.0""#,
    r#"[pack]
id = "acme.custom"
version = "1.0.0""#,
);
pub(super) const BAD_CATEGORY: Example = (
    r#"[[rule]]
id = "r"
category = "House Words"
terms = ["坏词"]
status = "draft""#,
    r#"[[rule]]
id = "r"
category = "house.words"
terms = ["坏词"]
status = "draft""#,
);
pub(super) const BAD_LIST_NAME: Example = (
    r#"when = "Bad-Words"
[rule.lists]
Bad-Words = ["坏词"]"#,
    r#"when = "bad_words"
[rule.lists]
bad_words = ["坏词"]"#,
);
pub(super) const BAD_LANGUAGE: Example = (
    r#"[pack]
id = "acme.custom"
version = "1.0.0"
languages = ["中文"]"#,
    r#"[pack]
id = "acme.custom"
version = "1.0.0"
languages = ["zh"]"#,
);
pub(super) const BAD_JURISDICTION: Example = (
    r#"[[rule.listings]]
list = "un"
reference = "QDe.000""#,
    r#"[[rule.listings]]
list = "UN"
reference = "QDe.000""#,
);
pub(super) const BAD_DATE: Example = (
    r#"effective = { from = 2026/1/1 }"#,
    r#"effective = { from = 2026-01-01 }"#,
);
pub(super) const BAD_PERIOD: Example = (
    r#"effective = { from = 2026-06-01, until = 2026-01-01 }"#,
    r#"effective = { from = 2026-01-01, until = 2026-06-01 }"#,
);
pub(super) const UNKNOWN_VALUE: Example = (r#"action = "拦截""#, r#"action = "block""#);
pub(super) const UNKNOWN_VARIANT: Example = (r#"variants = ["gap"]"#, r#"variants = ["gaps"]"#);
pub(super) const TERMS_AND_WHEN: Example = (
    r#"terms = ["坏词"]
when = "bad"
[rule.lists]
bad = ["脏话"]"#,
    r#"when = "bad or worse"
[rule.lists]
bad = ["坏词"]
worse = ["脏话"]"#,
);
pub(super) const NO_CONDITION: Example = (
    r#"[[rule]]
id = "r"
category = "house.words"
status = "draft""#,
    r#"[[rule]]
id = "r"
category = "house.words"
status = "draft"
terms = ["坏词"]"#,
);
pub(super) const EMPTY_LIST: Example = (r#"terms = []"#, r#"terms = ["坏词"]"#);
pub(super) const EMPTY_TERM: Example = (r#"terms = ["坏词", " "]"#, r#"terms = ["坏词"]"#);
pub(super) const TERM_TOO_LONG: Example = (
    r#"# a whole message of more than 128 characters as one term"#,
    r#"terms = ["加微信领取礼品卡"]"#,
);
pub(super) const CONTROL_CHARACTER: Example =
    (r#"terms = ["gift\tcard"]"#, r#"terms = ["gift card"]"#);
pub(super) const TEXT_AND_REGEX: Example = (
    r#"terms = [{ text = "坏词", regex = '坏词\d' }]"#,
    r#"terms = ["坏词", { regex = '坏字\d' }]"#,
);
pub(super) const TOO_MANY_TERMS: Example = (
    r#"terms = { file = "words/two-million.txt" }"#,
    r#"terms = { file = "words/first-half.txt" }   # the other half in another pack"#,
);
pub(super) const TOO_MANY_RULES: Example = (
    r#"# 20,000 times [[rule]] with one term each"#,
    r#"terms = { file = "words/all-of-one-kind.txt" }"#,
);
pub(super) const TOO_MANY_REGEXES: Example = (
    r#"# 1,000 times { regex = '...' }"#,
    r#"terms = ["坏词", "脏话"]"#,
);
pub(super) const TOO_MANY_SAMPLES: Example = (
    r#"# thousands of messages under match"#,
    r#"match = ["one message for each thing that the rule is about"]"#,
);
pub(super) const REGEX_TOO_LONG: Example = (
    r#"# a regex that lists two hundred words: '(word|word|word|...)'"#,
    r#"terms = { file = "words/listed.txt" }"#,
);
pub(super) const REGEX_SYNTAX: Example = (
    r#"terms = [{ regex = '(坏词' }]"#,
    r#"terms = [{ regex = '(坏词)' }]"#,
);
pub(super) const REGEX_TOO_BIG: Example = (
    r#"terms = [{ regex = '坏词(\w{1,100}){1,100}' }]"#,
    r#"terms = [{ regex = '坏词[a-z0-9_]{1,30}' }]"#,
);
pub(super) const REGEX_EMPTY_MATCH: Example = (
    r#"terms = [{ regex = '(坏词)*' }]"#,
    r#"terms = [{ regex = '(坏词)+' }]"#,
);
pub(super) const REGEX_NEVER_MATCHES: Example = (
    r#"terms = [{ regex = '坏词[^\s\S]' }]"#,
    r#"terms = [{ regex = '坏词\S' }]"#,
);
pub(super) const REGEX_NO_LITERAL: Example = (
    r#"terms = [{ regex = '\d{6,}' }]"#,
    r#"terms = [{ regex = '验证码\D{0,5}\d{6,}' }]"#,
);
pub(super) const BAD_PATH: Example = (
    r#"terms = { file = "C:\\words\\bad.txt" }"#,
    r#"terms = { file = "words/bad.txt" }"#,
);
pub(super) const WORD_FILE: Example = (
    r#"terms = { file = "words/misspelt.txt" }"#,
    r#"terms = { file = "words/bad.txt" }"#,
);
pub(super) const WORD_FILE_TOO_BIG: Example = (
    r#"terms = { file = "words/everything.txt" }"#,
    r#"terms = { file = "words/first-part.txt" }"#,
);
pub(super) const WORD_FILE_ENCODING: Example = (
    r#"# words/bad.txt was saved as GBK or UTF-16"#,
    r#"# words/bad.txt is saved as UTF-8, or made by
# tidegate import --encoding gbk bad.txt --words words/bad.txt"#,
);
pub(super) const WIDE_COMMENT: Example = (
    r#"＃ a comment in a word file"#,
    r#"# a comment in a word file"#,
);
pub(super) const BAD_CONDITION: Example = (
    r#"when = "offer 和 ask"
[rule.lists]
offer = ["坏词"]
ask = ["脏话"]"#,
    r#"when = "offer and ask"
[rule.lists]
offer = ["坏词"]
ask = ["脏话"]"#,
);
pub(super) const UNKNOWN_LIST: Example = (
    r#"when = "offers"
[rule.lists]
offer = ["坏词"]"#,
    r#"when = "offer"
[rule.lists]
offer = ["坏词"]"#,
);
pub(super) const NO_POSITIVE_TERM: Example = (
    r#"when = "not offer"
[rule.lists]
offer = ["坏词"]"#,
    r#"when = "ask and not offer"
[rule.lists]
offer = ["坏词"]
ask = ["脏话"]"#,
);
pub(super) const BAD_COUNT: Example = (
    r#"when = "3 of (offer, ask)"
[rule.lists]
offer = ["坏词"]
ask = ["脏话"]"#,
    r#"when = "2 of (offer, ask)"
[rule.lists]
offer = ["坏词"]
ask = ["脏话"]"#,
);
pub(super) const BAD_DISTANCE: Example = (
    r#"when = "offer near/5000 ask"
[rule.lists]
offer = ["坏词"]
ask = ["脏话"]"#,
    r#"when = "offer near/50 ask"
[rule.lists]
offer = ["坏词"]
ask = ["脏话"]"#,
);
pub(super) const BAD_WINDOW: Example = (
    r#"terms = ["坏词在此"]
window = { messages = 40, seconds = 120 }"#,
    r#"terms = ["坏词在此"]
window = { messages = 16, seconds = 120 }"#,
);
pub(super) const CONDITION_TOO_BIG: Example = (
    r#"when = "((((((((((((((((((((offer))))))))))))))))))))"
[rule.lists]
offer = ["坏词"]"#,
    r#"when = "offer"
[rule.lists]
offer = ["坏词"]"#,
);
pub(super) const NOT_WEAKER: Example = (
    r#"action = "review"
lower = { when = "shop", to = "block" }
[rule.lists]
shop = ["专卖店"]"#,
    r#"action = "block"
lower = { when = "shop", to = "review" }
[rule.lists]
shop = ["专卖店"]"#,
);
pub(super) const NO_SAMPLES: Example = (
    r#"[[rule]]
id = "r"
category = "house.words"
terms = ["坏词"]"#,
    r#"[[rule]]
id = "r"
category = "house.words"
terms = ["坏词"]
[rule.samples]
match = ["有坏词"]
pass = ["没有"]"#,
);
pub(super) const BAD_SAMPLE: Example = (
    r#"[rule.samples]
match = ["坏词"]
pass = [{ scene = "group" }]"#,
    r#"[rule.samples]
match = ["坏词"]
pass = [{ text = "好词", scene = "group" }]"#,
);
pub(super) const UNUSED_LIST: Example = (
    r#"terms = ["坏词"]
[rule.lists]
shop = ["专卖店"]"#,
    r#"when = "bad and not shop"
[rule.lists]
bad = ["坏词"]
shop = ["专卖店"]"#,
);
pub(super) const DUPLICATE_TERM: Example = (
    r#"terms = ["坏词", "脏话", "坏词"]"#,
    r#"terms = ["坏词", "脏话"]"#,
);
pub(super) const PADDED_TERM: Example = (
    r#"terms = [" gift card "]"#,
    r#"terms = [{ text = "gift card", word = true }]"#,
);
pub(super) const ONE_CHARACTER_TERM: Example = (r#"terms = ["赌"]"#, r#"terms = ["赌博网站"]"#);
pub(super) const DIGIT_TERM: Example = (
    r#"terms = ["69"]"#,
    r#"when = "number near/3 word"
[rule.lists]
number = ["69"]
word = ["坏词"]"#,
);
pub(super) const SHORT_LATIN_TERM: Example = (
    r#"terms = ["vx"]"#,
    r#"terms = [{ text = "VX", case_sensitive = true }]"#,
);
pub(super) const SAME_AFTER_FOLDING: Example =
    (r#"terms = ["礼品卡", "禮品卡"]"#, r#"terms = ["礼品卡"]"#);
pub(super) const SWALLOWED_TERM: Example = (
    r#"terms = ["礼品卡", "出售礼品卡"]"#,
    r#"terms = ["礼品卡"]"#,
);
pub(super) const COMMON_WORD: Example = (
    r#"terms = ["电话"]"#,
    r#"when = "word near/5 number"
[rule.lists]
word = ["电话"]
number = ["代开发票"]"#,
);
pub(super) const MIXED_SCRIPT_TERM: Example = (
    r#"terms = ["pаypal"]   # the first а is Cyrillic"#,
    r#"terms = ["paypal"]"#,
);
pub(super) const REGEX_SLASHES: Example = (
    r#"terms = [{ regex = '/微信\d{3}/i' }]"#,
    r#"terms = [{ regex = '微信\d{3}' }]"#,
);
pub(super) const HTML_ENTITY: Example = (
    r#"terms = ["买一送一&amp;包邮"]"#,
    r#"terms = ["买一送一&包邮"]"#,
);
pub(super) const PATTERN_IN_TEXT: Example = (
    r#"terms = ['加微信\d{3}', "坏词*"]"#,
    r#"terms = [{ regex = '加微信\d{3}' }, "坏词"]"#,
);
pub(super) const REGEX_COMMON_LITERAL: Example = (
    r#"terms = [{ regex = '元\d{3}' }]"#,
    r#"terms = [{ regex = '日赚\d{3}元' }]"#,
);
pub(super) const EXCEPTION_COVERS_TERM: Example = (
    r#"terms = ["坏词", "脏话"]
except = ["脏话"]"#,
    r#"terms = ["坏词", "脏话"]
except = ["脏话连篇"]"#,
);
pub(super) const EXCEPTION_COVERS_RULE: Example = (
    r#"terms = ["坏词"]
except = ["坏词"]"#,
    r#"terms = ["坏词"]
except = ["坏词大全"]"#,
);
pub(super) const NEVER_TRUE: Example = (
    r#"when = "bad and not bad"
[rule.lists]
bad = ["坏词"]"#,
    r#"when = "bad and not quoted"
[rule.lists]
bad = ["坏词"]
quoted = ["据报道"]"#,
);
pub(super) const ALWAYS_TRUE: Example = (
    r#"when = "bad"
action = "block"
lower = { when = "bad", to = "review" }
[rule.lists]
bad = ["坏词"]"#,
    r#"when = "bad"
action = "block"
lower = { when = "quoted", to = "review" }
[rule.lists]
bad = ["坏词"]
quoted = ["据报道"]"#,
);
pub(super) const UNKNOWN_CATEGORY: Example = (
    r#"when = "bad near/5 @terrorism.organization"
[rule.lists]
bad = ["坏词"]"#,
    r#"when = "bad near/5 @terrorism.organisation"
[rule.lists]
bad = ["坏词"]"#,
);
pub(super) const EXPIRED_RULE: Example = (
    r#"effective = { until = 2026-01-01 }"#,
    r#"status = "retired"
effective = { until = 2026-01-01 }"#,
);
pub(super) const NOT_YET_EFFECTIVE: Example = (
    r#"effective = { from = 2099-01-01 }"#,
    r#"effective = { from = 2026-01-01 }"#,
);
pub(super) const UNTESTED_RULE: Example = (
    r#"[[rule]]
id = "r"
category = "house.words"
status = "shadow"
terms = ["坏词"]"#,
    r#"[[rule]]
id = "r"
category = "house.words"
status = "shadow"
terms = ["坏词"]
[rule.samples]
match = ["有坏词"]
pass = ["没有"]"#,
);
pub(super) const ID_REUSED: Example = (
    r#"# version 1: id = "words", category = "house.words"
id = "words"
category = "fraud.lure""#,
    r#"id = "lure"
category = "fraud.lure""#,
);
pub(super) const ID_DROPPED: Example = (
    r#"# the rule "words" of version 1 is not in the file any more"#,
    r#"[[rule]]
id = "words"
category = "house.words"
status = "retired"
terms = ["坏词"]"#,
);
pub(super) const VERSION_NOT_RAISED: Example = (
    r#"version = "1.0.0"   # and a rule was changed"#,
    r#"version = "1.1.0""#,
);
pub(super) const UNUSED_ALLOW: Example = (
    r#"terms = ["坏词"]
allow_lints = [{ code = "common-word", reason = "..." }]"#,
    r#"terms = ["坏词"]"#,
);
pub(super) const PACK_ENCODING: Example = (
    r#"# saved by a spreadsheet as UTF-16, or by an editor as GBK"#,
    r#"# saved as UTF-8"#,
);
pub(super) const IDLE_EXCEPTION: Example = (
    r#"terms = ["坏词"]
except = ["好人好事"]"#,
    r#"terms = ["坏词"]
except = ["坏词大全"]"#,
);
pub(super) const WEAKENED: Example = (
    r#"[override."base.organisations/isil"]
action = "pass"   # where the base library says more"#,
    r#"[override."base.organisations/isil"]
action = "review""#,
);
pub(super) const UNKNOWN_OVERRIDE: Example = (
    r#"[override."base.organisations/isill"]
action = "review""#,
    r#"[override."base.organisations/isil"]
action = "review""#,
);
pub(super) const PACK_TWICE: Example = (
    r#"# two packs with id = "acme.custom""#,
    r#"# id = "acme.custom" and id = "acme.seasonal""#,
);
pub(super) const TERM_MATCHES_NOTHING: Example = (
    r#"terms = ["\u0301"]   # an accent alone"#,
    r#"terms = ["é"]"#,
);
pub(super) const RULESET_TOO_LARGE: Example = (
    r#"# packs of many million terms for one tenant"#,
    r#"# the same terms for several tenants"#,
);
pub(super) const NOT_A_RULESET: Example = (
    r#"# tidegate screen --ruleset words.toml"#,
    r#"# tidegate screen --pack words.toml"#,
);
pub(super) const OTHER_RULESET: Example = (
    r#"# a file that an older tidegate compiled"#,
    r#"# the same packs, compiled again"#,
);
pub(super) const DAMAGED_RULESET: Example = (
    r#"# words.tdg, half written"#,
    r#"# tidegate compile --pack words.toml --output words.tdg"#,
);
pub(super) const STALE_RULESET: Example = (
    r#"# acme.tdg, compiled before `allow` was changed in acme.tenant.toml"#,
    r#"# tidegate compile --tenant acme.tenant.toml --output acme.tdg"#,
);
pub(super) const BAD_TENANT_ID: Example = (r#"id = "acme corp""#, r#"id = "acme""#);
pub(super) const BAD_MASK: Example = (r#"mask = "x""#, r#"mask = "█""#);
pub(super) const BAD_SINK: Example = (r#"sinks = ["Trust desk"]"#, r#"sinks = ["trust-desk"]"#);
pub(super) const BAD_REFUSAL: Example = (
    r#"refusal = "Not sent.\nSorry.""#,
    r#"refusal = "This message cannot be sent.""#,
);
pub(super) const UNKNOWN_RULE: Example = (
    r#"[shadow."base.organisations/isill"]
reason = "too broad"
until = 2026-12-01"#,
    r#"[shadow."base.organisations/isil"]
reason = "too broad"
until = 2026-12-01"#,
);
pub(super) const TENANT_LIMIT: Example = (
    r#"# more rules than `[limits]` grants"#,
    r#"# as many, or a higher limit by the operator"#,
);
pub(super) const OLDER_PACK: Example = (
    r#"version = "1.0.0"   # while 1.1.0 is live"#,
    r#"version = "1.1.1""#,
);
pub(super) const DUPLICATE_TENANT: Example = (
    r#"# acme.tenant.toml and acme/tenant.toml, both with id = "acme""#,
    r#"# acme.tenant.toml alone"#,
);
pub(super) const UNREADABLE: Example = (
    r#"packs = ["../elsewhere/words.toml"]"#,
    r#"packs = ["words.toml"]"#,
);
pub(super) const UNSIGNED_PACK: Example = (
    r#"# words.toml without words.toml.minisig"#,
    r#"# minisign -S -t 'tenant:acme pack:acme.words version:1.0.0' -m words.toml"#,
);
pub(super) const BAD_SIGNATURE: Example = (
    r#"# words.toml, changed after it was signed"#,
    r#"# words.toml, signed once more"#,
);
pub(super) const BAD_SUM: Example = (
    r#"# words.toml, changed after B3SUMS was written"#,
    r#"# b3sum words.toml acme.tenant.toml > B3SUMS"#,
);
