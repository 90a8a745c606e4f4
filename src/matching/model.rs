//! The model: a weight for each feature and a calibration, in a file that people can read, made by `duijie train`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::conditions::CONDITION_FEATURES;
use super::features::{MEANING_FEATURE, TEXT_FEATURES};
use super::{IndexError, Kind};

/// The model that the program was built with.
const SHIPPED: &str = include_str!("../../model/matching.json");

/// The model for what is not known by its meaning.
const WORDS: &str = include_str!("../../model/words.json");

/// What is believed of models before anything was judged.
const PRIOR: &str = include_str!("../../model/prior.json");

/// All models of the program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Model {
    /// Shown with every match.
    pub version: String,
    /// For words typed into a search.
    pub search: Scorer,
    /// For pairs, by what is looked for; `default` where there is no own one.
    pub pairs: BTreeMap<String, Scorer>,
    pub levels: Levels,
}

/// A linear score and its calibration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Scorer {
    /// By the name of the feature; a feature that is not named has no weight.
    pub weights: BTreeMap<String, f32>,
    /// Points of raw score and the share of such pairs that were judged useful, both rising; straight between them.
    pub calibration: Vec<(f32, f32)>,
}

/// The least calibrated scores of the levels.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Levels {
    pub strong: f32,
    pub fair: f32,
    pub weak: f32,
}

/// 强相关, 较强相关, 弱相关, 无相关: the scale of transfer offices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Strong,
    Fair,
    Weak,
    None,
}

impl Level {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strong => "strong",
            Self::Fair => "fair",
            Self::Weak => "weak",
            Self::None => "none",
        }
    }
}

/// All names of features: of the words, of the meaning, of the conditions.
pub fn feature_names() -> impl Iterator<Item = &'static str> {
    TEXT_FEATURES.into_iter().chain([MEANING_FEATURE]).chain(CONDITION_FEATURES)
}

impl Model {
    /// The model of this program.
    ///
    /// # Errors
    /// As [`Model::read`].
    pub fn shipped() -> Result<Self, IndexError> {
        Self::read(SHIPPED)
    }

    /// The model of this program for words alone.
    ///
    /// # Errors
    /// As [`Model::read`].
    pub fn words() -> Result<Self, IndexError> {
        Self::read(WORDS)
    }

    /// What a model is before anything was judged.
    ///
    /// # Errors
    /// As [`Model::read`].
    pub fn prior() -> Result<Self, IndexError> {
        Self::read(PRIOR)
    }

    /// Reads a model file and checks it.
    ///
    /// # Errors
    /// If the file cannot be read, and as [`Model::read`]; the file is named.
    pub fn open(file: &Path) -> Result<Self, IndexError> {
        let named = |error: String| IndexError::Model(format!("{}: {error}", file.display()));
        let json = std::fs::read_to_string(file).map_err(|error| named(error.to_string()))?;
        Self::read(&json).map_err(|error| match error {
            IndexError::Model(fault) => named(fault),
            other => other,
        })
    }

    /// Reads a model and checks it.
    ///
    /// # Errors
    /// If a feature is unknown, a number is not finite, or a calibration does not rise.
    pub fn read(json: &str) -> Result<Self, IndexError> {
        let model: Self = serde_json::from_str(json).map_err(|error| IndexError::Model(error.to_string()))?;
        for scorer in std::iter::once(&model.search).chain(model.pairs.values()) {
            scorer.check()?;
        }
        if !model.pairs.contains_key("default") {
            return Err(IndexError::Model("pairs has no default".to_owned()));
        }
        let levels = model.levels;
        if !(levels.strong > levels.fair && levels.fair > levels.weak && levels.weak > 0.0) {
            return Err(IndexError::Model("levels must fall from strong to weak".to_owned()));
        }
        Ok(model)
    }

    /// Does it weigh what pairs mean?
    #[must_use]
    pub fn knows_meaning(&self) -> bool {
        self.pairs.values().any(|scorer| scorer.weight(MEANING_FEATURE) > 0.0)
    }

    /// The same without what it knows of meaning.
    #[must_use]
    pub fn of_words(self) -> Self {
        self.without(MEANING_FEATURE)
    }

    /// The same without a feature.
    #[must_use]
    pub fn without(mut self, feature: &str) -> Self {
        for scorer in std::iter::once(&mut self.search).chain(self.pairs.values_mut()) {
            scorer.weights.remove(feature);
        }
        self
    }

    /// The scorer for a kind that is looked for.
    #[must_use]
    pub fn pair(&self, target: Kind) -> &Scorer {
        self.pairs.get(target.as_str()).or_else(|| self.pairs.get("default")).unwrap_or(&self.search)
    }
}

impl Levels {
    #[must_use]
    pub fn of(&self, score: f32) -> Level {
        match score {
            score if score >= self.strong => Level::Strong,
            score if score >= self.fair => Level::Fair,
            score if score >= self.weak => Level::Weak,
            _ => Level::None,
        }
    }
}

impl Scorer {
    fn check(&self) -> Result<(), IndexError> {
        if let Some(name) = self.weights.keys().find(|name| !feature_names().any(|known| known == name.as_str())) {
            return Err(IndexError::Model(format!("there is no feature {name}")));
        }
        let points = self.calibration.iter().flat_map(|(raw, share)| [raw, share]);
        if !self.weights.values().chain(points).all(|number| number.is_finite()) {
            return Err(IndexError::Model("a number is not finite".to_owned()));
        }
        let rises = self.calibration.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
        let shares = self.calibration.iter().all(|(_, share)| (0.0..=1.0).contains(share));
        if self.calibration.is_empty() || !rises || !shares {
            return Err(IndexError::Model("a calibration must rise within 0 and 1".to_owned()));
        }
        Ok(())
    }

    /// The weight of a feature.
    #[must_use]
    pub fn weight(&self, feature: &str) -> f32 {
        self.weights.get(feature).copied().unwrap_or_default()
    }

    /// The raw score of features, in the order of [`feature_names`].
    #[must_use]
    pub fn raw(&self, features: &[f32]) -> f32 {
        self.in_order().iter().zip(features).map(|(weight, value)| weight * value).sum()
    }

    /// The weights in the order of [`feature_names`].
    #[must_use]
    pub fn in_order(&self) -> Vec<f32> {
        feature_names().map(|name| self.weight(name)).collect()
    }

    /// The share of pairs with such a raw score that are useful.
    #[must_use]
    pub fn calibrated(&self, raw: f32) -> f32 {
        let above = self.calibration.partition_point(|(point, _)| *point <= raw);
        match (above.checked_sub(1).and_then(|below| self.calibration.get(below)), self.calibration.get(above)) {
            (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (raw - x0) / (x1 - x0),
            (Some((_, share)), None) | (None, Some((_, share))) => *share,
            (None, None) => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_model_is_sound() {
        assert!(Model::shipped().is_ok(), "{:?}", Model::shipped().err());
        assert!(Model::words().is_ok_and(|model| !model.knows_meaning()));
    }

    #[test]
    fn calibration_is_straight_between_points_and_flat_beyond() {
        let scorer = Scorer { calibration: vec![(0.0, 0.1), (2.0, 0.5)], ..Scorer::default() };
        for (raw, share) in [(-9.0, 0.1), (0.0, 0.1), (1.0, 0.3), (2.0, 0.5), (9.0, 0.5)] {
            assert!((scorer.calibrated(raw) - share).abs() < 1e-6, "{raw}");
        }
    }

    #[test]
    fn a_model_with_a_misspelt_feature_is_refused() {
        let misspelt = SHIPPED.replacen("\"coverage\"", "\"coverrage\"", 1);
        assert!(Model::read(&misspelt).is_err());
    }

    #[test]
    fn a_file_that_is_no_model_is_named() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("model.json");
        std::fs::write(&file, SHIPPED)?;
        assert!(Model::open(&file).is_ok_and(|model| Model::shipped().is_ok_and(|own| own.version == model.version)));
        std::fs::write(&file, SHIPPED.replacen("\"coverage\"", "\"coverrage\"", 1))?;
        let refused = Model::open(&file).err().map(|error| error.to_string());
        let expected = format!("the matching model: {}: there is no feature coverrage", file.display());
        assert_eq!(refused, Some(expected));
        assert!(Model::open(folder.path()).is_err());
        Ok(())
    }
}
