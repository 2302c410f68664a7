//! Three people on one machine: Alice calls Bob, Bob brings in Carol, Alice leaves, two go on.
//!
//! `cargo run -p calling --example group_call`
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::error::Error;
use std::time::Duration;

use calling::{Audio, Calling, Config, Events, ListenerEvent, MediaType, ToneSource};
use calling_server::Server;
use calling_server::config::Config as ServerConfig;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<()> {
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
    let mut people = Vec::new();
    for (account, tone_hz) in server.demo_accounts().iter().zip([440.0, 660.0, 880.0]) {
        let app = calling_server::config::DEFAULT_SDK_APP_ID;
        let voice = move |_: &_| Ok(Box::new(ToneSource::new(tone_hz, 0.3)) as _);
        let config = Config::new(&*url, app, account.user_id.clone(), &*account.user_sig)
            .with_audio(Audio::silent().with_source(voice));
        people.push(Calling::init(config).await?);
    }
    let [alice, bob, carol] = &people[..] else { return Err("no three accounts".into()) };
    let (mut bob_hears, mut carol_hears) = (bob.events(), carol.events());

    alice.call(bob.engine().account().clone(), MediaType::Audio).await?;
    invited(&mut bob_hears).await?;
    bob.engine().accept().await?;
    bob.engine().invite_user(vec![carol.engine().account().clone()], None).await?;
    invited(&mut carol_hears).await?;
    carol.engine().accept().await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    for voice in carol.engine().stats().await?.received {
        println!("carol heard {}: {} packets", voice.user.as_str(), voice.stats.packets_received);
    }

    alice.engine().hangup().await?;
    let left = |event: &ListenerEvent| {
        if let ListenerEvent::UserLeave { user, .. } = event { Some(user.clone()) } else { None }
    };
    println!("{} left", carol_hears.find(left).await.ok_or("nobody left")?.as_str());
    carol.engine().hangup().await?;
    let ended = |event: &ListenerEvent| {
        if let ListenerEvent::CallEnd { duration_ms, .. } = event {
            Some(*duration_ms)
        } else {
            None
        }
    };
    println!("the call took {} ms", bob_hears.find(ended).await.ok_or("no end")?);
    for calling in people {
        calling.destroy().await;
    }
    server.stop().await;
    Ok(())
}

async fn invited(events: &mut Events) -> Result<()> {
    let invited =
        |event: &ListenerEvent| matches!(event, ListenerEvent::Invited { .. }).then_some(());
    events.find(invited).await.ok_or_else(|| "no invite".into())
}
