//! Signatures of Standard Webhooks 1.0.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A key that webhooks are signed with: `whsec_` (HMAC-SHA256, signature `v1`) or `whsk_` (ed25519, signature `v1a`), each with base64.
/// Shown as nothing.
#[derive(Clone)]
pub struct SigningKey(Kind);

#[derive(Clone)]
enum Kind {
    Secret(Vec<u8>),
    Pair(Box<ed25519_dalek::SigningKey>),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

impl SigningKey {
    /// Reads a key.
    ///
    /// # Errors
    ///
    /// What to write instead; never the key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let decoded = |rest: &str| {
            STANDARD
                .decode(rest)
                .map_err(|_| "a webhook secret is `whsec_` or `whsk_` and base64".to_owned())
        };
        if let Some(rest) = text.strip_prefix("whsec_") {
            let secret = decoded(rest)?;
            if !(24..=64).contains(&secret.len()) {
                return Err("a `whsec_` secret has 24 to 64 bytes".to_owned());
            }
            return Ok(Self(Kind::Secret(secret)));
        }
        if let Some(rest) = text.strip_prefix("whsk_") {
            // The seed, or the seed with its public key behind it.
            let pair = decoded(rest)?;
            let key = match pair.len() {
                32 => pair
                    .try_into()
                    .ok()
                    .map(|seed| ed25519_dalek::SigningKey::from_bytes(&seed)),
                64 => pair
                    .try_into()
                    .ok()
                    .and_then(|pair| ed25519_dalek::SigningKey::from_keypair_bytes(&pair).ok()),
                _ => None,
            };
            return key
                .map(|key| Self(Kind::Pair(Box::new(key))))
                .ok_or_else(|| "a `whsk_` key has 32 bytes, or 64 with its public key".to_owned());
        }
        Err("a webhook secret begins with `whsec_` or `whsk_`".to_owned())
    }

    /// The signature of a body under its id and the time of this attempt.
    pub(super) fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mut signed = format!("{id}.{seconds}.").into_bytes();
        signed.extend_from_slice(body);
        match &self.0 {
            Kind::Secret(secret) => match Hmac::<Sha256>::new_from_slice(secret) {
                Ok(mut mac) => {
                    mac.update(&signed);
                    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
                }
                // HMAC takes keys of any length.
                Err(_) => String::new(),
            },
            Kind::Pair(key) => {
                format!("v1a,{}", STANDARD.encode(key.sign(&signed).to_bytes()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn it_is_the_published_signature() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a key");
        assert_eq!(
            key.sign(
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                br#"{"test": 2432232314}"#
            ),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    /// RFC 8032, section 7.1, test 1: what is signed there is empty, so the key is compared, and ours is verified by the strict check.
    #[test]
    fn pairs_are_read_with_and_without_their_public_key() {
        let seed: Vec<u8> = (1..=32).collect();
        let short = SigningKey::parse(&format!("whsk_{}", STANDARD.encode(&seed))).expect("a key");
        let pair = ed25519_dalek::SigningKey::from_bytes(&seed.try_into().expect("32 bytes"));
        let long = format!("whsk_{}", STANDARD.encode(pair.to_keypair_bytes()));
        let long = SigningKey::parse(&long).expect("a key");
        let signature = short.sign("al-1", 7, b"body");
        assert_eq!(signature, long.sign("al-1", 7, b"body"));
        let bytes = STANDARD
            .decode(signature.strip_prefix("v1a,").expect("v1a"))
            .expect("base64");
        let signature = ed25519_dalek::Signature::from_slice(&bytes).expect("64 bytes");
        pair.verifying_key()
            .verify_strict(b"al-1.7.body", &signature)
            .expect("it verifies");
    }

    #[test]
    fn bad_keys_are_refused_and_not_shown() {
        for bad in [
            "",
            "secret",
            "whsec_",
            "whsec_AAAA",
            "whsk_AAAA",
            "whsec_***",
            "whpk_AAAA",
        ] {
            let said = SigningKey::parse(bad).expect_err(bad);
            assert!(!said.contains("AAAA") && !said.contains("***"));
        }
    }
}
