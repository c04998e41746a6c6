//! Kubernetes quantities as exact numbers of thousandths.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An exact quantity in thousandths, rounded up as the API server does with resource lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Quantity {
    /// Thousandths of the unit. Its magnitude is at most 2^53 * 1000, else the text is unreadable.
    pub milli: i128,
}

/// An `E` is exa where nothing follows, else an exponent; `Ei` is a binary suffix.
struct Scale {
    decimal: i64,
    binary: u32,
}

impl Quantity {
    /// The greatest magnitude in thousandths: 2^53 units.
    pub const MAX_MILLI: i128 = (1 << 53) * 1000;

    /// This many thousandths, where they are within 2^53 units.
    #[must_use]
    pub fn from_milli(milli: i128) -> Option<Self> {
        (-Self::MAX_MILLI..=Self::MAX_MILLI).contains(&milli).then_some(Quantity { milli })
    }

    /// This many units, where they are within 2^53.
    #[must_use]
    pub fn from_units(units: i64) -> Option<Self> {
        Self::from_milli(i128::from(units) * 1000)
    }

    /// Reads `[+-]?(\d+(\.\d*)?|\.\d+)(n|u|m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei|[eE][+-]?\d+)?`, the whole text, and rounds up (away from minus infinity) to
    /// thousandths. `None` when the text is something else, or the rounded magnitude is above 2^53 units.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let (whole, rest) = take_digits(rest);
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => take_digits(rest),
            _ => (&[][..], rest),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let scale = scale(rest)?;
        let (magnitude, exact) = thousandths(whole, fraction, &scale)?;
        let milli =
            if negative { -i128::try_from(magnitude).ok()? } else { i128::try_from(magnitude).ok()?.checked_add(i128::from(!exact))? };
        Self::from_milli(milli)
    }

    /// A JSON number with a fraction or an exponent: its shortest decimal text, read as a quantity.
    #[must_use]
    pub fn from_f64(number: f64) -> Option<Self> {
        number.is_finite().then(|| Self::parse(&number.to_string())).flatten()
    }

    /// Whole units, rounded up.
    #[must_use]
    pub fn units_up(self) -> i128 {
        self.milli.div_euclid(1000) + i128::from(self.milli.rem_euclid(1000) != 0)
    }
}

impl fmt::Display for Quantity {
    /// An integer, or an integer of thousandths and `m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.milli % 1000 == 0 { write!(f, "{}", self.milli / 1000) } else { write!(f, "{}m", self.milli) }
    }
}

fn take_digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len());
    bytes.split_at(end)
}

fn scale(suffix: &[u8]) -> Option<Scale> {
    let decimal = |decimal| Some(Scale { decimal, binary: 0 });
    let binary = |binary| Some(Scale { decimal: 0, binary });
    match suffix {
        b"n" => decimal(-9),
        b"u" => decimal(-6),
        b"m" => decimal(-3),
        b"" => decimal(0),
        b"k" => decimal(3),
        b"M" => decimal(6),
        b"G" => decimal(9),
        b"T" => decimal(12),
        b"P" => decimal(15),
        b"E" => decimal(18),
        b"Ki" => binary(10),
        b"Mi" => binary(20),
        b"Gi" => binary(30),
        b"Ti" => binary(40),
        b"Pi" => binary(50),
        b"Ei" => binary(60),
        [b'e' | b'E', exponent @ ..] => {
            let (negative, digits) = match exponent {
                [b'-', digits @ ..] => (true, digits),
                [b'+', digits @ ..] => (false, digits),
                digits => (false, digits),
            };
            if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
                return None;
            }
            // Texts are far shorter than this, so a larger exponent decides alone.
            let value = digits.iter().fold(0_i64, |value, digit| (value * 10 + i64::from(digit - b'0')).min(1 << 50));
            decimal(if negative { -value } else { value })
        }
        _ => None,
    }
}

/// The thousandths rounded down, and whether that is exact; `None` when they are certainly above the limit.
fn thousandths(whole: &[u8], fraction: &[u8], scale: &Scale) -> Option<(u128, bool)> {
    let digits = || whole.iter().chain(fraction).map(|byte| byte - b'0');
    let total = whole.len() + fraction.len();
    let leading = digits().take_while(|digit| *digit == 0).count();
    if leading == total {
        return Some((0, true));
    }
    let trailing = digits().rev().take_while(|digit| *digit == 0).count();
    let count = total - leading - trailing;
    let significant = || digits().skip(leading).take(count);
    // The value is the significant digits times 10^exponent times 2^binary.
    let exponent = i64::try_from(trailing).ok()? - i64::try_from(fraction.len()).ok()? + scale.decimal + 3;
    let before_point = i64::try_from(count).ok()? + exponent;
    if before_point > 20 {
        return None;
    }
    let whole_digits = usize::try_from(before_point.max(0)).ok()?;
    let whole_part =
        significant().map(u128::from).chain(std::iter::repeat(0)).take(whole_digits).fold(0_u128, |value, digit| value * 10 + digit);
    let whole_part = whole_part.checked_shl(scale.binary)?;
    if exponent >= 0 {
        return Some((whole_part, true));
    }
    if scale.binary == 0 {
        return Some((whole_part, false));
    }
    // A fraction of a binary suffix: multiply the decimal digits, ten bits at a time. Only texts with binary suffixes come here, so `exponent` is as long as the text.
    let zeros = usize::try_from((-before_point).max(0)).ok()?;
    let mut part: Vec<u8> = std::iter::repeat_n(0, zeros).chain(significant().skip(whole_digits)).collect();
    let mut carried = 0_u128;
    for _ in 0..scale.binary / 10 {
        let mut carry = 0_u32;
        for digit in part.iter_mut().rev() {
            let product = u32::from(*digit) * 1024 + carry;
            *digit = u8::try_from(product % 10).unwrap_or(0);
            carry = product / 10;
        }
        carried = carried * 1024 + u128::from(carry);
    }
    Some((whole_part + carried, part.iter().all(|digit| *digit == 0)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn milli(text: &str) -> Option<i128> {
        Quantity::parse(text).map(|quantity| quantity.milli)
    }

    #[test]
    fn reads_every_suffix() {
        for (text, expected) in [
            ("1", 1_000),
            ("1n", 1),
            ("1000000n", 1),
            ("1000001n", 2),
            ("1u", 1),
            ("1000u", 1),
            ("1001u", 2),
            ("1m", 1),
            ("1k", 1_000_000),
            ("1M", 1_000_000_000),
            ("1G", 1_000_000_000_000),
            ("1T", 1_000_000_000_000_000),
            ("1P", 1_000_000_000_000_000_000),
            ("9P", 9_000_000_000_000_000_000),
            ("0.001E", 1_000_000_000_000_000_000),
            ("1Ki", 1_024_000),
            ("1Mi", 1_048_576_000),
            ("1Gi", 1_073_741_824_000),
            ("1Ti", 1_099_511_627_776_000),
            ("1Pi", 1_125_899_906_842_624_000),
            ("0.0001Ei", 115_292_150_460_684_698),
        ] {
            assert_eq!(milli(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn reads_signs_points_and_exponents() {
        for (text, expected) in [
            ("+5", 5_000),
            ("-5", -5_000),
            ("5.", 5_000),
            (".5", 500),
            ("-.5", -500),
            ("0.5", 500),
            ("1.5Gi", 1_610_612_736_000),
            ("1e3", 1_000_000),
            ("1E3", 1_000_000),
            ("1e+3", 1_000_000),
            ("1e-3", 1),
            ("1e-4", 1),
            ("12e-1", 1_200),
            ("0e999999999999999999999", 0),
            ("1e-999999999999999999999", 1),
            ("-1e-999999999999999999999", 0),
            ("0000000000000000000000000000000000000000000000001", 1_000),
            ("1.0000000000000000000000000000000000000000000000", 1_000),
            ("0.0000000000000000000000000000000000000000000001e46", 1_000),
            ("10000000000000000000000000000000000000000000000e-46", 1_000),
            ("-0", 0),
            ("0m", 0),
        ] {
            assert_eq!(milli(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn rounds_up_to_thousandths() {
        for (text, expected) in [
            ("0.0001", 1),
            ("0.0010", 1),
            ("0.0011", 2),
            ("0.0000000001", 1),
            ("1.0000000001", 1_001),
            ("1.00000000000000000000000000000000000000000000000001", 1_001),
            ("-0.0001", 0),
            ("-0.0019", -1),
            ("-1.9999", -1_999),
            ("0.1Ki", 102_400),
            ("0.0000000000000000000000000000000001Ki", 1),
            ("0.00000000000000000000000000000000001Ei", 1),
            ("-0.0000001Ki", 0),
            ("1.0009765625Ki", 1_025_000),
            ("1.00097656250000000000000000000000000000000000000001Ki", 1_025_001),
        ] {
            assert_eq!(milli(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_above_two_to_the_53() {
        assert_eq!(milli("9007199254740992"), Some(Quantity::MAX_MILLI));
        assert_eq!(milli("-9007199254740992"), Some(-Quantity::MAX_MILLI));
        assert_eq!(milli("8Pi"), Some(Quantity::MAX_MILLI));
        assert_eq!(milli("-9007199254740992.0001"), Some(-Quantity::MAX_MILLI));
        for text in [
            "9007199254740992.0001",
            "9007199254740993",
            "-9007199254740993",
            "9008P",
            "8.000000000000000000000000001Pi",
            "1E",
            "1Ei",
            "9999999999999999999Ei",
            "99999999999999999999999999999999999999999999999999",
            "1e16",
            "1e99999999999999999999",
        ] {
            assert_eq!(milli(text), None, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_quantity() {
        for text in [
            "", " ", " 5", "5 ", "+", "-", ".", "+.", "..5", "1.2.3", "1e", "1e+", "1Ee", "1eE", "1e1.5", "1K", "1ki", "1mi", "1g", "1Gib",
            "1 Gi", "0x10", "1_000", "1,5", "--1", "+-1", "١", "1µ", "inf", "NaN", "1i", "1nn", "m", "Gi", "e3",
        ] {
            assert_eq!(milli(text), None, "{text}");
        }
    }

    #[test]
    fn reads_json_numbers() {
        assert_eq!(Quantity::from_f64(0.1).unwrap().milli, 100);
        assert_eq!(Quantity::from_f64(1e3).unwrap().milli, 1_000_000);
        assert_eq!(Quantity::from_f64(-0.5).unwrap().milli, -500);
        assert_eq!(Quantity::from_f64(1e-300).unwrap().milli, 1);
        assert_eq!(Quantity::from_f64(1e300), None);
        assert_eq!(Quantity::from_f64(f64::INFINITY), None);
        assert_eq!(Quantity::from_f64(f64::NAN), None);
        assert_eq!(Quantity::from_units(3).unwrap().milli, 3_000);
        assert_eq!(Quantity::from_units(i64::MAX), None);
    }

    #[test]
    fn prints_units_or_thousandths() {
        for (text, expected) in [
            ("1.5", "1500m"),
            ("500m", "500m"),
            ("1000m", "1"),
            ("2Gi", "2147483648"),
            ("0", "0"),
            ("-1.5", "-1500m"),
            ("-2", "-2"),
            ("1n", "1m"),
        ] {
            assert_eq!(Quantity::parse(text).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn rounds_to_units() {
        for (text, expected) in [("1.5", 2), ("2", 2), ("-1.5", -1), ("0", 0), ("1m", 1)] {
            assert_eq!(Quantity::parse(text).unwrap().units_up(), expected);
        }
    }
}
