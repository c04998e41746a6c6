//! Image references, as the `distribution/reference` grammar and its normalisation read them.

use regex::Regex;
use std::sync::LazyLock;

/// What an image reference looks like: a host with an optional port, path components, a tag and a digest. Besides, it may not be 64 hexadecimal digits alone
/// ([`IDENTIFIER`]), and its repository ([`Image::repository`]) has at most [`MAX_REPOSITORY`] characters.
pub const PATTERN: &str = concat!(
    // Engines charge for each character of a pattern: letters and digits, parted by `.` or hyphens, are what the grammar says at more length.
    r"^(([a-zA-Z0-9]+((\.|-+)[a-zA-Z0-9]+)*|\[[a-fA-F0-9:]+\])(:[0-9]+)?/)?",
    r"[a-z0-9]+((\.|__?|-+|/)[a-z0-9]+)*",
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?",
    r"(@sha(256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128}))?$"
);

/// What looks like an image reference and is refused because it would be an image's own identifier.
pub const IDENTIFIER: &str = "^[a-f0-9]{64}$";

/// The length of the longest repository.
pub const MAX_REPOSITORY: usize = 255;

static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(PATTERN).ok());

/// The parts of an image reference. Splitting is total: a text that is no reference has parts too, which mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image<'a> {
    /// The host to pull from; `docker.io` when none is written, or `index.docker.io`.
    pub registry: &'a str,
    /// The path as written, without registry, tag and digest.
    pub path: &'a str,
    /// The tag, where one is written.
    pub written_tag: Option<&'a str>,
    /// The digest, such as `sha256:...`.
    pub digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    /// Splits a text.
    #[must_use]
    pub fn split(text: &'a str) -> Self {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        let last = name.rfind('/').map_or(0, |slash| slash + 1);
        let (name, written_tag) = match name.get(last..).and_then(|part| part.find(':')) {
            Some(colon) => (name.get(..last + colon).unwrap_or(name), name.get(last + colon + 1..)),
            None => (name, None),
        };
        let (registry, path) = match name.split_once('/') {
            Some((host, path)) if is_host(host) => (host, path),
            _ => ("docker.io", name),
        };
        let registry = if registry == "index.docker.io" { "docker.io" } else { registry };
        Image { registry, path, written_tag, digest }
    }

    /// The repository: the path, with `library/` before a bare name on `docker.io`.
    #[must_use]
    pub fn repository(&self) -> std::borrow::Cow<'a, str> {
        if self.registry == "docker.io" && !self.path.contains('/') { format!("library/{}", self.path).into() } else { self.path.into() }
    }

    /// The tag: `latest` when there is neither tag nor digest.
    #[must_use]
    pub fn tag(&self) -> Option<&'a str> {
        self.written_tag.or(if self.digest.is_some() { None } else { Some("latest") })
    }
}

/// The first part of a name is a host when a path component could not look like it.
fn is_host(part: &str) -> bool {
    part == "localhost" || part.bytes().any(|byte| byte == b'.' || byte == b':' || byte.is_ascii_uppercase())
}

/// Whether a text is an image reference.
#[must_use]
pub fn is_reference(text: &str) -> bool {
    let identifier = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    !identifier
        && REFERENCE.as_ref().is_some_and(|reference| reference.is_match(text))
        && (text.len() <= MAX_REPOSITORY - "library/".len() || Image::split(text).repository().len() <= MAX_REPOSITORY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn splits_references() {
        for (text, registry, repository, tag, digest) in [
            ("nginx", "docker.io", "library/nginx", Some("latest"), None),
            ("nginx:1.25", "docker.io", "library/nginx", Some("1.25"), None),
            ("a/b", "docker.io", "a/b", Some("latest"), None),
            ("docker.io/nginx", "docker.io", "library/nginx", Some("latest"), None),
            ("index.docker.io/nginx:1", "docker.io", "library/nginx", Some("1"), None),
            ("docker.io/a/b:c", "docker.io", "a/b", Some("c"), None),
            ("localhost/a", "localhost", "a", Some("latest"), None),
            ("localhost", "docker.io", "library/localhost", Some("latest"), None),
            ("localhost:5000", "docker.io", "library/localhost", Some("5000"), None),
            ("localhost:5000/a", "localhost:5000", "a", Some("latest"), None),
            ("host:80/a:b", "host:80", "a", Some("b"), None),
            ("registry.example.com/a/b/c:v1.0-x", "registry.example.com", "a/b/c", Some("v1.0-x"), None),
            ("Host/a", "Host", "a", Some("latest"), None),
            ("[::1]:5000/a", "[::1]:5000", "a", Some("latest"), None),
            ("nginx@D", "docker.io", "library/nginx", None, Some("D")),
            ("nginx:1@D", "docker.io", "library/nginx", Some("1"), Some("D")),
            ("r.io:1/a/b:1@D", "r.io:1", "a/b", Some("1"), Some("D")),
        ] {
            let text = text.replace('D', SHA);
            let image = Image::split(&text);
            assert_eq!(
                (image.registry, &*image.repository(), image.tag(), image.digest),
                (registry, repository, tag, digest.map(|_: &str| SHA)),
                "{text}"
            );
            assert!(is_reference(&text), "{text}");
        }
    }

    #[test]
    fn splits_what_is_no_reference() {
        for (text, registry, path, tag) in
            [("/a:1", "docker.io", "/a", Some("1")), ("", "docker.io", "", None), ("a/:1", "docker.io", "a/", Some("1"))]
        {
            let image = Image::split(text);
            assert_eq!((image.registry, image.path, image.written_tag), (registry, path, tag), "{text:?}");
        }
    }

    #[test]
    fn accepts_references() {
        for text in [
            "a.b/c",
            "a_b",
            "a__b",
            "a--b",
            "a---b/c.d",
            "a-b.c/d_e",
            "0/1",
            "foo__bar.x/y",
            "a:_",
            "1.2.3.4:5/x",
            "A-1.b/c",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
            "a/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ] {
            assert!(is_reference(text), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_reference() {
        for text in [
            "",
            " ",
            "nginx ",
            " nginx",
            "nginx\n",
            "Nginx",
            "a/B",
            "a//b",
            "/a",
            "a/",
            "a:",
            "a:b:c",
            "a@",
            "a@sha256:abc",
            "a@sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "a___b",
            "a._b",
            "-a",
            "a-",
            "a.",
            "_a",
            "http://a/b",
            "a:.b",
            "a:-b",
            "-h.io/a",
            "h-.io/a",
            "h..io/a",
            "h:/a",
            "h:x/a",
            "é",
            "a b",
            "a:1@b",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "a@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
        ] {
            assert!(!is_reference(text), "{text}");
        }
    }

    #[test]
    fn bounds_lengths() {
        assert!(is_reference(&format!("a:{}", "t".repeat(128))));
        assert!(!is_reference(&format!("a:{}", "t".repeat(129))));
        assert!(is_reference(&"a".repeat(247)), "with `library/` 255");
        assert!(!is_reference(&"a".repeat(248)));
        assert!(is_reference(&format!("r.io/{}:tag", "a".repeat(255))));
        assert!(!is_reference(&format!("r.io/{}:tag", "a".repeat(256))));
        assert!(is_reference(&format!("{}.io/a", "h".repeat(300))), "the host does not count");
    }

    #[test]
    fn takes_the_longer_digests() {
        assert!(is_reference(&format!("a@sha384:{}", "0".repeat(96))));
        assert!(is_reference(&format!("a:b@sha512:{}", "f".repeat(128))));
        assert!(!is_reference(&format!("a@sha512:{}", "f".repeat(127))));
    }

    #[test]
    fn the_identifier_pattern_agrees_with_the_code() {
        assert!(Regex::new(IDENTIFIER).is_ok_and(|pattern| pattern.is_match(&"a1".repeat(32)) && !pattern.is_match(&"g1".repeat(32))));
    }
}
