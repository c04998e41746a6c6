//! The signature of a bundle, as OPA verifies it: a JSON web token with the digest of each file.
//!
//! Source: `github.com/open-policy-agent/opa` 1.22, `v1/bundle/sign.go`, `hash.go` and `verify.go`. The same bundle and key give the same signature: RSA by PKCS #1 v1.5, ECDSA by RFC 6979.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::DecodePrivateKey as _;
use ring::rand::SystemRandom;
use ring::signature::{self as rsa, RsaEncoding, RsaKeyPair};
use ring::{digest, hmac};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;

/// The file in a bundle.
pub(super) const FILE: &str = ".signatures.json";

/// How a bundle is signed, by the names of JSON web algorithms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum SigningAlgorithm {
    /// RSA with SHA-256.
    #[default]
    #[value(name = "RS256")]
    Rs256,
    /// RSA with SHA-384.
    #[value(name = "RS384")]
    Rs384,
    /// RSA with SHA-512.
    #[value(name = "RS512")]
    Rs512,
    /// ECDSA on P-256 with SHA-256.
    #[value(name = "ES256")]
    Es256,
    /// HMAC with SHA-256: who can verify can sign too.
    #[value(name = "HS256")]
    Hs256,
    /// HMAC with SHA-384.
    #[value(name = "HS384")]
    Hs384,
    /// HMAC with SHA-512.
    #[value(name = "HS512")]
    Hs512,
}

impl SigningAlgorithm {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SigningAlgorithm::Rs256 => "RS256",
            SigningAlgorithm::Rs384 => "RS384",
            SigningAlgorithm::Rs512 => "RS512",
            SigningAlgorithm::Es256 => "ES256",
            SigningAlgorithm::Hs256 => "HS256",
            SigningAlgorithm::Hs384 => "HS384",
            SigningAlgorithm::Hs512 => "HS512",
        }
    }
}

/// Why a key signs nothing; never with a part of the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct KeyError {
    /// What is wrong with it.
    pub message: String,
    /// What to do.
    pub help: &'static str,
}

enum Key {
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Ecdsa(Box<p256::ecdsa::SigningKey>),
    Hmac(hmac::Key),
}

/// What signs bundles.
pub struct Signing {
    key: Key,
    algorithm: SigningAlgorithm,
    key_id: String,
    scope: Option<String>,
}

impl std::fmt::Debug for Signing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signing").field("algorithm", &self.algorithm).field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

const WANTS_RSA: &str = "give an RSA private key in PEM (`BEGIN PRIVATE KEY` or `BEGIN RSA PRIVATE KEY`), or name its algorithm";
const WANTS_EC: &str = "give a private key on P-256 in PEM (`BEGIN PRIVATE KEY` or `BEGIN EC PRIVATE KEY`), or name its algorithm";

impl Signing {
    /// By a key: a private key in PEM, for HMAC any bytes, which are the secret as they are. `key_id` is the name of the key that verifies; where a `scope` is given, OPA demands the same.
    ///
    /// # Errors
    /// When the key is none for the algorithm.
    pub fn new(algorithm: SigningAlgorithm, key: &[u8], key_id: &str, scope: Option<&str>) -> Result<Self, KeyError> {
        let key = match algorithm {
            SigningAlgorithm::Rs256 => rsa_key(key, &rsa::RSA_PKCS1_SHA256)?,
            SigningAlgorithm::Rs384 => rsa_key(key, &rsa::RSA_PKCS1_SHA384)?,
            SigningAlgorithm::Rs512 => rsa_key(key, &rsa::RSA_PKCS1_SHA512)?,
            SigningAlgorithm::Es256 => ecdsa_key(key)?,
            SigningAlgorithm::Hs256 => hmac_key(key, hmac::HMAC_SHA256)?,
            SigningAlgorithm::Hs384 => hmac_key(key, hmac::HMAC_SHA384)?,
            SigningAlgorithm::Hs512 => hmac_key(key, hmac::HMAC_SHA512)?,
        };
        Ok(Signing { key, algorithm, key_id: key_id.to_owned(), scope: scope.map(str::to_owned) })
    }

    /// The contents of [`FILE`] for the other files of a bundle, by their names.
    ///
    /// # Errors
    /// When the system has no random numbers, by which an RSA key is blinded.
    pub(super) fn file(&self, files: &[(&str, &[u8])]) -> std::io::Result<String> {
        let listed: Vec<Json> =
            files.iter().map(|(name, contents)| json!({"name": name, "hash": hash(name, contents), "algorithm": "SHA-256"})).collect();
        let mut claims = json!({"files": listed, "keyid": self.key_id});
        if let (Some(scope), Some(fields)) = (&self.scope, claims.as_object_mut()) {
            fields.insert("scope".to_owned(), json!(scope));
        }
        let header = json!({"alg": self.algorithm.name(), "kid": self.key_id, "typ": "JWT"});
        let mut token = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(format!("{}\n", json!({"signatures": [token]})))
    }

    fn sign(&self, text: &[u8]) -> std::io::Result<Vec<u8>> {
        match &self.key {
            Key::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), text, &mut signature)
                    .map_err(|_| std::io::Error::other("the system gives no random numbers"))?;
                Ok(signature)
            }
            Key::Ecdsa(key) => {
                let signature: p256::ecdsa::Signature = key.try_sign(text).map_err(|_| std::io::Error::other("the key does not sign"))?;
                Ok(signature.to_bytes().to_vec())
            }
            Key::Hmac(key) => Ok(hmac::sign(key, text).as_ref().to_vec()),
        }
    }
}

fn pem(key: &[u8], algorithm: &str, help: &'static str) -> Result<PrivateKeyDer<'static>, KeyError> {
    PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| KeyError { message: format!("the key for {algorithm} is no private key in PEM without a passphrase"), help })
}

fn rsa_key(key: &[u8], encoding: &'static dyn RsaEncoding) -> Result<Key, KeyError> {
    let refused = |why: String| KeyError { message: format!("the key is no RSA key that signs: {why}"), help: WANTS_RSA };
    let pair = match pem(key, "RSA", WANTS_RSA)? {
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Sec1(_) | _ => return Err(refused("it is for elliptic curves".to_owned())),
    };
    let pair = pair.map_err(|error| match error.to_string().as_str() {
        "WrongAlgorithm" => refused("it is of another algorithm".to_owned()),
        "TooSmall" => refused("it has fewer than 2,048 bits".to_owned()),
        other => refused(other.to_owned()),
    })?;
    Ok(Key::Rsa(Box::new(pair), encoding))
}

fn ecdsa_key(key: &[u8]) -> Result<Key, KeyError> {
    let refused = || KeyError { message: "the key is none on the curve P-256".to_owned(), help: WANTS_EC };
    let secret = match pem(key, "ES256", WANTS_EC)? {
        PrivateKeyDer::Sec1(der) => p256::SecretKey::from_sec1_der(der.secret_sec1_der()).map_err(|_| refused())?,
        PrivateKeyDer::Pkcs8(der) => p256::SecretKey::from_pkcs8_der(der.secret_pkcs8_der()).map_err(|_| refused())?,
        PrivateKeyDer::Pkcs1(_) | _ => return Err(refused()),
    };
    Ok(Key::Ecdsa(Box::new(secret.into())))
}

fn hmac_key(key: &[u8], algorithm: hmac::Algorithm) -> Result<Key, KeyError> {
    let least = algorithm.digest_algorithm().output_len();
    if key.starts_with(b"-----BEGIN") {
        let help = "name the algorithm of the key with `--bundle-signing-alg`, such as RS256";
        return Err(KeyError { message: "the secret for HMAC is a key in PEM".to_owned(), help });
    }
    // RFC 7518, 3.2: who can guess the secret can sign.
    if key.len() < least {
        let message = format!("the secret for HMAC has {} bytes, fewer than the {least} of its digest", key.len());
        return Err(KeyError { message, help: "make a longer one, for instance with `openssl rand -hex 32`" });
    }
    Ok(Key::Hmac(hmac::Key::new(algorithm, key)))
}

/// The SHA-256 of a file in hex: of data, of its JSON in one form, else of the bytes.
fn hash(name: &str, contents: &[u8]) -> String {
    let is_data = matches!(name.rsplit('/').next(), Some(".manifest" | "data.json"));
    let parsed = if is_data { serde_json::from_slice::<Json>(contents).ok() } else { None };
    let digest = match parsed {
        Some(json) => digest::digest(&digest::SHA256, sorted(&json).to_string().as_bytes()),
        None => digest::digest(&digest::SHA256, contents),
    };
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The same JSON with the keys in the order of their bytes.
fn sorted(json: &Json) -> Json {
    match json {
        Json::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            fields.sort_by(|left, right| left.0.cmp(&right.0));
            Json::Object(fields.into_iter().collect())
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => json.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn decoded(part: &str) -> Json {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn a_token_lists_the_files_and_says_nothing_of_the_key() {
        let signing = Signing::new(SigningAlgorithm::Hs256, SECRET, "team", Some("prod")).unwrap();
        let files: [(&str, &[u8]); 2] = [(".manifest", b"{\"b\": 1, \"a\": [true]}"), ("a.rego", b"package a\n")];
        let file = signing.file(&files).unwrap();
        assert_eq!(file, signing.file(&files).unwrap());
        let whole: Json = serde_json::from_str(&file).unwrap();
        let parts: Vec<&str> = whole["signatures"][0].as_str().unwrap().split('.').collect();
        assert_eq!(decoded(parts[0]), json!({"alg": "HS256", "kid": "team", "typ": "JWT"}));
        // `printf '{"a":[true],"b":1}' | sha256sum`, `printf 'package a\n' | sha256sum`
        let hex = |text: &[u8]| hash("x.rego", text);
        assert_eq!(
            decoded(parts[1]),
            json!({
                "files": [
                    {"name": ".manifest", "hash": hex(b"{\"a\":[true],\"b\":1}"), "algorithm": "SHA-256"},
                    {"name": "a.rego", "hash": hex(b"package a\n"), "algorithm": "SHA-256"},
                ],
                "keyid": "team",
                "scope": "prod",
            })
        );
        let text = format!("{}.{}", parts[0], parts[1]);
        let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
        assert!(hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), text.as_bytes(), &signature).is_ok());
        assert!(!format!("{signing:?}").contains("0123"));
        assert_eq!(hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn keys_that_do_not_fit_are_refused() {
        use SigningAlgorithm::{Es256, Hs256, Hs512, Rs256};
        let pem = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        for (algorithm, key, message) in [
            (Hs256, "short".to_owned(), "the secret for HMAC has 5 bytes, fewer than the 32 of its digest"),
            (Hs512, "x".repeat(63), "the secret for HMAC has 63 bytes, fewer than the 64 of its digest"),
            (Hs256, pem("PRIVATE KEY"), "the secret for HMAC is a key in PEM"),
            (Rs256, "x".repeat(99), "the key for RSA is no private key in PEM without a passphrase"),
            (Rs256, pem("PUBLIC KEY"), "the key for RSA is no private key in PEM without a passphrase"),
            (Rs256, pem("ENCRYPTED PRIVATE KEY"), "the key for RSA is no private key in PEM without a passphrase"),
            (Rs256, pem("EC PRIVATE KEY"), "the key is no RSA key that signs: it is for elliptic curves"),
            (Es256, pem("RSA PRIVATE KEY"), "the key is none on the curve P-256"),
            (Es256, pem("PRIVATE KEY"), "the key is none on the curve P-256"),
        ] {
            let error = Signing::new(algorithm, key.as_bytes(), "default", None).map(|_| ()).unwrap_err();
            assert_eq!(error.message, message);
            assert!(!error.help.is_empty());
        }
    }
}
