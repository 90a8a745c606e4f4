//! Loads recombined records into a database, batch by batch, so that a million never lie in memory. A load that was cut
//! off goes on where it stopped.

use std::collections::HashMap;

use anyhow::Context;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use indicatif::{ProgressBar, ProgressStyle};
use uuid::Uuid;

use super::super::{BATCH, County};
use super::{Recombination, Recombine};
use crate::database::Database;
use crate::database::schema::organisations;
use crate::registry::demands::Demand;
use crate::registry::experts::Expert;
use crate::registry::fields::CreditCode;
use crate::registry::organisations::Organisation;
use crate::registry::results::ResearchResult;
use crate::registry::{Record, Store};

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    pub results: u32,
    pub experts: u32,
    pub demands: u32,
}

/// Brings a database to at least so many records of a seed, with the sample county's organisations, and says how many
/// it did not have.
///
/// # Errors
/// What the database says.
pub async fn fill(database: &Database, amounts: &Amounts, seed: u64) -> anyhow::Result<Amounts> {
    let mut connection = database.lasting_connection().await?;
    // A lock of the session: of two who fill at once the second finds what the first has made.
    diesel::sql_query("SELECT pg_advisory_lock(hashtext('duijie recombine'))").execute(&mut connection).await?;
    let county = settled(County::read()?, &mut connection).await?;
    let recombination = Recombination::of(&county, seed);
    let all = [amounts.results, amounts.experts, amounts.demands];
    let bar = ProgressBar::new(all.into_iter().map(u64::from).sum());
    bar.set_style(ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {per_sec} {eta}")?);
    let connection = &mut connection;
    let results = load::<ResearchResult>("成果 results", amounts.results, &recombination, &bar, connection).await?;
    let experts = load::<Expert>("专家 experts", amounts.experts, &recombination, &bar, connection).await?;
    let demands = load::<Demand>("需求 demands", amounts.demands, &recombination, &bar, connection).await?;
    bar.finish_and_clear();
    Ok(Amounts { results, experts, demands })
}

/// The county with its organisations registered: those whose credit code is there already are taken as they are.
async fn settled(mut county: County, connection: &mut AsyncPgConnection) -> anyhow::Result<County> {
    let written = connection.transaction(async |connection| {
        let codes = county.organisations.iter().filter_map(|record| record.fields.credit_code.as_ref());
        let there: HashMap<Option<CreditCode>, Uuid> = organisations::table
            .filter(organisations::deleted_at.is_null())
            .filter(organisations::credit_code.eq_any(codes))
            .select((organisations::credit_code, organisations::id))
            .load(connection)
            .await?
            .into_iter()
            .collect();
        let (known, missing): (Vec<_>, Vec<_>) =
            county.organisations.iter().cloned().partition(|record| there.contains_key(&record.fields.credit_code));
        if !missing.is_empty() {
            Organisation::insert(&missing, connection).await?;
        }
        let renamed = |record: &Record<Organisation>| Some((record.stamp.id, *there.get(&record.fields.credit_code)?));
        county.rename(&known.iter().filter_map(renamed).collect());
        anyhow::Ok(())
    });
    written.await.context("the county's organisations could not be registered")?;
    Ok(county)
}

/// Loads those of a kind that are missing, and says how many they were.
async fn load<C: Recombine>(
    what: &'static str,
    amount: u32,
    recombination: &Recombination<'_>,
    bar: &ProgressBar,
    connection: &mut AsyncPgConnection,
) -> anyhow::Result<u32> {
    bar.set_message(what);
    let there = loaded::<C>(amount, recombination, connection).await?;
    bar.inc(there.into());
    bar.reset_eta();
    let batches = (there..amount).step_by(BATCH as usize).map(|first| {
        let numbers = first..first.saturating_add(BATCH).min(amount);
        recombination.records::<C>(numbers).collect::<anyhow::Result<Vec<_>>>()
    });
    C::insert_all(batches, connection, |written| bar.inc(written as u64)).await?;
    Ok(amount - there)
}

/// How many of the first `amount` are there. They are loaded in the order of their numbers, so that one look halves
/// what is unknown.
async fn loaded<C: Recombine>(
    amount: u32,
    recombination: &Recombination<'_>,
    connection: &mut AsyncPgConnection,
) -> anyhow::Result<u32> {
    let (mut there, mut missing) = (0, amount);
    while there < missing {
        let middle = there + (missing - there) / 2;
        match C::find(recombination.id::<C>(middle), connection).await? {
            Some(_) => there = middle + 1,
            None => missing = middle,
        }
    }
    Ok(there)
}
