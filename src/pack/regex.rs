//! What a regex term is held to: it can be read, is small, matches something, and needs a literal.

use std::collections::BTreeSet;
use std::ops::Range;

use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};
use regex_syntax::hir::{Hir, HirKind};

use crate::diag::{Code, Said, codes, said};
use crate::limits::PackLimits;

/// How deep the groups of a regex nest.
const NEST: u32 = 50;
/// Literals of one regex, at most.
const LITERALS: usize = 64;
/// Bytes of a literal, at least.
const SHORTEST: usize = 2;
/// Bytes of a literal that are of use to the search.
const LONGEST: usize = 24;
/// Classes (`\w`, `\pL`, `[...]`) in one regex, at most. Each may stand for 130,000 characters; to ignore their case
/// takes 0.3 ms (`(?i)[\pL]` parsed in a release build), which the size of the program does not bound.
const CLASSES: usize = 32;

/// A regex term that was found fit, and the literals it is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegexPlan {
    /// Every match contains one of these. Sorted, distinct, each of two bytes or more, at most 64.
    pub literals: Vec<Vec<u8>>,
    /// Whether case is ignored. The literals are written out in all their cases.
    pub ignore_case: bool,
    /// Bytes of the compiled program.
    pub program_bytes: usize,
}

/// Why a regex is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegexProblem {
    /// The kind of problem.
    pub code: &'static Code,
    /// Bytes of the regex's source.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: Said,
    /// What to write instead.
    pub help: Said,
}

/// Checks the regex `source` and finds the literals that every match needs.
///
/// # Errors
///
/// If the regex cannot be read, can match the empty text or nothing, is bigger than the limits allow, or needs no literal.
pub fn plan(
    source: &str,
    ignore_case: bool,
    limits: &PackLimits,
) -> Result<RegexPlan, RegexProblem> {
    let whole = 0..source.len();
    if source.len() > limits.regex_chars {
        return Err(RegexProblem {
            code: &codes::REGEX_TOO_LONG,
            span: whole,
            message: said!(
                "the regex has {n} bytes; at most {most} are allowed",
                "正则有 {n} 字节，上限为 {most}",
                n = source.len(),
                most = limits.regex_chars
            ),
            help: said!(
                "write several regex terms, or literal terms",
                "请拆成多条正则，或改用普通词"
            ),
        });
    }
    if classes(source) > CLASSES {
        return Err(too_big(whole, limits));
    }
    let hir = parse(source, ignore_case)?;
    match hir.properties().minimum_len() {
        Some(0) => {
            return Err(RegexProblem {
                code: &codes::REGEX_EMPTY_MATCH,
                span: whole,
                message: said!("the regex matches the empty text", "正则可以匹配空文本"),
                help: said!(
                    "require at least one character: `+` for `*`, `{{1,3}}` for `{{0,3}}`, no branch that is empty",
                    "请至少要求一个字符：`+` 代替 `*`，`{{1,3}}` 代替 `{{0,3}}`，分支不能为空"
                ),
            });
        }
        None => {
            return Err(RegexProblem {
                code: &codes::REGEX_NEVER_MATCHES,
                span: whole,
                message: said!("no text matches the regex", "没有文本能匹配该正则"),
                help: said!(
                    "look for a class that excludes everything",
                    "请检查是否有排除了一切字符的字符类"
                ),
            });
        }
        Some(_) => {}
    }
    let config = thompson::Config::new()
        .utf8(true)
        .which_captures(WhichCaptures::Implicit)
        .nfa_size_limit(Some(limits.regex_program_bytes));
    let Ok(program) = thompson::Compiler::new()
        .configure(config)
        .build_from_hir(&hir)
    else {
        return Err(too_big(whole, limits));
    };
    match required(&hir) {
        Some(found) => Ok(RegexPlan {
            literals: found.into_iter().collect(),
            ignore_case,
            program_bytes: program.memory_usage(),
        }),
        None => Err(RegexProblem {
            code: &codes::REGEX_NO_LITERAL,
            span: whole,
            message: said!(
                "no fixed text is in every match of the regex: its program of {n} bytes would be run at each character of each message",
                "并非每个匹配都含有固定文字：{n} 字节的程序将在每条消息的每个字符处运行",
                n = program.memory_usage()
            ),
            help: said!(
                "add fixed text, as in `tg[:：]\\w+`; for a choice of more than {LITERALS} words write literal terms",
                "请加入固定文字，例如 `tg[:：]\\w+`；超过 {LITERALS} 个词的选择请改用普通词"
            ),
        }),
    }
}

/// A regex that is asked whether it matches the whole of a short text.
pub(super) struct Whole {
    program: thompson::pikevm::PikeVM,
}

impl Whole {
    /// `None` if the regex is not fit.
    pub(super) fn new(source: &str, limits: &PackLimits) -> Option<Self> {
        plan(source, true, limits).ok()?;
        let hir = parse(source, true).ok()?;
        let nfa = thompson::Compiler::new().build_from_hir(&hir).ok()?;
        let program = thompson::pikevm::PikeVM::new_from_nfa(nfa).ok()?;
        Some(Self { program })
    }

    /// Whether the first match from the text's beginning is the whole text.
    pub(super) fn is_match(&self, text: &str) -> bool {
        let mut cache = self.program.create_cache();
        let input = regex_automata::Input::new(text).anchored(regex_automata::Anchored::Yes);
        self.program
            .find_iter(&mut cache, input)
            .next()
            .is_some_and(|found| found.range() == (0..text.len()))
    }
}

fn too_big(span: Range<usize>, limits: &PackLimits) -> RegexProblem {
    RegexProblem {
        code: &codes::REGEX_TOO_BIG,
        span,
        message: said!(
            "the compiled regex is bigger than {most} bytes",
            "编译后的正则超过 {most} 字节",
            most = limits.regex_program_bytes
        ),
        help: said!(
            "counted repeats multiply and `\\w` is large: write smaller counts, or `[a-z0-9_]` for `\\w`",
            "计数重复会相乘，`\\w` 很大：请减小次数，或用 `[a-z0-9_]` 代替 `\\w`"
        ),
    }
}

fn classes(source: &str) -> usize {
    let mut bytes = source.bytes();
    let mut found = 0;
    while let Some(byte) = bytes.next() {
        found += usize::from(match byte {
            b'[' => true,
            b'\\' => matches!(
                bytes.next(),
                Some(b'p' | b'P' | b'w' | b'W' | b'd' | b'D' | b's' | b'S')
            ),
            _ => false,
        });
    }
    found
}

fn parse(source: &str, ignore_case: bool) -> Result<Hir, RegexProblem> {
    let parsed = regex_syntax::ParserBuilder::new()
        .nest_limit(NEST)
        .case_insensitive(ignore_case)
        .build()
        .parse(source);
    let problem = |span: &regex_syntax::ast::Span, message: String| {
        let (zh, help) = in_chinese(&message);
        RegexProblem {
            code: &codes::REGEX_SYNTAX,
            span: span.start.offset.min(source.len())..span.end.offset.min(source.len()),
            message: Said::new(
                format!("the regex cannot be read: {message}"),
                format!("正则语法错误：{zh}"),
            ),
            help,
        }
    };
    parsed.map_err(|error| match error {
        regex_syntax::Error::Parse(error) => problem(error.span(), error.kind().to_string()),
        regex_syntax::Error::Translate(error) => problem(error.span(), error.kind().to_string()),
        _ => problem(
            &regex_syntax::ast::Span::splat(regex_syntax::ast::Position::new(0, 1, 1)),
            "it is not understood".to_owned(),
        ),
    })
}

/// What a message of the regex parser says, in Chinese, and what to write instead.
fn in_chinese(message: &str) -> (&str, Said) {
    let escape = said!(
        "put `\\` before a sign that is meant as itself, or write a literal term",
        "若要匹配符号本身，请在前面加 `\\`，或改用普通词"
    );
    if message.starts_with("look-around") {
        return (
            "不支持环视（look-ahead、look-behind）",
            said!(
                "write what must not stand there as an exception, `except`, or as `not` in `when`",
                "不该出现的内容请写作例外 `except`，或在 `when` 中用 `not`"
            ),
        );
    }
    if message.starts_with("backreferences") {
        return (
            "不支持反向引用",
            said!(
                "write the text out, or an alternative for each: `(?:aa|bb)`",
                "请写出文字，或逐一列出：`(?:aa|bb)`"
            ),
        );
    }
    let zh = match message {
        "unclosed character class" => "`[` 没有闭合",
        "unclosed group" => "`(` 没有闭合",
        "unopened group" => "`)` 之前没有 `(`",
        "repetition operator missing expression" => "`*`、`+`、`?` 之前没有内容",
        "unclosed counted repetition" => "`{` 没有闭合",
        "repetition quantifier expects a valid decimal" => "`{` 之后应为数字",
        "invalid character class range"
        | "invalid character class range, the start must be <= the end" => "字符范围的起点大于终点",
        "unrecognized escape sequence" => "没有这个转义",
        "incomplete escape sequence, reached end of pattern prematurely" => {
            "末尾的 `\\` 后面没有内容"
        }
        "unrecognized flag" => "没有这个标志",
        other => other,
    };
    (zh, escape)
}

/// The best set of literals one of which is in every match: the one whose shortest literal is longest; of those, the
/// smallest.
fn required(hir: &Hir) -> Option<BTreeSet<Vec<u8>>> {
    let own = prefixes(hir);
    let inner = match hir.kind() {
        HirKind::Capture(group) => required(&group.sub),
        HirKind::Repetition(repeat) if repeat.min > 0 => required(&repeat.sub),
        HirKind::Concat(parts) => {
            // What begins at each part: `\d+ab` needs `ab`.
            let tails = (1..parts.len()).map(|from| {
                // A literal is cut after LONGEST bytes and a part gives one at least, or ends it.
                let until = parts.len().min(from + LONGEST);
                prefixes(&Hir::concat(parts[from..until].to_vec()))
            });
            let parts = parts.iter().map(required);
            tails.chain(parts).fold(None, better)
        }
        HirKind::Alternation(branches) => {
            // Every branch needs one of its own.
            let mut all = BTreeSet::new();
            for branch in branches {
                all.extend(required(branch)?);
                if all.len() > LITERALS {
                    return own;
                }
            }
            fit(all)
        }
        _ => None,
    };
    better(own, inner)
}

fn better(a: Option<BTreeSet<Vec<u8>>>, b: Option<BTreeSet<Vec<u8>>>) -> Option<BTreeSet<Vec<u8>>> {
    let (Some(first), Some(second)) = (&a, &b) else {
        return a.or(b);
    };
    let worth = |set: &BTreeSet<Vec<u8>>| {
        let shortest = set.iter().map(Vec::len).min().unwrap_or(0);
        (shortest, std::cmp::Reverse(set.len()))
    };
    if worth(second) > worth(first) { b } else { a }
}

fn prefixes(hir: &Hir) -> Option<BTreeSet<Vec<u8>>> {
    let mut extractor = Extractor::new();
    extractor
        .kind(ExtractKind::Prefix)
        .limit_literal_len(LONGEST);
    let seq: Seq = extractor.extract(hir);
    fit(seq
        .literals()?
        .iter()
        .map(|literal| literal.as_bytes().to_vec())
        .collect())
}

/// The set, cut to shorter literals if it holds too many; `None` if it cannot be made to serve.
fn fit(set: BTreeSet<Vec<u8>>) -> Option<BTreeSet<Vec<u8>>> {
    let shortest = set.iter().map(Vec::len).min()?;
    if shortest < SHORTEST {
        return None;
    }
    if set.len() <= LITERALS {
        return Some(set);
    }
    (SHORTEST..LONGEST).rev().find_map(|length| {
        let cut: BTreeSet<Vec<u8>> = set
            .iter()
            .map(|literal| literal[..literal.len().min(length)].to_vec())
            .collect();
        (cut.len() <= LITERALS).then_some(cut)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literals(source: &str, ignore_case: bool) -> Result<Vec<String>, &'static str> {
        plan(source, ignore_case, &PackLimits::default())
            .map(|plan| {
                plan.literals
                    .iter()
                    .map(|literal| String::from_utf8_lossy(literal).into_owned())
                    .collect()
            })
            .map_err(|problem| problem.code.name)
    }

    #[test]
    fn literals_are_found_wherever_they_stand() {
        for (source, expected) in [
            ("abc", vec!["abc"]),
            (r"\d+abc", vec!["abc"]),
            (r"\bab\s*[:：]\s*\w{4,32}", vec!["ab"]),
            (r"[a-z]+@(foo|bar)\.com", vec!["@bar.com", "@foo.com"]),
            (r"\w(abc|de)\d", vec!["abc", "de"]),
            (r"(\dabc|\dde)+", vec!["abc", "de"]),
            (r"一\d", vec!["一"]),
            (r"(?:xy){2,3}", vec!["xyxy"]),
        ] {
            assert_eq!(
                literals(source, false),
                Ok(expected.into_iter().map(String::from).collect()),
                "{source}"
            );
        }
        assert_eq!(
            literals("tg", true),
            Ok(["TG", "Tg", "tG", "tg"].map(String::from).to_vec())
        );
        let long = literals(r"giftcards", true).map(|found| found.len() <= LITERALS);
        assert_eq!(long, Ok(true));
    }

    #[test]
    fn unfit_regexes_are_refused() {
        for (source, code) in [
            ("(a+)+$", "regex-no-literal"),
            (r"\d{6}", "regex-no-literal"),
            ("a*", "regex-empty-match"),
            (r"\b", "regex-empty-match"),
            ("(abc|)", "regex-empty-match"),
            ("(ab", "regex-syntax"),
            (r"[^\s\S]ab", "regex-never-matches"),
            ("((a{1,100}){1,100}){1,100}x", "regex-too-big"),
            (r"ab(?:\b){4294967295}c{4294967295}", "regex-too-big"),
            (r"\w{4,200}ab", "regex-too-big"),
        ] {
            assert_eq!(literals(source, false), Err(code), "{source}");
        }
        let nested = format!("{}ab{}", "(".repeat(400), ")".repeat(400));
        assert_eq!(literals(&nested, true), Err("regex-syntax"));
        let classes = r"\pL".repeat(300);
        assert_eq!(literals(&classes, true), Err("regex-too-big"));
    }
}
