//! Digests of sources, by which what was emitted names what it came from.

use crate::diagnostic::Sources;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// SHA-256 of a text, in hex.
#[must_use]
pub fn of_text(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// SHA-256 in hex of the digests of all texts, sorted, a line each.
#[must_use]
pub fn of_sources(sources: &Sources) -> String {
    let mut digests: Vec<String> = sources.iter().map(|(_, source)| of_text(&source.text)).collect();
    digests.sort();
    of_text(&digests.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_sha_256_and_know_no_order_of_files() {
        assert_eq!(of_text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let sources = |texts: &[&str]| {
            let mut sources = Sources::default();
            for (index, text) in texts.iter().enumerate() {
                sources.add(format!("{index}.pol"), *text);
            }
            of_sources(&sources)
        };
        assert_eq!(sources(&["a", "b"]), sources(&["b", "a"]));
        assert_ne!(sources(&["a", "b"]), sources(&["ab"]));
        assert_ne!(sources(&["a"]), sources(&["a", "a"]));
    }
}
