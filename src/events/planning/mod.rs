//! The meetings of a day (对接活动的排期): who meets whom, in which slot, at which table.
//!
//! The greatest total comes first: of wishes, and of match scores where nobody wished. Of equal totals the one is
//! preferred that leaves the fewest of those who wished without any meeting, then the one with the fewest and shortest gaps
//! in the days of people. A plan comes with a bound that no plan of the day can exceed.
//!
//! Where everybody is there all day, the best pairs are a flow, and slots for them a colouring of the graph's edges
//! (König): the plan is the best there is. With hours that differ, a search looks for plans while prices of the hours
//! lower the bound of that flow, and linear programs look through what the two leave open.

mod board;
mod bound;
mod changes;
mod colouring;
mod conflicts;
mod day;
mod exact;
mod flow;
mod gaps;
mod hours;
mod plan;
mod race;
mod search;
mod tables;
mod task;
#[cfg(test)]
mod tests;

pub use changes::{Changes, Moved, between};
pub use conflicts::{Conflict, Reason, conflict};
pub use day::{Day, Fixed, Guest, MOST_SLOTS, Pair, Slots};
pub use plan::{Meeting, Plan, greedy, plan, replan};
