//! What is known of Han characters beyond their forms: how they sound, which look alike, of what parts they are, and the words they make.
//!
//! Kept as text, about 690 kB in the program, and made into maps on first use (about 3 MB): only terms that ask for these variants, and terms of Han
//! at the border of words, look here.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A syllable of standard Chinese, without its tone; by its place in the order of spelling.
pub type Syllable = u16;

/// The syllables that `c` can be read as, in order.
pub fn readings(c: char) -> &'static [Syllable] {
    SOUNDS.readings.of(c)
}

/// How a syllable is typed: letters a to z, v for ü.
pub fn spelling(syllable: Syllable) -> &'static str {
    SOUNDS
        .spellings
        .get(usize::from(syllable))
        .copied()
        .unwrap_or_default()
}

/// The syllable that is typed so.
pub fn syllable(letters: &str) -> Option<Syllable> {
    let place = SOUNDS.spellings.binary_search(&letters).ok()?;
    Some(place as Syllable)
}

/// Whether some reading of `a` is one of `b`.
pub fn sound_alike(a: char, b: char) -> bool {
    let b = readings(b);
    readings(a).iter().any(|syllable| b.contains(syllable))
}

/// The characters that look like `c`.
pub fn similar(c: char) -> &'static [char] {
    SHAPES.similar.of(c)
}

/// What `c` can be taken apart into: two or three parts each, as [`part`] gives them.
pub fn parts(c: char) -> &'static [Vec<char>] {
    SHAPES.parts.of(c)
}

/// A character, and the third of its parts, if it has one.
pub type Whole = (char, Option<char>);

/// The characters that begin with these two parts.
pub fn wholes(first: char, second: char) -> &'static [Whole] {
    let parts = &(first, second);
    SHAPES.wholes.get(parts).map_or(&[], Vec::as_slice)
}

/// The character that a part of a character stands for: 人 for 亻.
pub fn part(c: char) -> char {
    SHAPES.part.get(&c).copied().unwrap_or(c)
}

/// The part itself, and what it may be written as inside of a character: the inverse of [`part`].
pub(crate) fn forms_of_part(c: char) -> Vec<char> {
    let forms = PARTS.chars().zip(WHOLES.chars());
    let of = forms.filter(|(_, whole)| *whole == c).map(|(form, _)| form);
    std::iter::once(c).chain(of).collect()
}

const PARTS: &str =
    "亻氵扌钅讠纟饣忄犭礻衤灬罒艹艸辶刂⺮攵彳飠糹釒訁牜王玊阝疒虍彡攴爫耂⺼糸絲水火金言食心犬示衣";
const WHOLES: &str =
    "人水手金言丝食心犬示衣火四草草走刀竹文行食丝金言牛玉玉耳病虎三文爪老月丝丝水火金言食心犬示衣";

/// Whether the two make a common word.
pub fn is_word(first: char, second: char) -> bool {
    WORDS.pairs.of(first).binary_search(&second).is_ok()
}

/// Whether `c` is a word by itself, and one of the commonest.
pub fn is_common_word(c: char) -> bool {
    COMMON.contains(c)
}

/// By the counts of jieba's dictionary.
const COMMON: &str = "的了是在和有他我就不这着为也上说到你对人要从都与把中个她地里将去一又还来好那得很以而让它被做年于会多能没过大家向时后但再这么之等及由其用给更已吗吧啊呢最下小日月只想看天可这些月该此因才叫位次种";

/// How many common words of two characters begin with `c`.
pub fn followers(c: char) -> usize {
    WORDS.pairs.of(c).len()
}

/// Whether these three or four make a common word.
pub fn is_long_word(word: &[char]) -> bool {
    WORDS.long.binary_search(&padded(word)).is_ok()
}

/// What is known of each character of the block that common Han stand in.
struct ByHan<T> {
    starts: Vec<u32>,
    members: Vec<T>,
}

impl<T: Clone> ByHan<T> {
    const FIRST: u32 = 0x4e00;
    const COUNT: usize = 0x5200;

    /// What stands in no row is dropped.
    fn new(mut known: HashMap<char, Vec<T>>) -> Self {
        let (mut starts, mut members) = (vec![0], Vec::new());
        for c in (Self::FIRST..).take(Self::COUNT).map(char::from_u32) {
            members.extend(c.and_then(|c| known.remove(&c)).unwrap_or_default());
            starts.push(members.len() as u32);
        }
        Self { starts, members }
    }

    fn of(&self, c: char) -> &[T] {
        let at = (c as u32).wrapping_sub(Self::FIRST) as usize;
        match self.starts.get(at..).unwrap_or_default() {
            [from, to, ..] => &self.members[*from as usize..*to as usize],
            _ => &[],
        }
    }
}

struct Sounds {
    spellings: Vec<&'static str>,
    readings: ByHan<Syllable>,
}

static SOUNDS: LazyLock<Sounds> = LazyLock::new(|| {
    let mut spellings = Vec::new();
    let mut readings: HashMap<char, Vec<Syllable>> = HashMap::new();
    // Sorted by spelling, as the table is.
    for (spelling, chars) in
        rows(include_str!("han/readings.txt")).filter_map(|row| row.split_once(' '))
    {
        let syllable = spellings.len() as Syllable;
        spellings.push(spelling);
        for c in chars.chars() {
            readings.entry(c).or_default().push(syllable);
        }
    }
    Sounds {
        spellings,
        readings: ByHan::new(readings),
    }
});

/// Characters that readers take for one another, beside those of the tables.
const ALIKE: &str = "大太犬天夫夭 土士干千于 人入八 日曰目白自 未末木本术 己已巳 王玉主 刀力刃刁 今令 午牛生 田由甲申 \
    广厂 冶治 候侯 戊戌戍戎成 贝见 乌鸟岛 免兔 风凤 洒酒 拔拨 辨辩瓣 赢嬴 折拆析 史吏更 徽微薇 晴睛 蓝篮 暑署 书节 国图园圆 \
    东车 电甩龟 车年 问间闻 闪闭 灯打钉 汽气 场扬 植值直 市布币 银根 机札 线钱 海悔梅 行街 道通 地池他 火灭 水永冰 门们 户尸 \
    师帅 弟第 住往 体休 作昨 她地 谷容 元无 石右 左在 古舌 各名 加如 关美 买卖 先光 思恩 热执 话活 情清请 院完 馆棺 铁轶 乐东";

struct Shapes {
    similar: ByHan<char>,
    parts: ByHan<Vec<char>>,
    wholes: HashMap<(char, char), Vec<Whole>>,
    part: HashMap<char, char>,
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    let mut similar: HashMap<char, Vec<char>> = HashMap::new();
    for row in rows(include_str!("han/similar.txt")) {
        let mut chars = row.chars();
        let Some(first) = chars.next() else { continue };
        for other in chars {
            similar.entry(first).or_default().push(other);
            similar.entry(other).or_default().push(first);
        }
    }
    for row in ALIKE.split(' ') {
        for (a, b) in row.chars().flat_map(|a| row.chars().map(move |b| (a, b))) {
            let known = similar.entry(a).or_default();
            if a != b && !known.contains(&b) {
                known.push(b);
            }
        }
    }
    let part: HashMap<char, char> = PARTS.chars().zip(WHOLES.chars()).collect();
    let mut parts: HashMap<char, Vec<Vec<char>>> = HashMap::new();
    let mut wholes: HashMap<(char, char), Vec<Whole>> = HashMap::new();
    for row in rows(include_str!("han/parts.txt")) {
        let mut fields = row.split(' ');
        let Some(whole) = fields.next().and_then(|field| field.chars().next()) else {
            continue;
        };
        for field in fields {
            let made: Vec<char> = field
                .chars()
                .map(|c| part.get(&c).copied().unwrap_or(c))
                .collect();
            let known = parts.entry(whole).or_default();
            if !known.contains(&made) {
                let of = wholes.entry((made[0], made[1])).or_default();
                of.push((whole, made.get(2).copied()));
                known.push(made);
            }
        }
    }
    Shapes {
        similar: ByHan::new(similar),
        parts: ByHan::new(parts),
        wholes,
        part,
    }
});

struct Words {
    /// In order.
    pairs: ByHan<char>,
    long: Vec<[char; 4]>,
}

/// A word of up to four characters, NUL after it.
fn padded(word: &[char]) -> [char; 4] {
    std::array::from_fn(|at| word.get(at).copied().unwrap_or_default())
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let (pairs, long) = include_str!("han/words.txt")
        .split_once("\n\n")
        .unwrap_or_default();
    let mut followers: HashMap<char, Vec<char>> = HashMap::new();
    for row in rows(pairs) {
        let mut chars = row.chars();
        if let Some(first) = chars.next() {
            followers.entry(first).or_default().extend(chars);
        }
    }
    let long = long
        .lines()
        .map(|word| padded(&word.chars().collect::<Vec<_>>()))
        .collect();
    Words {
        pairs: ByHan::new(followers),
        long,
    }
});

fn rows(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|row| !row.starts_with('#'))
}
