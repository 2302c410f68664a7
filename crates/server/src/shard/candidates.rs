use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The addresses clients are told to send media to.
///
/// `public_ip` alone if configured (the server stands behind NAT); otherwise the address bound;
/// otherwise, bound to every interface, each of this machine's addresses and loopback last, so
/// that programs on this machine find it too.
pub(crate) fn announced(bound: SocketAddr, public_ip: Option<IpAddr>) -> Vec<SocketAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    announced_among(bound, public_ip, interfaces.iter().map(if_addrs::Interface::ip))
}

fn announced_among(
    bound: SocketAddr,
    public_ip: Option<IpAddr>,
    interfaces: impl Iterator<Item = IpAddr>,
) -> Vec<SocketAddr> {
    let ips = match public_ip {
        Some(ip) => vec![ip],
        None if !bound.ip().is_unspecified() => vec![bound.ip()],
        None => every(bound.ip(), interfaces),
    };
    ips.into_iter().map(|ip| SocketAddr::new(ip, bound.port())).collect()
}

fn every(bound: IpAddr, interfaces: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut ips: Vec<IpAddr> =
        interfaces.filter(|ip| ip.is_ipv4() == bound.is_ipv4() && reaches_others(*ip)).collect();
    ips.sort_unstable();
    ips.dedup();
    ips.push(match bound {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    });
    ips
}

/// Link-local IPv6 addresses need a zone that only the reader's machine knows.
fn reaches_others(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_unspecified(),
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unspecified() && !ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERFACES: [&str; 6] =
        ["127.0.0.1", "192.0.2.7", "fe80::1", "2001:db8::7", "192.0.2.7", "10.0.0.3"];

    fn announce(bound: &str, public_ip: Option<&str>) -> Vec<String> {
        let interfaces = INTERFACES.iter().map(|ip| ip.parse().unwrap());
        let public_ip = public_ip.map(|ip| ip.parse().unwrap());
        announced_among(bound.parse().unwrap(), public_ip, interfaces)
            .iter()
            .map(SocketAddr::to_string)
            .collect()
    }

    #[test]
    fn the_configured_address_stands_alone() {
        assert_eq!(announce("0.0.0.0:9", Some("203.0.113.1")), ["203.0.113.1:9"]);
        assert_eq!(announce("10.0.0.3:9", Some("203.0.113.1")), ["203.0.113.1:9"]);
    }

    #[test]
    fn a_bound_address_stands_alone() {
        assert_eq!(announce("127.0.0.1:9", None), ["127.0.0.1:9"]);
    }

    #[test]
    fn every_interface_is_told_once_and_loopback_last() {
        assert_eq!(announce("0.0.0.0:9", None), ["10.0.0.3:9", "192.0.2.7:9", "127.0.0.1:9"]);
        assert_eq!(announce("[::]:9", None), ["[2001:db8::7]:9", "[::1]:9"]);
    }

    #[test]
    fn this_machine_has_an_address() {
        assert!(!announced("0.0.0.0:9".parse().unwrap(), None).is_empty());
    }
}
