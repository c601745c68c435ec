//! The classes of disguises: a name, the variants that must see through it, and how it is made.

use std::fmt;

use super::joints::{Filler, Joints, Places};
use super::random::Random;
use super::whole::Cut;
use super::{Generator, forms, han, joints, whole};
use crate::variant::{Variant, Variants};

/// What is made of one character; `None` if there is nothing to make of it.
pub(super) type Character = fn(&Generator, char, &mut Random) -> Option<String>;

/// How many characters of a term are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// All that can be.
    All,
    /// At least one; half of the time all.
    Some,
    /// One.
    One,
}

/// How a disguise is made.
#[derive(Clone, Copy)]
pub(super) enum How {
    Characters(Character, Share),
    Joints(Joints),
    Term(fn(&Generator, &str, &mut Random) -> Option<String>),
    /// The whole text, term or not.
    Text(fn(&str) -> String),
    /// Several messages.
    Cut(Cut),
    /// One class after another.
    Both(&'static str, &'static str),
}

/// Whether a class is what filters are expected to see through, or what they are hoped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Seen every day.
    Core,
    /// Two disguises at once, or one that asks a lot of the reader as well.
    Stretch,
}

impl Tier {
    /// The name shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Stretch => "stretch",
        }
    }
}

/// One kind of disguise.
#[derive(Clone, Copy)]
pub struct Class(&'static Row);

struct Row {
    name: &'static str,
    tier: Tier,
    variants: &'static [Variant],
    how: How,
}

impl Class {
    /// Every class, in the order of the variants.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(Self)
    }

    /// The class of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|class| class.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Whether it is expected or hoped to be seen through.
    pub fn tier(self) -> Tier {
        self.0.tier
    }

    /// The variants that a term must have to be found in it.
    pub fn variants(self) -> Variants {
        Variants::of(self.0.variants)
    }

    /// Whether it cuts a term over several messages, so that a rule needs a `window`.
    pub fn is_window(self) -> bool {
        matches!(self.0.how, How::Cut(_))
    }

    pub(super) fn how(self) -> How {
        self.0.how
    }
}

impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Class({})", self.name())
    }
}

impl PartialEq for Class {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Class {}

const fn core(name: &'static str, variants: &'static [Variant], how: How) -> Row {
    Row {
        name,
        tier: Tier::Core,
        variants,
        how,
    }
}

const fn stretch(name: &'static str, variants: &'static [Variant], how: How) -> Row {
    Row {
        name,
        tier: Tier::Stretch,
        variants,
        how,
    }
}

const fn every(filler: Filler) -> How {
    How::Joints(Joints {
        filler,
        places: Places::All,
    })
}

const fn once(filler: Filler) -> How {
    How::Joints(Joints {
        filler,
        places: Places::One,
    })
}

use How::{Both, Characters, Cut as Cuts, Term, Text};
use Share::{All, One, Some as Several};
use Variant::{
    Case, Confusables, Digits, Encoded, Gaps, Homophone, Invisible, Leet, Marks, Noise, Pinyin,
    Repeats, Reversed, Script, Shape, Split, Transport, Turned, Width,
};

#[rustfmt::skip]
static ROWS: &[Row] = &[
    core("case", &[Case], Characters(forms::case, Several)),
    core("full-width", &[Width], Characters(forms::full_width, Several)),
    core("half-width", &[Width], Characters(forms::half_width, All)),
    core("circled", &[Width], Characters(forms::circled, All)),
    core("squared", &[Width, Case], Characters(forms::squared, All)),
    core("regional", &[Width, Case], Characters(forms::regional, All)),
    core("math", &[Width], Term(forms::math)),
    core("small-caps", &[Width, Case], Characters(forms::small_caps, All)),
    core("superscript", &[Width], Characters(forms::superscript, All)),
    core("radicals", &[Width], Characters(forms::radical, All)),
    core("presentation-forms", &[Width], Characters(forms::presentation, All)),
    core("accents", &[Marks], Characters(forms::accent, Several)),
    core("combining", &[Marks], Characters(forms::combining, Several)),
    core("zalgo", &[Marks], Characters(forms::zalgo, All)),
    core("harakat", &[Marks], Characters(forms::harakat, Several)),
    core("zero-width", &[Invisible], every(Filler::ZeroWidth)),
    core("zero-width-one", &[Invisible], once(Filler::ZeroWidth)),
    core("bidi-controls", &[Invisible], every(Filler::Bidi)),
    core("selectors", &[Invisible], every(Filler::Selector)),
    core("tags", &[Invisible], every(Filler::Tag)),
    core("traditional", &[Script], Characters(han::traditional, All)),
    core("jamo", &[Script], Characters(forms::jamo, Several)),
    core("conjoining-jamo", &[Script], Characters(forms::conjoining, Several)),
    core("arabic-letters", &[Script], Characters(forms::arabic, Several)),
    core("native-digits", &[Script], Characters(forms::native_digit, All)),
    core("cyrillic", &[Confusables], Characters(forms::cyrillic, Several)),
    core("greek", &[Confusables], Characters(forms::greek, Several)),
    core("latin", &[Confusables], Characters(forms::latin, Several)),
    core("repeats-two", &[Repeats], Characters(joints::twice, One)),
    core("repeats-many", &[Repeats], Characters(joints::many, One)),
    core("repeats-all", &[Repeats], Characters(joints::twice, All)),
    core("gaps-spaces", &[Gaps], every(Filler::Space)),
    core("gaps-dots", &[Gaps], every(Filler::Dot)),
    core("gaps-dashes", &[Gaps], every(Filler::Dash)),
    core("gaps-lines", &[Gaps], every(Filler::Line)),
    core("gaps-symbols", &[Gaps], every(Filler::Symbol)),
    core("gaps-emoji", &[Gaps], every(Filler::Emoji)),
    core("gaps-mixed", &[Gaps], every(Filler::Mixed)),
    core("gap-one", &[Gaps], once(Filler::Sign)),
    core("html-decimal", &[Encoded], Characters(whole::html_decimal, Several)),
    core("html-hex", &[Encoded], Characters(whole::html_hex, Several)),
    core("percent", &[Encoded], Characters(whole::percent, All)),
    core("backslash-u", &[Encoded], Characters(whole::backslash_u, Several)),
    core("leet", &[Leet], Characters(forms::leet, Several)),
    core("digits-formal", &[Digits], Characters(forms::formal_digit, All)),
    core("digits-circled", &[Width], Characters(forms::circled_digit, All)),
    core("digits-han", &[Digits], Characters(forms::han_digit, All)),
    core("pinyin-joined", &[Pinyin], Term(han::pinyin_joined)),
    core("pinyin-spaced", &[Pinyin], Term(han::pinyin_spaced)),
    core("pinyin-tones", &[Pinyin], Term(han::pinyin_tones)),
    core("pinyin-digits", &[Pinyin], Term(han::pinyin_digits)),
    core("pinyin-mixed", &[Pinyin], Term(han::pinyin_mixed)),
    core("pinyin-one-initial", &[Pinyin], Term(han::pinyin_one_initial)),
    core("homophone-one", &[Homophone], Characters(han::homophone, One)),
    core("homophone-all", &[Homophone], Characters(han::homophone, All)),
    core("split-sides", &[Split], Characters(han::sides, All)),
    core("split-layers", &[Split], Characters(han::layers, All)),
    core("shape", &[Shape], Characters(han::shape, One)),
    core("reversed-term", &[Reversed], Term(whole::reversed_term)),
    core("reversed-text", &[Reversed], Text(whole::reversed_text)),
    core("reversed-bidi", &[Reversed], Term(whole::reversed_bidi)),
    core("noise-digits", &[Noise], every(Filler::Digits)),
    core("noise-letters", &[Noise], every(Filler::Letters)),
    core("noise-filler", &[Noise], every(Filler::Same)),
    core("turned", &[Turned], Characters(forms::turned, All)),
    core("base64", &[Transport], Term(whole::base64)),
    core("u-plus", &[Transport], Term(whole::u_plus)),
    core("window-cut", &[], Cuts(Cut::Once)),
    core("window-characters", &[], Cuts(Cut::Characters)),
    stretch("gaps-flags", &[Gaps], every(Filler::Flag)),
    stretch("homoglyphs", &[Confusables, Width], Characters(forms::homoglyph, Several)),
    stretch("pinyin-initials", &[Pinyin], Term(han::pinyin_initials)),
    stretch("martian", &[Script, Shape, Homophone], Characters(han::martian, All)),
    stretch("strokes", &[Shape], Characters(han::strokes, One)),
    stretch("turned-about", &[Turned, Reversed], Both("turned", "reversed-term")),
    stretch("leet-dots", &[Leet, Gaps], Both("leet", "gaps-dots")),
    stretch("leet-repeats", &[Leet, Repeats], Both("leet", "repeats-many")),
    stretch("cyrillic-zero-width", &[Confusables, Invisible], Both("cyrillic", "zero-width")),
    stretch("full-width-spaces", &[Width, Gaps], Both("full-width", "gaps-spaces")),
    stretch("zalgo-dots", &[Marks, Gaps], Both("combining", "gaps-dots")),
    stretch("traditional-symbols", &[Script, Gaps], Both("traditional", "gaps-symbols")),
    stretch("homophone-spaces", &[Homophone, Gaps], Both("homophone-one", "gaps-spaces")),
    stretch("homophone-traditional", &[Homophone, Script], Both("homophone-one", "traditional")),
    stretch("pinyin-full-width", &[Pinyin, Width], Both("pinyin-joined", "full-width")),
    stretch("pinyin-leet", &[Pinyin, Leet], Both("pinyin-joined", "leet")),
    stretch("split-symbols", &[Split, Gaps], Both("split-sides", "gap-one")),
    stretch("homophone-shape", &[Homophone, Shape], Both("shape", "homophone-one")),
];
