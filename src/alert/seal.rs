//! XChaCha20-Poly1305, from the chacha20poly1305 crate. Nonces and keys are drawn by the caller; 24 random bytes do not repeat.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use zeroize::Zeroizing;

use super::identity::MasterKey;

/// A key, overwritten in memory when it is dropped.
pub(super) type Key = Zeroizing<[u8; 32]>;

/// Bytes of a nonce, which stands before its ciphertext.
pub(super) const NONCE: usize = 24;

/// Bytes that were sealed, under their nonce.
pub(super) fn seal(key: &[u8; 32], nonce: [u8; NONCE], bound_to: &[u8], plain: &[u8]) -> Vec<u8> {
    let payload = Payload {
        msg: plain,
        aad: bound_to,
    };
    // It fails for more than 256 GiB only.
    let sealed = XChaCha20Poly1305::new(key.into())
        .encrypt(&nonce.into(), payload)
        .unwrap_or_default();
    let mut out = Vec::with_capacity(NONCE + sealed.len());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    out
}

/// What was sealed; `None` if the key, the binding or a byte is another.
pub(super) fn open(key: &[u8; 32], bound_to: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    let payload = Payload {
        msg: sealed,
        aad: bound_to,
    };
    XChaCha20Poly1305::new(key.into())
        .decrypt(nonce.into(), payload)
        .ok()
}

/// A key that was sealed under another.
pub(super) fn open_key(key: &[u8; 32], bound_to: &[u8], sealed: &[u8]) -> Option<Key> {
    let opened = Zeroizing::new(open(key, bound_to, sealed)?);
    let bytes: [u8; 32] = opened[..].try_into().ok()?;
    Some(Zeroizing::new(bytes))
}

impl MasterKey {
    /// The key that wraps others.
    pub(super) fn wrapping(&self) -> Key {
        Zeroizing::new(blake3::derive_key(
            "tidegate 2026-11 alert key wrapping",
            &self.0,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_everything_right_alone() {
        let sealed = seal(&[1; 32], [2; NONCE], b"row 7", b"text");
        assert_eq!(
            open(&[1; 32], b"row 7", &sealed).as_deref(),
            Some(&b"text"[..])
        );
        assert_eq!(open(&[3; 32], b"row 7", &sealed), None);
        assert_eq!(open(&[1; 32], b"row 8", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(open(&[1; 32], b"row 7", &changed), None, "byte {at}");
        }
        assert_eq!(open(&[1; 32], b"row 7", &sealed[..10]), None);
    }

    /// The test vector of draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    #[test]
    fn it_is_the_published_cipher() {
        let key: Vec<u8> = (0x80..=0x9f).collect();
        let nonce: Vec<u8> = (0x40..=0x57).collect();
        let aad = [
            0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7,
        ];
        let plain = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
        let sealed = seal(
            &key.try_into().expect("32 bytes"),
            nonce.try_into().expect("24 bytes"),
            &aad,
            plain,
        );
        assert_eq!(
            sealed[sealed.len() - 16..],
            [
                0xc0, 0x87, 0x59, 0x24, 0xc1, 0xc7, 0x98, 0x79, 0x47, 0xde, 0xaf, 0xd8, 0x78, 0x0a,
                0xcf, 0x49
            ]
        );
    }
}
