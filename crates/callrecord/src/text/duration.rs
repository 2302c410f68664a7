use fluent_bundle::FluentValue;

use super::Texts;

/// How a duration past an hour is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DurationStyle {
    /// `mm:ss`, minutes without bound: 3725 seconds are `62:05`.
    #[default]
    Minutes,
    /// `h:mm:ss` from an hour on: 3725 seconds are `1:02:05`.
    Hours,
}

/// `mm:ss`, both with two digits at least, minutes without bound: 3725 is `62:05`. The model's
/// `getShowTime`.
pub fn get_show_time(seconds: u64) -> String {
    show_time(seconds, DurationStyle::Minutes)
}

/// A duration as a clock shows it.
pub fn show_time(seconds: u64, style: DurationStyle) -> String {
    let (minutes, rest) = (seconds / 60, seconds % 60);
    match style {
        DurationStyle::Hours if minutes >= 60 => {
            format!("{}:{:02}:{rest:02}", minutes / 60, minutes % 60)
        }
        DurationStyle::Hours | DurationStyle::Minutes => format!("{minutes:02}:{rest:02}"),
    }
}

impl Texts {
    /// A duration in words, for whom it is read out: `1 hour 2 minutes 5 seconds`. Units of which
    /// there are none are left out.
    pub fn duration_in_words(&self, seconds: u64) -> String {
        let parts =
            [("hours", seconds / 3_600), ("minutes", seconds / 60 % 60), ("seconds", seconds % 60)];
        let told = parts.iter().filter(|(unit, n)| *n > 0 || (*unit == "seconds" && seconds == 0));
        let words: Vec<String> = told.map(|(unit, n)| self.count(unit, *n)).collect();
        words.join(&self.plain("duration-separator"))
    }

    /// How many calls were missed: `1 missed call`.
    pub fn missed_calls(&self, count: u64) -> String {
        self.count("missed-calls", count)
    }

    /// How many people are in a running call: `2 people in the call`.
    pub fn in_call(&self, count: u64) -> String {
        self.count("in-call", count)
    }

    fn count(&self, id: &str, count: u64) -> String {
        self.get(id, &[("count", FluentValue::from(count))])
    }
}
