//! `tidegate schema`: what editors need to complete and check the files that people write.

use std::io::Write;

use clap::ValueEnum;

use crate::{Broke, Done, term};

/// Prints the JSON Schema of packs, or of tenants' or the operator's files, for editors
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The kind of file
    #[arg(value_enum, value_name = "KIND", default_value_t = Kind::Pack)]
    kind: Kind,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Pack,
    Tenant,
    Operator,
}

impl Kind {
    const fn schema(self) -> tidegate::pack::Schema {
        match self {
            Self::Pack => tidegate::pack::Schema::Pack,
            Self::Tenant => tidegate::pack::Schema::Tenant,
            Self::Operator => tidegate::pack::Schema::Operator,
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let mut out = term::Out::new();
    out.write_all(args.kind.schema().json().as_bytes())?;
    out.flush()?;
    Ok(Done::Well)
}
