//! Regular expressions over whole texts.

use crate::ir::Pattern;
use regex::Regex;

/// Compiles a pattern so that it matches whole texts only; `None` when it is no regular expression or too large.
#[must_use]
pub fn compile(pattern: &Pattern) -> Option<Regex> {
    Regex::new(&anchored(&pattern.source)).ok()
}

/// The pattern between anchors, as every engine of the RE2 family takes it.
#[must_use]
pub fn anchored(source: &str) -> String {
    format!("^(?:{source})$")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn matches_whole_texts() {
        for (source, yes, no) in [
            ("a", &["a"][..], &["", "aa", "ba", "a\n", "\na"][..]),
            ("a|bc", &["a", "bc"], &["abc", "ac", "b"]),
            ("[a-z0-9]{2,3}", &["ab", "a1b"], &["a", "abcd", "AB", "é1"]),
            (r"v1\.(0|[1-9][0-9]*)", &["v1.0", "v1.37"], &["v1.01", "v1x0", "v1.", "xv1.0"]),
            (".*", &["", "é😀"], &["a\nb"]),
            (".", &["é", "😀"], &["", "\n", "ab"]),
            ("[^a]", &["b", "é", "\n"], &["a", ""]),
            ("", &[""], &["a"]),
            ("(ab)+c?", &["ab", "ababc"], &["c", "aba"]),
        ] {
            let regex = compile(&Pattern { source: source.to_owned() }).unwrap();
            for text in yes {
                assert!(regex.is_match(text), "{text:?} matches /{source}/");
            }
            for text in no {
                assert!(!regex.is_match(text), "{text:?} does not match /{source}/");
            }
        }
    }

    #[test]
    fn refuses_what_is_no_pattern() {
        for source in ["(", "[a", "a{2,1}", r"\", "(?=a)"] {
            assert!(compile(&Pattern { source: source.to_owned() }).is_none(), "{source}");
        }
    }
}
