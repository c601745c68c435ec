//! A ruleset as a file: what it is, what made it, how long it is, its checksum, then its rows (`ruleset::stored`).

use std::sync::Arc;

use crate::diag::{Code, Diagnostic, Diagnostics, Said, codes, said};
use crate::limits::PackLimits;
use crate::matcher::regex::RegexMatcher;
use crate::pack::{self, Tenant};
use crate::ruleset::Ruleset;
use crate::ruleset::stored::Flaw;
use crate::text::tables;
use crate::variant::Variant;

use super::allow_digest;

/// As PNG begins: what takes a file for text, or cuts its eighth bits, shows.
const MAGIC: &[u8; 8] = b"\x89TDG\r\n\x1a\n";

/// Raised when what is written, or what it means to the engine, changes without a new version of the crate.
const FORMAT: u32 = 1;

/// Bytes of the checksum, BLAKE3 over everything before it and after it.
const SUM: usize = 32;

/// What a file begins with: only the very engine that wrote a ruleset reads it.
fn head() -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.extend_from_slice(&FORMAT.to_le_bytes());
    for part in [env!("CARGO_PKG_VERSION"), tables::UNICODE_VERSION] {
        head.push(part.len() as u8);
        head.extend_from_slice(part.as_bytes());
    }
    head
}

fn sum(head: &[u8], rows: &[u8]) -> [u8; SUM] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(head);
    hasher.update(&(rows.len() as u64).to_le_bytes());
    hasher.update(rows);
    *hasher.finalize().as_bytes()
}

impl Ruleset {
    /// The ruleset as bytes for a file: a head that names the format, the version of tidegate and that of Unicode; the length; a checksum
    /// (BLAKE3); the rows. Samples, titles and what else only people read is not in it.
    ///
    /// The time that it takes and the bytes are linear in the ruleset.
    pub fn to_bytes(&self) -> Vec<u8> {
        framed(&rows_of(self))
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; `file_name` is what diagnostics call it. Many times faster than compiling, but for
    /// regex terms, which are compiled again.
    ///
    /// The checksum finds damage, not malice: who can write the file decides what it finds. But whatever the bytes are, reading them ends in a
    /// ruleset that can be scanned with or in an error, within memory in proportion to them and to the limits.
    ///
    /// # Errors
    ///
    /// If the bytes are no ruleset, were written by another version of tidegate, are damaged, or hold more terms or regexes than the limits allow.
    pub fn from_bytes(
        file_name: &str,
        bytes: &[u8],
        limits: &PackLimits,
    ) -> Result<Self, Diagnostics> {
        let rows = unframed(bytes).map_err(|problem| problem.told(file_name))?;
        from_rows(rows, limits).map_err(|flaw| Problem::Damaged(flaw.0).told(file_name))
    }

    /// Whether it may be a tenant's: not locked, and compiled with the allow terms of that file.
    pub fn is_for(&self, tenant: &Tenant) -> bool {
        !self.locked && self.allow_digest == allow_digest(&tenant.allow)
    }
}

/// The rows of a ruleset.
pub(crate) fn rows_of(ruleset: &Ruleset) -> Vec<u8> {
    let mut rows = Vec::new();
    ruleset.write(&mut rows);
    rows
}

/// A file with these rows.
pub(crate) fn framed(rows: &[u8]) -> Vec<u8> {
    let mut file = head();
    let sum = sum(&file, rows);
    file.extend_from_slice(&(rows.len() as u64).to_le_bytes());
    file.extend_from_slice(&sum);
    file.extend_from_slice(rows);
    file
}

/// The rows of a file that is what it says.
fn unframed(bytes: &[u8]) -> Result<&[u8], Problem> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(Problem::Foreign)?;
    let head = head();
    let Some(rest) = bytes.strip_prefix(&*head) else {
        // A head that is cut off is damaged, not another.
        return Err(if head[MAGIC.len()..].starts_with(rest) {
            Problem::Damaged("it ends too early")
        } else {
            Problem::Other
        });
    };
    let (length, rest) = rest
        .split_first_chunk()
        .ok_or(Problem::Damaged("it ends too early"))?;
    let (expected, rows) = rest
        .split_first_chunk::<SUM>()
        .ok_or(Problem::Damaged("it ends too early"))?;
    if u64::from_le_bytes(*length) != rows.len() as u64 {
        return Err(Problem::Damaged("its length is not the one it names"));
    }
    if sum(&head, rows) != *expected {
        return Err(Problem::Damaged("its checksum does not hold"));
    }
    Ok(rows)
}

fn from_rows(rows: &[u8], limits: &PackLimits) -> Result<Ruleset, Flaw> {
    let mut left = limits.regex_total_bytes;
    Ruleset::read(rows, limits, |term| {
        let ignore_case = term.variants.contains(Variant::Case);
        let plan = pack::regex::plan(term.text, ignore_case, limits);
        let plan = plan.map_err(|_| Flaw("a regex is not fit to be looked for"))?;
        left = left
            .checked_sub(plan.program_bytes)
            .ok_or(Flaw("its regexes are bigger than the limit allows"))?;
        let program = 2 * limits.regex_program_bytes;
        RegexMatcher::new(term.text, ignore_case, &plan.literals, program)
            .map_err(|_| Flaw("a regex does not compile"))
    })
}

/// Why a file is refused.
#[derive(Clone, Copy, Debug)]
enum Problem {
    Foreign,
    Other,
    Damaged(&'static str),
}

impl Problem {
    fn told(self, file_name: &str) -> Diagnostics {
        let (code, message): (&'static Code, Said) = match self {
            Self::Foreign => (
                &codes::NOT_A_RULESET,
                said!(
                    "the file is no compiled ruleset",
                    "该文件不是编译好的规则集"
                ),
            ),
            Self::Other => (
                &codes::OTHER_RULESET,
                said!(
                    "the ruleset was compiled by another version; this is tidegate {own} with Unicode {unicode}",
                    "该规则集由其他版本编译；当前为 tidegate {own}，Unicode {unicode}",
                    own = env!("CARGO_PKG_VERSION"),
                    unicode = tables::UNICODE_VERSION
                ),
            ),
            Self::Damaged(why) => (
                &codes::DAMAGED_RULESET,
                said!(
                    "the compiled ruleset is damaged: {why}",
                    "编译好的规则集已损坏：{why}"
                ),
            ),
        };
        let help = said!(
            "compile the packs again: `tidegate compile --pack PACK.toml --output FILE`",
            "请重新编译规则包：`tidegate compile --pack 规则包.toml --output 文件`"
        );
        let mut problems = Diagnostics::default();
        problems.push(Diagnostic::new(code, Arc::from(file_name), 0..0, message).with_help(help));
        problems
    }
}
