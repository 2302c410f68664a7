//! Figures of the receiver on simulated networks, with real Opus.
#[cfg(test)]
mod world;
use calling_media::*;
use calling_testkit::Impairment;
use std::time::Duration;
use world::*;

#[test]
fn zz_storm() {
    for n in 0..5 {
        let mut w = World::new(VoiceSource::new(n), &storm(), n);
        w.run(2.0);
        let i = w.watch(60.0);
        println!(
            "voice {n}: concealed {:.2}% silent {:.2}% fec {:.2}% delay {:.1} target {} lost {} ins {} drop {} discards {:?}",
            i.concealed_percent(),
            i.silent_percent(),
            i.fec_percent(),
            i.mean_delay_ms(),
            i.after.target_delay_ms,
            i.after.packets_lost,
            i.after.inserted_samples / 480,
            i.after.dropped_samples / 480,
            i.after.packets_discarded
        );
        w.impair(&Impairment::default());
        for _ in 0..12 {
            let i = w.watch(1.0);
            print!(
                "[{:.0} t{} c{:.0}] ",
                i.mean_delay_ms(),
                i.after.target_delay_ms,
                i.concealed_ms()
            );
        }
        println!();
    }
}
#[test]
fn zz_clean() {
    for n in 0..3 {
        let mut w = World::new(
            VoiceSource::new(n),
            &Impairment {
                jitter: Duration::from_millis(3),
                delay: Duration::from_millis(1),
                ..Default::default()
            },
            n,
        );
        w.run(1.0);
        println!("{:?}", &w.operations[..40]);
        let i = w.watch(60.0);
        println!(
            "clean {n}: concealed {:.2}% silent {:.2}% fec {:.2}% delay {:.1} target {} {:?}",
            i.concealed_percent(),
            i.silent_percent(),
            i.fec_percent(),
            i.mean_delay_ms(),
            i.after.target_delay_ms,
            i.after
        );
    }
}
