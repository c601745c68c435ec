//! Terms that no sample holds: what a rule says that nobody has tried.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::engine::{Message, Scanner};
use crate::pack::{Pack, Status, Term};
use crate::ruleset::Ruleset;

/// The terms of one list, or of the exceptions of a list, a rule or a pack, that no sample of the pack holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unexercised {
    /// Pack id.
    pub pack: Arc<str>,
    /// Pack id and rule id, if it is a rule's own list.
    pub rule: Option<Arc<str>>,
    /// The list; `except` for exceptions.
    pub list: Arc<str>,
    /// How many terms it has.
    pub of: usize,
    /// Those that are in no sample, in the order of the list.
    pub terms: Vec<Arc<str>>,
}

/// Which terms are in a sample of which pack.
#[derive(Debug, Default)]
pub(super) struct Exercised {
    terms: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
}

impl Exercised {
    /// Notes the terms that stand in the texts of a sample of `pack`, however disguised.
    pub(super) fn add<'t>(
        &mut self,
        pack: &Pack,
        scanner: &mut Scanner,
        ruleset: &Ruleset,
        texts: impl IntoIterator<Item = &'t str>,
    ) {
        let terms = self.terms.entry(Arc::clone(&pack.id)).or_default();
        for text in texts {
            terms.extend(scanner.terms_in(ruleset, &Message::text(text)));
        }
    }

    /// What is left of a pack.
    pub(super) fn rest(&self, pack: &Pack) -> Vec<Unexercised> {
        let mut rest = Vec::new();
        let mut look = |rule: Option<&str>, list: &str, terms: &[Term]| {
            let known = self.terms.get(&pack.id);
            let left: Vec<Arc<str>> = terms
                .iter()
                .filter(|term| known.is_none_or(|known| !known.contains(&term.text)))
                .map(|term| Arc::clone(&term.text))
                .collect();
            if !left.is_empty() {
                rest.push(Unexercised {
                    pack: Arc::clone(&pack.id),
                    rule: rule.map(|rule| Arc::from(format!("{}/{rule}", pack.id))),
                    list: Arc::from(list),
                    of: terms.len(),
                    terms: left,
                });
            }
        };
        look(None, "except", &pack.except);
        for list in &pack.lists {
            look(None, &list.name, &list.terms);
            look(None, "except", &list.except);
        }
        for rule in pack
            .rules
            .iter()
            .filter(|rule| rule.status != Status::Retired)
        {
            for list in &rule.lists {
                look(Some(&rule.id), &list.name, &list.terms);
                look(Some(&rule.id), "except", &list.except);
            }
            look(Some(&rule.id), "except", &rule.except);
        }
        rest
    }
}
