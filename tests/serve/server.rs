//! A server in a folder of its own, and a client that speaks plain HTTP/1.1.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const ACME: &str = "tg_token-of-acme";
pub(crate) const GLOBEX: &str = "tg_token-of-globex";
pub(crate) const ANY: &str = "tg_token-of-the-platform";
pub(crate) const SECRET: &str = "s3cret-s3cret-s3cret";

pub(crate) const PACK: &str = r#"
format = 1
[pack]
id = "acme.words"
version = "1.0.0"
title = "Acme's words"
[[rule]]
id = "stop"
category = "house.words"
action = "block"
alert = true
terms = ["sunflower"]
[rule.samples]
match = ["sunflower"]
pass = ["sun"]
[[rule]]
id = "hide"
category = "house.words"
action = "mask"
terms = ["lantern"]
[rule.samples]
match = ["lantern"]
pass = ["lamp"]
"#;

/// A folder that is removed with the test.
pub(crate) struct Home(pub(crate) PathBuf);

impl Home {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("tidegate-serve-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("tenants/acme")).expect("a folder");
        let home = Self(path);
        home.write("tenants/acme/words.toml", PACK);
        home.write(
            "tenants/acme/tenant.toml",
            "[tenant]\nid = \"acme\"\npacks = [\"words.toml\"]\n",
        );
        home.write("tenants/globex.tenant.toml", "[tenant]\nid = \"globex\"\n");
        home
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.0.join(path), text).expect("a file");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).expect("a file")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn hash(token: &str) -> String {
    format!("b3:{}", blake3::hash(token.as_bytes()))
}

/// What every test's configuration begins with.
pub(crate) fn configuration(more: &str) -> String {
    let tokens: String = [
        ("acme", ACME, "acme"),
        ("globex", GLOBEX, "globex"),
        ("platform", ANY, "*"),
    ]
    .map(|(name, token, tenant)| {
        format!(
            "[[token]]\nname = \"{name}\"\nhash = \"{}\"\ntenants = [\"{tenant}\"]\n",
            hash(token)
        )
    })
    .concat();
    format!("listen = \"127.0.0.1:0\"\nno_base = true\n{more}\n{tokens}")
}

/// A server that runs.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) port: u16,
    pub(crate) home: Home,
}

impl Server {
    /// With this at the beginning of its configuration; ready.
    pub(crate) fn start(more: &str) -> Self {
        Self::start_in(Home::new(), more, &[])
    }

    pub(crate) fn start_in(home: Home, more: &str, environment: &[(&str, &str)]) -> Self {
        let server = Self::begin(home, &configuration(more), environment);
        server.until_ready();
        server
    }

    /// With the base library; ready.
    pub(crate) fn start_with_base() -> Self {
        let configuration = configuration("").replace("no_base = true", "no_base = false");
        let server = Self::begin(Home::new(), &configuration, &[]);
        server.until_ready();
        server
    }

    /// Not ready yet.
    pub(crate) fn begin(home: Home, configuration: &str, environment: &[(&str, &str)]) -> Self {
        let command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        Self::begin_by(command, home, configuration, environment)
    }

    /// On one core, where the system can do that. Not ready yet.
    pub(crate) fn begin_on(home: Home, configuration: &str, core: &str) -> Self {
        let mut command = Command::new("taskset");
        let pinned = command.args(["-c", core, "true"]).status();
        let mut command = Command::new("taskset");
        command.args(["-c", core, env!("CARGO_BIN_EXE_tidegate")]);
        if !pinned.is_ok_and(|status| status.success()) {
            command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        }
        Self::begin_by(command, home, configuration, &[])
    }

    fn begin_by(
        mut command: Command,
        home: Home,
        configuration: &str,
        environment: &[(&str, &str)],
    ) -> Self {
        home.write("serve.toml", configuration);
        let mut child = command
            .args(["serve", "--config"])
            .arg(home.0.join("serve.toml"))
            .env("IM_SECRET", SECRET)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log(&home.0))
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        out.read_line(&mut line).expect("it says where it is");
        let port = line
            .trim()
            .trim_end_matches('/')
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok());
        let log = fs::read_to_string(home.0.join("log")).unwrap_or_default();
        Self {
            child,
            port: port.unwrap_or_else(|| panic!("no port in {line:?}; {log}")),
            home,
        }
    }

    pub(crate) fn until_ready(&self) {
        self.until(|server| server.get("/readyz").status == 200);
    }

    pub(crate) fn until(&self, mut holds: impl FnMut(&Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            assert!(
                began.elapsed() < PATIENCE,
                "it did not come to be: {}",
                self.home.read("log")
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        stream
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").expect("an answer")
    }

    pub(crate) fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        self.send("POST", path, headers, body.as_ref())
            .expect("an answer")
    }

    /// `/v1/screen` with a token.
    pub(crate) fn screen(&self, token: &str, body: impl AsRef<[u8]>) -> Answer {
        self.post(
            "/v1/screen",
            &[("authorization", &format!("Bearer {token}"))],
            body,
        )
    }

    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<Answer> {
        let mut stream = self.connect();
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        // It may have answered before all is sent.
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(body);
        answer(&mut stream)
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([name, &id])
            .status()
            .expect("kill runs");
        assert!(sent.success());
    }

    /// Waits until the process has ended; its exit status.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end: {}", self.home.read("log"));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log(home: &Path) -> Stdio {
    fs::File::create(home.join("log")).expect("a file").into()
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

/// One answer; none if the connection is closed without one.
pub(crate) fn answer(stream: &mut impl Read) -> Option<Answer> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let status = head.split(' ').nth(1)?.parse().ok()?;
            let mut answer = Answer {
                status,
                head,
                body: String::new(),
            };
            let length: usize = answer
                .header("content-length")
                .and_then(|length| length.parse().ok())
                .unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                answer.body =
                    String::from_utf8_lossy(&bytes[end + 4..end + 4 + length]).into_owned();
                return Some(answer);
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
        }
    }
}
