//! The language of conditions: text to tree, with names not yet resolved.
//!
//! Tight to loose: `near/N` and `then/N`, `not`, `and`, `or`; parentheses; `N of (a, b, c)`, `N of a`.

mod tokens;

use std::ops::Range;

use tokens::{Token, tokens};

pub(super) use tokens::Swap;

use super::keys::nearest;
use crate::diag::{Code, Said, codes, said};
use crate::limits::PackLimits;

/// A condition as written.
#[derive(Debug, PartialEq)]
pub(super) enum Written {
    Any(Name),
    And(Vec<Written>),
    Or(Vec<Written>),
    Not(Box<Written>),
    Near {
        left: Vec<Name>,
        right: Vec<Name>,
        distance: u32,
        ordered: bool,
    },
    Lists {
        count: (u32, Range<usize>),
        of: Vec<Name>,
    },
    Terms {
        count: (u32, Range<usize>),
        of: Name,
    },
}

/// The name of a list, or a category without its `@`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) category: bool,
    /// Bytes of the condition.
    pub(super) at: Range<usize>,
}

/// Why a condition cannot be read.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) code: &'static Code,
    /// Bytes of the condition.
    pub(super) at: Range<usize>,
    pub(super) what: Said,
    pub(super) help: Said,
}

/// Reads a condition. Bounded by `limits` in size, depth and time. What is written for another sign is read as that one, and put down in `swaps`.
pub(super) fn read(
    text: &str,
    limits: &PackLimits,
    swaps: &mut Vec<Swap>,
) -> Result<Written, Problem> {
    let tokens = tokens(text, limits, swaps)?;
    let mut parser = Parser {
        text,
        tokens: &tokens,
        next: 0,
        end: text.len(),
        depth: 0,
        most_deep: limits.condition_depth,
    };
    let written = parser.or()?;
    match parser.peek() {
        None => Ok(written),
        Some(_) => Err(parser.unexpected()),
    }
}

struct Parser<'a, 't> {
    text: &'a str,
    tokens: &'t [(Token<'a>, Range<usize>)],
    next: usize,
    end: usize,
    depth: usize,
    most_deep: usize,
}

impl<'a> Parser<'a, '_> {
    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn take(&mut self, token: &Token<'_>) -> bool {
        let found = self.peek() == Some(token);
        self.next += usize::from(found);
        found
    }

    /// Where the next token stands.
    fn here(&self) -> Range<usize> {
        self.tokens
            .get(self.next)
            .map_or(self.end..self.end, |(_, at)| at.clone())
    }

    fn problem(&self, what: Said, help: Said) -> Problem {
        Problem {
            code: &codes::BAD_CONDITION,
            at: self.here(),
            what,
            help,
        }
    }

    fn unexpected(&self) -> Problem {
        match self.peek() {
            None => self.problem(
                said!("the condition ends too early", "条件没有写完"),
                said!(
                    "write a list's name here, or close the parenthesis",
                    "请在此写词表名，或闭合括号"
                ),
            ),
            Some(Token::Close) => self.problem(
                said!("this `)` closes nothing", "多余的 `)`"),
                said!("remove it, or open a `(` before", "请删除，或在前面补 `(`"),
            ),
            Some(Token::Comma) => self.problem(
                said!(
                    "a `,` stands only in `N of (a, b)`",
                    "`,` 只能用于 `N of (a, b)`"
                ),
                said!("write `and` or `or`", "请写 `and` 或 `or`"),
            ),
            Some(Token::Near(..)) => self.problem(
                said!(
                    "`near` and `then` stand between two lists and make no chains",
                    "`near` 和 `then` 只能连接两个词表，不能连写"
                ),
                self.unchained(),
            ),
            Some(Token::Of) => self.problem(
                said!("`of` follows a number", "`of` 之前要写数字"),
                said!(
                    "write how many, and the names of the lists: `2 of (a, b, c)`",
                    "请写数目和词表名：`2 of (a, b, c)`"
                ),
            ),
            Some(Token::And | Token::Or) => self.problem(
                said!("a list's name is missing before this", "此处之前缺少词表名"),
                said!("write a list's name", "请写词表名"),
            ),
            Some(found) => {
                if let Some((word, meant)) = self.misspelt(found) {
                    let at = self.here();
                    let right =
                        format!("{}{meant}{}", &self.text[..at.start], &self.text[at.end..]);
                    return self.problem(
                        said!("`{word}` is no operator", "没有运算符 `{word}`"),
                        said!("did you mean `{right}`?", "是否想写 `{right}`？"),
                    );
                }
                self.problem(
                    said!("an operator is missing before this", "此处之前缺少运算符"),
                    said!(
                        "write `and`, `or`, `near/N` or `then/N` between the two",
                        "请在两者之间写 `and`、`or`、`near/N` 或 `then/N`"
                    ),
                )
            }
        }
    }

    /// The operator that a name stands for which something follows that needs one before it.
    fn misspelt(&self, found: &Token<'a>) -> Option<(&'a str, &'static str)> {
        let Token::Name(word) = *found else {
            return None;
        };
        let after = self.tokens.get(self.next + 1).map(|(token, _)| token);
        let needs = matches!(
            after,
            Some(Token::Name(_) | Token::Category(_) | Token::Open | Token::Not)
        );
        let operators = ["and", "or", "and not", "near/12", "then/12"];
        nearest(word, operators)
            .filter(|_| needs && self.text.len() < 160)
            .map(|meant| (word, meant))
    }

    /// A chain of `near`s as two conditions.
    fn unchained(&self) -> Said {
        let before = self
            .next
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last));
        if let Some((Token::Name(name), at)) = before
            && self.text.len() < 160
        {
            let (head, tail) = (&self.text[..at.end], &self.text[self.here().start..]);
            return said!(
                "write `{head} and {name} {tail}`",
                "请写 `{head} and {name} {tail}`"
            );
        }
        said!(
            "write `a near/5 b and b near/5 c`",
            "请写 `a near/5 b and b near/5 c`"
        )
    }

    fn or(&mut self) -> Result<Written, Problem> {
        let mut members = vec![self.and()?];
        while self.take(&Token::Or) {
            members.push(self.and()?);
        }
        Ok(one_or(members, Written::Or))
    }

    fn and(&mut self) -> Result<Written, Problem> {
        let mut members = vec![self.not()?];
        while self.take(&Token::And) {
            members.push(self.not()?);
        }
        Ok(one_or(members, Written::And))
    }

    fn not(&mut self) -> Result<Written, Problem> {
        if self.peek() == Some(&Token::Not) {
            self.deeper()?;
            self.next += 1;
            let inner = self.not()?;
            self.depth -= 1;
            return Ok(Written::Not(Box::new(inner)));
        }
        self.near()
    }

    fn near(&mut self) -> Result<Written, Problem> {
        let start = self.next;
        let left = self.primary()?;
        let Some(&Token::Near(ordered, distance)) = self.peek() else {
            return Ok(left);
        };
        let left = self.side(left, start)?;
        self.next += 1;
        let start = self.next;
        let right = self.primary()?;
        let right = self.side(right, start)?;
        if let Some(Token::Near(..)) = self.peek() {
            return Err(self.unexpected());
        }
        Ok(Written::Near {
            left,
            right,
            distance,
            ordered,
        })
    }

    /// What stands beside `near`: a name, or names joined by `or` in parentheses.
    fn side(&self, written: Written, start: usize) -> Result<Vec<Name>, Problem> {
        let from = self.tokens.get(start).map_or(self.end, |(_, at)| at.start);
        let to = self
            .next
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last))
            .map_or(self.end, |(_, at)| at.end);
        let mut names = Vec::new();
        if names_of(written, &mut names) {
            return Ok(names);
        }
        Err(Problem {
            code: &codes::BAD_CONDITION,
            at: from..to.max(from),
            what: said!(
                "`near` and `then` take lists, or lists joined by `or` in parentheses",
                "`near` 和 `then` 两侧只能是词表，或括号内用 `or` 连接的词表"
            ),
            help: said!(
                "write `(a or b) near/5 c`, and join other conditions with `and`",
                "请写 `(a or b) near/5 c`，其他条件用 `and` 连接"
            ),
        })
    }

    fn primary(&mut self) -> Result<Written, Problem> {
        match self.peek() {
            Some(Token::Open) => {
                self.deeper()?;
                self.next += 1;
                let inner = self.or()?;
                if !self.take(&Token::Close) {
                    return Err(match self.peek() {
                        None => self.problem(
                            said!("a `)` is missing", "缺少 `)`"),
                            said!("close the parenthesis", "请闭合括号"),
                        ),
                        Some(_) => self.unexpected(),
                    });
                }
                self.depth -= 1;
                Ok(inner)
            }
            Some(&Token::Number(count)) => {
                let count = (count, self.here());
                self.next += 1;
                self.of(count)
            }
            _ => Ok(Written::Any(self.name()?)),
        }
    }

    fn of(&mut self, count: (u32, Range<usize>)) -> Result<Written, Problem> {
        if !self.take(&Token::Of) {
            return Err(self.problem(
                said!("a number is followed by `of`", "数字之后应为 `of`"),
                said!("write `2 of (a, b, c)`", "请写 `2 of (a, b, c)`"),
            ));
        }
        if !self.take(&Token::Open) {
            let first = self.next;
            let of = self.name()?;
            if self.peek() == Some(&Token::Comma) {
                return Err(self.uncounted(first, first));
            }
            return Ok(Written::Terms { count, of });
        }
        let first = self.next;
        let mut of = vec![self.name()?];
        while self.take(&Token::Comma) {
            of.push(self.name()?);
        }
        if !self.take(&Token::Close) {
            return Err(self.uncounted(first, self.next));
        }
        Ok(Written::Lists { count, of })
    }

    /// `N of` whose lists, from the token `first` on, do not stand in parentheses with commas between them; wrong at the token `wrong`.
    fn uncounted(&self, first: usize, wrong: usize) -> Problem {
        let mut names = Vec::new();
        let mut end = self.end;
        for (token, at) in self.tokens.get(first..).unwrap_or(&[]) {
            match token {
                Token::Name(name) => names.push((*name).to_owned()),
                Token::Category(name) => names.push(format!("@{name}")),
                Token::Comma => {}
                // `2 of (a or b)` names lists as well.
                Token::Or | Token::And if wrong > first => {}
                Token::Close => {
                    end = at.end;
                    break;
                }
                _ => {
                    end = at.start;
                    break;
                }
            }
        }
        let at = self
            .tokens
            .get(wrong)
            .map_or(self.end..self.end, |(_, at)| at.clone());
        let head = self.text[..self.tokens.get(first).map_or(self.end, |(_, at)| at.start)]
            .trim_end_matches([' ', '(']);
        let tail = self.text[end..].trim_start();
        let space = if tail.is_empty() { "" } else { " " };
        let names = names.join(", ");
        let what = said!(
            "the lists of `N of` stand in parentheses, with `,` between them",
            "`N of` 的词表要写在括号里，用 `,` 分隔"
        );
        let help = if self.text.len() < 160 && !names.is_empty() {
            said!(
                "write `{head} ({names}){space}{tail}`",
                "请写 `{head} ({names}){space}{tail}`"
            )
        } else {
            said!("write `2 of (a, b, c)`", "请写 `2 of (a, b, c)`")
        };
        Problem {
            code: &codes::BAD_CONDITION,
            at,
            what,
            help,
        }
    }

    fn name(&mut self) -> Result<Name, Problem> {
        let (text, category) = match self.peek() {
            Some(Token::Name(text)) => (*text, false),
            Some(Token::Category(text)) => (*text, true),
            Some(Token::Not) => {
                return Err(self.problem(
                    said!("`not` cannot stand here", "此处不能用 `not`"),
                    said!(
                        "write `a and not b`; `not` takes no part in `near` or `N of`",
                        "请写 `a and not b`；`not` 不能用在 `near` 或 `N of` 中"
                    ),
                ));
            }
            _ => return Err(self.unexpected()),
        };
        let name = Name {
            text: text.to_owned(),
            category,
            at: self.here(),
        };
        self.next += 1;
        Ok(name)
    }

    fn deeper(&mut self) -> Result<(), Problem> {
        self.depth += 1;
        if self.depth <= self.most_deep {
            return Ok(());
        }
        let most = self.most_deep;
        Err(Problem {
            code: &codes::CONDITION_TOO_BIG,
            at: self.here(),
            what: said!(
                "the condition nests more than {most} deep",
                "条件嵌套超过 {most} 层"
            ),
            help: said!(
                "remove parentheses that are not needed, or put terms that belong together in one list",
                "请删去多余括号，或把同类的词放进一个词表"
            ),
        })
    }
}

fn one_or(mut members: Vec<Written>, many: fn(Vec<Written>) -> Written) -> Written {
    match members.pop() {
        Some(only) if members.is_empty() => only,
        last => {
            members.extend(last);
            many(members)
        }
    }
}

/// Collects the names of a tree of `or`s; `false` if there is anything else in it.
fn names_of(written: Written, names: &mut Vec<Name>) -> bool {
    match written {
        Written::Any(name) => {
            names.push(name);
            true
        }
        Written::Or(members) => members.into_iter().all(|member| names_of(member, names)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(written: &Written) -> String {
        let join = |members: &[Written], with: &str| {
            let members: Vec<String> = members.iter().map(plain).collect();
            format!("({})", members.join(with))
        };
        let names = |names: &[Name]| {
            let names: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
            names.join("|")
        };
        match written {
            Written::Any(name) => name.text.clone(),
            Written::And(members) => join(members, "&"),
            Written::Or(members) => join(members, "+"),
            Written::Not(inner) => format!("!{}", plain(inner)),
            Written::Near {
                left,
                right,
                distance,
                ordered,
            } => format!(
                "[{} {}{distance} {}]",
                names(left),
                if *ordered { ">" } else { "~" },
                names(right)
            ),
            Written::Lists { count, of } => format!("{}:{}", count.0, names(of)),
            Written::Terms { count, of } => format!("{}#{}", count.0, of.text),
        }
    }

    #[test]
    fn binds_tight_to_loose() {
        for (text, expected) in [
            ("a", "a"),
            ("a or b and not c near/3 d", "(a+(b&![c ~3 d]))"),
            ("(a or b) and c", "((a+b)&c)"),
            ("(a or (b or @x.y)) then/4 c", "[a|b|x.y >4 c]"),
            ("2 of (a, b, c) or 3 of d", "(2:a|b|c+3#d)"),
            ("not not a", "!!a"),
        ] {
            let read =
                read(text, &PackLimits::default(), &mut Vec::new()).map(|written| plain(&written));
            assert_eq!(read.ok().as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_signs_are_read_as_what_they_mean() {
        for (text, expected) in [
            ("a AND b", "a and b"),
            ("a && b", "a and b"),
            ("（a or b）and c", "(a or b)and c"),
            ("a和b", "a and b"),
            ("a 或者 非 b", "a or not b"),
            ("a||!b", "a or not b"),
            ("a NEAR/3 b", "a near/3 b"),
            ("a near / 3 b", "a near/3 b"),
            ("a near：3 b", "a near/3 b"),
            ("a near(3) b", "a near/3 b"),
            ("a near 3 b", "a near/3 b"),
            ("2 of （a，b）", "2 of (a,b)"),
        ] {
            let mut swaps = Vec::new();
            let one = read(text, &PackLimits::default(), &mut swaps);
            let edits: Vec<crate::diag::Edit> = swaps
                .iter()
                .map(|swap| crate::diag::Edit::new(swap.at.clone(), &*swap.meant))
                .collect();
            let rewritten = crate::diag::Fix::apply(text, &edits);
            assert_eq!(rewritten.replace("  ", " "), expected, "{text}");
            let mut none = Vec::new();
            let two = read(expected, &PackLimits::default(), &mut none);
            assert!(none.is_empty(), "{expected}");
            let (one, two) = (one.expect(text), two.expect(expected));
            assert_eq!(plain(&one), plain(&two), "{text}");
        }
    }

    #[test]
    fn problems_have_places() {
        for (text, code, at) in [
            ("", "bad-condition", 0..0),
            ("a b", "bad-condition", 2..3),
            ("a and", "bad-condition", 5..5),
            ("(a or b", "bad-condition", 7..7),
            ("a)", "bad-condition", 1..2),
            ("a near b", "bad-condition", 2..6),
            ("a near/3 b near/3 c", "bad-condition", 11..17),
            ("(a and b) near/3 c", "bad-condition", 0..9),
            ("a near/3 not b", "bad-condition", 9..12),
            ("a near/9999 b", "bad-distance", 2..11),
            ("\"A\" and b", "bad-condition", 0..1),
            ("99999999999 of a", "bad-count", 0..11),
            ("@x..y", "bad-category", 0..5),
        ] {
            let problem = read(text, &PackLimits::default(), &mut Vec::new()).expect_err(text);
            assert_eq!((problem.code.name, problem.at), (code, at), "{text}");
        }
        for deep in ["(", "not ", "a and ", "("] {
            let text = deep.repeat(10_000);
            let problem = read(&text, &PackLimits::default(), &mut Vec::new()).expect_err(deep);
            assert_eq!(problem.code.name, "condition-too-big");
        }
    }
}
