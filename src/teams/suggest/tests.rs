use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::*;

fn candidates(random: &mut SmallRng, count: usize, things: usize, of_hundred: u32) -> Vec<Candidate> {
    let one = |_| Candidate {
        covers: (0..things).filter(|_| random.random_range(0..100) < of_hundred).fold(0, |all, thing| all | 1 << thing),
        score: random.random_range(0..=1000),
        is_within_limits: random.random_range(0..10) > 0,
    };
    (0..count).map(one).collect()
}

/// What makes one team better than another: weight, fewer members, scores, those who come first.
fn rank(weights: &[u16], candidates: &[Candidate], team: &[usize]) -> (i64, i64, i64, i64) {
    let covered = team.iter().fold(0, |all, one| all | candidates[*one].covers);
    let weight: i64 = each(covered).map(|thing| i64::from(weights[thing])).sum();
    let score: i64 = team.iter().map(|one| i64::from(candidates[*one].score)).sum();
    let places: i64 = team.iter().map(|one| i64::try_from(*one).expect("a place")).sum();
    (weight, -i64::try_from(team.len()).expect("a size"), score, -places)
}

/// The best of all teams.
fn all_teams(weights: &[u16], candidates: &[Candidate], most: usize) -> (i64, i64, i64, i64) {
    let able = |set: &u32| each(u64::from(*set)).all(|one| candidates[one].is_within_limits);
    let sets = (0..1_u32 << candidates.len()).filter(|set| set.count_ones() as usize <= most).filter(able);
    let ranks = sets.map(|set| rank(weights, candidates, &each(u64::from(set)).collect::<Vec<_>>()));
    ranks.max().expect("the team of nobody")
}

#[test]
fn a_team_is_the_best_of_all() {
    let mut random = SmallRng::seed_from_u64(1);
    for round in 0..1500 {
        let (count, things) = (random.random_range(0..=10), random.random_range(0..=12));
        let (of_hundred, most) = (random.random_range(5..50), random.random_range(0..=5));
        let mut candidates = candidates(&mut random, count, things, of_hundred);
        if round % 3 == 0 {
            for one in &mut candidates {
                one.score = 500;
            }
        }
        let weights: Vec<u16> = (0..things).map(|_| random.random_range(1..=100)).collect();
        let team = suggest(&weights, &candidates, most);
        let members: Vec<usize> = team.members.iter().map(|member| member.candidate).collect();
        assert_eq!(rank(&weights, &candidates, &members), all_teams(&weights, &candidates, most), "{candidates:?}");
    }
}

#[test]
fn what_is_covered_and_what_is_not_is_said() {
    let one = |covers, score, is_within_limits| Candidate { covers, score, is_within_limits };
    let candidates = [
        one(0b000_0011, 900, true),
        one(0b000_0110, 800, true),
        one(0b010_0000, 999, false),
        one(0b000_0011, 900, true),
    ];
    let team = suggest(&[5, 5, 5, 5, 5, 5], &candidates, 8);
    let member = |candidate, covers, alone| Member { candidate, covers, alone };
    assert_eq!(team.members, [member(0, 0b011, 0b001), member(1, 0b110, 0b100)]);
    assert_eq!((team.uncovered, team.beyond_limits, team.left), (0b01_1000, 0b10_0000, 0));
    let alone = suggest(&[5, 5, 6, 5, 5, 5], &candidates, 1);
    assert_eq!((alone.members, alone.left), (vec![member(1, 0b110, 0b110)], 0b001));
}

#[test]
fn nobody_and_nothing_make_a_team_of_nobody() {
    assert_eq!(suggest(&[], &[], 8), Team::default());
    assert_eq!(suggest(&[1, 2], &[], 8), Team { uncovered: 0b11, ..Team::default() });
    let one = Candidate { covers: 0b11, score: 1, is_within_limits: true };
    assert_eq!(suggest(&[1, 2], &[one], 0), Team { left: 0b11, ..Team::default() });
    assert_eq!(suggest(&[], &[one], 8), Team::default());
}
