//! SIGHUP, and what a restart remembers.

use crate::server::{ACME, ANY, Home, PACK, SECRET, Server, configuration, hash};

#[test]
fn a_hangup_reads_the_configuration_again() {
    let home = Home::new();
    let callback = "[[callback]]\nname = \"wildfire\"\ndialect = \"wildfire\"\ntenant = \"acme\"\nsecret = { env = \"IM_SECRET\" }\n";
    let server = Server::start_in(home, "", &[]);
    let text = r#"{"text":"a sunflower"}"#;
    let path = format!("/callback/wildfire/{SECRET}");
    let body = r#"{"payload":{"type":1,"searchableContent":"a sunflower"}}"#;
    assert_eq!(server.post(&path, &[], body).status, 404);
    // Another token for acme, a callback, a shorter limit; and another address, which has to wait.
    let fresh = "tg_another-token-of-acme";
    let written = configuration(&format!(
        "[limits]\nbody_bytes = 1024\nworkers = 3\n{callback}[tenant.acme]\nrefusal = {{ en = {{ text = \"No.\" }} }}\n"
    ));
    let written = written
        .replace(&hash(ACME), &hash(fresh))
        .replace("127.0.0.1:0", "127.0.0.1:1");
    server.home.write("serve.toml", &written);
    server.signal("-HUP");
    server.until(|server| server.screen(fresh, text).status == 200);
    assert_eq!(server.screen(ACME, text).status, 401);
    assert_eq!(
        server
            .screen(ANY, r#"{"tenant":"acme","text":"good"}"#)
            .status,
        200
    );
    let long = format!("{{\"text\":\"{}\"}}", "a".repeat(2_000));
    assert_eq!(server.screen(fresh, &long).status, 413);
    assert_eq!(server.post(&path, &[], body).status, 403);
    let log = server.home.read("log");
    for key in ["listen", "limits.workers"] {
        let said = log
            .lines()
            .find(|line| line.contains(&format!("\"key\":\"{key}\"")));
        let said = said.unwrap_or_else(|| panic!("{key} in {log}"));
        assert!(
            said.contains("WARN") && said.contains("until the server is started again"),
            "{said}"
        );
    }
    assert!(!log.contains("\"key\":\"folder\""), "{log}");
    // A bad one never replaces a good one, and it is said what is wrong.
    let bad = written
        .replace("body_bytes", "body_byte")
        .replace(&hash(fresh), &hash(ACME));
    server.home.write("serve.toml", &bad);
    server.signal("-HUP");
    server.until(|server| {
        server
            .home
            .read("log")
            .contains("the configuration is refused")
    });
    assert!(
        server.home.read("log").contains("`body_byte` is no key"),
        "{}",
        server.home.read("log")
    );
    assert_eq!(server.screen(fresh, text).status, 200);
    assert_eq!(server.screen(ACME, text).status, 401);
}

/// A pack of an older version, with its signature or without, does not come back while the server is down.
#[test]
fn a_restart_takes_no_older_pack() {
    let text = r#"{"text":"a sunflower"}"#;
    let newer = PACK.replace("1.0.0", "1.2.0");
    let older = PACK
        .replace("1.0.0", "1.1.0")
        .replace("sunflower", "quarry");
    let run = |versions: &str| {
        let home = Home::new();
        home.write("tenants/acme/words.toml", &newer);
        let mut server = Server::start_in(home, versions, &[]);
        assert_eq!(server.screen(ACME, text).json()["action"], "block");
        server.signal("-TERM");
        assert_eq!(server.ended(), Some(0));
        // Started again where it was.
        let again = Home::new();
        for name in ["versions", "serve.toml"] {
            if let Ok(bytes) = std::fs::read(server.home.0.join(name)) {
                std::fs::write(again.0.join(name), bytes).expect("a file");
            }
        }
        again.write("tenants/acme/words.toml", &older);
        Server::start_in(again, versions, &[])
    };
    let server = run("versions = \"versions\"\n");
    assert_eq!(
        server.screen(ACME, r#"{"text":"good"}"#).code(),
        "unknown-tenant"
    );
    assert!(
        server.home.read("log").contains("older-pack"),
        "{}",
        server.home.read("log")
    );
    server.home.write("tenants/acme/words.toml", &newer);
    server.until(|server| server.screen(ACME, text).json()["action"] == "block");
    // Without the file nothing is known of before.
    let server = run("");
    assert_eq!(server.screen(ACME, text).json()["action"], "pass");
}

/// `Type=notify`: systemd is told when packs are there, and when the server ends.
#[cfg(target_os = "linux")]
#[test]
fn systemd_is_told_how_it_goes() {
    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;

    let home = Home::new();
    let path = home.0.join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a timeout");
    let environment = [("NOTIFY_SOCKET", path.to_str().expect("a path"))];
    let mut server = Server::begin(home, &configuration(""), &environment);
    let told = || {
        let mut state = [0; 64];
        let length = socket.recv(&mut state).expect("a state");
        String::from_utf8_lossy(&state[..length]).into_owned()
    };
    assert_eq!(told(), "READY=1");
    assert_eq!(server.get("/readyz").status, 200);
    server.signal("-TERM");
    assert_eq!(told(), "STOPPING=1");
    assert_eq!(server.ended(), Some(0));
}
