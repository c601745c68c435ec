//! The configuration: one TOML file, and variables of the environment over it. All that is wrong is told at once, with its place.

mod callback;
mod change;
mod file;
mod report;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use tidegate::Diagnostics;
use tidegate::adapter::Manners;
use tidegate::adapter::callback::Dialect;
use tidegate::alert::sink::Secret;
use tidegate::diag::{Diagnostic, Said, codes};
use toml::de::DeTable;

use super::tokens::{Hash, Totp};
use crate::log::Level;
use callback::{CallbackEntry, callback};
use file::{place, read, unknown_keys};
use report::Report;

pub(super) use callback::Callback;

/// Bytes of the longest file.
const LONGEST: usize = 1 << 20;

/// The file as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Written {
    /// Where it listens.
    listen: String,
    /// The folder of tenants.
    folder: PathBuf,
    /// Leave the base library out.
    pub(super) no_base: bool,
    /// The outbox of alerts.
    pub(super) alerts: Option<PathBuf>,
    /// The file that remembers which versions of packs were live.
    versions: Option<PathBuf>,
    pub(super) limits: Limits,
    pub(super) log: Log,
    tls: Option<Tls>,
    /// Where admin calls are written down.
    audit: PathBuf,
    token: Vec<TokenEntry>,
    admin: Vec<AdminEntry>,
    callback: Vec<CallbackEntry>,
    /// How servers of tenants are told that are not named below.
    manners: Manners,
    tenant: BTreeMap<String, Manners>,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8787".to_owned(),
            folder: "tenants".into(),
            no_base: false,
            alerts: None,
            versions: None,
            limits: Limits::default(),
            log: Log::default(),
            tls: None,
            audit: "audit.jsonl".into(),
            token: Vec::new(),
            admin: Vec::new(),
            callback: Vec::new(),
            manners: Manners::default(),
            tenant: BTreeMap::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Limits {
    /// Bytes of a message's body.
    pub(super) body_bytes: usize,
    /// Bytes of a batch.
    pub(super) batch_bytes: usize,
    /// Messages of a batch.
    pub(super) batch: usize,
    /// Connections that are served; as many again are told that there is no room, and others are closed.
    pub(super) connections: usize,
    /// Texts longer than this are judged on threads of their own, so that they hold up nobody.
    pub(super) inline_bytes: usize,
    /// How many of these at a time; 0 is two for each core.
    pub(super) workers: usize,
    /// Milliseconds that a message of `/v1/screen` may take.
    pub(super) deadline_ms: u64,
    /// Milliseconds that a batch may take.
    pub(super) batch_deadline_ms: u64,
    /// Milliseconds that the server may be behind before messages are answered without a look.
    pub(super) shed_ms: u64,
    /// Seconds for the head of a request; as long a connection may be idle.
    pub(super) head_seconds: u64,
    /// Seconds that a line of a stream may take to come, and that a client may take no answers.
    pub(super) stream_seconds: u64,
    /// Seconds that requests under way have when the server ends.
    pub(super) drain_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 128 << 10,
            batch_bytes: 4 << 20,
            batch: 10_000,
            connections: 512,
            inline_bytes: 2 << 10,
            workers: 0,
            deadline_ms: 1_000,
            batch_deadline_ms: 10_000,
            shed_ms: 40,
            head_seconds: 10,
            stream_seconds: 30,
            drain_seconds: 10,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Log {
    /// The least that is logged.
    pub(super) level: Level,
    /// Lines are JSON.
    pub(super) json: bool,
    /// Of so many messages, one is logged with what became of it, without text; 0 logs none.
    pub(super) sample: u64,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: Level::Info,
            json: true,
            sample: 0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    /// The chain of certificates, as PEM.
    pub(super) certificate: PathBuf,
    /// The key, as PEM.
    pub(super) key: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenEntry {
    name: String,
    hash: String,
    tenants: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdminEntry {
    name: String,
    hash: String,
    totp: Secret,
}

/// The configuration, as it is used.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) written: Written,
    pub(super) listen: SocketAddr,
    pub(super) folder: PathBuf,
    pub(super) alerts: Option<PathBuf>,
    pub(super) versions: Option<PathBuf>,
    pub(super) audit: PathBuf,
    pub(super) tls: Option<Tls>,
    pub(super) tokens: Vec<Arc<Token>>,
    pub(super) admins: Vec<Admin>,
    pub(super) callbacks: BTreeMap<String, Arc<Callback>>,
    /// The callbacks of a Matrix policy server, whose paths are fixed: `/check`, and `/sign`.
    pub(super) matrix: Option<String>,
    pub(super) matrix_sign: Option<String>,
}

/// Who may ask, and for whom.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) hash: Hash,
    /// `*` is any.
    pub(super) tenants: Vec<String>,
}

impl Token {
    pub(super) fn may(&self, tenant: &str) -> bool {
        self.tenants
            .iter()
            .any(|known| known == "*" || known == tenant)
    }

    /// Whose a message is that does not say.
    pub(super) fn only(&self) -> Option<&str> {
        match &self.tenants[..] {
            [one] if one != "*" => Some(one),
            _ => None,
        }
    }
}

/// Who may change something.
#[derive(Debug)]
pub(super) struct Admin {
    pub(super) name: String,
    pub(super) hash: Hash,
    pub(super) totp: Arc<Totp>,
}

impl Config {
    /// Reads the file, and the variables of the environment over it.
    ///
    /// # Errors
    ///
    /// All problems at once.
    pub(super) fn load(
        path: &Path,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Diagnostics> {
        let name: Arc<str> = path.display().to_string().into();
        let unreadable = |why: &dyn std::fmt::Display| {
            let mut problems = Diagnostics::default();
            let what = Said::new(
                format!("the configuration cannot be read: {why}"),
                format!("无法读取配置：{why}"),
            );
            let help = Said::new(
                "name it with `--config FILE`; an empty file sets everything to its default",
                "请用 `--config FILE` 指定；空文件表示全部使用默认值",
            );
            problems.push(
                Diagnostic::new(&codes::UNREADABLE, Arc::clone(&name), 0..0, what).with_help(help),
            );
            problems
        };
        let source = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
        if source.len() > LONGEST {
            return Err(unreadable(&"it is longer than 1 MiB"));
        }
        Self::parse(&name, &source, path.parent().unwrap_or(path), environment)
    }

    pub(super) fn parse(
        name: &str,
        source: &str,
        home: &Path,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Diagnostics> {
        let mut report = Report::new(name, source);
        let tree = match DeTable::parse(source) {
            Ok(tree) => tree,
            Err(error) => {
                let at = error.span().unwrap_or(0..0);
                report.say(
                    &codes::SYNTAX,
                    at,
                    (error.message().to_owned(), "文件不是合法的 TOML".to_owned()),
                    (
                        "strings need quotes; one key a line".to_owned(),
                        "字符串要加引号；每行一个键".to_owned(),
                    ),
                );
                return Err(report.problems);
            }
        };
        unknown_keys(tree.get_ref(), &mut report);
        let overrides: Vec<(String, String)> = environment
            .filter(|(name, _)| name.starts_with(file::PREFIX))
            .collect();
        let Some(written) = read(source, &overrides, &mut report) else {
            return Err(report.problems);
        };
        let config = Self::resolve(written, home, tree.get_ref(), &mut report);
        match config {
            Some(config) if !report.problems.has_errors() => Ok(config),
            _ => Err(report.problems),
        }
    }

    fn resolve(
        written: Written,
        home: &Path,
        tree: &DeTable<'_>,
        report: &mut Report,
    ) -> Option<Self> {
        let place = |table: &str, number: usize, key: &str| place(tree, table, number, key);
        let listen = written.listen.parse().ok();
        if listen.is_none() {
            report.value(
                place("", 0, "listen"),
                "`listen` is no address with a port",
                "`listen` 不是带端口的地址",
                "\"127.0.0.1:8787\"",
            );
        }
        let limits = written.limits;
        for (key, value, least) in [
            ("body_bytes", limits.body_bytes, 1_024),
            ("batch_bytes", limits.batch_bytes, 1_024),
            ("batch", limits.batch, 1),
            ("connections", limits.connections, 1),
            ("deadline_ms", limits.deadline_ms as usize, 1),
            ("batch_deadline_ms", limits.batch_deadline_ms as usize, 1),
            ("shed_ms", limits.shed_ms as usize, 1),
            ("head_seconds", limits.head_seconds as usize, 1),
            ("stream_seconds", limits.stream_seconds as usize, 1),
        ] {
            if value < least {
                report.value(
                    place("limits", 0, key),
                    &format!("`{key}` is below {least}"),
                    &format!("`{key}` 小于 {least}"),
                    &format!("a number from {least} on"),
                );
            }
        }
        let mut tokens = Vec::new();
        let mut names = Vec::new();
        for (number, entry) in written.token.iter().enumerate() {
            let at = |key: &str| place("token", number, key);
            report.named(&mut names, &entry.name, at("name"));
            let hash = report.hash(&entry.hash, at("hash"));
            if entry.tenants.is_empty() {
                report.value(
                    at("tenants"),
                    "`tenants` names nobody",
                    "`tenants` 为空",
                    "[\"acme\"], or [\"*\"] for all",
                );
            }
            tokens.extend(hash.map(|hash| {
                let tenants = entry.tenants.clone();
                Arc::new(Token { hash, tenants })
            }));
        }
        let mut admins = Vec::new();
        for (number, entry) in written.admin.iter().enumerate() {
            let at = |key: &str| place("admin", number, key);
            report.named(&mut names, &entry.name, at("name"));
            let hash = report.hash(&entry.hash, at("hash"));
            let secret = report.secret(&entry.totp, home, at("totp"));
            let totp = secret.and_then(|secret| {
                let totp = Totp::parse(&secret);
                if totp.is_none() {
                    report.value(
                        at("totp"),
                        "the secret of `totp` is no base32 of at least 16 bytes",
                        "`totp` 的密钥不是至少 16 字节的 base32",
                        "one that `tidegate serve --new-totp` prints",
                    );
                }
                totp
            });
            if let (Some(hash), Some(totp)) = (hash, totp) {
                admins.push(Admin {
                    name: entry.name.clone(),
                    hash,
                    totp: Arc::new(totp),
                });
            }
        }
        let mut callbacks = BTreeMap::new();
        let (mut matrix, mut matrix_sign) = (None, None);
        for (number, entry) in written.callback.iter().enumerate() {
            let at = |key: &str| place("callback", number, key);
            report.named(&mut names, &entry.name, at("name"));
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if !entry.name.chars().all(fits) {
                report.value(
                    at("name"),
                    "the name of a callback stands in its URL",
                    "回调名称会出现在 URL 中",
                    "letters, digits, `-`, `_` and dots",
                );
            }
            if let Some(callback) = callback(entry, home, &at, report) {
                let before = match entry.dialect {
                    Dialect::Matrix => matrix.replace(entry.name.clone()),
                    Dialect::MatrixSign => matrix_sign.replace(entry.name.clone()),
                    _ => None,
                };
                if before.is_some() {
                    report.value(
                        at("dialect"),
                        "there is another Matrix policy server, and their path is fixed",
                        "已有另一个 Matrix 策略服务器，其路径是固定的",
                        "one `matrix` and one `matrix-sign` callback a process",
                    );
                }
                callbacks.insert(entry.name.clone(), Arc::new(callback));
            }
        }
        if written.tls.is_some() && !cfg!(feature = "serve-tls") {
            report.value(
                place("", 0, "tls"),
                "this tidegate was built without TLS",
                "此 tidegate 未编译 TLS 支持",
                "no `[tls]`, or build with `--features serve-tls`",
            );
        }
        let tls = written.tls.as_ref().map(|tls| Tls {
            certificate: home.join(&tls.certificate),
            key: home.join(&tls.key),
        });
        Some(Self {
            listen: listen?,
            folder: home.join(&written.folder),
            alerts: written.alerts.as_ref().map(|folder| home.join(folder)),
            versions: written.versions.as_ref().map(|file| home.join(file)),
            audit: home.join(&written.audit),
            tls,
            tokens,
            admins,
            callbacks,
            matrix,
            matrix_sign,
            written,
        })
    }

    /// How the servers of tenants are told.
    pub(super) fn manners(&self) -> (Manners, BTreeMap<String, Manners>) {
        (self.written.manners.clone(), self.written.tenant.clone())
    }
}

/// The variables of the environment.
pub(super) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(source: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::parse(
            "serve.toml",
            source,
            Path::new("/etc/tidegate"),
            environment,
        )
        .map_err(|problems| problems.to_text(tidegate::diag::Lang::En))
    }

    #[test]
    fn an_empty_file_is_the_default() {
        let config = parse("", &[]).expect("it is good");
        assert_eq!(config.listen.to_string(), "127.0.0.1:8787");
        assert_eq!(config.folder, Path::new("/etc/tidegate/tenants"));
        assert!(config.tokens.is_empty() && config.callbacks.is_empty());
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let source = "listen = \"127.0.0.1:1\"\n[limits]\nbatch = 5\n";
        let config = parse(
            source,
            &[
                ("TIDEGATE_SERVE__LISTEN", "127.0.0.1:2"),
                ("TIDEGATE_SERVE__LIMITS__CONNECTIONS", "7"),
                ("TIDEGATE_SERVE__NO_BASE", "true"),
                ("OTHER", "1"),
            ],
        )
        .expect("it is good");
        assert_eq!(config.listen.port(), 2);
        let limits = config.written.limits;
        assert_eq!(
            (limits.batch, limits.connections, config.written.no_base),
            (5, 7, true)
        );
        let said = parse("", &[("TIDEGATE_SERVE__LIMITS__CONNECTION", "7")]).expect_err("no key");
        assert!(
            said.contains("`TIDEGATE_SERVE__LIMITS__CONNECTION` names no key"),
            "{said}"
        );
        let said = parse("", &[("TIDEGATE_SERVE__NO_BASE", "seven")]).expect_err("no truth");
        assert!(said.contains("TIDEGATE_SERVE__NO_BASE"), "{said}");
    }

    #[test]
    fn all_problems_come_at_once_with_their_places() {
        let source = "lisen = \"x\"\n[limits]\nconections = 1\nbatch = 0\n";
        let said = parse(source, &[]).expect_err("it is bad");
        assert!(
            said.contains("serve.toml:1:1: error[unknown-key]: `lisen`"),
            "{said}"
        );
        assert!(
            said.contains("write `listen`") && said.contains("write `connections`"),
            "{said}"
        );
        assert!(said.contains("serve.toml:3:1"), "{said}");
        let source = "listen = \"x\"\n[limits]\nbatch = 0\n[[token]]\nname = \"a\"\nhash = \"hunter2\"\ntenants = []\n\
            [[callback]]\nname = \"a\"\ndialect = \"tencent\"\ntenant = \"acme\"\n[[callback]]\nname = \"b/c\"\ndialect = \"matrix\"\ntenant = \"acme\"\ngroup_scene = \"hall\"\n";
        let said = parse(source, &[]).expect_err("it is bad");
        for part in [
            "serve.toml:1:10",
            "`batch` is below 1",
            "serve.toml:6:8",
            "do not belong in a file",
            "`tenants` names nobody",
            "the name `a` is empty or taken",
            "needs a `secret`",
            "stands in its URL",
            "`hall` is no scene",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(!said.contains("hunter2"), "{said}");
    }

    #[test]
    fn values_of_the_wrong_kind_are_told_with_their_place() {
        for (source, place) in [
            ("listen = 1\n", "serve.toml:1:10"),
            ("[limits]\nbatch = \"many\"\n", "serve.toml:2:9"),
            (
                "[[callback]]\nname = \"a\"\ndialect = \"icq\"\ntenant = \"t\"\n",
                "serve.toml:3:11",
            ),
            ("listen = \n", "serve.toml:1"),
        ] {
            let said = parse(source, &[]).expect_err("it is bad");
            assert!(said.contains(place), "{source}: {said}");
        }
    }
}
