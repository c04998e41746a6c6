//! The catalogue: every item has its page, every link leads somewhere, and no text of a policy gets out of its place.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use support::repository;

fn polc(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_polc")).args(arguments).current_dir(repository("")).output().unwrap()
}

/// The files of a site by their paths.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let path = entry.path().strip_prefix(folder).unwrap().display().to_string();
            files.insert(path, fs::read_to_string(entry.path()).unwrap());
        }
    }
    files
}

fn site_of(policies: &str) -> BTreeMap<String, String> {
    let out = tempfile::tempdir().unwrap();
    let output = polc(&["docs", policies, "--out", out.path().to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    files(out.path())
}

/// The values of an attribute in a page.
fn attributes<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let start = format!(" {name}=\"");
    page.match_indices(&start).map(|(at, _)| page[at + start.len()..].split('"').next().unwrap()).collect()
}

/// Where a link of a page leads, as a path of the site.
fn resolved(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        if part == ".." {
            parts.pop().unwrap_or_else(|| panic!("{page}: {link} leads out of the site"));
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

#[test]
fn the_catalogue_is_whole() {
    let site = site_of("policies");
    let listed = polc(&["list", "policies", "--format", "json"]);
    let listing: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let items: Vec<&str> = listing["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert!(items.len() > 120, "{}", items.len());
    for id in &items {
        let page = site.get(&format!("items/{id}.html")).unwrap_or_else(|| panic!("{id} has no page"));
        assert!(page.contains(&format!("<h1>{id}</h1>")), "{id}");
        let pack = &site[&format!("packs/{}.html", id.split('/').next().unwrap())];
        assert!(pack.contains(&format!("items/{id}.html")), "{id} is not in its pack");
    }
    let mut links = 0;
    for (name, page) in site.iter().filter(|(name, _)| name.ends_with(".html")) {
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains("name=\"viewport\""), "{name}");
        for link in attributes(page, "href") {
            assert!(site.contains_key(&resolved(name, link)), "{name}: {link} leads nowhere");
            links += 1;
        }
        // Nothing is loaded from elsewhere.
        assert!(attributes(page, "src").is_empty(), "{name}");
    }
    assert!(links > 800, "{links}");
    let pages = site.keys().filter(|name| name.starts_with("items/")).count();
    assert_eq!(pages, items.len());
    let rule = &site["items/pod-security-baseline/privileged.html"];
    for part in [
        "特权容器",
        "container app is privileged",
        "privileged: true",
        "What to do",
        "opa/pod-security-baseline.rego",
        "kyverno/pod-security-baseline.yaml",
        "cis-5.2.2",
        "apps/v1",
    ] {
        assert!(rule.contains(part), "no `{part}` on the page of a rule");
    }
}

#[test]
fn the_search_index_holds_every_item() {
    let site = site_of("policies");
    let page = &site["index.html"];
    let text = page.split("<script type=\"application/json\" id=\"index\">").nth(1).unwrap().split("</script>").next().unwrap();
    let index: Vec<serde_json::Value> = serde_json::from_str(text).unwrap();
    let found = |word: &str| -> BTreeSet<&str> {
        let holds = |item: &&serde_json::Value| ["id", "title", "words"].iter().any(|field| item[*field].as_str().unwrap().contains(word));
        index.iter().filter(holds).map(|item| item["id"].as_str().unwrap()).collect()
    };
    assert!(found("探针").contains("probes/liveness-required"));
    assert!(found("cis-5.2.2").contains("pod-security-baseline/privileged"));
    assert!(found("CrashLoopBackOff").contains("diagnosis/crash-loop-back-off"));
    assert_eq!(index.len(), site.keys().filter(|name| name.starts_with("items/")).count());
}

#[test]
fn hostile_texts_stay_texts() {
    let folder = tempfile::tempdir().unwrap();
    let policy = r#"//! </script><script>alert("pack")</script> {{root}} {{{search}}}
pack hostile

param word: string = "</code><img src=x onerror=alert(1)>"

/// A title with </script><img src=x> & "quotes" {{title}}.
///
/// Fix: `<b>` ' {{{fix}}}
rule texts {
    tags "<script>alert(2)</script>"
    docs "https://example.com/\"><script>alert(3)</script>"
    match Pod
    forbid object.spec.hostNetwork message "<script>alert(4)</script> {word}"
}

/// Its link is no page.
///
/// Fix: nothing.
rule texts-too {
    docs "javascript:alert(6)"
    match Pod
    forbid object.spec.hostNetwork message "found"
}

test texts {
    deny "<script>alert(4)</script>" given { apiVersion: "v1", kind: "Pod", metadata: { name: "</pre><script>alert(5)</script>" }, spec: { hostNetwork: true, containers: [{ name: "a", image: "a:1" }] } }
    allow given { apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec: { containers: [{ name: "a", image: "a:1" }] } }
}
"#;
    fs::write(folder.path().join("hostile.pol"), policy).unwrap();
    let site = site_of(folder.path().to_str().unwrap());
    for (name, page) in site.iter().filter(|(name, _)| name.ends_with(".html")) {
        let scripts = if name == "index.html" { 2 } else { 0 };
        assert_eq!(page.matches("<script").count(), scripts, "{name}");
        assert_eq!(page.matches("</script>").count(), scripts, "{name}");
        assert!(!page.contains("<img") && !page.contains("<b>`"), "{name}");
    }
    assert!(
        attributes(&site["items/hostile/texts-too.html"], "href").iter().all(|link| !link.contains("javascript")),
        "no link runs a script"
    );
    let page = &site["items/hostile/texts.html"];
    assert!(page.contains("A title with &lt;/script&gt;&lt;img src&#x3D;x&gt; &amp; &quot;quotes&quot; {{title}}."), "{page}");
    assert!(page.contains("<code>&lt;b&gt;</code>"), "{page}");
    assert!(attributes(page, "href").iter().any(|link| link.starts_with("https://example.com/&quot;&gt;&lt;script&gt;")), "{page}");
}

#[test]
fn pages_of_others_are_left_alone_and_stale_ones_go() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("site");
    let run = |policies: &str| polc(&["docs", policies, "--out", out.to_str().unwrap(), "--format", "json"]);
    let first = run("policies/hooks");
    assert!(first.status.success());
    fs::write(out.join("mine.html"), "mine").unwrap();
    assert!(out.join("items/hooks/grace-bounds.html").is_file());
    assert!(run("policies/images").status.success());
    assert!(!out.join("items/hooks/grace-bounds.html").exists(), "a page of a rule that is gone");
    assert!(out.join("items/images/no-latest.html").is_file());
    assert_eq!(fs::read_to_string(out.join("mine.html")).unwrap(), "mine");
    let again: serde_json::Value = serde_json::from_slice(&run("policies/images").stdout).unwrap();
    assert_eq!(again["written"].as_array().unwrap().len(), 0, "the same policies make the same pages");
    fs::write(folder.path().join("index.html"), "another's").unwrap();
    let refused = polc(&["docs", "policies/hooks", "--out", folder.path().to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(fs::read_to_string(folder.path().join("index.html")).unwrap(), "another's");
}
