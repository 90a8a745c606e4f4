//! Reminders of dockings that lie still for too long: their people are told, once of each time that they do.

use diesel::QueryResult;
use diesel::sql_types::{Array, Integer, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::DockingStage;

/// A docking lies still since its last version, contact or file. The row of a time of stillness is kept by one process
/// alone, and in the statement that tells: so nothing is told twice, and nothing is lost.
const REMIND: &str = "
    WITH quiet AS (
        SELECT dockings.id, limits.days, greatest(dockings.updated_at,
            (SELECT max(created_at) FROM docking_contacts WHERE docking_id = dockings.id),
            (SELECT max(created_at) FROM docking_files JOIN files ON files.id = file_id WHERE docking_id = dockings.id)) AS since
        FROM dockings JOIN unnest($1, $2) AS limits (stage, days) ON limits.stage = dockings.stage
    ), kept AS (
        INSERT INTO docking_reminders (docking_id, since)
        SELECT id, since FROM quiet WHERE since < now() - make_interval(days => days)
        ON CONFLICT DO NOTHING RETURNING docking_id
    )
    SELECT tell_of_docking(docking_id, NULL, 'still') FROM kept";

/// Tells the people of what has come to lie still for too long.
///
/// # Errors
/// What the database says.
pub async fn remind(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let limits = DockingStage::ALL.into_iter().filter_map(|stage| Some((stage.as_str(), stage.patience()?)));
    let (stages, days): (Vec<&str>, Vec<i32>) = limits.unzip();
    let remind = diesel::sql_query(REMIND).bind::<Array<Text>, _>(stages).bind::<Array<Integer>, _>(days);
    remind.execute(connection).await.map(drop)
}
