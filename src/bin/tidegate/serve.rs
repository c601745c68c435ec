//! `tidegate serve`: one process beside any message server, over HTTP.
//!
//! | question | file |
//! |---|---|
//! | What may be configured, and what is wrong with a configuration? | `config` |
//! | Who may ask? | `tokens` |
//! | Who is connected, and how does it end? | `listen` |
//! | What changes while it runs? | `reload` |
//! | What is where? | `routes` |
//! | How is a message judged in time? | `app` |
//! | How is it asked and answered? | `screen` and `stream` (ours), `callbacks` (those of other servers) |
//! | When is an alert there? | `alerting` |
//! | Who changed what? | `admin`, `audit` |
//! | What is counted? | `metrics` |

mod admin;
mod alerting;
mod app;
mod audit;
mod callbacks;
mod config;
mod listen;
mod metrics;
mod notify;
mod reload;
mod routes;
mod screen;
mod stream;
mod tokens;

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate::adapter::Stage;
use tidegate::adapter::source::{Folder, Synced, Watch};
use tidegate::diag::Lang;
use tidegate::{Diagnostics, Ruleset};

use crate::check::Tongue;
use crate::{Broke, Done, log, packs, term, time};
use alerting::Alerting;
use app::{App, Ready};
use audit::Audit;
use config::Config;
use reload::Source;

/// Serves verdicts over HTTP, and answers the callbacks of other message servers
///
/// Tenants and their packs come from a folder, which is watched; SIGHUP looks at it at once. SIGTERM ends the server once what is under way is
/// answered. Where it listens is printed on standard output.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "serve.toml")]
    config: PathBuf,
    /// Say what is wrong with the configuration and the tenants, and end
    #[arg(long)]
    check: bool,
    /// Print a new token, and its hash for the configuration, and end
    #[arg(long, conflicts_with = "check")]
    new_token: bool,
    /// Print a new secret for one-time codes, and end
    #[arg(long, conflicts_with_all = ["check", "new_token"])]
    new_totp: bool,
    /// Print a new key for a Matrix policy server, and its public half, and end
    #[arg(long, conflicts_with_all = ["check", "new_token", "new_totp"])]
    new_signing_key: bool,
    /// The language of problems [default: that of the environment]
    #[arg(long, value_enum)]
    lang: Option<Tongue>,
}

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let random = |error: getrandom::Error| {
        Broke::Usage(format!("the system gives no random bytes: {error}"))
    };
    let mut out = std::io::stdout().lock();
    if args.new_token {
        let token = tokens::new_token().map_err(random)?;
        writeln!(out, "{token}\nhash = \"{}\"", tokens::Hash::of(&token))?;
        return Ok(Done::Well);
    }
    if args.new_totp {
        let secret = tokens::new_totp().map_err(random)?;
        writeln!(
            out,
            "{secret}\notpauth://totp/tidegate?secret={secret}&issuer=tidegate"
        )?;
        return Ok(Done::Well);
    }
    if args.new_signing_key {
        let key = tokens::new_signing_key().map_err(random)?;
        let signing = tidegate::adapter::callback::Signing::new("", &key)
            .map_err(|unsigned| Broke::Usage(unsigned.to_string()))?;
        writeln!(out, "{key}\npublic_key = \"{}\"", signing.public_key())?;
        return Ok(Done::Well);
    }
    drop(out);
    let lang = Tongue::lang(args.lang);
    let config = match Config::load(&args.config, config::environment()) {
        Ok(config) => config,
        Err(problems) => return wrong(&problems, lang),
    };
    if args.check {
        return check(&config, lang);
    }
    let written = config.written.log;
    log::start(written.level, written.json);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("tidegate-http")
        // A message may take a millisecond: by default a thread looks for what came in after 61 of them.
        .event_interval(16)
        .enable_all()
        .build()?;
    let app = Arc::new(App::new(config));
    let audit = {
        let config = app.config();
        Audit::open(&config.audit, &config.admins)?
    };
    let ended = {
        let source = Source {
            path: args.config.clone(),
            lang,
        };
        runtime.block_on(listen::serve(Arc::clone(&app), Arc::new(audit), source))
    };
    // What still runs on other threads has been answered for already.
    runtime.shutdown_timeout(Duration::from_millis(200));
    if let Some(alerting) = app.ready.get().and_then(|ready| ready.alerting.as_ref()) {
        alerting.finish();
    }
    ended
}

/// Draws problems on standard error.
fn wrong(problems: &Diagnostics, lang: Lang) -> Result<Done, Broke> {
    let (mut err, color) = term::err();
    write!(err, "{}", tidegate::diag::render(problems, lang, color))?;
    Ok(Done::Wrong)
}

fn check(config: &Config, lang: Lang) -> Result<Done, Broke> {
    let (base, _) = base(config)?;
    let (_, registry, synced) = match Folder::open(&config.folder, base, time::now()) {
        Ok(opened) => opened,
        Err(problems) => return wrong(&problems, lang),
    };
    for (_, problems) in &synced.refused {
        wrong(problems, lang)?;
    }
    let mut out = std::io::stdout().lock();
    let tenants = registry.snapshot().len();
    writeln!(
        out,
        "{}, {} refused",
        term::count(tenants, "tenant"),
        synced.refused.len()
    )?;
    Ok(if synced.refused.is_empty() {
        Done::Well
    } else {
        Done::Badly
    })
}

/// The base library, and the versions of its packs.
fn base(config: &Config) -> Result<(Vec<Arc<Ruleset>>, packs::Versions), Broke> {
    if config.written.no_base {
        return Ok(Default::default());
    }
    packs::shared_base()
}

/// Loads everything that judges. Takes as long as compiling takes; the server listens meanwhile.
fn load(app: &Arc<App>, lang: Lang) -> Result<(), Broke> {
    let config = &*app.config();
    let (base, versions) = base(config)?;
    let now = time::now();
    let opened = match &config.versions {
        Some(memory) => Folder::open_remembering(&config.folder, base, now, memory),
        None => Folder::open(&config.folder, base, now),
    };
    let (folder, registry, synced) = opened.map_err(|problems| {
        Broke::Usage(format!(
            "{}\n{}",
            config.folder.display(),
            problems.to_text(lang).trim_end()
        ))
    })?;
    told(app, &synced, lang);
    let alerting = match &config.alerts {
        Some(folder) => Some(Arc::new(Alerting::open(folder, versions)?)),
        None => None,
    };
    let (manners, of_tenants) = config.manners();
    let stage = Stage::new(&registry).with_manners(manners, of_tenants);
    let seen = Arc::clone(app);
    let watch = Watch::start(folder, registry, time::now, move |synced| {
        told(&seen, synced, lang)
    })?;
    let ready = Ready {
        stage,
        alerting,
        watch: Mutex::new(watch),
    };
    // Only this thread sets it.
    let _ = app.ready.set(ready);
    // The configuration may have been read again meanwhile.
    app.set_manners();
    Ok(())
}

/// Counts and logs what a look at the folder found.
fn told(app: &App, synced: &Synced, lang: Lang) {
    app.metrics.reloads.fetch_add(1, Ordering::Relaxed);
    app.metrics
        .refused
        .fetch_add(synced.refused.len() as u64, Ordering::Relaxed);
    for (file, problems) in &synced.refused {
        tracing::error!(file = %file, problems = %problems.to_text(lang).trim_end(), "refused; what was live stays so");
    }
    tracing::info!(
        set = synced.set.len(),
        removed = synced.removed.len(),
        shared = synced.shared,
        refused = synced.refused.len(),
        "the folder of tenants was read"
    );
}
