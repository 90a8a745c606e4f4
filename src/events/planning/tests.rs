//! Thousands of small days, each held against every rule and, where that is possible, against all plans that there are.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rustc_hash::FxHashSet;

use super::day::each;
use super::*;

/// More than any of these days needs.
const TIME: Duration = Duration::from_secs(20);

/// What a random day is like.
struct Kind {
    enterprises: usize,
    experts: usize,
    slots: usize,
    /// In a hundred: hours at which people are away, slots forbidden to a pair, pairs that are worth something.
    away: u32,
    forbidden: u32,
    wanted: u32,
    fixed: usize,
}

fn day(kind: &Kind, random: &mut SmallRng) -> Day {
    let hit = |random: &mut SmallRng, of_hundred: u32| random.random_range(0..100) < of_hundred;
    let some = |random: &mut SmallRng, without: u32| {
        (0..kind.slots).filter(|_| !hit(random, without)).fold(0, |slots: Slots, slot| slots | 1 << slot)
    };
    let mut guests = |count: usize| -> Vec<Guest> {
        (0..count)
            .map(|_| Guest { hours: some(random, kind.away), most: random.random_range(0..=kind.slots + 1) })
            .collect()
    };
    let (enterprises, experts) = (guests(kind.enterprises), guests(kind.experts));
    let mut pairs = Vec::new();
    for enterprise in 0..kind.enterprises {
        for expert in 0..kind.experts {
            if hit(random, kind.wanted) {
                let weight =
                    if hit(random, 50) { random.random_range(0..100) } else { random.random_range(1..=10) * 100 };
                let wished = [hit(random, 50), hit(random, 50)];
                pairs.push(Pair { enterprise, expert, weight, slots: some(random, kind.forbidden), wished });
            }
        }
    }
    let mut any = |count: usize| random.random_range(0..count);
    let fixed = (0..kind.fixed).map(|_| {
        let (enterprise, expert) = (any(kind.enterprises), any(kind.experts));
        Fixed { enterprise, expert, slot: any(kind.slots), table: (any(2) == 0).then(|| any(2)) }
    });
    let fixed = fixed.collect();
    Day { slots: kind.slots, tables: random.random_range(1..=kind.experts), enterprises, experts, pairs, fixed }
}

fn small(random: &mut SmallRng) -> Day {
    let even = random.random_range(0..3) == 0;
    let kind = Kind {
        enterprises: random.random_range(1..=3),
        experts: random.random_range(1..=3),
        slots: random.random_range(1..=3),
        away: if even { 0 } else { 25 },
        forbidden: if even { 0 } else { 15 },
        wanted: 75,
        fixed: if even { 0 } else { random.random_range(0..=3) },
    };
    day(&kind, random)
}

/// Holds a plan against every rule.
fn check(day: &Day, plan: &Plan) {
    let mut seen = FxHashSet::default();
    let mut met = [vec![0; day.enterprises.len()], vec![0; day.experts.len()]];
    let mut total = 0;
    for meeting in &plan.meetings {
        let Meeting { slot, table, enterprise, expert } = *meeting;
        assert!(slot < day.slots && table < day.tables);
        assert!(day.enterprises[enterprise].hours & day.experts[expert].hours & 1 << slot != 0, "somebody is away");
        assert!(seen.insert(("table", slot, table)), "a table twice in a slot");
        assert!(seen.insert(("enterprise", slot, enterprise)), "an enterprise twice in a slot");
        assert!(seen.insert(("expert", slot, expert)), "an expert twice in a slot");
        assert!(seen.insert(("pair", enterprise, expert)), "a pair twice");
        (met[0][enterprise], met[1][expert]) = (met[0][enterprise] + 1, met[1][expert] + 1);
        let pair = day.pairs.iter().find(|pair| (pair.enterprise, pair.expert) == (enterprise, expert));
        let fixed = day.fixed.iter().find(|fixed| (fixed.enterprise, fixed.expert) == (enterprise, expert));
        assert!(pair.is_some_and(|pair| pair.weight > 0) || fixed.is_some(), "a meeting that nobody wanted");
        assert!(pair.is_none_or(|pair| pair.slots >> slot & 1 == 1), "a forbidden meeting");
        assert!(fixed.is_none_or(|fixed| fixed.slot == slot && fixed.table.is_none_or(|fixed| fixed == table)));
        total += pair.map_or(0, |pair| u64::from(pair.weight));
    }
    for fixed in &day.fixed {
        assert!(seen.contains(&("pair", fixed.enterprise, fixed.expert)), "a fixed meeting is missing");
    }
    assert!(met[0].iter().zip(&day.enterprises).all(|(met, guest)| *met <= guest.most));
    assert!(met[1].iter().zip(&day.experts).all(|(met, guest)| *met <= guest.most));
    assert_eq!(plan.total, total);
    assert!(plan.bound >= plan.total);
}

/// The greatest total, and the fewest of those who wished that are left with nothing by a plan of that total: by trying
/// every slot for every pair.
fn all_plans(day: &Day) -> (u64, usize) {
    let fixed =
        |pair: &Pair| day.fixed.iter().any(|fixed| (fixed.enterprise, fixed.expert) == (pair.enterprise, pair.expert));
    let pairs: Vec<Pair> = day.pairs.iter().filter(|pair| pair.weight > 0 && !fixed(pair)).copied().collect();
    let mut best = (0, usize::MAX);
    let mut held: Vec<(usize, usize, usize, u64)> = Vec::new();
    for fixed in &day.fixed {
        let pair = day.pairs.iter().find(|pair| (pair.enterprise, pair.expert) == (fixed.enterprise, fixed.expert));
        held.push((fixed.enterprise, fixed.expert, fixed.slot, pair.map_or(0, |pair| u64::from(pair.weight))));
    }
    try_all(day, &pairs, &mut held, &mut best);
    best
}

fn try_all(day: &Day, pairs: &[Pair], held: &mut Vec<(usize, usize, usize, u64)>, best: &mut (u64, usize)) {
    let Some((pair, others)) = pairs.split_first() else {
        let total = held.iter().map(|held| held.3).sum();
        let left = left_out(day, &held.iter().map(|held| (held.0, held.1)).collect::<Vec<_>>());
        if total > best.0 || (total == best.0 && left < best.1) {
            *best = (total, left);
        }
        return;
    };
    try_all(day, others, held, best);
    let (enterprise, expert) = (day.enterprises[pair.enterprise], day.experts[pair.expert]);
    if held.iter().filter(|held| held.0 == pair.enterprise).count() >= enterprise.most
        || held.iter().filter(|held| held.1 == pair.expert).count() >= expert.most
    {
        return;
    }
    for slot in each(pair.slots & enterprise.hours & expert.hours & day.all()) {
        let then = held.iter().filter(|held| held.2 == slot);
        if then.clone().count() < day.tables
            && then.clone().all(|held| held.0 != pair.enterprise && held.1 != pair.expert)
        {
            held.push((pair.enterprise, pair.expert, slot, u64::from(pair.weight)));
            try_all(day, others, held, best);
            held.pop();
        }
    }
}

/// Those who wished for something that could be held, and meet nobody.
fn left_out(day: &Day, met: &[(usize, usize)]) -> usize {
    let task = task::Task::of(day, &[], 0);
    let enterprises = task.guests[0].iter().enumerate();
    let experts = task.guests[1].iter().enumerate();
    enterprises.filter(|(at, place)| place.first > 0 && met.iter().all(|met| met.0 != *at)).count()
        + experts.filter(|(at, place)| place.first > 0 && met.iter().all(|met| met.1 != *at)).count()
}

fn left_out_by(day: &Day, plan: &Plan) -> usize {
    left_out(day, &plan.meetings.iter().map(|meeting| (meeting.enterprise, meeting.expert)).collect::<Vec<_>>())
}

#[test]
fn a_plan_of_a_small_day_is_the_best_of_all_and_says_so() {
    let mut random = SmallRng::seed_from_u64(1);
    let mut planned = 0;
    while planned < 2000 {
        let day = small(&mut random);
        if conflict(&day).is_some() || day.pairs.len() > 7 {
            continue;
        }
        planned += 1;
        let plan = plan(&day, TIME).expect("no conflict");
        check(&day, &plan);
        let (total, left) = all_plans(&day);
        assert_eq!((plan.total, plan.bound), (total, total), "{day:?}");
        assert_eq!(left_out_by(&day, &plan), left, "{day:?}");
    }
}

#[test]
fn a_plan_keeps_every_rule_and_is_no_worse_than_the_greedy_one() {
    let mut random = SmallRng::seed_from_u64(2);
    for round in 0..300 {
        let kind = Kind {
            enterprises: random.random_range(1..=12),
            experts: random.random_range(1..=8),
            slots: random.random_range(1..=6),
            away: if round % 3 == 0 { 0 } else { random.random_range(0..60) },
            forbidden: if round % 3 == 0 { 0 } else { random.random_range(0..20) },
            wanted: random.random_range(10..100),
            fixed: 0,
        };
        let day = day(&kind, &mut random);
        let time = Duration::from_millis(30);
        let (plan, greedy) = (plan(&day, time).expect("no conflict"), greedy(&day).expect("no conflict"));
        check(&day, &plan);
        check(&day, &greedy);
        assert!(plan.total >= greedy.total && plan.bound <= greedy.bound);
        assert!(plan.is_best() || round % 3 != 0, "everybody is there all day");
    }
}

#[test]
fn a_conflict_is_the_smallest_set_of_fixed_meetings_that_cannot_be_held() {
    let mut random = SmallRng::seed_from_u64(3);
    let mut conflicts = 0;
    for _ in 0..3000 {
        let mut day = small(&mut random);
        day.fixed.truncate(4);
        let Some(found) = conflict(&day) else {
            // What does not conflict can be planned.
            check(&day, &greedy(&day).expect("no conflict"));
            continue;
        };
        conflicts += 1;
        let some = |chosen: usize| {
            let fixed = day.fixed.iter().enumerate().filter(|(place, _)| chosen >> place & 1 == 1);
            Day { fixed: fixed.map(|(_, fixed)| *fixed).collect(), ..day.clone() }
        };
        let of = found.meetings.iter().fold(0, |chosen, place| chosen | 1_usize << place);
        assert!(conflict(&some(of)).is_some());
        let smaller = (0..1_usize << day.fixed.len()).filter(|set| (set.count_ones() as usize) < found.meetings.len());
        for set in smaller {
            assert!(conflict(&some(set)).is_none(), "{day:?}: {found:?}");
        }
    }
    assert!(conflicts > 500);
}

#[test]
fn reasons_are_named() {
    let guest = |hours| Guest { hours, most: 2 };
    let apart = Pair { enterprise: 1, expert: 1, weight: 0, slots: 0, wished: [false; 2] };
    let day = |fixed: &[(usize, usize, usize, Option<usize>)]| Day {
        slots: 3,
        tables: 2,
        enterprises: vec![guest(7), guest(7), guest(7), guest(3)],
        experts: vec![guest(7), guest(7), guest(7)],
        pairs: vec![apart],
        fixed: fixed
            .iter()
            .map(|&(enterprise, expert, slot, table)| Fixed { enterprise, expert, slot, table })
            .collect(),
    };
    let found = |fixed: &[(usize, usize, usize, Option<usize>)]| {
        conflict(&day(fixed)).map(|conflict| (conflict.meetings, conflict.reason))
    };
    assert_eq!(found(&[(0, 0, 0, None), (1, 2, 0, Some(1))]), None);
    assert_eq!(found(&[(0, 0, 0, None), (3, 2, 2, None)]), Some((vec![1], Reason::Absent)));
    assert_eq!(found(&[(0, 0, 3, None)]), Some((vec![0], Reason::Slot)));
    assert_eq!(found(&[(0, 0, 0, Some(2))]), Some((vec![0], Reason::Table)));
    assert_eq!(found(&[(1, 1, 0, None)]), Some((vec![0], Reason::Forbidden)));
    assert_eq!(found(&[(4, 1, 0, None)]), Some((vec![0], Reason::Unknown)));
    assert_eq!(found(&[(0, 0, 0, None), (1, 0, 0, None)]), Some((vec![0, 1], Reason::Expert(0))));
    assert_eq!(found(&[(0, 0, 0, None), (0, 1, 0, None)]), Some((vec![0, 1], Reason::Enterprise(0))));
    assert_eq!(found(&[(0, 0, 0, None), (0, 0, 1, None)]), Some((vec![0, 1], Reason::Twice)));
    assert_eq!(found(&[(0, 0, 0, Some(1)), (1, 2, 0, Some(1))]), Some((vec![0, 1], Reason::Shared)));
    let three = [(0, 0, 0, None), (1, 2, 0, None), (2, 1, 0, None)];
    assert_eq!(found(&three), Some((vec![0, 1, 2], Reason::Tables)));
    let busy = [(0, 0, 0, None), (0, 1, 1, None), (0, 2, 2, None)];
    assert_eq!(found(&busy), Some((vec![0, 1, 2], Reason::MostOfEnterprise(0))));
}

#[test]
fn a_day_with_nobody_no_slots_or_no_tables_has_an_empty_plan() {
    let guest = Guest { hours: Slots::MAX, most: 5 };
    let pair = Pair { enterprise: 0, expert: 0, weight: 5, slots: Slots::MAX, wished: [true; 2] };
    let whole =
        Day { slots: 2, tables: 2, enterprises: vec![guest], experts: vec![guest], pairs: vec![pair], fixed: vec![] };
    assert_eq!(plan(&whole, TIME).expect("no conflict").meetings.len(), 1);
    let without = [
        Day::default(),
        Day { slots: 0, ..whole.clone() },
        Day { tables: 0, ..whole.clone() },
        Day { pairs: vec![], ..whole.clone() },
        Day { experts: vec![], pairs: vec![], ..whole.clone() },
    ];
    for day in without {
        let plan = plan(&day, TIME).expect("no conflict");
        assert_eq!((plan.meetings.len(), plan.total, plan.bound), (0, 0, 0));
        assert!(plan.is_best() && plan.gap() == 0.0);
    }
    let one = Day { slots: 1, ..whole.clone() };
    assert_eq!(plan(&one, TIME).expect("no conflict").total, 5);
    let long = Day { slots: MOST_SLOTS, ..whole };
    assert_eq!(plan(&long, TIME).expect("no conflict").total, 5);
}

#[test]
fn without_time_there_is_still_a_plan_and_a_bound() {
    let mut random = SmallRng::seed_from_u64(4);
    let kind = Kind { enterprises: 12, experts: 9, slots: 5, away: 30, forbidden: 10, wanted: 60, fixed: 0 };
    for _ in 0..20 {
        let day = day(&kind, &mut random);
        check(&day, &plan(&day, Duration::ZERO).expect("no conflict"));
    }
}

#[test]
fn gaps_are_closed_where_nothing_is_lost_by_it() {
    let mut random = SmallRng::seed_from_u64(5);
    let kind = Kind { enterprises: 8, experts: 6, slots: 8, away: 0, forbidden: 0, wanted: 30, fixed: 0 };
    for _ in 0..20 {
        let mut day = day(&kind, &mut random);
        day.tables = 6;
        day.enterprises.iter_mut().chain(&mut day.experts).for_each(|guest| guest.most = 3);
        let before = super::greedy(&day).expect("no conflict");
        let after = plan(&day, TIME).expect("no conflict");
        assert!(after.is_best());
        assert!(gaps_of(&after) <= gaps_of(&before), "{} {}", gaps_of(&after), gaps_of(&before));
    }
}

/// Idle slots between meetings, of all.
fn gaps_of(plan: &Plan) -> usize {
    let mut days = rustc_hash::FxHashMap::<_, Vec<usize>>::default();
    for meeting in &plan.meetings {
        days.entry((0, meeting.enterprise)).or_default().push(meeting.slot);
        days.entry((1, meeting.expert)).or_default().push(meeting.slot);
    }
    let idle = |slots: &Vec<usize>| {
        let (first, last) = (slots.iter().min().copied(), slots.iter().max().copied());
        last.unwrap_or(0) + 1 - first.unwrap_or(0) - slots.len()
    };
    days.values().map(idle).sum()
}

#[test]
fn what_still_can_be_held_stays_where_it_was_when_somebody_cancels_or_comes() {
    let mut random = SmallRng::seed_from_u64(6);
    let kind = Kind { enterprises: 10, experts: 8, slots: 6, away: 20, forbidden: 5, wanted: 60, fixed: 0 };
    for round in 0..20 {
        let mut day = day(&kind, &mut random);
        let time = Duration::from_millis(100);
        let late = day.experts[7];
        day.experts[7].hours = 0;
        let before = plan(&day, time).expect("no conflict");
        day.experts[7] = late;
        day.enterprises[round % 10].hours = 0;
        let after = replan(&day, &before.meetings, 100, time).expect("no conflict");
        check(&day, &after);
        let changes = between(&before.meetings, &after.meetings);
        let cancelled = before.meetings.iter().filter(|meeting| meeting.enterprise == round % 10).count();
        // Every change is paid for by what it gains.
        let stayed = before.total - worth(&day, &before, round % 10);
        let changed = changes.moved.iter().filter(|moved| moved.from.slot != moved.to.slot).count();
        let gone = changes.dropped.len() - cancelled;
        assert!(after.total >= stayed + 100 * (changed + gone) as u64, "{changes:?}");
        assert_eq!(changes.kept + changes.moved.len() + changes.dropped.len(), before.meetings.len());
        assert_eq!(changes.kept + changes.moved.len() + changes.added.len(), after.meetings.len());
    }
}

/// What the meetings of an enterprise weigh.
fn worth(day: &Day, plan: &Plan, enterprise: usize) -> u64 {
    let of = plan.meetings.iter().filter(|meeting| meeting.enterprise == enterprise);
    let weight = |meeting: &Meeting| {
        let pair = day.pairs.iter().find(|pair| (pair.enterprise, pair.expert) == (meeting.enterprise, meeting.expert));
        pair.map_or(0, |pair| u64::from(pair.weight))
    };
    of.map(weight).sum()
}

#[test]
fn a_plan_planned_again_without_any_change_is_the_same() {
    let mut random = SmallRng::seed_from_u64(7);
    let kind = Kind { enterprises: 10, experts: 8, slots: 6, away: 20, forbidden: 5, wanted: 60, fixed: 0 };
    for _ in 0..10 {
        let day = day(&kind, &mut random);
        let time = Duration::from_secs(5);
        let before = plan(&day, time).expect("no conflict");
        assert!(before.is_best());
        assert_eq!(replan(&day, &before.meetings, 100, time).expect("no conflict").meetings, before.meetings);
    }
}
