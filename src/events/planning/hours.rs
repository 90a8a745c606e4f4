//! Prices of the hours of one side: the best plan in which only that side's hours count beside what hours of the other side
//! and tables cost is a flow, by shortest paths as in [`super::flow`], and its potentials are the prices.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::day::each;
use super::task::Task;

/// Farther than any.
const FAR: i64 = i64::MAX / 4;

/// From guests of the near side, whose hours do not count, to the hours of the far side, to the guests of that.
struct Hours<'a> {
    task: &'a Task,
    far: usize,
    /// What a link gains in a slot.
    gain: &'a dyn Fn(usize, usize) -> i64,
    /// The links of each guest of the near side.
    links: Vec<Vec<usize>>,
    /// The slot in which each link meets, and the link in each hour of the far side.
    slots: Vec<Option<usize>>,
    held: Vec<Option<usize>>,
    met: [Vec<usize>; 2],
    potentials: Vec<i64>,
    end: i64,
    distances: Vec<i64>,
    via: Vec<Option<Step>>,
}

/// How a place was reached.
#[derive(Clone, Copy)]
struct Step {
    from: usize,
    /// The link that comes into the hour.
    link: Option<usize>,
}

/// What the hours of the far side are worth, by guest and slot, and the meetings in each slot.
pub(super) fn worth(
    task: &Task,
    far: usize,
    room: usize,
    gain: &dyn Fn(usize, usize) -> i64,
) -> (Vec<i64>, Vec<usize>) {
    let mut hours = Hours::new(task, far, gain);
    for _ in 0..room {
        match hours.reach() {
            Some(guest) if hours.end < 0 => hours.augment(guest),
            _ => break,
        }
    }
    let mut taken = vec![0; task.slots];
    for slot in hours.slots.iter().flatten() {
        taken[*slot] += 1;
    }
    let hour = |place: usize| {
        let guest = hours.guest(place / task.slots);
        (hours.potentials[guest] - hours.potentials[hours.hour(place)]).max(0)
    };
    let worth =
        (0..task.guests[far].len() * task.slots).map(|place| if hours.held[place].is_some() { hour(place) } else { 0 });
    (worth.collect(), taken)
}

impl<'a> Hours<'a> {
    fn new(task: &'a Task, far: usize, gain: &'a dyn Fn(usize, usize) -> i64) -> Self {
        let sizes = [0, 1].map(|side| task.guests[side].len());
        let places = sizes[1 - far] + sizes[far] * task.slots + sizes[far];
        let mut hours = Self {
            task,
            far,
            gain,
            links: vec![Vec::new(); sizes[1 - far]],
            slots: vec![None; task.links.len()],
            held: vec![None; sizes[far] * task.slots],
            met: sizes.map(|size| vec![0; size]),
            potentials: vec![FAR; places],
            end: FAR,
            distances: vec![FAR; places],
            via: vec![None; places],
        };
        for (link, known) in task.links.iter().enumerate() {
            hours.links[known.ends[1 - far]].push(link);
        }
        hours.begin();
        hours
    }

    /// The place of an hour and of a guest of the far side; those of the near side come first.
    fn hour(&self, hour: usize) -> usize {
        self.links.len() + hour
    }

    fn guest(&self, guest: usize) -> usize {
        self.links.len() + self.held.len() + guest
    }

    /// The first distances as potentials.
    fn begin(&mut self) {
        for near in 0..self.links.len() {
            self.potentials[near] = -self.task.guests[1 - self.far][near].first;
            for link in &self.links[near] {
                let guest = self.task.links[*link].ends[self.far];
                for slot in each(self.task.links[*link].open) {
                    let hour = self.hour(guest * self.task.slots + slot);
                    let distance = self.potentials[near] - (self.gain)(*link, slot);
                    self.potentials[hour] = self.potentials[hour].min(distance);
                }
            }
        }
        for guest in 0..self.task.guests[self.far].len() {
            let first = guest * self.task.slots;
            let nearest = (first..first + self.task.slots).map(|hour| self.potentials[self.hour(hour)]).min();
            let place = self.guest(guest);
            self.potentials[place] = nearest.unwrap_or(FAR);
            self.end = self.end.min(self.potentials[place] - self.task.guests[self.far][guest].first);
        }
    }

    /// What the next meeting of a guest costs beside the link, if they may have one more.
    fn next(&self, side: usize, guest: usize) -> Option<i64> {
        let (place, met) = (&self.task.guests[side][guest], self.met[side][guest]);
        (met < place.most).then_some(if met == 0 { -place.first } else { 0 })
    }

    /// The shortest path to an end, whose potentials become the new ones; the guest of the far side at which it ends.
    fn reach(&mut self) -> Option<usize> {
        self.distances.fill(FAR);
        self.via.fill(None);
        let mut queue = BinaryHeap::new();
        for near in 0..self.links.len() {
            if let Some(cost) = self.next(1 - self.far, near) {
                self.distances[near] = cost - self.potentials[near];
                queue.push(Reverse((self.distances[near], near)));
            }
        }
        let (mut end, mut last) = (FAR, None);
        while let Some(Reverse((distance, place))) = queue.pop() {
            if distance >= end {
                break;
            }
            if distance > self.distances[place] {
                continue;
            }
            let hours = self.links.len() + self.held.len();
            let cost = place.checked_sub(hours).and_then(|guest| self.next(self.far, guest));
            let there = cost.map_or(FAR, |cost| distance + cost + self.potentials[place] - self.end);
            if there < end {
                (end, last) = (there, Some(place - hours));
            }
            self.look(place, &mut queue);
        }
        // No farther than to where nothing more is gained, so that the potentials are those of the best flow.
        let far = end.min((-self.end).max(0));
        for (potential, distance) in self.potentials.iter_mut().zip(&self.distances) {
            *potential += distance.min(&far);
        }
        self.end += far;
        last
    }

    /// From a place to those that can be reached from it.
    fn look(&mut self, place: usize, queue: &mut BinaryHeap<Reverse<(i64, usize)>>) {
        let (task, slots) = (self.task, self.task.slots);
        if place < self.links.len() {
            for at in 0..self.links[place].len() {
                let link = self.links[place][at];
                if self.slots[link].is_none() {
                    for slot in each(task.links[link].open) {
                        let hour = self.hour(task.links[link].ends[self.far] * slots + slot);
                        self.offer(place, hour, -(self.gain)(link, slot), Some(link), queue);
                    }
                }
            }
            return;
        }
        let hour = place - self.links.len();
        if hour >= self.held.len() {
            // Another of the guest's hours is given up.
            let guest = hour - self.held.len();
            for hour in guest * slots..(guest + 1) * slots {
                if self.held[hour].is_some() {
                    self.offer(place, self.hour(hour), 0, None, queue);
                }
            }
            return;
        }
        let Some(link) = self.held[hour] else {
            self.offer(place, self.guest(hour / slots), 0, None, queue);
            return;
        };
        // The link that is there does not meet, or meets in another slot.
        let now = (self.gain)(link, hour % slots);
        self.offer(place, task.links[link].ends[1 - self.far], now, None, queue);
        for slot in each(task.links[link].open & !(1 << (hour % slots))) {
            let other = self.hour(hour / slots * slots + slot);
            self.offer(place, other, now - (self.gain)(link, slot), Some(link), queue);
        }
    }

    fn offer(
        &mut self,
        from: usize,
        to: usize,
        cost: i64,
        link: Option<usize>,
        queue: &mut BinaryHeap<Reverse<(i64, usize)>>,
    ) {
        let distance = self.distances[from] + cost + self.potentials[from] - self.potentials[to];
        if distance < self.distances[to] {
            self.distances[to] = distance;
            self.via[to] = Some(Step { from, link });
            queue.push(Reverse((distance, to)));
        }
    }

    /// One meeting more, along the path to a guest of the far side.
    fn augment(&mut self, guest: usize) {
        let hours = self.links.len()..self.links.len() + self.held.len();
        let mut place = self.guest(guest);
        self.met[self.far][guest] += 1;
        // What leaves its hour first, so that what comes into it is not lost.
        let (mut come, mut gone) = (Vec::new(), Vec::new());
        while let Some(Step { from, link }) = self.via[place] {
            if let Some(link) = link {
                come.push((link, place - hours.start));
            }
            if hours.contains(&from) && (link.is_some() || place < hours.start) {
                gone.push(from - hours.start);
            }
            place = from;
        }
        self.met[1 - self.far][place] += 1;
        for hour in gone {
            if let Some(link) = self.held[hour].take() {
                self.slots[link] = None;
            }
        }
        for (link, hour) in come {
            self.held[hour] = Some(link);
            self.slots[link] = Some(hour % self.task.slots);
        }
    }
}
