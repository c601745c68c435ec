//! Sentences that a term may stand in.

use std::ops::Range;

use super::random::Random;

const CHINESE: [&str; 10] = [
    "今天有人提到{}，你看了吗",
    "我昨天在群里说的{}，后来怎么样了？",
    "听说{}的事了吗",
    "别忘了，{}！",
    "老师说：{}，大家记一下",
    "他们一直在聊{}，我没听懂",
    "{}，明天再说吧",
    "关于{}，我有几个问题",
    "下午三点，{}，不见不散",
    "刚才那条消息写的是{}",
];
const ENGLISH: [&str; 10] = [
    "they were talking about {} all evening",
    "did you hear what happened with {} yesterday?",
    "{}, that is what she said",
    "please bring {} tomorrow morning",
    "my brother keeps asking for {}.",
    "nobody told us about {}!",
    "we saw {} near the old bridge",
    "so {} was the answer, right?",
    "Thanks for {}",
    "look up {} when there is time",
];
const ARABIC: [&str; 6] = [
    "سمعت اليوم عن {} من صديقي",
    "هل رأيت {} أمس؟",
    "نتحدث غدا عن {}",
    "أخبرني عن {}، من فضلك",
    "{} كان موضوع الدرس",
    "كتب أخي رسالة عن {} قبل ساعة",
];
const RUSSIAN: [&str; 6] = [
    "вчера весь вечер говорили про {} дома",
    "ты видел {} сегодня?",
    "напиши мне про {}, пожалуйста",
    "{} будет завтра утром",
    "брат спрашивал про {} опять",
    "никто не знал про {}!",
];
const KOREAN: [&str; 6] = [
    "어제 친구가 {} 이야기를 했어",
    "오늘 {} 봤어?",
    "내일 {} 가져와 줘",
    "선생님이 {} 말씀하셨다",
    "{}, 그게 답이야",
    "우리는 {} 앞에서 만났다",
];
const JAPANESE: [&str; 6] = [
    "昨日は{}の話をしました",
    "今日の{}を見た？",
    "明日、{}を持ってきてね",
    "先生が「{}」と言った",
    "{}、それが答えだよ",
    "駅の前に{}がありました",
];

/// A term in a sentence of its language, and where it stands there; by its script, as Han alone is taken for Chinese.
pub fn carry(term: &str, seed: u64) -> (String, Range<usize>) {
    let mut random = Random::new(seed);
    let within = |ranges: &[(char, char)]| {
        term.chars().any(|c| {
            ranges
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&c))
        })
    };
    let carriers: &[&str] = if within(&[('\u{3041}', '\u{30ff}')]) {
        &JAPANESE
    } else if within(&[('\u{ac00}', '\u{d7a3}'), ('\u{3131}', '\u{318e}')]) {
        &KOREAN
    } else if within(&[('\u{3400}', '\u{9fff}'), ('\u{20000}', '\u{3ffff}')]) {
        &CHINESE
    } else if within(&[('\u{600}', '\u{6ff}')]) {
        &ARABIC
    } else if within(&[('\u{400}', '\u{52f}')]) {
        &RUSSIAN
    } else {
        &ENGLISH
    };
    let sentence = random.pick(carriers);
    let at = sentence.find("{}").unwrap_or(0);
    (sentence.replace("{}", term), at..at + term.len())
}
