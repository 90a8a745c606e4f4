//! Dockings of the sample county, at every stage, lived in the months before it was loaded.

use anyhow::Context;
use chrono::{Days, NaiveDate, Utc};
use diesel::sql_types::{Integer, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

use super::County;

/// What a demand was brought together with: results and experts by their lines.
enum With {
    Result(usize),
    Expert(usize),
}

/// A docking: the line of its demand, its counterpart, how many days ago it was asked for and made its moves, the contract
/// (kind and amount), and what was noted of a contact.
struct Sample {
    demand: usize,
    with: With,
    asked: i32,
    moves: &'static [(&'static str, i32)],
    contract: Option<(&'static str, i64)>,
    contact: Option<&'static str>,
}

const ASKED: Sample = Sample { demand: 0, with: With::Result(0), asked: 0, moves: &[], contract: None, contact: None };

const SAMPLES: [Sample; 10] = [
    Sample {
        demand: 18,
        with: With::Result(589),
        asked: 420,
        moves: &[
            ("accepted", 415),
            ("negotiating", 408),
            ("contracted", 392),
            ("implementing", 380),
            ("completed", 20),
        ],
        contract: Some(("service", 260_000)),
        contact: Some("改造后连续运行一周，两侧料温差由 38 ℃ 降到 11 ℃，吨产品气耗降了 7%。"),
    },
    Sample {
        demand: 32,
        with: With::Result(1610),
        asked: 120,
        moves: &[("accepted", 117), ("negotiating", 110), ("contracted", 80), ("implementing", 66)],
        contract: Some(("development", 480_000)),
        contact: Some("第二版配方上线试喷，漆膜硬度到 H，干燥时间仍偏长，约定再调一次。"),
    },
    Sample {
        demand: 16,
        with: With::Result(138),
        asked: 75,
        moves: &[("accepted", 73), ("negotiating", 66), ("contracted", 12)],
        contract: Some(("license", 150_000)),
        ..ASKED
    },
    Sample {
        demand: 6,
        with: With::Result(416),
        asked: 40,
        moves: &[("accepted", 37), ("negotiating", 31)],
        contact: Some("到厂看了三套典型图纸，企业提供近半年的改单记录，课题组两周内给出方案。"),
        ..ASKED
    },
    Sample { demand: 3, with: With::Result(1575), asked: 21, moves: &[("accepted", 19)], ..ASKED },
    Sample { demand: 1, with: With::Result(16), asked: 18, moves: &[("accepted", 16), ("negotiating", 9)], ..ASKED },
    Sample { demand: 13, with: With::Result(1458), asked: 33, moves: &[("declined", 30)], ..ASKED },
    Sample { demand: 27, with: With::Result(877), asked: 50, moves: &[("accepted", 46), ("abandoned", 25)], ..ASKED },
    Sample { demand: 1, with: With::Expert(112), asked: 2, ..ASKED },
    Sample { demand: 3, with: With::Expert(110), asked: 1, ..ASKED },
];

const BEGIN: &str = "
    INSERT INTO dockings (id, created_at, updated_at, since, demand_id, demand_title, enterprise_id, enterprise_name,
        result_id, expert_id, counterpart_title, provider_id, provider_name, asked_by)
    SELECT $1, at, at, at, demands.id, demands.title, firm.id, firm.name, results.id, experts.id,
        coalesce(results.title, experts.name), coalesce(holder.id, experts.id), coalesce(holder.name, experts.name),
        'enterprise'
    FROM (SELECT now() - make_interval(days => $2) AS at) AS asked
    JOIN demands ON demands.id = $3 JOIN organisations AS firm ON firm.id = demands.enterprise_id
    LEFT JOIN results ON results.id = $4 LEFT JOIN organisations AS holder ON holder.id = results.holder_id
    LEFT JOIN experts ON experts.id = $4";

const MOVE: &str = "
    UPDATE dockings SET version = version + 1, stage = $2, reason = $4, contract = coalesce($5, contract),
        since = now() - make_interval(days => $3), updated_at = now() - make_interval(days => $3)
    WHERE id = $1";

const RECORD: &str = "
    INSERT INTO docking_moves (docking_id, version, at, party, from_stage, to_stage, reason, contract)
    SELECT id, version, since, $2, $3, stage, reason, $4 FROM dockings WHERE id = $1";

const LOG: &str = "
    INSERT INTO docking_contacts (id, docking_id, \"on\", way, people, note, party, created_by, created_at)
    SELECT uuid_v7(), id, since::date, 'visit', '双方技术人员（示例）', $2, 'centre', $3, since FROM dockings WHERE id = $1";

/// Loads them, by the account of the centre.
///
/// # Errors
/// What the database says, or if a line is not there.
pub async fn load(county: &County, staff: Uuid, connection: &mut AsyncPgConnection) -> anyhow::Result<()> {
    for sample in &SAMPLES {
        let id = Uuid::now_v7();
        begin(id, sample, county, connection).await?;
        let mut from = "requested";
        for (to, ago) in sample.moves {
            go(id, (from, to, *ago), sample, connection).await?;
            from = to;
        }
        if let Some(note) = sample.contact {
            let log = diesel::sql_query(LOG).bind::<SqlUuid, _>(id).bind::<Text, _>(note).bind::<SqlUuid, _>(staff);
            log.execute(connection).await?;
        }
        let tell = diesel::sql_query("SELECT tell_of_docking($1, $2, $3)");
        let tell = tell.bind::<SqlUuid, _>(id).bind::<SqlUuid, _>(staff).bind::<Text, _>(from);
        tell.execute(connection).await?;
    }
    Ok(())
}

async fn begin(id: Uuid, sample: &Sample, county: &County, connection: &mut AsyncPgConnection) -> anyhow::Result<()> {
    let counterpart = match sample.with {
        With::Result(line) => county.results.get(line - 1).map(|record| record.stamp.id),
        With::Expert(line) => county.experts.get(line - 1).map(|record| record.stamp.id),
    };
    let demand = county.demands.get(sample.demand - 1).context("no such sample demand")?.stamp.id;
    let begin = diesel::sql_query(BEGIN).bind::<SqlUuid, _>(id).bind::<Integer, _>(sample.asked);
    let begin = begin.bind::<SqlUuid, _>(demand).bind::<Nullable<SqlUuid>, _>(counterpart);
    begin.execute(connection).await.map(drop).map_err(Into::into)
}

async fn go(
    id: Uuid,
    (from, to, ago): (&str, &str, i32),
    sample: &Sample,
    connection: &mut AsyncPgConnection,
) -> anyhow::Result<()> {
    let reason = match to {
        "declined" => Some("too_early"),
        "abandoned" => Some("price"),
        _ => None,
    };
    let contract = sample.contract.filter(|_| to == "contracted").map(|signed| contract(signed, ago));
    let moved = diesel::sql_query(MOVE).bind::<SqlUuid, _>(id).bind::<Text, _>(to).bind::<Integer, _>(ago);
    let moved = moved.bind::<Nullable<Text>, _>(reason).bind::<Nullable<Jsonb>, _>(&contract);
    moved.execute(connection).await?;
    // What is asked the other side answers; the rest the centre saw to.
    let party = if matches!(to, "accepted" | "declined") { "counterpart" } else { "centre" };
    let record = diesel::sql_query(RECORD).bind::<SqlUuid, _>(id).bind::<Text, _>(party).bind::<Text, _>(from);
    record.bind::<Nullable<Jsonb>, _>(&contract).execute(connection).await?;
    Ok(())
}

fn contract((kind, amount): (&str, i64), ago: i32) -> Value {
    let signed_on: NaiveDate = Utc::now().date_naive() - Days::new(u64::from(ago.unsigned_abs()));
    json!({ "kind": kind, "amount": amount, "signed_on": signed_on })
}
