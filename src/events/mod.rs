//! Events (对接活动): a day of 1:1 meetings between enterprises and experts or institutes.

pub mod planning;
