//! How long the stages take: reading manifests, compiling policies, writing targets.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a benchmark")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use polc::compile::compile;
use polc::diagnostic::Sources;
use polc::manifest::{builtin::Checker, read};
use polc::resolve::Options;
use polc::target::{self, Target};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;

/// Deployments as people write them, in one YAML text; `POLC_BENCH_MANIFEST` names a file to read instead.
fn manifest() -> String {
    if let Some(path) = std::env::var_os("POLC_BENCH_MANIFEST") {
        return std::fs::read_to_string(path).unwrap();
    }
    let mut text = String::new();
    for number in 0..200 {
        let _ = write!(
            text,
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-{number}\n  labels:\n    app.kubernetes.io/name: web\n  annotations:\n    note: \"number {number}\"\nspec:\n  replicas: 3\n  \
             selector:\n    matchLabels:\n      app: web-{number}\n  template:\n    metadata:\n      labels:\n        app: web-{number}\n    spec:\n      serviceAccountName: web\n      containers:\n      \
             - name: app\n        image: registry.example.com/web:{number}\n        args: [\"--port=8080\", '--verbose']\n        ports:\n        - name: http\n          containerPort: 8080\n        env:\n        \
             - name: LEVEL\n          value: info\n        resources:\n          requests: {{cpu: 100m, memory: 64Mi}}\n          limits:\n            memory: 128Mi\n        livenessProbe:\n          httpGet:\n            \
             path: /healthz\n            port: http\n        securityContext:\n          allowPrivilegeEscalation: false\n        volumeMounts:\n        - name: cache\n          mountPath: /cache\n      volumes:\n      \
             - name: cache\n        emptyDir: {{}}\n---\n"
        );
    }
    text
}

fn manifests(c: &mut Criterion) {
    let text = manifest();
    let objects = read(text.as_bytes()).documents.len();
    assert!(objects > 0);
    let mut group = c.benchmark_group("manifest");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("read", |bencher| bencher.iter(|| read(black_box(text.as_bytes())).documents.len()));
    group.bench_function("read and check", |bencher| {
        bencher.iter(|| {
            let read = read(black_box(text.as_bytes()));
            let mut checker = Checker::new();
            read.documents.iter().map(|document| checker.check("a.yaml", document, "default").len()).sum::<usize>()
        });
    });
    // A document that these crates refuse ends at its error, so that each is read by itself.
    let documents: Vec<&str> = text.split("\n---").collect();
    group.bench_function("bare YAML events", |bencher| {
        let events = |text| saphyr_parser::Parser::new_from_str(text).take_while(Result::is_ok).count();
        bencher.iter(|| black_box(&documents).iter().map(|document| events(document)).sum::<usize>());
    });
    group.bench_function("bare YAML values", |bencher| {
        bencher
            .iter(|| black_box(&documents).iter().filter(|document| serde_yaml::from_str::<serde_yaml::Value>(document).is_ok()).count());
    });
    group.finish();
}

/// The shipped policies.
fn policies() -> Sources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut sources = Sources::default();
    for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|ending| ending == "pol") {
            sources.add(path.display().to_string(), std::fs::read_to_string(&path).unwrap());
        }
    }
    sources
}

fn compiling(c: &mut Criterion) {
    let sources = policies();
    let bytes: usize = sources.iter().map(|(_, source)| source.text.len()).sum();
    let mut group = c.benchmark_group("policies");
    group.throughput(Throughput::Bytes(bytes as u64));
    for (name, judge_only) in [("compile", false), ("compile to judge", true)] {
        let options = Options { judge_only, ..Options::default() };
        group.bench_function(name, |bencher| bencher.iter(|| compile(black_box(&sources), &options).unwrap().program.packs.len()));
    }
    group.finish();
    let program = compile(&sources, &Options::default()).unwrap().program;
    let mut group = c.benchmark_group("emit");
    for target in Target::ALL {
        let targets = BTreeSet::from([target]);
        let bytes: usize =
            target::emit(&program, &targets, &target::Options::default()).artifacts.iter().map(|file| file.contents.len()).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_with_input(BenchmarkId::from_parameter(target.name()), &targets, |bencher, targets| {
            bencher.iter(|| target::emit(black_box(&program), targets, &target::Options::default()).artifacts.len());
        });
    }
    group.finish();
}

criterion_group!(benches, manifests, compiling);
criterion_main!(benches);
