//! The application put together: middleware and routes.

use std::net::TcpListener;

use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, PayloadConfig, ServiceConfig};
use actix_web::{App, HttpServer};
use utoipa_swagger_ui::SwaggerUi;

use crate::http::BODY_LIMIT;
use crate::http::envelope::envelope;
use crate::http::methods::unknown;
use crate::registry::demands::Demand;
use crate::registry::experts::Expert;
use crate::registry::organisations::Organisation;
use crate::registry::policies::Policy;
use crate::registry::results::ResearchResult;
use crate::state::State;
use crate::{health, identity, matching, openapi, problem, registry};

/// Seconds that running requests have to finish when the service is told to stop.
const GRACE: u64 = 30;

/// Serves on a bound listener until the process is told to stop; requests that run are finished first.
///
/// # Errors
/// If the listener cannot be served.
pub fn serve(state: State, listener: TcpListener) -> std::io::Result<actix_web::dev::Server> {
    let state = web::Data::new(state);
    let methods = web::Data::new(openapi::methods());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(state.tokens.clone())
            .app_data(methods.clone())
            .app_data(PayloadConfig::new(BODY_LIMIT))
            .wrap(Compress::default())
            .wrap(from_fn(envelope))
            .configure(routes)
            .default_service(web::to(unknown))
    });
    Ok(server.shutdown_timeout(GRACE).listen(listener)?.run())
}

fn routes(config: &mut ServiceConfig) {
    registry::routes::configure::<Organisation>(config);
    registry::routes::configure::<Expert>(config);
    registry::routes::configure::<ResearchResult>(config);
    registry::routes::configure::<Demand>(config);
    registry::routes::configure::<Policy>(config);
    config
        .service(identity::routes::create)
        .service(identity::routes::refresh)
        .service(identity::routes::end)
        .service(identity::routes::end_all)
        .service(identity::routes::change_password)
        .service(identity::routes::keys)
        .service(matching::routes::demand_matches)
        .service(matching::routes::result_matches)
        .service(matching::routes::expert_matches)
        .service(matching::routes::organisation_matches)
        .service(matching::routes::match_text)
        .service(matching::routes::search)
        .service(registry::codes::routes::list_industries)
        .service(registry::codes::routes::read_industry)
        .service(registry::codes::routes::list_regions)
        .service(registry::codes::routes::read_region)
        .service(problem::pages::index)
        .service(problem::pages::page)
        .service(health::live)
        .service(health::ready)
        .service(web::redirect("/docs", "/docs/"))
        .service(web::redirect("/", "/docs/"))
        .service(SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", openapi::document().clone()));
}
