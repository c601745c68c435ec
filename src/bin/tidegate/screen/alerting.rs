//! `--alerts`: what findings ask to be told is on disk before the answer says so.

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use tidegate::alert::fresh_message_id;
use tidegate::alert::outbox::{Outcome, Ticket};
use tidegate::alert::sink::Delivery;
use tidegate::verdict::Report;
use tidegate::{Message, Timestamp, Verdict};

use super::{Tally, json_line};
use crate::Broke;
use crate::alerts::{Owner, Store, Wanted};
use crate::messages::id_text;
use crate::packs::Versions;

/// Whose a message is that names no tenant, where no tenant's file was given.
const NOBODY: &str = "default";
/// How long the sinks have at the end; what they have not taken by then they get the next time.
const GRACE: Duration = Duration::from_secs(5);

/// An outbox that alerts go to, and the sinks behind it.
pub(super) struct Alerting {
    store: Store,
    delivery: Delivery,
    /// The sinks that the tenant names.
    sinks: Box<[Arc<str>]>,
    /// Messages without an id get one of this and the number of their line.
    random: [u8; 16],
}

impl Alerting {
    pub(super) fn open(
        folder: &Path,
        sinks: &[Arc<str>],
        versions: Versions,
    ) -> Result<Self, Broke> {
        let store = Store::open(folder, versions)?;
        for named in sinks {
            if !store.config.sink.iter().any(|sink| *sink.name == **named) {
                return Err(Broke::Usage(format!(
                    "the tenant's file names the sink `{named}`, and {} has none of that name: add a `[[sink]]`, or take it out of `sinks`",
                    folder.join("alerts.toml").display()
                )));
            }
        }
        let delivery = Delivery::start(Arc::clone(&store.outbox), store.plans()?)?;
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|error| Broke::Usage(format!("the system gives no random bytes: {error}")))?;
        Ok(Self {
            store,
            delivery,
            sinks: sinks.into(),
            random,
        })
    }

    /// The id of a message: its own, as text, or a new one.
    pub(super) fn id(&self, own: Option<&str>, line: u64) -> String {
        match own {
            Some(raw) => id_text(raw),
            None => {
                let base = u128::from_le_bytes(self.random);
                fresh_message_id(base.wrapping_add(line.into()).to_le_bytes())
            }
        }
    }

    /// Answers a message whose findings ask for alerts, and hands these to the outbox.
    pub(super) fn answer<'a>(
        &'a self,
        verdict: &Verdict,
        message: &Message<'_>,
        line: &Answered<'_>,
        now: Timestamp,
        out: &mut Vec<u8>,
    ) -> Pledge<'a> {
        let owner = Owner {
            tenant: message.tenant.unwrap_or(NOBODY),
            sinks: &self.sinks,
        };
        // What is kept is kept from now on, whatever time the rules are judged by.
        let wanted = self.store.wanted(verdict, message, owner, &[], now);
        let Wanted {
            alerts,
            policy,
            ids,
        } = wanted;
        let start = out.len();
        let report = Report::new(verdict, message).with_id(line.echoed);
        json_line(out, &report.with_alerts(&ids));
        let mut unalerted = Vec::new();
        json_line(&mut unalerted, &report);
        Pledge {
            answer: start..out.len(),
            ticket: self.store.outbox.submit(alerts, &policy),
            unalerted,
            line: line.number,
            id: line.echoed.map(ToOwned::to_owned),
            action: verdict.action as usize,
        }
    }

    /// Gives the sinks a little time, and says on standard error what is left undone. Whether every alert is in the outbox, or at least counted
    /// there.
    pub(super) fn finish(self) -> io::Result<bool> {
        let drained = self.delivery.drain(GRACE);
        drop(self.delivery);
        let outbox = &self.store.outbox;
        let mut err = io::stderr().lock();
        if !drained {
            writeln!(
                err,
                "tidegate: some sinks have not taken every alert; `tidegate alerts replay` goes on with it"
            )?;
        }
        // Where the sinks are may be lost: they see some alerts again.
        if let Err(trouble) = outbox.flush()
            && outbox.spilled() > 0
        {
            let count = outbox.spilled();
            writeln!(
                err,
                "tidegate: {count} alerts were spilled, and not even their number could be stored: {trouble}"
            )?;
            return Ok(false);
        }
        Ok(true)
    }
}

/// The line that is answered.
pub(super) struct Answered<'a> {
    pub(super) number: u64,
    /// The id that the answer has.
    pub(super) echoed: Option<&'a RawValue>,
}

/// An answer that says that there is an alert, before it is on disk.
pub(super) struct Pledge<'a> {
    /// Where it stands among the answers.
    answer: Range<usize>,
    ticket: Ticket<'a>,
    /// The answer if the alert was spilled.
    unalerted: Vec<u8>,
    line: u64,
    id: Option<Box<RawValue>>,
    action: usize,
}

/// A message that is refused because its alert cannot be kept.
#[derive(Serialize)]
struct Refused<'a> {
    line: u64,
    id: Option<&'a RawValue>,
    error: Said<'a>,
}

#[derive(Serialize)]
struct Said<'a> {
    code: &'a str,
    message: &'a str,
}

/// Waits until what the answers say is so. An alert that was not stored is taken out of its answer, or the message is refused, as the outbox
/// is told to.
pub(super) fn settle(pledges: Vec<Pledge<'_>>, answers: Vec<u8>, tally: &mut Tally) -> Vec<u8> {
    let outcomes: Vec<_> = pledges.iter().map(|pledge| pledge.ticket.wait()).collect();
    if outcomes
        .iter()
        .all(|outcome| *outcome == Ok(Outcome::Stored))
    {
        return answers;
    }
    let mut settled = Vec::with_capacity(answers.len());
    let mut from = 0;
    for (pledge, outcome) in pledges.into_iter().zip(outcomes) {
        settled.extend_from_slice(&answers[from..pledge.answer.start]);
        match outcome {
            Ok(Outcome::Stored) => settled.extend_from_slice(&answers[pledge.answer.clone()]),
            Ok(Outcome::Spilled) => settled.extend_from_slice(&pledge.unalerted),
            Err(trouble) => {
                tally.actions[pledge.action] -= 1;
                tally.bad += 1;
                let refused = Refused {
                    line: pledge.line,
                    id: pledge.id.as_deref(),
                    error: Said {
                        code: trouble.code,
                        message: &trouble.message.en,
                    },
                };
                json_line(&mut settled, &refused);
            }
        }
        from = pledge.answer.end;
    }
    settled.extend_from_slice(&answers[from..]);
    settled
}
