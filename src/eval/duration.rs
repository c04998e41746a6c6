//! Durations as Go reads them.

use crate::ir::Quantity;

const LIMIT: u64 = 1 << 63;

/// Reads a duration such as `1h30m` or `-1.5s` as Go's `time.ParseDuration` does, float arithmetic of its fractions included, and gives its seconds rounded up to
/// thousandths. `None` when it is unreadable.
#[must_use]
pub fn parse(text: &str) -> Option<Quantity> {
    let nanoseconds = nanoseconds(text)?;
    let milli = nanoseconds.div_euclid(1_000_000) + i64::from(nanoseconds.rem_euclid(1_000_000) != 0);
    Quantity::from_milli(i128::from(milli))
}

fn nanoseconds(text: &str) -> Option<i64> {
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..)?),
        Some(b'+') => (false, text.get(1..)?),
        _ => (false, text),
    };
    if unsigned == "0" {
        return Some(0);
    }
    if unsigned.is_empty() {
        return None;
    }
    let mut rest = unsigned;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (whole, after_whole) = split_digits(rest);
        let (fraction, after_number) = match after_whole.strip_prefix('.') {
            Some(after_point) => split_digits(after_point),
            None => ("", after_whole),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let end = after_number.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after_number.len());
        let (name, after_unit) = after_number.split_at(end);
        let unit = unit(name)?;
        let mut value = read_whole(whole)?.checked_mul(unit).filter(|value| *value <= LIMIT)?;
        let (digits, scale) = read_fraction(fraction);
        if digits > 0 {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the same operations on the same numbers as Go"
            )]
            let part = (digits as f64 * (unit as f64 / scale)) as u64;
            value = value.checked_add(part).filter(|value| *value <= LIMIT)?;
        }
        total = total.checked_add(value).filter(|total| *total <= LIMIT)?;
        rest = after_unit;
    }
    if negative { Some(0_i64.wrapping_sub_unsigned(total)) } else { i64::try_from(total).ok() }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len()))
}

fn unit(name: &str) -> Option<u64> {
    match name {
        "ns" => Some(1),
        "us" | "\u{b5}s" | "\u{3bc}s" => Some(1_000),
        "ms" => Some(1_000_000),
        "s" => Some(1_000_000_000),
        "m" => Some(60_000_000_000),
        "h" => Some(3_600_000_000_000),
        _ => None,
    }
}

fn read_whole(digits: &str) -> Option<u64> {
    digits.bytes().try_fold(0_u64, |value, digit| {
        if value > LIMIT / 10 {
            return None;
        }
        Some(value * 10 + u64::from(digit - b'0')).filter(|value| *value <= LIMIT)
    })
}

/// The digits as a number and the power of ten under them; digits that no longer fit are left out.
fn read_fraction(digits: &str) -> (u64, f64) {
    let (mut value, mut scale) = (0_u64, 1.0_f64);
    for digit in digits.bytes() {
        if value > (LIMIT - 1) / 10 {
            break;
        }
        let next = value * 10 + u64::from(digit - b'0');
        if next > LIMIT {
            break;
        }
        value = next;
        scale *= 10.0;
    }
    (value, scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_keeps_the_digits_that_fit() {
        for (digits, value, scale) in [
            ("", 0, 1.0),
            ("05", 5, 100.0),
            ("9223372036854775807", 9_223_372_036_854_775_807, 1e19),
            ("9223372036854775808", LIMIT, 1e19),
            ("9223372036854775809", 922_337_203_685_477_580, 1e18),
            ("99999999999999999999", 999_999_999_999_999_999, 1e18),
        ] {
            assert_eq!(read_fraction(digits), (value, scale), "{digits}");
        }
    }

    #[test]
    fn reads_what_go_reads() {
        for (text, nanos) in [
            ("0", 0),
            ("-0", 0),
            ("+0", 0),
            ("5s", 5_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("-1.5h", -5_400_000_000_000),
            ("+.5s", 500_000_000),
            ("5.s", 5_000_000_000),
            ("1h1m1s1ms1us1ns", 3_661_001_001_001),
            ("1m1h", 3_660_000_000_000),
            ("12µs", 12_000),
            ("12μs", 12_000),
            ("0.3333333333333333333h", 1_200_000_000_000),
            ("0.9223372036854775808s", 922_337_203),
            ("0.100000000000000000000h", 360_000_000_000),
            ("0.830103483285477580700h", 2_988_372_539_827),
            ("0.0000000001s", 0),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
            ("2562047h47m16.854775807s", i64::MAX),
        ] {
            assert_eq!(nanoseconds(text), Some(nanos), "{text}");
        }
    }

    #[test]
    fn refuses_what_go_refuses() {
        for text in [
            "",
            "3",
            "-",
            "+",
            "s",
            ".",
            "-.",
            ".s",
            "+.s",
            "1d",
            "1 s",
            " 1s",
            "1s ",
            "1S",
            "1.2.3s",
            "--1s",
            "1e3s",
            "3000000h",
            "9223372036854775808ns",
            "-9223372036854775809ns",
            "99999999999999999999s",
            "1h-1m",
            "1µ",
            "00",
            "१s",
        ] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }

    #[test]
    fn gives_seconds_rounded_up_to_thousandths() {
        for (text, milli) in [("1s", 1000), ("1ns", 1), ("1ms1ns", 2), ("-1ns", 0), ("-1ms1ns", -1), ("5m", 300_000), ("0", 0)] {
            assert_eq!(parse(text).map(|quantity| quantity.milli), Some(milli), "{text}");
        }
    }
}
