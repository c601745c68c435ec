//! `tidegate playground`: a page for trying packs, served on loopback to this machine's browser and nobody else.
//!
//! Nothing is stored and nothing leaves the machine. The page is one document; its policy lets it load nothing but the answers of
//! this server. Requests must name the server as their host, and those that ask something must come from its own page, so that no
//! other page that is open in the browser can reach it.

mod answer;
mod http;

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tidegate::Ruleset;

use crate::{Broke, Done, packs};
use http::{Refused, Request, Response};

/// Connections that are served at a time; a browser opens a handful.
const CONNECTIONS: usize = 32;

/// Serves a page for trying packs, to this machine alone
///
/// Edit a pack, type messages, and see what is found, how, and why not. Nothing is stored, and the page loads nothing from anywhere.
/// Ends with Ctrl-C.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A pack to begin with; it is read, and never written
    pack: Option<PathBuf>,
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 7474)]
    port: u16,
}

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let pack = match &args.pack {
        Some(path) => packs::read_source(path)?,
        None => include_str!("playground/starter.toml").to_owned(),
    };
    let port = args.port;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
        Broke::Usage(format!(
            "port {port} of 127.0.0.1: {error}; `--port 0` takes a free one"
        ))
    })?;
    let nonce = nonce()?;
    let server = Arc::new(Server {
        port: listener.local_addr()?.port(),
        page: page(&nonce, &pack)?,
        nonce,
        base: tidegate::base::ruleset().map_err(packs::broken)?,
        open: AtomicUsize::new(0),
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "http://127.0.0.1:{}/", server.port)?;
    out.flush()?;
    for stream in listener.incoming() {
        match stream {
            Ok(stream) => serve(&server, stream),
            // Such as too many open files: soon there are fewer.
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    Ok(Done::Well)
}

struct Server {
    port: u16,
    page: String,
    nonce: String,
    base: Ruleset,
    open: AtomicUsize,
}

/// Serves a connection on a thread of its own; one too many is closed.
fn serve(server: &Arc<Server>, stream: TcpStream) {
    let server = Arc::clone(server);
    if server.open.fetch_add(1, Ordering::AcqRel) >= CONNECTIONS {
        server.open.fetch_sub(1, Ordering::AcqRel);
        return;
    }
    std::thread::spawn(move || {
        // A browser that went away needs no answer.
        let _ = http::exchange(stream, |request| server.respond(request));
        server.open.fetch_sub(1, Ordering::AcqRel);
    });
}

impl Server {
    fn respond(&self, request: &Request) -> Result<Response, Refused> {
        self.must_be_ours(request)?;
        match (&*request.method, &*request.path) {
            ("GET", "/") => Ok(Response {
                kind: "text/html; charset=utf-8",
                policy: Some(format!(
                    "default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; connect-src 'self'; img-src data:; \
                     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                    self.nonce
                )),
                body: self.page.clone().into_bytes(),
            }),
            ("POST", "/try") => Ok(Response {
                kind: "application/json",
                policy: None,
                body: answer::answer(&self.base, &request.body)?,
            }),
            (_, "/" | "/try") => Err(Refused(405, "the method is not allowed here")),
            _ => Err(Refused(404, "there is nothing here")),
        }
    }

    /// Another page in the browser could name this server's address, or rebind a name of its own to it; but it can forge neither
    /// header.
    fn must_be_ours(&self, request: &Request) -> Result<(), Refused> {
        let names = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{}", self.port));
        let host = request.header("host").unwrap_or_default();
        if !names.iter().any(|name| *name == host) {
            return Err(Refused(421, "the host is not this server"));
        }
        let origin = request.header("origin");
        if origin.is_some_and(|origin| origin != format!("http://{host}")) {
            return Err(Refused(403, "the request comes from another page"));
        }
        if request.method == "POST" {
            if origin.is_none() {
                return Err(Refused(403, "the request names no page that it comes from"));
            }
            if request.header("content-type") != Some("application/json") {
                return Err(Refused(415, "the request is no application/json"));
            }
        }
        Ok(())
    }
}

/// The page: one document, with styles and script in it.
fn page(nonce: &str, pack: &str) -> Result<String, Broke> {
    // In a script element, `<` could end it.
    let pack = serde_json::to_string(pack).map_err(std::io::Error::from)?;
    Ok(include_str!("playground/page.html")
        .replace("{nonce}", nonce)
        .replace("{style}", include_str!("playground/page.css"))
        .replace("{script}", include_str!("playground/page.js"))
        .replace("{pack}", &pack.replace('<', "\\u003c")))
}

/// A word that nobody can guess.
fn nonce() -> Result<String, Broke> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|error| Broke::Usage(format!("the system has no random numbers: {error}")))?;
    Ok(random.map(|byte| format!("{byte:02x}")).concat())
}
