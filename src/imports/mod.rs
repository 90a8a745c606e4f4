//! Imports (导入): records brought in from a file, as a job.
//!
//! A file ([`reading`]) is rows; a heading ([`heading`]) says which column is which field; a row becomes what it says of a
//! record ([`draft`]), other records that it names are found ([`references`]), and a batch of rows is written at once
//! ([`writing`]). What is right is kept, what is wrong is told by row and column. A job is a row of its own with its file
//! beside it; whatever process is free works on it, each batch in one transaction with how far it has come ([`worker`]).

mod cells;
mod draft;
mod faults;
mod heading;
pub mod mappings;
mod names;
mod property;
mod reading;
mod references;
mod remarks;
pub mod routes;
mod store;
mod template;
mod worker;
mod writing;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::FieldFault;
use crate::registry::fields::vocabulary;

pub use faults::kept;
pub use store::{Import, NewImport, create, find, forget_old, rows};
pub use worker::{CHANNEL, finish, work};

vocabulary! {
    /// Where an import stands: 排队, 进行中, 已完成, 未导入（文件或内容有误）, 已取消.
    ImportState {
        Queued = "queued", Running = "running", Completed = "completed", Refused = "refused", Cancelled = "cancelled",
    }
    /// What a file is: CSV in UTF-8, GB18030 or UTF-16, a workbook, JSON objects on lines, an array of JSON objects.
    ImportFormat { Csv = "csv", Xlsx = "xlsx", Ndjson = "ndjson", Json = "json" }
    /// What became of a row: 新增, 更新, 有误.
    RowOutcome { Created = "created", Changed = "changed", Refused = "refused" }
}
