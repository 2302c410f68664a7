use std::path::PathBuf;
use std::time::{Duration, Instant};

use calling::{Audio, Config as PhoneConfig, DeviceId, ListenerEvent, MediaType, Outcome, Video};
use calling_server::config::{Config, LogFormat, Overrides, Sources};
use calling_server::{RunningServer, Server};

use super::call::Conversation;
use crate::args::ServeArgs;
use crate::demo::figures::Figures;
use crate::exit::Failure;
use crate::keys::user_id;
use crate::output::{self, BOLD, DIM, GOOD, NAME, paint};
use crate::phone::Phone;
use crate::server_process::{stored_record, user_sig};
use crate::stop::Stop;
use crate::{log, timeline};

/// How long the echo bot lets it ring: long enough to hear that it does.
const ECHO_RINGS: Duration = Duration::from_millis(400);
/// How long the call at the start lasts.
const FIRST_TALK: Duration = Duration::from_secs(3);

/// Runs the server until Ctrl-C or SIGTERM.
pub(crate) fn run(args: &ServeArgs, verbose: u8) -> Result<(), Failure> {
    let overrides = Overrides {
        http: args.http.clone(),
        media: args.media.clone(),
        public_ip: args.public_ip.clone(),
        data: args.data.clone(),
        tls_cert: args.tls_cert.clone(),
        tls_key: args.tls_key.clone(),
        demo: args.demo,
    };
    let sources = Sources::from_process(args.config.clone(), overrides);
    let config = Config::load(&sources).map_err(Failure::usage)?;
    log::of_server(&config.log.filter, config.log.format == LogFormat::Json, verbose);
    tokio::runtime::Builder::new_multi_thread()
        .thread_name(calling_server::THREAD_PREFIX)
        .enable_all()
        .build()
        .map_err(Failure::machine)?
        .block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), Failure> {
    let mut stop = Stop::listen()?;
    let (demo, data) = (config.demo, config.data.clone());
    let (sdk_app_id, tls) = (config.sdk_app_id, config.tls.is_some());
    let server = Server::start(config).await.map_err(Failure::machine)?;
    let place = Place { data, sdk_app_id, tls };
    place.greet(&server);
    let failed = tokio::select! {
        failed = place.run(&server, demo) => failed,
        () = stop.asked() => false,
    };
    output::note("stopping: calls are ended and recorded");
    server.stop().await;
    output::note("stopped");
    if failed {
        return Err(Failure::internal("a part of the server failed; the log says which"));
    }
    Ok(())
}

/// Ends when a part of the server failed.
async fn failure_of(server: &RunningServer) {
    let mut check = tokio::time::interval(Duration::from_secs(1));
    while !server.has_failed() {
        check.tick().await;
    }
}

/// Where the server is and what signs in at it.
struct Place {
    data: PathBuf,
    sdk_app_id: u32,
    tls: bool,
}

impl Place {
    /// Serves until a part of the server fails, the demo's bot and first call included. Returns
    /// whether it did.
    async fn run(&self, server: &RunningServer, demo: bool) -> bool {
        // Held while the server runs: dropping it signs the bot out.
        let _bot = if demo { self.demo(server).await } else { None };
        failure_of(server).await;
        true
    }

    async fn demo(&self, server: &RunningServer) -> Option<Phone> {
        print_accounts(server);
        let bot = match self.echo_bot(server, "echo").await {
            Ok(bot) => {
                if let Err(failure) = self.first_call(server).await {
                    output::failure(&failure);
                }
                Some(bot)
            }
            Err(failure) => {
                output::failure(&failure);
                None
            }
        };
        output::line(format!("\n{} Ctrl-C stops the server.", paint(GOOD, "Ready.")));
        bot
    }

    fn url(&self, server: &RunningServer) -> String {
        let scheme = if self.tls { "wss" } else { "ws" };
        format!("{scheme}://{}", reachable(server.http_addr()))
    }

    fn greet(&self, server: &RunningServer) {
        let scheme = if self.tls { "https" } else { "http" };
        let page = format!("{scheme}://{}/", reachable(server.http_addr()));
        output::line(format!(
            "{BOLD}Calling {}{BOLD:#} serves {NAME}{page}{NAME:#}",
            env!("CARGO_PKG_VERSION")
        ));
        output::line(format!("  media   UDP {}", server.media_addr()));
        output::line(format!("  data    {}", self.data.display()));
        let recovered = server.recovered_calls();
        if recovered > 0 {
            output::line(format!("  {recovered} calls of a killed server were ended and recorded"));
        }
    }

    /// The bot that answers every call and says what it hears and shows what it sees.
    async fn echo_bot(&self, server: &RunningServer, name: &str) -> Result<Phone, Failure> {
        let (audio, video) = (Audio::echo(), Video::echo());
        let phone = self.demo_phone(server, name, "echo-bot", audio, video).await?;
        let (mut events, engine) = (phone.calling.events(), phone.calling.engine());
        tokio::spawn(async move {
            while let Some(timed) = events.next().await {
                let ListenerEvent::Invited { .. } = timed.event else { continue };
                tokio::time::sleep(ECHO_RINGS).await;
                if let Err(error) = engine.accept().await {
                    // Most likely the caller gave up first.
                    tracing::info!(%error, "the echo bot could not answer");
                }
            }
        });
        Ok(phone)
    }

    /// One real call through the network stack, so that one sees at once that it works.
    async fn first_call(&self, server: &RunningServer) -> Result<(), Failure> {
        output::line(format!("\n{}", paint(BOLD, "A call: ping rings pong")));
        let voice = Audio::new(
            |_| Ok(Box::new(crate::demo::voice::Voice::new(1))),
            |_| Ok(Box::new(calling_media::MemorySink::default())),
        );
        let mut phone = self.demo_phone(server, "ping", "first-call", voice, Video::none()).await?;
        // Signed out at the end of the call.
        let _pong = self.echo_bot(server, "pong").await?;
        let began = Instant::now();
        let call = phone.calling.call(user_id("pong")?, MediaType::Audio).await;
        let call_id = call.map_err(Failure::server)?;
        let mut conversation = Conversation::new(began, Some(FIRST_TALK), true).of(call_id.clone());
        let outcome = conversation.see_through(&mut phone, &mut Stop::never()).await?.outcome;
        let stats = phone.calling.engine().stats().await.map_err(Failure::internal)?;
        let invite = (began, "invite", "ping calls pong".to_owned());
        conversation.print_timeline(invite, timeline::moments(&stats.timings));
        Figures::of(&stats).print("What ping heard");
        phone.calling.destroy().await;
        if let Some(record) = stored_record(&self.data, &call_id).await {
            crate::demo::report::print_record(&record);
        }
        if outcome != Outcome::Completed {
            return Err(Failure::internal(format!("the first call ended as {outcome:?}")));
        }
        Ok(())
    }

    async fn demo_phone(
        &self,
        server: &RunningServer,
        name: &str,
        device: &str,
        audio: Audio,
        video: Video,
    ) -> Result<Phone, Failure> {
        let sig = user_sig(server, name).ok_or_else(|| Failure::internal("no demo account"))?;
        let device = DeviceId::new(device).map_err(Failure::internal)?;
        let config = PhoneConfig::new(self.url(server), self.sdk_app_id, user_id(name)?, sig)
            .with_audio(audio)
            .with_video(video)
            .with_device(device);
        Phone::start(config).await
    }
}

/// An address of this machine under which a wildcard listener answers.
fn reachable(bound: std::net::SocketAddr) -> std::net::SocketAddr {
    let mut address = bound;
    if bound.ip().is_unspecified() {
        address.set_ip(match bound {
            std::net::SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

fn print_accounts(server: &RunningServer) {
    output::line(format!("\n{}", paint(BOLD, "Demo accounts and their UserSigs")));
    for account in server.demo_accounts() {
        let name = format!("{:<6}", account.user_id.as_str());
        output::line(format!("  {} {DIM}{}{DIM:#}", paint(NAME, name), account.user_sig));
    }
}
