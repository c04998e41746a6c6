//! Where in an object a check stands.

use std::fmt;

/// A way down into an object, kept on the stack: it costs nothing until a finding prints it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'a> {
    /// The object.
    Root,
    /// A field or key.
    Field(&'a Path<'a>, &'a str),
    /// An element of a list.
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    /// The innermost field or key.
    pub fn name(&self) -> &str {
        match self {
            Path::Root => "",
            Path::Field(_, name) => name,
            Path::Index(parent, _) => parent.name(),
        }
    }

    /// How a message names the value: `` `image` ``, or an element or entry of what is around it.
    pub fn subject(&self, entry: bool) -> String {
        match self {
            Path::Field(parent, name) if entry => format!("`{name}` in `{}`", parent.name()),
            Path::Index(parent, _) => format!("an element of `{}`", parent.name()),
            Path::Root | Path::Field(..) => format!("`{}`", self.name()),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Field(parent, name) => {
                parent.fmt(f)?;
                if name.is_empty() || name.bytes().any(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$'))) {
                    return write!(f, "[{name:?}]");
                }
                if !matches!(parent, Path::Root) {
                    f.write_str(".")?;
                }
                f.write_str(name)
            }
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_fields_indices_and_keys() {
        let metadata = Path::Field(&Path::Root, "metadata");
        let labels = Path::Field(&metadata, "labels");
        assert_eq!(Path::Field(&labels, "app.kubernetes.io/name").to_string(), "metadata.labels[\"app.kubernetes.io/name\"]");
        assert_eq!(Path::Field(&Path::Index(&labels, 2), "x-y").to_string(), "metadata.labels[2].x-y");
        assert_eq!(Path::Root.to_string(), "");
        assert_eq!(Path::Field(&labels, "a").subject(true), "`a` in `labels`");
        assert_eq!(Path::Index(&labels, 2).subject(false), "an element of `labels`");
    }
}
