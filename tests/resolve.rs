//! Names, types, defaults and views: what sources mean, and what is said of wrong ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use polc::compile::{Compiled, compile};
use polc::diagnostic::{Diagnostic, Sources};
use polc::ir::print;
use polc::resolve::Options;

fn sources(texts: &[&str]) -> Sources {
    let mut sources = Sources::default();
    for (index, text) in texts.iter().enumerate() {
        sources.add(format!("{index}.pol"), *text);
    }
    sources
}

fn compiled(text: &str) -> Compiled {
    let sources = sources(&[text]);
    compile(&sources, &Options::default()).unwrap_or_else(|found| panic!("{text}\n{}", shown(&sources, &found)))
}

fn shown(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let lines: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| {
            let under = diagnostic.labels.first().map_or("", |(span, _)| sources.text(*span));
            let level = format!("{:?}", diagnostic.level).to_lowercase();
            let help = diagnostic.help.as_deref().unwrap_or("-");
            format!("{level}[{}] {}\n  at: {under}\n  help: {help}\n", diagnostic.code.id, diagnostic.message)
        })
        .collect();
    lines.join("")
}

/// The dump of the rule `r` with this body.
fn rule(clauses_and_body: &str) -> String {
    let text = format!("pack t\nrule r {{\n    {clauses_and_body}\n}}\n");
    let compiled = compiled(&text);
    print::rule(&compiled.program.packs["t"].rules[0])
}

#[test]
fn views_are_expanded() {
    let dump =
        rule("match Pod for c in pod.allContainers { forbid c.securityContext.privileged message \"container {c.name} is privileged\" }");
    assert!(dump.contains("for $0 in (pod.spec.initContainers~, pod.spec.containers~, pod.spec.ephemeralContainers~) {"), "{dump}");
    assert!(dump.contains("fails true($0.securityContext.privileged)"), "{dump}");
}
