use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;

/// What a session key is for (RFC 3711 section 4.3.2).
#[derive(Clone, Copy, Debug)]
pub(super) enum Label {
    RtpEncryption = 0,
    RtpAuthentication = 1,
    RtpSalt = 2,
    RtcpEncryption = 3,
    RtcpAuthentication = 4,
    RtcpSalt = 5,
}

/// The keys derived from one master key and salt with AES in counter mode (RFC 3711 section 4.3.3;
/// RFC 6188 section 3 for 256 bits). The key derivation rate is zero.
pub(super) struct KeyDerivation {
    key: EncryptingKey,
    /// The master salt; a shorter one is padded on the right (RFC 7714 section 11).
    salt: [u8; 14],
}

impl KeyDerivation {
    /// `master_key` has 16 or 32 bytes, `master_salt` at most 14: the profile says so.
    pub(super) fn new(master_key: &[u8], master_salt: &[u8]) -> Self {
        let mut salt = [0; 14];
        salt[..master_salt.len()].copy_from_slice(master_salt);
        Self { key: counter_mode(master_key), salt }
    }

    pub(super) fn derive<const LEN: usize>(&self, label: Label) -> [u8; LEN] {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        iv[7] ^= label as u8;
        let mut output = [0; LEN];
        apply_keystream(&self.key, iv, &mut output);
        output
    }
}

/// AES counter mode with a key of 16 or 32 bytes.
pub(super) fn counter_mode(key: &[u8]) -> EncryptingKey {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    UnboundCipherKey::new(algorithm, key)
        .and_then(EncryptingKey::ctr)
        .expect("the key has the length its algorithm asks for")
}

/// Encrypts or decrypts `data`, which is the same in counter mode.
pub(super) fn apply_keystream(key: &EncryptingKey, iv: [u8; 16], data: &mut [u8]) {
    key.less_safe_encrypt(data, EncryptionContext::Iv128(FixedLength::from(iv)))
        .expect("counter mode takes any length and a 16-byte vector");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3711 appendix B.2.
    #[test]
    fn aes_counter_mode_keystream() {
        let key = counter_mode(&hex::decode("2B7E151628AED2A6ABF7158809CF4F3C").unwrap());
        let mut iv = [0; 16];
        hex::decode_to_slice("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000", &mut iv).unwrap();
        let mut stream = vec![0; 0xff02 * 16];
        apply_keystream(&key, iv, &mut stream);
        let block = |number: usize| hex::encode_upper(&stream[number * 16..][..16]);
        assert_eq!(block(0), "E03EAD0935C95E80E166B16DD92B4EB4");
        assert_eq!(block(1), "D23513162B02D0F72A43A2FE4A5F97AB");
        assert_eq!(block(2), "41E95B3BB0A2E8DD477901E4FCA894C0");
        assert_eq!(block(0xfeff), "EC8CDF7398607CB0F2D21675EA9EA1E4");
        assert_eq!(block(0xff00), "362B7C3C6773516318A077D7FC5073AE");
        assert_eq!(block(0xff01), "6A2CC3787889374FBEB4C81B17BA6C44");
    }

    /// RFC 3711 appendix B.3.
    #[test]
    fn session_keys() {
        let keys = KeyDerivation::new(
            &hex::decode("E1F97A0D3E018BE0D64FA32C06DE4139").unwrap(),
            &hex::decode("0EC675AD498AFEEBB6960B3AABE6").unwrap(),
        );
        let encryption: [u8; 16] = keys.derive(Label::RtpEncryption);
        let salt: [u8; 14] = keys.derive(Label::RtpSalt);
        let authentication: [u8; 94] = keys.derive(Label::RtpAuthentication);
        assert_eq!(hex::encode_upper(encryption), "C61E7A93744F39EE10734AFE3FF7A087");
        assert_eq!(hex::encode_upper(salt), "30CBBC08863D8C85D49DB34A9AE1");
        assert_eq!(
            hex::encode_upper(authentication),
            "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327AD175\
             578EF72270986371C10C9A369AC2F94A8C5FBCDDDC256D6E919A48B610EF17C2041E474035766B68642C\
             59BBFC2F34DB60DBDFB2"
        );
    }
}
