//! The type of an untagged YAML scalar as the cluster sees it.
//!
//! `kubectl` reads manifests by YAML 1.1's rules as its YAML library has them, then sends JSON: `yes` is true, `0644` is 420, `1.0` is 1, a date is text. A reader of
//! YAML 1.2 gives other types, so the rules stand here.

use crate::object::Value;

/// A scalar that JSON has no word for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotANumber;

/// The value of a plain scalar, where it is not a string.
pub(super) fn resolve(text: &str) -> Result<Option<Value>, NotANumber> {
    let Some(&first) = text.as_bytes().first() else { return Ok(Some(Value::Null)) };
    Ok(match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => match text {
            ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" => return Err(NotANumber),
            _ => float(text),
        },
        b'+' | b'-' | b'0'..=b'9' => match text {
            "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF" => return Err(NotANumber),
            _ if text.contains('_') => number(&text.replace('_', "")),
            _ => number(text),
        },
        _ => None,
    })
}

/// A number that is whole and fits 64 bits becomes an integer, however it is written: that is how it reaches the API server.
pub(super) fn from_float(number: f64) -> Value {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if number.fract() == 0.0 && (-LIMIT..LIMIT).contains(&number) {
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        return Value::Int(number as i64);
    }
    Value::Float(number)
}

fn word(text: &str) -> Option<Value> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(Value::Bool(true)),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(Value::Bool(false)),
        "~" | "null" | "Null" | "NULL" => Some(Value::Null),
        _ => None,
    }
}

fn number(text: &str) -> Option<Value> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    if digits.is_empty() || digits.starts_with(['+', '-']) {
        return None;
    }
    match i128::from_str_radix(digits, radix) {
        Ok(magnitude) => {
            let value = if negative { -magnitude } else { magnitude };
            if let Ok(value) = i64::try_from(value) {
                return Some(Value::Int(value));
            }
            if let Ok(value) = u64::try_from(value)
                && !text.starts_with('+')
            {
                #[expect(clippy::cast_precision_loss, reason = "there is no wider integer")]
                return Some(Value::Float(value as f64));
            }
            if radix == 10 { float(text) } else { None }
        }
        Err(_) => float(text),
    }
}

/// A decimal number as YAML writes it; too great a one is text.
fn float(text: &str) -> Option<Value> {
    let bytes = text.as_bytes();
    let digits = bytes.iter().position(|b| !matches!(b, b'+' | b'-'))?;
    let rest = bytes.get(digits..)?;
    if digits > 1 || !rest.iter().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    number.is_finite().then(|| from_float(number))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn words_are_booleans_and_null_as_kubectl_reads_them() {
        for yes in ["y", "Y", "yes", "Yes", "YES", "true", "TRUE", "on", "On", "ON"] {
            assert_eq!(resolve(yes), Ok(Some(Value::Bool(true))), "{yes}");
        }
        for no in ["n", "N", "no", "No", "NO", "false", "FALSE", "off", "Off", "OFF"] {
            assert_eq!(resolve(no), Ok(Some(Value::Bool(false))), "{no}");
        }
        for null in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(resolve(null), Ok(Some(Value::Null)), "{null}");
        }
        for text in ["yEs", "tRue", "nUll", "nothing", "off-by-one", "=", "<<"] {
            assert_eq!(resolve(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn numbers_are_whole_wherever_json_shows_them_whole() {
        for (text, int) in [
            ("0", 0),
            ("00", 0),
            ("-0", 0),
            ("+5", 5),
            ("0644", 420),
            ("-07", -7),
            ("0o17", 15),
            ("0O17", 15),
            ("0x1F", 31),
            ("+0x1F", 31),
            ("-0x1f", -31),
            ("0x_1F", 31),
            ("0b101", 5),
            ("-0b11", -3),
            ("0B11", 3),
            ("08", 8),
            ("1_000", 1000),
            ("1_", 1),
            ("0_7", 7),
            ("1.", 1),
            ("1.0", 1),
            ("1e3", 1000),
            ("1.e2", 100),
            (".5e3", 500),
            ("100e-2", 1),
            ("+12e03", 12000),
            ("1_2e1_0", 120_000_000_000),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(resolve(text), Ok(Some(Value::Int(int))), "{text}");
        }
        for (text, float) in [
            (".5", 0.5),
            ("-.5", -0.5),
            ("+.5", 0.5),
            ("1_0.5_0", 10.5),
            ("9223372036854775808", 9_223_372_036_854_775_808.0),
            ("1e19", 1e19),
        ] {
            assert_eq!(resolve(text), Ok(Some(Value::Float(float))), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_number_is_text() {
        for text in [
            "+",
            "..",
            ".",
            "._5",
            "_1",
            "1e",
            "1.5.5",
            "0b",
            "0x",
            "0o8",
            "0b2",
            "1e400",
            "2020-01-01",
            "1:30",
            "190:20:30",
            "1,000",
            "0x1p-2",
            "inf",
            "nan",
            "500m",
            "1-2",
            "++5",
            "0x-5",
            "-",
        ] {
            assert_eq!(resolve(text), Ok(None), "{text}");
        }
        for text in [".inf", "-.INF", "+.Inf", ".nan", ".NaN"] {
            assert_eq!(resolve(text).unwrap_err(), NotANumber, "{text}");
        }
    }
}
