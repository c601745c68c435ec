//! `tidegate worker`: messages from a stream of NATS, answers and alerts to others.

mod metrics;

use std::future::Future;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use tidegate::adapter::nats::{
    self, Change, Counts, Done as Judged, Judge, Later, Settings, Taken,
};
use tidegate::adapter::source::{Folder, Synced};
use tidegate::alert::format::{Format, Notice, Told};
use tidegate::alert::outbox::{Outcome, Trouble, What};
use tidegate::alert::sink::Delivery;
use tidegate::diag::Lang;
use tidegate::registry::{Reader, Registry, TenantRules};
use tidegate::verdict::Report;
use tidegate::{Conversations, Message, Ruleset, Scanner, Timestamp, Window};

use crate::alerts::{Owner, Store, Wanted};
use crate::log::{self, Level, Sampler};
use crate::messages::{Bad, Input, id_text};
use crate::{Broke, Done, packs, time};
use metrics::Metrics;

/// Senders of a partition of which something is kept.
const SENDERS: usize = 4_096;
/// Bytes of a file that is put into the bucket, as NATS takes them by default.
const LARGEST: u64 = 1 << 20;
/// How long the sinks have at the end.
const GRACE: Duration = Duration::from_secs(5);

/// Screens messages from NATS JetStream, beside as many other workers as you like
///
/// A message is published to `tidegate.in.<tenant>.<conversation>` as one line of `tidegate screen`; its answer, one line as well, comes on
/// `tidegate.out.<tenant>.<conversation>`. Messages of a conversation keep their order. A message is acknowledged once its answer and its alerts are
/// stored. Tenants' files come from the bucket `tidegate_packs`, which `--put DIR` fills. Ends with Ctrl-C or SIGTERM, once what is under way is done.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The server: `tls://host:port`, or `nats://` on this machine
    #[arg(long, default_value = "nats://127.0.0.1:4222")]
    url: String,
    /// The variable of the environment that holds a token for the server
    #[arg(long, value_name = "VARIABLE")]
    token: Option<String>,
    /// The first word of subjects, streams and buckets
    #[arg(long, default_value = "tidegate")]
    prefix: String,
    /// Check the tenants' files in this folder, put them into the bucket, and end
    #[arg(long, value_name = "DIR", conflicts_with_all = ["alerts", "cache"])]
    put: Option<PathBuf>,
    /// The outbox of this worker, which alerts go through; made if need be
    #[arg(long, value_name = "DIR", required_unless_present = "put")]
    alerts: Option<PathBuf>,
    /// A folder of this worker's own, where it keeps what the bucket holds
    #[arg(long, value_name = "DIR", required_unless_present = "put")]
    cache: Option<PathBuf>,
    /// What this worker is called among the others; one that is started again under its name takes up its partitions at once
    #[arg(long, default_value = "")]
    name: String,
    /// How many partitions conversations are spread over; the same for all workers
    #[arg(long, default_value_t = 64)]
    partitions: u16,
    /// How often a message is tried before it is put aside
    #[arg(long, default_value_t = 5)]
    attempts: u16,
    /// Seconds after which the partitions of a silent worker are taken over
    #[arg(long, default_value_t = 2.0)]
    lease: f64,
    /// Where Prometheus reads metrics, at /metrics: an address of this machine with a port
    #[arg(long, value_name = "ADDRESS", conflicts_with = "put")]
    metrics: Option<SocketAddr>,
    /// The least that is written on standard error, as lines of JSON
    #[arg(long, value_name = "LEVEL", value_enum, default_value = "info")]
    log_level: Level,
    /// Of so many messages, one is logged with what became of it, without text; 0 logs none
    #[arg(long, value_name = "N", default_value_t = 0)]
    log_sample: u64,
}

impl Args {
    fn settings(&self) -> Result<Settings, Broke> {
        let name = match &*self.name {
            "" => format!("w{}", nonce()?),
            name => name.to_owned(),
        };
        let mut settings = Settings::new(&self.url, &name);
        if let Some(variable) = &self.token {
            let token = std::env::var(variable)
                .map_err(|_| Broke::Usage(format!("the environment has no `{variable}`")))?;
            settings.token = Some(token);
        }
        settings.prefix.clone_from(&self.prefix);
        settings.partitions = self.partitions;
        settings.attempts = self.attempts;
        settings.lease = Duration::try_from_secs_f64(self.lease)
            .map_err(|_| Broke::Usage("a lease is a number of seconds, such as 2".to_owned()))?;
        Ok(settings)
    }
}

fn nonce() -> Result<String, Broke> {
    let number = getrandom::u64()
        .map_err(|error| Broke::Usage(format!("the system gives no random bytes: {error}")))?;
    Ok(format!("{number:016x}"))
}

fn usage(broken: nats::Broken) -> Broke {
    Broke::Usage(broken.0)
}

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let settings = args.settings()?;
    match (&args.put, &args.alerts, &args.cache) {
        (Some(folder), ..) => put(&settings, folder),
        (None, Some(alerts), Some(cache)) => work(&settings, args, alerts, cache),
        _ => Err(Broke::Usage(
            "give `--alerts` and `--cache`, or `--put`".to_owned(),
        )),
    }
}

/// Puts a folder into the bucket, if nothing is wrong with it.
fn put(settings: &Settings, folder: &Path) -> Result<Done, Broke> {
    let (_, registry, synced) =
        Folder::open(folder, packs::shared_base()?.0, time::now()).map_err(packs::broken)?;
    if tell(&synced)? {
        return Ok(Done::Wrong);
    }
    let mut files = Vec::new();
    collect(folder, "", &mut files)?;
    let changed = nats::publish(settings, &files).map_err(usage)?;
    line(
        &json!({ "files": files.len(), "changed": changed, "tenants": registry.snapshot().len() }),
    )?;
    Ok(Done::Well)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, Vec<u8>)>) -> Result<(), Broke> {
    let failed = |path: &Path, said: &dyn std::fmt::Display| {
        Broke::Usage(format!("{}: {said}", path.display()))
    };
    let entries = std::fs::read_dir(folder).map_err(|error| failed(folder, &error))?;
    for entry in entries {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(failed(&path, &"the name is no UTF-8"));
        };
        if name.starts_with('.') {
            continue;
        }
        let key = format!("{prefix}{name}");
        let meta = std::fs::metadata(&path).map_err(|error| failed(&path, &error))?;
        if meta.is_dir() {
            collect(&path, &format!("{key}/"), files)?;
            continue;
        }
        if meta.len() > LARGEST {
            return Err(failed(
                &path,
                &"a file in the bucket has at most 1 MiB: split the list",
            ));
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=".contains(&byte);
        if !key.bytes().all(plain) {
            return Err(failed(
                &path,
                &"a key of the bucket holds ASCII letters, digits, `-`, `_`, `=` and dots: rename the file",
            ));
        }
        let bytes = std::fs::read(&path).map_err(|error| failed(&path, &error))?;
        files.push((key, bytes));
    }
    Ok(())
}

/// Says what was refused, on standard error; whether anything was.
fn tell(synced: &Synced) -> io::Result<bool> {
    let mut err = io::stderr().lock();
    for (file, problems) in &synced.refused {
        writeln!(err, "tidegate: {file} is refused:")?;
        err.write_all(problems.to_text(Lang::En).as_bytes())?;
    }
    Ok(!synced.refused.is_empty())
}

fn line(value: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn work(settings: &Settings, args: &Args, alerts: &Path, cache: &Path) -> Result<Done, Broke> {
    log::start(args.log_level, true);
    let listener = args.metrics.map(metrics::bind).transpose()?;
    let (base, versions) = packs::shared_base()?;
    let store = Arc::new(Store::open(alerts, versions)?);
    let delivery = Delivery::start(Arc::clone(&store.outbox), store.plans()?)?;
    std::fs::create_dir_all(cache)
        .map_err(|error| Broke::Usage(format!("{}: {error}", cache.display())))?;
    let stop = Arc::new(AtomicBool::new(false));
    let mut memory = alerts.components().as_path().as_os_str().to_owned();
    memory.push(".versions");
    let place = Place {
        base,
        cache: cache.to_owned(),
        memory: memory.into(),
    };
    let registry = follow(settings, place, Arc::clone(&stop))?;
    let address = listener.as_ref().map(TcpListener::local_addr).transpose()?;
    let counts = Arc::new(Counts::default());
    let judged = Arc::new(metrics::Judged::default());
    let metrics = listener.map(|listener| {
        let metrics = Metrics {
            counts: Arc::clone(&counts),
            judged: Arc::clone(&judged),
            store: Arc::clone(&store),
            registry: registry.clone(),
        };
        metrics.serve(listener)
    });
    stop_on_signals(Arc::clone(&stop), metrics)?;
    let snapshot = registry.snapshot();
    line(
        &json!({ "worker": settings.name, "tenants": snapshot.len(), "ruleset": snapshot.fingerprint(), "metrics": address }),
    )?;
    drop(snapshot);
    let judges = {
        let store = Arc::clone(&store);
        let (sampler, every) = (Arc::new(Sampler::default()), args.log_sample);
        move || -> Box<dyn Judge> {
            Box::new(Screen {
                store: Arc::clone(&store),
                sampler: Arc::clone(&sampler),
                judged: Arc::clone(&judged),
                every,
                scanner: Scanner::new(),
                reader: registry.reader(),
                senders: Conversations::new(SENDERS, Window::MOST_SECONDS),
            })
        }
    };
    let worked = nats::work(settings, &judges, &counts, &stop).map_err(usage);
    stop.store(true, Ordering::Relaxed);
    let drained = delivery.drain(GRACE);
    drop(delivery);
    worked?;
    let of = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    line(&json!({
        "worker": settings.name,
        "answered": of(&counts.answered),
        "alerts": of(&counts.alerts),
        "dead": of(&counts.dead),
        "broken_off": of(&counts.broken_off),
        "sinks_drained": drained,
    }))?;
    Ok(Done::Well)
}

/// What tenants' packs stand on, and where they are kept.
struct Place {
    base: Vec<Arc<Ruleset>>,
    cache: PathBuf,
    /// The file that remembers which versions were live, over restarts.
    memory: PathBuf,
}

/// Follows the bucket in a thread of its own; the registry, once it holds what the bucket does.
fn follow(settings: &Settings, place: Place, stop: Arc<AtomicBool>) -> Result<Registry, Broke> {
    let settings = settings.clone();
    let (ready, made) = mpsc::channel();
    std::thread::Builder::new()
        .name("packs".to_owned())
        .spawn(move || {
            let mut live: Option<(Folder, Registry)> = None;
            let told = ready.clone();
            let ended = nats::watch(&settings, &place.cache, &mut |change| {
                let synced = match (&mut live, change) {
                    (_, Change::BadKey(key)) => {
                        tracing::error!(?key, "this key of the bucket is no path of a file");
                        return !stop.load(Ordering::Relaxed);
                    }
                    (None, Change::Everything) => {
                        match Folder::open_remembering(
                            &place.cache,
                            place.base.clone(),
                            time::now(),
                            &place.memory,
                        ) {
                            Ok((folder, registry, synced)) => {
                                let _ = told.send(Ok(registry.clone()));
                                live = Some((folder, registry));
                                synced
                            }
                            Err(problems) => {
                                let _ = told.send(Err(packs::broken(problems)));
                                return false;
                            }
                        }
                    }
                    (Some((folder, registry)), Change::Everything) => {
                        folder.sync(registry, None, time::now())
                    }
                    (Some((folder, registry)), Change::Files(files)) => {
                        folder.sync(registry, Some(&files), time::now())
                    }
                    _ => return !stop.load(Ordering::Relaxed),
                };
                for (file, problems) in &synced.refused {
                    let problems = problems.to_text(Lang::En);
                    tracing::error!(%file, problems = %problems.trim_end(), "refused; what was live stays so");
                }
                !stop.load(Ordering::Relaxed)
            });
            if let Err(broken) = ended {
                tracing::error!(%broken, "packs are followed no longer");
                let _ = ready.send(Err(usage(broken)));
                // A worker that hears of no change must not go on as if nothing changed.
                stop.store(true, Ordering::Relaxed);
            }
        })?;
    made.recv().unwrap_or_else(|_| {
        Err(Broke::Usage(
            "the bucket of packs cannot be followed".to_owned(),
        ))
    })
}

/// Sets `stop` at Ctrl-C or SIGTERM. Until then metrics are told.
fn stop_on_signals(
    stop: Arc<AtomicBool>,
    metrics: Option<impl Future<Output = ()> + Send + 'static>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                if let Some(metrics) = metrics {
                    tokio::spawn(metrics);
                }
                #[cfg(unix)]
                {
                    use tokio::signal::unix::{SignalKind, signal};
                    if let Ok(mut terminate) = signal(SignalKind::terminate()) {
                        tokio::select! {
                            _ = tokio::signal::ctrl_c() => {}
                            _ = terminate.recv() => {}
                        }
                    }
                }
                #[cfg(not(unix))]
                let _ = tokio::signal::ctrl_c().await;
            });
            stop.store(true, Ordering::Relaxed);
        })?;
    Ok(())
}

/// What screens the messages of one partition.
struct Screen {
    store: Arc<Store>,
    sampler: Arc<Sampler>,
    judged: Arc<metrics::Judged>,
    /// Of so many messages, one is logged.
    every: u64,
    scanner: Scanner,
    reader: Reader,
    senders: Conversations,
}

/// A message that could not be screened, as `screen` answers such a line.
#[derive(Serialize)]
struct Refused<'a> {
    line: u64,
    id: Option<&'a RawValue>,
    error: &'a Bad,
}

impl Judge for Screen {
    fn judge(&mut self, taken: Taken<'_>) -> Result<Judged, Later> {
        let span = self.sampler.span(self.every, "worker");
        let began = Instant::now();
        let done = span.in_scope(|| self.read_and_screen(taken));
        self.judged.times.took(began.elapsed());
        done
    }

    fn lost(&mut self, until: Timestamp) {
        self.senders.lost(until);
    }
}

impl Screen {
    fn read_and_screen(&mut self, taken: Taken<'_>) -> Result<Judged, Later> {
        let mut input = Input::default();
        let read = match std::str::from_utf8(taken.payload) {
            Ok(text) => input.read_alone(text),
            Err(error) => Err(Bad::utf8(error.valid_up_to())),
        };
        let read = read.and_then(|()| input.belongs_to(Some(taken.tenant)));
        let snapshot = Arc::clone(self.reader.snapshot());
        let read = read.and_then(|()| {
            let rules = snapshot.tenant(taken.tenant);
            rules.map_err(|_| Bad::unknown_tenant())
        });
        let rules = match read {
            Ok(rules) => rules,
            Err(bad) => {
                let refused = Refused {
                    line: taken.number,
                    id: input.id(),
                    error: &bad,
                };
                return Ok(Judged {
                    answer: serde_json::to_vec(&refused).unwrap_or_default(),
                    alerts: Vec::new(),
                    dead: Some(bad.code),
                });
            }
        };
        // The same at every attempt: the alerts are named by it.
        let (id, echoed) = match input.id() {
            Some(raw) => (id_text(raw.get()), raw.to_owned()),
            None => {
                let id = format!("tg-{}", taken.number);
                let echoed = RawValue::from_string(format!("{id:?}"));
                (id, echoed.unwrap_or_default())
            }
        };
        let parts = input.parts();
        let message = input.message(&parts, Some(taken.tenant)).id(&id);
        self.screen(rules, &message, &echoed, taken.at)
    }

    fn screen(
        &mut self,
        rules: &TenantRules,
        message: &Message<'_>,
        echoed: &RawValue,
        at: Timestamp,
    ) -> Result<Judged, Later> {
        let rulesets: Vec<&Ruleset> = rules.rulesets().collect();
        let verdict = match self.senders.of(message, at) {
            Some(sender) => self
                .scanner
                .scan_in(sender, &rulesets, rules.policy(), message, at),
            None => self.scanner.scan(&rulesets, rules.policy(), message, at),
        };
        log::verdict(rules.id(), verdict);
        self.judged.judged(verdict);
        let report = Report::new(verdict, message).with_id(echoed);
        let owner = Owner {
            tenant: rules.id(),
            sinks: rules.policy().sinks(),
        };
        let plain = || Judged {
            answer: serde_json::to_vec(&report).unwrap_or_default(),
            ..Judged::default()
        };
        if !verdict.alert() {
            return Ok(plain());
        }
        let own: Vec<_> = rules.packs().collect();
        let Wanted {
            alerts,
            policy,
            ids,
        } = self.store.wanted(verdict, message, owner, &own, at);
        let names: Vec<_> = alerts.iter().map(|alert| alert.facts.id).collect();
        let outbox = &self.store.outbox;
        let later = |trouble: Trouble| Later(trouble.to_string());
        match outbox.store(alerts, &policy).map_err(later)? {
            Outcome::Stored => {}
            Outcome::Spilled => return Ok(plain()),
        }
        let mut published = Vec::with_capacity(names.len());
        for id in names {
            let entry = outbox.find(id).map_err(later)?;
            // One that was erased since is told to nobody.
            if let What::Alert(alert, grant) = entry.what {
                let notice = Notice {
                    head: entry.head,
                    told: Told::Alert(Box::new(alert.told(grant))),
                    grouped: Vec::new(),
                };
                published.push((
                    id.to_string(),
                    Format::CloudEvents.json(&notice).into_bytes(),
                ));
            }
        }
        Ok(Judged {
            answer: serde_json::to_vec(&report.with_alerts(&ids)).unwrap_or_default(),
            alerts: published,
            dead: None,
        })
    }
}
