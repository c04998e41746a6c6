//! The shipped policies as texts inside the program, and which of them make up a level.

/// A file of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Its path below `policies/`.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! files {
    ($($path:literal),* $(,)?) => { &[$(File { path: $path, text: include_str!(concat!("../policies/", $path)) }),*] };
}

static FILES: &[File] = files![
    "conventions/images.pol",
    "conventions/metadata.pol",
    "conventions/placement.pol",
    "conventions/pod-security.pol",
    "conventions/resources.pol",
    "conventions/security.pol",
    "deletion/deletion.pol",
    "diagnosis/containers.pol",
    "diagnosis/controllers.pol",
    "diagnosis/exits.pol",
    "diagnosis/images.pol",
    "diagnosis/scheduling.pol",
    "disruption/disruption.pol",
    "ephemeral-containers/ephemeral-containers.pol",
    "hooks/hooks.pol",
    "images/images.pol",
    "init-containers/init-containers.pol",
    "injection/injection.pol",
    "manifest/containers.pol",
    "manifest/controllers.pol",
    "manifest/ephemeral-containers.pol",
    "manifest/handlers.pol",
    "manifest/metadata.pol",
    "manifest/references.pol",
    "manifest/security-contexts.pol",
    "namespaces/namespaces.pol",
    "pod-security/baseline.pol",
    "pod-security/hardening.pol",
    "pod-security/restricted.pol",
    "probes/probes.pol",
    "resources/resources.pol",
    "restart/restart.pol",
    "scheduling/scheduling.pol",
];

/// All files of the library, sorted by path.
#[must_use]
pub fn files() -> &'static [File] {
    FILES
}

/// How much of the library a repository begins with. Each level holds those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The baseline of the Pod Security Standards, and what the API server refuses anyway.
    Baseline,
    /// The restricted level of the Pod Security Standards.
    Restricted,
    /// Hardening beyond the standards, and images, resources, probes, disruption and the other topics.
    Hardened,
    /// All of the library: conventions, mutations and generations, and the diagnosis of live objects too.
    Full,
}

impl Level {
    /// All levels, the laxest first.
    pub const ALL: [Level; 4] = [Level::Baseline, Level::Restricted, Level::Hardened, Level::Full];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
            Level::Hardened => "hardened",
            Level::Full => "full",
        }
    }

    /// Its files.
    pub fn files(self) -> impl Iterator<Item = &'static File> {
        FILES.iter().filter(move |file| level_of(file.path) <= self)
    }

    /// Whether a `pod-security` block is among its files.
    #[must_use]
    pub fn has_pod_security(self) -> bool {
        self.files().any(|file| file.text.lines().any(|line| line.starts_with("pod-security {")))
    }
}

/// The first level that a file belongs to.
fn level_of(path: &str) -> Level {
    match path.split_once('/').map_or((path, ""), |parts| parts) {
        ("manifest", _) | ("pod-security", "baseline.pol") => Level::Baseline,
        ("pod-security", "restricted.pol") => Level::Restricted,
        ("conventions" | "diagnosis" | "injection", _) => Level::Full,
        _ => Level::Hardened,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_hold_each_other() {
        assert!(FILES.is_sorted_by(|a, b| a.path < b.path));
        let counts = Level::ALL.map(|level| level.files().count());
        assert!(counts.is_sorted_by(|a, b| a < b), "{counts:?}");
        assert_eq!(counts.last(), Some(&FILES.len()));
        assert_eq!(Level::ALL.map(Level::has_pod_security), [false, false, true, true]);
    }
}
