//! Signed bundles: the real OPA takes them with the key that verifies, and refuses what was changed. The keys under `tests/keys` were made for this test alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::read::GzDecoder;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::{engine, repository};

const SECRET: &str = "a secret of at least thirty-two bytes";

fn key(name: &str) -> String {
    repository("tests/keys").join(name).display().to_string()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Builds a small pack for `opa` into a folder.
fn build(out: &Path, more: &[&str]) -> Output {
    let source = out.with_extension("pol");
    fs::write(&source, "pack a\n\nrule r {\n    match Pod\n    forbid pod.spec.hostNetwork message \"the network of the host\"\n}\n")
        .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_polc"));
    command.arg("build").arg(source).arg("--out").arg(out).args(["--target", "opa"]).args(more).env("SIGNING_SECRET", SECRET);
    command.env_remove("NO_SUCH_SECRET").output().unwrap()
}

fn bundle(out: &Path) -> PathBuf {
    out.join("opa-bundle/bundle.tar.gz")
}

/// A bundle that has to be built.
fn signed(folder: &Path, name: &str, more: &[&str]) -> PathBuf {
    let out = folder.join(name);
    let output = build(&out, more);
    assert!(output.status.success(), "{}", said(&output));
    bundle(&out)
}

/// The files of a bundle, in their order.
fn files(bundle: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(GzDecoder::new(bundle));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut contents = Vec::new();
        entry.read_to_end(&mut contents).unwrap();
        (entry.path().unwrap().display().to_string(), contents)
    });
    entries.collect()
}

/// A bundle of these files.
fn packed(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, contents) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, contents.as_slice()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

/// The claims of a bundle's signature.
fn claims(files: &[(String, Vec<u8>)]) -> Json {
    let (_, text) = files.iter().find(|(name, _)| name.ends_with(".signatures.json")).expect("a signature");
    let json: Json = serde_json::from_slice(text).unwrap();
    let token = json["signatures"][0].as_str().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

/// What each algorithm signs with and is verified by.
fn algorithms() -> Vec<(&'static str, String, String)> {
    let secret = || "env:SIGNING_SECRET".to_owned();
    let mut all: Vec<_> = ["RS256", "RS384", "RS512"].map(|name| (name, key("rsa.pem"), key("rsa.pub.pem"))).into();
    all.push(("ES256", key("ec.pem"), key("ec.pub.pem")));
    all.push(("HS256", secret(), SECRET.to_owned()));
    all
}

#[test]
fn the_same_key_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let plain = fs::read(signed(folder.path(), "plain", &[])).unwrap();
    assert!(!files(&plain).iter().any(|(name, _)| name == ".signatures.json"));
    for (algorithm, key, _) in algorithms() {
        let more = ["--bundle-signing-key", &key, "--bundle-signing-alg", algorithm];
        let first = fs::read(signed(folder.path(), "first", &more)).unwrap();
        assert_eq!(first, fs::read(signed(folder.path(), "second", &more)).unwrap(), "{algorithm}");
        let check = build(&folder.path().join("first"), &[&more[..], &["--check"]].concat());
        assert_eq!(check.status.code(), Some(0), "{}", said(&check));
        // But for the signature it is the same bundle.
        let mut held = files(&first);
        held.retain(|(name, _)| name != ".signatures.json");
        assert_eq!(held, files(&plain), "{algorithm}");
    }
    // The form in which a key is written is none of its business.
    for (algorithm, one, other) in [("RS256", "rsa.pem", "rsa-pkcs1.pem"), ("ES256", "ec.pem", "ec-sec1.pem")] {
        let of = |name: &str| {
            fs::read(signed(folder.path(), "form", &["--bundle-signing-key", &key(name), "--bundle-signing-alg", algorithm])).unwrap()
        };
        assert_eq!(of(one), of(other), "{algorithm}");
    }
    // Without the key it is stale, not up to date.
    let first = folder.path().join("first");
    assert_eq!(build(&first, &["--check"]).status.code(), Some(1));
}

#[test]
fn opa_takes_what_was_signed_and_nothing_else() {
    let Some(opa) = engine::find("opa", "signed bundles in OPA") else { return };
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made.tar.gz");
    let verify = |bundle: &Path, algorithm: &str, key: &str, more: &[&str]| {
        let mut command = Command::new(&opa);
        command.arg("build").arg("--bundle").arg(bundle).args(["--signing-alg", algorithm, "--verification-key", key]).args(more);
        command.arg("--output").arg(&made).output().unwrap()
    };
    for (algorithm, private, public) in algorithms() {
        let more = [
            "--bundle-signing-key",
            &private,
            "--bundle-signing-alg",
            algorithm,
            "--bundle-signing-key-id",
            "team",
            "--bundle-signing-scope",
            "prod",
        ];
        let path = signed(folder.path(), "signed", &more);
        let named = ["--verification-key-id", "team", "--scope", "prod"];
        let output = verify(&path, algorithm, &public, &named);
        assert!(output.status.success(), "{algorithm}: {}", said(&output));
        assert!(fs::remove_file(&made).is_ok());

        let refused = |bundle: &Path, public: &str, named: &[&str], why: &str| {
            let output = verify(bundle, algorithm, public, named);
            assert!(!output.status.success(), "{algorithm}: taken, {why}");
            assert!(said(&output).contains(why), "{algorithm}: {}", said(&output));
        };
        refused(&path, &public, &["--verification-key-id", "team", "--scope", "test"], "scope mismatch");
        let other = if algorithm == "ES256" {
            key("ec-other.pub.pem")
        } else if algorithm == "HS256" {
            "another secret".to_owned()
        } else {
            key("rsa-other.pub.pem")
        };
        refused(&path, &other, &named, "failed to verify JWT signature");

        let whole = files(&fs::read(&path).unwrap());
        let tampered = folder.path().join("tampered.tar.gz");
        for (name, from, to, why) in [
            ("a.rego", "the network of the host", "nothing at all", "a.rego: digest mismatch"),
            (".manifest", "\"rego_version\":1", "\"rego_version\":0", ".manifest: digest mismatch"),
        ] {
            let mut files = whole.clone();
            let (_, contents) = files.iter_mut().find(|(file, _)| file == name).unwrap();
            let text = String::from_utf8(contents.clone()).unwrap();
            assert!(text.contains(from), "{text}");
            *contents = text.replace(from, to).into_bytes();
            fs::write(&tampered, packed(&files)).unwrap();
            refused(&tampered, &public, &named, why);
        }
        let mut more = whole.clone();
        more.push(("more.rego".to_owned(), b"package more\n".to_vec()));
        fs::write(&tampered, packed(&more)).unwrap();
        refused(&tampered, &public, &named, "more.rego not included in bundle signature");
        let mut less = whole.clone();
        less.retain(|(name, _)| name != "a.rego");
        fs::write(&tampered, packed(&less)).unwrap();
        refused(&tampered, &public, &named, "a.rego");
        let mut unsigned = whole;
        unsigned.retain(|(name, _)| name != ".signatures.json");
        fs::write(&tampered, packed(&unsigned)).unwrap();
        refused(&tampered, &public, &named, "missing .signatures.json file");
    }
}

#[test]
fn the_files_and_digests_are_those_that_opa_signs() {
    let Some(opa) = engine::find("opa", "the claims of a signed bundle beside OPA's") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = signed(folder.path(), "signed", &["--bundle-signing-key", &key("rsa.pem")]);
    let own = files(&fs::read(&path).unwrap());
    let plain = signed(folder.path(), "plain", &[]);
    let output = Command::new(opa)
        .current_dir(folder.path())
        .args(["sign", "--signing-key", &key("rsa.pem"), "--bundle"])
        .arg(plain)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let theirs = vec![(".signatures.json".to_owned(), fs::read(folder.path().join(".signatures.json")).unwrap())];
    let listed = |claims: &Json| -> BTreeSet<String> { claims["files"].as_array().unwrap().iter().map(Json::to_string).collect() };
    let sorted = |json: &Json| -> BTreeSet<(String, String, String)> {
        let text = |file: &Json, name: &str| file[name].as_str().unwrap().to_owned();
        json["files"].as_array().unwrap().iter().map(|file| (text(file, "name"), text(file, "hash"), text(file, "algorithm"))).collect()
    };
    assert_eq!(listed(&claims(&own)).len(), 4);
    assert_eq!(sorted(&claims(&own)), sorted(&claims(&theirs)));
}

#[test]
fn keys_that_cannot_sign_are_told_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    for (more, message) in [
        (vec!["--bundle-signing-key", "nowhere.pem"], "cannot read `nowhere.pem`"),
        (vec!["--bundle-signing-key", "env:NO_SUCH_SECRET"], "the environment variable `NO_SUCH_SECRET` holds no key"),
        (vec!["--bundle-signing-key", &key("ec.pem")], "cannot sign: the key is no RSA key that signs: it is of another algorithm"),
        (
            vec!["--bundle-signing-key", &key("rsa-small.pem")],
            "cannot sign: the key is no RSA key that signs: it has fewer than 2,048 bits",
        ),
        (vec!["--bundle-signing-key", &key("rsa.pub.pem")], "cannot sign: the key for RSA is no private key in PEM without a passphrase"),
        (vec!["--bundle-signing-key", &key("rsa.pem"), "--bundle-signing-alg", "ES256"], "cannot sign: the key is none on the curve P-256"),
        (
            vec!["--bundle-signing-key", &key("rsa.pem"), "--bundle-signing-alg", "HS256"],
            "cannot sign: the secret for HMAC is a key in PEM",
        ),
        (
            vec!["--bundle-signing-key", "env:SIGNING_SECRET", "--bundle-signing-alg", "HS512"],
            "has 37 bytes, fewer than the 64 of its digest",
        ),
        (vec!["--bundle-signing-key", &key("rsa.pem"), "--bundle-signing-alg", "PS256"], "invalid value 'PS256'"),
        (vec!["--bundle-signing-alg", "RS256"], "--bundle-signing-key <FILE>"),
        (vec!["--bundle-signing-key", &key("rsa.pem"), "--target", "vap"], ""),
    ] {
        let output = build(&out, &more);
        let text = said(&output);
        if message.is_empty() {
            assert!(output.status.success(), "{text}");
            continue;
        }
        assert_eq!(output.status.code(), Some(2), "{text}");
        // The lines are folded where they are drawn.
        let flat = text.replace("\n  │ ", " ");
        assert!(flat.contains(message), "{message}: {text}");
        assert!(!text.contains("-----") && !text.contains(SECRET) && !text.contains("MII"), "{text}");
        assert!(!out.exists(), "{more:?}");
    }
    let alone = Command::new(env!("CARGO_BIN_EXE_polc"))
        .args(["build", out.with_extension("pol").to_str().unwrap(), "--target", "vap", "--bundle-signing-key", &key("rsa.pem"), "--out"])
        .arg(folder.path().join("vap"))
        .output()
        .unwrap();
    assert_eq!(alone.status.code(), Some(2));
    assert!(said(&alone).contains("there is no bundle to sign"), "{}", said(&alone));
}
