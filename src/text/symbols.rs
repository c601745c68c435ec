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
    /// A bit for each symbol: a word goes on there, whatever the term.
    inside: Vec<u64>,
}

impl Default for Symbols {
    fn default() -> Self {
        let mut symbols = Self {
            padded: Vec::new(),
            len: 0,
            inside: Vec::new(),
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
        self.inside.clear();
        self.room(capacity);
    }

    /// Makes room for so many symbols more than there are.
    #[inline]
    pub(crate) fn room(&mut self, more: usize) {
        let all = self.len + more;
        if self.padded.len() < all + Self::AHEAD {
            self.padded.resize(all + Self::AHEAD, 0);
        }
        if self.inside.len() <= all / 64 {
            self.inside.resize(all / 64 + 1, 0);
        }
    }

    /// Adds a symbol, for which there is room. More may be added until [`Symbols::end`].
    #[inline]
    pub(crate) fn push(&mut self, symbol: u16) {
        self.put(symbol, true);
    }

    /// Adds a symbol, for which there is room, if it is to be kept.
    #[inline]
    pub(crate) fn put(&mut self, symbol: u16, keep: bool) {
        self.padded[self.len] = symbol;
        self.len += usize::from(keep);
    }

    /// Ends the row.
    pub(crate) fn end(&mut self) {
        self.padded[self.len..][..Self::AHEAD].fill(0);
    }

    /// Says that a word may begin at the last symbol, after all.
    #[inline]
    pub(crate) fn clear_inside(&mut self) {
        let last = self.len - 1;
        if let Some(bits) = self.inside.get_mut(last / 64) {
            *bits &= !(1 << (last % 64));
        }
    }

    /// Says whether a word goes on at the last symbol: of one that was added just now, or else, of one that stands for another character
    /// already, only whether it still does.
    #[inline]
    pub(crate) fn go_inside(&mut self, inside: bool, added: bool) {
        let last = self.len - 1;
        let bits = &mut self.inside[last / 64];
        let set = u64::from(inside & added) << (last % 64);
        let clear = u64::from(!inside & !added) << (last % 64);
        *bits = (*bits | set) & !clear;
    }

    /// Says that a word may begin at any symbol.
    pub(crate) fn forget_inside(&mut self) {
        self.inside.clear();
    }

    /// Whether a word goes on at symbol `at`: no term that begins with a word can begin there.
    #[inline]
    pub(crate) fn is_inside(&self, at: usize) -> bool {
        self.inside
            .get(at / 64)
            .is_some_and(|bits| bits >> (at % 64) & 1 == 1)
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
            symbols.push(7);
            if at % 3 == 0 {
                symbols.go_inside(true, true);
            }
            if at % 6 == 0 {
                symbols.clear_inside();
            }
        }
        symbols.end();
        assert_eq!(symbols.len(), 130);
        for at in 0..200 {
            assert_eq!(symbols.is_inside(at), at < 130 && at % 6 == 3, "{at}");
        }
    }
}
