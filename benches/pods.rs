//! The evaluator beside Kubernetes' own Pod Security checks, which tell no places either, Pod by Pod in one run.
//!
//! `cargo bench --bench pods` judges the Pods in the file of JSON lines that `POLC_BENCH_PODS` names (each line a Pod, or an object with the Pod in `pod`), else a few
//! made ones, by `restricted` at the newest version. Where `polc-psa` is built (tests/engines/build.sh), it times Kubernetes' own checks on the same Pod just before.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark")]

use polc::compile::compile;
use polc::diagnostic::Sources;
use polc::eval::{Judge, Request, Said, Session};
use polc::object::Node;
use polc::resolve::Options;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

/// How often each Pod is judged for one figure.
const TIMES: u32 = 200;

fn pods() -> Vec<Value> {
    if let Some(path) = std::env::var_os("POLC_BENCH_PODS") {
        let lines = std::fs::read_to_string(path).unwrap();
        return lines
            .lines()
            .map(|line| {
                let mut line: Value = serde_json::from_str(line).unwrap();
                if line["pod"].is_object() { line["pod"].take() } else { line }
            })
            .collect();
    }
    let container = |number: usize, good: bool| {
        json!({ "name": format!("app-{number}"), "image": "registry.example.com/app:1",
            "securityContext": { "allowPrivilegeEscalation": !good, "capabilities": { "drop": if good { json!(["ALL"]) } else { json!([]) } } } })
    };
    (1..=20)
        .flat_map(|count| {
            [true, false].map(|good| {
                json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a" }, "spec": {
                    "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
                    "containers": (0..count).map(|number| container(number, good)).collect::<Vec<_>>() } })
            })
        })
        .collect()
}

fn judge() -> Judge {
    let mut sources = Sources::default();
    sources.add("baseline.pol", include_str!("../policies/pod-security/baseline.pol"));
    sources.add("restricted.pol", include_str!("../policies/pod-security/restricted.pol"));
    let options = Options { roots: ["pod-security-restricted".to_owned()].into(), ..Options::default() };
    Judge::of_program(&compile(&sources, &options).unwrap().program).without_places()
}

/// Kubernetes' own checks.
struct Checks {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Checks {
    fn start() -> Option<Self> {
        let folder = std::env::var_os("POLC_ENGINES")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/engines/bin"), PathBuf::from);
        let mut child = Command::new(folder.join("polc-psa"))
            .args(["-bench", &TIMES.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut answers = BufReader::new(child.stdout.take()?);
        answers.read_line(&mut String::new()).ok()?;
        Some(Checks { child, answers })
    }

    fn ask(&mut self, pod: &Value) -> (bool, f64) {
        let mut input = self.child.stdin.as_ref().unwrap();
        writeln!(input, "{}", json!({ "object": pod, "level": "restricted" })).unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        (answer["allowed"].as_bool().unwrap(), answer["nanos"].as_f64().unwrap())
    }
}

impl Drop for Checks {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Judges as `polc check` does, request after request in one session.
fn own<'a>(session: &mut Session<'a>, pod: &'a Node) -> (bool, f64) {
    let request = Request::create(pod);
    let mut failing = || {
        let mut count = 0;
        let told = session.judge(black_box(request), |_, said| {
            count += usize::from(matches!(black_box(said), Said::Fail { .. }));
            Ok::<(), Infallible>(())
        });
        told.map(|()| count).unwrap()
    };
    let began = Instant::now();
    for _ in 0..TIMES {
        black_box(failing());
    }
    let nanos = began.elapsed().as_nanos() as f64 / f64::from(TIMES);
    (failing() == 0, nanos)
}

fn summary(name: &str, mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    let at = |part: usize| times.get((times.len().saturating_sub(1)) * part / 100).copied().unwrap_or_default() / 1000.0;
    println!("{name:28} median {:6.2} us, 10% {:6.2} us, 90% {:6.2} us", at(50), at(10), at(90));
    at(50)
}

fn main() {
    let judge = judge();
    let mut checks = Checks::start();
    let pods = pods();
    let (mut ours, mut theirs, mut differ) = (Vec::new(), Vec::new(), 0);
    let nodes: Vec<Node> = pods.iter().map(Node::from).collect();
    let mut session = judge.session();
    for (pod, node) in pods.iter().zip(&nodes) {
        let theirs_of_this = checks.as_mut().map(|checks| checks.ask(pod));
        let (allowed, nanos) = own(&mut session, node);
        ours.push(nanos);
        if let Some((other, nanos)) = theirs_of_this {
            theirs.push(nanos);
            differ += usize::from(allowed != other);
        }
    }
    println!("{} Pods, {TIMES} times each, restricted at the newest version", pods.len());
    let own = summary("polc", ours);
    if theirs.is_empty() {
        println!("polc-psa is not built: tests/engines/build.sh tests/engines/bin k8s");
    } else {
        let other = summary("Kubernetes' own checks", theirs);
        println!("ratio of the medians {:.2}; verdicts differ on {differ}", own / other);
    }
}
