//! Documents of a case: the disclosure, drafts, claims, letters and replies, each kind one version after the other.

pub mod routes;
mod store;

use deserr::Deserr;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::files::{File, FileName};
use crate::problem::{Faults, FieldFault};
use crate::registry::fields::vocabulary;

vocabulary! {
    /// Kinds of documents: 技术交底书, 检索报告, 说明书草稿, 权利要求书, 附图, 通知书, 答复, 其他.
    DocumentKind {
        Disclosure = "disclosure", SearchReport = "search_report", Draft = "draft", Claims = "claims",
        Drawings = "drawings", Letter = "letter", Reply = "reply", Other = "other",
    }
}

/// What a document is, and what its file is called.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DocumentNaming {
    #[param(inline)]
    pub kind: DocumentKind,
    /// The name, with its ending.
    #[deserr(try_from(String) = FileName::parse -> FieldFault)]
    #[param(inline, example = "技术交底书.docx")]
    pub name: FileName,
}

/// A document: a file, which kind, and the how manieth of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PatentDocument {
    #[serde(flatten)]
    pub file: File,
    pub kind: DocumentKind,
    /// Versions of a kind are numbered from 1.
    #[schema(minimum = 1, maximum = 200)]
    pub number: i16,
}
