//! The pairs of the greatest total when each guest has a number of meetings at most: a flow of least cost, by shortest
//! paths that augment it one after another (Ahuja, Magnanti, Orlin 1993, chapter 9).

use super::task::Task;

/// No such pair.
pub(super) const NEVER: i64 = i64::MIN / 4;

/// Farther than any.
const FAR: i64 = i64::MAX / 4;

/// Pairs, and why there are no better ones.
pub(super) struct Flow {
    /// The experts of each enterprise.
    chosen: Vec<Vec<usize>>,
    /// What they are worth, the first meetings of those who wished included.
    pub total: i64,
    /// Potentials of the enterprises and experts, and of the end.
    potentials: [Vec<i64>; 2],
    end: i64,
}

impl Flow {
    /// Enterprises and experts.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let chosen = self.chosen.iter().enumerate();
        chosen.flat_map(|(enterprise, experts)| experts.iter().map(move |expert| (enterprise, *expert)))
    }

    /// What the total loses at least if a pair that is not chosen is.
    pub fn loss(&self, enterprise: usize, expert: usize, gain: i64) -> i64 {
        (self.potentials[0][enterprise] - gain - self.potentials[1][expert]).max(0)
    }
}

/// What is searched for one path.
struct Search<'a> {
    task: &'a Task,
    /// What pairs gain, by enterprise and expert.
    gains: &'a [i64],
    flow: Flow,
    /// The enterprises of each expert.
    partners: Vec<Vec<usize>>,
    distances: [Vec<i64>; 2],
    done: [Vec<bool>; 2],
    /// The other side's guest by whom a guest was reached.
    via: [Vec<Option<usize>>; 2],
}

/// The best pairs: `gains` by enterprise and expert, no more than `room`.
pub(super) fn best(task: &Task, gains: &[i64], room: usize) -> Flow {
    let sizes = [0, 1].map(|side| task.guests[side].len());
    let mut search = Search {
        task,
        gains,
        flow: Flow {
            chosen: vec![Vec::new(); sizes[0]],
            total: 0,
            potentials: [0, 1].map(|side| vec![FAR; sizes[side]]),
            end: FAR,
        },
        partners: vec![Vec::new(); sizes[1]],
        distances: sizes.map(|size| vec![FAR; size]),
        done: sizes.map(|size| vec![false; size]),
        via: sizes.map(|size| vec![None; size]),
    };
    search.begin();
    for _ in 0..room {
        match search.reach() {
            Some(expert) if search.flow.end < 0 => search.augment(expert),
            _ => break,
        }
    }
    search.flow
}

impl Search<'_> {
    /// The first distances, before anything flows, as potentials: no step is shorter than nothing then.
    fn begin(&mut self) {
        let experts = self.task.guests[1].len();
        let [left, right] = &mut self.flow.potentials;
        for (enterprise, place) in self.task.guests[0].iter().enumerate() {
            left[enterprise] = -place.first;
            let gains = &self.gains[enterprise * experts..(enterprise + 1) * experts];
            for (potential, gain) in right.iter_mut().zip(gains).filter(|(_, gain)| **gain > NEVER) {
                *potential = (*potential).min(left[enterprise] - gain);
            }
        }
        for (expert, place) in self.task.guests[1].iter().enumerate() {
            self.flow.end = self.flow.end.min(right[expert] - place.first);
        }
    }

    /// What the next meeting of a guest costs beside the pair, if they may have one more.
    fn next(&self, side: usize, guest: usize) -> Option<i64> {
        let place = &self.task.guests[side][guest];
        let met = if side == 0 { self.flow.chosen[guest].len() } else { self.partners[guest].len() };
        (met < place.most).then_some(if met == 0 { -place.first } else { 0 })
    }

    /// The shortest path to an end, whose potentials become the new ones; the expert at which it ends.
    fn reach(&mut self) -> Option<usize> {
        for side in 0..2 {
            self.distances[side].fill(FAR);
            self.done[side].fill(false);
            self.via[side].fill(None);
        }
        for enterprise in 0..self.task.guests[0].len() {
            if let Some(cost) = self.next(0, enterprise) {
                self.distances[0][enterprise] = cost - self.flow.potentials[0][enterprise];
            }
        }
        let (mut end, mut last) = (FAR, None);
        while let Some((side, guest)) = self.nearest(end) {
            self.done[side][guest] = true;
            if side == 0 {
                self.look_right(guest);
            } else {
                self.look_left(guest);
                if let Some(cost) = self.next(1, guest) {
                    let distance = self.distances[1][guest] + cost + self.flow.potentials[1][guest] - self.flow.end;
                    if distance < end {
                        (end, last) = (distance, Some(guest));
                    }
                }
            }
        }
        // No farther than to where nothing more is gained, so that the potentials are those of the best flow.
        let far = end.min((-self.flow.end).max(0));
        for side in 0..2 {
            for (potential, distance) in self.flow.potentials[side].iter_mut().zip(&self.distances[side]) {
                *potential += distance.min(&far);
            }
        }
        self.flow.end += far;
        last
    }

    /// The guest nearest to the beginning who was not looked from yet, nearer than the end.
    fn nearest(&self, end: i64) -> Option<(usize, usize)> {
        let mut nearest = (end, None);
        for side in 0..2 {
            for (guest, distance) in self.distances[side].iter().enumerate() {
                if *distance < nearest.0 && !self.done[side][guest] {
                    nearest = (*distance, Some((side, guest)));
                }
            }
        }
        nearest.1
    }

    /// From an enterprise to experts that it is not to meet yet.
    fn look_right(&mut self, enterprise: usize) {
        let experts = self.task.guests[1].len();
        let so_far = self.distances[0][enterprise] + self.flow.potentials[0][enterprise];
        let gains = &self.gains[enterprise * experts..(enterprise + 1) * experts];
        for (expert, gain) in gains.iter().enumerate() {
            let distance = so_far - gain - self.flow.potentials[1][expert];
            if *gain > NEVER
                && distance < self.distances[1][expert]
                && !self.done[1][expert]
                && !self.flow.chosen[enterprise].contains(&expert)
            {
                self.distances[1][expert] = distance;
                self.via[1][expert] = Some(enterprise);
            }
        }
    }

    /// From an expert back to enterprises that could meet another instead.
    fn look_left(&mut self, expert: usize) {
        let experts = self.task.guests[1].len();
        let so_far = self.distances[1][expert] + self.flow.potentials[1][expert];
        for enterprise in &self.partners[expert] {
            let gain = self.gains[enterprise * experts + expert];
            let distance = so_far + gain - self.flow.potentials[0][*enterprise];
            if distance < self.distances[0][*enterprise] && !self.done[0][*enterprise] {
                self.distances[0][*enterprise] = distance;
                self.via[0][*enterprise] = Some(expert);
            }
        }
    }

    /// One pair more, along the path to an expert.
    fn augment(&mut self, mut expert: usize) {
        self.flow.total -= self.flow.end;
        while let Some(enterprise) = self.via[1][expert] {
            self.flow.chosen[enterprise].push(expert);
            self.partners[expert].push(enterprise);
            match self.via[0][enterprise] {
                Some(before) => {
                    self.flow.chosen[enterprise].retain(|chosen| *chosen != before);
                    self.partners[before].retain(|partner| *partner != enterprise);
                    expert = before;
                }
                None => return,
            }
        }
    }
}
