//! An HTTP client that goes only where it may.

use std::net::IpAddr;
use std::time::Duration;

use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// Where a sink's URL may lead. The address is looked at after the name was resolved, and is the one that is connected to, so that a name
/// cannot lead elsewhere the second time. Redirects are not followed, and no proxy of the environment is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// Loopback is allowed, without TLS too.
    pub loopback: bool,
    /// Private and link-local addresses are allowed. For sinks that the operator sets, never for a URL of a tenant's.
    pub private: bool,
}

impl Guard {
    /// Why this address may not be connected to.
    fn refuses(self, address: IpAddr) -> Option<&'static str> {
        let address = address.to_canonical();
        if address.is_loopback() {
            return (!self.loopback).then_some("a loopback address");
        }
        let kind = match address {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                if v4.is_unspecified() || a == 0 {
                    "an unspecified address"
                } else if v4.is_multicast() || v4.is_broadcast() || a >= 240 {
                    "a multicast or reserved address"
                } else if v4.is_private()
                    || v4.is_link_local()
                    || (a == 100 && (64..128).contains(&b))
                {
                    return (!self.private).then_some("a private address");
                } else if v4.is_documentation()
                    || (a, b, c) == (192, 0, 0)
                    || (a == 198 && (b == 18 || b == 19))
                {
                    "an address for special use"
                } else {
                    return None;
                }
            }
            IpAddr::V6(v6) => {
                let [a, b, ..] = v6.segments();
                if v6.is_unspecified() {
                    "an unspecified address"
                } else if v6.is_multicast() {
                    "a multicast or reserved address"
                } else if v6.is_unique_local() || v6.is_unicast_link_local() {
                    return (!self.private).then_some("a private address");
                } else if (a, b) == (0x64, 0xff9b) || a == 0x2002 || (a, b) == (0x2001, 0) {
                    // NAT64, 6to4 and Teredo carry another address inside.
                    "an address that leads to another one"
                } else if a & 0xe000 != 0x2000 || (a, b) == (0x2001, 0xdb8) {
                    "an address for special use"
                } else {
                    return None;
                }
            }
        };
        Some(kind)
    }

    /// Checks a URL as it is written.
    ///
    /// # Errors
    ///
    /// What to write instead.
    pub fn check(self, url: &str) -> Result<(), String> {
        let uri: Uri = url
            .parse()
            .map_err(|_| "the URL cannot be read: write https://host/path".to_owned())?;
        let authority = uri
            .authority()
            .ok_or("the URL has no host: write https://host/path")?;
        if authority.as_str().contains('@') {
            return Err("a URL holds no user and password: use a signing secret".to_owned());
        }
        match uri.scheme_str() {
            Some("https") => {}
            // Held to loopback when the name is resolved.
            Some("http") if self.loopback => {}
            _ => return Err("the URL must begin with https://".to_owned()),
        }
        let literal = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        if let Ok(address) = literal.parse::<IpAddr>()
            && let Some(kind) = self.refuses(address)
        {
            return Err(format!("the URL leads to {kind}"));
        }
        Ok(())
    }

    /// A client that is held to this.
    pub(super) fn agent(self, timeout: Duration) -> Agent {
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(concat!("tidegate/", env!("CARGO_PKG_VERSION")))
            .build();
        Agent::with_parts(
            config,
            DefaultConnector::default(),
            Guarded {
                guard: self,
                inner: DefaultResolver::default(),
            },
        )
    }
}

#[derive(Debug)]
struct Guarded {
    guard: Guard,
    inner: DefaultResolver,
}

impl Resolver for Guarded {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let plain = uri.scheme_str() != Some("https");
        let all = self.inner.resolve(uri, config, timeout)?;
        let mut allowed = self.empty();
        for address in all.iter() {
            let ip = address.ip();
            if (!plain || ip.to_canonical().is_loopback()) && self.guard.refuses(ip).is_none() {
                allowed.push(*address);
            }
        }
        if allowed.is_empty() {
            return Err(ureq::Error::HostNotFound);
        }
        Ok(allowed)
    }
}

/// What a client's error is called. Its own words may quote the URL.
pub(super) fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::HostNotFound => {
            "the host cannot be found, or leads where it may not".to_owned()
        }
        ureq::Error::Io(error) => format!("the connection failed: {}", error.kind()),
        ureq::Error::ConnectionFailed => "the connection failed".to_owned(),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "TLS failed".to_owned(),
        _ => "the answer is no HTTP".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_lead_inside_are_refused() {
        let open = Guard::default();
        for address in [
            "127.0.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::ffff:10.0.0.1",
            "::10.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001::1",
            "2001:db8::1",
        ] {
            assert!(
                open.refuses(address.parse().expect(address)).is_some(),
                "{address}"
            );
        }
        for address in [
            "8.8.8.8",
            "1.1.1.1",
            "2606:4700::1111",
            "172.32.0.1",
            "100.128.0.1",
        ] {
            assert_eq!(
                open.refuses(address.parse().expect(address)),
                None,
                "{address}"
            );
        }
        let inside = Guard {
            private: true,
            ..open
        };
        assert_eq!(
            inside.refuses("10.1.2.3".parse().expect("an address")),
            None
        );
        assert!(
            inside
                .refuses("127.0.0.1".parse().expect("an address"))
                .is_some()
        );
    }

    #[test]
    fn urls_are_checked_as_they_are_written() {
        let open = Guard::default();
        for url in [
            "http://example.com/",
            "ftp://example.com/",
            "https://user:pass@example.com/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.0.0.1:8443/x",
            "example.com",
            "/x",
            "https:///x",
        ] {
            assert!(open.check(url).is_err(), "{url}");
        }
        assert_eq!(open.check("https://example.com/hook"), Ok(()));
        let local = Guard {
            loopback: true,
            ..open
        };
        assert_eq!(local.check("http://127.0.0.1:9000/"), Ok(()));
    }

    /// A name that resolves to loopback is refused where loopback is not allowed: nothing is connected to.
    #[test]
    fn names_are_held_to_what_they_resolve_to() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("it can be asked");
        let port = listener.local_addr().expect("an address").port();
        let url = format!("https://localhost:{port}/");
        assert_eq!(Guard::default().check(&url), Ok(()));
        let agent = Guard::default().agent(Duration::from_secs(5));
        let error = agent.post(&url).send(&b"x"[..]).expect_err("it is refused");
        assert!(matches!(error, ureq::Error::HostNotFound), "{error:?}");
        assert!(listener.accept().is_err());
    }
}
