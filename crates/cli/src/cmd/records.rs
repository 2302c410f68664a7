use calling_callrecord::{QualitySummary, Record};
use calling_server::storage::{RecordFilter, Storage};
use calling_signaling::call::Outcome;

use crate::args::RecordsArgs;
use crate::demo::figures::name;
use crate::exit::Failure;
use crate::keys::user_id;
use crate::output::{self, BAD, BOLD, DIM, GOOD, NAME, WARN, paint};

/// Shows the stored call records, newest first; also while the server runs.
pub(crate) async fn run(args: &RecordsArgs) -> Result<(), Failure> {
    let user = args.user.as_deref().map(user_id).transpose()?;
    let storage = Storage::open_for_reading(&args.data).await.map_err(Failure::machine)?;
    let filter = RecordFilter { user, limit: args.limit, ..RecordFilter::default() };
    let records = storage.records(&filter).await.map_err(Failure::machine)?;
    storage.close().await;
    if args.json {
        return output::json(&records);
    }
    if records.is_empty() {
        output::note("no calls yet");
        return Ok(());
    }
    output::line(format!(
        "{BOLD}{:<21} {:<16} {:<16} {:<12} {:>8}  {}{BOLD:#}",
        "started (UTC)", "caller", "callee", "outcome", "talked", "quality (MOS)"
    ));
    for record in &records {
        output::line(row(record));
    }
    Ok(())
}

fn row(record: &Record) -> String {
    let callee = match record.callees.as_slice() {
        [] => String::new(),
        [only] => only.as_str().to_owned(),
        [first, others @ ..] => format!("{} +{}", first.as_str(), others.len()),
    };
    format!(
        "{} {} {} {} {:>8}  {}",
        paint(DIM, format!("{:<21}", utc(record.started_at.0))),
        paint(NAME, format!("{:<16}", record.caller.as_str())),
        paint(NAME, format!("{callee:<16}")),
        outcome(record.outcome),
        talked(record),
        quality(record.quality.as_ref()),
    )
}

/// The score of the whole call, of its worst five seconds, and what those suffered from.
fn quality(quality: Option<&QualitySummary>) -> String {
    let Some(quality) = quality else { return "–".to_owned() };
    let style = if quality.mos >= GOOD_MOS { GOOD } else { WARN };
    let mos = paint(style, format!("{:.1}", quality.mos));
    let worst = quality.worst_mos.map_or(String::new(), |mos| format!(", worst {mos:.1}"));
    let cause = quality.cause.map_or(String::new(), |cause| format!(" ({})", name(cause)));
    format!("{mos}{worst}{cause}")
}

/// From here on people are satisfied (G.107 annex B, table B.1).
const GOOD_MOS: f64 = 4.0;

fn outcome(outcome: Outcome) -> String {
    let (style, word) = match outcome {
        Outcome::Completed => (GOOD, "completed"),
        Outcome::Rejected => (WARN, "rejected"),
        Outcome::NoAnswer => (WARN, "no answer"),
        Outcome::Offline => (WARN, "offline"),
        Outcome::Busy => (WARN, "busy"),
        Outcome::Cancelled => (WARN, "cancelled"),
        Outcome::PeerLost => (BAD, "peer lost"),
        Outcome::Interrupted => (BAD, "interrupted"),
    };
    paint(style, format!("{word:<12}"))
}

fn talked(record: &Record) -> String {
    if record.accepted_at.is_none() {
        return "–".to_owned();
    }
    calling_callrecord::get_show_time(record.duration_ms / 1_000)
}

/// `2026-01-31 23:59:59` of milliseconds since 1970 (Hinnant, "chrono-compatible low-level date
/// algorithms", civil_from_days).
fn utc(millis: u64) -> String {
    let seconds = millis / 1_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use calling_callrecord::quality::QualityInput;
    use calling_signaling::protocol::QualityCause;

    use super::*;

    #[test]
    fn quality_tells_the_worst_and_why() {
        assert_eq!(quality(None), "–");
        let input = QualityInput {
            packets: 100,
            played_ms: 2_000,
            worst_mos: Some(2.31),
            cause: Some(QualityCause::SenderCpu),
            ..QualityInput::default()
        };
        let told = quality(Some(&QualitySummary::new(&input)));
        assert!(told.contains("4.4") && told.ends_with(", worst 2.3 (sender CPU)"), "{told}");
    }

    #[test]
    fn dates_of_known_moments() {
        assert_eq!(utc(0), "1970-01-01 00:00:00");
        assert_eq!(utc(951_782_400_000), "2000-02-29 00:00:00");
        assert_eq!(utc(1_700_000_000_999), "2023-11-14 22:13:20");
        assert_eq!(utc(4_102_444_799_000), "2099-12-31 23:59:59");
    }
}
