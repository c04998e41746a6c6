//! Kyverno: a `ClusterPolicy` with `validate.cel` for each rule, and one for each mutation and generation; a file for each pack.
//!
//! For rules patterns and JMESPath are not used, and the kinds are listed instead of generated: see `docs/`.

use super::metadata::{Metadata, description, is_switch, title};
use super::{Artifact, Emission, join_documents, kyverno_changes};
use crate::ir::walk::{asks_kind, request_fields};
use crate::ir::{Action, Kind, Operation, Pack, Program, Rule};
use crate::lower::Unsupported;
use crate::lower::cel::cost::{self, Cost};
use crate::lower::cel::{Expr, Policy, print};
use serde::Serialize;
use std::collections::BTreeMap;

/// The name of the target.
pub const NAME: &str = "kyverno";

/// The fields of a request that Kyverno leaves empty for the CEL of a ClusterPolicy, whatever was asked of the API server.
const UNTOLD: [&str; 3] = ["dryRun", "options", "subResource"];

/// Writes all packs.
#[must_use]
pub fn emit(program: &Program) -> Emission {
    let mut emission = Emission::default();
    let mut names = BTreeMap::new();
    for pack in program.packs.values() {
        let mut documents = Vec::new();
        for rule in &pack.rules {
            let Some((policy, cost)) = policy(pack, rule, &mut emission) else { continue };
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
        documents.extend(kyverno_changes::documents(NAME, pack, &mut names, &mut emission));
        if !documents.is_empty() {
            emission.artifacts.push(Artifact { path: format!("{NAME}/{}.yaml", pack.name), contents: join_documents(&documents) });
        }
    }
    if !emission.artifacts.is_empty() {
        emission.notes.push("kyverno: ClusterPolicy is deprecated since Kyverno 1.17, and 1.21 is to drop it: use `kyverno-vpol` where the clusters have ValidatingPolicy".to_owned());
    }
    emission
}

/// The policy of a rule and what it costs at most; none where there is nothing to write, which the emission then says.
fn policy(pack: &Pack, rule: &Rule, emission: &mut Emission) -> Option<(ClusterPolicy<ValidatingRule>, Cost)> {
    if !emission.wants(NAME, rule) {
        return None;
    }
    if let Some(field) = request_fields(rule).into_iter().find(|field| UNTOLD.contains(&field.as_str())) {
        emission.refuse(NAME, &rule.id, &Unsupported::new(format!("`request.{field}`"), rule.span));
        return None;
    }
    if let Some(differs) = of_a_subresource(rule) {
        emission.refuse(NAME, &rule.id, &Unsupported::new(differs, rule.span));
        return None;
    }
    let lowered = super::admission::lowered(NAME, pack, rule, emission)?;
    let cost = cost::of_policy(&lowered);
    Some((cluster_policy(pack, rule, lowered), cost))
}

/// What Kyverno sees otherwise than a rule means it: a match of any part of a Pod is one of `pods/ephemeralcontainers` too, and what is sent to a subresource has the kind and version of its
/// resource there.
///
/// Source: `github.com/kyverno/kyverno` 1.19, `pkg/utils/match/kind.go` and `pkg/engine/handlers/validation/validate_cel.go`.
fn of_a_subresource(rule: &Rule) -> Option<String> {
    let debugged = |kind: &Kind| kind.ways(&rule.operations).contains(&"ephemeralcontainers");
    let asks = asks_kind(rule);
    rule.kinds.iter().find_map(|kind| {
        let of_a_pod = kind.subresource.is_some() && kind.group.is_empty() && kind.kind == "Pod" && !rule.kinds.iter().any(debugged);
        if of_a_pod && rule.operations.contains(&Operation::Update) {
            Some(format!("`{}` on update, of which `Pod/ephemeralcontainers` would be judged too,", kind.written()))
        } else if asks && !kind.is_whole() {
            Some(format!("the kind of what is sent to `{}`", kind.written()))
        } else {
            None
        }
    })
}

/// The metadata of a policy, with what Kyverno's reports show.
pub(super) fn metadata(pack: &Pack, rule: &Rule) -> Metadata {
    let mut metadata = Metadata::of_rule(pack, rule);
    metadata.annotations.extend([
        ("pod-policies.kyverno.io/autogen-controllers", "none".to_owned()),
        ("policies.kyverno.io/category", if is_switch(&pack.name) { format!("pack {}", pack.name) } else { pack.name.clone() }),
        ("policies.kyverno.io/severity", rule.severity.name().to_owned()),
        ("policies.kyverno.io/title", title(&rule_name(pack, rule))),
    ]);
    metadata.annotations.extend(description(&rule.doc).map(|text| ("policies.kyverno.io/description", text)));
    metadata
}

fn cluster_policy(pack: &Pack, rule: &Rule, lowered: Policy) -> ClusterPolicy<ValidatingRule> {
    let text = |expr: Expr| print(&expr.map_strings(&apart));
    let variables =
        lowered.variables.into_iter().map(|variable| Variable { name: variable.name, expression: text(variable.expr) }).collect();
    let expression = Expression {
        expression: text(lowered.validation),
        // Only an engine that cannot evaluate the expression says this.
        message: format!("{} is not met", rule.id),
        message_expression: text(lowered.message),
    };
    let resources = Resources { kinds: kinds(rule), operations: rule.operations.iter().copied().collect() };
    ClusterPolicy {
        api_version: "kyverno.io/v1",
        kind: "ClusterPolicy",
        metadata: metadata(pack, rule),
        spec: Spec {
            // What is in the cluster already was created once; a rule on updates, deletions or subresources alone has nothing to say of it.
            // A scan in the background knows no request.
            background: rule.is_of_what_is_there(),
            emit_warning: (rule.action == Action::Warn).then_some(true),
            webhook_configuration: WebhookConfiguration { failure_policy: "Fail" },
            rules: vec![ValidatingRule {
                name: rule_name(pack, rule),
                r#match: Match { any: vec![Filter { resources }] },
                validate: Validate {
                    failure_action: match rule.action {
                        Action::Deny => "Enforce",
                        Action::Warn | Action::Audit => "Audit",
                    },
                    allow_existing_violations: false,
                    cel: Cel { variables, expressions: vec![expression] },
                },
            }],
        },
    }
}

/// Every kind by group and version. What reaches a Pod by its subresources is a Pod too.
fn kinds(rule: &Rule) -> Vec<String> {
    let mut kinds = Vec::new();
    for kind in &rule.kinds {
        let whole = whole(kind);
        let in_way = |way: &str| if way.is_empty() { whole.clone() } else { format!("{whole}/{way}") };
        kinds.extend(kind.ways(&rule.operations).into_iter().map(in_way));
    }
    let mut seen = std::collections::BTreeSet::new();
    kinds.retain(|kind| seen.insert(kind.clone()));
    kinds
}

/// A kind by group and version.
pub(super) fn whole(kind: &Kind) -> String {
    format!("{}/{}", kind.api_version(), kind.kind)
}

/// The name of the rule, with that of its pack where alone it would be read as a boolean.
pub(crate) fn rule_name(pack: &Pack, rule: &Rule) -> String {
    if is_switch(&rule.name) { format!("{}-{}", pack.name, rule.name) } else { rule.name.clone() }
}

/// Kyverno substitutes `{{ }}` and `$( )` in every string of a rule, those of CEL included: the two characters are kept apart.
fn apart(text: String) -> Expr {
    let mut parts: Vec<String> = vec![String::new()];
    let mut before = None;
    for c in text.chars() {
        let meets = matches!((before, c), (Some('{'), '{') | (Some('}'), '}') | (Some('$'), '(' | '{'));
        match parts.last_mut() {
            Some(part) if !meets => part.push(c),
            _ => parts.push(c.to_string()),
        }
        before = Some(c);
    }
    parts.into_iter().map(Expr::String).reduce(Expr::plus).unwrap_or_else(|| Expr::text(""))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClusterPolicy<R> {
    /// `kyverno.io/v1`
    pub api_version: &'static str,
    /// `ClusterPolicy`
    pub kind: &'static str,
    /// Its name and what it is about.
    pub metadata: Metadata,
    /// Its rules.
    pub spec: Spec<R>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec<R> {
    /// Whether what is in the cluster is looked at.
    pub background: bool,
    /// Whether whoever asks is warned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emit_warning: Option<bool>,
    /// What an error does.
    pub webhook_configuration: WebhookConfiguration,
    /// The rules.
    pub rules: Vec<R>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WebhookConfiguration {
    /// `Fail`
    pub failure_policy: &'static str,
}

#[derive(Debug, Serialize)]
struct ValidatingRule {
    name: String,
    r#match: Match,
    validate: Validate,
}

#[derive(Debug, Serialize)]
pub(super) struct Match {
    /// One of these.
    pub any: Vec<Filter>,
}

#[derive(Debug, Serialize)]
pub(super) struct Filter {
    /// Which objects.
    pub resources: Resources,
}

#[derive(Debug, Serialize)]
pub(super) struct Resources {
    /// By group and version.
    pub kinds: Vec<String>,
    /// On which operations.
    pub operations: Vec<Operation>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Validate {
    failure_action: &'static str,
    allow_existing_violations: bool,
    cel: Cel,
}

#[derive(Debug, Serialize)]
struct Cel {
    variables: Vec<Variable>,
    expressions: Vec<Expression>,
}

#[derive(Debug, Serialize)]
struct Variable {
    name: String,
    expression: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Expression {
    expression: String,
    message: String,
    message_expression: String,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use crate::compile::compile;
    use crate::diagnostic::Sources;
    use crate::resolve::Options;
    use crate::target::Outcome;

    fn emitted(texts: &[&str]) -> (Emission, Sources) {
        let mut sources = Sources::default();
        for text in texts {
            sources.add("a.pol", *text);
        }
        let program = compile(&sources, &Options::default()).unwrap().program;
        (emit(&program), sources)
    }

    fn yaml(emission: &Emission, index: usize) -> &str {
        std::str::from_utf8(&emission.artifacts[index].contents).unwrap()
    }

    #[test]
    fn template_marks_are_kept_apart() {
        for (text, expected) in [
            ("", "\"\""),
            ("{}", "\"{}\""),
            ("{{ x }}", "\"{\" + \"{ x }\" + \"}\""),
            ("{{{", "\"{\" + \"{\" + \"{\""),
            ("$(a) ${b} $$(", "\"$\" + \"(a) $\" + \"{b} $$\" + \"(\""),
        ] {
            assert_eq!(print(&apart(text.to_owned())), expected);
        }
    }

    #[test]
    fn actions_and_operations_are_kyvernos() {
        let (emission, _) = emitted(&["pack p\n\
            rule a { action warn\n severity high\n match Pod forbid pod.spec.hostNetwork message \"a\" }\n\
            rule b { action audit\n match Deployment forbid pod.spec.hostNetwork message \"b\" }\n\
            rule c { targets except kyverno\n match Pod forbid pod.spec.hostNetwork message \"c\" }\n"]);
        assert_eq!(
            emission.report.iter().map(|row| row.outcome.clone()).collect::<Vec<_>>(),
            [Outcome::Exact, Outcome::Exact, Outcome::Dropped]
        );
        let [a, b] = yaml(&emission, 0).split("---\n").collect::<Vec<_>>()[..] else { panic!("{:?}", emission.diagnostics) };
        for expected in [
            "name: p-a",
            "emitWarning: true",
            "failureAction: Audit",
            "background: true",
            "severity: high",
            "- v1/Pod/ephemeralcontainers",
            "- UPDATE",
        ] {
            assert!(a.contains(expected), "{expected} in {a}");
        }
        assert!(b.contains("failureAction: Audit") && b.contains("- apps/v1/Deployment\n"), "{b}");
        assert!(!b.contains("emitWarning") && !b.contains("ephemeralcontainers"), "{b}");
    }

    #[test]
    fn names_that_become_one_are_refused() {
        let rule = |name: &str| format!("rule {name} {{ match Pod forbid pod.spec.hostNetwork message \"m\" }}\n");
        let (emission, sources) = emitted(&[&format!("pack a-b\n{}", rule("c")), &format!("pack a\n{}", rule("b-c"))]);
        let [collision] = &emission.diagnostics[..] else { panic!("{:?}", emission.diagnostics) };
        assert_eq!(collision.message, "`a/b-c` and `a-b/c` are both called `a-b-c` in the output for kyverno");
        assert_eq!(collision.help.as_deref(), Some("rename one of them"));
        assert!(sources.text(collision.labels[0].0).contains('c'));
    }

    #[test]
    fn what_has_no_exact_form_is_refused() {
        let (emission, sources) =
            emitted(&["pack p\nrule old { match Pod on update require unchanged object.spec.affinity message \"moved\" }\n"]);
        assert!(emission.artifacts.is_empty());
        let [refusal] = &emission.diagnostics[..] else { panic!("{:?}", emission.diagnostics) };
        assert_eq!(refusal.code.id, "not-expressible");
        assert!(refusal.message.starts_with("`p/old` cannot be written for kyverno: "), "{}", refusal.message);
        assert!(sources.text(refusal.labels[0].0).contains("unchanged object.spec.affinity"), "{}", sources.text(refusal.labels[0].0));
        assert!(matches!(emission.report[0].outcome, Outcome::Refused(_)));

        let parts = "match Pod/status, Node/status forbid object.metadata.name == \"a\" message \"a\"";
        let kind = "match Deployment/scale require object.spec.replicas > 1 message \"a {object.kind}\"";
        let fine = "match Pod/ephemeralcontainers, Deployment/scale forbid object.metadata.name == \"a\" message \"a\"";
        let created = "match Pod/eviction on create forbid object.metadata.name == \"a\" message \"a\"";
        for (rule, expected) in [
            (parts, Some("`Pod/status` on update, of which `Pod/ephemeralcontainers` would be judged too, has no exact form")),
            (kind, Some("the kind of what is sent to `Deployment/scale` has no exact form")),
            (fine, None),
            (created, None),
        ] {
            let (emission, sources) = emitted(&[&format!("pack p\nrule part {{ {rule} }}\n")]);
            let refusals: Vec<String> = emission.diagnostics.iter().map(|refusal| refusal.message.clone()).collect();
            let expected: Vec<String> =
                expected.into_iter().map(|why| format!("`p/part` cannot be written for kyverno: {why} there")).collect();
            assert_eq!(refusals, expected, "{rule}");
            assert!(emission.diagnostics.iter().all(|refusal| sources.text(refusal.labels[0].0).starts_with("rule part")), "{rule}");
            assert_eq!(emission.artifacts.is_empty(), !expected.is_empty());
        }
        let (emission, _) = emitted(&[&format!("pack p\nrule part {{ {fine} }}\n")]);
        let text = yaml(&emission, 0);
        assert!(text.contains("- v1/Pod/ephemeralcontainers\n") && text.contains("- apps/v1/Deployment/scale\n"), "{text}");
        assert!(!text.contains("- v1/Pod\n") && text.contains("background: false\n"), "{text}");

        let name = "a-rule-with-a-name-that-is-longer-than-any-name-of-a-policy-can-be";
        let (emission, _) = emitted(&[&format!("pack p\nrule {name} {{ match Pod forbid pod.spec.hostNetwork message \"m\" }}\n")]);
        assert!(emission.diagnostics[0].message.contains("of more than 63 characters"), "{:?}", emission.diagnostics);
    }
}
