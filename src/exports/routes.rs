//! Exports over HTTP, the same for each kind.

use std::fs::File;

use actix_web::http::header::{self, HeaderName};
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use deserr::Deserr;
use futures_util::{Stream, StreamExt, stream};
use utoipa::IntoParams;
use utoipa::openapi::path::ParameterIn;
use uuid::Uuid;

use super::reader::{self, Batches, BrokenOff, Range};
use super::{lines, workbook};
use crate::background;
use crate::changes::Position;
use crate::http::methods::unknown;
use crate::http::{Parameters, prefers};
use crate::identity::Caller;
use crate::problem::{Answer, Faults, FieldFault, Problem, not_allowed};
use crate::registry::Concept;
use crate::registry::ids::optional_id;
use crate::state::State;

pub const NDJSON: &str = "application/x-ndjson";
pub const CSV: &str = "text/csv";
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Where the change feed goes on from what an export holds.
pub const CHANGE_POSITION: HeaderName = HeaderName::from_static("change-position");

/// Which file of which records.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportParameters {
    /// `ndjson`, `csv` or `xlsx`; what `Accept` asks for without it, and NDJSON without that.
    #[deserr(default, try_from(Option<String>) = parse_format -> FieldFault)]
    #[param(value_type = Option<String>, pattern = "^(ndjson|csv|xlsx)$", example = "csv")]
    format: Option<Format>,
    /// Records with a greater id: go on after the last that was received.
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    after: Option<Uuid>,
    /// Records up to this id.
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    until: Option<Uuid>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Ndjson,
    Csv,
    Xlsx,
}

impl Format {
    const ALL: [Self; 3] = [Self::Ndjson, Self::Csv, Self::Xlsx];

    const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => NDJSON,
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => XLSX,
        }
    }

    /// What the caller likes best.
    fn asked_for(request: &HttpRequest) -> Self {
        let better = |media_type, than| prefers(request.headers(), media_type, than);
        match (better(CSV, NDJSON), better(XLSX, NDJSON)) {
            (_, true) if better(XLSX, CSV) => Self::Xlsx,
            (true, _) => Self::Csv,
            (false, _) => Self::Ndjson,
        }
    }
}

/// Registers the export of a concept. It comes before the addresses of records.
pub fn configure<C: Concept>(config: &mut ServiceConfig) {
    let address = format!("/v1/{}/export", C::KIND.plural());
    config.service(web::resource(address).route(web::get().to(export::<C>)).default_service(web::to(unknown)));
}

/// The parameters, for the contract.
#[must_use]
pub fn parameters() -> Vec<utoipa::openapi::path::Parameter> {
    ExportParameters::into_params(|| Some(ParameterIn::Query))
}

async fn export<C: Concept>(
    request: HttpRequest,
    state: web::Data<State>,
    caller: Caller,
    parameters: Parameters<ExportParameters>,
) -> Answer<HttpResponse> {
    let ExportParameters { format, after, until } = parameters.0;
    let format = format.unwrap_or_else(|| Format::asked_for(&request));
    let range = Range { after: after.unwrap_or(Uuid::nil()), until: until.unwrap_or(Uuid::max()) };
    let permit = reader::room(&state.exports).ok_or_else(busy)?;
    let (batches, position) =
        reader::read::<C>(range, caller, &state.database, permit).await.map_err(Problem::internal)?;
    let mut response = answer::<C>(format, position);
    Ok(match format {
        Format::Ndjson => response.streaming(texts(batches, lines::ndjson)),
        Format::Csv => {
            let heading = lines::heading(C::KIND)?;
            response.streaming(stream::iter([Ok(heading)]).chain(texts(batches, lines::csv)))
        }
        Format::Xlsx => response.streaming(pieces(batches)),
    })
}

fn answer<C: Concept>(format: Format, position: Position) -> actix_web::HttpResponseBuilder {
    let name = format!("attachment; filename=\"{}.{}\"", C::KIND.plural(), format.name());
    let mut response = HttpResponse::Ok();
    response
        .content_type(format.media_type())
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((CHANGE_POSITION, position.to_string()));
    if format == Format::Xlsx {
        // It is packed already.
        response.insert_header((header::CONTENT_ENCODING, "identity"));
    }
    response
}

fn busy() -> Problem {
    Problem::too_many_requests(10).saying("正在导出的太多，请稍后再试", "too many exports run; try again in a while")
}

/// Batches as they come, written as text.
fn texts<C: Concept>(
    batches: Batches<C>,
    write: impl Fn(&[crate::registry::Record<C>]) -> Answer<Bytes> + 'static,
) -> impl Stream<Item = Result<Bytes, BrokenOff>> {
    stream::unfold((batches, write), |(mut batches, write)| async move {
        let batch = batches.recv().await?;
        let text = batch.and_then(|batch| write(&batch).map_err(|_| BrokenOff));
        Some((text, (batches, write)))
    })
}

/// A workbook, once it is whole.
fn pieces<C: Concept>(batches: Batches<C>) -> impl Stream<Item = Result<Bytes, BrokenOff>> {
    stream::unfold(Making::Rows(batches), |making| async move {
        let file = match making {
            Making::Rows(batches) => file(batches).await,
            Making::File(file) => Ok(file),
            Making::Broken => return None,
        };
        let piece = match file {
            Ok(file) => next_piece(file).await,
            Err(broken) => Err(broken),
        };
        match piece {
            Ok((Some(piece), file)) => Some((Ok(piece.into()), Making::File(file))),
            Ok((None, _)) => None,
            Err(broken) => Some((Err(broken), Making::Broken)),
        }
    })
}

enum Making<C> {
    Rows(Batches<C>),
    File(File),
    Broken,
}

async fn file<C: Concept>(batches: Batches<C>) -> Result<File, BrokenOff> {
    let written = background::run(move || workbook::written(batches)).await;
    written.map_err(|_| BrokenOff)?.map_err(|error| {
        tracing::error!(%error, "no workbook could be made");
        BrokenOff
    })
}

async fn next_piece(mut file: File) -> Result<(Option<Vec<u8>>, File), BrokenOff> {
    let read = web::block(move || workbook::piece(&mut file).map(|piece| (piece, file))).await;
    read.map_err(|_| BrokenOff)?.map_err(|_| BrokenOff)
}

fn parse_format(text: Option<String>) -> Result<Option<Format>, FieldFault> {
    let Some(text) = text else { return Ok(None) };
    let format = Format::ALL.into_iter().find(|format| format.name() == text);
    format.map(Some).ok_or_else(|| not_allowed(&Format::ALL.map(Format::name)))
}
