//! The names of all metrics, with their labels. `docs/operating.md` lists them.

/// What a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution, in buckets.
    Histogram,
}

/// One metric as it is described to Prometheus.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it counts.
    pub kind: Kind,
    /// Its labels, comma-separated; empty if it has none.
    pub labels: &'static str,
    /// One line for people.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($const:ident = $name:literal, $kind:ident, $labels:literal, $help:literal;)*) => {
        $(#[doc = $help] pub const $const: &str = $name;)*

        /// Every metric of the server.
        pub static ALL: &[Metric] = &[
            $(Metric { name: $name, kind: Kind::$kind, labels: $labels, help: $help },)*
        ];

        #[cfg(test)]
        const IDENTS: &[&str] = &[$(stringify!($const),)*];
    };
}

metrics! {
    CALLS_STARTED = "calling_calls_started_total", Counter, "",
        "Calls placed.";
    CALLS_ENDED = "calling_calls_ended_total", Counter, "outcome",
        "Calls ended, by outcome.";
    CALLS_RECOVERED = "calling_calls_recovered_total", Counter, "",
        "Calls that a killed server left behind, closed at start.";
    CALLS = "calling_calls", Gauge, "",
        "Calls in progress, ringing ones included.";
    CALL_SECONDS = "calling_call_seconds", Histogram, "",
        "Conversation time of ended calls that were accepted, in seconds.";
    ANSWER_SECONDS = "calling_answer_seconds", Histogram, "",
        "Time from placing a call to its acceptance, in seconds.";
    DEVICES = "calling_signed_in_devices", Gauge, "",
        "Devices signed in.";
    SIGN_INS = "calling_sign_ins_total", Counter, "result",
        "Attempts to sign in, by result.";
    REQUESTS = "calling_signaling_requests_total", Counter, "method,result",
        "Signalling requests, by method and result.";
    SIGNALING_DISCARDED = "calling_signaling_discarded_total", Counter, "reason",
        "Signalling frames not acted on, and connections closed, by reason.";
    HTTP_CONNECTIONS = "calling_http_connections", Gauge, "",
        "Open HTTP and WebSocket connections.";
    HTTP_REFUSED = "calling_http_connections_refused_total", Counter, "reason",
        "Connections closed unserved, by reason.";
    HTTP_REQUESTS = "calling_http_requests_total", Counter, "route,status",
        "HTTP requests, by route and status.";
    MEDIA_CONNECTIONS = "calling_media_connections", Gauge, "",
        "Open media connections.";
    MEDIA_PACKETS_IN = "calling_media_packets_in_total", Counter, "",
        "Datagrams received on the media port.";
    MEDIA_PACKETS_OUT = "calling_media_packets_out_total", Counter, "",
        "Datagrams sent from the media port.";
    MEDIA_CALLS_IN = "calling_media_receive_calls_total", Counter, "",
        "System calls that read datagrams of the media port.";
    MEDIA_CALLS_OUT = "calling_media_send_calls_total", Counter, "",
        "System calls that sent datagrams from the media port.";
    MEDIA_BYTES_IN = "calling_media_bytes_in_total", Counter, "",
        "Bytes received on the media port.";
    MEDIA_BYTES_OUT = "calling_media_bytes_out_total", Counter, "",
        "Bytes sent from the media port.";
    MEDIA_DISCARDED = "calling_media_packets_discarded_total", Counter, "reason",
        "Datagrams not forwarded, by reason.";
    MEDIA_UNREPORTED = "calling_media_packets_unreported_total", Counter, "reason",
        "Packets that came and that congestion feedback does not tell their sender of, by reason.";
    DTLS_SECONDS = "calling_dtls_seconds", Histogram, "",
        "Time from a validated ICE path to the end of the DTLS handshake, in seconds.";
    MEDIA_CLOSED = "calling_media_connections_closed_total", Counter, "reason",
        "Media connections closed, by reason; `handshake_*` and `fingerprint_mismatch` are DTLS failures.";
    DB_SECONDS = "calling_db_seconds", Histogram, "operation",
        "Time of database operations, in seconds.";
    DB_ERRORS = "calling_db_errors_total", Counter, "operation",
        "Database operations that failed.";
    DB_PENDING = "calling_db_pending", Gauge, "",
        "Writes kept in memory until the database takes them again.";
    WEBHOOKS = "calling_webhooks_total", Counter, "hook,result",
        "Attempts to post to webhooks, by result.";
    WEBHOOK_SECONDS = "calling_webhook_seconds", Histogram, "hook",
        "Time of attempts to post to webhooks, in seconds.";
    UPTIME = "calling_uptime_seconds", Gauge, "",
        "Time since the server started, in seconds.";
    BUILD = "calling_build_info", Gauge, "version",
        "1; the label tells the version.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_prometheus() {
        for metric in ALL {
            assert!(metric.name.starts_with("calling_"), "{}", metric.name);
            let counter = metric.kind == Kind::Counter;
            assert_eq!(metric.name.ends_with("_total"), counter, "{}", metric.name);
            assert!(metric.help.ends_with('.'), "{}", metric.name);
        }
    }

    /// The text of every source file below `dir`.
    fn sources(dir: &std::path::Path) -> String {
        let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        let text = |path: std::path::PathBuf| {
            if path.is_dir() { sources(&path) } else { std::fs::read_to_string(&path).unwrap() }
        };
        entries.map(text).collect()
    }

    #[test]
    fn every_metric_is_measured_somewhere() {
        let all = sources(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")));
        for (ident, name) in IDENTS.iter().zip(ALL.iter().map(|metric| metric.name)) {
            assert!(all.contains(&format!("names::{ident}")), "{name} is never measured");
        }
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
    }
}
