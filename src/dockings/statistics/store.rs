//! SQL of the figures.

use chrono::NaiveDate;
use diesel::QueryResult;
use diesel::sql_types::{Array, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::DockingFigures;

/// Months and days are those of China, which has one time, without summer time.
const FIGURES: &str = "
    WITH reached AS (
        SELECT docking_id,
            min(at) FILTER (WHERE to_stage = 'accepted') AS accepted,
            min(at) FILTER (WHERE to_stage = 'negotiating') AS negotiating,
            min(at) FILTER (WHERE to_stage = 'contracted') AS contracted,
            min(at) FILTER (WHERE to_stage = 'implementing') AS implementing,
            min(at) FILTER (WHERE to_stage = 'completed') AS completed
        FROM docking_moves AS made
        WHERE undoes IS NULL AND NOT EXISTS (
            SELECT FROM docking_moves AS back WHERE back.docking_id = made.docking_id AND back.undoes = made.version)
        GROUP BY docking_id
    ), facts AS (
        SELECT dockings.created_at AS requested, reached.*, dockings.stage, organisations.industry, organisations.region,
            CASE WHEN demands.cooperation <> '{}' THEN demands.cooperation ELSE '{\"\"}' END AS ways,
            contract ->> 'kind' AS kind, (contract ->> 'amount')::bigint AS amount,
            coalesce(outcome_12, outcome_6) AS outcome
        FROM dockings
        LEFT JOIN reached ON reached.docking_id = dockings.id
        JOIN organisations ON organisations.id = dockings.enterprise_id
        LEFT JOIN demands ON demands.id = dockings.demand_id
        WHERE ($1 IS NULL OR dockings.created_at >= $1::timestamp AT TIME ZONE INTERVAL '+08:00')
          AND ($2 IS NULL OR dockings.created_at < ($2 + 1)::timestamp AT TIME ZONE INTERVAL '+08:00')
          AND ($3 IS NULL OR organisations.industry = ANY ($3))
          AND ($4 IS NULL OR organisations.region = ANY ($4))
          AND ($5 IS NULL OR $5 = ANY (demands.cooperation))
    ), grouped AS (
        SELECT 1 AS place, 'total' AS dimension, '' AS value, facts.* FROM facts
        UNION ALL
        SELECT 2, 'month', to_char(requested AT TIME ZONE INTERVAL '+08:00', 'YYYY-MM'), facts.* FROM facts
        UNION ALL SELECT 3, 'industry', coalesce(left(industry, 3), ''), facts.* FROM facts
        UNION ALL SELECT 4, 'region', coalesce(region, ''), facts.* FROM facts
        UNION ALL SELECT 5, 'cooperation', way, facts.* FROM facts, unnest(ways) AS way
        UNION ALL SELECT 6, 'contract', kind, facts.* FROM facts WHERE kind IS NOT NULL
    ), figures AS (
        SELECT place, dimension, value, count(*) AS requested, count(accepted) AS accepted,
            count(negotiating) AS negotiating, count(contracted) AS contracted, count(implementing) AS implementing,
            count(completed) AS completed, count(*) FILTER (WHERE stage = 'declined') AS declined,
            count(*) FILTER (WHERE stage = 'abandoned') AS abandoned, coalesce(sum(amount), 0)::bigint AS amount,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) AS median_amount,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM accepted - requested)) AS to_accepted,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM negotiating - accepted)) AS to_negotiating,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM contracted - negotiating)) AS to_contracted,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM implementing - contracted)) AS to_implementing,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM completed - implementing)) AS to_completed,
            coalesce(sum((outcome ->> 'investment')::bigint), 0)::bigint AS investment,
            coalesce(sum((outcome ->> 'new_output_value')::bigint), 0)::bigint AS new_output_value,
            coalesce(sum((outcome ->> 'tax')::bigint), 0)::bigint AS tax,
            coalesce(sum((outcome ->> 'jobs')::bigint), 0)::bigint AS jobs,
            avg((outcome ->> 'feedback')::numeric)::float8 AS feedback
        FROM grouped GROUP BY place, dimension, value
    )
    SELECT figures.*, coalesce(industries.name, regions.name) AS name,
        round(to_accepted::numeric / 86400, 2)::float8 AS days_to_accepted,
        round(to_negotiating::numeric / 86400, 2)::float8 AS days_to_negotiating,
        round(to_contracted::numeric / 86400, 2)::float8 AS days_to_contracted,
        round(to_implementing::numeric / 86400, 2)::float8 AS days_to_implementing,
        round(to_completed::numeric / 86400, 2)::float8 AS days_to_completed
    FROM figures
    LEFT JOIN industries ON dimension = 'industry' AND industries.code = value
    LEFT JOIN regions ON dimension = 'region' AND regions.code = value
    ORDER BY place, value";

/// Which dockings: requested from and to a day, both included, of enterprises of these industries and regions, of demands
/// that want this way of cooperation.
#[derive(Default)]
pub struct Wanted {
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub industries: Option<Vec<String>>,
    pub regions: Option<Vec<String>>,
    pub cooperation: Option<&'static str>,
}

/// The figures of one moment.
///
/// # Errors
/// What the database says.
pub async fn figures(wanted: &Wanted, connection: &mut AsyncPgConnection) -> QueryResult<Vec<DockingFigures>> {
    diesel::sql_query(FIGURES)
        .bind::<Nullable<Date>, _>(wanted.from)
        .bind::<Nullable<Date>, _>(wanted.to)
        .bind::<Nullable<Array<Text>>, _>(&wanted.industries)
        .bind::<Nullable<Array<Text>>, _>(&wanted.regions)
        .bind::<Nullable<Text>, _>(wanted.cooperation)
        .load(connection)
        .await
}
