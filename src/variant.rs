//! The variants: relations between a term and the ways it can be disguised. Imports nothing.
//!
//! What each relation holds is written in `src/ARCHITECTURE.md`.

use std::fmt;

/// One relation between a term and the ways it can be disguised. The order is the table order of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variant {
    /// Upper and lower case.
    Case,
    /// Compatibility forms: full-width, circled, squared, mathematical, radicals.
    Width,
    /// Combining marks, accents, strokes through letters, Arabic harakat and tatweel.
    Marks,
    /// Characters that show nothing: zero-width, bidi controls, variation selectors, tags.
    Invisible,
    /// Traditional, simplified and regional Han, Arabic letter forms, Hangul jamo, native digits.
    Script,
    /// Letters of another script that look alike (UTS #39).
    Confusables,
    /// A letter written several times.
    Repeats,
    /// Spaces, punctuation, symbols and emoji between characters.
    Gaps,
    /// HTML entities, percent-encoding, `\u` escapes.
    Encoded,
    /// Digits and symbols for letters.
    Leet,
    /// Numerals in other writings.
    Digits,
    /// Han typed out as pinyin.
    Pinyin,
    /// Other Han of the same sound.
    Homophone,
    /// Han taken apart.
    Split,
    /// Han of similar shape.
    Shape,
    /// Written backwards.
    Reversed,
    /// Fillers between characters.
    Noise,
    /// Letters upside down.
    Turned,
    /// Encodings for transport: base64, `U+`.
    Transport,
}

impl Variant {
    /// Every variant, in table order.
    pub const ALL: [Self; 19] = [
        Self::Case,
        Self::Width,
        Self::Marks,
        Self::Invisible,
        Self::Script,
        Self::Confusables,
        Self::Repeats,
        Self::Gaps,
        Self::Encoded,
        Self::Leet,
        Self::Digits,
        Self::Pinyin,
        Self::Homophone,
        Self::Split,
        Self::Shape,
        Self::Reversed,
        Self::Noise,
        Self::Turned,
        Self::Transport,
    ];

    /// The name used in packs and verdicts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Width => "width",
            Self::Marks => "marks",
            Self::Invisible => "invisible",
            Self::Script => "script",
            Self::Confusables => "confusables",
            Self::Repeats => "repeats",
            Self::Gaps => "gaps",
            Self::Encoded => "encoded",
            Self::Leet => "leet",
            Self::Digits => "digits",
            Self::Pinyin => "pinyin",
            Self::Homophone => "homophone",
            Self::Split => "split",
            Self::Shape => "shape",
            Self::Reversed => "reversed",
            Self::Noise => "noise",
            Self::Turned => "turned",
            Self::Transport => "transport",
        }
    }

    /// The variant of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variant| variant.name() == name)
    }
}

/// A set of variants.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variants(u32);

impl Variants {
    /// No variant: the preset `exact`.
    pub const EXACT: Self = Self(0);
    /// The preset `standard`: the first nine.
    pub const STANDARD: Self = Self((1 << 9) - 1);
    /// The preset `strong`: all.
    pub const STRONG: Self = Self((1 << 19) - 1);
    /// Those that a term may be written in otherwise than letter by letter: what `strong` has beyond `standard`.
    pub const FORMS: Self = Self(Self::STRONG.0 & !Self::STANDARD.0);

    /// The set of these variants.
    pub const fn of(variants: &[Variant]) -> Self {
        let mut set = Self::EXACT;
        let mut i = 0;
        while i < variants.len() {
            set = set.with(variants[i]);
            i += 1;
        }
        set
    }

    /// The preset of that name: `exact`, `standard` or `strong`.
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "exact" => Some(Self::EXACT),
            "standard" => Some(Self::STANDARD),
            "strong" => Some(Self::STRONG),
            _ => None,
        }
    }

    /// This set and `variant`.
    #[must_use]
    pub const fn with(self, variant: Variant) -> Self {
        Self(self.0 | 1 << variant as u32)
    }

    /// This set without `variant`.
    #[must_use]
    pub const fn without(self, variant: Variant) -> Self {
        Self(self.0 & !(1 << variant as u32))
    }

    /// What both sets hold.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What either set holds.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `variant` is in the set.
    pub const fn contains(self, variant: Variant) -> bool {
        self.0 & (1 << variant as u32) != 0
    }

    /// Whether every variant of `other` is in this set.
    pub const fn contains_all(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many variants the set holds.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The set as bits, the lowest for the first variant of the table.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The set of these bits; bits beyond the table are dropped.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & Self::STRONG.0)
    }

    /// How sure it is, in percent, that what was found through these variants is the term (`src/ARCHITECTURE.md`, 3b).
    pub fn confidence(self) -> u8 {
        let of = |variant| match variant {
            Variant::Turned | Variant::Transport | Variant::Digits => 95,
            Variant::Pinyin | Variant::Leet | Variant::Split | Variant::Noise => 90,
            Variant::Shape | Variant::Reversed => 85,
            Variant::Homophone => 80,
            _ => 100,
        };
        let forms = self.and(Self::FORMS);
        let least = forms.iter().map(of).min().unwrap_or(100);
        let further = forms.len().saturating_sub(1) as u8;
        least - 5 * further.min(10)
    }

    /// The members, in table order.
    pub fn iter(self) -> impl Iterator<Item = Variant> {
        Variant::ALL
            .into_iter()
            .filter(move |variant| self.contains(*variant))
    }
}

impl fmt::Debug for Variants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(Variant::name))
            .finish()
    }
}
