//! Where webhooks may go: to public addresses of the internet alone, so that nobody reaches through the service what lies
//! beside it (OWASP API Security 2023, API7).
//!
//! A name is looked up when a connection is made, every address of it must be public, and the connection goes to the very
//! addresses that were looked at. Redirects are not followed, so there is no second address to look at.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;
use url::{Host, Url};

use crate::problem::FieldFault;

/// Characters of an address.
pub const LONGEST: usize = 2000;

const fn v4(a: u8, b: u8, c: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), length)
}

const fn v6(a: u16, b: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), length)
}

/// What is not of the public internet (IANA IPv4 Special-Purpose Address Registry, RFC 6890), multicast, and the address
/// under which Azure's machines find their host.
const RESERVED: [Ipv4Net; 17] = [
    v4(0, 0, 0, 8),
    v4(10, 0, 0, 8),
    v4(100, 64, 0, 10),
    v4(127, 0, 0, 8),
    v4(169, 254, 0, 16),
    v4(172, 16, 0, 12),
    v4(192, 0, 0, 24),
    v4(192, 0, 2, 24),
    v4(192, 31, 196, 24),
    v4(192, 88, 99, 24),
    v4(192, 168, 0, 16),
    v4(198, 18, 0, 15),
    v4(198, 51, 100, 24),
    v4(203, 0, 113, 24),
    v4(224, 0, 0, 4),
    v4(240, 0, 0, 4),
    Ipv4Net::new_assert(Ipv4Addr::new(168, 63, 129, 16), 32),
];

/// Global unicast (RFC 4291, 2.4). Loopback, private, link-local, mapped and NAT64 addresses all lie outside.
const GLOBAL: Ipv6Net = v6(0x2000, 0, 3);

/// What of it is special (IANA IPv6 Special-Purpose Address Registry): protocols with Teredo, documentation, 6to4.
const SPECIAL: [Ipv6Net; 4] = [v6(0x2001, 0, 23), v6(0x2001, 0xdb8, 32), v6(0x2002, 0, 16), v6(0x3fff, 0, 20)];

/// An address behind a name is not public.
#[derive(Debug, thiserror::Error)]
#[error("an address is not public")]
pub struct NotPublic;

/// Where this service sends to.
#[derive(Clone, Copy, Debug)]
pub struct Targets {
    /// This machine too, also without TLS: for tests.
    pub loopback: bool,
}

impl Targets {
    /// An address as it is kept, in its normal form.
    ///
    /// # Errors
    /// `not_a_target`, `not_public` for a host that is an address nobody may reach.
    pub fn parse(self, text: &str) -> Result<Url, FieldFault> {
        let url = Some(text).filter(|text| is_plain(text)).and_then(|text| Url::parse(text).ok());
        let url = url.filter(|url| url.as_str().len() <= LONGEST).ok_or_else(not_a_target)?;
        let scheme = url.scheme() == "https" || (self.loopback && url.scheme() == "http");
        let port = url.port_or_known_default().is_some_and(|port| port == 443 || port >= 1024);
        let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if !(scheme && port && plain) {
            return Err(not_a_target());
        }
        let taken = match url.host() {
            Some(Host::Domain(_)) => true,
            Some(Host::Ipv4(address)) => self.takes(address.into()),
            Some(Host::Ipv6(address)) => self.takes(address.into()),
            None => false,
        };
        if taken { Ok(url) } else { Err(not_public()) }
    }

    /// May messages go there?
    #[must_use]
    pub fn takes(self, address: IpAddr) -> bool {
        is_public(address) || (self.loopback && address.is_loopback())
    }

    /// Looks up a name.
    ///
    /// # Errors
    /// [`NotPublic`] if one of its addresses is, and what the system says of a name that it does not know.
    pub async fn look_up(self, name: &str) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let addresses: Vec<SocketAddr> = lookup_host((name, 0)).await?.collect();
        if addresses.iter().all(|address| self.takes(address.ip())) { Ok(addresses) } else { Err(NotPublic.into()) }
    }
}

impl Resolve for Targets {
    fn resolve(&self, name: Name) -> Resolving {
        let targets = *self;
        Box::pin(async move {
            let addresses: Addrs = Box::new(targets.look_up(name.as_str()).await?.into_iter());
            Ok(addresses)
        })
    }
}

/// Is it written as an address is? Browsers read much else as one (WHATWG URL, 4.4), and so does the parser.
fn is_plain(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    let strange = |letter: char| letter == '#' || letter.is_whitespace() || letter.is_control();
    rest.starts_with(|letter| !"/\\?@".contains(letter)) && !rest.contains(strange)
}

/// Is it an address of the public internet?
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !RESERVED.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => GLOBAL.contains(&address) && !SPECIAL.iter().any(|network| network.contains(&address)),
    }
}

fn not_a_target() -> FieldFault {
    FieldFault::new(
        "not_a_target",
        "应为 https 网址，不含用户名与片段，端口为 443 或 1024 以上",
        "must be an https address without user or fragment, on port 443 or from 1024 on",
    )
}

/// The fault of an address that leads elsewhere than to the public internet.
pub fn not_public() -> FieldFault {
    FieldFault::new("not_public", "只能推送到公网地址", "must lead to public addresses")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Targets = Targets { loopback: false };

    fn refusal(targets: Targets, url: &str) -> Option<&'static str> {
        targets.parse(url).err().map(|fault| fault.code)
    }

    #[test]
    fn only_addresses_of_the_public_internet_are_public() -> Result<(), std::net::AddrParseError> {
        for public in ["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "2400:3200::1"] {
            assert!(is_public(public.parse()?), "{public}");
        }
        let closed = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "::ffff:127.0.0.1",
            "::8.8.8.8",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for closed in closed {
            assert!(!is_public(closed.parse()?), "{closed}");
        }
        Ok(())
    }

    #[test]
    fn an_address_in_whatever_writing_is_looked_at() {
        let written = [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0177.0.0.1/",
            "https://0x7f.1/",
            "https://0x7f000001/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://１２７.０.０.１/",
            "https://10.0.0.1:8443/",
            "https://127.0.0.1./",
            "https://[fd00:ec2::254]/",
        ];
        for url in written {
            assert_eq!(refusal(STRICT, url), Some("not_public"), "{url}");
        }
    }

    #[test]
    fn only_plain_https_addresses_are_targets() {
        let wrong = [
            "",
            "x",
            "http://example.com/",
            "ftp://example.com/",
            "https://",
            "https:///a",
            "https://user@example.com/",
            "https://user:word@example.com/",
            "https://example.com/#a",
            "https://example.com:22/",
            "https://example.com:25/",
            "https://example.com:0/",
            "https://example.com:99999/",
            "file:///etc/passwd",
            "https:example.com",
            "HTTPS://example.com/",
            " https://example.com/",
            "https://example.com/ ",
            "https:\\\\example.com",
            "https:////a",
            "gopher://example.com:1234/",
            "https://exa mple.com/",
            "https://256.256.256.256/",
        ];
        for url in wrong {
            assert_eq!(refusal(STRICT, url), Some("not_a_target"), "{url}");
        }
        assert_eq!(refusal(STRICT, &format!("https://example.com/{}", "x".repeat(2000))), Some("not_a_target"));
        for right in ["https://example.com", "https://example.com:8443/a?b=c", "https://8.8.8.8/", "https://例子.中国/"]
        {
            assert_eq!(refusal(STRICT, right), None, "{right}");
        }
    }

    #[test]
    fn this_machine_is_a_target_only_where_that_is_allowed() {
        let open = Targets { loopback: true };
        for url in ["http://127.0.0.1:8080/", "https://[::1]/", "http://localhost:9000/"] {
            assert_eq!(refusal(open, url), None, "{url}");
            assert!(refusal(STRICT, url).is_some(), "{url}");
        }
        assert_eq!(refusal(open, "http://10.0.0.1:8080/"), Some("not_public"));
        assert_eq!(refusal(open, "http://[::ffff:127.0.0.1]:8080/"), Some("not_public"));
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_not_public() {
        let refused = STRICT.look_up("localhost").await.map_err(|error| error.is::<NotPublic>());
        assert_eq!(refused, Err(true));
        assert!(Targets { loopback: true }.look_up("localhost").await.is_ok_and(|found| !found.is_empty()));
    }
}
