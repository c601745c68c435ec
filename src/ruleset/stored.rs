//! How a [`Ruleset`] is written down: its rows in order, numbers as little-endian bytes, what is a row of rows with its length before it.
//!
//! What can be made again at the cost of a pass over the rows (the matchers' tables, regex programs, the tree of beginnings) is not written:
//! what is not read cannot be damaged. A reader trusts nothing: no length is believed that the bytes left could not hold, so that memory is
//! bounded by the file; and a ruleset exists only when every number in it names something (`sound`).

use std::ops::Range;
use std::sync::Arc;

use crate::limits::PackLimits;
use crate::matcher::regex::RegexMatcher;
use crate::matcher::{Matcher, Pattern};
use crate::primitives::{Scene, Scenes, Timestamp, Window};
use crate::text::term::{TermReading, TermSymbol};
use crate::variant::{Variant, Variants};
use crate::verdict::{Action, Listing, Severity};

use super::columns::{Groups, Numbers, Sparse, Texts};
use super::prefixes::Prefixes;
use super::terms::TermKind;
use super::{
    Begins, Digest, LowerRow, Names, Node, Operand, PackRow, PatternTerms, RegexRow, RuleTraits,
    Ruleset, TermRow, Terms, Words,
};

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flaw(pub(crate) &'static str);

/// Bytes that are left to read.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    left: &'a [u8],
    /// How many there were.
    whole: usize,
}

impl<'a> Source<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], Flaw> {
        let (taken, left) = self
            .left
            .split_at_checked(bytes)
            .ok_or(Flaw("it ends too early"))?;
        self.left = left;
        Ok(taken)
    }

    /// A length of things of at least `least` bytes each.
    fn length(&mut self, least: usize) -> Result<usize, Flaw> {
        let length = u32::read(self)? as usize;
        if length > self.left.len() / least {
            return Err(Flaw("a length is beyond the end"));
        }
        Ok(length)
    }
}

/// What can be written down.
pub(super) trait Stored: Sized {
    /// Bytes that one takes at least; never 0.
    const LEAST: usize;

    fn write(&self, out: &mut Vec<u8>);

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw>;
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Stored for $number {
            const LEAST: usize = size_of::<Self>();

            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
                let mut bytes = [0; size_of::<Self>()];
                bytes.copy_from_slice(from.take(size_of::<Self>())?);
                Ok(Self::from_le_bytes(bytes))
            }
        }
    )*};
}

numbers!(u8, u16, u32, i64);

/// Rows field by field.
macro_rules! rows {
    ($($row:ident { $first:ident $(, $field:ident)* })*) => {$(
        impl Stored for $row {
            // Every field takes a byte at least.
            const LEAST: usize = [stringify!($first) $(, stringify!($field))*].len();

            fn write(&self, out: &mut Vec<u8>) {
                self.$first.write(out);
                $(self.$field.write(out);)*
            }

            fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
                Ok(Self {
                    $first: Stored::read(from)?,
                    $($field: Stored::read(from)?,)*
                })
            }
        }
    )*};
}

rows! {
    Groups { starts, members }
    Listing { list, reference, from, until }
    LowerRow { when, unless, to }
    PackRow { id, version, digest }
    Names { kinds, table }
    PatternTerms { terms, ways, table }
    Pattern { symbols, begins_word, ends_word, doubled }
    RuleTraits {
        category, severity, action, alert, shadow, rollout, min_confidence, window, scenes, from, until, references, listings, pack, pack_except
    }
    Sparse { rows, numbers }
    TermKind { word, turkic, regex, variants }
    Window { messages, seconds }
}

/// Names of a closed set, by their place in it.
macro_rules! names {
    ($($name:ty: $all:expr;)*) => {$(
        impl Stored for $name {
            const LEAST: usize = 1;

            fn write(&self, out: &mut Vec<u8>) {
                let at = $all.iter().position(|known| known == self);
                out.push(at.unwrap_or_default() as u8);
            }

            fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
                let at = usize::from(u8::read(from)?);
                $all.get(at).copied().ok_or(Flaw("a number stands for nothing"))
            }
        }
    )*};
}

names! {
    bool: [false, true];
    Action: Action::ALL;
    Severity: Severity::ALL;
    Begins: [Begins::BeforeRunEnds, Begins::BeforeStretchEnds, Begins::Anywhere];
}

impl Stored for char {
    const LEAST: usize = 4;

    fn write(&self, out: &mut Vec<u8>) {
        u32::from(*self).write(out);
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        Self::from_u32(u32::read(from)?).ok_or(Flaw("a number is no character"))
    }
}

impl Stored for Timestamp {
    const LEAST: usize = 8;

    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        i64::read(from).map(Self)
    }
}

impl Stored for Variants {
    const LEAST: usize = 4;

    fn write(&self, out: &mut Vec<u8>) {
        self.bits().write(out);
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        let bits = u32::read(from)?;
        let variants = Self::from_bits(bits);
        if variants.bits() == bits {
            Ok(variants)
        } else {
            Err(Flaw("a variant is not known"))
        }
    }
}

impl Stored for Scenes {
    const LEAST: usize = 1;

    fn write(&self, out: &mut Vec<u8>) {
        let scenes = Scene::ALL.iter().filter(|scene| self.contains(**scene));
        out.push(scenes.fold(0, |bits, scene| bits | 1 << *scene as u8));
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        let bits = u8::read(from)?;
        if bits >> Scene::ALL.len() != 0 {
            return Err(Flaw("a scene is not known"));
        }
        let scenes = Scene::ALL
            .into_iter()
            .filter(|scene| bits >> *scene as u8 & 1 == 1);
        Ok(scenes.fold(Self::NONE, Self::with))
    }
}

impl<const N: usize> Stored for [u8; N] {
    const LEAST: usize = N;

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(from.take(N)?);
        Ok(bytes)
    }
}

impl Stored for Digest {
    const LEAST: usize = 32;

    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        Stored::read(from).map(Self)
    }
}

impl<T: Stored> Stored for Option<T> {
    const LEAST: usize = 1;

    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        if bool::read(from)? {
            T::read(from).map(Some)
        } else {
            Ok(None)
        }
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    const LEAST: usize = A::LEAST + B::LEAST;

    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        Ok((A::read(from)?, B::read(from)?))
    }
}

impl Stored for Numbers {
    const LEAST: usize = 5;

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Steps { first, step, len } => {
                out.push(0);
                first.write(out);
                step.write(out);
                len.write(out);
            }
            Self::Ones(numbers) => {
                out.push(1);
                (numbers.len() as u32).write(out);
                out.extend_from_slice(numbers);
            }
            Self::Twos(numbers) => {
                out.push(2);
                numbers.write(out);
            }
            Self::Fours(numbers) => {
                out.push(4);
                numbers.write(out);
            }
        }
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        let width = u8::read(from)?;
        match width {
            0 => {
                let (first, step) = Stored::read(from)?;
                let len = u32::read(from)?;
                // What has as many rows has some byte for each elsewhere.
                let steps = Self::steps(first, step, len).filter(|_| len as usize <= from.whole);
                steps.ok_or(Flaw("numbers are beyond all bounds"))
            }
            1 => {
                let length = from.length(1)?;
                Ok(Self::Ones(from.take(length)?.into()))
            }
            2 => {
                let length = from.length(2)?;
                let pairs = from.take(2 * length)?.as_chunks::<2>().0;
                let numbers = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
                Ok(Self::Twos(numbers.collect()))
            }
            4 => {
                let length = from.length(4)?;
                let fours = from.take(4 * length)?.as_chunks::<4>().0;
                let numbers = fours.iter().map(|four| u32::from_le_bytes(*four));
                Ok(Self::Fours(numbers.collect()))
            }
            _ => Err(Flaw("numbers of no width")),
        }
    }
}

impl Stored for Texts {
    const LEAST: usize = 9;

    fn write(&self, out: &mut Vec<u8>) {
        (self.all.len() as u32).write(out);
        out.extend_from_slice(self.all.as_bytes());
        self.lengths.write(out);
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        let length = from.length(1)?;
        let all =
            std::str::from_utf8(from.take(length)?).map_err(|_| Flaw("a text is no UTF-8"))?;
        Self::of(all.into(), Numbers::read(from)?).ok_or(Flaw("texts do not stand end to end"))
    }
}

impl Stored for Range<u32> {
    const LEAST: usize = 8;

    fn write(&self, out: &mut Vec<u8>) {
        self.start.write(out);
        self.end.write(out);
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        Ok(u32::read(from)?..u32::read(from)?)
    }
}

fn write_all<T: Stored>(all: &[T], out: &mut Vec<u8>) {
    (all.len() as u32).write(out);
    all.iter().for_each(|one| one.write(out));
}

impl<T: Stored> Stored for Vec<T> {
    const LEAST: usize = 4;

    fn write(&self, out: &mut Vec<u8>) {
        write_all(self, out);
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        let length = from.length(T::LEAST)?;
        let mut all = Self::with_capacity(length);
        for _ in 0..length {
            all.push(T::read(from)?);
        }
        Ok(all)
    }
}

impl<T: Stored> Stored for Box<[T]> {
    const LEAST: usize = 4;

    fn write(&self, out: &mut Vec<u8>) {
        write_all(self, out);
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        Vec::read(from).map(Self::from)
    }
}

impl<T: Stored> Stored for Arc<[T]> {
    const LEAST: usize = 4;

    fn write(&self, out: &mut Vec<u8>) {
        write_all(self, out);
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        Vec::read(from).map(Self::from)
    }
}

impl Stored for Arc<str> {
    const LEAST: usize = 4;

    fn write(&self, out: &mut Vec<u8>) {
        (self.len() as u32).write(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        let length = from.length(1)?;
        let text = std::str::from_utf8(from.take(length)?);
        text.map(Self::from).map_err(|_| Flaw("a text is no UTF-8"))
    }
}

impl Stored for Operand {
    const LEAST: usize = 5;

    fn write(&self, out: &mut Vec<u8>) {
        let (kind, number) = match self {
            Self::Set(set) => (0, set),
            Self::Category(category) => (1, category),
        };
        out.push(kind);
        number.write(out);
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        match (u8::read(from)?, u32::read(from)?) {
            (0, set) => Ok(Self::Set(set)),
            (1, category) => Ok(Self::Category(category)),
            _ => Err(Flaw("an operand of no kind")),
        }
    }
}

impl Stored for Node {
    const LEAST: usize = 5;

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Any(of) => {
                out.push(0);
                of.write(out);
            }
            Self::And(all) => {
                out.push(1);
                all.write(out);
            }
            Self::Or(all) => {
                out.push(2);
                all.write(out);
            }
            Self::Not(inner) => {
                out.push(3);
                inner.write(out);
            }
            Self::Near {
                left,
                right,
                distance,
                ordered,
            } => {
                out.push(4);
                left.write(out);
                right.write(out);
                distance.write(out);
                ordered.write(out);
            }
            Self::Lists { count, of } => {
                out.push(5);
                count.write(out);
                of.write(out);
            }
            Self::Terms { count, of } => {
                out.push(6);
                count.write(out);
                of.write(out);
            }
        }
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        Ok(match u8::read(from)? {
            0 => Self::Any(Stored::read(from)?),
            1 => Self::And(Stored::read(from)?),
            2 => Self::Or(Stored::read(from)?),
            3 => Self::Not(Stored::read(from)?),
            4 => Self::Near {
                left: Stored::read(from)?,
                right: Stored::read(from)?,
                distance: Stored::read(from)?,
                ordered: Stored::read(from)?,
            },
            5 => Self::Lists {
                count: Stored::read(from)?,
                of: Stored::read(from)?,
            },
            6 => Self::Terms {
                count: Stored::read(from)?,
                of: Stored::read(from)?,
            },
            _ => return Err(Flaw("a condition of no kind")),
        })
    }
}

/// Of a symbol: what else stands behind its character.
const INSIDE: u8 = 1;
const ELIGIBLE: u8 = 1 << 1;
const LOOK: u8 = 1 << 2;
const BETWEEN: u8 = 1 << 3;

impl Stored for TermSymbol {
    const LEAST: usize = 5;

    fn write(&self, out: &mut Vec<u8>) {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        self.plain.write(out);
        out.push(
            flag(self.inside, INSIDE)
                | flag(self.eligible, ELIGIBLE)
                | flag(self.look != self.plain, LOOK)
                | flag(self.soft(), BETWEEN),
        );
        if self.look != self.plain {
            self.look.write(out);
        }
        if self.soft() {
            let (start, end) = self.between();
            start.write(out);
            end.write(out);
        }
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        let plain = char::read(from)?;
        let flags = u8::read(from)?;
        let has = |flag: u8| flags & flag != 0;
        let look = if has(LOOK) { char::read(from)? } else { plain };
        let between = if has(BETWEEN) {
            (u16::read(from)?, u16::read(from)?)
        } else {
            (0, 0)
        };
        Ok(Self::new(plain, look, has(ELIGIBLE), has(INSIDE), between))
    }
}

impl Stored for TermReading {
    const LEAST: usize = 12;

    fn write(&self, out: &mut Vec<u8>) {
        self.symbols.write(out);
        self.all_between().to_vec().write(out);
        self.variants.write(out);
    }

    fn read(from: &mut Source<'_>) -> Result<Self, Flaw> {
        let (symbols, between) = (Stored::read(from)?, Stored::read(from)?);
        Self::of(symbols, between, Stored::read(from)?).ok_or(Flaw("a term is no term"))
    }
}

impl Ruleset {
    /// Writes everything down that cannot be made again from the rest.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        self.digest.write(out);
        self.allow_digest.write(out);
        self.locked.write(out);
        self.terms.write(out);
        self.wakers.write(out);
        self.others.is_some().write(out);
        if let Some(others) = &self.others {
            others.write(out);
        }
        self.bare.patterns().write(out);
        self.bare_terms.write(out);
        (self.regexes.len() as u32).write(out);
        for regex in &self.regexes {
            regex.term.write(out);
            regex.in_skeleton.write(out);
        }
        self.term_sets.write(out);
        self.set_rules.write(out);
        self.set_names.write(out);
        self.set_except.write(out);
        self.rules.write(out);
        self.nodes.write(out);
        self.node_members.write(out);
        self.operands.write(out);
        self.categories.write(out);
        self.category_users.write(out);
        self.set_watch.write(out);
        self.category_watch.write(out);
        self.set_categories.write(out);
        self.kinds.write(out);
        self.set_kinds.write(out);
        self.allow.write(out);
        self.windows.write(out);
    }

    /// Reads what [`write`](Self::write) writes, all of it and nothing after it. `regex` makes the matcher of a regex term.
    pub(crate) fn read(
        bytes: &[u8],
        limits: &PackLimits,
        mut regex: impl FnMut(TermRow<'_>) -> Result<RegexMatcher, Flaw>,
    ) -> Result<Self, Flaw> {
        let from = &mut Source {
            left: bytes,
            whole: bytes.len(),
        };
        let digest = Stored::read(from)?;
        let allow_digest = Stored::read(from)?;
        let locked = Stored::read(from)?;
        let terms = Terms::read(from)?;
        if terms.len() > limits.terms {
            return Err(Flaw("it holds more terms than the limit allows"));
        }
        terms.sound()?;
        let terms = terms.keeping();
        let (wakers, of_wakers) = Words::read(from)?;
        let others = bool::read(from)?.then(|| Words::read(from)).transpose()?;
        let (others, of_others) =
            others.map_or((None, 0), |(words, of)| (Some(Box::new(words)), of));
        let (bare, of_bare) = matcher(from)?;
        let bare_terms = Stored::read(from)?;
        let mut regexes = Vec::new();
        for _ in 0..from.length(5)? {
            let (term, in_skeleton) = (u32::read(from)?, bool::read(from)?);
            if term as usize >= terms.len() || !terms.is_regex(term) {
                return Err(Flaw("a regex is of no term"));
            }
            if regexes.len() >= limits.regexes {
                return Err(Flaw("it holds more regexes than the limit allows"));
            }
            regexes.push(RegexRow {
                term,
                matcher: regex(terms.get(term))?,
                in_skeleton,
            });
        }
        let mut read = Self {
            digest,
            allow_digest,
            locked,
            patterns: of_wakers + of_others + of_bare,
            wakers,
            others,
            bare,
            bare_terms,
            bare_wakes: false,
            prefixes: Prefixes::of(&terms),
            encoded: terms.any(Variant::Encoded),
            terms,
            regexes: regexes.into(),
            term_sets: Stored::read(from)?,
            set_rules: Stored::read(from)?,
            set_names: Stored::read(from)?,
            set_except: Stored::read(from)?,
            rules: Stored::read(from)?,
            nodes: Stored::read(from)?,
            node_members: Stored::read(from)?,
            operands: Stored::read(from)?,
            categories: Stored::read(from)?,
            category_users: Stored::read(from)?,
            set_watch: Stored::read(from)?,
            category_watch: Stored::read(from)?,
            set_categories: Stored::read(from)?,
            kinds: Stored::read(from)?,
            set_kinds: Stored::read(from)?,
            allow: Stored::read(from)?,
            windows: Stored::read(from)?,
        };
        if !from.left.is_empty() {
            return Err(Flaw("something follows its end"));
        }
        read.sound([of_wakers, of_others, of_bare])?;
        read.bare_wakes = read.bare_terms.members.iter().any(|term| read.wakes(term));
        Ok(read)
    }
}

impl Words {
    fn write(&self, out: &mut Vec<u8>) {
        self.matcher.patterns().write(out);
        self.terms.write(out);
    }

    /// With how many patterns there are.
    fn read(from: &mut Source<'_>) -> Result<(Self, usize), Flaw> {
        let (matcher, patterns) = matcher(from)?;
        let terms = Stored::read(from)?;
        Ok((Self { matcher, terms }, patterns))
    }
}

/// A matcher, and how many patterns it has. They are written in order, which shows that none is there twice.
fn matcher(from: &mut Source<'_>) -> Result<(Matcher, usize), Flaw> {
    let patterns: Vec<Pattern> = Stored::read(from)?;
    let rising = patterns
        .windows(2)
        .all(|pair| pair[0].symbols < pair[1].symbols);
    let fit = patterns
        .iter()
        .all(|pattern| !pattern.symbols.is_empty() && !pattern.symbols.contains(&0));
    if !rising || !fit {
        return Err(Flaw("the patterns are not in order"));
    }
    let matcher = Matcher::new(&patterns).map_err(|_| Flaw("the patterns are too many"))?;
    Ok((matcher, patterns.len()))
}
