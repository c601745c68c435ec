//! A condition as tokens; signs and words of other languages are read as what they mean.

use std::ops::Range;

use super::Problem;
use crate::diag::{codes, said};
use crate::limits::PackLimits;
use crate::pack::keys::nearest;
use crate::pack::mend::half_width;
use crate::pack::reading::is_dotted;
use crate::pack::report::shown;

/// A sign or word that is written for another one of the language: where, and what is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pack) struct Swap {
    /// Bytes of the condition.
    pub(in crate::pack) at: Range<usize>,
    /// With the spaces that it needs.
    pub(in crate::pack) meant: String,
    /// Whether nothing else can be meant.
    pub(in crate::pack) sure: bool,
}

/// A token, as far as the parser tells them apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Open,
    Close,
    Comma,
    And,
    Or,
    Not,
    Of,
    /// `near/N` (`false`) or `then/N` (`true`).
    Near(bool, u32),
    Number(u32),
    Name(&'a str),
    Category(&'a str),
}

/// The tokens of a condition, with their places.
pub(super) fn tokens<'a>(
    text: &'a str,
    limits: &PackLimits,
    swaps: &mut Vec<Swap>,
) -> Result<Vec<(Token<'a>, Range<usize>)>, Problem> {
    // Names, numbers, operators, parentheses and commas.
    let most = limits.condition_nodes.saturating_mul(4);
    let mut tokens = Vec::new();
    let mut nodes = 0;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if let Some((length, sure)) = idle(rest) {
            swap(swaps, text, at..at + length, "", sure);
            at += length;
            continue;
        }
        if let Some(length) = unequal(rest) {
            swap(swaps, text, at..at + length, "and not", false);
            tokens.push((Token::And, at..at + length));
            tokens.push((Token::Not, at..at + length));
            at += length;
            continue;
        }
        let (token, length) = match c {
            c if c.is_ascii_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '0'..='9' | '０'..='９' => {
                let digits = digits(rest);
                let number = number(&half_width(&rest[..digits]), at..at + digits)?;
                if let Some(length) = within(&rest[digits..]) {
                    let length = digits + length;
                    swap(
                        swaps,
                        text,
                        at..at + length,
                        &format!("near/{number}"),
                        false,
                    );
                    (near(false, number, at..at + length, limits)?, length)
                } else {
                    if !rest[..digits].is_ascii() {
                        swap(swaps, text, at..at + digits, &number.to_string(), true);
                    }
                    (Token::Number(number), digits)
                }
            }
            '@' => {
                let length = 1 + rest[1..]
                    .bytes()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
                    .count();
                let category = &rest[1..length];
                if !is_dotted(category) {
                    let what = shown(category);
                    return Err(Problem {
                        code: &codes::BAD_CATEGORY,
                        at: at..at + length,
                        what: said!("{what} is no category", "{what} 不是类别"),
                        help: said!(
                            "write dotted parts, as in `@terrorism.organisation`",
                            "请写点分隔的类别，例如 `@terrorism.organisation`"
                        ),
                    });
                }
                (Token::Category(category), length)
            }
            c if c.is_alphabetic() || c == '_' => word(text, at, limits, swaps)?,
            '\u{3000}' | '\u{a0}' => {
                swap(swaps, text, at..at + c.len_utf8(), " ", true);
                at += c.len_utf8();
                continue;
            }
            c if quoted_name(rest).is_some() => {
                let name = quoted_name(rest).unwrap_or("");
                let (open, close) = (at + c.len_utf8(), at + c.len_utf8() + name.len());
                let end = close + text[close..].chars().next().map_or(0, char::len_utf8);
                swap(swaps, text, at..open, "", true);
                swap(swaps, text, close..end, "", true);
                (Token::Name(name), end - at)
            }
            c => match sign(rest) {
                Some((token, length, meant)) => {
                    swap(
                        swaps,
                        text,
                        at..at + length,
                        meant,
                        !matches!(meant, "and" | "then/12") || c == '&',
                    );
                    (token, length)
                }
                None => return Err(strange(c, at)),
            },
        };
        nodes += usize::from(!matches!(
            token,
            Token::Open | Token::Close | Token::Comma | Token::Of
        ));
        tokens.push((token, at..at + length));
        at += length;
        if tokens.len() > most || nodes > limits.condition_nodes {
            let most = limits.condition_nodes;
            return Err(Problem {
                code: &codes::CONDITION_TOO_BIG,
                at: 0..at,
                what: said!(
                    "the condition has more than {most} names and operators",
                    "条件的名字与运算符超过 {most} 个"
                ),
                help: said!(
                    "put terms that belong together in one list",
                    "请把同类的词放进一个词表"
                ),
            });
        }
    }
    Ok(tokens)
}

fn number(digits: &str, at: Range<usize>) -> Result<u32, Problem> {
    digits.parse().map_err(|_| Problem {
        code: &codes::BAD_COUNT,
        at,
        what: said!("the number is too large", "数字过大"),
        help: said!("write a smaller number", "请写较小的数字"),
    })
}

/// A sign of other languages, or a full-width one: what it stands for, and its length.
fn sign(rest: &str) -> Option<(Token<'static>, usize, &'static str)> {
    if rest.starts_with('{') && digits(&rest[1..]) > 0 {
        return None;
    }
    let (token, signs, meant): (Token<'static>, &[&str], &str) = match rest.chars().next()? {
        '（' | '［' | '【' | '[' | '{' => (Token::Open, &["（", "［", "【", "[", "{"], "("),
        '）' | '］' | '】' | ']' | '}' => (Token::Close, &["）", "］", "】", "]", "}"], ")"),
        '，' | '、' => (Token::Comma, &["，", "、"], ","),
        '&' | '＆' | '+' => (
            Token::And,
            &["&amp;&amp;", "&&", "&amp;", "＆＆", "&", "＆", "+"],
            "and",
        ),
        '-' | '=' | '→' => (Token::Near(true, 12), &["->", "=>", "→"], "then/12"),
        '|' | '｜' => (Token::Or, &["||", "｜｜", "|", "｜"], "or"),
        '!' | '！' => (Token::Not, &["!", "！"], "not"),
        _ => return None,
    };
    let sign = signs.iter().find(|sign| rest.starts_with(**sign))?;
    Some((token, sign.len(), meant))
}

/// Words of other languages for the operators.
const OTHER_OPERATORS: [(&str, &str); 17] = [
    ("并且", "and"),
    ("而且", "and"),
    ("以及", "and"),
    ("同时", "and"),
    ("且", "and"),
    ("和", "and"),
    ("与", "and"),
    ("及", "and"),
    ("或者", "or"),
    ("或", "or"),
    ("没有", "not"),
    ("不含", "not"),
    ("不包含", "not"),
    ("除了", "not"),
    ("不是", "not"),
    ("非", "not"),
    ("不", "not"),
];

/// Words of Chinese for `near` (`false`) and `then` (`true`).
const OTHER_DISTANCES: [(&str, bool); 9] = [
    ("附近", false),
    ("旁边", false),
    ("邻近", false),
    ("靠近", false),
    ("接近", false),
    ("然后", true),
    ("之后", true),
    ("后面", true),
    ("接着", true),
];

fn swap(swaps: &mut Vec<Swap>, text: &str, at: Range<usize>, meant: &str, sure: bool) {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '"';
    let mut meant = meant.to_owned();
    if meant.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let joined = swaps
            .last()
            .is_some_and(|last| last.at.end == at.start && last.meant.ends_with(is_word));
        if joined || text[..at.start].ends_with(is_word) {
            meant.insert(0, ' ');
        }
        if text[at.end..].starts_with(is_word) {
            meant.push(' ');
        }
    }
    swaps.push(Swap { at, meant, sure });
}

/// A keyword, `near/N`, `then/N`, or a name, at `at`, and its length with the distance.
fn word<'a>(
    text: &'a str,
    at: usize,
    limits: &PackLimits,
    swaps: &mut Vec<Swap>,
) -> Result<(Token<'a>, usize), Problem> {
    let rest = &text[at..];
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let mut length = rest.find(|c| !in_name(c)).unwrap_or(rest.len());
    if let Some((word, ordered)) = OTHER_DISTANCES
        .iter()
        .find(|(word, _)| rest[..length] == **word)
    {
        let meant = if *ordered { "then/12" } else { "near/12" };
        let bare = !rest[length..].trim_start().starts_with(['/', '／']);
        if bare {
            swap(swaps, text, at..at + length, meant, false);
            return Ok((near(*ordered, 12, at..at + length, limits)?, word.len()));
        }
    }
    if rest.starts_with(|c: char| !c.is_ascii()) {
        let other = OTHER_OPERATORS.iter().find(|(word, _)| {
            let after = rest.strip_prefix(word);
            after.is_some_and(|after| {
                !after.starts_with(|c: char| !c.is_ascii() && c.is_alphabetic())
            })
        });
        if let Some((word, meant)) = other {
            swap(swaps, text, at..at + word.len(), meant, false);
            let token = match *meant {
                "and" => Token::And,
                "or" => Token::Or,
                _ => Token::Not,
            };
            return Ok((token, word.len()));
        }
    } else if let Some(end) = rest.find(|c: char| !c.is_ascii()) {
        // `a和b`: the name ends where another script begins.
        length = length.min(end);
    }
    let word = &rest[..length];
    let lower = word.to_ascii_lowercase();
    let token = match &*lower {
        "and" => Token::And,
        "or" => Token::Or,
        "not" => Token::Not,
        "of" => Token::Of,
        "near" | "then" => return distance(text, at, &lower, length, limits, swaps),
        "any" | "all" | "both" => match quantity(&lower, &rest[length..]) {
            Some(count) => {
                swap(swaps, text, at..at + length, &count.to_string(), false);
                return Ok((Token::Number(count), length));
            }
            None => return Ok((Token::Name(word), length)),
        },
        _ if rest[length..]
            .strip_prefix(['/', '／'])
            .is_some_and(|rest| digits(rest) > 0) =>
        {
            let other = OTHER_DISTANCES.iter().find(|(other, _)| *other == word);
            let meant = match other {
                Some((_, true)) => "then",
                _ => nearest(&lower, ["near", "then"]).unwrap_or("near"),
            };
            return distance(text, at, meant, length, limits, swaps);
        }
        _ => return Ok((Token::Name(word), length)),
    };
    if lower != word {
        swap(swaps, text, at..at + length, &lower, true);
    }
    Ok((token, length))
}

/// `near/N` or `then/N`, also in other ways of writing: `NEAR/5`, `near / 5`, `near:5`, `near(5)`, `near 5`, `near/５字`, `near/1-5`. `written` bytes are the word.
fn distance<'a>(
    text: &'a str,
    at: usize,
    word: &str,
    written: usize,
    limits: &PackLimits,
    swaps: &mut Vec<Swap>,
) -> Result<(Token<'a>, usize), Problem> {
    let rest = &text[at..];
    let skip = |text: &'a str| text.trim_start_matches([' ', '\u{3000}']);
    let spaced = skip(&rest[written..]);
    let sign = ['/', '／', ':', '：', '(', '（', '[', '［', '=', '_', '-'];
    let number = skip(spaced.strip_prefix(sign).unwrap_or(spaced));
    let number = number.strip_prefix(['-', '－', '<', '≤']).unwrap_or(number);
    let run = digits(number);
    let of = skip(&number[run..]).starts_with("of ");
    if run == 0 || of {
        return Err(Problem {
            code: &codes::BAD_CONDITION,
            at: at..at + written,
            what: said!("`{word}` has no distance", "`{word}` 缺少距离"),
            help: said!(
                "write `{word}/12`: at most twelve characters or words between the two",
                "请写 `{word}/12`：两者之间最多隔十二个字或词"
            ),
        });
    }
    let mut digits_of = &number[..run];
    let mut after = &number[run..];
    // `1-12` is at most twelve, `1.5` at most one.
    if let Some(more) = after.strip_prefix(['-', '~', '～', '—', '至', '到', '.'])
        && digits(more) > 0
    {
        if !after.starts_with('.') {
            digits_of = &more[..digits(more)];
        }
        after = &more[digits(more)..];
    }
    after = &after[unit(after)..];
    if spaced.starts_with(['(', '（', '[', '［']) {
        after = after.strip_prefix([')', '）', ']', '］']).unwrap_or(after);
    }
    let end = rest.len() - after.len();
    let distance = half_width(digits_of).parse().unwrap_or(u32::MAX);
    let token = near(word == "then", distance, at..at + end, limits)?;
    let plain = format!("{word}/{digits_of}");
    if rest[..end] != plain || !plain.is_ascii() {
        let meant = format!("{word}/{distance}");
        swap(swaps, text, at..at + end, &meant, true);
    }
    Ok((token, end))
}

fn near(
    ordered: bool,
    distance: u32,
    at: Range<usize>,
    limits: &PackLimits,
) -> Result<Token<'static>, Problem> {
    if distance <= limits.distance {
        return Ok(Token::Near(ordered, distance));
    }
    let most = limits.distance;
    let word = if ordered { "then" } else { "near" };
    Err(Problem {
        code: &codes::BAD_DISTANCE,
        at,
        what: said!("the distance is larger than {most}", "距离大于 {most}"),
        help: said!(
            "write `{word}/{most}` at most; for anywhere in the message write `and`",
            "最多写 `{word}/{most}`；不限位置请用 `and`"
        ),
    })
}

/// The bytes of the digits that a text begins with, full-width ones among them.
fn digits(text: &str) -> usize {
    text.find(|c: char| !matches!(c, '0'..='9' | '０'..='９'))
        .unwrap_or(text.len())
}

/// The bytes of a unit of distance that a text begins with.
fn unit(text: &str) -> usize {
    const UNITS: [&str; 10] = [
        "个字以内",
        "个字内",
        "字以内",
        "字内",
        "个字",
        "个词",
        "字符",
        "字",
        "词",
        "words",
    ];
    let unit = UNITS.iter().find(|unit| text.starts_with(**unit));
    unit.filter(|unit| !text[unit.len()..].starts_with(char::is_alphanumeric))
        .map_or(0, |unit| unit.len())
}

/// What of `字内` and the like a number is followed by.
fn within(text: &str) -> Option<usize> {
    let length = unit(text);
    text[..length].ends_with('内').then_some(length)
}

/// `any of (...)`, `all of (...)`: how many that is.
fn quantity(word: &str, after: &str) -> Option<u32> {
    let names = after
        .trim_start()
        .strip_prefix("of")?
        .trim_start()
        .strip_prefix(['(', '（'])?;
    let names = names.split([')', '）']).next().unwrap_or("");
    Some(match word {
        "any" => 1,
        "both" => 2,
        _ => u32::try_from(names.split([',', '，', '、']).count()).ok()?,
    })
}

/// What says nothing that the condition does not say without it: `至少 2 of`, `$offer`, `'offer'`. Its bytes, and whether nothing else can be meant.
fn idle(rest: &str) -> Option<(usize, bool)> {
    const BEFORE_NUMBERS: [&str; 8] = [
        "at least",
        "至少",
        "任意",
        "任何",
        "不少于",
        ">=",
        "≥",
        "任",
    ];
    const BEFORE_NAMES: [&str; 8] = [
        "同时出现",
        "同时包含",
        "同时含有",
        "出现",
        "包含",
        "含有",
        "提到",
        "both ",
    ];
    let spaces = |length: usize| {
        let after = &rest[length..];
        length + after.len() - after.trim_start_matches([' ', '\u{3000}']).len()
    };
    let words =
        |words: &[&'static str]| words.iter().find(|word| rest.starts_with(**word)).copied();
    if let Some(word) = words(&BEFORE_NUMBERS)
        && digits(&rest[spaces(word.len())..]) > 0
    {
        return Some((spaces(word.len()), true));
    }
    if let Some(word) = words(&BEFORE_NAMES) {
        let length = spaces(word.len());
        if rest[length..].starts_with(|c: char| c.is_ascii_lowercase())
            && !rest[length..].starts_with("of ")
        {
            return Some((length, false));
        }
    }
    let name = |text: &str| text.starts_with(|c: char| c.is_ascii_lowercase());
    if let Some(prefix) = ["$", "rule.lists.", "lists."]
        .into_iter()
        .find(|prefix| rest.starts_with(prefix))
        && name(&rest[prefix.len()..])
    {
        return Some((prefix.len(), true));
    }
    let end = rest.trim_end();
    (end == ";" || end == "。" || end == "；").then_some((end.len(), true))
}

/// The name of a list in quotes.
fn quoted_name(rest: &str) -> Option<&str> {
    let quote = |c: char| matches!(c, '"' | '\'' | '“' | '”' | '‘' | '’' | '「' | '」' | '`');
    let inner = rest.strip_prefix(quote)?;
    let name = &inner[..inner.find(quote)?];
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(plain)).then_some(name)
}

/// `a != b`.
fn unequal(rest: &str) -> Option<usize> {
    ["!=", "≠", "<>"]
        .into_iter()
        .find(|sign| rest.starts_with(sign))
        .map(str::len)
}

fn strange(c: char, at: usize) -> Problem {
    let what = shown(c.encode_utf8(&mut [0; 4]));
    let help = if matches!(c, '"' | '\'' | '“' | '”' | '「' | '」' | '‘' | '’') {
        said!(
            "a condition names lists: put the term in a list below `[rule.lists]`, as in `words = [\"...\"]`, and write `words` here",
            "条件里写词表名：请把词放进 `[rule.lists]` 下的词表，例如 `words = [\"...\"]`，并在此写 `words`"
        )
    } else {
        said!(
            "name lists, as in `offer near/12 (ask or price) and not shop`; terms stand in lists",
            "条件里写词表名，例如 `offer near/12 (ask or price) and not shop`；词写在词表里"
        )
    };
    Problem {
        code: &codes::BAD_CONDITION,
        at: at..at + c.len_utf8(),
        what: said!(
            "{what} has no meaning in a condition",
            "条件中不能用 {what}"
        ),
        help,
    }
}
