//! What happened, as judgments of the matches that dockings came from, in the form that `duijie train` and `duijie
//! evaluate` read.
//!
//! A contract says more than an acceptance, and a refusal says something of the match only if its reason does: that the
//! price was too high is no fault of the match.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use diesel::QueryableByName;
use diesel::sql_types::{Integer, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::access::Audience;
use crate::registry::demands::Demand;
use crate::registry::experts::Expert;
use crate::registry::results::ResearchResult;
use crate::registry::{Concept, Store};

/// Records read at once.
const PAGE: i64 = 1_000;

/// 3 a contract, 2 accepted, 1 related but too early, 0 not relevant; the last docking of a pair that says something.
const JUDGMENTS: &str = "
    SELECT DISTINCT ON (demand_id, counterpart_id) demand_id, counterpart_id, grade FROM (
        SELECT id, demand_id, counterpart_id, CASE
            WHEN contract IS NOT NULL THEN 3
            WHEN reason = 'not_relevant' THEN 0
            WHEN EXISTS (SELECT FROM docking_moves WHERE docking_id = dockings.id AND to_stage = 'accepted') THEN 2
            WHEN reason = 'too_early' THEN 1 END AS grade
        FROM dockings WHERE demand_id IS NOT NULL) AS judged
    WHERE grade IS NOT NULL ORDER BY demand_id, counterpart_id, id DESC";

#[derive(QueryableByName)]
struct Judged {
    #[diesel(sql_type = SqlUuid)]
    demand_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    counterpart_id: Uuid,
    #[diesel(sql_type = Integer)]
    grade: i32,
}

/// Writes `dockings.qrels` and `demands.jsonl`, and `results.jsonl` and `experts.jsonl` with whatever is published or was
/// judged; how many judgments there are.
///
/// # Errors
/// What the database or the disk says.
pub async fn write(folder: &Path, connection: &mut AsyncPgConnection) -> anyhow::Result<usize> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let judged: Vec<Judged> = diesel::sql_query(JUDGMENTS).load(connection).await?;
    let line = |one: &Judged| format!("{} 0 {} {}\n", one.demand_id, one.counterpart_id, one.grade);
    std::fs::write(folder.join("dockings.qrels"), judged.iter().map(line).collect::<Vec<_>>().concat())?;
    let demands: HashSet<Uuid> = judged.iter().map(|one| one.demand_id).collect();
    let counterparts: HashSet<Uuid> = judged.iter().map(|one| one.counterpart_id).collect();
    write_records::<Demand>(&folder.join("demands.jsonl"), |id, _| demands.contains(&id), connection).await?;
    let among = |id: Uuid, audience: Audience| audience == Audience::PUBLIC || counterparts.contains(&id);
    write_records::<ResearchResult>(&folder.join("results.jsonl"), among, connection).await?;
    write_records::<Expert>(&folder.join("experts.jsonl"), among, connection).await?;
    Ok(judged.len())
}

/// Writes those records that are wanted, each a line as the API answers it to the public.
async fn write_records<C: Concept + Store>(
    file: &Path,
    wanted: impl Fn(Uuid, Audience) -> bool,
    connection: &mut AsyncPgConnection,
) -> anyhow::Result<()> {
    let opened = std::fs::File::create(file).with_context(|| file.display().to_string())?;
    let mut out = std::io::BufWriter::new(opened);
    let mut last = Uuid::nil();
    loop {
        let records = C::following(last, PAGE, connection).await?;
        let Some(reached) = records.last().map(|record| record.stamp.id) else { break };
        for mut record in records {
            if record.stamp.deleted_at.is_none() && wanted(record.stamp.id, record.fields.audience()) {
                record.fields.conceal();
                serde_json::to_writer(&mut out, &record)?;
                out.write_all(b"\n")?;
            }
        }
        last = reached;
    }
    Ok(out.flush()?)
}
