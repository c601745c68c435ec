//! Figures for a transparency report.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::alert::identity::AlertId;
use crate::alert::note::Note;
use crate::alert::record::Facts;
use crate::primitives::Timestamp;
use crate::verdict::Action;

/// What happened in one month with rules of one category.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Row {
    /// The month, `YYYY-MM`.
    pub month: String,
    /// The category.
    pub category: String,
    /// Alerts: one for each rule that fired on a message and asked for one.
    pub alerts: u64,
    /// Of these, on messages that were masked.
    pub masked: u64,
    /// Held for review.
    pub reviewed: u64,
    /// Blocked.
    pub blocked: u64,
    /// Decisions that were reversed since.
    pub reversed: u64,
    /// Their share of the restrictions; none if there was no restriction.
    pub reversed_share: Option<f64>,
}

/// Counts alerts and what was done about them. Hand it every record of the store; it takes those of its period.
#[derive(Clone, Debug)]
pub struct Figures {
    from: Timestamp,
    until: Timestamp,
    rows: BTreeMap<(String, String), Row>,
    /// Where each alert was counted, of those that were restricted.
    restricted: BTreeMap<AlertId, (String, String)>,
    reversed: BTreeSet<AlertId>,
}

impl Figures {
    /// Figures of alerts raised from `from` on and before `until`.
    pub fn new(from: Timestamp, until: Timestamp) -> Self {
        Self {
            from,
            until,
            rows: BTreeMap::new(),
            restricted: BTreeMap::new(),
            reversed: BTreeSet::new(),
        }
    }

    /// Counts an alert, whether its content was erased or not.
    pub fn alert(&mut self, facts: &Facts) {
        if !(self.from..self.until).contains(&facts.raised) {
            return;
        }
        let day = super::date(facts.raised);
        let key = (day[..day.len() - 3].to_owned(), facts.category.clone());
        let row = self.rows.entry(key.clone()).or_default();
        row.alerts += 1;
        match facts.decided {
            Action::Pass => return,
            Action::Mask => row.masked += 1,
            Action::Review => row.reviewed += 1,
            Action::Block => row.blocked += 1,
        }
        self.restricted.insert(facts.id, key);
    }

    /// Counts what was done.
    pub fn note(&mut self, note: &Note) {
        if let Note::Reversed { id, .. } = note {
            self.reversed.insert(*id);
        }
    }

    /// By month and category, in order.
    pub fn rows(mut self) -> Vec<Row> {
        for id in &self.reversed {
            if let Some(row) = self
                .restricted
                .get(id)
                .and_then(|key| self.rows.get_mut(key))
            {
                row.reversed += 1;
            }
        }
        self.rows
            .into_iter()
            .map(|((month, category), row)| {
                let restricted = row.masked + row.reviewed + row.blocked;
                Row {
                    month,
                    category,
                    reversed_share: (restricted > 0)
                        .then(|| row.reversed as f64 / restricted as f64),
                    ..row
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::record::sample;

    #[test]
    fn figures_count_by_month_and_category() {
        let mut figures = Figures::new(Timestamp(1_793_491_200), Timestamp(1_796_083_200));
        let mut last = None;
        for (n, decided) in [Action::Block, Action::Block, Action::Review, Action::Pass]
            .into_iter()
            .enumerate()
        {
            let mut facts = sample(&format!("m{n}")).facts;
            facts.decided = decided;
            figures.alert(&facts);
            last.get_or_insert(facts.id);
        }
        let mut outside = sample("m9").facts;
        outside.raised = Timestamp(1_796_083_200);
        figures.alert(&outside);
        for _ in 0..2 {
            figures.note(&Note::Reversed {
                id: last.expect("an alert"),
                ground: "appeal".to_owned(),
                by: "reviewer".to_owned(),
                at: Timestamp(0),
            });
        }
        let rows = figures.rows();
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert_eq!((&*row.month, &*row.category), ("2026-11", "fraud.lure"));
        assert_eq!(
            (row.alerts, row.blocked, row.reviewed, row.masked),
            (4, 2, 1, 0)
        );
        assert_eq!(row.reversed, 1);
        assert!((row.reversed_share.expect("a share") - 1.0 / 3.0).abs() < 1e-9);
    }
}
