use std::time::Duration;

use calling_callrecord::QualitySummary;
use calling_callrecord::quality::{MeasuredBy, QualityInput};
use calling_model::UserId;
use calling_room::Heard;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long a shard may take to tell what was heard. It takes microseconds; the record does not
/// wait for one that is broken.
const HEARD_TIMEOUT: Duration = Duration::from_millis(500);

/// How a call sounded as far as the server knows; `None` if nothing was sent to anybody.
pub(super) async fn of_room(
    told: oneshot::Receiver<Vec<(UserId, Heard)>>,
) -> Option<QualitySummary> {
    let heard = timeout(HEARD_TIMEOUT, told).await.ok()?.ok()?;
    let summaries = heard.iter().map(|(_, heard)| summary(heard));
    summaries.min_by(|one, other| one.mos.total_cmp(&other.mos))
}

fn summary(heard: &Heard) -> QualitySummary {
    let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
    let summary = QualitySummary::new(&QualityInput {
        packets: heard.packets_forwarded - heard.packets_lost,
        packets_lost: heard.packets_lost,
        // In packets, since only the share counts: what the receiver restored is not known here.
        played_ms: heard.packets_forwarded,
        concealed_ms: heard.packets_lost,
        mean_delay_ms: 0.0,
        jitter_ms: millis(heard.jitter),
        rtt_ms: heard.round_trip.map_or(0.0, millis),
        burst_ratio: 1.0,
        ..QualityInput::default()
    });
    QualitySummary { measured_by: MeasuredBy::Server, ..summary }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(packets_lost: u64) -> Heard {
        Heard {
            packets_forwarded: 1_000,
            packets_lost,
            jitter: Duration::from_millis(12),
            round_trip: Some(Duration::from_millis(50)),
            reported: true,
        }
    }

    async fn of(told: &[Heard]) -> Option<QualitySummary> {
        let (tell, hear) = oneshot::channel();
        let user = UserId::new("somebody").unwrap();
        tell.send(told.iter().map(|heard| (user.clone(), *heard)).collect()).unwrap();
        of_room(hear).await
    }

    #[tokio::test]
    async fn the_worse_ear_counts() {
        let quality = of(&[heard(0), heard(100), heard(10)]).await.unwrap();
        assert_eq!((quality.packets, quality.lost_share), (900, 0.1));
        assert_eq!((quality.jitter_ms, quality.rtt_ms), (12.0, 50.0));
        assert_eq!(quality.measured_by, MeasuredBy::Server);
        assert!(quality.mos < of(&[heard(0)]).await.unwrap().mos);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_made_up() {
        assert_eq!(of(&[]).await, None);
        let (gone, told) = oneshot::channel();
        drop(gone);
        assert_eq!(of_room(told).await, None);
        let (_silent, told) = oneshot::channel();
        assert_eq!(of_room(told).await, None, "a broken shard does not hold up the record");
    }
}
