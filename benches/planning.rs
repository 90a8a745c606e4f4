//! A day of an event planned: how long it takes, how near the best it is, and how much more it is worth than a greedy plan.
//!
//! Two sizes, with everybody there all day, with hours that differ, and with slots that are forbidden to pairs. Wishes are
//! random: each side wishes for about one in seven of the other, 1 to 5; where nobody wished, a match score stands in.
#![expect(clippy::expect_used, reason = "a benchmark ends where what it needs is missing")]

use std::time::{Duration, Instant};

use duijie::events::planning::{Day, Guest, Pair, Slots, greedy, plan};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// What a point of a wish weighs.
const POINT: u32 = 100;
/// Days of each kind.
const DAYS: u64 = 3;

/// Enterprises, experts, slots, tables, and seconds there are.
struct Size(usize, usize, usize, usize, f64);

/// When people are there.
enum Hours {
    /// All day.
    All,
    /// In four slots of five; and one in twenty is forbidden to a pair.
    Some,
    /// In half of the slots.
    Half,
    /// From some slot to another, a little more than half of the day.
    Stretch,
}

fn main() {
    println!("day, hours: slowest; meetings; gap at worst; proven best; least and most of greedy");
    for size in [Size(30, 20, 8, 16, 0.9), Size(120, 80, 16, 60, 9.0)] {
        for (name, hours) in
            [("all day", Hours::All), ("some", Hours::Some), ("half", Hours::Half), ("a stretch", Hours::Stretch)]
        {
            measure(&size, name, &hours);
        }
    }
}

fn measure(size: &Size, name: &str, hours: &Hours) {
    let (mut slowest, mut gap, mut proven, mut meetings) = (0.0_f64, 0.0_f64, 0, 0);
    let mut ratios = Vec::new();
    for seed in 0..DAYS {
        let day = day(size, hours, seed);
        let greedy = greedy(&day).expect("a plan");
        let started = Instant::now();
        let plan = plan(&day, Duration::from_secs_f64(size.4)).expect("a plan");
        slowest = slowest.max(started.elapsed().as_secs_f64());
        gap = gap.max(plan.gap());
        proven += u32::from(plan.is_best());
        meetings = meetings.max(plan.meetings.len());
        ratios.push(plan.total as f64 / greedy.total as f64);
    }
    ratios.sort_by(f64::total_cmp);
    let Size(enterprises, experts, slots, tables, _) = size;
    println!(
        "{enterprises} x {experts} x {slots}, {tables} tables, {name}: {slowest:.2} s; {meetings}; {:.3} %; {proven} of {DAYS}; {:.3} to {:.3}",
        gap * 100.0,
        ratios.first().expect("days"),
        ratios.last().expect("days")
    );
}

fn day(Size(enterprises, experts, slots, tables, _): &Size, hours: &Hours, seed: u64) -> Day {
    let mut random = SmallRng::seed_from_u64(seed);
    let all = Slots::MAX >> (64 - slots);
    let guest = |random: &mut SmallRng| {
        let hours = match hours {
            Hours::All => all,
            Hours::Some => some(random, *slots, 0.8),
            Hours::Half => some(random, *slots, 0.5),
            Hours::Stretch => {
                let length = random.random_range(slots / 3..=slots * 4 / 5);
                (Slots::MAX >> (64 - length)) << random.random_range(0..=slots - length)
            }
        };
        Guest { hours, most: random.random_range(slots / 2..=*slots) }
    };
    let enterprises: Vec<Guest> = (0..*enterprises).map(|_| guest(&mut random)).collect();
    let experts: Vec<Guest> = (0..*experts).map(|_| guest(&mut random)).collect();
    let mut pairs = Vec::new();
    for enterprise in 0..enterprises.len() {
        for expert in 0..experts.len() {
            let wished = [random.random_range(0..7) == 0, random.random_range(0..7) == 0];
            let wishes = wished.map(|wished| if wished { random.random_range(1..=5) * POINT } else { 0 });
            let weight = match wishes[0] + wishes[1] {
                0 => random.random_range(0..=POINT) * random.random_range(0..=POINT) / POINT,
                weight => weight,
            };
            let slots = if matches!(hours, Hours::Some) { some(&mut random, *slots, 0.95) } else { all };
            pairs.push(Pair { enterprise, expert, weight, slots, wished });
        }
    }
    Day { slots: *slots, tables: *tables, enterprises, experts, pairs, fixed: Vec::new() }
}

/// Each slot with a probability.
fn some(random: &mut SmallRng, slots: usize, probability: f64) -> Slots {
    (0..slots).filter(|_| random.random_bool(probability)).fold(0, |slots, slot| slots | 1 << slot)
}
