//! `kyverno-vpol`: a `policies.kyverno.io/v1` ValidatingPolicy for each rule, a MutatingPolicy for each mutation, a GeneratingPolicy for each generation; a file for each pack.
//!
//! Source: `github.com/kyverno/api` of Kyverno 1.19, `policies.kyverno.io/v1/validating_policy.go`.

use super::admission::{self, MatchConstraints, Validation, Variable};
use super::metadata::{Metadata, description, title};
use super::{Artifact, Emission, KyvernoExemptions, Options, join_documents};
use super::{kyverno_exception, kyverno_generating, kyverno_mutating};
use crate::ir::{Pack, Program, Rule};
use crate::lower::Unsupported;
use crate::lower::cel::{Policy, cost};
use serde::Serialize;
use std::collections::BTreeMap;

/// The target's name.
pub const NAME: &str = "kyverno-vpol";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ValidatingPolicy {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    failure_policy: &'static str,
    validation_actions: [&'static str; 1],
    match_constraints: MatchConstraints,
    autogen: Autogen,
    evaluation: Evaluation,
    variables: Vec<Variable>,
    validations: [Validation; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Autogen {
    pod_controllers: Controllers,
}

/// The list is written though it is empty: without it Kyverno rewrites the expressions for the kinds that make Pods.
#[derive(Serialize)]
struct Controllers {
    controllers: [String; 0],
}

#[derive(Serialize)]
struct Evaluation {
    admission: Enabled,
    background: Enabled,
}

#[derive(Serialize)]
struct Enabled {
    enabled: bool,
}

/// Writes all packs.
#[must_use]
pub fn emit(program: &Program, options: &Options) -> Emission {
    let mut emission = Emission::default();
    let mut names = BTreeMap::new();
    for pack in program.packs.values() {
        let mut documents = Vec::new();
        let mut exceptions = Vec::new();
        for rule in &pack.rules {
            if !emission.wants(NAME, rule) {
                continue;
            }
            let apart = match options.kyverno_exemptions {
                KyvernoExemptions::Policy => None,
                KyvernoExemptions::Exception => kyverno_exception::without(rule),
            };
            let rule = apart.as_ref().unwrap_or(rule);
            let Some(lowered) = admission::lowered(NAME, pack, rule, &mut emission) else { continue };
            if let Some(apart) = rule.apart.as_ref().filter(|_| options.kyverno_exemptions == KyvernoExemptions::Exception) {
                match kyverno_exception::documents(pack, rule, apart) {
                    Ok(those) => exceptions.extend(those),
                    Err(unsupported) => {
                        emission.refuse(NAME, &rule.id, &unsupported);
                        continue;
                    }
                }
            }
            let cost = cost::of_policy(&lowered).of_each();
            let policy = validating_policy(pack, rule, lowered);
            if let Some(first) = names.insert(policy.metadata.name.clone(), rule.id.clone()) {
                emission.collide(NAME, &policy.metadata.name, &first, &rule.id, rule.span);
            }
            match serde_yaml::to_string(&policy) {
                Ok(text) => {
                    if emission.costed(NAME, &rule.id, rule.span, cost) {
                        documents.push(text);
                    }
                }
                Err(error) => emission.refuse(NAME, &rule.id, &Unsupported::new(error.to_string(), rule.span)),
            }
        }
        for mutation in &pack.mutations {
            documents.extend(kyverno_mutating::document(NAME, pack, mutation, &mut emission));
        }
        for generation in &pack.generations {
            documents.extend(kyverno_generating::document(NAME, pack, generation, &mut emission));
        }
        if !documents.is_empty() {
            emission.artifacts.push(Artifact { path: format!("{NAME}/{}.yaml", pack.name), contents: join_documents(&documents) });
        }
        if !exceptions.is_empty() {
            emission.artifacts.push(Artifact { path: kyverno_exception::path(&pack.name), contents: join_documents(&exceptions) });
        }
    }
    emission
}

fn validating_policy(pack: &Pack, rule: &Rule, lowered: Policy) -> ValidatingPolicy {
    let (variables, validation) = admission::parts(rule, lowered);
    let mut metadata = Metadata::of_rule(pack, rule);
    metadata.annotations.extend([
        ("policies.kyverno.io/category", format!("pack {}", pack.name)),
        ("policies.kyverno.io/severity", rule.severity.name().to_owned()),
        ("policies.kyverno.io/title", title(&format!("{} {}", pack.name, rule.name))),
    ]);
    metadata.annotations.extend(description(&rule.doc).map(|text| ("policies.kyverno.io/description", text)));
    ValidatingPolicy {
        api_version: "policies.kyverno.io/v1",
        kind: "ValidatingPolicy",
        metadata,
        spec: Spec {
            failure_policy: "Fail",
            validation_actions: admission::validation_actions(rule.action),
            match_constraints: admission::match_constraints(&rule.kinds, &rule.operations),
            autogen: Autogen { pod_controllers: Controllers { controllers: [] } },
            evaluation: Evaluation {
                admission: Enabled { enabled: true },
                // What is in the cluster already was created once; a rule on updates, deletions or subresources alone has nothing to say of it.
                // A scan in the background knows no request.
                background: Enabled { enabled: rule.is_of_what_is_there() },
            },
            variables,
            validations: [validation],
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use crate::compile::compile;
    use crate::diagnostic::Sources;
    use crate::target::Outcome;

    #[test]
    fn actions_autogen_and_background_are_said() {
        let mut sources = Sources::default();
        sources.add(
            "a.pol",
            "pack p\n\
            rule a { action warn\n match Pod forbid pod.spec.hostNetwork message \"a\" }\n\
            rule b { match Deployment on update forbid pod.spec.hostNetwork message \"b\" }\n\
            rule c { targets except kyverno-vpol\n match Pod forbid pod.spec.hostNetwork message \"c\" }\n",
        );
        let program = compile(&sources, &crate::resolve::Options::default()).unwrap().program;
        let emission = emit(&program, &Options::default());
        let outcomes: Vec<_> = emission.report.iter().map(|row| row.outcome.clone()).collect();
        assert_eq!(outcomes, [Outcome::Exact, Outcome::Exact, Outcome::Dropped]);
        let text = std::str::from_utf8(&emission.artifacts[0].contents).unwrap();
        let [a, b] = text.split("---\n").collect::<Vec<_>>()[..] else { panic!("{text}") };
        for expected in ["failurePolicy: Fail\n", "  - Warn\n", "controllers: []\n", "background:\n      enabled: true\n", "title: P a\n"] {
            assert!(a.contains(expected), "{expected} in {a}");
        }
        assert!(b.contains("  - Deny\n") && b.contains("background:\n      enabled: false\n") && !b.contains("CREATE"), "{b}");
        let mut sources = Sources::default();
        sources.add("a.pol", "pack p\nrule a { match Deployment/scale require object.spec.replicas > 1 message \"a\" }\n");
        let emission = emit(&compile(&sources, &crate::resolve::Options::default()).unwrap().program, &Options::default());
        let part = std::str::from_utf8(&emission.artifacts[0].contents).unwrap();
        assert!(part.contains("- deployments/scale\n") && !part.contains("- deployments\n"), "{part}");
        // Nobody asks for a part of what is there already.
        assert!(part.contains("background:\n      enabled: false\n"), "{part}");
    }
}
