//! Notifications over HTTP: one's own, and which of them one has read.

use std::collections::{HashMap, HashSet};

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use deserr::Deserr;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store::{self, Pair, Subject, Told};
use crate::access::{self, Action};
use crate::database::Connection;
use crate::dockings::{Docking, DockingNews, DockingStage, EndingReason};
use crate::http::paging::{Paging, PagingParameters, next_link};
use crate::http::{Body, flag};
use crate::identity::Caller;
use crate::matching::Level;
use crate::patents::PatentCase;
use crate::patents::reminders::NotifiedDeadline;
use crate::problem::{Answer, Faults, FieldFault, Problem};
use crate::registry::demands::Demand;
use crate::registry::experts::Expert;
use crate::registry::policies::Policy;
use crate::registry::results::ResearchResult;
use crate::registry::{Concept, Kind, ids};
use crate::state::State;
use crate::teams::store::{self as teams, TeamRow};
use crate::teams::{TeamNews, TeamState, whose};

/// Which notifications.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotificationFilter {
    /// Only those that were not read, or only those that were.
    #[deserr(default, try_from(Option<String>) = flag -> FieldFault)]
    pub unread: Option<bool>,
}

/// What somebody was told of: a strong match, news of a docking or of a team, a deadline that comes near, or a policy that fits
/// their enterprise.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-00000000000f", "created_at": "2026-11-25T02:03:04Z", "score": 0.73, "level": "strong",
    "demand": {"kind": "demand", "id": "01939c5e-0000-7000-8000-000000000004", "title": "球铁件热节处总有缩松"},
    "counterpart": {"kind": "result", "id": "01939c5e-0000-7000-8000-000000000003", "title": "球墨铸铁件缩松缺陷的控制方法"}
}))]
pub struct Notification {
    id: Uuid,
    created_at: DateTime<Utc>,
    /// When it was read first.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<DateTime<Utc>>,
    /// Of a match: 0 to 1, as it was when the pair was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0.0, maximum = 1.0)]
    score: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    /// What is asked for. Left out while the caller may not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    demand: Option<NotifiedRecord>,
    /// The result or the expert that may help. Left out while the caller may not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    counterpart: Option<NotifiedRecord>,
    /// The docking that it is news of. Left out while the caller may not see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    docking: Option<NotifiedDocking>,
    /// The webhook that is off, because its receiver is gone or failed for three days.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_id: Option<Uuid>,
    /// The policy that has clauses for the caller's enterprise. Left out while the caller may not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<NotifiedRecord>,
    /// The deadline of a patent case that comes near. Left out while the caller may not see the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<NotifiedDeadline>,
    /// The expert service team that it is news of. Left out while the caller may not see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<NotifiedTeam>,
}

/// A team that somebody was told of.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-000000000010", "news": "invited", "name": "球铁缩松攻关服务团", "state": "forming"
}))]
pub struct NotifiedTeam {
    id: Uuid,
    /// What happened.
    news: TeamNews,
    #[schema(max_length = 200)]
    name: String,
    /// Where it stands now.
    state: TeamState,
}

/// A docking that somebody was told of.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-000000000010", "news": "accepted", "stage": "negotiating",
    "demand_title": "球铁件热节处总有缩松", "enterprise_name": "南皮恒锐五金（示例）",
    "counterpart_title": "球墨铸铁件缩松缺陷的控制方法"
}))]
pub struct NotifiedDocking {
    id: Uuid,
    /// What happened.
    news: DockingNews,
    /// Where it stands now, and why it ended, if it did.
    stage: DockingStage,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<EndingReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    demand_title: Option<String>,
    #[schema(max_length = 200)]
    enterprise_name: String,
    #[schema(max_length = 200)]
    counterpart_title: String,
}

/// A record of the pair, as it is called now.
#[derive(Clone, Serialize, ToSchema)]
pub struct NotifiedRecord {
    kind: Kind,
    id: Uuid,
    /// The title, or the name of an expert.
    #[schema(max_length = 200)]
    title: String,
}

/// One page of notifications, newest first.
#[derive(Serialize, ToSchema)]
pub struct NotificationPage {
    #[schema(max_items = 100)]
    items: Vec<Notification>,
    /// How many the caller has not read, on whatever page.
    #[schema(minimum = 0)]
    unread: i64,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// How far one has read.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"until": "01939c5e-0000-7000-8000-00000000000f"}))]
pub struct ReadNotifications {
    /// The newest notification that was read; what came after it stays unread.
    #[deserr(try_from(String) = ids::id -> FieldFault)]
    until: Uuid,
}

/// List notifications
///
/// 自己的通知，新的在前：新登记或修改过的成果、专家与需求强相关时告知有关的人，每一对只告知一次；对接有进展或搁置过久时告知双方和中心的人；专家服务团有变动时告知有关的人。
/// 专利申报的期限和费用在到期前 30、14、7、1 天告知申请人和中心的人。
/// 新发布的政策有适用本企业的条款时告知企业的人。
#[utoipa::path(operation_id = "list_notifications", tag = "notifications", params(NotificationFilter, PagingParameters),
    responses((status = 200, description = "One page", body = NotificationPage)))]
#[get("/v1/notifications")]
pub async fn list(request: HttpRequest, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let person = caller.signed_in()?;
    let (paging, filters) = Paging::of(&request)?;
    let filter: NotificationFilter =
        deserr::deserialize(Value::Object(filters)).map_err(Problem::invalid_parameters)?;
    let after = paging.after_id()?;
    let mut connection = state.database.connection().await?;
    let mut told = store::page(person, filter.unread, after, paging.fetch(), &mut connection).await?;
    let next_cursor = paging.cut(&mut told, |last| last.id.as_bytes().to_vec());
    let unread = store::unread(person, &mut connection).await?;
    let items = named(told, &caller, &mut connection).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header(("Link", next_link(&request, cursor)));
    }
    Ok(response.json(NotificationPage { items, unread, next_cursor }))
}

/// Mark a notification as read
///
/// 把一条通知标为已读；再标一次不变。
#[utoipa::path(operation_id = "read_notification", tag = "notifications",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-00000000000f")),
    responses((status = 204, description = "It is read")))]
#[post("/v1/notifications/{id}/read")]
pub async fn read(id: web::Path<String>, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let person = caller.signed_in()?;
    let id = ids::of_address(&id)?;
    if !store::read(person, id, &mut *state.database.connection().await?).await? {
        return Err(Problem::not_found());
    }
    Ok(HttpResponse::NoContent().finish())
}

/// Mark notifications as read
///
/// 把某一条及更早的通知全部标为已读。
#[utoipa::path(operation_id = "read_notifications", tag = "notifications", request_body = ReadNotifications,
    responses((status = 204, description = "They are read")))]
#[post("/v1/notifications/read")]
pub async fn read_until(
    state: web::Data<State>,
    caller: Caller,
    how_far: Body<ReadNotifications>,
) -> Answer<HttpResponse> {
    let person = caller.signed_in()?;
    store::read_until(person, how_far.0.until, &mut *state.database.connection().await?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// With the records of their pairs, as far as the caller may read them now.
async fn named(told: Vec<Told>, caller: &Caller, connection: &mut Connection) -> Answer<Vec<Notification>> {
    let pairs: Vec<&Pair> = told.iter().filter_map(Told::pair).collect();
    let demands: Vec<Uuid> = pairs.iter().map(|pair| pair.demand).collect();
    let results: Vec<Uuid> = pairs.iter().filter_map(|pair| pair.result).collect();
    let experts: Vec<Uuid> = pairs.iter().filter_map(|pair| pair.expert).collect();
    let mut names = titled(&demands, |demand: &Demand| demand.title.to_string(), caller, connection).await?;
    names.extend(titled(&results, |result: &ResearchResult| result.title.to_string(), caller, connection).await?);
    names.extend(titled(&experts, |expert: &Expert| expert.name.to_string(), caller, connection).await?);
    let teams = told.iter().filter_map(|one| if let Subject::Team(team, _) = &one.of { Some(team.id) } else { None });
    let teams = seen(&teams.collect::<Vec<Uuid>>(), caller, connection).await?;
    let policies: Vec<Uuid> = told.iter().filter_map(Told::policy).collect();
    names.extend(titled(&policies, |policy: &Policy| policy.title.to_string(), caller, connection).await?);
    Ok(told.into_iter().map(|one| Notification::of(one, &names, &teams, caller)).collect())
}

impl Notification {
    fn of(told: Told, names: &HashMap<Uuid, NotifiedRecord>, teams: &HashSet<Uuid>, caller: &Caller) -> Self {
        let Told { id, created_at, read_at, of } = told;
        let bare = Self {
            id,
            created_at,
            read_at,
            score: None,
            level: None,
            demand: None,
            counterpart: None,
            docking: None,
            team: None,
            deadline: None,
            policy: None,
            webhook_id: None,
        };
        match of {
            Subject::Pair(pair) => Self {
                score: Some(pair.score),
                level: Some(Level::Strong),
                demand: names.get(&pair.demand).cloned(),
                counterpart: pair.result.or(pair.expert).and_then(|id| names.get(&id).cloned()),
                ..bare
            },
            Subject::Policy(policy) => Self { policy: names.get(&policy).cloned(), ..bare },
            Subject::Docking(docking, news) => {
                let seen = docking.party(caller).is_some();
                Self { docking: seen.then(|| NotifiedDocking::of(*docking, news)), ..bare }
            }
            Subject::Team(team, news) => {
                // Who was taken out hears of which team.
                let seen = teams.contains(&team.id) || news == TeamNews::Removed;
                Self { team: seen.then(|| NotifiedTeam::of(team, news)), ..bare }
            }
            Subject::Deadline(case, (deadline, kind, due_on, days)) => {
                let seen = case.is_seen_by(caller);
                let PatentCase { id: case_id, title, .. } = *case;
                let notified = NotifiedDeadline { case_id, title, deadline, kind, due_on, days };
                Self { deadline: seen.then_some(notified), ..bare }
            }
            Subject::Webhook(id) => Self { webhook_id: Some(id), ..bare },
        }
    }
}

impl NotifiedDocking {
    fn of(docking: Docking, news: DockingNews) -> Self {
        let Docking { id, stage, reason, demand_title, enterprise_name, counterpart_title, .. } = docking;
        Self { id, news, stage, reason, demand_title, enterprise_name, counterpart_title }
    }
}

impl NotifiedTeam {
    fn of(team: TeamRow, news: TeamNews) -> Self {
        Self { id: team.id, news, name: team.name, state: team.state }
    }
}

/// Those of the teams that the caller may see.
async fn seen(teams: &[Uuid], caller: &Caller, connection: &mut Connection) -> Answer<HashSet<Uuid>> {
    if teams.is_empty() {
        return Ok(HashSet::new());
    }
    let seen = teams::find_all(teams, whose(caller)?, connection).await?;
    Ok(seen.into_iter().map(|team| team.id).collect())
}

/// Those of the records that the caller may read, by their ids.
async fn titled<C: Concept>(
    ids: &[Uuid],
    title: impl Fn(&C) -> String,
    caller: &Caller,
    connection: &mut Connection,
) -> Answer<HashMap<Uuid, NotifiedRecord>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let records = C::find_all(ids, connection).await?.into_iter();
    let readable =
        records.filter(|record| record.stamp.deleted_at.is_none() && access::may(caller, Action::Read, record));
    let named = readable.map(|record| {
        let id = record.stamp.id;
        (id, NotifiedRecord { kind: C::KIND, id, title: title(&record.fields) })
    });
    Ok(named.collect())
}
