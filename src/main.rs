//! The commands of the program.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use duijie::commands::{
    access, audit, demo, english, evaluate, import, judgments, keys, manner, migrate, model, openapi, recombine, serve,
    train, users,
};
use duijie::config::Settings;
use mimalloc::MiMalloc;

/// Answers are made of many small pieces, by several threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[derive(Parser)]
#[command(name = "duijie", version, about = "Brings research results and experts to the enterprises of a county")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve, with the records that are there.
    Serve(Settings),
    /// Serve with samples: two thousand results, and the experts, enterprises and demands of a sample county.
    Demo(Settings),
    /// Fill a database with results, experts and demands that are recombined from the samples, to see how it does with
    /// many. What is there already stays; a run that was stopped goes on the next time.
    Recombine(recombine::Options),
    /// Bring in records from a file: CSV, XLSX, NDJSON or JSON.
    Import(import::Options),
    /// Bring the database to what this version needs, and stop.
    Migrate(Settings),
    /// Accounts.
    #[command(subcommand)]
    Users(users::Command),
    /// The keys that sign access tokens.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Measure how good matches and searches are: TREC queries and judgments, one model or two.
    Evaluate(evaluate::Options),
    /// Train the matching model from judged pairs.
    Train(train::Options),
    /// Write what became of dockings as judgments, for `train`.
    Judgments(judgments::Options),
    /// Make the model of meaning that the program carries, from the package that has it.
    Model(model::Options),
    /// Find what texts of some manners of speech have in common, so that it can be taken out of what they mean.
    Manner(manner::Options),
    /// Make the dictionary of English that the program carries, from the published one.
    English(english::Options),
    /// The audit log.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Print the OpenAPI description.
    Openapi,
    /// Print the rules of access.
    Access,
}

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(run(Cli::parse().command)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(settings) => serve::run(&settings).await,
        Command::Demo(settings) => demo::run(&settings).await,
        Command::Recombine(options) => recombine::run(&options).await,
        Command::Import(options) => import::run(options).await,
        Command::Migrate(settings) => migrate::run(&settings).await,
        Command::Users(command) => users::run(command).await,
        Command::Keys(command) => keys::run(command).await,
        Command::Evaluate(options) => evaluate::run(&options),
        Command::Train(options) => train::run(&options),
        Command::Judgments(options) => judgments::run(&options).await,
        Command::Model(options) => model::run(&options),
        Command::Manner(options) => manner::run(&options),
        Command::English(options) => english::run(&options),
        Command::Audit(command) => audit::run(command).await,
        Command::Openapi => openapi::run(),
        Command::Access => {
            access::run();
            Ok(())
        }
    }
}
