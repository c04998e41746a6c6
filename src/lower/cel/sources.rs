//! Where elements come from.

use super::lower::{Lowering, Result};
use super::tree::{Comprehension, Expr, Ident, Type, and, ternary};
use super::val::{Bound, Loop, Val};
use crate::ir::walk::{self, Node};
use crate::ir::{Elements, Slot, Source, Ty, Value};

impl Lowering<'_> {
    /// The elements of a source; binds its slots. The order of entries counts where `ordered`.
    pub(super) fn source(&mut self, source: &Source, ordered: bool) -> Result<Loop> {
        let mut each = match &source.of {
            Elements::Cluster(_) => return self.unsupported("`cluster()`"),
            Elements::Map(of) => self.entries(source, of, ordered)?,
            Elements::Lists(lists) => match (lists.as_slice(), source.key) {
                ([one], Some(key)) => self.indexed(source, one, key)?,
                (_, None) => self.lists(source, lists)?,
                (_, Some(_)) => return self.unsupported("an index over several lists"),
            },
        };
        if let Some(filter) = &source.filter {
            let filter = self.cond(filter)?;
            each.filter = and([each.filter, filter]);
        }
        Ok(each)
    }

    pub(super) fn lists(&mut self, source: &Source, lists: &[Value]) -> Result<Loop> {
        let hint = hint(lists);
        let nulls = lists.iter().any(may_hold_nulls);
        let mut all: Option<Expr> = None;
        for value in lists {
            let items = self.list(value)?;
            all = Some(match all {
                Some(before) => before.plus(items),
                None => items,
            });
        }
        let all = all.unwrap_or(Expr::List(Vec::new()));
        let var = self.fresh(&singular(&hint), all.ty().element());
        let present = if nulls { Expr::Ident(var.clone()).present() } else { Expr::Bool(true) };
        let (list, filter) = if matches!(all, Expr::List(_)) || all.is_open() {
            (all, present)
        } else {
            let list = all.filter(var.clone(), present);
            (if list.is_simple() { list } else { self.variable(&hint, list) }, Expr::Bool(true))
        };
        self.slots.insert(source.slot, Bound { expr: Expr::Ident(var.clone()), ty: source.ty.clone() });
        Ok(Loop { outer: None, list, var, filter })
    }

    pub(super) fn indexed(&mut self, source: &Source, of: &Value, key: Slot) -> Result<Loop> {
        let hint = hint(std::slice::from_ref(of));
        let items = self.list(of)?;
        let (items, outer) = self.repeatable(items, &hint);
        let var = self.fresh("i", Type::Int);
        let element = items.clone().index(Expr::Ident(var.clone()));
        let filter = if may_hold_nulls(of) { element.clone().present() } else { Expr::Bool(true) };
        self.slots.insert(source.slot, Bound { expr: element, ty: source.ty.clone() });
        self.slots.insert(key, Bound { expr: Expr::Ident(var.clone()), ty: Ty::Int });
        Ok(Loop { outer, list: Expr::Call("lists.range", vec![items.to("size")]), var, filter })
    }

    pub(super) fn entries(&mut self, source: &Source, of: &Value, ordered: bool) -> Result<Loop> {
        let hint = hint(std::slice::from_ref(of));
        let map = self.value(of)?.or_else_empty();
        // Of a constant map the type checker knows that no entry is null, and refuses to ask.
        let map = if matches!(map, Expr::Map(_)) { map.dynamic() } else { map };
        let (map, outer) = self.repeatable(map, &hint);
        let var = self.fresh("key", Type::Dyn);
        let entry = map.clone().index(Expr::Ident(var.clone()));
        let (element, filter) = if source.ty == Ty::String {
            (ternary(entry.clone().present().not(), Expr::text(""), entry), Expr::Bool(true))
        } else {
            (entry.clone(), entry.present())
        };
        let list = if ordered {
            let sorted = self.fresh("k", Type::Dyn);
            map.each(Comprehension::Map, sorted.clone(), Expr::Ident(sorted)).call("sort", [])
        } else {
            map
        };
        self.slots.insert(source.slot, Bound { expr: element, ty: source.ty.clone() });
        if let Some(key) = source.key {
            self.slots.insert(key, Bound { expr: Expr::Ident(var.clone()), ty: Ty::String });
        }
        Ok(Loop { outer, list, var, filter })
    }

    /// The expression in a form that may be said several times: itself, a variable of the policy, or one bound outside.
    pub(super) fn repeatable(&mut self, expr: Expr, hint: &str) -> (Expr, Option<(Ident, Expr)>) {
        if expr.is_simple() {
            (expr, None)
        } else if expr.is_open() {
            let ident = self.fresh(hint, expr.ty());
            (Expr::Ident(ident.clone()), Some((ident, expr)))
        } else {
            (self.variable(hint, expr), None)
        }
    }

    /// The elements of a list value, none where it is absent; null elements are left in.
    pub(super) fn list(&mut self, value: &Value) -> Result<Expr> {
        let val = self.written(value)?;
        Ok(if val.guards.is_empty() && !val.null { val.expr } else { self.or_empty(val) })
    }

    pub(super) fn or_empty(&mut self, val: Val) -> Expr {
        if val.expr.is_simple() || !val.null {
            return val.or_else(Expr::List(Vec::new()));
        }
        let expr = val.or_null();
        let var = self.fresh("list", expr.ty());
        let var_ = Expr::Ident(var.clone());
        let body = ternary(var_.clone().present(), var_, Expr::List(Vec::new()));
        Expr::List(vec![expr]).each(Comprehension::Map, var, body).first()
    }

    /// The elements of a list value that are there.
    pub(super) fn elements(&mut self, value: &Value) -> Result<Expr> {
        let items = self.list(value)?;
        if !may_hold_nulls(value) {
            return Ok(items);
        }
        let item = self.fresh("item", items.ty().element());
        let present = Expr::Ident(item.clone()).present();
        Ok(items.filter(item, present))
    }
}

/// Whether a list is written in the object, where its elements can be null.
pub(super) fn may_hold_nulls(list: &Value) -> bool {
    match list {
        Value::Const(_) | Value::List(_) | Value::Call(..) => false,
        Value::Coalesce(values) => values.iter().any(may_hold_nulls),
        Value::If(_, then, otherwise) => may_hold_nulls(then) || may_hold_nulls(otherwise),
        Value::Root(_)
        | Value::Var(_)
        | Value::Field { .. }
        | Value::Entry { .. }
        | Value::Truth(_)
        | Value::Aggregate { .. }
        | Value::Arithmetic { .. }
        | Value::Concat(_) => true,
    }
}

/// A name for what is in lists: that of the field, or `allContainers` of `initContainers` and `containers`.
fn hint(lists: &[Value]) -> String {
    let names: Vec<&str> = lists
        .iter()
        .filter_map(|list| {
            let mut name = None;
            walk::walk(Node::Value(list), &mut |node| {
                if let Node::Value(Value::Field { name: field, .. }) = node
                    && name.is_none()
                {
                    name = Some(field.as_str());
                }
                name.is_none()
            });
            name
        })
        .collect();
    match names.as_slice() {
        [] => "items".to_owned(),
        [one] => (*one).to_owned(),
        several => {
            let shortest = several.iter().min_by_key(|name| name.len()).copied().unwrap_or("items");
            let mut characters = shortest.chars();
            let first = characters.next().map(|c| c.to_ascii_uppercase()).unwrap_or('I');
            format!("{}{first}{}", if several.len() > 2 { "all" } else { "pod" }, characters.as_str())
        }
    }
}

fn singular(plural: &str) -> String {
    let short =
        plural.strip_prefix("all").or_else(|| plural.strip_prefix("pod")).filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
    let name = match short {
        Some(rest) => rest.to_ascii_lowercase(),
        None => plural.to_owned(),
    };
    match name.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => name.strip_suffix('s').unwrap_or(if name == "add" || name == "drop" { "capability" } else { "item" }).to_owned(),
    }
}
