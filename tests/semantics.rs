//! What the language means, decision by decision: a rule, an object, and what the reference evaluator says of it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use polc::compile::compile;
use polc::diagnostic::Sources;
use polc::eval::{Cluster, Judge, Request, Verdict};
use polc::ir::Operation;
use polc::object::Node;
use polc::resolve::Options;
use serde_json::{Value as Json, json};

/// A judge of one rule, whose clauses and statements these are.
fn judge_of(rule: &str) -> Judge {
    let source = format!("pack p\n\nrule r {{\n    {rule}\n}}\n");
    let mut sources = Sources::default();
    sources.add("p.pol", source.as_str());
    match compile(&sources, &Options::default()) {
        Ok(compiled) => Judge::of_program(&compiled.program),
        Err(found) => panic!("{source}\n{:#?}", found.iter().map(|found| (&found.message, &found.help)).collect::<Vec<_>>()),
    }
}

fn show(verdict: Verdict) -> String {
    match verdict {
        Verdict::Pass => "pass".to_owned(),
        Verdict::Skip => "skip".to_owned(),
        Verdict::NotJudged(_) => "not judged".to_owned(),
        Verdict::Fail { message, .. } => format!("fail: {message}"),
    }
}

/// What a rule says of an object that is created.
fn says(rule: &str, object: &Json) -> String {
    let object = Node::from(object);
    show(judge_of(rule).judge_by(0, &Request::create(&object)))
}

/// Asserts what a rule says of objects.
#[track_caller]
fn check(rule: &str, cases: &[(Json, &str)]) {
    let judge = judge_of(rule);
    for (object, expected) in cases {
        let node = Node::from(object);
        assert_eq!(show(judge.judge_by(0, &Request::create(&node))), *expected, "{rule}\n{object}");
    }
}

/// Asserts in which Pods a condition is true.
#[track_caller]
fn holds(condition: &str, cases: &[(Json, bool)]) {
    let require = judge_of(&format!("match Pod require {condition} message \"no\""));
    let forbid = judge_of(&format!("match Pod forbid {condition} message \"yes\""));
    for (spec, expected) in cases {
        let object = Node::from(&pod(spec));
        let request = Request::create(&object);
        let (require, forbid) = (show(require.judge_by(0, &request)), show(forbid.judge_by(0, &request)));
        let expected = if *expected { ("pass", "fail: yes") } else { ("fail: no", "pass") };
        assert_eq!((&*require, &*forbid), expected, "{condition}\n{spec}");
    }
}

/// Asserts what an expression prints as in the message about a Pod.
#[track_caller]
fn prints(expression: &str, cases: &[(Json, &str)]) {
    let judge = judge_of(&format!("match Pod require pod.metadata.name == \"nobody\" message \"<{{{expression}}}>\""));
    for (spec, expected) in cases {
        let object = Node::from(&pod(spec));
        assert_eq!(show(judge.judge_by(0, &Request::create(&object))), format!("fail: <{expected}>"), "{expression}\n{spec}");
    }
}

fn pod(spec: &Json) -> Json {
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a" }, "spec": spec })
}

fn deployment(spec: &Json) -> Json {
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "a" }, "spec": { "template": { "spec": spec } } })
}

fn container(fields: Json) -> Json {
    let mut container = json!({ "name": "c" });
    if let (Some(all), Json::Object(fields)) = (container.as_object_mut(), fields) {
        all.extend(fields);
    }
    json!({ "containers": [container] })
}

fn labelled(labels: Json) -> Json {
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a", "labels": labels }, "spec": {} })
}

mod absence {
    use super::*;

    #[test]
    fn null_is_absent() {
        holds("exists pod.spec.hostname", &[(json!({ "hostname": "x" }), true), (json!({ "hostname": null }), false), (json!({}), false)]);
        holds(
            "exists pod.spec.containers[*].lifecycle",
            &[(container(json!({ "lifecycle": null })), false), (container(json!({ "lifecycle": {} })), true)],
        );
    }

    #[test]
    fn null_in_a_map_of_strings_is_empty_and_present() {
        let rule = "match Pod require object.metadata.labels[\"app\"] == \"\" message \"app is {object.metadata.labels[\"app\"]}\"";
        check(
            rule,
            &[
                (labelled(json!({ "app": null })), "pass"),
                (labelled(json!({ "app": "" })), "pass"),
                (labelled(json!({ "app": "x" })), "fail: app is x"),
                (labelled(json!({})), "fail: app is <unset>"),
                (labelled(json!(null)), "fail: app is <unset>"),
            ],
        );
        check(
            "match Pod for k, v in object.metadata.labels { forbid v == \"\" message \"{k} is empty\" }",
            &[(labelled(json!({ "b": null, "a": "", "c": "x" })), "fail: a is empty; b is empty")],
        );
    }

    #[test]
    fn zero_is_absent_where_go_drops_it() {
        holds("exists pod.spec.hostNetwork", &[(json!({ "hostNetwork": false }), false), (json!({ "hostNetwork": true }), true)]);
        holds("exists pod.spec.hostname", &[(json!({ "hostname": "" }), false)]);
        holds("exists pod.spec.containers[*].image", &[(container(json!({ "image": "" })), false)]);
        holds(
            "any c in pod.allContainers: any p in c.ports: exists p.hostPort",
            &[
                (container(json!({ "ports": [{ "containerPort": 1, "hostPort": 0 }] })), false),
                (container(json!({ "ports": [{ "containerPort": 1, "hostPort": 1 }] })), true),
            ],
        );
    }

    #[test]
    fn zero_is_there_where_go_holds_a_pointer() {
        holds(
            "any c in pod.allContainers: exists c.securityContext.privileged",
            &[
                (container(json!({ "securityContext": { "privileged": false } })), true),
                (container(json!({ "securityContext": { "privileged": null } })), false),
            ],
        );
        holds("exists pod.spec.securityContext.runAsUser", &[(json!({ "securityContext": { "runAsUser": 0 } }), true)]);
        holds("pod.spec.securityContext.runAsUser == 0", &[(json!({ "securityContext": { "runAsUser": 0 } }), true), (json!({}), false)]);
    }

    #[test]
    fn lists_and_maps_exist_when_not_empty() {
        holds("exists pod.spec.volumes", &[(json!({ "volumes": [] }), false), (json!({ "volumes": [{ "name": "v" }] }), true)]);
        check(
            "match Pod require exists object.metadata.labels message \"none\"",
            &[(labelled(json!({})), "fail: none"), (labelled(json!({ "a": null })), "pass")],
        );
    }

    #[test]
    fn structs_behind_pointers_exist_when_empty_and_value_structs_do_not() {
        holds("exists pod.spec.securityContext", &[(json!({ "securityContext": {} }), true)]);
        holds(
            "any c in pod.allContainers: exists c.resources",
            &[
                (container(json!({ "resources": {} })), false),
                (container(json!({ "resources": { "limits": {} } })), false),
                (container(json!({ "resources": { "limits": { "cpu": "1" } } })), true),
            ],
        );
    }

    #[test]
    fn comparisons_with_absent_are_false() {
        for condition in [
            "pod.spec.hostname == \"x\"",
            "pod.spec.hostname in [\"x\", \"y\"]",
            "pod.spec.hostname like \"*\"",
            "pod.spec.hostname matches /.*/",
            "pod.spec.hostname contains \"\"",
            "pod.spec.priority == pod.spec.activeDeadlineSeconds",
        ] {
            holds(condition, &[(json!({}), false)]);
        }
    }

    #[test]
    fn orders_with_absent_are_false() {
        for condition in ["pod.spec.priority < 5", "pod.spec.priority <= 5", "pod.spec.priority > 5", "pod.spec.priority >= 5"] {
            let rule = format!("match Pod require {condition} message \"no\"");
            assert_eq!(says(&rule, &pod(&json!({}))), "fail: no", "{condition}");
        }
    }

    #[test]
    fn negations_are_the_contrary() {
        for condition in ["pod.spec.hostname != \"x\"", "pod.spec.hostname not in [\"x\"]", "pod.spec.hostname not like \"x*\""] {
            holds(condition, &[(json!({}), true), (json!({ "hostname": "x" }), false), (json!({ "hostname": "y" }), true)]);
        }
        holds(
            "any c in pod.allContainers: c.image != \"a\"",
            &[(json!({}), false), (container(json!({})), true), (container(json!({ "image": "a" })), false)],
        );
    }

    #[test]
    fn an_absent_boolean_is_false() {
        holds("pod.spec.hostPID", &[(json!({}), false), (json!({ "hostPID": true }), true)]);
        holds("not pod.spec.hostPID", &[(json!({}), true), (json!({ "hostPID": true }), false)]);
        holds("pod.spec.hostPID == pod.spec.hostIPC", &[(json!({}), false), (json!({ "hostPID": true, "hostIPC": true }), true)]);
    }

    #[test]
    fn coalesce_gives_the_first_that_is_there() {
        prints(
            "pod.spec.hostname ?? pod.spec.subdomain ?? \"none\"",
            &[(json!({ "hostname": "h", "subdomain": "s" }), "h"), (json!({ "subdomain": "s" }), "s"), (json!({}), "none")],
        );
        prints("pod.spec.hostname ?? pod.spec.subdomain", &[(json!({ "hostname": "" }), "<unset>")]);
    }

    #[test]
    fn let_may_be_absent() {
        check(
            "match Pod let h = pod.spec.hostname require exists h message \"no name: {h}\"",
            &[(pod(&json!({})), "fail: no name: <unset>"), (pod(&json!({ "hostname": "x" })), "pass")],
        );
    }

    #[test]
    fn lists_drop_what_is_absent() {
        prints("[pod.spec.hostname, \"x\", pod.spec.subdomain]", &[(json!({ "subdomain": "s" }), "x, s"), (json!({}), "x")]);
        prints(
            "pod.spec.containers[*].image",
            &[
                (json!({ "containers": [{ "name": "a" }, null, { "name": "b", "image": "i" }, { "name": "c", "image": "" }] }), "i"),
                (json!({}), ""),
            ],
        );
        holds("count(pod.spec.containers) == 1", &[(json!({ "containers": [null, { "name": "a" }] }), true)]);
    }
}

mod defaults {
    use super::*;

    #[test]
    fn fields_that_the_api_server_fills_in() {
        prints(
            "pod.spec.restartPolicy",
            &[(json!({}), "Always"), (json!({ "restartPolicy": "" }), "Always"), (json!({ "restartPolicy": "Never" }), "Never")],
        );
        prints("pod.spec.terminationGracePeriodSeconds", &[(json!({}), "30"), (json!({ "terminationGracePeriodSeconds": 5 }), "5")]);
        prints("pod.spec.terminationGracePeriodSeconds", &[(json!({ "terminationGracePeriodSeconds": 0 }), "0")]);
    }

    #[test]
    fn zero_is_filled_in_too() {
        check(
            "match Pod for c in pod.spec.containers { require c.livenessProbe.periodSeconds == 10 message \"period {c.livenessProbe.periodSeconds}\" }",
            &[
                (pod(&container(json!({ "livenessProbe": { "periodSeconds": 0 } }))), "pass"),
                (pod(&container(json!({ "livenessProbe": {} }))), "pass"),
                (pod(&container(json!({ "livenessProbe": { "periodSeconds": 7 } }))), "fail: period 7"),
                (pod(&container(json!({}))), "fail: period <unset>"),
            ],
        );
    }

    #[test]
    fn the_pull_policy_goes_by_the_tag() {
        let rule = "match workloads for c in pod.spec.containers { require c.imagePullPolicy == \"Never\" message \"{c.image}: {c.imagePullPolicy}\" }";
        for (image, policy) in [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("nginx:1", "IfNotPresent"),
            ("nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "IfNotPresent"),
        ] {
            let spec = container(json!({ "image": image }));
            assert_eq!(says(rule, &pod(&spec)), format!("fail: {image}: {policy}"));
            assert_eq!(says(rule, &deployment(&spec)), format!("fail: {image}: {policy}"));
        }
    }

    #[test]
    fn a_volume_without_a_source_is_an_empty_dir() {
        let rule = "match workloads for v in pod.spec.volumes { require exists v.emptyDir message \"volume {v.name}\" }";
        let spec = json!({ "volumes": [{ "name": "a" }, { "name": "b", "hostPath": { "path": "/" } }, { "name": "c", "emptyDir": {} }] });
        assert_eq!(says(rule, &pod(&spec)), "fail: volume b");
        assert_eq!(says(rule, &deployment(&spec)), "fail: volume b");
    }

    #[test]
    fn host_ports_of_the_host_network_are_filled_in_on_pods_only() {
        let rule =
            "match workloads for c in pod.containers { for p in c.ports { forbid exists p.hostPort message \"port {p.hostPort}\" } }";
        let mut spec = container(json!({ "ports": [{ "containerPort": 80 }] }));
        assert_eq!(says(rule, &pod(&spec)), "pass");
        spec.as_object_mut().unwrap().insert("hostNetwork".to_owned(), json!(true));
        assert_eq!(says(rule, &pod(&spec)), "fail: port 80");
        assert_eq!(says(rule, &deployment(&spec)), "pass");
    }

    #[test]
    fn limits_are_requests_on_pods_only() {
        let rule = "match workloads for c in pod.containers { require exists c.resources.requests[\"cpu\"] message \"got {c.name}\" }";
        let spec = container(json!({ "resources": { "limits": { "cpu": "1" } } }));
        assert_eq!(says(rule, &pod(&spec)), "pass");
        assert_eq!(says(rule, &deployment(&spec)), "fail: got c");
        let total = "match workloads require effectiveRequest(pod, \"cpu\") <= 500m message \"got {effectiveRequest(pod, \"cpu\")}\"";
        assert_eq!(says(total, &pod(&spec)), "fail: got 1");
        assert_eq!(says(total, &deployment(&spec)), "fail: got 1");
    }
}

mod numbers {
    use super::*;

    #[test]
    fn int_or_string_is_equal_within_one_kind() {
        let budget = |value: Json| json!({ "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {}, "spec": { "minAvailable": value } });
        check(
            "match PodDisruptionBudget require object.spec.minAvailable == 1 message \"got {object.spec.minAvailable}\"",
            &[
                (budget(json!(1)), "pass"),
                (budget(json!("1")), "fail: got 1"),
                (budget(json!("50%")), "fail: got 50%"),
                (budget(json!(null)), "fail: got <unset>"),
            ],
        );
        check(
            "match PodDisruptionBudget require percent(object.spec.minAvailable) <= 50 or asInt(object.spec.minAvailable) <= 2 message \"got {object.spec.minAvailable}\"",
            &[
                (budget(json!(2)), "pass"),
                (budget(json!(3)), "fail: got 3"),
                (budget(json!("50%")), "pass"),
                (budget(json!("51%")), "fail: got 51%"),
                (budget(json!("2")), "fail: got 2"),
                (budget(json!(null)), "fail: got <unset>"),
            ],
        );
    }

    #[test]
    fn quantities_compare_exactly() {
        let rule = "match Pod for c in pod.containers { forbid (c.resources.limits[\"cpu\"] ?? 0) > 500m message \"got {c.resources.limits[\"cpu\"]}\" }";
        let cpu = |value: Json| pod(&container(json!({ "resources": { "limits": { "cpu": value } } })));
        check(
            rule,
            &[
                (cpu(json!("500m")), "pass"),
                (cpu(json!("0.5")), "pass"),
                (cpu(json!(0.5)), "pass"),
                (cpu(json!("5e-1")), "pass"),
                (cpu(json!("500000u")), "pass"),
                (cpu(json!("501m")), "fail: got 501m"),
                (cpu(json!("0.5000000001")), "fail: got 501m"),
                (cpu(json!(1)), "fail: got 1"),
                (cpu(json!("1k")), "fail: got 1000"),
                (cpu(json!("1500m")), "fail: got 1500m"),
                (cpu(json!(null)), "pass"),
            ],
        );
    }

    #[test]
    fn what_cannot_be_read_fails() {
        let rule = "match Pod where pod.spec.hostPID for c in pod.containers { forbid (c.resources.limits[\"cpu\"] ?? 0) > 500m message \"got {c.name}\" }";
        for bad in [json!("x"), json!(""), json!("1K"), json!("10E"), json!(true), json!("1 ")] {
            let object = pod(&container(json!({ "resources": { "limits": { "cpu": bad } } })));
            let said = says(rule, &object);
            assert_eq!(said, "fail: cannot read `c.resources.limits[\"cpu\"]`", "{bad}");
        }
    }

    #[test]
    fn sums_and_extremes() {
        let ports =
            |ports: &[i64]| container(json!({ "ports": ports.iter().map(|port| json!({ "containerPort": port })).collect::<Vec<_>>() }));
        prints("sum c in pod.containers: count(c.ports)", &[(ports(&[1, 2, 3]), "3"), (json!({}), "0")]);
        prints("max p in pod.spec.containers[*].ports[*]: p.containerPort", &[(ports(&[1, 3, 2]), "3"), (json!({}), "<unset>")]);
        prints("min p in pod.spec.containers[*].ports[*]: p.containerPort", &[(ports(&[4, 3, 5]), "3"), (json!({}), "<unset>")]);
        prints("pod.spec.priority + 1", &[(json!({ "priority": 2 }), "3"), (json!({}), "<unset>")]);
    }

    #[test]
    fn wrong_types_cannot_be_read() {
        let rule = "match Pod for c in pod.allContainers { forbid c.securityContext.privileged message \"got {c.name}\" }";
        for (spec, path) in [
            (container(json!({ "securityContext": { "privileged": "yes" } })), "spec.containers[0].securityContext.privileged"),
            (container(json!({ "securityContext": [] })), "spec.containers[0].securityContext"),
            (json!({ "containers": {} }), "spec.containers"),
            (json!({ "initContainers": ["x"] }), "spec.initContainers[0]"),
        ] {
            assert_eq!(says(rule, &pod(&spec)), format!("fail: cannot read `{path}`"), "{spec}");
        }
    }
}

mod texts {
    use super::*;

    fn hostname(condition: &str, yes: &[&str], no: &[&str]) {
        let cases: Vec<_> = yes
            .iter()
            .map(|text| (json!({ "hostname": text }), true))
            .chain(no.iter().map(|text| (json!({ "hostname": text }), false)))
            .collect();
        holds(condition, &cases);
    }

    #[test]
    fn a_star_crosses_everything_and_nothing_else_is_special() {
        hostname("pod.spec.hostname like \"a*\"", &["a", "a/b", "a\nb", "a*"], &["b", "ba"]);
        hostname("pod.spec.hostname like \"*/x\"", &["/x", "a/b/x"], &["x", "a/x/"]);
        hostname("pod.spec.hostname like \"a?[b].\"", &["a?[b]."], &["axb.", "axbx"]);
        hostname("pod.spec.hostname like \"ab*ba\"", &["abba"], &["aba"]);
    }

    #[test]
    fn patterns_match_whole_texts() {
        hostname("pod.spec.hostname matches /[a-z]{2,3}/", &["ab", "abc"], &["a", "abcd", "xab ", "AB"]);
        hostname("pod.spec.hostname matches /a|bc/", &["a", "bc"], &["ac", "abc"]);
        hostname("pod.spec.hostname matches /a.c/", &["abc", "aéc", "a😀c"], &["a\nc", "ac"]);
        hostname("pod.spec.hostname matches /a.*/", &["a", "ab"], &["a\n"]);
    }

    #[test]
    fn texts_are_code_points() {
        prints("size(pod.spec.hostname)", &[(json!({ "hostname": "é😀e\u{301}" }), "4"), (json!({}), "<unset>")]);
        prints("lower(pod.spec.hostname)", &[(json!({ "hostname": "AÉ\u{212a}" }), "aÉ\u{212a}")]);
        prints("upper(pod.spec.hostname)", &[(json!({ "hostname": "aéß" }), "Aéß")]);
        hostname("pod.spec.hostname == \"é\"", &["\u{e9}"], &["e\u{301}"]);
        hostname("pod.spec.hostname contains \"é\"", &["aéb"], &["e"]);
    }

    #[test]
    fn images() {
        let rule = |part: &str| {
            format!(
                "match Pod for c in pod.allContainers {{ require image(c.image).{part} == \"nothing\" message \"<{{image(c.image).{part}}}>\" }}"
            )
        };
        let digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        for (image, registry, repository, tag, shown) in [
            ("nginx", "docker.io", "library/nginx", "latest", "<unset>"),
            ("nginx:1.2", "docker.io", "library/nginx", "1.2", "<unset>"),
            ("r.io:5/a/b:c", "r.io:5", "a/b", "c", "<unset>"),
            ("localhost/a@DIGEST", "localhost", "a", "<unset>", digest),
            ("a/b:c@DIGEST", "docker.io", "a/b", "c", digest),
        ] {
            let object = pod(&container(json!({ "image": image.replace("DIGEST", digest) })));
            for (part, expected) in [("registry", registry), ("repository", repository), ("tag", tag), ("digest", shown)] {
                assert_eq!(says(&rule(part), &object), format!("fail: <{expected}>"), "{image} {part}");
            }
        }
        assert_eq!(says(&rule("tag"), &pod(&container(json!({ "image": "Not An Image" })))), "fail: cannot read `c.image`");
        assert_eq!(says(&rule("tag"), &pod(&container(json!({})))), "fail: <<unset>>");
        let any = "match Pod for c in pod.allContainers { require isImage(c.image) message \"got {c.image}\" }";
        assert_eq!(says(any, &pod(&container(json!({ "image": "Not An Image" })))), "fail: got Not An Image");
        assert_eq!(says(any, &pod(&container(json!({ "image": "nginx:1" })))), "pass");
        assert_eq!(says(any, &pod(&container(json!({})))), "fail: got <unset>");
    }
}

mod messages {
    use super::*;

    #[test]
    fn values_are_shown_as_they_are() {
        prints("pod.spec.hostname", &[(json!({ "hostname": "a\nb\t\u{7f}\u{85}é😀{{x}}" }), "a\\nb\\u0009\\u007f\\u0085é😀{{x}}")]);
        prints("pod.spec.hostNetwork", &[(json!({ "hostNetwork": true }), "true"), (json!({}), "<unset>")]);
        prints("pod.spec.priority", &[(json!({ "priority": -7 }), "-7")]);
        prints("pod.spec.containers[*].name", &[(json!({ "containers": [{ "name": "a" }, { "name": "b" }] }), "a, b")]);
        prints("1500m", &[(json!({}), "1500m")]);
    }

    #[test]
    fn order_is_the_order_of_execution() {
        let rule = "match Pod for c in pod.allContainers { forbid exists c.name message \"1 {c.name}\" forbid exists c.name message \"2 {c.name}\" } forbid exists pod.metadata.name message \"3\"";
        let spec = json!({ "ephemeralContainers": [{ "name": "e" }], "containers": [{ "name": "c" }, { "name": "b" }], "initContainers": [{ "name": "i" }] });
        assert_eq!(says(rule, &pod(&spec)), "fail: 1 i; 2 i; 1 c; 2 c; 1 b; 2 b; 1 e; 2 e; 3");
    }

    #[test]
    fn maps_go_by_the_bytes_of_their_keys() {
        let rule = "match Pod for k, v in object.metadata.labels { forbid exists v message \"got {k}\" }";
        assert_eq!(says(rule, &labelled(json!({ "b": "", "é": "", "Z": "", "a": "" }))), "fail: got Z; got a; got b; got é");
    }

    #[test]
    fn parts_are_trimmed_and_the_whole_is_cut() {
        let rule = "match Pod for c in pod.allContainers { forbid exists c.name message \"  {c.name} is bad\\n\" }";
        assert_eq!(says(rule, &pod(&json!({ "containers": [{ "name": " \u{3000}a" }, { "name": "b" }] }))), "fail: a is bad; b is bad");
        let long = |length: usize| pod(&json!({ "containers": [{ "name": "é".repeat(length) }] }));
        assert_eq!(says(rule, &long(1017)), format!("fail: {} is bad", "é".repeat(1017)));
        assert_eq!(says(rule, &long(1018)), format!("fail: {} is b…", "é".repeat(1018)));
    }

    #[test]
    fn unique_names_the_later_element() {
        let rule = "match Pod require unique c in pod.allContainers by c.name message \"two containers are named {c.name}\"";
        let spec = json!({ "containers": [{ "name": "a" }, { "name": "b" }], "initContainers": [{ "name": "a" }], "ephemeralContainers": [{ "name": "a" }] });
        assert_eq!(says(rule, &pod(&spec)), "fail: two containers are named a; two containers are named a");
        assert_eq!(says(rule, &pod(&json!({ "containers": [{ "name": "a" }, { "name": "b" }] }))), "pass");
    }
}

mod matching {
    use super::*;

    #[test]
    fn other_kinds_are_skipped() {
        let rule = "match Pod forbid exists pod.metadata.name message \"yes\"";
        assert_eq!(says(rule, &deployment(&json!({}))), "skip");
        assert_eq!(says(rule, &pod(&json!({}))), "fail: yes");
    }

    #[test]
    fn where_skips_and_if_passes() {
        let windows = json!({ "os": { "name": "windows" } });
        assert_eq!(
            says("match Pod where pod.spec.os.name != \"windows\" forbid exists pod.metadata.name message \"yes\"", &pod(&windows)),
            "skip"
        );
        assert_eq!(
            says("match Pod if pod.spec.os.name != \"windows\" { forbid exists pod.metadata.name message \"yes\" }", &pod(&windows)),
            "pass"
        );
        assert_eq!(
            says(
                "match Pod if pod.spec.os.name == \"linux\" { forbid exists pod.metadata.name message \"a\" } else { forbid exists pod.metadata.name message \"b\" }",
                &pod(&windows)
            ),
            "fail: b"
        );
    }

    #[test]
    fn excepted_namespaces_never_cover_cluster_scoped_objects() {
        let rule = "match Pod, Namespace except namespaces \"team\" forbid exists object.metadata.name message \"yes\"";
        let in_namespace =
            |namespace: Json| json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a", "namespace": namespace } });
        assert_eq!(says(rule, &in_namespace(json!("team"))), "skip");
        assert_eq!(says(rule, &in_namespace(json!("other"))), "fail: yes");
        assert_eq!(says(rule, &in_namespace(json!(null))), "fail: yes");
        assert_eq!(says(rule, &json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "team" } })), "fail: yes");
        let object = Node::from(&in_namespace(json!(null)));
        let request = Request { default_namespace: Some("team"), ..Request::create(&object) };
        assert_eq!(show(judge_of(rule).judge_by(0, &request)), "skip");
        let default = "match Pod except namespaces \"default\" forbid exists object.metadata.name message \"yes\"";
        assert_eq!(says(default, &in_namespace(json!(null))), "skip", "without a namespace it is `default`");
    }

    #[test]
    fn updates_are_judged_with_the_old_object() {
        let judge =
            judge_of("match Deployment on update require unchanged object.metadata.labels[\"app\"] message \"the label app is immutable\"");
        let labelled = |labels: Json| {
            Node::from(&json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "a", "labels": labels } }))
        };
        let (plain, x, y) = (labelled(json!({})), labelled(json!({ "app": "x" })), labelled(json!({ "app": "y" })));
        assert_eq!(show(judge.judge_by(0, &Request::create(&plain))), "not judged");
        for (old, new, expected) in [
            (&plain, &plain, "pass"),
            (&x, &x, "pass"),
            (&x, &y, "fail: the label app is immutable"),
            (&x, &plain, "fail: the label app is immutable"),
            (&plain, &x, "fail: the label app is immutable"),
        ] {
            let request = Request { old_object: Some(old), operation: Operation::Update, ..Request::create(new) };
            assert_eq!(show(judge.judge_by(0, &request)), expected);
        }
    }

    #[test]
    fn what_is_on_delete_is_not_judged_on_create() {
        let judge = judge_of("match Pod on delete forbid object.metadata.labels[\"protect\"] == \"true\" message \"protected\"");
        let object = Node::from(&labelled(json!({ "protect": "true" })));
        assert_eq!(show(judge.judge_by(0, &Request::create(&object))), "not judged");
        assert_eq!(show(judge.judge_by(0, &Request { operation: Operation::Delete, ..Request::create(&object) })), "fail: protected");
        assert_eq!(
            show(judge.judge_by(0, &Request { operation: Operation::Update, old_object: Some(&object), ..Request::create(&object) })),
            "skip"
        );
    }

    #[test]
    fn the_namespace_is_absent_unknown_or_known() {
        let judge =
            judge_of("match ConfigMap, ClusterRole forbid namespaceObject.metadata.labels[\"env\"] == \"prod\" message \"in production\"");
        let config = Node::from(&json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" } }));
        let role = Node::from(&json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": "a" } }));
        let space =
            Node::from(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "default", "labels": { "env": "prod" } } }));
        let asked = Node::from(&json!({ "operation": "CREATE" }));
        for (object, space, asked, expected) in [
            (&config, None, None, "not judged"),
            (&config, Some(&space), None, "fail: in production"),
            (&config, None, Some(&asked), "fail: cannot read `namespaceObject`"),
            (&role, None, None, "pass"),
            (&role, Some(&space), None, "pass"),
        ] {
            let request = Request { namespace_object: space, request: asked, ..Request::create(object) };
            assert_eq!(show(judge.judge_by(0, &request)), expected);
        }
    }

    #[test]
    fn cluster_is_what_was_given_beside_the_object() {
        let judge = |body: &str| judge_of(&format!("match ConfigMap, Namespace, Deployment {body}"));
        let map = |name: &str, space: Option<&str>| {
            Node::from(&json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": space } }))
        };
        let space = Node::from(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "team" } }));
        let job = Node::from(&json!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "job" },
            "spec": { "jobTemplate": { "spec": { "template": { "metadata": { "labels": { "app": "j" } } } } } } }));
        let bare = Node::from(&json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "bare", "labels": { "app": "p" } } }));
        let old = Node::from(&json!({ "apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": { "name": "old" } }));
        let objects = [map("b", None), map("a", None), map("c", Some("team")), map("a", Some("team")), space.clone(), job, bare, old];
        let cluster = Cluster::new(&objects, "default");
        let said = |body: &str, object: &Node, namespace: Option<&str>| {
            let request = Request { cluster: Some(&cluster), default_namespace: namespace, ..Request::create(object) };
            show(judge(body).judge_by(0, &request))
        };
        let maps = "for m in cluster(ConfigMap) { forbid exists m.metadata.name message \"got {m.metadata.name}\" }";
        assert_eq!(show(judge(maps).judge_by(0, &Request::create(&objects[0]))), "not judged", "nothing is known");
        assert_eq!(said(maps, &objects[0], None), "fail: got a", "its own namespace, without itself");
        assert_eq!(said(maps, &map("x", None), None), "fail: got a; got b", "by name");
        assert_eq!(said(maps, &map("a", None), None), "fail: got b", "another version of it that is there is itself");
        assert_eq!(said(maps, &map("a", None), Some("team")), "fail: got c", "in the namespace that is the default");
        assert_eq!(said(maps, &map("a", Some("team")), None), "fail: got c");
        assert_eq!(said(maps, &map("a", Some("nowhere")), None), "pass");
        assert_eq!(said(maps, &space, None), "fail: got a; got b; got a; got c", "an object that lives in no namespace sees all");
        let spaces = "for n in cluster(Namespace) { forbid exists n.metadata.name message \"got {n.metadata.name}\" }";
        assert_eq!(said(spaces, &map("a", None), None), "fail: got team", "all of a kind that lives in none");
        assert_eq!(said(spaces, &space, None), "pass");
        let labels =
            "for w in cluster(workloads) { forbid exists w.metadata.name message \"got {w.kind} {podOf(w).metadata.labels[\"app\"]}\" }";
        assert_eq!(
            said(labels, &map("a", None), None),
            "fail: got Pod p; got CronJob j",
            "each Pod where its kind has it, of served versions"
        );
        assert_eq!(
            said("require count(cluster(ConfigMap)) == 1 message \"{count(cluster(ConfigMap))} maps\"", &map("x", None), None),
            "fail: 2 maps"
        );
        // An empty name or namespace is none.
        let nameless = Node::from(&json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "", "namespace": "" } }));
        assert_eq!(said(maps, &nameless, None), "fail: got a; got b");
    }

    #[test]
    fn what_is_not_known_of_a_cluster_fails_a_request_and_leaves_an_object_alone_unjudged() {
        let judge = judge_of("match ConfigMap require count(cluster(Secret)) == 0 or count(cluster(Pod)) == 0 message \"both\"");
        let object = Node::from(&json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" } }));
        let secret = Node::from(&json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "a" } }));
        let kinds = polc::schema::Schema::kubernetes().kinds().iter().map(|info| &info.kind);
        let kinds: Vec<_> =
            kinds.filter(|kind| kind.group.is_empty() && ["Pod", "Secret", "Service"].contains(&&*kind.kind)).cloned().collect();
        let asked = polc::eval::admission_request(
            polc::schema::Schema::kubernetes(),
            &Node::from(&json!({})),
            &object,
            Operation::Create,
            "default",
        );
        for (unknown, alone, requested) in [
            (&[][..], "pass", "pass"),
            (&["Service"], "pass", "pass"),
            (&["Secret"], "not judged", "fail: cannot read `cluster(Secret)`"),
            (&["Pod", "Secret"], "not judged", "fail: cannot read `cluster(Pod)`"),
        ] {
            let held = kinds.iter().filter(|kind| unknown.contains(&&*kind.kind)).cloned();
            let cluster = Cluster::new([&secret], "default").without(held);
            let request = Request { cluster: Some(&cluster), ..Request::create(&object) };
            assert_eq!(show(judge.judge_by(0, &request)), alone, "{unknown:?}");
            assert_eq!(show(judge.judge_by(0, &Request { request: Some(&asked), ..request })), requested, "{unknown:?}");
            let updated = Request { operation: Operation::Update, old_object: Some(&object), ..request };
            assert_eq!(show(judge.judge_by(0, &updated)), requested, "{unknown:?}");
        }
    }

    #[test]
    fn who_asks_is_not_known_of_a_manifest() {
        let judge = judge_of(
            "match ConfigMap except groups \"ops\" require request.userInfo.username == \"ann\" message \"{request.userInfo.username}: no\"",
        );
        let object = Node::from(&json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" } }));
        assert_eq!(show(judge.judge_by(0, &Request::create(&object))), "not judged");
        for (user, expected) in [
            (json!({ "username": "ann" }), "pass"),
            (json!({ "username": "bob", "groups": ["dev"] }), "fail: bob: no"),
            (json!({ "username": "bob", "groups": ["dev", "ops"] }), "skip"),
            (json!({}), "fail: <unset>: no"),
        ] {
            let asked = polc::eval::admission_request(
                polc::schema::Schema::kubernetes(),
                &Node::from(&json!({ "userInfo": user })),
                &object,
                Operation::Create,
                "default",
            );
            assert_eq!(asked.get("namespace").and_then(Node::as_str), Some("default"));
            assert_eq!(show(judge.judge_by(0, &Request { request: Some(&asked), ..Request::create(&object) })), expected);
        }
    }

    #[test]
    fn a_part_of_an_object_is_judged_by_the_rules_that_name_it() {
        let scale = json!({ "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": { "name": "a" }, "spec": { "replicas": 9 } });
        let pod = pod(&json!({ "hostNetwork": true }));
        let deployment = deployment(&json!({ "hostNetwork": true }));
        let of = |resource: &str, subresource: &str| json!({ "resource": { "group": "apps", "version": "v1", "resource": resource }, "subResource": subresource });
        let only = |subresource: &str| json!({ "subResource": subresource });
        let plain = "match Pod, Deployment forbid pod.spec.hostNetwork message \"host\"";
        let scales = "match Deployment/scale, StatefulSet/scale require object.spec.replicas < 5 message \"a {object.kind} of {object.spec.replicas}\"";
        let both = "match Deployment, Deployment/scale forbid object.metadata.name == \"a\" message \"a {object.kind}\"";
        let evicted = "match Pod/eviction require object.deleteOptions.gracePeriodSeconds > 1 message \"soon\"";
        let eviction = json!({ "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": "a" } });
        for (rule, object, asked, expected) in [
            (plain, &pod, None, "fail: host"),
            (plain, &pod, Some(json!({})), "fail: host"),
            (plain, &pod, Some(only("")), "fail: host"),
            (plain, &pod, Some(only("status")), "skip"),
            (plain, &pod, Some(only("ephemeralcontainers")), "fail: host"),
            (plain, &pod, Some(only("resize")), "fail: host"),
            (plain, &deployment, Some(only("status")), "skip"),
            (plain, &deployment, Some(only("resize")), "skip"),
            (plain, &scale, Some(of("deployments", "scale")), "skip"),
            ("match Pod on create forbid pod.spec.hostNetwork message \"host\"", &pod, Some(only("resize")), "skip"),
            ("match Pod/resize forbid pod.spec.hostNetwork message \"host\"", &pod, Some(only("resize")), "fail: host"),
            ("match Pod/resize forbid pod.spec.hostNetwork message \"host\"", &pod, Some(only("ephemeralcontainers")), "skip"),
            ("match Pod/resize forbid pod.spec.hostNetwork message \"host\"", &pod, Some(json!({})), "skip"),
            ("match Pod/resize forbid pod.spec.hostNetwork message \"host\"", &pod, None, "not judged"),
            (scales, &scale, None, "not judged"),
            (scales, &scale, Some(only("scale")), "not judged"),
            (scales, &scale, Some(json!({})), "skip"),
            (scales, &scale, Some(of("deployments", "scale")), "fail: a Scale of 9"),
            (scales, &scale, Some(of("statefulsets", "scale")), "fail: a Scale of 9"),
            (scales, &scale, Some(of("replicasets", "scale")), "skip"),
            (scales, &scale, Some(of("deployments", "status")), "skip"),
            (scales, &deployment, Some(of("deployments", "scale")), "skip"),
            (both, &deployment, None, "fail: a Deployment"),
            (both, &deployment, Some(only("status")), "skip"),
            (both, &scale, Some(of("deployments", "scale")), "fail: a Scale"),
            (both, &scale, Some(of("statefulsets", "scale")), "skip"),
            (
                evicted,
                &eviction,
                Some(json!({ "resource": { "version": "v1", "resource": "pods" }, "subResource": "eviction" })),
                "fail: soon",
            ),
        ] {
            let object = Node::from(object);
            let asked = asked.map(|asked| {
                polc::eval::admission_request(
                    polc::schema::Schema::kubernetes(),
                    &Node::from(&asked),
                    &object,
                    Operation::Create,
                    "default",
                )
            });
            let request = Request { request: asked.as_ref(), ..Request::create(&object) };
            assert_eq!(show(judge_of(rule).judge_by(0, &request)), expected, "{rule}\n{asked:?}");
        }
    }

    #[test]
    fn nothing_is_changed_in_a_part_of_an_object() {
        let mut sources = Sources::default();
        sources.add("p.pol", "pack p\n\nmutation m {\n    match Deployment\n    set object.metadata.labels[\"a\"] = \"b\"\n}\n");
        let program = compile(&sources, &Options::default()).unwrap().program;
        let mutator = polc::eval::change::Mutator::new(program.packs.values().flat_map(|pack| &pack.mutations).next().unwrap());
        let object = Node::from(&deployment(&json!({})));
        for (subresource, changes) in [("", true), ("status", false)] {
            let asked = Node::from(&json!({ "subResource": subresource }));
            let effect = mutator.mutate(&Request { request: Some(&asked), ..Request::create(&object) });
            assert_eq!(matches!(effect, polc::eval::change::Effect::Done(_)), changes, "{subresource}: {effect:?}");
        }
    }

    #[test]
    fn views_of_pods() {
        let rule = "match workloads for c in pod.sidecars { forbid exists c.name message \"got {c.name}\" }";
        let spec =
            json!({ "initContainers": [{ "name": "a", "restartPolicy": "Always" }, { "name": "b" }], "containers": [{ "name": "c" }] });
        assert_eq!(says(rule, &pod(&spec)), "fail: got a");
        let cron = json!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "a" }, "spec": { "jobTemplate": { "spec": { "template": { "spec": spec } } } } });
        assert_eq!(says(rule, &cron), "fail: got a");
        let owners = "match Pod for s in pod.securityContexts { forbid s.runAsUser == 0 message \"{s.owner} is root\" }";
        let spec = json!({ "securityContext": { "runAsUser": 0 }, "containers": [{ "name": "c", "securityContext": { "runAsUser": 0 } }, { "name": "d" }] });
        assert_eq!(says(owners, &pod(&spec)), "fail: the Pod is root; container c is root");
    }
}

mod structures {
    use super::*;

    #[test]
    fn structs_are_equal_as_they_are_written() {
        holds(
            "any c in pod.spec.containers: any i in pod.spec.initContainers: c.securityContext == i.securityContext",
            &[
                (
                    json!({ "containers": [{ "securityContext": { "privileged": true, "runAsUser": 1 } }], "initContainers": [{ "securityContext": { "runAsUser": 1, "privileged": true } }] }),
                    true,
                ),
                (
                    json!({ "containers": [{ "securityContext": { "privileged": true, "runAsUser": null } }], "initContainers": [{ "securityContext": { "privileged": true } }] }),
                    true,
                ),
                (
                    json!({ "containers": [{ "securityContext": { "privileged": true } }], "initContainers": [{ "securityContext": {} }] }),
                    false,
                ),
                (json!({ "containers": [{}], "initContainers": [{}] }), false),
            ],
        );
    }

    #[test]
    fn selectors() {
        let rule = "match Deployment require selects(object.spec.selector, pod.metadata.labels) message \"no\"";
        let object = |selector: Json, labels: Json| json!({ "apiVersion": "apps/v1", "kind": "Deployment", "spec": { "selector": selector, "template": { "metadata": { "labels": labels } } } });
        check(
            rule,
            &[
                (object(json!({ "matchLabels": { "a": "b" } }), json!({ "a": "b", "c": "d" })), "pass"),
                (object(json!({ "matchLabels": { "a": "b" } }), json!({ "a": "x" })), "fail: no"),
                (object(json!({}), json!({})), "pass"),
                (object(json!(null), json!({ "a": "b" })), "fail: no"),
                (
                    object(json!({ "matchExpressions": [{ "key": "a", "operator": "In", "values": ["x", "y"] }] }), json!({ "a": "y" })),
                    "pass",
                ),
                (object(json!({ "matchExpressions": [{ "key": "a", "operator": "NotIn", "values": ["x"] }] }), json!(null)), "pass"),
                (object(json!({ "matchExpressions": [{ "key": "a", "operator": "DoesNotExist" }] }), json!({ "a": "" })), "fail: no"),
            ],
        );
    }

    #[test]
    fn effective_requests() {
        let rule = "match workloads require effectiveRequest(pod, \"cpu\") <= 4 message \"the Pod asks for {effectiveRequest(pod, \"cpu\")} CPUs\"";
        let cpu = |value: Json| json!({ "name": "c", "resources": { "requests": { "cpu": value } } });
        let sidecar = |value: Json| json!({ "name": "s", "restartPolicy": "Always", "resources": { "requests": { "cpu": value } } });
        for (spec, expected) in [
            (json!({ "containers": [cpu(json!("100m"))], "initContainers": [cpu(json!("20m")), cpu(json!("30m"))] }), "pass"),
            (
                json!({ "containers": [cpu(json!("500m"))], "initContainers": [sidecar(json!(3)), cpu(json!("1.5"))] }),
                "fail: the Pod asks for 4500m CPUs",
            ),
            (json!({ "containers": [cpu(json!(2)), cpu(json!(3))] }), "fail: the Pod asks for 5 CPUs"),
            (json!({ "containers": [cpu(json!(2))], "overhead": { "cpu": "2100m" } }), "fail: the Pod asks for 4100m CPUs"),
            (json!({ "containers": [cpu(json!(2))], "resources": { "requests": { "cpu": "5" } } }), "fail: the Pod asks for 5 CPUs"),
            (json!({}), "pass"),
        ] {
            assert_eq!(says(rule, &pod(&spec)), expected, "{spec}");
        }
        assert!(says(rule, &pod(&json!({ "containers": [cpu(json!("x"))] }))).starts_with("fail: cannot read `"));
    }
}

mod places {
    use super::*;

    #[test]
    fn a_failure_points_at_its_first_check() {
        let judge =
            judge_of("match workloads for c in pod.allContainers { require c.securityContext.runAsNonRoot message \"got {c.name}\" }");
        let field = |object: Json| match judge.judge_by(0, &Request::create(&Node::from(&object))) {
            Verdict::Fail { field, .. } => field,
            other @ (Verdict::Pass | Verdict::Skip | Verdict::NotJudged(_)) => show(other),
        };
        let good = json!({ "name": "a", "securityContext": { "runAsNonRoot": true } });
        assert_eq!(field(pod(&json!({ "containers": [good, { "name": "b" }] }))), "spec.containers[1].securityContext.runAsNonRoot");
        assert_eq!(
            field(deployment(&json!({ "initContainers": [{ "name": "b" }] }))),
            "spec.template.spec.initContainers[0].securityContext.runAsNonRoot"
        );
    }
}
