use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::names::{self, Kind};

/// Renders the metrics of this process. Clones share them.
#[derive(Clone, Debug)]
pub struct Exporter {
    /// `None` if a recorder of the embedding program was there first.
    handle: Option<PrometheusHandle>,
}

/// Bucket bounds in seconds: from a tenth of a millisecond to ten seconds.
const SECONDS: &[f64] = &[
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// Bucket bounds of what people do, in seconds: from one to four hours.
const PEOPLE_SECONDS: &[f64] =
    &[1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 14_400.0];

/// Makes the Prometheus recorder the recorder of this process. There is one a process, since
/// that is how the `metrics` crate works: several servers in one process share their figures.
pub fn install() -> Exporter {
    static EXPORTER: OnceLock<Exporter> = OnceLock::new();
    EXPORTER.get_or_init(set_up).clone()
}

fn set_up() -> Exporter {
    let recorder = match builder() {
        Ok(builder) => builder.build_recorder(),
        Err(error) => {
            tracing::error!(%error, "metrics are off");
            return Exporter { handle: None };
        }
    };
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another metrics recorder is installed; /metrics stays empty");
        return Exporter { handle: None };
    }
    describe();
    metrics::gauge!(names::BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Exporter { handle: Some(handle) }
}

fn builder() -> Result<PrometheusBuilder, metrics_exporter_prometheus::BuildError> {
    let full = |name: &str| Matcher::Full(name.to_owned());
    PrometheusBuilder::new()
        .set_buckets(SECONDS)?
        .set_buckets_for_metric(full(names::CALL_SECONDS), PEOPLE_SECONDS)?
        .set_buckets_for_metric(full(names::ANSWER_SECONDS), PEOPLE_SECONDS)
}

fn describe() {
    for metric in names::ALL {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
            Kind::Histogram => metrics::describe_histogram!(metric.name, metric.help),
        }
    }
}

impl Exporter {
    /// All metrics in the Prometheus text format.
    pub fn render(&self) -> String {
        self.handle.as_ref().map(PrometheusHandle::render).unwrap_or_default()
    }

    /// Folds samples into buckets. To be called every few seconds: nobody may ask for the metrics,
    /// and samples would pile up.
    pub fn upkeep(&self) {
        if let Some(handle) = &self.handle {
            handle.run_upkeep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_rendered() {
        let exporter = install();
        metrics::counter!(names::CALLS_ENDED, "outcome" => "completed").increment(1);
        super::super::database("test", std::time::Duration::from_millis(3), false);
        let text = exporter.render();
        assert!(text.contains("calling_calls_ended_total{outcome=\"completed\"}"), "{text}");
        assert!(text.contains("# HELP calling_calls_ended_total Calls ended, by outcome."));
        assert!(text.contains("calling_db_errors_total{operation=\"test\"} 1"));
        assert!(text.contains("calling_db_seconds_bucket{operation=\"test\",le=\"0.005\"} 1"));
    }

    #[test]
    fn a_second_installation_is_the_first() {
        let (first, second) = (install(), install());
        metrics::counter!(names::CALLS_STARTED).increment(1);
        let shown = |exporter: &Exporter| exporter.render().contains("calling_calls_started_total");
        assert!(shown(&first) && shown(&second));
    }
}
