//! An OPA bundle: Rego modules and a `.manifest` in a gzipped tar, with the same bytes on every machine.
//!
//! Source: `github.com/open-policy-agent/opa` 1.22, `v1/bundle/bundle.go`.

use super::signature::{self, Signing};
use super::{Artifact, Emission};
use crate::diagnostic::{Diagnostic, Span, codes::build};
use flate2::{Compression, GzBuilder};
use serde_json::json;
use std::io::{self, Write as _};

/// The bundle of the modules among these files, without their folders. It owns the packages under `roots`; `revision` says what it was made of.
///
/// # Errors
/// When a path is too long for a tar, or the key does not sign.
pub(crate) fn of(artifacts: &[Artifact], roots: &[&str], revision: &str, signing: Option<&Signing>) -> io::Result<Vec<u8>> {
    let manifest = format!("{}\n", json!({ "revision": format!("sha256:{revision}"), "roots": roots, "rego_version": 1 }));
    let modules = artifacts.iter().filter(|artifact| artifact.path.ends_with(".rego"));
    let modules = modules.map(|artifact| (artifact.path.rsplit('/').next().unwrap_or(&artifact.path), artifact.contents.as_slice()));
    let files: Vec<(&str, &[u8])> = std::iter::once((".manifest", manifest.as_bytes())).chain(modules).collect();
    let signatures = signing.map(|signing| signing.file(&files)).transpose()?;
    let signed = signatures.as_ref().map(|text| (signature::FILE, text.as_bytes()));
    let mut tar = tar::Builder::new(Vec::new());
    for (name, contents) in signed.into_iter().chain(files) {
        let mut header = tar::Header::new_ustar();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_entry_type(tar::EntryType::Regular);
        tar.append_data(&mut header, name, contents)?;
    }
    // Neither a time nor an operating system in the header of gzip: 255 is "unknown".
    let mut gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    gzip.write_all(&tar.into_inner()?)?;
    gzip.finish()
}

/// Says that there is no bundle.
pub(crate) fn fail(emission: &mut Emission, error: &io::Error) {
    emission.diagnostics.push(
        Diagnostic::error(&build::TEMPLATE, Span::default(), format!("`bundle.tar.gz` cannot be written: {error}"))
            .with_help("this is a fault of polc, not of the policies: report it"),
    );
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use std::io::Read as _;

    #[test]
    fn a_bundle_holds_the_modules_and_says_nothing_of_the_machine() {
        let artifact = |path: &str, text: &str| Artifact { path: path.to_owned(), contents: text.as_bytes().to_vec() };
        let artifacts = [
            artifact("opa/a.rego", "package polc.a\n"),
            artifact("opa/cases.json", "{}"),
            artifact("opa/main.rego", "package polc.main\n"),
        ];
        let bytes = of(&artifacts, &["polc"], "abc", None).unwrap();
        assert_eq!(bytes, of(&artifacts, &["polc"], "abc", None).unwrap());
        assert_ne!(bytes, of(&artifacts, &["polc"], "abd", None).unwrap());
        // Magic, deflate, no flags, no time, best compression, unknown system.
        assert_eq!(bytes[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let mut held = Vec::new();
        for entry in tar.entries().unwrap() {
            let mut entry = entry.unwrap();
            let header = entry.header();
            assert_eq!((header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap(), header.mode().unwrap()), (0, 0, 0, 0o644));
            let mut text = String::new();
            let path = entry.path().unwrap().display().to_string();
            entry.read_to_string(&mut text).unwrap();
            held.push((path, text));
        }
        let names: Vec<&str> = held.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(names, [".manifest", "a.rego", "main.rego"]);
        assert_eq!(held[0].1, "{\"revision\":\"sha256:abc\",\"roots\":[\"polc\"],\"rego_version\":1}\n");
        assert_eq!(held[1].1, "package polc.a\n");
    }
}
