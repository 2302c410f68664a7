use crate::process::run;

#[test]
fn a_loaded_server_stores_every_call_it_said_it_stored() {
    let args = ["bench", "calls", "--seconds", "1", "--in-flight", "3", "--pairs", "6", "--json"];
    let report = run(args).exits(0).json();
    let calls = report["calls"].as_u64().unwrap();
    assert!(calls > 0);
    assert!(report["calls_in_all"].as_u64().unwrap() >= calls);
    assert_eq!(report["records_stored"], report["calls_in_all"]);
    for spread in ["invite_to_ring_ms", "accept_to_accepted_ms", "hangup_to_ended_ms"] {
        assert_eq!(report[spread]["count"].as_u64(), Some(calls), "{spread}");
        assert!(report[spread]["p50"].as_f64() <= report[spread]["p99"].as_f64(), "{spread}");
    }
    // Fewer bytes could not name the call in each of its frames.
    assert!(report["bytes_per_call"].as_f64().unwrap() > 500.0);
    assert!(report["server_cpu_us_per_call"].as_f64().unwrap() > 0.0);
    let bottleneck = report["bottleneck"].as_str().unwrap();
    assert!(["server", "generator", "latency"].contains(&bottleneck));
}

#[test]
fn idle_clients_are_weighed() {
    let report = run(["bench", "idle", "--clients", "20", "--seconds", "1", "--json"]);
    let report = report.exits(0).json();
    assert_eq!(report["clients"], 20);
    assert!(report["server_rss_bytes"].as_u64().unwrap() > 1_000_000);
    assert!(report["server_cpu_percent"].as_f64().unwrap() >= 0.0);
}

#[test]
fn timings_are_of_calls_with_media() {
    let report = run(["bench", "timings", "--calls", "2", "--json"]).exits(0).json();
    assert_eq!(report["completed"], 2);
    assert_eq!(report["accept_to_first_audio_ms"]["count"], 2);
}

#[test]
fn people_who_see_each_other_get_every_packet_of_the_largest_size() {
    let args = ["bench", "video", "--people", "3", "--seconds", "2", "--json"];
    let report = run(args).exits(0).json();
    assert_eq!(report["people"], 3);
    let figure = |name: &str| report[name].as_f64().unwrap();
    assert!(figure("packets_in_per_second") > 0.0);
    // Of each of two others six packets of the largest picture for nine that are sent, and all sound.
    let share = figure("packets_out_per_second") / figure("packets_in_per_second");
    assert!(share > 1.0, "{share} packets out for one in");
    assert!(figure("feedback_per_second") > 0.0);
    assert!(figure("server_cpu_percent") > 0.0);
}
