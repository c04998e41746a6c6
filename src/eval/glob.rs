//! Globs: `*` is any text and nothing else is special.

use crate::ir::Glob;

/// Whether the whole text fits the pattern.
#[must_use]
pub fn matches(glob: &Glob, text: &str) -> bool {
    let Some((first, rest)) = glob.parts.split_first() else { return text.is_empty() };
    let Some((last, middle)) = rest.split_last() else { return text == first };
    let Some(text) = text.strip_prefix(first.as_str()).and_then(|text| text.strip_suffix(last.as_str())) else { return false };
    let mut text = text;
    for part in middle {
        match text.split_once(part.as_str()) {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, yes, no) in [
            ("a", &["a"][..], &["", "aa", "A", "b"][..]),
            ("", &[""], &["a"]),
            ("*", &["", "a", "a/b\nc"], &[]),
            ("**", &["", "a"], &[]),
            ("a*", &["a", "ab", "a/b"], &["", "ba"]),
            ("*a", &["a", "ba", "/a"], &["", "ab"]),
            ("a*a", &["aa", "aba"], &["a", "ab"]),
            ("ab*ba", &["abba", "abxba"], &["aba"]),
            ("*a*", &["a", "bab"], &["", "b"]),
            ("a*b*c", &["abc", "axbxc", "abbc", "abcbc"], &["ac", "acb", "abcd"]),
            ("*ab*ab*", &["abab", "xabyabz"], &["ab", "aab", "aba"]),
            ("registry.example.com/*", &["registry.example.com/a/b:1"], &["registry.example.com", "registryxexample.com/a"]),
            ("a?b[c]", &["a?b[c]"], &["axbc", "axb[c]"]),
            ("é*😀", &["é😀", "éa😀"], &["e😀"]),
        ] {
            let glob = Glob::new(pattern);
            for text in yes {
                assert!(matches(&glob, text), "`{text}` fits `{pattern}`");
            }
            for text in no {
                assert!(!matches(&glob, text), "`{text}` does not fit `{pattern}`");
            }
        }
    }
}
