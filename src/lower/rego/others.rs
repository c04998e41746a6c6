//! The objects beside the one that is judged, where an engine holds them.
//!
//! Source: `github.com/open-policy-agent/kube-mgmt`, `pkg/data/generic.go` and its README; `github.com/open-policy-agent/gatekeeper` 3.23, `pkg/target/target.go`.

use super::module::{Frame, Lowered, Type, is_of, type_of};
use super::scope::{NULL, Scope};
use super::simplify::snake;
use super::tree::{Body, Expr, Operator, Path, Scalar, Step, Stmt};
use crate::ir::{Kind, Rule, walk};
use std::collections::BTreeSet;

/// The variable of an object beside the one that is judged.
const OTHER: &str = "other";

/// The variable of its name.
const NAME: &str = "name";

/// The variable of what is asked for.
const ASKED: &str = "asked";

impl Scope<'_> {
    /// A word for an object of some kinds.
    pub(super) fn other_word(kinds: &[Kind]) -> String {
        match kinds {
            [only] => format!("other_{}", snake(&only.kind)),
            _ => OTHER.to_owned(),
        }
    }

    /// The objects of some kinds beside the object, in a rule of their own.
    pub(super) fn beside(&mut self, kinds: &[Kind]) -> Lowered<Expr> {
        let mut lists = kinds.iter().map(|kind| self.beside_of(kind)).collect::<Lowered<Vec<_>>>()?;
        match (lists.pop(), lists.is_empty()) {
            (Some(only), true) => Ok(only),
            (last, _) => {
                lists.extend(last);
                Ok(self.module.shared_rule("others", Expr::concat_lists(lists), Body::default()))
            }
        }
    }

    /// The objects of a kind beside the object: those of its namespace without itself, all of a kind that lives in none, and all for an object that lives in none.
    fn beside_of(&mut self, kind: &Kind) -> Lowered<Expr> {
        let own_kinds = self.kinds;
        let is_same = |own: &&Kind| own.group == kind.group && own.kind == kind.kind;
        let types = |wanted: &dyn Fn(&&Kind) -> bool| -> BTreeSet<Type> { own_kinds.iter().filter(wanted).map(type_of).collect() };
        let (same, different) = (types(&is_same), types(&|own| !is_same(own)));
        let (inside, outside) = (types(&|own| own.namespaced), types(&|own| !own.namespaced));
        if !same.is_disjoint(&different) || !inside.is_disjoint(&outside) {
            return self.unsupported("`cluster()` for a kind whose objects are of the kind of another's");
        }
        let mut lists = Vec::new();
        let own_space = |scope: &mut Self| Some(Step::Index(scope.own_namespace()));
        let places: Vec<(Option<Step>, Option<&BTreeSet<Type>>)> = match (kind.namespaced, inside.is_empty(), outside.is_empty()) {
            (false, _, _) => vec![(None, None)],
            (true, false, true) => vec![(own_space(self), None)],
            (true, true, _) => vec![(Some(Step::Each), None)],
            (true, false, false) => vec![(own_space(self), Some(&inside)), (Some(Step::Each), Some(&outside))],
        };
        for (space, only) in places {
            let mut body = Body::default();
            body.0.extend(only.map(|types| Stmt::Holds(is_of(types))));
            let here = !matches!(space, Some(Step::Each));
            let itself = here && !same.is_empty();
            let each = if itself { Step::At(NAME.to_owned()) } else { Step::Each };
            body.0.push(Stmt::Let(OTHER.to_owned(), held(self.module.frame, kind, space).step(each)));
            if itself {
                let mut of_itself = Body::default();
                of_itself.0.extend((!different.is_empty()).then(|| Stmt::Holds(is_of(&same))));
                of_itself.0.push(Stmt::Holds(Expr::var(NAME).infix(Operator::Eq, Expr::var("obj").key("metadata").key("name"))));
                body.0.push(Stmt::Never(of_itself));
            }
            lists.push(Expr::var(OTHER).each(body));
        }
        Ok(self.module.shared_rule(&format!("other_{}", kind.resource), Expr::concat_lists(lists), Body::default()))
    }

    /// The namespace of an object that lives in one.
    fn own_namespace(&mut self) -> Expr {
        let (space, written) = (Expr::var("space"), Expr::var("obj").key("metadata").key("namespace"));
        let body = Body(vec![Stmt::Let("space".to_owned(), written), Stmt::Holds(space.clone().infix(Operator::Gt, Expr::string("")))]);
        let first = Expr::concat_lists(vec![space.each(body), Expr::Array(vec![Expr::string("default")])]).step(Step::Index(Expr::int(0)));
        self.module.shared_rule("own_namespace", first, Body::default())
    }

    /// What has to be known of other objects: of a manifest, where it is not known whether there are objects of a kind, the rule does not apply; a request without it cannot be read. Gatekeeper has
    /// nothing for a kind of which it holds none, so that there the two are the same.
    pub(super) fn knows_others(&mut self, rule: &Rule, start: &mut Vec<Stmt>) -> Lowered<Vec<Expr>> {
        let kinds = walk::kinds_beside(rule);
        match (self.module.frame, rule.looks_at_others) {
            (Frame::Gatekeeper, _) => return Ok(Vec::new()),
            (Frame::Conftest, Some(span)) => {
                self.span = span;
                return self.unsupported("`cluster()`");
            }
            (Frame::Opa | Frame::Conftest, _) => {}
        }
        if kinds.is_empty() {
            return Ok(Vec::new());
        }
        let root = || Expr::var("data").key("kubernetes");
        let unknown = |resource: Expr| Stmt::Never(Body(vec![Stmt::Holds(root().step(Step::Index(resource)).infix(Operator::Ne, NULL))]));
        let resources = kinds.iter().map(|kind| Expr::string(&kind.resource)).collect();
        start.push(Stmt::Never(Body(vec![
            Stmt::Unless(Path { root: "input".to_owned(), keys: vec!["kind".to_owned()] }, Scalar::String("AdmissionReview".to_owned())),
            Stmt::Each(ASKED.to_owned(), Expr::Array(resources)),
            unknown(Expr::var(ASKED)),
        ])));
        let asked = |index: u8| Expr::var(ASKED).step(Step::Index(Expr::int(index)));
        let said = |mut body: Vec<Stmt>| {
            let parts = vec![Expr::string("cannot read `cluster("), asked(0), Expr::string(")`")];
            body.push(Stmt::Let("text".to_owned(), Expr::Call("concat", vec![Expr::string(""), Expr::Array(parts)])));
            Expr::var("text").each(Body(body))
        };
        let named = kinds.iter().map(|kind| Expr::Array(vec![Expr::string(&kind.kind), Expr::string(&kind.resource)])).collect();
        // What is held under the name of a resource may be of another group or version.
        let mut versions = Vec::new();
        for kind in &kinds {
            versions.push(Expr::Array(vec![Expr::string(&kind.kind), Expr::string(kind.api_version()), self.beside_of(kind)?]));
        }
        let is_served = Expr::var(OTHER).key("apiVersion").infix(Operator::Eq, asked(1));
        Ok(vec![
            said(vec![Stmt::Each(ASKED.to_owned(), Expr::Array(named)), unknown(asked(1))]),
            said(vec![
                Stmt::Each(ASKED.to_owned(), Expr::Array(versions)),
                Stmt::Each(OTHER.to_owned(), asked(2)),
                Stmt::Never(Body(vec![Stmt::Holds(is_served)])),
            ]),
        ])
    }
}

/// Where the objects of a kind are by their names; `space` is the step to those of a namespace.
fn held(frame: Frame, kind: &Kind, space: Option<Step>) -> Expr {
    let data = Expr::var("data");
    let within = |of: Expr, space: Option<Step>| match space {
        Some(space) => of.step(space),
        None => of,
    };
    match frame {
        Frame::Opa | Frame::Conftest => within(data.key("kubernetes").key(&kind.resource), space),
        Frame::Gatekeeper => {
            let root = data.key("inventory").key(if kind.namespaced { "namespace" } else { "cluster" });
            within(root, space).key(kind.api_version()).key(&kind.kind)
        }
    }
}
