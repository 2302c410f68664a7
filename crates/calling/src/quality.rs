use calling_callrecord::quality::{BEST_RATING, IntervalQuality};
use calling_signaling::client::NetworkQuality;

/// What one period of two seconds saw on one direction of the path.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct PathReport {
    /// Whether anything authenticated came from the other side.
    pub(crate) alive: bool,
    /// Share of packets lost, 0.0..=1.0; `None` if none was expected.
    pub(crate) loss: Option<f64>,
    /// Round trip, in milliseconds.
    pub(crate) rtt_ms: Option<f64>,
    /// Interarrival jitter (RFC 3550 section 6.4.1), in milliseconds.
    pub(crate) jitter_ms: Option<f64>,
}

/// Upper ends of each grade: loss (share), round trip (ms) and jitter (ms). The worst of the three
/// decides. Round trips follow ITU-T G.114 (150 ms one way is comfortable, 400 ms the limit), loss
/// follows what in-band FEC and concealment of Opus cover.
const GRADES: [(NetworkQuality, f64, f64, f64); 4] = [
    (NetworkQuality::Excellent, 0.01, 150.0, 20.0),
    (NetworkQuality::Good, 0.03, 300.0, 40.0),
    (NetworkQuality::Poor, 0.10, 500.0, 80.0),
    (NetworkQuality::Bad, 0.25, 800.0, 150.0),
];

/// The grade of one period; a pure function of what was seen.
pub(crate) fn grade(report: &PathReport) -> NetworkQuality {
    if !report.alive {
        return NetworkQuality::Down;
    }
    if report.loss.is_none() && report.rtt_ms.is_none() && report.jitter_ms.is_none() {
        return NetworkQuality::Unknown;
    }
    let loss = report.loss.unwrap_or(0.0);
    let rtt = report.rtt_ms.unwrap_or(0.0);
    let jitter = report.jitter_ms.unwrap_or(0.0);
    GRADES
        .iter()
        .find(|(_, most_loss, most_rtt, most_jitter)| {
            loss <= *most_loss && rtt <= *most_rtt && jitter <= *most_jitter
        })
        .map_or(NetworkQuality::VeryBad, |(quality, ..)| *quality)
}

/// Lower ends of each grade of how a voice sounded, in hundredths of the best rating: the bands of
/// ITU-T G.109 (90 best, 80 high, 70 medium, 60 low, 50 poor), the two best taken as one.
const RATINGS: [(NetworkQuality, f64); 4] = [
    (NetworkQuality::Excellent, 80.0),
    (NetworkQuality::Good, 70.0),
    (NetworkQuality::Poor, 60.0),
    (NetworkQuality::Bad, 50.0),
];

/// The worse of how the path is and how the voice sounded in its last interval. What is not
/// measured, or down, stays so.
pub(crate) fn worse(path: NetworkQuality, voice: Option<IntervalQuality>) -> NetworkQuality {
    let (Some(voice), false) = (voice, path == NetworkQuality::Unknown) else { return path };
    let rating = 100.0 * voice.rating / BEST_RATING;
    let heard = RATINGS.iter().find(|(_, least)| rating >= *least);
    path.max(heard.map_or(NetworkQuality::VeryBad, |(quality, _)| *quality))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_of_path_and_voice_is_told() {
        let voice = |rating| Some(IntervalQuality { rating, mos: 1.0, cause: None });
        for (path, rating, told) in [
            (NetworkQuality::Excellent, 139.0, NetworkQuality::Excellent),
            (NetworkQuality::Excellent, 110.0, NetworkQuality::Good),
            (NetworkQuality::Bad, 139.0, NetworkQuality::Bad),
            (NetworkQuality::Good, 20.0, NetworkQuality::VeryBad),
            (NetworkQuality::Down, 139.0, NetworkQuality::Down),
            (NetworkQuality::Unknown, 20.0, NetworkQuality::Unknown),
        ] {
            assert_eq!(worse(path, voice(rating)), told, "{path:?} {rating}");
        }
        assert_eq!(worse(NetworkQuality::Good, None), NetworkQuality::Good);
    }

    fn report(loss: f64, rtt_ms: f64, jitter_ms: f64) -> PathReport {
        PathReport {
            alive: true,
            loss: Some(loss),
            rtt_ms: Some(rtt_ms),
            jitter_ms: Some(jitter_ms),
        }
    }

    #[test]
    fn the_worst_figure_decides() {
        for (quality, loss, rtt_ms, jitter_ms) in [
            (NetworkQuality::Excellent, 0.0, 50.0, 2.0),
            (NetworkQuality::Good, 0.02, 50.0, 2.0),
            (NetworkQuality::Good, 0.0, 250.0, 2.0),
            (NetworkQuality::Poor, 0.0, 50.0, 70.0),
            (NetworkQuality::Bad, 0.2, 50.0, 2.0),
            (NetworkQuality::VeryBad, 0.5, 50.0, 2.0),
        ] {
            assert_eq!(grade(&report(loss, rtt_ms, jitter_ms)), quality);
        }
    }

    #[test]
    fn silence_is_down_and_no_figures_are_unknown() {
        assert_eq!(grade(&PathReport::default()), NetworkQuality::Down);
        let nothing = PathReport { alive: true, ..Default::default() };
        assert_eq!(grade(&nothing), NetworkQuality::Unknown);
    }
}
