//! A chat server over plain TCP that screens what is said before it tells the others: `nc 127.0.0.1 7000`, a name in the first line, then a message a line.
//!
//! `cargo run --example chat`

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tidegate::adapter::{Answer, Stage};
use tidegate::registry::{By, Registry};
use tidegate::{Diagnostics, Message, Operator, Pack, Scene, Tenant, Timestamp};

const TENANT: &str = "[tenant]\nid = \"lounge\"\nrefusal = \"not here, please\"\n";
const PACK: &str = include_str!("house.toml");
/// Bytes of the longest line.
const LONGEST: u64 = 4_096;

/// Rules of one tenant; a server with many reads them from a folder (`tidegate::adapter::source`).
pub(crate) fn stage() -> Result<Stage, Diagnostics> {
    let by = By::new("chat", "begin", now());
    let registry = Registry::new(Vec::new(), Vec::new(), Operator::default(), &by)?;
    let pack = Pack::parse("house.toml", PACK)?.pack;
    registry.set(
        Tenant::parse("lounge.toml", TENANT)?.tenant,
        vec![pack],
        &by,
    )?;
    Ok(Stage::new(&registry))
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// The others, by the number of their connection.
type Room = Arc<Mutex<HashMap<u64, TcpStream>>>;

/// Serves for as long as there are connections.
pub(crate) fn serve(listener: &TcpListener, stage: Arc<Stage>) {
    let room = Room::default();
    for (number, stream) in (0..).zip(listener.incoming()) {
        let Ok(stream) = stream else { continue };
        let (room, stage) = (Arc::clone(&room), Arc::clone(&stage));
        std::thread::spawn(move || {
            // A connection that breaks is one that ends.
            let _ = talk(number, stream, &room, &stage);
            room.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&number);
        });
    }
}

fn talk(number: u64, mut stream: TcpStream, room: &Room, stage: &Stage) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut name = String::new();
    lines.by_ref().take(LONGEST).read_line(&mut name)?;
    let name = name.trim().to_owned();
    room.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(number, stream.try_clone()?);
    loop {
        let mut line = String::new();
        if lines.by_ref().take(LONGEST).read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let message = Message::text(line)
            .tenant("lounge")
            .scene(Scene::OpenGroup)
            .conversation("lounge")
            .sender(&name);
        match stage.decide(&message, None, now()).answer {
            Answer::Allow => tell(room, number, &name, line),
            Answer::Replace(texts) => tell(room, number, &name, &texts.concat()),
            Answer::Drop => {}
            // This server holds nothing for people to look at.
            Answer::Refuse(refusal) | Answer::Review(refusal) => {
                writeln!(stream, "! {}", refusal.text)?
            }
        }
    }
}

fn tell(room: &Room, from: u64, name: &str, text: &str) {
    for (number, stream) in room
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter_mut()
    {
        if *number != from {
            // Who is gone is taken out by its own thread.
            let _ = writeln!(stream, "{name}: {text}");
        }
    }
}

#[cfg_attr(
    test,
    expect(dead_code, reason = "the tests serve on a port of their own")
)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stage = stage().map_err(|problems| problems.to_text(tidegate::diag::Lang::En))?;
    serve(&TcpListener::bind("127.0.0.1:7000")?, Arc::new(stage));
    Ok(())
}
