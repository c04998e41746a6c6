//! How long judging takes: the Pod Security checks over generated Pods.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use polc::compile::compile;
use polc::diagnostic::Sources;
use polc::eval::{Judge, Request, Verdict};
use polc::object::Node;
use polc::resolve::Options;
use serde_json::{Value, json};
use std::hint::black_box;

fn judge(level: &str) -> Judge {
    let mut sources = Sources::default();
    sources.add("baseline.pol", include_str!("../policies/pod-security/baseline.pol"));
    sources.add("restricted.pol", include_str!("../policies/pod-security/restricted.pol"));
    let options = Options { roots: [format!("pod-security-{level}")].into(), ..Options::default() };
    Judge::of_program(&compile(&sources, &options).unwrap().program)
}

fn container(number: usize, good: bool) -> Value {
    json!({
        "name": format!("app-{number}"),
        "image": format!("registry.example.com/team/app-{number}:1.25.3"),
        "command": ["/app", "--verbose"],
        "env": [{ "name": "LEVEL", "value": "info" }, { "name": "REGION", "value": "eu" }],
        "ports": [{ "name": "http", "containerPort": 8080 }],
        "resources": { "requests": { "cpu": "100m", "memory": "64Mi" }, "limits": { "memory": "128Mi" } },
        "livenessProbe": { "httpGet": { "path": "/healthz", "port": "http" } },
        "readinessProbe": { "httpGet": { "path": "/ready", "port": "http" } },
        "volumeMounts": [{ "name": "cache", "mountPath": "/cache" }],
        "securityContext": {
            "allowPrivilegeEscalation": !good,
            "privileged": !good,
            "capabilities": { "drop": if good { json!(["ALL"]) } else { json!([]) } },
        },
    })
}

/// A Pod as clusters hold them, with an init container and so many others.
fn pod(containers: usize, good: bool) -> Node {
    Node::from(&json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "web-7d4b9c6f5-x2x9z",
            "namespace": "team",
            "labels": { "app": "web", "pod-template-hash": "7d4b9c6f5" },
            "annotations": { "example.com/owner": "team" },
        },
        "spec": {
            "serviceAccountName": "web",
            "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
            "initContainers": [container(0, true)],
            "containers": (1..=containers).map(|number| container(number, good)).collect::<Vec<_>>(),
            "volumes": [{ "name": "cache", "emptyDir": {} }, { "name": "settings", "configMap": { "name": "web" } }],
        },
    }))
}

fn evaluate(c: &mut Criterion) {
    for level in ["baseline", "restricted"] {
        let judge = judge(level);
        let mut group = c.benchmark_group(format!("judge/{level}"));
        for (containers, good) in [(1, true), (2, true), (20, true), (2, false)] {
            let pod = pod(containers, good);
            let request = Request::create(&pod);
            let failing = judge.judge(&request).filter(|outcome| matches!(outcome.verdict, Verdict::Fail { .. })).count();
            assert_eq!(failing == 0, good);
            let name = if good { "passing" } else { "failing" };
            group.bench_with_input(BenchmarkId::new(name, containers), &request, |bencher, request| {
                bencher.iter(|| judge.judge(black_box(request)).filter(|outcome| outcome.verdict == Verdict::Pass).count());
            });
        }
        group.finish();
    }
}

criterion_group!(benches, evaluate);
criterion_main!(benches);
