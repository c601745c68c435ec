//! `tidegate tenants`: what each tenant takes, and what it costs on messages.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;
use tidegate::registry::{By, Registry, RuleHits};
use tidegate::{Ruleset, Scanner};

use crate::check::Format;
use crate::messages::{At, Chunk, Input, Source};
use crate::operator::OperatorFile;
use crate::packs::{self, TenantFile};
use crate::{Broke, Done, term, time};

/// Shows what each tenant takes: rules, terms, bytes, how long its rules took to build, and how they are searched for
///
/// With messages, also how many were each tenant's, what their screening took, and how often each rule fired. Exits with 1 if a tenant was refused.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Tenants' files, or folders with such files (*.toml) in them or below
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The operator's file
    #[arg(long, value_name = "FILE")]
    operator: Option<PathBuf>,
    /// Messages as `screen` reads them, each of which names its tenant
    #[arg(long, value_name = "FILE")]
    messages: Option<PathBuf>,
    /// The time that rules and listings are judged by, as for `screen`
    #[arg(long, default_value = "now", value_parser = At::parse)]
    at: At,
    /// For people, or one JSON array
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// What screening a tenant's messages came to.
#[derive(Default)]
struct Load {
    messages: u64,
    held: u64,
    took: Duration,
    hits: RuleHits,
}

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let operator = OperatorFile::load(args.operator.as_deref())?;
    let regional = operator.regional()?;
    let base = tidegate::base::ruleset().map_err(packs::broken)?;
    {
        let shared: Vec<&Ruleset> = regional.iter().map(|(_, ruleset)| ruleset).collect();
        operator.check(&[&[&base], &shared[..]].concat())?;
    }
    let by = By::new("tenants", "a look at them", time::now());
    let registry = Registry::new(
        vec![base.into()],
        regional
            .into_iter()
            .map(|(list, ruleset)| (list, ruleset.into()))
            .collect(),
        operator.operator,
        &by,
    )
    .map_err(packs::broken)?;
    let mut builds: BTreeMap<String, Duration> = BTreeMap::new();
    let mut refused = 0_usize;
    for file in packs::files(&args.paths)? {
        if !packs::declares_tenant(&packs::read_source(&file)?) {
            continue;
        }
        let read = TenantFile::load(&file)?;
        let id = read.tenant.id.to_string();
        let began = Instant::now();
        match registry.set(read.tenant, read.packs, &by) {
            Ok(_) => {
                builds.insert(id, began.elapsed());
            }
            Err(problems) => {
                packs::draw(&problems)?;
                refused += 1;
            }
        }
    }
    let loads = match &args.messages {
        Some(_) => screened(args, &registry)?,
        None => BTreeMap::new(),
    };
    let mut out = term::Out::new();
    match args.format {
        Format::Human => human(&mut out, &registry, &builds, &loads)?,
        Format::Json => machine(&mut out, &registry, &builds, &loads)?,
    }
    out.flush()?;
    Ok(if refused > 0 { Done::Badly } else { Done::Well })
}

/// Screens the messages, each with its tenant's rules, and counts. Two looks at the clock a message.
fn screened(args: &Args, registry: &Registry) -> Result<BTreeMap<String, Load>, Broke> {
    let (mut lines, bar) = Source::open(args.messages.as_deref())?.lines(true, 1);
    let snapshot = registry.snapshot();
    let mut scanner = Scanner::new();
    let mut chunk = Chunk::default();
    let mut loads: BTreeMap<String, Load> = BTreeMap::new();
    let mut bad = 0_u64;
    while lines.fill(&mut chunk)? {
        for line in chunk.lines() {
            let mut input = Input::default();
            if input.read(line, chunk.bytes(line), false).is_err() {
                bad += 1;
                continue;
            }
            let parts = input.parts();
            let message = input.message(&parts, None);
            let at = args.at.of(&message, time::now());
            let began = Instant::now();
            let Ok(verdict) = scanner.scan_live(&snapshot, &message, at) else {
                bad += 1;
                continue;
            };
            let took = began.elapsed();
            let tenant = input.tenant().unwrap_or_default();
            if !loads.contains_key(tenant) {
                loads.insert(tenant.to_owned(), Load::default());
            }
            if let Some(load) = loads.get_mut(tenant) {
                load.messages += 1;
                load.held += u64::from(verdict.action >= tidegate::Action::Review);
                load.took += took;
                load.hits.add(verdict);
            }
        }
    }
    bar.finish_and_clear();
    if bad > 0 {
        let (mut err, _) = term::err();
        writeln!(
            err,
            "tidegate: {bad} lines are no messages of these tenants, and are left out"
        )?;
    }
    Ok(loads)
}

/// What part of the whole time a tenant's messages took, in percent.
fn share(load: &Load, loads: &BTreeMap<String, Load>) -> f64 {
    let whole: Duration = loads.values().map(|load| load.took).sum();
    100.0 * load.took.as_secs_f64() / whole.as_secs_f64().max(f64::MIN_POSITIVE)
}

fn strategy(own: Option<&Ruleset>) -> &'static str {
    own.map_or("none", Ruleset::strategy)
}

fn machine(
    out: &mut term::Out,
    registry: &Registry,
    builds: &BTreeMap<String, Duration>,
    loads: &BTreeMap<String, Load>,
) -> Result<(), Broke> {
    let snapshot = registry.snapshot();
    let all: Vec<_> = snapshot
        .tenants()
        .map(|tenant| {
            let own = tenant.own();
            let build = builds.get(tenant.id()).copied().unwrap_or_default();
            let packs: BTreeMap<&str, &str> = tenant.packs().collect();
            let mut row = json!({
                "tenant": tenant.id(),
                "packs": packs,
                "rules": own.map_or(0, Ruleset::rules),
                "terms": own.map_or(0, Ruleset::terms),
                "bytes": tenant.bytes(),
                "build_us": u64::try_from(build.as_micros()).unwrap_or(u64::MAX),
                "strategy": strategy(own),
                "ruleset": tenant.fingerprint(),
            });
            if let (Some(load), Some(row)) = (loads.get(tenant.id()), row.as_object_mut()) {
                let hits: BTreeMap<&str, _> = load
                    .hits
                    .iter()
                    .map(|(rule, count)| {
                        (
                            rule,
                            json!({"findings": count.findings, "shadow": count.shadow}),
                        )
                    })
                    .collect();
                row.insert("messages".to_owned(), json!(load.messages));
                row.insert("held".to_owned(), json!(load.held));
                row.insert("nanoseconds".to_owned(), json!(load.took.as_nanos() as u64));
                row.insert("time_share".to_owned(), json!(share(load, loads) / 100.0));
                row.insert("hits".to_owned(), json!(hits));
            }
            row
        })
        .collect();
    serde_json::to_writer(&mut *out, &all).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

fn human(
    out: &mut term::Out,
    registry: &Registry,
    builds: &BTreeMap<String, Duration>,
    loads: &BTreeMap<String, Load>,
) -> Result<(), Broke> {
    let snapshot = registry.snapshot();
    let widest = snapshot.tenants().map(|tenant| tenant.id().chars().count());
    let width = widest.max().unwrap_or(0).max("tenant".len());
    let head = format!(
        "{:width$}  {:>6}  {:>8}  {:>10}  {:>9}  strategy",
        "tenant", "rules", "terms", "bytes", "build"
    );
    writeln!(out, "{}", term::styled(term::DIM, head))?;
    for tenant in snapshot.tenants() {
        let own = tenant.own();
        let build = builds.get(tenant.id()).copied().unwrap_or_default();
        writeln!(
            out,
            "{:width$}  {:>6}  {:>8}  {:>10}  {:>6.1} ms  {}",
            term::shown(tenant.id()),
            own.map_or(0, Ruleset::rules),
            own.map_or(0, Ruleset::terms),
            tenant.bytes(),
            build.as_secs_f64() * 1e3,
            strategy(own)
        )?;
    }
    for (tenant, load) in loads {
        writeln!(
            out,
            "\n{}: {}, {} held, {:.2} µs a message, {:.1}% of the time",
            term::shown(tenant),
            term::count(
                usize::try_from(load.messages).unwrap_or(usize::MAX),
                "message"
            ),
            load.held,
            load.took.as_secs_f64() * 1e6 / (load.messages.max(1) as f64),
            share(load, loads)
        )?;
        for (rule, count) in load.hits.iter() {
            let shadow = match count.shadow {
                0 => String::new(),
                shadow => format!(", {shadow} in shadow"),
            };
            writeln!(out, "  {rule}: {}{shadow}", count.findings)?;
        }
    }
    Ok(())
}
