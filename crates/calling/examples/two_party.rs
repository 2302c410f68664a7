//! Two people on one machine: Alice calls, Bob answers, both hear each other's tone.
//!
//! `cargo run -p calling --example two_party`
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::error::Error;
use std::time::Duration;

use calling::{Audio, Calling, Config, DeviceError, ListenerEvent, MediaType, ToneSource, WavSink};
use calling_server::Server;
use calling_server::config::Config as ServerConfig;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let data = tempfile::tempdir()?;
    let server = Server::start(ServerConfig {
        http: "127.0.0.1:0".parse()?,
        media: "127.0.0.1:0".parse()?,
        data: data.path().to_path_buf(),
        demo: true,
        ..ServerConfig::default()
    })
    .await?;
    let url = format!("ws://{}", server.http_addr());
    let config = |index: usize| {
        let account = &server.demo_accounts()[index];
        let app = calling_server::config::DEFAULT_SDK_APP_ID;
        Config::new(&*url, app, account.user_id.clone(), &*account.user_sig)
    };

    let wav = data.path().join("alice-heard.wav");
    let to = wav.clone();
    let records = move |_: &_| {
        let sink = WavSink::create(&to).map_err(|error| DeviceError(error.to_string()))?;
        Ok(Box::new(sink) as _)
    };
    let alice = Calling::init(config(0).with_audio(Audio::silent().with_sink(records))).await?;
    let bob_audio = Audio::silent().with_source(|_| Ok(Box::new(ToneSource::new(440.0, 0.5))));
    let bob = Calling::init(config(1).with_audio(bob_audio)).await?;
    let mut rings = bob.events();

    alice.call(bob.engine().account().clone(), MediaType::Audio).await?;
    let rang = |event: &ListenerEvent| matches!(event, ListenerEvent::Invited { .. }).then_some(());
    rings.find(rang).await.ok_or("no invite")?;
    bob.engine().accept().await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    alice.engine().hangup().await?;

    let stats = alice.engine().stats().await?;
    let heard = std::fs::metadata(&wav)?.len() / 96;
    println!("alice heard {heard} ms of bob: {} packets", stats.packets_received());
    alice.destroy().await;
    bob.destroy().await;
    server.stop().await;
    Ok(())
}
