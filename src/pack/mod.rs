//! Packs, format 1: TOML in, a legal [`Pack`] or every problem at once out.
//!
//! [`Pack::parse`] reads a source in these steps, each in a file of its own: `syntax` (bytes to a tree with places),
//! `keys` (what may stand where), `reading` (values out of tables), `terms` and `words` (lists, word files), `when` and
//! `condition` (the language of conditions, and its names resolved), `rule`, `samples`. `regex` says which regexes are
//! fit to be looked for. Nothing here touches the file system: word files come through a loader.
//!
//! # Untrusted input
//!
//! A source may be hostile. Everything that it can ask for is bounded by [`PackLimits`]; parsing takes time and memory
//! in proportion to the source and the word files, and ends in [`Diagnostics`], never in a panic.

mod check;
mod condition;
mod encoding;
mod fmt;
mod frequencies;
mod keys;
mod lint;
mod mend;
mod model;
mod operator;
mod reading;
#[doc(hidden)]
pub mod regex;
mod report;
mod rule;
mod samples;
mod schema;
mod syntax;
mod tenant;
mod terms;
mod when;
mod words;

use std::sync::Arc;

use crate::diag::{Diagnostics, Edit, Fix, codes, said};
use crate::limits::PackLimits;
use crate::verdict::{Action, Severity};
use keys::Kind;
use lint::Owner;
use reading::{Reading, Text};
use report::shown;
use syntax::Table;
use terms::Inherited;
use words::Loader;

pub use check::Checks;
pub use encoding::decode;
pub use fmt::format;
pub(crate) use lint::frequency;
pub use model::*;
pub use operator::{Floor, Operator, OperatorParsed, Regional, Shadow};
pub use schema::Schema;
pub(crate) use tenant::FileText;
pub use tenant::{Fail, Override, Tenant, TenantParsed, Written};

/// A pack, and what deserves a look in it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Parsed {
    /// The pack.
    pub pack: Pack,
    /// Warnings; no errors.
    pub warnings: Diagnostics,
}

impl Pack {
    /// Reads a pack with the limits of a tenant and without word files. `file_name` is what diagnostics call it.
    ///
    /// # Errors
    ///
    /// All problems of the pack at once, warnings among them.
    pub fn parse(file_name: &str, source: &str) -> Result<Parsed, Diagnostics> {
        Self::parse_with(file_name, source, &PackLimits::default(), &mut |_| {
            Err("no word files are at hand".to_owned())
        })
    }

    /// Reads a pack. `files` gives the bytes of a word file by its path as the pack writes it, or says why it cannot;
    /// the path is relative, with `/` between its parts and no `..`. Each file is asked for once.
    ///
    /// # Errors
    ///
    /// All problems of the pack at once, warnings among them.
    pub fn parse_with(
        file_name: &str,
        source: &str,
        limits: &PackLimits,
        files: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Parsed, Diagnostics> {
        parse(file_name, source, limits, files, &Checks::default())
    }

    /// Reads a pack of the base library: the same, but its id may be `base` or begin with `base.`, as no tenant's may.
    ///
    /// # Errors
    ///
    /// All problems of the pack at once, warnings among them.
    pub fn parse_base(
        file_name: &str,
        source: &str,
        limits: &PackLimits,
        files: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Parsed, Diagnostics> {
        parse(
            file_name,
            source,
            limits,
            files,
            &Checks::default().base(true),
        )
    }
}

fn parse(
    file_name: &str,
    source: &str,
    limits: &PackLimits,
    files: Loader<'_>,
    checks: &Checks<'_>,
) -> Result<Parsed, Diagnostics> {
    let (pack, mut diags) = reading::read(file_name, source, limits, files, |reading, root| {
        reading.pack(root, checks)
    });
    diags.sort();
    match pack {
        Some(pack) if !diags.has_errors() => {
            if diags.is_empty() {
                // Nothing points into the sources, so they need not be kept.
                diags = Diagnostics::bounded(limits.diagnostics);
            }
            Ok(Parsed {
                pack,
                warnings: diags,
            })
        }
        _ => Err(diags),
    }
}

impl Reading<'_, '_> {
    fn pack(&mut self, root: &Table<'_>, checks: &Checks<'_>) -> Option<Pack> {
        if root.is_empty() && self.report.diags.is_empty() {
            let what = said!("the pack is empty", "规则包是空的");
            let help = said!(
                "begin with `tidegate new PACK.toml`, or write `format = 1` and `[pack]` with `id` and `version`",
                "请用 `tidegate new 文件名.toml` 新建，或写 `format = 1` 和含 `id`、`version` 的 `[pack]`"
            );
            self.report.say(&codes::MISSING_KEY, 0..0, what, help);
            return None;
        }
        keys::check(root, Kind::Root, &mut self.report);
        self.format(root);
        let head = self.head(root, checks.base);
        let except =
            match Self::value(root, "pack").and_then(|(_, value)| value.get_ref().as_table()) {
                Some(pack) => self.terms(pack, "except"),
                None => Vec::new(),
            };

        for (name, span, value) in self.entries(root, "lists") {
            self.report.owner = Owner::List(self.lists.len());
            let list = self.list(name, span, value);
            self.places.insert(Arc::clone(&list.name), self.lists.len());
            self.lists.push((list, false));
        }
        let lists = self.settle_lists();
        self.report.owner = Owner::Pack;
        let rules = self.rules(root);

        if !self.report.diags.has_errors() {
            let unused: Vec<_> = self
                .lists
                .iter()
                .filter(|(_, used)| !used)
                .map(|(list, _)| (Arc::clone(&list.name), list.span.clone()))
                .collect();
            for (name, at) in unused {
                self.unused_list(&name, at);
            }
        }
        let inherited = Inherited::from_variants(self.defaults.variants);
        let settled = self.settle_terms(&except, inherited);
        let Some((id, version, title, owner, languages)) =
            head.filter(|_| !self.report.diags.has_errors())
        else {
            self.settle_warnings(None);
            return None;
        };
        let pack = Pack {
            id,
            version,
            title,
            owner,
            languages,
            lists,
            except: settled,
            rules,
            digest: self.files.digest(self.source),
        };
        self.lint(&pack, &except, checks);
        Some(pack)
    }

    fn settle_lists(&mut self) -> Vec<List> {
        let raw = std::mem::take(&mut self.lists);
        let variants = self.defaults.variants;
        let lists = raw
            .iter()
            .enumerate()
            .map(|(index, (list, _))| {
                self.report.owner = Owner::List(index);
                self.settle(list, variants)
            })
            .collect();
        self.lists = raw;
        lists
    }

    fn format(&mut self, root: &Table<'_>) {
        let Some((_, value)) = Self::value(root, "format") else {
            let help = said!(
                "write `format = 1` at the top of the file",
                "请在文件开头写 `format = 1`"
            );
            let file = Arc::clone(&self.report.file);
            return self.missing("format", 0..0, &file, help);
        };
        match self.whole(value) {
            Some(1) => {}
            Some(other) => self.report.say(
                &codes::UNKNOWN_FORMAT,
                value.span(),
                said!("format {other} is not known", "未知的格式 {other}"),
                said!("write `format = 1`", "请写 `format = 1`"),
            ),
            None => self.wrong_type("format", value, ("the number 1", "数字 1")),
        }
    }

    #[expect(
        clippy::type_complexity,
        reason = "the fields of one struct literal, used once"
    )]
    fn head(
        &mut self,
        root: &Table<'_>,
        base: bool,
    ) -> Option<(
        Arc<str>,
        Arc<str>,
        Arc<str>,
        Option<Arc<str>>,
        Vec<Arc<str>>,
    )> {
        // Keys of `[pack]` that lack their header are told already.
        let headless = root
            .keys()
            .any(|key| Kind::Pack.keys().contains(&&**key.get_ref()));
        if Self::value(root, "pack").is_none() && !headless {
            let file = Arc::clone(&self.report.file);
            self.missing(
                "[pack]",
                0..0,
                &file,
                said!(
                    "add `[pack]` with `id = \"acme.custom\"` and `version = \"1.0.0\"`",
                    "请添加 `[pack]`，写 `id = \"acme.custom\"` 和 `version = \"1.0.0\"`"
                ),
            );
        }
        let (pack, at) = self.table(root, "pack", Kind::Pack)?;
        self.defaults(pack);
        let id = self.string(pack, "id");
        let version = self.string(pack, "version");
        for (key, example) in [("id", "acme.custom"), ("version", "1.0.0")] {
            if Self::value(pack, key).is_none() {
                self.missing(
                    key,
                    at.clone(),
                    "[pack]",
                    said!(
                        "add `{key} = \"{example}\"`",
                        "请添加 `{key} = \"{example}\"`"
                    ),
                );
            }
        }
        if let Some(id) = id {
            self.pack_id(id, base);
        }
        if let Some(version) = version {
            self.version(version);
        }
        let title = self.prose(pack, "title");
        let owner = self.prose(pack, "owner");
        let languages = self.languages(pack);
        let id: Arc<str> = id?.text.into();
        Some((
            Arc::clone(&id),
            version?.text.into(),
            title.unwrap_or(id),
            owner,
            languages,
        ))
    }

    fn defaults(&mut self, pack: &Table<'_>) {
        let Some((table, _)) = self.table(pack, "defaults", Kind::Defaults) else {
            return;
        };
        if let Some(severity) = self.choice(table, "severity", &Severity::ALL, Severity::name) {
            self.defaults.severity = severity;
        }
        if let Some(action) = self.choice(table, "action", &Action::ALL, Action::name) {
            self.defaults.action = action;
        }
        if let Some(variants) = self.variants(table) {
            self.defaults.variants = variants;
        }
        self.defaults.window = self.window(table);
    }

    fn pack_id(&mut self, id: Text<'_, '_>, base: bool) {
        if self.dotted_id(id).is_none() || base {
            return;
        }
        if id.text == "base" || id.text.starts_with("base.") {
            let what = shown(id.text);
            self.report.say(
                &codes::RESERVED_ID,
                id.span(),
                said!(
                    "{what} is reserved for the base library",
                    "{what} 保留给基础库使用"
                ),
                said!(
                    "choose an id of your own, as in \"acme.custom\"",
                    "请使用自己的标识，例如 \"acme.custom\""
                ),
            );
        }
    }

    fn version(&mut self, version: Text<'_, '_>) {
        let parts: Vec<&str> = version.text.split('.').take(4).collect();
        let number = |part: &&str| {
            (1..=9).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_digit())
                && (part.len() == 1 || !part.starts_with('0'))
        };
        if parts.len() == 3 && parts.iter().all(number) {
            return;
        }
        let what = shown(version.text);
        let mut diagnostic = self.report.at(
            &codes::BAD_VERSION,
            version.span(),
            said!("{what} is no version", "{what} 不是版本号"),
        );
        // `v1.2` is 1.2.0.
        let plain = version.text.trim().trim_start_matches(['v', 'V']);
        let mut numbers: Vec<&str> = plain.split('.').collect();
        numbers.resize(3, "0");
        diagnostic = if plain.split('.').count() <= 3 && numbers.iter().all(number) {
            let right = format!("\"{}\"", numbers.join("."));
            diagnostic
                .with_help(said!("write {right}", "请写 {right}"))
                .with_fix(Fix::likely(vec![Edit::new(version.span(), right)]))
        } else {
            diagnostic.with_help(said!(
                "write three numbers, as in \"1.0.0\"",
                "请写三个数字，例如 \"1.0.0\""
            ))
        };
        self.report.diags.push(diagnostic);
    }

    fn languages(&mut self, pack: &Table<'_>) -> Vec<Arc<str>> {
        let mut languages = Vec::new();
        for found in self.strings(pack, "languages") {
            let plain = |part: &str| {
                (1..=8).contains(&part.len())
                    && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            };
            let letters = found
                .text
                .bytes()
                .take(2)
                .all(|byte| byte.is_ascii_alphabetic());
            if found.text.len() < 2 || !letters || !found.text.split('-').all(plain) {
                let what = shown(found.text);
                self.report.say(
                    &codes::BAD_LANGUAGE,
                    found.span(),
                    said!("{what} is no language tag", "{what} 不是语言标签"),
                    said!(
                        "write \"zh\", \"en\", \"zh-Hant\"",
                        "请写 \"zh\"、\"en\"、\"zh-Hant\" 等"
                    ),
                );
            }
            languages.push(found.text.into());
        }
        languages
    }
}
