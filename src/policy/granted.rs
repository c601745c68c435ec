//! What a tenant may have: within its limits, under ids of its own, and no older than what is live.

use std::sync::Arc;

use crate::compile::Compiler;
use crate::diag::{Code, Diagnostic, Diagnostics, Said, codes, said};
use crate::limits::PackLimits;
use crate::pack::{Operator, Pack, Tenant};
use crate::ruleset::{PackRow, Ruleset};

use super::snapshot::House;

/// A problem of the tenant as a whole.
fn of_tenant(tenant: &Tenant, code: &'static Code, what: Said, help: Said) -> Diagnostic {
    tenant.file.problem(code, 0..0, what).with_help(help)
}

/// What a tenant's packs ask for.
pub(super) struct Asked<'a> {
    packs: Vec<&'a str>,
    rules: usize,
    regexes: usize,
}

impl<'a> Asked<'a> {
    pub(super) fn of(tenant: &Tenant, packs: &'a [Pack]) -> Self {
        let regexes = packs
            .iter()
            .flat_map(|pack| {
                let of_rules = pack.rules.iter();
                let lists = pack
                    .lists
                    .iter()
                    .chain(of_rules.clone().flat_map(|rule| &rule.lists));
                lists
                    .flat_map(|list| list.terms.iter().chain(&list.except))
                    .chain(&pack.except)
                    .chain(of_rules.flat_map(|rule| &rule.except))
            })
            .chain(&tenant.allow)
            .filter(|term| term.regex);
        Self {
            regexes: regexes.count(),
            rules: packs.iter().map(|pack| pack.rules.len()).sum(),
            packs: packs.iter().map(|pack| &*pack.id).collect(),
        }
    }
}

/// What the packs ask for beyond the tenant's limits, and ids that are taken.
pub(super) fn over_limits(tenant: &Tenant, asks: &Asked<'_>, house: &House) -> Diagnostics {
    let limits = &house.operator.limits;
    let mut problems = tenant.file.problems();
    for (asked, most, en, zh) in [
        (asks.packs.len(), limits.packs, "packs", "个规则包"),
        (asks.rules, limits.rules, "rules", "条规则"),
        (asks.regexes, limits.regexes, "regex terms", "个正则词"),
    ] {
        if asked > most {
            problems.push(too_much(tenant, asked, most, en, zh));
        }
    }
    for id in &asks.packs {
        let taken = house
            .base
            .iter()
            .chain(house.regional.iter().map(|(_, ruleset)| ruleset))
            .any(|ruleset| ruleset.packs().any(|(known, _)| known == *id));
        if taken {
            problems.push(of_tenant(
                tenant,
                &codes::PACK_TWICE,
                said!(
                    "the id `{id}` is that of a shared pack",
                    "标识 `{id}` 已用于共享规则包"
                ),
                said!("give the pack another id", "请为该规则包改名"),
            ));
        }
    }
    problems
}

/// A ruleset that was compiled before, if it is one of this tenant's.
pub(super) fn fitting(
    tenant: &Tenant,
    own: Option<Ruleset>,
    house: &House,
) -> Result<Option<Ruleset>, Diagnostics> {
    let Some(own) = own else {
        return if tenant.allow.is_empty() {
            Ok(None)
        } else {
            Err(stale(tenant))
        };
    };
    let asks = Asked {
        packs: own.packs().map(|(id, _)| id).collect(),
        rules: own.rules(),
        regexes: own.regexes.len(),
    };
    let mut problems = over_limits(tenant, &asks, house);
    for id in asks.packs {
        if id == "base" || id.starts_with("base.") {
            problems.push(of_tenant(
                tenant,
                &codes::RESERVED_ID,
                said!(
                    "the id `{id}` is reserved for the base library",
                    "标识 `{id}` 保留给基础库使用"
                ),
                said!("give the pack another id", "请为该规则包改名"),
            ));
        }
    }
    if !own.is_for(tenant) {
        problems.append(stale(tenant));
    }
    let limits = &house.operator.limits;
    for (asked, most, en, zh) in [
        (own.terms(), limits.terms, "terms", "个词条"),
        (own.bytes(), limits.bytes, "bytes of memory", "字节内存"),
    ] {
        if asked > most {
            problems.push(too_much(tenant, asked, most, en, zh));
        }
    }
    if problems.has_errors() {
        Err(problems)
    } else {
        Ok(Some(own))
    }
}

fn stale(tenant: &Tenant) -> Diagnostics {
    let mut problems = tenant.file.problems();
    problems.push(of_tenant(
        tenant,
        &codes::STALE_RULESET,
        said!(
            "the compiled ruleset was not made from this tenant's file",
            "编译好的规则集不是由该租户文件生成的"
        ),
        said!(
            "compile it again with `tidegate compile --tenant FILE --output FILE`",
            "请用 `tidegate compile --tenant 文件 --output 文件` 重新编译"
        ),
    ));
    problems
}

fn too_much(tenant: &Tenant, asked: usize, most: usize, en: &str, zh: &str) -> Diagnostic {
    of_tenant(
        tenant,
        &codes::TENANT_LIMIT,
        Said::new(
            format!("the tenant asks for {asked} {en}; it may have {most}"),
            format!("该租户需要 {asked} {zh}，上限为 {most}"),
        ),
        said!(
            "shorten its packs, or ask the operator to raise `[limits]`",
            "请精简规则包，或请运营方提高 `[limits]`"
        ),
    )
}

pub(super) fn own_rules(
    tenant: &Tenant,
    packs: Vec<Pack>,
    house: &House,
) -> Result<Option<Arc<Ruleset>>, Diagnostics> {
    if packs.is_empty() && tenant.allow.is_empty() {
        return Ok(None);
    }
    let limits = &house.operator.limits;
    let ruleset = packs
        .into_iter()
        .fold(Compiler::new(), Compiler::pack)
        .allow(tenant.allow.iter().cloned())
        .limits(PackLimits {
            terms: limits.terms,
            ..PackLimits::default()
        })
        .build()?;
    if ruleset.bytes() > limits.bytes {
        let mut problems = tenant.file.problems();
        problems.push(too_much(
            tenant,
            ruleset.bytes(),
            limits.bytes,
            "bytes of memory",
            "字节内存",
        ));
        return Err(problems);
    }
    Ok(Some(Arc::new(ruleset)))
}

/// Whether no pack is older than the live one of its id. Where packs are signed, one version has one content.
pub(super) fn newer(
    tenant: &Tenant,
    before: &[PackRow],
    packs: &[PackRow],
    operator: &Operator,
) -> Result<(), Diagnostics> {
    let mut problems = tenant.file.problems();
    for pack in packs {
        let Some(live) = before.iter().find(|live| live.id == pack.id) else {
            continue;
        };
        let (now, was) = (numbers(&pack.version), numbers(&live.version));
        let replaced = now == was && pack.digest != live.digest && !operator.keys.is_empty();
        if now >= was && !replaced {
            continue;
        }
        problems.push(of_tenant(
            tenant,
            &codes::OLDER_PACK,
            if replaced {
                said!(
                    "the pack `{id}` {version} is not what was signed as that version before",
                    "规则包 `{id}` {version} 与此前签名的同一版本内容不同",
                    id = pack.id,
                    version = pack.version
                )
            } else {
                said!(
                    "the pack `{id}` is {version}, and {live} is live",
                    "规则包 `{id}` 为 {version}，而 {live} 正在生效",
                    id = pack.id,
                    version = pack.version,
                    live = live.version
                )
            },
            said!(
                "give it a higher version; only the operator's rollback goes back",
                "请提高版本号；只有运营方的回滚可以退回旧版"
            ),
        ));
    }
    if problems.has_errors() {
        Err(problems)
    } else {
        Ok(())
    }
}

fn numbers(version: &str) -> Vec<u64> {
    version
        .split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect()
}
