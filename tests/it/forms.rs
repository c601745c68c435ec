//! Terms written otherwise: the engine finds what the oracle finds, in the disguises of the generator and in pieces of them.

use tidegate::evade::{Class, Generator};
use tidegate::limits::Limits;
use tidegate::oracle;
use tidegate::variant::Variants;

const TERMS: [&str; 24] = [
    "图书馆",
    "红灯笼",
    "雨伞",
    "上海",
    "长颈鹿",
    "银行卡",
    "植树造林",
    "5号线",
    "西安",
    "女儿国",
    "绿豆汤",
    "你好",
    "gift card",
    "teapot",
    "umbrella",
    "kit",
    "otter",
    "tomato",
    "отель",
    "карта города",
    "مكتبة",
    "눈사람",
    "자전거",
    "自転車",
];

const CARRIERS: [(&str, &str); 6] = [
    ("昨天在", "门口见"),
    ("", ""),
    ("we saw ", " today"),
    ("马上1", "2海关a"),
    ("xi", "an"),
    ("那是的一", "人!1"),
];

#[test]
fn the_engine_agrees_with_the_oracle_on_every_class() {
    let seeds = std::env::var("TIDEGATE_SEEDS").map_or(2, |seeds| {
        seeds.parse().expect("TIDEGATE_SEEDS is a number of seeds")
    });
    let generator = Generator::new();
    let limits = Limits::default();
    let mut hits = 0;
    for seed in 0..seeds {
        for (nth, text) in TERMS.iter().enumerate() {
            for class in Class::all().filter(|class| !class.is_window()) {
                let (before, after) = CARRIERS[(nth + seed as usize) % CARRIERS.len()];
                let seed = seed * 1_000 + nth as u64;
                let Some(made) = disguised(&generator, class, (before, text, after), seed) else {
                    continue;
                };
                for variants in [Variants::STRONG, class.variants()] {
                    let term = oracle::term(text, false, None, variants);
                    let expected = oracle::hits(&term, &made, &limits);
                    let found = tidegate::fuzzing::hits(&term, &made, &limits);
                    assert_eq!(found, expected, "{text:?} under {variants:?} in {made:?}");
                    hits += found.len();
                }
            }
        }
    }
    assert!(hits > 1_000, "{hits} hits");
}

/// The term between two texts, all of it in that disguise.
fn disguised(
    generator: &Generator,
    class: Class,
    (before, term, after): (&str, &str, &str),
    seed: u64,
) -> Option<String> {
    let text = format!("{before}{term}{after}");
    let span = before.len()..before.len() + term.len();
    let made = generator.disguise(class, &text, &[span], seed)?;
    made.messages.into_iter().next()
}
