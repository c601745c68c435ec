//! A condition as tokens; signs and words of other languages are read as what they mean.

use std::ops::Range;

use super::Problem;
use crate::diag::{codes, said};
use crate::limits::PackLimits;
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
        let run = |fits: fn(u8) -> bool| rest.bytes().take_while(|byte| fits(*byte)).count();
        let (token, length) = match c {
            c if c.is_ascii_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '0'..='9' => {
                let length = run(|byte| byte.is_ascii_digit());
                let number = number(&rest[..length], at..at + length)?;
                (Token::Number(number), length)
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
            c => match sign(rest) {
                Some((token, length, meant)) => {
                    swap(
                        swaps,
                        text,
                        at..at + length,
                        meant,
                        meant != "and" || c == '&',
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
    let (token, signs, meant): (Token<'static>, &[&str], &str) = match rest.chars().next()? {
        '（' | '［' | '【' | '[' | '{' => (Token::Open, &["（", "［", "【", "[", "{"], "("),
        '）' | '］' | '】' | ']' | '}' => (Token::Close, &["）", "］", "】", "]", "}"], ")"),
        '，' | '、' => (Token::Comma, &["，", "、"], ","),
        '&' | '＆' | '+' => (Token::And, &["&&", "＆＆", "&", "＆", "+"], "and"),
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
        "near" | "then" => return distance(text, at, &lower, limits, swaps),
        _ => return Ok((Token::Name(word), length)),
    };
    if lower != word {
        swap(swaps, text, at..at + length, &lower, true);
    }
    Ok((token, length))
}

/// `near/N` or `then/N`, also in other ways of writing: `NEAR/5`, `near / 5`, `near:5`, `near(5)`, `near 5`.
fn distance<'a>(
    text: &'a str,
    at: usize,
    word: &str,
    limits: &PackLimits,
    swaps: &mut Vec<Swap>,
) -> Result<(Token<'a>, usize), Problem> {
    let rest = &text[at..];
    let after = &rest[word.len()..];
    let plain = after
        .strip_prefix('/')
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let skip = |text: &'a str| text.trim_start_matches([' ', '\u{3000}']);
    let number = plain.unwrap_or_else(|| {
        let spaced = skip(after);
        skip(
            spaced
                .strip_prefix(['/', '／', ':', '：', '(', '（', '=', '_', '-'])
                .unwrap_or(spaced),
        )
    });
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    let of = skip(&number[digits..]).starts_with("of ");
    if digits == 0 || of {
        return Err(Problem {
            code: &codes::BAD_CONDITION,
            at: at..at + word.len(),
            what: said!("`{word}` has no distance", "`{word}` 缺少距离"),
            help: said!(
                "write `{word}/12`: at most twelve characters or words between the two",
                "请写 `{word}/12`：两者之间最多隔十二个字或词"
            ),
        });
    }
    let mut end = rest.len() - number.len() + digits;
    if let Some(open) = skip(after).chars().next()
        && matches!(open, '(' | '（')
        && let Some(close) = rest[end..].chars().next()
        && matches!(close, ')' | '）')
    {
        end += close.len_utf8();
    }
    let distance = number[..digits].parse().unwrap_or(u32::MAX);
    if distance > limits.distance {
        let most = limits.distance;
        return Err(Problem {
            code: &codes::BAD_DISTANCE,
            at: at..at + end,
            what: said!("the distance is larger than {most}", "距离大于 {most}"),
            help: said!(
                "write `{word}/{most}` at most; for anywhere in the message write `and`",
                "最多写 `{word}/{most}`；不限位置请用 `and`"
            ),
        });
    }
    if plain.is_none() || !rest.starts_with(word) {
        let meant = format!("{word}/{distance}");
        swap(swaps, text, at..at + end, &meant, true);
    }
    Ok((Token::Near(word == "then", distance), end))
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
