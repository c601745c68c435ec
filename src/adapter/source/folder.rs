//! What is in the folder, and what of it changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::compile::Compiler;
use crate::diag::{Diagnostic, Diagnostics, codes, said};
use crate::limits::PackLimits;
use crate::pack::{self, Operator, Pack, Tenant};
use crate::policy::face::{By, Registry};
use crate::primitives::Timestamp;
use crate::ruleset::Ruleset;

use super::files::{self, Contents, Root, Signed, Stamp, problem};
use super::memory::Memory;

const OPERATOR: &str = "operator.toml";
const TENANT: &str = "tenant.toml";
/// How deep tenants' folders lie in the folder.
const DEPTH: usize = 4;
/// How often a folder that changes while it is read is read again before that is a problem.
const TRIES: usize = 4;

/// A folder as the source of tenants.
///
/// # Examples
///
/// ```no_run
/// use tidegate::adapter::source::Folder;
/// use tidegate::{Timestamp, base};
///
/// let base = vec![base::ruleset()?.into()];
/// let (mut folder, registry, synced) = Folder::open("/etc/tidegate".as_ref(), base, Timestamp(0))?;
/// for (file, problems) in &synced.refused {
///     eprintln!("{file}: {problems}");
/// }
/// let later = folder.sync(&registry, None, Timestamp(60));
/// # Ok::<(), tidegate::Diagnostics>(())
/// ```
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    base: Vec<Arc<Ruleset>>,
    grace: Duration,
    summed: bool,
    operator: Vec<Stamp>,
    /// By the name of the tenant's file.
    known: BTreeMap<Arc<str>, Known>,
    /// Files whose last content was refused, and why.
    refused: BTreeMap<Arc<str>, Diagnostics>,
    /// Where versions are kept that sources may not go below.
    memory: Option<Memory>,
}

/// A tenant's file that was looked at.
#[derive(Debug)]
struct Known {
    /// The tenant, once its file was taken.
    tenant: Option<Arc<str>>,
    /// Of everything that was read for it.
    stamps: Vec<Stamp>,
    digest: blake3::Hash,
    /// Since when the file is missing.
    missing: Option<Instant>,
}

/// What one look at the folder found.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Synced {
    /// Tenants that were added or replaced.
    pub set: Vec<Arc<str>>,
    /// Tenants that were removed.
    pub removed: Vec<Arc<str>>,
    /// Whether the operator's file or the packs of jurisdictions were replaced.
    pub shared: bool,
    /// Files that were refused, and why. What was live stays so.
    pub refused: Vec<(Arc<str>, Diagnostics)>,
    /// Whether a file is missing that will be taken for removed if it stays so.
    pub waits: bool,
}

/// A tenant's file with everything that it names, read and parsed.
struct Read {
    file: Arc<str>,
    stamps: Vec<Stamp>,
    digest: blake3::Hash,
    made: Result<(Tenant, Vec<Pack>), Diagnostics>,
}

impl Folder {
    /// Reads the folder into a new registry, over `base`, the locked rulesets of all tenants.
    ///
    /// # Errors
    ///
    /// If the operator's file, or a pack that it names, is bad: without it nobody knows what holds. Bad tenants are told in `Synced`.
    pub fn open(
        path: &Path,
        base: Vec<Arc<Ruleset>>,
        at: Timestamp,
    ) -> Result<(Self, Registry, Synced), Diagnostics> {
        Self::begin(path, base, at, None)
    }

    /// The same, with a file that remembers the versions that were live: packs do not come back older after a restart either. The file is made if it is
    /// not there, and replaced as a whole after each change.
    ///
    /// # Errors
    ///
    /// As of [`Folder::open`]; and if the file cannot be read or is none of these, for then nobody knows what was live.
    pub fn open_remembering(
        path: &Path,
        base: Vec<Arc<Ruleset>>,
        at: Timestamp,
        memory: &Path,
    ) -> Result<(Self, Registry, Synced), Diagnostics> {
        Self::begin(path, base, at, Some(Memory::new(memory)))
    }

    fn begin(
        path: &Path,
        base: Vec<Arc<Ruleset>>,
        at: Timestamp,
        memory: Option<Memory>,
    ) -> Result<(Self, Registry, Synced), Diagnostics> {
        let known = match &memory {
            Some(memory) => memory.read().map_err(one)?,
            None => Vec::new(),
        };
        let mut folder = Self {
            path: path.to_owned(),
            base,
            grace: Duration::from_secs(2),
            summed: false,
            operator: Vec::new(),
            known: BTreeMap::new(),
            refused: BTreeMap::new(),
            memory,
        };
        let mut root = Root::open(path, false).map_err(one)?;
        let (operator, regional, stamps) = read_operator(&mut root)?;
        folder.operator = stamps;
        let registry = Registry::new(
            folder.base.clone(),
            regional,
            operator,
            &By::new("folder", "begin", at),
        )?;
        registry.know(known);
        let synced = folder.sync(&registry, None, at);
        Ok((folder, registry, synced))
    }

    /// How long a tenant's file is missing before the tenant is removed: two seconds by default, for a file that is replaced by
    /// deleting it first is gone for a moment.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Files whose last content was refused, and why.
    pub fn refused(&self) -> impl Iterator<Item = (&str, &Diagnostics)> {
        self.refused
            .iter()
            .map(|(file, problems)| (&**file, problems))
    }

    /// Makes what changed live. `changed`, if it is known, are paths whose files are read again in any case; all others are
    /// when they look other than before.
    pub fn sync(
        &mut self,
        registry: &Registry,
        changed: Option<&[PathBuf]>,
        at: Timestamp,
    ) -> Synced {
        let mut synced = Synced::default();
        self.look_until_still(registry, changed, at, &mut synced);
        if let Some(memory) = &self.memory
            && let Err(problem) = memory.write(registry)
        {
            let file = Arc::clone(&problem.file);
            self.refuse(registry, file, one(problem), &mut synced);
        }
        synced
    }

    fn look_until_still(
        &mut self,
        registry: &Registry,
        changed: Option<&[PathBuf]>,
        at: Timestamp,
        synced: &mut Synced,
    ) {
        for attempt in 1..=TRIES {
            let before = files::real(&self.path).ok();
            let looked = self.look(registry, changed.unwrap_or_default(), at, synced);
            let same = files::real(&self.path).ok() == before;
            match looked {
                Ok(()) if same => return,
                // The folder was swapped meanwhile.
                _ if !same && attempt < TRIES => {}
                Ok(()) => return,
                Err(problem) => {
                    let file = Arc::clone(&problem.file);
                    self.refuse(registry, file, one(problem), synced);
                    return;
                }
            }
        }
    }

    fn look(
        &mut self,
        registry: &Registry,
        changed: &[PathBuf],
        at: Timestamp,
        synced: &mut Synced,
    ) -> Result<(), Box<Diagnostic>> {
        let mut root = Root::open(&self.path, self.summed)?;
        self.summed |= root.is_summed();
        self.look_at_operator(registry, &mut root, at, synced);
        root.trust(&registry.snapshot().operator().keys)?;

        let mut listed = BTreeSet::new();
        list(&root, &root.real, 0, &mut listed)?;
        if listed.is_empty() && !registry.snapshot().is_empty() {
            return Err(problem(
                &self.path.display().to_string(),
                &codes::UNREADABLE,
                said!(
                    "the folder holds no tenant's file, and tenants are live",
                    "目录中没有租户文件，而仍有租户在生效"
                ),
                said!(
                    "put the files back; to remove all tenants, remove them one by one through the API",
                    "请恢复文件；如需移除全部租户，请通过接口逐个移除"
                ),
            ));
        }
        let due: Vec<&PathBuf> = listed
            .iter()
            .filter(|file| !self.holds(&root.name(file), changed))
            .collect();
        let read = read_all(&root, &due);
        self.take(registry, read, at, synced);
        let names = listed.iter().map(|file| root.name(file)).collect();
        self.miss(registry, &names, at, synced);
        Ok(())
    }

    /// Whether all that was read for a tenant surely is as it was.
    fn holds(&self, file: &Arc<str>, changed: &[PathBuf]) -> bool {
        self.known.get(file).is_some_and(|known| {
            !known.stamps.is_empty()
                && known.missing.is_none()
                && known
                    .stamps
                    .iter()
                    .all(|stamp| stamp.holds() && !changed.iter().any(|path| stamp.is_of(path)))
        })
    }

    fn look_at_operator(
        &mut self,
        registry: &Registry,
        root: &mut Root,
        at: Timestamp,
        synced: &mut Synced,
    ) {
        let there = root.real.join(OPERATOR).exists();
        let name: Arc<str> = OPERATOR.into();
        if self.operator.is_empty() && !there {
            return;
        }
        if !self.operator.is_empty() && self.operator.iter().all(Stamp::holds) {
            return;
        }
        if !there {
            let gone = problem(
                OPERATOR,
                &codes::UNREADABLE,
                said!("the operator's file is gone", "运营方文件已不存在"),
                said!(
                    "put it back; an empty file sets everything to its default",
                    "请恢复该文件；空文件表示全部使用默认值"
                ),
            );
            return self.refuse(registry, name, one(gone), synced);
        }
        let snapshot = registry.snapshot();
        let made = read_operator(root).and_then(|(operator, regional, stamps)| {
            let same = operator == *snapshot.operator()
                && regional
                    .iter()
                    .map(|(list, ruleset)| (&**list, ruleset.digest()))
                    .eq(snapshot
                        .regional()
                        .map(|(list, ruleset)| (list, ruleset.digest())));
            if same {
                return Ok((stamps, None));
            }
            let by = By::new("folder", OPERATOR, at);
            let (_, left_out) = registry.set_shared(self.base.clone(), regional, operator, &by)?;
            Ok((stamps, Some(left_out)))
        });
        match made {
            Ok((stamps, left_out)) => {
                self.operator = stamps;
                self.refused.remove(&name);
                if let Some(left_out) = left_out {
                    synced.shared = true;
                    synced.refused.extend(left_out);
                    // What was refused under the old rules may stand under the new, and the other way round.
                    for known in self.known.values_mut() {
                        known.stamps.clear();
                    }
                }
            }
            Err(problems) => self.refuse(registry, name, problems, synced),
        }
    }

    /// Hands over what was read and is other than before.
    fn take(&mut self, registry: &Registry, read: Vec<Read>, at: Timestamp, synced: &mut Synced) {
        let mut ready = Vec::new();
        let mut files: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
        for (file, known) in &self.known {
            if let Some(tenant) = &known.tenant {
                files.insert(Arc::clone(tenant), Arc::clone(file));
            }
        }
        for Read {
            file,
            stamps,
            digest,
            made,
        } in read
        {
            let known = self.known.entry(Arc::clone(&file)).or_insert(Known {
                tenant: None,
                stamps: Vec::new(),
                digest: blake3::hash(b""),
                missing: None,
            });
            known.missing = None;
            let retried = known.stamps.is_empty();
            known.stamps = stamps;
            if known.digest == digest && !(retried && self.refused.contains_key(&file)) {
                continue;
            }
            known.digest = digest;
            match made {
                Ok((tenant, packs)) => {
                    let taken = files.get(&tenant.id).filter(|other| **other != file);
                    if let Some(other) = taken.cloned() {
                        let twice = problem(
                            &file,
                            &codes::DUPLICATE_TENANT,
                            said!(
                                "the tenant `{id}` has the file `{other}` already",
                                "租户 `{id}` 已有文件 `{other}`",
                                id = tenant.id
                            ),
                            said!("remove one of the two", "请删除其一"),
                        );
                        self.refuse(registry, file, one(twice), synced);
                        continue;
                    }
                    // A file that names another tenant now no longer keeps the one before.
                    let before = known.tenant.replace(Arc::clone(&tenant.id));
                    if let Some(before) = before.filter(|before| *before != tenant.id) {
                        self.remove(registry, &before, at, synced);
                    }
                    files.insert(Arc::clone(&tenant.id), Arc::clone(&file));
                    ready.push((tenant, packs));
                }
                Err(problems) => self.refuse(registry, file, problems, synced),
            }
        }
        if ready.is_empty() {
            return;
        }
        let ids: Vec<Arc<str>> = ready
            .iter()
            .map(|(tenant, _)| Arc::clone(&tenant.id))
            .collect();
        let (_, refused) = registry.set_all(ready, &By::new("folder", "files", at));
        for id in ids {
            let Some(file) = files.get(&id).cloned() else {
                continue;
            };
            match refused.iter().find(|(other, _)| *other == id) {
                Some((_, problems)) => {
                    // The registry has counted it.
                    self.refused.insert(Arc::clone(&file), problems.clone());
                    synced.refused.push((file, problems.clone()));
                }
                None => {
                    self.refused.remove(&file);
                    synced.set.push(id);
                }
            }
        }
    }

    /// Removes tenants whose files have been missing for long enough.
    fn miss(
        &mut self,
        registry: &Registry,
        listed: &BTreeSet<Arc<str>>,
        at: Timestamp,
        synced: &mut Synced,
    ) {
        let mut gone = Vec::new();
        for (file, known) in &mut self.known {
            if listed.contains(file) {
                known.missing = None;
                continue;
            }
            let since = *known.missing.get_or_insert_with(Instant::now);
            if since.elapsed() >= self.grace {
                gone.push(Arc::clone(file));
            } else {
                synced.waits = true;
            }
        }
        for file in gone {
            self.refused.remove(&file);
            if let Some(tenant) = self.known.remove(&file).and_then(|known| known.tenant) {
                self.remove(registry, &tenant, at, synced);
            }
        }
    }

    fn remove(&self, registry: &Registry, tenant: &Arc<str>, at: Timestamp, synced: &mut Synced) {
        // Unless somebody else did so already.
        if registry
            .remove(tenant, &By::new("folder", "the file is gone", at))
            .is_ok()
        {
            synced.removed.push(Arc::clone(tenant));
        }
    }

    fn refuse(
        &mut self,
        registry: &Registry,
        file: Arc<str>,
        problems: Diagnostics,
        synced: &mut Synced,
    ) {
        registry.refuse();
        self.refused.insert(Arc::clone(&file), problems.clone());
        synced.refused.push((file, problems));
    }
}

fn one(problem: Box<Diagnostic>) -> Diagnostics {
    let mut problems = Diagnostics::default();
    problems.push(*problem);
    problems
}

/// Tenants' files of the folder and below.
fn list(
    root: &Root,
    folder: &Path,
    depth: usize,
    found: &mut BTreeSet<PathBuf>,
) -> Result<(), Box<Diagnostic>> {
    let failed = |error: std::io::Error| {
        problem(
            &root.name(folder),
            &codes::UNREADABLE,
            said!(
                "the folder cannot be read: {error}",
                "无法读取目录：{error}"
            ),
            said!("check who may read it", "请检查读取权限"),
        )
    };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // `..data` and the like are Kubernetes' own; hidden files are those of editors.
        if name.starts_with('.') {
            continue;
        }
        let path = entry.path();
        if name == TENANT || name.ends_with(".tenant.toml") {
            found.insert(path);
        } else if depth < DEPTH && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            list(root, &path, depth + 1, found)?;
        }
    }
    Ok(())
}

fn read_all(root: &Root, files: &[&PathBuf]) -> Vec<Read> {
    #[cfg(feature = "rayon")]
    {
        use rayon::prelude::*;
        files
            .par_iter()
            .map(|file| read_tenant(root, file))
            .collect()
    }
    #[cfg(not(feature = "rayon"))]
    files.iter().map(|file| read_tenant(root, file)).collect()
}

/// What is read on the way to a tenant or to the operator.
struct Reading<'r> {
    root: &'r Root,
    stamps: Vec<Stamp>,
    hasher: blake3::Hasher,
}

impl<'r> Reading<'r> {
    fn new(root: &'r Root) -> Self {
        Self {
            root,
            stamps: Vec::new(),
            hasher: blake3::Hasher::new(),
        }
    }

    fn read(&mut self, home: &Path, path: &str, most: usize) -> Result<Contents, Diagnostics> {
        let read = self.root.read(home, path, most);
        match &read {
            Ok(contents) => {
                self.hasher
                    .update(&(contents.bytes.len() as u64).to_le_bytes());
                self.hasher.update(&contents.bytes);
                self.stamps.push(contents.stamp.clone());
            }
            Err(problem) => {
                self.hasher.update(problem.message.en.as_bytes());
            }
        }
        read.map_err(one)
    }

    fn text(
        &mut self,
        home: &Path,
        path: &str,
        most: usize,
    ) -> Result<(Contents, String), Diagnostics> {
        let contents = self.read(home, path, most)?;
        let text = Root::text(&contents).map_err(one)?;
        Ok((contents, text))
    }

    /// A pack with its word files, all signed where signatures are wanted.
    fn pack(
        &mut self,
        home: &Path,
        path: &str,
        limits: &PackLimits,
        tenant: &str,
    ) -> Result<Pack, Diagnostics> {
        let (contents, source) = self.text(home, path, limits.pack_bytes)?;
        let file = home.join(path);
        let below = file.parent().unwrap_or(home).to_owned();
        let mut words = Vec::new();
        let mut broken = None;
        let parsed = Pack::parse_with(
            &contents.name,
            &source,
            limits,
            &mut |word| match self.read(&below, word, limits.file_bytes) {
                Ok(contents) => {
                    let bytes = contents.bytes.clone();
                    words.push((word.to_owned(), contents));
                    Ok(bytes)
                }
                Err(problems) => {
                    let why = problems
                        .iter()
                        .next()
                        .map(|problem| problem.message.en.clone());
                    broken = Some(problems);
                    Err(why.unwrap_or_default())
                }
            },
        );
        let pack = match (parsed, broken) {
            (Ok(parsed), _) => parsed.pack,
            (Err(mut problems), broken) => {
                if let Some(found) = broken {
                    problems.append(found);
                }
                return Err(problems);
            }
        };
        let signed = Signed {
            tenant,
            pack: &pack.id,
            version: &pack.version,
        };
        let mut check = |contents: &Contents, home: &Path, path: &str| {
            let stamp = self
                .root
                .check_signature(contents, home, path, signed)
                .map_err(one)?;
            self.stamps.extend(stamp);
            Ok::<(), Diagnostics>(())
        };
        check(&contents, home, path)?;
        for (word, contents) in &words {
            check(contents, &below, word)?;
        }
        Ok(pack)
    }
}

fn read_tenant(root: &Root, file: &Path) -> Read {
    let name = root.name(file);
    let mut reading = Reading::new(root);
    let made = tenant_of(&mut reading, file);
    if let Err(problems) = &made {
        // A signature that is put right changes no other byte.
        reading
            .hasher
            .update(problems.to_text(crate::diag::Lang::En).as_bytes());
    }
    Read {
        file: name,
        // A file that was not there has no stamp that could hold.
        stamps: if made.as_ref().is_err_and(is_missing) {
            Vec::new()
        } else {
            reading.stamps
        },
        digest: reading.hasher.finalize(),
        made,
    }
}

/// Whether a problem could go away though every file that was read stays as it is.
fn is_missing(problems: &Diagnostics) -> bool {
    let by_others = [
        codes::UNREADABLE.name,
        codes::UNSIGNED_PACK.name,
        codes::BAD_SIGNATURE.name,
        codes::BAD_SUM.name,
        codes::WORD_FILE.name,
    ];
    problems
        .iter()
        .any(|problem| by_others.contains(&problem.code))
}

fn tenant_of(reading: &mut Reading<'_>, file: &Path) -> Result<(Tenant, Vec<Pack>), Diagnostics> {
    let limits = PackLimits::default();
    let home = file.parent().unwrap_or(file);
    let path = file.file_name().unwrap_or_default().to_string_lossy();
    let (contents, source) = reading.text(home, &path, limits.pack_bytes)?;
    let tenant = Tenant::parse(&contents.name, &source)?.tenant;
    let mut problems = Diagnostics::default();
    let mut packs = Vec::new();
    for pack in &tenant.packs {
        match reading.pack(home, &pack.value, &limits, &tenant.id) {
            Ok(pack) => packs.push(pack),
            Err(found) => problems.append(found),
        }
    }
    if problems.has_errors() {
        return Err(problems);
    }
    Ok((tenant, packs))
}

type Regional = Vec<(Arc<str>, Arc<Ruleset>)>;

/// The operator's file, and the packs of jurisdictions that it names.
fn read_operator(root: &mut Root) -> Result<(Operator, Regional, Vec<Stamp>), Diagnostics> {
    if !root.real.join(OPERATOR).exists() {
        return Ok((Operator::default(), Regional::new(), Vec::new()));
    }
    let home = root.real.clone();
    let limits = PackLimits::operator();
    let mut reading = Reading::new(root);
    let (contents, source) = reading.text(&home, OPERATOR, limits.pack_bytes)?;
    let mut stamps = reading.stamps;
    let operator = Operator::parse(&contents.name, &source)?.operator;
    root.trust(&operator.keys).map_err(one)?;
    let mut reading = Reading::new(root);
    let mut problems = Diagnostics::default();
    let mut regional = Regional::new();
    for pack::Regional { list, packs, .. } in &operator.regional {
        let mut compiler = Compiler::new().limits(limits.clone()).locked(true);
        for pack in packs {
            match reading.pack(&home, &pack.value, &limits, "*") {
                Ok(pack) => compiler = compiler.pack(pack),
                Err(found) => problems.append(found),
            }
        }
        match compiler.build() {
            Ok(ruleset) => regional.push((Arc::clone(list), Arc::new(ruleset))),
            Err(found) => problems.append(found),
        }
    }
    if problems.has_errors() {
        return Err(problems);
    }
    stamps.append(&mut reading.stamps);
    Ok((operator, regional, stamps))
}
