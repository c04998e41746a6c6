//! `admission-config`: the AdmissionConfiguration that gives the API server the defaults and exemptions of the `pod-security` block.
//!
//! Source: `k8s.io/pod-security-admission` 0.37, `admission/api/v1/types.go` (`pod-security.admission.config.k8s.io/v1`).

use super::{Artifact, Emission, Outcome, psa, yaml};
use crate::ir::Program;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The target's name.
pub const NAME: &str = "admission-config";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionConfiguration<'a> {
    api_version: &'static str,
    kind: &'static str,
    plugins: [Plugin<'a>; 1],
}

#[derive(Serialize)]
struct Plugin<'a> {
    name: &'static str,
    configuration: PodSecurityConfiguration<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PodSecurityConfiguration<'a> {
    api_version: &'static str,
    kind: &'static str,
    defaults: BTreeMap<String, String>,
    exemptions: Exemptions<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Exemptions<'a> {
    usernames: &'a BTreeSet<String>,
    runtime_classes: &'a BTreeSet<String>,
    namespaces: &'a BTreeSet<String>,
}

/// Writes the configuration file that `kube-apiserver --admission-control-config-file` reads.
#[must_use]
pub fn emit(program: &Program) -> Emission {
    let mut emission = Emission::default();
    super::not_applicable(&mut emission, program, NAME, "the Pod Security plugin knows whole levels, not rules");
    let Some(block) = super::pod_security(&mut emission, program, NAME) else { return emission };
    let pod_security = block.pod_security;
    let mut defaults = BTreeMap::new();
    for (mode, level) in psa::modes(&pod_security.default) {
        defaults.insert(mode.to_owned(), psa::level_name(level).to_owned());
        defaults.insert(format!("{mode}-version"), pod_security.version.clone().unwrap_or_else(|| "latest".to_owned()));
    }
    let configuration = AdmissionConfiguration {
        api_version: "apiserver.config.k8s.io/v1",
        kind: "AdmissionConfiguration",
        plugins: [Plugin {
            name: "PodSecurity",
            configuration: PodSecurityConfiguration {
                api_version: "pod-security.admission.config.k8s.io/v1",
                kind: "PodSecurityConfiguration",
                defaults,
                exemptions: Exemptions {
                    usernames: &pod_security.exempt_usernames,
                    runtime_classes: &pod_security.exempt_runtime_classes,
                    namespaces: &pod_security.exempt_namespaces,
                },
            },
        }],
    };
    match yaml(&configuration) {
        Ok(contents) => {
            emission.artifacts.push(Artifact { path: format!("{NAME}/pod-security.yaml"), contents });
            emission.row(NAME, &block.id, Outcome::Exact);
        }
        Err(error) => emission.fail(NAME, &block.id, &error, pod_security.span),
    }
    emission
}
