//! Syslog, RFC 5424, with the alert in CEF.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs, UdpSocket};
use std::time::Duration;

use super::{Progress, Sink, Stop};
use crate::alert::format::{Notice, Told, cef};
use crate::verdict::Severity;

/// Facility local0.
const FACILITY: u8 = 16;
const TIMEOUT: Duration = Duration::from_secs(10);

/// A syslog server. Syslog acknowledges nothing: taken means that the system took it. For evidence use a sink that answers.
#[derive(Debug)]
pub struct Syslog {
    target: Target,
    host: String,
    link: Option<Link>,
}

#[derive(Clone, Debug)]
enum Target {
    Tcp(String),
    Udp(String),
    #[cfg(unix)]
    Unix(std::path::PathBuf),
}

#[derive(Debug)]
enum Link {
    Tcp(TcpStream),
    Udp(UdpSocket),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixDatagram),
}

impl Syslog {
    /// The server at `tcp://host:port` (octet counting, RFC 6587), `udp://host:port`, or `unix:/dev/log`. `host` is what this machine is
    /// called there.
    ///
    /// # Errors
    ///
    /// What to write instead.
    pub fn new(address: &str, host: &str) -> Result<Self, String> {
        let with_port = |rest: &str| {
            rest.rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        };
        let target = if let Some(rest) = address
            .strip_prefix("tcp://")
            .filter(|rest| with_port(rest))
        {
            Target::Tcp(rest.to_owned())
        } else if let Some(rest) = address
            .strip_prefix("udp://")
            .filter(|rest| with_port(rest))
        {
            Target::Udp(rest.to_owned())
        } else {
            #[cfg(unix)]
            match address
                .strip_prefix("unix:")
                .filter(|path| !path.is_empty())
            {
                Some(path) => Target::Unix(path.into()),
                None => return Err(format!("`{address}`: {EXPECTED}")),
            }
            #[cfg(not(unix))]
            return Err(format!("`{address}`: {EXPECTED}"));
        };
        let host: String = host
            .chars()
            .filter(char::is_ascii_graphic)
            .take(255)
            .collect();
        Ok(Self {
            target,
            host: if host.is_empty() {
                "-".to_owned()
            } else {
                host
            },
            link: None,
        })
    }

    fn connect(&self) -> io::Result<Link> {
        match &self.target {
            Target::Tcp(address) => {
                let address = address
                    .to_socket_addrs()?
                    .next()
                    .ok_or(ErrorKind::AddrNotAvailable)?;
                let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
                stream.set_write_timeout(Some(TIMEOUT))?;
                Ok(Link::Tcp(stream))
            }
            Target::Udp(address) => {
                let socket = UdpSocket::bind("0.0.0.0:0").or_else(|_| UdpSocket::bind("[::]:0"))?;
                socket.connect(address)?;
                Ok(Link::Udp(socket))
            }
            #[cfg(unix)]
            Target::Unix(path) => {
                let socket = std::os::unix::net::UnixDatagram::unbound()?;
                socket.connect(path)?;
                Ok(Link::Unix(socket))
            }
        }
    }

    fn send(&mut self, message: &str) -> io::Result<()> {
        let mut link = match self.link.take() {
            Some(link) if link.is_alive() => link,
            _ => self.connect()?,
        };
        match &mut link {
            Link::Tcp(stream) => {
                stream.write_all(format!("{} {message}", message.len()).as_bytes())?;
            }
            Link::Udp(socket) => {
                socket.send(message.as_bytes())?;
            }
            #[cfg(unix)]
            Link::Unix(socket) => {
                socket.send(message.as_bytes())?;
            }
        }
        self.link = Some(link);
        Ok(())
    }

    fn message(&self, notice: &Notice) -> Option<String> {
        let Told::Alert(alert) = &notice.told else {
            return None;
        };
        // Severities of RFC 5424.
        let severity = match alert.facts.severity {
            Severity::Critical => 2,
            Severity::High => 3,
            Severity::Medium => 4,
            Severity::Low => 5,
            Severity::Info => 6,
        };
        let priority = FACILITY * 8 + severity;
        let (time, host) = (alert.facts.raised, &self.host);
        Some(format!(
            "<{priority}>1 {time} {host} tidegate - alert - {}",
            cef(notice)?
        ))
    }
}

const EXPECTED: &str = "write tcp://host:port, udp://host:port or unix:/dev/log";

impl Link {
    /// Whether the other side has not hung up. A first write to one that has would be taken, and lost.
    fn is_alive(&self) -> bool {
        let Self::Tcp(stream) = self else {
            return true;
        };
        let mut byte = [0];
        if stream.set_nonblocking(true).is_err() {
            return false;
        }
        let mut reader = stream;
        let alive = match reader.read(&mut byte) {
            Ok(0) => false,
            Ok(_) => true,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        };
        alive && stream.set_nonblocking(false).is_ok()
    }
}

impl Sink for Syslog {
    fn batch(&self) -> usize {
        64
    }

    fn deliver(&mut self, notices: &[Notice]) -> Progress {
        for (done, notice) in notices.iter().enumerate() {
            let Some(message) = self.message(notice) else {
                continue;
            };
            if let Err(error) = self.send(&message) {
                return Progress {
                    done,
                    stop: Some(Stop::Retry {
                        reason: format!("the server cannot be reached: {}", error.kind()),
                        after: None,
                    }),
                };
            }
        }
        Progress::all(notices)
    }
}
