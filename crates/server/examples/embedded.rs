//! A server inside another program: starts on free ports in a temporary directory, answers a
//! question about its health, stops.

use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;

use calling_server::Server;
use calling_server::config::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let config = Config {
        http: SocketAddr::from(([127, 0, 0, 1], 0)),
        media: SocketAddr::from(([127, 0, 0, 1], 0)),
        data: directory.path().into(),
        demo: true,
        ..Config::default()
    };
    let server = Server::start(config).await?;
    let mut out = std::io::stdout();
    writeln!(out, "status page  http://{}/", server.http_addr())?;
    writeln!(out, "media        UDP {}", server.media_addr())?;
    for account in server.demo_accounts() {
        writeln!(out, "account      {}", account.user_id.as_str())?;
    }
    writeln!(out, "health       {}", get(server.http_addr(), "/healthz").await?)?;
    server.stop().await;
    writeln!(out, "stopped")?;
    Ok(())
}

/// The body of an answer.
async fn get(server: SocketAddr, path: &str) -> Result<String, Box<dyn Error>> {
    let mut stream = TcpStream::connect(server).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    Ok(body.to_owned())
}
