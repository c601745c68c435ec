//! The fold of runs of ASCII, and of characters of three bytes, by AVX-512: 64 bytes, or 16 characters, at a time.
//!
//! What it makes is by definition what `Skeleton::fill_by` makes without it; the tests of `skeleton` hold it to that for every character and on
//! random texts. Characters of two and four bytes, those that leave several symbols or give cause for more, and what is rare in ASCII (a
//! letter twice with a sign between) are left to the plain way.
//!
//! PERF: see `benches/README.md`, "Many characters at a time"; `cargo bench --bench scan fold` is the command.

#![expect(
    unsafe_code,
    reason = "loads, stores and gathers of this instruction set take pointers"
)]

use std::arch::x86_64::*;

use super::{ESCAPE, Skeleton, Table, UNKNOWN, WIDE, Word};

/// Whether this processor has what [`fold`] needs.
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("bmi2")
}

/// Folds what it can of the beginning of `text`, and says how many bytes these were; none where this processor cannot. `before` is what an
/// ASCII character right before means.
#[inline]
pub(super) fn fold_safely(
    skeleton: &mut Skeleton,
    table: &Table,
    text: &[u8],
    before: &mut Word,
) -> usize {
    if !table.wide {
        return 0;
    }
    // SAFETY: `wide` is what `is_available` said, and that is what `fold` needs.
    unsafe { fold(skeleton, table, text, before) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,bmi2")]
fn fold(skeleton: &mut Skeleton, table: &Table, text: &[u8], before: &mut Word) -> usize {
    let mut at = 0;
    while let Some(first) = text.get(at) {
        let rest = &text[at..];
        let taken = match *first {
            0..0x80 => ascii(skeleton, table, rest, before),
            0xe0..0xf0 => threes(skeleton, table, rest, before),
            _ => 0,
        };
        if taken == 0 {
            break;
        }
        at += taken;
    }
    at
}

/// The first bytes, up to 64, and zeros behind them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load(text: &[u8]) -> (__m512i, usize) {
    let len = text.len().min(64);
    // SAFETY: of the 64 bytes behind the pointer only the first `len` are read, which `text` has.
    let bytes = unsafe { _mm512_maskz_loadu_epi8(low(len), text.as_ptr().cast()) };
    (bytes, len)
}

/// So many of the lowest bits, 64 at most.
#[inline]
const fn low(count: usize) -> u64 {
    if count >= 64 {
        u64::MAX
    } else {
        (1 << count) - 1
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,bmi2")]
fn ascii(skeleton: &mut Skeleton, table: &Table, text: &[u8], before: &mut Word) -> usize {
    let (bytes, len) = load(text);
    let len = len.min(_mm512_movepi8_mask(bytes).trailing_zeros() as usize);
    let here = low(len);
    let (first, second) = table.ascii.split_at(64);
    let (first, second) = (load(first).0, load(second).0);
    let folded = _mm512_permutex2var_epi8(first, bytes, second);
    let escape = _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8(ESCAPE as i8)) & here;
    let word = _mm512_cmpge_epu8_mask(folded, _mm512_set1_epi8(b'0' as i8)) & here;
    let digit = _mm512_cmple_epu8_mask(folded, _mm512_set1_epi8(b'9' as i8)) & word;
    let letter = word & !digit;
    let inside = letter & (letter << 1 | u64::from(*before == Word::Letter))
        | digit & (digit << 1 | u64::from(*before == Word::Digit));
    // Letters and digits close together, and beside them what stands before each.
    let count = word.count_ones() as usize;
    let symbols = _mm512_maskz_compress_epi8(word, folded);
    let inside = _pext_u64(inside, word);
    let last = u8::try_from(skeleton.last).unwrap_or_default();
    let one_before: [u8; 64] = const {
        let mut places = [0; 64];
        let mut at = 1;
        while at < 64 {
            places[at] = at as u8 - 1;
            at += 1;
        }
        places
    };
    let one_before = load(&one_before).0;
    let previous = _mm512_mask_mov_epi8(
        _mm512_permutexvar_epi8(one_before, symbols),
        1,
        _mm512_set1_epi8(last as i8),
    );
    let same = _mm512_cmpeq_epi8_mask(symbols, previous) & low(count);
    if same & !inside != 0 {
        // A symbol stands for characters from one of which a word may begin.
        for byte in &text[..len] {
            *before = skeleton.fold_ascii(table, char::from(*byte), *before);
        }
        return len;
    }
    let keep = low(count) & !same;
    let symbols = _mm512_maskz_compress_epi8(keep, symbols);
    let kept = keep.count_ones() as usize;
    let room = skeleton.symbols.ahead::<WIDE>();
    let halves = (
        _mm512_cvtepu8_epi16(_mm512_castsi512_si256(symbols)),
        _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64::<1>(symbols)),
    );
    // SAFETY: each store writes 32 of the 64 symbols that `room` has.
    unsafe {
        _mm512_storeu_si512(room.as_mut_ptr().cast(), halves.0);
        _mm512_storeu_si512(room[32..].as_mut_ptr().cast(), halves.1);
    }
    if kept > 0 {
        skeleton.last = room[kept - 1];
    }
    skeleton.symbols.take(kept, _pext_u64(inside, keep));
    skeleton.causes.escape |= escape != 0;
    *before = match 1 << (len - 1) {
        last if letter & last != 0 => Word::Letter,
        last if digit & last != 0 => Word::Digit,
        _ => Word::None,
    };
    len
}

/// Characters of three bytes: Han, kana, Hangul, full-width signs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,bmi2")]
fn threes(skeleton: &mut Skeleton, table: &Table, text: &[u8], before: &mut Word) -> usize {
    /// Where the first bytes of sixteen of them stand.
    const FIRST: u64 = {
        let (mut bits, mut at) = (0, 0);
        while at < 16 {
            bits |= 1 << (3 * at);
            at += 1;
        }
        bits
    };
    /// Their bytes, last one first, in lanes of four.
    const LANES: [u8; 64] = {
        let mut places = [0; 64];
        let mut at = 0;
        while at < 64 {
            places[at] = (at / 4 * 3 + 2_usize.saturating_sub(at % 4)) as u8;
            at += 1;
        }
        places
    };
    const THREE_OF_FOUR: u64 = 0x7777_7777_7777_7777;

    let (bytes, _) = load(text);
    let high = _mm512_and_si512(bytes, _mm512_set1_epi8(0xf0_u8 as i8));
    let first = _mm512_cmpeq_epi8_mask(high, _mm512_set1_epi8(0xe0_u8 as i8));
    let run = ((!first & FIRST).trailing_zeros() as usize / 3).min(16);
    let lanes = _mm512_maskz_permutexvar_epi8(THREE_OF_FOUR, load(&LANES).0, bytes);
    let bits = |by: __m512i, mask: i32| _mm512_and_si512(by, _mm512_set1_epi32(mask));
    let code = _mm512_or_si512(
        bits(lanes, 0x3f),
        _mm512_or_si512(
            bits(_mm512_srli_epi32::<2>(lanes), 0xfc0),
            bits(_mm512_srli_epi32::<4>(lanes), 0xf000),
        ),
    );
    // SAFETY: two bytes of an entry and the two behind it are read in each of the first `run` lanes, whose codes are below 0x1_0000; the
    // table has 0x1_0001 entries.
    let found = unsafe {
        _mm512_mask_i32gather_epi32::<2>(
            _mm512_setzero_si512(),
            low(run) as u16,
            code,
            table.plain.as_ptr().cast(),
        )
    };
    let symbols = _mm512_cvtepi32_epi16(found);
    let unknown = _mm256_cmpeq_epi16_mask(symbols, _mm256_set1_epi16(UNKNOWN as i16));
    let run = run.min(unknown.trailing_zeros() as usize);
    if run == 0 {
        return 0;
    }
    let word = _mm256_cmpneq_epi16_mask(symbols, _mm256_setzero_si256()) & low(run) as u16;
    let symbols = _mm256_maskz_compress_epi16(word, symbols);
    let one_before = _mm256_setr_epi16(0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
    let previous = _mm256_mask_mov_epi16(
        _mm256_permutexvar_epi16(one_before, symbols),
        1,
        _mm256_set1_epi16(skeleton.last as i16),
    );
    let keep = _mm256_cmpneq_epi16_mask(symbols, previous) & low(word.count_ones() as usize) as u16;
    let symbols = _mm256_maskz_compress_epi16(keep, symbols);
    let kept = keep.count_ones() as usize;
    let room = skeleton.symbols.ahead::<WIDE>();
    // SAFETY: the store writes 16 of the symbols that `room` has.
    unsafe { _mm256_storeu_si256(room.as_mut_ptr().cast(), symbols) };
    if kept > 0 {
        skeleton.last = room[kept - 1];
    }
    skeleton.symbols.take(kept, 0);
    *before = Word::None;
    3 * run
}
