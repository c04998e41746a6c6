//! What the rules of one module need together, and the rules on which they stand.

use super::helper::Helper;
use super::print::KEYWORDS;
use super::scope::{NULL, Scope};
use super::simplify::snake;
use super::tree::{Body, Expr, Head, Operator, Path, Rule as RegoRule, Scalar, Step, Stmt};
use crate::ir::ways::{Way, ways};
use crate::ir::{
    Cond, Const, Function, Kind, Message, Operation, Piece, PodPath, Root, Rule, Stmt as IrStmt, Value,
    walk::{Node, roots, walk},
};
use crate::lower::Unsupported;
use std::collections::{BTreeMap, BTreeSet};
pub(super) type Lowered<T> = Result<T, Unsupported>;

/// What the rules of one module need together.
#[derive(Debug, Clone, Default)]
pub struct Module {
    /// The functions that they call.
    pub helpers: BTreeSet<Helper>,
    /// The rules that give violations, in the order of the source.
    pub rules: Vec<RegoRule>,
    pub(super) guards: Vec<(Guard, String)>,
    pub(super) unreadable: Vec<(Expr, String)>,
    pub(super) pods: BTreeMap<PodPath, BTreeSet<Type>>,
    pub(super) values: Vec<RegoRule>,
    pub(super) place: bool,
    pub(super) old_object: bool,
    /// Whether a rule is about deletions.
    pub(super) deletes: bool,
    /// Whether a rule reads the admission request.
    pub(super) request: bool,
    /// The kinds of rules that read the Namespace of the object, with whether objects of them live in one.
    pub(super) in_namespaces: BTreeMap<Type, bool>,
    /// Who asks.
    pub(super) frame: Frame,
}

/// Who asks: where in `input` the object stands, and where in `data` others do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Frame {
    /// `input` is the object, or an AdmissionReview; other objects are in `data.kubernetes`.
    #[default]
    Opa,
    /// `input` is the object, and others are not known.
    Conftest,
    /// `input.review` is the request of an AdmissionReview; other objects are in `data.inventory`.
    Gatekeeper,
}

/// API version and kind.
pub(super) type Type = (String, String);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Guard {
    pub(super) ways: BTreeSet<Way>,
    pub(super) operations: BTreeSet<Operation>,
}

/// Names that no variable of a rule may have.
pub(super) fn reserved() -> BTreeSet<String> {
    let mut names = super::helper::names();
    let own = [
        "input",
        "data",
        "obj",
        "old_object",
        "operation",
        "subresource",
        "resource",
        "admission_request",
        "namespace_name",
        "namespace_object",
        "knows_namespace",
        "pod",
        "pod_place",
        "violations",
        "list",
        "item",
        "failures",
        "unreadable",
        "walk",
        "count",
        "sum",
        "max",
        "min",
        "sort",
        "concat",
    ];
    names.extend(own.iter().map(|name| (*name).to_owned()));
    names.extend(KEYWORDS.iter().map(|name| (*name).to_owned()));
    // The first words of built-in functions.
    names.extend(
        [
            "array",
            "object",
            "strings",
            "regex",
            "json",
            "numbers",
            "bits",
            "time",
            "units",
            "net",
            "http",
            "io",
            "opa",
            "rego",
            "graph",
            "glob",
            "graphql",
            "crypto",
            "uuid",
            "semver",
            "hex",
            "yaml",
            "urlquery",
            "base64",
            "base64url",
            "print",
            "trace",
            "all",
            "any",
            "set_diff",
            "product",
            "round",
            "ceil",
            "floor",
            "abs",
            "split",
            "replace",
            "contains",
            "lower",
            "upper",
            "trim",
            "substring",
            "indexof",
            "format_int",
            "sprintf",
            "startswith",
            "endswith",
            "to_number",
            "type_name",
            "intersection",
            "union",
            "rand",
            "providers",
            "tokens",
            "cast_array",
        ]
        .iter()
        .map(|name| (*name).to_owned()),
    );
    names
}

impl Module {
    /// A module without rules.
    #[must_use]
    pub fn new(frame: Frame) -> Self {
        Module { frame, ..Module::default() }
    }

    /// Adds a rule. Nothing is added when it has no exact form.
    ///
    /// # Errors
    /// When a construct of the rule cannot be said exactly.
    pub fn add(&mut self, rule: &Rule) -> Lowered<()> {
        if let Some((construct, span)) = rule.unlowered.first() {
            return Err(Unsupported::new(construct.clone(), *span));
        }
        if matches!(rule.applies, Cond::Const(false)) {
            return Ok(());
        }
        let mut module = self.clone();
        module.lower(rule)?;
        *self = module;
        Ok(())
    }

    pub(super) fn lower(&mut self, rule: &Rule) -> Lowered<()> {
        self.deletes |= rule.operations.contains(&Operation::Delete);
        let guard = self.guard(rule);
        let mut start = vec![Stmt::Holds(Expr::var(guard))];
        let mut reads = self.surroundings(rule, &mut start);
        let mut scope = Scope::new(self, rule);
        reads.extend(scope.knows_others(rule, &mut start)?);
        reads.extend(scope.reads(&rule.reads)?);
        let resources = requested_resources(rule);
        let asked = |resource: &String| {
            let place = Expr::var("place");
            let head =
                Expr::Call("concat", vec![Expr::string(""), Expr::Array(vec![Expr::string("cannot read `"), place, Expr::string("`")])]);
            head.each(Body(vec![Stmt::Each("place".to_owned(), Expr::Call("unreadable_requests", vec![Expr::string(resource)]))]))
        };
        reads.extend(resources.early.iter().map(asked));
        let mut applies = Body::default();
        scope.pos(&rule.applies, true, &mut applies)?;
        let failures = scope.messages(&rule.body)?;
        let late: Vec<Expr> = resources.late.iter().map(asked).collect();
        let violation = |messages: Expr| {
            Head::Contains(
                "violations".to_owned(),
                Expr::Object(vec![
                    ("rule".to_owned(), Expr::string(&rule.id)),
                    ("msg".to_owned(), Expr::Call("message", vec![messages])),
                    ("action".to_owned(), Expr::string(rule.action.name())),
                    ("severity".to_owned(), Expr::string(rule.severity.name())),
                ]),
            )
        };
        self.helpers.insert(Helper::Message);
        let comment = annotations(rule);
        if !reads.is_empty() {
            let name = self.unreadable(Expr::concat_lists(reads));
            let first = Expr::var(&name).step(Step::Index(Expr::int(0)));
            let mut body = start.clone();
            body.push(Stmt::Holds(Expr::var(&name).infix(Operator::Ne, Expr::Array(Vec::new()))));
            self.rules.push(RegoRule { comment: comment.clone(), head: violation(Expr::Array(vec![first])), body: Body(body) });
            start.push(Stmt::Holds(Expr::var(&name).infix(Operator::Eq, Expr::Array(Vec::new()))));
        }
        start.extend(applies.0);
        if !late.is_empty() {
            let name = self.unreadable(Expr::concat_lists(late));
            let first = Expr::var(&name).step(Step::Index(Expr::int(0)));
            let mut body = start.clone();
            body.push(Stmt::Holds(Expr::var(&name).infix(Operator::Ne, Expr::Array(Vec::new()))));
            self.rules.push(RegoRule { comment: comment.clone(), head: violation(Expr::Array(vec![first])), body: Body(body).tidy(&NULL) });
            start.push(Stmt::Holds(Expr::var(&name).infix(Operator::Eq, Expr::Array(Vec::new()))));
        }
        start.push(Stmt::Let("failures".to_owned(), failures));
        start.push(Stmt::Holds(Expr::var("failures").infix(Operator::Ne, Expr::Array(Vec::new()))));
        self.rules.push(RegoRule { comment, head: violation(Expr::var("failures")), body: Body(start).tidy(&NULL) });
        Ok(())
    }

    /// What has to be known besides the object: where it is not, as of a manifest, the rule does not apply. What a request has to tell and does not cannot be read.
    fn surroundings(&mut self, rule: &Rule, start: &mut Vec<Stmt>) -> Vec<Expr> {
        let roots = roots(rule);
        if roots.contains(&Root::Request) {
            self.request = true;
            start.push(Stmt::Holds(Expr::var("admission_request")));
        }
        let namespaced: BTreeSet<Type> = rule.kinds.iter().filter(|kind| kind.namespaced).map(type_of).collect();
        if !roots.contains(&Root::NamespaceObject) {
            return Vec::new();
        }
        self.in_namespaces.extend(rule.kinds.iter().map(|kind| (type_of(kind), kind.namespaced)));
        if namespaced.is_empty() {
            return Vec::new();
        }
        start.push(Stmt::Holds(Expr::var("knows_namespace")));
        let unknown = Stmt::Never(Body(vec![Stmt::Holds(Expr::var("namespace_object").infix(Operator::Ne, NULL))]));
        let mut body = vec![unknown];
        if rule.kinds.iter().any(|kind| !kind.namespaced) {
            body.insert(0, Stmt::Holds(is_of(&namespaced)));
        }
        vec![Expr::string("cannot read `namespaceObject`").each(Body(body))]
    }

    pub(super) fn guard(&mut self, rule: &Rule) -> String {
        for kind in &rule.kinds {
            if let Some(path) = kind.pod {
                self.pods.entry(path).or_default().insert(type_of(kind));
            }
        }
        let guard = Guard { ways: ways(rule), operations: rule.operations.clone() };
        if let Some((_, name)) = self.guards.iter().find(|(known, _)| *known == guard) {
            return name.clone();
        }
        let kinds: BTreeSet<(String, String)> = rule.kinds.iter().map(|kind| (kind.api_version(), kind.written())).collect();
        let words: Vec<String> = kinds.into_iter().map(|(_, name)| name.to_ascii_lowercase().replace('/', "_")).collect();
        let mut name = if words.len() <= 2 {
            format!("is_{}", words.join("_or_"))
        } else if rule.kinds.iter().all(|kind| kind.pod.is_some()) {
            "is_workload".to_owned()
        } else {
            "is_matched".to_owned()
        };
        if guard.operations != [Operation::Create, Operation::Update].into() {
            let operations: Vec<&str> = guard.operations.iter().map(|operation| operation.name()).collect();
            name = format!("{name}_on_{}", operations.join("_or_"));
        }
        let base = name.clone();
        let mut number = 1;
        while self.guards.iter().any(|(_, known)| *known == name) || name == "is_image" {
            number += 1;
            name = format!("{base}_{number}");
        }
        self.guards.push((guard, name.clone()));
        name
    }

    pub(super) fn unreadable(&mut self, list: Expr) -> String {
        if let Some((_, name)) = self.unreadable.iter().find(|(known, _)| *known == list) {
            return name.clone();
        }
        let name = format!("unreadable_{}", self.unreadable.len() + 1);
        self.unreadable.push((list, name.clone()));
        name
    }

    /// A rule of its own for a value that several may want.
    pub(super) fn shared_rule(&mut self, word: &str, value: Expr, body: Body) -> Expr {
        let body = body.tidy(&value);
        let same = self.values.iter().find(|rule| rule.body == body && matches!(&rule.head, Head::Value(_, known) if *known == value));
        if let Some(RegoRule { head: Head::Value(name, _), .. }) = same {
            return Expr::var(name);
        }
        let base = format!("its_{}", snake(word));
        let mut name = base.clone();
        let mut number = 1;
        while self.values.iter().any(|rule| matches!(&rule.head, Head::Value(known, _) if *known == name)) {
            number += 1;
            name = format!("{base}_{number}");
        }
        self.values.push(RegoRule { comment: Vec::new(), head: Head::Value(name.clone(), value), body });
        Expr::Var(name)
    }

    /// The Namespace of the object, from the data that OPA holds of the cluster.
    fn namespaces(&self, review: &Stmt, plain: &Stmt) -> Vec<RegoRule> {
        let rule = |head, body| RegoRule { comment: Vec::new(), head, body: Body(body) };
        let of = |namespaced: bool| -> BTreeSet<Type> {
            self.in_namespaces.iter().filter(|(_, lives)| **lives == namespaced).map(|(kind, _)| kind.clone()).collect()
        };
        let name = "namespace_name";
        let written = Expr::var("input").key("metadata").key("namespace");
        let space = Expr::var("space");
        let own = space
            .clone()
            .each(Body(vec![Stmt::Let("space".to_owned(), written), Stmt::Holds(space.infix(Operator::Gt, Expr::string("")))]));
        let own = Expr::concat_lists(vec![own, Expr::Array(vec![Expr::string("default")])]).step(Step::Index(Expr::int(0)));
        let held = Expr::var("data").key("kubernetes").key("namespaces").step(Step::Index(Expr::var(name)));
        let knows = || Head::True("knows_namespace".to_owned());
        let mut rules = vec![
            rule(Head::Value(name.to_owned(), Expr::var("input").key("request").key("namespace")), vec![review.clone()]),
            rule(Head::Value(name.to_owned(), own), vec![plain.clone()]),
            rule(Head::Value("namespace_object".to_owned(), held), vec![Stmt::Holds(is_of(&of(true)))]),
            rule(knows(), vec![review.clone()]),
            rule(knows(), vec![plain.clone(), Stmt::Holds(Expr::var("namespace_object").infix(Operator::Ne, NULL))]),
        ];
        let outside = of(false);
        if !outside.is_empty() {
            rules.push(rule(knows(), vec![plain.clone(), Stmt::Holds(is_of(&outside))]));
        }
        rules
    }

    /// The rules on which those of the author stand: what is judged, and by which of them.
    #[must_use]
    pub fn foundation(&self) -> Vec<RegoRule> {
        let rule = |head, body| RegoRule { comment: Vec::new(), head, body: Body(body) };
        let mut rules = match self.frame {
            Frame::Opa | Frame::Conftest => self.of_opa(),
            Frame::Gatekeeper => self.of_gatekeeper(),
        };
        for (guard, name) in &self.guards {
            for way in &guard.ways {
                let operations: Vec<Expr> = guard.operations.iter().map(|operation| Expr::string(operation.request_name())).collect();
                let mut body = vec![
                    Stmt::Holds(is_of(&way.types)),
                    Stmt::Holds(Expr::var("operation").infix(Operator::In, Expr::Set(operations))),
                    Stmt::Holds(by(way)),
                ];
                if !way.resources.is_empty() {
                    body.push(Stmt::Holds(of_resource(&way.resources)));
                }
                rules.push(rule(Head::True(name.clone()), body));
            }
        }
        rules.extend(self.pod());
        if self.place {
            for (path, types) in &self.pods {
                let place: String = path.segments().iter().map(|name| format!("{name}.")).collect();
                rules.push(rule(Head::Value("pod_place".to_owned(), Expr::string(place)), vec![Stmt::Holds(is_of(types))]));
            }
        }
        rules.extend(self.values.iter().cloned());
        rules.extend(self.unreadable.iter().map(|(list, name)| rule(Head::Value(name.clone(), list.clone()), Vec::new())));
        rules
    }

    /// The Pod or Pod template of the object: undefined or null where there is none. One rule that looks the path up costs less than one for each path.
    fn pod(&self) -> Option<RegoRule> {
        let mut versions: BTreeMap<&str, BTreeMap<&str, Expr>> = BTreeMap::new();
        for (path, types) in &self.pods {
            for (version, kind) in types {
                let path = Expr::Array(path.segments().iter().map(|name| Expr::string(*name)).collect());
                versions.entry(version).or_default().insert(kind, path);
            }
        }
        let object =
            |entries: BTreeMap<&str, Expr>| Expr::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect());
        let paths = object(versions.into_iter().map(|(version, kinds)| (version, object(kinds))).collect());
        let (pod, body) = match self.pods.first_key_value() {
            None => return None,
            Some((path, types)) if self.pods.len() == 1 => {
                (path.segments().iter().fold(Expr::var("obj"), |expr, name| expr.key(*name)), vec![Stmt::Holds(is_of(types))])
            }
            Some(_) => (Expr::Call("object.get", vec![Expr::var("obj"), of_type(paths), NULL]), Vec::new()),
        };
        Some(RegoRule { comment: Vec::new(), head: Head::Value("pod".to_owned(), pod), body: Body(body) })
    }

    /// The object, its old one and the operation of an admission review, or of an object alone.
    fn of_opa(&self) -> Vec<RegoRule> {
        let rule = |head, body| RegoRule { comment: Vec::new(), head, body: Body(body) };
        let review = || Stmt::Holds(Expr::var("input").key("kind").infix(Operator::Eq, Expr::string("AdmissionReview")));
        let path = |keys: &[&str]| Path { root: "input".to_owned(), keys: keys.iter().map(|key| (*key).to_owned()).collect() };
        let plain = || Stmt::Unless(path(&["kind"]), Scalar::String("AdmissionReview".to_owned()));
        let request = || Expr::var("input").key("request");
        let mut rules = Vec::new();
        if self.deletes {
            // What is deleted is the old object of the request, which has no other.
            let kept = Stmt::Unless(path(&["request", "operation"]), Scalar::String("DELETE".to_owned()));
            let deleted = Stmt::Holds(request().key("operation").infix(Operator::Eq, Expr::string("DELETE")));
            rules.push(rule(Head::Value("obj".to_owned(), request().key("object")), vec![review(), kept]));
            rules.push(rule(Head::Value("obj".to_owned(), request().key("oldObject")), vec![review(), deleted]));
        } else {
            rules.push(rule(Head::Value("obj".to_owned(), request().key("object")), vec![review()]));
        }
        rules.push(rule(Head::Value("obj".to_owned(), Expr::var("input")), vec![plain()]));
        rules.push(rule(Head::Value("operation".to_owned(), request().key("operation")), vec![review()]));
        rules.push(rule(Head::Value("operation".to_owned(), Expr::string("CREATE")), vec![plain()]));
        rules.push(rule(Head::Value("subresource".to_owned(), subresource_of(request())), vec![review()]));
        rules.push(rule(Head::Value("subresource".to_owned(), Expr::string("")), vec![plain()]));
        if self.asks_resource() {
            rules.push(rule(Head::Value("resource".to_owned(), request().key("resource")), vec![review()]));
        }
        if self.old_object {
            rules.push(rule(Head::Value("old_object".to_owned(), request().key("oldObject")), vec![review()]));
        }
        if self.request {
            rules.push(rule(Head::Value("admission_request".to_owned(), request()), vec![review()]));
        }
        if !self.in_namespaces.is_empty() {
            rules.extend(self.namespaces(&review(), &plain()));
        }
        rules
    }

    /// Whether a guard asks which resource a request is about.
    fn asks_resource(&self) -> bool {
        self.guards.iter().any(|(guard, _)| guard.ways.iter().any(|way| !way.resources.is_empty()))
    }

    /// The same of what Gatekeeper gives: on delete it has put the old object in place of the object; an audit, which looks at what is there, has no operation.
    fn of_gatekeeper(&self) -> Vec<RegoRule> {
        let rule = |head, body| RegoRule { comment: Vec::new(), head, body: Body(body) };
        let review = || Expr::var("input").key("review");
        let given = || Expr::Call("object.get", vec![review(), Expr::string("operation"), Expr::string("")]);
        let mut rules = vec![
            rule(Head::Value("obj".to_owned(), review().key("object")), Vec::new()),
            rule(
                Head::Value("operation".to_owned(), Expr::var("given")),
                vec![Stmt::Let("given".to_owned(), given()), Stmt::Holds(Expr::var("given").infix(Operator::Ne, Expr::string("")))],
            ),
            rule(
                Head::Value("operation".to_owned(), Expr::string("CREATE")),
                vec![Stmt::Holds(given().infix(Operator::Eq, Expr::string("")))],
            ),
            rule(Head::Value("subresource".to_owned(), subresource_of(review())), Vec::new()),
        ];
        if self.asks_resource() {
            rules.push(rule(Head::Value("resource".to_owned(), review().key("resource")), Vec::new()));
        }
        if self.old_object {
            rules.push(rule(Head::Value("old_object".to_owned(), review().key("oldObject")), Vec::new()));
        }
        if self.request {
            let asked = Stmt::Holds(given().infix(Operator::Ne, Expr::string("")));
            rules.push(rule(Head::Value("admission_request".to_owned(), review()), vec![asked]));
        }
        rules
    }
}

/// The subresource that a request names: `""` where it is the object itself.
fn subresource_of(request: Expr) -> Expr {
    Expr::Call("object.get", vec![request, Expr::string("subResource"), Expr::string("")])
}

/// The resources of which a rule wants the effective request: to decide whether it applies, or only after that.
pub(super) struct Resources {
    pub(super) early: BTreeSet<String>,
    pub(super) late: BTreeSet<String>,
}

pub(super) fn requested_resources(rule: &Rule) -> Resources {
    let mut early = BTreeSet::new();
    collect_resources(Node::Cond(&rule.applies), &mut early);
    let mut late = BTreeSet::new();
    in_stmts(&rule.body, &mut |node| collect_resources(node, &mut late));
    late.retain(|resource| !early.contains(resource));
    Resources { early, late }
}

pub(super) fn collect_resources(node: Node<'_>, into: &mut BTreeSet<String>) {
    walk(node, &mut |node| {
        if let Node::Value(Value::Call(Function::EffectiveRequest, arguments)) = node
            && let Some(Value::Const(Const::String(resource))) = arguments.get(1)
        {
            into.insert(resource.clone());
        }
        true
    });
}

pub(super) fn in_stmts(stmts: &[IrStmt], f: &mut dyn FnMut(Node<'_>)) {
    fn in_message(message: &Message, f: &mut dyn FnMut(Node<'_>)) {
        for piece in &message.parts {
            if let Piece::Value(value, _) = piece {
                f(Node::Value(value));
            }
        }
    }
    for stmt in stmts {
        match stmt {
            IrStmt::For { source, body } => {
                f(Node::Source(source));
                in_stmts(body, f);
            }
            IrStmt::If { condition, then, otherwise } => {
                f(Node::Cond(condition));
                in_stmts(then, f);
                in_stmts(otherwise, f);
            }
            IrStmt::Check(check) => {
                f(Node::Cond(&check.fails));
                in_message(&check.message, f);
            }
            IrStmt::Unique { source, keys, message, span: _ } => {
                f(Node::Source(source));
                keys.iter().for_each(|key| f(Node::Value(key)));
                in_message(message, f);
            }
        }
    }
}

/// What the objects of a kind name.
pub(super) fn type_of(kind: &Kind) -> Type {
    (kind.object_version(), kind.object_kind().to_owned())
}

/// `subresource == ""`, or that it is one of several.
fn by(way: &Way) -> Expr {
    let names: Vec<Expr> = way.subresources.iter().map(Expr::string).collect();
    let subresource = Expr::var("subresource");
    match <[Expr; 1]>::try_from(names) {
        Ok([one]) => subresource.infix(Operator::Eq, one),
        Err(several) => subresource.infix(Operator::In, Expr::Set(several)),
    }
}

/// `{"apps": {"v1": {"deployments"}}}[resource.group][resource.version][resource.resource]`, which is the name of the resource where it is among them.
fn of_resource(resources: &BTreeSet<[String; 3]>) -> Expr {
    let mut groups: BTreeMap<&str, BTreeMap<&str, Vec<Expr>>> = BTreeMap::new();
    for [group, version, resource] in resources {
        groups.entry(group).or_default().entry(version).or_default().push(Expr::string(resource));
    }
    let versions = |versions: BTreeMap<&str, Vec<Expr>>| {
        Expr::Object(versions.into_iter().map(|(version, resources)| (version.to_owned(), Expr::Set(resources))).collect())
    };
    let table = Expr::Object(groups.into_iter().map(|(group, of)| (group.to_owned(), versions(of))).collect());
    ["group", "version", "resource"].into_iter().fold(table, |table, name| table.step(Step::Index(Expr::var("resource").key(name))))
}

/// What a table holds under the API version and kind of the object.
fn of_type(table: Expr) -> Expr {
    table.step(Step::Index(Expr::var("obj").key("apiVersion"))).step(Step::Index(Expr::var("obj").key("kind")))
}

/// `{"apps/v1": {"Deployment"}}[obj.apiVersion][obj.kind]`, which is the kind where it is among them: a string, and so true.
pub(super) fn is_of(types: &BTreeSet<Type>) -> Expr {
    let mut versions: BTreeMap<&str, Vec<Expr>> = BTreeMap::new();
    for (version, kind) in types {
        versions.entry(version).or_default().push(Expr::string(kind));
    }
    of_type(Expr::Object(versions.into_iter().map(|(version, kinds)| (version.to_owned(), Expr::Set(kinds))).collect()))
}

/// The METADATA lines of a rule. A JSON string is a YAML string.
pub(super) fn annotations(rule: &Rule) -> Vec<String> {
    let mut lines = vec!["METADATA".to_owned(), format!("title: {}", super::print::string(&rule.id))];
    if !rule.doc.trim().is_empty() {
        lines.push(format!("description: {}", super::print::string(rule.doc.trim())));
    }
    lines
}
