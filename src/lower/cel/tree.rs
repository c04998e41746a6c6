//! Expressions of CEL.

/// What parts the name of a comprehension variable from the number that makes it unique, until it is renamed.
pub const SEPARATOR: char = '#';

/// Names that no comprehension variable may have: what engines bind, what the language keeps, and the first parts of functions' names.
const RESERVED: [&str; 38] = [
    "object",
    "oldObject",
    "namespaceObject",
    "request",
    "authorizer",
    "params",
    "variables",
    "anyObject",
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
    "lists",
    "strings",
    "math",
    "sets",
    "optional",
    "base64",
    "type",
    "dyn",
    "generator",
];

/// What the type checker of CEL knows of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Nothing: it is looked at when it runs.
    Dyn,
    /// `null`
    Null,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `double`
    Double,
    /// `string`
    String,
    /// `list`
    List(Box<Type>),
    /// `map`
    Map,
    /// Kubernetes' `Quantity`
    Quantity,
    /// `google.protobuf.Duration`
    Duration,
}

/// A variable of a comprehension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    /// Its name, unique in the policy.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// A variable of the policy: `variables.NAME`.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it stands for; may read the variables before it.
    pub expr: Expr,
}

/// The comprehensions that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comprehension {
    /// `list.map(x, body)`
    Map,
    /// `list.filter(x, body)`
    Filter,
    /// `list.exists(x, body)`
    Exists,
    /// `list.all(x, body)`
    All,
}

/// An operator with two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `in`
    In,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Whole units of a double, such as `1000.0`.
    Double(i32),
    /// A string.
    String(String),
    /// A list.
    List(Vec<Expr>),
    /// A map.
    Map(Vec<(Expr, Expr)>),
    /// A message: `Name{field: value, ...}`.
    Struct(&'static str, Vec<(&'static str, Expr)>),
    /// A name that the engine binds, such as `object`.
    Global(&'static str),
    /// A variable of the policy.
    Variable(String, Type),
    /// A variable of a comprehension around.
    Ident(Ident),
    /// `of.field`; the field is an identifier.
    Select(Box<Expr>, String),
    /// `has(of.field)`; the field is an identifier.
    Has(Box<Expr>, String),
    /// `of[key]`
    Index(Box<Expr>, Box<Expr>),
    /// `function(arguments)`
    Call(&'static str, Vec<Expr>),
    /// `receiver.function(arguments)`
    Method(Box<Expr>, &'static str, Vec<Expr>),
    /// A comprehension; `filter` is the middle argument of `map`.
    Each {
        /// Which.
        kind: Comprehension,
        /// Over what.
        range: Box<Expr>,
        /// The element.
        var: Ident,
        /// Which elements are mapped, in `map` only.
        filter: Option<Box<Expr>>,
        /// The last argument.
        body: Box<Expr>,
    },
    /// `!of`
    Not(Box<Expr>),
    /// `a && b && ...`, two or more.
    And(Vec<Expr>),
    /// `a || b || ...`, two or more.
    Or(Vec<Expr>),
    /// `a OP b`
    Binary(Operator, Box<Expr>, Box<Expr>),
    /// `a ? b : c`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
}

impl Expr {
    /// A string.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Expr::String(text.to_owned())
    }

    /// `self.field`, or `self["field"]` where the field is no identifier.
    #[must_use]
    pub fn select(self, field: &str) -> Self {
        if is_identifier(field) { Expr::Select(Box::new(self), field.to_owned()) } else { self.index(Expr::text(field)) }
    }

    /// Whether the map `self` has the field. `null` has none.
    #[must_use]
    pub fn has(self, field: &str) -> Self {
        if is_identifier(field) {
            Expr::Has(Box::new(self), field.to_owned())
        } else {
            and([self.clone().present(), Expr::text(field).within(self)])
        }
    }

    /// `self[key]`
    #[must_use]
    pub fn index(self, key: Expr) -> Self {
        Expr::Index(Box::new(self), Box::new(key))
    }

    /// `self[0]`
    #[must_use]
    pub fn first(self) -> Self {
        self.index(Expr::Int(0))
    }

    /// `self.function(arguments)`
    #[must_use]
    pub fn call(self, function: &'static str, arguments: impl IntoIterator<Item = Expr>) -> Self {
        Expr::Method(Box::new(self), function, arguments.into_iter().collect())
    }

    /// `function(self)`
    #[must_use]
    pub fn to(self, function: &'static str) -> Self {
        Expr::Call(function, vec![self])
    }

    /// `self OP right`
    #[must_use]
    pub fn op(self, operator: Operator, right: Expr) -> Self {
        Expr::Binary(operator, Box::new(self), Box::new(right))
    }

    /// `self == right`
    #[must_use]
    pub fn eq(self, right: Expr) -> Self {
        self.op(Operator::Eq, right)
    }

    /// `self != right`
    #[must_use]
    pub fn ne(self, right: Expr) -> Self {
        self.op(Operator::Ne, right)
    }

    /// `self + right`
    #[must_use]
    pub fn plus(self, right: Expr) -> Self {
        self.op(Operator::Add, right)
    }

    /// `self in list`
    #[must_use]
    pub fn within(self, list: Expr) -> Self {
        self.op(Operator::In, list)
    }

    /// `self != null`, where it can be.
    #[must_use]
    pub fn present(self) -> Self {
        match self.ty() {
            Type::Dyn => self.ne(Expr::Null),
            Type::Null => Expr::Bool(false),
            Type::Bool | Type::Int | Type::Double | Type::String | Type::List(_) | Type::Map | Type::Quantity | Type::Duration => {
                Expr::Bool(true)
            }
        }
    }

    /// The contrary.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "it simplifies")]
    pub fn not(self) -> Self {
        if let Expr::Bool(value) = self {
            Expr::Bool(!value)
        } else if let Expr::Not(of) = self {
            *of
        } else if let Expr::Binary(Operator::Eq, left, right) = self {
            Expr::Binary(Operator::Ne, left, right)
        } else if let Expr::Binary(Operator::Ne, left, right) = self {
            Expr::Binary(Operator::Eq, left, right)
        } else {
            Expr::Not(Box::new(self))
        }
    }

    /// `self.KIND(var, body)`
    #[must_use]
    pub fn each(self, kind: Comprehension, var: Ident, body: Expr) -> Self {
        Expr::Each { kind, range: Box::new(self), var, filter: None, body: Box::new(body) }
    }

    /// `self.map(var, filter, body)`
    #[must_use]
    pub fn map_if(self, var: Ident, filter: Expr, body: Expr) -> Self {
        let filter = if filter == Expr::Bool(true) { None } else { Some(Box::new(filter)) };
        Expr::Each { kind: Comprehension::Map, range: Box::new(self), var, filter, body: Box::new(body) }
    }

    /// `self.filter(var, body)`; itself where all count.
    #[must_use]
    pub fn filter(self, var: Ident, body: Expr) -> Self {
        if body == Expr::Bool(true) { self } else { self.each(Comprehension::Filter, var, body) }
    }

    /// As a value whose type is not known before it runs.
    #[must_use]
    pub fn dynamic(self) -> Self {
        if self.ty() == Type::Dyn { self } else { self.to("dyn") }
    }

    /// Whether it costs next to nothing to say it twice: a path or a constant.
    #[must_use]
    pub fn is_simple(&self) -> bool {
        match self {
            Expr::Null
            | Expr::Bool(_)
            | Expr::Int(_)
            | Expr::Double(_)
            | Expr::String(_)
            | Expr::Global(_)
            | Expr::Variable(..)
            | Expr::Ident(_) => true,
            Expr::Select(of, _) => of.is_simple(),
            Expr::Index(of, key) => of.is_simple() && key.is_simple(),
            Expr::List(_)
            | Expr::Map(_)
            | Expr::Struct(..)
            | Expr::Has(..)
            | Expr::Call(..)
            | Expr::Method(..)
            | Expr::Each { .. }
            | Expr::Not(_)
            | Expr::And(_)
            | Expr::Or(_)
            | Expr::Binary(..)
            | Expr::If(..) => false,
        }
    }

    /// The parts directly in it.
    #[must_use]
    pub fn children(&self) -> Vec<&Expr> {
        match self {
            Expr::Null
            | Expr::Bool(_)
            | Expr::Int(_)
            | Expr::Double(_)
            | Expr::String(_)
            | Expr::Global(_)
            | Expr::Variable(..)
            | Expr::Ident(_) => Vec::new(),
            Expr::List(items) | Expr::And(items) | Expr::Or(items) | Expr::Call(_, items) => items.iter().collect(),
            Expr::Map(entries) => entries.iter().flat_map(|(key, value)| [key, value]).collect(),
            Expr::Struct(_, fields) => fields.iter().map(|(_, value)| value).collect(),
            Expr::Select(of, _) | Expr::Has(of, _) | Expr::Not(of) => vec![of],
            Expr::Index(left, right) | Expr::Binary(_, left, right) => vec![left, right],
            Expr::Method(of, _, arguments) => std::iter::once(&**of).chain(arguments).collect(),
            Expr::Each { range, filter, body, kind: _, var: _ } => {
                [Some(range), filter.as_ref(), Some(body)].into_iter().flatten().map(|part| &**part).collect()
            }
            Expr::If(condition, then, otherwise) => vec![condition, then, otherwise],
        }
    }

    /// Whether it reads a variable of a comprehension outside of it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        fn open<'e>(expr: &'e Expr, bound: &mut Vec<&'e str>) -> bool {
            if let Expr::Ident(ident) = expr {
                return !bound.contains(&&*ident.name);
            }
            let Expr::Each { range, var, filter, body, kind: _ } = expr else {
                return expr.children().into_iter().any(|child| open(child, bound));
            };
            if open(range, bound) {
                return true;
            }
            bound.push(&var.name);
            let found = filter.as_ref().is_some_and(|filter| open(filter, bound)) || open(body, bound);
            bound.pop();
            found
        }
        open(self, &mut Vec::new())
    }

    /// Whether it reads a variable of a comprehension of this name.
    #[must_use]
    pub fn reads(&self, name: &str) -> bool {
        matches!(self, Expr::Ident(ident) if ident.name == name) || self.children().into_iter().any(|child| child.reads(name))
    }

    /// Rewrites every string in it.
    #[must_use]
    pub fn map_strings(self, f: &dyn Fn(String) -> Expr) -> Self {
        if let Expr::String(text) = self { f(text) } else { self.map_children(&mut |child| child.map_strings(f)) }
    }

    /// With what the variables of a policy stand for in their place; each may read those before it.
    #[must_use]
    pub fn with_variables(self, variables: &[Variable]) -> Self {
        if let Expr::Variable(name, _) = &self
            && let Some((place, variable)) = variables.iter().enumerate().find(|(_, variable)| variable.name == *name)
        {
            let before = variables.get(..place).unwrap_or_default();
            return variable.expr.clone().with_variables(before);
        }
        self.map_children(&mut |child| child.with_variables(variables))
    }

    /// With names of comprehension variables to read: what stands before [`SEPARATOR`], numbered where one around has it.
    #[must_use]
    pub fn renamed(self) -> Self {
        self.rename(&mut Vec::new())
    }

    fn rename(self, scope: &mut Vec<(String, String)>) -> Self {
        match self {
            Expr::Ident(Ident { name, ty }) => {
                let name = scope.iter().rev().find(|(old, _)| *old == name).map_or(name, |(_, new)| new.clone());
                Expr::Ident(Ident { name, ty })
            }
            Expr::Each { kind, range, var, filter, body } => {
                let range = Box::new(range.rename(scope));
                let hint = var.name.split(SEPARATOR).next().unwrap_or_default();
                let taken = |name: &str| RESERVED.contains(&name) || scope.iter().any(|(_, new)| new == name);
                let mut name = hint.to_owned();
                let mut number = 1;
                while taken(&name) {
                    number += 1;
                    name = format!("{hint}{number}");
                }
                scope.push((var.name, name.clone()));
                let filter = filter.map(|filter| Box::new(filter.rename(scope)));
                let body = Box::new(body.rename(scope));
                scope.pop();
                Expr::Each { kind, range, var: Ident { name, ty: var.ty }, filter, body }
            }
            Expr::Null
            | Expr::Bool(_)
            | Expr::Int(_)
            | Expr::Double(_)
            | Expr::String(_)
            | Expr::Global(_)
            | Expr::Variable(..)
            | Expr::List(_)
            | Expr::Map(_)
            | Expr::Struct(..)
            | Expr::Select(..)
            | Expr::Has(..)
            | Expr::Index(..)
            | Expr::Call(..)
            | Expr::Method(..)
            | Expr::Not(_)
            | Expr::And(_)
            | Expr::Or(_)
            | Expr::Binary(..)
            | Expr::If(..) => self.map_children(&mut |child| child.rename(scope)),
        }
    }

    /// With each part directly in it replaced.
    #[must_use]
    pub fn map_children(self, f: &mut dyn FnMut(Expr) -> Expr) -> Self {
        let mut one = |of: Box<Expr>| Box::new(f(*of));
        match self {
            Expr::Null
            | Expr::Bool(_)
            | Expr::Int(_)
            | Expr::Double(_)
            | Expr::String(_)
            | Expr::Global(_)
            | Expr::Variable(..)
            | Expr::Ident(_) => self,
            Expr::List(items) => Expr::List(items.into_iter().map(f).collect()),
            Expr::Map(entries) => Expr::Map(entries.into_iter().map(|(key, value)| (f(key), f(value))).collect()),
            Expr::Struct(name, fields) => Expr::Struct(name, fields.into_iter().map(|(field, value)| (field, f(value))).collect()),
            Expr::Select(of, field) => Expr::Select(one(of), field),
            Expr::Has(of, field) => Expr::Has(one(of), field),
            Expr::Index(of, key) => Expr::Index(one(of), one(key)),
            Expr::Call(function, arguments) => Expr::Call(function, arguments.into_iter().map(f).collect()),
            Expr::Method(of, function, arguments) => {
                let of = one(of);
                Expr::Method(of, function, arguments.into_iter().map(f).collect())
            }
            Expr::Each { kind, range, var, filter, body } => {
                let range = one(range);
                let filter = filter.map(&mut one);
                Expr::Each { kind, range, var, filter, body: one(body) }
            }
            Expr::Not(of) => Expr::Not(one(of)),
            Expr::And(items) => Expr::And(items.into_iter().map(f).collect()),
            Expr::Or(items) => Expr::Or(items.into_iter().map(f).collect()),
            Expr::Binary(operator, left, right) => Expr::Binary(operator, one(left), one(right)),
            Expr::If(condition, then, otherwise) => Expr::If(one(condition), one(then), one(otherwise)),
        }
    }

    /// Its type.
    #[must_use]
    pub fn ty(&self) -> Type {
        match self {
            Expr::Null => Type::Null,
            Expr::Bool(_) | Expr::Has(..) | Expr::Not(_) | Expr::And(_) | Expr::Or(_) => Type::Bool,
            Expr::Int(_) => Type::Int,
            Expr::Double(_) => Type::Double,
            Expr::String(_) => Type::String,
            Expr::List(items) => Type::List(Box::new(common(items.iter().map(Expr::ty)))),
            Expr::Map(_) => Type::Map,
            Expr::Global(_) | Expr::Select(..) | Expr::Struct(..) => Type::Dyn,
            Expr::Variable(_, ty) | Expr::Ident(Ident { ty, .. }) => ty.clone(),
            Expr::Index(of, _) => of.ty().element(),
            Expr::Call(function, _) => call_type(function),
            Expr::Method(of, function, _) => method_type(of, function),
            Expr::Each { kind, range, body, var: _, filter: _ } => match kind {
                Comprehension::Map => Type::List(Box::new(body.ty())),
                Comprehension::Filter => Type::List(Box::new(range.ty().element())),
                Comprehension::Exists | Comprehension::All => Type::Bool,
            },
            Expr::Binary(operator, left, right) => match operator {
                Operator::Eq | Operator::Ne | Operator::Lt | Operator::Le | Operator::Gt | Operator::Ge | Operator::In => Type::Bool,
                Operator::Add | Operator::Sub | Operator::Mul | Operator::Div | Operator::Rem => match (left.ty(), right.ty()) {
                    (Type::Dyn, known) | (known, Type::Dyn) => known,
                    (Type::List(left), Type::List(right)) => Type::List(Box::new(common([*left, *right]))),
                    (left, _) => left,
                },
            },
            Expr::If(_, then, otherwise) => common([then.ty(), otherwise.ty()]),
        }
    }
}

impl Type {
    /// The type of an element.
    #[must_use]
    pub fn element(self) -> Self {
        match self {
            Type::List(element) => *element,
            Type::Dyn | Type::Null | Type::Bool | Type::Int | Type::Double | Type::String | Type::Map | Type::Quantity | Type::Duration => {
                Type::Dyn
            }
        }
    }
}

fn common(types: impl IntoIterator<Item = Type>) -> Type {
    let mut types = types.into_iter();
    let Some(first) = types.next() else { return Type::Dyn };
    types.fold(first, |left, right| match (left, right) {
        (Type::List(left), Type::List(right)) => Type::List(Box::new(common([*left, *right]))),
        (left, right) if left == right => left,
        _ => Type::Dyn,
    })
}

fn call_type(function: &str) -> Type {
    match function {
        "int" | "size" | "sign" => Type::Int,
        "double" => Type::Double,
        "string" => Type::String,
        "quantity" => Type::Quantity,
        "duration" => Type::Duration,
        "isQuantity" => Type::Bool,
        "lists.range" => Type::List(Box::new(Type::Int)),
        _ => Type::Dyn,
    }
}

fn method_type(of: &Expr, function: &str) -> Type {
    match function {
        "join" | "replace" | "substring" | "trim" | "lowerAscii" | "upperAscii" | "charAt" => Type::String,
        "lastIndexOf" | "indexOf" | "size" | "compareTo" | "getMilliseconds" => Type::Int,
        "startsWith" | "endsWith" | "contains" | "matches" | "isGreaterThan" | "isLessThan" => Type::Bool,
        "asApproximateFloat" => Type::Double,
        "sub" | "add" => Type::Quantity,
        "split" => Type::List(Box::new(Type::String)),
        "sort" | "slice" | "distinct" => Type::List(Box::new(of.ty().element())),
        "flatten" => Type::List(Box::new(of.ty().element().element())),
        "sum" | "min" | "max" => of.ty().element(),
        _ => Type::Dyn,
    }
}

/// All are true; constants folded.
#[must_use]
pub fn and(parts: impl IntoIterator<Item = Expr>) -> Expr {
    let mut all = Vec::new();
    for part in parts {
        if part == Expr::Bool(false) && all.is_empty() {
            return part;
        }
        if let Expr::And(parts) = part {
            all.extend(parts);
        } else if part != Expr::Bool(true) && !all.contains(&part) {
            all.push(part);
        }
    }
    if all.len() > 1 { Expr::And(all) } else { all.pop().unwrap_or(Expr::Bool(true)) }
}

/// One is true; constants folded.
#[must_use]
pub fn or(parts: impl IntoIterator<Item = Expr>) -> Expr {
    let mut all = Vec::new();
    for part in parts {
        if part == Expr::Bool(true) && all.is_empty() {
            return part;
        }
        if let Expr::Or(parts) = part {
            all.extend(parts);
        } else if part != Expr::Bool(false) {
            all.push(part);
        }
    }
    if all.len() > 1 { Expr::Or(all) } else { all.pop().unwrap_or(Expr::Bool(false)) }
}

/// `condition ? then : otherwise`, of a type that the type checker accepts.
#[must_use]
pub fn ternary(condition: Expr, then: Expr, otherwise: Expr) -> Expr {
    if let Expr::Bool(known) = condition {
        return if known { then } else { otherwise };
    }
    let (then, otherwise) = alike(then, otherwise);
    Expr::If(Box::new(condition), Box::new(then), Box::new(otherwise))
}

fn alike(left: Expr, right: Expr) -> (Expr, Expr) {
    match (left.ty(), right.ty()) {
        (Type::Dyn, _) | (_, Type::Dyn) => (left, right),
        (Type::List(_), Type::List(_)) => (left, right),
        (left_type, right_type) if left_type == right_type => (left, right),
        (Type::Null, _) => (left, right.dynamic()),
        (_, Type::Null) => (left.dynamic(), right),
        _ => (left.dynamic(), right.dynamic()),
    }
}

/// Elements of one type: made dynamic where they differ.
fn uniform(items: Vec<Expr>) -> Vec<Expr> {
    let mut types = items.iter().map(Expr::ty);
    let first = types.next();
    if types.all(|ty| Some(ty) == first) { items } else { items.into_iter().map(Expr::dynamic).collect() }
}

/// A list, its elements made dynamic where their types differ.
#[must_use]
pub fn list(items: impl IntoIterator<Item = Expr>) -> Expr {
    Expr::List(uniform(items.into_iter().collect()))
}

/// A map, its values made dynamic where their types differ.
#[must_use]
pub fn map(entries: impl IntoIterator<Item = (String, Expr)>) -> Expr {
    let (keys, values): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
    Expr::Map(keys.into_iter().map(Expr::String).zip(uniform(values)).collect())
}

/// Whether a text can stand after a point.
#[must_use]
pub fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(text, "true" | "false" | "null" | "in")
}

#[cfg(test)]
mod tests {
    use super::super::print;
    use super::*;

    fn ident(name: &str, ty: Type) -> Ident {
        Ident { name: name.to_owned(), ty }
    }

    #[test]
    fn types_that_the_checker_refuses_together_are_made_dynamic() {
        let text = || Expr::text("x");
        assert_eq!(print(&ternary(Expr::Global("object"), text(), Expr::Null)), "object ? dyn(\"x\") : null");
        assert_eq!(print(&ternary(Expr::Global("object"), Expr::Null, Expr::Int(1))), "object ? null : dyn(1)");
        assert_eq!(print(&ternary(Expr::Global("object"), Expr::Int(1), text())), "object ? dyn(1) : dyn(\"x\")");
        assert_eq!(print(&ternary(Expr::Global("object"), Expr::Global("params"), text())), "object ? params : \"x\"");
        assert_eq!(print(&list([Expr::Int(1), text()])), "[dyn(1), dyn(\"x\")]");
        assert_eq!(print(&list([Expr::Global("params"), text()])), "[params, dyn(\"x\")]");
        assert_eq!(print(&list([text(), text()])), "[\"x\", \"x\"]");
        assert_eq!(print(&map([("a".to_owned(), Expr::Int(1)), ("b".to_owned(), text())])), "{\"a\": dyn(1), \"b\": dyn(\"x\")}");
    }

    #[test]
    fn what_is_known_is_never_compared_with_null() {
        assert_eq!(Expr::Int(1).present(), Expr::Bool(true));
        assert_eq!(Expr::text("x").call("split", [Expr::text("/")]).first().present(), Expr::Bool(true));
        assert_eq!(Expr::Null.present(), Expr::Bool(false));
        assert_eq!(print(&Expr::Global("object").select("x").present()), "object.x != null");
    }

    #[test]
    fn functions_have_the_types_of_the_libraries() {
        let text = || Expr::text("x");
        let texts = || Type::List(Box::new(Type::String));
        for (expr, ty) in [
            (Expr::Global("object").to("int"), Type::Int),
            (Expr::Global("object").to("double"), Type::Double),
            (Expr::Global("object").to("string"), Type::String),
            (Expr::Global("object").to("quantity"), Type::Quantity),
            (Expr::Global("object").to("duration"), Type::Duration),
            (Expr::Global("object").to("isQuantity"), Type::Bool),
            (Expr::Int(3).to("lists.range"), Type::List(Box::new(Type::Int))),
            (Expr::Global("object").to("dyn"), Type::Dyn),
            (text().call("lowerAscii", []), Type::String),
            (text().call("lastIndexOf", [text()]), Type::Int),
            (text().call("startsWith", [text()]), Type::Bool),
            (text().to("quantity").call("asApproximateFloat", []), Type::Double),
            (text().to("quantity").call("sub", [Expr::Int(1)]), Type::Quantity),
            (text().call("split", [text()]), texts()),
            (text().call("split", [text()]).call("distinct", []), texts()),
            (list([text().call("split", [text()])]).call("flatten", []), texts()),
            (list([Expr::Int(1)]).call("sum", []), Type::Int),
            (text().call("unknown", []), Type::Dyn),
            (ternary(Expr::Global("object"), list([text()]), list([text()])), texts()),
        ] {
            assert_eq!(expr.ty(), ty, "{}", print(&expr));
        }
        assert_eq!(common([texts(), Type::List(Box::new(Type::Int))]), Type::List(Box::new(Type::Dyn)));
        assert_eq!(common([texts(), texts()]), texts());
        assert_eq!(common([texts(), Type::String]), Type::Dyn);
    }

    #[test]
    fn identifiers_are_those_of_cel() {
        assert!(["a", "_", "_a1", "aB_2"].into_iter().all(is_identifier));
        assert!(!["", "1a", "a-b", "-", "é", "true", "false", "null", "in"].into_iter().any(is_identifier));
    }

    #[test]
    fn logic_folds_constants() {
        let (yes, no, a) = (|| Expr::Bool(true), || Expr::Bool(false), || Expr::Global("object"));
        assert_eq!(and([]), yes());
        assert_eq!(or([]), no());
        assert_eq!(and([yes(), a()]), a());
        assert_eq!(and([no(), a()]), no());
        assert_eq!(or([yes(), a()]), yes());
        assert_eq!(or([no(), a()]), a());
        assert_eq!(and([a(), and([a(), a()])]), a().and_once());
        assert_eq!(ternary(yes(), a(), Expr::Null), a());
    }

    impl Expr {
        fn and_once(self) -> Expr {
            and([self])
        }
    }

    #[test]
    fn names_are_given_by_scope() {
        let (outer, inner) = (ident("container#1", Type::Dyn), ident("container#2", Type::Dyn));
        let of = Expr::Ident(outer.clone()).select("ports");
        let body = of.each(Comprehension::Map, inner.clone(), Expr::Ident(inner).eq(Expr::Ident(outer.clone())));
        let expr = Expr::Global("object").each(Comprehension::Map, outer, body);
        assert_eq!(print(&expr.renamed()), "object.map(container, container.ports.map(container2, container2 == container))");

        let reserved = ident("namespace#7", Type::Dyn);
        let expr = Expr::Global("object").each(Comprehension::Exists, reserved.clone(), Expr::Ident(reserved));
        assert_eq!(print(&expr.renamed()), "object.exists(namespace2, namespace2)");
    }

    #[test]
    fn an_expression_is_open_where_it_reads_a_loop_around_it() {
        let var = ident("x", Type::Dyn);
        let closed = Expr::Global("object").each(Comprehension::Map, var.clone(), Expr::Ident(var.clone()));
        assert!(!closed.is_open());
        assert!(Expr::Ident(var.clone()).is_open());
        assert!(Expr::Ident(var.clone()).each(Comprehension::Map, var.clone(), Expr::Int(1)).is_open());
        let other = Expr::Ident(ident("y", Type::Dyn));
        assert!(Expr::Global("object").map_if(var.clone(), other.clone(), Expr::Ident(var.clone())).is_open());
        assert!(Expr::Global("object").map_if(var.clone(), Expr::Ident(var.clone()), other).is_open());
        assert!(!Expr::Global("object").map_if(var.clone(), Expr::Ident(var.clone()), Expr::Ident(var)).is_open());
    }
}
