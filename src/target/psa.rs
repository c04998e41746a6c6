//! `psa`: Namespaces with Pod Security labels, from the `pod-security` block.
//!
//! Source: `k8s.io/pod-security-admission` 0.37, `api/constants.go` and `api/helpers.go`.

use super::{Artifact, Emission, Outcome, PodSecurityBlock, yaml};
use crate::ir::{Level, Levels, Program};
use serde::Serialize;
use std::collections::BTreeMap;

/// The target's name.
pub const NAME: &str = "psa";

const PREFIX: &str = "pod-security.kubernetes.io/";

#[derive(Serialize)]
struct Namespace<'a> {
    #[serde(rename = "apiVersion")]
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: &'a str,
    labels: BTreeMap<String, String>,
}

/// The name of a level in labels and configuration.
#[must_use]
pub fn level_name(level: Level) -> &'static str {
    match level {
        Level::Privileged => "privileged",
        Level::Baseline => "baseline",
        Level::Restricted => "restricted",
    }
}

/// The modes that are given, with their levels, in the order enforce, audit, warn.
pub(super) fn modes(levels: &Levels) -> impl Iterator<Item = (&'static str, Level)> {
    [("enforce", levels.enforce), ("audit", levels.audit), ("warn", levels.warn)]
        .into_iter()
        .filter_map(|(mode, level)| Some((mode, level?)))
}

fn labels(block: &PodSecurityBlock<'_>, own: &Levels) -> BTreeMap<String, String> {
    let default = &block.pod_security.default;
    let levels = Levels { enforce: own.enforce.or(default.enforce), audit: own.audit.or(default.audit), warn: own.warn.or(default.warn) };
    let mut labels = BTreeMap::new();
    for (mode, level) in modes(&levels) {
        labels.insert(format!("{PREFIX}{mode}"), level_name(level).to_owned());
        if let Some(version) = &block.pod_security.version {
            labels.insert(format!("{PREFIX}{mode}-version"), version.clone());
        }
    }
    labels
}

/// Writes one Namespace for each namespace that the block names: its own levels over the default ones.
#[must_use]
pub fn emit(program: &Program) -> Emission {
    let mut emission = Emission::default();
    super::not_applicable(&mut emission, program, NAME, "Pod Security labels say whole levels, not rules");
    let Some(block) = super::pod_security(&mut emission, program, NAME) else { return emission };
    if block.pod_security.namespaces.is_empty() {
        emission.row(
            NAME,
            &block.id,
            Outcome::NotApplicable("the block names no namespace; its default is carried by `admission-config`".to_owned()),
        );
        return emission;
    }
    for (name, levels) in &block.pod_security.namespaces {
        let namespace = Namespace { api_version: "v1", kind: "Namespace", metadata: Metadata { name, labels: labels(&block, levels) } };
        match yaml(&namespace) {
            Ok(contents) => emission.artifacts.push(Artifact { path: format!("{NAME}/{name}.yaml"), contents }),
            Err(error) => emission.fail(NAME, &block.id, &error, block.pod_security.span),
        }
    }
    emission.row(NAME, &block.id, Outcome::Exact);
    emission
}
