//! Notifications (通知): what people were told of, each seen by its own person alone.
//!
//! Matching tells of strong matches (`matching/alerts`), dockings and teams of how they go, and patent cases of deadlines that
//! come near. What it was is read when it is asked for, by the rules of access: a record that was closed to the person since is
//! no longer named.

pub mod routes;
mod store;
