//! Han by sound, by parts and by shape.

use std::collections::BTreeMap;

use super::Generator;
use super::random::Random;
use super::tables;

/// The tables, by character.
#[derive(Debug)]
pub(super) struct Tables {
    /// The usual reading, as `zhong4`.
    sound: BTreeMap<char, &'static str>,
    /// Characters by reading.
    alike: BTreeMap<&'static str, &'static str>,
    traditional: BTreeMap<char, &'static str>,
    sides: BTreeMap<char, &'static str>,
    layers: BTreeMap<char, &'static str>,
    strokes: BTreeMap<char, &'static str>,
    martian: BTreeMap<char, &'static str>,
}

impl Tables {
    pub(super) fn read() -> Self {
        let mut sound = BTreeMap::new();
        let mut alike = BTreeMap::new();
        for entry in tables::SOUNDS.split_whitespace() {
            let letters = entry.find(|c: char| !c.is_ascii()).unwrap_or(entry.len());
            let (reading, characters) = entry.split_at(letters);
            alike.insert(reading, characters);
            sound.extend(characters.chars().map(|c| (c, reading)));
        }
        Self {
            sound,
            alike,
            traditional: by_first(tables::TRADITIONAL),
            sides: by_first(tables::SIDES),
            layers: by_first(tables::LAYERS),
            strokes: by_first(tables::STROKES),
            martian: by_first(tables::MARTIAN),
        }
    }

    /// The readings of a term of Han alone; `None` if a character of it is not.
    fn readings(&self, term: &str) -> Option<Vec<&'static str>> {
        let usual: Option<Vec<_>> = term.chars().map(|c| self.sound.get(&c).copied()).collect();
        let mut readings = usual?;
        for (word, row) in WORDS {
            for (at, _) in term.match_indices(word) {
                let from = term[..at].chars().count();
                for (place, reading) in row.split(' ').enumerate() {
                    readings[from + place] = reading;
                }
            }
        }
        (!readings.is_empty()).then_some(readings)
    }
}

/// Words that are read otherwise than their characters usually are.
const WORDS: [(&str, &str); 22] = [
    ("重庆", "chong2 qing4"),
    ("重阳", "chong2 yang2"),
    ("银行", "yin2 hang2"),
    ("行业", "hang2 ye4"),
    ("音乐", "yin1 yue4"),
    ("乐器", "yue4 qi4"),
    ("乐队", "yue4 dui4"),
    ("头发", "tou2 fa4"),
    ("理发", "li3 fa4"),
    ("校长", "xiao4 zhang3"),
    ("成长", "cheng2 zhang3"),
    ("调查", "diao4 cha2"),
    ("角色", "jue2 se4"),
    ("朝阳", "chao2 yang2"),
    ("会计", "kuai4 ji4"),
    ("还款", "huan2 kuan3"),
    ("参差", "cen1 ci1"),
    ("模样", "mu2 yang4"),
    ("弹琴", "tan2 qin2"),
    ("子弹", "zi3 dan4"),
    ("传记", "zhuan4 ji4"),
    ("地铁", "di4 tie3"),
];

fn by_first(table: &'static str) -> BTreeMap<char, &'static str> {
    table
        .split_whitespace()
        .filter_map(|entry| {
            let first = entry.chars().next()?;
            Some((first, &entry[first.len_utf8()..]))
        })
        .collect()
}

fn letters(reading: &str) -> &str {
    reading.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// With its tone: on a or e, on the o of ou, else on the last vowel.
fn toned(reading: &str) -> String {
    let tone = reading
        .chars()
        .last()
        .and_then(|c| c.to_digit(10))
        .unwrap_or(5);
    let letters = letters(reading);
    let at = letters
        .find(['a', 'e'])
        .or_else(|| letters.find("ou"))
        .or_else(|| letters.rfind(['i', 'o', 'u', 'v']));
    let mut out = String::new();
    for (place, c) in letters.char_indices() {
        if Some(place) != at || tone == 5 {
            out.push(if c == 'v' { 'ü' } else { c });
            continue;
        }
        let row = match c {
            'a' => "āáǎà",
            'e' => "ēéěè",
            'i' => "īíǐì",
            'o' => "ōóǒò",
            'u' => "ūúǔù",
            _ => "ǖǘǚǜ",
        };
        out.extend(row.chars().nth(tone as usize - 1));
    }
    out
}

/// What stands between the syllables of terms of Han, by the readings of each.
fn typed(
    generator: &Generator,
    term: &str,
    between: &str,
    how: impl Fn(&str) -> String,
) -> Option<String> {
    let readings = generator.han.readings(term)?;
    let typed: Vec<String> = readings.into_iter().map(how).collect();
    Some(typed.join(between))
}

pub(super) fn pinyin_joined(
    generator: &Generator,
    term: &str,
    random: &mut Random,
) -> Option<String> {
    let capital = random.chance(20);
    let typed = typed(generator, term, "", |reading| letters(reading).to_owned())?;
    Some(if capital { typed.to_uppercase() } else { typed })
}

pub(super) fn pinyin_spaced(
    generator: &Generator,
    term: &str,
    random: &mut Random,
) -> Option<String> {
    let between = random.pick(&[" ", " ", "-", "."]);
    typed(generator, term, between, |reading| {
        letters(reading).to_owned()
    })
}

pub(super) fn pinyin_tones(
    generator: &Generator,
    term: &str,
    random: &mut Random,
) -> Option<String> {
    let between = random.pick(&[" ", ""]);
    typed(generator, term, between, toned)
}

pub(super) fn pinyin_digits(
    generator: &Generator,
    term: &str,
    random: &mut Random,
) -> Option<String> {
    let between = random.pick(&[" ", ""]);
    typed(generator, term, between, str::to_owned)
}

pub(super) fn pinyin_initials(generator: &Generator, term: &str, _: &mut Random) -> Option<String> {
    typed(generator, term, "", |reading| reading[..1].to_owned())
}

/// Some characters of a term, but not all, as `how` types them.
fn mixed(
    generator: &Generator,
    term: &str,
    random: &mut Random,
    most: usize,
    how: impl Fn(&str) -> String,
) -> Option<String> {
    let characters: Vec<char> = term.chars().collect();
    let readings = generator.han.readings(term)?;
    if characters.len() < 2 {
        return None;
    }
    let count = 1 + random.below(most.min(characters.len() - 1));
    let places: Vec<usize> = (0..characters.len()).collect();
    let chosen = random.some(&places, count);
    let typed = characters
        .iter()
        .zip(readings)
        .enumerate()
        .map(|(at, (c, reading))| {
            if chosen.contains(&at) {
                how(reading)
            } else {
                c.to_string()
            }
        });
    Some(typed.collect())
}

pub(super) fn pinyin_mixed(
    generator: &Generator,
    term: &str,
    random: &mut Random,
) -> Option<String> {
    mixed(generator, term, random, usize::MAX, |reading| {
        letters(reading).to_owned()
    })
}

pub(super) fn pinyin_one_initial(
    generator: &Generator,
    term: &str,
    random: &mut Random,
) -> Option<String> {
    if term.chars().count() < 3 {
        return None;
    }
    mixed(generator, term, random, 1, |reading| {
        reading[..1].to_owned()
    })
}

/// Another character of the same sound; of the same tone more often than not.
pub(super) fn homophone(generator: &Generator, c: char, random: &mut Random) -> Option<String> {
    let han = &generator.han;
    let reading = *han.sound.get(&c)?;
    let others = |of: &[&str]| -> Vec<char> {
        of.iter()
            .filter_map(|reading| han.alike.get(reading))
            .flat_map(|characters| characters.chars())
            .filter(|other| *other != c)
            .collect()
    };
    let same = others(&[reading]);
    if !same.is_empty() && random.chance(70) {
        return Some(random.pick(&same).to_string());
    }
    let tones: Vec<String> = (1..6)
        .map(|tone| format!("{}{tone}", letters(reading)))
        .collect();
    let any = others(&tones.iter().map(String::as_str).collect::<Vec<_>>());
    (!any.is_empty()).then(|| random.pick(&any).to_string())
}

fn first_of(table: &BTreeMap<char, &'static str>, c: char) -> Option<String> {
    Some((*table.get(&c)?).to_owned())
}

pub(super) fn traditional(generator: &Generator, c: char, _: &mut Random) -> Option<String> {
    first_of(&generator.han.traditional, c)
}

/// Side by side; half of the time with the radical in the form that it has there.
pub(super) fn sides(generator: &Generator, c: char, random: &mut Random) -> Option<String> {
    let parts = first_of(&generator.han.sides, c)?;
    let first = parts.chars().next()?;
    let radical = RADICALS.iter().find(|(whole, _)| *whole == first);
    Some(match radical.filter(|_| random.chance(50)) {
        Some((_, radical)) => format!("{radical}{}", &parts[first.len_utf8()..]),
        None => parts,
    })
}

pub(super) fn layers(generator: &Generator, c: char, _: &mut Random) -> Option<String> {
    first_of(&generator.han.layers, c)
}

/// Characters, and the form that they have at the left of others.
const RADICALS: [(char, char); 14] = [
    ('人', '亻'),
    ('水', '氵'),
    ('手', '扌'),
    ('心', '忄'),
    ('言', '讠'),
    ('金', '钅'),
    ('糸', '纟'),
    ('丝', '纟'),
    ('犬', '犭'),
    ('食', '饣'),
    ('示', '礻'),
    ('衣', '衤'),
    ('阜', '阝'),
    ('刀', '刂'),
];

/// Characters that are taken for one another at a glance.
pub(super) fn shape(generator: &Generator, c: char, random: &mut Random) -> Option<String> {
    let rows: Vec<char> = SHAPES
        .split(' ')
        .filter(|row| row.contains(c))
        .flat_map(str::chars)
        .filter(|other| *other != c)
        .collect();
    if rows.is_empty() {
        return strokes(generator, c, random);
    }
    Some(random.pick(&rows).to_string())
}

pub(super) fn strokes(generator: &Generator, c: char, random: &mut Random) -> Option<String> {
    let others: Vec<char> = generator.han.strokes.get(&c)?.chars().collect();
    Some(random.pick(&others).to_string())
}

pub(super) fn martian(generator: &Generator, c: char, _: &mut Random) -> Option<String> {
    first_of(&generator.han.martian, c)
}

const SHAPES: &str = "己已巳 末未 土士 人入八 日曰目 大太犬 天夭夫 干千于 午牛 刀力刁 今令 白自臼 木本术 王玉主 问间闫 治冶 \
    拔拨 茶荼 戌戍戊 晴睛 辨辩瓣 候侯 免兔 鸟乌 折拆析 贝见 侍待 汆氽 历厉 仓仑 风凤 甲申由电 田甲 未来 喝渴竭 清请情 微徽 \
    梁粱 卖买 幻幼 孑孓子 尤龙 万方 兵乒乓 几儿九 即既 形刑 杨扬场 快块 抱泡跑 组租阻 基墓 织职识 炸昨作 弹掸 枪抢 悔海 \
    州洲 凉惊 北比 上止 下卞 口囗 地他池 铁轶 门们 书节 园圆 行衍 汽气 花华 渔鱼 猫描 狗拘 桥娇骄 低纸抵 球救 霄雪 街衔 \
    漂票栗 苹萍 课棵颗 篮蓝 江红 录绿 钟种 机肌饥 邮油 局居 医区 院完 学字 校较 师帅 老考 语浯 休体 操澡燥 音意 剧据 站沾 \
    服报 新薪 暖缓 烧浇绕 味昧 贷货 衰哀 徒陡 遣遗 肆肄 崇祟 茎经径 载栽裁";
