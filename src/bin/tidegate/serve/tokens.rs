//! Tokens, as hashes, and one-time codes (RFC 6238).

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Seconds that a code is good for.
const STEP: u64 = 30;
/// Steps before and after the present one whose codes are taken: clocks differ.
const SLACK: u64 = 1;
/// Wrong codes within [`PERIOD`] after which none is looked at.
const TRIES: usize = 5;
/// Seconds.
const PERIOD: u64 = 300;
/// Bytes of a new token and of a new secret.
const RANDOM: usize = 32;

/// The hash of a token. Tokens are random, 256 bits, so that nobody finds one by trying, and none needs a slow hash. Compared in constant time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Hash(blake3::Hash);

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(..)")
    }
}

impl Hash {
    pub(super) fn of(token: &str) -> Self {
        Self(blake3::hash(token.as_bytes()))
    }

    /// `b3:` and 64 hexadecimal digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let hash = blake3::Hash::from_hex(text.strip_prefix("b3:")?).ok()?;
        Some(Self(hash))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b3:{}", self.0.to_hex())
    }
}

/// A new token.
pub(super) fn new_token() -> Result<String, getrandom::Error> {
    Ok(format!(
        "tg_{}",
        blake3::Hash::from_bytes(random()?).to_hex()
    ))
}

/// A new key to sign with.
pub(super) fn new_signing_key() -> Result<String, getrandom::Error> {
    Ok(data_encoding::BASE64_NOPAD.encode(&random()?))
}

/// A new secret for codes, as applications read it.
pub(super) fn new_totp() -> Result<String, getrandom::Error> {
    Ok(BASE32_NOPAD.encode(&random()?[..20]))
}

fn random() -> Result<[u8; RANDOM], getrandom::Error> {
    let mut bytes = [0; RANDOM];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Whether a code was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// It is the code of that step, and nobody has used it before.
    Good(u64),
    /// It is wrong, or was used.
    Wrong,
    /// There were too many wrong ones lately.
    TooMany,
}

/// Who makes codes, and which of them are used up.
pub(super) struct Totp {
    secret: Vec<u8>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The step of the last code that was taken.
    last: Option<u64>,
    /// When wrong codes came.
    wrong: VecDeque<u64>,
}

impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Totp(..)")
    }
}

impl Totp {
    /// Whether codes are made by the same secret.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.secret == other.secret
    }

    /// Base32, as applications show it; at least 16 bytes (RFC 4226, requirement 6).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let plain: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '=' | '-'))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let secret = BASE32_NOPAD.decode(plain.as_bytes()).ok()?;
        (secret.len() >= 16).then(|| Self {
            secret,
            state: Mutex::default(),
        })
    }

    /// Takes codes of later steps alone: those up to this one were used before the process began.
    pub(super) fn used(&self, step: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.last = state.last.max(Some(step));
    }

    /// Looks at a code of six digits, `seconds` after 1970. A good one is used up with it.
    pub(super) fn check(&self, code: &str, seconds: u64) -> Checked {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.wrong.front().is_some_and(|at| at + PERIOD <= seconds) {
            state.wrong.pop_front();
        }
        if state.wrong.len() >= TRIES {
            return Checked::TooMany;
        }
        let now = seconds / STEP;
        let given = blake3::hash(code.as_bytes());
        let mut good = None;
        for step in now.saturating_sub(SLACK)..=now + SLACK {
            let fits = blake3::hash(self.code(step).as_bytes()) == given;
            if fits && state.last.is_none_or(|last| step > last) {
                good = Some(step);
            }
        }
        match good {
            Some(step) => {
                state.last = Some(step);
                Checked::Good(step)
            }
            None => {
                state.wrong.push_back(seconds);
                Checked::Wrong
            }
        }
    }

    /// RFC 4226, section 5.3, with the step for a counter.
    fn code(&self, step: u64) -> String {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(&self.secret) else {
            return String::new();
        };
        mac.update(&step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let at = usize::from(hash[19] & 15);
        let number =
            u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]]);
        format!("{:06}", number % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totp() -> Totp {
        let secret = BASE32_NOPAD.encode(b"12345678901234567890");
        Totp::parse(&secret).expect("it is long enough")
    }

    /// RFC 6238, appendix B, the rows of SHA-1, whose last six digits these are.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(totp().code(seconds / STEP), code);
            assert_eq!(totp().check(code, seconds), Checked::Good(seconds / STEP));
        }
    }

    #[test]
    fn each_code_is_good_once() {
        let totp = totp();
        assert_eq!(totp.check("287082", 59), Checked::Good(1));
        assert_eq!(totp.check("287082", 59), Checked::Wrong);
        // Nor is one of an earlier step, once a later one was used.
        let earlier = totp.code(0);
        assert_eq!(totp.check(&earlier, 59), Checked::Wrong);
        totp.used(100);
        assert_eq!(totp.check(&totp.code(100), 100 * STEP), Checked::Wrong);
        assert_eq!(totp.check(&totp.code(101), 100 * STEP), Checked::Good(101));
    }

    #[test]
    fn who_guesses_is_stopped() {
        let totp = totp();
        for _ in 0..TRIES {
            assert_eq!(totp.check("000000", 1_000), Checked::Wrong);
        }
        let good = totp.code(1_000 / STEP);
        assert_eq!(totp.check(&good, 1_000), Checked::TooMany);
        let later = 1_000 + PERIOD;
        assert_eq!(
            totp.check(&totp.code(later / STEP), later),
            Checked::Good(later / STEP)
        );
    }

    #[test]
    fn hashes_are_read_and_tokens_are_not() {
        let token = new_token().expect("random bytes");
        let hash = Hash::of(&token);
        assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
        assert_eq!(Hash::parse(&token), None);
        assert_ne!(new_token().expect("random bytes"), token);
        assert!(Totp::parse(&new_totp().expect("random bytes")).is_some());
        assert!(Totp::parse("JBSWY3DP").is_none());
    }
}
