//! Rows of folded symbols, as the matcher searches them.

/// What stands for a character in a row: its code point; those beyond the basic plane share the 2,048 numbers that surrogates have.
/// Two characters may share a symbol, as a row is for finding candidates, not for comparing.
pub(crate) const fn symbol(c: char) -> u16 {
    let c = c as u32;
    if c < 0x1_0000 {
        c as u16
    } else {
        0xd800 | ((c ^ (c >> 11)) & 0x7ff) as u16
    }
}

/// A row of symbols. None is 0, save as a separator that no pattern holds.
#[derive(Debug)]
pub(crate) struct Symbols {
    /// With [`Symbols::AHEAD`] zeros behind, and what was left by longer rows behind these.
    padded: Vec<u16>,
    len: usize,
    /// Of 64 symbols each, what is known of the place of each.
    places: Vec<Places>,
}

/// A bit for each of 64 symbols.
#[derive(Clone, Copy, Debug, Default)]
struct Places {
    /// A word goes on there, whatever the term.
    inside: u64,
    /// It stands for more than one letter or digit.
    doubled: u64,
}

impl Default for Symbols {
    fn default() -> Self {
        let mut symbols = Self {
            padded: Vec::new(),
            len: 0,
            places: Vec::new(),
        };
        symbols.begin(0);
        symbols.end();
        symbols
    }
}

impl Symbols {
    /// How many zeros may be read behind the last symbol.
    pub(crate) const AHEAD: usize = 8;

    /// Empties the row, and makes room for so many symbols.
    pub(crate) fn begin(&mut self, capacity: usize) {
        self.len = 0;
        self.places.clear();
        self.room(capacity);
    }

    /// Makes room for so many symbols more than there are.
    #[inline]
    pub(crate) fn room(&mut self, more: usize) {
        let all = self.len + more;
        if self.padded.len() < all + Self::AHEAD {
            self.padded.resize(all + Self::AHEAD, 0);
        }
        if self.places.len() <= all / 64 {
            self.places.resize(all / 64 + 1, Places::default());
        }
    }

    /// Adds a symbol, for which there is room. More may be added until [`Symbols::end`].
    pub(crate) fn push(&mut self, symbol: u16) {
        let mut pen = self.pen();
        pen.put(symbol, true, false);
        pen.lift();
    }

    /// Says that the last symbol stands for one character more, at which a word may begin.
    pub(crate) fn again(&mut self) {
        let mut pen = self.pen();
        pen.again(true, false);
        pen.lift();
    }

    /// Adds many symbols, for which there is room.
    #[inline]
    pub(crate) fn pen(&mut self) -> Pen<'_> {
        Pen {
            now: self.places[self.len / 64],
            at: self.len,
            padded: &mut self.padded,
            places: &mut self.places,
            len: &mut self.len,
        }
    }

    /// Ends the row.
    pub(crate) fn end(&mut self) {
        self.padded[self.len..][..Self::AHEAD].fill(0);
    }

    /// Says that a word may begin at any symbol.
    pub(crate) fn forget_inside(&mut self) {
        for places in &mut self.places {
            places.inside = 0;
        }
    }

    /// Whether a word goes on at symbol `at`: no term that begins with a word can begin there.
    #[inline]
    pub(crate) fn is_inside(&self, at: usize) -> bool {
        self.places
            .get(at / 64)
            .is_some_and(|places| places.inside >> (at % 64) & 1 == 1)
    }

    /// Of the 64 symbols from `64 * word` on, a bit for each at which a word goes on.
    #[inline]
    pub(crate) fn inside(&self, word: usize) -> u64 {
        self.places.get(word).map_or(0, |places| places.inside)
    }

    /// A bit for symbol `at` and each of the 15 behind it: whether it stands for more than one letter or digit.
    #[inline]
    pub(crate) fn doubled_from(&self, at: usize) -> u16 {
        let doubled = |word: usize| self.places.get(word).map_or(0, |places| places.doubled);
        let low = doubled(at / 64) >> (at % 64);
        match at % 64 {
            0..=48 => low as u16,
            beyond => (low | doubled(at / 64 + 1) << (64 - beyond)) as u16,
        }
    }

    /// Whether a word goes on from the symbol before `end` to that at `end`, wherever in the text the one before is taken to end: no term
    /// that ends with a word can end there. That of several characters one stands apart, as in `IS.So`, is why both are looked at.
    #[inline]
    pub(crate) fn goes_on(&self, end: usize) -> bool {
        self.is_inside(end) && self.is_inside(end - 1)
    }

    /// The symbols.
    pub(crate) fn as_slice(&self) -> &[u16] {
        &self.padded[..self.len]
    }

    /// The symbols, and zeros behind them.
    pub(crate) fn padded(&self) -> &[u16] {
        &self.padded[..self.len + Self::AHEAD]
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What adds symbols to a row, with what is under way in registers.
pub(crate) struct Pen<'a> {
    padded: &'a mut [u16],
    places: &'a mut [Places],
    len: &'a mut usize,
    at: usize,
    /// Of the places that `at` is among.
    now: Places,
}

impl Pen<'_> {
    /// Adds a symbol if it is to be kept, and whether a word goes on there.
    #[inline]
    pub(crate) fn put(&mut self, symbol: u16, keep: bool, inside: bool) {
        self.padded[self.at] = symbol;
        self.now.inside |= u64::from(keep & inside) << (self.at % 64);
        self.at += usize::from(keep);
        if keep && self.at.is_multiple_of(64) {
            self.places[self.at / 64 - 1] = self.now;
            self.now = Places::default();
        }
    }

    /// Says, if so it is, that the last symbol stands for one character more, and whether a word goes on there too.
    #[inline]
    pub(crate) fn again(&mut self, is: bool, inside: bool) {
        let last = self.at.wrapping_sub(1);
        let bit = |set: bool| u64::from(set) << (last % 64);
        let places = if is && self.at.is_multiple_of(64) {
            &mut self.places[last / 64]
        } else {
            &mut self.now
        };
        places.doubled |= bit(is);
        places.inside &= !bit(is & !inside);
    }

    /// Ends it. What was added counts from then on.
    #[inline]
    pub(crate) fn lift(self) {
        self.places[self.at / 64] = self.now;
        *self.len = self.at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_but_nul_is_zero() {
        for c in '\u{1}'..=char::MAX {
            assert_ne!(symbol(c), 0, "{c:?}");
        }
    }

    #[test]
    fn words_go_on_where_it_was_said() {
        let mut symbols = Symbols::default();
        symbols.begin(1);
        for at in 0..130 {
            symbols.room(1);
            let mut pen = symbols.pen();
            pen.put(7, true, at % 3 == 0);
            pen.again(at % 9 == 0, true);
            pen.put(8, false, true);
            pen.lift();
            if at % 6 == 0 {
                symbols.again();
            }
        }
        symbols.end();
        assert_eq!(symbols.len(), 130);
        for at in 0..200 {
            assert_eq!(symbols.is_inside(at), at < 130 && at % 6 == 3, "{at}");
            let doubled =
                (at..at + 16).filter(|place| *place < 130 && (*place % 6 == 0 || *place % 9 == 0));
            let bits = doubled.fold(0, |bits, place| bits | 1 << (place - at));
            assert_eq!(symbols.doubled_from(at), bits, "{at}");
        }
    }
}
