//! `tidegate alerts`: what is in the outbox, and what may be done with it.

mod store;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};
use tidegate::Timestamp;
use tidegate::alert::chain::Head;
use tidegate::alert::outbox::{Case, Cursor, Entry, Office, Outbox, What};
use tidegate::alert::report::{Statement, user_notice};
use tidegate::alert::sink::{Delivery, Secret};
use tidegate::alert::{Alert, AlertId, Facts};
use tidegate::diag::Lang;

use crate::{Broke, Done, time};
use store::read_key;
pub(crate) use store::{Owner, Store, Wanted, broke};

/// Shows, delivers, keeps, erases and proves the alerts of an outbox
///
/// An outbox is the folder that `tidegate screen --alerts` writes. One process has it open at a time. The master key is where
/// `alerts.toml` in the folder says, or in `TIDEGATE_MASTER_KEY` (64 hexadecimal digits), or in the file that `TIDEGATE_MASTER_KEY_FILE`
/// names.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

/// Who does it, and why: both stand in the audit chain for good.
#[derive(Debug, clap::Args)]
struct By {
    /// Who: a role, such as `dpo`, not a name
    #[arg(long)]
    by: String,
    /// Why: the law, the order or the request, without personal data
    #[arg(long)]
    ground: String,
}

impl By {
    fn office(&self) -> Office<'_> {
        Office {
            by: &self.by,
            ground: &self.ground,
            at: time::now(),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a master key in a new file
    Key { file: PathBuf },
    /// Puts the outbox under another master key, that of a file which `alerts key` has made
    ///
    /// Ids, pseudonyms and records stay. From then on the old key opens nothing but old copies of `keys.redb`.
    Rekey {
        dir: PathBuf,
        /// The file of the new key
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        by: By,
    },
    /// Records, one a line of JSON, without what they hold of messages
    List {
        dir: PathBuf,
        /// Of this tenant
        #[arg(long)]
        tenant: Option<String>,
        /// Of this rule
        #[arg(long)]
        rule: Option<String>,
        /// After the record of this number
        #[arg(long, default_value_t = 0)]
        after: u64,
        /// At most so many
        #[arg(long, default_value_t = 1_000)]
        most: usize,
    },
    /// An alert as sinks are told of it, its place in the chain and the hold that it is under
    Show {
        dir: PathBuf,
        #[arg(value_parser = id)]
        id: AlertId,
    },
    /// Delivers what sinks have not taken yet, and, if asked, what they have
    Replay {
        dir: PathBuf,
        /// To this sink alone
        #[arg(long)]
        sink: Option<String>,
        /// From this alert on, taken or not
        #[arg(long, value_parser = id, conflicts_with = "all")]
        from: Option<AlertId>,
        /// Everything that is kept, taken or not
        #[arg(long)]
        all: bool,
        /// From the first alert on that a sink refused for good
        #[arg(long, conflicts_with_all = ["all", "from"])]
        dead: bool,
        /// Seconds to wait for sinks
        #[arg(long, default_value_t = 60)]
        wait: u64,
    },
    /// Looks whether the records are those that were written; status 1 if not
    Verify {
        dir: PathBuf,
        /// Heads that a sink was sent: a file of JSON lines as the sink `jsonl` writes it (repeatable)
        #[arg(long)]
        heads: Vec<PathBuf>,
        /// A case that was exported: whether its proof adds up
        #[arg(long)]
        case: Option<PathBuf>,
    },
    /// How much there is, how far the sinks have come, and what they refused
    Stats { dir: PathBuf },
    /// Erases what is kept of a sender, or one alert; a hold outlasts it
    Erase {
        dir: PathBuf,
        #[arg(long, requires = "sender")]
        tenant: Option<String>,
        /// The sender, as messages name it
        #[arg(long, requires = "tenant")]
        sender: Option<String>,
        #[arg(long, value_parser = id, conflicts_with = "sender", required_unless_present = "sender")]
        id: Option<AlertId>,
        #[command(flatten)]
        by: By,
    },
    /// Keeps an alert beyond its time
    Hold {
        dir: PathBuf,
        #[arg(value_parser = id)]
        id: AlertId,
        /// Until then [default: in six months, as Article 6 of Regulation (EU) 2021/784 asks]
        #[arg(long, value_parser = time::parse)]
        until: Option<Timestamp>,
        /// End the hold instead
        #[arg(long, conflicts_with = "until")]
        release: bool,
        #[command(flatten)]
        by: By,
    },
    /// Writes one case to a new file: the record, the rule, what explains it, and the proof that it stands in the chain
    ///
    /// tidegate sends it to nobody. That it was exported, by whom and why, stands in the chain first.
    Export {
        dir: PathBuf,
        #[arg(value_parser = id)]
        id: AlertId,
        #[arg(long)]
        out: PathBuf,
        #[command(flatten)]
        by: By,
    },
    /// Erases what is older than it may be kept, and gives free space back
    Expire { dir: PathBuf },
    /// A statement of reasons (DSA, Article 17) as the Transparency Database takes it
    Statement {
        dir: PathBuf,
        #[arg(value_parser = id)]
        id: AlertId,
        /// A person has decided
        #[arg(long)]
        by_person: bool,
    },
    /// What the sender of the message is told
    Notice {
        dir: PathBuf,
        #[arg(value_parser = id)]
        id: AlertId,
        #[arg(long, value_enum, default_value = "en")]
        lang: Tongue,
    },
    /// Figures for a transparency report, by month and category
    Figures {
        dir: PathBuf,
        #[arg(long, value_parser = time::parse)]
        from: Timestamp,
        /// Exclusive
        #[arg(long, value_parser = time::parse)]
        until: Timestamp,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tongue {
    En,
    Zh,
}

/// Days of the hold of Regulation (EU) 2021/784, Article 6: six months, of 31 days each so that none is too short.
const SIX_MONTHS: i64 = 6 * 31 * 86_400;

fn id(text: &str) -> Result<AlertId, String> {
    AlertId::parse(text)
        .ok_or_else(|| "an id is `al-` and 32 hexadecimal digits, as answers have it".to_owned())
}

pub(crate) fn run(args: Args) -> Result<Done, Broke> {
    match args.command {
        Command::Key { file } => key(&file),
        Command::Rekey { dir, to, by } => {
            let Store { outbox, .. } = Store::existing(&dir)?;
            let next = read_key(&Secret::File(std::path::absolute(to)?), &dir)?;
            // Nobody else was handed it.
            let outbox = Arc::into_inner(outbox)
                .ok_or_else(|| Broke::Usage("the outbox is in use".to_owned()))?;
            let outbox = outbox.rekey(next, &by.office()).map_err(broke)?;
            line(&json!({ "rekeyed": true, "chain": outbox.head() }))
        }
        Command::List {
            dir,
            tenant,
            rule,
            after,
            most,
        } => {
            let wanted = |facts: &Facts| {
                tenant.as_ref().is_none_or(|tenant| *tenant == facts.tenant)
                    && rule.as_ref().is_none_or(|rule| *rule == facts.rule)
            };
            list(&Store::existing(&dir)?.outbox, after, most, &wanted)
        }
        Command::Show { dir, id } => show(&Store::existing(&dir)?.outbox, id),
        Command::Replay {
            dir,
            sink,
            from,
            all,
            dead,
            wait,
        } => {
            let again = match (from, all, dead) {
                (Some(id), ..) => Again::From(id),
                (_, true, _) => Again::All,
                (_, _, true) => Again::Dead,
                _ => Again::Not,
            };
            replay(&Store::existing(&dir)?, sink.as_deref(), again, wait)
        }
        Command::Verify { dir, heads, case } => {
            let store = Store::existing(&dir)?;
            verify(&store.outbox, &heads, case.as_deref())
        }
        Command::Stats { dir } => {
            let outbox = Store::existing(&dir)?.outbox;
            let mut stats = json!(outbox.stats().map_err(broke)?);
            for sink in outbox.cursors().keys() {
                let dead = outbox.dead(sink).map_err(broke)?;
                stats["sinks"][sink]["dead_letters"] = json!(dead);
            }
            line(&stats)
        }
        Command::Erase {
            dir,
            tenant,
            sender,
            id,
            by,
        } => {
            let outbox = Store::existing(&dir)?.outbox;
            let erasure = match (tenant, sender, id) {
                (Some(tenant), Some(sender), _) => {
                    outbox.erase_sender(&tenant, &sender, &by.office())
                }
                (_, _, Some(id)) => outbox.erase_alert(id, &by.office()),
                _ => {
                    return Err(Broke::Usage(
                        "give `--tenant` and `--sender`, or `--id`".to_owned(),
                    ));
                }
            };
            line(&erasure.map_err(broke)?)
        }
        Command::Hold {
            dir,
            id,
            until,
            release,
            by,
        } => {
            let outbox = Store::existing(&dir)?.outbox;
            let office = by.office();
            let held = if release {
                outbox.release(id, &office)
            } else {
                let until = until.unwrap_or(Timestamp(office.at.0 + SIX_MONTHS));
                outbox.hold(id, until, &office)
            };
            held.map_err(broke)?;
            show(&outbox, id)
        }
        Command::Export { dir, id, out, by } => {
            let outbox = Store::existing(&dir)?.outbox;
            let mut file = new_file(&out)?;
            let bytes = outbox.export(id, &by.office()).map_err(|trouble| {
                let _ = std::fs::remove_file(&out);
                broke(trouble)
            })?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            Ok(Done::Well)
        }
        Command::Expire { dir } => {
            let outbox = Store::existing(&dir)?.outbox;
            let erased = outbox.expire(time::now()).map_err(broke)?;
            outbox.compact().map_err(broke)?;
            line(&json!({ "erased": erased }))
        }
        Command::Statement { dir, id, by_person } => {
            let store = Store::existing(&dir)?;
            let facts = facts(&store.outbox, id)?;
            let statement = Statement::of(&facts, &store.config.grounds, by_person)
                .map_err(|none| Broke::Usage(none.to_string()))?;
            let problems = statement.check();
            for problem in &problems {
                let said = format!("tidegate: {}: write {}", problem.field, problem.wanted);
                writeln!(io::stderr().lock(), "{said}")?;
            }
            line(&statement)?;
            Ok(match problems.is_empty() {
                true => Done::Well,
                false => Done::Badly,
            })
        }
        Command::Notice { dir, id, lang } => {
            let store = Store::existing(&dir)?;
            let facts = facts(&store.outbox, id)?;
            let lang = match lang {
                Tongue::En => Lang::En,
                Tongue::Zh => Lang::Zh,
            };
            match user_notice(&facts, &store.config.grounds, lang) {
                Some(notice) => {
                    io::stdout().lock().write_all(notice.as_bytes())?;
                    Ok(Done::Well)
                }
                None => Err(Broke::Usage(
                    "the message was delivered as it was: there is nothing to give notice of"
                        .to_owned(),
                )),
            }
        }
        Command::Figures { dir, from, until } => {
            let outbox = Store::existing(&dir)?.outbox;
            for row in outbox.figures(from, until).map_err(broke)? {
                line(&row)?;
            }
            Ok(Done::Well)
        }
    }
}

fn line(value: &impl Serialize) -> Result<Done, Broke> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(Done::Well)
}

/// A file that only its owner can read, and that was not there.
fn new_file(path: &std::path::Path) -> Result<std::fs::File, Broke> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
        .open(path)
        .map_err(|error| Broke::Usage(format!("{}: {error}", path.display())))
}

fn key(file: &std::path::Path) -> Result<Done, Broke> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Broke::Usage(format!("the system gives no random bytes: {error}")))?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut out = new_file(file)?;
    writeln!(out, "{text}")?;
    out.sync_all()?;
    Ok(Done::Well)
}

fn list(
    outbox: &Outbox,
    after: u64,
    most: usize,
    wanted: &dyn Fn(&Facts) -> bool,
) -> Result<Done, Broke> {
    let (mut from, mut left) = (after + 1, most);
    while left > 0 {
        let entries = outbox.read(from, 256).map_err(broke)?;
        let Some(last) = entries.last() else { break };
        from = last.head.seq + 1;
        for entry in &entries {
            let (facts, state) = match &entry.what {
                What::Alert(alert, _) => (&alert.facts, "kept"),
                What::Erased(facts) => (facts, "erased"),
                What::Unreadable(facts) => (facts, "unreadable"),
                What::Note(note) => {
                    line(&json!({ "record": entry.head.seq, "note": note }))?;
                    left -= 1;
                    if left == 0 {
                        break;
                    }
                    continue;
                }
                _ => continue,
            };
            if wanted(facts) {
                line(&json!({ "record": entry.head.seq, "state": state, "alert": facts }))?;
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
    }
    Ok(Done::Well)
}

fn facts(outbox: &Outbox, id: AlertId) -> Result<Facts, Broke> {
    match outbox.find(id).map_err(broke)?.what {
        What::Alert(alert, _) => {
            let Alert { facts, .. } = *alert;
            Ok(facts)
        }
        What::Erased(facts) | What::Unreadable(facts) => Ok(facts),
        _ => Err(Broke::Usage("the record is no alert".to_owned())),
    }
}

fn show(outbox: &Outbox, id: AlertId) -> Result<Done, Broke> {
    let Entry { head, what } = outbox.find(id).map_err(broke)?;
    let hold = outbox.hold_of(id).map_err(broke)?;
    let (state, alert): (&str, Value) = match what {
        What::Alert(alert, tell) => ("kept", json!(alert.told(tell))),
        What::Erased(facts) => ("erased", json!(facts)),
        What::Unreadable(facts) => ("unreadable", json!(facts)),
        _ => ("unknown", Value::Null),
    };
    line(&json!({ "state": state, "chain": head, "hold": hold, "alert": alert }))
}

/// What is delivered although it was taken.
enum Again {
    Not,
    All,
    Dead,
    From(AlertId),
}

fn replay(store: &Store, sink: Option<&str>, again: Again, wait: u64) -> Result<Done, Broke> {
    let mut plans = store.plans()?;
    plans.retain(|plan| sink.is_none_or(|sink| sink == plan.name));
    if plans.is_empty() {
        return Err(Broke::Usage(match sink {
            Some(sink) => format!("`alerts.toml` has no sink `{sink}`"),
            None => "`alerts.toml` names no sink: add a `[[sink]]`".to_owned(),
        }));
    }
    let outbox = &store.outbox;
    let names: Vec<String> = plans.iter().map(|plan| plan.name.clone()).collect();
    for name in &names {
        let cursor = outbox.register(name);
        let dead = outbox.dead(name).map_err(broke)?;
        let before = match &again {
            Again::Not => cursor.seq,
            Again::All => 0,
            Again::From(id) => outbox.find(*id).map_err(broke)?.head.seq - 1,
            Again::Dead => dead
                .iter()
                .map(|letter| letter.seq - 1)
                .min()
                .unwrap_or(cursor.seq),
        };
        let seqs: Vec<u64> = dead
            .iter()
            .map(|letter| letter.seq)
            .filter(|seq| *seq > before)
            .collect();
        outbox.dig_up(name, &seqs).map_err(broke)?;
        let moved = Cursor {
            seq: before.min(cursor.seq),
            // Whoever replays has seen to it.
            disabled: None,
            ..cursor
        };
        outbox.advance(name, moved);
    }
    let delivery = Delivery::start(Arc::clone(outbox), plans)?;
    let done = delivery.drain(Duration::from_secs(wait));
    drop(delivery);
    let stats = outbox.stats().map_err(broke)?;
    for name in &names {
        if let Some(stats) = stats.sinks.get(name) {
            line(&json!({ "sink": name, "state": stats }))?;
        }
    }
    let disabled = names.iter().any(|name| {
        stats
            .sinks
            .get(name)
            .is_some_and(|sink| sink.cursor.disabled.is_some())
    });
    Ok(match done && !disabled {
        true => Done::Well,
        false => Done::Badly,
    })
}

fn verify(
    outbox: &Outbox,
    files: &[PathBuf],
    case: Option<&std::path::Path>,
) -> Result<Done, Broke> {
    let mut heads = Vec::new();
    for file in files {
        heads.extend(heads_of(file)?);
    }
    let found = outbox.verify(&heads).map_err(broke)?;
    let mut whole = found.is_whole();
    let proven = match case {
        None => None,
        Some(path) => {
            let failed = |said: String| Broke::Usage(format!("{}: {said}", path.display()));
            let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
            let case: Case = serde_json::from_slice(&bytes)
                .map_err(|_| failed("it is no case that tidegate exported".to_owned()))?;
            let proven = outbox.proves(&case).map_err(broke)?;
            whole &= proven;
            Some(proven)
        }
    };
    line(&json!({
        "whole": whole,
        "records": found.records,
        "open": found.open,
        "erased": found.erased,
        "head": found.head,
        "heads_compared": heads.len(),
        "case_proven": proven,
        "fault_count": found.fault_count,
        "faults": found.faults,
    }))?;
    Ok(if whole { Done::Well } else { Done::Badly })
}

/// The heads in a file of JSON lines, in CloudEvents or OCSF. A last line without its end is left out.
fn heads_of(path: &std::path::Path) -> Result<Vec<Head>, Broke> {
    let failed = |said: &dyn std::fmt::Display| Broke::Usage(format!("{}: {said}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    let mut heads = Vec::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if !line.ends_with('\n') {
            break;
        }
        let head = serde_json::from_str::<Value>(line)
            .ok()
            .and_then(|mut event| {
                [("data", "chain"), ("unmapped", "chain")]
                    .into_iter()
                    .find_map(|(outer, inner)| {
                        serde_json::from_value(event.get_mut(outer)?.get_mut(inner)?.take()).ok()
                    })
            });
        heads.push(head.ok_or_else(|| failed(&format_args!("line {} holds no head", number + 1)))?);
    }
    Ok(heads)
}
