//! `kustomization.yaml` beside the manifests of a target, for what applies folders: kustomize, Argo CD, Flux.

use super::{Artifact, Emission, yaml};
use crate::diagnostic::{Diagnostic, Span, codes::build};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kustomization {
    api_version: &'static str,
    kind: &'static str,
    resources: Vec<String>,
}

/// Adds the file to a target's folder, where it has manifests. What lies in a folder `tests` is not applied.
pub(crate) fn add(target: &str, emission: &mut Emission) {
    let folder = format!("{target}/");
    let mut resources: Vec<String> = emission
        .artifacts
        .iter()
        .filter_map(|artifact| artifact.path.strip_prefix(&folder))
        .filter(|path| path.ends_with(".yaml") && !path.split('/').any(|part| part == "tests"))
        .map(str::to_owned)
        .collect();
    if resources.is_empty() {
        return;
    }
    // A constraint comes after the template that makes its kind.
    resources.sort_by_key(|path| (path.ends_with("/constraint.yaml"), path.clone()));
    let kustomization = Kustomization { api_version: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources };
    let path = format!("{folder}kustomization.yaml");
    match yaml(&kustomization) {
        Ok(contents) => emission.artifacts.push(Artifact { path, contents }),
        Err(error) => emission.diagnostics.push(
            Diagnostic::error(&build::TEMPLATE, Span::default(), format!("`{path}` cannot be written: {error}"))
                .with_help("this is a fault of polc, not of the policies: report it"),
        ),
    }
    emission.artifacts.sort_by(|left, right| left.path.cmp(&right.path));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn templates_come_before_constraints_and_tests_are_left_out() {
        let artifact = |path: &str| Artifact { path: path.to_owned(), contents: Vec::new() };
        let paths =
            ["g/b/template.yaml", "g/b/constraint.yaml", "g/a/constraint.yaml", "g/a/template.yaml", "g/a/tests/suite.yaml", "g/x.rego"];
        let mut emission = Emission { artifacts: paths.map(artifact).to_vec(), ..Emission::default() };
        add("g", &mut emission);
        let file = emission.artifacts.iter().find(|artifact| artifact.path == "g/kustomization.yaml").unwrap();
        let text = std::str::from_utf8(&file.contents).unwrap();
        let resources: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("- ")).collect();
        assert_eq!(resources, ["a/template.yaml", "b/template.yaml", "a/constraint.yaml", "b/constraint.yaml"]);

        let mut none = Emission { artifacts: vec![artifact("g/x.rego")], ..Emission::default() };
        add("g", &mut none);
        assert_eq!(none.artifacts.len(), 1);
    }
}
