//! Calls: the built-in functions, and the pack's own.

use super::context::Context;
use super::expr::const_of;
use super::fold;
use super::types::{LABEL_SELECTOR, POD, POD_TEMPLATE, Part, Term, Typed, by_short_name, describe, short};
use crate::diagnostic::codes::resolve as codes;
use crate::diagnostic::{Span, nearest};
use crate::ir::walk::{self, Node};
use crate::ir::{Cond, Const, Form, Function, Kind, PodPath, Quantity, Root, Ty, Value};
use crate::syntax::ast::{Expr, ExprKind, Name, Quantifier, Type};

/// The functions with the arguments that they take, for messages.
const BUILTINS: &[(&str, &[&str])] = &[
    ("asInt", &["x"]),
    ("asName", &["x"]),
    ("cluster", &["Kind"]),
    ("count", &["list"]),
    ("duration", &["text"]),
    ("effectiveRequest", &["pod", "\"cpu\""]),
    ("image", &["text"]),
    ("indexOf", &["list", "element"]),
    ("isImage", &["text"]),
    ("join", &["list", "separator"]),
    ("lower", &["text"]),
    ("max", &["list"]),
    ("min", &["list"]),
    ("percent", &["x"]),
    ("podOf", &["object"]),
    ("quantity", &["text"]),
    ("replace", &["text", "old", "new"]),
    ("selects", &["selector", "labels"]),
    ("size", &["x"]),
    ("split", &["text", "separator"]),
    ("sum", &["list"]),
    ("upper", &["text"]),
    ("variants", &["x"]),
];

/// The kinds that make Pods, each with its Pod.
pub(super) const WORKLOADS: &[(&str, &str)] = &[
    ("Pod", ""),
    ("PodTemplate", ""),
    ("ReplicationController", ""),
    ("ReplicaSet", "apps"),
    ("Deployment", "apps"),
    ("StatefulSet", "apps"),
    ("DaemonSet", "apps"),
    ("Job", "batch"),
    ("CronJob", "batch"),
];

impl<'a> Context<'a> {
    /// `f(a, b)`
    pub fn call(&mut self, name: &'a Name, args: &'a [Expr], span: Span) -> Option<Term> {
        if let Some(function) = self.pack.functions.get(&name.node).copied() {
            let terms: Vec<Option<Term>> = args.iter().map(|arg| self.expr(arg)).collect();
            if function.args.len() != args.len() {
                let wanted: Vec<&str> = function.args.iter().map(|(arg, _)| arg.node.as_str()).collect();
                return self.wrong_count(name, &wanted, args.len(), span);
            }
            let terms: Vec<Term> = terms.into_iter().collect::<Option<_>>()?;
            for ((arg, ty), (term, expr)) in function.args.iter().zip(terms.iter().zip(args)) {
                self.check_arg(&arg.node, ty, term, expr.span)?;
            }
            return self.inline(name, terms);
        }
        let Some((_, wanted)) = BUILTINS.iter().find(|(builtin, _)| *builtin == name.node) else {
            let known = BUILTINS.iter().map(|(builtin, _)| *builtin).chain(self.pack.functions.keys().map(String::as_str));
            let near = nearest(&name.node, known).map(str::to_owned);
            let help = near.map_or_else(
                || "write it as `fn` in the pack, or use one of the language's functions".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return self.error(&codes::UNKNOWN_FUNCTION, name.span, format!("unknown function `{}`", name.node), help);
        };
        if wanted.len() != args.len() {
            return self.wrong_count(name, wanted, args.len(), span);
        }
        if name.node == "cluster" {
            return self.cluster(args.first()?, span);
        }
        let terms: Vec<Option<Term>> = args.iter().map(|arg| self.expr(arg)).collect();
        let mut terms: Vec<(Term, Span)> =
            terms.into_iter().zip(args).map(|(term, arg)| term.map(|term| (term, arg.span))).collect::<Option<_>>()?;
        let third = if terms.len() > 2 { terms.pop() } else { None };
        let second = if terms.len() > 1 { terms.pop() } else { None };
        let (first, at) = terms.pop()?;
        match (second, third) {
            (None, _) => self.call_one(&name.node, first, at, span),
            (Some(second), None) => self.call_two(&name.node, (first, at), second, span),
            (Some(second), Some(third)) => self.replace((first, at), second, third),
        }
    }

    fn wrong_count<T>(&mut self, name: &Name, wanted: &[&str], given: usize, span: Span) -> Option<T> {
        let are = if given == 1 { "is" } else { "are" };
        let count = match wanted.len() {
            0 => "no arguments".to_owned(),
            1 => "1 argument".to_owned(),
            n => format!("{n} arguments"),
        };
        let call = if wanted.is_empty() { name.node.clone() } else { format!("{}({})", name.node, wanted.join(", ")) };
        self.error(
            &codes::WRONG_ARGUMENTS,
            span,
            format!("`{}` takes {count}, and {given} {are} given", name.node),
            format!("write `{call}`"),
        )
    }

    fn check_arg(&mut self, arg: &str, ty: &Type, term: &Term, span: Span) -> Option<()> {
        let fits = match ty {
            Type::Enum { .. } => matches!(term, Term::Val(Typed { ty: Ty::String, .. })),
            Type::Named { name, args: _ } => match (name.node.as_str(), term) {
                ("version", Term::Version(_)) => true,
                ("bool", Term::Cond(_)) => true,
                ("list", Term::Seq(_) | Term::Star(_)) => true,
                ("object", Term::Record(_)) => true,
                (word, Term::Val(typed)) => type_fits(word, &typed.ty) || fold::is_absent(&typed.value),
                (word, Term::Element(typed, _)) => type_fits(word, &typed.ty),
                _ => false,
            },
        };
        if fits {
            return Some(());
        }
        let wanted = match ty {
            Type::Enum { .. } => "a string".to_owned(),
            Type::Named { name, .. } => {
                let word = &name.node;
                let known = ["string", "int", "bool", "quantity", "version", "list", "map", "any", "IntOrString", "object"];
                if !known.contains(&word.as_str()) && by_short_name(self.world.schema, word).is_empty() {
                    let near = nearest(word, known).map(str::to_owned);
                    let help = near.map_or_else(
                        || "use a type of the schema, such as `Container`".to_owned(),
                        |near| format!("did you mean `{near}`?"),
                    );
                    return self.error(&codes::WRONG_TYPE, name.span, format!("unknown type `{word}`"), help);
                }
                format!("of type `{word}`")
            }
        };
        let what = self.describe_term(term);
        self.error(
            &codes::WRONG_ARGUMENTS,
            span,
            format!("`{arg}` is {wanted}, and `{}` is {what}", self.text(span)),
            "give an argument of that type",
        )
    }

    fn number_like(&mut self, name: &str, term: Term, at: Span) -> Option<Typed> {
        let typed = self.operand(term, at)?;
        if matches!(typed.ty, Ty::Int | Ty::IntOrString | Ty::String) || fold::is_absent(&typed.value) {
            return Some(typed);
        }
        let what = describe(&typed.ty);
        self.error(
            &codes::WRONG_ARGUMENTS,
            at,
            format!("`{name}` is for an int-or-string, and `{}` is {what}", self.text(at)),
            "leave the function out",
        )
    }

    fn call_one(&mut self, name: &str, term: Term, at: Span, span: Span) -> Option<Term> {
        let value = |value: Value, ty: Ty| Some(Term::Val(Typed { path: Some(span), ..Typed::new(value, ty) }));
        match name {
            "count" | "size" if is_listy(&term) => self.aggregate_of(Quantifier::Count, term, at),
            "sum" => self.aggregate_of(Quantifier::Sum, term, at),
            "min" => self.aggregate_of(Quantifier::Min, term, at),
            "max" => self.aggregate_of(Quantifier::Max, term, at),
            "count" | "size" => self.size(name, term, at),
            "variants" => self.variants(term, at),
            "podOf" => self.pod_of(term, at),
            "image" => {
                let text = self.string_operand(term, at, "image")?;
                self.read(&text.value, Form::Image, at);
                Some(Term::Image(Box::new(text)))
            }
            "isImage" => {
                let text = self.string_operand(term, at, "isImage")?;
                Some(Term::Cond(if fold::is_absent(&text.value) { Cond::Const(false) } else { Cond::IsImage(text.value) }))
            }
            "quantity" => self.quantity(term, at),
            "duration" => {
                let text = self.string_operand(term, at, "duration")?;
                self.read(&text.value, Form::Duration, text.path.unwrap_or(at));
                value(Value::Call(Function::Duration, vec![text.value]), Ty::Quantity)
            }
            "lower" | "upper" => {
                let text = self.string_operand(term, at, name)?;
                let function = if name == "lower" { Function::Lower } else { Function::Upper };
                match text.value {
                    Value::Const(Const::String(s)) => {
                        let s = if name == "lower" { s.to_ascii_lowercase() } else { s.to_ascii_uppercase() };
                        value(Value::Const(Const::String(s)), Ty::String)
                    }
                    other => value(Value::Call(function, vec![other]), Ty::String),
                }
            }
            "asInt" | "asName" | "percent" => {
                let typed = self.number_like(name, term, at)?;
                let (function, ty) = match name {
                    "asInt" => (Function::AsInt, Ty::Int),
                    "asName" => (Function::AsName, Ty::String),
                    _ => (Function::Percent, Ty::Int),
                };
                match (&typed.ty, function) {
                    (Ty::Int, Function::AsInt) | (Ty::String, Function::AsName) => value(typed.value, ty),
                    (Ty::Int, _) | (Ty::String, Function::AsInt) => value(fold::absent(), ty),
                    _ if fold::is_absent(&typed.value) => value(fold::absent(), ty),
                    _ => value(Value::Call(function, vec![typed.value]), ty),
                }
            }
            _ => None,
        }
    }

    fn size(&mut self, name: &str, term: Term, at: Span) -> Option<Term> {
        let typed = self.operand(term, at)?;
        let value = match (&typed.ty, &typed.value) {
            (Ty::Map(_), value) if fold::is_absent(value) => Value::Const(Const::Int(0)),
            (Ty::Map(_), _) => Value::Call(Function::Size, vec![typed.value]),
            (Ty::Record(_), Value::Const(Const::Object(fields))) => {
                Value::Const(Const::Int(i64::try_from(fields.len()).unwrap_or(i64::MAX)))
            }
            (Ty::String, Value::Const(Const::String(text))) if name == "size" => {
                Value::Const(Const::Int(i64::try_from(text.chars().count()).unwrap_or(i64::MAX)))
            }
            (Ty::String, _) if name == "size" => Value::Call(Function::Size, vec![typed.value]),
            _ => {
                let what = describe(&typed.ty);
                let help = if typed.ty == Ty::String { "the length of a text is `size(x)`" } else { "only lists and maps can be counted" };
                return self.error(&codes::WRONG_ARGUMENTS, at, format!("`{name}` cannot count {what}"), help);
            }
        };
        Some(Term::Val(Typed { required: true, ..Typed::new(value, Ty::Int) }))
    }

    fn quantity(&mut self, term: Term, at: Span) -> Option<Term> {
        let typed = self.operand(term, at)?;
        let path = typed.path.unwrap_or(at);
        let value = match (&typed.ty, typed.value) {
            (_, Value::Const(Const::String(text))) => match Quantity::parse(&text) {
                Some(quantity) => Value::Const(Const::Quantity(quantity)),
                None => {
                    return self.error(
                        &codes::BAD_LITERAL,
                        at,
                        format!("`{text}` is not a quantity"),
                        "quantities are written as `500m` or `2Gi`",
                    );
                }
            },
            (Ty::Quantity | Ty::Int, value) => {
                let typed = Typed { path: Some(path), ..Typed::new(value, typed.ty.clone()) };
                self.number(typed, at)?
            }
            (_, value) if fold::is_absent(&value) => value,
            (Ty::String | Ty::IntOrString, value) => {
                self.read(&value, Form::Quantity, path);
                Value::Call(Function::Quantity, vec![value])
            }
            (ty, _) => {
                let what = describe(ty);
                return self.error(
                    &codes::WRONG_ARGUMENTS,
                    at,
                    format!("`quantity` reads text, and `{}` is {what}", self.text(at)),
                    "give it a text",
                );
            }
        };
        Some(Term::Val(Typed { path: Some(path), required: typed.required, ..Typed::new(value, Ty::Quantity) }))
    }

    fn constant_text(&mut self, term: &Term, at: Span, what: &str) -> Option<String> {
        match const_of(term) {
            Some(Const::String(text)) => Some(text.clone()),
            _ => self.error(&codes::NOT_CONSTANT, at, format!("{what} is not known when compiling"), "write a literal, or use a param"),
        }
    }

    fn call_two(&mut self, name: &str, (first, at): (Term, Span), (second, second_at): (Term, Span), span: Span) -> Option<Term> {
        let value = |value: Value, ty: Ty| Some(Term::Val(Typed { path: Some(span), ..Typed::new(value, ty) }));
        match name {
            "split" => {
                let text = self.string_operand(first, at, name)?;
                let separator = self.constant_text(&second, second_at, "the separator")?;
                if separator.is_empty() {
                    return self.error(&codes::WRONG_ARGUMENTS, second_at, "the separator is empty", "give at least one character");
                }
                let list = Ty::List(Box::new(Ty::String));
                match text.value {
                    Value::Const(Const::String(text)) => {
                        let parts = text.split(separator.as_str()).map(|part| Const::String(part.to_owned())).collect();
                        value(Value::Const(Const::List(parts)), list)
                    }
                    other if fold::is_absent(&other) => value(other, list),
                    other => value(Value::Call(Function::Split, vec![other, Value::Const(Const::String(separator))]), list),
                }
            }
            "join" => {
                let separator = self.constant_text(&second, second_at, "the separator")?;
                let list = self.operand(first, at)?;
                match (&list.ty, list.value) {
                    (Ty::List(_), Value::Const(Const::List(items))) if items.iter().all(|item| matches!(item, Const::String(_))) => {
                        let texts: Vec<&str> = items
                            .iter()
                            .filter_map(|item| if let Const::String(text) = item { Some(text.as_str()) } else { None })
                            .collect();
                        value(Value::Const(Const::String(texts.join(&separator))), Ty::String)
                    }
                    (Ty::List(element), other) if matches!(**element, Ty::String) => {
                        value(Value::Call(Function::Join, vec![other, Value::Const(Const::String(separator))]), Ty::String)
                    }
                    (ty, _) => {
                        let what = describe(ty);
                        self.error(
                            &codes::WRONG_ARGUMENTS,
                            at,
                            format!("`join` is for a list of strings, and this is {what}"),
                            "give it strings",
                        )
                    }
                }
            }
            "indexOf" => self.index_of((first, at), (second, second_at)),
            "selects" => self.selects((first, at), (second, second_at)),
            "effectiveRequest" => self.effective_request((first, at), (second, second_at), span),
            _ => None,
        }
    }

    fn replace(&mut self, (text, at): (Term, Span), (old, old_at): (Term, Span), (new, new_at): (Term, Span)) -> Option<Term> {
        let text = self.string_operand(text, at, "replace")?;
        let old = self.constant_text(&old, old_at, "the text to be replaced")?;
        let new = self.constant_text(&new, new_at, "the replacement")?;
        if old.is_empty() {
            return self.error(&codes::WRONG_ARGUMENTS, old_at, "the text to be replaced is empty", "give at least one character");
        }
        let value = match text.value {
            Value::Const(Const::String(text)) => Value::Const(Const::String(text.replace(&old, &new))),
            other if fold::is_absent(&other) => other,
            other => Value::Call(Function::Replace, vec![other, Value::Const(Const::String(old)), Value::Const(Const::String(new))]),
        };
        Some(Term::Val(Typed::new(value, Ty::String)))
    }

    fn index_of(&mut self, (list, at): (Term, Span), (element, element_at): (Term, Span)) -> Option<Term> {
        let list = self.operand(list, at)?;
        let element = self.operand(element, element_at)?;
        let Ty::List(inner) = &list.ty else {
            let what = describe(&list.ty);
            return self.error(&codes::WRONG_ARGUMENTS, at, format!("`indexOf` looks into a list, and this is {what}"), "give it a list");
        };
        if super::types::join(inner, &element.ty).is_none() && !fold::is_absent(&element.value) {
            let (one, other) = (describe(&element.ty), describe(&list.ty));
            return self.error(&codes::WRONG_TYPE, at.to(element_at), format!("{one} is never in {other}"), "both have to be of one type");
        }
        let value = match (&list.value, &element.value) {
            (Value::Const(Const::List(items)), Value::Const(element)) => {
                let at = items.iter().position(|item| fold::equal(item, element));
                Value::Const(Const::Int(at.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1)))
            }
            _ => Value::Call(Function::IndexOf, vec![list.value, element.value]),
        };
        Some(Term::Val(Typed { required: true, ..Typed::new(value, Ty::Int) }))
    }

    fn selects(&mut self, (selector, at): (Term, Span), (labels, labels_at): (Term, Span)) -> Option<Term> {
        let selector = self.operand(selector, at)?;
        let labels = self.operand(labels, labels_at)?;
        let map = match &selector.ty {
            Ty::Struct(names) if names.iter().all(|name| name == LABEL_SELECTOR) => false,
            Ty::Map(inner) if **inner == Ty::String => true,
            ty => {
                let what = describe(ty);
                return self.error(
                    &codes::WRONG_ARGUMENTS,
                    at,
                    format!("`selects` needs a LabelSelector or a map of labels, and `{}` is {what}", self.text(at)),
                    "give it the whole selector, such as `object.spec.selector`",
                );
            }
        };
        match &labels.ty {
            Ty::Map(inner) if **inner == Ty::String => {}
            ty => {
                let what = describe(ty);
                return self.error(
                    &codes::WRONG_ARGUMENTS,
                    labels_at,
                    format!("`selects` needs labels, and `{}` is {what}", self.text(labels_at)),
                    "give it a map of labels, such as `pod.metadata.labels`",
                );
            }
        }
        if fold::is_absent(&selector.value) {
            return Some(Term::Cond(Cond::Const(false)));
        }
        Some(Term::Cond(Cond::Selects { selector: selector.value, map, labels: labels.value }))
    }

    fn effective_request(&mut self, (pod, at): (Term, Span), (resource, resource_at): (Term, Span), span: Span) -> Option<Term> {
        let resource = self.constant_text(&resource, resource_at, "the resource")?;
        let typed = self.operand(pod, at)?;
        let is_pod =
            matches!(&typed.ty, Ty::Struct(names) if !names.is_empty() && names.iter().all(|name| name == POD || name == POD_TEMPLATE));
        if !is_pod {
            let what = describe(&typed.ty);
            return self.error(
                &codes::WRONG_ARGUMENTS,
                at,
                format!("`effectiveRequest` is of a Pod, and `{}` is {what}", self.text(at)),
                "write `effectiveRequest(pod, \"cpu\")`",
            );
        }
        let root = match typed.value {
            Value::Root(Root::Pod | Root::Object) => Value::Root(Root::Pod),
            other => {
                self.note("`effectiveRequest` of another Pod than the object's", span);
                other
            }
        };
        self.request_reads(&root, &resource, span)?;
        let value = Value::Call(Function::EffectiveRequest, vec![root, Value::Const(Const::String(resource))]);
        Some(Term::Val(Typed { required: true, ..Typed::new(value, Ty::Quantity) }))
    }

    /// Everything that `effectiveRequest` adds up has to be readable.
    fn request_reads(&mut self, pod: &Value, resource: &str, span: Span) -> Option<()> {
        let before = std::mem::replace(&mut self.declared, true);
        let unlowered = self.unlowered.len();
        let template = Term::Val(Typed::new(pod.clone(), Ty::named(POD_TEMPLATE)));
        let key = super::expr::constant(Const::String(resource.to_owned()));
        let steps = || -> Option<()> {
            let spec = self.field(template, "spec", span, span)?;
            let all = self.field(Term::Val(Typed::new(pod.clone(), Ty::named(POD_TEMPLATE))), "containers", span, span)?;
            let parts = self.parts(all, span)?;
            self.iterate(&parts, None, span, &mut |me, container| {
                for map in ["requests", "limits"] {
                    let resources = me.field(container.clone(), "resources", span, span)?;
                    let map = me.field(resources, map, span, span)?;
                    if let Term::Val(entry) = me.index(map, key.clone(), span, span, span)? {
                        me.read(&entry.value, Form::Quantity, span);
                    }
                }
                Some(())
            })?;
            for map in ["requests", "limits"] {
                let resources = self.field(spec.clone(), "resources", span, span)?;
                let map = self.field(resources, map, span, span)?;
                if let Term::Val(entry) = self.index(map, key.clone(), span, span, span)? {
                    self.read(&entry.value, Form::Quantity, span);
                }
            }
            let overhead = self.field(spec, "overhead", span, span)?;
            if let Term::Val(entry) = self.index(overhead, key, span, span, span)? {
                self.read(&entry.value, Form::Quantity, span);
            }
            Some(())
        };
        let done = steps();
        self.declared = before;
        self.unlowered.truncate(unlowered);
        done
    }

    /// The names of the one-of fields that are set.
    fn variants(&mut self, term: Term, at: Span) -> Option<Term> {
        let typed = self.operand(term, at)?;
        let union = self.union_of(&typed.ty);
        if union.is_empty() {
            let what = describe(&typed.ty);
            return self.error(
                &codes::WRONG_ARGUMENTS,
                at,
                format!("`variants` is for structs of which one field is to be set, and `{}` is {what}", self.text(at)),
                "give it a volume, a probe, a hook or a source of an environment variable",
            );
        }
        let mut parts = Vec::new();
        for field in union {
            self.charge(walk::size(Node::Value(&typed.value)), at)?;
            let member = self.field(Term::Val(typed.clone()), field, at, at)?;
            let guard = self.exists(&member, at)?;
            parts.push(Part::One(guard, Box::new(super::expr::constant(Const::String(field.to_owned())))));
        }
        Some(Term::Seq(parts))
    }

    /// The Pod, or Pod template, of an object.
    fn pod_of(&mut self, term: Term, at: Span) -> Option<Term> {
        let typed = self.operand(term, at)?;
        let ty = Ty::named(POD_TEMPLATE);
        if matches!(typed.value, Value::Root(Root::Object | Root::Pod)) && self.kinds.iter().all(|kind| kind.pod.is_some()) {
            return Some(Term::Val(Typed::new(Value::Root(Root::Pod), ty)));
        }
        let Ty::Struct(names) = &typed.ty else {
            let what = describe(&typed.ty);
            return self.error(
                &codes::WRONG_ARGUMENTS,
                at,
                format!("`podOf` is of an object, and `{}` is {what}", self.text(at)),
                "give it an object",
            );
        };
        let mut paths: Vec<PodPath> = Vec::new();
        for name in names.iter() {
            match self.world.schema.kinds().iter().find(|info| info.ty.name() == name).and_then(|info| info.kind.pod) {
                Some(path) => paths.push(path),
                None => {
                    let what = short(name).to_owned();
                    return self.error(
                        &codes::WRONG_ARGUMENTS,
                        at,
                        format!("a {what} makes no Pods"),
                        "give `podOf` a kind that makes Pods",
                    );
                }
            }
        }
        paths.sort();
        paths.dedup();
        // An object of `cluster()` only comes here, whose kinds have their Pod in one place.
        let Some(path) = paths.first() else {
            return self.error(&codes::WRONG_ARGUMENTS, at, "objects of any kind need not have Pods", "match `workloads`");
        };
        if *path == PodPath::Object {
            return Some(Term::Val(Typed::new(typed.value, ty)));
        }
        let segments = path.segments();
        let owner = names
            .iter()
            .find(|name| self.world.schema.kinds().iter().any(|info| info.ty.name() == name.as_str() && info.kind.pod == Some(*path)));
        let owner = owner.cloned().unwrap_or_default();
        let mut term = Term::Val(Typed { ty: Ty::named(owner), ..typed });
        for segment in segments {
            term = self.field(term, segment, at, at)?;
        }
        Some(term)
    }

    /// `cluster(Kind)`
    fn cluster(&mut self, arg: &'a Expr, span: Span) -> Option<Term> {
        let (name, group) = match &arg.kind {
            ExprKind::Name(name) => (name.as_str(), None),
            ExprKind::Field(of, first) => match &of.kind {
                ExprKind::Name(name) => (name.as_str(), Some(first.node.as_str())),
                _ => ("", None),
            },
            _ => ("", None),
        };
        if name.is_empty() {
            return self.error(&codes::WRONG_ARGUMENTS, arg.span, "`cluster` takes a kind", "write `cluster(ConfigMap)`");
        }
        if self.object.is_none() || self.changes {
            return self.error(&codes::NOT_AVAILABLE, span, "`cluster` can be asked in rules only", "write it in a rule");
        }
        let kinds = self.world.kinds_named(name, group, arg.span).map_err(|diagnostic| self.diagnostics.push(*diagnostic)).ok()?;
        self.looks.push(span);
        // Kinds whose Pods stand in different places are gone over one after the other, so that `podOf` of an element is one path.
        let mut groups: Vec<(Option<PodPath>, Vec<Kind>, Vec<String>)> = Vec::new();
        for (kind, ty) in kinds {
            match groups.iter_mut().find(|(pod, ..)| *pod == kind.pod) {
                Some((_, kinds, names)) => {
                    kinds.push(kind);
                    names.push(ty);
                }
                None => groups.push((kind.pod, vec![kind], vec![ty])),
            }
        }
        let parts =
            groups.into_iter().map(|(_, kinds, names)| Part::Cluster { kinds, ty: Ty::Struct(names.into()), guard: Cond::Const(true) });
        Some(Term::Seq(parts.collect()))
    }
}

fn is_listy(term: &Term) -> bool {
    matches!(term, Term::Seq(_) | Term::Star(_) | Term::Val(Typed { ty: Ty::List(_), .. }))
}

fn type_fits(word: &str, ty: &Ty) -> bool {
    match (word, ty) {
        ("any", _) => true,
        ("string", Ty::String) | ("int", Ty::Int) | ("bool", Ty::Bool) => true,
        ("quantity", Ty::Quantity | Ty::Int) => true,
        ("IntOrString", Ty::IntOrString | Ty::Int | Ty::String) => true,
        ("list", Ty::List(_)) | ("map", Ty::Map(_) | Ty::Record(_)) | ("object", Ty::Record(_)) => true,
        (word, Ty::Struct(names)) => {
            names.iter().all(|name| short(name) == word || (word == "Container" && short(name) == "EphemeralContainer"))
                || (word == "Pod" && names.iter().all(|name| name == POD_TEMPLATE))
        }
        _ => false,
    }
}

/// Whether two kinds are the same resource.
pub(super) fn same_kind(a: &Kind, b: &Kind) -> bool {
    a.group == b.group && a.kind == b.kind && a.subresource == b.subresource
}
