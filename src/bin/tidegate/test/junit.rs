//! The results as JUnit XML, which CI servers show: a suite a pack, a class a rule, a case a sample.

use std::fmt::Write;

use tidegate::selftest::{Outcome, Report, Tested};

use super::{Places, counts, kind, near, skipped, wrong};

pub(super) fn write(report: &Report, places: &Places<'_>) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"tidegate test\">\n",
    );
    for (pack, count) in counts(report) {
        let tests = count.held + count.failed + count.skipped;
        // A string takes all that is written.
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">",
            escaped(&pack),
            count.failed,
            count.skipped
        );
        for tested in report.samples.iter().filter(|tested| tested.pack == pack) {
            let _ = case(&mut out, tested, places);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(out: &mut String, tested: &Tested, places: &Places<'_>) -> std::fmt::Result {
    let (file, line) = places.of(tested);
    write!(
        out,
        "    <testcase classname=\"{}\" name=\"{} in line {line}: {}\" file=\"{}\" line=\"{line}\"",
        escaped(&tested.rule),
        kind(tested.kind),
        escaped(&tested.text),
        escaped(file)
    )?;
    match &tested.outcome {
        Outcome::Held => writeln!(out, "/>"),
        Outcome::Skipped(why) => {
            writeln!(
                out,
                "><skipped message=\"{}\"/></testcase>",
                escaped(skipped(*why))
            )
        }
        Outcome::Failed(failure) => {
            writeln!(
                out,
                ">\n      <failure message=\"{}\">text: {}\nfolded: {}",
                escaped(&wrong(failure.what)),
                escaped(&tested.text),
                escaped(&failure.folded)
            )?;
            if let Some(nearest) = &failure.nearest {
                writeln!(out, "nearest: {}", escaped(&near(nearest, &tested.text)))?;
            }
            if let Some(rule) = failure.rule(&tested.rule) {
                let held = if rule.when.held {
                    "holds"
                } else {
                    "does not hold"
                };
                writeln!(out, "condition: {}, which {held}", escaped(&rule.when.says))?;
            }
            writeln!(out, "      </failure>\n    </testcase>")
        }
    }
}

/// Text in XML, where characters that XML cannot hold are shown by their number.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                out.push_str(&format!("&lt;{:04X}&gt;", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}
