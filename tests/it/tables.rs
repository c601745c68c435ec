//! What the character tables hold, and the law that they keep together.

use std::collections::BTreeSet;

use tidegate::text::tables::{self, Class, Script};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

fn chars() -> impl Iterator<Item = char> {
    '\0'..=char::MAX
}

/// The variants that fold single characters, and which way a look-alike that may be an l is read.
#[derive(Clone, Copy, Debug)]
struct Variants {
    width: bool,
    marks: bool,
    invisible: bool,
    script: bool,
    case: bool,
    confusables: bool,
    as_l: bool,
}

impl Variants {
    const EVERY: Self = Self {
        width: true,
        marks: true,
        invisible: true,
        script: true,
        case: true,
        confusables: true,
        as_l: false,
    };

    fn all() -> impl Iterator<Item = Self> {
        (0..1 << 7).map(|n: u32| {
            let bit = |i: u32| n >> i & 1 == 1;
            Self {
                width: bit(0),
                marks: bit(1),
                invisible: bit(2),
                script: bit(3),
                case: bit(4),
                confusables: bit(5),
                as_l: bit(6),
            }
        })
    }

    /// The stages of the page, the last of them being the replacement by the look-alike.
    fn fold(self, c: char) -> String {
        let mut s: String = c.nfc().collect();
        if self.width {
            s = each(&s, by_width).nfc().collect();
        }
        if self.marks {
            s = each(&s, |c| {
                if tables::keeps_marks(c) {
                    return c.to_string();
                }
                let bare = c.nfd().filter(|c| !tables::is_mark(*c));
                bare.map(|c| tables::stroke(c).unwrap_or(c)).collect()
            });
            s = s.nfc().collect();
        }
        if self.invisible {
            s.retain(|c| !tables::is_invisible(c));
        }
        if self.script {
            s = each(&s, by_script);
        }
        if self.confusables {
            let look = |c| look(c, self.as_l).unwrap_or(c).to_string();
            s = each(&s, look);
        }
        if self.case {
            s = s.chars().map(tables::case_fold).collect();
        }
        s
    }
}

fn each(s: &str, f: impl Fn(char) -> String) -> String {
    s.chars().map(f).collect()
}

fn by_width(c: char) -> String {
    tables::width(c).map_or(c.to_string(), str::to_owned)
}

fn by_script(c: char) -> String {
    let c = tables::script_fold(c).unwrap_or(c);
    match tables::jamo(c) {
        Some(jamo) => jamo.into_iter().flatten().collect(),
        None => c.to_string(),
    }
}

fn look(c: char, as_l: bool) -> Option<char> {
    let look = tables::confusable(c)?;
    Some(if look.or_l && as_l { 'l' } else { look.letter })
}

/// The full fold, character by character, as the page of the tables has it.
fn full(s: &str) -> String {
    full_but(s, is_combining_mark)
}

/// The full fold, with a choice of the marks that it drops beyond those with a combining class and those of `marks`.
fn full_but(s: &str, dropped: fn(char) -> bool) -> String {
    let mut out = String::new();
    for c in s.nfc() {
        for c in by_width(c).nfd() {
            if dropped(c) || canonical_combining_class(c) != 0 || tables::is_mark(c) {
                continue;
            }
            let c = tables::stroke(c).unwrap_or(c);
            if tables::is_invisible(c) {
                continue;
            }
            for c in by_script(c).chars() {
                let c = tables::case_fold(c);
                let c = look(c, false).unwrap_or(c);
                out.push(tables::merged(tables::case_fold(c)));
            }
        }
    }
    out
}

#[test]
fn folding_less_and_then_fully_is_folding_fully() {
    let folded: BTreeSet<char> = tables::folded_chars().collect();
    let variants: Vec<Variants> = Variants::all().collect();
    let mut bad = Vec::new();
    for c in chars() {
        let want = full(&c.to_string());
        if !folded.contains(&c) {
            assert_eq!(want, tables::merged(c).to_string(), "{c:?} is folded");
            continue;
        }
        for v in &variants {
            let less = v.fold(c);
            if full(&less) != want {
                bad.push(format!("{c:?}: {want:?}, but {less:?} with {v:?}"));
                break;
            }
            let keep = full_but(&less, |_| false);
            assert_eq!(keep, full_but(&c.to_string(), |_| false), "{c:?} {v:?}");
        }
    }
    assert!(
        bad.is_empty(),
        "{} characters:\n{}",
        bad.len(),
        bad.join("\n")
    );
}

#[test]
fn folding_fully_twice_changes_nothing() {
    for c in chars() {
        let once = full(&c.to_string());
        assert_eq!(full(&once), once, "{c:?}");
    }
}

#[test]
fn the_folded_characters_are_all_there_and_in_order() {
    let folded: Vec<char> = tables::folded_chars().collect();
    assert!(folded.is_sorted());
    let folded: BTreeSet<char> = folded.into_iter().collect();
    for c in chars().filter(|c| !folded.contains(c)) {
        assert_eq!(Variants::EVERY.fold(c), c.to_string(), "{c:?}");
    }
}

#[test]
fn the_tables_are_closed() {
    for c in chars() {
        for f in tables::width(c).unwrap_or_default().chars() {
            assert_eq!(tables::width(f), None, "{c} holds {f}");
        }
        if let Some(to) = tables::stroke(c) {
            assert!(to.is_ascii_alphabetic(), "{c} is {to}");
        }
        if let Some(to) = tables::script_fold(c) {
            assert_eq!(tables::script_fold(to), None, "{c} is {to}");
        }
        if let Some(look) = tables::confusable(c) {
            assert!(look.letter.is_ascii_alphabetic() && !c.is_ascii(), "{c}");
            assert!(!look.or_l || matches!(look.letter, 'i' | 'I'), "{c}");
        }
        for jamo in tables::jamo(c).into_iter().flatten().flatten() {
            assert_eq!(tables::jamo(jamo), None, "{c} holds {jamo}");
        }
        let lower = tables::case_fold(c);
        assert_eq!(tables::case_fold(lower), lower, "{c}");
        assert_eq!(tables::merged(tables::merged(c)), tables::merged(c), "{c}");
    }
}

#[test]
fn width_is_nfkc_and_what_was_added_by_hand() {
    for c in chars() {
        let nfkc: String = c.nfkc().collect();
        let canonical: String = c.nfc().collect();
        let framed = matches!(c, '\u{2474}'..='\u{24b5}' | '\u{3200}'..='\u{3243}'
            | '\u{1f100}'..='\u{1f10a}' | '\u{1f110}'..='\u{1f12a}' | '\u{1f240}'..='\u{1f248}');
        let jamo = matches!(c, '\u{3131}'..='\u{318e}' | '\u{3260}'..='\u{326d}' | '\u{ffa1}'..='\u{ffdc}');
        let lunate = matches!(c, 'ϲ' | 'Ϲ');
        let accent = nfkc.starts_with(' ') && nfkc.chars().nth(1).is_some_and(is_combining_mark);
        if framed || jamo || lunate || accent || tables::is_invisible(c) {
            continue;
        }
        if nfkc == canonical {
            let by_hand = matches!(c, 'Ʀ' | 'ɢ' | 'ɪ' | 'ɴ' | 'ʀ' | 'ʏ' | 'ʙ' | 'ʜ' | 'ʟ' | '\u{1d00}'..='\u{1d22}'
                | '\u{24eb}'..='\u{24ff}' | '\u{2776}'..='\u{2793}' | '\u{2e80}'..='\u{2ef3}' | '\u{31c0}'..='\u{31ef}'
                | '\u{3248}'..='\u{324f}' | '\u{a730}'..='\u{a731}' | '\u{a7ae}'..='\u{a7af}'
                | '\u{212e}' | '\u{2373}'..='\u{2375}' | '\u{237a}' | '\u{1f10b}'..='\u{1f10c}' | '\u{1f150}'..='\u{1f19a}' | '\u{1f1e6}'..='\u{1f1ff}');
            assert!(by_hand || tables::width(c).is_none(), "{c:?}");
        } else {
            assert_eq!(by_width(c), each(&nfkc, by_width), "{c:?}");
        }
    }
}

#[test]
fn case_folding_is_lower_case_but_for_what_unicode_says() {
    for c in chars() {
        let mut lower = c.to_lowercase();
        let (Some(lower), None) = (lower.next(), lower.next()) else {
            continue;
        };
        // Cherokee folds to its capitals; the others are small letters that fold to another small letter.
        let cherokee = matches!(c, '\u{13a0}'..='\u{13f5}' | '\u{13f8}'..='\u{13fd}' | '\u{ab70}'..='\u{abbf}');
        let variants = "µſςϐϑϕϖϰϱϵẛ\u{1fbe}\u{1fd3}\u{1fe3}\u{fb05}";
        let cyrillic = matches!(c, '\u{1c80}'..='\u{1c88}');
        if cherokee || cyrillic || variants.contains(c) {
            continue;
        }
        // The compiler may know letters that the table is too old for.
        let long_known = matches!(c, '\0'..='\u{1c7f}' | '\u{1e00}'..='\u{2c7f}');
        if long_known || tables::case_fold(c) != c {
            assert_eq!(tables::case_fold(c), lower, "{c:?}");
        }
    }
    let rows =
        "AaÀàßßẞßİİııſsςσΣσЖжЙйԱա\u{ab70}\u{13a0}\u{13a0}\u{13a0}ＡａⒶⓐ\u{345}\u{345}ǅǆ5511人人";
    for (c, want) in pairs(rows) {
        assert_eq!(tables::case_fold(c), want, "{c}");
    }
}

/// The first and the second character, the third and the fourth, and so on.
fn pairs(s: &str) -> impl Iterator<Item = (char, char)> {
    let firsts = s.chars().step_by(2);
    firsts.zip(s.chars().skip(1).step_by(2))
}

#[test]
fn forms_of_width() {
    let rows = "Ａ A|ｚ z|５ 5|！ !|￥ ¥|\u{3000} \u{20}|\u{a0} \u{20}|ｶ カ|ﾟ \u{309a}|ｰ ー|㍿ 株式会社|㎏ kg|㎡ m2|㏂ a.m.\
        |① 1|⑳ 20|㊿ 50|❶ 1|❿ 10|➀ 1|➓ 10|⓫ 11|⓿ 0|⓵ 1|🄋 0|🄌 0|㉈ 10|⒈ 1|⒛ 20|⑴ 1|⒇ 20|🄀 0|🄁 0|🄂 1\
        |⒜ a|⒵ z|Ⓐ A|ⓩ z|🄐 A|🅐 A|🅉 Z|🅰 A|🆉 Z|🄰 A|🇦 A|🇿 Z|🆎 AB|🆗 OK|🄫 C|™ TM|№ No|℃ °C|ℵ א\
        |ᴀ a|ʙ b|ᴄ c|ɢ g|ʜ h|ɪ i|ʟ l|ɴ n|ʀ r|ꜱ s|ʏ y|ᴢ z|Ʀ R|Ɪ I|ᵃ a|ʰ h|ₓ x|ⁿ n|ª a|ſ s|ﬁ fi|Ⅳ IV|ⅷ viii|½ 1⁄2|… ...\
        |𝐀 A|𝓏 z|𝟘 0|𝛂 α|㈠ 一|㊀ 一|㊤ 上|㈱ 株|㊙ 秘|🈲 禁|🉐 得|🉀 本|🈂 サ|⼈ 人|⺅ 亻|⻢ 马|㇐ 一|㈀ ㄱ|㉠ ㄱ|㈎ 가|ﾡ ㄱ|ￂ ㅏ\
        |ﺎ ا|ﻻ لا|ﷲ الله|ﹰ -|´ -|¨ -|゛ -|ㄱ -|가 -|ϲ -|人 -|A -|★ -|👍 -|\u{200b} -|\u{e0041} -";
    for row in rows.split('|') {
        let (c, want) = row.split_once(' ').expect("a row");
        let c = c.chars().next().expect("a character");
        assert_eq!(tables::width(c).unwrap_or("-"), want, "{c}");
    }
}

#[test]
fn marks_that_go_and_marks_that_stay() {
    for c in "\u{300}\u{301}\u{306}\u{308}\u{36f}\u{483}\u{489}\u{1ab0}\u{1dc4}\u{20dd}\u{20e3}\u{fe20}\u{640}\u{64b}\u{652}\u{653}\u{654}\
        \u{655}\u{670}\u{6d6}\u{5b0}\u{5bc}\u{591}\u{730}\u{345}\u{a66f}"
        .chars()
    {
        assert!(tables::is_mark(c), "{c:?}");
        assert_eq!(tables::class(c), Class::Letter, "{c:?}");
    }
    for c in "\u{3099}\u{309a}\u{93e}\u{94d}\u{951}\u{e31}\u{e48}\u{fe0f}\u{34f}\u{200d}\u{302a}\u{103a}\u{17d2}aй".chars() {
        assert!(!tables::is_mark(c), "{c:?}");
    }
    let kept: String = chars().filter(|c| tables::keeps_marks(*c)).collect();
    assert_eq!(kept, "ЇЎЙйїў");
}

#[test]
fn strokes_come_off() {
    for (c, want) in pairs(
        "øoØOłlŁLđdĐDðdÐDħhĦHŧtŦTƀbɃBɨiƗIʉuɄUƶzƵZɍrɌRɏyɎYⱥaȺAȼcȻCɇeɆEǥgǤGɉjɈJꝁkꝀKᵽpⱣPɋqɓbƁBƙkƴyɗdɠg",
    ) {
        assert_eq!(tables::stroke(c), Some(want), "{c}");
    }
    for c in "oląßþæœəŋıé1人б".chars() {
        assert_eq!(tables::stroke(c), None, "{c}");
    }
}

#[test]
fn what_shows_nothing() {
    for c in "\0\u{1b}\u{7f}\u{80}\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{180e}\u{200b}\u{200d}\u{200f}\u{202e}\u{2060}\u{206f}\u{3164}\u{fe0f}\u{feff}\u{ffa0}\u{fff9}\u{1d173}\u{e0001}\u{e0041}\u{e0100}\u{e0fff}"
        .chars()
    {
        assert!(tables::is_invisible(c), "{c:?}");
        assert_eq!(tables::class(c), Class::Noise, "{c:?}");
    }
    for c in "\t\n\u{b}\u{c}\r\u{85} \u{a0}\u{2003}\u{2028}\u{2800}\u{3000}\u{fffd}a".chars() {
        assert!(!tables::is_invisible(c), "{c:?}");
    }
}

#[test]
fn standard_forms_within_a_script() {
    let han = "國国組组織织說说説说裏里爲为為为衆众眾众羣群峯峰囯国綫线線线眞真啓启啟启麪面麵面竜龙戦战発发気气図图広广桜樱関关県县済济\
        駅驿戱戏鑛矿鉱矿愼慎內内産产產产値值黒黑";
    let arabic = "أاإاآاٱاٲاٳاىيیيئيکكڪكہهھهةهؤو";
    let digits = "٠0٩9۴4०0९9৫5๓3០0༣3᠖6𑁦0";
    for (c, want) in [han, arabic, digits].into_iter().flat_map(pairs) {
        assert_eq!(tables::script_fold(c), Some(want), "{c}");
    }
    let stays = "国组说芸予余欠缶弁浜慎概研翻萌著郎瓶晃台后里干面一〇々囗ېۇۆۈۋەڭےايكهو09aあㄱ";
    for c in stays.chars() {
        assert_eq!(tables::script_fold(c), None, "{c}");
    }
}

#[test]
fn hangul_comes_apart() {
    for (c, want) in [
        ('가', "ㄱㅏ"),
        ('각', "ㄱㅏㄱ"),
        ('폭', "ㅍㅗㄱ"),
        ('탄', "ㅌㅏㄴ"),
        ('넋', "ㄴㅓㄳ"),
        ('힣', "ㅎㅣㅎ"),
        ('\u{1100}', "ㄱ"),
        ('\u{1161}', "ㅏ"),
        ('\u{11a8}', "ㄱ"),
        ('\u{11c2}', "ㅎ"),
        ('ﾡ', "ㄱ"),
        ('ￜ', "ㅣ"),
    ] {
        let jamo: String = tables::jamo(c).into_iter().flatten().flatten().collect();
        assert_eq!(jamo, want, "{c}");
    }
    for c in "ㄱㅏㅎ\u{115f}\u{3164}\u{ffa0}a人".chars() {
        assert_eq!(tables::jamo(c), None, "{c}");
    }
    assert!(
        ('가'..='힣').all(|c| tables::jamo(c).is_some_and(|[a, b, _]| a.is_some() && b.is_some()))
    );
}

#[test]
fn look_alikes() {
    let cyrillic = "аaАAвbВBеeЕEнhНHкkКKмmМMоoОOрpРPсcСCтtТTуyУYхxХXѕsЅSіiјjЈJһhԁdԛqԝwьbгrпn";
    let greek = "αaΑAβbΒBγyεeΕEηnΗHιiκkΚKΜMνvΝNοoΟOρpΡPτtΤTυuΥYχxΧXωwσoΖZϲcϹC";
    let others = "ոnօoսuհhգqցgꓮAꓳOᎪAⲞOⲣp𐐄OᗅA";
    let latin = "ɑaɡgıiɩiʋv";
    for (c, want) in [cyrillic, greek, others, latin].into_iter().flat_map(pairs) {
        let letter = tables::confusable(c).map(|look| (look.letter, look.or_l));
        assert_eq!(letter, Some((want, false)), "{c}");
    }
    for (c, want) in pairs("ІIΙIⲒIꓲIӀIӏi") {
        let letter = tables::confusable(c).map(|look| (look.letter, look.or_l));
        assert_eq!(letter, Some((want, true)), "{c}");
    }
    for c in "aIl1|иязжДфשاון人口ロニ가ㅇㅣÀąøɯ①".chars() {
        assert_eq!(tables::confusable(c), None, "{c}");
    }
    let merged: String = ('a'..='z').map(tables::merged).collect();
    assert_eq!(merged, "abcdefghijkimhopqrstuhwxuz");
    assert_eq!(tables::merged('A'), 'A');
    assert_eq!(tables::merged('{'), '{');
    assert_eq!(tables::merged('\u{100}'), '\u{100}');
}

#[test]
fn classes() {
    let rows = [
        (
            Class::Letter,
            "aZéßаЖαאبあアー々〆〇人가ㄱกกาिａⒶ㊙™🅰🇺ªⅣ㈱ᴀ\u{301}\u{640}\u{3099}ʻ〡",
        ),
        (Class::Digit, "09٣۵३５①⑴❶½²𝟘㉈፩"),
        (
            Class::Space,
            " \t\n\r\u{b}\u{c}\u{85}\u{a0}\u{1680}\u{2003}\u{2028}\u{2029}\u{3000}\u{2800}",
        ),
        (Class::Joiner, "-‐‑‒'’‘ʼ`´ʹ′·・‧_＿－＇･"),
        (
            Class::Prose,
            ",.;:!?\"()[]&/@~%<>，。；：！？、《》「」【】（）［］＆／＠～％＜＞…—–―“”„«»‹›،؛؟۔।‥〜¿¡⁇",
        ),
        (
            Class::Noise,
            "#*^|+={}\\$＃＊＾｜＋＝｛｝＄☆★●■♥→👍😀🏻©®°§¶†•※×÷€¥\u{200b}\u{fe0f}\u{e000}\u{378}",
        ),
    ];
    for (class, all) in rows {
        for c in all.chars() {
            assert_eq!(tables::class(c), class, "{c:?}");
        }
    }
}

#[test]
fn a_form_of_one_character_is_of_its_class() {
    for c in chars() {
        let mut form = tables::width(c).unwrap_or_default().chars();
        if let (Some(only), None) = (form.next(), form.next()) {
            assert_eq!(tables::class(c), tables::class(only), "{c:?}");
        }
    }
}

#[test]
fn scripts() {
    let rows = [
        (Script::Latin, "aZéøɑＡⅣªK"),
        (Script::Cyrillic, "яЯӏқ"),
        (Script::Greek, "αΩἀ"),
        (Script::Arabic, "بېﺎ"),
        (Script::Hebrew, "אש"),
        (Script::Hangul, "가ㄱ\u{1100}ﾡ"),
        (Script::Han, "人〇々〆⼈豈𠀀"),
        (Script::Kana, "あアーｱｰゝヶ"),
        (Script::Unspaced, "กລកမང"),
        (Script::Other, "कதაԱᎠሀܐ"),
        (Script::Common, "1 .*①👍\u{301}™\u{640}！\u{200b}"),
    ];
    for (script, all) in rows {
        for c in all.chars() {
            assert_eq!(tables::script(c), script, "{c:?}");
        }
    }
    for c in chars().filter(|c| tables::class(*c) != Class::Letter) {
        assert_eq!(tables::script(c), Script::Common, "{c:?}");
    }
}

#[test]
fn turkic_letters() {
    let turkic: String = chars().filter(|c| tables::is_turkic(*c)).collect();
    assert_eq!(turkic.chars().count(), 31);
    for c in "ğĞıİşŞəƏқҚғҒңҢүҮұҰөӨәӘһҺېۇۆۈۋەڭ".chars() {
        assert!(turkic.contains(c), "{c}");
    }
    assert_eq!(tables::UNICODE_VERSION, "15.0.0");
}
