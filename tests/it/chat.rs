//! The chat server of the examples screens what is said.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

#[path = "../examples/chat.rs"]
mod example;

fn enter(port: u16, name: &str) -> (TcpStream, BufReader<TcpStream>) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a timeout");
    writeln!(stream, "{name}").expect("it is sent");
    let lines = BufReader::new(stream.try_clone().expect("a handle"));
    (stream, lines)
}

fn line(lines: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).expect("a line");
    line.trim_end().to_owned()
}

#[test]
fn what_is_refused_is_told_to_its_sender_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let stage = Arc::new(example::stage().expect("its pack is good"));
    std::thread::spawn(move || example::serve(&listener, stage));
    let (mut ann, mut to_ann) = enter(port, "ann");
    let (mut bob, mut to_bob) = enter(port, "bob");
    // Bob is in the room once he is heard.
    writeln!(bob, "good morning").expect("it is sent");
    assert_eq!(line(&mut to_ann), "bob: good morning");
    writeln!(ann, "easy money, DM me").expect("it is sent");
    assert_eq!(line(&mut to_ann), "! not here, please");
    writeln!(ann, "write to shop@example.com").expect("it is sent");
    assert_eq!(line(&mut to_bob), "ann: write to ****************");
    writeln!(ann, "see you").expect("it is sent");
    assert_eq!(line(&mut to_bob), "ann: see you");
}
