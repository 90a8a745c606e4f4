//! The meetings of an event (洽谈排期): planned by the wishes of both sides, and by match scores where nobody wished.
//!
//! One planning of an event runs at a time. What it goes by is read at one moment, and the plan is kept only if nothing of it
//! has changed since; else it is planned again. Meetings of the plan before stay where they are unless moving one brings
//! more than a point.

mod calendar;
mod paper;
pub mod routes;
mod sheet;
mod store;
mod view;
