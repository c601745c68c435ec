//! tidegate as it is measured: a pack of one rule that lists the terms, under the default variants and word borders, and all hits reported.

use std::collections::HashMap;

use tidegate::limits::Limits;
use tidegate::oracle::{self, Case, House};
use tidegate::{
    Action, Compiler, Message, Pack, PackLimits, Policy, Ruleset, Scanner, Scene, Timestamp,
};

use super::Corpus;

/// One message in so many may hold a term.
const CLEAN: usize = 100;

pub(crate) fn pack(terms: &[String]) -> Pack {
    let list: Vec<String> = terms.iter().map(|term| format!("\"{term}\"")).collect();
    let source = format!(
        "format = 1\n[pack]\nid = \"bench.words\"\nversion = \"1.0.0\"\ntitle = \"Words\"\n[[rule]]\nid = \"words\"\n\
         category = \"bench.words\"\nterms = [{}]\n[rule.samples]\nmatch = [\"{}\"]\npass = [\"-\"]\n",
        list.join(", "),
        terms[0]
    );
    let limits = PackLimits::operator();
    let mut none = |_: &str| Err("there are no word files".to_owned());
    let parsed = Pack::parse_with("bench.toml", &source, &limits, &mut none);
    parsed.unwrap_or_else(|refused| panic!("{refused}")).pack
}

pub(crate) fn compiled(terms: &[String]) -> Ruleset {
    build(pack(terms))
}

pub(crate) fn build(pack: Pack) -> Ruleset {
    let built = Compiler::new()
        .pack(pack)
        .limits(PackLimits::operator())
        .build();
    built.unwrap_or_else(|refused| panic!("{refused}"))
}

/// A scanner and what it screens with, with all that a server asks for: a verdict with spans in bytes.
pub(crate) struct Ours {
    pub(crate) ruleset: Ruleset,
    policy: Policy,
    scanner: Scanner,
}

impl Ours {
    pub(crate) fn new(terms: &[String]) -> Self {
        let mut limits = Limits::default();
        limits.spans = usize::MAX;
        Self {
            ruleset: compiled(terms),
            policy: Policy::default(),
            scanner: Scanner::with_limits(limits),
        }
    }

    pub(crate) fn hits<'a>(&'a mut self, text: &str) -> impl Iterator<Item = &'a str> + 'a {
        let message = Message::text(text);
        let verdict = self
            .scanner
            .scan(&[&self.ruleset], &self.policy, &message, Timestamp(0));
        let findings = verdict.findings.iter();
        findings.flat_map(|finding| finding.hits.iter().map(|hit| &*hit.term))
    }

    pub(crate) fn count(&mut self, text: &str) -> usize {
        self.hits(text).count()
    }
}

/// Of the words those that no more than one message in a hundred holds.
pub(crate) fn terms(corpus: &Corpus, count: usize) -> Vec<String> {
    let words = corpus.words(count + count / 4);
    let mut ours = Ours::new(&words);
    // For each term, how many messages of each set hold it.
    let mut held: HashMap<String, [usize; 3]> = HashMap::new();
    let sets = corpus.sets().map(|(_, messages)| messages);
    for (number, set) in sets.into_iter().enumerate() {
        for text in set {
            let mut terms: Vec<&str> = ours.hits(text).collect();
            terms.sort_unstable();
            terms.dedup();
            for term in terms {
                held.entry(term.to_owned()).or_default()[number] += 1;
            }
        }
    }
    let mut left = sets.map(|set| set.len() / CLEAN);
    let mut terms = Vec::with_capacity(count);
    for word in words {
        let messages = held.get(&word).copied().unwrap_or_default();
        if messages
            .iter()
            .zip(left)
            .all(|(held, left)| *held <= left.min(5))
        {
            for (left, held) in left.iter_mut().zip(messages) {
                *left -= held;
            }
            terms.push(word);
        }
    }
    terms.truncate(count);
    terms
}

/// What the relations say of some messages, those with hits among them, is what we say.
pub(crate) fn assert_right(terms: &[String], ours: &mut Ours, messages: &[String]) {
    let packs = [pack(terms)];
    let mut limits = Limits::default();
    limits.spans = usize::MAX;
    let (with, without): (Vec<&String>, Vec<&String>) =
        messages.iter().partition(|text| ours.count(text) > 0);
    for text in with.iter().take(10).chain(without.iter().take(10)) {
        let case = Case {
            packs: &[&packs],
            parts: &[text],
            before: &[],
            scene: Scene::Group,
            conversation: None,
            at: Timestamp(0),
            jurisdictions: &[],
            limits: &limits,
            on_partial: Action::Review,
            house: House::default(),
        };
        let answer = oracle::screen(&case);
        let hits = answer.findings.iter().map(|finding| finding.hits.len());
        assert_eq!(ours.count(text), hits.sum::<usize>(), "{text}");
    }
}
