//! The service over real HTTP and a real PostgreSQL; every test has a database of its own.
#![expect(clippy::expect_used, clippy::panic, reason = "a test ends where what it needs is missing")]

mod harness;

mod access;
mod audit;
mod bad_input;
mod centre;
mod changes;
mod concurrency;
mod confidential;
mod contract;
mod crashes;
mod database_rules;
mod discovery;
mod dockings;
mod duplicates;
mod events;
mod exports;
mod harvest;
mod identity;
mod imports;
mod in_step;
mod limits;
mod matching;
mod matching_runs;
mod meanings;
mod notifications;
mod operation;
mod outsiders;
mod partners;
mod partners_document;
mod patents;
mod people;
mod policies;
mod registry;
mod sessions;
mod teams;
mod visits;
mod webhooks;
