//! What the page asks: the problems of a pack, its samples, and what becomes of messages, with everything that explains it.

use serde::{Deserialize, Serialize};
use tidegate::diag::Placed;
use tidegate::explain::{
    Candidate, CandidateExplained, ClusterExplained, Explanation, HitExplained, RuleExplained,
};
use tidegate::pack::Pack;
use tidegate::selftest::{self, Outcome, Wrong};
use tidegate::verdict::Report;
use tidegate::{Message, PackLimits, Policy, Ruleset, Scanner, Scene};

use super::http::Refused;
use crate::packs::{self, Loaded};
use crate::{test, time};

/// Messages of one request, and bytes of all of them.
const MESSAGES: usize = 100;
const TEXT: usize = 64 << 10;
/// Candidates that are told for one view, those that came furthest first.
const CANDIDATES: usize = 40;

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    pack: String,
    messages: Vec<String>,
    scene: String,
    /// Empty for none.
    conversation: String,
    /// Whether the base library is below the pack.
    base: bool,
}

/// What is answered.
#[derive(Serialize)]
struct Answered<'a> {
    problems: Vec<Placed<'a>>,
    /// Whether messages were screened by the pack.
    usable: bool,
    /// Full ids and titles of its rules.
    titles: Vec<(String, &'a str)>,
    samples: Samples,
    messages: &'a [OneMessage],
}

#[derive(Default, Serialize)]
struct Samples {
    held: usize,
    failed: Vec<FailedSample>,
    not_run: usize,
    untested: usize,
}

#[derive(Serialize)]
struct FailedSample {
    rule: String,
    kind: &'static str,
    /// Bytes of the pack.
    start: usize,
    end: usize,
    text: String,
    why: &'static str,
    /// Of an action that is not as expected: what is, and what was found.
    expected: Option<&'static str>,
    found: Option<&'static str>,
}

#[derive(Serialize)]
struct OneMessage {
    verdict: serde_json::Value,
    views: Vec<OneView>,
    hits: Vec<HitExplained>,
    rules: Vec<RuleExplained>,
    /// Rules that saw hits of other rules alone and do not fire.
    bystanders: usize,
}

/// A view, without the characters of which nothing was made.
#[derive(Serialize)]
struct OneView {
    decoded: bool,
    as_l: bool,
    folded: String,
    skeleton: String,
    changed: Vec<ClusterExplained>,
    candidates: Vec<CandidateExplained>,
    more: usize,
}

pub(super) fn answer(base: &Ruleset, body: &[u8]) -> Result<Vec<u8>, Refused> {
    let asked: Asked = serde_json::from_slice(body)
        .map_err(|_| Refused(400, "the request is not what the page asks"))?;
    let Some(scene) = Scene::from_name(&asked.scene) else {
        return Err(Refused(400, "there is no such scene"));
    };
    if asked.messages.len() > MESSAGES
        || asked.messages.iter().map(String::len).sum::<usize>() > TEXT
    {
        return Err(Refused(
            413,
            "there are more than 100 messages, or more than 64 KiB of them",
        ));
    }
    let loaded = packs::parse("pack.toml".to_owned(), asked.pack, &mut |_, _| {
        Err("the playground reads no files; write the words into a list".to_owned())
    });
    let pack = loaded.pack.as_ref().filter(|_| !loaded.has_errors());
    let below = (asked.base && pack.is_none_or(|pack| !packs::is_base(&pack.id))).then_some(base);
    let own = pack.and_then(|pack| packs::compile(vec![pack.clone()], false).ok());
    let rulesets: Vec<&Ruleset> = below.into_iter().chain(&own).collect();
    let conversation = Some(&*asked.conversation).filter(|given| !given.is_empty());
    let mut scanner = Scanner::new();
    let messages: Vec<OneMessage> = asked
        .messages
        .iter()
        .map(|text| {
            let mut message = Message::text(text).scene(scene);
            message.conversation = conversation;
            let explanation = scanner.explain(&rulesets, &Policy::default(), &message, time::now());
            OneMessage::of(explanation, &message)
        })
        .collect();
    let answered = Answered {
        problems: loaded.problems.placed().collect(),
        usable: own.is_some(),
        titles: pack.map(titles).unwrap_or_default(),
        samples: pack
            .map(|pack| samples(below, pack, &loaded))
            .unwrap_or_default(),
        messages: &messages,
    };
    serde_json::to_vec(&answered).map_err(|_| Refused(500, "the answer cannot be written"))
}

fn titles(pack: &Pack) -> Vec<(String, &str)> {
    let titled = pack.rules.iter().filter_map(|rule| {
        let title = rule.title.as_deref()?;
        Some((format!("{}/{}", pack.id, rule.id), title))
    });
    titled.collect()
}

fn samples(below: Option<&Ruleset>, pack: &Pack, loaded: &Loaded) -> Samples {
    let mut samples = Samples::default();
    let ran = selftest::run(below, std::slice::from_ref(pack), &PackLimits::default());
    let Ok(report) = ran else { return samples };
    for tested in &report.samples {
        match &tested.outcome {
            Outcome::Held => samples.held += 1,
            Outcome::Skipped(_) => samples.not_run += 1,
            Outcome::Failed(failure) => {
                let end = tested.place.end.min(loaded.source.len());
                let (why, actions) = match failure.what {
                    Wrong::DoesNotFire => ("silent", None),
                    Wrong::Fires => ("fires", None),
                    Wrong::FiresByNow => ("promote", None),
                    Wrong::Action { expected, found } => ("action", Some((expected, found))),
                    _ => ("partial", None),
                };
                samples.failed.push(FailedSample {
                    rule: tested.rule.to_string(),
                    kind: test::kind(tested.kind),
                    start: tested.place.start,
                    end,
                    text: tested.text.to_string(),
                    why,
                    expected: actions.map(|(expected, _)| expected.name()),
                    found: actions.map(|(_, found)| found.name()),
                });
            }
        }
    }
    samples.untested = report.unexercised.iter().map(|list| list.terms.len()).sum();
    samples
}

impl OneMessage {
    fn of(explanation: Explanation, message: &Message<'_>) -> Self {
        let report = Report::new(&explanation.verdict, message);
        let (bystanders, rules): (Vec<_>, Vec<_>) = explanation
            .rules
            .into_iter()
            .partition(RuleExplained::is_bystander);
        Self {
            verdict: serde_json::to_value(report).unwrap_or_default(),
            views: explanation
                .views
                .into_iter()
                .map(|view| {
                    let folded = view.folded();
                    let mut candidates = view.candidates;
                    candidates.sort_by_key(|candidate| {
                        let missed = matches!(candidate.outcome, Candidate::Missed(_));
                        (missed, candidate.symbols - candidate.matched)
                    });
                    let more = candidates.len().saturating_sub(CANDIDATES);
                    candidates.truncate(CANDIDATES);
                    let mut changed = view.clusters;
                    changed.retain(|cluster| !cluster.steps.is_empty() || cluster.look.is_some());
                    OneView {
                        decoded: view.decoded,
                        as_l: view.as_l,
                        folded,
                        skeleton: view.skeleton,
                        changed,
                        candidates,
                        more,
                    }
                })
                .collect(),
            hits: explanation.hits,
            rules,
            bystanders: bystanders.len(),
        }
    }
}
