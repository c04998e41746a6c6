//! `docs/constructs.md`: what becomes of each construct in each target, as the compiler does it.

use super::holds;
use polc::compile::compile;
use polc::diagnostic::Sources;
use polc::resolve::Options;
use polc::target::{self, Outcome, Target};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A construct with an example: whole items, or the inside of a rule.
enum Example {
    /// Items of a pack; `pack a` is put before.
    Items(&'static str),
    /// Clauses and statements of a rule.
    Rule(&'static str),
    /// A condition over workloads.
    Condition(&'static str),
}

use Example::{Condition, Items, Rule};

const CONSTRUCTS: &[(&str, &[(&str, Example)])] = &[
    (
        "Items",
        &[
            ("`rule`", Items("rule r { match Pod forbid pod.spec.hostNetwork message \"no\" }")),
            (
                "`use`, `except`, params",
                Items("use other except s { level: 2 }\nrule r { match Pod forbid pod.spec.hostNetwork message \"no\" }"),
            ),
            ("`overrides`", Items("use other\nrule mine { overrides other/s match Pod forbid pod.spec.hostPID message \"no\" }")),
            ("`param`", Items("param n: int = 3\nrule r { match Pod require size(pod.metadata.name) > n message \"no\" }")),
            (
                "`param` of an enum type",
                Items("param l: \"x\" | \"y\" = \"x\"\nrule r { match Pod where l == \"x\" forbid pod.spec.hostPID message \"no\" }"),
            ),
            (
                "`param` of `list<...>` and `map<...>`",
                Items(
                    "param l: list<string> = [\"x\"]\nparam m: map<string, string> = { x: \"y\" }\nrule r { match Pod require pod.metadata.name in l or exists m[pod.metadata.name] message \"no\" }",
                ),
            ),
            ("`let`", Items("let n = 3\nrule r { match Pod require size(pod.metadata.name) > n message \"no\" }")),
            (
                "`fn`",
                Items("fn f(c: Container) = c.name != \"x\"\nrule r { match Pod require all c in pod.containers: f(c) message \"no\" }"),
            ),
            ("`mutation`", Items("mutation m { match Pod set pod.spec.hostPID = false }")),
            (
                "`generation`",
                Items(
                    "generation g { match Deployment create PodDisruptionBudget named object.metadata.name { spec: { minAvailable: 1, selector: object.spec.selector } } }",
                ),
            ),
            (
                "`pod-security`",
                Items(
                    "pod-security { default enforce baseline namespaces \"x\" enforce privileged version v1.34 exempt runtimeClasses \"y\" }",
                ),
            ),
            ("`pod-security` with `derived`", Items("pod-security { default enforce baseline namespaces \"x\" enforce derived }")),
            (
                "`exempt`",
                Items(
                    "rule r { match Pod forbid pod.spec.hostNetwork message \"no\" }\nexempt rule r namespaces \"x\" until 2100-01-01 because \"y\"",
                ),
            ),
            ("`builtin`", Items("builtin schema-type { severity low }\nrule r { match Pod forbid pod.spec.hostNetwork message \"no\" }")),
            (
                "`test`",
                Items(
                    "rule r { match Pod forbid pod.spec.hostNetwork message \"no\" }\ntest r { allow given { apiVersion: \"v1\", kind: \"Pod\" } }",
                ),
            ),
        ],
    ),
    (
        "Clauses of rules",
        &[
            (
                "`severity`, `tags`, `docs`",
                Rule("severity high tags \"x\" docs \"https://example.com\" match Pod forbid pod.spec.hostPID message \"no\""),
            ),
            ("`action warn`", Rule("action warn match Pod forbid pod.spec.hostPID message \"no\"")),
            ("`action audit`", Rule("action audit match Pod forbid pod.spec.hostPID message \"no\"")),
            (
                "`match` of kinds, `where`",
                Rule("match Pod, Deployment where object.metadata.name != \"x\" forbid pod.spec.hostPID message \"no\""),
            ),
            ("`match workloads`", Rule("match workloads forbid pod.spec.hostPID message \"no\"")),
            ("`match templates`, `controllers`", Rule("match templates, controllers forbid pod.spec.hostPID message \"no\"")),
            ("`match any`", Rule("match any require exists object.metadata.labels[\"team\"] message \"no\"")),
            ("a kind of one group", Rule("match Event.events.k8s.io require exists object.metadata.name message \"no\"")),
            ("a subresource as kind", Rule("match Deployment/scale require object.spec.replicas > 1 message \"no\"")),
            ("a connection as kind", Rule("match Pod/exec require request.userInfo.username != \"x\" message \"no\"")),
            ("`on create`", Rule("match Pod on create forbid pod.spec.hostPID message \"no\"")),
            ("`on update`", Rule("match Pod on update forbid pod.spec.hostPID message \"no\"")),
            ("`on delete`", Rule("match Pod on delete forbid exists object.metadata.labels[\"keep\"] message \"no\"")),
            ("`except namespaces`", Rule("match Pod except namespaces \"x\" forbid pod.spec.hostPID message \"no\"")),
            ("`except users`, `groups`", Rule("match Pod except users \"x\" except groups \"y\" forbid pod.spec.hostPID message \"no\"")),
            ("`except where`", Rule("match Pod except where pod.metadata.name == \"x\" forbid pod.spec.hostPID message \"no\"")),
            ("`except scale`", Rule("match Deployment except scale require object.spec.replicas > 1 message \"no\"")),
            ("`targets`", Rule("targets opa, kyverno match Pod forbid pod.spec.hostPID message \"no\"")),
            ("`targets except`", Rule("targets except opa match Pod forbid pod.spec.hostPID message \"no\"")),
        ],
    ),
    (
        "Roots and views",
        &[
            ("`object`", Condition("object.metadata.name != \"x\"")),
            ("`oldObject`", Rule("match Pod on update require object.metadata.name == oldObject.metadata.name message \"no\"")),
            ("`request`", Rule("match Pod require request.userInfo.username != \"x\" message \"no\"")),
            ("`namespaceObject`", Rule("match Pod require exists namespaceObject.metadata.labels[\"team\"] message \"no\"")),
            ("`pod`", Condition("pod.spec.hostPID")),
            ("`pod.allContainers`", Condition("any c in pod.allContainers: c.tty")),
            ("`pod.containers`", Condition("any c in pod.containers: c.tty")),
            ("`pod.sidecars`", Condition("any c in pod.sidecars: c.tty")),
            (
                "`pod.securityContexts`, `.owner`",
                Rule("match workloads for s in pod.securityContexts { require s.runAsUser ?? 1 > 0 message \"{s.owner}\'s user\" }"),
            ),
            ("`pod.volumeNames`", Condition("\"x\" in pod.volumeNames")),
            (
                "`c.probes`, `.field`",
                Rule(
                    "match workloads for c in pod.containers { for p in c.probes { require p.periodSeconds > 1 message \"the {p.field}\" } }",
                ),
            ),
            (
                "`c.handlers`",
                Rule("match workloads for c in pod.containers { for h in c.handlers { forbid exists h.exec message \"the {h.field}\" } }"),
            ),
            (
                "`cluster(KIND)`",
                Rule(
                    "match Deployment require any b in cluster(PodDisruptionBudget): selects(b.spec.selector, pod.metadata.labels) message \"no\"",
                ),
            ),
        ],
    ),
    (
        "Statements",
        &[
            (
                "`for x in LIST where C`",
                Rule("match workloads for c in pod.containers where c.name != \"x\" { forbid c.tty message \"no\" }"),
            ),
            ("`for i, x in LIST`", Rule("match workloads for i, c in pod.spec.containers { forbid c.tty message \"number {i}\" }")),
            ("`for k, v in MAP`", Rule("match workloads for k, v in pod.metadata.labels { require size(v) < 9 message \"label {k}\" }")),
            (
                "`if`, `else`",
                Rule(
                    "match workloads if pod.spec.hostPID { forbid pod.spec.hostIPC message \"no\" } else { forbid pod.spec.hostNetwork message \"nor\" }",
                ),
            ),
            ("`let`", Rule("match workloads let n = pod.metadata.name require n != \"x\" message \"it is {n}\"")),
            ("`require`", Rule("match workloads require pod.spec.hostUsers message \"no\"")),
            ("`forbid`", Rule("match workloads forbid pod.spec.hostPID message \"no\"")),
            (
                "`require unique ... by`",
                Rule("match workloads require unique p in pod.spec.containers[*].ports[*] by p.hostPort, p.protocol message \"twice\""),
            ),
            ("`default` in a mutation", Items("mutation m { match Pod default pod.spec.hostname = \"x\" }")),
            ("`set`", Items("mutation m { match Pod set pod.spec.hostPID = false }")),
            ("`merge ... by`", Items("mutation m { match Pod merge pod.spec.volumes by name { name: \"x\", emptyDir: {} } }")),
            ("`append`", Items("mutation m { match Pod append pod.spec.dnsConfig.searches \"example.com\" }")),
            ("`on conflict skip`", Items("mutation m { match Pod on conflict skip set pod.spec.hostPID = false }")),
            ("`remove`", Items("mutation m { match Pod remove pod.spec.nodeName }")),
            (
                "`create`",
                Items(
                    "generation g { match Namespace create ConfigMap named \"x\" in namespace object.metadata.name { data: { y: \"z\" } } }",
                ),
            ),
        ],
    ),
    (
        "Expressions",
        &[
            ("`or`, `and`, `not`", Condition("pod.spec.hostPID or pod.spec.hostIPC and not pod.spec.hostNetwork")),
            ("`==`, `!=`", Condition("pod.metadata.name == \"x\" or pod.metadata.name != \"y\"")),
            ("`<`, `<=`, `>`, `>=` of numbers", Condition("(pod.spec.priority ?? 0) < 1 and (pod.spec.priority ?? 0) >= 0")),
            ("order of quantities", Condition("all c in pod.containers: (c.resources.limits[\"cpu\"] ?? 1) <= 500m")),
            (
                "order of versions",
                Items("param v: version = v1.34\nrule r { match Pod where v >= v1.30 forbid pod.spec.hostPID message \"no\" }"),
            ),
            ("`in`, `not in`", Condition("pod.metadata.name in [\"x\"] and pod.metadata.name not in [\"y\"]")),
            ("`like`", Condition("pod.metadata.name like \"x-*\"")),
            ("`matches`", Condition("pod.metadata.name matches /[a-z]+(-[0-9]{1,3})?/")),
            ("`contains`", Condition("pod.metadata.name contains \"x\"")),
            ("`??`", Condition("pod.spec.hostUsers ?? true")),
            ("`exists`", Condition("exists pod.spec.affinity")),
            ("`declared`", Condition("(declared pod.spec.restartPolicy) == \"Always\"")),
            ("`unchanged`", Rule("match Deployment on update require unchanged object.spec.selector message \"no\"")),
            (
                "`+` of numbers, texts and lists",
                Condition("size(pod.spec.containers + pod.spec.initContainers) + 1 > 1 and \"x\" + pod.metadata.name == \"xy\""),
            ),
            ("`-`", Condition("size(pod.metadata.name) - 1 >= 0")),
            ("`[*]`", Condition("pod.spec.containers[*].name contains \"x\"")),
            ("a key of a map, computed", Condition("exists pod.metadata.labels[\"x/\" + pod.metadata.name]")),
            (
                "`any`, `all`, `no`",
                Condition(
                    "(any c in pod.containers: c.tty) and (all c in pod.containers: c.stdin) and (no c in pod.containers where c.tty: c.stdinOnce)",
                ),
            ),
            (
                "`count`, `sum`, `min`, `max`",
                Condition(
                    "(count c in pod.containers: c.tty) > 0 and (sum c in pod.containers: size(c.name)) > (min c in pod.containers: size(c.name)) + (max c in pod.containers: size(c.name))",
                ),
            ),
            ("`if C then A else B`", Condition("(if pod.spec.hostPID then 1 else 2) > 1")),
            ("list and object literals", Condition("pod.metadata.name in [\"x\", pod.spec.hostname]")),
            ("values in messages", Rule("match workloads for c in pod.allContainers { forbid c.tty message \"{c.name}: {c.image} \\{\" }")),
        ],
    ),
    (
        "Functions",
        &[
            (
                "`image`",
                Condition(
                    "any c in pod.containers: image(c.image).registry == \"docker.io\" and image(c.image).tag != \"x\" and exists image(c.image).digest",
                ),
            ),
            ("`isImage`", Condition("all c in pod.containers: isImage(c.image)")),
            ("`quantity`", Condition("quantity(pod.metadata.annotations[\"x\"] ?? \"1\") < 2Gi")),
            ("`duration`", Condition("duration(pod.metadata.annotations[\"x\"] ?? \"1m\") < 90")),
            (
                "`asInt`, `asName`",
                Condition(
                    "any c in pod.containers: (asInt(c.livenessProbe.httpGet.port) ?? 0) > 80 or asName(c.livenessProbe.httpGet.port) == \"http\"",
                ),
            ),
            ("`percent`", Rule("match PodDisruptionBudget require (percent(object.spec.minAvailable) ?? 0) < 100 message \"no\"")),
            ("`lower`, `upper`", Condition("lower(pod.metadata.name) == upper(pod.metadata.name)")),
            ("`replace`, `split`, `join`", Condition("join(split(replace(pod.metadata.name, \"a\", \"b\"), \"-\"), \"+\") != \"x\"")),
            ("`size`, `count`", Condition("size(pod.metadata.name) > count(pod.spec.containers)")),
            ("`indexOf`", Condition("indexOf(pod.spec.containers[*].name, \"x\") >= 0")),
            ("`selects`", Rule("match Deployment require selects(object.spec.selector, pod.metadata.labels) message \"no\"")),
            ("`variants`", Condition("all v in pod.spec.volumes: size(variants(v)) <= 1")),
            ("`effectiveRequest`", Condition("effectiveRequest(pod, \"cpu\") <= 4")),
        ],
    ),
];

const USED: &str = "pack other\nparam level: int = 1\nrule s { match Pod require size(pod.metadata.name) > level message \"short\" }\n";

/// What each target makes of it. An example that does not compile, other than because of a construct that is not carried yet, is wrong.
fn outcomes(construct: &str, example: &Example) -> Result<Vec<String>, String> {
    let text = match example {
        Items(items) => (*items).to_owned(),
        Rule(inside) => format!("rule r {{ {inside} }}"),
        Condition(condition) => format!("rule r {{ match workloads require {condition} message \"no\" }}"),
    };

    let mut sources = Sources::default();
    sources.add("a.pol", format!("pack a\n{text}\n"));
    sources.add("other.pol", USED);
    let options = Options { roots: ["a".to_owned()].into(), ..Options::default() };
    let program = match compile(&sources, &options) {
        Ok(compiled) => compiled.program,
        Err(found) => {
            let code = found.iter().find(|found| found.level == polc::diagnostic::Level::Error).unwrap();
            if code.code.id != "not-yet" {
                return Err(format!("{construct}: {}", polc::diagnostic::render::render(&found, &sources, false)));
            }
            return Ok(Target::ALL.iter().map(|_| "refused".to_owned()).collect());
        }
    };
    let words = Target::ALL
        .iter()
        .map(|target| {
            let emission = target::emit(&program, &BTreeSet::from([*target]), &target::Options::default());
            let rows = emission.report.iter().filter(|row| row.rule.starts_with("a/")).map(|row| &row.outcome);
            let rows: Vec<&Outcome> = rows.collect();
            let any = |wanted: fn(&Outcome) -> bool| rows.iter().any(|outcome| wanted(outcome));
            let word = if any(|outcome| matches!(outcome, Outcome::Refused(_))) {
                "refused"
            } else if any(|outcome| matches!(outcome, Outcome::Exact)) {
                "compiled"
            } else if any(|outcome| matches!(outcome, Outcome::Dropped)) {
                "dropped"
            } else {
                "–"
            };
            // a refusal is an error of the build, unless the whole program reaches no target
            let errors = emission.diagnostics.iter().any(|found| found.level == polc::diagnostic::Level::Error);
            assert!(word != "refused" || errors, "{construct} is refused without an error");
            word.to_owned()
        })
        .collect();
    Ok(words)
}

#[test]
fn the_table_of_constructs_is_what_the_compiler_does() {
    let mut page = "# Constructs\n\nWhat becomes of each construct of the language, by target: *compiled* is the same verdict and the same message as in `polc check`; *refused* is a build error that names \
         the rule, the construct and the target; – is *not applicable*, for the target is not made for items of that kind; *dropped* is the author's own word. \
         A test makes this page from what the compiler does with an example of each.\n"
        .to_owned();
    let names: Vec<&str> = Target::ALL.iter().map(|target| target.name()).collect();
    let mut compiled = 0;
    let mut wrong = String::new();
    for (group, constructs) in CONSTRUCTS {
        let _ = write!(page, "\n## {group}\n\n| construct | {} |\n|---{}|\n", names.join(" | "), "|---".repeat(names.len()));
        for (construct, example) in *constructs {
            let cells = outcomes(construct, example).unwrap_or_else(|error| {
                wrong.push_str(&error);
                Vec::new()
            });
            compiled += usize::from(cells.iter().any(|cell| cell == "compiled"));
            let _ = writeln!(page, "| {construct} | {} |", cells.join(" | "));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(compiled >= 60, "only {compiled} constructs are compiled to some target");
    holds("docs/constructs.md", &page);
}
