//! What may be a name, by the rules of Kubernetes.
//!
//! Source: `k8s.io/apimachinery` 0.37, `pkg/util/validation`.

/// `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
fn is_label(text: &str) -> bool {
    let end = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = text.as_bytes();
    end(bytes.first()) && end(bytes.last()) && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
}

/// RFC 1123: `[a-z0-9]([-a-z0-9]*[a-z0-9])?`, at most 63.
#[must_use]
pub fn is_dns_label(text: &str) -> bool {
    text.len() <= 63 && is_label(text)
}

/// RFC 1123: labels, here of any length, joined by dots, at most 253.
#[must_use]
pub fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

/// The value of a label: nothing, or up to 63 letters, digits, `-`, `_` and `.`, a letter or digit at both ends.
#[must_use]
pub fn is_label_value(text: &str) -> bool {
    let end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    let inner = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte));
    bytes.is_empty() || (bytes.len() <= 63 && inner && end(bytes.first()) && end(bytes.last()))
}

/// The key of a label: what may be a value of one, but not nothing, perhaps behind a DNS subdomain and a slash.
#[must_use]
pub fn is_label_key(text: &str) -> bool {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    !name.is_empty() && is_label_value(name) && prefix.is_none_or(is_dns_subdomain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_dns_names() {
        for good in ["a", "a-b", "0", "9z"] {
            assert!(is_dns_label(good) && is_dns_subdomain(good), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "<Pod name>", "é"] {
            assert!(!is_dns_label(bad) && !is_dns_subdomain(bad), "{bad}");
        }
        assert!(is_dns_subdomain("a.b-c.d") && !is_dns_label("a.b-c.d"));
        assert!(!is_dns_subdomain("a..b") && !is_dns_subdomain(".a") && !is_dns_subdomain("a.-b"));
        let long = "a".repeat(64);
        assert!(!is_dns_label(&long) && is_dns_subdomain(&long));
        assert!(!is_dns_subdomain(&"a".repeat(254)));
    }

    #[test]
    fn tells_labels() {
        for good in ["a", "A", "a_b.c-d", "9"] {
            assert!(is_label_value(good) && is_label_key(good) && is_label_key(&format!("example.com/{good}")), "{good}");
        }
        for bad in ["-a", "a.", "a b", "a/", "é"] {
            assert!(!is_label_value(bad) && !is_label_key(bad), "{bad}");
        }
        assert!(is_label_value("") && !is_label_key("") && !is_label_key("a/") && !is_label_key("/a"));
        assert!(!is_label_value("a/b") && is_label_key("a/b") && !is_label_key("A/b") && !is_label_key("a/b/c"));
        assert!(is_label_value(&"a".repeat(63)) && !is_label_value(&"a".repeat(64)) && !is_label_key(&format!("{}/b", "a".repeat(254))));
    }
}
