//! Merging and parting over HTTP.

use actix_web::http::header;
use actix_web::{HttpResponse, post, web};
use diesel_async::AsyncConnection;

use super::view::{StayedReference, UndoneMerge};
use super::{part, put_together};
use crate::audit::Origin;
use crate::duplicates::of_kind;
use crate::duplicates::requests::NewMerge;
use crate::duplicates::routes::found;
use crate::duplicates::view::PairView;
use crate::http::{Body, Conditions};
use crate::identity::Caller;
use crate::problem::Answer;
use crate::state::State;

/// References that stay and are named.
const NAMED: usize = 100;

/// Merge a pair
///
/// 合并：保留一条，补齐它缺的字段，合并清单，指向另一条的引用改为指向它；另一条留下墓碑并指明去处。If-Match 为读取这一对时的 ETag，
/// 两条记录其间都不得有改动。有妨碍时逐项说明，什么也不改。
#[utoipa::path(operation_id = "merge_duplicate", tag = "duplicates", request_body = NewMerge,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000040"), ("If-Match" = String, Header)),
    responses((status = 200, description = "The pair, merged", body = PairView,
        headers(("ETag" = String, description = "Its version and those of both records")))))]
#[post("/v1/duplicates/{id}/merge")]
pub async fn merge(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    new: Body<NewMerge>,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let mut connection = state.database.connection().await?;
    let pair = found(&id, &mut connection).await?;
    macro_rules! of {
        ($concept:ty) => {
            connection
                .transaction(async |connection| {
                    put_together::merge::<$concept>(pair.id, &new.0, &conditions, (user, &origin), connection).await
                })
                .await?
        };
    }
    let merged = of_kind!(pair.kind, of);
    let (view, tag) = PairView::read(merged, &mut connection).await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(view))
}

/// Undo a merge
///
/// 撤销合并：另一条记录按原样恢复，引用移回；合并时补上的内容若此后未改动则收回，改动过的保留并说明。
#[utoipa::path(operation_id = "undo_merge", tag = "duplicates",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000040")),
    responses((status = 200, description = "The pair, open again, and what stays", body = UndoneMerge,
        headers(("ETag" = String, description = "Its version and those of both records")))))]
#[post("/v1/duplicates/{id}/undo")]
pub async fn undo(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let mut connection = state.database.connection().await?;
    let pair = found(&id, &mut connection).await?;
    macro_rules! of {
        ($concept:ty) => {
            connection
                .transaction(async |connection| part::undo::<$concept>(pair.id, (user, &origin), connection).await)
                .await?
        };
    }
    let undone = of_kind!(pair.kind, of);
    let (duplicate, tag) = PairView::read(undone.pair, &mut connection).await?;
    let stayed = undone.references.iter().take(NAMED).map(|(reference, id)| StayedReference::of(reference, *id));
    let view = UndoneMerge {
        duplicate,
        stayed_fields: undone.fields,
        stayed_references: stayed.collect(),
        stayed: undone.references.len(),
    };
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(view))
}
