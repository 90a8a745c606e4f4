//! The application put together: middleware and routes.

use std::net::TcpListener;
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, PayloadConfig, ServiceConfig};
use actix_web::{App, HttpServer};
use utoipa_swagger_ui::SwaggerUi;

use crate::access::gate;
use crate::config::Settings;
use crate::http::cors::cors;
use crate::http::envelope::envelope;
use crate::http::methods::unknown;
use crate::http::patience::watch_over;
use crate::http::{BODY_LIMIT, Limits, Patience, SiteOrigin, TrustedProxies, shelter};
use crate::matching::shares::processors;
use crate::registry::Concept;
use crate::registry::demands::Demand;
use crate::registry::experts::Expert;
use crate::registry::organisations::Organisation;
use crate::registry::policies::Policy;
use crate::registry::results::ResearchResult;
use crate::state::State;
use crate::{
    access, audit, centre, changes, discovery, dockings, duplicates, events, exports, harvest, health, identity,
    imports, matching, notifications, openapi, pages, patents, policies, problem, registry, teams, visits, webhooks,
};

/// Seconds that running requests have to finish when the service is told to stop.
const GRACE: u64 = 30;
/// For the first head of a connection to arrive.
const HEAD: Duration = Duration::from_secs(10);
/// For the next request on a connection: longer than proxies in front keep theirs, so that they are the ones to close.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// For the rest of a body that was refused, and for a connection to be closed in order.
const CLOSING: Duration = Duration::from_secs(5);
/// Connections of a worker; more wait to be accepted. There are as many workers as processors.
const CONNECTIONS: usize = 4096;

/// How the service stands towards the network.
#[derive(Clone, Debug)]
pub struct Options {
    pub trusted_proxies: TrustedProxies,
    /// Units a minute and caller.
    pub rate: NonZeroU32,
    pub cors_origins: Vec<SiteOrigin>,
    pub patience: Patience,
}

impl Options {
    /// Those of the settings.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self {
            trusted_proxies: TrustedProxies::new(settings.trusted_proxies.clone()),
            rate: settings.rate,
            cors_origins: settings.cors_origins.clone(),
            patience: Patience::default(),
        }
    }
}

/// Serves on a bound listener until the process is told to stop; requests that run are finished first.
///
/// # Errors
/// If the listener cannot be served.
pub fn serve(state: State, listener: TcpListener, options: &Options) -> std::io::Result<actix_web::dev::Server> {
    let workers = processors();
    let operations = web::Data::new(openapi::operations());
    let proxies = web::Data::new(options.trusted_proxies.clone());
    let limits = web::Data::new(Limits::new(options.rate));
    let origins = options.cors_origins.clone();
    let patience = options.patience;
    let server = HttpServer::new(move || {
        let mut state = state.clone();
        match state.database.for_one_of(workers) {
            Ok(database) => state.database = database,
            Err(error) => tracing::warn!(%error, "a worker shares connections with others"),
        }
        App::new()
            .app_data(state.tokens.clone())
            .app_data(web::Data::new(state))
            .app_data(operations.clone())
            .app_data(proxies.clone())
            .app_data(limits.clone())
            .app_data(web::Data::new(patience))
            .app_data(PayloadConfig::new(BODY_LIMIT))
            .wrap(from_fn(gate))
            .wrap(from_fn(shelter))
            .wrap(Compress::default())
            .wrap(cors(&origins))
            .wrap(from_fn(envelope))
            .configure(routes)
            .default_service(web::to(unknown))
    });
    let server = server
        .workers(workers)
        .on_connect(move |connection, kept| watch_over(connection, kept, patience.connection))
        .client_request_timeout(HEAD)
        .client_disconnect_timeout(CLOSING)
        .keep_alive(KEEP_ALIVE)
        .max_connections(CONNECTIONS)
        .shutdown_timeout(GRACE);
    Ok(server.listen(listener)?.run())
}

/// Addresses are tried in this order: what is asked most goes first.
fn routes(config: &mut ServiceConfig) {
    matching_routes(config);
    record_routes::<Organisation>(config);
    record_routes::<Expert>(config);
    record_routes::<ResearchResult>(config);
    record_routes::<Demand>(config);
    record_routes::<Policy>(config);
    config
        .configure(identity_routes)
        .configure(docking_routes)
        .configure(event_routes)
        .configure(team_routes)
        .configure(patents::routes::configure)
        .configure(policies::configure)
        .configure(duplicates::configure)
        .configure(partner_routes)
        .service(notifications::routes::list)
        .service(notifications::routes::read)
        .service(notifications::routes::read_until)
        .service(centre::routes::read)
        .service(centre::routes::replace)
        .service(centre::routes::history)
        .service(visits::routes::read_site)
        .service(visits::routes::count_site)
        .service(visits::routes::read_policy)
        .service(registry::codes::routes::list_industries)
        .service(registry::codes::routes::read_industry)
        .service(registry::codes::routes::list_regions)
        .service(registry::codes::routes::read_region)
        .service(audit::routes::list)
        .service(access::document::page)
        .service(problem::pages::index)
        .service(problem::pages::page)
        .service(pages::style)
        .service(pages::script)
        .service(pages::invitation)
        .service(pages::password_reset)
        .service(health::live)
        .service(health::ready)
        .service(web::redirect("/docs", "/docs/"))
        .service(web::redirect("/", "/docs/"))
        .service(openapi::read)
        .service(SwaggerUi::new("/docs/{_:.*}").config("/openapi.json".into()));
}

/// Those of records of a kind; what is about all of them comes before what is about one.
fn record_routes<C: Concept>(config: &mut ServiceConfig) {
    exports::routes::configure::<C>(config);
    registry::routes::configure::<C>(config);
}

/// Those of sessions, accounts and partner sites.
fn identity_routes(config: &mut ServiceConfig) {
    config
        .service(identity::sessions::routes::create)
        .service(identity::sessions::routes::refresh)
        .service(identity::sessions::routes::end)
        .service(identity::sessions::routes::end_all)
        .service(identity::sessions::routes::keys)
        .service(identity::accounts::routes::read_own)
        .service(identity::accounts::routes::change_password)
        .service(identity::accounts::routes::list)
        .service(identity::accounts::routes::read)
        .service(identity::accounts::routes::amend)
        .service(identity::accounts::routes::remove_second_factor)
        .service(identity::second_factor::routes::begin)
        .service(identity::second_factor::routes::confirm)
        .service(identity::second_factor::routes::remove)
        .service(identity::second_factor::routes::renew)
        .service(identity::links::routes::invite)
        .service(identity::links::routes::list)
        .service(identity::links::routes::revoke)
        .service(identity::links::routes::accept)
        .service(identity::links::routes::create_reset)
        .service(identity::links::routes::reset)
        .service(identity::partners::routes::create)
        .service(identity::partners::routes::list)
        .service(identity::partners::routes::read)
        .service(identity::partners::routes::replace)
        .service(identity::partners::routes::create_secret)
        .service(identity::partners::routes::revoke_secret)
        .service(identity::partners::token::issue)
        .service(identity::partners::token::metadata);
}

/// Those of matches, searches and matching runs.
fn matching_routes(config: &mut ServiceConfig) {
    config
        .service(matching::routes::search)
        .service(matching::routes::match_text)
        .service(matching::routes::demand_matches)
        .service(matching::routes::result_matches)
        .service(matching::routes::expert_matches)
        .service(matching::routes::organisation_matches)
        .service(matching::runs::routes::create)
        .service(matching::runs::routes::list)
        .service(matching::runs::routes::read)
        .service(matching::runs::routes::cancel)
        .service(matching::runs::routes::download);
}

/// Those of dockings.
fn docking_routes(config: &mut ServiceConfig) {
    config
        .service(dockings::routes::create)
        .service(dockings::routes::list)
        .service(dockings::routes::read)
        .service(dockings::routes::move_on)
        .service(dockings::routes::undo)
        .service(dockings::routes::moves)
        .service(dockings::routes::replace_contract)
        .service(dockings::routes::replace_outcome)
        .service(dockings::statistics::routes::read)
        .service(dockings::contacts::routes::create)
        .service(dockings::contacts::routes::list)
        .service(dockings::contacts::files::create)
        .service(dockings::contacts::files::list)
        .service(dockings::contacts::files::download);
}

/// Those of events.
fn event_routes(config: &mut ServiceConfig) {
    config
        .service(events::routes::create)
        .service(events::routes::list)
        .service(events::routes::read)
        .service(events::routes::replace)
        .service(events::participants::routes::invite)
        .service(events::participants::routes::list)
        .service(events::participants::routes::read)
        .service(events::participants::routes::replace)
        .service(events::rules::routes::read)
        .service(events::rules::routes::replace)
        .service(events::schedule::routes::create)
        .service(events::schedule::routes::read)
        .service(events::schedule::routes::timetable);
}

/// Those by which other sites stay in step.
fn partner_routes(config: &mut ServiceConfig) {
    config
        .service(changes::routes::list)
        .service(harvest::routes::harvest)
        .service(harvest::routes::harvest_by_form)
        .service(harvest::routes::schema)
        .service(discovery::sitemap::routes::index)
        .service(discovery::sitemap::routes::read)
        .service(discovery::sitemap::routes::robots)
        .service(imports::routes::template)
        // It is no id of an import.
        .service(web::resource("/v1/imports/template").default_service(web::to(unknown)))
        .service(imports::routes::create)
        .service(imports::routes::list)
        .service(imports::routes::read)
        .service(imports::routes::cancel)
        .service(imports::routes::rows)
        .service(imports::routes::remarks)
        .service(imports::mappings::read)
        .service(imports::mappings::replace)
        .service(webhooks::routes::create)
        .service(webhooks::routes::list)
        .service(webhooks::routes::read)
        .service(webhooks::routes::replace)
        .service(webhooks::routes::delete)
        .service(webhooks::routes::create_secret)
        .service(webhooks::routes::remove_secret)
        .service(webhooks::deliveries::list)
        .service(webhooks::deliveries::replay)
        .service(webhooks::deliveries::test);
}

/// Those of expert service teams.
fn team_routes(config: &mut ServiceConfig) {
    config
        .service(teams::suggestion::routes::suggest)
        // It is no id of a team.
        .service(web::resource("/v1/expert-teams/suggest").default_service(web::to(unknown)))
        .service(teams::routes::create)
        .service(teams::routes::list)
        .service(teams::routes::read)
        .service(teams::routes::replace)
        .service(teams::members::routes::invite)
        .service(teams::members::routes::read)
        .service(teams::members::routes::replace)
        .service(teams::members::routes::remove)
        .service(teams::visits::routes::create)
        .service(teams::visits::routes::list)
        .service(teams::visits::routes::read)
        .service(teams::visits::routes::replace);
}
