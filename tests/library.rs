//! The shipped policies as a library: what every rule of `policies/` has to have.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

mod support;

use polc::compile::{Compiled, compile};
use polc::diagnostic::{Sources, render};
use polc::ir::{Expect, Rule, Targets};
use polc::manifest::builtin;
use polc::resolve::Options;
use std::collections::BTreeMap;
use std::fs;
use support::repository;

/// The shipped policies, and the folder that each pack's rules stand in, by the number of the source.
fn library() -> (Compiled, Sources) {
    let files = support::shipped_policies();
    let mut sources = Sources::default();
    for file in &files {
        sources.add(file.strip_prefix(repository("")).unwrap().display().to_string(), fs::read_to_string(file).unwrap());
    }
    let options = Options {
        targets: polc::target::KNOWN.iter().map(|name| (*name).to_owned()).collect(),
        roots: sources
            .iter()
            .flat_map(|(_, source)| source.text.lines())
            .filter_map(|line| line.strip_prefix("pack "))
            .map(str::to_owned)
            .collect(),
        builtins: builtin::builtin_ids().iter().map(|check| check.id.to_owned()).collect(),
        ..Options::default()
    };
    match compile(&sources, &options) {
        Ok(compiled) => (compiled, sources),
        Err(diagnostics) => panic!("{}", render::render(&diagnostics, &sources, false)),
    }
}

fn rules(compiled: &Compiled) -> impl Iterator<Item = &Rule> {
    compiled.program.packs.values().flat_map(|pack| &pack.rules)
}

#[test]
fn no_policy_raises_a_warning() {
    let (compiled, sources) = library();
    assert!(compiled.warnings.is_empty(), "{}", render::render(&compiled.warnings, &sources, false));
}

#[test]
fn each_rule_says_why_and_what_to_do() {
    let (compiled, _) = library();
    for rule in rules(&compiled) {
        let title = rule.doc.lines().next().unwrap_or_default().trim();
        assert!(title.ends_with('.') && title.len() > 20, "{}: its first line is its title, a sentence", rule.id);
        let fix = rule.doc.split("\n\n").find_map(|paragraph| paragraph.trim().strip_prefix("Fix: "));
        assert!(fix.is_some_and(|fix| fix.len() > 10), "{}: a paragraph begins with `Fix: ` and says what to do", rule.id);
    }
}

#[test]
fn each_rule_is_tested_both_ways() {
    let (compiled, _) = library();
    let mut seen: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for test in compiled.program.packs.values().flat_map(|pack| &pack.tests) {
        let (allow, deny) = seen.entry(&test.rule).or_default();
        match test.expect {
            Expect::Allow => *allow += 1,
            Expect::Deny(_) => *deny += 1,
            Expect::Skip | Expect::Gives(_) => {}
        }
    }
    for rule in rules(&compiled) {
        let (allow, deny) = seen.get(rule.id.as_str()).copied().unwrap_or_default();
        assert!(allow > 0 && deny > 0, "{} has {allow} tests that allow and {deny} that deny", rule.id);
    }
}

#[test]
fn what_the_api_server_checks_is_not_sent_to_clusters() {
    let (compiled, _) = library();
    let mut count = 0;
    for rule in rules(&compiled).filter(|rule| rule.id.starts_with("builtin/")) {
        assert_eq!(rule.targets, Targets::Only(["check".to_owned()].into()), "{}", rule.id);
        assert_eq!(builtin::builtin(&rule.name), None, "{}: a check of that name is built in", rule.id);
        count += 1;
    }
    assert!(count > 30, "{count}");
}

/// The reasons by which a Pod or its containers wait, fail or hang, as `kubectl get pods` and the conditions show them.
const REASONS: [&str; 24] = [
    "Error",
    "NodeLost",
    "Unknown",
    "Waiting",
    "Pending",
    "ContainerCreating",
    "Terminating",
    "CrashLoopBackOff",
    "InvalidImageName",
    "ImageInspectError",
    "ErrImageNeverPull",
    "ImagePullBackOff",
    "RegistryUnavailable",
    "ErrImagePull",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "PreStartHookError",
    "PostStartHookError",
    "ContainersNotInitialized",
    "ContainersNotReady",
    "PodInitializing",
    "DockerDaemonNotReady",
    "NetworkPluginNotReady",
];

#[test]
fn each_reason_of_a_status_is_explained_by_a_rule() {
    let (compiled, _) = library();
    let diagnosis = &compiled.program.packs["diagnosis"].rules;
    for reason in REASONS {
        let tag = format!("reason:{reason}");
        assert!(diagnosis.iter().any(|rule| rule.tags.contains(&tag)), "no rule of the pack `diagnosis` has the tag `{tag}`");
    }
    for rule in diagnosis {
        assert_eq!(rule.targets, Targets::Only(["check".to_owned()].into()), "{}: live status is not for clusters", rule.id);
    }
}

#[test]
fn rules_that_the_page_of_public_libraries_names_exist() {
    let (compiled, _) = library();
    let page = fs::read_to_string(repository("docs/public-libraries.md")).unwrap();
    let mut named = 0;
    for (index, word) in page.split('`').enumerate().filter(|(index, word)| index % 2 == 1 && word.contains('/')) {
        if word == "pack/rule" {
            continue;
        }
        let check = word.strip_prefix("builtin/").and_then(builtin::builtin);
        assert!(check.is_some() || rules(&compiled).any(|rule| rule.id == word), "{word} (piece {index}) is no rule");
        named += 1;
    }
    assert!(named > 90, "{named}");
}

#[test]
fn the_program_holds_the_library() {
    let mut held: Vec<_> = polc::library::files().iter().map(|file| file.path.to_owned()).collect();
    let mut there: Vec<_> =
        support::shipped_policies().iter().map(|path| path.strip_prefix(repository("policies")).unwrap().display().to_string()).collect();
    held.sort();
    there.sort();
    assert_eq!(held, there, "add the file to `src/library.rs`, so that `polc init` can write it");
}
