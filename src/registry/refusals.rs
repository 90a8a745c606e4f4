//! What the database refuses, told as a problem that names the field.

use diesel::result::{DatabaseErrorKind, Error};

use crate::problem::{FieldFault, Kind, Problem};

/// The problem of a write that the database refused.
pub fn refused_write(error: Error) -> Problem {
    let Error::DatabaseError(kind, details) = &error else {
        return error.into();
    };
    match (kind, details.constraint_name().unwrap_or_default()) {
        (DatabaseErrorKind::UniqueViolation, "organisations_credit_code_key") => Problem::conflict(
            "/credit_code",
            FieldFault::new(
                "duplicate",
                "已有单位使用这个统一社会信用代码",
                "another organisation has this credit code",
            ),
        ),
        (DatabaseErrorKind::UniqueViolation, "results_source_key") => Problem::conflict(
            "/source/identifier",
            FieldFault::new(
                "duplicate",
                "该合作站点的这一标识已有记录",
                "a record of this partner and identifier exists",
            ),
        ),
        (DatabaseErrorKind::ForeignKeyViolation, "organisation_in_use") => Problem::new(Kind::InUse).saying(
            "该单位仍有需求、成果或专家，请先处理它们",
            "the organisation still has demands, results or experts; deal with them first",
        ),
        (DatabaseErrorKind::ForeignKeyViolation, constraint) => match reference(constraint) {
            Some((pointer, fault)) => Problem::invalid_field(pointer, fault),
            None => error.into(),
        },
        _ => error.into(),
    }
}

/// The field of a reference to nothing, by the constraint that found it.
fn reference(constraint: &str) -> Option<(&'static str, FieldFault)> {
    let unknown = |zh: &'static str, en: &'static str| FieldFault::new("unknown_reference", zh, en);
    let no_organisation = unknown("没有这个单位", "there is no such organisation");
    Some(match constraint {
        "holder_id_living" | "results_holder_id_fkey" => ("/holder_id", no_organisation),
        "organisation_id_living" | "experts_organisation_id_fkey" => ("/organisation_id", no_organisation),
        "enterprise_id_living" | "demands_enterprise_id_fkey" => ("/enterprise_id", no_organisation),
        "enterprise_id_kind" => (
            "/enterprise_id",
            FieldFault::new("not_an_enterprise", "该单位不是企业", "the organisation is not an enterprise"),
        ),
        "known_results" => ("/result_ids", unknown("其中有不存在的成果", "one of them is no result")),
        "known_contributors" => ("/contributor_ids", unknown("其中有不存在的专家", "one of them is no expert")),
        _ => return None,
    })
}
