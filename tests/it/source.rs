//! A folder as the source of tenants: whatever is written into it, the last good version of each tenant stays live.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tidegate::adapter::source::{Folder, Synced, Watch};
use tidegate::registry::{By, Registry};
use tidegate::{Action, Message, Scanner};

use crate::registry::from_env;
use crate::tenants::{NOW, base};

/// A folder of its own, removed at the end.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("tidegate-source-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("live")).expect("a folder");
        Self(path)
    }

    fn live(&self) -> PathBuf {
        self.0.join("live")
    }

    /// In place, as an editor or a copy does that does not rename.
    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.live().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn open(&self) -> (Folder, Registry, Synced) {
        let opened = Folder::open(&self.live(), vec![base()], NOW);
        let (folder, registry, synced) = opened.unwrap_or_else(|problems| panic!("{problems}"));
        (folder.grace(Duration::ZERO), registry, synced)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn words(version: &str, word: &str) -> String {
    format!(
        "format = 1\n[pack]\nid = \"acme.words\"\nversion = \"{version}\"\n[[rule]]\nid = \"words\"\ncategory = \"house.words\"\naction = \"block\"\nterms = [\"{word}\"]\n[rule.samples]\nmatch = [\"{word}\"]\npass = [\"nothing\"]\n"
    )
}

const ACME: &str = "[tenant]\nid = \"acme\"\npacks = [\"acme/words.toml\"]\n";

fn judge(registry: &Registry, text: &str) -> Result<Action, Action> {
    let message = Message::text(text).tenant("acme");
    Scanner::new()
        .scan_live(&registry.snapshot(), &message, NOW)
        .map(|verdict| verdict.action)
        .map_err(|unknown| unknown.answer)
}

fn codes(synced: &Synced) -> Vec<&'static str> {
    synced
        .refused
        .iter()
        .flat_map(|(_, problems)| problems.iter().map(|problem| problem.code))
        .collect()
}

#[test]
fn a_folder_is_read_and_followed() {
    let home = Home::new("follow");
    home.write("acme.tenant.toml", ACME);
    home.write("acme/words.toml", words("1.0.0", "teapot"));
    home.write("other/tenant.toml", "[tenant]\nid = \"other\"\n");
    let (mut folder, registry, synced) = home.open();
    assert_eq!(synced.set.len(), 2, "{:?}", synced.refused);
    assert_eq!(judge(&registry, "a teapot"), Ok(Action::Block));

    let version = registry.snapshot().version();
    assert!(folder.sync(&registry, None, NOW).set.is_empty());
    assert_eq!(registry.snapshot().version(), version, "nothing changed");

    home.write("acme/words.toml", words("1.1.0", "saucer"));
    let synced = folder.sync(&registry, None, NOW);
    assert_eq!(synced.set.len(), 1, "that tenant alone");
    assert_eq!(judge(&registry, "a saucer"), Ok(Action::Block));

    // An operator's rollback is not undone by files that stay as they are.
    let before = registry.history()[1].snapshot.fingerprint();
    registry
        .roll_back(&before, &By::new("desk", "saucers", NOW))
        .expect("it is kept");
    folder.sync(&registry, None, NOW);
    assert_eq!(judge(&registry, "a saucer"), Ok(Action::Pass));

    fs::remove_dir_all(home.live().join("other")).expect("it is there");
    folder.sync(&registry, None, NOW);
    let synced = folder.sync(&registry, None, NOW);
    assert!(synced.removed.len() <= 1 && registry.snapshot().len() == 1);
    // A folder that lost everything is no order to remove everybody.
    fs::remove_file(home.live().join("acme.tenant.toml")).expect("it is there");
    let synced = folder.sync(&registry, None, NOW);
    assert_eq!(codes(&synced), ["unreadable"]);
    assert_eq!(judge(&registry, "a teapot"), Ok(Action::Block));
}

/// `TIDEGATE_BAD_FILES` bad files, one after another, in place of a good one: cut off, garbled, older, weakening, in no encoding, gone. A pack that is
/// cut off where a table ends is a shorter pack; sums and signatures tell those, below.
#[test]
fn bad_files_leave_the_last_good_version() {
    let many = from_env("TIDEGATE_BAD_FILES", 60);
    let home = Home::new("bad");
    home.write("acme.tenant.toml", ACME);
    home.write("acme/words.toml", words("2.0.0", "teapot"));
    let (mut folder, registry, _) = home.open();
    let live = registry.snapshot().fingerprint();
    for n in 0..many {
        let good = words(&format!("3.0.{n}"), "saucer");
        let (name, bad): (&str, Vec<u8>) = match n % 6 {
            0 => (
                "acme/words.toml",
                good.as_bytes()[..20 + n as usize % 30].to_vec(),
            ),
            1 => (
                "acme/words.toml",
                good.replace("terms", &format!("tems{n}")).into(),
            ),
            2 => (
                "acme/words.toml",
                words(&format!("1.0.{n}"), "saucer").into(),
            ),
            3 => (
                "acme.tenant.toml",
                format!("{ACME}on_partial = \"pass\" # {n}\n").into(),
            ),
            4 => (
                "acme/words.toml",
                [good.as_bytes(), &[0xff, n as u8]].concat(),
            ),
            _ => (
                "acme.tenant.toml",
                ACME.replace("words", &format!("none{n}")).into(),
            ),
        };
        home.write(name, bad);
        let synced = folder.sync(&registry, None, NOW);
        assert_eq!(synced.refused.len(), 1, "{n}");
        assert_eq!(registry.snapshot().fingerprint(), live, "{n}");
        home.write("acme.tenant.toml", ACME);
        home.write("acme/words.toml", words("2.0.0", "teapot"));
        folder.sync(&registry, None, NOW);
        assert_eq!(folder.refused().count(), 0, "{n}: good again");
        assert_eq!(judge(&registry, "a teapot"), Ok(Action::Block));
    }
    assert_eq!(registry.counts().refused, many);
}

/// What was live is remembered over a restart: an older pack stays out, also of a tenant that was removed. A damaged memory is told, never trusted.
#[test]
fn a_restart_forgets_no_version() {
    let home = Home::new("restart");
    let memory = home.0.join("versions");
    let open = || Folder::open_remembering(&home.live(), vec![base()], NOW, &memory);
    home.write("acme.tenant.toml", ACME);
    home.write("acme/words.toml", words("2.0.0", "teapot"));
    let (_, registry, synced) = open().unwrap_or_else(|problems| panic!("{problems}"));
    assert!(synced.refused.is_empty(), "{:?}", synced.refused);
    assert_eq!(judge(&registry, "a teapot"), Ok(Action::Block));

    home.write("acme/words.toml", words("1.9.0", "saucer"));
    let (_, registry, synced) = open().unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(codes(&synced), ["older-pack"]);
    assert_eq!(judge(&registry, "a saucer"), Err(Action::Review));
    // And once more: what was refused is not what is remembered.
    let (mut folder, registry, synced) = open().unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(codes(&synced), ["older-pack"]);
    home.write("acme/words.toml", words("2.1.0", "saucer"));
    assert_eq!(folder.sync(&registry, None, NOW).set.len(), 1);
    assert_eq!(judge(&registry, "a saucer"), Ok(Action::Block));

    let whole = fs::read(&memory).expect("a file");
    // All but the last line break.
    for cut in 0..whole.len() - 1 {
        fs::write(&memory, &whole[..cut]).expect("a file");
        assert!(open().is_err(), "{cut} bytes of it");
    }
    for at in 0..whole.len() {
        let mut garbled = whole.clone();
        garbled[at] ^= 1;
        fs::write(&memory, garbled).expect("a file");
        assert!(open().is_err(), "byte {at}");
    }
    fs::write(&memory, &whole).expect("a file");
    assert!(open().is_ok());
}

/// A process that is killed while it writes a pack, `TIDEGATE_KILLS` times: what is live is the last whole version.
#[cfg(unix)]
#[test]
fn a_writer_that_is_killed_leaves_the_last_good_version() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    use std::time::Instant;

    const ROLE: &str = "TIDEGATE_TEST_WRITES";
    const NAME: &str = "source::a_writer_that_is_killed_leaves_the_last_good_version";
    if let Some(path) = std::env::var_os(ROLE) {
        // The process that is killed: the same file again and again, a few bytes at a time. It ends by itself if nobody does that.
        let text = fs::read(PathBuf::from(&path).with_extension("next")).expect("what to write");
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) {
            let mut file = fs::File::create(&path).expect("a file");
            for part in text.chunks(3) {
                file.write_all(part).expect("it is written");
                std::thread::sleep(Duration::from_micros(30));
            }
        }
        return;
    }
    let kills = from_env("TIDEGATE_KILLS", 12);
    let home = Home::new("killed");
    let pack = home.live().join("acme/words.toml");
    let sums = |text: &str| {
        let of = format!(
            "{}  acme.tenant.toml\n{}  acme/words.toml\n",
            blake3_of(ACME),
            blake3_of(text)
        );
        home.write("B3SUMS", of);
    };
    home.write("acme.tenant.toml", ACME);
    let first = words("1.0.0", "teapot0");
    sums(&first);
    home.write("acme/words.toml", &first);
    let (mut live, mut left_over) = (0, first.into_bytes());
    let (mut folder, registry, synced) = home.open();
    assert!(synced.refused.is_empty(), "{:?}", synced.refused);
    let mut cut = 0;
    for n in 1..=kills {
        let next = words(&format!("1.{n}.0"), &format!("teapot{n}"));
        sums(&next);
        fs::write(pack.with_extension("next"), &next).expect("a file");
        let mut writer = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", NAME, "--test-threads", "1"])
            .env(ROLE, &pack)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        // Until it writes, and then a while that differs.
        let began = Instant::now();
        while fs::read(&pack).is_ok_and(|now| now == left_over)
            && began.elapsed() < Duration::from_secs(10)
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(n * 1_733 % 20_000));
        folder.sync(&registry, None, NOW);
        writer.kill().expect("it runs");
        writer.wait().expect("it ended");
        folder.sync(&registry, None, NOW);
        let left = fs::read(&pack).expect("a file");
        let whole = left == next.as_bytes();
        cut += u64::from(!whole);
        // A look while it wrote may have found it whole.
        let new = judge(&registry, &format!("a teapot{n}")) == Ok(Action::Block);
        let old = judge(&registry, &format!("a teapot{live}")) == Ok(Action::Block);
        assert!(new != old, "kill {n}: one version is live, and no mix");
        assert!(new || !whole, "kill {n}: the whole version is live");
        if new {
            live = n;
        }
        left_over = left;
    }
    assert!(cut > 0, "no kill of {kills} cut a file");
}

/// Every prefix of a file, as a writer that is killed leaves it: with `B3SUMS`, none of them goes live.
#[test]
fn cut_off_files_are_told_by_their_sums() {
    let home = Home::new("sums");
    let sums = |pack: &str| {
        format!(
            "{}  acme.tenant.toml\n{}  acme/words.toml\n",
            blake3_of(ACME),
            blake3_of(pack)
        )
    };
    let good = words("1.0.0", "teapot");
    home.write("acme.tenant.toml", ACME);
    home.write("acme/words.toml", &good);
    home.write("B3SUMS", sums(&good));
    let (mut folder, registry, synced) = home.open();
    assert!(synced.refused.is_empty(), "{:?}", synced.refused);
    let next = format!(
        "{}{}",
        words("1.1.0", "saucer"),
        "[[rule]]\nid = \"more\"\ncategory = \"house.more\"\nterms = [\"cup\"]\n[rule.samples]\nmatch = [\"cup\"]\npass = [\"-\"]\n"
    );
    for cut in (0..next.len()).step_by(7) {
        home.write("acme/words.toml", &next.as_bytes()[..cut]);
        let synced = folder.sync(&registry, None, NOW);
        assert!(synced.set.is_empty());
        assert_eq!(judge(&registry, "a teapot"), Ok(Action::Block), "{cut}");
    }
    home.write("acme/words.toml", &next);
    home.write("B3SUMS", sums(&next));
    assert_eq!(folder.sync(&registry, None, NOW).set.len(), 1);
    assert_eq!(judge(&registry, "a saucer"), Ok(Action::Block));
    fs::remove_file(home.live().join("B3SUMS")).expect("it is there");
    assert_eq!(codes(&folder.sync(&registry, None, NOW)), ["unreadable"]);
}

fn blake3_of(text: &str) -> String {
    use std::fmt::Write as _;
    let mut hex = String::new();
    for byte in blake3::hash(text.as_bytes()).as_bytes() {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[test]
fn two_files_of_one_tenant_and_paths_that_lead_out_are_refused() {
    let home = Home::new("twice");
    home.write("acme.tenant.toml", "[tenant]\nid = \"acme\"\n");
    home.write("zebra/tenant.toml", "[tenant]\nid = \"acme\"\n");
    home.write(
        "out.tenant.toml",
        "[tenant]\nid = \"out\"\npacks = [\"../../etc/hostname\"]\n",
    );
    let (_, registry, synced) = home.open();
    let mut told = codes(&synced);
    told.sort_unstable();
    assert_eq!(told, ["duplicate-tenant", "unreadable"]);
    assert_eq!(registry.snapshot().len(), 1);
}

/// `TIDEGATE_SWAPS` whole folders, put in the place of the other as Kubernetes does it: a link `..data` that is renamed over the one before.
#[cfg(unix)]
#[test]
fn folders_are_swapped_whole() {
    use std::os::unix::fs::symlink;

    let swaps = from_env("TIDEGATE_SWAPS", 30);
    let home = Home::new("swaps");
    let put = |n: u64| {
        let state = format!("..state{n}");
        home.write(
            &format!("{state}/acme.tenant.toml"),
            ACME.replace("acme/words", "words"),
        );
        home.write(
            &format!("{state}/words.toml"),
            words(
                &format!("1.0.{n}"),
                &format!("teapot{}", char::from(b'a' + (n % 26) as u8)),
            ),
        );
        let (link, data) = (home.live().join("..next"), home.live().join("..data"));
        let _ = fs::remove_file(&link);
        symlink(&state, &link).expect("a link");
        fs::rename(&link, &data).expect("it is swapped");
        if n > 1 {
            fs::remove_dir_all(home.live().join(format!("..state{}", n - 2))).expect("it is there");
        }
    };
    put(0);
    let (folder, registry, synced) = home.open();
    assert!(synced.refused.is_empty(), "{:?}", synced.refused);
    let watch = Watch::start(folder, registry.clone(), || NOW, |_| {}).expect("it can be watched");
    for n in 1..=swaps {
        put(n);
        // Some while nothing else happens, most one after another.
        if n % 10 == 0 {
            std::thread::sleep(Duration::from_millis(30));
        }
        assert!(
            judge(&registry, "hello").is_ok(),
            "{n}: the tenant is live throughout"
        );
    }
    let last = format!("teapot{}", char::from(b'a' + (swaps % 26) as u8));
    assert!(
        eventually(|| judge(&registry, &last) == Ok(Action::Block)),
        "the last swap is live"
    );
    drop(watch);
}

#[test]
fn changes_are_heard_of() {
    let home = Home::new("watch");
    home.write("acme.tenant.toml", ACME);
    home.write("acme/words.toml", words("1.0.0", "teapot"));
    let (folder, registry, _) = home.open();
    let watch = Watch::start(folder, registry.clone(), || NOW, |_| {}).expect("it can be watched");
    for (n, word) in ["saucer", "cup"].into_iter().enumerate() {
        // A rename over the file, twice: who watches the file itself misses the second.
        let next = home.live().join("acme/.next");
        fs::write(&next, words(&format!("1.{n}.1"), word)).expect("a file");
        fs::rename(next, home.live().join("acme/words.toml")).expect("it is renamed");
        assert!(
            eventually(|| judge(&registry, word) == Ok(Action::Block)),
            "{word}"
        );
    }
    home.write("acme/words.toml", "broken = ");
    assert!(eventually(|| registry.counts().refused > 0));
    assert_eq!(judge(&registry, "a cup"), Ok(Action::Block));
    // The whole folder is moved away and another put in its place.
    fs::rename(home.live(), home.0.join("old")).expect("it is moved");
    assert_eq!(judge(&registry, "a cup"), Ok(Action::Block));
    home.write("acme.tenant.toml", ACME);
    home.write("acme/words.toml", words("2.0.0", "spoon"));
    assert!(eventually(
        || judge(&registry, "a spoon") == Ok(Action::Block)
    ));
    drop(watch);
}

fn eventually(holds: impl Fn() -> bool) -> bool {
    (0..400).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        holds()
    })
}

#[test]
fn packs_are_signed_by_a_key_that_is_known() {
    let trusted = minisign::KeyPair::generate_unencrypted_keypair().expect("keys");
    let other = minisign::KeyPair::generate_unencrypted_keypair().expect("keys");
    let home = Home::new("signed");
    let sign = |pair: &minisign::KeyPair, pack: &str, comment: &str| {
        let signature = minisign::sign(None, &pair.sk, pack.as_bytes(), Some(comment), None);
        signature.expect("it is signed").into_string()
    };
    let put = |pack: &str, signature: Option<String>| {
        home.write("acme/words.toml", pack);
        let path = home.live().join("acme/words.toml.minisig");
        match signature {
            Some(signature) => fs::write(path, signature).expect("a file"),
            None => drop(fs::remove_file(path)),
        }
    };
    let comment = |version: &str| format!("tenant:acme pack:acme.words version:{version}");
    home.write(
        "operator.toml",
        format!("[operator]\nkeys = [\"{}\"]\n", trusted.pk.to_base64()),
    );
    home.write("acme.tenant.toml", ACME);
    let first = words("1.1.0", "teapot");
    put(&first, Some(sign(&trusted, &first, &comment("1.1.0"))));
    let (mut folder, registry, synced) = home.open();
    assert!(synced.refused.is_empty(), "{:?}", synced.refused);
    let live = registry.snapshot().fingerprint();

    let next = words("1.2.0", "saucer");
    let older = words("1.0.0", "saucer");
    let again = words("1.1.0", "saucer");
    let good = sign(&trusted, &next, &comment("1.2.0"));
    for (why, code, pack, signature) in [
        ("unsigned", "unsigned-pack", &next, None),
        (
            "another key",
            "bad-signature",
            &next,
            Some(sign(&other, &next, &comment("1.2.0"))),
        ),
        (
            "altered",
            "bad-signature",
            &next.replace("saucer", "cup"),
            Some(good.clone()),
        ),
        (
            "garbled",
            "bad-signature",
            &next,
            Some("untrusted comment: x\nAAAA\n".to_owned()),
        ),
        (
            "of another tenant",
            "bad-signature",
            &next,
            Some(sign(
                &trusted,
                &next,
                "tenant:other pack:acme.words version:1.2.0",
            )),
        ),
        (
            "of another pack",
            "bad-signature",
            &next,
            Some(sign(
                &trusted,
                &next,
                "tenant:acme pack:acme.more version:1.2.0",
            )),
        ),
        (
            "of another version",
            "bad-signature",
            &next,
            Some(sign(&trusted, &next, &comment("1.3.0"))),
        ),
        (
            "older",
            "older-pack",
            &older,
            Some(sign(&trusted, &older, &comment("1.0.0"))),
        ),
        (
            "replaced",
            "older-pack",
            &again,
            Some(sign(&trusted, &again, &comment("1.1.0"))),
        ),
    ] {
        put(pack, signature);
        let synced = folder.sync(&registry, None, NOW);
        assert_eq!(codes(&synced), [code], "{why}: {:?}", synced.refused);
        assert_eq!(registry.snapshot().fingerprint(), live, "{why}");
    }
    put(&next, Some(good));
    assert_eq!(folder.sync(&registry, None, NOW).set.len(), 1);
    assert_eq!(judge(&registry, "a saucer"), Ok(Action::Block));
}

/// The operator's file: a bad one changes nothing, a good one holds for all.
#[test]
fn the_operators_file_is_followed() {
    let home = Home::new("operator");
    home.write(
        "acme.tenant.toml",
        "[tenant]\nid = \"acme\"\njurisdictions = [\"EU\"]\n",
    );
    let (mut folder, registry, _) = home.open();
    assert_eq!(judge(&registry, "a kettle"), Ok(Action::Review));
    home.write(
        "operator.toml",
        "[floor.scenes.group]\nreview = \"block\"\n[regional]\nEU = [\"eu.toml\"]\n",
    );
    assert_eq!(
        folder.sync(&registry, None, NOW).refused.len(),
        1,
        "its pack is missing"
    );
    assert_eq!(judge(&registry, "a kettle"), Ok(Action::Review));
    home.write("eu.toml", words("1.0.0", "tramway stop"));
    let synced = folder.sync(&registry, None, NOW);
    assert!(
        synced.shared && synced.refused.is_empty(),
        "{:?}",
        synced.refused
    );
    assert_eq!(judge(&registry, "a kettle"), Ok(Action::Block));
    assert_eq!(judge(&registry, "a tramway stop"), Ok(Action::Block));
    home.write("operator.toml", "[floor.scenes.group]\nreview = \"pass\"\n");
    assert_eq!(codes(&folder.sync(&registry, None, NOW)), ["weakened"]);
    assert_eq!(judge(&registry, "a kettle"), Ok(Action::Block));
}
