//! Globs, patterns and image references.

use super::tree::{Comprehension, Expr, Ident, Operator, Type, and, or, ternary};
use crate::eval::image;
use crate::ir::{Glob, Pattern};

/// Whether a text fits a glob.
#[must_use]
pub fn like(text: Expr, glob: &Glob) -> Expr {
    let parts: Vec<&str> = glob.parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        [] | [""] => text.eq(Expr::text("")),
        [whole] => text.eq(Expr::text(whole)),
        ["", ""] => Expr::Bool(true),
        [start, ""] => text.call("startsWith", [Expr::text(start)]),
        ["", end] => text.call("endsWith", [Expr::text(end)]),
        ["", middle, ""] => text.call("contains", [Expr::text(middle)]),
        parts => {
            let literals: Vec<String> = parts.iter().map(|part| escaped(part)).collect();
            text.call("matches", [Expr::String(format!("(?s)^{}$", literals.join(".*")))])
        }
    }
}

/// Whether the whole of a text matches.
#[must_use]
pub fn matches(text: Expr, pattern: &Pattern) -> Expr {
    text.call("matches", [Expr::String(format!("^(?:{})$", pattern.source))])
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

/// Code points of a text. `size()` counts them too, but not in every engine.
#[must_use]
pub fn length(text: Expr) -> Expr {
    text.call("lastIndexOf", [Expr::text("")])
}

/// What parts of an image reference are made of. The text is said several times.
pub struct ImageText<'f> {
    /// The reference.
    pub text: Expr,
    /// Gives names.
    pub fresh: &'f mut dyn FnMut(&str, Type) -> Ident,
}

impl ImageText<'_> {
    fn bind(&mut self, hint: &str, expr: Expr, body: impl FnOnce(Expr) -> Expr) -> Expr {
        let var = (self.fresh)(hint, expr.ty());
        let body = body(Expr::Ident(var.clone()));
        Expr::List(vec![expr]).each(Comprehension::Map, var, body).first()
    }

    /// Whether there is a digest.
    fn has_digest(&self) -> Expr {
        self.text.clone().call("contains", [Expr::text("@")])
    }

    fn before_digest(&self) -> Expr {
        self.text.clone().call("split", [Expr::text("@")]).first()
    }

    /// The tag or null; `latest` without tag and digest.
    pub fn tag(&mut self) -> Expr {
        let otherwise = ternary(self.has_digest(), Expr::Null, Expr::text("latest"));
        let name = self.before_digest();
        let last = self.bind("name", name, |name| {
            let slash = name.clone().call("lastIndexOf", [Expr::text("/")]).plus(Expr::Int(1));
            name.call("substring", [slash])
        });
        self.bind("last", last, |last| {
            let colon = last.clone().call("indexOf", [Expr::text(":")]).plus(Expr::Int(1));
            ternary(last.clone().call("contains", [Expr::text(":")]), last.call("substring", [colon]), otherwise)
        })
    }

    /// The text before the tag and the digest.
    fn untagged(&mut self) -> Expr {
        let name = self.before_digest();
        self.bind("name", name, |name| {
            let colon = name.clone().call("lastIndexOf", [Expr::text(":")]);
            let slash = name.clone().call("lastIndexOf", [Expr::text("/")]);
            // The tag begins at the first colon behind the last slash.
            let first = name.clone().call("indexOf", [Expr::text(":"), slash.clone().plus(Expr::Int(1))]);
            ternary(colon.op(Operator::Gt, slash), name.clone().call("substring", [Expr::Int(0), first]), name)
        })
    }

    fn with_host(&mut self, body: impl FnOnce(Expr, Expr) -> Expr) -> Expr {
        let untagged = self.untagged();
        let (path, host) = ((self.fresh)("path", Type::String), (self.fresh)("host", Type::String));
        let (path_, host_) = (Expr::Ident(path.clone()), Expr::Ident(host.clone()));
        let first = path_.clone().call("split", [Expr::text("/")]).first();
        let is_host = and([
            path_.clone().call("contains", [Expr::text("/")]),
            or([first.clone().eq(Expr::text("localhost")), first.clone().call("matches", [Expr::text("[.:A-Z]")])]),
        ]);
        let inner = Expr::List(vec![ternary(is_host, first, Expr::text(""))]).each(Comprehension::Map, host, body(path_, host_)).first();
        Expr::List(vec![untagged]).each(Comprehension::Map, path, inner).first()
    }

    /// The registry.
    pub fn registry(&mut self) -> Expr {
        self.with_host(|_, host| ternary(host.clone().within(docker_hosts()), Expr::text("docker.io"), host))
    }

    /// The repository.
    pub fn repository(&mut self) -> Expr {
        self.with_host(|path, host| {
            let rest = ternary(
                host.clone().eq(Expr::text("")),
                path.clone(),
                path.clone().call("substring", [path.clone().call("indexOf", [Expr::text("/")]).plus(Expr::Int(1))]),
            );
            let bare = or([
                and([host.clone().eq(Expr::text("")), path.clone().call("contains", [Expr::text("/")]).not()]),
                and([
                    host.clone().ne(Expr::text("")),
                    host.within(docker_hosts()),
                    path.clone().call("indexOf", [Expr::text("/")]).eq(path.call("lastIndexOf", [Expr::text("/")])),
                ]),
            ]);
            ternary(bare, Expr::text("library/"), Expr::text("")).plus(rest)
        })
    }

    /// Whether the text is a reference at all.
    pub fn is_reference(&mut self) -> Expr {
        let text = self.text.clone();
        let short = text.clone().to("size").op(Operator::Le, Expr::Int(LONGEST - 8));
        let repository = self.repository().to("size").op(Operator::Le, Expr::Int(LONGEST));
        and([
            text.clone().call("matches", [Expr::text(image::PATTERN)]),
            text.call("matches", [Expr::text(image::IDENTIFIER)]).not(),
            or([short, repository]),
        ])
    }
}

const LONGEST: i64 = 255;

fn docker_hosts() -> Expr {
    Expr::List(["", "docker.io", "index.docker.io"].map(Expr::text).into())
}
