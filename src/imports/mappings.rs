//! Mappings over HTTP: how the files of a partner site name fields.

use actix_web::http::header;
use actix_web::{HttpResponse, get, put, web};
use deserr::Deserr;
use diesel_async::AsyncConnection;
use serde::Serialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::heading::Mapping;
use super::store;
use crate::audit::{self, Action, Event, Origin};
use crate::http::conditions::etag;
use crate::http::{Body, Conditions, Parameters};
use crate::identity::{Caller, Role};
use crate::problem::{Answer, Faults, Kind as ProblemKind, Problem};
use crate::registry::Kind;
use crate::registry::fields::{Line, Named};
use crate::state::State;

/// Whose mapping.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MappingParameters {
    /// That of a partner site, for the centre, whose own it is without it. A site's is always its own.
    #[deserr(default)]
    #[param(inline)]
    partner: Option<Line<1, 100>>,
}

/// A mapping as it is kept.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"version": 1, "columns": {"研究题目": "title"}, "defaults": {"status": "published"}}))]
pub struct ImportMapping {
    /// 0 where nothing was told yet.
    #[schema(minimum = 0)]
    version: i64,
    /// The field that each column is; null for one that is left out.
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    columns: Named<Option<String>>,
    /// What is written in a field whose column the file does not have.
    #[schema(value_type = BTreeMap<String, String>)]
    defaults: Named<String>,
}

/// Read how files name fields
///
/// 列名映射：导入文件的列名与字段的对应，以及缺列时的默认值；每个合作站点、每类记录一份。
#[utoipa::path(operation_id = "read_import_mapping", tag = "imports",
    params(("kind" = Kind, Path, example = "result"), MappingParameters),
    responses((status = 200, description = "The mapping", body = ImportMapping,
        headers(("ETag" = String, description = "Its version")))))]
#[get("/v1/import-mappings/{kind}")]
pub async fn read(
    kind: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
    conditions: Conditions,
    parameters: Parameters<MappingParameters>,
) -> Answer<HttpResponse> {
    let (kind, partner) = (kind_of(&kind)?, owner(&caller, parameters.0)?);
    let (mapping, version) = store::mapping(&partner, kind, &mut *state.database.connection().await?).await?;
    let tag = etag(version, false);
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    Ok(shown(mapping, version))
}

/// Say how files name fields
///
/// 保存列名映射：null 表示这一列不要；defaults 为缺列时填写的内容。
#[utoipa::path(operation_id = "replace_import_mapping", tag = "imports", request_body = Mapping,
    params(("kind" = Kind, Path, example = "result"), MappingParameters, ("If-Match" = String, Header)),
    responses((status = 200, description = "The mapping", body = ImportMapping,
        headers(("ETag" = String, description = "Its version")))))]
#[put("/v1/import-mappings/{kind}")]
pub async fn replace(
    kind: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    parameters: Parameters<MappingParameters>,
    new: Body<Mapping>,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let (kind, partner, new) = (kind_of(&kind)?, owner(&caller, parameters.0)?, new.0.cleaned());
    let faults = new.faults(kind);
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let mut connection = state.database.connection().await?;
    let (_, before) = store::mapping(&partner, kind, &mut connection).await?;
    conditions.allow_change(before)?;
    connection
        .transaction(async |connection| {
            if !store::keep_mapping((&partner, kind), &new, before, user, connection).await? {
                return Err(Problem::new(ProblemKind::PreconditionFailed));
            }
            let event = Event::new(Action::ImportMappingChanged).about_id("account", user);
            let event = event.with(json!({ "kind": kind, "partner": partner, "version": before + 1 }));
            Ok(audit::record(&origin, &event, connection).await?)
        })
        .await?;
    Ok(shown(new, before + 1))
}

fn shown(mapping: Mapping, version: i64) -> HttpResponse {
    let Mapping { columns, defaults } = mapping;
    let shown = ImportMapping { version, columns, defaults };
    HttpResponse::Ok().insert_header((header::ETAG, etag(version, false))).json(shown)
}

/// The kind in an address. What is none is not there.
fn kind_of(text: &str) -> Answer<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(Problem::not_found)
}

/// Under whom the mapping is kept.
fn owner(caller: &Caller, parameters: MappingParameters) -> Answer<String> {
    let named = parameters.partner.as_deref().unwrap_or_default();
    match caller.partner().filter(|_| caller.role() == Role::Partner) {
        Some(own) if !named.is_empty() && named != own => Err(caller.refused()),
        Some(own) => Ok(own.to_owned()),
        None => Ok(named.to_owned()),
    }
}
