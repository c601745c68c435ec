//! One request and one answer over a connection: as much of HTTP/1.1 as a page on loopback needs, with every size and time bounded.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Bytes of a request's head.
const HEAD: usize = 16 << 10;
/// Headers of a request.
const HEADERS: usize = 64;
/// Bytes of a request's body.
const BODY: usize = 1 << 20;
/// How long a request may take to come in, and an answer to go out.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// A header by its name in small letters. One that is given twice counts as not given.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut given = self.headers.iter().filter(|(known, _)| known == name);
        let (_, value) = given.next()?;
        given.next().is_none().then_some(value)
    }
}

/// What is answered.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) kind: &'static str,
    /// The content security policy of a page.
    pub(super) policy: Option<String>,
    pub(super) body: Vec<u8>,
}

/// A status, and why the request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused(pub(super) u16, pub(super) &'static str);

/// Reads a request, answers it and closes the connection.
pub(super) fn exchange(
    mut stream: TcpStream,
    respond: impl FnOnce(&Request) -> Result<Response, Refused>,
) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let response = match read(&mut stream)? {
        Ok(request) => respond(&request),
        Err(refused) => Err(refused),
    };
    write(&mut stream, response)
}

fn read(stream: &mut TcpStream) -> io::Result<Result<Request, Refused>> {
    let until = Instant::now() + PATIENCE;
    let mut bytes = Vec::new();
    loop {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(&bytes) {
            Err(_) => return Ok(Err(Refused(400, "the request is no HTTP"))),
            Ok(httparse::Status::Complete(head)) => {
                let mut request = Request {
                    method: parsed.method.unwrap_or_default().to_owned(),
                    path: parsed.path.unwrap_or_default().to_owned(),
                    headers: Vec::new(),
                    body: bytes[head..].to_vec(),
                };
                for header in parsed.headers.iter() {
                    let Ok(value) = std::str::from_utf8(header.value) else {
                        return Ok(Err(Refused(400, "a header is no text")));
                    };
                    let name = header.name.to_ascii_lowercase();
                    request.headers.push((name, value.trim().to_owned()));
                }
                return body(stream, request, until);
            }
            Ok(httparse::Status::Partial) if bytes.len() >= HEAD => {
                return Ok(Err(Refused(431, "the head of the request is too long")));
            }
            Ok(httparse::Status::Partial) => {}
        }
        if more(stream, &mut bytes, until)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The rest of the body.
fn body(
    stream: &mut TcpStream,
    mut request: Request,
    until: Instant,
) -> io::Result<Result<Request, Refused>> {
    let has = |name: &str| request.headers.iter().any(|(known, _)| known == name);
    if has("transfer-encoding") {
        return Ok(Err(Refused(411, "the request does not say how long it is")));
    }
    let length = match request.header("content-length") {
        None if has("content-length") => None,
        None => Some(0),
        Some(length) => length.parse::<usize>().ok(),
    };
    match length {
        None => return Ok(Err(Refused(400, "the length of the request is no number"))),
        Some(length) if length > BODY => {
            return Ok(Err(Refused(413, "the request is longer than 1 MiB")));
        }
        Some(length) => {
            while request.body.len() < length {
                if more(stream, &mut request.body, until)? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            request.body.truncate(length);
        }
    }
    Ok(Ok(request))
}

fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>, until: Instant) -> io::Result<usize> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    stream.set_read_timeout(Some(left))?;
    let mut piece = [0; 4096];
    let read = stream.read(&mut piece)?;
    bytes.extend_from_slice(&piece[..read]);
    Ok(read)
}

fn write(stream: &mut TcpStream, response: Result<Response, Refused>) -> io::Result<()> {
    let (status, response) = match response {
        Ok(response) => (200, response),
        Err(Refused(status, why)) => {
            let response = Response {
                kind: "text/plain; charset=utf-8",
                policy: None,
                body: format!("{why}\n").into_bytes(),
            };
            (status, response)
        }
    };
    let policy = response
        .policy
        .unwrap_or_else(|| "default-src 'none'; frame-ancestors 'none'".to_owned());
    let head = format!(
        "HTTP/1.1 {status} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nContent-Security-Policy: {policy}\r\n\
         X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\n\
         Cross-Origin-Opener-Policy: same-origin\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
        reason(status),
        response.kind,
        response.body.len(),
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&response.body)?;
    stream.flush()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        421 => "Misdirected Request",
        431 => "Request Header Fields Too Large",
        _ => "Refused",
    }
}
