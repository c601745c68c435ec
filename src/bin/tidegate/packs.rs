//! Packs from files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tidegate::diag::{Diagnostic, Lang, Level};
use tidegate::pack::{Checks, Pack, Term, decode};
use tidegate::{Compiler, Diagnostics, PackLimits, Policy, Ruleset, Tenant};

use crate::operator::OperatorFile;
use crate::{Broke, term};

/// A pack file, read.
pub(crate) struct Loaded {
    /// As diagnostics call it.
    pub(crate) name: String,
    pub(crate) pack: Option<Pack>,
    /// The source, so that samples can be told in lines.
    pub(crate) source: Arc<str>,
    /// All its problems.
    pub(crate) problems: Diagnostics,
}

impl Loaded {
    pub(crate) fn has_errors(&self) -> bool {
        self.pack.is_none() || self.problems.has_errors()
    }
}

/// Whether a pack of that id belongs to the base library.
pub(crate) fn is_base(id: &str) -> bool {
    id == "base" || id.starts_with("base.")
}

/// The limits on a pack: the base library has the operator's.
fn limits(base: bool) -> PackLimits {
    if base {
        PackLimits::operator()
    } else {
        PackLimits::default()
    }
}

/// The pack files that the paths name: files as they are, folders with all `*.toml` in them and below, in order of name.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Broke> {
    let mut files = Vec::new();
    for path in paths {
        let meta = std::fs::metadata(path).map_err(|error| cannot_read(path, &error))?;
        if meta.is_dir() {
            let before = files.len();
            folder(path, &mut files)?;
            if files.len() == before {
                return Err(Broke::Usage(format!(
                    "{}: the folder holds no *.toml file",
                    path.display()
                )));
            }
        } else {
            files.push(path.clone());
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    files.retain(|file| seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())));
    Ok(files)
}

fn folder(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Broke> {
    let failed = |error: io::Error| cannot_read(path, &error);
    let mut entries: Vec<_> = std::fs::read_dir(path)
        .map_err(failed)?
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // Links to folders are not followed: they may lead in circles.
        let kind = entry
            .file_type()
            .map_err(|error| cannot_read(&path, &error))?;
        if kind.is_dir() {
            folder(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    Ok(())
}

fn cannot_read(path: &Path, error: &io::Error) -> Broke {
    Broke::Usage(format!("{}: {error}", path.display()))
}

/// Reads a pack and compiles it by itself, so that every problem it has is known.
pub(crate) fn load(path: &Path) -> Result<Loaded, Broke> {
    load_checked(path, &Checks::default())
}

/// The same, looked at with everything that is at hand.
pub(crate) fn load_checked(path: &Path, checks: &Checks<'_>) -> Result<Loaded, Broke> {
    let name = path.display().to_string();
    Ok(match decode(&name, read_bytes(path)?) {
        Ok(source) => check_source(path, source, checks),
        Err(problems) => Loaded {
            name,
            pack: None,
            source: "".into(),
            problems,
        },
    })
}

/// A pack at `path`, whose source is given.
pub(crate) fn check_source(path: &Path, source: String, checks: &Checks<'_>) -> Loaded {
    let home = home_of(path);
    let name = path.display().to_string();
    parse_checked(name, source, checks, &mut |file, limits| {
        read_words(home, file, limits)
    })
}

/// Reads the word files of a pack.
pub(crate) type Words<'a> = dyn FnMut(&str, &PackLimits) -> Result<Vec<u8>, String> + 'a;

/// Parses a pack and compiles it by itself, so that every problem it has is known.
pub(crate) fn parse(name: String, source: String, words: &mut Words<'_>) -> Loaded {
    parse_checked(name, source, &Checks::default(), words)
}

fn parse_checked(
    name: String,
    source: String,
    checks: &Checks<'_>,
    words: &mut Words<'_>,
) -> Loaded {
    let base = declares_base(&source);
    let limits = limits(base);
    let mut words = |file: &str| words(file, &limits);
    let checks = checks.base(base);
    let parsed = Pack::check(&name, &source, &limits, &mut words, &checks);
    let (pack, mut problems) = match parsed {
        Ok(parsed) => (Some(parsed.pack), parsed.warnings),
        Err(problems) => (None, problems),
    };
    let source: Arc<str> = source.into();
    if let Some(pack) = &pack
        && let Err(found) = Compiler::new().limits(limits).pack(pack.clone()).build()
    {
        problems.append(of_file(&found, &name, &source));
    }
    Loaded {
        name,
        pack,
        source,
        problems,
    }
}

/// Problems that a compiler found know the pack, not the file.
fn of_file(found: &Diagnostics, name: &str, source: &Arc<str>) -> Diagnostics {
    let file: Arc<str> = Arc::from(name);
    let mut moved = Diagnostics::default();
    moved.add_source(Arc::clone(&file), Arc::clone(source));
    for problem in found {
        let mut problem: Diagnostic = problem.clone();
        problem.file = Arc::clone(&file);
        moved.push(problem);
    }
    moved
}

/// The source of a pack; no more of it than shows that it is too big.
pub(crate) fn read_source(path: &Path) -> Result<String, Broke> {
    text(path, read_bytes(path)?)
}

/// The bytes of a pack; no more of them than show that it is too big.
fn read_bytes(path: &Path) -> Result<Vec<u8>, Broke> {
    let most = PackLimits::operator().pack_bytes as u64 + 1;
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(|error| cannot_read(path, &error))?;
    Ok(bytes)
}

/// The bytes of a file as text.
pub(crate) fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Broke> {
    decode(&path.display().to_string(), bytes)
        .map_err(|problems| Broke::Usage(problems.to_text(Lang::En).trim_end().to_owned()))
}

/// Whether the source says that its id is reserved for the base library. Only a guess that picks the parser: a pack that is taken for
/// what it is not is refused by either.
fn declares_base(source: &str) -> bool {
    source
        .lines()
        .map(str::trim_start)
        .skip_while(|line| !line.starts_with("[pack]"))
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| {
            let value = line.strip_prefix("id")?.trim_start().strip_prefix('=')?;
            value.trim_start().strip_prefix(['"', '\''])
        })
        .any(|id| is_base(id.split(['"', '\'']).next().unwrap_or_default()))
}

/// Whether the source is a tenant's file.
pub(crate) fn declares_tenant(source: &str) -> bool {
    source
        .lines()
        .any(|line| line.trim_start().starts_with("[tenant]"))
}

/// A word file of a pack in `home`. Its real place, all links followed, must lie in that folder.
fn read_words(home: &Path, file: &str, limits: &PackLimits) -> Result<Vec<u8>, String> {
    let said = |error: io::Error| error.to_string();
    let path = inside(home, file)?;
    let file = File::open(&path).map_err(said)?;
    if !file.metadata().map_err(said)?.is_file() {
        return Err("it is no file".to_owned());
    }
    let mut bytes = Vec::new();
    let most = limits.file_bytes as u64 + 1;
    file.take(most).read_to_end(&mut bytes).map_err(said)?;
    Ok(bytes)
}

/// The real place of a file of `home`, all links followed. It must lie in that folder or below.
pub(crate) fn inside(home: &Path, file: &str) -> Result<PathBuf, String> {
    let said = |error: io::Error| error.to_string();
    let home = home.canonicalize().map_err(said)?;
    let path = home.join(file).canonicalize().map_err(said)?;
    if !path.starts_with(&home) {
        return Err("it leads out of the folder".to_owned());
    }
    Ok(path)
}

/// The folder of a file.
pub(crate) fn home_of(path: &Path) -> &Path {
    let home = path.parent().filter(|home| !home.as_os_str().is_empty());
    home.unwrap_or(Path::new("."))
}

/// A tenant's file, and the packs that it names.
pub(crate) struct TenantFile {
    pub(crate) tenant: Tenant,
    name: String,
    pub(crate) packs: Vec<Pack>,
}

impl TenantFile {
    pub(crate) fn load(path: &Path) -> Result<Self, Broke> {
        let name = path.display().to_string();
        let source = read_source(path)?;
        Self::of(name.clone(), source, &mut |pack| {
            let file = inside(home_of(path), pack)
                .map_err(|why| Broke::Usage(format!("{name}: the pack {pack}: {why}")))?;
            load(&file)
        })
    }

    /// The file alone, where its packs are compiled already.
    pub(crate) fn load_alone(path: &Path) -> Result<Self, Broke> {
        let source = read_source(path)?;
        Self::alone(path.display().to_string(), &source)
    }

    fn alone(name: String, source: &str) -> Result<Self, Broke> {
        let parsed = Tenant::parse(&name, source);
        let (tenant, problems) = match parsed {
            Ok(parsed) => (Some(parsed.tenant), parsed.warnings),
            Err(problems) => (None, problems),
        };
        let Some(tenant) = tenant else {
            return Err(unusable(&name, "tenant's file", &problems)?);
        };
        draw(&problems)?;
        Ok(Self {
            tenant,
            name,
            packs: Vec::new(),
        })
    }

    /// A tenant's file of that source; `load` reads the packs that it names.
    pub(crate) fn of(
        name: String,
        source: String,
        load: &mut dyn FnMut(&str) -> Result<Loaded, Broke>,
    ) -> Result<Self, Broke> {
        let mut file = Self::alone(name, &source)?;
        for pack in &file.tenant.packs {
            let loaded = load(&pack.value)?;
            report(&loaded)?;
            file.packs.extend(loaded.pack);
        }
        if let Some(pack) = file.packs.iter().find(|pack| is_base(&pack.id)) {
            return Err(Broke::Usage(format!(
                "{}: the id of the pack `{}` is reserved for the base library",
                file.name, pack.id
            )));
        }
        Ok(file)
    }
}

/// A jurisdiction, as lists and tenants' files write it.
pub(crate) fn jurisdiction(text: &str) -> Result<String, String> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        Ok(text.to_owned())
    } else {
        Err("write two capital letters, such as EU, UK, AU or US".to_owned())
    }
}

/// A ruleset, and how it came to be.
pub(crate) struct Compiled {
    pub(crate) ruleset: Ruleset,
    /// Ids and versions of its packs.
    pub(crate) packs: Vec<String>,
    /// Compiling it, parsing apart.
    pub(crate) took: Duration,
}

impl Compiled {
    /// What `tidegate compile` wrote.
    fn read(path: &Path) -> Result<Self, Broke> {
        let began = Instant::now();
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| cannot_read(path, &error))?;
        let ruleset = match Ruleset::from_bytes(&name, &bytes, &PackLimits::operator()) {
            Ok(ruleset) => ruleset,
            Err(problems) => return Err(unusable(&name, "ruleset", &problems)?),
        };
        Ok(Self {
            packs: ruleset
                .packs()
                .map(|(id, version)| format!("{id} {version}"))
                .collect(),
            ruleset,
            took: began.elapsed(),
        })
    }

    fn of(packs: Vec<Pack>, allow: &[Term], base: bool) -> Result<Self, Broke> {
        let names = packs
            .iter()
            .map(|pack| format!("{} {}", pack.id, pack.version))
            .collect();
        let began = Instant::now();
        Ok(Self {
            ruleset: compile_with(packs, allow, base)?,
            packs: names,
            took: began.elapsed(),
        })
    }
}

/// What messages are screened with.
pub(crate) struct Rules {
    pub(crate) policy: Policy,
    rulesets: Vec<Compiled>,
    /// Titles of the rules that have one, by full id.
    titles: BTreeMap<String, String>,
    /// Versions of the packs, by id.
    pub(crate) versions: Versions,
    /// Rules that are not screened, and why: draft or retired.
    pub(crate) asleep: Vec<(String, &'static str)>,
}

impl Rules {
    pub(crate) fn rulesets(&self) -> Vec<&Ruleset> {
        let rulesets = self.rulesets.iter();
        rulesets.map(|compiled| &compiled.ruleset).collect()
    }

    pub(crate) fn compiled(&self) -> impl Iterator<Item = &Compiled> {
        self.rulesets.iter()
    }

    /// The jurisdictions of the command line, where it names any.
    pub(crate) fn with_jurisdictions(mut self, jurisdictions: &[String]) -> Self {
        if !jurisdictions.is_empty() {
            self.policy = self.policy.with_jurisdictions(jurisdictions);
        }
        self
    }

    pub(crate) fn title(&self, rule: &str) -> Option<&str> {
        self.titles.get(rule).map(String::as_str)
    }

    /// The base, unless it is left out, and the packs, those of the tenant among them, as one ruleset on top of it. Problems are
    /// drawn on standard error.
    pub(crate) fn load(
        paths: &[PathBuf],
        no_base: bool,
        tenant: Option<&TenantFile>,
    ) -> Result<Self, Broke> {
        Self::load_under(paths, &[], no_base, tenant, None)
    }

    /// The same, under what the operator decides, and with `ready`, files that `tidegate compile` wrote, in place of packs.
    pub(crate) fn load_under(
        paths: &[PathBuf],
        ready: &[PathBuf],
        no_base: bool,
        tenant: Option<&TenantFile>,
        operator: Option<&OperatorFile>,
    ) -> Result<Self, Broke> {
        let mut given = Vec::new();
        for file in files(paths)? {
            given.push(load(&file)?);
        }
        let ready = ready.iter().map(|path| Compiled::read(path));
        let ready: Vec<Compiled> = ready.collect::<Result<_, _>>()?;
        if let Some(TenantFile { tenant, name, .. }) = tenant
            && !ready.is_empty()
        {
            let has_rules = !tenant.packs.is_empty() || !tenant.allow.is_empty();
            let own = ready.iter().any(|ready| ready.ruleset.is_for(tenant));
            if has_rules && !own {
                return Err(Broke::Usage(format!(
                    "{name}: no `--ruleset` was compiled from this file; compile it with `tidegate compile --tenant {name} --output FILE`"
                )));
            }
        }
        Self::of_under(given, ready, no_base, tenant, operator)
    }

    /// The same, of packs that are read.
    pub(crate) fn of(
        loaded: Vec<Loaded>,
        no_base: bool,
        tenant: Option<&TenantFile>,
    ) -> Result<Self, Broke> {
        Self::of_under(loaded, Vec::new(), no_base, tenant, None)
    }

    fn of_under(
        loaded: Vec<Loaded>,
        ready: Vec<Compiled>,
        no_base: bool,
        tenant: Option<&TenantFile>,
        operator: Option<&OperatorFile>,
    ) -> Result<Self, Broke> {
        let mut given = Vec::new();
        for loaded in loaded {
            report(&loaded)?;
            given.extend(loaded.pack);
        }
        let (mut base, mut own): (Vec<Pack>, Vec<Pack>) =
            given.into_iter().partition(|pack| is_base(&pack.id));
        let (locked, unlocked): (Vec<_>, Vec<_>) = ready
            .into_iter()
            .partition(|ready| ready.ruleset.is_locked());
        let has_base = |ready: &Compiled| ready.ruleset.packs().any(|(id, _)| is_base(id));
        if !no_base && !locked.iter().any(has_base) {
            if let Some(pack) = base.first() {
                return Err(Broke::Usage(format!(
                    "the pack `{}` has an id of the base library, which is loaded already; leave that out with --no-base",
                    pack.id
                )));
            }
            base = tidegate::base::packs().map_err(broken)?;
        }
        let mut rules = Self {
            policy: Policy::default(),
            rulesets: Vec::new(),
            titles: BTreeMap::new(),
            versions: BTreeMap::new(),
            asleep: Vec::new(),
        };
        own.extend(tenant.into_iter().flat_map(|tenant| tenant.packs.clone()));
        let allow = tenant.map_or_else(Vec::new, |file| file.tenant.allow.clone());
        rules.add(base, &[], true)?;
        for ready in locked {
            rules.add_ready(ready);
        }
        let free = OperatorFile::default();
        let above = operator.unwrap_or(&free);
        let mut shared = Vec::new();
        for (list, packs) in &above.regional {
            shared.push((Arc::clone(list), Compiled::of(packs.clone(), &[], true)?));
        }
        {
            let regional = shared.iter().map(|(_, compiled)| &compiled.ruleset);
            above.check(
                &rules
                    .rulesets()
                    .into_iter()
                    .chain(regional)
                    .collect::<Vec<_>>(),
            )?;
        }
        if operator.is_some() {
            rules.policy = Policy::of_operator(&above.operator);
        }
        let counts = |list: &Arc<str>| {
            let own = tenant.and_then(|file| file.tenant.jurisdictions.as_ref());
            let floor = &above.operator.floor.jurisdictions;
            own.is_some_and(|own| own.value.contains(list)) || floor.contains(list)
        };
        shared.retain(|(list, _)| counts(list));
        rules
            .rulesets
            .extend(shared.into_iter().map(|(_, compiled)| compiled));
        let compiled_with =
            |ready: &Compiled| tenant.is_some_and(|file| ready.ruleset.is_for(&file.tenant));
        let allow = if unlocked.iter().any(compiled_with) {
            Vec::new()
        } else {
            allow
        };
        for ready in unlocked {
            rules.add_ready(ready);
        }
        rules.add(own, &allow, false)?;
        if let Some(TenantFile { tenant, name, .. }) = tenant {
            rules.policy = match Policy::of_tenant(tenant, &above.operator, &rules.rulesets()) {
                Ok(policy) => policy,
                Err(problems) => return Err(unusable(name, "tenant's file", &problems)?),
            };
        }
        Ok(rules)
    }

    fn add_ready(&mut self, ready: Compiled) {
        let packs = ready.ruleset.packs();
        self.versions
            .extend(packs.map(|(id, version)| (id.to_owned(), version.to_owned())));
        self.rulesets.push(ready);
    }

    fn add(&mut self, packs: Vec<Pack>, allow: &[Term], base: bool) -> Result<(), Broke> {
        use tidegate::pack::Status;

        if packs.is_empty() && allow.is_empty() {
            return Ok(());
        }
        for pack in &packs {
            self.versions
                .insert(pack.id.to_string(), pack.version.to_string());
            for rule in &pack.rules {
                let id = format!("{}/{}", pack.id, rule.id);
                if matches!(rule.status, Status::Draft | Status::Retired) {
                    self.asleep.push((id.clone(), rule.status.name()));
                }
                if let Some(title) = &rule.title {
                    self.titles.insert(id, title.to_string());
                }
            }
        }
        self.rulesets.push(Compiled::of(packs, allow, base)?);
        Ok(())
    }
}

/// Versions of packs, by id.
pub(crate) type Versions = BTreeMap<String, String>;

/// The base library as the ruleset that all tenants have, and the versions of its packs.
#[cfg(any(feature = "serve", feature = "worker"))]
pub(crate) fn shared_base() -> Result<(Vec<Arc<Ruleset>>, Versions), Broke> {
    let packs = tidegate::base::packs().map_err(broken)?;
    let versions = packs
        .iter()
        .map(|pack| (pack.id.to_string(), pack.version.to_string()))
        .collect();
    Ok((vec![Arc::new(compile(packs, true)?)], versions))
}

/// The packs of the paths, and a tenant's with its allow terms, as one ruleset.
pub(crate) fn one_ruleset(
    paths: &[PathBuf],
    tenant: Option<&TenantFile>,
) -> Result<Ruleset, Broke> {
    let mut all = Vec::new();
    for file in files(paths)? {
        let loaded = load(&file)?;
        report(&loaded)?;
        all.extend(loaded.pack);
    }
    if let Some(pack) = all.iter().find(|pack| is_base(&pack.id)) {
        return Err(Broke::Usage(format!(
            "the id of the pack `{}` is reserved for the base library, which `--base` compiles",
            pack.id
        )));
    }
    all.extend(tenant.into_iter().flat_map(|tenant| tenant.packs.clone()));
    let allow = tenant.map_or(&[][..], |file| &file.tenant.allow);
    compile_with(all, allow, false)
}

/// Packs as one ruleset. The base is locked.
pub(crate) fn compile(packs: Vec<Pack>, base: bool) -> Result<Ruleset, Broke> {
    compile_with(packs, &[], base)
}

/// The same, with a tenant's allow terms.
fn compile_with(packs: Vec<Pack>, allow: &[Term], base: bool) -> Result<Ruleset, Broke> {
    packs
        .into_iter()
        .fold(Compiler::new(), Compiler::pack)
        .allow(allow.iter().cloned())
        .limits(limits(base))
        .locked(base)
        .build()
        .map_err(broken)
}

/// Problems that have no place in a file.
pub(crate) fn broken(problems: Diagnostics) -> Broke {
    Broke::Usage(format!(
        "the packs do not compile:\n{}",
        problems.to_text(Lang::En).trim_end()
    ))
}

/// Draws the problems of a pack on standard error and breaks off if it cannot be used; of warnings only their number is told.
pub(crate) fn report(loaded: &Loaded) -> Result<(), Broke> {
    if loaded.has_errors() {
        return Err(unusable(&loaded.name, "pack", &loaded.problems)?);
    }
    warn_of(&loaded.name, &loaded.problems)
}

/// Draws the problems on standard error; what to break off with.
pub(crate) fn unusable(name: &str, what: &str, problems: &Diagnostics) -> io::Result<Broke> {
    draw(problems)?;
    Ok(Broke::Usage(format!("the {what} {name} cannot be used")))
}

pub(crate) fn draw(problems: &Diagnostics) -> io::Result<()> {
    let (mut err, color) = term::err();
    let drawn = tidegate::diag::render(problems, Lang::En, color);
    write!(err, "{drawn}")
}

fn warn_of(name: &str, problems: &Diagnostics) -> Result<(), Broke> {
    if !problems.is_empty() {
        let warnings = term::count(problems.len(), "warning");
        let (mut err, _) = term::err();
        writeln!(
            err,
            "tidegate: {name}: {warnings}; `tidegate check` shows them"
        )?;
    }
    Ok(())
}

/// How many of the problems are errors, and how many warnings.
pub(crate) fn tally(problems: &Diagnostics) -> (usize, usize) {
    let errors = problems
        .iter()
        .filter(|problem| problem.level == Level::Error)
        .count();
    (errors, problems.len() - errors)
}
