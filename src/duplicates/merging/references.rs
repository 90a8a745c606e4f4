//! What refers to results, experts and organisations, and is moved when one of them is merged into another.
//!
//! Not moved is what is history: moves and contacts of dockings, visits of teams, what people were told (alerts,
//! notifications), runs, deliveries, the audit log, versions and tombstones.

use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as Id};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::duplicates::DuplicateKind::{self, Expert, Organisation, Result as Outcome};

/// A column that refers to records of a kind.
pub struct Reference {
    to: DuplicateKind,
    pub table: &'static str,
    pub column: &'static str,
    /// What its rows are called in answers.
    pub kind: &'static str,
    holds: Holds,
    notes: Notes,
    /// Which rows are moved.
    rows: Rows,
}

/// How it refers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    One,
    /// A list of ids, so many at most.
    Many(usize),
    /// Inventors of a patent case, of whom some are experts.
    Inventors,
}

/// What a row notes of a change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notes {
    Nothing,
    Version,
    VersionAndWho,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    All,
    /// Tombstones stay as they are.
    Living,
    /// A link that was used or revoked stays as it is.
    Good,
}

const fn one(to: DuplicateKind, table: &'static str, column: &'static str, kind: &'static str) -> Reference {
    Reference { to, table, column, kind, holds: Holds::One, notes: Notes::VersionAndWho, rows: Rows::All }
}

impl Reference {
    const fn living(self) -> Self {
        Self { rows: Rows::Living, ..self }
    }

    const fn noting(self, notes: Notes) -> Self {
        Self { notes, ..self }
    }

    const fn good(self) -> Self {
        Self { rows: Rows::Good, notes: Notes::Nothing, ..self }
    }

    const fn holding(self, holds: Holds) -> Self {
        Self { holds, ..self }
    }
}

/// All of them; a test holds them against the columns that the database has.
pub static REFERENCES: [Reference; 21] = [
    one(Organisation, "results", "holder_id", "result").living(),
    one(Organisation, "experts", "organisation_id", "expert").living(),
    one(Organisation, "demands", "enterprise_id", "demand").living(),
    one(Organisation, "dockings", "enterprise_id", "docking"),
    one(Organisation, "dockings", "provider_id", "docking"),
    one(Organisation, "expert_teams", "enterprise_id", "expert_team"),
    one(Organisation, "event_participants", "organisation_id", "participant").noting(Notes::Version),
    one(Organisation, "patent_cases", "applicant_ids", "patent_case").holding(Holds::Many(10)),
    one(Organisation, "users", "organisation_id", "account").noting(Notes::Version),
    one(Organisation, "one_time_links", "organisation_id", "invitation").good(),
    one(Expert, "results", "contributor_ids", "result").holding(Holds::Many(100)).living(),
    one(Expert, "dockings", "expert_id", "docking"),
    one(Expert, "dockings", "provider_id", "docking"),
    one(Expert, "expert_team_members", "expert_id", "expert_team").noting(Notes::Version),
    one(Expert, "event_participants", "expert_id", "participant").noting(Notes::Version),
    one(Expert, "patent_cases", "inventors", "patent_case").holding(Holds::Inventors),
    one(Expert, "users", "expert_id", "account").noting(Notes::Version),
    one(Expert, "one_time_links", "expert_id", "invitation").good(),
    one(Outcome, "experts", "result_ids", "expert").holding(Holds::Many(200)).living(),
    one(Outcome, "dockings", "result_id", "docking"),
    one(Outcome, "patent_cases", "result_id", "patent_case"),
];

/// A merge as far as references go.
#[derive(Clone, Copy)]
pub struct Replacing {
    pub merge: Uuid,
    pub kept: Uuid,
    pub other: Uuid,
    pub by: Uuid,
}

/// A reference that was not put back.
#[derive(QueryableByName)]
struct StayedRow {
    #[diesel(sql_type = Id)]
    row_id: Uuid,
}

/// What refers to records of a kind.
pub fn of(kind: DuplicateKind) -> impl Iterator<Item = &'static Reference> {
    REFERENCES.iter().filter(move |reference| reference.to == kind)
}

/// Puts the kept record in the place of the other wherever that stands, and notes each place. A transaction is open.
///
/// # Errors
/// What the database says, also of a place where both cannot be one.
pub async fn put(kind: DuplicateKind, replacing: Replacing, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    // Who leads a team is one of its members at the end of the transaction.
    diesel::sql_query("SET CONSTRAINTS expert_teams_leader DEFERRED").execute(connection).await?;
    for reference in of(kind) {
        let put = diesel::sql_query(reference.put()).bind::<Id, _>(replacing.merge).bind::<Id, _>(replacing.other);
        let put = put.bind::<Id, _>(replacing.kept).bind::<Id, _>(replacing.by);
        put.bind::<Text, _>(reference.table).bind::<Text, _>(reference.column).execute(connection).await?;
    }
    Ok(())
}

/// Puts the other record back where it stood, as far as the kept one stands there still; the places where it does not. A
/// transaction is open.
///
/// # Errors
/// What the database says.
pub async fn put_back(
    kind: DuplicateKind,
    replacing: Replacing,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<(&'static Reference, Uuid)>> {
    diesel::sql_query("SET CONSTRAINTS expert_teams_leader DEFERRED").execute(connection).await?;
    let mut stayed = Vec::new();
    for reference in of(kind) {
        let back = diesel::sql_query(reference.put_back()).bind::<Id, _>(replacing.merge);
        let back = back.bind::<Id, _>(replacing.other).bind::<Id, _>(replacing.kept).bind::<Id, _>(replacing.by);
        let back = back.bind::<Text, _>(reference.table).bind::<Text, _>(reference.column);
        let rows: Vec<StayedRow> = back.load(connection).await?;
        stayed.extend(rows.into_iter().map(|row| (reference, row.row_id)));
    }
    Ok(stayed)
}

impl Reference {
    /// `$1` is the merge, `$2` the other record, `$3` the kept one, `$4` who merges, `$5` the table, `$6` the column.
    fn put(&self) -> String {
        let Self { table, column, .. } = self;
        let (row, held) = (self.row(), self.held("held", "$2"));
        let next = match self.holds {
            Holds::One => "$3".to_owned(),
            Holds::Many(_) | Holds::Inventors => format!("put_in_place(held.{column}, $3, $2)"),
        };
        format!(
            "WITH standing AS (SELECT {row} AS place, to_jsonb({column}) AS was FROM {table} AS held
                               WHERE {held} AND {} ORDER BY {row} FOR UPDATE),
             moved AS (UPDATE {table} AS held SET {column} = {next}{} FROM standing
                       WHERE held.{row} = standing.place AND {held} RETURNING standing.place, standing.was)
             INSERT INTO merge_moves (merge_id, table_name, column_name, row_id, before)
             SELECT $1, $5, $6, place, was FROM moved",
            self.which(),
            self.noted(),
        )
    }

    /// The same parameters. What it answers are the rows that stay as they are.
    fn put_back(&self) -> String {
        let Self { table, column, .. } = self;
        let (row, held) = (self.row(), self.held("held", "$3"));
        let (next, fits) = match self.holds {
            Holds::One => ("$2".to_owned(), "true".to_owned()),
            Holds::Inventors => (format!("put_in_place(held.{column}, $2, $3)"), "true".to_owned()),
            Holds::Many(most) => (
                // As it was, if it is as the merge left it; else beside the kept one, if both stood there, or in its place.
                format!(
                    "CASE WHEN held.{column} = put_in_place(was.list, $3, $2) THEN was.list
                          WHEN $3 = ANY (was.list) THEN array_append(held.{column}, $2)
                          ELSE put_in_place(held.{column}, $2, $3) END"
                ),
                format!(
                    "NOT $2 = ANY (held.{column}) AND (cardinality(held.{column}) < {most} OR NOT $3 = ANY (was.list))"
                ),
            ),
        };
        let list = match self.holds {
            Holds::Many(_) => "ARRAY(SELECT jsonb_array_elements_text(moves.before)::uuid)",
            Holds::One | Holds::Inventors => "NULL::uuid[]",
        };
        format!(
            "WITH noted AS (SELECT row_id, before FROM merge_moves WHERE merge_id = $1 AND table_name = $5 AND column_name = $6),
             back AS (UPDATE {table} AS held SET {column} = {next}{}
                      FROM noted AS moves CROSS JOIN LATERAL (SELECT {list} AS list) AS was
                      WHERE held.{row} = moves.row_id AND {held} AND {} AND {fits} RETURNING moves.row_id)
             SELECT row_id FROM noted WHERE row_id NOT IN (SELECT row_id FROM back)",
            self.noted(),
            self.which(),
        )
    }

    /// A member is a row of its team.
    fn row(&self) -> &'static str {
        if self.table == "expert_team_members" { "team_id" } else { "id" }
    }

    fn held(&self, table: &str, id: &str) -> String {
        let column = self.column;
        match self.holds {
            Holds::One => format!("{table}.{column} = {id}"),
            Holds::Many(_) => format!("{table}.{column} @> ARRAY[{id}]"),
            Holds::Inventors => format!("{table}.expert_ids @> ARRAY[{id}]"),
        }
    }

    const fn which(&self) -> &'static str {
        match self.rows {
            Rows::All => "true",
            Rows::Living => "held.deleted_at IS NULL",
            Rows::Good => "held.used_at IS NULL AND held.revoked_at IS NULL",
        }
    }

    const fn noted(&self) -> &'static str {
        match self.notes {
            Notes::Nothing => "",
            Notes::Version => ", version = held.version + 1",
            Notes::VersionAndWho => ", version = held.version + 1, updated_at = now(), updated_by = $4",
        }
    }
}
