//! How a text is said, taken out of what it means.
//!
//! The vectors of this model all point into one narrow cone, and those of one manner of speech (a complaint of a boss,
//! English, a few keywords) into a part of it, so that a demand lies nearer to whatever sounds like it than to what answers
//! it. What all records have in common is taken away from a vector, then what each manner differs in from that; what
//! is left is the matter, whatever the language (Mu & Viswanath 2018, "All-but-the-Top"; Libovický et al. 2020 for languages).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::vector::Vector;

/// The manners of speech that the program knows.
pub(super) const SHIPPED: &str = include_str!("../../model/manner.json");

/// What is taken out.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manner {
    /// The model whose vectors these are.
    pub model: String,
    /// The mean of records.
    base: Vec<f32>,
    /// In which directions manners differ from it; each of length one and at right angles to the others.
    directions: Vec<Vec<f32>>,
    /// The mean of what is searched for, which the model tells from records.
    sought: Vec<f32>,
}

impl Manner {
    /// What texts of each manner differ in from records, on the average, and what searches have in common.
    #[must_use]
    pub fn of(model: &str, records: &[Vector], manners: &[Vec<Vector>], searches: &[Vector]) -> Self {
        let base = mean(records);
        let mut directions: Vec<Vec<f32>> = Vec::new();
        for texts in manners {
            let mut difference: Vec<f32> = mean(texts).iter().zip(&base).map(|(text, base)| text - base).collect();
            for known in &directions {
                take_out(known, &mut difference);
            }
            directions.push(Vector::towards(difference).numbers().to_vec());
        }
        let rounded = |numbers: Vec<f32>| numbers.into_iter().map(|number| (number * 1e6).round() / 1e6).collect();
        let directions = directions.into_iter().map(rounded).collect();
        Self { model: model.to_owned(), base: rounded(base), directions, sought: rounded(mean(searches)) }
    }

    /// Reads a file of [`Manner::to_json`].
    ///
    /// # Errors
    /// If it is none.
    pub fn read(json: &str) -> serde_json::Result<Self> {
        serde_json::from_str(json)
    }

    /// As a file, a line for each vector.
    ///
    /// # Errors
    /// If a number is not finite.
    pub fn to_json(&self) -> serde_json::Result<String> {
        let sought = serde_json::to_string(&self.sought)?;
        Ok(format!("{},\n\"sought\":\n{sought}}}\n", self.of_records()?))
    }

    /// Tells what is taken out of the vectors of records from anything else.
    ///
    /// # Errors
    /// If a number is not finite.
    pub(super) fn digest(&self) -> serde_json::Result<u32> {
        Ok(digest(format!("{}}}\n", self.of_records()?).as_bytes()))
    }

    /// The part of the file that is about records.
    fn of_records(&self) -> serde_json::Result<String> {
        let lines = self.directions.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
        let (model, base) = (serde_json::to_string(&self.model)?, serde_json::to_string(&self.base)?);
        Ok(format!("{{\"model\":{model},\"base\":\n{base},\n\"directions\":[\n{}\n]", lines.join(",\n")))
    }

    /// What a vector means, whichever way it is said.
    #[must_use]
    pub(super) fn taken_from(&self, vector: &Vector) -> Vector {
        self.beside(&self.base, vector)
    }

    /// What the vector of a search means.
    #[must_use]
    pub(super) fn taken_from_sought(&self, vector: &Vector) -> Vector {
        self.beside(&self.sought, vector)
    }

    fn beside(&self, common: &[f32], vector: &Vector) -> Vector {
        let mut matter: Vec<f32> =
            vector.numbers().iter().zip(common).map(|(number, common)| number - common).collect();
        for direction in &self.directions {
            take_out(direction, &mut matter);
        }
        Vector::towards(matter)
    }
}

/// Tells one file from another.
pub(super) fn digest(file: &[u8]) -> u32 {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(file));
    u32::from_be_bytes([a, b, c, d])
}

/// The mean of some vectors.
pub(crate) fn mean(vectors: &[Vector]) -> Vec<f32> {
    let mut mean = vec![0.0; super::DIMENSIONS];
    for vector in vectors {
        mean.iter_mut().zip(vector.numbers()).for_each(|(sum, number)| *sum += number / vectors.len() as f32);
    }
    mean
}

fn take_out(direction: &[f32], of: &mut [f32]) {
    let share: f32 = direction.iter().zip(&*of).map(|(a, b)| a * b).sum();
    of.iter_mut().zip(direction).for_each(|(number, direction)| *number -= share * direction);
}

#[cfg(test)]
mod tests {
    use super::super::DIMENSIONS;
    use super::*;

    fn vector(numbers: [f32; 4]) -> Vector {
        Vector::towards(numbers.into_iter().chain(std::iter::repeat_n(0.0, DIMENSIONS - 4)).collect())
    }

    #[test]
    fn what_is_said_in_another_manner_means_the_same() {
        let records = [vector([1.0, 0.0, 0.3, 0.0]), vector([1.0, 0.0, -0.3, 0.0])];
        let complaints = vec![vector([1.0, 0.5, 0.3, 0.0]), vector([1.0, 0.5, -0.3, 0.0])];
        let manner = Manner::of("a model", &records, std::slice::from_ref(&complaints), &complaints);
        let (record, complaint) = (manner.taken_from(&records[0]), manner.taken_from(&complaints[0]));
        assert!(records[0].cosine(&complaints[0]) < 0.92 && record.cosine(&complaint) > 0.99);
        assert!(manner.taken_from(&records[1]).cosine(&complaint) < -0.99);
        assert!(manner.taken_from_sought(&complaints[0]).cosine(&record) > 0.99);
    }

    #[test]
    fn directions_are_at_right_angles() {
        let manners = [vec![vector([1.0, 0.5, 0.0, 0.0])], vec![vector([1.0, 0.5, 0.2, 0.1])]];
        let manner = Manner::of("a model", &[vector([1.0, 0.0, 0.0, 0.0])], &manners, &[]);
        let product: f32 = manner.directions[0].iter().zip(&manner.directions[1]).map(|(a, b)| a * b).sum();
        assert!(product.abs() < 1e-5);
    }

    #[test]
    fn a_file_is_read_as_it_was_written() -> serde_json::Result<()> {
        let written = Manner::read(SHIPPED)?.to_json()?;
        assert_eq!(written, SHIPPED);
        assert!(Manner::read("{}").is_err());
        Ok(())
    }
}
