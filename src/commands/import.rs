//! `duijie import`: a file brought in from the terminal, as over HTTP.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use diesel_async::{AsyncConnection, AsyncPgConnection};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{beside, close, join, log};
use crate::audit::{self, Action, Event, Origin};
use crate::config::Settings;
use crate::database::Database;
use crate::identity;
use crate::imports::{self, Import, ImportFormat, ImportState, NewImport, RowOutcome};
use crate::problem::Language;
use crate::registry::Kind;

/// Rows of which it is told what is wrong, at most; the rest can be read over HTTP.
const MOST_TOLD: i64 = 100;

#[derive(Args)]
pub struct Options {
    /// The kind of records: result, expert, organisation, demand or policy.
    #[arg(value_parser = parse_kind)]
    kind: Kind,
    /// CSV, XLSX, NDJSON or JSON, by the ending of its name.
    file: PathBuf,
    /// The account that brings it in: by whom records were written is kept.
    #[arg(long = "as", value_name = "LOGIN")]
    login: String,
    /// The partner site that it comes from.
    #[arg(long)]
    partner: Option<String>,
    /// The sheet of a workbook; the first without it.
    #[arg(long)]
    sheet: Option<String>,
    /// Write nothing, and tell every fault.
    #[arg(long)]
    dry_run: bool,
    /// Write all rows or, if one is wrong, none.
    #[arg(long)]
    whole: bool,
    #[command(flatten)]
    settings: Settings,
}

/// # Errors
/// If the file cannot be read, or a row is wrong; what the database says.
pub async fn run(options: Options) -> anyhow::Result<()> {
    log();
    let (database, mut cluster) = join(&options.settings, &options.settings.folder("serve")).await?;
    let imported = async {
        database.migrate().await?;
        import(&options, &database).await
    };
    let result = beside(&mut cluster, imported).await;
    close(cluster).await?;
    result
}

async fn import(options: &Options, database: &Database) -> anyhow::Result<()> {
    let mut connection = database.lasting_connection().await?;
    let import = queue(options, &mut connection).await?;
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template("{wide_bar} {pos}/{len} {per_sec} {msg}")?);
    let watching = tokio::spawn(watch(import.id, database.clone(), bar.clone()));
    let ended = imports::finish(import.id, &mut connection).await;
    watching.abort();
    bar.finish_and_clear();
    let ended = ended?.context("the import is gone")?;
    let of = |count: i64, word| format!("{count} {word}");
    let counts = [of(ended.created, "created"), of(ended.changed, "changed"), of(ended.unchanged, "unchanged")];
    println!("{}, {} refused ({})", counts.join(", "), ended.refused, ended.state.as_str());
    tell_faults(&ended, &mut connection).await?;
    let is_right = ended.state == ImportState::Completed && ended.refused == 0;
    if is_right { Ok(()) } else { bail!("not everything was brought in") }
}

/// Sends the file into the database.
async fn queue(options: &Options, connection: &mut AsyncPgConnection) -> anyhow::Result<Import> {
    let format = format_of(options)?;
    let path = options.file.display();
    let mut file = File::open(&options.file).with_context(|| format!("cannot open {path}"))?;
    let sha256 = digest(&mut file).with_context(|| format!("cannot read {path}"))?;
    let user = identity::account_of(&options.login, connection).await?;
    let user = user.with_context(|| format!("there is no account {}", options.login))?;
    let name = options.file.file_name().map(|name| name.to_string_lossy().chars().take(200).collect::<String>());
    let new = NewImport {
        kind: options.kind,
        format,
        name: name.as_deref(),
        sheet: options.sheet.as_deref(),
        partner: options.partner.as_deref(),
        dry_run: options.dry_run,
        whole: options.whole,
        sha256: &sha256,
    };
    connection
        .transaction(async |connection| {
            let import = imports::create(&new, &mut file, user, connection).await?;
            let event = Event::new(Action::ImportCreated).about_id("import", import.id);
            let event = event.with(json!({ "kind": options.kind, "as": options.login, "dry_run": options.dry_run }));
            audit::record(&Origin::operator(), &event, connection).await?;
            anyhow::Ok(import)
        })
        .await
}

fn digest(file: &mut File) -> std::io::Result<Vec<u8>> {
    let (mut digest, mut piece) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(digest.finalize().to_vec()),
            length => digest.update(&piece[..length]),
        }
    }
}

/// Shows how far an import has come, as long as it runs.
async fn watch(id: Uuid, database: Database, bar: ProgressBar) {
    let Ok(mut connection) = database.lasting_connection().await else { return };
    while let Ok(Some(import)) = imports::find(id, &mut connection).await {
        bar.set_length(import.expected.unwrap_or_default().max(import.done).unsigned_abs());
        bar.set_position(import.done.unsigned_abs());
        bar.set_message(format!("{} refused", import.refused));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn tell_faults(import: &Import, connection: &mut AsyncPgConnection) -> anyhow::Result<()> {
    let rows = imports::rows(import.id, Some(RowOutcome::Refused), -1, MOST_TOLD, connection).await?;
    for row in rows {
        for fault in imports::kept(row.faults) {
            println!("{}: {}", row.number, fault.remark(Language::English));
        }
    }
    Ok(())
}

fn format_of(options: &Options) -> anyhow::Result<ImportFormat> {
    let ending = options.file.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let ending = ending.map(|ending| if ending == "jsonl" { "ndjson".to_owned() } else { ending });
    let format = ending.and_then(|ending| ImportFormat::parse(&ending).ok());
    format.context("the name of the file ends on none of .csv, .xlsx, .ndjson, .json")
}

fn parse_kind(text: &str) -> Result<Kind, String> {
    let found = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
    found.ok_or_else(|| format!("one of {}", Kind::ALL.map(Kind::as_str).join(", ")))
}
