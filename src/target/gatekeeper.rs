//! `gatekeeper`: a ConstraintTemplate and a Constraint for the rules of a pack that share match and action, or, in CEL, for each rule.
//!
//! In Rego most of the time of a review is spent for each template, so the rules are fused; each violation names its rule in its details. CEL violations have no details, so there each rule
//! has a template of its own. Mutations are in `gatekeeper_mutators`.
//!
//! Source: `github.com/open-policy-agent/gatekeeper` 3.23 and `frameworks/constraint`, `templates/v1`.

use super::metadata::{LONGEST_NAME, Metadata, label_value, policy_name, source};
use super::rego_modules::{add, data, package_name, render};
use super::{
    Artifact, Emission, GatekeeperEngine, GatekeeperLayout, Options, Outcome, Unit, admission, gatekeeper_mutators, inventory,
    join_documents,
};
use crate::ir::walk::roots;
use crate::ir::ways::ways;
use crate::ir::{Action, Kind, Operation, Pack, Program, Root, Rule};
use crate::lower::Unsupported;
use crate::lower::cel::{Expr, print};
use crate::lower::rego::{Frame, Module};
use crate::resolve::digest;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The target's name.
pub const NAME: &str = "gatekeeper";

/// The name by which a `targets` clause means it where its templates are in Rego.
pub const REGO: &str = "gatekeeper-rego";

/// The name by which a `targets` clause means it where its templates are in CEL.
pub const CEL: &str = "gatekeeper-cel";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConstraintTemplate {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: TemplateSpec,
}

#[derive(Serialize)]
struct TemplateSpec {
    crd: Crd,
    targets: [TemplateTarget; 1],
}

#[derive(Serialize)]
struct Crd {
    spec: CrdSpec,
}

#[derive(Serialize)]
struct CrdSpec {
    names: Names,
}

#[derive(Serialize)]
struct Names {
    kind: String,
}

#[derive(Serialize)]
struct TemplateTarget {
    target: &'static str,
    code: [Code; 1],
}

#[derive(Clone, Serialize)]
struct Code {
    engine: &'static str,
    source: Source,
}

#[derive(Clone, Serialize)]
#[serde(untagged)]
enum Source {
    Rego {
        version: &'static str,
        rego: String,
    },
    #[serde(rename_all = "camelCase")]
    Cel {
        failure_policy: &'static str,
        match_condition: [MatchCondition; 1],
        variables: Vec<admission::Variable>,
        validations: [admission::Validation; 1],
    },
}

#[derive(Clone, Serialize)]
struct MatchCondition {
    name: &'static str,
    expression: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Constraint {
    api_version: &'static str,
    kind: String,
    metadata: Metadata,
    spec: ConstraintSpec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConstraintSpec {
    enforcement_action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scoped_enforcement_actions: Option<[ScopedAction; 1]>,
    r#match: Match,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScopedAction {
    action: &'static str,
    enforcement_points: Vec<Point>,
}

#[derive(Serialize)]
struct Point {
    name: &'static str,
}

/// What `gator` asks as: constraints always count there.
const GATOR: &str = "gator.gatekeeper.sh";

#[derive(Serialize)]
struct Match {
    kinds: Vec<Kinds>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kinds {
    api_groups: [String; 1],
    kinds: Vec<String>,
}

/// What rules of one template share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Shared {
    action: Action,
    operations: BTreeSet<Operation>,
    kinds: BTreeSet<Kind>,
}

impl Shared {
    fn of(rule: &Rule) -> Self {
        Shared { action: rule.action, operations: rule.operations.clone(), kinds: rule.kinds.iter().cloned().collect() }
    }

    /// Words that say it: `warn`, `on-delete`, `pod`. They depend on nothing but what is shared, so that a new rule renames nothing.
    fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        match self.action {
            Action::Deny => {}
            Action::Warn => words.push("warn".to_owned()),
            Action::Audit => words.push("audit".to_owned()),
        }
        let names: Vec<String> = self.kinds.iter().map(|kind| kind.written().to_ascii_lowercase().replace('/', "-")).collect();
        if names.len() <= 2 {
            words.extend(names);
        } else {
            let kinds: Vec<String> = self.kinds.iter().map(|kind| format!("{}/{}", kind.api_version(), kind.written())).collect();
            let digest = digest::of_text(&kinds.join(","));
            let what = if self.kinds.iter().all(|kind| kind.pod.is_some()) { "workloads" } else { "kinds" };
            words.push(format!("{what}-{}", digest.get(..6).unwrap_or_default()));
        }
        if self.operations != [Operation::Create, Operation::Update].into() {
            words.push("on".to_owned());
            words.extend(self.operations.iter().map(|operation| operation.name().to_owned()));
        }
        words
    }

    fn enforcement_action(&self) -> &'static str {
        match self.action {
            Action::Deny => "deny",
            Action::Warn => "warn",
            Action::Audit => "dryrun",
        }
    }

    fn matched(&self) -> Match {
        // What is sent to a subresource is of another kind; which subresource it is, a constraint cannot say.
        let mut groups: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for kind in &self.kinds {
            let version = kind.object_version();
            let group = version.rsplit_once('/').map_or("", |(group, _)| group);
            groups.entry(group.to_owned()).or_default().insert(kind.object_kind());
        }
        let kinds =
            groups.into_iter().map(|(group, kinds)| Kinds { api_groups: [group], kinds: kinds.into_iter().map(str::to_owned).collect() });
        Match { kinds: kinds.collect() }
    }
}

/// A template with its constraint, before it is written.
struct Fused<'a> {
    name: String,
    shared: Shared,
    rules: Vec<&'a Rule>,
    code: Code,
}

/// Writes all packs.
#[must_use]
pub fn emit(program: &Program, options: &Options) -> Emission {
    let mut emission = Emission::default();
    let mut kinds: BTreeMap<String, String> = BTreeMap::new();
    let mut mutators: BTreeMap<String, String> = BTreeMap::new();
    let mut synced = false;
    for pack in program.packs.values() {
        let made = match options.gatekeeper {
            GatekeeperEngine::Rego => in_rego(pack, options.gatekeeper_layout, &mut emission),
            GatekeeperEngine::Cel => in_cel(pack, &mut emission),
        };
        let mut looking: Vec<&Rule> = Vec::new();
        for fused in made {
            let first = fused.rules.first();
            let (id, span) = first.map(|rule| (rule.id.clone(), rule.span)).unwrap_or_default();
            if fused.name.len() + "Polc".len() > LONGEST_NAME {
                let what = format!("the name `{}` of more than {LONGEST_NAME} characters", fused.name);
                emission.refuse(NAME, &id, &Unsupported::new(what, span));
                continue;
            }
            let kind = kind_of(&fused.name);
            if let Some(other) = kinds.insert(kind.to_ascii_lowercase(), id.clone()) {
                emission.collide(NAME, &kind, &other, &id, span);
                continue;
            }
            match documents(pack, &fused, kind, options) {
                Ok([template, constraint]) => {
                    looking.extend(&fused.rules);
                    emission.units.push(Unit {
                        target: NAME,
                        name: fused.name.clone(),
                        path: format!("{NAME}/{}", fused.name),
                        rules: fused.rules.iter().map(|rule| rule.id.clone()).collect(),
                    });
                    let file = |name: &str, text: String| Artifact {
                        path: format!("{NAME}/{}/{name}.yaml", fused.name),
                        contents: join_documents(&[text]),
                    };
                    emission.artifacts.extend([file("constraint", constraint), file("template", template)]);
                }
                Err(error) => emission.refuse(NAME, &id, &Unsupported::new(error.to_string(), span)),
            }
        }
        match inventory::sync_set(pack, &looking) {
            None => {}
            Some(Ok(text)) => {
                synced = true;
                emission.artifacts.push(Artifact { path: format!("{NAME}/sync/{}.yaml", pack.name), contents: join_documents(&[text]) });
            }
            Some(Err(error)) => {
                let (id, span) = looking.first().map(|rule| (rule.id.clone(), rule.span)).unwrap_or_default();
                emission.refuse(NAME, &id, &Unsupported::new(error.to_string(), span));
            }
        }
        gatekeeper_mutators::emit(pack, &mut mutators, &mut emission);
    }
    if synced {
        emission.notes.push(
            "gatekeeper: rules look at other objects, which Gatekeeper holds as the SyncSets in `gatekeeper/sync` say; without these it takes it that there are none: see docs/targets.md".to_owned(),
        );
    }
    if !emission.artifacts.is_empty() {
        emission.notes.push(
            "gatekeeper: its webhook is installed with `failurePolicy: Ignore`, admits what it cannot ask about, and is not asked about deletions: see docs/targets.md"
                .to_owned(),
        );
    }
    emission.artifacts.sort_by(|left, right| left.path.cmp(&right.path));
    emission
}

/// The rules of a pack that share match and action, each group a module.
fn in_rego<'a>(pack: &'a Pack, layout: GatekeeperLayout, emission: &mut Emission) -> Vec<Fused<'a>> {
    let mut groups: Vec<(Shared, Vec<&Rule>, Module)> = Vec::new();
    for rule in &pack.rules {
        if !emission.wants_in(NAME, REGO, rule) {
            continue;
        }
        if roots(rule).contains(&Root::NamespaceObject) {
            // In Rego it would be read from what Gatekeeper replicates, which may lag or be nothing.
            emission.refuse(NAME, &rule.id, &Unsupported::new("`namespaceObject` in Rego", rule.span));
            continue;
        }
        let shared = Shared::of(rule);
        let index = groups.iter().position(|(known, _, _)| *known == shared && layout == GatekeeperLayout::Shared).unwrap_or_else(|| {
            groups.push((shared, Vec::new(), Module::new(Frame::Gatekeeper)));
            groups.len() - 1
        });
        let Some((_, rules, module)) = groups.get_mut(index) else { continue };
        let before = module.rules.len();
        add(rule, NAME, module, emission);
        if module.rules.len() > before {
            rules.push(rule);
        }
    }
    let mut made = Vec::new();
    for (shared, rules, module) in groups.into_iter().filter(|(_, _, module)| !module.rules.is_empty()) {
        let name = match (layout, rules.first()) {
            (GatekeeperLayout::Rule, Some(rule)) => policy_name(pack, rule),
            (GatekeeperLayout::Rule | GatekeeperLayout::Shared, _) => [vec![pack.name.clone()], shared.words()].concat().join("-"),
        };
        let path = format!("{NAME}/{name}/template.yaml");
        let data = data(pack, "polc", &package_name(&name), &module);
        let Some(rego) = render(emission, &path, include_str!("../../templates/gatekeeper.hbs"), &data) else { continue };
        let rego = indented(&rego);
        made.push(Fused { name, shared, rules, code: Code { engine: "Rego", source: Source::Rego { version: "v1", rego } } });
    }
    made
}

/// Tabs at the starts of lines as spaces: YAML has no block of lines with tabs, and without it all would be one line.
fn indented(rego: &str) -> String {
    let lines = rego.lines().map(|line| {
        let text = line.trim_start_matches('\t');
        format!("{}{text}\n", "  ".repeat(line.len() - text.len()))
    });
    lines.collect()
}

/// Each rule of a pack.
fn in_cel<'a>(pack: &'a Pack, emission: &mut Emission) -> Vec<Fused<'a>> {
    let mut made = Vec::new();
    for rule in &pack.rules {
        if !emission.wants_in(NAME, CEL, rule) {
            continue;
        }
        let Some(lowered) = admission::lowered(NAME, pack, rule, emission) else { continue };
        if let Some(taken) = lowered.variables.iter().find(|variable| ["params", "anyObject"].contains(&variable.name.as_str())) {
            emission.refuse(
                NAME,
                &rule.id,
                &Unsupported::new(format!("the variable `{}`, which Gatekeeper has itself,", taken.name), rule.span),
            );
            continue;
        }
        let (variables, validation) = admission::parts(rule, lowered);
        let match_condition = [MatchCondition { name: "request", expression: is_about(rule) }];
        let source = Source::Cel { failure_policy: "Fail", match_condition, variables, validations: [validation] };
        emission.row(NAME, &rule.id, Outcome::Exact);
        made.push(Fused {
            name: policy_name(pack, rule),
            shared: Shared::of(rule),
            rules: vec![rule],
            code: Code { engine: "K8sNativeValidation", source },
        });
    }
    made
}

/// What a constraint cannot say: the operations of a rule, the versions of its kinds and their subresources. An audit has no operation and looks at what was created; it knows no request.
fn is_about(rule: &Rule) -> String {
    let created = rule.is_of_what_is_there().then_some("");
    let operations = created.into_iter().chain(rule.operations.iter().map(|operation| operation.request_name()));
    let list = |words: &mut dyn Iterator<Item = &str>| print(&Expr::List(words.map(Expr::text).collect()));
    let ways: Vec<String> = ways(rule)
        .iter()
        .map(|way| {
            let versions: BTreeSet<&str> = way.types.iter().map(|(version, _)| version.as_str()).collect();
            let mut parts = vec![
                format!("(object != null ? object.apiVersion : oldObject.apiVersion) in {}", list(&mut versions.into_iter())),
                format!(
                    "(has(request.subResource) ? request.subResource : \"\") in {}",
                    list(&mut way.subresources.iter().map(String::as_str))
                ),
            ];
            if !way.resources.is_empty() {
                let names: Vec<String> = way.resources.iter().map(|resource| resource.join("/")).collect();
                parts.push(format!(
                    "request.resource.group + \"/\" + request.resource.version + \"/\" + request.resource.resource in {}",
                    list(&mut names.iter().map(String::as_str))
                ));
            }
            parts.join(" && ")
        })
        .collect();
    let ways = match ways.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join(" || ")),
    };
    format!("request.operation in {} && {ways}", list(&mut operations.into_iter()))
}

/// `pod-security-warn-pod` is the kind `PolcPodSecurityWarnPod`.
fn kind_of(name: &str) -> String {
    let mut kind = "Polc".to_owned();
    for word in name.split('-') {
        let mut characters = word.chars();
        kind.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        kind.extend(characters);
    }
    kind
}

/// Scoped actions count only where `enforcementAction` says so.
fn constraint_spec(shared: &Shared, options: &Options) -> ConstraintSpec {
    let action = shared.enforcement_action();
    let points = options.gatekeeper_points.iter().map(|point| point.name()).chain([GATOR]);
    let scoped = (!options.gatekeeper_points.is_empty())
        .then(|| [ScopedAction { action, enforcement_points: points.map(|name| Point { name }).collect() }]);
    ConstraintSpec {
        enforcement_action: if scoped.is_some() { "scoped" } else { action },
        scoped_enforcement_actions: scoped,
        r#match: shared.matched(),
    }
}

fn documents(pack: &Pack, fused: &Fused<'_>, kind: String, options: &Options) -> Result<[String; 2], serde_yaml::Error> {
    let labels = match fused.rules.as_slice() {
        [rule] => super::metadata::labels(pack, rule),
        rules => {
            let mut labels = BTreeMap::from([("polc/pack", label_value("pack", &pack.name))]);
            // The gravest of them.
            labels.extend(rules.iter().map(|rule| rule.severity).max().map(|gravest| ("polc/severity", gravest.name().to_owned())));
            labels
        }
    };
    let sources: Vec<String> = fused.rules.iter().map(|rule| format!("{} {}", rule.name, source(pack, rule))).collect();
    let annotations = BTreeMap::from([("polc/source", format!("{}\n", sources.join("\n")))]);
    let metadata = |name: String| Metadata { name, labels: labels.clone(), annotations: annotations.clone() };
    let constraint = Constraint {
        api_version: "constraints.gatekeeper.sh/v1beta1",
        kind: kind.clone(),
        metadata: metadata(fused.name.clone()),
        spec: constraint_spec(&fused.shared, options),
    };
    let mut template = ConstraintTemplate {
        api_version: "templates.gatekeeper.sh/v1",
        kind: "ConstraintTemplate",
        metadata: metadata(kind.to_ascii_lowercase()),
        spec: TemplateSpec {
            crd: Crd { spec: CrdSpec { names: Names { kind } } },
            targets: [TemplateTarget { target: "admission.k8s.gatekeeper.sh", code: [fused.code.clone()] }],
        },
    };
    let titles: Vec<String> = fused.rules.iter().map(|rule| format!("{}: {}", rule.id, rule.doc.trim())).collect();
    template.metadata.annotations.insert("description", format!("{}\n", titles.join("\n")));
    if let Some(required) = inventory::requires(&fused.rules) {
        template.metadata.annotations.insert(inventory::REQUIRES, required);
    }
    Ok([serde_yaml::to_string(&template)?, serde_yaml::to_string(&constraint)?])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use crate::compile::compile;
    use crate::diagnostic::Sources;

    fn emitted(text: &str, gatekeeper: GatekeeperEngine) -> Emission {
        let mut sources = Sources::default();
        sources.add("a.pol", text);
        let program = compile(&sources, &crate::resolve::Options::default()).unwrap().program;
        emit(&program, &Options { gatekeeper, ..Options::default() })
    }

    fn paths(emission: &Emission) -> Vec<&str> {
        emission.artifacts.iter().map(|artifact| artifact.path.as_str()).filter(|path| path.ends_with("/template.yaml")).collect()
    }

    fn text<'a>(emission: &'a Emission, path: &str) -> &'a str {
        let artifact = emission.artifacts.iter().find(|artifact| artifact.path == path);
        std::str::from_utf8(&artifact.unwrap_or_else(|| panic!("{path} is not among {:?}", paths(emission))).contents).unwrap()
    }

    const RULES: &str = "pack p\n\
        rule a { match Pod forbid pod.spec.hostNetwork message \"a\" }\n\
        rule b { match Pod forbid pod.spec.hostPID message \"b\" }\n\
        rule c { action warn\n match Pod forbid pod.spec.hostPID message \"c\" }\n\
        rule d { action audit\n match Pod, Job on delete forbid pod.spec.hostPID message \"d\" }\n\
        rule e { targets except gatekeeper\n match Pod forbid pod.spec.hostPID message \"e\" }\n";

    #[test]
    fn rules_that_share_match_and_action_are_one_template() {
        let emission = emitted(RULES, GatekeeperEngine::Rego);
        assert_eq!(emission.report.iter().filter(|row| row.outcome == Outcome::Exact).count(), 4);
        assert_eq!(
            paths(&emission),
            ["gatekeeper/p-audit-pod-job-on-delete/template.yaml", "gatekeeper/p-pod/template.yaml", "gatekeeper/p-warn-pod/template.yaml"]
        );
        let both = text(&emission, "gatekeeper/p-pod/template.yaml");
        assert!(both.contains("name: polcppod\n") && both.contains("kind: PolcPPod\n") && both.contains("version: v1\n"), "{both}");
        assert!(both.contains("\n          violations contains {\"rule\": \"p/a\""), "{both}");
        assert!(both.contains("\"rule\": \"p/a\"") && both.contains("\"rule\": \"p/b\"") && !both.contains("p/c"), "{both}");
        for (name, action) in [("p-pod", "deny"), ("p-warn-pod", "warn"), ("p-audit-pod-job-on-delete", "dryrun")] {
            let constraint = text(&emission, &format!("gatekeeper/{name}/constraint.yaml"));
            assert!(constraint.contains(&format!("enforcementAction: {action}\n")), "{constraint}");
            assert!(constraint.contains("apiVersion: constraints.gatekeeper.sh/v1beta1\n"), "{constraint}");
        }
    }

    #[test]
    fn in_the_layout_of_rules_each_has_a_template_and_points_are_scopes() {
        let mut sources = Sources::default();
        sources.add("a.pol", RULES);
        let program = compile(&sources, &crate::resolve::Options::default()).unwrap().program;
        let options = Options {
            gatekeeper_layout: GatekeeperLayout::Rule,
            gatekeeper_points: [crate::target::EnforcementPoint::Audit, crate::target::EnforcementPoint::Webhook].into(),
            ..Options::default()
        };
        let emission = emit(&program, &options);
        assert_eq!(paths(&emission), ["p-a", "p-b", "p-c", "p-d"].map(|name| format!("gatekeeper/{name}/template.yaml")));
        assert!(emission.units.iter().all(|unit| unit.rules.len() == 1), "{:?}", emission.units);
        let warned = text(&emission, "gatekeeper/p-c/constraint.yaml");
        let scoped = "  enforcementAction: scoped\n  scopedEnforcementActions:\n  - action: warn\n    enforcementPoints:\n    \
            - name: validation.gatekeeper.sh\n    - name: audit.gatekeeper.sh\n    - name: gator.gatekeeper.sh\n";
        assert!(warned.contains(scoped), "{warned}");
    }

    #[test]
    fn in_cel_each_rule_is_a_template_that_asks_for_operation_and_version() {
        let emission = emitted(RULES, GatekeeperEngine::Cel);
        let names = ["p-a", "p-b", "p-c", "p-d"].map(|name| format!("gatekeeper/{name}/template.yaml"));
        assert_eq!(paths(&emission), names);
        let deleted = text(&emission, "gatekeeper/p-d/template.yaml");
        assert!(deleted.contains("engine: K8sNativeValidation\n") && deleted.contains("failurePolicy: Fail\n"), "{deleted}");
        assert!(deleted.contains("request.operation in [\"DELETE\"] && ") && deleted.contains("in [\"batch/v1\", \"v1\"]"), "{deleted}");
        let created = text(&emission, "gatekeeper/p-a/template.yaml");
        assert!(created.contains("request.operation in [\"\", \"CREATE\", \"UPDATE\"]"), "{created}");
        assert!(created.contains("\"\") in [\"\", \"ephemeralcontainers\", \"resize\"]"), "{created}");
    }

    #[test]
    fn a_part_is_asked_for_in_the_template_and_its_objects_in_the_constraint() {
        let source = "pack p\nrule a { match Deployment, Deployment/scale forbid object.metadata.name == \"a\" message \"a\" }\n";
        for (engine, name, asks) in [
            (GatekeeperEngine::Rego, "p-deployment-deployment-scale", "subresource == \"scale\""),
            (GatekeeperEngine::Cel, "p-a", "\"/\" + request.resource.resource in [\"apps/v1/deployments\"]"),
        ] {
            let emission = emitted(source, engine);
            let constraint = text(&emission, &format!("gatekeeper/{name}/constraint.yaml"));
            assert!(constraint.contains("- apps\n      kinds:\n      - Deployment\n"), "{constraint}");
            assert!(constraint.contains("- autoscaling\n      kinds:\n      - Scale\n"), "{constraint}");
            let template = text(&emission, &format!("gatekeeper/{name}/template.yaml"));
            assert!(template.split_whitespace().collect::<Vec<_>>().join(" ").contains(asks), "{template}");
        }
    }

    #[test]
    fn names_of_kinds_are_of_at_most_63_characters_and_become_one_only_once() {
        let long = "p".repeat(60);
        let emission =
            emitted(&format!("pack {long}\nrule a {{ match Pod forbid pod.spec.hostPID message \"a\" }}\n"), GatekeeperEngine::Rego);
        let [diagnostic] = &emission.diagnostics[..] else { panic!("{:?}", emission.diagnostics) };
        assert!(diagnostic.message.contains("of more than 63 characters"), "{}", diagnostic.message);
        let mut sources = Sources::default();
        sources.add("a.pol", "pack a-b\nrule a { match Pod forbid pod.spec.hostPID message \"a\" }\n");
        sources.add("b.pol", "pack ab\nrule a { match Pod forbid pod.spec.hostPID message \"a\" }\n");
        let program = compile(&sources, &crate::resolve::Options::default()).unwrap().program;
        let emission = emit(&program, &Options::default());
        let [diagnostic] = &emission.diagnostics[..] else { panic!("{:?}", emission.diagnostics) };
        assert_eq!(diagnostic.message, "`a-b/a` and `ab/a` are both called `PolcAbPod` in the output for gatekeeper");
    }
}
