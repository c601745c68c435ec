//! Sinks, and receivers that misbehave, on loopback.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::alert::format::Told;
use crate::alert::note::Note;
use crate::alert::outbox::{Office, Outbox, OutboxLimits, now};
use crate::alert::record::sample;
use crate::alert::{EvidencePolicy, Grant, MasterKey};
use crate::primitives::Timestamp;

const CANARY: &str = "canary-7f3a";
const LONG: Duration = Duration::from_secs(60);

/// A folder that goes away.
struct Temp(PathBuf);

impl Temp {
    fn new() -> Self {
        let random = getrandom::u64().expect("random bytes");
        let path = std::env::temp_dir().join(format!("tidegate-sinks-{random:016x}"));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn outbox(&self) -> Arc<Outbox> {
        let key = MasterKey::new([9; 32]);
        Arc::new(Outbox::open(&self.0, key, OutboxLimits::default()).expect("it opens"))
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn store(outbox: &Outbox, messages: std::ops::Range<usize>) {
    let alerts = messages.map(|n| sample(&format!("m{n}"))).collect();
    outbox
        .store(alerts, &EvidencePolicy::default())
        .expect("they are stored");
}

fn quick(name: &str, sink: impl Sink + 'static) -> Plan {
    let mut plan = Plan::new(name, sink);
    plan.pace.first_ms = 5;
    plan
}

/// A sink that answers by a script, and remembers.
#[derive(Clone, Debug, Default)]
struct Scripted {
    script: Arc<Mutex<VecDeque<Stop>>>,
    taken: Arc<Mutex<Vec<Notice>>>,
}

impl Scripted {
    fn new(script: impl IntoIterator<Item = Stop>) -> Self {
        let scripted = Self::default();
        scripted.script.lock().expect("whole").extend(script);
        scripted
    }

    fn ids(&self) -> Vec<String> {
        let taken = self.taken.lock().expect("whole");
        taken.iter().map(Notice::id).collect()
    }
}

impl Sink for Scripted {
    fn batch(&self) -> usize {
        3
    }

    fn deliver(&mut self, notices: &[Notice]) -> Progress {
        let mut taken = self.taken.lock().expect("whole");
        match self.script.lock().expect("whole").pop_front() {
            Some(stop) => {
                // It breaks off after the first.
                taken.extend(notices.iter().take(1).cloned());
                Progress {
                    done: 1.min(notices.len().saturating_sub(1)),
                    stop: Some(stop),
                }
            }
            None => {
                taken.extend(notices.iter().cloned());
                Progress::all(notices)
            }
        }
    }
}

fn retry() -> Stop {
    Stop::Retry {
        reason: "later".to_owned(),
        after: None,
    }
}

fn unique(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids.dedup();
    ids
}

#[test]
fn everything_arrives_once_a_sink_recovers_and_others_do_not_wait() {
    let temp = Temp::new();
    let outbox = temp.outbox();
    let (well, ill) = (Scripted::default(), Scripted::new((0..6).map(|_| retry())));
    let plans = vec![quick("well", well.clone()), quick("ill", ill.clone())];
    let delivery = Delivery::start(Arc::clone(&outbox), plans).expect("threads");
    store(&outbox, 0..20);
    assert!(delivery.drain(LONG));
    assert_eq!(well.ids().len(), 20);
    assert_eq!(unique(ill.ids()).len(), 20);
    let stats = outbox.stats().expect("it can be read");
    assert_eq!(stats.sinks["ill"].cursor.failures, 6);
    assert_eq!(stats.sinks["ill"].cursor.delivered, 20);
    assert_eq!(stats.sinks["well"].behind, 0);
    // Heads arrive with the notices, and the store stands up to them.
    let heads: Vec<_> = well
        .taken
        .lock()
        .expect("whole")
        .iter()
        .map(|notice| notice.head)
        .collect();
    assert!(outbox.verify(&heads).expect("it can be read").is_whole());
}

#[test]
fn sinks_go_on_where_they_were() {
    let temp = Temp::new();
    let sink = Scripted::default();
    for run in 0..3 {
        let outbox = temp.outbox();
        let plans = vec![quick("one", sink.clone())];
        let delivery = Delivery::start(Arc::clone(&outbox), plans).expect("threads");
        store(&outbox, run * 5..run * 5 + 5);
        assert!(delivery.drain(LONG));
    }
    assert_eq!(sink.ids().len(), 15);
}

#[test]
fn what_is_refused_for_good_is_put_aside_with_the_reason() {
    let temp = Temp::new();
    let outbox = temp.outbox();
    store(&outbox, 0..4);
    let sink = Scripted::new([
        Stop::Reject {
            reason: "answered 422".to_owned(),
        },
        Stop::Disable {
            reason: "answered 410".to_owned(),
        },
    ]);
    let plans = vec![quick("one", sink.clone())];
    let delivery = Delivery::start(Arc::clone(&outbox), plans).expect("threads");
    assert!(delivery.drain(LONG));
    let dead = outbox.dead("one").expect("it can be read");
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].seq, &*dead[0].reason), (2, "answered 422"));
    let cursor = outbox.cursors()["one"].clone();
    assert_eq!(cursor.disabled.as_deref(), Some("answered 410"));
    assert!(cursor.seq < 4);
    // Enabled again, it goes on.
    let enabled = crate::alert::outbox::Cursor {
        disabled: None,
        ..cursor
    };
    outbox.advance("one", enabled);
    std::thread::sleep(Duration::from_millis(500));
    assert!(delivery.drain(LONG));
    assert_eq!(outbox.cursors()["one"].seq, 4);
}

#[test]
fn erased_alerts_are_not_told_and_erasures_are() {
    let temp = Temp::new();
    let outbox = temp.outbox();
    store(&outbox, 0..2);
    let office = Office {
        by: "dpo",
        ground: "request",
        at: Timestamp(1),
    };
    outbox
        .erase_alert(sample("m0").facts.id, &office)
        .expect("it is erased");
    let sink = Scripted::default();
    let plans = vec![quick("one", sink.clone())];
    let delivery = Delivery::start(Arc::clone(&outbox), plans).expect("threads");
    assert!(delivery.drain(LONG));
    let taken = sink.taken.lock().expect("whole");
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].id(), sample("m1").facts.id.to_string());
    let Told::Note(Note::Erased { ids, .. }) = &taken[1].told else {
        panic!("the erasure is told");
    };
    assert_eq!(*ids, [sample("m0").facts.id]);
}

#[test]
fn sinks_are_told_no_more_than_is_granted() {
    for (tell, told) in [(Grant::Offsets, false), (Grant::Span, true)] {
        let temp = Temp::new();
        let outbox = temp.outbox();
        let policy = EvidencePolicy {
            tell,
            ..EvidencePolicy::default()
        };
        outbox
            .store(vec![sample("m1")], &policy)
            .expect("it is stored");
        let sink = Scripted::default();
        let plans = vec![quick("one", sink.clone())];
        let delivery = Delivery::start(Arc::clone(&outbox), plans).expect("threads");
        assert!(delivery.drain(LONG));
        let taken = sink.taken.lock().expect("whole");
        assert_eq!(format!("{taken:?}").contains(CANARY), told);
    }
}

#[test]
fn a_sink_on_request_is_told_of_those_who_asked_alone() {
    let temp = Temp::new();
    let outbox = temp.outbox();
    let asked = sample("m1").also_to(&["desk"]);
    let id = asked.facts.id;
    outbox
        .store(vec![asked, sample("m2")], &EvidencePolicy::default())
        .expect("they are stored");
    let office = Office {
        by: "dpo",
        ground: "a request",
        at: now(),
    };
    for message in ["m1", "m2"] {
        outbox
            .erase_alert(sample(message).facts.id, &office)
            .expect("it is erased");
    }
    outbox
        .store(
            vec![sample("m3").also_to(&["desk", "other"])],
            &EvidencePolicy::default(),
        )
        .expect("it is stored");
    let (all, desk) = (Scripted::default(), Scripted::default());
    let mut on_request = quick("desk", desk.clone());
    on_request.on_request = true;
    let plans = vec![quick("all", all.clone()), on_request];
    let delivery = Delivery::start(Arc::clone(&outbox), plans).expect("threads");
    assert!(delivery.drain(LONG));
    let (all, desk) = (
        all.taken.lock().expect("whole"),
        desk.taken.lock().expect("whole"),
    );
    assert_eq!((all.len(), desk.len()), (3, 2));
    let Told::Note(Note::Erased { ids, records, .. }) = &desk[0].told else {
        panic!("the erasure is told");
    };
    assert_eq!((&**ids, records.is_empty()), (&[id][..], true));
    let Told::Alert(alert) = &desk[1].told else {
        panic!("the alert is told");
    };
    // Which others are told is nobody's business.
    assert_eq!(alert.particulars.message, "m3");
    assert!(alert.facts.sinks.is_empty());
    let cursors = outbox.cursors();
    assert_eq!(cursors["desk"].seq, cursors["all"].seq);
}

#[test]
fn muting_spares_the_sink_and_not_the_record() {
    let temp = Temp::new();
    let outbox = temp.outbox();
    let mut alerts = Vec::new();
    for n in 0..6 {
        let mut alert = sample(&format!("m{n}"));
        alert.facts.raised.0 += n * 20;
        alerts.push(alert);
    }
    alerts[5].facts.tenant = "other".to_owned();
    outbox
        .store(alerts, &EvidencePolicy::default())
        .expect("they are stored");
    // Tried again after a failure, the first of its kind is still told.
    let sink = Scripted::new([retry()]);
    let mut plan = quick("one", sink.clone());
    plan.notify = Notify {
        group: None,
        dedup: Some(Grouping {
            seconds: 50,
            by: vec![Field::Tenant, Field::Rule, Field::Sender],
        }),
        silences: vec![Silence {
            tenant: Some("other".to_owned()),
            rule: None,
            category: Some("fraud".to_owned()),
            until: Timestamp(1_795_428_000 + 1_000),
            reason: "known".to_owned(),
        }],
    };
    let delivery = Delivery::start(Arc::clone(&outbox), vec![plan]).expect("threads");
    assert!(delivery.drain(LONG));
    let told = unique(sink.ids());
    let expected = [0, 3].map(|n| sample(&format!("m{n}")).facts.id.to_string());
    assert_eq!(told, unique(expected.to_vec()));
    let cursor = outbox.cursors()["one"].clone();
    assert_eq!((cursor.muted, cursor.delivered), (4, 2));
    assert_eq!(outbox.read(1, 10).expect("it can be read").len(), 6);
}

#[test]
fn a_group_is_one_notice() {
    let temp = Temp::new();
    let outbox = temp.outbox();
    store(&outbox, 0..5);
    let mut other = sample("m9");
    other.facts.rule = "acme.custom/other".to_owned();
    outbox
        .store(vec![other.clone()], &EvidencePolicy::default())
        .expect("it is stored");
    let sink = Scripted::default();
    let mut plan = quick("one", sink.clone());
    plan.notify.group = Some(Grouping {
        seconds: 0,
        by: vec![Field::Rule],
    });
    let delivery = Delivery::start(Arc::clone(&outbox), vec![plan]).expect("threads");
    assert!(delivery.drain(LONG));
    let taken = sink.taken.lock().expect("whole");
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].grouped.len(), 4);
    assert_eq!(taken[1].id(), other.facts.id.to_string());
    assert_eq!(outbox.cursors()["one"].delivered, 6);
}

#[cfg(feature = "alert-jsonl")]
fn lines(path: &Path) -> Vec<serde_json::Value> {
    std::fs::read_to_string(path)
        .expect("it is there")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect()
}

#[cfg(feature = "alert-jsonl")]
#[test]
fn files_hold_whole_lines_and_are_rotated() {
    let temp = Temp::new();
    let path = temp.0.join("alerts.jsonl");
    let notice = |n: u64| Notice {
        head: crate::alert::chain::Head {
            seq: n,
            hash: crate::alert::chain::ChainHash([n as u8; 32]),
        },
        told: Told::Alert(Box::new(sample(&format!("m{n}")))),
        grouped: Vec::new(),
    };
    let mut sink = Jsonl::new(&path);
    assert_eq!(sink.deliver(&[notice(1), notice(2)]).done, 2);
    drop(sink);
    // A crash left half a line.
    let whole = std::fs::read(&path).expect("it is there");
    let mut torn = whole.clone();
    torn.extend_from_slice(&whole[..whole.len() / 3]);
    std::fs::write(&path, torn).expect("it is written");
    let mut sink = Jsonl::new(&path).rotation(whole.len() as u64 + 1, 2);
    for n in 3..9 {
        assert_eq!(sink.deliver(&[notice(n)]).stop, None);
    }
    let (old, older) = (temp.0.join("alerts.jsonl.1"), temp.0.join("alerts.jsonl.2"));
    assert!(!temp.0.join("alerts.jsonl.3").exists());
    let mut seqs = Vec::new();
    for file in [&older, &old, &path] {
        seqs.extend(
            lines(file)
                .iter()
                .map(|line| line["data"]["chain"]["seq"].as_u64().expect("a number")),
        );
    }
    let last: Vec<u64> = (9 - seqs.len() as u64..9).collect();
    assert_eq!(seqs, last);
    assert!(seqs.len() >= 6);
    // A file that cannot be written is said so, and nothing is taken.
    let mut nowhere = Jsonl::new(temp.0.join("missing/alerts.jsonl"));
    let progress = nowhere.deliver(&[notice(1)]);
    assert_eq!(progress.done, 0);
    assert!(matches!(progress.stop, Some(Stop::Retry { .. })));
}

#[cfg(feature = "alert-syslog")]
#[test]
fn syslog_counts_octets_and_connects_again() {
    use std::io::Read;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let temp = Temp::new();
    let outbox = temp.outbox();
    store(&outbox, 0..1);
    let sink = Syslog::new(&format!("tcp://127.0.0.1:{port}"), "gate 1").expect("an address");
    let plans = vec![quick("syslog", sink)];
    let delivery = Delivery::start(Arc::clone(&outbox), plans).expect("threads");
    let mut frames = Vec::new();
    for n in 0..2 {
        let (mut stream, _) = listener.accept().expect("it connects");
        assert!(delivery.drain(LONG));
        let mut bytes = [0; 8192];
        let read = stream.read(&mut bytes).expect("it sends");
        frames.push(String::from_utf8_lossy(&bytes[..read]).into_owned());
        // The server hangs up; the next alert goes over a new connection.
        drop(stream);
        std::thread::sleep(Duration::from_millis(50));
        store(&outbox, n + 1..n + 2);
    }
    for frame in &frames {
        let (length, message) = frame.split_once(' ').expect("a length");
        assert_eq!(length.parse(), Ok(message.len()));
        assert!(message.starts_with("<131>1 2026-11-23T10:00:00Z gate1 tidegate - alert - CEF:0|"));
        assert!(!message.contains(CANARY));
    }
    assert_ne!(frames[0], frames[1]);
    assert!(Syslog::new("http://x", "h").is_err() && Syslog::new("tcp://x", "h").is_err());
}

#[cfg(feature = "alert-webhook")]
mod http {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::Instant;

    use super::*;

    /// What a receiver does with a request.
    #[derive(Clone, Copy, Debug)]
    enum Does {
        Answers(u16, &'static str),
        /// Reads all, and closes within the status line.
        ClosesHalfWay,
        /// Closes at once.
        Refuses,
        /// Says nothing for longer than the time-out.
        Hangs,
        /// Answers, after a while.
        Dawdles,
    }

    struct Request {
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    }

    impl Request {
        fn header(&self, name: &str) -> &str {
            let found = self.headers.iter().find(|(key, _)| key == name);
            found.map_or("", |(_, value)| value)
        }
    }

    #[derive(Clone)]
    struct Receiver {
        url: String,
        requests: Arc<Mutex<Vec<Request>>>,
    }

    const TIMEOUT: Duration = Duration::from_millis(300);

    impl Receiver {
        /// Does what the script says, then answers 204. It ends with the test.
        fn start(script: Vec<Does>) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let port = listener.local_addr().expect("an address").port();
            let receiver = Self {
                url: format!("http://127.0.0.1:{port}/hook"),
                requests: Arc::default(),
            };
            let requests = Arc::clone(&receiver.requests);
            std::thread::spawn(move || {
                let mut script: VecDeque<Does> = script.into();
                for stream in listener.incoming() {
                    let does = script.pop_front().unwrap_or(Does::Answers(204, ""));
                    let Ok(stream) = stream else { return };
                    if matches!(does, Does::Refuses) {
                        continue;
                    }
                    let Some(request) = read(&stream) else {
                        continue;
                    };
                    requests.lock().expect("whole").push(request);
                    let mut stream = stream;
                    let answer = |status: u16, headers: &str| {
                        format!(
                            "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n{headers}\r\n"
                        )
                    };
                    let text = match does {
                        Does::Answers(status, headers) => answer(status, headers),
                        Does::ClosesHalfWay => "HTTP/1.1 20".to_owned(),
                        Does::Hangs => {
                            std::thread::sleep(TIMEOUT * 2);
                            continue;
                        }
                        Does::Dawdles => {
                            std::thread::sleep(TIMEOUT / 3);
                            answer(200, "")
                        }
                        Does::Refuses => continue,
                    };
                    let _ = stream.write_all(text.as_bytes());
                }
            });
            receiver
        }

        fn webhook(&self, keys: &[&str]) -> Webhook {
            let keys = keys
                .iter()
                .map(|key| SigningKey::parse(key).expect("a key"))
                .collect();
            let guard = Guard {
                loopback: true,
                private: false,
            };
            Webhook::new(&self.url, keys, guard)
                .expect("a webhook")
                .timeout(TIMEOUT)
        }
    }

    fn read(stream: &TcpStream) -> Option<Request> {
        let mut reader = BufReader::new(stream);
        let mut headers = Vec::new();
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        loop {
            line.clear();
            reader.read_line(&mut line).ok()?;
            let Some((key, value)) = line.trim().split_once(':') else {
                break;
            };
            headers.push((key.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(key, _)| key == "content-length")?;
        let mut body = vec![0; length.1.parse().ok()?];
        reader.read_exact(&mut body).ok()?;
        Some(Request { headers, body })
    }

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OLD: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
    const PAIR: &str = "whsk_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

    #[test]
    fn each_misbehaviour_is_survived() {
        let elsewhere = Receiver::start(Vec::new());
        let location = format!("location: {}\r\n", elsewhere.url);
        let location: &'static str = Box::leak(location.into_boxed_str());
        for does in [
            Does::Answers(429, "retry-after: 0\r\n"),
            Does::Answers(500, ""),
            Does::Answers(503, ""),
            Does::Answers(302, location),
            Does::Answers(307, location),
            Does::Answers(401, ""),
            Does::ClosesHalfWay,
            Does::Refuses,
            Does::Hangs,
            Does::Dawdles,
        ] {
            let temp = Temp::new();
            let outbox = temp.outbox();
            store(&outbox, 0..3);
            let receiver = Receiver::start(vec![does, Does::Answers(200, ""), does]);
            let plans = vec![quick("hook", receiver.webhook(&[SECRET]))];
            let delivery = Delivery::start(Arc::clone(&outbox), plans).expect("threads");
            assert!(delivery.drain(LONG), "{does:?}");
            let requests = receiver.requests.lock().expect("whole");
            let ids = requests
                .iter()
                .map(|request| request.header("webhook-id").to_owned())
                .collect();
            assert_eq!(unique(ids).len(), 3, "{does:?}");
        }
        assert!(elsewhere.requests.lock().expect("whole").is_empty());
    }

    #[test]
    fn gone_is_gone_and_refused_is_put_aside() {
        let temp = Temp::new();
        let outbox = temp.outbox();
        store(&outbox, 0..3);
        let receiver = Receiver::start(vec![Does::Answers(422, ""), Does::Answers(410, "")]);
        let plans = vec![quick("hook", receiver.webhook(&[SECRET]))];
        let delivery = Delivery::start(Arc::clone(&outbox), plans).expect("threads");
        assert!(delivery.drain(LONG));
        let cursor = outbox.cursors()["hook"].clone();
        assert_eq!(cursor.disabled.as_deref(), Some("answered 410"));
        assert_eq!((cursor.seq, cursor.dead), (1, 1));
        assert_eq!(
            outbox.dead("hook").expect("it is read")[0].reason,
            "answered 422"
        );
        assert_eq!(receiver.requests.lock().expect("whole").len(), 2);
    }

    #[test]
    fn retry_after_is_heeded() {
        let temp = Temp::new();
        let outbox = temp.outbox();
        store(&outbox, 0..1);
        let receiver = Receiver::start(vec![Does::Answers(429, "retry-after: 1\r\n")]);
        let began = Instant::now();
        let plans = vec![quick("hook", receiver.webhook(&[SECRET]))];
        let delivery = Delivery::start(Arc::clone(&outbox), plans).expect("threads");
        assert!(delivery.drain(LONG));
        assert!(began.elapsed() >= Duration::from_secs(1));
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_a_date() {
        use ureq::http::{HeaderMap, HeaderValue};
        let after = |value: &str| {
            let mut headers = HeaderMap::new();
            let value = HeaderValue::from_str(value).expect("a value");
            headers.insert("retry-after", value);
            webhook::retry_after(&headers).map(|wait| wait.as_secs())
        };
        assert_eq!(after("120"), Some(120));
        let soon = std::time::SystemTime::now() + Duration::from_secs(90);
        let wait = after(&httpdate::fmt_http_date(soon)).expect("a date");
        assert!((85..=90).contains(&wait), "{wait}");
        // In the past, and nonsense: as the pace says.
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT"), None);
        assert_eq!(after("soon"), None);
    }

    #[test]
    fn requests_are_cloud_events_signed_with_every_key() {
        let temp = Temp::new();
        let outbox = temp.outbox();
        store(&outbox, 0..1);
        let receiver = Receiver::start(vec![Does::Answers(500, "")]);
        let plans = vec![quick("hook", receiver.webhook(&[SECRET, OLD, PAIR]))];
        let delivery = Delivery::start(Arc::clone(&outbox), plans).expect("threads");
        assert!(delivery.drain(LONG));
        let requests = receiver.requests.lock().expect("whole");
        assert_eq!(requests.len(), 2);
        for request in requests.iter() {
            assert_eq!(
                request.header("content-type"),
                "application/cloudevents+json"
            );
            let id = request.header("webhook-id");
            let seconds = request
                .header("webhook-timestamp")
                .parse()
                .expect("seconds");
            let signatures: Vec<&str> = request.header("webhook-signature").split(' ').collect();
            let expected = [SECRET, OLD, PAIR].map(|key| {
                let key = SigningKey::parse(key).expect("a key");
                key.sign(id, seconds, &request.body)
            });
            assert_eq!(signatures, expected);
            let event: serde_json::Value = serde_json::from_slice(&request.body).expect("JSON");
            assert_eq!(event["id"], id);
            assert!(!event.to_string().contains(CANARY));
        }
        assert_eq!(
            requests[0].header("webhook-id"),
            requests[1].header("webhook-id")
        );
    }

    #[test]
    fn bodies_stay_below_what_the_standard_allows() {
        let mut alert = sample("m1");
        let span = alert.particulars.spans[0].clone();
        alert.particulars.spans = vec![span; 500];
        let temp = Temp::new();
        let outbox = temp.outbox();
        outbox
            .store(vec![alert], &EvidencePolicy::default())
            .expect("it is stored");
        let receiver = Receiver::start(Vec::new());
        let plans = vec![quick("hook", receiver.webhook(&[SECRET]))];
        let delivery = Delivery::start(Arc::clone(&outbox), plans).expect("threads");
        assert!(delivery.drain(LONG));
        let requests = receiver.requests.lock().expect("whole");
        assert!(requests[0].body.len() < 20_000);
        serde_json::from_slice::<serde_json::Value>(&requests[0].body).expect("JSON");
    }
}

/// With a real server, which `TIDEGATE_NATS_SERVER` names; the continuous checks set it.
#[cfg(feature = "alert-nats")]
#[test]
fn a_stream_takes_every_alert_once() {
    use std::process::{Child, Command, Stdio};

    struct Server(Child);

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    assert!(Nats::new("nats://example.com:4222", "alerts", None).is_err());
    assert!(Nats::new("nats://127.0.0.1:4222", "alerts.>", None).is_err());
    let Ok(program) = std::env::var("TIDEGATE_NATS_SERVER") else {
        return;
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let temp = Temp::new();
    let outbox = temp.outbox();
    store(&outbox, 0..5);
    let url = format!("nats://127.0.0.1:{port}");
    let sink = || Nats::new(&url, "tidegate.alerts", None).expect("a sink");
    // Nobody is there yet; then a server without the stream.
    let delivery = Delivery::start(Arc::clone(&outbox), vec![quick("nats", sink())]);
    let delivery = delivery.expect("threads");
    std::thread::sleep(Duration::from_millis(300));
    let start = || {
        let mut command = Command::new(&program);
        command
            .args(["-js", "-a", "127.0.0.1", "-p", &port.to_string(), "-sd"])
            .arg(temp.0.join("nats"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Server(command.spawn().expect("the server starts"))
    };
    let server = start();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let count = || {
        runtime.block_on(async {
            let mut tries = 0;
            let client = loop {
                match async_nats::connect(&url).await {
                    Ok(client) => break client,
                    Err(error) if tries > 100 => panic!("{error}"),
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
                tries += 1;
            };
            let mut stream = async_nats::jetstream::new(client)
                .get_or_create_stream(async_nats::jetstream::stream::Config {
                    name: "ALERTS".to_owned(),
                    subjects: vec!["tidegate.>".to_owned()],
                    ..Default::default()
                })
                .await
                .expect("a stream");
            stream.info().await.expect("it answers").state.messages
        })
    };
    assert_eq!(count(), 0);
    assert!(delivery.drain(LONG));
    assert_eq!(count(), 5);
    // The server is restarted under way, and everything is sent a second time: the stream knows the ids.
    drop(server);
    store(&outbox, 5..20);
    let _server = start();
    assert!(delivery.drain(LONG));
    assert_eq!(count(), 20);
    drop(delivery);
    outbox.advance("nats", crate::alert::outbox::Cursor::default());
    let delivery = Delivery::start(Arc::clone(&outbox), vec![quick("nats", sink())]);
    assert!(delivery.expect("threads").drain(LONG));
    assert_eq!(count(), 20);
}
