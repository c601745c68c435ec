//! Deciding a message: skeleton, candidates, walks, conditions, verdict. Cannot fail, does no I/O, and allocates nothing on a
//! clean message once warm.

mod budget;
mod conversation;
mod evaluate;
mod forms;
mod message;
mod otherwise;
mod relevance;
mod search;
pub mod trace;
mod walk;
mod window;

use std::ops::ControlFlow;
use std::sync::Arc;

use unicode_segmentation::GraphemeCursor;

use crate::limits::Limits;
use crate::policy::face::{Snapshot, TenantRules, UnknownTenant};
use crate::policy::{Policy, STACK};
use crate::primitives::{Span, Timestamp};
use crate::ruleset::{Digest, Ruleset};
use crate::variant::Variants;
use crate::verdict::{Coverage, Finding, Hit, Verdict};

use budget::Budget;
use evaluate::{Circumstances, Evaluation, Fired};
use search::{Found, Part, Searcher};
use window::Windows;

pub use conversation::{Conversation, Conversations};
pub use message::Message;

/// Screens messages, one after another. Holds scratch memory only, so that a warm one allocates nothing for a clean message;
/// keep one a thread.
///
/// # Examples
///
/// ```
/// use tidegate::{Compiler, Message, Pack, Policy, Scanner, Timestamp};
///
/// # let source = r#"
/// # format = 1
/// # [pack]
/// # id = "acme.words"
/// # version = "1.0.0"
/// # title = "Acme's words"
/// # [[rule]]
/// # id = "words"
/// # category = "house.words"
/// # action = "mask"
/// # terms = ["坏词"]
/// # [rule.samples]
/// # match = ["坏词"]
/// # pass = ["好词"]
/// # "#;
/// let pack = Pack::parse("words.toml", source)?.pack;
/// let ruleset = Compiler::new().pack(pack).build()?;
/// let (policy, now) = (Policy::default(), Timestamp(1_795_428_000));
/// let mut scanner = Scanner::new();
/// let message = Message::text("这里有坏*词。");
/// let verdict = scanner.scan(&[&ruleset], &policy, &message, now);
/// assert_eq!(verdict.masked(&message).as_deref(), Some(&["这里有***。".to_owned()][..]));
/// # Ok::<(), tidegate::Diagnostics>(())
/// ```
#[derive(Debug, Default)]
pub struct Scanner {
    limits: Limits,
    searcher: Searcher,
    fired: Vec<Fired>,
    looked_at: Vec<usize>,
    digests: (Vec<Digest>, Option<Digest>),
    limits_digest: Option<Digest>,
    verdict: Verdict,
    /// How many findings, and how many of rules in shadow, are of the locked rulesets that come first.
    of_locked: (usize, usize),
    windows: Windows,
    steps: u64,
}

impl Scanner {
    /// A scanner with the default limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// A scanner with these limits.
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Steps that the last scan took: bytes folded, candidates and characters looked at, hits weighed. For measuring.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Decides on one message at the time `at`.
    ///
    /// `rulesets` in order: the base first, then what stands on it; a ruleset's rules see the hits of those before it through
    /// `@category`. The verdict depends on nothing but the arguments and the limits.
    ///
    /// Cost: one pass over the text for a clean message; never more steps than `Limits` grant.
    pub fn scan(
        &mut self,
        rulesets: &[&Ruleset],
        policy: &Policy,
        message: &Message<'_>,
        at: Timestamp,
    ) -> &Verdict {
        self.searcher.clear();
        self.fired.clear();
        self.verdict.clear();
        self.name_rulesets(rulesets, policy);
        let mut coverage = self.cut(message.parts());
        let circumstances = Circumstances {
            scene: message.scene,
            conversation: message.conversation,
            at,
            policy,
        };
        self.steps = 0;
        if self.judge(rulesets, message, circumstances).is_break() {
            coverage = coverage.and(Coverage::STEP_LIMIT);
            // What a tenant's rules spent must not be missing where the locked ones look: these have a grant of their own.
            let locked = rulesets.iter().take_while(|ruleset| ruleset.locked).count();
            if (1..rulesets.len()).contains(&locked) {
                let open = self.verdict.take_after(self.of_locked);
                self.searcher.clear();
                self.fired.clear();
                // Whether this look was cut short, too, changes nothing: the coverage says so already.
                let _ = self.judge(&rulesets[..locked], message, circumstances);
                self.verdict.append(open);
            }
        }
        self.verdict.coverage = coverage.and(self.windows.coverage());
        policy.apply(&mut self.verdict, message.scene);
        &self.verdict
    }

    /// Decides on a message by what is live for its tenant.
    ///
    /// # Errors
    ///
    /// If the message names no tenant, or one that is not known: with the answer that the operator has set for such messages.
    pub fn scan_live(
        &mut self,
        snapshot: &Snapshot,
        message: &Message<'_>,
        at: Timestamp,
    ) -> Result<&Verdict, UnknownTenant> {
        let tenant = snapshot.tenant(message.tenant.unwrap_or_default())?;
        Ok(self.scan_tenant(tenant, message, at))
    }

    /// Decides on a message of a tenant.
    pub fn scan_tenant(
        &mut self,
        tenant: &TenantRules,
        message: &Message<'_>,
        at: Timestamp,
    ) -> &Verdict {
        let mut rulesets = tenant.rulesets();
        let Some(first) = rulesets.next() else {
            return self.scan(&[], tenant.policy(), message, at);
        };
        // No more than that many, by the registry.
        let mut stack = [first; STACK];
        let mut count = 1;
        for (place, ruleset) in stack[1..].iter_mut().zip(rulesets) {
            *place = ruleset;
            count += 1;
        }
        self.scan(&stack[..count], tenant.policy(), message, at)
    }

    /// Adds the findings of rulesets to the verdict. Breaks if the budget was spent before all was looked at.
    fn judge(
        &mut self,
        rulesets: &[&Ruleset],
        message: &Message<'_>,
        circumstances: Circumstances<'_>,
    ) -> ControlFlow<()> {
        let bytes = self.looked_at.iter().sum();
        let mut budget = Budget::new(&self.limits, bytes);
        let mut ended = self.search(rulesets, message, &mut budget);
        self.of_locked = (0, 0);
        if !self.searcher.found.is_empty() {
            let evaluated = self.evaluate(rulesets, message, circumstances, &mut budget);
            if evaluated.is_break() {
                ended = evaluated;
            }
            self.report(rulesets, message);
        }
        self.steps += budget.spent();
        ended
    }

    /// Decides on one message of a sender in a conversation, as [`Scanner::scan`] does, and on the terms that it is the last piece of: those
    /// of rules with a `window`, cut over this and earlier messages of the same sender. Their hits name the messages they lie in.
    ///
    /// `conversation` is what is kept of this sender in this conversation, and takes up this message; messages are handed in in their order,
    /// with the times at which they are screened. Give each sender of each conversation one of their own
    /// ([`Conversations`] holds many). Without rules with a window nothing is kept.
    ///
    /// Cost: besides the scan, some 64 characters of the message are read, and compared with what is kept.
    pub fn scan_in(
        &mut self,
        conversation: &mut Conversation,
        rulesets: &[&Ruleset],
        policy: &Policy,
        message: &Message<'_>,
        at: Timestamp,
    ) -> &Verdict {
        let longest = rulesets.iter().map(|ruleset| ruleset.windows.longest).max();
        let Some(longest) = longest.filter(|longest| *longest > 0) else {
            conversation.clear();
            return self.scan(rulesets, policy, message, at);
        };
        conversation.forget(Timestamp(at.0.saturating_sub(i64::from(longest))));
        self.windows.begin(conversation, at);
        self.scan(rulesets, policy, message, at);
        let text = match message.parts() {
            [text] if self.looked_at[0] == text.len() => Some(*text),
            // A picture, say, stands between.
            [] => Some(""),
            _ => None,
        };
        self.windows.end(conversation, text, message.id);
        &self.verdict
    }

    /// How much of each part is looked at.
    fn cut(&mut self, parts: &[&str]) -> Coverage {
        self.looked_at.clear();
        let mut left = self.limits.text_bytes;
        let mut coverage = if parts.is_empty() {
            Coverage::NOT_TEXT
        } else {
            Coverage::COMPLETE
        };
        for part in parts {
            let len = if part.len() <= left {
                part.len()
            } else {
                coverage = coverage.and(Coverage::TEXT_LIMIT);
                grapheme_floor(part, left)
            };
            left = if len < part.len() { 0 } else { left - len };
            self.looked_at.push(len);
        }
        coverage
    }

    fn search(
        &mut self,
        rulesets: &[&Ruleset],
        message: &Message<'_>,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        // First, so that the search knows what is found already: what the hits of a rule are depends on all of them.
        if let [text] = message.parts() {
            let text = &text[..self.looked_at[0]];
            let found = &mut self.searcher.found;
            self.windows.search(rulesets, text, found, budget)?;
        }
        let limits = &self.limits;
        let texts = message.parts().iter().zip(&self.looked_at);
        let parts = texts.enumerate().map(|(number, (text, len))| Part {
            number: number as u32,
            text: &text[..*len],
            limits,
        });
        self.searcher.search(rulesets, parts, budget)
    }

    fn evaluate(
        &mut self,
        rulesets: &[&Ruleset],
        message: &Message<'_>,
        circumstances: Circumstances<'_>,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        let parts: Vec<&str> = message
            .parts()
            .iter()
            .zip(&self.looked_at)
            .map(|(text, len)| &text[..*len])
            .collect();
        let mut evaluation = Evaluation::new(
            rulesets,
            &parts,
            &self.searcher.found,
            circumstances,
            budget,
        )?;
        evaluation.run(budget, &mut self.fired)
    }

    /// Writes the findings.
    fn report(&mut self, rulesets: &[&Ruleset], message: &Message<'_>) {
        let locked = rulesets.iter().take_while(|ruleset| ruleset.locked).count();
        let found = std::mem::take(&mut self.searcher.found);
        let mut explained: Vec<Option<Variants>> = vec![None; found.len()];
        for fired in std::mem::take(&mut self.fired) {
            let row = rulesets[fired.ruleset].rule(fired.rule);
            let mut hits = fired.hits;
            let key = |hit: &u32| -> (&Found, &str) {
                let found = &found[*hit as usize];
                let ruleset = rulesets[found.ruleset as usize];
                (found, ruleset.term(found.term).text)
            };
            let placed = |hit: &u32| {
                let found = &found[*hit as usize];
                (found.part, found.span)
            };
            hits.sort_by(|a, b| {
                // Texts are looked up where two terms stand at one place.
                placed(a).cmp(&placed(b)).then_with(|| {
                    let ((a, a_text), (b, b_text)) = (key(a), key(b));
                    (a_text, a.across).cmp(&(b_text, b.across))
                })
            });
            let covered: Vec<(usize, Span)> = hits
                .iter()
                .map(|hit| {
                    let found = &found[*hit as usize];
                    (found.part as usize, found.span)
                })
                .collect();
            let mut reported: Vec<Hit> = Vec::new();
            let mut last_across = None;
            for hit in &hits {
                let (place, text) = key(hit);
                let same = reported.last().is_some_and(|last| {
                    (last.part, last.span, &*last.term) == (place.part as usize, place.span, text)
                        && last_across == place.across
                });
                if !same && reported.len() >= self.limits.spans {
                    break;
                }
                let variants = *explained[*hit as usize].get_or_insert_with(|| {
                    let part = Part {
                        number: place.part,
                        text: &message.parts()[place.part as usize]
                            [..self.looked_at[place.part as usize]],
                        limits: &self.limits,
                    };
                    let ruleset = rulesets[place.ruleset as usize];
                    self.searcher.explain(ruleset, &part, place)
                });
                match reported.last_mut() {
                    Some(last) if same => {
                        if simpler(variants, last.variants) {
                            last.variants = variants;
                        }
                    }
                    _ => {
                        last_across = place.across;
                        let here = Hit {
                            part: place.part as usize,
                            span: place.span,
                            term: Arc::from(text),
                            variants,
                            earlier: None,
                        };
                        let before = place.across.into_iter().flat_map(|across| {
                            self.windows.pieces(across).map(|(span, earlier)| Hit {
                                span,
                                earlier: Some(earlier),
                                ..here.clone()
                            })
                        });
                        reported.extend(before);
                        reported.push(here);
                    }
                }
            }
            reported.truncate(self.limits.spans);
            let finding = Finding {
                rule: Arc::from(row.id()),
                category: Arc::clone(&row.category),
                severity: row.severity,
                action: fired.action,
                lowered_from: fired.lowered_from,
                alert: row.alert,
                references: Arc::clone(&row.references),
                listings: fired.listings,
                hits: reported,
            };
            if fired.ruleset < locked {
                let (findings, shadow) = &mut self.of_locked;
                *(if fired.shadow { shadow } else { findings }) += 1;
            }
            self.verdict.add(finding, covered, fired.shadow);
        }
        self.searcher.found = found;
    }

    /// The verdict names what decided it. The name is made anew only when that changed.
    fn name_rulesets(&mut self, rulesets: &[&Ruleset], policy: &Policy) {
        let (known, made) = &mut self.digests;
        let policy = policy.digest();
        let same = made.is_some()
            && known.len() == rulesets.len() + 1
            && known[0] == policy
            && known[1..]
                .iter()
                .zip(rulesets)
                .all(|(known, ruleset)| *known == ruleset.digest);
        if !same {
            known.clear();
            known.push(policy);
            known.extend(rulesets.iter().map(|ruleset| ruleset.digest));
            let mut hasher = blake3::Hasher::new();
            for digest in known {
                hasher.update(&digest.0);
            }
            let limits = self.limits_digest.get_or_insert_with(|| {
                let limits = format!("{:?}", self.limits);
                Digest(*blake3::hash(limits.as_bytes()).as_bytes())
            });
            hasher.update(&limits.0);
            *made = Some(Digest(*hasher.finalize().as_bytes()));
        }
        if let Some(digest) = made {
            self.verdict.digest = digest.0;
        }
    }
}

/// Whether `a` explains with fewer variants than `b`, or with as many that stand earlier in the table.
fn simpler(a: Variants, b: Variants) -> bool {
    (a.len(), a.iter().collect::<Vec<_>>()) < (b.len(), b.iter().collect::<Vec<_>>())
}

/// The last grapheme border at or before byte `at`.
fn grapheme_floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let mut cursor = GraphemeCursor::new(at, text.len(), true);
    if cursor.is_boundary(text, 0) == Ok(true) {
        return at;
    }
    cursor.prev_boundary(text, 0).ok().flatten().unwrap_or(0)
}

/// Screens many messages on all cores (feature `rayon`), in order.
///
/// Each message is judged as by [`Scanner::scan`] with the default limits.
#[cfg(feature = "rayon")]
pub fn screen_batch(
    rulesets: &[&Ruleset],
    policy: &Policy,
    messages: &[Message<'_>],
    at: Timestamp,
) -> Vec<Verdict> {
    use rayon::prelude::*;

    messages
        .par_iter()
        .map_init(Scanner::new, |scanner, message| {
            scanner.scan(rulesets, policy, message, at).clone()
        })
        .collect()
}

/// The hits of a ruleset of one term in one text.
#[cfg(feature = "fuzzing")]
pub(crate) fn hits(ruleset: &Ruleset, text: &str, limits: &Limits) -> Vec<(Span, Variants)> {
    let part = Part {
        number: 0,
        text,
        limits,
    };
    // There is no rule to which anything could matter.
    let mut searcher = Searcher::of_all();
    let mut budget = Budget::new(limits, text.len());
    let _ = searcher.search(&[ruleset], std::iter::once(part), &mut budget);
    let found = std::mem::take(&mut searcher.found);
    found
        .iter()
        .map(|found| (found.span, searcher.explain(ruleset, &part, found)))
        .collect()
}
