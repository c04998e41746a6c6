//! Mutations as the JSON patch that they make, and generations as the objects that they bring.
//!
//! A patch is computed from the object as it is: first what is missing on the way to the places (`parents`, each once), then what is put there, then what is removed. What the statements do is apart
//! from each other, so that no operation sees what another has done but its own parents.

use super::lower::{Lowering, Result};
use super::tree::{Comprehension, Expr, Ident, Operator, Type, Variable, and, list, map, or, ternary};
use super::val::{Bound, Loop, Val};
use crate::ir::change::{Change, Conflict, Content, Creation, Edit, Generation, MergeKey, Mutation};
use crate::ir::{Cond, Elements, Order, PodPath, Root, Slot, Source, Value};
use crate::lower::Unsupported;
use std::collections::BTreeMap;

/// How many fields of one object literal may be absent: each doubles the expression.
const MOST_OPTIONAL: usize = 3;

/// What a mutation becomes. The engine binds `object`.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// Each may read those before it.
    pub variables: Vec<Variable>,
    /// Whether anything is done.
    pub applies: Expr,
    /// The operations, a list of `JSONPatch`, whether or not `applies`.
    pub operations: Expr,
}

impl Patch {
    /// The operations, none unless it `applies`.
    #[must_use]
    pub fn expression(&self) -> Expr {
        ternary(self.applies.clone(), self.operations.clone(), Expr::List(Vec::new()))
    }
}

/// What a generation becomes. The engine binds `object`.
#[derive(Debug, Clone, PartialEq)]
pub struct Brought {
    /// Each may read those before it.
    pub variables: Vec<Variable>,
    /// Whether anything is brought.
    pub applies: Expr,
    /// For each object whether it is brought, its namespace (`""` where its kind lives in none) and the object.
    pub objects: Vec<(Expr, Expr, Expr)>,
}

/// Lowers a mutation.
///
/// # Errors
/// When a construct of it has no exact form.
pub fn mutation(mutation: &Mutation) -> Result<Patch> {
    let mut changes = Changes::new(&mutation.head)?;
    let mut applies = changes.applies()?;
    if mutation.on_conflict == Conflict::Skip {
        let conflict = changes.conflicts(&mutation.body)?;
        if conflict != Expr::Bool(false) {
            let conflict = changes.define("conflict", conflict);
            applies = and([applies, conflict.not()]);
        }
    }
    let parents = changes.list(&mutation.body, Part::Parents)?;
    let puts = changes.list(&mutation.body, Part::Puts)?;
    let removals = changes.list(&mutation.body, Part::Removals)?;
    let mut additions = Expr::List(Vec::new());
    if !is_empty(&parents) {
        let parents = changes.define("parents", parents);
        additions = parents.call("distinct", []);
    }
    if !is_empty(&puts) {
        let once = changes.repeats(&mutation.body);
        let puts = changes.define("puts", puts);
        let puts = if once { puts.call("distinct", []) } else { puts };
        additions = if is_empty(&additions) { puts } else { additions.plus(puts) };
    }
    let mut operations = Vec::new();
    if !is_empty(&additions) {
        let put = Ident { name: "put".to_owned(), ty: Type::Dyn };
        let of = |field: &str| Expr::Ident(put.clone()).select(field);
        let patch = Expr::Struct("JSONPatch", vec![("op", Expr::text("add")), ("path", of("path")), ("value", of("value"))]);
        operations.push(additions.each(Comprehension::Map, put.clone(), patch));
    }
    if !is_empty(&removals) {
        let removals = changes.define("removals", removals);
        let path = Ident { name: "path".to_owned(), ty: Type::String };
        let patch = Expr::Struct("JSONPatch", vec![("op", Expr::text("remove")), ("path", Expr::Ident(path.clone()))]);
        operations.push(removals.call("distinct", []).each(Comprehension::Map, path, patch));
    }
    let operations = operations.into_iter().reduce(Expr::plus).unwrap_or(Expr::List(Vec::new()));
    Ok(Patch { variables: changes.lowering.variables, applies, operations })
}

/// Lowers a generation.
///
/// # Errors
/// When a construct of it has no exact form.
pub fn generation(generation: &Generation) -> Result<Brought> {
    let mut changes = Changes::new(&generation.head)?;
    let applies = changes.applies()?;
    let mut objects = Vec::new();
    for creation in &generation.creates {
        changes.lowering.span = creation.span;
        objects.push(changes.object(creation)?);
    }
    Ok(Brought { variables: changes.lowering.variables, applies, objects })
}

/// Which part of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Parents,
    Puts,
    Removals,
}

struct Changes<'r> {
    lowering: Lowering<'r>,
    /// The JSON pointers of the elements that slots are bound to.
    pointers: BTreeMap<Slot, Expr>,
    /// Slots for the indices of loops whose author names none.
    next: u32,
}

/// A place in the object.
struct Place {
    /// Its JSON pointer; to be evaluated where the guards hold.
    pointer: Expr,
    guards: Vec<Expr>,
    /// What is on the way to it, outermost first, with whether it is missing.
    parents: Vec<(Expr, Expr)>,
}

fn is_empty(expr: &Expr) -> bool {
    matches!(expr, Expr::List(items) if items.is_empty())
}

/// One text after another.
fn joined(before: Expr, after: Expr) -> Expr {
    match (before, after) {
        (Expr::String(before), Expr::String(after)) => Expr::String(before + &after),
        (before, Expr::String(after)) if after.is_empty() => before,
        (Expr::String(before), after) if before.is_empty() => after,
        (Expr::Binary(Operator::Add, first, second), Expr::String(after)) if matches!(*second, Expr::String(_)) => {
            first.plus(joined(*second, Expr::String(after)))
        }
        (before, after) => before.plus(after),
    }
}

fn step(pointer: Expr, name: &str) -> Expr {
    joined(pointer, Expr::String(format!("/{}", name.replace('~', "~0").replace('/', "~1"))))
}

/// Whether Go quotes a key as JSON does: the API server takes that for a path of its patch.
///
/// Source: `k8s.io/apiserver` 0.37, `pkg/admission/plugin/policy/mutating/patch/json_patch.go`: `strconv.Quote`.
fn is_quoted_as_json(key: &str) -> bool {
    key.chars().all(|c| !c.is_ascii_control() && c <= '\u{ffff}')
}

/// A key as a part of a JSON pointer; variables of a policy cannot call `jsonpatch.escapeKey`.
fn escaped(key: Expr) -> Expr {
    key.call("replace", [Expr::text("~"), Expr::text("~0")]).call("replace", [Expr::text("/"), Expr::text("~1")])
}

fn element(pointer: Expr, index: Expr) -> Expr {
    joined(joined(pointer, Expr::text("/")), index.to("string"))
}

/// The expression where the condition holds, else nothing.
fn only(condition: Expr, expr: Expr) -> Expr {
    if is_empty(&expr) { expr } else { ternary(condition, expr, Expr::List(Vec::new())) }
}

/// The condition on which an expression gives anything, and what it gives then.
fn conditional(expr: Expr) -> (Expr, Expr) {
    if let Expr::If(condition, then, otherwise) = expr {
        if is_empty(&otherwise) { (*condition, *then) } else { (Expr::Bool(true), Expr::If(condition, then, otherwise)) }
    } else {
        (Expr::Bool(true), expr)
    }
}

/// The only element of a list literal.
fn single(expr: Expr) -> std::result::Result<Expr, Expr> {
    if let Expr::List(mut items) = expr {
        match (items.pop(), items.is_empty()) {
            (Some(one), true) => Ok(one),
            (last, _) => {
                items.extend(last);
                Err(Expr::List(items))
            }
        }
    } else {
        Err(expr)
    }
}

fn all(parts: Vec<Expr>) -> Expr {
    parts.into_iter().filter(|part| !is_empty(part)).reduce(Expr::plus).unwrap_or(Expr::List(Vec::new()))
}

fn put(pointer: Expr, value: Expr) -> Expr {
    Expr::List(vec![map([("path".to_owned(), pointer), ("value".to_owned(), untyped(value))])])
}

/// A value of which the type checker knows nothing: where this compiler does not know a type, the checker may, and maps and lists hold one type.
fn untyped(value: Expr) -> Expr {
    if matches!(value, Expr::Call("dyn", _)) { value } else { value.to("dyn") }
}

/// Values of one type: as they are where it is known and the same, else untyped.
fn uniform(values: Vec<Expr>) -> Vec<Expr> {
    let first = values.first().map(Expr::ty);
    let same = values.iter().all(|value| Some(value.ty()) == first && is_known(&value.ty()));
    if same { values } else { values.into_iter().map(untyped).collect() }
}

fn is_known(ty: &Type) -> bool {
    matches!(ty, Type::Bool | Type::Int | Type::String)
}

impl<'r> Changes<'r> {
    fn new(head: &'r crate::ir::Rule) -> Result<Self> {
        if let Some((construct, span)) = head.unlowered.first() {
            return Err(Unsupported::new(construct.clone(), *span));
        }
        let lowering = Lowering { rule: head, variables: Vec::new(), slots: BTreeMap::new(), idents: 0, span: head.span };
        Ok(Changes { lowering, pointers: BTreeMap::new(), next: head.slots })
    }

    /// Whether the item applies and can read what it names, as a variable where that is not trivial.
    fn applies(&mut self) -> Result<Expr> {
        let head = self.lowering.rule;
        let mut parts = Vec::new();
        for read in &head.reads {
            self.lowering.slots.clear();
            parts.push(self.lowering.unreadable(read, &read.sources)?.not());
        }
        self.lowering.slots.clear();
        parts.push(self.lowering.cond(&head.applies)?);
        let applies = and(parts);
        Ok(if matches!(applies, Expr::Bool(_)) { applies } else { self.define("applies", applies) })
    }

    /// A variable of this name, which is kept for it.
    fn define(&mut self, name: &str, expr: Expr) -> Expr {
        let ty = expr.ty();
        self.lowering.variables.push(Variable { name: name.to_owned(), expr: expr.renamed() });
        Expr::Variable(name.to_owned(), ty)
    }

    fn slot(&mut self) -> Slot {
        let slot = Slot(self.next);
        self.next = self.next.saturating_add(1);
        slot
    }

    /// Whether one place may come up several times.
    fn repeats(&self, body: &[Change]) -> bool {
        fn within(value: &Value, slots: &[Slot]) -> bool {
            let free = crate::ir::walk::free_slots(crate::ir::walk::Node::Value(value));
            slots.iter().all(|slot| free.contains(slot))
        }
        fn any(body: &[Change], slots: &mut Vec<Slot>) -> bool {
            body.iter().any(|change| match change {
                Change::For { source, body } => {
                    // An element determines the elements of the loops around it that its list stands in.
                    let before = slots.clone();
                    if let Elements::Lists(lists) = &source.of
                        && lists.iter().all(|list| within(list, slots))
                    {
                        slots.clear();
                    }
                    slots.push(source.slot);
                    let found = any(body, slots);
                    *slots = before;
                    found
                }
                Change::If { then, otherwise, condition: _ } => any(then, slots) || any(otherwise, slots),
                Change::Edit { place, .. } => !within(place, slots),
            })
        }
        let mut added: Vec<(&Value, &[(String, Content)])> = Vec::new();
        let mut twice = false;
        crate::ir::change::edits(body, &mut |place, edit, _| {
            if let Edit::Merge { fields, .. } = edit {
                twice |= added.contains(&(place, fields.as_slice()));
                added.push((place, fields));
            }
        });
        twice || any(body, &mut Vec::new())
    }

    /// The pointer of a value, where it is a place.
    fn place(&mut self, value: &Value) -> Result<Option<Place>> {
        Ok(match value {
            Value::Root(Root::Object) => Some(Place { pointer: Expr::text(""), guards: Vec::new(), parents: Vec::new() }),
            Value::Root(Root::Pod) => Some(Place { pointer: self.pod_pointer()?, guards: Vec::new(), parents: Vec::new() }),
            Value::Var(slot) => {
                self.pointers.get(slot).map(|pointer| Place { pointer: pointer.clone(), guards: Vec::new(), parents: Vec::new() })
            }
            Value::Field { of, name, .. } => {
                let Some(mut place) = self.around(of)? else { return Ok(None) };
                place.pointer = step(place.pointer, name);
                Some(place)
            }
            Value::Entry { of, key, .. } => {
                let Some(mut place) = self.around(of)? else { return Ok(None) };
                let key = self.lowering.value(key)?;
                let pointer = place.pointer.clone();
                let present = key.clone().present();
                if present != Expr::Bool(true) {
                    place.guards.push(present);
                }
                let leaf = key.leaf();
                place.pointer = if let Expr::String(key) = &leaf {
                    if !is_quoted_as_json(key) {
                        return self.lowering.unsupported(format!("the key {key:?}, which the API server cannot write into a JSON patch,"));
                    }
                    step(pointer, key)
                } else {
                    place.guards.push(leaf.clone().call("matches", [Expr::text("^[ -~]+$")]));
                    joined(joined(pointer, Expr::text("/")), escaped(leaf))
                };
                Some(place)
            }
            Value::Root(Root::OldObject | Root::NamespaceObject | Root::Request)
            | Value::Const(_)
            | Value::Coalesce(_)
            | Value::If(..)
            | Value::Truth(_)
            | Value::List(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => None,
        })
    }

    /// The place of what holds another: a parent, which may be missing.
    fn around(&mut self, of: &Value) -> Result<Option<Place>> {
        let Some(mut place) = self.place(of)? else { return Ok(None) };
        let certain = matches!(of, Value::Root(_) | Value::Var(_));
        if !certain {
            let missing = self.lowering.written(of)?.present().not();
            place.parents.push((place.pointer.clone(), missing));
        }
        Ok(Some(place))
    }

    fn pod_pointer(&mut self) -> Result<Expr> {
        let mut arms: Vec<(PodPath, Vec<&str>)> = Vec::new();
        for kind in &self.lowering.rule.kinds {
            let Some(path) = kind.pod else { continue };
            match arms.iter_mut().find(|(known, _)| *known == path) {
                Some((_, kinds)) => kinds.push(&kind.kind),
                None => arms.push((path, vec![&kind.kind])),
            }
        }
        arms.sort_by_key(|(_, kinds)| kinds.len());
        let pointer = |path: PodPath| Expr::String(path.segments().iter().fold(String::new(), |text, segment| text + "/" + segment));
        let Some((last, _)) = arms.pop() else { return self.lowering.unsupported("`pod` of a kind that makes no Pods") };
        if arms.is_empty() {
            return Ok(pointer(last));
        }
        let kind = self.lowering.root(Root::Object)?.select("kind");
        let mut expr = pointer(last);
        for (path, mut kinds) in arms.into_iter().rev() {
            kinds.sort_unstable();
            let is = match kinds.as_slice() {
                [one] => kind.clone().eq(Expr::text(one)),
                several => kind.clone().within(list(several.iter().map(|kind| Expr::text(kind)))),
            };
            expr = ternary(is, pointer(path), expr);
        }
        Ok(self.lowering.variable("podPath", expr))
    }

    /// Binds a loop; one for each list that its elements stand in.
    fn loops(&mut self, source: &Source) -> Result<Vec<Source>> {
        let Elements::Lists(lists) = &source.of else { return Ok(vec![source.clone()]) };
        let mut places = true;
        for list in lists {
            places = places && self.place(list)?.is_some();
        }
        if !places {
            return Ok(vec![source.clone()]);
        }
        let key = match source.key {
            Some(key) => key,
            None => self.slot(),
        };
        Ok(lists.iter().map(|list| Source { of: Elements::Lists(vec![list.clone()]), key: Some(key), ..source.clone() }).collect())
    }

    fn bind(&mut self, source: &Source) -> Result<Loop> {
        let each = self.lowering.source(source, true)?;
        if let (Elements::Lists(lists), Some(key)) = (&source.of, source.key)
            && let [one] = lists.as_slice()
            && let Some(place) = self.place(one)?
            && let Some(index) = self.lowering.slots.get(&key).map(|bound| bound.expr.clone())
        {
            self.pointers.insert(source.slot, element(place.pointer, index));
        }
        Ok(each)
    }

    /// A part of the patch, as a list.
    fn list(&mut self, body: &[Change], part: Part) -> Result<Expr> {
        let mut parts = Vec::new();
        for change in body {
            match change {
                Change::For { source, body } => {
                    for source in self.loops(source)? {
                        let each = self.bind(&source)?;
                        let inner = self.list(body, part)?;
                        if is_empty(&inner) {
                            continue;
                        }
                        let (condition, inner) = conditional(inner);
                        // Of what is the same in each turn once is enough, where repetitions are left out in the end.
                        if part != Part::Puts && !each.is_read_by(&inner) {
                            parts.push(only(each.any(condition), inner));
                            continue;
                        }
                        parts.push(match single(inner) {
                            Ok(one) => each.map(condition, one),
                            Err(several) => each.map(condition, several).call("flatten", []),
                        });
                    }
                }
                Change::If { condition, then, otherwise } => {
                    let condition = self.lowering.cond(condition)?;
                    let then = self.list(then, part)?;
                    let otherwise = self.list(otherwise, part)?;
                    if !is_empty(&then) || !is_empty(&otherwise) {
                        parts.push(ternary(condition, then, otherwise));
                    }
                }
                Change::Edit { place: at, edit, span } => {
                    self.lowering.span = *span;
                    let Some(place) = self.place(at)? else { return self.lowering.unsupported("a change outside of the object") };
                    parts.push(self.edit(at, &place, edit, part)?);
                }
            }
        }
        Ok(all(parts))
    }

    fn edit(&mut self, at: &Value, place: &Place, edit: &Edit, part: Part) -> Result<Expr> {
        match edit {
            Edit::Set(content) => {
                let content = self.content(content)?;
                let active = and(place.guards.iter().cloned().chain([content.clone().present()]));
                Ok(match part {
                    Part::Parents => only(active, missing(&place.parents)),
                    Part::Puts => only(active, put(place.pointer.clone(), content.expr)),
                    Part::Removals => Expr::List(Vec::new()),
                })
            }
            Edit::Default(content) => {
                if part == Part::Removals {
                    return Ok(Expr::List(Vec::new()));
                }
                let content = self.content(content)?;
                let there = self.lowering.cond(&Cond::Exists(at.clone()))?;
                let active = and(place.guards.iter().cloned().chain([content.clone().present(), there.not()]));
                Ok(match part {
                    Part::Parents => only(active, missing(&place.parents)),
                    Part::Puts => only(active, put(place.pointer.clone(), content.expr)),
                    Part::Removals => Expr::List(Vec::new()),
                })
            }
            Edit::Remove => {
                if part != Part::Removals {
                    return Ok(Expr::List(Vec::new()));
                }
                let there = self.there(at)?;
                let active = and(place.guards.iter().cloned().chain([there]));
                Ok(only(active, Expr::List(vec![place.pointer.clone()])))
            }
            Edit::Append(content) => {
                if part == Part::Removals {
                    return Ok(Expr::List(Vec::new()));
                }
                let content = self.content(content)?;
                let known = content.expr.clone().within(self.lowering.list(at)?);
                let active = and(place.guards.iter().cloned().chain([content.clone().present(), known.not()]));
                Ok(match part {
                    Part::Parents => only(active, self.missing_with_list(at, place)?),
                    Part::Puts => only(active, put(joined(place.pointer.clone(), Expr::text("/-")), content.expr)),
                    Part::Removals => Expr::List(Vec::new()),
                })
            }
            Edit::Merge { slot, keys, fields } => {
                if part == Part::Removals {
                    return Ok(Expr::List(Vec::new()));
                }
                let guards = self.keys_given(place, keys)?;
                let given: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
                let leaves: Vec<(&String, &Content)> =
                    fields.iter().filter(|(name, _)| !given.contains(&name.as_str())).map(|(name, content)| (name, content)).collect();
                let merged = self.found(at, *slot, keys, |this, items, found| {
                    let absent = found.clone().to("size").eq(Expr::Int(0));
                    let index = found.first();
                    let there = items.index(index.clone());
                    let pointer = element(place.pointer.clone(), index);
                    let mut into = Vec::new();
                    for (name, content) in &leaves {
                        into.push(this.leaves_into(there.clone(), pointer.clone(), name, content, part)?);
                    }
                    let new = match part {
                        Part::Puts => {
                            let content = this.record(fields)?;
                            put(joined(place.pointer.clone(), Expr::text("/-")), content)
                        }
                        Part::Parents | Part::Removals => Expr::List(Vec::new()),
                    };
                    let into = all(into);
                    Ok(if is_empty(&into) && is_empty(&new) { new } else { ternary(absent, new, into) })
                })?;
                let around = if part == Part::Parents { self.missing_with_list(at, place)? } else { Expr::List(Vec::new()) };
                Ok(only(and(guards), all(vec![around, merged])))
            }
        }
    }

    /// Whether something is written at a place.
    fn there(&mut self, at: &Value) -> Result<Expr> {
        let val = self.lowering.written(at)?;
        Ok(val.present())
    }

    fn missing_with_list(&mut self, at: &Value, place: &Place) -> Result<Expr> {
        let there = self.there(at)?;
        let list = only(there.not(), put(place.pointer.clone(), Expr::List(Vec::new())));
        Ok(all(vec![missing(&place.parents), list]))
    }

    /// The guards under which all keys are given.
    fn keys_given(&mut self, place: &Place, keys: &[MergeKey]) -> Result<Vec<Expr>> {
        let mut guards = place.guards.clone();
        for key in keys {
            guards.push(self.lowering.value(&key.given)?.present());
        }
        Ok(guards)
    }

    /// What is made of a list and the indices of its elements with the keys.
    fn found(&mut self, at: &Value, slot: Slot, keys: &[MergeKey], f: impl FnOnce(&mut Self, Expr, Expr) -> Result<Expr>) -> Result<Expr> {
        let items = self.lowering.list(at)?;
        let hint = if let Value::Field { name, .. } = at { name.as_str() } else { "items" };
        let (items, outer) = self.lowering.repeatable(items, hint);
        let index = self.lowering.fresh("i", Type::Int);
        let element = items.clone().index(Expr::Ident(index.clone()));
        self.lowering.slots.insert(slot, Bound { expr: element.clone(), ty: crate::ir::Ty::Any });
        let mut same = vec![element.present()];
        for key in keys {
            same.push(self.lowering.compare(Order::Eq, &key.there, &key.given, &key.ty)?);
        }
        let indices = Expr::Call("lists.range", vec![items.clone().to("size")]).filter(index, and(same));
        let found = self.lowering.fresh("found", Type::List(Box::new(Type::Int)));
        let inner = f(self, items, Expr::Ident(found.clone()))?;
        if is_empty(&inner) || matches!(inner, Expr::Bool(_)) {
            return Ok(inner);
        }
        let body = Expr::List(vec![indices]).each(Comprehension::Map, found, inner).first();
        Ok(Loop::wrap(outer, body))
    }

    /// The leaves of a content below a struct that is there.
    fn leaves_into(&mut self, of: Expr, pointer: Expr, name: &str, content: &Content, part: Part) -> Result<Expr> {
        let (there, pointer) = (of.clone().select(name), step(pointer, name));
        let absent = and([of.has(name), there.clone().present()]).not();
        match content {
            Content::Object(fields) if fields.is_empty() => {
                Ok(if part == Part::Puts { only(absent, put(pointer, Expr::Map(Vec::new()))) } else { Expr::List(Vec::new()) })
            }
            Content::Object(fields) => {
                let mut parts = Vec::new();
                if part == Part::Parents {
                    parts.push(only(absent.clone(), put(pointer.clone(), Expr::Map(Vec::new()))));
                }
                for (name, content) in fields {
                    if part == Part::Parents {
                        // Where the struct is missing, so is what is in it.
                        let inner = self.inner_parents(there.clone(), absent.clone(), pointer.clone(), name, content)?;
                        parts.push(inner);
                    } else {
                        parts.push(self.leaves_into(there.clone(), pointer.clone(), name, content, part)?);
                    }
                }
                Ok(all(parts))
            }
            Content::Value(_) | Content::List(_) => {
                if part != Part::Puts {
                    return Ok(Expr::List(Vec::new()));
                }
                let content = self.content(content)?;
                Ok(only(content.clone().present(), put(pointer, content.expr)))
            }
        }
    }

    /// The structs of a content that are missing below a struct that may be missing itself.
    fn inner_parents(&mut self, of: Expr, of_absent: Expr, pointer: Expr, name: &str, content: &Content) -> Result<Expr> {
        let Content::Object(fields) = content else { return Ok(Expr::List(Vec::new())) };
        if fields.is_empty() {
            return Ok(Expr::List(Vec::new()));
        }
        let (there, pointer) = (of.clone().select(name), step(pointer, name));
        let absent = or([of_absent, and([of.has(name), there.clone().present()]).not()]);
        let mut parts = vec![only(absent.clone(), put(pointer.clone(), Expr::Map(Vec::new())))];
        for (name, content) in fields {
            parts.push(self.inner_parents(there.clone(), absent.clone(), pointer.clone(), name, content)?);
        }
        Ok(all(parts))
    }

    /// Whether anything conflicts.
    fn conflicts(&mut self, body: &[Change]) -> Result<Expr> {
        let mut parts = Vec::new();
        for change in body {
            match change {
                Change::For { source, body } => {
                    for source in self.loops(source)? {
                        let each = self.bind(&source)?;
                        let inner = self.conflicts(body)?;
                        if inner != Expr::Bool(false) {
                            parts.push(each.any(inner));
                        }
                    }
                }
                Change::If { condition, then, otherwise } => {
                    let condition = self.lowering.cond(condition)?;
                    let then = self.conflicts(then)?;
                    let otherwise = self.conflicts(otherwise)?;
                    if then != otherwise {
                        parts.push(ternary(condition, then, otherwise));
                    }
                }
                Change::Edit { place: at, edit, span } => {
                    self.lowering.span = *span;
                    let Some(place) = self.place(at)? else { return self.lowering.unsupported("a change outside of the object") };
                    parts.push(self.conflict(at, &place, edit)?);
                }
            }
        }
        Ok(or(parts))
    }

    fn conflict(&mut self, at: &Value, place: &Place, edit: &Edit) -> Result<Expr> {
        match edit {
            Edit::Set(content) => {
                let content = self.content(content)?;
                let there = self.lowering.value(at)?;
                let other = there.expr.clone().ne(content.expr.clone());
                Ok(and(place.guards.iter().cloned().chain([content.present(), there.present(), other])))
            }
            Edit::Merge { slot, keys, fields } => {
                let guards = self.keys_given(place, keys)?;
                let given: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
                let other = self.found(at, *slot, keys, |this, items, found| {
                    let there = items.index(found.clone().first());
                    let mut same = Vec::new();
                    for (name, content) in fields.iter().filter(|(name, _)| !given.contains(&name.as_str())) {
                        same.push(this.holds(there.clone(), name, content)?);
                    }
                    let same = and(same);
                    Ok(if same == Expr::Bool(true) {
                        Expr::Bool(false)
                    } else {
                        and([found.to("size").op(Operator::Gt, Expr::Int(0)), same.not()])
                    })
                })?;
                Ok(if other == Expr::Bool(false) { other } else { and(guards.into_iter().chain([other])) })
            }
            Edit::Default(_) | Edit::Remove | Edit::Append(_) => Ok(Expr::Bool(false)),
        }
    }

    /// Whether the leaves of a content are there, in a struct that is there.
    fn holds(&mut self, of: Expr, name: &str, content: &Content) -> Result<Expr> {
        let there = of.clone().select(name);
        let has = and([of.has(name), there.clone().present()]);
        match content {
            Content::Object(fields) => {
                let mut parts = vec![has];
                for (name, content) in fields {
                    parts.push(self.holds(there.clone(), name, content)?);
                }
                Ok(and(parts))
            }
            Content::Value(_) | Content::List(_) => {
                let content = self.content(content)?;
                let same = and([has, there.eq(content.expr.clone())]);
                let present = content.present();
                Ok(if present == Expr::Bool(true) { same } else { or([present.not(), same]) })
            }
        }
    }

    /// A content as a value.
    fn content(&mut self, content: &Content) -> Result<Val> {
        match content {
            Content::Value(value) => self.lowering.value(value),
            Content::Object(fields) => self.record(fields).map(Val::always),
            Content::List(items) => {
                let mut parts = Vec::new();
                let mut certain = Vec::new();
                for item in items {
                    let val = self.content(item)?;
                    if val.guards.is_empty() && !val.null {
                        certain.push(val.expr);
                    } else {
                        parts.push(Expr::List(uniform(std::mem::take(&mut certain))));
                        parts.push(self.lowering.at_most_one(val));
                    }
                }
                parts.push(Expr::List(uniform(certain)));
                Ok(Val::always(all(parts)))
            }
        }
    }

    /// An object literal; fields that are absent are left out.
    fn record(&mut self, fields: &[(String, Content)]) -> Result<Expr> {
        let mut vals = Vec::new();
        for (name, content) in fields {
            vals.push((name.clone(), self.content(content)?));
        }
        let optional = vals.iter().filter(|(_, val)| !val.guards.is_empty() || val.null).count();
        if optional > MOST_OPTIONAL {
            return self.lowering.unsupported(format!("an object of which more than {MOST_OPTIONAL} fields may be absent"));
        }
        Ok(with(Vec::new(), &vals))
    }

    fn object(&mut self, creation: &Creation) -> Result<(Expr, Expr, Expr)> {
        let name = self.lowering.value(&creation.name)?;
        let mut guards = vec![name.clone().present()];
        let mut metadata = vec![("name".to_owned(), Val::always(name.expr))];
        let mut place = Expr::text("");
        if let Some(namespace) = &creation.namespace {
            let namespace = self.lowering.value(namespace)?;
            guards.push(namespace.clone().present());
            place = namespace.expr.clone();
            metadata.push(("namespace".to_owned(), Val::always(namespace.expr)));
        }
        let mut fields = Vec::new();
        for (name, content) in &creation.fields {
            match content {
                Content::Object(more) if name == "metadata" => {
                    for (name, content) in more {
                        metadata.push((name.clone(), self.content(content)?));
                    }
                }
                Content::Object(_) | Content::Value(_) | Content::List(_) => fields.push((name.clone(), self.content(content)?)),
            }
        }
        let optional = metadata.iter().chain(&fields).filter(|(_, val)| !val.guards.is_empty() || val.null).count();
        if optional > MOST_OPTIONAL {
            return self.lowering.unsupported(format!("an object of which more than {MOST_OPTIONAL} fields may be absent"));
        }
        let text = |text: &str| Val::always(Expr::text(text));
        let mut all = vec![("apiVersion".to_owned(), text(&creation.kind.api_version())), ("kind".to_owned(), text(&creation.kind.kind))];
        all.push(("metadata".to_owned(), Val::always(with(Vec::new(), &metadata))));
        all.extend(fields);
        Ok((and(guards), place, with(Vec::new(), &all)))
    }
}

/// A map of these entries, those that are absent left out.
fn with(sofar: Vec<(String, Expr)>, vals: &[(String, Val)]) -> Expr {
    let Some(((name, val), rest)) = vals.split_first() else {
        let (names, values): (Vec<_>, Vec<_>) = sofar.into_iter().unzip();
        return map(names.into_iter().zip(uniform(values)));
    };
    let mut more = sofar.clone();
    more.push((name.clone(), val.expr.clone()));
    let present = val.clone().present();
    if present == Expr::Bool(true) { with(more, rest) } else { ternary(present, with(more, rest), with(sofar, rest)) }
}

/// Puts for the parents that are missing.
fn missing(parents: &[(Expr, Expr)]) -> Expr {
    all(parents.iter().map(|(pointer, missing)| only(missing.clone(), put(pointer.clone(), Expr::Map(Vec::new())))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_joined_where_they_are_known() {
        let object = || Expr::Global("object");
        let text = Expr::text;
        assert_eq!(joined(text("a"), text("b")), text("ab"));
        assert_eq!(joined(object(), text("")), object());
        assert_eq!(joined(text(""), object()), object());
        assert_eq!(joined(object(), text("b")), object().plus(text("b")));
        assert_eq!(joined(text("a"), object()), text("a").plus(object()));
        assert_eq!(joined(object().plus(text("a")), text("b")), object().plus(text("ab")));
    }
}
