//! The key that signs the bundle of `opa`.

use super::Failure;
use super::sources::read_bytes;
use crate::diagnostic::codes::input;
use crate::target::{Signing, SigningAlgorithm};
use std::path::Path;

/// The options by which a bundle is signed.
#[derive(Debug, Default, clap::Args)]
pub struct SigningArguments {
    /// Sign the bundle of `opa`, as `opa build --signing-key` does, with the private key (PEM) or secret in this file; `env:NAME` is the environment variable that holds it.
    #[arg(long, value_name = "FILE")]
    bundle_signing_key: Option<String>,
    /// By which algorithm.
    #[arg(long, value_enum, value_name = "ALGORITHM", default_value_t, requires = "bundle_signing_key")]
    bundle_signing_alg: SigningAlgorithm,
    /// The name by which OPA finds the key that verifies.
    #[arg(long, value_name = "NAME", default_value = "default", requires = "bundle_signing_key")]
    bundle_signing_key_id: String,
    /// The scope that OPA has to ask for.
    #[arg(long, value_name = "SCOPE", requires = "bundle_signing_key")]
    bundle_signing_scope: Option<String>,
}

impl SigningArguments {
    /// Reads the key; none where nothing is to be signed.
    pub fn read(&self) -> Result<Option<Signing>, Failure> {
        let Some(source) = &self.bundle_signing_key else { return Ok(None) };
        let key = match source.strip_prefix("env:") {
            None => read_bytes(Path::new(source))?,
            Some(name) => match std::env::var(name) {
                Ok(text) if !text.is_empty() => text.into_bytes(),
                Ok(_) | Err(_) => {
                    let message = format!("the environment variable `{name}` holds no key");
                    return Err(
                        Failure::new(&input::BAD_SIGNING_KEY, message).with_help("set it to the private key or secret, or name a file")
                    );
                }
            },
        };
        let signing = Signing::new(self.bundle_signing_alg, &key, &self.bundle_signing_key_id, self.bundle_signing_scope.as_deref());
        signing.map(Some).map_err(|error| {
            Failure::new(&input::BAD_SIGNING_KEY, format!("`{source}` cannot sign: {}", error.message)).with_help(error.help)
        })
    }
}
