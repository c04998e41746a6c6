//! Rules built by hand: what running them means. The language's decisions, written in `.pol`, are in `tests/semantics.rs`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::{Judge, Missing, Request, Verdict};
use crate::diagnostic::Span;
use crate::ir::{
    Action, Aggregate, Check, Cond, Const, Elements, Form, Function, Item, Kind, Message, Operation, Order, Piece, PodPath, Presence,
    Quantity, Read, Root, Rule, Severity, Slot, Source, Stmt, Targets, Ty, Value,
};
use crate::object::Node;
use serde_json::{Value as Json, json};
use std::sync::LazyLock;

static GIVEN: LazyLock<Node> = LazyLock::new(|| Node::from(&json!({ "metadata": {} })));

fn kind(group: &str, version: &str, kind: &str, namespaced: bool, pod: Option<PodPath>) -> Kind {
    Kind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        resource: kind.to_lowercase() + "s",
        subresource: None,
        namespaced,
        pod,
    }
}

fn rule(body: Vec<Stmt>) -> Rule {
    Rule {
        id: "p/r".to_owned(),
        name: "r".to_owned(),
        doc: String::new(),
        severity: Severity::Medium,
        action: Action::Deny,
        tags: Vec::new(),
        docs: None,
        targets: Targets::All,
        kinds: vec![
            kind("", "v1", "Pod", true, Some(PodPath::Object)),
            kind("apps", "v1", "Deployment", true, Some(PodPath::SpecTemplate)),
            kind("", "v1", "Namespace", false, None),
        ],
        operations: [Operation::Create, Operation::Update].into(),
        reads: Vec::new(),
        applies: Cond::Const(true),
        body,
        slots: 8,
        apart: None,
        unlowered: Vec::new(),
        looks_at_others: None,
        span: Span::default(),
    }
}

fn field(of: Value, name: &str, ty: Ty) -> Value {
    Value::Field { of: Box::new(of), name: name.to_owned(), presence: Presence::Written, default: None, ty }
}

fn counted(of: Value, name: &str, presence: Presence, ty: Ty) -> Value {
    Value::Field { of: Box::new(of), name: name.to_owned(), presence, default: None, ty }
}

fn defaulted(of: Value, name: &str, ty: Ty, default: Const) -> Value {
    Value::Field {
        of: Box::new(of),
        name: name.to_owned(),
        presence: Presence::NonZero,
        default: Some(Box::new(Value::Const(default))),
        ty,
    }
}

fn strukt(of: Value, name: &str) -> Value {
    field(of, name, Ty::named(name))
}

fn list(of: Value, name: &str) -> Value {
    counted(of, name, Presence::NonEmpty, Ty::List(Box::new(Ty::Any)))
}

fn entry(of: Value, key: &str, ty: Ty) -> Value {
    Value::Entry { of: Box::new(of), key: Box::new(text(key)), default: None, ty }
}

fn text(text: &str) -> Value {
    Value::Const(Const::String(text.to_owned()))
}

fn spec() -> Value {
    strukt(Value::Root(Root::Pod), "spec")
}

fn labels() -> Value {
    counted(strukt(Value::Root(Root::Object), "metadata"), "labels", Presence::NonEmpty, Ty::Map(Box::new(Ty::String)))
}

fn var(slot: u32) -> Value {
    Value::Var(Slot(slot))
}

fn each(slot: u32, lists: Vec<Value>) -> Source {
    Source { slot: Slot(slot), key: None, of: Elements::Lists(lists), filter: None, ty: Ty::named("x") }
}

fn check(fails: Cond, message: Vec<Piece>, subject: Option<Value>) -> Stmt {
    Stmt::Check(Check { fails, message: Message { parts: message }, subject, span: Span::default() })
}

fn says(text: &str) -> Vec<Piece> {
    vec![Piece::Text(text.to_owned())]
}

fn shows(value: Value, ty: Ty) -> Vec<Piece> {
    vec![Piece::Text("got ".to_owned()), Piece::Value(value, ty)]
}

fn judge_as(rule: &Rule, object: Json, change: impl FnOnce(&mut Request<'_>)) -> Verdict {
    let object = Node::from(&object);
    let judge = Judge::new([rule]);
    let mut request = Request::create(&object);
    change(&mut request);
    let outcomes: Vec<_> = judge.judge(&request).map(|outcome| outcome.verdict).collect();
    let alone = judge.judge_by(0, &request);
    assert_eq!(outcomes.first().unwrap_or(&Verdict::Skip), &alone);
    alone
}

fn judge(rule: &Rule, object: Json) -> Verdict {
    judge_as(rule, object, |_| ())
}

/// The message of a failure.
fn message(rule: &Rule, object: Json) -> String {
    match judge(rule, object) {
        Verdict::Fail { message, .. } => message,
        Verdict::Pass => "PASS".to_owned(),
        Verdict::Skip => "SKIP".to_owned(),
        Verdict::NotJudged(missing) => missing.to_string(),
    }
}

/// Message and field of a failure.
fn failure(rule: &Rule, object: Json) -> (String, String) {
    match judge(rule, object) {
        Verdict::Fail { message, field, .. } => (message, field),
        other @ (Verdict::Pass | Verdict::Skip | Verdict::NotJudged(_)) => (format!("{other:?}"), String::new()),
    }
}

fn pod(spec: Json) -> Json {
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a" }, "spec": spec })
}

/// What a value prints as in a Pod.
fn value_of(value: Value, ty: Ty, spec: Json) -> String {
    let parts = vec![Piece::Text("<".to_owned()), Piece::Value(value, ty), Piece::Text(">".to_owned())];
    let printed = message(&rule(vec![check(Cond::Const(true), parts, None)]), pod(spec));
    printed.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(&printed).to_owned()
}

fn privileged() -> Rule {
    let flag = field(strukt(var(0), "securityContext"), "privileged", Ty::Bool);
    rule(vec![Stmt::For {
        source: each(0, vec![list(spec(), "initContainers"), list(spec(), "containers"), list(spec(), "ephemeralContainers")]),
        body: vec![check(
            Cond::True(flag.clone()),
            vec![
                Piece::Text("container ".to_owned()),
                Piece::Value(field(var(0), "name", Ty::String), Ty::String),
                Piece::Text(" is privileged".to_owned()),
            ],
            Some(flag),
        )],
    }])
}

#[test]
fn judges_every_list_in_order() {
    let bad = |name: &str| json!({ "name": name, "securityContext": { "privileged": true } });
    let all =
        pod(json!({ "containers": [bad("a"), { "name": "b" }, null], "initContainers": [bad("i")], "ephemeralContainers": [bad("e")] }));
    assert_eq!(
        failure(&privileged(), all),
        (
            "container i is privileged; container a is privileged; container e is privileged".to_owned(),
            "spec.initContainers[0].securityContext.privileged".to_owned()
        )
    );
    assert_eq!(
        judge(&privileged(), pod(json!({ "containers": [{ "name": "a", "securityContext": null }], "initContainers": null }))),
        Verdict::Pass
    );
    assert_eq!(judge(&privileged(), json!({ "apiVersion": "v1", "kind": "Pod" })), Verdict::Pass);
}

#[test]
fn finds_the_pod_of_each_kind() {
    let spec = json!({ "containers": [{ "name": "a", "securityContext": { "privileged": true } }] });
    let deployment = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "spec": { "template": { "spec": spec } } });
    assert_eq!(failure(&privileged(), deployment).1, "spec.template.spec.containers[0].securityContext.privileged");
    let other = json!({ "apiVersion": "apps/v1beta1", "kind": "Deployment", "spec": { "template": { "spec": spec } } });
    assert_eq!(judge(&privileged(), other), Verdict::Skip);
    assert_eq!(judge(&privileged(), json!({ "apiVersion": "v1", "kind": "Service" })), Verdict::Skip);
    assert_eq!(judge(&privileged(), json!([])), Verdict::Skip);
    assert_eq!(judge(&privileged(), json!({ "apiVersion": "v1", "kind": "Namespace" })), Verdict::Pass, "there is no Pod in it");
}

#[test]
fn rules_of_other_kinds_have_no_outcome() {
    let mut services = privileged();
    services.kinds = vec![kind("", "v1", "Service", true, None)];
    services.id = "p/services".to_owned();
    let judge = Judge::new([&services, &privileged()]);
    let object = Node::from(&pod(json!({})));
    let request = Request::create(&object);
    let outcomes: Vec<_> = judge.judge(&request).collect();
    assert_eq!(outcomes.iter().map(|outcome| outcome.rule).collect::<Vec<_>>(), [1]);
    assert_eq!((judge.len(), judge.is_empty(), judge.id(0), judge.id(1), judge.id(2)), (2, false, Some("p/services"), Some("p/r"), None));
    assert_eq!(judge.judge_by(0, &request), Verdict::Skip);
    assert_eq!(judge.judge_by(2, &request), Verdict::Skip);
}

#[test]
fn wrong_types_cannot_be_read() {
    for (spec, path) in [
        (json!({ "containers": [{ "securityContext": { "privileged": "yes" } }] }), "spec.containers[0].securityContext.privileged"),
        (json!({ "containers": [{}, { "securityContext": [] }] }), "spec.containers[1].securityContext"),
        (json!({ "containers": "x" }), "spec.containers"),
        (json!({ "containers": [1] }), "spec.containers[0]"),
        (json!([]), "spec"),
        (json!({ "containers": [{ "name": 5, "securityContext": { "privileged": true } }] }), "spec.containers[0].name"),
    ] {
        assert_eq!(failure(&privileged(), pod(spec)), (format!("cannot read `{path}`"), path.to_owned()));
    }
}

#[test]
fn points_at_the_deepest_part_that_is_there() {
    let flag = field(strukt(var(0), "securityContext"), "privileged", Ty::Bool);
    let rule = rule(vec![Stmt::For {
        source: each(0, vec![list(spec(), "containers")]),
        body: vec![check(Cond::Not(Box::new(Cond::Exists(flag.clone()))), says("missing"), Some(flag))],
    }]);
    let mut object = Node::from(&pod(json!({ "containers": [{ "name": "a" }] })));
    number(&mut object, &mut 0);
    let judge = Judge::new([&rule]);
    let request = Request::create(&object);
    let container = object.get("spec").and_then(|spec| spec.get("containers")).and_then(|list| list.items().first()).unwrap();
    assert_eq!(
        judge.judge_by(0, &request),
        Verdict::Fail {
            message: "missing".to_owned(),
            field: "spec.containers[0].securityContext.privileged".to_owned(),
            line: container.line,
            column: container.column
        }
    );
}

/// Gives each node a line of its own.
fn number(node: &mut Node, next: &mut u32) {
    *next += 1;
    (node.line, node.column) = (*next, *next + 100);
    match &mut node.value {
        crate::object::Value::List(items) => items.iter_mut().for_each(|item| number(item, next)),
        crate::object::Value::Map(entries) => entries.iter_mut().for_each(|(_, value)| number(value, next)),
        crate::object::Value::Null
        | crate::object::Value::Bool(_)
        | crate::object::Value::Int(_)
        | crate::object::Value::Float(_)
        | crate::object::Value::String(_) => {}
    }
}

#[test]
fn a_check_without_subject_is_about_the_object() {
    assert_eq!(failure(&rule(vec![check(Cond::Const(true), says("no"), None)]), pod(json!({}))), ("no".to_owned(), String::new()));
    let labelled = check(Cond::Const(true), says("no"), Some(entry(labels(), "a.b/c", Ty::String)));
    assert_eq!(failure(&rule(vec![labelled.clone()]), pod(json!({}))).1, "metadata.labels[\"a.b/c\"]");
    let mut object = pod(json!({}));
    object["metadata"]["labels"] = json!({ "a.b/c": "x" });
    assert_eq!(failure(&rule(vec![labelled]), object).1, "metadata.labels[\"a.b/c\"]");
}

#[test]
fn where_is_judged_after_reads() {
    let image = field(var(0), "image", Ty::String);
    let mut rule = rule(vec![check(Cond::Const(true), says("no"), None)]);
    rule.applies = Cond::Const(false);
    rule.reads = vec![Read {
        path: "c.image".to_owned(),
        sources: vec![each(0, vec![list(spec(), "containers")])],
        value: image,
        form: Form::Image,
    }];
    assert_eq!(judge(&rule, pod(json!({ "containers": [{ "image": "nginx:1" }, {}] }))), Verdict::Skip);
    assert_eq!(
        failure(&rule, pod(json!({ "containers": [{ "image": "nginx:1" }, { "image": "Not an image" }] }))),
        ("cannot read `c.image`".to_owned(), "spec.containers[1].image".to_owned())
    );
    assert_eq!(failure(&rule, pod(json!({ "containers": [{ "image": 5 }] }))).0, "cannot read `c.image`");
}

#[test]
fn forms_of_reads() {
    for (form, good, bad) in [
        (Form::Quantity, vec![json!("1"), json!(0.5), json!(3), json!(null)], vec![json!("1x"), json!("9Ei"), json!(true), json!("")]),
        (Form::Image, vec![json!("a"), json!(null)], vec![json!(""), json!("A")]),
        (Form::Duration, vec![json!("1h30m"), json!("0"), json!(null)], vec![json!("5"), json!(5), json!("")]),
    ] {
        let ty = if form == Form::Quantity { Ty::Quantity } else { Ty::String };
        let mut rule = rule(Vec::new());
        rule.reads = vec![Read { path: "x".to_owned(), sources: Vec::new(), value: field(spec(), "x", ty), form }];
        for value in good {
            assert_eq!(judge(&rule, pod(json!({ "x": value }))), Verdict::Pass, "{form:?} {value}");
        }
        for value in bad {
            assert_eq!(message(&rule, pod(json!({ "x": value }))), "cannot read `x`", "{form:?} {value}");
        }
    }
}

#[test]
fn what_is_not_given_is_not_judged() {
    let reads = |root| rule(vec![check(Cond::Exists(strukt(Value::Root(root), "metadata")), says("no"), None)]);
    assert_eq!(judge(&reads(Root::OldObject), pod(json!({}))), Verdict::NotJudged(Missing::OldObject));
    assert_eq!(judge(&reads(Root::NamespaceObject), pod(json!({}))), Verdict::NotJudged(Missing::NamespaceObject));
    assert_eq!(judge(&reads(Root::Request), pod(json!({}))), Verdict::NotJudged(Missing::Request));
    let failed = |verdict: Verdict| matches!(verdict, Verdict::Fail { .. });
    assert!(failed(judge_as(&reads(Root::OldObject), pod(json!({})), |request| request.old_object = Some(&GIVEN))));
    assert!(failed(judge_as(&reads(Root::NamespaceObject), pod(json!({})), |request| request.namespace_object = Some(&GIVEN))));
    assert!(failed(judge_as(&reads(Root::Request), pod(json!({})), |request| request.request = Some(&GIVEN))));
    let mut update = rule(Vec::new());
    update.operations = [Operation::Update].into();
    assert_eq!(judge(&update, pod(json!({}))), Verdict::NotJudged(Missing::Operation));
    assert_eq!(judge_as(&update, pod(json!({})), |request| request.operation = Operation::Delete), Verdict::Skip);
    assert_eq!(judge_as(&update, pod(json!({})), |request| request.operation = Operation::Update), Verdict::Pass);
}

#[test]
fn the_namespace_of_an_object_that_names_none() {
    let namespace = counted(strukt(Value::Root(Root::Object), "metadata"), "namespace", Presence::NonZero, Ty::String);
    let of_pod = counted(strukt(Value::Root(Root::Pod), "metadata"), "namespace", Presence::NonZero, Ty::String);
    let shown = |value: &Value, object: Json| {
        let rule = rule(vec![check(Cond::Const(true), shows(value.clone(), Ty::String), None)]);
        match judge_as(&rule, object, |request| request.default_namespace = Some("team")) {
            Verdict::Fail { message, .. } => message,
            other @ (Verdict::Pass | Verdict::Skip | Verdict::NotJudged(_)) => format!("{other:?}"),
        }
    };
    assert_eq!(shown(&namespace, pod(json!({}))), "got team");
    assert_eq!(shown(&namespace, json!({ "apiVersion": "v1", "kind": "Pod" })), "got team");
    assert_eq!(shown(&namespace, json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "namespace": "x" } })), "got x");
    assert_eq!(shown(&namespace, json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": {} })), "got <unset>", "it lives in none");
    assert_eq!(shown(&of_pod, pod(json!({}))), "got team");
    let deployment = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "spec": { "template": { "metadata": {} } } });
    assert_eq!(shown(&of_pod, deployment), "got <unset>", "a template is no object");
}

#[test]
fn presence_and_defaults() {
    let number = |presence| counted(spec(), "x", presence, Ty::Int);
    let of = |value: Value, spec| value_of(value, Ty::Int, spec);
    assert_eq!(of(number(Presence::Written), json!({ "x": 0 })), "0");
    assert_eq!(of(number(Presence::Written), json!({ "x": null })), "<unset>");
    assert_eq!(of(number(Presence::NonZero), json!({ "x": 0 })), "<unset>");
    assert_eq!(of(number(Presence::NonZero), json!({ "x": 0.0 })), "<unset>");
    assert_eq!(of(number(Presence::NonZero), json!({ "x": 2.0 })), "2");
    let flag = counted(spec(), "x", Presence::NonZero, Ty::Bool);
    assert_eq!(value_of(flag, Ty::Bool, json!({ "x": false })), "<unset>");
    let string = counted(spec(), "x", Presence::NonZero, Ty::String);
    assert_eq!(value_of(string, Ty::String, json!({ "x": "" })), "<unset>");
    for empty in [json!([]), json!(null)] {
        assert_eq!(value_of(list(spec(), "x"), Ty::List(Box::new(Ty::String)), json!({ "x": empty })), "<unset>");
    }
    let with_default = || defaulted(spec(), "x", Ty::Int, Const::Int(30));
    assert_eq!(of(with_default(), json!({ "x": 0 })), "30");
    assert_eq!(of(with_default(), json!({})), "30");
    assert_eq!(of(with_default(), json!({ "x": 5 })), "5");
    assert_eq!(of(with_default(), json!(null)), "<unset>", "no parent, no default");
}

#[test]
fn entries_of_maps() {
    let strings = |name| counted(spec(), name, Presence::NonEmpty, Ty::Map(Box::new(Ty::String)));
    assert_eq!(value_of(entry(strings("m"), "k", Ty::String), Ty::String, json!({ "m": { "k": null } })), "");
    assert_eq!(value_of(entry(strings("m"), "k", Ty::String), Ty::String, json!({ "m": { "k": "v" } })), "v");
    assert_eq!(value_of(entry(strings("m"), "k", Ty::String), Ty::String, json!({ "m": {} })), "<unset>");
    assert_eq!(value_of(entry(strings("m"), "k", Ty::String), Ty::String, json!({})), "<unset>");
    let quantity = |default: Option<Const>| Value::Entry {
        of: Box::new(counted(spec(), "m", Presence::NonEmpty, Ty::Map(Box::new(Ty::Quantity)))),
        key: Box::new(text("k")),
        default: default.map(|default| Box::new(Value::Const(default))),
        ty: Ty::Quantity,
    };
    assert_eq!(value_of(quantity(None), Ty::Quantity, json!({ "m": { "k": null } })), "<unset>");
    assert_eq!(value_of(quantity(None), Ty::Quantity, json!({ "m": { "k": "1.5" } })), "1500m");
    assert_eq!(value_of(quantity(None), Ty::Quantity, json!({ "m": { "k": 2 } })), "2");
    let one = || Some(Const::Quantity(Quantity { milli: 1000 }));
    assert_eq!(value_of(quantity(one()), Ty::Quantity, json!({})), "1", "a default of an entry needs no map");
    assert_eq!(value_of(quantity(one()), Ty::Quantity, json!({ "m": { "k": 3 } })), "3");
}

#[test]
fn maps_go_by_the_bytes_of_their_keys() {
    let source = Source { key: Some(Slot(1)), of: Elements::Map(labels()), ty: Ty::String, ..each(0, Vec::new()) };
    let rule = rule(vec![Stmt::For {
        source,
        body: vec![check(
            Cond::Const(true),
            vec![Piece::Value(var(1), Ty::String), Piece::Text("=".to_owned()), Piece::Value(var(0), Ty::String)],
            Some(var(0)),
        )],
    }]);
    let mut object = pod(json!({}));
    object["metadata"]["labels"] = json!({ "b": "2", "é": "4", "Z": "0", "a": null, "😀": "5", "c": "3" });
    assert_eq!(failure(&rule, object), ("Z=0; a=; b=2; c=3; é=4; 😀=5".to_owned(), "metadata.labels.Z".to_owned()));
}

#[test]
fn indices_count_null_elements() {
    let rule = rule(vec![Stmt::For {
        source: Source { key: Some(Slot(1)), ..each(0, vec![list(spec(), "containers")]) },
        body: vec![check(Cond::Const(true), shows(var(1), Ty::Int), None)],
    }]);
    assert_eq!(message(&rule, pod(json!({ "containers": [null, {}, null, {}] }))), "got 1; got 3");
}

#[test]
fn repeated_keys_are_about_the_later_element() {
    let rule = rule(vec![Stmt::Unique {
        source: each(0, vec![list(spec(), "containers")]),
        keys: vec![field(var(0), "name", Ty::String), field(var(0), "port", Ty::Int)],
        message: Message { parts: shows(field(var(0), "id", Ty::Int), Ty::Int) },
        span: Span::default(),
    }]);
    let containers = json!([
        { "id": 0, "name": "a" }, { "id": 1, "name": "a", "port": 1 }, { "id": 2, "name": "a" }, { "id": 3 }, { "id": 4, "name": null }, { "id": 5, "name": "a" }
    ]);
    assert_eq!(
        failure(&rule, pod(json!({ "containers": containers }))),
        ("got 2; got 4; got 5".to_owned(), "spec.containers[2]".to_owned())
    );
}

#[test]
fn comparisons_with_absent_are_false() {
    let cond = |cond: Cond, x: Json| judge(&rule(vec![check(cond, says("yes"), None)]), pod(json!({ "x": x }))) != Verdict::Pass;
    let x = |ty| field(spec(), "x", ty);
    let compare = |op, right: i64| Cond::Compare { op, left: x(Ty::Int), right: Value::Const(Const::Int(right)), ty: Ty::Int };
    for (op, less, equal, more) in [
        (Order::Eq, false, true, false),
        (Order::Lt, true, false, false),
        (Order::Le, true, true, false),
        (Order::Gt, false, false, true),
        (Order::Ge, false, true, true),
    ] {
        for (value, holds) in [(json!(1), less), (json!(2), equal), (json!(3), more), (json!(null), false)] {
            assert_eq!(cond(compare(op, 2), value.clone()), holds, "{value} {op:?} 2");
        }
    }
    let either = |value: Const| Cond::Compare { op: Order::Eq, left: x(Ty::IntOrString), right: Value::Const(value), ty: Ty::IntOrString };
    assert!(cond(either(Const::Int(1)), json!(1)));
    assert!(!cond(either(Const::Int(1)), json!("1")));
    assert!(cond(either(Const::String("1".to_owned())), json!("1")));
    assert!(!cond(either(Const::String("1".to_owned())), json!(1)));
    let quantity = Cond::Compare {
        op: Order::Ge,
        left: x(Ty::Quantity),
        right: Value::Const(Const::Quantity(Quantity { milli: 500 })),
        ty: Ty::Quantity,
    };
    assert!(cond(quantity.clone(), json!("0.5")));
    assert!(cond(quantity.clone(), json!(1)));
    assert!(!cond(quantity.clone(), json!("499m")));
    assert_eq!(message(&rule(vec![check(quantity, says("yes"), None)]), pod(json!({ "x": "x" }))), "cannot read `spec.x`");
    let within = |list: Vec<&str>| Cond::In {
        item: x(Ty::String),
        list: Value::Const(Const::List(list.into_iter().map(|item| Const::String(item.to_owned())).collect())),
        ty: Ty::String,
    };
    assert!(cond(within(vec!["a", "b"]), json!("b")));
    assert!(!cond(within(vec!["a", "b"]), json!("c")));
    assert!(!cond(within(vec![]), json!("c")));
    assert!(!cond(within(vec!["a", ""]), json!(null)));
}

#[test]
fn connectives_and_quantifiers() {
    let any = |cond| Cond::Any(Box::new(each(0, vec![list(spec(), "containers")])), Box::new(cond));
    let all = |cond| Cond::All(Box::new(each(0, vec![list(spec(), "containers")])), Box::new(cond));
    let good = || Cond::True(field(var(0), "good", Ty::Bool));
    let holds = |cond: Cond, goods: &[bool]| {
        let containers: Vec<_> = goods.iter().map(|good| json!({ "good": good })).collect();
        judge(&rule(vec![check(cond, says("yes"), None)]), pod(json!({ "containers": containers }))) != Verdict::Pass
    };
    for (goods, expect_any, expect_all) in
        [(&[][..], false, true), (&[true], true, true), (&[false], false, false), (&[false, true], true, false)]
    {
        assert_eq!(holds(any(good()), goods), expect_any);
        assert_eq!(holds(all(good()), goods), expect_all);
    }
    assert!(holds(Cond::And(vec![]), &[]));
    assert!(!holds(Cond::Or(vec![]), &[]));
    assert!(holds(Cond::And(vec![Cond::Const(true), Cond::Not(Box::new(Cond::Const(false)))]), &[]));
    assert!(holds(Cond::Or(vec![Cond::Const(false), Cond::Const(true)]), &[]));
}

#[test]
fn numbers_over_lists() {
    let cpu = |slot| Item::One(field(var(slot), "x", Ty::Int));
    let items = || vec![Item::Each(Box::new(each(0, vec![list(spec(), "containers")])), vec![cpu(0)])];
    let of = |op, spec| value_of(Value::Aggregate { op, items: items(), ty: Ty::Int }, Ty::Int, spec);
    let spec = || json!({ "containers": [{ "x": 3 }, {}, { "x": -1 }, null] });
    assert_eq!(of(Aggregate::Count, spec()), "2");
    assert_eq!(of(Aggregate::Sum, spec()), "2");
    assert_eq!(of(Aggregate::Min, spec()), "-1");
    assert_eq!(of(Aggregate::Max, spec()), "3");
    assert_eq!(of(Aggregate::Count, json!({})), "0");
    assert_eq!(of(Aggregate::Sum, json!({})), "0");
    assert_eq!(of(Aggregate::Min, json!({})), "<unset>");
    assert_eq!(of(Aggregate::Max, json!({})), "<unset>");
    assert_eq!(of(Aggregate::Sum, json!({ "containers": [{ "x": i64::MAX }, { "x": 1 }] })), "<unset>");
}

#[test]
fn arithmetic() {
    let x = || field(spec(), "x", Ty::Int);
    let sum =
        |minus, right: i64| Value::Arithmetic { minus, left: Box::new(x()), right: Box::new(Value::Const(Const::Int(right))), ty: Ty::Int };
    assert_eq!(value_of(sum(false, 2), Ty::Int, json!({ "x": 1 })), "3");
    assert_eq!(value_of(sum(true, 2), Ty::Int, json!({ "x": 1 })), "-1");
    assert_eq!(value_of(sum(false, 2), Ty::Int, json!({})), "<unset>");
    assert_eq!(value_of(sum(false, i64::MAX), Ty::Int, json!({ "x": 1 })), "<unset>");
    let quantity = Value::Arithmetic {
        minus: true,
        left: Box::new(field(spec(), "x", Ty::Quantity)),
        right: Box::new(Value::Const(Const::Quantity(Quantity { milli: 1 }))),
        ty: Ty::Quantity,
    };
    assert_eq!(value_of(quantity, Ty::Quantity, json!({ "x": "1" })), "999m");
}

#[test]
fn functions() {
    let call = |function, arguments: Vec<Value>| Value::Call(function, arguments);
    let x = |ty| field(spec(), "x", ty);
    let string = |function, value: &str| value_of(call(function, vec![x(Ty::String)]), Ty::String, json!({ "x": value }));
    assert_eq!(string(Function::ImageRegistry, "a/b:c"), "docker.io");
    assert_eq!(string(Function::ImageRepository, "b:c"), "library/b");
    assert_eq!(string(Function::ImageTag, "b"), "latest");
    assert_eq!(string(Function::ImageTag, "b@sha256:0"), "<unset>");
    assert_eq!(string(Function::ImageDigest, "b@sha256:0"), "sha256:0");
    assert_eq!(string(Function::Lower, "AÉß\u{212a}"), "aÉß\u{212a}");
    assert_eq!(string(Function::Upper, "aéß"), "Aéß");
    assert_eq!(string(Function::Size, "é😀"), "2");
    assert_eq!(value_of(call(Function::Duration, vec![x(Ty::String)]), Ty::Quantity, json!({ "x": "1m1ms" })), "60001m");
    let either = |function, value: Json| value_of(call(function, vec![x(Ty::IntOrString)]), Ty::IntOrString, json!({ "x": value }));
    assert_eq!(either(Function::AsInt, json!(5)), "5");
    assert_eq!(either(Function::AsInt, json!("5")), "<unset>");
    assert_eq!(either(Function::AsName, json!("http")), "http");
    assert_eq!(either(Function::AsName, json!(80)), "<unset>");
    for (text, percent) in [("25%", "25"), ("0%", "0"), ("007%", "7"), ("999999999%", "999999999")] {
        assert_eq!(either(Function::Percent, json!(text)), percent);
    }
    for none in
        [json!("25"), json!("-1%"), json!("+1%"), json!("%"), json!("1.5%"), json!("1000000000%"), json!("1 %"), json!(25), json!(null)]
    {
        assert_eq!(either(Function::Percent, none.clone()), "<unset>", "{none}");
    }
    let split = || call(Function::Split, vec![x(Ty::String), text("/")]);
    assert_eq!(value_of(split(), Ty::List(Box::new(Ty::String)), json!({ "x": "/a//b" })), ", a, , b");
    assert_eq!(value_of(call(Function::Join, vec![split(), text("+")]), Ty::String, json!({ "x": "a/b" })), "a+b");
    assert_eq!(value_of(call(Function::Join, vec![split(), text("+")]), Ty::String, json!({})), "");
    assert_eq!(value_of(call(Function::Size, vec![split()]), Ty::Int, json!({ "x": "a/b" })), "2");
    assert_eq!(value_of(call(Function::Size, vec![list(spec(), "l")]), Ty::Int, json!({})), "0");
    assert_eq!(value_of(call(Function::Size, vec![list(spec(), "l")]), Ty::Int, json!({ "l": [1, null, 2] })), "2");
    assert_eq!(value_of(call(Function::Size, vec![x(Ty::String)]), Ty::Int, json!({})), "<unset>");
    assert_eq!(value_of(call(Function::Replace, vec![x(Ty::String), text("a"), text("bb")]), Ty::String, json!({ "x": "aca" })), "bbcbb");
    let index =
        |x: Json, element: &str| value_of(call(Function::IndexOf, vec![list(spec(), "l"), text(element)]), Ty::Int, json!({ "l": x }));
    assert_eq!(index(json!([null, "a", "b", "b"]), "b"), "1");
    assert_eq!(index(json!(["a"]), "b"), "-1");
    assert_eq!(index(json!(null), "b"), "-1");
    assert_eq!(value_of(call(Function::IndexOf, vec![list(spec(), "l"), x(Ty::String)]), Ty::Int, json!({ "l": ["a"] })), "-1");
}

#[test]
fn effective_requests_that_cannot_be_read() {
    let value = Value::Call(Function::EffectiveRequest, vec![Value::Root(Root::Pod), text("cpu")]);
    let rule = rule(vec![check(Cond::Const(true), shows(value, Ty::Quantity), None)]);
    let container = |cpu: Json| json!({ "resources": { "requests": { "cpu": cpu } } });
    assert_eq!(message(&rule, pod(json!({ "containers": [container(json!("1")), container(json!("100m"))] }))), "got 1100m");
    assert_eq!(
        failure(&rule, pod(json!({ "containers": [container(json!("1")), container(json!("x"))] }))),
        ("cannot read `spec.containers[1].resources.requests.cpu`".to_owned(), "spec.containers[1].resources.requests.cpu".to_owned())
    );
    assert_eq!(message(&rule, json!({ "apiVersion": "v1", "kind": "Namespace" })), "got 0");
}

#[test]
fn values_in_messages() {
    let any = |json: Json| value_of(field(spec(), "x", Ty::Any), Ty::Any, json!({ "x": json }));
    assert_eq!(any(json!("a\nb\tc")), "a\\nb\\u0009c");
    assert_eq!(any(json!(true)), "true");
    assert_eq!(any(json!(-5)), "-5");
    assert_eq!(any(json!(["a", null, "b", 1])), "a, b, 1");
    assert_eq!(any(json!([])), "");
    assert_eq!(
        value_of(Value::Const(Const::List(vec![Const::Int(1), Const::String("x".to_owned())])), Ty::List(Box::new(Ty::Any)), json!({})),
        "1, x"
    );
    assert_eq!(value_of(Value::Truth(Box::new(Cond::Const(true))), Ty::Bool, json!({})), "true");
    assert_eq!(
        value_of(
            Value::List(vec![Item::One(text("a")), Item::One(field(spec(), "x", Ty::String)), Item::Spread(list(spec(), "l"))]),
            Ty::List(Box::new(Ty::String)),
            json!({ "l": ["b", null, "c"] })
        ),
        "a, b, c"
    );
}

#[test]
fn choices() {
    let first = Value::Coalesce(vec![field(spec(), "a", Ty::String), field(spec(), "b", Ty::String)]);
    assert_eq!(value_of(first.clone(), Ty::String, json!({ "a": "1", "b": "2" })), "1");
    assert_eq!(value_of(first.clone(), Ty::String, json!({ "b": "2" })), "2");
    assert_eq!(value_of(first, Ty::String, json!({})), "<unset>");
    let chosen = Value::If(Box::new(Cond::True(field(spec(), "c", Ty::Bool))), Box::new(text("yes")), Box::new(text("no")));
    assert_eq!(value_of(chosen.clone(), Ty::String, json!({ "c": true })), "yes");
    assert_eq!(value_of(chosen, Ty::String, json!({})), "no");
    let both = Value::Concat(vec![text("a"), field(spec(), "x", Ty::String)]);
    assert_eq!(value_of(both.clone(), Ty::String, json!({ "x": "b" })), "ab");
    assert_eq!(value_of(both, Ty::String, json!({})), "<unset>");
}

#[test]
fn kinds_are_told_apart_by_group() {
    let is = |names: &[&str], object: Json| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        judge(&rule(vec![check(Cond::KindIs(names), says("yes"), None)]), object) != Verdict::Pass
    };
    let deployment = || json!({ "apiVersion": "apps/v1", "kind": "Deployment" });
    assert!(is(&["Pod"], pod(json!({}))));
    assert!(is(&["Pod", "apps/Deployment"], deployment()));
    assert!(!is(&["Deployment"], deployment()));
    assert!(!is(&["apps/Pod"], pod(json!({}))));
}

#[test]
fn a_failing_rule_says_all_and_is_cut() {
    let rule = rule(vec![Stmt::For {
        source: each(0, vec![list(spec(), "containers")]),
        body: vec![check(Cond::Const(true), says(" bad\n"), None), check(Cond::Const(true), says("worse"), None)],
    }]);
    assert_eq!(message(&rule, pod(json!({ "containers": [{}, {}] }))), "bad; worse; bad; worse");
    let long = message(&rule, pod(json!({ "containers": vec![json!({}); 500] })));
    assert_eq!(long.chars().count(), 1024);
    assert!(long.ends_with('…'));
}

#[test]
fn the_same_path_in_two_rules_is_read_for_each_object() {
    let first = privileged();
    let judge = Judge::new([&first, &privileged()]);
    for (flag, verdicts) in [(true, 2), (false, 0)] {
        let object = Node::from(&pod(json!({ "containers": [{ "name": "a", "securityContext": { "privileged": flag } }] })));
        let request = Request::create(&object);
        assert_eq!(judge.judge(&request).filter(|outcome| outcome.verdict != Verdict::Pass).count(), verdicts);
    }
}

#[test]
fn a_request_is_about_the_kinds_of_its_object_its_operation_and_its_resource() {
    let mut scale = kind("apps", "v1", "Deployment", true, None);
    scale.subresource =
        Some(crate::ir::Subresource { name: "scale".to_owned(), api_version: "autoscaling/v1".to_owned(), kind: "Scale".to_owned() });
    let kinds =
        [kind("", "v1", "Pod", true, Some(PodPath::Object)), kind("apps", "v1", "Deployment", true, Some(PodPath::SpecTemplate)), scale];
    let operations = [Operation::Create, Operation::Update].into();
    let asked = |version: &str, kind: &str, operation: Operation, request: Option<Json>| {
        let (object, request) = (Node::from(&json!({"apiVersion": version, "kind": kind})), request.as_ref().map(Node::from));
        super::is_about(&kinds, &operations, &Request { operation, request: request.as_ref(), ..Request::create(&object) })
    };
    assert!(asked("v1", "Pod", Operation::Create, None));
    assert!(asked("apps/v1", "Deployment", Operation::Update, None));
    assert!(!asked("v1", "Pod", Operation::Delete, None));
    assert!(!asked("v1", "Deployment", Operation::Create, None));
    assert!(!asked("apps/v1", "Pod", Operation::Create, None));
    assert!(!asked("v1", "ConfigMap", Operation::Create, None));
    let of = |group: &str, resource: &str| {
        Some(json!({"subResource": "scale", "resource": {"group": group, "version": "v1", "resource": resource}}))
    };
    assert!(asked("autoscaling/v1", "Scale", Operation::Update, of("apps", "deployments")));
    assert!(!asked("autoscaling/v1", "Scale", Operation::Update, of("apps", "statefulsets")));
    assert!(!asked("autoscaling/v1", "Scale", Operation::Update, of("extensions", "deployments")));
    // Whether it is about these, it does not tell.
    assert!(!asked("autoscaling/v1", "Scale", Operation::Update, None));
    assert!(!asked("apps/v1", "Deployment", Operation::Update, of("apps", "deployments")));
    assert!(Judge::new([]).is_empty() && !Judge::new([&rule(Vec::new())]).is_empty());
}

#[test]
fn the_objects_beside_one_are_those_of_its_namespace_without_itself() {
    let object = |kind: &str, namespace: Option<&str>, name: &str| {
        let mut metadata = json!({"name": name});
        if let Some(namespace) = namespace {
            metadata["namespace"] = json!(namespace);
        }
        Node::from(&json!({"apiVersion": "v1", "kind": kind, "metadata": metadata}))
    };
    let all = [
        object("Pod", Some("a"), "x"),
        object("Pod", Some("a"), "y"),
        object("Pod", Some("b"), "x"),
        object("Pod", None, "z"),
        object("Namespace", None, "x"),
        object("Namespace", None, "y"),
    ];
    let cluster = super::Cluster::new(&all, "default");
    let (pods, spaces) = (kind("", "v1", "Pod", true, None), kind("", "v1", "Namespace", false, None));
    let beside = |of: &Kind, own: &Kind, object: &Node| {
        let found = cluster.beside(of, own, &Request::create(object));
        found.into_iter().map(|found| all.iter().position(|known| std::ptr::eq(known, found)).unwrap()).collect::<Vec<_>>()
    };
    // A copy of it is it.
    assert_eq!(beside(&pods, &pods, &object("Pod", Some("a"), "x")), [1]);
    assert_eq!(beside(&pods, &pods, &object("Pod", Some("a"), "new")), [0, 1]);
    assert_eq!(beside(&pods, &pods, &object("Pod", Some("default"), "z")), [] as [usize; 0]);
    assert_eq!(beside(&spaces, &pods, &object("Pod", Some("a"), "x")), [4, 5]);
    assert_eq!(beside(&pods, &spaces, &object("Namespace", None, "x")), [0, 1, 2, 3]);
    assert_eq!(beside(&spaces, &spaces, &object("Namespace", None, "x")), [5]);
    assert_eq!(beside(&pods, &pods, &all[1]), [0]);
    // Of two that have no name, one is not the other.
    let nameless = Node::from(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "a"}}));
    assert_eq!(beside(&pods, &pods, &nameless), [0, 1]);
}

/// Two checks behind `if exists c.probe`, which nothing is said of where no container has one.
fn probed() -> Rule {
    let probe = || field(Value::Var(Slot(0)), "probe", Ty::named("x"));
    let host = |by: &str| field(field(probe(), by, Ty::named("x")), "host", Ty::String);
    let fails = |by: &str| check(Cond::Exists(host(by)), shows(host(by), Ty::String), Some(host(by)));
    rule(vec![Stmt::For {
        source: each(0, vec![list(spec(), "containers")]),
        body: vec![Stmt::If { condition: Cond::Exists(probe()), then: vec![fails("http"), fails("tcp")], otherwise: Vec::new() }],
    }])
}

#[test]
fn what_is_missing_passes_and_what_cannot_be_read_does_not() {
    let rule = probed();
    let said = |containers: Json| failure(&rule, pod(json!({ "containers": containers })));
    for quiet in
        [json!([]), json!([{}, null]), json!([{ "probe": null }]), json!([{ "probe": {} }, { "probe": { "http": { "port": 1 } } }])]
    {
        assert_eq!(said(quiet.clone()).0, "Pass", "{quiet}");
    }
    for (containers, path) in [
        (json!([{}, "x"]), "spec.containers[1]"),
        (json!([{}, { "probe": 5 }]), "spec.containers[1].probe"),
        (json!([{ "probe": { "tcp": [] } }]), "spec.containers[0].probe.tcp"),
        (json!([{ "probe": {} }, { "probe": { "http": { "host": 1 } } }]), "spec.containers[1].probe.http.host"),
    ] {
        assert_eq!(said(containers), (format!("cannot read `{path}`"), path.to_owned()));
    }
    let found = json!([{}, { "probe": { "tcp": { "host": "a" } } }]);
    assert_eq!(said(found), ("got a".to_owned(), "spec.containers[1].probe.tcp.host".to_owned()));
}

#[test]
fn a_session_says_of_each_object_what_is_said_of_it_alone() {
    let rules = [privileged(), probed()];
    let judge = Judge::new(&rules);
    let containers = [
        json!([{ "name": "a", "securityContext": { "privileged": true } }, { "probe": { "http": { "host": "b" } } }]),
        json!([]),
        json!([{ "name": "c", "securityContext": { "privileged": false }, "probe": 5 }]),
        json!([{}, {}, { "name": "d", "securityContext": { "privileged": true }, "probe": { "tcp": { "host": "e" } } }]),
    ];
    let objects: Vec<Node> = containers.iter().map(|containers| Node::from(&pod(json!({ "containers": containers })))).collect();
    let mut session = judge.session();
    for object in objects.iter().chain(objects.iter().rev()) {
        let request = Request::create(object);
        let mut said = Vec::new();
        let told = session.judge(request, |rule, what| {
            said.push((rule, what.to_verdict()));
            Ok::<(), ()>(())
        });
        assert_eq!(told, Ok(()));
        let alone: Vec<_> = (0..rules.len()).map(|rule| (rule, judge.judge_by(rule, &request))).collect();
        assert_eq!(said, alone);
    }
}

#[test]
fn each_of_many_rules_sees_what_it_looks_for() {
    const RULES: usize = 150;
    let named = |number: usize| field(spec(), &format!("f{number}"), Ty::String);
    let looks = |number| rule(vec![check(Cond::Exists(named(number)), says("there"), None)]);
    let rules: Vec<Rule> = (0..RULES).map(looks).collect();
    let judge = Judge::new(&rules);
    let mut session = judge.session();
    let sets = [vec![], vec![0], vec![63], vec![64], vec![127, 128], vec![0, 65, 149]];
    let objects = sets.each_ref().map(|there| {
        let fields: serde_json::Map<String, Json> = there.iter().map(|number| (format!("f{number}"), json!("x"))).collect();
        Node::from(&pod(Json::Object(fields)))
    });
    for (there, object) in sets.iter().zip(&objects) {
        let mut failed = Vec::new();
        let mut passed = 0;
        let _ = session.judge(Request::create(object), |rule, said| {
            match said.to_verdict() {
                Verdict::Fail { .. } => failed.push(rule),
                Verdict::Pass => passed += 1,
                Verdict::Skip | Verdict::NotJudged(_) => {}
            }
            Ok::<(), ()>(())
        });
        assert_eq!((&failed, passed), (there, RULES - there.len()));
    }
}

#[test]
fn what_stands_within_something_of_the_wrong_type_cannot_be_read() {
    let inner = || strukt(strukt(spec(), "a"), "b");
    let found = |value: Value, message: &str| rule(vec![check(Cond::Exists(value.clone()), says(message), Some(value))]);
    let leaf = found(field(inner(), "c", Ty::String), "there");
    let beside = found(field(spec(), "d", Ty::String), "beside");
    let judge = Judge::new([&leaf, &beside]);
    let said = |spec: Json| {
        let object = Node::from(&pod(spec));
        let said = |rule| match judge.judge_by(rule, &Request::create(&object)) {
            Verdict::Fail { message, field, .. } => format!("{field}: {message}"),
            other @ (Verdict::Pass | Verdict::Skip | Verdict::NotJudged(_)) => format!("{other:?}"),
        };
        (said(0), said(1))
    };
    let pass = || "Pass".to_owned();
    assert_eq!(said(json!({})), (pass(), pass()));
    assert_eq!(said(json!({ "a": { "b": { "c": "x" } } })), ("spec.a.b.c: there".to_owned(), pass()));
    assert_eq!(said(json!({ "a": 1, "d": "x" })), ("spec.a: cannot read `spec.a`".to_owned(), "spec.d: beside".to_owned()));
    assert_eq!(said(json!({ "a": { "b": [] } })), ("spec.a.b: cannot read `spec.a.b`".to_owned(), pass()));
    assert_eq!(said(json!({ "a": { "b": { "c": 1 } } })), ("spec.a.b.c: cannot read `spec.a.b.c`".to_owned(), pass()));
    assert_eq!(said(json!({ "a": null, "d": null })), (pass(), pass()));
    // of a root that is no object, nothing can be read
    let object = Node::from(&json!({ "apiVersion": "v1", "kind": "Pod", "spec": 1 }));
    let read =
        |rule| matches!(judge.judge_by(rule, &Request::create(&object)), Verdict::Fail { message, .. } if message == "cannot read `spec`");
    assert!(read(0) && read(1));
}

#[test]
fn of_two_equal_keys_the_last_counts() {
    let text = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - securityContext: {privileged: true}\n    securityContext: {}\n  - securityContext: {}\n    securityContext: {privileged: true}\n  - securityContext: 5\n    securityContext: null\n";
    let read = crate::manifest::read_text(text);
    let object = &read.documents.first().unwrap().node;
    let verdict = Judge::new([&privileged()]).judge_by(0, &Request::create(object));
    assert!(matches!(&verdict, Verdict::Fail { field, .. } if field == "spec.containers[1].securityContext.privileged"), "{verdict:?}");
}
