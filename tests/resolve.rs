//! Names, types, defaults and views: what sources mean, and what is said of wrong ones. A snapshot shows the source and what becomes of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

use polc::compile::{Compiled, compile};
use polc::diagnostic::{Diagnostic, Level, Sources};
use polc::ir::{Const, print};
use polc::resolve::Options;
use std::collections::BTreeSet;
use std::fmt::Write;

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

/// Each diagnostic with its code, message, underlined text and help.
fn shown(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let level = format!("{:?}", diagnostic.level).to_lowercase();
        let _ = writeln!(out, "{level}[{}]: {}", diagnostic.code.id, diagnostic.message);
        for (span, label) in &diagnostic.labels {
            let (line, column) = sources.line_column(*span);
            let _ = writeln!(out, "  at {line}:{column} `{}` {label}", sources.text(*span));
        }
        let _ = writeln!(out, "  help: {}", diagnostic.help.as_deref().expect("a help line"));
    }
    out
}

/// A rule over `kinds` with this body, after these items.
fn rule(items: &str, kinds: &str, body: &str) -> String {
    format!("pack t\n{items}\nrule r {{\n    match {kinds}\n    {body}\n}}\n")
}

/// The rule's dump from the conditions on.
fn meaning(text: &str) -> String {
    let dump = print::print(&compiled(text).program);
    let lines = dump.lines().skip_while(|line| !line.trim_start().starts_with("on "));
    lines.skip(1).collect::<Vec<_>>().join("\n")
}

fn refused(texts: &[&str], options: &Options) -> String {
    let sources = sources(texts);
    match compile(&sources, options) {
        Err(found) => {
            assert!(found.iter().any(|diagnostic| diagnostic.level == Level::Error));
            shown(&sources, &found)
        }
        Ok(compiled) => panic!("accepted: {texts:?}\n{}", print::print(&compiled.program)),
    }
}

fn warned(text: &str) -> String {
    shown(&sources(&[text]), &compiled(text).warnings)
}

/// Snapshots of what bodies mean.
macro_rules! means {
    ($($name:ident: $items:literal, $kinds:literal, [$($body:literal),+ $(,)?];)+) => {$(
        #[test]
        fn $name() {
            let mut out = String::new();
            for body in [$($body),+] {
                let _ = writeln!(out, "{body}\n----\n{}\n", meaning(&rule($items, $kinds, body)));
            }
            insta::assert_snapshot!(out);
        }
    )+};
}

/// Snapshots of what is said of wrong bodies.
macro_rules! refuses {
    ($($name:ident: $items:literal, $kinds:literal, [$($body:literal),+ $(,)?];)+) => {$(
        #[test]
        fn $name() {
            let mut out = String::new();
            for body in [$($body),+] {
                let _ = writeln!(out, "{body}\n----\n{}", refused(&[&rule($items, $kinds, body)], &Options::default()));
            }
            insta::assert_snapshot!(out);
        }
    )+};
}

/// Snapshots of what is said of wrong sources.
macro_rules! refuses_sources {
    ($($name:ident: [$($text:expr),+ $(,)?];)+) => {$(
        #[test]
        fn $name() {
            let mut out = String::new();
            for text in [$($text),+] {
                let _ = writeln!(out, "{text}\n----\n{}", refused(&[text], &Options::default()));
            }
            insta::assert_snapshot!(out);
        }
    )+};
}

means! {
    views_of_pods: "", "workloads", [
        r#"for c in pod.allContainers { forbid c.securityContext.privileged message "{c.name} is privileged" }"#,
        r#"for c in pod.containers { forbid c.tty message "tty of {c.name}" }"#,
        r#"for c in pod.sidecars { forbid c.tty message "tty of {c.name}" }"#,
        r#"for s in pod.securityContexts { require s.runAsNonRoot message "{s.owner} may run as root" }"#,
        r#"forbid "tmp" in pod.volumeNames message "tmp is a volume""#,
    ];
    views_of_containers: "", "Pod", [
        r#"for c in pod.containers { for p in c.probes { forbid exists p.grpc message "{p.field} of {c.name}" } }"#,
        r#"for c in pod.containers { for h in c.handlers { forbid exists h.tcpSocket message "{h.field} of {c.name}" } }"#,
        r#"for c in pod.containers { forbid count(c.handlers) == 0 message "{c.name}: {c.handlers[*].field}" }"#,
        r#"for e in pod.spec.containers[*].env[*].valueFrom { require count(variants(e)) == 1 message "{variants(e)} are set" }"#,
        r#"for c in pod.containers { for e in c.env { forbid any v in variants(e.valueFrom): v in ["fileKeyRef", "secretKeyRef"] message "x {e.name}" } }"#,
    ];
    presence: "", "Deployment", [
        r#"forbid exists object.spec.strategy.rollingUpdate message "a""#,
        r#"require exists object.metadata message "a""#,
        r#"for c in pod.containers { require exists c.resources message "a" }"#,
        r#"for c in pod.containers { let r = c.resources ?? pod.spec.resources require exists r.limits["cpu"] message "a" }"#,
        r#"require exists pod.spec.securityContext.seccompProfile message "a""#,
        r#"require exists object.metadata.labels["a/b"] message "a""#,
    ];
    defaults: "", "Pod, Deployment", [
        r#"require pod.spec.restartPolicy == "Always" message "a""#,
        r#"for c in pod.allContainers { require c.imagePullPolicy == "Always" message "a" }"#,
        r#"for c in pod.allContainers { for p in c.ports { forbid exists p.hostPort message "a" } }"#,
        r#"for c in pod.allContainers { require exists c.resources.requests["cpu"] message "a" }"#,
        r#"for c in pod.containers { for k, v in c.resources.requests { require v <= 4 message "a" } }"#,
        r#"for c in pod.spec.containers { require exists c.resources.requests message "a" }"#,
        r#"for v in pod.spec.volumes { forbid exists v.emptyDir message "a" }"#,
        r#"require declared pod.spec.restartPolicy == "Always" message "a""#,
        r#"require exists declared object.metadata.namespace message "a""#,
        r#"require object.metadata.namespace == "x" message "a""#,
        r#"require pod.metadata.namespace != "x" message "a""#,
    ];
    defaults_of_pods_alone: "", "Pod", [
        r#"for c in pod.containers { for p in c.ports { forbid exists p.hostPort message "a" } }"#,
        r#"for c in object.spec.containers { require exists c.resources.requests["cpu"] message "a" }"#,
        r#"require pod.spec.enableServiceLinks message "a""#,
        r#"require object.metadata.namespace == "x" message "a""#,
    ];
    defaults_of_templates_alone: "", "templates", [
        r#"for c in pod.allContainers { for p in c.ports { forbid exists p.hostPort message "a" } }"#,
        r#"for c in pod.containers { require exists c.resources.requests["cpu"] message "a" }"#,
    ];
    defaults_of_services: "", "Service", [
        r#"require object.spec.externalTrafficPolicy == "Local" message "a""#,
        r#"require all p in object.spec.ports: asInt(p.targetPort) == p.port message "a""#,
    ];
    comparisons: "", "Deployment", [
        r#"require object.spec.replicas >= 2 and not (object.spec.paused == true) message "a""#,
        r#"require object.spec.paused != false message "a""#,
        r#"require (exists object.spec.paused) != (exists object.spec.minReadySeconds) message "a""#,
        r#"for c in pod.containers { require c.resources.limits["cpu"] <= 1.5 and c.resources.limits["memory"] > 64Mi message "a" }"#,
        r#"for c in pod.containers { forbid exists c.resources.limits["cpu"] and exists c.resources.requests["cpu"] and c.resources.requests["cpu"] > c.resources.limits["cpu"] message "x {c.resources.limits["cpu"]}" }"#,
        r#"require object.spec.strategy.rollingUpdate.maxSurge in ["10%", 1] message "{object.spec.strategy.rollingUpdate.maxSurge} is wrong""#,
        r#"require object.metadata.name like "a*b" and "x" not in object.metadata.finalizers message "a""#,
        r#"require object.metadata.name matches /[a-z]{1,5}(-[0-9]+)?/ message "a""#,
        r#"require object.metadata.name contains "x" or object.metadata.finalizers contains "y" message "a""#,
        r#"require pod.spec.securityContext == pod.spec.securityContext message "a""#,
        r#"require object.spec.replicas + 1 - 2 == 3 message "a""#,
        r#"require object.metadata.name + "-x" == "a-" + "b" message "a""#,
        r#"require (if object.spec.paused then 1 else object.spec.replicas) > 0 message "a""#,
    ];
    constants: "param level: \"a\" | \"b\" = \"b\"\nparam names: list<string> = [\"x\", \"y\"]\nlet both = names + [\"z\"]\nfn is(n: string) = n in both and level == \"b\"\nlet table = [{ name: \"p\", since: 0 }, { name: \"q\", since: 40, extra: true }]", "Pod", [
        r#"require is(object.metadata.name) message "not in {names}, level {level}""#,
        r#"for n in names { require exists object.metadata.labels[n] message "no label {n}" }"#,
        r#"for i, n in both { require exists object.metadata.labels[n] message "no label {i} {n}" }"#,
        r#"for n in names where n != "x" { require exists object.metadata.labels[n] message "no label {n}" }"#,
        r#"for k, v in { b: "1", a: "2" } { require object.metadata.labels[k] == v message "label {k} is not {v}" }"#,
        r#"require any t in table: t.name == object.metadata.name and t.since <= 37 message "a""#,
        r#"require all t in table: t.extra or t.since < 1 message "a" require 1 == 1 message "b" forbid exists object.metadata.name message "c""#,
        r#"require any n in names: object.metadata.name like n message "a""#,
        r#"if level == "a" { forbid pod.spec.hostPID message "a" } else { forbid pod.spec.hostIPC message "b" }"#,
        r#"require count(both) == 3 and "x" in both and indexOf(both, "z") == 2 message "x {count(both)} {join(both, "/")}" forbid pod.spec.hostPID message "x {upper("abc")} {split("a,b", ",")} {replace("aa", "a", "b")} {quantity("1500m")} {500m + 1} {min([2, 1])} {sum([1, 2])}""#,
    ];
    versions: "param v: version = v1.30\nlet new = v >= v1.29", "Pod", [
        r#"if new and v < latest { forbid pod.spec.hostPID message "since {v}" }"#,
        r#"require v == v1.31 or pod.spec.hostPID message "a""#,
    ];
    functions: "fn sidecar(c: Container) = c.restartPolicy == \"Always\"\nfn windows = pod.spec.os.name == \"windows\"", "workloads", [
        r#"for c in pod.spec.initContainers where not sidecar(c) { forbid windows message "a" }"#,
        r#"for c in pod.containers { require image(c.image).registry in ["a.io"] and image(c.image).repository like "x/*" message "x {image(c.image).tag}" }"#,
        r#"for c in pod.containers { require isImage(c.image) message "a" }"#,
        r#"require quantity(object.metadata.annotations["q"]) < 4 and duration(object.metadata.annotations["d"]) < 60 message "a""#,
        r#"require lower(object.metadata.name) == replace(object.metadata.name, "a", "b") message "a""#,
        r#"require join(split(object.metadata.name, "-"), "/") == "x" message "a""#,
        r#"require size(object.metadata.name) < 5 and size(object.metadata.labels) < 9 and count(object.metadata.finalizers) < 3 message "a""#,
        r#"require indexOf(["a", "b"], object.metadata.name) >= 0 message "a""#,
        r#"require effectiveRequest(pod, "cpu") <= 4 message "x {effectiveRequest(pod, "cpu")}" "#,
        r#"for c in pod.containers { for p in c.probes { require asInt(p.httpGet.port) > 1 or asName(p.httpGet.port) == "x" or percent(p.httpGet.port) == 2 message "a" } }"#,
        r#"require podOf(object).spec.hostPID message "a""#,
    ];
    selectors: "", "Deployment", [
        r#"require selects(object.spec.selector, pod.metadata.labels) message "a""#,
        r#"require selects(pod.spec.nodeSelector, object.metadata.labels) message "a""#,
    ];
    quantifiers: "", "Pod", [
        r#"require any c in pod.spec.containers where c.tty: c.stdin message "a""#,
        r#"require all c in pod.allContainers: exists c.image message "a""#,
        r#"require no c in pod.containers: c.name == "x" message "a""#,
        r#"require (count c in pod.containers: c.tty) <= 2 message "{count(pod.containers)} containers""#,
        r#"require (count c in pod.containers: c.tty) > 0 message "a""#,
        r#"require (sum c in pod.spec.containers where c.tty: c.resources.requests["cpu"]) <= 2 message "a""#,
        r#"require (max c in pod.spec.containers: c.livenessProbe.periodSeconds) <= 60 message "{min c in pod.spec.containers: count(c.ports)} ports""#,
        r#"for i, c in pod.spec.containers { require i < 3 message "{i}: {c.name}" }"#,
        r#"for k, v in object.metadata.annotations where k like "x/*" { require v == "1" message "x {k} {v}" }"#,
        r#"require pod.containers[*].name contains "app" message "x {pod.containers[*].name}" "#,
        r#"for p in pod.spec.containers[*].ports[*] where exists p.name { require p.containerPort > 1024 message "x {p.name}" }"#,
        r#"require exists pod.spec.containers[*].ports[*] message "a""#,
    ];
    uniqueness: "", "Pod", [
        r#"require unique c in pod.allContainers by c.name message "two are named {c.name}""#,
        r#"require unique p in pod.spec.containers[*].ports[*] where exists p.hostPort by p.protocol, p.hostPort message "{p.hostPort} twice""#,
        r#"require unique n in pod.volumeNames by n message "{n} twice""#,
    ];
    dead_code_is_left_out: "param on: bool = false", "Pod", [
        r#"if on { for c in pod.containers { require quantity(object.metadata.name) > 1 message "a" } } forbid pod.spec.hostPID message "b""#,
        r#"for c in pod.containers where on { require quantity(c.name) > 1 message "a" } forbid pod.spec.hostPID message "b""#,
        r#"require on or pod.spec.hostPID message "b" require not on or image(object.metadata.name).tag == "x" message "c""#,
    ];
    reads_are_recorded_once: "", "Pod", [
        r#"for c in pod.containers { require image(c.image).tag == "1" and image(c.image).registry == "a" message "a" } for d in pod.containers { require image(d.image).tag == "1" message "a" }"#,
        r#"for c in pod.containers { let q = c.resources.limits["cpu"] require any e in c.env: quantity(e.value) == q message "a" }"#,
    ];
    // Parsed and resolved, and noted as what no lowering carries.
    not_lowered: "", "Deployment on update", [
        r#"require unchanged object.metadata.labels["app"] message "a""#,
        r#"require object.spec.replicas >= oldObject.spec.replicas message "a""#,
        r#"require namespaceObject.metadata.labels["x"] == "y" and request.userInfo.username like "system:*" message "a""#,
        r#"require any b in cluster(PodDisruptionBudget): selects(b.spec.selector, pod.metadata.labels) message "a""#,
        r#"require any w in cluster(workloads): podOf(w).metadata.labels["a"] == "b" message "a""#,
        r#"require count(if exists object.metadata.uid then cluster(ConfigMap) else []) == 0 message "a""#,
    ];
}

#[test]
fn clauses() {
    let text = r#"//! About t.
pack t

/// What r is for.
rule r {
    severity high
    tags "a", "b"
    docs "https://example.com"
    action warn
    targets except kyverno
    match Pod, Namespace, Deployment on create where object.metadata.name != "x"
    except namespaces "kube-system", "default"
    except where object.metadata.labels["skip"] == "true"
    except scale
    require exists object.metadata.labels["owner"] message "no owner"
}

rule cluster-scoped {
    match Namespace, Node
    except namespaces "kube-system"
    require exists object.metadata.labels["owner"] message "no owner"
}

rule everything {
    match any
    except namespaces "kube-system"
    for f in object.metadata.finalizers { forbid f like "x/*" message "finalizer {f}" }
}

rule scaled {
    match Deployment/scale
    require object.spec.replicas < 10 message "too many"
}

rule classes {
    match controllers
    except runtimeClasses "kata"
    except users "admin"
    except groups "system:masters", "b"
    forbid pod.spec.hostPID message "hostPID"
}
"#;
    let dump = print::print(&compiled(text).program);
    // `any` is a long list of kinds.
    let dump: Vec<String> = dump.lines().map(|line| line.chars().take(300).collect()).collect();
    insta::assert_snapshot!(dump.join("\n"));
}

#[test]
fn other_items() {
    let text = r#"pack t

param max: quantity = 2
param version: version = v1.30

rule r {
    match Pod
    require effectiveRequest(pod, "cpu") <= max and version < v1.40 message "too much"
}

pod-security {
    default enforce baseline, warn restricted, audit restricted
    namespaces "kube-system", "x" enforce privileged
    version v1.34
    exempt runtimeClasses "kata"
    exempt users "admin"
    exempt namespaces "infra"
}

builtin schema-unknown-field { severity high }

mutation m {
    match workloads where pod.spec.os.name != "windows"
    on conflict skip
    let tmp = "tmp"
    for c in pod.containers where not c.securityContext.privileged {
        default c.securityContext.allowPrivilegeEscalation = false
        merge c.volumeMounts by mountPath { name: tmp, mountPath: "/tmp" }
        append c.envFrom { configMapRef: { name: "e" } }
    }
    if pod.spec.hostIPC { remove pod.spec.hostPID } else { set pod.metadata.annotations["a"] = "b" }
    set pod.spec.nodeSelector = { disk: "ssd" }
}

generation g {
    match Deployment where object.spec.replicas >= 2
    create PodDisruptionBudget named object.metadata.name in namespace object.metadata.namespace {
        spec: { minAvailable: "50%", selector: object.spec.selector }
    }
}

exempt rule r, m namespaces "gpu" until 2027-03-01 because "driver installer"

test r {
    allow given { apiVersion: "v1", kind: "Pod", metadata: { name: "a", labels: null }, spec: { containers: [{ name: "c", resources: { limits: { cpu: 1.5, memory: 64Mi } } }] } }
    deny "too much" with { max: 500m, version: v1.31 } given file "tests/pod.yaml"
    skip on update given { apiVersion: "v1", kind: "Pod", metadata: { name: "a" + "b" } } old { apiVersion: "v1", kind: "Pod" } beside file "a.yaml"
}

test m {
    gives { apiVersion: "v1", kind: "Pod" } given { apiVersion: "v1", kind: "Pod" }
}
"#;
    insta::assert_snapshot!(print::print(&compiled(text).program));
}

refuses! {
    unknown_names: "param registries: list<string> = []\nfn zero(x: int) = x == 0", "Pod", [
        r#"forbid pod.spec.hostPid message "x""#,
        r#"forbid object.spec.nothingLikeThat message "x""#,
        r#"forbid podd.spec.hostPID message "x""#,
        r#"forbid spec.hostPID message "x""#,
        r#"for c in pod.containers { forbid c.securityContext.priviliged message "x" }"#,
        r#"for c in pod.contaners { forbid c.tty message "x" }"#,
        r#"for c in pod.containers { forbid exists c.probe message "x" }"#,
        r#"for c in pod.containers { for p in c.probes { forbid p.feild == "a" message "x" } }"#,
        r#"for c in pod.containers { forbid image(c.image).tags == "a" message "x" }"#,
        r#"for c in pod.containers { forbid imge(c.image).tag == "a" message "x" }"#,
        r#"for s in pod.securityContexts { forbid s.privileged message "x" }"#,
        r#"forbid zero message "x""#,
        r#"require any r in registrys: r == "x" message "x""#,
        r#"require { a: 1 }.b == 1 message "x""#,
        r#"require pod.spec.containers.name == "a" message "x""#,
        r#"require object.metadata.labels.app == "a" message "x""#,
        r#"require pod.allContainers.name == "a" message "x""#,
        r#"require pod.spec.hostPID.x message "x""#,
        r#"require pod.metadata.labels[*] == "a" message "x""#,
        r#"require pod.spec["containers"] == "a" message "x""#,
        r#"require pod.spec.containers[0].name == "a" message "x""#,
    ];
    wrong_types: "", "Deployment", [
        r#"require object.spec.replicas >= "2" message "x""#,
        r#"require object.spec.replicas == "2" message "x""#,
        r#"require object.spec.paused == "true" message "x""#,
        r#"require object.metadata.name == 5 message "x""#,
        r#"require object.metadata.name > 5 message "x""#,
        r#"require object.spec.strategy.rollingUpdate.maxSurge > 1 message "x""#,
        r#"require pod.spec.containers > 1 message "x""#,
        r#"require object.metadata.labels["a"] == 500m message "x""#,
        r#"for c in pod.containers { require c.resources.limits["cpu"] == "500m" message "x" }"#,
        r#"for c in pod.containers { require c.resources.limits["cpu"] == "lots" message "x" }"#,
        r#"require object.spec.replicas in ["a"] message "x""#,
        r#"require object.spec.replicas in 5 message "x""#,
        r#"require "app" in object.metadata.labels message "x""#,
        r#"require object.spec.replicas like "2*" message "x""#,
        r#"require object.metadata.name like ["a*", "b*"] message "x""#,
        r#"require object.metadata.name like object.metadata.namespace message "x""#,
        r#"require object.metadata.name matches "a" message "x""#,
        r#"require object.spec.replicas + "a" == 1 message "x""#,
        r#"require object.metadata.name - "a" == "b" message "x""#,
        r#"require (if object.spec.paused then 1 else "a") == 1 message "x""#,
        r#"require (object.spec.replicas ?? "a") == 1 message "x""#,
        r#"for c in pod.spec { forbid c.tty message "x" }"#,
        r#"for v in object.metadata.labels { forbid v == "x" message "x" }"#,
        r#"for i, c in pod.containers { forbid c.tty message "x" }"#,
        r#"require (sum c in pod.containers: c.name) == 1 message "x""#,
        r#"require v1.30 == "v1.30" message "x""#,
        r#"require v1.30 < object.spec.replicas message "x""#,
        r#"require (9223372036854775807 + 1) > object.spec.replicas message "x""#,
        r#"require [1, "a"] == [object.spec.replicas, "a"] message "x""#,
    ];
    not_conditions: "", "Deployment", [
        r#"forbid pod.spec.volumes message "x""#,
        r#"forbid object.metadata.name message "x""#,
        r#"forbid pod.containers message "x""#,
        r#"require not pod.spec message "x""#,
        r#"if object.spec.replicas { forbid pod.spec.hostPID message "x" }"#,
        r#"for c in pod.containers where c.name { forbid c.tty message "x" }"#,
        r#"require { a: object.metadata.name } message "x""#,
        r#"require /x/ message "x""#,
    ];
    impossible_values: "", "Pod", [
        r#"require pod.spec.restartPolicy == "always" message "x""#,
        r#"require pod.spec.restartPolicy in ["OnFailure", "Newer"] message "x""#,
        r#"require "Alwys" != pod.spec.restartPolicy message "x""#,
        r#"for c in pod.containers { let p = c.imagePullPolicy require p == "Sometimes" message "x" }"#,
        r#"for c in pod.containers { for p in c.ports { require (p.protocol ?? "TCP") == "tcp" message "x" } }"#,
    ];
    arguments: "fn f(c: Container, n: int) = c.tty and n == 1\nfn g(x: Contaner) = exists x", "Pod", [
        r#"for c in pod.containers { require f(c) message "x" }"#,
        r#"for c in pod.containers { require f(c.name, 1) message "x" }"#,
        r#"for c in pod.containers { require g(c) message "x" }"#,
        r#"for c in pod.containers { require split(c.name) == ["a"] message "x" }"#,
        r#"for c in pod.containers { require split(c.name, "") == ["a"] message "x" }"#,
        r#"for c in pod.containers { require split(c.name, c.image) == ["a"] message "x" }"#,
        r#"for c in pod.containers { require replace(c.name, "", "b") == "a" message "x" }"#,
        r#"for c in pod.containers { require lower(c.ports) == "a" message "x" }"#,
        r#"for c in pod.containers { require count(c.name) == 1 message "x" }"#,
        r#"require asInt(pod.spec.hostPID) == 1 message "x""#,
        r#"require quantity("lots") == 1 message "x""#,
        r#"require quantity(pod.spec.hostPID) == 1 message "x""#,
        r#"require count(variants(pod.spec)) == 1 message "x""#,
        r#"require selects(pod.metadata.name, pod.metadata.labels) message "x""#,
        r#"require selects(pod.metadata.labels, pod.spec.affinity) message "x""#,
        r#"require effectiveRequest(pod.spec, "cpu") == 1 message "x""#,
        r#"require effectiveRequest(pod, pod.metadata.name) == 1 message "x""#,
        r#"require any x in cluster(Pods): exists x message "x""#,
        r#"require any x in cluster("Pod"): exists x message "x""#,
        r#"require any x in cluster(ConfigMap): podOf(x).spec.hostPID message "x""#,
    ];
    patterns: "", "Pod", [
        r#"for c in pod.containers { require c.image like "*/nginx" message "x" }"#,
        r#"for c in pod.containers { require c.image like "nginx*" message "x" }"#,
        r#"for c in pod.containers { require any p in ["a.io/*", "*.io/x"]: c.image like p message "x" }"#,
        r#"require pod.metadata.name matches /\d+/ message "x""#,
        r#"require pod.metadata.name matches /[\w]/ message "x""#,
        r#"require pod.metadata.name matches /\pL/ message "x""#,
        r#"require pod.metadata.name matches /^a$/ message "x""#,
        r#"require pod.metadata.name matches /\ba/ message "x""#,
        r#"require pod.metadata.name matches /(?i)a/ message "x""#,
        r#"require pod.metadata.name matches /(?i:a)/ message "x""#,
        r#"require pod.metadata.name matches /a(?=b)/ message "x""#,
        r#"require pod.metadata.name matches /(a)\1/ message "x""#,
        r#"require pod.metadata.name matches /a{1,101}/ message "x""#,
        r#"require pod.metadata.name matches /(a{50}){50}/ message "x""#,
        r#"require pod.metadata.name matches /a*?/ message "x""#,
        r#"require pod.metadata.name matches /a**/ message "x""#,
        r#"require pod.metadata.name matches /(?P<n>a)/ message "x""#,
        r#"require pod.metadata.name matches /[a&&b]/ message "x""#,
        r#"require pod.metadata.name matches /[a[b]]/ message "x""#,
        r#"require pod.metadata.name matches /\u0041/ message "x""#,
        r#"require pod.metadata.name matches /(a/ message "x""#,
    ];
    messages: "", "Pod", [
        r#"forbid pod.spec.hostPID message "bad {pod.spec}""#,
        r#"forbid pod.spec.hostPID message "bad {pod.metadata.labels}""#,
        r#"for c in pod.containers { forbid c.tty message "bad {image(c.image)}" }"#,
        r#"for c in pod.containers { forbid c.tty message "bad {c.ports}" }"#,
        r#"for c in pod.containers { forbid c.tty message " {c.name} " }"#,
        r#"forbid pod.spec.hostPID message " ""#,
    ];
    roots: "", "Deployment", [
        r#"require object.spec.replicas >= oldObject.spec.replicas message "x""#,
        r#"require unchanged object.spec.replicas message "x""#,
        r#"let pod = object.spec require exists pod.replicas message "x""#,
        r#"for object in pod.containers { forbid object.tty message "x" }"#,
        r#"require request.userInfo.name == "a" message "x""#,
        r#"require request.user == "a" message "x""#,
    ];
    requests_about_namespaces: "", "ConfigMap, Namespace", [
        r#"require request.namespace != "a" message "x""#,
        r#"require exists namespaceObject.spec.nodeSelector message "x""#,
    ];
    no_pod_in_services: "", "Service, Deployment", [
        r#"forbid pod.spec.hostPID message "x""#,
        r#"require effectiveRequest(pod, "cpu") < 1 message "x""#,
    ];
    kinds_that_differ: "", "Deployment, DaemonSet, ReplicationController", [
        r#"require object.spec.replicas >= 2 message "x""#,
        r#"require exists object.spec.selector message "x""#,
        r#"require object.spec.updateStrategy.type == "x" message "x""#,
    ];
    any_kind_has_metadata_only: "", "any", [
        r#"require exists object.spec message "x""#,
        r#"require pod.spec.hostPID message "x""#,
    ];
    misplaced_statements: "", "Pod", [
        r#"set pod.spec.hostPID = true"#,
        r#"let x = pod.spec.hostPID"#,
        r#"require unique i, c in pod.spec.containers by c.name message "x""#,
    ];
    absent_that_passes: "", "Pod", [
        r#"for c in pod.containers { forbid c.resources.limits["memory"] > 4Gi message "x" }"#,
        r#"for c in pod.containers { require not (c.securityContext.runAsUser < 1000) message "x" }"#,
        r#"require no c in pod.spec.containers: c.securityContext.runAsUser < 1000 message "x""#,
        r#"for c in pod.containers { forbid lower(c.workingDir) == "/root" message "x" }"#,
        r#"for c in pod.containers { forbid image(c.image).tag == "latest" message "x" }"#,
    ];
}

refuses_sources! {
    clauses_that_are_wrong: [
        "pack t\nrule r {\n    match Pod\n    severity sever\n    action block\n    forbid pod.spec.hostPID message \"x\"\n}\n",
        "pack t\nrule r {\n    match Pod on creation\n    forbid pod.spec.hostPID message \"x\"\n}\n",
        "pack t\nrule r {\n    match Pod\n    severity low\n    severity high\n    forbid pod.spec.hostPID message \"x\"\n}\n",
        "pack t\nrule r {\n    severity low\n    forbid pod.spec.hostPID message \"x\"\n}\n",
        "pack t\nrule r {\n    match Deploymnet\n    forbid pod.spec.hostPID message \"x\"\n}\n",
        "pack t\nrule r {\n    match Event\n    forbid exists object.reason message \"x\"\n}\n",
        "pack t\nrule r {\n    match PodSecurityPolicy\n    forbid exists object.spec message \"x\"\n}\n",
        "pack t\nrule r {\n    match Ingress.extensions\n    forbid exists object.spec message \"x\"\n}\n",
        "pack t\nrule r {\n    match Deployment.batch\n    forbid exists object.spec message \"x\"\n}\n",
        "pack t\nrule r {\n    match Deployment/scales\n    forbid exists object.spec message \"x\"\n}\n",
        "pack t\nrule r {\n    match Pod\n    overrides other\n    forbid pod.spec.hostPID message \"x\"\n}\n",
        "pack t\nrule r {\n    match Pod\n    on conflict skip\n    forbid pod.spec.hostPID message \"x\"\n}\n",
    ];
    names_that_are_wrong: [
        "pack t\nrule r {\n    match Pod\n    forbid pod.spec.hostPID message \"x\"\n}\nrule r {\n    match Pod\n    forbid pod.spec.hostIPC message \"x\"\n}\n",
        "pack t\nlet a = 1\nparam a: int = 2\n",
        "pack t\nlet object = 1\n",
        "pack a\npack b\n",
        "rule r {\n    match Pod\n    forbid pod.spec.hostPID message \"x\"\n}\n",
        "pack t\nuse other\n",
        "pack t\nuse t\n",
    ];
    recursion: [
        "pack t\nfn f(n: int) = f(n)\nrule r {\n    match Pod\n    forbid f(1) message \"x\"\n}\n",
        "pack t\nfn f = g\nfn g = f\nrule r {\n    match Pod\n    forbid f message \"x\"\n}\n",
        "pack t\nlet a = b\nlet b = a\nrule r {\n    match Pod\n    forbid a message \"x\"\n}\n",
    ];
    params_that_are_wrong: [
        "pack t\nparam a: int = \"x\"\n",
        "pack t\nparam a: \"x\" | \"y\" = \"z\"\n",
        "pack t\nparam a: strin = \"z\"\n",
        "pack t\nparam a: list = [\"z\"]\n",
        "pack t\nparam a: list<int> = [\"z\"]\n",
        "pack t\nparam a: int\n",
        "pack t\nparam a: int = object.spec.replicas\n",
        "pack t\nparam a: version = v1.034\n",
    ];
    blocks_that_are_wrong: [
        "pack t\npod-security {\n    default enforce basline, wran restricted, audit derived\n    version v2.1\n    exempt robots \"x\"\n}\n",
        "pack t\npod-security {\n    default enforce baseline\n    default enforce baseline, enforce restricted\n}\npod-security {\n    default enforce baseline\n}\n",
        "pack t\nbuiltin x { action deny }\n",
        "pack t\nexempt rule r namespaces \"x\" until 2027-02-30 because \" \"\n",
        "pack t\nmutation m {\n    match Pod\n    require pod.spec.hostPID message \"x\"\n    set pod.spec.hostPid = true\n    set pod.spec.hostPID = \"yes\"\n    merge pod.spec.volumes by nam { name: \"x\", emptyDirr: {} }\n    append pod.spec.hostPID { a: 1 }\n    set \"x\" = 1\n}\n",
        "pack t\nmutation m {\n    match Pod where count(cluster(ConfigMap)) > 0\n    set pod.spec.hostPID = true\n}\n",
        "pack t\ngeneration g {\n    match Namespace\n    create LimitRang named \"x\" { }\n    create Namespace named 5 in namespace \"y\" { spec: { limits: [] } }\n    create workloads named \"x\" { }\n}\n",
    ];
    tests_that_are_wrong: [
        "pack t\ntest r {\n    allow given { apiVersion: \"v1\", kind: \"Pod\" }\n}\n",
        "pack t\nrule r {\n    match Pod\n    forbid pod.spec.hostPID message \"x\"\n}\ntest r {\n    alow given { apiVersion: \"v1\", kind: \"Pod\" }\n    allow \"m\" given { kind: \"Pod\" }\n    deny with { a: 1 } given { apiVersion: \"policy/v1beta1\", kind: \"PodSecurityPolicy\" }\n    skip given { apiVersion: \"v1\", kind: object.kind }\n    gives { apiVersion: \"v1\", kind: \"Pod\" } given { apiVersion: \"v1\", kind: \"Pod\" }\n}\n",
    ];
}

#[test]
fn warnings() {
    let mut out = String::new();
    for text in [
        "pack t\nparam a: int = 1\nlet b = 1\nfn c = 1\nrule r {\n    match Pod\n    let d = pod.spec\n    forbid pod.spec.hostPID message \"x\"\n}\n",
        "pack t\nrule r {\n    match Deployment\n    require object.spec.replicas > 1 message \"x\"\n}\n",
        "pack t\nrule r {\n    match Pod\n    forbid pod.spec.hostUsers == false message \"x\"\n    forbid pod.spec.nodeName in [\"a\"] message \"x\"\n    forbid pod.spec.nodeName like \"a*\" message \"x\"\n}\n",
    ] {
        let _ = writeln!(out, "{text}\n----\n{}", warned(text));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn what_silences_the_lint() {
    for body in [
        r#"for c in pod.containers { forbid (c.resources.limits["memory"] ?? 8Gi) > 4Gi message "x" }"#,
        r#"for c in pod.containers { forbid exists c.resources.limits["memory"] and c.resources.limits["memory"] > 4Gi message "x" }"#,
        r#"for c in pod.containers where exists c.resources.limits["memory"] { forbid c.resources.limits["memory"] > 4Gi message "x" }"#,
        r#"for c in pod.containers { if exists c.resources.limits["memory"] { forbid c.resources.limits["memory"] > 4Gi message "x" } }"#,
        r#"for c in pod.containers { for k, v in c.resources.limits { forbid v > 4Gi message "x" } }"#,
        r#"forbid pod.spec.terminationGracePeriodSeconds > 60 message "x""#,
        r#"for c in pod.containers { for p in c.ports { forbid p.containerPort < 1024 message "x" } }"#,
        r#"for c in pod.containers { require image(c.image).tag != "latest" or exists image(c.image).digest message "x" }"#,
        r#"for c in pod.containers { forbid c.name like "x-*" message "x" }"#,
        r#"require pod.spec.hostUsers == false message "x""#,
        r#"require pod.spec.priority < 10 message "x""#,
        r#"forbid pod.spec.hostPID message "x""#,
    ] {
        assert_eq!(warned(&rule("", "Pod", body)), "", "{body}");
    }
}

#[test]
fn params_are_read_by_their_type() {
    let text = "pack t\nparam v: version = v1.0\nparam n: int = 0\nparam q: quantity = 0\nparam b: bool = false\nparam s: string = \"\"\n\
        param l: list<string> = []\nparam i: list<int> = []\nparam m: map<string, quantity> = {}\nparam e: \"x\" | \"y\" = \"x\"\n";
    let sources = sources(&[text]);
    let with = |pairs: &[(&str, &str)]| {
        let params = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        compile(&sources, &Options { params, ..Options::default() })
    };
    let given = [
        ("v", "latest", "\"v1.37\""),
        ("v", "v1.99", "\"v1.37\""),
        ("t.v", "v1.24", "\"v1.24\""),
        ("n", "-5", "-5"),
        ("q", "500m", "quantity(500m)"),
        ("b", "true", "true"),
        ("s", "a, b", "\"a, b\""),
        ("l", "a, b", "[\"a\", \"b\"]"),
        ("l", "[\"a,b\"]", "[\"a,b\"]"),
        ("l", "", "[]"),
        ("i", "1,2", "[1, 2]"),
        ("m", "{\"a\": 2, \"b\": \"1Ki\"}", "{\"a\": quantity(2), \"b\": quantity(1024)}"),
        ("e", "y", "\"y\""),
    ];
    for (name, value, wanted) in given {
        let compiled = with(&[(name, value)]).unwrap_or_else(|found| panic!("{name}={value}: {}", shown(&sources, &found)));
        let short = name.rsplit('.').next().unwrap();
        assert_eq!(print::constant(&compiled.program.packs["t"].params[short]), wanted, "{name}={value}");
    }
    let refused = [
        ("v", "1.24", "`1.24` is no value for the param `v`", "it has to be a version `v1.0` to `v1.37`, or `latest`"),
        ("v", "v1.024", "`v1.024` is no value for the param `v`", "it has to be a version `v1.0` to `v1.37`, or `latest`"),
        ("n", "5m", "`5m` is no value for the param `n`", "it has to be a whole number"),
        ("q", "lots", "`lots` is no value for the param `q`", "it has to be a quantity, such as `500m`"),
        ("b", "yes", "`yes` is no value for the param `b`", "it has to be `true` or `false`"),
        ("e", "z", "`z` is no value for the param `e`", "it has to be one of `\"x\"`, `\"y\"`"),
        ("i", "a", "`a` is no value for the param `i`", "it has to be a list, each element a whole number"),
        ("m", "a", "`a` is no value for the param `m`", "it has to be an object, each value a quantity, such as `500m`"),
        ("vv", "a", "no pack has a param `vv`", "did you mean `v`?"),
        ("other.v", "a", "no pack has a param `other.v`", "see the params of the packs"),
    ];
    for (name, value, message, help) in refused {
        let found = with(&[(name, value)]).expect_err(name);
        assert_eq!((found[0].message.as_str(), found[0].help.as_deref()), (message, Some(help)), "{name}={value}");
        assert!(found[0].labels.is_empty());
    }
}

const BASE: &str = "pack base\nparam names: list<string> = [\"a\"]\nrule one {\n    match Pod\n    require object.metadata.name in names message \"one\"\n}\n\
    rule two {\n    match Pod\n    forbid pod.spec.hostPID message \"two\"\n}\ntest two {\n    allow given { apiVersion: \"v1\", kind: \"Pod\" }\n}\n";

#[test]
fn packs_use_packs() {
    let over = "pack over\nuse base except two { names: [\"x\", \"y\"] }\nrule three {\n    match Pod\n    overrides one\n    forbid pod.spec.hostIPC message \"three\"\n}\n";
    let sources = sources(&[BASE, over]);
    let compiled = compile(&sources, &Options::default()).unwrap();
    let ids = |compiled: &Compiled| -> Vec<String> {
        compiled.program.packs.values().flat_map(|pack| pack.rules.iter().map(|rule| rule.id.clone())).collect()
    };
    assert_eq!(ids(&compiled), ["over/three"]);
    let base = &compiled.program.packs["base"];
    assert_eq!(base.params["names"], Const::List(vec![Const::String("x".to_owned()), Const::String("y".to_owned())]));
    assert!(base.tests.is_empty(), "the tests of a rule go with it");

    let params = [("names".to_owned(), "z".to_owned())].into();
    let compiled = compile(&sources, &Options { params, ..Options::default() }).unwrap();
    assert_eq!(compiled.program.packs["base"].params["names"], Const::List(vec![Const::String("z".to_owned())]));

    let values = [("base.names".to_owned(), Const::List(vec![]))].into();
    let compiled = compile(&sources, &Options { values, ..Options::default() }).unwrap();
    assert_eq!(compiled.program.packs["base"].params["names"], Const::List(vec![]));

    let of = |roots: &[&str]| Options { roots: roots.iter().map(|root| (*root).to_owned()).collect(), ..Options::default() };
    assert_eq!(ids(&compile(&sources, &of(&["base"])).unwrap()), ["base/one", "base/two"]);
    assert_eq!(ids(&compile(&sources, &of(&["over"])).unwrap()), ["over/three"]);
    assert_eq!(ids(&compile(&sources, &of(&["base", "over"])).unwrap()), ["base/one", "base/two", "over/three"]);
}

#[test]
fn a_pack_may_have_several_files() {
    let first = "//! One.\npack t\nlet a = \"x\"\n";
    let second = "//! Two.\npack t\nrule r {\n    match Pod\n    forbid pod.spec.hostname == a message \"x\"\n}\n";
    let sources = sources(&[first, second]);
    let compiled = compile(&sources, &Options::default()).unwrap();
    assert_eq!(compiled.program.packs["t"].doc, "One.\n\nTwo.");
    assert_eq!(compiled.program.packs["t"].rules.len(), 1);
}

#[test]
fn uses_that_are_wrong() {
    let mut out = String::new();
    for text in [
        "pack over\nuse bse\n",
        "pack over\nuse base except tow\n",
        "pack over\nuse base { name: [] }\n",
        "pack over\nuse base { names: 5 }\n",
        "pack over\nuse base\nuse base\n",
        "pack over\nuse base\nrule r {\n    match Pod\n    overrides thre\n    forbid pod.spec.hostPID message \"x\"\n}\n",
        "pack over\nuse base\ntest other/one {\n    allow given { apiVersion: \"v1\", kind: \"Pod\" }\n}\n",
        "pack over\nuse base\ntest base/on {\n    allow given { apiVersion: \"v1\", kind: \"Pod\" }\n}\n",
    ] {
        let _ = writeln!(out, "{text}\n----\n{}", refused(&[BASE, text], &Options::default()));
    }
    let cycle = ["pack a\nuse b\n", "pack b\nuse c\n", "pack c\nuse a\n"];
    let _ = writeln!(out, "{}\n----\n{}", cycle.concat(), refused(&cycle, &Options::default()));
    let twice = [BASE, "pack a\nuse base { names: [\"x\"] }\n", "pack b\nuse base { names: [\"y\"] }\n"];
    let _ = writeln!(out, "{}\n----\n{}", twice[1..].concat(), refused(&twice, &Options::default()));
    insta::assert_snapshot!(out);
}

#[test]
fn options_limit_what_may_be_said() {
    let options = Options {
        targets: BTreeSet::from(["opa".to_owned(), "kyverno".to_owned()]),
        builtins: BTreeSet::from(["schema-type".to_owned()]),
        today: Some("2027-03-02".to_owned()),
        ..Options::default()
    };
    let text = "pack t\nrule r {\n    match Pod\n    targets except kiverno\n    forbid pod.spec.hostPID message \"x\"\n}\n\
        builtin schema-typ { severity high }\nexempt rule r namespaces \"x\" until 2027-03-01 because \"y\"\n";
    insta::assert_snapshot!(format!("{text}\n----\n{}", refused(&[text], &options)));
}

#[test]
fn growth_is_bounded() {
    let mut text = "pack t\nlet a0 = pod.spec.hostPID or pod.spec.hostIPC\n".to_owned();
    for n in 1..64 {
        let _ = writeln!(text, "let a{n} = a{0} == a{0} or (a{0} and pod.spec.hostPID == a{0})", n - 1);
    }
    text.push_str("rule r {\n    match Pod\n    forbid a63 message \"x\"\n}\n");
    let said = refused(&[&text], &Options::default());
    assert!(said.contains("error[too-large]"), "{said}");

    let list = (0..400).map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "pack t\nlet l = [{list}]\nrule r {{\n    match Pod\n    for a in l {{ for b in l {{ for c in l {{ forbid object.metadata.labels[a + b] == c message \"x\" }} }} }}\n}}\n"
    );
    let said = refused(&[&text], &Options::default());
    assert!(said.contains("the rule is larger than 100000 nodes"), "{said}");
}

#[test]
fn long_chains_of_lets_do_not_overflow() {
    let mut text = "pack t\nrule r {\n    match Pod\n    let a0 = object.metadata.name\n".to_owned();
    for n in 1..2000 {
        let _ = writeln!(text, "    let a{n} = lower(a{})", n - 1);
    }
    text.push_str("    forbid a1999 == \"x\" message \"x\"\n}\n");
    let said = refused(&[&text], &Options::default());
    assert!(said.contains("error[too-large]"), "{said}");

    let mut text = "pack t\nfn f0 = pod.spec.hostPID\n".to_owned();
    for n in 1..2000 {
        let _ = writeln!(text, "fn f{n} = f{}", n - 1);
    }
    text.push_str("rule r {\n    match Pod\n    forbid f1999 message \"x\"\n}\n");
    let said = refused(&[&text], &Options::default());
    assert!(said.contains("error[too-large]"), "{said}");
}

#[test]
fn nested_loops_over_all_containers_stay_small() {
    let mut body = String::new();
    for n in 0..6 {
        let _ = write!(body, "for c{n} in pod.allContainers {{ ");
    }
    body.push_str("for p in c0.ports { forbid exists p.hostPort and c5.name == c1.name message \"x\" } ");
    body.push_str(&"} ".repeat(6));
    let meaning = meaning(&rule("", "workloads", &body));
    // Only the loop whose ports are read is split.
    assert_eq!(meaning.matches("for $").count(), 2 * 7, "{meaning}");
}

#[test]
fn every_code_is_explained() {
    let mut ids = BTreeSet::new();
    for code in polc::diagnostic::codes::resolve::ALL {
        assert!(ids.insert(code.id), "{} twice", code.id);
        assert!(code.explanation.len() > 60, "{}", code.id);
        assert!(!code.summary.ends_with('.') && !code.summary.is_empty(), "{}", code.id);
    }
}
