//! Image names: whether they can be read, and whether their registry is one of Kubernetes' that is frozen or misspelt.

use super::path::Path;
use super::{Findings, at, quote};
use crate::eval::image::is_reference;
use crate::object::Node;

pub(super) fn check(text: &str, node: &Node, path: &Path<'_>, findings: &mut Findings) {
    if !is_reference(text) {
        let message = format!("{} is no image name: it is read as `[HOST/]PATH[:TAG][@DIGEST]`, the path in lower case", quote(text));
        findings.error("image-name-valid", path, at(node), message);
    } else if let Some((host, rest)) = text.split_once('/') {
        registry(text, host, rest, node, path, findings);
    }
}

fn registry(text: &str, host: &str, rest: &str, node: &Node, path: &Path<'_>, findings: &mut Findings) {
    let kubernetes = ["google_containers/", "google-containers/"].iter().find_map(|folder| rest.strip_prefix(folder));
    let (now, why) = match (host, kubernetes) {
        ("k8s.gcr.io", _) => (rest, "that registry is frozen"),
        ("gcr.io" | "eu.gcr.io" | "us.gcr.io" | "asia.gcr.io", Some(name)) => (name, "that registry is frozen"),
        (host, Some(name)) if host.ends_with("gcr.io") && !host.ends_with(".gcr.io") => (name, "that host is no registry of Kubernetes"),
        (host, _) if host != "registry.k8s.io" && host.contains('.') && strsim::osa_distance(host, "registry.k8s.io") <= 2 => {
            (rest, "that host is no registry of Kubernetes")
        }
        _ => return,
    };
    findings.warning("image-registry", path, at(node), format!("{}: {why}; the image is now `registry.k8s.io/{now}`", quote(text)));
}
