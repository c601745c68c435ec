//! What became of messages under the old rules and under the new.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use tidegate::{Action, Finding, Message, Policy, Ruleset, Scanner, Span, Timestamp, Verdict};

use crate::messages::{At, Input, Line};
use crate::term;

/// Bytes of a text that are kept for a sample.
const EXCERPT: usize = 400;
/// Samples that are kept in all.
const SAMPLES: usize = 1_000;
/// Tenants that are counted apart; those that come later are counted together, so that memory stays bounded whatever messages say.
const TENANTS: usize = 10_000;
/// Who is said to hold a message that was not looked at completely, and that no rule holds.
const PARTIAL: &str = "(not looked at completely)";
/// Who is said to have sent messages that name no tenant.
const NO_TENANT: &str = "(none)";
const OTHER_TENANTS: &str = "(others)";

/// How messages are read and judged, and what is kept of them.
pub(super) struct Wanted<'a> {
    pub(super) plain: bool,
    pub(super) at: At,
    pub(super) tenant: Option<&'a str>,
    pub(super) samples: usize,
    /// Whether samples show text.
    pub(super) text: bool,
}

/// What changed for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Change {
    /// It was delivered, and would be held.
    Held,
    /// It was held, and would be delivered.
    Freed,
    /// Its action would be another one, and it is held or delivered as before.
    Action,
    /// The same action, for other reasons.
    Findings,
}

/// The change of one message, for people.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sample {
    pub(super) change: Change,
    pub(super) line: u64,
    pub(super) id: Option<String>,
    pub(super) tenant: Option<String>,
    pub(super) old: &'static str,
    pub(super) new: &'static str,
    /// The rules that make the difference.
    pub(super) rules: Vec<Arc<str>>,
    /// The text around the first hit; `None` if texts are not wanted.
    pub(super) text: Option<String>,
    /// Where the hits of these rules lie: in `text` if there is one, in the message if not.
    pub(super) spans: Vec<(usize, usize)>,
}

/// What a rule did and would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct OfRule {
    /// Messages in which it fired.
    pub(super) fired_old: u64,
    pub(super) fired_new: u64,
    /// Messages that are newly held, and that it would hold.
    pub(super) held: u64,
    /// Messages that are newly freed, and that it held.
    pub(super) freed: u64,
    /// Other changes that it makes.
    pub(super) changed: u64,
    /// Messages that are delivered, and that it would hold if it were not in shadow.
    pub(super) shadow_old: u64,
    pub(super) shadow_new: u64,
}

/// What became of a tenant's messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct OfTenant {
    pub(super) messages: u64,
    pub(super) held: u64,
    pub(super) freed: u64,
    pub(super) changed: u64,
}

/// Counts over messages.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By old action and new action.
    pub(super) matrix: [[u64; 4]; 4],
    pub(super) held: u64,
    pub(super) freed: u64,
    /// Another action, and held or delivered as before.
    pub(super) action: u64,
    /// The same action for other reasons.
    pub(super) findings: u64,
    pub(super) rules: BTreeMap<Arc<str>, OfRule>,
    pub(super) tenants: BTreeMap<String, OfTenant>,
    /// Bad lines, by code.
    pub(super) bad: BTreeMap<&'static str, u64>,
    /// Steps that the old rules took, and the new.
    pub(super) steps: [u64; 2],
    /// Nanoseconds, likewise.
    pub(super) nanos: [u64; 2],
    pub(super) samples: Vec<Sample>,
    /// How many samples there are of a change and a rule.
    kept: BTreeMap<(Change, Arc<str>), usize>,
}

impl Tally {
    pub(super) fn messages(&self) -> u64 {
        self.matrix.iter().flatten().sum()
    }

    /// Screens one message by both sides, and counts what changed for it.
    pub(super) fn compare(
        &mut self,
        wanted: &Wanted<'_>,
        scanners: &mut [Scanner; 2],
        sides: [(&Vec<&Ruleset>, &Policy); 2],
        (line, bytes): (&Line, &[u8]),
        now: Timestamp,
    ) {
        let mut input = Input::default();
        let read = input.read(line, bytes, wanted.plain);
        if let Err(bad) = read.and_then(|()| input.belongs_to(wanted.tenant)) {
            *self.bad.entry(bad.code).or_default() += 1;
            return;
        }
        let parts = input.parts();
        let message = input.message(&parts, wanted.tenant);
        let at = wanted.at.of(&message, now);
        let [old_scanner, new_scanner] = scanners;
        let began = Instant::now();
        let old = old_scanner.scan(sides[0].0, sides[0].1, &message, at);
        let between = Instant::now();
        let new = new_scanner.scan(sides[1].0, sides[1].1, &message, at);
        let ended = Instant::now();
        let nanos = [between - began, ended - between];
        for (sum, took) in self.nanos.iter_mut().zip(nanos) {
            *sum += u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        }
        let change = self.count(&message, old, new);
        if let Some((change, rules)) = change {
            let id = input.raw_id().map(|id| id.trim_matches('"').to_owned());
            self.sample(wanted, || {
                let mut sample = Sample {
                    change,
                    line: line.number,
                    id,
                    tenant: message.tenant.map(str::to_owned),
                    old: old.action.name(),
                    new: new.action.name(),
                    rules,
                    text: None,
                    spans: Vec::new(),
                };
                sample.show(&message, [old, new], wanted.text);
                sample
            });
        }
        self.steps[0] += old_scanner.steps();
        self.steps[1] += new_scanner.steps();
    }

    /// Counts a message; what changed for it, and by which rules.
    fn count(
        &mut self,
        message: &Message<'_>,
        old: &Verdict,
        new: &Verdict,
    ) -> Option<(Change, Vec<Arc<str>>)> {
        self.matrix[old.action as usize][new.action as usize] += 1;
        let name = message.tenant.unwrap_or(NO_TENANT);
        if !self.tenants.contains_key(name) {
            self.tenants.insert(name.to_owned(), OfTenant::default());
        }
        let change = change(old, new);
        let of_tenant = self.tenants.get_mut(name)?;
        of_tenant.messages += 1;
        match change {
            Some(Change::Held) => (self.held, of_tenant.held) = (self.held + 1, of_tenant.held + 1),
            Some(Change::Freed) => {
                (self.freed, of_tenant.freed) = (self.freed + 1, of_tenant.freed + 1);
            }
            Some(Change::Action) => self.action += 1,
            Some(Change::Findings) => self.findings += 1,
            None => {}
        }
        of_tenant.changed += u64::from(matches!(change, Some(Change::Action | Change::Findings)));
        for finding in &old.findings {
            self.rule(&finding.rule).fired_old += 1;
        }
        for finding in &new.findings {
            self.rule(&finding.rule).fired_new += 1;
        }
        for finding in would_hold(old) {
            self.rule(&finding.rule).shadow_old += 1;
        }
        for finding in would_hold(new) {
            self.rule(&finding.rule).shadow_new += 1;
        }
        let change = change?;
        let rules = match change {
            Change::Held => holders(new),
            Change::Freed => holders(old),
            Change::Action | Change::Findings => different(old, new),
        };
        for rule in &rules {
            let of_rule = self.rule(rule);
            match change {
                Change::Held => of_rule.held += 1,
                Change::Freed => of_rule.freed += 1,
                Change::Action | Change::Findings => of_rule.changed += 1,
            }
        }
        Some((change, rules))
    }

    fn rule(&mut self, id: &Arc<str>) -> &mut OfRule {
        self.rules.entry(Arc::clone(id)).or_default()
    }

    /// Keeps a sample if there are not enough yet of its change and one of its rules.
    fn sample(&mut self, wanted: &Wanted<'_>, sample: impl FnOnce() -> Sample) {
        if self.samples.len() >= SAMPLES || wanted.samples == 0 {
            return;
        }
        let sample = sample();
        self.keep(wanted, sample);
    }

    fn keep(&mut self, wanted: &Wanted<'_>, sample: Sample) {
        let mut needed = false;
        for rule in &sample.rules {
            let kept = self
                .kept
                .entry((sample.change, Arc::clone(rule)))
                .or_default();
            needed |= *kept < wanted.samples;
        }
        if needed && self.samples.len() < SAMPLES {
            for rule in &sample.rules {
                *self
                    .kept
                    .entry((sample.change, Arc::clone(rule)))
                    .or_default() += 1;
            }
            self.samples.push(sample);
        }
    }

    /// Adds what comes after.
    pub(super) fn add(&mut self, other: Self, wanted: &Wanted<'_>) {
        for (all, more) in self
            .matrix
            .iter_mut()
            .flatten()
            .zip(other.matrix.iter().flatten())
        {
            *all += more;
        }
        self.held += other.held;
        self.freed += other.freed;
        self.action += other.action;
        self.findings += other.findings;
        for side in 0..2 {
            self.steps[side] += other.steps[side];
            self.nanos[side] += other.nanos[side];
        }
        for (id, more) in &other.rules {
            let all = self.rule(id);
            all.fired_old += more.fired_old;
            all.fired_new += more.fired_new;
            all.held += more.held;
            all.freed += more.freed;
            all.changed += more.changed;
            all.shadow_old += more.shadow_old;
            all.shadow_new += more.shadow_new;
        }
        for (name, more) in other.tenants {
            let known = self.tenants.contains_key(&name) || self.tenants.len() < TENANTS;
            let name = if known {
                name
            } else {
                OTHER_TENANTS.to_owned()
            };
            let all = self.tenants.entry(name).or_default();
            all.messages += more.messages;
            all.held += more.held;
            all.freed += more.freed;
            all.changed += more.changed;
        }
        for (code, more) in other.bad {
            *self.bad.entry(code).or_default() += more;
        }
        for sample in other.samples {
            self.keep(wanted, sample);
        }
    }
}

fn is_held(action: Action) -> bool {
    action >= Action::Review
}

fn change(old: &Verdict, new: &Verdict) -> Option<Change> {
    match (is_held(old.action), is_held(new.action)) {
        (false, true) => Some(Change::Held),
        (true, false) => Some(Change::Freed),
        _ if old.action != new.action => Some(Change::Action),
        _ if different(old, new).is_empty() => None,
        _ => Some(Change::Findings),
    }
}

/// The rules that hold a message.
fn holders(verdict: &Verdict) -> Vec<Arc<str>> {
    let held = verdict
        .findings
        .iter()
        .filter(|finding| is_held(finding.action));
    let mut rules: Vec<Arc<str>> = held.map(|finding| Arc::clone(&finding.rule)).collect();
    if rules.is_empty() {
        rules.push(Arc::from(PARTIAL));
    }
    rules
}

/// The rules in shadow that would hold a message that is delivered.
fn would_hold(verdict: &Verdict) -> impl Iterator<Item = &Finding> {
    let delivered = !is_held(verdict.action);
    verdict
        .shadow
        .iter()
        .filter(move |finding| delivered && is_held(finding.action))
}

/// The rules that fire on one side only, or ask for another action there.
fn different(old: &Verdict, new: &Verdict) -> Vec<Arc<str>> {
    if old.findings.is_empty() && new.findings.is_empty() {
        return Vec::new();
    }
    let not_in = |findings: &[Finding], finding: &Finding| {
        !findings
            .iter()
            .any(|other| (&other.rule, other.action) == (&finding.rule, finding.action))
    };
    let gone = old
        .findings
        .iter()
        .filter(|finding| not_in(&new.findings, finding));
    let come = new
        .findings
        .iter()
        .filter(|finding| not_in(&old.findings, finding));
    let mut rules: Vec<Arc<str>> = gone
        .chain(come)
        .map(|finding| Arc::clone(&finding.rule))
        .collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

impl Sample {
    /// Where the hits of the rules lie, and the text around them.
    fn show(&mut self, message: &Message<'_>, verdicts: [&Verdict; 2], with_text: bool) {
        let mut hits: Vec<(usize, Span)> = verdicts
            .into_iter()
            .flat_map(|verdict| &verdict.findings)
            .filter(|finding| self.rules.contains(&finding.rule))
            .flat_map(|finding| finding.hits.iter().map(|hit| (hit.part, hit.span)))
            .collect();
        hits.sort_unstable();
        hits.dedup();
        let part = hits.first().map_or(0, |(part, _)| *part);
        let spans = hits
            .iter()
            .filter(|(of, _)| *of == part)
            .map(|(_, span)| *span);
        if !with_text {
            self.spans = spans.map(|span| (span.start, span.end)).collect();
            return;
        }
        let text = message.parts().get(part).copied().unwrap_or_default();
        let first = hits.first().map_or(0, |(_, span)| span.start);
        let from = term::border(text, first.saturating_sub(EXCERPT / 4));
        let to = term::border(text, from + EXCERPT);
        self.spans = spans
            .filter(|span| span.end <= to)
            .map(|span| (span.start - from, span.end - from))
            .collect();
        self.text = Some(text[from..to].to_owned());
    }
}
