//! What is kept of a sender in a conversation, so that a term cut over messages is found (`src/ARCHITECTURE.md`, 9).
//!
//! Folded symbols and offsets, no text: of each message the symbols at its end, and of messages only as many as a term could reach over.

use std::collections::{HashMap, VecDeque};

use unicode_segmentation::UnicodeSegmentation;

use crate::primitives::{Span, Timestamp, Window};
use crate::text::fold::{Folder, Symbol};
use crate::text::tables::{self, Class};
use crate::text::window::{READ, SYMBOLS};

use super::Message;

/// Bytes of a message's id that are kept; a longer one is not.
const ID: usize = 128;

/// A letter or digit of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    bits: u32,
    /// Where its cluster starts in the text.
    at: u32,
}

const FIRST: u32 = 1 << 21;
const LAST: u32 = 1 << 22;
const SOFT: u32 = 1 << 23;
const HARD: u32 = 1 << 24;

impl Cell {
    pub(super) fn symbol(self) -> char {
        char::from_u32(self.bits & (FIRST - 1)).unwrap_or_default()
    }

    /// Whether it is the first symbol of its cluster.
    pub(super) fn is_first(self) -> bool {
        self.bits & FIRST != 0
    }

    pub(super) fn is_last(self) -> bool {
        self.bits & LAST != 0
    }

    /// Whether only what may stand inside a term stands before it: white space and joiners.
    pub(super) fn after_soft(self) -> bool {
        self.bits & SOFT != 0
    }

    /// Whether something else stands before it.
    pub(super) fn after_hard(self) -> bool {
        self.bits & HARD != 0
    }

    /// Whether it stands directly after the one before.
    pub(super) fn adjoins(self) -> bool {
        self.bits & (SOFT | HARD) == 0
    }
}

/// Letters and digits at an end of a message.
#[derive(Debug, Default)]
pub(super) struct Edge {
    pub(super) cells: Vec<Cell>,
    /// Where the cluster of each cell ends.
    pub(super) ends: Vec<u32>,
    /// Whether these are all that the message holds.
    pub(super) whole: bool,
    /// Whether prose stands neither before the first of them nor, where they are all, after the last.
    pub(super) open: (bool, bool),
    folder: Folder,
    symbols: Vec<Symbol>,
}

impl Edge {
    /// Reads the beginning of a text: at most [`SYMBOLS`] cells and those of one cluster more.
    pub(super) fn head(&mut self, text: &str) {
        self.cells.clear();
        self.ends.clear();
        self.whole = true;
        let mut gap = Gap::default();
        let mut before = None;
        for (at, cluster) in text.grapheme_indices(true) {
            if self.cells.len() > SYMBOLS {
                self.whole = false;
                break;
            }
            if self.cluster(at, cluster, gap) {
                before = before.or(Some(gap));
                gap = Gap::default();
            } else {
                self.skip(&mut gap);
            }
        }
        let single = self.whole && self.clusters() == 1;
        self.open = (
            single || !before.unwrap_or_default().prose,
            single || !gap.prose,
        );
    }

    /// Reads the end of a text: the cells of its last clusters, [`SYMBOLS`] or just more.
    pub(super) fn tail(&mut self, text: &str) {
        self.cells.clear();
        self.ends.clear();
        self.whole = true;
        // From the end on: each cell stands before the one read last, and the gap belongs to that.
        let mut after = Gap::default();
        let mut gap = Gap::default();
        for (at, cluster) in text.grapheme_indices(true).rev() {
            if self.cells.len() >= SYMBOLS {
                self.whole = false;
                break;
            }
            let from = self.cells.len();
            if self.cluster(at, cluster, Gap::default()) {
                if from == 0 {
                    after = gap;
                } else if let Some(next) = self.cells.get_mut(from - 1) {
                    next.bits |= gap.bits();
                }
                // Backwards, so that turning the whole row sets it right.
                self.cells[from..].reverse();
                gap = Gap::default();
            } else {
                self.skip(&mut gap);
            }
        }
        self.cells.reverse();
        self.ends.reverse();
        let single = self.whole && self.clusters() == 1;
        self.open = (single || !gap.prose, single || !after.prose);
    }

    /// Adds the cells of a cluster of letters and digits; whether it is one. What it was folded to is left in `symbols`.
    fn cluster(&mut self, at: usize, cluster: &str, gap: Gap) -> bool {
        self.symbols.clear();
        self.folder.fold(cluster, READ, &mut self.symbols);
        let is_word =
            |symbol: &Symbol| matches!(tables::class(symbol.plain), Class::Letter | Class::Digit);
        if self.symbols.is_empty() || !self.symbols.iter().all(is_word) {
            return false;
        }
        let last = self.symbols.len() - 1;
        for (nth, symbol) in self.symbols.iter().enumerate() {
            let mut bits = symbol.plain as u32;
            if nth == 0 {
                bits |= FIRST | gap.bits();
            }
            if nth == last {
                bits |= LAST;
            }
            self.cells.push(Cell {
                bits,
                at: at as u32,
            });
            self.ends.push((at + cluster.len()) as u32);
        }
        true
    }

    fn skip(&self, gap: &mut Gap) {
        for symbol in &self.symbols {
            match tables::class(symbol.plain) {
                Class::Space | Class::Joiner => gap.any = true,
                Class::Noise => gap.hard = true,
                // A letter here stands in one cluster with something else, as in (株).
                Class::Prose | Class::Letter | Class::Digit => {
                    gap.hard = true;
                    gap.prose = true;
                }
            }
        }
    }

    pub(super) fn clusters(&self) -> usize {
        self.cells.iter().filter(|cell| cell.is_first()).count()
    }

    /// The span from the cluster of the first cell to the end of the cluster of `last`.
    pub(super) fn span_to(&self, last: usize) -> Span {
        Span::new(self.cells[0].at as usize, self.ends[last] as usize)
    }
}

/// What stands between two letters.
#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    any: bool,
    hard: bool,
    prose: bool,
}

impl Gap {
    fn bits(self) -> u32 {
        match self {
            Self { hard: true, .. } => HARD,
            Self { any: true, .. } => SOFT,
            _ => 0,
        }
    }
}

/// A message of which something is kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) at: Timestamp,
    /// Its cells are these of the conversation.
    pub(super) cells: std::ops::Range<usize>,
    /// Where the last of them ends in the text.
    end: u32,
    pub(super) whole: bool,
    pub(super) open: (bool, bool),
    id: Option<String>,
}

/// What is kept of one sender in one conversation: symbols at the ends of the last messages, as far as a term could reach back.
///
/// At most 62 symbols of eight bytes, of at most 15 messages, with their times and ids (those of up to 128 bytes); no text. It is personal
/// data all the same: drop it with the conversation, and keep it nowhere. Messages older than the longest window are forgotten with the
/// next one, or by [`Conversation::forget`].
///
/// # Examples
///
/// ```
/// use tidegate::{Compiler, Conversation, Message, Pack, Policy, Scanner, Timestamp};
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
/// # terms = ["礼品卡"]
/// # window = { messages = 4, seconds = 60 }
/// # [rule.samples]
/// # match = ["礼品卡"]
/// # pass = ["好词"]
/// # "#;
/// let pack = Pack::parse("words.toml", source)?.pack;
/// let ruleset = Compiler::new().pack(pack).build()?;
/// let (policy, mut scanner) = (Policy::default(), Scanner::new());
/// let mut of_sender = Conversation::new();
/// let first = Message::text("出售礼品").sender("u7").id("m1");
/// let verdict = scanner.scan_in(&mut of_sender, &[&ruleset], &policy, &first, Timestamp(100));
/// assert!(verdict.findings.is_empty());
/// let second = Message::text("卡，便宜").sender("u7").id("m2");
/// let verdict = scanner.scan_in(&mut of_sender, &[&ruleset], &policy, &second, Timestamp(103));
/// let hits = &verdict.findings[0].hits;
/// assert_eq!(hits[0].earlier.as_ref().and_then(|earlier| earlier.id.as_deref()), Some("m1"));
/// assert_eq!(hits[1].earlier, None);
/// # Ok::<(), tidegate::Diagnostics>(())
/// ```
#[derive(Debug, Default)]
pub struct Conversation {
    pub(super) kept: VecDeque<Kept>,
    pub(super) cells: Vec<Cell>,
    /// Ids of forgotten messages, for their memory.
    spare: Vec<String>,
    /// Until when something may be missing.
    lost_until: Option<Timestamp>,
}

impl Conversation {
    /// Nothing has been said yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Forgets messages from before `at`.
    pub fn forget(&mut self, before: Timestamp) {
        while self.kept.front().is_some_and(|kept| kept.at < before) {
            self.drop_first();
        }
    }

    /// Notes that messages from before `until` may have been forgotten though a window could reach them: verdicts up to then are
    /// covered but for `lost-state`. For a worker that takes over another's conversations.
    pub fn lost(&mut self, until: Timestamp) {
        self.lost_until = self.lost_until.max(Some(until));
    }

    pub(super) fn is_lost(&self, at: Timestamp) -> bool {
        self.lost_until.is_some_and(|until| at < until)
    }

    fn last(&self) -> Option<Timestamp> {
        self.kept.back().map(|kept| kept.at)
    }

    /// Forgets all messages, as after one that cannot be continued.
    pub(super) fn clear(&mut self) {
        while !self.kept.is_empty() {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        let Some(first) = self.kept.pop_front() else {
            return;
        };
        self.spare.extend(first.id);
        let gone = first.cells.len();
        self.cells.drain(..gone);
        for kept in &mut self.kept {
            kept.cells = kept.cells.start - gone..kept.cells.end - gone;
        }
    }

    /// Makes a message the last one. `edge` is its end, or the whole of it.
    pub(super) fn push(&mut self, edge: &Edge, id: Option<&str>, at: Timestamp) {
        let Some(end) = edge.ends.last() else {
            // Without a letter or digit it is passed over.
            return;
        };
        // The border of the first cell that counts needs the one before it.
        let skip = edge.cells.len().saturating_sub(SYMBOLS);
        let from = self.cells.len();
        self.cells.extend(&edge.cells[skip..]);
        let id = id.filter(|id| id.len() <= ID).map(|id| {
            let mut kept = self.spare.pop().unwrap_or_default();
            kept.clear();
            kept.push_str(id);
            kept
        });
        self.kept.push_back(Kept {
            at,
            cells: from..self.cells.len(),
            end: *end,
            whole: edge.whole && skip == 0,
            open: edge.open,
            id,
        });
        // A term that begins before the first message would have to hold all symbols after it, and one of the next message.
        while self.kept.len() >= Window::MOST_MESSAGES as usize
            || self
                .kept
                .front()
                .is_some_and(|first| self.cells.len() - first.cells.len() >= SYMBOLS - 1)
        {
            self.drop_first();
        }
    }

    /// The id of a message, by its place.
    pub(super) fn id(&self, kept: usize) -> Option<&str> {
        self.kept[kept].id.as_deref()
    }

    /// The span from the cluster of a cell of a message to the end of the last cluster of it.
    pub(super) fn span_from(&self, kept: usize, cell: usize) -> Span {
        let Kept { end, .. } = self.kept[kept];
        Span::new(self.cells[cell].at as usize, end as usize)
    }
}

/// The state of many senders, bounded in number and time.
///
/// A sender whose last message is older than the longest window is forgotten; beyond that, the sender who has been silent longest is, and
/// whoever turns up without state while one could be missing is marked as [`lost`](Conversation::lost).
///
/// Whose state it is, is kept as a 128-bit BLAKE3 of tenant, conversation and sender.
#[derive(Debug)]
pub struct Conversations {
    most: usize,
    seconds: i64,
    places: HashMap<[u8; 16], usize>,
    slots: Vec<Slot>,
    /// The slot whose sender has been silent longest, and the one who spoke last.
    ends: Option<(usize, usize)>,
    free: Vec<usize>,
    /// State that a window could still reach was evicted: until then, a sender without state may be one of those.
    lost_until: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Slot {
    key: [u8; 16],
    conversation: Conversation,
    /// When its sender was last heard of.
    at: Timestamp,
    before: Option<usize>,
    after: Option<usize>,
}

impl Conversations {
    /// Room for `most` senders (one at least), each forgotten `seconds` after the last message: as many as the longest window of the rules
    /// has ([`Ruleset::longest_window`](crate::Ruleset::longest_window)).
    pub fn new(most: usize, seconds: u32) -> Self {
        Self {
            most: most.max(1),
            seconds: i64::from(seconds),
            places: HashMap::new(),
            slots: Vec::new(),
            ends: None,
            free: Vec::new(),
            lost_until: None,
        }
    }

    /// Says that state was kept elsewhere and is lost: a sender without state may be one of those until then. For a worker that takes over
    /// another's conversations.
    pub fn lost(&mut self, until: Timestamp) {
        self.lost_until = self.lost_until.max(Some(until));
    }

    /// How many senders something is kept of.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The state of the sender of `message`, who speaks at `at`; `None` if the message names no sender. Messages without a conversation
    /// count as of one.
    ///
    /// Cost: a hash; what is forgotten is forgotten a sender at a time.
    pub fn of(&mut self, message: &Message<'_>, at: Timestamp) -> Option<&mut Conversation> {
        let key = key(message)?;
        self.expire(at);
        let slot = match self.places.get(&key).copied() {
            Some(slot) => {
                self.unlink(slot);
                slot
            }
            None => self.take_slot(key, at),
        };
        self.slots[slot].at = at;
        self.link_last(slot);
        Some(&mut self.slots[slot].conversation)
    }

    /// Forgets senders whose last message no window reaches from `at`, and messages of others that none does.
    fn expire(&mut self, at: Timestamp) {
        while let Some((first, _)) = self.ends
            && self.slots[first].at.0.saturating_add(self.seconds) < at.0
        {
            self.remove(first);
        }
    }

    fn take_slot(&mut self, key: [u8; 16], at: Timestamp) -> usize {
        if self.places.len() >= self.most
            && let Some((first, _)) = self.ends
        {
            if let Some(last) = self.slots[first].conversation.last() {
                let until = Timestamp(last.0.saturating_add(self.seconds).saturating_add(1));
                self.lost_until = self.lost_until.max(Some(until));
            }
            self.remove(first);
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        self.places.insert(key, slot);
        self.slots[slot].key = key;
        if let Some(until) = self.lost_until.filter(|until| at < *until) {
            self.slots[slot].conversation.lost(until);
        }
        slot
    }

    fn remove(&mut self, slot: usize) {
        self.unlink(slot);
        let Slot {
            key, conversation, ..
        } = &mut self.slots[slot];
        conversation.clear();
        conversation.lost_until = None;
        self.places.remove(key);
        self.free.push(slot);
    }

    fn unlink(&mut self, slot: usize) {
        let Slot { before, after, .. } = self.slots[slot];
        if let Some(before) = before {
            self.slots[before].after = after;
        }
        if let Some(after) = after {
            self.slots[after].before = before;
        }
        if let Some((first, last)) = self.ends {
            let first = if first == slot { after } else { Some(first) };
            let last = if last == slot { before } else { Some(last) };
            self.ends = first.zip(last);
        }
        self.slots[slot].before = None;
        self.slots[slot].after = None;
    }

    fn link_last(&mut self, slot: usize) {
        match self.ends {
            Some((first, last)) => {
                self.slots[last].after = Some(slot);
                self.slots[slot].before = Some(last);
                self.ends = Some((first, slot));
            }
            None => self.ends = Some((slot, slot)),
        }
    }
}

/// What tells senders apart.
fn key(message: &Message<'_>) -> Option<[u8; 16]> {
    let sender = message.sender?;
    let mut hasher = blake3::Hasher::new();
    for name in [message.tenant, message.conversation, Some(sender)] {
        let (given, name) = (name.is_some(), name.unwrap_or_default());
        hasher.update(&[u8::from(given)]);
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
    }
    let mut key = [0; 16];
    key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Some(key)
}
