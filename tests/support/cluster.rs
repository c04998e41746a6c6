//! A real API server with its etcd, as `polc-apiserver` runs them: requests in, responses out. It ends with the value that stands for it, also when a test fails.

use polc::cli::verify::process::Process;
use polc::ir::Kind;
use serde_json::{Value as Json, json};
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long policies may take until they are in force.
const IN_FORCE_WITHIN: Duration = Duration::from_secs(60);

/// The policies by which a test sees that all that were sent before them are in force.
const SENTINEL: &str = "zz-sentinel";

/// A running API server.
pub struct Cluster {
    process: Process,
    /// What it said when it was ready.
    pub hello: Json,
    /// Its state. Declared last, so that it is removed after the server has ended.
    _folder: TempDir,
}

/// A request to create an object.
pub fn create(path: &str, object: &Json) -> Json {
    json!({"method": "POST", "path": path, "body": object})
}

/// The collection that objects of a kind are in.
pub fn collection(kind: &Kind, namespace: &str) -> String {
    let group = if kind.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", kind.group) };
    let inside = if kind.namespaced { format!("namespaces/{namespace}/") } else { String::new() };
    format!("{group}/{}/{inside}{}", kind.version, kind.resource)
}

/// Whether the API server did what was asked.
pub fn succeeded(answer: &Json) -> bool {
    answer["status"].as_u64().is_some_and(|status| (200..300).contains(&status))
}

impl Cluster {
    pub fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::start(program, &[folder.path().to_str().unwrap()])
            .unwrap_or_else(|error| panic!("{} did not start: {error}", program.display()));
        let hello = process.hello.clone();
        Cluster { process, hello, _folder: folder }
    }

    /// The answers to these requests, in their order.
    pub fn ask_all(&mut self, requests: &[Json]) -> Vec<Json> {
        let lines: Vec<String> = requests.iter().map(Json::to_string).collect();
        let answers = self
            .process
            .answers(&lines)
            .unwrap_or_else(|(number, error)| panic!("no answer to {}: {error}", lines.get(number).map_or("", String::as_str)));
        for (request, answer) in requests.iter().zip(&answers) {
            assert!(answer["error"].is_null(), "{request} gives {answer}");
        }
        answers
    }

    pub fn ask(&mut self, request: Json) -> Json {
        self.ask_all(&[request]).pop().unwrap()
    }

    /// Creates an object, or replaces the one that is there.
    pub fn put(&mut self, path: &str, object: &Json) -> Json {
        let name = object["metadata"]["name"].as_str().unwrap();
        let there = self.ask(json!({"path": format!("{path}/{name}")}));
        let mut object = object.clone();
        let request = if there["status"] == 404 {
            create(path, &object)
        } else {
            object["metadata"]["resourceVersion"] = there["body"]["metadata"]["resourceVersion"].clone();
            json!({"method": "PUT", "path": format!("{path}/{name}"), "body": object})
        };
        let answer = self.ask(request);
        assert!(succeeded(&answer), "{object} is refused: {answer}");
        answer
    }

    /// Creates a CustomResourceDefinition, and waits until its kind is served.
    pub fn define(&mut self, definition: &Json) {
        let answer = self.ask(create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition));
        assert!(succeeded(&answer), "{definition} is refused: {answer}");
        let text = |pointer: &str| definition.pointer(pointer).and_then(Json::as_str).unwrap();
        let versions = definition["spec"]["versions"].as_array().unwrap();
        for version in versions.iter().filter(|version| version["served"] == true) {
            let path = format!("/apis/{}/{}/{}", text("/spec/group"), version["name"].as_str().unwrap(), text("/spec/names/plural"));
            let until = Instant::now() + IN_FORCE_WITHIN;
            loop {
                let answer = self.ask(json!({ "path": path }));
                if succeeded(&answer) {
                    break;
                }
                assert!(Instant::now() < until, "{path} is not served: {answer}");
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }

    /// Applies admission policies and bindings, and waits until they are in force. `round` tells one call from another.
    ///
    /// The API server hears of policies in the order in which they were written, and of bindings likewise: when the sentinel, which is written last, is in force, the others are.
    pub fn apply_policies(&mut self, documents: &[Json], round: &str) {
        let (path, policy, binding) = sentinel(documents, round);
        for document in documents {
            let kind = document["kind"].as_str().unwrap();
            assert!(kind.starts_with(path), "{kind} among {path}");
            self.put(&admission_path(kind), document);
        }
        self.put(&admission_path(policy["kind"].as_str().unwrap()), &policy);
        self.put(&admission_path(binding["kind"].as_str().unwrap()), &binding);
        let asked = create(
            "/api/v1/namespaces/default/configmaps?dryRun=All",
            &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": SENTINEL}}),
        );
        let until = Instant::now() + IN_FORCE_WITHIN;
        loop {
            let answer = self.ask(asked.clone());
            let denied = answer["body"]["message"].as_str().is_some_and(|message| message.ends_with(&format!("denied request: {round}")));
            if denied || answer["body"]["metadata"]["labels"][SENTINEL] == round {
                return;
            }
            assert!(Instant::now() < until, "the policies of {round} are not in force: {answer}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Removes all admission policies of a kind with their bindings, and waits until they are out of force.
    pub fn remove_policies(&mut self, kind: &str) {
        for kind in [kind.to_owned(), format!("{kind}Binding")] {
            let answer = self.ask(json!({"method": "DELETE", "path": admission_path(&kind)}));
            assert!(succeeded(&answer), "{answer}");
        }
        let asked = create(
            "/api/v1/namespaces/default/configmaps?dryRun=All",
            &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": SENTINEL}}),
        );
        let until = Instant::now() + IN_FORCE_WITHIN;
        loop {
            let answer = self.ask(asked.clone());
            if succeeded(&answer) && answer["body"]["metadata"]["labels"][SENTINEL].is_null() {
                return;
            }
            assert!(Instant::now() < until, "the policies are still in force: {answer}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Ends it, which has to be without a failure.
    pub fn finish(self) {
        self.process.finish().unwrap();
    }
}

/// Where policies and bindings are created.
fn admission_path(kind: &str) -> String {
    let resource = match kind {
        "ValidatingAdmissionPolicy" => "validatingadmissionpolicies",
        "ValidatingAdmissionPolicyBinding" => "validatingadmissionpolicybindings",
        "MutatingAdmissionPolicy" => "mutatingadmissionpolicies",
        "MutatingAdmissionPolicyBinding" => "mutatingadmissionpolicybindings",
        other => panic!("what is {other}?"),
    };
    format!("/apis/admissionregistration.k8s.io/v1/{resource}")
}

/// A policy and its binding about one object, which denies or labels it with the name of the round.
fn sentinel<'d>(documents: &'d [Json], round: &str) -> (&'d str, Json, Json) {
    let kind = documents[0]["kind"].as_str().unwrap().trim_end_matches("Binding");
    let mut spec = json!({
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [{
            "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"], "resourceNames": [SENTINEL],
        }]},
    });
    let mut bound = json!({"policyName": SENTINEL});
    if kind == "ValidatingAdmissionPolicy" {
        spec["validations"] = json!([{"expression": "false", "message": round}]);
        bound["validationActions"] = json!(["Deny"]);
    } else {
        spec["reinvocationPolicy"] = json!("Never");
        let expression = format!("Object{{metadata: Object.metadata{{labels: {{'{SENTINEL}': '{round}'}}}}}}");
        spec["mutations"] = json!([{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}]);
    }
    let of = |kind: &str, spec: Json| json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": SENTINEL}, "spec": spec});
    (kind, of(kind, spec), of(&format!("{kind}Binding"), bound))
}
