//! Mutations and generations: resolved and type-checked.

use super::context::Context;
use super::types::{Term, Typed, describe, join, structure, ty_of};
use crate::diagnostic::codes::resolve as codes;
use crate::diagnostic::{Span, nearest};
use crate::ir::{Ty, Value};
use crate::syntax::ast::{self, Create, Expr, ExprKind, Name, ObjectField};

impl<'a> Context<'a> {
    /// The statements of a mutation.
    pub fn changes(&mut self, body: &'a [ast::Stmt]) {
        let depth = self.scope.len();
        for stmt in body {
            self.change(stmt);
        }
        self.scope.truncate(depth);
    }

    fn change(&mut self, stmt: &'a ast::Stmt) {
        match stmt {
            ast::Stmt::Let(binding) => {
                self.let_stmt(binding);
            }
            ast::Stmt::If { condition, then, otherwise, span } => {
                if self.enter(*span).is_some() {
                    self.cond(condition);
                    self.changes(then);
                    self.changes(otherwise);
                    self.leave();
                }
            }
            ast::Stmt::For { binder, body, span } => {
                if self.enter(*span).is_some() {
                    self.over(binder, &mut |me, _| {
                        me.changes(body);
                        Some(())
                    });
                    self.leave();
                }
            }
            ast::Stmt::Merge { target, keys, value, span: _ } => {
                let target = self.target(target);
                if let Some(element) = target.and_then(|(ty, span)| self.element(&ty, span)) {
                    for key in keys {
                        self.key_field(&element, key);
                    }
                    self.fits(value, &element);
                }
            }
            ast::Stmt::Append { target, value, span: _ } => {
                let target = self.target(target);
                if let Some(element) = target.and_then(|(ty, span)| self.element(&ty, span)) {
                    self.fits(value, &element);
                }
            }
            ast::Stmt::Default { target, value, span: _ } | ast::Stmt::Set { target, value, span: _ } => {
                if let Some((ty, _)) = self.target(target) {
                    self.fits(value, &ty);
                }
            }
            ast::Stmt::Remove { target, span: _ } => {
                self.target(target);
            }
            ast::Stmt::Check(check) => {
                self.error::<()>(&codes::MISPLACED, check.span, "a mutation checks nothing", "write the check in a `rule`");
            }
            ast::Stmt::Unique { span, .. } => {
                self.error::<()>(&codes::MISPLACED, *span, "a mutation checks nothing", "write the check in a `rule`");
            }
        }
    }

    /// The type of a path that is changed, and where it stands.
    fn target(&mut self, expr: &'a Expr) -> Option<(Ty, Span)> {
        let term = self.expr(expr)?;
        match &term {
            Term::Val(Typed { value: Value::Field { .. } | Value::Entry { .. }, ty, .. }) => Some((ty.clone(), expr.span)),
            _ => self.error(
                &codes::WRONG_TYPE,
                expr.span,
                format!("`{}` is not a place in the object", self.text(expr.span)),
                "name one field, such as `pod.spec.volumes`",
            ),
        }
    }

    fn element(&mut self, ty: &Ty, span: Span) -> Option<Ty> {
        match ty {
            Ty::List(element) => Some((**element).clone()),
            ty => {
                let what = describe(ty);
                self.error(
                    &codes::WRONG_TYPE,
                    span,
                    format!("`{}` is {what}, not a list", self.text(span)),
                    "`merge` and `append` are for lists; use `set` or `default`",
                )
            }
        }
    }

    fn field_type(&self, ty: &Ty, name: &str) -> Option<Ty> {
        let Ty::Struct(names) = ty else { return None };
        let field = structure(names.first()?)?.fields.get(name)?;
        Some(ty_of(&field.ty))
    }

    fn key_field(&mut self, element: &Ty, key: &Name) {
        if self.field_type(element, &key.node).is_none() {
            self.no_such_field(element, &key.node, key.span);
        }
    }

    fn no_such_field(&mut self, ty: &Ty, name: &str, span: Span) {
        let known: Vec<&str> = match ty {
            Ty::Struct(names) => names
                .first()
                .and_then(|name| structure(name))
                .map(|structure| structure.fields.keys().copied().collect())
                .unwrap_or_default(),
            _ => Vec::new(),
        };
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "check the spelling".to_owned(),
        };
        let what = describe(ty);
        self.error::<()>(&codes::UNKNOWN_FIELD, span, format!("{what} has no field `{name}`"), help);
    }

    /// Whether a value may stand where this type is.
    fn fits(&mut self, value: &'a Expr, ty: &Ty) {
        if self.enter(value.span).is_none() {
            return;
        }
        match (&value.kind, ty) {
            (ExprKind::Object(fields), Ty::Struct(_)) => self.fields_fit(fields, ty),
            (ExprKind::Object(fields), Ty::Map(inner)) => {
                for field in fields {
                    self.fits(&field.value, inner);
                }
            }
            (ExprKind::List(items), Ty::List(inner)) => {
                for item in items {
                    self.fits(item, inner);
                }
            }
            (_, Ty::Any) => {
                self.expr(value);
            }
            _ => {
                if let Some(term) = self.expr(value) {
                    self.term_fits(term, value.span, ty);
                }
            }
        }
        self.leave();
    }

    fn term_fits(&mut self, term: Term, span: Span, ty: &Ty) {
        let Some(typed) = self.operand(term, span) else { return };
        let fits = match (&typed.ty, ty) {
            // A quantity is written as text, too.
            (Ty::String | Ty::Int | Ty::Quantity, Ty::Quantity) => true,
            (given, wanted) => join(given, wanted).is_some_and(|both| both == *wanted),
        };
        if !fits {
            let (one, other) = (describe(&typed.ty), describe(ty));
            self.error::<()>(
                &codes::WRONG_TYPE,
                span,
                format!("{other} is wanted here, and `{}` is {one}", self.text(span)),
                "give a value of the field's type",
            );
        }
    }

    fn fields_fit(&mut self, fields: &'a [ObjectField], ty: &Ty) {
        for field in fields {
            match self.field_type(ty, &field.name.node) {
                Some(inner) => self.fits(&field.value, &inner),
                None => self.no_such_field(ty, &field.name.node, field.name.span),
            }
        }
    }

    /// What a generation creates.
    pub fn create(&mut self, create: &'a Create) {
        for expr in [Some(&create.name), create.namespace.as_ref()].into_iter().flatten() {
            if let Some(term) = self.expr(expr) {
                self.string_operand(term, expr.span, "create");
            }
        }
        let kinds = self.world.kinds_named(&create.kind.name, create.kind.group.as_deref(), create.kind.span);
        match kinds.as_deref() {
            Ok([(kind, ty)]) => {
                if !kind.namespaced
                    && let Some(namespace) = &create.namespace
                {
                    self.error::<()>(
                        &codes::WRONG_TYPE,
                        namespace.span,
                        format!("a {} lives in no namespace", kind.kind),
                        "leave `in namespace` out",
                    );
                }
                let ty = Ty::Struct(vec![ty.clone()]);
                self.fits(&create.object, &ty);
            }
            Ok(_) => {
                self.error::<()>(&codes::UNKNOWN_KIND, create.kind.span, "`create` makes one kind", "name one kind");
            }
            Err(_) => {
                if let Err(diagnostic) = kinds {
                    self.diagnostics.push(*diagnostic);
                }
            }
        }
    }
}
