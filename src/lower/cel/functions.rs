//! Functions and quantities.

use super::lower::{Lowering, Result};
use super::text;
use super::tree::{Comprehension, Expr, and, ternary};
use super::val::{Number, Val};
use super::{effective_request, quantity};
use crate::ir::{Const, Function, Quantity, Root, Ty, Value};

impl Lowering<'_> {
    pub(super) fn in_milli(&mut self, raw: Expr) -> Expr {
        quantity::milli(raw, &mut |hint, ty| self.fresh(hint, ty))
    }

    /// A quantity in thousandths.
    pub(super) fn milli(&mut self, value: &Value) -> Result<Val> {
        match value {
            Value::Const(Const::Quantity(Quantity { milli })) => match i64::try_from(*milli) {
                Ok(milli) => Ok(Val::always(Expr::Int(milli))),
                Err(_) => self.unsupported("a quantity above 2^53"),
            },
            Value::Aggregate { op, items, ty: Ty::Quantity } => self.aggregate(*op, items, Number::Milli),
            Value::Arithmetic { minus, left, right, ty: Ty::Quantity } => {
                let (left, right) = (self.milli(left)?, self.milli(right)?);
                self.arithmetic(*minus, left, right)
            }
            Value::If(condition, then, otherwise) => {
                let condition = self.cond(condition)?;
                let (then, otherwise) = (self.milli(then)?, self.milli(otherwise)?);
                let null = [&then, &otherwise].iter().any(|val| val.null || !val.guards.is_empty());
                Ok(Val { guards: Vec::new(), expr: ternary(condition, then.or_null(), otherwise.or_null()), null })
            }
            Value::Call(Function::EffectiveRequest, arguments) => self.effective_request(arguments),
            Value::Call(Function::Duration, arguments) => {
                let [text] = arguments.as_slice() else { return self.unsupported("`duration()`") };
                let text = self.value(text)?;
                self.derived(text, false, |this, text| {
                    Ok(Val::always(quantity::duration_milli(text, &mut |hint, ty| this.fresh(hint, ty))))
                })
            }
            Value::Const(_)
            | Value::Root(_)
            | Value::Var(_)
            | Value::Field { .. }
            | Value::Entry { .. }
            | Value::Coalesce(_)
            | Value::Truth(_)
            | Value::List(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => {
                let raw = self.value(value)?;
                self.derived(raw, false, |this, raw| Ok(Val::always(this.in_milli(raw))))
            }
        }
    }

    pub(super) fn effective_request(&mut self, arguments: &[Value]) -> Result<Val> {
        let [Value::Root(Root::Pod), Value::Const(Const::String(resource))] = arguments else {
            return self.unsupported("`effectiveRequest()` of anything but `pod` and a constant");
        };
        let pod = self.pod()?;
        effective_request::lower(self, pod, resource).map(Val::always)
    }

    /// The thousandths of a raw value, or 0; the guards of it.
    pub(super) fn milli_or_zero(&mut self, val: Val) -> Result<Expr> {
        let milli = self.derived(val, false, |this, raw| Ok(Val::always(this.in_milli(raw))))?;
        Ok(ternary(and(milli.guards), milli.expr, Expr::Int(0)))
    }

    /// A path of a struct, without presence.
    pub(super) fn path(of: Expr, segments: &[&str]) -> Val {
        let mut expr = of;
        let mut guards = Vec::new();
        for segment in segments {
            guards.push(expr.clone().has(segment));
            expr = expr.select(segment);
        }
        Val { guards, expr, null: true }
    }

    pub(super) fn call(&mut self, value: &Value, function: Function, arguments: &[Value]) -> Result<Val> {
        match (function, arguments) {
            (Function::Quantity, [of]) => self.value(of),
            (Function::Duration | Function::EffectiveRequest, _) => {
                let milli = self.milli(value)?;
                self.derived(milli, true, |_, milli| Ok(Val::always(quantity::print(milli))))
            }
            (Function::AsInt | Function::AsName, [of]) => {
                let of = self.value(of)?;
                self.derived(of, true, |_, of| {
                    let text = of.clone().to("string");
                    let guard = if function == Function::AsInt { of.clone().ne(text) } else { of.clone().eq(text) };
                    Ok(Val { guards: vec![guard], expr: of, null: false })
                })
            }
            (Function::Percent, [of]) => {
                let of = self.value(of)?;
                self.derived(of, true, |_, of| {
                    let text = of.to("string");
                    let guard = text.clone().call("matches", [Expr::text("^[0-9]{1,9}%$")]);
                    Ok(Val { guards: vec![guard], expr: text.call("replace", [Expr::text("%"), Expr::text("")]).to("int"), null: false })
                })
            }
            (Function::ImageRegistry, [of]) => {
                let of = self.value(of)?;
                self.derived(of, true, |this, of| Ok(Val::always(this.image(of, |image| image.registry()))))
            }
            (Function::ImageRepository, [of]) => {
                let of = self.value(of)?;
                self.derived(of, true, |this, of| Ok(Val::always(this.image(of, |image| image.repository()))))
            }
            (Function::ImageTag, [of]) => {
                let of = self.value(of)?;
                self.derived(of, true, |this, of| Ok(Val::nullable(this.image(of, |image| image.tag()))))
            }
            (Function::ImageDigest, [of]) => {
                let of = self.value(of)?;
                self.derived(of, true, |_, of| {
                    let has = of.clone().call("contains", [Expr::text("@")]);
                    let at = of.clone().call("indexOf", [Expr::text("@")]).plus(Expr::Int(1));
                    Ok(Val { guards: vec![has], expr: of.call("substring", [at]), null: false })
                })
            }
            (Function::Lower, [of]) => self.method(of, "lowerAscii"),
            (Function::Upper, [of]) => self.method(of, "upperAscii"),
            (Function::Replace, [of, old, new]) => {
                let (of, old, new) = (self.value(of)?, self.value(old)?, self.value(new)?);
                self.derived(of, false, |this, of| {
                    this.derived(old, false, |this, old| this.derived(new, false, |_, new| Ok(Val::always(of.call("replace", [old, new])))))
                })
            }
            (Function::Split, [of, separator]) => {
                let (of, separator) = (self.value(of)?, self.value(separator)?);
                self.derived(of, false, |this, of| {
                    this.derived(separator, false, |_, separator| Ok(Val::always(of.call("split", [separator]))))
                })
            }
            (Function::Join, [of, separator]) => {
                let elements = self.elements(of)?;
                let separator = self.value(separator)?;
                self.derived(separator, false, |_, separator| Ok(Val::always(elements.call("join", [separator]))))
            }
            (Function::Size, [of]) => self.size(of),
            (Function::IndexOf, [of, element]) => {
                if self.ty(element) == Ty::Quantity {
                    return self.unsupported("`indexOf()` of a quantity");
                }
                let elements = self.elements(of)?;
                let element = self.value(element)?;
                let found = self.derived(element, false, |_, element| Ok(Val::always(elements.call("indexOf", [element]))))?;
                Ok(Val::always(if found.null {
                    let expr = found.or_null();
                    let var = self.fresh("index", expr.ty());
                    let var_ = Expr::Ident(var.clone());
                    let body = ternary(var_.clone().present(), var_, Expr::Int(-1));
                    Expr::List(vec![expr]).each(Comprehension::Map, var, body).first()
                } else {
                    found.or_else(Expr::Int(-1))
                }))
            }
            _ => self.unsupported("a function with these arguments"),
        }
    }

    pub(super) fn method(&mut self, of: &Value, function: &'static str) -> Result<Val> {
        let of = self.value(of)?;
        self.derived(of, false, |_, of| Ok(Val::always(of.call(function, []))))
    }

    pub(super) fn size(&mut self, of: &Value) -> Result<Val> {
        match self.ty(of) {
            Ty::List(_) => Ok(Val::always(self.elements(of)?.to("size"))),
            Ty::Map(_) | Ty::Record(_) => {
                let map = self.written(of)?.or_else_empty();
                Ok(Val::always(map.to("size")))
            }
            Ty::Bool | Ty::Int | Ty::Quantity | Ty::String | Ty::IntOrString | Ty::Struct(_) | Ty::Any => {
                let of = self.value(of)?;
                self.derived(of, false, |_, of| Ok(Val::always(text::length(of))))
            }
        }
    }
}
