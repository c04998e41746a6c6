//! What a Pod asks the scheduler for.

use super::quantity;
use crate::ir::Quantity;
use crate::object::{Node, Value};

/// What cannot be read as what it has to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unreadable<'a>(pub &'a Node);

/// The request of a Pod for a resource as the scheduler of Kubernetes 1.37 counts it.
///
/// Of each container, and of the Pod as a whole, a limit stands for an absent request, whatever the kind. Let `R` be the sum of the main containers and the sidecars (init
/// containers with `restartPolicy: Always`). Each other init container asks for its own and all sidecars before it, each sidecar for itself and all before it; if that
/// is more, `R` is that. Then, for `cpu`, `memory` and `hugepages-*`, what the Pod asks for as a whole stands in for `R` where it is given: its request, or its limit
/// where no container asks for the resource (for `hugepages-*` also where one does). Then the overhead is added. Every number is exact in thousandths; the result
/// of anything but `cpu` is rounded up to a whole unit.
///
/// # Errors
/// When a part of the Pod that is looked at has the wrong type, or a quantity is unreadable.
pub fn effective_request<'a>(pod: &'a Node, resource: &str) -> Result<Quantity, Unreadable<'a>> {
    let Some(spec) = map(pod, "spec")? else { return Ok(Quantity { milli: 0 }) };
    let mut asked = false;
    let mut total = 0;
    for container in list(spec, "containers")? {
        if let Some(request) = request(container, resource)? {
            asked = true;
            total += request;
        }
    }
    let (mut sidecars, mut peak) = (0, 0);
    for container in list(spec, "initContainers")? {
        let request = request(container, resource)?;
        asked |= request.is_some();
        let request = request.unwrap_or(0);
        let up_to_here = sidecars + request;
        if is_sidecar(container)? {
            sidecars = up_to_here;
        }
        peak = peak.max(up_to_here);
    }
    total = (total + sidecars).max(peak);
    let huge_pages = resource.starts_with("hugepages-");
    if (huge_pages || matches!(resource, "cpu" | "memory"))
        && let Some(resources) = map(spec, "resources")?
    {
        let whole = match entry(resources, "requests", resource)? {
            None if huge_pages || !asked => entry(resources, "limits", resource)?,
            request => request,
        };
        total = whole.unwrap_or(total);
    }
    total += entry(spec, "overhead", resource)?.unwrap_or(0);
    let total = Quantity { milli: total };
    Ok(if resource == "cpu" { total } else { Quantity { milli: total.units_up() * 1000 } })
}

fn request<'a>(container: &'a Node, resource: &str) -> Result<Option<i128>, Unreadable<'a>> {
    let Some(resources) = map(container, "resources")? else { return Ok(None) };
    match entry(resources, "requests", resource)? {
        None => entry(resources, "limits", resource),
        request => Ok(request),
    }
}

fn is_sidecar(container: &Node) -> Result<bool, Unreadable<'_>> {
    match container.get("restartPolicy") {
        None => Ok(false),
        Some(policy) => match &policy.value {
            Value::Null => Ok(false),
            Value::String(policy) => Ok(&**policy == "Always"),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => Err(Unreadable(policy)),
        },
    }
}

fn entry<'a>(of: &'a Node, list: &str, resource: &str) -> Result<Option<i128>, Unreadable<'a>> {
    let Some(entry) = map(of, list)?.and_then(|resources| resources.get(resource)) else { return Ok(None) };
    if entry.is_null() {
        return Ok(None);
    }
    quantity::read(entry).map(|quantity| Some(quantity.milli)).ok_or(Unreadable(entry))
}

fn map<'a>(of: &'a Node, field: &str) -> Result<Option<&'a Node>, Unreadable<'a>> {
    let Some(node) = of.get(field) else { return Ok(None) };
    match &node.value {
        Value::Null => Ok(None),
        Value::Map(_) => Ok(Some(node)),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) | Value::List(_) => Err(Unreadable(node)),
    }
}

/// The elements that are not `null`; each is a map.
fn list<'a>(of: &'a Node, field: &str) -> Result<impl Iterator<Item = &'a Node>, Unreadable<'a>> {
    let items: &[Node] = match of.get(field) {
        None => &[],
        Some(node) => match &node.value {
            Value::Null => &[],
            Value::List(items) => items,
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) | Value::Map(_) => return Err(Unreadable(node)),
        },
    };
    if let Some(wrong) = items.iter().find(|item| !matches!(item.value, Value::Null | Value::Map(_))) {
        return Err(Unreadable(wrong));
    }
    Ok(items.iter().filter(|item| !item.is_null()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::{Value as Json, json};

    fn container(cpu: Json) -> Json {
        json!({ "resources": { "requests": { "cpu": cpu } } })
    }

    fn sidecar(cpu: Json) -> Json {
        json!({ "restartPolicy": "Always", "resources": { "requests": { "cpu": cpu } } })
    }

    fn ask(spec: Json, resource: &str) -> Result<String, ()> {
        let pod = Node::from(&json!({ "spec": spec }));
        effective_request(&pod, resource).map(|quantity| quantity.to_string()).map_err(|_| ())
    }

    fn cpu(spec: Json) -> String {
        ask(spec, "cpu").unwrap()
    }

    #[test]
    fn sums_containers_and_takes_the_largest_init_container() {
        assert_eq!(
            cpu(json!({ "containers": [container(json!("100m"))], "initContainers": [container(json!("20m")), container(json!("30m"))] })),
            "100m"
        );
        assert_eq!(
            cpu(json!({ "containers": [container(json!("100m")), container(json!(1))], "initContainers": [container(json!(2))] })),
            "2"
        );
        assert_eq!(cpu(json!({ "containers": [container(json!("100m")), container(json!(1))] })), "1100m");
        assert_eq!(cpu(json!({ "containers": [{}, null, { "resources": null }], "initContainers": null })), "0");
        assert_eq!(cpu(json!(null)), "0");
        assert_eq!(cpu(json!({ "containers": [], "ephemeralContainers": [container(json!(5))] })), "0");
    }

    #[test]
    fn counts_sidecars_from_where_they_start() {
        assert_eq!(
            cpu(json!({ "containers": [container(json!("500m"))], "initContainers": [sidecar(json!(3)), container(json!("1.5"))] })),
            "4500m",
            "an init container runs beside the sidecars before it"
        );
        assert_eq!(
            cpu(json!({ "containers": [container(json!("500m"))], "initContainers": [container(json!("1.5")), sidecar(json!(3))] })),
            "3500m",
            "and not beside those after it"
        );
        assert_eq!(
            cpu(json!({ "containers": [container(json!(-5))], "initContainers": [sidecar(json!(1)), sidecar(json!(1))] })),
            "2",
            "a sidecar starts before the containers"
        );
    }

    #[test]
    fn a_limit_stands_for_a_request() {
        assert_eq!(cpu(json!({ "containers": [{ "resources": { "limits": { "cpu": "2" } } }] })), "2");
        assert_eq!(cpu(json!({ "containers": [{ "resources": { "limits": { "cpu": "2" }, "requests": { "cpu": "1" } } }] })), "1");
        assert_eq!(cpu(json!({ "containers": [{ "resources": { "limits": { "cpu": "2" }, "requests": { "cpu": 0 } } }] })), "0");
        assert_eq!(
            cpu(json!({ "containers": [{ "resources": { "limits": { "cpu": "2" }, "requests": { "cpu": null, "memory": 1 } } }] })),
            "2"
        );
    }

    #[test]
    fn the_pod_as_a_whole_stands_in() {
        let containers = json!([container(json!("3"))]);
        assert_eq!(cpu(json!({ "resources": { "requests": { "cpu": "1" } }, "containers": containers })), "1");
        assert_eq!(
            cpu(json!({ "resources": { "limits": { "cpu": "5" } }, "containers": containers })),
            "3",
            "the containers' own requests come first"
        );
        assert_eq!(cpu(json!({ "resources": { "limits": { "cpu": "5" } }, "containers": [{}] })), "5");
        let huge = json!({ "resources": { "limits": { "hugepages-2Mi": "4Mi", "example.com/x": 4 } },
            "containers": [{ "resources": { "limits": { "hugepages-2Mi": "2Mi", "example.com/x": 1 } } }] });
        assert_eq!(ask(huge.clone(), "hugepages-2Mi").unwrap(), "4194304");
        assert_eq!(ask(huge, "example.com/x").unwrap(), "1", "not a resource of whole Pods");
    }

    #[test]
    fn overhead_is_added_last() {
        assert_eq!(cpu(json!({ "overhead": { "cpu": "250m" }, "containers": [container(json!(1))] })), "1250m");
        assert_eq!(cpu(json!({ "overhead": { "cpu": "250m" }, "resources": { "requests": { "cpu": "1" } } })), "1250m");
    }

    #[test]
    fn all_but_cpu_is_rounded_up_to_units() {
        let half = json!({ "resources": { "requests": { "memory": "500m", "cpu": "0.1m" } } });
        let spec = json!({ "containers": [half, half, half] });
        assert_eq!(ask(spec.clone(), "memory").unwrap(), "2", "the sum, not each");
        assert_eq!(ask(spec, "cpu").unwrap(), "3m", "each is rounded up to thousandths");
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        for spec in [
            json!({ "containers": [container(json!("1x"))] }),
            json!({ "containers": [container(json!(true))] }),
            json!({ "containers": [container(json!("9P")), container(json!("10P"))] }),
            json!({ "containers": "x" }),
            json!({ "containers": ["x"] }),
            json!({ "initContainers": [{ "restartPolicy": 1 }] }),
            json!({ "containers": [{ "resources": [] }] }),
            json!({ "containers": [{ "resources": { "requests": [] } }] }),
            json!({ "overhead": { "cpu": "" } }),
            json!("x"),
        ] {
            assert!(ask(spec.clone(), "cpu").is_err(), "{spec}");
        }
        assert_eq!(
            cpu(json!({ "containers": [{ "resources": { "requests": { "memory": "x" } } }] })),
            "0",
            "only the resource that is asked for is read"
        );
    }
}
