//! What stands in the way of a merge: places where two records cannot be one.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text, Uuid as Id};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::duplicates::DuplicateKind;
use crate::problem::{Answer, Faults, FieldFault, Problem};

/// Of each kind so many are named.
const NAMED: i64 = 10;

#[derive(QueryableByName)]
struct Blocker {
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Id)]
    place: Uuid,
}

/// Refuses a merge that cannot be, and tells of all that stands in its way. `offered` says whether others can deal with the
/// kept record, once it is merged.
///
/// # Errors
/// `conflict`, or what the database says.
pub async fn refuse(
    kind: DuplicateKind,
    (kept, other): (Uuid, Uuid),
    offered: bool,
    connection: &mut AsyncPgConnection,
) -> Answer<()> {
    let found: Vec<Blocker> = diesel::sql_query(blocking(kind))
        .bind::<Id, _>(kept)
        .bind::<Id, _>(other)
        .bind::<Bool, _>(offered)
        .load(connection)
        .await?;
    if found.is_empty() {
        return Ok(());
    }
    let mut faults = Faults::default();
    for blocker in found {
        faults.add("/keep".to_owned(), fault(&blocker));
    }
    Err(Problem::conflicts(faults))
}

fn fault(blocker: &Blocker) -> FieldFault {
    let (code, zh, en) = match blocker.code.as_str() {
        "docked_twice" => ("docked_twice", "两者都在与同一方对接", "both are docking with the same side"),
        "both_sides" => ("both_sides", "两者是同一对接的双方", "they are the two sides of a docking"),
        "same_team" => ("same_team", "两者都在这个服务团中", "both are in the team"),
        "same_event" => ("same_event", "两者都参加这次活动", "both take part in the event"),
        "same_case" => ("same_case", "两者都是这件专利申报的发明人", "both are inventors of the patent case"),
        "not_published" => (
            "not_published",
            "合并后的专家未公开，不能留在这个服务团中",
            "the merged expert is not published and cannot stay in the team",
        ),
        "transferred" => (
            "transferred",
            "合并后的成果已转让，这项对接尚未签约，请先结束",
            "the merged result is transferred, and the docking has no contract; end it first",
        ),
        _ => {
            ("kind_differs", "单位类型不同，请先改为一致", "the organisations are of different kinds; change one first")
        }
    };
    FieldFault::new(code, format!("{zh}：{}", blocker.place), format!("{en}: {}", blocker.place))
}

/// `$1` is the kept record, `$2` the other one, `$3` whether others can deal with the merged record.
fn blocking(kind: DuplicateKind) -> String {
    let open = |table: &str| {
        format!("{table}.stage IN ('requested', 'accepted', 'negotiating', 'contracted', 'implementing')")
    };
    let (own, theirs) = (open("own"), open("theirs"));
    let counterparts = format!(
        "SELECT 'docked_twice' AS code, theirs.id AS place FROM dockings AS theirs
         JOIN dockings AS own ON coalesce(own.demand_id, own.enterprise_id) = coalesce(theirs.demand_id, theirs.enterprise_id)
         WHERE theirs.counterpart_id = $2 AND own.counterpart_id = $1 AND {own} AND {theirs}"
    );
    let event = |column: &str| {
        format!(
            "SELECT 'same_event', own.event_id FROM event_participants AS own JOIN event_participants AS theirs USING (event_id)
             WHERE own.{column} = $1 AND theirs.{column} = $2"
        )
    };
    let parts = match kind {
        DuplicateKind::Result => vec![
            counterparts,
            "SELECT 'transferred', id FROM dockings
             WHERE result_id = $2 AND NOT $3 AND stage IN ('requested', 'accepted', 'negotiating')"
                .to_owned(),
        ],
        DuplicateKind::Expert => vec![
            counterparts,
            "SELECT 'same_team', own.team_id FROM expert_team_members AS own
             JOIN expert_team_members AS theirs USING (team_id) WHERE own.expert_id = $1 AND theirs.expert_id = $2"
                .to_owned(),
            event("expert_id"),
            "SELECT 'same_case', id FROM patent_cases WHERE expert_ids @> ARRAY[$1, $2]".to_owned(),
            "SELECT 'not_published', expert_teams.id FROM expert_team_members JOIN expert_teams ON expert_teams.id = team_id
             WHERE expert_id = $2 AND NOT $3 AND expert_team_members.state <> 'declined' AND expert_teams.state <> 'closed'"
                .to_owned(),
        ],
        DuplicateKind::Organisation => vec![
            format!(
                "SELECT 'docked_twice' AS code, theirs.id AS place FROM dockings AS theirs
                 JOIN dockings AS own ON own.counterpart_id = theirs.counterpart_id
                 WHERE theirs.enterprise_id = $2 AND own.enterprise_id = $1 AND theirs.demand_id IS NULL
                   AND own.demand_id IS NULL AND {own} AND {theirs}"
            ),
            "SELECT 'both_sides', id FROM dockings WHERE enterprise_id = $1 AND provider_id = $2
                OR enterprise_id = $2 AND provider_id = $1"
                .to_owned(),
            event("organisation_id"),
            "SELECT 'kind_differs', own.id FROM organisations AS own JOIN organisations AS theirs ON own.kind <> theirs.kind
             WHERE own.id = $1 AND theirs.id = $2"
                .to_owned(),
        ],
    };
    let parts: Vec<String> = parts.iter().map(|part| format!("({part} ORDER BY 2 LIMIT {NAMED})")).collect();
    parts.join(" UNION ALL ")
}
