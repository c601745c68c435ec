//! `tidegate`, the command.
//!
//! One file a command. What they print for programs is a contract: NDJSON on standard output, problems on standard error, and the
//! exit status 0 (done), 1 (something in the input was bad, or a check failed) or 2 (the command line or a pack was wrong).

#![forbid(unsafe_code)]

mod alerts;
mod base;
mod check;
mod compile;
mod diff;
mod difference;
mod evade;
mod explain;
mod explain_code;
mod fmt;
mod import;
#[cfg(any(feature = "serve", feature = "worker"))]
mod log;
mod messages;
mod new;
mod operator;
mod packs;
#[cfg(feature = "playground")]
mod playground;
#[cfg(any(feature = "serve", feature = "worker"))]
mod prometheus;
mod replace;
mod revision;
mod schema;
mod screen;
#[cfg(feature = "serve")]
mod serve;
mod tenants;
mod term;
mod test;
mod time;
#[cfg(feature = "worker")]
mod worker;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Screens the messages of an instant-messaging platform.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Screen(screen::Args),
    Base(base::Args),
    Check(check::Args),
    Test(test::Args),
    Explain(explain::Args),
    ExplainCode(explain_code::Args),
    New(new::Args),
    Fmt(fmt::Args),
    Schema(schema::Args),
    Import(import::Args),
    Diff(diff::Args),
    Compile(compile::Args),
    Tenants(tenants::Args),
    #[cfg(feature = "playground")]
    Playground(playground::Args),
    Alerts(alerts::Args),
    #[cfg(feature = "serve")]
    Serve(serve::Args),
    #[cfg(feature = "worker")]
    Worker(worker::Args),
}

/// How a command ended, other than by breaking off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    /// All is well.
    Well,
    /// Something in the input was bad, or a check failed.
    Badly,
    /// A pack was wrong; it has been said which and how.
    Wrong,
}

/// Why a command broke off.
#[derive(Debug)]
enum Broke {
    /// The command line or a pack was wrong. Says how.
    Usage(String),
    /// Reading or writing failed while the work was under way.
    Io(io::Error),
}

impl From<io::Error> for Broke {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn main() -> ExitCode {
    // Clap ends with 2 if the command line is wrong, 0 after help and version.
    let ran = match Args::parse().command {
        Command::Screen(args) => screen::run(args),
        Command::Base(args) => base::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::ExplainCode(args) => explain_code::run(&args),
        Command::New(args) => new::run(&args),
        Command::Fmt(args) => fmt::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Compile(args) => compile::run(&args),
        Command::Tenants(args) => tenants::run(&args),
        #[cfg(feature = "playground")]
        Command::Playground(args) => playground::run(&args),
        Command::Alerts(args) => alerts::run(args),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(&args),
        #[cfg(feature = "worker")]
        Command::Worker(args) => worker::run(&args),
    };
    let (said, code) = match ran {
        Ok(Done::Well) => return ExitCode::SUCCESS,
        Ok(Done::Badly) => return ExitCode::from(1),
        Ok(Done::Wrong) => return ExitCode::from(2),
        // Whoever read from us has seen enough.
        Err(Broke::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            return ExitCode::SUCCESS;
        }
        Err(Broke::Io(error)) => (error.to_string(), 1),
        Err(Broke::Usage(said)) => (said, 2),
    };
    // If standard error is gone, there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "tidegate: {said}");
    ExitCode::from(code)
}
