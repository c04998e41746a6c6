//! A small Rego tree: what the lowering needs, and nothing that can go wrong.
//!
//! In Rego the negation of an expression with an undefined operand is undefined, so that a rule falls silent. The tree has no such negation: [`Stmt::Unless`] stands over a path with
//! constant keys and one scalar, where undefined is false, and everything else is denied by the emptiness of a comprehension, [`Stmt::Never`], which is always defined.
//! Neither has it string interpolation, `default` functions, `with` or `every`, on which engines differ.

/// Statements that all have to hold, in the order of evaluation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Body(pub Vec<Stmt>);

/// A statement of a body.
#[derive(Debug, Clone, PartialEq)]
pub enum Stmt {
    /// The expression is defined and not false.
    Holds(Expr),
    /// `name := value`
    Let(String, Expr),
    /// `name != null`, needed only where no later statement says so.
    Present(String),
    /// `some name in list`: each element of a list that is always there.
    Each(String, Expr),
    /// `some index, name in list`: the same, with its place.
    EachAt(String, String, Expr),
    /// `not path == literal`: true also when the path leads nowhere.
    Unless(Path, Scalar),
    /// `[1 | body] != []`: the body holds for something, said once.
    Ever(Body),
    /// `[1 | body] == []`: the body holds for nothing.
    Never(Body),
}

/// A variable or rule and constant keys below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// A variable, or a rule without arguments.
    pub root: String,
    /// The keys.
    pub keys: Vec<String>,
}

/// A scalar constant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scalar {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A string.
    String(String),
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A constant.
    Scalar(Scalar),
    /// A regular expression: a raw string where that can be.
    Regex(String),
    /// `[a, b]`
    Array(Vec<Expr>),
    /// `{a, b}`; not empty.
    Set(Vec<Expr>),
    /// `{"k": v}`
    Object(Vec<(String, Expr)>),
    /// A variable, or a rule without arguments.
    Var(String),
    /// What stands under some keys; undefined where there is nothing.
    Ref(Box<Expr>, Vec<Step>),
    /// `f(a, b)`
    Call(&'static str, Vec<Expr>),
    /// `a + b`
    Infix(Box<Expr>, Operator, Box<Expr>),
    /// `[head | body]`
    Comprehension(Box<Expr>, Body),
}

/// A step of a reference.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A constant key.
    Key(String),
    /// A computed key or an index.
    Index(Expr),
    /// Each element: `[_]`.
    Each,
    /// Each element, whose key or index a new variable is: `[name]`.
    At(String),
}

/// An operator between two expressions.
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
}

impl Operator {
    /// How it is written.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Operator::Eq => "==",
            Operator::Ne => "!=",
            Operator::Lt => "<",
            Operator::Le => "<=",
            Operator::Gt => ">",
            Operator::Ge => ">=",
            Operator::In => "in",
            Operator::Add => "+",
            Operator::Sub => "-",
        }
    }
}

/// A rule of a module.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Lines before it, without `# `.
    pub comment: Vec<String>,
    /// What it defines.
    pub head: Head,
    /// When.
    pub body: Body,
}

/// What a rule defines.
#[derive(Debug, Clone, PartialEq)]
pub enum Head {
    /// `name := value`
    Value(String, Expr),
    /// `name`, which is true.
    True(String),
    /// `name contains item`
    Contains(String, Expr),
}

impl Expr {
    /// A string.
    #[must_use]
    pub fn string(text: impl Into<String>) -> Self {
        Expr::Scalar(Scalar::String(text.into()))
    }

    /// A whole number.
    #[must_use]
    pub fn int(number: impl Into<i128>) -> Self {
        Expr::Scalar(Scalar::Int(number.into()))
    }

    /// A variable.
    #[must_use]
    pub fn var(name: impl Into<String>) -> Self {
        Expr::Var(name.into())
    }

    /// What stands under a step of this.
    #[must_use]
    pub fn step(self, step: Step) -> Self {
        match self {
            Expr::Ref(head, mut steps) => {
                steps.push(step);
                Expr::Ref(head, steps)
            }
            head @ (Expr::Scalar(_)
            | Expr::Regex(_)
            | Expr::Array(_)
            | Expr::Set(_)
            | Expr::Object(_)
            | Expr::Var(_)
            | Expr::Call(..)
            | Expr::Infix(..)
            | Expr::Comprehension(..)) => Expr::Ref(Box::new(head), vec![step]),
        }
    }

    /// What stands under a constant key of this.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Self {
        self.step(Step::Key(key.into()))
    }

    /// Two expressions and an operator.
    #[must_use]
    pub fn infix(self, operator: Operator, right: Expr) -> Self {
        Expr::Infix(Box::new(self), operator, Box::new(right))
    }

    /// `[self | body]`
    #[must_use]
    pub fn each(self, body: Body) -> Self {
        Expr::Comprehension(Box::new(self), body)
    }

    /// The path that this is, if its keys are constant.
    #[must_use]
    pub fn as_path(&self) -> Option<Path> {
        match self {
            Expr::Var(name) => Some(Path { root: name.clone(), keys: Vec::new() }),
            Expr::Ref(head, steps) => {
                let root = head.as_path()?;
                let keys = steps.iter().map(|step| match step {
                    Step::Key(key) => Some(key.clone()),
                    Step::Index(_) | Step::Each | Step::At(_) => None,
                });
                Some(Path { root: root.root, keys: root.keys.into_iter().map(Some).chain(keys).collect::<Option<_>>()? })
            }
            Expr::Scalar(_)
            | Expr::Regex(_)
            | Expr::Array(_)
            | Expr::Set(_)
            | Expr::Object(_)
            | Expr::Call(..)
            | Expr::Infix(..)
            | Expr::Comprehension(..) => None,
        }
    }

    /// Several lists one after the other; each is always defined.
    #[must_use]
    pub fn concat_lists(mut lists: Vec<Expr>) -> Self {
        if lists.len() > 3 {
            let body =
                vec![Stmt::Each("list".to_owned(), Expr::Array(lists)), Stmt::Let("item".to_owned(), Expr::var("list").step(Step::Each))];
            return Expr::var("item").each(Body(body));
        }
        let Some(last) = lists.pop() else { return Expr::Array(Vec::new()) };
        lists.into_iter().rev().fold(last, |after, list| Expr::Call("array.concat", vec![list, after]))
    }
}

impl Body {
    /// Whether a statement of this uses the variable in a way that only a value other than null allows, whatever else is there.
    fn demands(&self, name: &str) -> bool {
        self.0.iter().any(|stmt| match stmt {
            Stmt::Holds(expr) | Stmt::Let(_, expr) | Stmt::Each(_, expr) | Stmt::EachAt(_, _, expr) => expr.demands(name),
            Stmt::Ever(body) => body.demands(name),
            Stmt::Present(_) | Stmt::Unless(..) | Stmt::Never(_) => false,
        })
    }

    /// Leaves out each [`Stmt::Present`] that a later statement implies. Any reference below a variable does so: nothing stands under null.
    #[must_use]
    pub fn tidy(self) -> Self {
        let mut kept: Vec<Stmt> = Vec::new();
        for stmt in self.0.into_iter().rev() {
            if let Stmt::Present(name) = &stmt {
                let after = Body(std::mem::take(&mut kept));
                let implied = after.demands(name);
                kept = after.0;
                if implied {
                    continue;
                }
            }
            kept.insert(0, stmt);
        }
        Body(kept)
    }
}

impl Expr {
    fn demands(&self, name: &str) -> bool {
        match self {
            Expr::Ref(head, steps) => {
                matches!(&**head, Expr::Var(var) if var == name)
                    || head.demands(name)
                    || steps.iter().any(|step| match step {
                        Step::Index(expr) => expr.demands(name),
                        Step::Key(_) | Step::Each | Step::At(_) => false,
                    })
            }
            Expr::Infix(left, Operator::Eq, right) => {
                let equal = |one: &Expr, other: &Expr| {
                    matches!(one, Expr::Var(var) if var == name)
                        && matches!(other, Expr::Scalar(Scalar::Bool(_) | Scalar::Int(_) | Scalar::String(_)))
                };
                equal(left, right) || equal(right, left) || left.demands(name) || right.demands(name)
            }
            Expr::Infix(left, Operator::In, right) => {
                (matches!((&**left, &**right), (Expr::Var(var), Expr::Set(items)) if var == name && !items.contains(&Expr::Scalar(Scalar::Null))))
                    || left.demands(name)
                    || right.demands(name)
            }
            Expr::Call("is_string" | "is_number", arguments) => {
                arguments.iter().any(|argument| matches!(argument, Expr::Var(var) if var == name) || argument.demands(name))
            }
            Expr::Infix(left, _, right) => left.demands(name) || right.demands(name),
            Expr::Call(_, arguments) | Expr::Array(arguments) | Expr::Set(arguments) => {
                arguments.iter().any(|argument| argument.demands(name))
            }
            Expr::Object(entries) => entries.iter().any(|(_, value)| value.demands(name)),
            Expr::Scalar(_) | Expr::Regex(_) | Expr::Var(_) | Expr::Comprehension(..) => false,
        }
    }
}
