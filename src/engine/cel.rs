//! Emitted CEL in `cel-rust`.
//!
//! It has no type checker and lacks some of Kubernetes' functions, or has them otherwise; those that emitted CEL uses are brought here.

use crate::eval::{Request, duration};
use crate::ir::{Operation, Quantity};
use crate::lower::cel::{Policy, print};
use crate::object::{Node, Value as Json};
use kube_cel::KubeCelExt;
use kube_cel::cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, ListExpr, MapExpr, SelectExpr};
use kube_cel::cel::extractors::{Arguments, This};
use kube_cel::cel::objects::{Key, Map, Opaque};
use kube_cel::cel::parser::Expression;
use kube_cel::cel::{Context, ExecutionError, Program, ResolveResult, Value};
use regex::Regex;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// The name of the engine.
pub const NAME: &str = "kube-cel";

/// What the engine could not read or run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

/// The engine with its functions; judges any number of policies.
pub struct Engine {
    root: Context<'static>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

/// A policy, read once.
#[derive(Debug)]
pub struct Compiled {
    variables: Vec<(String, Expression)>,
    validation: Expression,
    message: Expression,
}

impl Compiled {
    /// Reads the text that is emitted for a policy.
    ///
    /// # Errors
    /// When the engine cannot.
    pub fn new(policy: &Policy) -> Result<Self, Error> {
        let variables = policy
            .variables
            .iter()
            .map(|variable| Ok((in_scope(&variable.name), read(&print(&variable.expr))?)))
            .collect::<Result<_, Error>>()?;
        Ok(Compiled { variables, validation: read(&print(&policy.validation))?, message: read(&print(&policy.message))? })
    }
}

impl Default for Engine {
    fn default() -> Self {
        Engine::new()
    }
}

impl Engine {
    /// An engine with what Kubernetes brings.
    #[must_use]
    pub fn new() -> Self {
        let mut root = Context::default().with_all();
        root.add_function("dyn", |value: Value| -> ResolveResult { Ok(value) });
        let patterns = Mutex::new(BTreeMap::<String, Option<Regex>>::new());
        root.add_function("matches", move |This(text): This<Arc<String>>, pattern: Arc<String>| -> ResolveResult {
            let mut patterns = patterns.lock().unwrap_or_else(PoisonError::into_inner);
            match patterns.entry((*pattern).clone()).or_insert_with(|| Regex::new(&pattern).ok()) {
                Some(regex) => Ok(Value::Bool(regex.is_match(&text))),
                None => Err(ExecutionError::function_error("matches", "not a pattern")),
            }
        });
        root.add_function("split", |This(text): This<Arc<String>>, separator: Arc<String>| -> ResolveResult {
            let part = |part: &str| Value::String(Arc::new(part.to_owned()));
            let parts = if separator.is_empty() {
                text.chars().map(|c| part(c.encode_utf8(&mut [0; 4]))).collect()
            } else {
                text.split(separator.as_str()).map(part).collect()
            };
            Ok(Value::List(Arc::new(parts)))
        });
        // Kubernetes' own sum is an error where it overflows.
        root.add_function("sum", |This(list): This<Arc<Vec<Value>>>| -> ResolveResult {
            let add = |sum: i64, item: &Value| if let Value::Int(number) = item { sum.checked_add(*number) } else { None };
            match list.iter().try_fold(0, add) {
                Some(sum) => Ok(Value::Int(sum)),
                None => Err(ExecutionError::function_error("sum", "the elements are no whole numbers, or their sum overflows")),
            }
        });
        quantities(&mut root);
        durations(&mut root);
        Engine { root }
    }

    /// What the policy says of a request about an object of the rule's kinds, for an operation that is the rule's: nothing where it passes.
    ///
    /// # Errors
    /// When an expression cannot be evaluated.
    pub fn judge(&self, policy: &Compiled, request: &Request<'_>) -> Result<Option<String>, Error> {
        let mut context = self.root.new_inner_scope();
        let (object, old_object) = match request.operation {
            Operation::Create | Operation::Update => (Some(request.object), request.old_object),
            Operation::Delete => (None, Some(request.object)),
        };
        context.add_variable_from_value("object", object.map_or(Value::Null, value));
        context.add_variable_from_value("oldObject", old_object.map_or(Value::Null, value));
        context.add_variable_from_value("namespaceObject", request.namespace_object.map_or(Value::Null, value));
        context.add_variable_from_value("request", request.request.map_or(Value::Null, value));
        let mut errors = Vec::new();
        for (name, expression) in &policy.variables {
            // A variable is evaluated when it is read: one that cannot be evaluated is an error only then.
            match Value::resolve(expression, &context) {
                Ok(value) => context.add_variable_from_value(name.as_str(), value),
                Err(error) => errors.push(format!("{name}: {error}")),
            }
        }
        let failed =
            |error: ExecutionError| Error(std::iter::once(error.to_string()).chain(errors.iter().cloned()).collect::<Vec<_>>().join("; "));
        let validation = Value::resolve(&policy.validation, &context).map_err(failed)?;
        let Value::Bool(passes) = validation else { return Err(Error(format!("the validation is no boolean: {validation:?}"))) };
        if passes {
            return Ok(None);
        }
        let message = Value::resolve(&policy.message, &context).map_err(failed)?;
        let Value::String(message) = message else { return Err(Error(format!("the message is no string: {message:?}"))) };
        Ok(Some((*message).clone()))
    }
}

fn in_scope(name: &str) -> String {
    format!("variables.{name}")
}

fn read(text: &str) -> Result<Expression, Error> {
    let program = Program::compile(text).map_err(|errors| Error(format!("{errors}: {text}")))?;
    let mut expression = program.expression().clone();
    resolve(&mut expression);
    Ok(expression)
}

/// Makes one name of `variables.NAME`: a map of variables would be copied whenever one of them is read.
fn resolve(expression: &mut Expression) {
    match &mut expression.expr {
        Expr::Select(SelectExpr { operand, field, .. }) => {
            if matches!(&operand.expr, Expr::Ident(name) if name == "variables") {
                expression.expr = Expr::Ident(in_scope(field));
            } else {
                resolve(operand);
            }
        }
        Expr::Call(CallExpr { target, args, .. }) => target.iter_mut().map(|target| &mut **target).chain(args).for_each(resolve),
        Expr::List(ListExpr { elements, .. }) => elements.iter_mut().for_each(resolve),
        Expr::Map(MapExpr { entries }) => {
            for entry in entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    resolve(&mut entry.key);
                    resolve(&mut entry.value);
                }
            }
        }
        Expr::Comprehension(comprehension) => {
            let ComprehensionExpr { iter_range, accu_init, loop_cond, loop_step, result, .. } = &mut **comprehension;
            [iter_range, accu_init, loop_cond, loop_step, result].into_iter().for_each(resolve);
        }
        Expr::Literal(_) | Expr::Ident(_) | Expr::Struct(_) | Expr::Unspecified => {}
    }
}

fn value(node: &Node) -> Value {
    match &node.value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Int(value) => Value::Int(*value),
        Json::Float(value) => Value::Float(*value),
        Json::String(text) => Value::String(Arc::new(text.to_string())),
        Json::List(items) => Value::List(Arc::new(items.iter().map(value).collect())),
        Json::Map(entries) => {
            let entries: HashMap<Key, Value> = entries.iter().map(|(key, node)| (Key::from(&*key.name), value(node))).collect();
            Value::Map(Map { map: Arc::new(entries) })
        }
    }
}

/// A quantity in thousandths, rounded up: all that emitted CEL asks of quantities is the same of these. What is above 2^53 is just above it.
#[derive(Debug, PartialEq, Eq)]
struct Milli(i128);

impl Opaque for Milli {
    fn runtime_type_name(&self) -> &'static str {
        "kubernetes.Quantity"
    }
}

impl Milli {
    fn of(value: &Value) -> Result<i128, ExecutionError> {
        let milli = if let Value::Opaque(opaque) = value {
            opaque.downcast_ref::<Milli>().map(|milli| milli.0)
        } else if let Value::Int(units) = value {
            Some(i128::from(*units) * 1000)
        } else {
            None
        };
        milli.ok_or_else(|| ExecutionError::function_error("quantity", "no quantity"))
    }

    fn value(milli: i128) -> Value {
        Value::Opaque(Arc::new(Milli(milli)))
    }
}

fn quantities(root: &mut Context<'static>) {
    let of = |text: &str| match Quantity::parse(text) {
        Some(quantity) => quantity.milli,
        None if text.starts_with('-') => -Quantity::MAX_MILLI - 1,
        None => Quantity::MAX_MILLI + 1,
    };
    root.add_function("quantity", move |text: Arc<String>| -> ResolveResult { Ok(Milli::value(of(&text))) });
    root.add_function("isQuantity", |_: Arc<String>| -> ResolveResult { Ok(Value::Bool(true)) });
    root.add_function("isGreaterThan", |This(this): This<Value>, other: Value| -> ResolveResult {
        Ok(Value::Bool(Milli::of(&this)? > Milli::of(&other)?))
    });
    root.add_function("isLessThan", |This(this): This<Value>, other: Value| -> ResolveResult {
        Ok(Value::Bool(Milli::of(&this)? < Milli::of(&other)?))
    });
    root.add_function("sub", |This(this): This<Value>, other: Value| -> ResolveResult {
        Ok(Milli::value(Milli::of(&this)? - Milli::of(&other)?))
    });
    root.add_function("asApproximateFloat", |This(this): This<Value>| -> ResolveResult {
        #[expect(clippy::cast_precision_loss, reason = "approximate by name")]
        Ok(Value::Float(Milli::of(&this)? as f64 / 1000.0))
    });
}

/// A duration in thousandths of a second, rounded up.
fn durations(root: &mut Context<'static>) {
    root.add_function("duration", |text: Arc<String>| -> ResolveResult {
        let milli = duration::parse(&text).and_then(|seconds| i64::try_from(seconds.milli).ok());
        milli.map(Value::Int).ok_or_else(|| ExecutionError::function_error("duration", "no duration"))
    });
    root.add_function("getMilliseconds", |Arguments(_): Arguments, This(this): This<Value>| -> ResolveResult { Ok(this) });
}
