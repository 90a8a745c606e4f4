//! `duijie demo`: the service with samples, and what to try first.

use anyhow::Context;

use super::serve::{Start, bind, start};
use super::{beside, close, log, open};
use crate::config::Settings;
use crate::demo::{self, Sampled};
use crate::server;

/// # Errors
/// What keeps the service from starting, in words for whoever starts it.
pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    if std::env::var_os("RUST_LOG").is_some() {
        log();
    }
    let folder = settings.folder("demo");
    let listener = bind(settings)?;
    println!(
        "数据库 database: {}",
        settings.database_url.as_ref().map_or("自带 PostgreSQL, our own", |_| "DATABASE_URL")
    );
    let (database, mut cluster) = open(settings, &folder).await?;
    let served = async {
        database.migrate().await?;
        let sampled = demo::load(&database).await.context("the samples could not be loaded")?;
        let state = start(database, Start::of(settings, &folder, &listener)?).await?;
        println!("建立索引 building the index …");
        state.freshness.built().await;
        println!("{}", welcome(&format!("http://{}", listener.local_addr()?), &sampled));
        anyhow::Ok(server::serve(state, listener, &server::Options::of(settings))?.await?)
    };
    let result = beside(&mut cluster, served).await;
    close(cluster).await?;
    result
}

fn welcome(address: &str, sampled: &Sampled) -> String {
    let accounts: Vec<String> = sampled
        .accounts
        .iter()
        .map(|account| format!("  {:<12} {:<18} {}", account.login, account.password, account.purpose))
        .collect();
    format!(
        "\n对接 Duijie 已就绪 is ready\n\n\
         接口文档 API pages:  {address}/docs/\n\n\
         示例账号 sample accounts (login, password):\n{accounts}\n\n\
         示例合作站点 a sample partner site (docs/partners.md):\n  CLIENT_ID={client} CLIENT_SECRET={secret}\n\n\
         试一试 try:\n\
         # 为“{title}”匹配成果 results for this demand\n\
         curl -s '{address}/v1/demands/{demand}/matches?kind=result&limit=3'\n\
         # 检索 search\n\
         curl -s '{address}/v1/search?q=%E5%BA%9F%E6%B0%B4%E8%84%B1%E8%89%B2&limit=3'\n\
         # 登录 sign in\n\
         curl -s '{address}/v1/sessions' -H 'Content-Type: application/json' -d '{{\"login\":\"{login}\",\"password\":\"{password}\"}}'\n\n\
         按 Ctrl-C 停止 Ctrl-C stops\n",
        accounts = accounts.join("\n"),
        client = sampled.site.id,
        secret = sampled.site.secret,
        title = sampled.demand_title,
        demand = sampled.demand,
        login = sampled.accounts[0].login,
        password = sampled.accounts[0].password,
    )
}
