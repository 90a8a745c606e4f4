//! Who is invited to an event (参加者), what they said, and whom they want to meet.

pub mod routes;
pub mod store;
