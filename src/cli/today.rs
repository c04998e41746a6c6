//! The day on which a command runs: exemptions end.

use std::time::{SystemTime, UNIX_EPOCH};

/// Today in UTC, `YYYY-MM-DD`.
pub fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    date(i64::try_from(seconds / 86_400).unwrap_or(0))
}

/// The date of a day, counted from 1970-01-01, in the Gregorian calendar.
///
/// Source: Howard Hinnant, *chrono-compatible low-level date algorithms*, `civil_from_days`. Years begin in March, so that the leap day is the last of a year.
fn date(days: i64) -> String {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A day as it is given on the command line.
pub fn day(text: &str) -> Result<String, String> {
    if crate::resolve::is_date(text) { Ok(text.to_owned()) } else { Err("write it as `2027-03-01`".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (days, expected) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (789, "1972-02-29"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_783, "2026-11-26"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(date(days), expected, "{days}");
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        assert_eq!(day("2028-02-29"), Ok("2028-02-29".to_owned()));
        for wrong in ["2027-02-29", "2027-13-01", "2027-1-1", "today", ""] {
            assert_eq!(day(wrong), Err("write it as `2027-03-01`".to_owned()), "{wrong}");
        }
    }
}
