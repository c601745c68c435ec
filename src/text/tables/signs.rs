//! Digits and signs that are written for letters, letters upside down, and numerals in other writings.

/// The small Latin letters that `c` is written for.
pub fn leet(c: char) -> &'static str {
    match c {
        '0' => "o",
        '1' => "il",
        '2' => "z",
        '3' => "e",
        '4' => "a",
        '5' => "s",
        '6' => "gb",
        '7' => "t",
        '8' => "b",
        '9' => "gq",
        '@' => "a",
        '$' => "s",
        '!' => "il",
        '|' => "il",
        '+' => "t",
        '(' | '<' | '¢' => "c",
        '€' => "e",
        '£' => "l",
        '¥' => "y",
        '#' => "h",
        '&' => "a",
        '∪' | '⋃' => "u",
        '∨' | '⋁' => "v",
        '×' | '╳' => "x",
        '∆' | '△' => "a",
        '∑' => "e",
        '⊤' => "t",
        '∏' => "n",
        _ => "",
    }
}

/// The small Latin letter that `c` is upside down.
///
/// Some are letters upright as well (u and n); they count beside one that is not.
pub fn turned(c: char) -> Option<char> {
    Some(match c {
        'ɐ' | 'ɒ' => 'a',
        'q' => 'b',
        'ɔ' => 'c',
        'p' => 'd',
        'ǝ' | 'ə' => 'e',
        'ɟ' => 'f',
        'ƃ' | 'ᵷ' | 'ɓ' => 'g',
        'ɥ' => 'h',
        'ᴉ' | 'ı' | 'ᴝ' | 'ᵎ' => 'i',
        'ɾ' | 'ſ' | 'ɿ' => 'j',
        'ʞ' => 'k',
        'l' | 'ʅ' | 'ꞁ' => 'l',
        'ɯ' => 'm',
        'u' => 'n',
        'o' => 'o',
        'd' => 'p',
        'b' => 'q',
        'ɹ' | 'ɺ' | 'ɻ' => 'r',
        's' => 's',
        'ʇ' => 't',
        'n' => 'u',
        'ʌ' => 'v',
        'ʍ' => 'w',
        'x' => 'x',
        'ʎ' => 'y',
        'z' => 'z',
        'i' => 'i',
        _ => return None,
    })
}

/// Whether `c` is a letter upside down and nothing else.
pub fn is_turned(c: char) -> bool {
    turned(c).is_some() && !c.is_ascii()
}

/// The digit that `c` is, in Latin digits or in Chinese ones, plain or formal.
pub fn numeral(c: char) -> Option<u8> {
    Some(match c {
        '0' | '〇' | '零' | '○' | '◯' => 0,
        '1' | '一' | '壹' | '弌' | '幺' => 1,
        '2' | '二' | '贰' | '貳' | '弍' | '两' | '兩' => 2,
        '3' | '三' | '叁' | '參' | '弎' | '叄' | '参' => 3,
        '4' | '四' | '肆' => 4,
        '5' | '五' | '伍' => 5,
        '6' | '六' | '陆' | '陸' => 6,
        '7' | '七' | '柒' => 7,
        '8' | '八' | '捌' => 8,
        '9' | '九' | '玖' => 9,
        _ => return None,
    })
}

/// English words that are another word with one letter doubled.
const DOUBLED: &str = "annals assess barred barring batted batting bellow bellows bidding bitter bussed canning cannon caress choose \
    commas cooped cooping cooper copper cutter dammed dessert dinner dinning discuss dolled dosses dragoon fatted filled filling finnish fusses \
    fussed fussing gripped gripping groove hammed hatted hatter holley hooped hoover hopped hopping jibbed lagged lasses latter litter \
    lobbed loosing looped looping losses masses matted matter matting mellon miller mussed needless palled passed patter petter pinned pinning \
    planned planning platted polled pooled posses princess ragged ragging rapped rapper rapping ratted ratting robbed robbing saloon scrapped \
    scrapping setter shoots slatted slopped slopping snipped snipping starred starring stripped stripping supper tapped tapping tatter \
    tiller tilled topper totted totter wadded wadding wagged wagging willing winning wooden";

/// Whether these small letters are such a word.
pub fn is_doubled(letters: impl Iterator<Item = char> + Clone) -> bool {
    DOUBLED
        .split_ascii_whitespace()
        .any(|word| word.chars().eq(letters.clone()))
}
