//! `tidegate playground`: who may ask what, and the page in a browser.
//!
//! The page is driven through chromedriver, where `TIDEGATE_CHROMEDRIVER` says where that is; then a browser that does not start is
//! a failure.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A playground on a free port.
struct Playground {
    _process: Running,
    port: u16,
}

impl Playground {
    fn start(args: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tidegate"))
            .args(["playground", "--port", "0"])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().expect("a pipe"));
        out.read_line(&mut line).expect("it says where it is");
        let port = line.trim().trim_end_matches('/').rsplit(':').next();
        Self {
            port: port.and_then(|port| port.parse().ok()).expect("a port"),
            _process: Running(process),
        }
    }

    /// The status, head and body of the answer to a request; none if the connection is closed without one.
    fn send(&self, request: &str) -> Option<(u16, String, String)> {
        exchange(self.port, request.as_bytes())
    }

    fn status(&self, request: &str) -> u16 {
        self.send(request).map_or(0, |(status, ..)| status)
    }

    fn post(&self, headers: &str, body: &str) -> Option<(u16, String, String)> {
        let port = self.port;
        let length = body.len();
        self.send(&format!(
            "POST /try HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        ))
    }

    /// What the page asks.
    fn ask(&self, question: &Value) -> (u16, String) {
        let port = self.port;
        let ours = format!("Origin: http://127.0.0.1:{port}\r\nContent-Type: application/json\r\n");
        let (status, _, body) = self.post(&ours, &question.to_string()).expect("an answer");
        (status, body)
    }
}

fn exchange(port: u16, request: &[u8]) -> Option<(u16, String, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let patience = Some(Duration::from_secs(60));
    stream.set_read_timeout(patience).expect("a timeout");
    // It may have answered and closed before all is sent.
    let _ = stream.write_all(request);
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    // The one end of an answer that both servers have is its length; chromedriver leaves connections open.
    let (head, from, length) = loop {
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length
                .then(|| value.trim().parse::<usize>().ok())
                .flatten()
        })?;
        break (head, end + 4, length);
    };
    while bytes.len() < from + length {
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
    }
    let body = String::from_utf8_lossy(&bytes[from..from + length]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, head, body))
}

fn question(pack: &str, messages: &[&str]) -> Value {
    json!({"pack": pack, "messages": messages, "scene": "group", "conversation": "", "base": true})
}

#[test]
fn only_its_own_page_is_answered() {
    let playground = Playground::start(&[]);
    let port = playground.port;
    let get = |host: &str, more: &str| {
        playground.status(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n{more}\r\n"))
    };
    let (status, head, page) = playground
        .send(&format!("GET / HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"))
        .expect("the page");
    assert_eq!(status, 200);
    let head = head.to_ascii_lowercase();
    for says in [
        "content-security-policy: default-src 'none'; script-src 'nonce-",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
    ] {
        assert!(head.contains(says), "{says} is not in {head}");
    }
    // One document that asks for nothing elsewhere. The name of the SVG format is no address that is loaded.
    let named = page.replace("http://www.w3.org/2000/svg", "");
    for word in [
        "http://", "https://", "//cdn", "@import", "{nonce}", "{script}",
    ] {
        assert!(!named.contains(word), "the page holds {word}");
    }

    assert_eq!(get(&format!("127.0.0.1:{port}"), ""), 200);
    assert_eq!(get("attacker.example", ""), 421);
    assert_eq!(get(&format!("attacker.example:{port}"), ""), 421);
    assert_eq!(get("127.0.0.1", ""), 421);
    assert_eq!(
        get(
            &format!("127.0.0.1:{port}"),
            "Origin: http://attacker.example\r\n"
        ),
        403
    );
    // Two hosts are none.
    assert_eq!(
        get(
            &format!("127.0.0.1:{port}"),
            &format!("Host: 127.0.0.1:{port}\r\n")
        ),
        421
    );
    assert_eq!(playground.status("GET / HTTP/1.0\r\n\r\n"), 421);

    let body = question("", &[]).to_string();
    let post = |headers: String| playground.post(&headers, &body).map(|(status, ..)| status);
    let json = "Content-Type: application/json\r\n";
    assert_eq!(
        post(format!("Origin: http://127.0.0.1:{port}\r\n{json}")),
        Some(200)
    );
    assert_eq!(post(json.to_owned()), Some(403));
    assert_eq!(post(format!("Origin: null\r\n{json}")), Some(403));
    assert_eq!(
        post(format!("Origin: http://localhost:{port}\r\n{json}")),
        Some(403)
    );
    assert_eq!(
        post(format!("Origin: https://127.0.0.1:{port}\r\n{json}")),
        Some(403)
    );
    let form = "Content-Type: text/plain\r\n";
    assert_eq!(
        post(format!("Origin: http://127.0.0.1:{port}\r\n{form}")),
        Some(415)
    );

    let host = format!("Host: 127.0.0.1:{port}\r\n");
    assert_eq!(
        playground.status(&format!("GET /etc/passwd HTTP/1.1\r\n{host}\r\n")),
        404
    );
    assert_eq!(
        playground.status(&format!("DELETE / HTTP/1.1\r\n{host}\r\n")),
        405
    );
    assert_eq!(
        playground.status(&format!("GET /try HTTP/1.1\r\n{host}\r\n")),
        405
    );
}

#[test]
fn requests_are_bounded() {
    let playground = Playground::start(&[]);
    let port = playground.port;
    let host = format!("Host: 127.0.0.1:{port}\r\n");
    let ours =
        format!("{host}Origin: http://127.0.0.1:{port}\r\nContent-Type: application/json\r\n");
    for (length, status) in [
        ("1048577", 413),
        ("99999999999999999999999", 400),
        ("-1", 400),
        ("18446744073709551615", 413),
    ] {
        let request = format!("POST /try HTTP/1.1\r\n{ours}Content-Length: {length}\r\n\r\n");
        assert_eq!(playground.status(&request), status, "{length}");
    }
    let chunked =
        format!("POST /try HTTP/1.1\r\n{ours}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert_eq!(playground.status(&chunked), 411);
    let long = format!("GET / HTTP/1.1\r\n{host}X: {}", "a".repeat(20_000));
    assert_eq!(playground.status(&long), 431);
    assert_eq!(playground.status("\0\0\0\0"), 400);

    let many = vec!["a"; 101];
    assert_eq!(playground.ask(&question("", &many)).0, 413);
    let long = "a".repeat(70_000);
    assert_eq!(playground.ask(&question("", &[&long])).0, 413);
    assert_eq!(playground.ask(&json!({"pack": ""})).0, 400);
    let mut moon = question("", &[]);
    moon["scene"] = json!("moon");
    assert_eq!(playground.ask(&moon).0, 400);

    // Connections that say nothing keep nobody else waiting, and too many are closed.
    let idle: Vec<TcpStream> = (0..20)
        .map(|_| TcpStream::connect(("127.0.0.1", port)).expect("it listens"))
        .collect();
    assert_eq!(
        playground.status(&format!("GET / HTTP/1.1\r\n{host}\r\n")),
        200
    );
    drop(idle);
}

const PACK: &str = r#"format = 1
[pack]
id = "acme.words"
version = "1.0.0"
title = "Words"
[[rule]]
id = "a"
title = "A word"
category = "house.a"
action = "block"
terms = ["坏词", "blast"]
except = ["blast furnace"]
[rule.samples]
match = ["坏词"]
pass = ["blast"]
"#;

#[test]
fn an_answer_explains() {
    let playground = Playground::start(&[]);
    let mut alone = question(PACK, &["坏*词", "blast furnace"]);
    alone["base"] = json!(false);
    let (status, body) = playground.ask(&alone);
    assert_eq!(status, 200);
    let said: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(
        (&said["usable"], &said["problems"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(said["titles"], json!([["acme.words/a", "A word"]]));
    let sample = &said["samples"]["failed"][0];
    assert_eq!(
        (&sample["why"], &sample["text"]),
        (&json!("fires"), &json!("blast"))
    );
    let first = &said["messages"][0];
    assert_eq!(first["verdict"]["action"], "block");
    assert_eq!(first["hits"][0]["span"], json!({"start": 0, "end": 7}));
    let second = &said["messages"][1];
    assert_eq!(second["verdict"]["action"], "pass");
    assert_eq!(
        second["rules"][0]["removed"].as_array().map(Vec::len),
        Some(1)
    );

    let broken = PACK.replace("action = \"block\"", "action = \"blok\"");
    let (_, body) = playground.ask(&question(&broken, &["坏词"]));
    let said: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(said["usable"], false);
    let problem = &said["problems"][0];
    assert_eq!(
        (&problem["line"], &problem["code"]),
        (&json!(10), &json!("unknown-value"))
    );
}

#[test]
fn it_begins_with_a_pack_that_can_be_used() {
    let playground = Playground::start(&[]);
    let source = include_str!("../src/bin/tidegate/playground/starter.toml");
    let (_, body) = playground.ask(&question(source, &[]));
    let said: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(
        (&said["usable"], &said["problems"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(said["samples"]["failed"], json!([]));
    // A pack that is handed over stands in the page as it is, and cannot end the script that holds it.
    let file =
        std::env::temp_dir().join(format!("tidegate-playground-{}.toml", std::process::id()));
    std::fs::write(&file, "# </script><b>\n").expect("a file");
    let playground = Playground::start(&[&file.display().to_string()]);
    let port = playground.port;
    let (_, _, page) = playground
        .send(&format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"))
        .expect("the page");
    let _ = std::fs::remove_file(&file);
    assert!(page.contains(r##""# \u003c/script>\u003cb>\n""##), "{page}");
}

/// A browser, by the WebDriver protocol.
struct Browser {
    _driver: Running,
    port: u16,
    session: String,
    profile: std::path::PathBuf,
}

impl Browser {
    fn start(driver: &str) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|free| free.local_addr())
            .expect("a free port")
            .port();
        let process = Command::new(driver)
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .spawn()
            .expect("TIDEGATE_CHROMEDRIVER names a chromedriver");
        let profile = std::env::temp_dir().join(format!("tidegate-profile-{}", std::process::id()));
        let mut browser = Self {
            _driver: Running(process),
            port,
            session: String::new(),
            profile,
        };
        let until = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "chromedriver does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        let profile = format!("--user-data-dir={}", browser.profile.display());
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--lang=en-US",
            "--window-size=1400,1000",
            &profile,
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": args, "prefs": {"intl.accept_languages": "en-US"}},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let made = browser.command("POST", "", &wanted);
        let session = made["sessionId"].as_str().expect("a session");
        browser.session = format!("/{session}");
        browser
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "POST" {
            body.to_string()
        } else {
            String::new()
        };
        let request = format!(
            "{method} /session{}{path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.session,
            self.port,
            body.len()
        );
        let (status, _, answer) =
            exchange(self.port, request.as_bytes()).expect("chromedriver answers");
        let mut said: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(status, 200, "{path}: {said}");
        said["value"].take()
    }

    fn run(&self, script: &str) -> Value {
        self.command(
            "POST",
            "/execute/sync",
            &json!({"script": script, "args": []}),
        )
    }

    /// Waits until an expression of the page holds.
    fn wait(&self, expression: &str) {
        let until = Instant::now() + Duration::from_secs(20);
        while self.run(&format!("return Boolean({expression})")) != json!(true) {
            let page = self.run("return document.body.innerText");
            assert!(
                Instant::now() < until,
                "{expression} does not come to hold: {page}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Presses keys, one after another, with those held that are given first.
    fn keys(&self, held: &[&str], keys: &str) {
        let mut actions: Vec<Value> = Vec::new();
        let press = |kind: &str, key: &str| json!({"type": kind, "value": key});
        actions.extend(held.iter().map(|key| press("keyDown", key)));
        for key in keys.chars() {
            actions.push(press("keyDown", &key.to_string()));
            actions.push(press("keyUp", &key.to_string()));
        }
        actions.extend(held.iter().map(|key| press("keyUp", key)));
        let body = json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]});
        self.command("POST", "/actions", &body);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.command("DELETE", "", &Value::Null);
        }
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

const CONTROL: &str = "\u{e009}";
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const F6: &str = "\u{e036}";
const F8: &str = "\u{e038}";

/// The page, with the keyboard alone.
#[test]
fn the_page_works_by_keyboard_in_both_languages() {
    let Ok(driver) = std::env::var("TIDEGATE_CHROMEDRIVER") else {
        return;
    };
    let playground = Playground::start(&[]);
    let browser = Browser::start(&driver);
    let url = format!("http://127.0.0.1:{}/", playground.port);
    browser.command("POST", "/url", &json!({ "url": url }));
    browser.wait("document.querySelectorAll('.card').length === 6");
    assert_eq!(browser.run("return document.documentElement.lang"), "en");
    assert_eq!(
        browser.run("return document.getElementById('pack-state').textContent"),
        "can be used · 0 errors, 0 warnings"
    );
    // The first message is disguised, and blocked; its hits are marked where they are.
    assert_eq!(
        browser.run("return [...document.querySelectorAll('.card')[0].querySelectorAll('mark.on.block')].map(m => m.textContent)"),
        json!(["g.i.f.t c.a.r.d", "message me"])
    );

    // From pack to messages, and a message of one's own.
    browser.run("document.getElementById('pack').focus()");
    browser.keys(&[], F6);
    assert_eq!(browser.run("return document.activeElement.id"), "messages");
    browser.keys(&[CONTROL], "a");
    browser.keys(&[], "x message me <b>礼*品*卡");
    browser.keys(&[CONTROL], ENTER);
    browser.wait(
        "document.querySelectorAll('.card').length === 1 && document.querySelector('.card.block')",
    );
    assert_eq!(
        browser
            .run("return [...document.querySelectorAll('.card mark.on')].map(m => m.textContent)"),
        json!(["message me", "礼*品*卡"])
    );
    assert_eq!(
        browser.run("return document.querySelectorAll('.card b').length"),
        0
    );

    // The card opens by the keyboard, with steps and tree.
    browser.keys(&[], TAB);
    assert_eq!(
        browser.run("return document.activeElement.tagName"),
        "SUMMARY"
    );
    browser.keys(&[], ENTER);
    browser.wait("document.querySelector('.card[open] .tree')");
    let why = browser.run("return document.querySelector('.why').innerText");
    let why = why.as_str().expect("text");
    for says in [
        "skeleton",
        "Candidates",
        "礼品卡",
        "gaps",
        "offer near/12 ask",
        "acme.custom/scam.gift-card",
        "b3:",
    ] {
        assert!(why.contains(says), "{says} is not in {why}");
    }

    // A slip in the pack is marked at its place, and reached by a key.
    browser.run(
        "const pack = document.getElementById('pack'); pack.value = pack.value.replace('severity = \"high\"', 'severity = \"hoch\"'); \
         pack.dispatchEvent(new Event('input'))",
    );
    browser.wait("document.querySelector('#mirror .error')");
    assert_eq!(
        browser.run("return document.querySelector('#mirror .error').textContent"),
        "\"hoch\""
    );
    browser.keys(&[], F8);
    assert_eq!(
        browser.run("const pack = document.getElementById('pack'); return [document.activeElement === pack, pack.value.slice(pack.selectionStart, pack.selectionEnd)]"),
        json!([true, "\"hoch\""])
    );
    let told =
        |browser: &Browser| browser.run("return document.getElementById('problems').innerText");
    assert!(
        told(&browser)
            .as_str()
            .is_some_and(|said| said.contains("did you mean \"high\"")),
        "{}",
        told(&browser)
    );
    // What is selected is typed over.
    browser.keys(&[], "\"low\"");
    browser.wait("document.getElementById('pack-state').textContent.startsWith('can be used')");

    browser.run("document.getElementById('lang').focus()");
    browser.keys(&[], ENTER);
    assert_eq!(browser.run("return document.documentElement.lang"), "zh-CN");
    assert_eq!(
        browser.run("return document.querySelector('.chip').textContent"),
        "拦截"
    );
    // Every word that stands in the page is there in the other language as well.
    assert_eq!(browser.run("return [...document.querySelectorAll('[data-say]')].filter(e => e.textContent === '').length"), 0);
    assert_eq!(
        browser.run("const names = words => Object.keys(words).sort().join(); return names(SAY.en) === names(SAY.zh) && names(SAY.en.miss) === names(SAY.zh.miss)"),
        json!(true)
    );
    // Each field has a name for those who do not see it.
    assert_eq!(
        browser.run("return [...document.querySelectorAll('input, select, textarea')].filter(field => field.labels.length === 0).length"),
        0
    );
    // Nothing was refused by the page's own policy, and nothing went wrong.
    assert_eq!(
        browser.command("POST", "/se/log", &json!({"type": "browser"})),
        json!([])
    );
}
