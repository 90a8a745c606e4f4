//! The smallest team that covers what is asked for.
//!
//! What is asked for are things with a weight, telling terms and categories alike. The best team covers the greatest
//! weight, with the fewest members, of the greatest scores, who come first in the list. It is found by branch and bound:
//! some thing that is not covered yet is covered by one candidate after another, or by nobody; bounds come from prices of
//! the things (Lagrangian relaxation of the maximum coverage problem).

#[cfg(test)]
mod tests;

/// Things, the first one the lowest bit.
pub type Things = u64;

/// Things that can be asked for (the telling terms of a demand and the categories of experts), candidates and members: of
/// so many the best team is found in seconds at worst.
pub const MOST_THINGS: usize = 37;
pub const MOST_CANDIDATES: usize = 200;
pub const MOST_MEMBERS: usize = 8;

/// Steps by which prices are found.
const STEPS: u32 = 200;

/// Somebody who could be in the team.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// What they cover of what is asked for.
    pub covers: Things,
    /// How well they match, in thousandths.
    pub score: u16,
    /// Whether region and load allow it.
    pub is_within_limits: bool,
}

/// The best team, and what it does not cover.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Team {
    /// In the order of the candidates.
    pub members: Vec<Member>,
    /// What nobody covers.
    pub uncovered: Things,
    /// What only people beyond the limits cover.
    pub beyond_limits: Things,
    /// What others could cover, had the team more members.
    pub left: Things,
}

/// A member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The place in the list of candidates.
    pub candidate: usize,
    pub covers: Things,
    /// What no other member covers.
    pub alone: Things,
}

/// The best team of at most so many members. `weights` are those of the things. Of the candidates the first
/// [`MOST_CANDIDATES`] are looked at, of members and things no more than there can be.
#[must_use]
pub fn suggest(weights: &[u16], candidates: &[Candidate], most: usize) -> Team {
    let asked = each_bit(weights.len().min(MOST_THINGS));
    let candidates = &candidates[..candidates.len().min(MOST_CANDIDATES)];
    let all = candidates.iter().fold(0, |all, one| all | one.covers) & asked;
    let within = candidates.iter().filter(|one| one.is_within_limits);
    let possible = within.fold(0, |all, one| all | one.covers) & asked;
    let people = People::of(weights, candidates, possible);
    let best = people.smallest(possible, most.min(MOST_MEMBERS));
    let covered = people.covered(&best);
    let mut members: Vec<Member> = best.iter().map(|place| people.member(&best, *place)).collect();
    members.sort_unstable_by_key(|member| member.candidate);
    Team { members, uncovered: asked & !all, beyond_limits: all & !possible, left: possible & !covered }
}

/// As many of the lowest bits.
fn each_bit(count: usize) -> Things {
    if count == 0 { 0 } else { Things::MAX >> (Things::BITS as usize - count) }
}

/// The things of a set.
fn each(mut things: Things) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let thing = things.trailing_zeros() as usize;
        (things != 0).then(|| {
            things &= things - 1;
            thing
        })
    })
}

/// Those who can be in the team.
struct People {
    /// Places in the list of candidates, what they cover, and what having them is worth beside that.
    places: Vec<usize>,
    covers: Vec<Things>,
    worths: Vec<i64>,
    weights: Vec<i64>,
    /// What a unit of weight is worth: more than all scores and places together.
    unit: i64,
}

impl People {
    /// Those within the limits for whom nobody else is as good in everything.
    fn of(weights: &[u16], candidates: &[Candidate], possible: Things) -> Self {
        let first = i64::try_from(MOST_MEMBERS * MOST_CANDIDATES + 1).unwrap_or(i64::MAX);
        let worth = |place: usize| {
            i64::from(candidates[place].score) * first + i64::try_from(MOST_CANDIDATES - place).unwrap_or(0)
        };
        let is_better = |other: usize, one: usize| {
            let [these, those] = [other, one].map(|place| candidates[place].covers & possible);
            candidates[other].is_within_limits && those & !these == 0 && worth(other) > worth(one)
        };
        let places: Vec<usize> = (0..candidates.len())
            .filter(|one| candidates[*one].is_within_limits && candidates[*one].covers & possible != 0)
            .filter(|one| !(0..candidates.len()).any(|other| is_better(other, *one)))
            .collect();
        let unit = i64::from(u16::MAX) * first * i64::try_from(MOST_MEMBERS + 1).unwrap_or(1);
        Self {
            covers: places.iter().map(|place| candidates[*place].covers & possible).collect(),
            worths: places.iter().map(|place| worth(*place)).collect(),
            places,
            weights: weights.iter().map(|weight| i64::from(*weight)).collect(),
            unit,
        }
    }

    fn covered(&self, team: &[usize]) -> Things {
        team.iter().fold(0, |covered, one| covered | self.covers[*one])
    }

    fn weight(&self, things: Things) -> i64 {
        each(things).map(|thing| self.weights[thing]).sum()
    }

    fn member(&self, team: &[usize], one: usize) -> Member {
        let others = team.iter().filter(|other| **other != one).fold(0, |all, other| all | self.covers[*other]);
        Member { candidate: self.places[one], covers: self.covers[one], alone: self.covers[one] & !others }
    }

    /// The best team.
    fn smallest(&self, possible: Things, most: usize) -> Vec<usize> {
        let whole = self.weight(possible);
        if let Some(team) = (0..=most).find_map(|size| self.best(possible, size, whole)) {
            return team;
        }
        let mut team = self.best(possible, most, 0).unwrap_or_default();
        let weight = self.weight(self.covered(&team));
        while let Some(smaller) = team.len().checked_sub(1).and_then(|size| self.best(possible, size, weight)) {
            team = smaller;
        }
        team
    }

    /// The best team of at most so many that covers at least a weight, each member something that others before do not.
    fn best(&self, possible: Things, size: usize, weight: i64) -> Option<Vec<usize>> {
        let prices = Prices::found(self, possible, size);
        let (team, out) = (Vec::new(), vec![false; self.places.len()]);
        let mut search = Search { people: self, prices, team, out, worth: weight * self.unit - 1, best: None };
        search.look(possible, size, 0);
        search.best
    }
}

/// Prices of things, no higher than what they are worth: a team is worth no more than what lies above the prices of all
/// things, and those members who get most for the things they cover.
struct Prices {
    prices: Vec<i64>,
}

impl Prices {
    /// Prices at which that is little.
    fn found(people: &People, possible: Things, size: usize) -> Self {
        let worths: Vec<i64> = people.weights.iter().map(|weight| weight * people.unit).collect();
        let mut now = Self { prices: worths.clone() };
        let (mut lowest, mut best) = (i64::MAX, worths.clone());
        let mut part = 0.5;
        let nobody = vec![false; people.places.len()];
        for step in 0..STEPS {
            let (bound, members) = now.bound(people, possible, size, &nobody);
            if bound < lowest {
                (lowest, best) = (bound, now.prices.clone());
            }
            if step % 20 == 19 {
                part /= 2.0;
            }
            for thing in each(possible) {
                let times = members.iter().filter(|one| people.covers[**one] >> thing & 1 == 1).count();
                #[expect(clippy::cast_possible_truncation, reason = "a part of a number stays one")]
                let by = (worths[thing] as f64 * part) as i64;
                let price = &mut now.prices[thing];
                *price = match times {
                    0 => (*price + by).min(worths[thing]),
                    1 => *price,
                    _ => (*price - by).max(0),
                };
            }
        }
        Self { prices: best }
    }

    /// What so many of those who are not out can be worth at most for things that are still open, and who they are.
    fn bound(&self, people: &People, open: Things, size: usize, out: &[bool]) -> (i64, Vec<usize>) {
        let above: i64 = each(open).map(|thing| people.weights[thing] * people.unit - self.prices[thing]).sum();
        let mut gains: Vec<(i64, usize)> = Vec::with_capacity(size + 1);
        for (one, covers) in people.covers.iter().enumerate() {
            if out[one] || covers & open == 0 {
                continue;
            }
            let gain = people.worths[one] + each(covers & open).map(|thing| self.prices[thing]).sum::<i64>();
            if gains.len() < size || gains.last().is_some_and(|(least, _)| gain > *least) {
                gains.insert(gains.partition_point(|(more, _)| *more >= gain), (gain, one));
                gains.truncate(size);
            }
        }
        (above + gains.iter().map(|(gain, _)| gain).sum::<i64>(), gains.into_iter().map(|(_, one)| one).collect())
    }
}

struct Search<'a> {
    people: &'a People,
    prices: Prices,
    team: Vec<usize>,
    /// Who is out: members, and those who were looked at before.
    out: Vec<bool>,
    /// What the best team so far is worth, or less than what is looked for.
    worth: i64,
    best: Option<Vec<usize>>,
}

impl Search<'_> {
    /// Looks through all teams of those so far, who are worth as much, and at most so many more who cover open things.
    fn look(&mut self, open: Things, size: usize, worth: i64) {
        if worth > self.worth {
            (self.worth, self.best) = (worth, Some(self.team.clone()));
        }
        let is_over = size == 0 || open == 0;
        if is_over || worth + self.prices.bound(self.people, open, size, &self.out).0 <= self.worth {
            return;
        }
        let Some((thing, mut able)) = self.scarcest(open) else { return };
        let people = self.people;
        able.sort_by_key(|one| std::cmp::Reverse((people.weight(people.covers[*one] & open), people.worths[*one])));
        for one in &able {
            let new = people.covers[*one] & open;
            self.team.push(*one);
            self.out[*one] = true;
            self.look(open & !new, size - 1, worth + people.weight(new) * people.unit + people.worths[*one]);
            self.team.pop();
        }
        // Nobody covers it.
        self.look(open & !(1 << thing), size, worth);
        for one in able {
            self.out[one] = false;
        }
    }

    /// The open thing that the fewest can cover of those who are not out, and these.
    fn scarcest(&self, open: Things) -> Option<(usize, Vec<usize>)> {
        let mut able = [0_u8; MOST_THINGS];
        for (covers, out) in self.people.covers.iter().zip(&self.out) {
            for thing in each(if *out { 0 } else { covers & open }) {
                able[thing] = able[thing].saturating_add(1);
            }
        }
        let thing = each(open).filter(|thing| able[*thing] > 0).min_by_key(|thing| able[*thing])?;
        let of = |one: &usize| !self.out[*one] && self.people.covers[*one] >> thing & 1 == 1;
        Some((thing, (0..self.people.places.len()).filter(of).collect()))
    }
}
