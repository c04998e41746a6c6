//! What a Pod asks the scheduler for: see [`crate::eval::effective_request::effective_request`].

use super::lower::Lowering;
use super::quantity;
use super::tree::{Comprehension, Expr, Type, and, or, ternary};
use super::val::Val;
use crate::lower::Unsupported;

/// The request in thousandths.
pub(super) fn lower(lowering: &mut Lowering<'_>, pod: Expr, resource: &str) -> Result<Expr, Unsupported> {
    let list = |field: &str| Lowering::path(pod.clone(), &["spec", field]);
    let main = containers(lowering, list("containers"), "containers");
    let init = containers(lowering, list("initContainers"), "initContainers");
    let main_requests = requests(lowering, main.clone(), resource)?;
    let main_requests = lowering.variable("mainRequests", main_requests);
    let init_requests = requests(lowering, init.clone(), resource)?;
    let init_requests = lowering.variable("initRequests", init_requests);
    let i = lowering.fresh("i", Type::Int);
    let i_ = Expr::Ident(i.clone());
    let range = || Expr::Call("lists.range", vec![init.clone().to("size")]);
    let container = init.clone().index(i_.clone());
    let sidecar = and([container.clone().has("restartPolicy"), container.select("restartPolicy").eq(Expr::text("Always"))]);
    let of_sidecars = range().each(Comprehension::Map, i.clone(), ternary(sidecar, init_requests.clone().index(i_.clone()), Expr::Int(0)));
    let of_sidecars = lowering.variable("sidecarRequests", of_sidecars);
    let so_far = of_sidecars.clone().call("slice", [Expr::Int(0), i_.clone()]).call("sum", []);
    let peaks = range().each(Comprehension::Map, i, so_far.plus(init_requests.index(i_)));
    let sum = main_requests.call("sum", []).plus(of_sidecars.call("sum", []));
    let mut total = Expr::List(vec![Expr::Int(0), sum]).plus(peaks).call("max", []);
    let huge_pages = resource.starts_with("hugepages-");
    if huge_pages || matches!(resource, "cpu" | "memory") {
        total = whole(lowering, &pod, resource, huge_pages, &main, &init, total)?;
    }
    let overhead = entry(pod, &["spec", "overhead"], resource);
    let overhead = lowering.milli_or_zero(overhead)?;
    let total = lowering.variable("request", total.plus(overhead));
    Ok(if resource == "cpu" { total } else { lowering.variable("requestInUnits", quantity::units_up(total)) })
}

/// What the Pod asks for as a whole stands in for the sum of its containers.
fn whole(
    lowering: &mut Lowering<'_>,
    pod: &Expr,
    resource: &str,
    huge_pages: bool,
    main: &Expr,
    init: &Expr,
    total: Expr,
) -> Result<Expr, Unsupported> {
    let request = entry(pod.clone(), &["spec", "resources", "requests"], resource);
    let limit = entry(pod.clone(), &["spec", "resources", "limits"], resource);
    let asked = |lowering: &mut Lowering<'_>, list: &Expr| {
        let container = lowering.fresh("container", Type::Dyn);
        let of = Expr::Ident(container.clone());
        let any = or([
            entry(of.clone(), &["resources", "requests"], resource).present(),
            entry(of, &["resources", "limits"], resource).present(),
        ]);
        list.clone().each(Comprehension::Exists, container, any)
    };
    let by_limit = if huge_pages {
        Expr::Bool(true)
    } else {
        let (main, init) = (asked(lowering, main), asked(lowering, init));
        or([main, init]).not()
    };
    let (has_request, has_limit) = (request.clone().present(), and([by_limit, limit.clone().present()]));
    let (request, limit) = (lowering.in_milli(request.leaf()), lowering.in_milli(limit.leaf()));
    Ok(ternary(has_request, request, ternary(has_limit, limit, total)))
}

fn containers(lowering: &mut Lowering<'_>, val: Val, name: &str) -> Expr {
    let list = ternary(val.clone().present(), val.leaf(), Expr::List(Vec::new()));
    let container = lowering.fresh("container", Type::Dyn);
    let present = Expr::Ident(container.clone()).present();
    lowering.variable(name, list.filter(container, present))
}

/// The request of each container, or its limit.
fn requests(lowering: &mut Lowering<'_>, containers: Expr, resource: &str) -> Result<Expr, Unsupported> {
    let container = lowering.fresh("container", Type::Dyn);
    let of = Expr::Ident(container.clone());
    let request = entry(of.clone(), &["resources", "requests"], resource);
    let limit = entry(of, &["resources", "limits"], resource);
    let has_request = request.clone().present();
    let (request, limit) = (lowering.in_milli(request.leaf()), lowering.milli_or_zero(limit)?);
    Ok(containers.each(Comprehension::Map, container, ternary(has_request, request, limit)))
}

fn entry(of: Expr, path: &[&str], resource: &str) -> Val {
    let segments: Vec<&str> = path.iter().copied().chain([resource]).collect();
    Lowering::path(of, &segments)
}
