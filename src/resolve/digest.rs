//! Digests of sources, by which what was emitted names what it came from.

use crate::diagnostic::Sources;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// SHA-256 of a text, in hex. Lines that end in CR and LF count as if they ended in LF, for a checkout may have either.
#[must_use]
pub fn of_text(text: &str) -> String {
    Sha256::digest(text.replace("\r\n", "\n")).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// SHA-256 in hex of the digests of all texts, sorted, a line each.
#[must_use]
pub fn of_sources(sources: &Sources) -> String {
    let mut digests: Vec<String> = sources.policies().map(|(_, source)| of_text(&source.text)).collect();
    digests.sort();
    of_text(&digests.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_sha_256_and_know_no_order_of_files() {
        assert_eq!(of_text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(of_text("a\r\nb\r\n"), of_text("a\nb\n"));
        assert_ne!(of_text("a\rb"), of_text("a\nb"));
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
