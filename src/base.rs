//! The base library: the packs of `rules/base`, compiled into the crate (feature `base-rules`).

use crate::compile::Compiler;
use crate::diag::Diagnostics;
use crate::limits::PackLimits;
use crate::pack::Pack;
use crate::ruleset::Ruleset;

/// Name and source of each file of `rules/base`, in order of name. `tests/it/base.rs` holds the list to the folder.
const FILES: &[(&str, &str)] = &[
    (
        "rules/base/aliases.toml",
        include_str!("../rules/base/aliases.toml"),
    ),
    (
        "rules/base/attacks.toml",
        include_str!("../rules/base/attacks.toml"),
    ),
    (
        "rules/base/context.toml",
        include_str!("../rules/base/context.toml"),
    ),
    (
        "rules/base/funding.toml",
        include_str!("../rules/base/funding.toml"),
    ),
    (
        "rules/base/identity.toml",
        include_str!("../rules/base/identity.toml"),
    ),
    (
        "rules/base/instruction.toml",
        include_str!("../rules/base/instruction.toml"),
    ),
    (
        "rules/base/organisations.toml",
        include_str!("../rules/base/organisations.toml"),
    ),
    (
        "rules/base/praise.toml",
        include_str!("../rules/base/praise.toml"),
    ),
    (
        "rules/base/propaganda.toml",
        include_str!("../rules/base/propaganda.toml"),
    ),
    (
        "rules/base/recruitment.toml",
        include_str!("../rules/base/recruitment.toml"),
    ),
    (
        "rules/base/threat.toml",
        include_str!("../rules/base/threat.toml"),
    ),
];

/// The day on which the public lists stood that the base library rests on. `rules/README.md` names the copies.
pub const AS_OF: &str = "2026-08-22";

/// The base packs, parsed.
///
/// # Errors
///
/// The problems of the first pack that has any. That none has is held by a test.
pub fn packs() -> Result<Vec<Pack>, Diagnostics> {
    FILES
        .iter()
        .map(|(file, source)| {
            let none = &mut |_: &str| Err("the base packs have no word files".to_owned());
            Pack::parse_base(file, source, &PackLimits::operator(), none).map(|parsed| parsed.pack)
        })
        .collect()
}

/// The base packs as one ruleset, locked: tenants may not weaken it.
///
/// Costs a parse and a compilation; keep the result.
///
/// # Errors
///
/// As [`packs`].
pub fn ruleset() -> Result<Ruleset, Diagnostics> {
    packs()?
        .into_iter()
        .fold(Compiler::new(), Compiler::pack)
        .limits(PackLimits::operator())
        .locked(true)
        .build()
}
