//! The operator's file on the command line: the floor, base rules in shadow, and the packs of jurisdictions.

use std::path::Path;
use std::sync::Arc;

use tidegate::Ruleset;
use tidegate::pack::{Operator, Pack};

use crate::Broke;
use crate::packs::{self, home_of, inside, load, read_source, report};

/// An operator's file, and the packs that it names.
#[derive(Default)]
pub(crate) struct OperatorFile {
    pub(crate) operator: Operator,
    pub(super) regional: Vec<(Arc<str>, Vec<Pack>)>,
}

impl OperatorFile {
    /// The file, if one is named; otherwise what holds without one.
    pub(crate) fn load(path: Option<&Path>) -> Result<Self, Broke> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let name = path.display().to_string();
        let operator = match Operator::parse(&name, &read_source(path)?) {
            Ok(parsed) => {
                packs::draw(&parsed.warnings)?;
                parsed.operator
            }
            Err(problems) => return Err(packs::unusable(&name, "operator's file", &problems)?),
        };
        let mut regional = Vec::new();
        for region in &operator.regional {
            let mut read = Vec::new();
            for pack in &region.packs {
                let file = inside(home_of(path), &pack.value).map_err(|why| {
                    Broke::Usage(format!("{name}: the pack {}: {why}", pack.value))
                })?;
                let loaded = load(&file)?;
                report(&loaded)?;
                read.extend(loaded.pack);
            }
            regional.push((Arc::clone(&region.list), read));
        }
        Ok(Self { operator, regional })
    }

    /// The rulesets of jurisdictions, locked.
    pub(crate) fn regional(&self) -> Result<Vec<(Arc<str>, Ruleset)>, Broke> {
        self.regional
            .iter()
            .map(|(list, read)| Ok((Arc::clone(list), packs::compile(read.clone(), true)?)))
            .collect()
    }

    /// Whether what the file names is there, in `base` or the rulesets of jurisdictions.
    pub(crate) fn check(&self, rulesets: &[&Ruleset]) -> Result<(), Broke> {
        match self.operator.check(rulesets) {
            Ok(()) => Ok(()),
            Err(problems) => Err(packs::unusable(
                "named with `--operator`",
                "operator's file",
                &problems,
            )?),
        }
    }
}

/// Whether the source is an operator's file.
pub(crate) fn declares_operator(source: &str) -> bool {
    let headers = ["[operator]", "[floor", "[shadow", "[limits]", "[regional]"];
    let header = |line: &str| headers.iter().any(|header| line.starts_with(header));
    let mut lines = source.lines().map(str::trim_start);
    let mut own = false;
    let others = lines.any(|line| {
        own |= header(line);
        line.starts_with("[pack]") || line.starts_with("[[rule") || line.starts_with("[tenant]")
    });
    own && !others
}
