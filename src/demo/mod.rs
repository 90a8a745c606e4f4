//! A sample county: two thousand real papers as results, and made-up enterprises, demands and experts, all marked
//! 示例. Loaded once, in one transaction: a load that was cut off leaves nothing behind. As many records as are wanted
//! are made of them in [`recombined`](self::recombined()).

mod dockings;
mod ids;
mod recombined;
mod samples;

use anyhow::Context;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use indicatif::{ProgressBar, ProgressStyle};
use uuid::Uuid;

use crate::database::Database;
use crate::database::schema::{demands, users};
use crate::identity::passwords::{Cost, Passwords};
use crate::identity::{self, NewUser, Role, partners};
use crate::registry::fields::{ConfidentialityLevel, Wanted};
use crate::registry::{Concept, Record};
pub use recombined::{Amounts, Recombination, Recombine, fill, recombined};
pub use samples::County;

/// Records a statement: many enough that a statement's own cost is nothing beside theirs.
const BATCH: u32 = 1_000;

/// A sample account. Its password is no secret: it is printed.
pub struct Account {
    pub login: &'static str,
    pub password: &'static str,
    pub purpose: &'static str,
    role: Role,
}

const ACCOUNTS: [Account; 4] = [
    Account {
        login: "staff", password: "duijie-staff", purpose: "中心工作人员 the centre's staff", role: Role::Staff
    },
    Account {
        login: "enterprise",
        password: "duijie-enterprise",
        purpose: "一家企业 an enterprise",
        role: Role::Enterprise,
    },
    Account { login: "expert", password: "duijie-expert", purpose: "一位专家 an expert", role: Role::Expert },
    Account {
        login: "admin",
        password: "duijie-admin",
        purpose: "管理员，先启用验证器 an admin, once with an authenticator",
        role: Role::Admin,
    },
];

/// A sample partner site, whose secret is no more of one.
pub struct Site {
    pub id: Uuid,
    pub secret: &'static str,
}

const SITE: &str = "示例平台";
const SITE_SECRET: &str = "duijie-partner";

/// What to try first.
pub struct Sampled {
    pub accounts: &'static [Account],
    pub site: Site,
    pub demand: Uuid,
    pub demand_title: String,
}

/// Loads the samples, unless they are there.
///
/// # Errors
/// What the database says.
pub async fn load(database: &Database) -> anyhow::Result<Sampled> {
    let mut connection = database.lasting_connection().await?;
    let first = users::table.filter(users::login.eq(ACCOUNTS[0].login)).select(users::id);
    let loaded: Option<Uuid> = first.first(&mut connection).await.optional()?;
    if loaded.is_none() {
        write(&County::read()?, &mut connection).await?;
    }
    let site = Site { id: ids::id(0, &ids::chance("sample partner site", 0)), secret: SITE_SECRET };
    connection.transaction(async |connection| partners::add(site.id, SITE, site.secret, connection).await).await?;
    let (demand, demand_title) = demands::table
        .filter(demands::deleted_at.is_null())
        .filter(demands::confidentiality.eq(ConfidentialityLevel::Public))
        .filter(demands::wanted.contains(vec![Wanted::Result]))
        .order(demands::id)
        .select((demands::id, demands::title))
        .first(&mut connection)
        .await
        .context("no public demand is left")?;
    Ok(Sampled { accounts: &ACCOUNTS, site, demand, demand_title })
}

async fn write(county: &County, connection: &mut AsyncPgConnection) -> anyhow::Result<()> {
    let bar = ProgressBar::new(county.size());
    bar.set_style(ProgressStyle::with_template("载入示例 loading samples {bar:40} {pos}/{len} {msg}")?);
    connection
        .transaction(async |connection| {
            insert("单位 organisations", &county.organisations, &bar, connection).await?;
            insert("成果 results", &county.results, &bar, connection).await?;
            insert("专家 experts", &county.experts, &bar, connection).await?;
            insert("需求 demands", &county.demands, &bar, connection).await?;
            insert("政策 policies", &county.policies, &bar, connection).await?;
            let staff = accounts(county, connection).await?;
            dockings::load(county, staff, connection).await
        })
        .await?;
    bar.finish_with_message("");
    println!("已载入 loaded {} 条记录 records", county.size());
    Ok(())
}

async fn insert<C: Concept>(
    what: &'static str,
    records: &[Record<C>],
    bar: &ProgressBar,
    connection: &mut AsyncPgConnection,
) -> anyhow::Result<()> {
    bar.set_message(what);
    for batch in records.chunks(BATCH as usize) {
        C::insert(batch, connection).await?;
        bar.inc(batch.len() as u64);
    }
    Ok(())
}

/// Makes the accounts; that of the centre's staff.
async fn accounts(county: &County, connection: &mut AsyncPgConnection) -> anyhow::Result<Uuid> {
    let enterprise = county.demands.as_slice().first().map(|demand| demand.fields.enterprise_id);
    let expert = county.experts.as_slice().first().map(|expert| expert.stamp.id);
    let passwords = Passwords::new(&Cost::default());
    let mut staff = None;
    for account in &ACCOUNTS {
        let user = NewUser {
            id: Uuid::now_v7(),
            login: account.login,
            password_hash: Some(&passwords.hash(account.password)?),
            role: account.role,
            organisation_id: enterprise.filter(|_| account.role == Role::Enterprise),
            expert_id: expert.filter(|_| account.role == Role::Expert),
        };
        identity::add(&user, connection).await?;
        staff = staff.or(Some(user.id).filter(|_| account.role == Role::Staff));
    }
    staff.context("there is no account of the staff")
}
