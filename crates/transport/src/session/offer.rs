//! Which SRTP profiles a ClientHello offers.
//!
//! dimpl 0.9 always offers AES-256-GCM, AES-128-GCM and AES-CM in this order and has no setting
//! for it, while a server picks the first or strongest. We want AES-128-GCM: half the key schedule
//! for packets that live a second. So the list in the outgoing hello is overwritten with one of
//! equal length, and wherever the handshake's transcript is hashed or signed the same bytes are
//! overwritten, as if dimpl had written them itself. What the peer sees is an ordinary hello that
//! names a profile more than once, which RFC 5764 section 4.1.1 allows.

use dimpl::CryptoError;
use dimpl::crypto::{
    Buf, CryptoProvider, HashAlgorithm, HashContext, HashProvider, KeyProvider, SignatureAlgorithm,
    SigningKey, aws_lc_rs,
};

use super::config::SrtpOffer;
use crate::srtp::SrtpProfile;

/// The extension as dimpl writes it: type 14, 9 bytes, a list of 6 bytes, no MKI.
const WRITTEN: [u8; 13] = [0, 14, 0, 9, 0, 6, 0, 8, 0, 7, 0, 1, 0];
const LIST_AT: usize = 6;
const LIST_LEN: usize = 6;

/// The cryptography of a client that makes `offer`.
pub(super) fn provider(offer: SrtpOffer) -> CryptoProvider {
    let offering = Offering::of(offer);
    CryptoProvider {
        hash_provider: offering,
        key_provider: offering,
        ..aws_lc_rs::default_provider()
    }
}

/// Writes `offer` into an outgoing datagram, if it has a ClientHello.
pub(super) fn apply(offer: SrtpOffer, datagram: &mut [u8]) {
    const HANDSHAKE: u8 = 22;
    const CLIENT_HELLO: u8 = 1;
    // Record header, then the type of the handshake message (RFC 6347 sections 4.1 and 4.2.2).
    if datagram.first() == Some(&HANDSHAKE) && datagram.get(13) == Some(&CLIENT_HELLO) {
        Offering::of(offer).overwrite(datagram);
    }
}

#[derive(Debug)]
struct Offering([u8; LIST_LEN]);

static AEAD_FIRST: Offering = Offering([0, 7, 0, 1, 0, 1]);
static ONLY_AEAD_128: Offering = Offering([0, 7, 0, 7, 0, 7]);
static ONLY_AEAD_256: Offering = Offering([0, 8, 0, 8, 0, 8]);
static ONLY_COUNTER_MODE: Offering = Offering([0, 1, 0, 1, 0, 1]);

impl Offering {
    const fn of(offer: SrtpOffer) -> &'static Self {
        match offer {
            SrtpOffer::AeadFirst => &AEAD_FIRST,
            SrtpOffer::Only(SrtpProfile::AeadAes128Gcm) => &ONLY_AEAD_128,
            SrtpOffer::Only(SrtpProfile::AeadAes256Gcm) => &ONLY_AEAD_256,
            SrtpOffer::Only(SrtpProfile::Aes128CmHmacSha1_80) => &ONLY_COUNTER_MODE,
        }
    }

    /// The ClientHello comes first in every transcript, so the first match is in it.
    fn overwrite(&self, bytes: &mut [u8]) {
        if let Some(at) = find(bytes) {
            bytes[at + LIST_AT..][..LIST_LEN].copy_from_slice(&self.0);
        }
    }

    /// `bytes` as they would be if dimpl had made the offer; `None` if nothing differs.
    fn overwritten(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        find(bytes)?;
        let mut bytes = bytes.to_vec();
        self.overwrite(&mut bytes);
        Some(bytes)
    }
}

fn find(bytes: &[u8]) -> Option<usize> {
    bytes.windows(WRITTEN.len()).position(|window| window == WRITTEN)
}

impl HashProvider for Offering {
    fn create_hash(&self, algorithm: HashAlgorithm) -> Box<dyn HashContext> {
        let inner = aws_lc_rs::default_provider().hash_provider.create_hash(algorithm);
        Box::new(Hash { offering: Self(self.0), inner })
    }
}

#[derive(Debug)]
struct Hash {
    offering: Offering,
    inner: Box<dyn HashContext>,
}

impl HashContext for Hash {
    fn update(&mut self, data: &[u8]) {
        // dimpl keeps the transcript and hashes it in one piece.
        match self.offering.overwritten(data) {
            Some(data) => self.inner.update(&data),
            None => self.inner.update(data),
        }
    }

    fn clone_and_finalize(&self, out: &mut Buf) {
        self.inner.clone_and_finalize(out);
    }
}

impl KeyProvider for Offering {
    fn load_private_key(&self, key_der: &[u8]) -> Result<Box<dyn SigningKey>, CryptoError> {
        let inner = aws_lc_rs::default_provider().key_provider.load_private_key(key_der)?;
        Ok(Box::new(Key { offering: Self(self.0), inner }))
    }
}

#[derive(Debug)]
struct Key {
    offering: Offering,
    inner: Box<dyn SigningKey>,
}

impl SigningKey for Key {
    fn sign(
        &mut self,
        data: &[u8],
        hash_alg: HashAlgorithm,
        out: &mut Buf,
    ) -> Result<(), CryptoError> {
        // DTLS 1.2 signs the transcript itself (RFC 5246 section 7.4.8).
        match self.offering.overwritten(data) {
            Some(data) => self.inner.sign(&data, hash_alg, out),
            None => self.inner.sign(data, hash_alg, out),
        }
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.inner.algorithm()
    }

    fn hash_algorithm(&self) -> HashAlgorithm {
        self.inner.hash_algorithm()
    }

    fn supported_hash_algorithms(&self) -> &[HashAlgorithm] {
        self.inner.supported_hash_algorithms()
    }
}
