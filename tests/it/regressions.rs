//! Every input that ever broke something, and one of each kind that never did, through the body that it broke.
//!
//! `tests/data/regressions/<body>/<name>`, and the seeds of the fuzz targets.

use std::fs;
use std::path::Path;

use tidegate::fuzzing;

type Body = fn(&[u8]);

/// The bodies, by the name of their fuzz target.
const BODIES: [(&str, Body); 4] = [
    ("pack", fuzzing::pack),
    ("relation", fuzzing::relation),
    ("steps", fuzzing::steps),
    ("verdict", fuzzing::verdict),
];

#[test]
fn nothing_breaks_twice() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut replayed = 0;
    for (name, body) in BODIES {
        for folder in ["tests/data/regressions", "fuzz/seeds"] {
            let Ok(entries) = fs::read_dir(root.join(folder).join(name)) else {
                // The published crate holds no `fuzz`.
                continue;
            };
            for entry in entries {
                let path = entry.expect("the folder can be read").path();
                let data = fs::read(&path).expect("a regression can be read");
                let result = std::panic::catch_unwind(|| body(&data));
                assert!(
                    result.is_ok(),
                    "{} breaks again; the panic above says how",
                    path.display()
                );
                replayed += 1;
            }
        }
    }
    assert!(replayed > 0);
}

#[test]
fn every_regression_has_a_body() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/regressions");
    for entry in fs::read_dir(root).expect("there are regressions") {
        let name = entry.expect("the folder can be read").file_name();
        assert!(
            BODIES.iter().any(|(body, _)| *body == name),
            "{name:?} is no body"
        );
    }
}
