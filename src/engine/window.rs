//! Terms cut over consecutive messages of one sender (`src/ARCHITECTURE.md`, 9).

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::primitives::{Span, Timestamp, Window};
use crate::ruleset::{Ruleset, TermRow};
use crate::text::tables::{self, Class, Script};
use crate::text::window::{SYMBOLS, WindowTerm};
use crate::variant::Variant;
use crate::verdict::{Coverage, Earlier};

use super::budget::Budget;
use super::conversation::{Cell, Conversation, Edge};
use super::search::Found;
use super::walk::binds;

/// How far a hit reaches back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Across {
    /// The message it begins in, by its place among those kept, and the cell.
    kept: u16,
    cell: u16,
    messages: u32,
    seconds: i64,
}

impl Across {
    pub(super) fn fits(self, window: Window) -> bool {
        self.messages <= window.messages && self.seconds <= i64::from(window.seconds)
    }
}

/// The search over messages: scratch, and, while a message is screened, what is kept of its sender.
#[derive(Debug, Default)]
pub(super) struct Windows {
    conversation: Conversation,
    edge: Edge,
    at: Timestamp,
    /// Whether the message is of a sender whose messages are kept.
    active: bool,
    /// Whether `edge` is the beginning of the message.
    headed: bool,
}

impl Windows {
    /// Takes what is kept of a sender, for one message.
    pub(super) fn begin(&mut self, conversation: &mut Conversation, at: Timestamp) {
        std::mem::swap(&mut self.conversation, conversation);
        self.at = at;
        self.active = true;
        self.headed = false;
    }

    /// Adds the hits that end in the beginning of `text`.
    pub(super) fn search(
        &mut self,
        rulesets: &[&Ruleset],
        text: &str,
        found: &mut Vec<Found>,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        if !self.active || self.conversation.is_empty() {
            return ControlFlow::Continue(());
        }
        if !self.headed {
            self.headed = true;
            self.edge.head(text);
        }
        budget.spend(text.len() as u64)?;
        if self.edge.cells.is_empty() || !self.edge.open.0 {
            return ControlFlow::Continue(());
        }
        for (number, ruleset) in rulesets.iter().enumerate() {
            let first = found.len();
            // From the last message back, and in it from the end back: of the hits of a term, the one that begins last counts.
            for kept in (0..self.conversation.kept.len()).rev() {
                let row = &self.conversation.kept[kept];
                if !row.open.1 {
                    break;
                }
                for cell in row.cells.clone().rev() {
                    self.from(ruleset, number as u32, (kept, cell), first, found, budget)?;
                }
                if !row.whole || !row.open.0 {
                    break;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Adds the hits of a ruleset that begin at a cell.
    fn from(
        &self,
        ruleset: &Ruleset,
        number: u32,
        (kept, start): (usize, usize),
        first: usize,
        found: &mut Vec<Found>,
        budget: &mut Budget,
    ) -> ControlFlow<()> {
        let cells = &self.conversation.cells;
        let row = &self.conversation.kept[kept];
        // What stands before the first cell of a cut row is not known.
        let known = row.whole || start > row.cells.start;
        if !cells[start].is_first() || !known || cells.len() - start >= SYMBOLS {
            return ControlFlow::Continue(());
        }
        let before = (start > row.cells.start).then(|| cells[start - 1]);
        let before = before.filter(|_| cells[start].adjoins());
        let terms = &ruleset.windows;
        let mut range = terms.all();
        let joined = cells[start..].iter().chain(&self.edge.cells).copied();
        let mut path = Path::new(kept, start, self);
        for (length, cell) in joined.take(SYMBOLS).enumerate() {
            budget.spend(1)?;
            let in_newest = start + length >= cells.len();
            let begins_message = length > 0
                && (start + length == cells.len()
                    || self
                        .conversation
                        .kept
                        .iter()
                        .any(|row| row.cells.start == start + length));
            if length > 0 && !begins_message && cell.after_hard() {
                break;
            }
            path.push(cell, begins_message);
            range = terms.narrow(range, length, tables::case_fold(cell.symbol()));
            if range.is_empty() {
                break;
            }
            if !in_newest || !cell.is_last() {
                continue;
            }
            let last = start + length - cells.len();
            let after = self.edge.cells.get(last + 1).copied();
            let after = after.filter(|after| after.adjoins());
            for (term, reading) in terms.complete(range.clone(), length + 1) {
                let row = ruleset.term(term);
                let known = found[first..].iter().any(|found| found.term == term);
                if !known && path.accepts(row, reading, before, after) {
                    found.push(Found {
                        ruleset: number,
                        term,
                        part: 0,
                        span: self.edge.span_to(last),
                        view: None,
                        written: None,
                        across: Some(self.across(kept, start)),
                    });
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn across(&self, kept: usize, cell: usize) -> Across {
        Across {
            kept: kept as u16,
            cell: cell as u16,
            messages: (self.conversation.kept.len() - kept + 1) as u32,
            seconds: self.at.0.saturating_sub(self.conversation.kept[kept].at.0),
        }
    }

    /// Where a hit lies in the messages before, from the first on.
    pub(super) fn pieces(&self, across: Across) -> impl Iterator<Item = (Span, Earlier)> {
        let first = usize::from(across.kept);
        let kept = self.conversation.kept.len();
        (first..kept).map(move |at| {
            let start = if at == first {
                usize::from(across.cell)
            } else {
                self.conversation.kept[at].cells.start
            };
            let span = self.conversation.span_from(at, start);
            let earlier = Earlier {
                back: kept - at,
                id: self.conversation.id(at).map(Arc::from),
            };
            (span, earlier)
        })
    }

    /// What may be missing of the messages before.
    pub(super) fn coverage(&self) -> Coverage {
        if self.active && self.conversation.is_lost(self.at) {
            Coverage::LOST_STATE
        } else {
            Coverage::COMPLETE
        }
    }

    /// Gives back what is kept of the sender, with this message as the last. `text` is what is looked at of it; `None` if it cannot be
    /// continued: it came in parts, or was cut.
    pub(super) fn end(
        &mut self,
        conversation: &mut Conversation,
        text: Option<&str>,
        id: Option<&str>,
    ) {
        match text {
            Some(text) => {
                // Of a short message, the beginning is the whole.
                if !(self.headed && self.edge.whole) {
                    self.edge.tail(text);
                }
                self.conversation.push(&self.edge, id, self.at);
            }
            None => self.conversation.clear(),
        }
        self.active = false;
        std::mem::swap(&mut self.conversation, conversation);
    }
}

/// The cells of a hit so far, and how they lie in messages.
struct Path<'a> {
    windows: &'a Windows,
    cells: [(char, bool); SYMBOLS],
    len: usize,
    clusters: usize,
    pieces: usize,
    /// Whether each piece is a single cluster.
    apart: bool,
    /// Clusters of the piece so far.
    in_piece: usize,
}

impl<'a> Path<'a> {
    fn new(kept: usize, start: usize, windows: &'a Windows) -> Self {
        // Characters one a message begin with a message of one.
        let begins = windows.conversation.kept[kept].cells.start == start;
        Self {
            windows,
            cells: [(char::default(), false); SYMBOLS],
            len: 0,
            clusters: 0,
            pieces: 1,
            apart: begins,
            in_piece: 0,
        }
    }

    fn push(&mut self, cell: Cell, begins_message: bool) {
        if begins_message {
            self.pieces += 1;
            self.in_piece = 0;
        }
        if cell.is_first() {
            self.clusters += 1;
            self.in_piece += 1;
            self.apart &= self.in_piece == 1;
        }
        let soft = !begins_message && cell.after_soft();
        self.cells[self.len] = (cell.symbol(), soft);
        self.len += 1;
    }

    /// Whether the cells are that term, in a disguise, and on its borders.
    fn accepts(
        &self,
        row: TermRow<'_>,
        term: &WindowTerm,
        before: Option<Cell>,
        after: Option<Cell>,
    ) -> bool {
        let cells = &self.cells[..self.len];
        let cased = row.variants.contains(Variant::Case);
        let equal = cased || cells.iter().map(|(symbol, _)| symbol).eq(&*term.symbols);
        // White space stands only where the term has it.
        let spaced = cells[1..]
            .iter()
            .zip(&*term.soft)
            .all(|((_, space), soft)| !space || *soft);
        let (first, last) = (cells[0].0, cells[self.len - 1].0);
        let free = |edge: char, left, neighbour: Option<Cell>| {
            !is_bound(row, edge, left) || neighbour.is_none_or(|next| !binds(edge, next.symbol()))
        };
        equal
            && spaced
            && free(first, true, before)
            && free(last, false, after)
            && self.is_disguise(cells)
    }

    /// Whether so many pieces are no accident of talk.
    fn is_disguise(&self, cells: &[(char, bool)]) -> bool {
        let scripts = cells.iter().map(|(symbol, _)| tables::script(*symbol));
        // That of the first letter; digits have none.
        let Some(script) = scripts.into_iter().find(|script| *script != Script::Common) else {
            return self.apart && self.pieces > 2;
        };
        let newest = &self.windows.edge;
        let alone = newest.whole && newest.clusters() == 1;
        let syllables = script.is_unspaced() || script == Script::Hangul;
        if self.apart && (self.pieces > 2 || alone && syllables) {
            return true;
        }
        let least = match script {
            _ if syllables => 3,
            Script::Arabic | Script::Hebrew => 4,
            _ => 5,
        };
        self.clusters >= least
    }
}

/// Whether an edge of a term must stand on a word border (`src/ARCHITECTURE.md`, 3).
fn is_bound(row: TermRow<'_>, edge: char, left: bool) -> bool {
    row.word.unwrap_or_else(|| {
        let script = tables::script(edge);
        let letter = script.bounds_words() && (left || script != Script::Hangul && !row.turkic);
        letter || tables::class(edge) == Class::Digit
    })
}
