//! What fits a firm, among few clauses and among many.
//!
//! `GET /v1/enterprises/{id}/policies` over HTTP on one connection, page after page of 20, by three sample enterprises that ask
//! for their own. Two services, one with 2 000 clauses and one with 100 000, take turns. Medians. How many clauses there are
//! should hardly matter.
#![expect(clippy::expect_used, reason = "a benchmark ends where what it needs is missing")]

#[path = "stage/accounts.rs"]
mod accounts;
#[path = "stage/median.rs"]
mod median;
mod stage;

use std::collections::HashMap;
use std::time::Instant;

use duijie::demo::County;
use duijie::policies::RULES;
use hyper::Method;
use median::median;
use serde_json::Value;
use stage::Stage;
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;
use uuid::Uuid;

/// Policies, with 20 clauses each.
const FEW: u32 = 100;
const MANY: u32 = 5_000;
/// Of each firm, from the first on.
const PAGES: usize = 15;
const ROUNDS: usize = 20;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let county = County::read().expect("samples");
    runtime.block_on(async {
        let (few, many) = (Office::of(&county, FEW).await, Office::of(&county, MANY).await);
        println!("firm: a page among {} clauses, among {}, ratio", FEW * 20, MANY * 20);
        for firm in firms(&county) {
            let (mut among_few, mut among_many) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                few.ask(firm, &mut among_few).await;
                many.ask(firm, &mut among_many).await;
            }
            let (few, many) = (median(among_few), median(among_many));
            println!("{firm}: {few:.2} ms, {many:.2} ms, {:.2}", many / few);
        }
        few.stage.strike().await;
        many.stage.strike().await;
    });
}

/// Enterprises that ask for something.
fn firms(county: &County) -> [Uuid; 3] {
    let mut firms: Vec<Uuid> = county.demands.iter().map(|demand| demand.fields.enterprise_id).collect();
    firms.dedup();
    *firms.first_chunk().expect("three enterprises")
}

/// A service with so many policies.
struct Office {
    stage: Stage,
    /// Of each firm.
    bearers: HashMap<Uuid, String>,
}

impl Office {
    async fn of(county: &County, policies: u32) -> Self {
        let stage = Stage::set(county, &[], &[]).await;
        let sql = include_str!("policies.sql").replace("{policies}", &policies.to_string());
        let (client, connection) = tokio_postgres::connect(&stage.url, NoTls).await.expect("a connection");
        tokio::spawn(connection);
        client.batch_execute(&sql.replace("{rules}", &RULES.to_string())).await.expect("policies");
        let firms = firms(county);
        accounts::add(firms.map(|firm| (firm.to_string(), firm)), &stage).await;
        let mut bearers = HashMap::new();
        for firm in firms {
            bearers.insert(firm, accounts::bearer(&firm.to_string(), &stage).await);
        }
        Self { stage, bearers }
    }

    /// Adds the milliseconds of each page of a firm.
    async fn ask(&self, firm: Uuid, times: &mut Vec<f64>) {
        let all = format!("/v1/enterprises/{firm}/policies?limit=20");
        let mut next = all.clone();
        for _ in 0..PAGES {
            let started = Instant::now();
            let (status, page) =
                self.stage.call(Method::GET, &next, &[("authorization", &self.bearers[&firm])], None).await;
            times.push(started.elapsed().as_secs_f64() * 1e3);
            assert_eq!(status, 200);
            let page: Value = serde_json::from_slice(&page).expect("JSON");
            assert_eq!(page["items"].as_array().map(Vec::len), Some(20));
            next = format!("{all}&cursor={}", page["next_cursor"].as_str().expect("a next page"));
        }
    }
}
