//! Emitted CEL on texts, lengths and numbers by hand, such as are seldom made out of rules: in the embedded engine, and in Kyverno where it is there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

mod support;

use polc::compile::compile;
use polc::diagnostic::Sources;
use polc::engine::cel::{Compiled, Engine};
use polc::eval::{Judge, Request, Verdict};
use polc::ir::{Operation, Program, Rule};
use polc::lower::cel::{lower, print};
use polc::object::Node;
use polc::resolve::Options;
use polc::target::{Outcome, kyverno};
use polc::verify::generate::Case;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;

fn rules(program: &Program) -> impl Iterator<Item = &Rule> {
    program.packs.values().flat_map(|pack| &pack.rules)
}

const BY_HAND: &str = r##"//! Texts {{ that }} mean $(something) elsewhere.
pack hand

/// Doc with {{ request.object.metadata.name }}, {{x}} $(serviceAccountName) ${y} \ "q" 'a' # c: d
/// - list
rule on {
    match workloads
    for c in pod.allContainers {
        forbid c.name == "\{\{\{\{bad\}\}\}\}$($(x\}${${" message "{c.name} \{\{ nope \}\} {c.image} $(id) $\{x\} \{\{\{{c.name}\}\}\}"
        forbid c.image matches /(a{2}){3}.*/ message "image {c.image}"
        forbid c.name like "x{{*}}y*z" message " \u{3000}{c.name}\u{85} glob \u{7f}\n"
    }
}

/// off
rule texts {
    match workloads
    for c in pod.allContainers {
        forbid c.name != "ok" message "{c.name}."
    }
}

rule requests {
    match workloads
    for c in pod.containers {
        require not exists c.resources.requests["cpu"] or c.resources.requests["cpu"] <= 4
            message "{c.name} asks for {c.resources.requests["cpu"]}"
        require c.resources.requests["cpu"] == c.resources.limits["cpu"] or (c.resources.requests["cpu"] ?? 0) < (c.resources.limits["cpu"] ?? 1)
            message "{c.resources.requests["cpu"]} and {c.resources.limits["cpu"]}"
    }
    require effectiveRequest(pod, "cpu") <= 4 message "the Pod asks for {effectiveRequest(pod, "cpu")} CPUs"
    require effectiveRequest(pod, "memory") < 2 message "the Pod asks for {effectiveRequest(pod, "memory")} of memory"
    require effectiveRequest(pod, "hugepages-2Mi") < 2 message "the Pod asks for {effectiveRequest(pod, "hugepages-2Mi")} of huge pages"
    require (sum c in pod.containers: c.resources.requests["cpu"] ?? 0) <= 4 message "all ask for {sum c in pod.containers: c.resources.requests["cpu"] ?? 0}"
}
"##;

const TEXTS: [&str; 24] = [
    "it's \"q\" \\ back",
    "line1\nline2",
    "{{ x }}",
    "{{ request.object.metadata.name }}",
    "{{{{bad}}}}$($(x}${${",
    "x{{ request.object.metadata.name }}yqz",
    "${x} $(y)",
    "%s %d %%",
    "日本é😀\u{a0}",
    "\t tab \u{1}\u{7f}\u{2028}",
    "\u{0}\u{8}\u{b}\u{c}\r\u{1f}\u{80}\u{85}\u{9f}\u{a0}x",
    "  lead",
    "'+x+'",
    "trail \n",
    "; ",
    "{\"a\":1}",
    "<b>&amp;</b>",
    "null",
    "on",
    "#c",
    "- x: y",
    "\\u0041",
    "",
    " ",
];

const QUANTITIES: [&str; 44] = [
    "1",
    "4",
    "5",
    "500m",
    "4001m",
    "4000.5m",
    "3999.9m",
    "0.5",
    "4.",
    ".5",
    "+5",
    "-1",
    "-0.0005",
    "-4.0001",
    "5e0",
    "45000e-4",
    "0.005E3",
    "4e-20",
    "4.0000000000000000001",
    "3.9999999999999999999",
    "4000000000n",
    "4000000001n",
    "4000001u",
    "1Ki",
    "1.0009765625Ki",
    "0.1Ki",
    "2Mi",
    "1G",
    "1.5T",
    "7P",
    "9007199254740992",
    "9007199254740991999m",
    "9007199254740992.0001",
    "-9007199254740992",
    "-9007199254740992.0001",
    "9007199254740993",
    "8Pi",
    "1E",
    "100E",
    "1e300",
    "abc",
    " 5",
    "",
    "005",
];

/// The rules and the objects that they judge.
fn by_hand() -> (Program, Vec<Case>) {
    let mut sources = Sources::default();
    sources.add("hand.pol", BY_HAND);
    let program = match compile(&sources, &Options::default()) {
        Ok(compiled) => compiled.program,
        Err(diagnostics) => panic!("{diagnostics:#?}"),
    };
    let mut specs: Vec<Json> = Vec::new();
    for text in TEXTS {
        specs.push(json!({"containers": [{"name": text, "image": text}, {"name": "ok", "image": "aaaaaab"}], "initContainers": [null, {"name": "i"}]}));
    }
    specs.push(json!({"containers": TEXTS.map(|text| json!({"name": text}))}));
    for length in [1023, 1024, 1025, 1026, 5000] {
        for part in ["x", "é", "😀", "\n"] {
            specs.push(json!({"containers": [{"name": format!("a{}b", part.repeat(length - 2))}]}));
            specs.push(json!({"containers": [{"name": part.repeat(length / 2) + "b"}, {"name": part.repeat(length / 2 - 3) + "b"}]}));
        }
    }
    let with = |requests: Json, limits: Json| json!({"name": "ok", "resources": {"requests": requests, "limits": limits}});
    for quantity in QUANTITIES {
        specs.push(
            json!({"containers": [with(json!({"cpu": quantity, "memory": quantity, "hugepages-2Mi": quantity}), json!({"cpu": "4"}))]}),
        );
        specs.push(json!({"containers": [with(json!({"cpu": "4"}), json!({"cpu": quantity, "memory": quantity}))]}));
        specs.push(json!({"containers": [with(json!({"cpu": "1500m"}), json!({})), {"name": "ok"}], "overhead": {"cpu": quantity, "memory": "1Ki"},
            "initContainers": [{"name": "ok", "restartPolicy": "Always", "resources": {"requests": {"cpu": "2"}}}, with(json!({"cpu": "2001m"}), json!(null))]}));
        specs.push(json!({"containers": [with(json!({"cpu": "1"}), json!({}))], "resources": {"requests": {"cpu": quantity}, "limits": {"memory": quantity}}}));
    }
    for number in [json!(1), json!(5), json!(0.5), json!(4.5), json!(0.1), json!(1e-7), json!(1e21), json!(4.0001), json!(-1), json!(null)]
    {
        specs.push(json!({"containers": [with(json!({"cpu": number, "memory": number}), json!({"cpu": number}))]}));
    }
    let cases = specs.into_iter().enumerate().map(|(index, spec)| Case {
        object: if index % 2 == 0 {
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("hand-{index}"), "namespace": "default"}, "spec": spec})
        } else {
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": format!("hand-{index}"), "namespace": "default"}, "spec": {"template": {"spec": spec}}})
        },
        old_object: None,
        operation: Operation::Create,
        namespace_object: None,
        request: None,
        beside: None,
        origin: "by hand".to_owned(),
    });
    let cases = cases.collect();
    (program, cases)
}

/// What a program says of a case: of each rule that runs, by its place among `emitted`, the message where it fails.
fn expected(judge: &Judge, emitted: &[&Rule], case: &Case) -> BTreeMap<usize, Option<String>> {
    let (object, old) = (Node::from(&case.object), case.old_object.as_ref().map(Node::from));
    let request = Request { old_object: old.as_ref(), operation: case.operation, ..Request::create(&object) };
    judge
        .judge(&request)
        .filter_map(|outcome| match outcome.verdict {
            Verdict::Fail { message, .. } => Some((outcome.rule, Some(message))),
            Verdict::Skip if !emitted[outcome.rule].operations.contains(&case.operation) => None,
            Verdict::Pass | Verdict::Skip => Some((outcome.rule, None)),
            Verdict::NotJudged(_) => None,
        })
        .collect()
}

#[test]
fn the_embedded_engine_agrees() {
    let engine = Engine::new();
    let (mut judged, mut failed) = (0, 0);
    let mut wrong = Vec::new();
    let (program, cases) = by_hand();
    let emitted: Vec<&Rule> = rules(&program).filter(|rule| rule.unlowered.is_empty()).collect();
    let policies: Vec<_> = emitted
        .iter()
        .map(|rule| {
            let policy = lower(rule).unwrap_or_else(|unsupported| panic!("{}: {unsupported:?}", rule.id));
            let compiled = Compiled::new(&policy).unwrap_or_else(|error| panic!("{}: {error}", rule.id));
            (policy, compiled)
        })
        .collect();
    let judge = Judge::new(emitted.iter().copied());
    for case in &cases {
        let (object, old) = (Node::from(&case.object), case.old_object.as_ref().map(Node::from));
        let request = Request { old_object: old.as_ref(), operation: case.operation, ..Request::create(&object) };
        for (rule, expected) in expected(&judge, &emitted, case) {
            let (policy, compiled) = &policies[rule];
            let found = engine.judge(compiled, &request);
            judged += 1;
            failed += usize::from(expected.is_some());
            if found.as_ref() != Ok(&expected) && wrong.len() < 10 {
                let variables: Vec<String> = policy.variables.iter().map(|v| format!("{} = {}", v.name, print(&v.expr))).collect();
                wrong.push(format!(
                    "{}: expected {expected:?}, found {found:?}\n{}\n{}",
                    emitted[rule].id,
                    case.object,
                    variables.join("\n")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(judged > 700 && failed > 250, "{judged} judged, {failed} failed");
}

/// Kyverno judges each object by every policy.
#[test]
fn kyverno_agrees() {
    let Some(program) = support::engine::find("polc-kyverno", "emitted ClusterPolicies in Kyverno") else { return };
    let (mut judged, mut failed) = (0, 0);
    let mut wrong = Vec::new();
    let (compiled, cases) = by_hand();
    let emission = kyverno::emit(&compiled);
    let emitted: Vec<&Rule> =
        rules(&compiled).filter(|rule| emission.report.iter().any(|row| row.rule == rule.id && row.outcome == Outcome::Exact)).collect();
    assert_eq!(emitted.len(), 3, "{:?}", emission.diagnostics);
    let work = tempfile::tempdir().unwrap();
    for artifact in &emission.artifacts {
        let path = work.path().join(&artifact.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &artifact.contents).unwrap();
    }
    let engine = support::engine::Engine::start(&program, &[work.path().join(kyverno::NAME).to_str().unwrap()]);
    assert_eq!(engine.hello["refused"], json!([]));
    assert_eq!(engine.hello["rules"], emitted.len(), "every rule is loaded");
    let judge = Judge::new(emitted.iter().copied());
    let requests: Vec<Json> =
        cases.iter().map(|case| json!({"operation": case.operation, "object": case.object, "oldObject": case.old_object})).collect();
    for (case, answer) in cases.iter().zip(engine.answers(&requests)) {
        let expected = expected(&judge, &emitted, case);
        assert_eq!(answer["ran"], expected.len(), "the rules that ran on {}: {answer}", case.object);
        judged += expected.len();
        // Only what does not pass has a result.
        let expected: BTreeMap<String, String> =
            expected.into_iter().filter_map(|(rule, message)| Some((emitted[rule].id.replace('/', "-"), message?))).collect();
        failed += expected.len();
        let found: BTreeMap<String, String> = answer["results"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|result| {
                let message = match result["status"].as_str() {
                    Some("fail") => result["message"].as_str().unwrap().to_owned(),
                    _ => format!("neither pass nor fail: {result}"),
                };
                (result["policy"].as_str().unwrap().to_owned(), message)
            })
            .collect();
        if found != expected && wrong.len() < 10 {
            let differences: Vec<_> = expected
                .keys()
                .chain(found.keys())
                .filter(|policy| expected.get(*policy) != found.get(*policy))
                .map(|policy| format!("{policy}: expected {:?}, found {:?}", expected.get(policy), found.get(policy)))
                .collect();
            wrong.push(format!("{}\n{:?} {}", differences.join("\n"), case.operation, case.object));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(judged > 700 && failed > 250, "{judged} judged, {failed} failed");
}

/// What a reader of the policies sees is what the author wrote.
#[test]
fn texts_of_the_author_are_kept() {
    let (program, _) = by_hand();
    let emission = kyverno::emit(&program);
    let [artifact] = emission.artifacts.as_slice() else { panic!("{emission:?}") };
    assert_eq!(artifact.path, "kyverno/hand.yaml");
    let text = String::from_utf8(artifact.contents.clone()).unwrap();
    let policies = support::yaml_documents(&text);
    let descriptions: Vec<_> =
        policies.iter().map(|policy| &policy["metadata"]["annotations"]["policies.kyverno.io/description"]).collect();
    let doc = "Doc with {{ request.object.metadata.name }}, {{x}} $(serviceAccountName) ${y} \\ \"q\" 'a' # c: d\n- list";
    assert_eq!(descriptions, [&json!(doc), &json!("off\n"), &json!(null)]);
    // Readers of YAML 1.1 take `on` for true.
    let names: Vec<_> = policies.iter().map(|policy| &policy["spec"]["rules"][0]["name"]).collect();
    assert_eq!(names, ["hand-on", "texts", "requests"]);
    for policy in &policies {
        let cel = policy["spec"]["rules"][0]["validate"]["cel"].to_string();
        for mark in ["{{", "$(", "${"] {
            assert!(!cel.contains(mark), "{mark} in {cel}");
        }
    }
}
