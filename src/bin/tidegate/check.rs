//! `tidegate check`: every problem of the packs.

mod fix;
mod sarif;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use tidegate::diag::{Lang, Placed, render};
use tidegate::pack::{Checks, Operator, Pack};
use tidegate::{Diagnostics, Policy, Tenant, Timestamp};

use crate::operator::{OperatorFile, declares_operator};
use crate::packs::{self, Loaded};
use crate::{Broke, Done, term, time};

/// Shows every problem of packs, of tenants' files and of the operator's
///
/// Exits with 1 if there is an error; warnings alone are no failure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pack files, tenants' files and the operator's, or folders with such files (*.toml) in them or below
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// For people, one JSON array of all problems, or SARIF 2.1.0
    #[arg(long, value_enum, default_value_t = Report::Human)]
    format: Report,
    /// The language of the problems; by default that of the environment, Chinese or English
    #[arg(long, value_enum)]
    lang: Option<Tongue>,
    /// The time at which rules are found expired or not yet in effect: `now`, a date or a date-time
    #[arg(long, default_value = "now", value_name = "TIME", value_parser = time::parse)]
    at: Timestamp,
    /// An older version of the pack, or a folder of them: ids that changed their meaning are told
    #[arg(long, value_name = "OLD")]
    against: Option<PathBuf>,
    /// The operator's file that tenants' files are held against
    #[arg(long, value_name = "FILE")]
    operator: Option<PathBuf>,
    /// Mends what can only be meant in one way, and shows what was changed
    #[arg(long)]
    fix: bool,
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Human,
    Json,
}

/// How problems are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Report {
    Human,
    Json,
    Sarif,
}

/// A language that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tongue {
    Zh,
    En,
}

impl Tongue {
    /// What is asked for, or else the environment's.
    pub(crate) fn lang(asked: Option<Self>) -> Lang {
        match asked {
            Some(Self::Zh) => Lang::Zh,
            Some(Self::En) => Lang::En,
            None => {
                let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
                let set = names.iter().filter_map(|name| std::env::var(name).ok());
                match set.into_iter().find(|value| !value.is_empty()) {
                    Some(value) if value.starts_with("zh") => Lang::Zh,
                    _ => Lang::En,
                }
            }
        }
    }
}

/// What packs are checked with.
struct Checking {
    at: Timestamp,
    against: Vec<Pack>,
    categories: Vec<Arc<str>>,
    /// The base, and the rulesets of jurisdictions.
    shared: Vec<tidegate::Ruleset>,
    operator: OperatorFile,
}

impl Checking {
    fn new(args: &Args, files: &[PathBuf]) -> Result<Self, Broke> {
        let base = tidegate::base::packs().map_err(packs::broken)?;
        let mut against = Vec::new();
        if let Some(old) = &args.against {
            for file in packs::files(std::slice::from_ref(old))? {
                let loaded = packs::load(&file)?;
                packs::report(&loaded)?;
                against.extend(loaded.pack);
            }
        }
        let mut categories: Vec<Arc<str>> = base.iter().flat_map(categories_of).collect();
        if files.len() > 1 {
            // Packs that are checked together may be loaded together.
            for file in files {
                categories.extend(packs::load(file)?.pack.iter().flat_map(categories_of));
            }
        }
        let operator = OperatorFile::load(args.operator.as_deref())?;
        let mut shared = vec![tidegate::base::ruleset().map_err(packs::broken)?];
        shared.extend(operator.regional()?.into_iter().map(|(_, ruleset)| ruleset));
        operator.check(&shared.iter().collect::<Vec<_>>())?;
        Ok(Self {
            at: args.at,
            against,
            categories,
            shared,
            operator,
        })
    }

    fn file(&self, path: &Path) -> Result<Loaded, Broke> {
        let loaded = packs::load_checked(path, &self.checks(None))?;
        if packs::declares_tenant(&loaded.source) {
            return self.tenant(path, &loaded.source);
        }
        if declares_operator(&loaded.source) {
            return self.operator(path, &loaded.source);
        }
        match self.older(&loaded) {
            Some(old) => packs::load_checked(path, &self.checks(Some(old))),
            None => Ok(loaded),
        }
    }

    /// A file whose source is given.
    fn source(&self, path: &Path, source: &str) -> Result<Loaded, Broke> {
        if packs::declares_tenant(source) {
            return self.tenant(path, source);
        }
        if declares_operator(source) {
            return self.operator(path, source);
        }
        let loaded = packs::check_source(path, source.to_owned(), &self.checks(None));
        Ok(match self.older(&loaded) {
            Some(old) => packs::check_source(path, source.to_owned(), &self.checks(Some(old))),
            None => loaded,
        })
    }

    fn checks<'a>(&'a self, old: Option<&'a Pack>) -> Checks<'a> {
        let checks = Checks::default().at(self.at).categories(&self.categories);
        match old {
            Some(old) => checks.against(old),
            None => checks,
        }
    }

    /// The older version of a pack: the one of its id, or the only one.
    fn older(&self, loaded: &Loaded) -> Option<&Pack> {
        let pack = loaded.pack.as_ref()?;
        let same = self.against.iter().find(|old| old.id == pack.id);
        match &self.against[..] {
            [only] => Some(same.unwrap_or(only)),
            _ => same,
        }
    }

    /// A tenant's file: itself, and what of it would weaken the rules that it is screened with. Its packs are checked if they are named.
    fn tenant(&self, path: &Path, source: &str) -> Result<Loaded, Broke> {
        let name = path.display().to_string();
        let mut problems = match Tenant::parse(&name, source) {
            Ok(parsed) => {
                let mut problems = parsed.warnings;
                if let Some(found) = self.policy(path, &name, &parsed.tenant)? {
                    problems.append(found);
                }
                problems
            }
            Err(problems) => problems,
        };
        problems.sort();
        Ok(Loaded {
            name,
            pack: None,
            source: source.into(),
            problems,
        })
    }

    /// An operator's file: itself, and what it names and is not there.
    fn operator(&self, path: &Path, source: &str) -> Result<Loaded, Broke> {
        let name = path.display().to_string();
        let mut problems = match Operator::parse(&name, source) {
            Ok(parsed) => {
                let mut problems = parsed.warnings;
                let file = OperatorFile::load(Some(path))?;
                let regional = file.regional()?;
                let shared: Vec<&tidegate::Ruleset> = self
                    .shared
                    .iter()
                    .take(1)
                    .chain(regional.iter().map(|(_, ruleset)| ruleset))
                    .collect();
                if let Err(found) = parsed.operator.check(&shared) {
                    problems.append(found);
                }
                problems
            }
            Err(problems) => problems,
        };
        problems.sort();
        Ok(Loaded {
            name,
            pack: None,
            source: source.into(),
            problems,
        })
    }

    fn policy(
        &self,
        path: &Path,
        name: &str,
        tenant: &Tenant,
    ) -> Result<Option<Diagnostics>, Broke> {
        let mut own = Vec::new();
        for pack in &tenant.packs {
            let pack = &pack.value;
            let file = packs::inside(packs::home_of(path), pack)
                .map_err(|why| Broke::Usage(format!("{name}: the pack {pack}: {why}")))?;
            // What is wrong with the pack is told where it is checked.
            match packs::load(&file)?.pack {
                Some(pack) => own.push(pack),
                None => return Ok(None),
            }
        }
        let own = packs::compile(own, false)?;
        let rulesets: Vec<&tidegate::Ruleset> = self.shared.iter().chain([&own]).collect();
        Ok(Policy::of_tenant(tenant, &self.operator.operator, &rulesets).err())
    }
}

fn categories_of(pack: &Pack) -> Vec<Arc<str>> {
    pack.rules
        .iter()
        .map(|rule| Arc::clone(&rule.category))
        .collect()
}

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let lang = Tongue::lang(args.lang);
    let files = packs::files(&args.paths)?;
    let checking = Checking::new(args, &files)?;
    let mut loaded = Vec::with_capacity(files.len());
    for file in &files {
        let mut checked = checking.file(file)?;
        if args.fix {
            checked = fix::file(&checking, file, checked, lang)?;
        }
        loaded.push(checked);
    }
    let mut out = term::Out::new();
    match args.format {
        Report::Json => json(&loaded, &mut out)?,
        Report::Sarif => sarif::write(&loaded, lang, &mut out)?,
        Report::Human => human(&loaded, lang, &mut out)?,
    }
    out.flush()?;
    Ok(
        if loaded.iter().any(|loaded| loaded.problems.has_errors()) {
            Done::Badly
        } else {
            Done::Well
        },
    )
}

fn json(loaded: &[Loaded], out: &mut term::Out) -> Result<(), Broke> {
    let all: Vec<Placed<'_>> = loaded
        .iter()
        .flat_map(|loaded| loaded.problems.placed())
        .collect();
    serde_json::to_writer(&mut *out, &all).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

fn human(loaded: &[Loaded], lang: Lang, out: &mut term::Out) -> Result<(), Broke> {
    let (mut errors, mut warnings) = (0, 0);
    let mut first = None;
    for loaded in loaded {
        write!(out, "{}", render(&loaded.problems, lang, out.color))?;
        let (of_these, rest) = packs::tally(&loaded.problems);
        errors += of_these;
        warnings += rest;
        first = first.or(loaded.problems.iter().next().map(|problem| problem.code));
    }
    let style = if errors > 0 { term::BAD } else { term::GOOD };
    let summary = match lang {
        Lang::En => format!(
            "{}: {}, {}",
            term::count(loaded.len(), "pack"),
            term::count(errors, "error"),
            term::count(warnings, "warning")
        ),
        Lang::Zh => format!(
            "{} 个规则包：{errors} 个错误，{warnings} 个警告",
            loaded.len()
        ),
    };
    writeln!(out, "{}", term::styled(style, summary))?;
    if let Some(code) = first {
        let more = match lang {
            Lang::En => format!("`tidegate explain-code {code}` says more of a code"),
            Lang::Zh => format!("`tidegate explain-code {code}` 详细解释一个代码"),
        };
        writeln!(out, "{}", term::styled(term::DIM, more))?;
    }
    Ok(())
}
