//! What `polc check` is told of a request besides the objects.

use super::Failure;
use super::sources::read_bytes;
use crate::diagnostic::codes::input;
use crate::eval::{Cluster, Request, admission_request};
use crate::ir::Operation;
use crate::manifest;
use crate::object::Node;
use crate::schema::Schema;
use clap::ValueEnum;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is asked of the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Asked {
    /// The objects are created.
    Create,
    /// They are updated.
    Update,
    /// They are deleted.
    Delete,
}

#[derive(Debug, clap::Args)]
pub struct AdmissionArguments {
    /// The namespace of objects that name none.
    #[arg(long, short, default_value = "default", value_name = "NAME")]
    namespace: String,
    /// A file with Namespaces; may be repeated. Objects that are in one of them are judged by rules that read `namespaceObject`.
    #[arg(long, num_args = 1, value_name = "FILE")]
    namespace_object: Vec<PathBuf>,
    /// What is done to the objects: `update` where `--old` is given, else `create`.
    #[arg(long, value_enum, value_name = "OPERATION")]
    operation: Option<Asked>,
    /// A file with the object before an update: rules that read `oldObject` are judged then; one manifest with one object is needed.
    #[arg(long, value_name = "FILE")]
    old: Option<PathBuf>,
    /// A file with what else is known of the request, such as `userInfo: { username: ann, groups: [ops] }`, or with an AdmissionReview: rules that read `request` are judged then.
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
}

/// What is known, read.
#[derive(Debug)]
pub struct Admission {
    schema: &'static Schema,
    /// The namespace of objects that name none.
    pub namespace: String,
    namespaces: BTreeMap<String, Node>,
    operation: Operation,
    old: Option<Node>,
    request: Option<Node>,
}

/// Reads a file that has to hold exactly one object.
fn one_object(path: &Path) -> Result<Node, Failure> {
    let read = manifest::read(&read_bytes(path)?);
    let mut documents = read.documents.into_iter();
    match (documents.next(), documents.next()) {
        (Some(document), None) => Ok(document.node),
        (_, _) => Err(Failure::new(&input::NO_MANIFESTS, format!("`{}` does not hold exactly one object", path.display()))
            .with_help("give a YAML or JSON file with one object")),
    }
}

fn namespaces(paths: &[PathBuf]) -> Result<BTreeMap<String, Node>, Failure> {
    let mut all = BTreeMap::new();
    for path in paths {
        let documents = manifest::read(&read_bytes(path)?).documents;
        let spaces = documents.len();
        for document in documents {
            let node = document.node;
            if node.text_at(&["kind"]) == Some("Namespace")
                && node.text_at(&["apiVersion"]) == Some("v1")
                && let Some(name) = node.text_at(&["metadata", "name"])
            {
                all.insert(name.to_owned(), node);
            } else {
                return Err(Failure::new(&input::BAD_USAGE, format!("`{}` holds something else than Namespaces", path.display()))
                    .with_help("give a file with objects of `apiVersion: v1`, `kind: Namespace`, each with a name"));
            }
        }
        if spaces == 0 {
            return Err(Failure::new(&input::NO_MANIFESTS, format!("`{}` holds no Namespace", path.display()))
                .with_help("give a file with objects of `apiVersion: v1`, `kind: Namespace`"));
        }
    }
    Ok(all)
}

impl AdmissionArguments {
    /// Reads the files.
    pub fn read(&self, schema: &'static Schema) -> Result<Admission, Failure> {
        let operation = match (self.operation, &self.old) {
            (None, None) | (Some(Asked::Create), None) => Operation::Create,
            (None | Some(Asked::Update), Some(_)) | (Some(Asked::Update), None) => Operation::Update,
            (Some(Asked::Delete), None) => Operation::Delete,
            (Some(Asked::Create | Asked::Delete), Some(_)) => {
                return Err(Failure::new(&input::BAD_USAGE, "`--old` goes with an update".to_owned())
                    .with_help("leave it out, or write `--operation update`"));
            }
        };
        let request = self.request.as_deref().map(one_object).transpose()?;
        let request = request.map(|request| match request.get("request") {
            Some(inner) if request.text_at(&["kind"]) == Some("AdmissionReview") => inner.clone(),
            Some(_) | None => request,
        });
        Ok(Admission {
            schema,
            namespace: self.namespace.clone(),
            namespaces: namespaces(&self.namespace_object)?,
            operation,
            old: self.old.as_deref().map(one_object).transpose()?,
            request,
        })
    }
}

impl Admission {
    /// Whether the old object is given, which is that of one object.
    pub fn is_of_one(&self) -> bool {
        self.old.is_some()
    }

    /// The request about an object, where it is known.
    pub fn asked(&self, object: &Node) -> Option<Node> {
        self.request.as_ref().map(|given| admission_request(self.schema, given, object, self.operation, &self.namespace))
    }

    /// What is judged.
    pub fn request<'a>(&'a self, object: &'a Node, asked: Option<&'a Node>, cluster: Option<&'a Cluster<'a>>) -> Request<'a> {
        let own = object.text_at(&["metadata", "namespace"]);
        Request {
            object,
            old_object: self.old.as_ref(),
            operation: self.operation,
            namespace_object: self.namespaces.get(own.unwrap_or(&self.namespace)),
            request: asked,
            default_namespace: Some(&self.namespace),
            cluster,
        }
    }
}
