//! Duijie (对接) brings research results and experts to the enterprises of a county.

pub mod access;
pub mod audit;
mod background;
pub mod commands;
pub mod config;
pub mod database;
pub mod demo;
pub mod dockings;
pub mod events;
pub mod files;
pub mod health;
pub mod http;
pub mod identity;
pub mod matching;
pub mod meaning;
pub mod notifications;
pub mod openapi;
pub mod pages;
pub mod policies;
pub mod problem;
pub mod registry;
pub mod server;
pub mod state;
pub mod teams;
