//! Columns of numbers and texts in as few bytes as they need: a platform has ten thousand tenants, each with a ruleset.

use std::fmt;
use std::ops::Range;

/// Whole numbers, each in as few bytes as the largest needs.
#[derive(Clone)]
pub(crate) enum Numbers {
    /// None of them are kept: each is the one before and `step`.
    Steps {
        first: u32,
        step: u32,
        len: u32,
    },
    Ones(Box<[u8]>),
    Twos(Box<[u16]>),
    Fours(Box<[u32]>),
}

impl Default for Numbers {
    fn default() -> Self {
        Self::Steps {
            first: 0,
            step: 0,
            len: 0,
        }
    }
}

impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Numbers {
    pub(crate) fn new(numbers: &[u32]) -> Self {
        let (first, second) = (numbers.first(), numbers.get(1));
        let first = first.copied().unwrap_or(0);
        let step = second.map_or(0, |second| second.wrapping_sub(first));
        let even = |pair: &[u32]| pair[0].checked_add(step) == Some(pair[1]);
        if numbers.windows(2).all(even)
            && let Some(steps) = Self::steps(first, step, numbers.len() as u32)
        {
            return steps;
        }
        let most = numbers.iter().max().copied().unwrap_or(0);
        if most <= u32::from(u8::MAX) {
            Self::Ones(numbers.iter().map(|number| *number as u8).collect())
        } else if most <= u32::from(u16::MAX) {
            Self::Twos(numbers.iter().map(|number| *number as u16).collect())
        } else {
            Self::Fours(numbers.into())
        }
    }

    /// So many numbers, each greater by `step`; `None` if there are no such numbers.
    pub(super) fn steps(first: u32, step: u32, len: u32) -> Option<Self> {
        let last = step.checked_mul(len.saturating_sub(1))?;
        first.checked_add(last)?;
        Some(Self::Steps { first, step, len })
    }

    #[inline]
    pub(crate) fn get(&self, at: usize) -> u32 {
        match self {
            Self::Steps { first, step, len } => {
                assert!(at < *len as usize, "{at} of {len}");
                first + step * at as u32
            }
            Self::Ones(numbers) => u32::from(numbers[at]),
            Self::Twos(numbers) => u32::from(numbers[at]),
            Self::Fours(numbers) => numbers[at],
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Steps { len, .. } => *len as usize,
            Self::Ones(numbers) => numbers.len(),
            Self::Twos(numbers) => numbers.len(),
            Self::Fours(numbers) => numbers.len(),
        }
    }

    pub(crate) fn iter(&self) -> Members<'_> {
        self.range(0..self.len())
    }

    pub(crate) fn range(&self, range: Range<usize>) -> Members<'_> {
        Members {
            numbers: self,
            range,
        }
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Steps { .. } => 0,
            Self::Ones(numbers) => size_of_val(&**numbers),
            Self::Twos(numbers) => size_of_val(&**numbers),
            Self::Fours(numbers) => size_of_val(&**numbers),
        }
    }
}

/// Numbers that stand side by side.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a> {
    numbers: &'a Numbers,
    range: Range<usize>,
}

impl Iterator for Members<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        self.range.next().map(|at| self.numbers.get(at))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

impl ExactSizeIterator for Members<'_> {}

/// Rows of numbers, end to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {
    /// Where each row starts, and where the last ends; `None` where each has one member, or there are no members.
    pub(super) starts: Option<Numbers>,
    pub(super) members: Numbers,
}

impl Groups {
    /// Groups pairs of (group, member) over `count` groups; the order of the pairs is kept in each.
    pub(crate) fn new(count: usize, pairs: &[(u32, u32)]) -> Self {
        let (starts, order) = grouped(count, pairs.iter().map(|(group, _)| *group));
        let members: Vec<u32> = order.into_iter().map(|at| pairs[at as usize].1).collect();
        Self::of(&starts, &members)
    }

    /// The groups that start there, and end with the members.
    pub(super) fn of(starts: &[u32], members: &[u32]) -> Self {
        let one_each = starts.len() == members.len() + 1
            && starts.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        Self {
            starts: (!one_each && !members.is_empty()).then(|| Numbers::new(starts)),
            members: Numbers::new(members),
        }
    }

    /// Whether all rows are empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.len() == 0
    }

    #[inline]
    pub(crate) fn range(&self, group: usize) -> Range<usize> {
        match &self.starts {
            None => group.min(self.members.len())..(group + 1).min(self.members.len()),
            Some(starts) => starts.get(group) as usize..starts.get(group + 1) as usize,
        }
    }

    #[inline]
    pub(crate) fn get(&self, group: usize) -> Members<'_> {
        self.members.range(self.range(group))
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.starts.as_ref().map_or(0, Numbers::bytes) + self.members.bytes()
    }
}

/// Where each of `count` groups starts, and the places of things in the order of their groups.
pub(super) fn grouped(
    count: usize,
    groups: impl Iterator<Item = u32> + Clone,
) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0_u32; count + 1];
    for group in groups.clone() {
        starts[group as usize + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    let mut order = vec![0; starts[count] as usize];
    let mut next = starts.clone();
    for (at, group) in (0..).zip(groups) {
        order[next[group as usize] as usize] = at;
        next[group as usize] += 1;
    }
    (starts, order)
}

/// Texts of one after another share a start of so many that is kept.
const BLOCK: usize = 16;

/// Texts, end to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    pub(super) all: Box<str>,
    /// Where every sixteenth starts.
    pub(super) blocks: Numbers,
    pub(super) lengths: Numbers,
}

impl Texts {
    pub(crate) fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let (mut all, mut lengths) = (String::new(), Vec::new());
        for text in texts {
            all.push_str(text);
            lengths.push(text.len() as u32);
        }
        Self::of(all.into(), Numbers::new(&lengths)).unwrap_or_default()
    }

    /// The texts of those lengths; `None` if they are not all of it, or a length cuts a character.
    pub(super) fn of(all: Box<str>, lengths: Numbers) -> Option<Self> {
        let (mut blocks, mut start) = (Vec::with_capacity(lengths.len() / BLOCK + 1), 0_usize);
        for (at, length) in lengths.iter().enumerate() {
            if at % BLOCK == 0 {
                blocks.push(u32::try_from(start).ok()?);
            }
            start = start.checked_add(length as usize)?;
            if !all.is_char_boundary(start) {
                return None;
            }
        }
        (start == all.len()).then(|| Self {
            all,
            blocks: Numbers::new(&blocks),
            lengths,
        })
    }

    pub(crate) fn get(&self, at: usize) -> &str {
        let before = self.lengths.range(at / BLOCK * BLOCK..at);
        let start = self.blocks.get(at / BLOCK) + before.sum::<u32>();
        &self.all[start as usize..(start + self.lengths.get(at)) as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.all.len() + self.blocks.bytes() + self.lengths.bytes()
    }
}

/// A number beside some of many rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sparse {
    /// The rows that have one, rising.
    pub(super) rows: Numbers,
    pub(super) numbers: Numbers,
}

impl Sparse {
    pub(crate) fn new(numbers: impl Iterator<Item = Option<u32>>) -> Self {
        let pairs = (0..).zip(numbers);
        let (rows, numbers): (Vec<u32>, Vec<u32>) = pairs
            .filter_map(|(row, number)| Some((row, number?)))
            .unzip();
        Self {
            rows: Numbers::new(&rows),
            numbers: Numbers::new(&numbers),
        }
    }

    #[inline]
    pub(crate) fn get(&self, row: usize) -> Option<u32> {
        let (mut low, mut high) = (0, self.rows.len());
        while low < high {
            let middle = low.midpoint(high);
            if (self.rows.get(middle) as usize) < row {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let found = low < self.rows.len() && self.rows.get(low) as usize == row;
        found.then(|| self.numbers.get(low))
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.rows.bytes() + self.numbers.bytes()
    }
}
