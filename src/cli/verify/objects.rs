//! The objects of `--objects`.

use super::super::Failure;
use super::super::sources::{files_under, read_bytes};
use crate::diagnostic::codes::input;
use crate::eval::admission_request;
use crate::ir::Operation;
use crate::manifest::{self, builtin};
use crate::object::Node;
use crate::schema::Schema;
use crate::verify::generate::{Beside, Case};
use serde_json::{Map, Value as Json};
use std::path::{Path, PathBuf};

/// What was read.
pub struct Given {
    /// The objects.
    pub cases: Vec<Case>,
    /// Those that were left out, as file, line and why.
    pub left_out: Vec<(String, u32, String)>,
}

/// Reads all objects. With `only_valid` those in which a built-in check finds something are left out.
pub fn read(schema: &'static Schema, paths: &[PathBuf], only_valid: bool) -> Result<Given, Failure> {
    let mut given = Given { cases: Vec::new(), left_out: Vec::new() };
    let mut checker = builtin::Checker::with(schema);
    for path in paths {
        for path in files_under(path, &["yaml", "yml", "json"])? {
            let file = if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() };
            let read = manifest::read(&read_bytes(&path)?);
            if let Some(finding) = read.findings.first() {
                return Err(Failure::new(
                    &input::CANNOT_READ,
                    format!("`{file}` cannot be read: line {}: {}", finding.line, finding.message),
                )
                .with_help("mend the manifest; `polc check` shows all that is wrong with it"));
            }
            for document in read.documents {
                let case = case(schema, &document.node, &file, document.line)?;
                let findings = if only_valid { checker.check(&file, &document, "default") } else { Vec::new() };
                match findings.into_iter().find(|finding| finding.level == crate::diagnostic::Level::Error) {
                    Some(finding) => {
                        given.left_out.push((file.clone(), finding.line, format!("builtin/{}: {}", finding.id, finding.message)))
                    }
                    None => given.cases.push(case),
                }
            }
        }
    }
    if given.cases.is_empty() {
        return Err(Failure::new(&input::NO_MANIFESTS, "there is no object to judge in what was given".to_owned())
            .with_help("give a YAML or JSON file, a folder that holds some, or `-` for standard input"));
    }
    Ok(given)
}

/// The case that a document stands for.
pub fn case(schema: &Schema, node: &Node, file: &str, line: u32) -> Result<Case, Failure> {
    let object = Json::from(node);
    let origin = format!("{file}:{line}");
    let review = object.get("kind").is_some_and(|kind| kind == "AdmissionReview");
    let Some(request) = object.get("request").filter(|_| review) else {
        return Ok(Case {
            object,
            old_object: None,
            operation: Operation::Create,
            namespace_object: None,
            request: None,
            beside: None,
            origin,
        });
    };
    let wrong = |what: &str| {
        Failure::new(&input::NO_MANIFESTS, format!("the request of the AdmissionReview at {origin} {what}"))
            .with_help("an AdmissionReview has `request.operation` (CREATE, UPDATE, DELETE), `request.object` and, on update and delete, `request.oldObject`")
    };
    let operation: Operation =
        serde_json::from_value(request["operation"].clone()).map_err(|_| wrong("has no operation that is judged"))?;
    let part = |name: &str| request.get(name).filter(|object| object.is_object()).cloned();
    let (given, old_object) = match operation {
        Operation::Create => (part("object"), None),
        Operation::Update => (part("object"), part("oldObject")),
        Operation::Delete => (part("oldObject"), None),
    };
    let present = given.ok_or_else(|| wrong("holds no object"))?;
    let told = |name: &str| !matches!(name, "operation" | "object" | "oldObject");
    let fields: Map<String, Json> =
        request.as_object().into_iter().flatten().filter(|(name, _)| told(name)).map(|(n, v)| (n.clone(), v.clone())).collect();
    let request = (!fields.is_empty())
        .then(|| Json::from(&admission_request(schema, &Node::from(&Json::Object(fields)), &Node::from(&present), operation, "default")));
    let beside = beside(schema, &object, &origin)?;
    Ok(Case { object: present, old_object, operation, namespace_object: object.get("namespaceObject").cloned(), request, beside, origin })
}

/// What is said beside a request of other objects: in `beside` the objects, in `unknown` the kinds of which it is not known what there is.
fn beside(schema: &Schema, review: &Json, origin: &str) -> Result<Option<Beside>, Failure> {
    let list = |name: &str| review.get(name).and_then(Json::as_array);
    if list("beside").is_none() && list("unknown").is_none() {
        return Ok(None);
    }
    let wrong =
        |what: String, help: &str| Failure::new(&input::NO_MANIFESTS, format!("{what} beside the request at {origin}")).with_help(help);
    let objects = list("beside").into_iter().flatten().cloned();
    let Some(mut beside) = Beside::of(schema, objects) else {
        return Err(wrong(
            "an object without a name, or one that stands there twice,".to_owned(),
            "give each object of `beside` a name of its own",
        ));
    };
    for id in list("unknown").into_iter().flatten() {
        let found = schema.kinds().iter().find(|info| id.as_str().is_some_and(|id| info.kind.is(id)));
        let Some(info) = found else {
            return Err(wrong(
                format!("there is no kind `{}`", id.as_str().unwrap_or_default()),
                "name a kind with its group, such as `apps/Deployment` or `ConfigMap`, in `unknown`",
            ));
        };
        beside.unknown.insert(info.kind.clone());
    }
    Ok(Some(beside))
}
