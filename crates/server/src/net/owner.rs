//! Who holds a port, as Linux tells it in `/proc` (proc_net_tcp.txt of its documentation).
//! Elsewhere nobody is found.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use super::Purpose;

/// Who holds a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A process we may look at.
    Process { name: String, pid: u32 },
    /// A process of somebody else.
    User(String),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process { name, pid } => write!(f, "{name} (pid {pid})"),
            Self::User(user) => write!(f, "a process of the user {user}"),
        }
    }
}

/// One line of a socket table.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    port: u16,
    state: u8,
    uid: u32,
    inode: u64,
}

pub(super) fn find(purpose: Purpose, address: SocketAddr) -> Option<Owner> {
    // The states LISTEN of TCP and CLOSE of UDP, which is what a bound UDP socket is in.
    let (tables, state) = match purpose {
        Purpose::Http => (["/proc/net/tcp", "/proc/net/tcp6"], 0x0a),
        Purpose::Media => (["/proc/net/udp", "/proc/net/udp6"], 0x07),
    };
    let entries: Vec<Entry> = tables
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|text| text.lines().skip(1).filter_map(parse).collect::<Vec<_>>())
        .filter(|entry| entry.port == address.port() && entry.state == state)
        .collect();
    let links: BTreeSet<String> =
        entries.iter().map(|entry| format!("socket:[{}]", entry.inode)).collect();
    let process = fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        holds(&entry.path(), &links).then(|| process(&entry.path(), pid))
    });
    process.or_else(|| entries.first().map(|entry| Owner::User(user_name(entry.uid))))
}

/// Reads `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …`, where
/// addresses are hexadecimal.
fn parse(line: &str) -> Option<Entry> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let (_, port) = fields.get(1)?.rsplit_once(':')?;
    Some(Entry {
        port: u16::from_str_radix(port, 16).ok()?,
        state: u8::from_str_radix(fields.get(3)?, 16).ok()?,
        uid: fields.get(7)?.parse().ok()?,
        inode: fields.get(9)?.parse().ok()?,
    })
}

/// Whether the process has one of the sockets open.
fn holds(process: &Path, links: &BTreeSet<String>) -> bool {
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else { return false };
    descriptors.flatten().any(|descriptor| {
        fs::read_link(descriptor.path())
            .is_ok_and(|target| target.to_str().is_some_and(|target| links.contains(target)))
    })
}

fn process(directory: &Path, pid: u32) -> Owner {
    let name = fs::read_to_string(directory.join("comm")).unwrap_or_default();
    let name = name.trim();
    Owner::Process { name: if name.is_empty() { "a process" } else { name }.to_owned(), pid }
}

fn user_name(uid: u32) -> String {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid.to_string()).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| uid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_line_of_the_table() {
        let line = "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  \
                    1000        0 4242 1 0000000000000000 100 0 0 10 0";
        assert_eq!(parse(line), Some(Entry { port: 8080, state: 0x0a, uid: 1000, inode: 4242 }));
        for end in 0..line.len() {
            let _ = parse(&line[..end]);
        }
        assert_eq!(parse("  sl  local_address rem_address   st"), None);
    }

    #[test]
    fn users_have_names() {
        assert_eq!(user_name(0), "root");
        assert_eq!(user_name(4_000_000_000), "4000000000");
    }
}
