//! One voice over a bad network, in virtual time: what is lost, what is restored, how long it
//! waits. Prints a line per second and the figures at the end.
//!
//! ```sh
//! cargo run -p calling-media --example lossy_link -- [LOSS_PERCENT] [JITTER_MS] [SEED] [OUT.wav]
//! ```

use std::error::Error;
use std::io::Write as _;
use std::time::Duration;

use calling_media::{
    AudioSink, AudioSource, Operation, Receiver, ReceiverConfig, ReceiverStats, SAMPLES_PER_TICK,
    Sender, SenderConfig, VoiceSource, WavSink,
};
use calling_testkit::{Impairment, Link, epoch, seed};
use calling_wire::RtpView;

const TICK: Duration = Duration::from_millis(10);
const SECONDS: u32 = 20;

struct Arguments {
    loss: f64,
    jitter: Duration,
    seed: u64,
    out: Option<String>,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let mut number = |default: f64| words.next().map_or(Ok(default), |word| word.parse());
    let (loss, jitter, seed) = (number(10.0)?, number(30.0)?, number(1.0)?);
    let jitter = Duration::from_secs_f64(jitter.clamp(0.0, 10_000.0) / 1_000.0);
    Ok(Arguments {
        loss: (loss / 100.0).clamp(0.0, 1.0),
        jitter,
        seed: seed as u64,
        out: words.next(),
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { loss, jitter, seed: number, out } = arguments()?;
    let mut sink = out.map(WavSink::create).transpose()?;
    let mut voice = VoiceSource::new(number);
    let mut sender = Sender::new(SenderConfig::voice(1), seed(number))?;
    let mut receiver = Receiver::new(ReceiverConfig::default())?;
    let mut link = Link::new(Impairment { loss, jitter, ..Default::default() }, number);

    let mut screen = std::io::stdout().lock();
    let mut pcm = [0.0; SAMPLES_PER_TICK];
    let mut second = String::new();
    for tick in 1..=SECONDS * 100 {
        let now = epoch() + TICK * tick;
        // The microphone's side.
        voice.read(&mut pcm);
        if let Some(packet) = sender.push(&pcm)? {
            link.send(now, packet.to_vec());
        }
        // The listener's: first what has arrived, then a tick of audio.
        while let Some((at, packet)) = link.receive(now) {
            // A packet that is not taken is counted in the statistics.
            let _ = receiver.insert(at, &RtpView::parse(&packet)?);
        }
        let pulled = receiver.pull(&mut pcm);
        if let Some(sink) = &mut sink {
            sink.write(&pcm);
        }
        second.push(mark(pulled.operation));
        if tick % 100 == 0 {
            writeln!(screen, "{:>3} s  {second}", tick / 100)?;
            second.clear();
        }
    }
    sink.map(WavSink::finish).transpose()?;
    summary(&mut screen, &receiver.stats())?;
    Ok(())
}

/// How a tick of 10 ms came to be.
const fn mark(operation: Operation) -> char {
    match operation {
        Operation::Idle => ' ',
        Operation::Normal => '.',
        Operation::Fec => 'f',
        Operation::Expand => 'X',
        Operation::ComfortNoise => '~',
        Operation::Merge => 'm',
        Operation::Accelerate => '-',
        Operation::FastAccelerate => '=',
        Operation::PreemptiveExpand => '+',
        _ => '?',
    }
}

fn summary(screen: &mut impl std::io::Write, stats: &ReceiverStats) -> std::io::Result<()> {
    writeln!(
        screen,
        "\n. decoded   f restored   X made up   m joined   + lengthened   - shortened\n\n\
         lost           {} of {} packets\n\
         restored       {:.0} ms\n\
         concealed      {:.0} ms ({:.1} %), and {:.0} ms of silence\n\
         playout delay  {:.1} ms on average, {} ms aimed at now\n\
         jitter         {:.1} ms",
        stats.packets_lost,
        stats.packets_lost + stats.packets_received as i64,
        stats.fec_recovered_ms(),
        stats.concealed_ms(),
        100.0 * stats.concealment_ratio(),
        stats.silent_concealed_ms(),
        stats.mean_playout_delay_ms(),
        stats.target_delay_ms,
        stats.jitter_ms,
    )
}
