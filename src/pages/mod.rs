//! What the few pages for people share: their style and a script for the two forms. Everything comes from the service.

use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, get};

/// The style of all pages.
#[get("/pages.css")]
pub async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("style.css"))
}

/// Sends a form as JSON and says what came of it.
#[get("/pages.js")]
pub async fn script() -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(include_str!("form.js"))
}

/// The page that an invitation's link opens.
#[get("/invitation")]
pub async fn invitation() -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).body(include_str!("invitation.html"))
}

/// The page that a reset's link opens.
#[get("/password-reset")]
pub async fn password_reset() -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).body(include_str!("password-reset.html"))
}

/// A text as it stands in HTML.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
