use calling_signaling::protocol::IceServer;
use toml::Spanned;
use toml::de::DeValue;

use super::keys::secret_text;
use super::value::{Faults, Value, unexpected};

const TURN_EXAMPLE: &str = "[\"turn:turn.example.org:3478?transport=udp\"]";
const EXAMPLE: &str = "[\"stun:stun.example.org:3478\"]";

/// Reads `[[ice_servers]]`; as text, URLs separated by commas, without credentials.
pub(super) fn ice_servers(value: Value<'_>) -> Result<Vec<IceServer>, Faults> {
    match value {
        Value::Text(_) => Ok(value.each(EXAMPLE, ice_url)?.into_iter().map(server).collect()),
        Value::Toml(DeValue::Array(entries)) => {
            let mut faults = Faults::default();
            let servers = entries.iter().map(|entry| ice_server(entry, &mut faults)).collect();
            faults.or(servers)
        }
        Value::Toml(other) => Err(unexpected("one or more [[ice_servers]]", other).into()),
    }
}

fn server(url: String) -> IceServer {
    IceServer { urls: vec![url], username: String::new(), credential: String::new() }
}

fn ice_server(entry: &Spanned<DeValue<'_>>, faults: &mut Faults) -> IceServer {
    let mut server =
        IceServer { urls: Vec::new(), username: String::new(), credential: String::new() };
    let start = Some(entry.span().start);
    let Some(table) = entry.get_ref().as_table() else {
        faults.push(start, unexpected("a section [[ice_servers]]", entry.get_ref()));
        return server;
    };
    for (name, value) in table {
        let (here, setting) = (value.span().start, Value::Toml(value.get_ref()));
        let read = match name.get_ref().as_ref() {
            "urls" => setting.each(&format!("a list, as {EXAMPLE}"), ice_url).map(|urls| {
                server.urls = urls;
            }),
            "username" => setting
                .text("calling")
                .map(|text| text.clone_into(&mut server.username))
                .map_err(Faults::from),
            "credential" => secret_text(setting)
                .map(|text| text.clone_into(&mut server.credential))
                .map_err(Faults::from),
            other => {
                let known = "an ICE server has urls, username and credential";
                faults.push(Some(name.span().start), format!("unknown key \"{other}\"; {known}"));
                continue;
            }
        };
        for fault in read.err().into_iter().flat_map(|faults| faults.0) {
            faults.push(fault.offset.or(Some(here)), fault.message);
        }
    }
    if !table.contains_key("urls") {
        faults.push(start, format!("an ICE server needs urls, as {EXAMPLE}"));
    }
    server
}

/// Reads `turn.urls`.
pub(super) fn turn_urls(value: Value<'_>) -> Result<Vec<String>, Faults> {
    value.each(TURN_EXAMPLE, |value| {
        let url = value.text("turn:turn.example.org:3478?transport=udp")?;
        if url.starts_with("stun") {
            return Err(format!("\"{url}\" needs no credentials; name it in [[ice_servers]]"));
        }
        ice_url(Value::Text(url))
    })
}

/// RFC 7064 and RFC 7065 schemes; the rest is read by the client.
fn ice_url(value: Value<'_>) -> Result<String, String> {
    let url = value.text("stun:stun.example.org:3478")?;
    let known = ["stun:", "stuns:", "turn:", "turns:"];
    let host = known.iter().find_map(|scheme| url.strip_prefix(scheme));
    match host {
        Some(host) if !host.is_empty() && !host.starts_with('/') => Ok(url.to_owned()),
        Some(_) | None => Err(format!(
            "\"{url}\" is no STUN or TURN address; write it as \"stun:host:3478\" or \
             \"turn:host:3478?transport=udp\""
        )),
    }
}
