//! Every code of a diagnostic: what it means, why it is reported, and what to write instead.

use super::{Level, examples};

/// A kind of problem.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Code {
    /// Stable, kebab-case, never reused.
    pub name: &'static str,
    /// How grave.
    pub level: Level,
    /// What it is, in English and Chinese.
    pub title: (&'static str, &'static str),
    /// Why it is reported and what to write instead, in English and Chinese.
    pub explanation: (&'static str, &'static str),
    /// Lines of a pack that give it.
    pub example: &'static str,
    /// What to write instead of these.
    pub instead: &'static str,
}

/// The code of that name.
pub fn by_name(name: &str) -> Option<&'static Code> {
    CODES.iter().copied().find(|code| code.name == name)
}

macro_rules! codes {
    ($($id:ident = $name:literal, $level:ident, ($en:literal, $zh:literal), ($why_en:literal, $why_zh:literal);)*) => {
        $(
            #[doc = $en]
            pub static $id: Code = Code {
                name: $name,
                level: Level::$level,
                title: ($en, $zh),
                explanation: ($why_en, $why_zh),
                example: examples::$id.0,
                instead: examples::$id.1,
            };
        )*

        /// Every code, in the order in which they are explained.
        pub static CODES: &[&Code] = &[$(&$id),*];
    };
}

codes! {
    SYNTAX = "syntax", Error, ("the file is no TOML", "文件不是合法的 TOML"),
        ("The text cannot be read as TOML 1.0: a quote, bracket, comma or `=` is missing or stands where it may not. Strings need quotes.",
         "文本无法按 TOML 1.0 读取：引号、括号、逗号或等号缺失或位置不对。字符串必须加引号。");
    NEWER_TOML = "newer-toml", Error, ("syntax of a newer TOML", "使用了较新版本的 TOML 语法"),
        ("Packs are TOML 1.0, so that every tool can read them. Write an inline table on one line without a comma at its end, `\\u001B` for `\\e`, `\\u00HH` for `\\xHH`, and times with seconds.",
         "规则包使用 TOML 1.0，以便所有工具都能读取。行内表写在一行且末尾不加逗号；`\\e` 写成 `\\u001B`，`\\xHH` 写成 `\\u00HH`；时间要写到秒。");
    WIDE_SIGN = "wide-sign", Error, ("a full-width sign outside quotes", "引号之外有全角符号"),
        ("Outside quotes TOML knows only the signs and spaces of ASCII: `=` `,` `[` `]`. An input method for Chinese writes `＝` `，` `【` `】`.",
         "引号之外只能用半角符号和空格：`=` `,` `[` `]`。中文输入法打出的是 `＝` `，` `【` `】`。");
    WIDE_QUOTE = "wide-quote", Error, ("quotes that are not straight", "引号不是半角直引号"),
        ("Strings stand in straight quotes, `\"` or `'`. Word processors and input methods write “ ” or 「 」. Within a string these are fine.",
         "字符串要用半角直引号 `\"` 或 `'`。文字处理软件和输入法会打出 “ ” 或 「 」；这些引号可以出现在字符串内部。");
    INNER_QUOTE = "inner-quote", Error, ("a quote inside a string", "字符串中间出现引号"),
        ("The next quote of the same kind ends a string. For a quote within the text write “ ”, or put the string in single quotes.",
         "遇到同样的引号，字符串就结束了。文本内的引号请写成 “ ”，或用单引号括住整个字符串。");
    BARE_TEXT = "bare-text", Error, ("text without quotes", "文字没有加引号"),
        ("Only numbers, dates, `true` and `false` stand without quotes.",
         "只有数字、日期、`true` 和 `false` 不加引号。");
    BAD_ESCAPE = "bad-escape", Error, ("a backslash that escapes nothing", "无效的转义"),
        ("In double quotes `\\` begins an escape such as `\\n`. A regex has many of them: put it in single quotes, where `\\` is itself.",
         "双引号中 `\\` 表示转义，例如 `\\n`。正则里有很多反斜杠：请用单引号，其中的 `\\` 就是它本身。");
    MISSING_COMMA = "missing-comma", Error, ("a missing comma", "缺少逗号"),
        ("The values of a list are separated by commas, also where each stands on a line of its own.",
         "列表的值之间用逗号分隔，每个值单独一行时也一样。");
    UNCLOSED = "unclosed", Error, ("something that is not closed", "没有闭合"),
        ("A string ends on its line with the quote that it began with; a list ends with `]`, a table in line with `}`.",
         "字符串要在同一行用相同的引号结束；列表以 `]` 结束，行内表以 `}` 结束。");
    ASSIGNMENT = "assignment", Error, ("a key and a value without `=`", "键与值之间不是 `=`"),
        ("A key and its value are joined by `=`; `:` is of JSON and YAML.",
         "键与值之间用 `=`；`:` 是 JSON 和 YAML 的写法。");
    COMMENT_SIGN = "comment-sign", Error, ("a comment that does not begin with `#`", "注释不是以 `#` 开头"),
        ("A comment begins with `#` and ends with the line.",
         "注释以半角 `#` 开头，到行末为止。");
    HEADER_BRACKETS = "header-brackets", Error, ("a header in the wrong number of brackets", "表头的方括号数量不对"),
        ("Of `[[rule]]` and `[[rule.listings]]` there can be several: double brackets. Of `[pack]`, `[lists]`, `[rule.samples]` there is one: single brackets.",
         "`[[rule]]` 和 `[[rule.listings]]` 可有多个，用双方括号；`[pack]`、`[lists]`、`[rule.samples]` 只有一个，用单方括号。");
    NOT_TOML = "not-toml", Error, ("another format than TOML", "不是 TOML 格式"),
        ("A pack is TOML. JSON, YAML, tables and plain lists of words are not read as packs; `tidegate new` begins one, and `tidegate import` makes one of words.",
         "规则包是 TOML。JSON、YAML、表格和纯词表不能当作规则包；`tidegate new` 新建规则包，`tidegate import` 把词表转成规则包。");
    DUPLICATE_KEY = "duplicate-key", Error, ("a key is given twice", "键重复"),
        ("A key stands once in its table. Remove one, or merge the two.",
         "同一张表里一个键只能出现一次。请删除其一或合并。");
    PACK_TOO_BIG = "pack-too-big", Error, ("the pack is too big", "规则包过大"),
        ("The file has more bytes than the limit. Move long lists to word files or split the pack.",
         "文件字节数超过上限。请把长词表移到词表文件，或拆分规则包。");
    PACK_TOO_COMPLEX = "pack-too-complex", Error, ("the pack holds too much syntax", "规则包语法元素过多"),
        ("The file has more brackets, keys and values than any pack within the limits needs. Split the pack.",
         "文件里的括号、键和值的数量超过上限。请拆分规则包。");
    NESTED_TOO_DEEP = "nested-too-deep", Error, ("nested too deep", "嵌套过深"),
        ("No part of a pack nests tables or arrays this deep; most often a bracket is not closed.",
         "规则包不需要这么深的嵌套，通常是括号没有闭合。");
    WRONG_TYPE = "wrong-type", Error, ("a value of the wrong type", "值的类型不对"),
        ("The key wants another type of value: a string in quotes, a list in brackets, `true` or `false` without quotes.",
         "该键需要其他类型的值：字符串加引号，列表用方括号，`true`/`false` 不加引号。");
    MISSING_KEY = "missing-key", Error, ("a key is missing", "缺少必需的键"),
        ("A pack needs `format`, `id` and `version`; a rule needs `id` and `category`. Add the key.",
         "规则包需要 `format`、`id` 和 `version`；规则需要 `id` 和 `category`。请补上。");
    UNKNOWN_KEY = "unknown-key", Error, ("an unknown key", "未知的键"),
        ("Nothing reads this key, so what it was meant to do would not be done. Mostly it is misspelt.",
         "没有任何功能读取这个键，它想表达的意思不会生效。多半是拼写错误。");
    MISPLACED_KEY = "misplaced-key", Error, ("a key of another table", "键放错了表"),
        ("The key is valid elsewhere. Move it to the table that it belongs to.",
         "该键在别处有效，请移到它所属的表中。");
    SLID_KEY = "slid-key", Error, ("a key slid under another header", "键滑到了下面的表头里"),
        ("In TOML a key belongs to the header above it. A key of the rule written below `[rule.samples]` or `[rule.lists]` is no longer the rule's: write it above that header.",
         "TOML 中，键属于它上方最近的表头。写在 `[rule.samples]` 或 `[rule.lists]` 之下的规则键不再属于规则：请移到该表头之前。");
    UNKNOWN_FORMAT = "unknown-format", Error, ("an unknown format", "未知的格式版本"),
        ("This version of tidegate reads format 1. Write `format = 1` at the top of the file.",
         "当前 tidegate 只读取格式 1。请在文件开头写 `format = 1`。");
    BAD_ID = "bad-id", Error, ("an id of the wrong form", "标识符形式不对"),
        ("Ids are dotted parts of `a-z`, `0-9`, `-` and `_`, each part beginning and ending with a letter or digit, such as `scam.gift-card`.",
         "标识符由点分隔的若干段组成，每段用 `a-z`、`0-9`、`-`、`_`，首尾为字母或数字，例如 `scam.gift-card`。");
    RESERVED_ID = "reserved-id", Error, ("an id that is reserved", "标识符被保留"),
        ("`base` and `base.*` belong to the base library. Choose an id of your own, such as `acme.custom`.",
         "`base` 和 `base.*` 属于基础库。请使用自己的标识，例如 `acme.custom`。");
    DUPLICATE_ID = "duplicate-id", Error, ("two rules of one id", "规则标识重复"),
        ("A rule's id is unique in its pack, since findings name rules by it. Rename one of them.",
         "规则标识在包内必须唯一，因为命中结果用它指称规则。请给其中一条改名。");
    BAD_VERSION = "bad-version", Error, ("a version of the wrong form", "版本号形式不对"),
        ("A version is three numbers, such as `2.3.0`.",
         "版本号由三个数字组成，例如 `2.3.0`。");
    BAD_CATEGORY = "bad-category", Error, ("a category of the wrong form", "类别形式不对"),
        ("A category is dotted parts of `a-z`, `0-9`, `-` and `_`, from the general to the particular, such as `fraud.lure`.",
         "类别由点分隔的若干段组成，从大类到小类，例如 `fraud.lure`。");
    BAD_LIST_NAME = "bad-list-name", Error, ("a list name of the wrong form", "词表名形式不对"),
        ("A list's name is `a-z`, then `a-z`, `0-9` and `_`, and no word of the condition language (`and or not of near then`).",
         "词表名以 `a-z` 开头，后接 `a-z`、`0-9`、`_`，且不能是条件语言的关键字（`and or not of near then`）。");
    BAD_LANGUAGE = "bad-language", Error, ("a language tag of the wrong form", "语言标签形式不对"),
        ("A language is a tag such as `zh`, `en` or `zh-Hant`.",
         "语言写成标签，例如 `zh`、`en`、`zh-Hant`。");
    BAD_JURISDICTION = "bad-jurisdiction", Error, ("a list or jurisdiction of the wrong form", "名单或法域代码形式不对"),
        ("Lists and jurisdictions are two to eight capital letters: `UN`, `EU`, `UK`, `AU`, `US`.",
         "名单与法域用 2 到 8 个大写字母：`UN`、`EU`、`UK`、`AU`、`US`。");
    BAD_DATE = "bad-date", Error, ("a date of the wrong form", "日期形式不对"),
        ("Write a date without quotes, `2026-01-01`, which is midnight UTC, or a date-time with an offset, `2026-01-01T08:00:00+08:00`. A date-time without an offset would mean another moment in each place.",
         "日期不加引号：`2026-01-01` 表示 UTC 零点；带时间的要写时区偏移：`2026-01-01T08:00:00+08:00`。没有偏移的时间在各地含义不同。");
    BAD_PERIOD = "bad-period", Error, ("a period that ends before it begins", "时间段的结束不晚于开始"),
        ("`from` must be before `until`; `until` itself no longer belongs to the period.",
         "`from` 必须早于 `until`；`until` 当刻不再属于该时间段。");
    UNKNOWN_VALUE = "unknown-value", Error, ("an unknown value", "未知的取值"),
        ("The key takes one of a few words. Write one of those listed.",
         "该键只接受少数几个词，请改用列出的词。");
    UNKNOWN_VARIANT = "unknown-variant", Error, ("an unknown variant", "未知的变体"),
        ("`variants` takes `exact`, `standard`, `strong`, or a list of names of variants.",
         "`variants` 可写 `exact`、`standard`、`strong`，或变体名列表。");
    TERMS_AND_WHEN = "terms-and-when", Error, ("both `terms` and `when`", "同时写了 `terms` 和 `when`"),
        ("`terms` is short for one list and a condition that any of it holds. With a condition of your own, put the terms in a list and name it in `when`.",
         "`terms` 等于一个词表加“命中任一即成立”。若要自定条件，请把词放进词表并在 `when` 中引用。");
    NO_CONDITION = "no-condition", Error, ("a rule that looks for nothing", "规则没有条件"),
        ("A rule needs `terms = [...]`, or lists and a `when`.",
         "规则需要 `terms = [...]`，或者词表加 `when`。");
    EMPTY_LIST = "empty-list", Error, ("a list without terms", "空词表"),
        ("A list without terms can never have a hit. Add a term or remove the list.",
         "没有词的词表永远不会命中。请添加词或删除它。");
    EMPTY_TERM = "empty-term", Error, ("a term without a significant character", "词没有有效字符"),
        ("A term needs a character that shows: white space and invisible characters alone would be found everywhere or nowhere.",
         "词至少要有一个可见字符：只有空白或不可见字符的词要么处处命中，要么从不命中。");
    TERM_TOO_LONG = "term-too-long", Error, ("a term that is too long", "词过长"),
        ("A term has more characters than the limit. Look for a shorter, telling part of it.",
         "词的字符数超过上限。请改用其中较短而有代表性的部分。");
    CONTROL_CHARACTER = "control-character", Error, ("a control character in a term", "词中有控制字符"),
        ("Tabs, line breaks and other control characters are no part of a term. A space in a term matches any white space.",
         "制表符、换行等控制字符不能出现在词中。词里的空格可匹配任意空白。");
    TEXT_AND_REGEX = "text-and-regex", Error, ("a term that is text and regex", "词同时写了 text 和 regex"),
        ("A term is a literal (`text`) or a regular expression (`regex`). Write two terms.",
         "一个词要么是普通词（`text`），要么是正则（`regex`）。请写成两个词。");
    TOO_MANY_TERMS = "too-many-terms", Error, ("too many terms", "词过多"),
        ("The pack's lists and exceptions hold more terms than the limit. A pack's list used by a rule with other `variants` counts again.",
         "规则包的词表与例外的总词数超过上限。被使用其他 `variants` 的规则引用的词表会再计一次。");
    TOO_MANY_RULES = "too-many-rules", Error, ("too many rules", "规则过多"),
        ("The pack holds more rules than the limit. Split it.",
         "规则数超过上限，请拆分规则包。");
    TOO_MANY_REGEXES = "too-many-regexes", Error, ("too many regexes", "正则过多"),
        ("The pack holds more regex terms than the limit. Write literal terms where you can: they cost far less.",
         "正则词数量超过上限。能写成普通词的请写普通词，开销小得多。");
    TOO_MANY_SAMPLES = "too-many-samples", Error, ("too many samples", "样例过多"),
        ("A rule has more samples than the limit.",
         "一条规则的样例数超过上限。");
    REGEX_TOO_LONG = "regex-too-long", Error, ("a regex that is too long", "正则过长"),
        ("The source of a regex has more bytes than the limit. Write several regex terms, or literal terms.",
         "正则源码字节数超过上限。请拆成多条，或改用普通词。");
    REGEX_SYNTAX = "regex-syntax", Error, ("a regex that cannot be read", "正则语法错误"),
        ("The regex has an error at the place shown. To look for the characters themselves, write a literal term, or put `\\` before each of `\\.+*?()|[]{}^$#&-~`.",
         "正则在标出的位置有错误。若要匹配这些字符本身，请写普通词，或在特殊字符前加 `\\`。");
    REGEX_TOO_BIG = "regex-too-big", Error, ("a regex that costs too much", "正则开销过大"),
        ("Compiled, the regex is bigger than the limit: counted repeats multiply, and large classes such as `\\w` weigh much. Use smaller counts or classes.",
         "编译后的正则超过上限：计数重复会相乘，`\\w` 这类大字符类很重。请减小次数或字符类。");
    REGEX_EMPTY_MATCH = "regex-empty-match", Error, ("a regex that matches nothing at all", "正则可匹配空文本"),
        ("The regex can match the empty text, so it would be found in every message. Let at least one character be required: `+` for `*`.",
         "正则可以匹配空文本，会在每条消息中命中。请至少要求一个字符，例如用 `+` 代替 `*`。");
    REGEX_NEVER_MATCHES = "regex-never-matches", Error, ("a regex that cannot match", "正则不可能匹配"),
        ("No text satisfies the regex.",
         "没有任何文本能满足该正则。");
    REGEX_NO_LITERAL = "regex-no-literal", Error, ("a regex without a required literal", "正则没有必需的字面量"),
        ("The scan looks for literals first and tries a regex only where one stands. Every match must contain one of at most 64 literals of two bytes or more: add a fixed word to the regex.",
         "扫描先找字面量，只在字面量出现处尝试正则。每个匹配都必须含有至多 64 个、每个不少于两字节的字面量之一：请在正则中加入固定的词。");
    BAD_PATH = "bad-path", Error, ("a path that is not allowed", "不允许的路径"),
        ("The path of a word file is relative to the pack, with `/` between its parts; it holds no `..` and no drive.",
         "词表文件路径相对于规则包，以 `/` 分隔，不含 `..` 和盘符。");
    WORD_FILE = "word-file", Error, ("a word file that cannot be read", "词表文件无法读取"),
        ("The loader gave no content for the path. Check the name and that the file is delivered with the pack.",
         "加载器没有返回该路径的内容。请检查文件名，并确认它随规则包一起提供。");
    WORD_FILE_TOO_BIG = "word-file-too-big", Error, ("a word file that is too big", "词表文件过大"),
        ("The file has more bytes than the limit, or all word files of the pack together have.",
         "该文件或规则包全部词表文件的字节数超过上限。");
    WORD_FILE_ENCODING = "word-file-encoding", Error, ("a word file that is no UTF-8", "词表文件不是 UTF-8"),
        ("Word files are UTF-8. Save the file as UTF-8; with or without a byte-order mark.",
         "词表文件必须为 UTF-8 编码（可带 BOM）。请另存为 UTF-8。");
    WIDE_COMMENT = "wide-comment", Error, ("a comment with a full-width sign", "注释用了全角井号"),
        ("Comments in word files begin with `#`. A line that begins with the full-width sign would become a term.",
         "词表文件的注释以半角 `#` 开头；以全角 `＃` 开头的行会被当成词。");
    BAD_CONDITION = "bad-condition", Error, ("a condition that cannot be read", "条件无法解析"),
        ("Conditions are built of list names and `@categories` with `near/N`, `then/N`, `not`, `and`, `or`, `N of (...)` and parentheses.",
         "条件由词表名、`@类别` 以及 `near/N`、`then/N`、`not`、`and`、`or`、`N of (...)` 和括号组成。");
    UNKNOWN_LIST = "unknown-list", Error, ("a list that does not exist", "词表不存在"),
        ("A name in a condition is a list of the rule (`[rule.lists]`) or of the pack (`[lists]`).",
         "条件中的名字必须是规则的词表（`[rule.lists]`）或包的词表（`[lists]`）。");
    NO_POSITIVE_TERM = "no-positive-term", Error, ("a condition that holds on nothing", "条件没有正向的词"),
        ("The condition would hold for a message without any hit. Require a list: `a and not b` instead of `not b` or `a or not b`.",
         "该条件对没有任何命中的消息也成立。请要求某个词表命中：写 `a and not b`，而不是 `not b` 或 `a or not b`。");
    BAD_COUNT = "bad-count", Error, ("a count that cannot be met", "数量不可能满足"),
        ("The count of `N of` is at least one and at most the number of what it counts, each named once.",
         "`N of` 的数量至少为 1，至多为被计对象的个数，且每个只写一次。");
    BAD_DISTANCE = "bad-distance", Error, ("a distance out of bounds", "距离超出范围"),
        ("The distance of `near/N` and `then/N` is bounded. One Han character or one word is one unit.",
         "`near/N` 与 `then/N` 的距离有上限。一个汉字或一个词为一个单位。");
    BAD_WINDOW = "bad-window", Error, ("a window out of bounds", "窗口超出范围"),
        ("A window reaches over 2 to 16 messages of one sender, and over at most an hour.",
         "窗口涵盖同一发送者的 2 到 16 条消息，最长一小时。");
    CONDITION_TOO_BIG = "condition-too-big", Error, ("a condition that is too big", "条件过大"),
        ("The condition has more terms and operators, or nests deeper, than the limit. Put terms that belong together in one list.",
         "条件的项数或嵌套超过上限。请把同类的词放进一个词表。");
    NOT_WEAKER = "not-weaker", Error, ("`lower` that does not weaken", "`lower` 没有减弱动作"),
        ("`lower.to` must be weaker than the rule's action: `pass` < `mask` < `review` < `block`.",
         "`lower.to` 必须弱于规则的动作：`pass` < `mask` < `review` < `block`。");
    NO_SAMPLES = "no-samples", Error, ("a rule in force without samples", "生效的规则没有样例"),
        ("A rule in status `enforce` needs a sample that matches and one that passes, so that a later change cannot break it unseen. Until there are some, write `status = \"draft\"`.",
         "状态为 `enforce` 的规则需要至少一个命中样例和一个放行样例，以免以后改坏而不自知。暂时没有时可写 `status = \"draft\"`。");
    BAD_SAMPLE = "bad-sample", Error, ("a sample of the wrong form", "样例形式不对"),
        ("A sample is a text, or a table with `text` or `messages`, and may give `scene`, `action`, `at` and `jurisdictions`.",
         "样例是文本，或含 `text` 或 `messages` 的表，可另给 `scene`、`action`、`at`、`jurisdictions`。");
    UNUSED_LIST = "unused-list", Warning, ("a list that no rule uses", "未被使用的词表"),
        ("Nothing looks for the terms of this list. Name it in a `when`, or remove it.",
         "没有规则使用该词表。请在 `when` 中引用或删除它。");
    DUPLICATE_TERM = "duplicate-term", Warning, ("a term twice in one list", "词表中的词重复"),
        ("The second mention does nothing. Remove it.",
         "第二次出现不起作用，请删除。");
    PADDED_TERM = "padded-term", Warning, ("white space at an end of a term", "词首尾有空白"),
        ("White space at either end of a term is dropped. For word borders write `word = true`.",
         "词首尾的空白会被忽略。需要词边界请写 `word = true`。");
    ONE_CHARACTER_TERM = "one-character-term", Warning, ("a term of one character", "单字词"),
        ("A single character is found in much ordinary text. Use a longer term, or require another list nearby.",
         "单个字符会在大量正常文本中命中。请用更长的词，或要求附近有另一词表。");
    DIGIT_TERM = "digit-term", Warning, ("a short term of digits alone", "很短的纯数字词"),
        ("Few digits stand in prices, times and counts. Use a longer term, or require another list nearby.",
         "短数字常见于价格、时间和数量。请用更长的词，或要求附近有另一词表。");
    SHORT_LATIN_TERM = "short-latin-term", Warning, ("a Latin term of two or three letters", "两三个字母的拉丁词"),
        ("Two or three letters are a word of some language or an abbreviation in another field. Add `case_sensitive = true`, or require another list nearby.",
         "两三个字母往往是某种语言的单词或别的缩写。请加 `case_sensitive = true`，或要求附近有另一词表。");
    SAME_AFTER_FOLDING = "same-after-folding", Warning, ("two terms that are read the same", "两个词读法相同"),
        ("Terms are folded as texts are: case, full-width forms, traditional characters and accents make no difference where their variants are on. The second of the two does nothing.",
         "词与文本一样归一化：在相应变体开启时，大小写、全角、繁简、变音符号都不区分。两者中的后一个不起作用。");
    SWALLOWED_TERM = "swallowed-term", Warning, ("a term that holds a shorter one", "词中含有更短的词"),
        ("Wherever the longer term stands, the shorter one is found, so the longer adds nothing but work. Remove it; or remove the shorter, if that is found too often.",
         "较长的词出现之处，较短的词必然命中，较长的词没有增益。请删除较长的；若较短的命中过多，则删除较短的。");
    COMMON_WORD = "common-word", Warning, ("a term that is an ordinary word", "词是常用词"),
        ("The term stands in much innocent text, by counts made of ordinary writing. Alone it would fire all day: require another list nearby, or look for a longer text.",
         "按普通文本的统计，这个词在大量无害文本中出现。单凭它会不断误报：请要求附近有另一词表，或改用更长的词。");
    MIXED_SCRIPT_TERM = "mixed-script-term", Warning, ("a term that mixes scripts inside a word", "词在一个单词里混用文字"),
        ("A word with letters of two scripts that look alike, such as a Cyrillic а in a Latin word, was mostly pasted from a disguise. Write the honest word: the variant `confusables` finds the disguises.",
         "一个单词里混有两种形似文字的字母（如拉丁单词里夹一个西里尔 а），多半是从伪装文本里粘贴来的。请写正常的单词：变体 `confusables` 会找到伪装。");
    REGEX_SLASHES = "regex-slashes", Warning, ("slashes around a regex", "正则首尾有斜杠"),
        ("Other languages write a regex between slashes. Here the slashes are part of it, and would have to stand in the message.",
         "有些语言把正则写在斜杠之间。在这里斜杠是正则的一部分，消息里要真有斜杠才会命中。");
    HTML_ENTITY = "html-entity", Warning, ("a term written as in the source of a web page", "词用了网页源码的写法"),
        ("`&amp;` and the like are how HTML writes signs. A term is what people write: a message that holds the sign, or is escaped as a whole, is found by the sign.",
         "`&amp;` 等是 HTML 里符号的写法。词应写成人们写的样子：含有该符号的消息，以及被转义的消息，都能由该符号找到。");
    PATTERN_IN_TEXT = "pattern-in-text", Warning, ("a literal term that looks like a pattern", "普通词看起来像模式"),
        ("A literal is looked for letter by letter, so that `.*` or a `*` at the end would have to stand in the message. Write `{ regex = '...' }` for a pattern; a term that may go on needs no sign.",
         "普通词逐字查找，`.*` 或末尾的 `*` 要在消息里原样出现才会命中。要写模式请写 `{ regex = '...' }`；后面可以接别的字时不必写符号。");
    REGEX_COMMON_LITERAL = "regex-common-literal", Warning, ("a regex that is tried very often", "正则会被频繁尝试"),
        ("A regex is tried wherever one of its literals stands, and this literal stands everywhere. Put more fixed text into the regex.",
         "正则在其字面量出现之处都会被尝试，而这个字面量随处可见。请在正则中加入更多固定文字。");
    EXCEPTION_COVERS_TERM = "exception-covers-term", Warning, ("an exception that is a term itself", "例外就是词本身"),
        ("An exception removes hits that lie wholly inside it. One that equals a term removes every hit of that term.",
         "例外会移除完全位于其中的命中。与词相同的例外会移除该词的全部命中。");
    EXCEPTION_COVERS_RULE = "exception-covers-rule", Warning, ("an exception that covers the whole rule", "例外覆盖了整条规则"),
        ("The exceptions take away every hit that the rule could have, so it never fires.",
         "例外移除了规则可能有的全部命中，规则永远不会触发。");
    NEVER_TRUE = "never-true", Warning, ("a condition that can never hold", "条件永远不成立"),
        ("The condition asks for something and for its absence, so the rule, or its `lower`, does nothing.",
         "条件既要求又排除同一内容，因此规则或其 `lower` 不起作用。");
    ALWAYS_TRUE = "always-true", Warning, ("a condition that always holds", "条件总是成立"),
        ("Whenever the rule fires, its `lower` holds too: the action is never the one that is written at the rule.",
         "规则触发时 `lower` 总是成立：规则上写的动作从不生效。");
    UNKNOWN_CATEGORY = "unknown-category", Warning, ("a category that no rule is of", "没有规则属于该类别"),
        ("`@category` stands for the hits of the rules of that category. With none there is never a hit. A pack sees the rules of the base library and its own.",
         "`@类别` 代表该类别规则的命中。没有这样的规则就永远没有命中。规则包能看到基础库和自身的规则。");
    EXPIRED_RULE = "expired-rule", Warning, ("a rule that has expired", "规则已过期"),
        ("The time of the check is not before the rule's `until`, or every listing that it rests on has ended. It is no longer screened.",
         "检查时刻已不早于规则的 `until`，或其所依据的名单条目均已失效。该规则不再起作用。");
    NOT_YET_EFFECTIVE = "not-yet-effective", Warning, ("a rule that is not in effect yet", "规则尚未生效"),
        ("The time of the check is before the rule's `from`.",
         "检查时刻早于规则的 `from`。");
    UNTESTED_RULE = "untested-rule", Warning, ("a rule in shadow without samples", "影子规则没有样例"),
        ("A rule in shadow is about to be enforced, and then needs a sample that matches and one that passes.",
         "影子规则即将生效，届时需要命中样例和放行样例。");
    ID_REUSED = "id-reused", Warning, ("an id with another meaning than before", "标识被改作他用"),
        ("Findings, alerts and appeals name a rule by its id, for years. A rule that looks for other things needs an id of its own.",
         "命中记录、告警和申诉长期按标识引用规则。含义不同的规则需要新的标识。");
    ID_DROPPED = "id-dropped", Warning, ("a rule that is gone", "规则被删除"),
        ("A rule that is no longer wanted stays in the pack with `status = \"retired\"`: its id is then never used for another.",
         "不再需要的规则应以 `status = \"retired\"` 留在包内，其标识便不会被他用。");
    VERSION_NOT_RAISED = "version-not-raised", Warning, ("a change without a higher version", "有改动但版本号未提高"),
        ("Verdicts are explained by the version of the pack that made them. Raise `version` with every change.",
         "判定要靠规则包的版本来解释。每次改动都请提高 `version`。");
    UNUSED_ALLOW = "unused-allow", Warning, ("an allowance of nothing", "多余的忽略"),
        ("`allow_lints` switches a warning off that the rule does not give. Once it did, perhaps: remove the entry, so that the warning is seen if it comes back.",
         "`allow_lints` 关闭的警告并未出现。也许以前有过：请删除该项，以便警告再次出现时能看到。");
    PACK_ENCODING = "pack-encoding", Error, ("a pack that is no UTF-8", "规则包不是 UTF-8"),
        ("Packs and tenants' files are UTF-8. Editors for Chinese may save GBK, spreadsheets UTF-16.",
         "规则包和租户文件须为 UTF-8。中文编辑器可能存为 GBK，表格软件可能存为 UTF-16。");
    IDLE_EXCEPTION = "idle-exception", Warning, ("an exception that holds no term", "例外不含任何词"),
        ("An exception removes hits that lie wholly inside it, and this one holds no term that it could remove.",
         "例外只移除完全位于其中的命中，而它不包含任何可被移除的词。");
    WEAKENED = "weakened", Error, ("weaker than allowed", "弱于允许的下限"),
        ("A tenant may go further than the rules, never below them. Write the action that stands there, or a stronger one.",
         "租户可以比规则更严，不得更宽。请写现有的动作或更强的动作。");
    UNKNOWN_OVERRIDE = "unknown-override", Error, ("an override of nothing", "覆盖对象不存在"),
        ("No rule has this id and none is in this category, so the override would do nothing. Write `pack/rule` as findings show it, or a category.",
         "没有规则使用该 id，也没有规则属于该类别，覆盖不会起作用。请按命中结果的写法写 `规则包/规则`，或写类别。");
    PACK_TWICE = "pack-twice", Error, ("two packs of one id", "两个规则包使用了同一个 id"),
        ("Findings name a rule by its pack's id, so ids are unique among the packs of one tenant. Give one of them another id.",
         "命中结果用规则包的 id 指明规则，因此同一租户的规则包 id 不得重复。请为其中一个改名。");
    TERM_MATCHES_NOTHING = "term-matches-nothing", Error, ("a term that can match nothing", "不可能匹配的词条"),
        ("Nothing is left of the term once it is read as a text is read: it holds only marks or characters that show nothing.",
         "按读取文本的方式读取后，词条中什么也没有剩下：它只含附加符号或不可见字符。");
    RULESET_TOO_LARGE = "ruleset-too-large", Error, ("too much for one ruleset", "规则集过大"),
        ("The terms are too many or too long for one automaton. Split the packs.",
         "词条过多或过长，无法放入一个自动机。请拆分规则包。");
    NOT_A_RULESET = "not-a-ruleset", Error, ("a file that is no compiled ruleset", "不是编译好的规则集"),
        ("Only what `tidegate compile` writes is read as a compiled ruleset. A pack is given with `--pack`.",
         "只有 `tidegate compile` 写出的文件才能作为编译好的规则集读取。规则包请用 `--pack` 指定。");
    OTHER_RULESET = "other-ruleset", Error, ("a ruleset of another version", "其他版本编译的规则集"),
        ("A compiled ruleset is read by the version of tidegate that wrote it, and by no other, older or newer, since tables and engine decide with it. Compile the packs again.",
         "编译好的规则集只能由写出它的 tidegate 版本读取，更旧或更新的版本都不行，因为判定还取决于数据表和引擎。请重新编译规则包。");
    DAMAGED_RULESET = "damaged-ruleset", Error, ("a damaged ruleset", "规则集已损坏"),
        ("The file was cut off, or altered, or asks for more than the limits allow. Compile the packs again, and write the file beside the old one before you rename it.",
         "文件被截断或改动，或者要求超过上限。请重新编译规则包；先写到旧文件旁边，再改名。");
    STALE_RULESET = "stale-ruleset", Error, ("a ruleset that is not the tenant's", "规则集与租户不符"),
        ("The ruleset was compiled from other allow terms than the tenant's file has, or as a locked one, which no tenant's is. Compile it again with `--tenant`.",
         "该规则集编译时所用的放行词与租户文件不同，或者是以锁定方式编译的，而租户的规则集不得锁定。请用 `--tenant` 重新编译。");
    BAD_TENANT_ID = "bad-tenant-id", Error, ("an id of the wrong form", "租户标识的写法不对"),
        ("A tenant's id is what messages name it by: 1 to 128 characters without white space, control characters or invisible ones.",
         "租户标识就是消息里用来指明租户的名字：1 到 128 个字符，不含空白、控制字符和不可见字符。");
    BAD_MASK = "bad-mask", Error, ("a mask that does not hide", "遮盖字符不可用"),
        ("`mask` is the one character that stands in place of each one that is hidden. It must show, and no letter or digit, for those could spell what was to be hidden.",
         "`mask` 是替换每个被遮盖字符的单个字符。它必须可见，且不能是字母或数字，否则可能拼出要遮盖的内容。");
    BAD_SINK = "bad-sink", Error, ("a sink of the wrong name", "接收端名称不对"),
        ("`sinks` names where alerts go: small letters, digits, `-`, `_` and dots. Where the operator's file lists the sinks that tenants may name, it is one of those.",
         "`sinks` 是警报送达的接收端名称：小写字母、数字、`-`、`_` 和点。若运营方文件列出了可用的接收端，只能从中选择。");
    BAD_REFUSAL = "bad-refusal", Error, ("a refusal of the wrong form", "拒绝提示的写法不对"),
        ("`refusal` is the line that the sender of a refused message sees: 1 to 500 characters, without line breaks or other control characters.",
         "`refusal` 是被拒消息的发送者看到的一行提示：1 到 500 个字符，不含换行和其他控制字符。");
    UNKNOWN_RULE = "unknown-rule", Error, ("a rule that is not there", "规则不存在"),
        ("The operator's file names a rule, or a category, that no shared pack has, so that the entry would do nothing. Write `pack/rule` as findings show it.",
         "运营方文件指明的规则或类别在共享规则包中不存在，该项不会起作用。请按命中结果的写法写 `规则包/规则`。");
    TENANT_LIMIT = "tenant-limit", Error, ("more than a tenant may have", "超过租户的上限"),
        ("The tenant's packs ask together for more than its limits grant. Its live version stays as it is. Split or shorten the packs, or ask the operator to raise `[limits]`.",
         "该租户的规则包合计超过其上限；正在生效的版本保持不变。请精简规则包，或请运营方提高 `[limits]`。");
    OLDER_PACK = "older-pack", Error, ("an older pack, or another of the same version", "规则包版本倒退或同版本内容不同"),
        ("A live pack is replaced by a newer one. Give the pack a higher version. To go back, let the operator roll back to an earlier fingerprint, which is recorded.",
         "生效中的规则包只能由更新的版本替换。请提高规则包的版本号；若要退回，请由运营方按指纹回滚，操作会留有记录。");
    DUPLICATE_TENANT = "duplicate-tenant", Error, ("two files for one tenant", "同一租户有两个文件"),
        ("Which of the two files counts would be left to chance. Remove one, or give it another id.",
         "无法确定以哪个文件为准。请删除其一，或改用其他标识。");
    UNREADABLE = "unreadable", Error, ("a file that cannot be read", "文件无法读取"),
        ("The file is not there, is no UTF-8, or lies outside the folder. Check its name and how it was written.",
         "文件不存在、不是 UTF-8，或位于目录之外。请检查文件名和写入方式。");
    UNSIGNED_PACK = "unsigned-pack", Error, ("a pack without a signature", "规则包没有签名"),
        ("The operator's file names keys, so that every pack, and every word file of it, needs its signature beside it: `words.toml.minisig` for `words.toml`.",
         "运营方文件配置了公钥，因此每个规则包及其词表文件旁都要有签名：`words.toml` 对应 `words.toml.minisig`。");
    BAD_SIGNATURE = "bad-signature", Error, ("a signature that does not hold", "签名无效"),
        ("The signature is by another key, is of another content, or its trusted comment is of another tenant, pack or version. Sign the file as it is, with `tenant:ID pack:ID version:X.Y.Z` as trusted comment.",
         "签名来自其他密钥、对应其他内容，或其可信注释属于其他租户、规则包或版本。请对现有文件重新签名，可信注释写 `tenant:ID pack:ID version:X.Y.Z`。");
    BAD_SUM = "bad-sum", Error, ("a file that is not as it was summed", "文件与校验和不符"),
        ("The folder has a `B3SUMS`, and the file is not in it, or is other than it says: it is half written or was altered. Write the files first, `B3SUMS` last.",
         "目录中有 `B3SUMS`，而该文件不在其中或与之不符：文件未写完或被改动。请先写文件，最后写 `B3SUMS`。");
}
