//! `vap`: a ValidatingAdmissionPolicy and its binding for each rule, a file for each pack.
//!
//! Source: `k8s.io/api` 0.37, `admissionregistration/v1/types.go`.

use super::admission::{self, MatchConstraints, Validation, Variable};
use super::metadata::Metadata;
use super::{Artifact, Emission, Options, join_documents};
use crate::ir::{Pack, Program, Rule};
use crate::lower::Unsupported;
use crate::lower::cel::cost;
use serde::Serialize;
use std::collections::BTreeMap;

/// The target's name.
pub const NAME: &str = "vap";

const API_VERSION: &str = "admissionregistration.k8s.io/v1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ValidatingAdmissionPolicy {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    failure_policy: &'static str,
    match_constraints: MatchConstraints,
    variables: Vec<Variable>,
    validations: [Validation; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ValidatingAdmissionPolicyBinding {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: BindingSpec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BindingSpec {
    policy_name: String,
    validation_actions: [&'static str; 1],
}

/// Writes all packs.
#[must_use]
pub fn emit(program: &Program, options: &Options) -> Emission {
    let mut emission = Emission::default();
    let mut names = BTreeMap::new();
    for pack in program.packs.values() {
        let mut documents = Vec::new();
        for rule in &pack.rules {
            if !emission.wants(NAME, rule) {
                continue;
            }
            let Some(lowered) = admission::lowered(NAME, pack, rule, &mut emission) else { continue };
            if !admission::is_known_to(options.kubernetes, NAME, rule, &lowered, &mut emission) {
                continue;
            }
            let cost = cost::of_policy(&lowered);
            let (variables, validation) = admission::parts(rule, lowered);
            let metadata = Metadata::of_rule(pack, rule);
            if let Some(first) = names.insert(metadata.name.clone(), rule.id.clone()) {
                emission.collide(NAME, &metadata.name, &first, &rule.id, rule.span);
            }
            match both(pack, rule, variables, validation) {
                Ok(both) => {
                    if emission.costed(NAME, &rule.id, rule.span, cost) {
                        documents.extend(both);
                    }
                }
                Err(error) => emission.refuse(NAME, &rule.id, &Unsupported::new(error.to_string(), rule.span)),
            }
        }
        if !documents.is_empty() {
            emission.artifacts.push(Artifact { path: format!("{NAME}/{}.yaml", pack.name), contents: join_documents(&documents) });
        }
    }
    emission
}

/// The policy and its binding, of one name.
fn both(pack: &Pack, rule: &Rule, variables: Vec<Variable>, validation: Validation) -> Result<[String; 2], serde_yaml::Error> {
    let metadata = Metadata::of_rule(pack, rule);
    let binding = ValidatingAdmissionPolicyBinding {
        api_version: API_VERSION,
        kind: "ValidatingAdmissionPolicyBinding",
        metadata: metadata.clone(),
        spec: BindingSpec { policy_name: metadata.name.clone(), validation_actions: admission::validation_actions(rule.action) },
    };
    let policy = ValidatingAdmissionPolicy {
        api_version: API_VERSION,
        kind: "ValidatingAdmissionPolicy",
        metadata: metadata.described(rule),
        spec: Spec {
            failure_policy: "Fail",
            match_constraints: admission::match_constraints(&rule.kinds, &rule.operations),
            variables,
            validations: [validation],
        },
    };
    Ok([serde_yaml::to_string(&policy)?, serde_yaml::to_string(&binding)?])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use crate::compile::compile;
    use crate::diagnostic::Sources;
    use crate::target::Outcome;

    fn emitted(text: &str, kubernetes: u32) -> (Emission, Sources) {
        let mut sources = Sources::default();
        sources.add("a.pol", text);
        let program = compile(&sources, &crate::resolve::Options::default()).unwrap().program;
        (emit(&program, &Options { kubernetes, ..Options::default() }), sources)
    }

    fn text(emission: &Emission) -> &str {
        std::str::from_utf8(&emission.artifacts[0].contents).unwrap()
    }

    #[test]
    fn actions_and_requests_are_the_api_servers() {
        let (emission, _) = emitted(
            "pack p\n\
            rule a { action warn\n match Pod forbid pod.spec.hostNetwork message \"a\" }\n\
            rule b { action audit\n match Pod, Deployment on create forbid pod.spec.hostNetwork message \"b\" }\n\
            rule c { targets except vap\n match Pod forbid pod.spec.hostNetwork message \"c\" }\n",
            37,
        );
        let outcomes: Vec<_> = emission.report.iter().map(|row| row.outcome.clone()).collect();
        assert_eq!(outcomes, [Outcome::Exact, Outcome::Exact, Outcome::Dropped]);
        let [a, of_a, b, of_b] = text(&emission).split("---\n").collect::<Vec<_>>()[..] else { panic!("{}", text(&emission)) };
        assert!(a.contains("kind: ValidatingAdmissionPolicy\n") && a.contains("failurePolicy: Fail\n"), "{a}");
        assert!(a.contains("- pods/ephemeralcontainers\n") && a.contains("- pods/resize\n"), "{a}");
        assert!(of_a.contains("policyName: p-a\n") && of_a.contains("validationActions:\n  - Warn\n"), "{of_a}");
        assert!(b.contains("- apps\n") && b.contains("- deployments\n") && !b.contains("UPDATE") && !b.contains("pods/"), "{b}");
        assert!(of_b.contains("kind: ValidatingAdmissionPolicyBinding\n") && of_b.contains("validationActions:\n  - Audit\n"), "{of_b}");
    }

    #[test]
    fn a_part_is_matched_without_the_object() {
        let (emission, _) =
            emitted("pack p\nrule a { match Deployment/scale, Pod/status forbid object.metadata.name == \"a\" message \"a\" }\n", 37);
        let policy = text(&emission);
        assert!(
            policy.contains("    - apps\n") && policy.contains("- deployments/scale\n") && policy.contains("- pods/status\n"),
            "{policy}"
        );
        assert!(!policy.contains("- deployments\n") && !policy.contains("- pods\n") && !policy.contains("- pods/resize\n"), "{policy}");
    }

    /// Loops over lists, each in the one before.
    fn loops(lists: &[&str]) -> String {
        let start: String = lists.iter().enumerate().map(|(level, list)| format!("for c{level} in pod.{list} {{ ")).collect();
        format!("pack p\nrule a {{ match Pod\n {start}forbid c0.stdin message \"m\"{} }}\n", " }".repeat(lists.len()))
    }

    #[test]
    fn what_costs_too_much_is_an_error() {
        let cheap = emitted(&loops(&["allContainers"]), 37).0;
        assert!(cheap.diagnostics.is_empty() && cheap.report[0].cost.is_some_and(|cost| cost.share() < 0.1), "{:?}", cheap.report);
        let dear = emitted(&loops(&["allContainers", "containers", "spec.containers"]), 37).0;
        assert!(
            (0.1..=1.0).contains(&dear.report[0].cost.unwrap().share()) && dear.report[0].outcome == Outcome::Exact,
            "{:?}",
            dear.report
        );
        assert!(dear.diagnostics.is_empty() && !dear.artifacts.is_empty());
        let (refused, sources) = emitted(&loops(&["allContainers"; 4]), 37);
        let [diagnostic] = &refused.diagnostics[..] else { panic!("{:?}", refused.diagnostics) };
        assert_eq!(diagnostic.level, crate::diagnostic::Level::Error);
        assert_eq!(diagnostic.help.as_deref(), Some("loop less deeply, or leave the target out for this rule with `targets except vap`"));
        assert!(
            matches!(&refused.report[0].outcome, Outcome::Refused(why) if why.starts_with("its CEL costs up to ")),
            "{:?}",
            refused.report
        );
        assert!(sources.text(diagnostic.labels[0].0).starts_with("rule a {"));
        assert!(
            diagnostic
                .message
                .ends_with(" % of what a policy of vap may cost, on objects with lists of 16 entries and texts of 256 characters"),
            "{}",
            diagnostic.message
        );
        assert!(refused.artifacts.is_empty());
    }

    #[test]
    fn what_its_cel_cannot_say_is_refused() {
        let pod = |check: &str| format!("pack p\nrule a {{ match Pod\n {check} message \"m\" }}\n");
        for (check, what) in [
            ("forbid pod.spec.containers == pod.spec.initContainers", "`==` between structs"),
            ("forbid pod.spec.securityContext.seLinuxOptions == pod.spec.securityContext.seLinuxOptions", "`==` between structs"),
        ] {
            let (emission, _) = emitted(&pod(check), 37);
            assert!(emission.artifacts.is_empty(), "{check}");
            let [diagnostic] = &emission.diagnostics[..] else { panic!("{check}: {:?}", emission.diagnostics) };
            assert!(diagnostic.message.contains(what), "{check}: {}", diagnostic.message);
            assert!(matches!(&emission.report[0].outcome, Outcome::Refused(_)), "{check}");
        }
    }

    #[test]
    fn an_older_kubernetes_refuses_functions_that_it_lacks() {
        let source = "pack p\nrule a { match Pod\n for c in pod.spec.containers { forbid c.stdin message \"no {c.name}\" }\n for e in pod.spec.containers { for p in e.ports { forbid p.hostPort > 0 message \"port\" } } }\n";
        let (emission, sources) = emitted(source, 34);
        assert!(emission.artifacts.is_empty());
        let [diagnostic] = &emission.diagnostics[..] else { panic!("{:?}", emission.diagnostics) };
        assert_eq!(
            diagnostic.message,
            "`p/a` cannot be written for vap on Kubernetes 1.34: its conditions need `flatten` of CEL, which 1.35 is the first to take"
        );
        let help = diagnostic.help.as_deref().unwrap();
        assert_eq!(
            help,
            "build for 1.35 or newer with `--kubernetes 1.35`, or leave the target out for this rule with `targets except vap`"
        );
        assert!(sources.text(diagnostic.labels[0].0).starts_with("rule a {"));
        assert!(matches!(&emission.report[0].outcome, Outcome::Refused(why) if why.contains("1.35")));
        assert!(emitted(source, 35).0.diagnostics.is_empty());
    }

    #[test]
    fn names_become_one_only_once() {
        let mut sources = Sources::default();
        sources.add("a.pol", "pack a-b\nrule c { match Pod forbid pod.spec.hostNetwork message \"c\" }\n");
        sources.add("b.pol", "pack a\nrule b-c { match Pod forbid pod.spec.hostNetwork message \"c\" }\n");
        let program = compile(&sources, &crate::resolve::Options::default()).unwrap().program;
        let emission = emit(&program, &Options::default());
        let messages: Vec<&str> = emission.diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
        assert_eq!(messages, ["`a/b-c` and `a-b/c` are both called `a-b-c` in the output for vap"]);
        assert_eq!(sources.text(emission.diagnostics[0].labels[0].0), "rule c { match Pod forbid pod.spec.hostNetwork message \"c\" }");
    }
}
