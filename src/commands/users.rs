//! `duijie users`: accounts, made by whoever runs the service.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, bail};
use clap::Subcommand;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::AsyncPgConnection;
use serde_json::json;
use uuid::Uuid;

use super::{close, join, log};
use crate::audit::{self, Action, Event, Origin};
use crate::config::Settings;
use crate::identity::accounts::Login;
use crate::identity::passwords::{NewPassword, Passwords};
use crate::identity::{self, NewUser, Role};
use crate::problem::Language;
use crate::registry::fields::CreditCode;

#[derive(Subcommand)]
pub enum Command {
    /// Make an account. The password is asked for, or read as one line from standard input.
    Add(Add),
}

#[derive(clap::Args)]
pub struct Add {
    /// Letters, digits and `. _ @ -`, 2 to 64 characters.
    #[arg(value_parser = parse_login)]
    login: Login,
    #[arg(long, value_parser = parse_role, default_value = "staff")]
    role: Role,
    /// The credit code of the enterprise; with `--role enterprise`.
    #[arg(long, required_if_eq("role", "enterprise"))]
    organisation: Option<String>,
    /// The id of the expert's record; with `--role expert`.
    #[arg(long, required_if_eq("role", "expert"))]
    expert: Option<Uuid>,
    #[command(flatten)]
    settings: Settings,
}

/// # Errors
/// What is wrong with the account, or what the database says.
pub async fn run(command: Command) -> anyhow::Result<()> {
    log();
    let Command::Add(new) = command;
    let password = read_password()?;
    let password = NewPassword::parse(&password, &new.login);
    let password = password.map_err(|fault| anyhow::anyhow!("{}", fault.detail.in_language(Language::English)))?;
    let hash = Passwords::new(&new.settings.password_cost).hash(password.as_str())?;
    let (database, cluster) = join(&new.settings, &new.settings.folder("serve")).await?;
    let added = async {
        database.migrate().await?;
        add(&new, &hash, &mut database.lasting_connection().await?).await
    };
    let result = added.await;
    close(cluster).await?;
    result?;
    println!("{} ({})", &*new.login, new.role.as_str());
    Ok(())
}

async fn add(new: &Add, hash: &str, connection: &mut AsyncPgConnection) -> anyhow::Result<()> {
    let organisation_id = match &new.organisation {
        Some(code) if new.role == Role::Enterprise => {
            let code =
                CreditCode::parse(code).map_err(|_| anyhow::anyhow!("{code} is not a unified social credit code"))?;
            let found = identity::organisation_of_code(&code, connection).await?;
            Some(found.with_context(|| format!("no organisation has the credit code {code}"))?)
        }
        _ => None,
    };
    let user = NewUser {
        id: Uuid::now_v7(),
        login: &new.login,
        password_hash: Some(hash),
        role: new.role,
        organisation_id,
        expert_id: new.expert.filter(|_| new.role == Role::Expert),
    };
    match identity::add(&user, connection).await {
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            bail!("the login {} is taken", &*new.login)
        }
        Err(Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => {
            bail!("there is no such expert")
        }
        other => other?,
    }
    let event = Event::new(Action::AccountCreated).about_id("account", user.id);
    let event = event.with(json!({ "role": new.role }));
    Ok(audit::record(&Origin::operator(), &event, connection).await?)
}

fn parse_login(text: &str) -> Result<Login, String> {
    Login::parse(text).map_err(|fault| fault.detail.in_language(Language::English).to_owned())
}

/// The roles of people; a partner site is registered over HTTP.
fn parse_role(text: &str) -> Result<Role, String> {
    let role = Role::parse(text).ok().filter(|role| !matches!(role, Role::Partner | Role::Public));
    role.ok_or_else(|| "one of admin, staff, enterprise, expert".to_owned())
}

/// Asks at a terminal without showing what is typed; else takes one line.
fn read_password() -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        return Ok(rpassword::prompt_password("密码 password (8–128): ")?);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
