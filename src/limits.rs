//! Every bound on what a pack may ask for and on what a message may cost. Imports nothing.

/// Bounds on packs, checked when they are parsed and compiled.
///
/// The default is what a tenant gets; an operator may raise it ([`PackLimits::operator`]).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackLimits {
    /// Bytes of one pack file.
    pub pack_bytes: usize,
    /// Bytes of one word file.
    pub file_bytes: usize,
    /// Rules of one pack.
    pub rules: usize,
    /// Terms of one pack, in all its lists and exceptions.
    pub terms: usize,
    /// Characters of one term.
    pub term_chars: usize,
    /// Regex terms of one pack.
    pub regexes: usize,
    /// Bytes of the source of one regex.
    pub regex_chars: usize,
    /// Bytes of the compiled program of one regex.
    pub regex_program_bytes: usize,
    /// Bytes of the compiled programs of all regexes of one pack.
    pub regex_total_bytes: usize,
    /// Terms and operators of one condition.
    pub condition_nodes: usize,
    /// How deep the parentheses of one condition nest.
    pub condition_depth: usize,
    /// Units that `near` and `then` may span.
    pub distance: u32,
    /// Samples of one rule.
    pub samples: usize,
    /// Problems reported for one pack; further ones are counted.
    pub diagnostics: usize,
}

impl Default for PackLimits {
    fn default() -> Self {
        Self {
            pack_bytes: 8 << 20,
            file_bytes: 8 << 20,
            rules: 10_000,
            terms: 100_000,
            term_chars: 128,
            regexes: 256,
            regex_chars: 1_000,
            // `\w{4,32}` takes 560 KiB.
            regex_program_bytes: 1 << 20,
            regex_total_bytes: 32 << 20,
            condition_nodes: 128,
            condition_depth: 16,
            distance: 1_000,
            samples: 1_000,
            diagnostics: 100,
        }
    }
}

impl PackLimits {
    /// What an operator's own packs may ask for: a million terms.
    pub fn operator() -> Self {
        Self {
            pack_bytes: 128 << 20,
            file_bytes: 128 << 20,
            rules: 100_000,
            terms: 1_000_000,
            regexes: 4_096,
            regex_total_bytes: 512 << 20,
            ..Self::default()
        }
    }
}

/// Bounds on what one tenant may ask for, over all its packs together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TenantLimits {
    /// Packs.
    pub packs: usize,
    /// Rules.
    pub rules: usize,
    /// Terms, those of exceptions and of `allow` among them.
    pub terms: usize,
    /// Regex terms.
    pub regexes: usize,
    /// Bytes of memory of the compiled rules.
    pub bytes: usize,
}

impl Default for TenantLimits {
    fn default() -> Self {
        Self {
            packs: 64,
            rules: 10_000,
            terms: 100_000,
            regexes: 256,
            bytes: 256 << 20,
        }
    }
}

/// Bounds on what one message may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of text that are looked at, over all parts of a message. What lies beyond shows as
    /// `text-limit` in the coverage.
    pub text_bytes: usize,
    /// Steps that a message may take whatever its length.
    pub steps_base: u64,
    /// Steps that each byte of text adds to that.
    pub steps_per_byte: u64,
    /// Hits that are kept for one message.
    pub hits: usize,
    /// Spans that one finding reports. Masking covers all hits, reported or not.
    pub spans: usize,
    /// Characters, each a grapheme, that may stand in one gap.
    pub gap: usize,
    /// Bytes that a match of a regex term may span.
    pub regex_window: usize,
    /// Ways in which the symbols of a term may be written that one walk tries (variants beyond `standard`).
    pub forms: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text_bytes: 64 << 10,
            steps_base: 1 << 16,
            steps_per_byte: 256,
            hits: 4_096,
            spans: 64,
            gap: 16,
            regex_window: 256,
            forms: 256,
        }
    }
}
