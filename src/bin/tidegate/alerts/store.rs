//! An outbox and its configuration, from a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidegate::alert::outbox::{Outbox, Trouble};
use tidegate::alert::sink::{AlertsConfig, Plan, Secret};
use tidegate::alert::{Alert, EvidencePolicy, MasterKey};
use tidegate::{Message, Timestamp, Verdict};

use crate::packs::Versions;
use crate::{Broke, time};

/// An open outbox.
pub(crate) struct Store {
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) config: AlertsConfig,
    folder: PathBuf,
    /// Of packs that all tenants have.
    versions: Versions,
}

/// Alerts that a verdict asks for, and that are not kept yet.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) alerts: Vec<Alert>,
    pub(crate) policy: EvidencePolicy,
    /// Numbers of findings, and the ids of their alerts.
    pub(crate) ids: Vec<(usize, String)>,
}

/// Whose a message is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner<'a> {
    pub(crate) tenant: &'a str,
    /// The sinks that it names.
    pub(crate) sinks: &'a [Arc<str>],
}

pub(crate) fn broke(trouble: Trouble) -> Broke {
    Broke::Usage(trouble.to_string())
}

impl Store {
    /// The outbox in a folder, which is made if there is none. What is older than it may be kept is erased. `versions` are those of the packs that all tenants have.
    pub(crate) fn open(folder: &Path, versions: Versions) -> Result<Self, Broke> {
        let mut store = Self::with(folder, Outbox::open)?;
        store.versions = versions;
        store.outbox.expire(time::now()).map_err(broke)?;
        Ok(store)
    }

    /// The outbox in a folder.
    pub(crate) fn existing(folder: &Path) -> Result<Self, Broke> {
        Self::with(folder, Outbox::open_existing)
    }

    fn with(
        folder: &Path,
        open: impl Fn(
            &Path,
            MasterKey,
            tidegate::alert::outbox::OutboxLimits,
        ) -> Result<Outbox, Trouble>,
    ) -> Result<Self, Broke> {
        let config = config(&folder.join("alerts.toml"))?;
        let key = master_key(folder, config.master_key.as_ref())?;
        let outbox = open(folder, key, config.outbox).map_err(broke)?;
        Ok(Self {
            outbox: Arc::new(outbox),
            config,
            folder: folder.to_owned(),
            versions: Versions::new(),
        })
    }

    /// The alerts that a verdict asks for. The message has an id; `own` are the ids and versions of its tenant's packs.
    pub(crate) fn wanted(
        &self,
        verdict: &Verdict,
        message: &Message<'_>,
        owner: Owner<'_>,
        own: &[(&str, &str)],
        now: Timestamp,
    ) -> Wanted {
        let policy = *self.config.evidence(owner.tenant);
        let version = |pack: &str| {
            let own = own.iter().find(|(id, _)| *id == pack);
            let own = own.map(|(_, version)| (*version).to_owned());
            own.or_else(|| self.versions.get(pack).cloned())
        };
        let alerts = Alert::of_verdict(
            verdict,
            message,
            owner.tenant,
            self.outbox.identity(),
            &policy,
            now,
            &version,
        )
        .unwrap_or_default();
        let ids = alerts
            .iter()
            .map(|(number, alert)| (*number, alert.facts.id.to_string()))
            .collect();
        let alerts = alerts
            .into_iter()
            .map(|(_, alert)| alert.also_to(owner.sinks))
            .collect();
        Wanted {
            alerts,
            policy,
            ids,
        }
    }

    /// How full it is, and how far behind the sinks are.
    #[cfg(any(feature = "serve", feature = "worker"))]
    pub(crate) fn rows(&self, out: &mut crate::prometheus::Text) {
        let outbox = &self.outbox;
        out.one(
            "tidegate_alerts_total",
            "counter",
            "Records in the outbox.",
            outbox.head().seq,
        );
        out.one(
            "tidegate_alerts_spilled",
            "gauge",
            "Alerts that were spilled and are not yet in the chain.",
            outbox.spilled(),
        );
        out.family(
            "tidegate_sink_behind",
            "gauge",
            "Records that a sink has not seen.",
        );
        let (head, cursors) = (outbox.head().seq, outbox.cursors());
        for (sink, cursor) in &cursors {
            out.row(
                "tidegate_sink_behind",
                &[("sink", sink)],
                head.saturating_sub(cursor.seq),
            );
        }
        out.family(
            "tidegate_sink_failures_total",
            "counter",
            "Attempts at a sink that failed.",
        );
        for (sink, cursor) in &cursors {
            out.row(
                "tidegate_sink_failures_total",
                &[("sink", sink)],
                cursor.failures,
            );
        }
    }

    /// The sinks that the configuration names.
    pub(crate) fn plans(&self) -> Result<Vec<Plan>, Broke> {
        let mut plans: Vec<Plan> = Vec::new();
        for sink in &self.config.sink {
            let plan = sink.build(&self.folder).map_err(Broke::Usage)?;
            if plans.iter().any(|other| other.name == plan.name) {
                let name = plan.name;
                return Err(Broke::Usage(format!("two sinks are called `{name}`")));
            }
            plans.push(plan);
        }
        Ok(plans)
    }
}

fn config(path: &Path) -> Result<AlertsConfig, Broke> {
    let failed = |said: &dyn std::fmt::Display| Broke::Usage(format!("{}: {said}", path.display()));
    match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).map_err(|error| failed(&error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(AlertsConfig::default()),
        Err(error) => Err(failed(&error)),
    }
}

fn master_key(folder: &Path, source: Option<&Secret>) -> Result<MasterKey, Broke> {
    let from_environment = || {
        let file = std::env::var_os("TIDEGATE_MASTER_KEY_FILE");
        match file {
            Some(file) => {
                Secret::File(std::path::absolute(PathBuf::from(&file)).unwrap_or(file.into()))
            }
            None => Secret::Env("TIDEGATE_MASTER_KEY".to_owned()),
        }
    };
    read_key(&source.cloned().unwrap_or_else(from_environment), folder)
}

/// The master key in a file or a variable. A file's path is relative to `folder`.
pub(super) fn read_key(source: &Secret, folder: &Path) -> Result<MasterKey, Broke> {
    let text = source.read(folder).map_err(|said| {
        Broke::Usage(format!(
            "no master key: {said}. `tidegate alerts key FILE` makes one; name it in TIDEGATE_MASTER_KEY_FILE, and keep it apart from the outbox"
        ))
    })?;
    MasterKey::parse(&text).ok_or_else(|| {
        Broke::Usage(
            "the master key is 64 hexadecimal digits, as `tidegate alerts key FILE` makes it"
                .to_owned(),
        )
    })
}
