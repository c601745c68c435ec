//! Outbox and sinks as an operator writes them down. These types are read by serde from whatever an adapter reads: TOML, for the command.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Notify, Pace, Plan, Sink};
use crate::alert::evidence::EvidencePolicy;
use crate::alert::format::Format;
use crate::alert::outbox::OutboxLimits;
use crate::alert::report::Grounds;

/// All about alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// Where the master key is: 64 hexadecimal digits.
    pub master_key: Option<Secret>,
    /// How much the outbox takes, and what happens beyond.
    pub outbox: OutboxLimits,
    /// What tenants grant that are not named.
    pub evidence: EvidencePolicy,
    /// What the others grant.
    pub tenant: BTreeMap<String, EvidencePolicy>,
    /// Who is told.
    pub sink: Vec<SinkConfig>,
    /// What decisions rest on, for statements and notices.
    pub grounds: Grounds,
}

impl AlertsConfig {
    /// What a tenant grants.
    pub fn evidence(&self, tenant: &str) -> &EvidencePolicy {
        self.tenant.get(tenant).unwrap_or(&self.evidence)
    }
}

/// Where a secret is: never in the configuration itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Secret {
    /// In a file.
    File(PathBuf),
    /// In a variable of the environment.
    Env(String),
}

impl Secret {
    /// The secret. A file's path is relative to `folder`.
    ///
    /// # Errors
    ///
    /// What is missing.
    pub fn read(&self, folder: &Path) -> Result<String, String> {
        match self {
            Self::File(path) => {
                let path = folder.join(path);
                std::fs::read_to_string(&path)
                    .map_err(|error| format!("{}: {}", path.display(), error.kind()))
            }
            Self::Env(name) => {
                std::env::var(name).map_err(|_| format!("the environment has no `{name}`"))
            }
        }
    }
}

/// One sink: a name, and exactly one of the kinds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkConfig {
    /// Under which its place is kept. One that is renamed begins anew.
    pub name: String,
    /// Whether it is told only of tenants whose file names it in `sinks`.
    #[serde(default)]
    pub on_request: bool,
    /// A file of JSON lines.
    pub jsonl: Option<JsonlConfig>,
    /// A webhook.
    pub webhook: Option<WebhookConfig>,
    /// A syslog server.
    pub syslog: Option<SyslogConfig>,
    /// An Alertmanager.
    pub alertmanager: Option<AlertmanagerConfig>,
    /// A stream of NATS.
    pub nats: Option<NatsConfig>,
    /// What it is spared.
    #[serde(default)]
    pub notify: Notify,
    /// When it is tried again.
    #[serde(default)]
    pub pace: Pace,
}

/// A file of JSON lines.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonlConfig {
    /// The file, relative to the folder of the outbox.
    pub path: PathBuf,
    /// How lines are laid out.
    #[serde(default)]
    pub format: Format,
    /// Bytes after which it is renamed, and a new one begun.
    pub rotate_bytes: Option<u64>,
    /// How many old ones are kept; all, if absent or 0.
    #[serde(default)]
    pub keep: u32,
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Where notices are posted.
    pub url: String,
    /// `whsec_` and `whsk_` keys; each signs, so that one can be changed.
    pub secrets: Vec<Secret>,
    /// How bodies are laid out.
    #[serde(default)]
    pub format: Format,
    /// Whether the URL may lead to this machine.
    #[serde(default)]
    pub loopback: bool,
    /// Whether it may lead to private addresses. For an operator's URL, never for a tenant's.
    #[serde(default)]
    pub private: bool,
}

/// A syslog server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyslogConfig {
    /// `tcp://host:port`, `udp://host:port` or `unix:/dev/log`.
    pub address: String,
    /// What this machine is called there.
    #[serde(default)]
    pub host: String,
}

/// An Alertmanager.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertmanagerConfig {
    /// Its address.
    pub url: String,
    /// Whether the URL may lead to this machine.
    #[serde(default)]
    pub loopback: bool,
    /// Whether it may lead to private addresses.
    #[serde(default)]
    pub private: bool,
}

/// A stream of NATS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatsConfig {
    /// `tls://host:port`; `nats://` on this machine alone.
    pub url: String,
    /// The subject that a stream listens to.
    pub subject: String,
    /// A token, if the server wants one.
    pub token: Option<Secret>,
    /// How messages are laid out.
    #[serde(default)]
    pub format: Format,
}

impl SinkConfig {
    /// The sink that this describes. Paths are relative to `folder`.
    ///
    /// # Errors
    ///
    /// What to write instead.
    pub fn build(&self, folder: &Path) -> Result<Plan, String> {
        let mut sinks: Vec<Result<Box<dyn Sink>, String>> = Vec::new();
        sinks.extend(self.jsonl.as_ref().map(|config| config.build(folder)));
        sinks.extend(self.webhook.as_ref().map(|config| config.build(folder)));
        sinks.extend(self.syslog.as_ref().map(SyslogConfig::build));
        sinks.extend(self.alertmanager.as_ref().map(AlertmanagerConfig::build));
        sinks.extend(self.nats.as_ref().map(|config| config.build(folder)));
        let named = |said: String| format!("sink `{}`: {said}", self.name);
        if self.name.trim().is_empty() {
            return Err(named("give it a name".to_owned()));
        }
        let sink = match (sinks.pop(), sinks.is_empty()) {
            (Some(sink), true) => sink.map_err(named)?,
            _ => {
                return Err(named(
                    "write exactly one of `jsonl`, `webhook`, `syslog`, `alertmanager` and `nats`"
                        .to_owned(),
                ));
            }
        };
        Ok(Plan {
            name: self.name.clone(),
            on_request: self.on_request,
            sink,
            notify: self.notify.clone(),
            pace: self.pace,
        })
    }
}

impl JsonlConfig {
    #[cfg(feature = "alert-jsonl")]
    fn build(&self, folder: &Path) -> Result<Box<dyn Sink>, String> {
        let sink = super::Jsonl::new(folder.join(&self.path))
            .format(self.format)
            .rotation(self.rotate_bytes.unwrap_or(64 << 20), self.keep);
        Ok(Box::new(sink))
    }

    #[cfg(not(feature = "alert-jsonl"))]
    fn build(&self, _: &Path) -> Result<Box<dyn Sink>, String> {
        Err(not_built("alert-jsonl"))
    }
}

impl WebhookConfig {
    #[cfg(feature = "alert-webhook")]
    fn build(&self, folder: &Path) -> Result<Box<dyn Sink>, String> {
        let keys = self
            .secrets
            .iter()
            .map(|secret| super::SigningKey::parse(&secret.read(folder)?))
            .collect::<Result<_, _>>()?;
        let guard = super::Guard {
            loopback: self.loopback,
            private: self.private,
        };
        let sink = super::Webhook::new(&self.url, keys, guard)?.format(self.format);
        Ok(Box::new(sink))
    }

    #[cfg(not(feature = "alert-webhook"))]
    fn build(&self, _: &Path) -> Result<Box<dyn Sink>, String> {
        Err(not_built("alert-webhook"))
    }
}

impl SyslogConfig {
    #[cfg(feature = "alert-syslog")]
    fn build(&self) -> Result<Box<dyn Sink>, String> {
        Ok(Box::new(super::Syslog::new(&self.address, &self.host)?))
    }

    #[cfg(not(feature = "alert-syslog"))]
    fn build(&self) -> Result<Box<dyn Sink>, String> {
        Err(not_built("alert-syslog"))
    }
}

impl AlertmanagerConfig {
    #[cfg(feature = "alert-alertmanager")]
    fn build(&self) -> Result<Box<dyn Sink>, String> {
        let guard = super::Guard {
            loopback: self.loopback,
            private: self.private,
        };
        Ok(Box::new(super::Alertmanager::new(&self.url, guard)?))
    }

    #[cfg(not(feature = "alert-alertmanager"))]
    fn build(&self) -> Result<Box<dyn Sink>, String> {
        Err(not_built("alert-alertmanager"))
    }
}

impl NatsConfig {
    #[cfg(feature = "alert-nats")]
    fn build(&self, folder: &Path) -> Result<Box<dyn Sink>, String> {
        let token = self.token.as_ref().map(|token| token.read(folder));
        let token = token.transpose()?.map(|token| token.trim().to_owned());
        let sink = super::Nats::new(&self.url, &self.subject, token)?.format(self.format);
        Ok(Box::new(sink))
    }

    #[cfg(not(feature = "alert-nats"))]
    fn build(&self, _: &Path) -> Result<Box<dyn Sink>, String> {
        Err(not_built("alert-nats"))
    }
}

#[cfg(not(all(
    feature = "alert-jsonl",
    feature = "alert-webhook",
    feature = "alert-syslog",
    feature = "alert-alertmanager",
    feature = "alert-nats"
)))]
fn not_built(feature: &str) -> String {
    format!("this tidegate was built without it: build it with `--features {feature}`")
}
