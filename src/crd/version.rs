//! The order of versions of an API.

use std::cmp::Ordering;

/// How stable a version is (0 where it is none of Kubernetes' form), and its numbers.
fn parts(version: &str) -> (u8, u64, u64) {
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| !text.starts_with(['+', '0']));
    let read = || {
        let rest = version.strip_prefix('v')?;
        for (word, stability) in [("alpha", 1), ("beta", 2)] {
            if let Some((major, minor)) = rest.split_once(word) {
                return Some((stability, number(major)?, number(minor)?));
            }
        }
        Some((3, number(rest)?, 0))
    };
    read().unwrap_or((0, 0, 0))
}

/// Compares versions as the API server ranks them (`k8s.io/apimachinery/pkg/version`): stable ones go before beta and alpha, then the greater number; what is no version of this form comes
/// last, by the alphabet.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (a, b) = (parts(left), parts(right));
    if a.0 == 0 && b.0 == 0 { right.cmp(left) } else { a.cmp(&b) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]

    use super::*;

    #[test]
    fn the_most_stable_and_newest_goes_first() {
        let order = ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10", "v01"];
        for pair in order.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Greater, "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Ordering::Less, "{pair:?}");
        }
    }
}
