//! Functions of the language.

use super::constants::{is_milli, static_ty};
use super::helper::Helper;
use super::module::Lowered;
use super::scope::{Given, Scope};
use super::tree::{Body, Expr, Operator, Scalar, Step, Stmt};
use crate::ir::{Const, Function, Ty, Value};

impl Scope<'_> {
    pub(super) fn call(&mut self, function: Function, arguments: &[Value], body: &mut Body) -> Lowered<Given> {
        let argument = |index: usize| arguments.get(index).unwrap_or(&Value::Const(Const::Bool(false)));
        let (word, value) = match function {
            Function::Quantity => {
                let expr = self.number(argument(0), true, body)?;
                if let Expr::Scalar(_) = expr {
                    return Ok(Given { expr, certain: true });
                }
                body.0.push(Stmt::Holds(expr.clone().infix(Operator::Ne, Expr::Scalar(Scalar::Null))));
                return Ok(Given { expr, certain: true });
            }
            Function::Duration => return self.unsupported("`duration()` of a value"),
            Function::AsInt => {
                let given = self.bind(argument(0), body)?;
                body.0.push(Stmt::Holds(Expr::Call("is_number", vec![given.expr.clone()])));
                return Ok(Given { expr: given.expr, certain: true });
            }
            Function::AsName => {
                let expr = self.string(argument(0), body)?;
                return Ok(Given { expr, certain: true });
            }
            Function::Percent => {
                let text = self.string(argument(0), body)?;
                body.0.push(Stmt::Holds(Expr::Call("regex.match", vec![Expr::Regex("^[0-9]{1,9}%$".to_owned()), text.clone()])));
                // A leading 1 keeps the zeros from being leading ones, which not every engine reads.
                let digits = Expr::Call("trim_suffix", vec![text, Expr::string("%")]);
                let padded = Expr::Call("concat", vec![Expr::string(""), Expr::Array(vec![Expr::string("1000000000"), digits])]);
                let start = self.fresh("digits");
                body.0.push(Stmt::Let(start.clone(), padded));
                let tail = Expr::Call(
                    "substring",
                    vec![Expr::var(&start), Expr::Call("count", vec![Expr::var(&start)]).infix(Operator::Sub, Expr::int(9)), Expr::int(-1)],
                );
                let number = Expr::Call("concat", vec![Expr::string(""), Expr::Array(vec![Expr::string("1"), tail])]);
                ("percent", Expr::Call("to_number", vec![number]).infix(Operator::Sub, Expr::int(1_000_000_000)))
            }
            Function::ImageRegistry => ("registry", self.image("image_registry", argument(0), body)?),
            Function::ImageRepository => ("repository", self.image("image_repository", argument(0), body)?),
            Function::ImageTag => ("tag", self.image("image_tag", argument(0), body)?),
            Function::ImageDigest => ("digest", self.image("image_digest", argument(0), body)?),
            Function::Lower | Function::Upper => {
                self.need(Helper::Ascii);
                let text = self.string(argument(0), body)?;
                let letters = if function == Function::Lower { "lower_letters" } else { "upper_letters" };
                ("text", Expr::Call("strings.replace_n", vec![Expr::var(letters), text]))
            }
            Function::Replace => {
                let text = self.string(argument(0), body)?;
                let old = self.string(argument(1), body)?;
                let new = self.string(argument(2), body)?;
                ("text", Expr::Call("replace", vec![text, old, new]))
            }
            Function::Split => {
                let text = self.string(argument(0), body)?;
                let separator = self.string(argument(1), body)?;
                ("parts", Expr::Call("split", vec![text, separator]))
            }
            Function::Join => {
                let list = self.list(argument(0))?;
                let separator = self.string(argument(1), body)?;
                let part = self.fresh("part");
                let texts = Expr::var(&part)
                    .each(Body(vec![Stmt::Each(part.clone(), list), Stmt::Holds(Expr::Call("is_string", vec![Expr::var(&part)]))]));
                ("text", Expr::Call("concat", vec![separator, texts]))
            }
            Function::Size => return self.size(argument(0), body),
            Function::IndexOf => {
                let list = self.list(argument(0))?;
                let all = self.fresh("elements");
                body.0.push(Stmt::Let(all.clone(), list));
                let mut of = Body::default();
                let given = self.bind(argument(1), &mut of)?;
                let index = self.fresh("index");
                of.0.push(Stmt::Holds(Expr::var(&all).step(Step::At(index.clone())).infix(Operator::Eq, given.expr)));
                let found = Expr::concat_lists(vec![Expr::var(&index).each(of), Expr::Array(vec![Expr::int(-1)])]);
                ("position", found.step(Step::Index(Expr::int(0))))
            }
            Function::EffectiveRequest => {
                self.need(Helper::EffectiveRequest);
                self.module.place = true;
                let resource = self.string(argument(1), body)?;
                ("request", Expr::Call("effective_request", vec![resource]))
            }
        };
        let var = self.fresh(word);
        body.0.push(Stmt::Let(var.clone(), value));
        body.0.push(Stmt::Used(var.clone()));
        Ok(Given { expr: Expr::Var(var), certain: true })
    }

    pub(super) fn image(&mut self, function: &'static str, text: &Value, body: &mut Body) -> Lowered<Expr> {
        self.need(Helper::Image);
        let text = self.string(text, body)?;
        Ok(Expr::Call(function, vec![text]))
    }

    /// The size of a list or map, 0 where it is absent, or of a text.
    pub(super) fn size(&mut self, of: &Value, body: &mut Body) -> Lowered<Given> {
        let (elements, word) = match static_ty(of, &self.slots) {
            Some(Ty::String) => {
                let text = self.string(of, body)?;
                (Expr::Call("regex.find_n", vec![Expr::Regex("(?s).".to_owned()), text, Expr::int(-1)]), "length")
            }
            Some(Ty::Map(inner)) => {
                let mut entries = Body::default();
                let holder = match self.path(of)? {
                    Some(path) => path,
                    None => self.bind(of, &mut entries)?.expr,
                };
                let entry = self.fresh("entry");
                if *inner == Ty::String {
                    self.need(Helper::Label);
                    entries.0.push(Stmt::Let(entry.clone(), Expr::Call("label", vec![holder.step(Step::Each)])));
                } else {
                    entries.0.push(Stmt::Let(entry.clone(), holder.step(Step::Each)));
                }
                entries.0.push(Stmt::Present(entry.clone()));
                (Expr::Var(entry).each(entries), "number")
            }
            Some(Ty::List(_)) => (self.list(of)?, "number"),
            Some(Ty::Bool | Ty::Int | Ty::Quantity | Ty::IntOrString | Ty::Struct(_) | Ty::Record(_) | Ty::Any) | None => {
                return self.unsupported("the size of a value of unknown type");
            }
        };
        let var = self.fresh(word);
        body.0.push(Stmt::Let(var.clone(), Expr::Call("count", vec![elements])));
        body.0.push(Stmt::Used(var.clone()));
        Ok(Given { expr: Expr::Var(var), certain: true })
    }

    /// A bound value as something that `==` compares as the IR does.
    pub(super) fn comparable(&mut self, expr: Expr, value: &Value, body: &mut Body) -> Expr {
        match static_ty(value, &self.slots) {
            Some(Ty::Struct(_) | Ty::Record(_) | Ty::Map(_) | Ty::List(_) | Ty::Any) => {
                self.need(Helper::Canonical);
                Expr::Call("canonical", vec![expr])
            }
            Some(Ty::Quantity) if !is_milli(value, &self.slots) => self.quantity(expr, body),
            Some(Ty::Bool | Ty::Int | Ty::Quantity | Ty::String | Ty::IntOrString) | None => expr,
        }
    }
}
