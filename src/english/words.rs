//! English words in the form in which the dictionary has them.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::matching::text::stem;

/// A word of a text.
pub(super) struct Word {
    /// As it is written, in lower case.
    pub text: String,
    /// What is looked up.
    pub stem: String,
}

impl Word {
    /// Does it say nothing of the matter? No term begins or ends with such a word.
    pub fn is_idle(&self) -> bool {
        IDLE.contains(&*self.text)
    }
}

/// The words of a text; what a hyphen joins is several.
pub(super) fn words(text: &str) -> Vec<Word> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '\'' | '’'));
    let words = words.map(|word| word.to_ascii_lowercase().replace('’', "'"));
    words.filter(|word| !word.is_empty()).map(|text| Word { stem: looked_up(&text), text }).collect()
}

/// The stem of the form and spelling that dictionaries have.
fn looked_up(word: &str) -> String {
    let word = word.strip_suffix("'s").unwrap_or(word).replace('\'', "");
    stem(FORMS.get(&*word).copied().unwrap_or(&word))
}

/// Other forms, each before the one that is looked up.
static FORMS: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let words: Vec<&str> = FORMS_AND_SPELLINGS.split_whitespace().collect();
    words.as_chunks().0.iter().map(|[form, looked_up]| (*form, *looked_up)).collect()
});

static IDLE: LazyLock<HashSet<&str>> = LazyLock::new(|| IDLE_WORDS.split_whitespace().collect());

const FORMS_AND_SPELLINGS: &str = "
    aluminium aluminum analyse analyze anaemia anemia catalyse catalyze centre center colour color coloured color
    decolourisation decolorize decolorization decolorize desulphurisation desulfurization diarrhoea diarrhea dyeing dye
    fibre fiber flavour flavor grey gray haemorrhage hemorrhage litre liter labour labor metre meter mould mold moulds mold
    moulded mold moulding mold mouldy moldy odour odor oestrogen estrogen paediatric pediatric plough plow sulphide sulfide sulphur sulfur
    sulphuric sulfuric sulphate sulfate tonne ton tumour tumor tyre tire vapour vapor
    bent bend bitten bite blew blow blown blow bled bleed bred breed broke break broken break built build burnt burn caught catch
    chosen choose crept creep cut cut drank drink drawn draw drew draw driven drive drove drive dug dig eaten eat fallen fall fed feed
    fell fall flew fly flown fly forgot forget fought fight froze freeze frozen freeze grew grow grown grow held hold hidden hide hung hang
    laid lay led lead leapt leap lent lend lit light lost lose melted melt mown mow overfed overfeed ridden ride rose rise sank sink sawn saw
    sent send sewn sew shaken shake shook shake shone shine shrank shrink shrunk shrink sold sell sown sow spoilt spoil sprang spring
    spread spread stolen steal struck strike stuck stick sunk sink swelled swell swept sweep swollen swell taught teach threw throw
    thrown throw tore tear torn tear wore wear worn wear woven weave wound wind written write
    calves calf children child feet foot geese goose halves half knives knife leaves leaf lice louse mice mouse oxen ox teeth tooth
    wives wife wolves wolf bacteria bacterium fungi fungus larvae larva
    deeper deep drier dry thicker thick thinner thin harder hard softer soft wetter wet hotter hot colder cold
    ";

const IDLE_WORDS: &str = "
    a about after again all already also always am among an and another any anybody anyone anything are around as ask asked asks at away
    back bad be because been before being best better both but by call called calls came can can't cannot come comes cost costs could
    couldn't did didn't do does doesn't don't down dozen each eight either else enough even ever every everybody everything
    few find finds first five fen for found four from gave get gets give gives go goes going gone good got had half has hasn't have
    haven't he her here him himself his how hundred i i'd i'm if in into is isn't it it's its itself jin just keep keeps kept knew know
    knows last less let let's li like little long look looking looks made make makes many may me mean means meant might million more
    most mu much must my need needs neither never new next nine no nobody nor not nothing now of off old on once one only or other
    our ourselves out over own paid pay people put puts round said same saw say says second see seem seems seen sees several shall
    she short should shouldn't since six so some somebody someone something still such take takes ten than that that's the their them
    themselves then there there's these they they're thing things think third this those thousand three through to told too took
    tried try two under until up us very want wanted wants was wasn't way we we'd we're we've well went were weren't what when
    where which while who whole whose why will with within without won't would wouldn't year years yes yet you your yuan
    during against along although though across yourself afraid able
    ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_looked_up_in_one_form() {
        let stems = |text| words(text).into_iter().map(|word| word.stem).collect::<Vec<_>>();
        assert_eq!(stems("Moulded, worn-out TYRE"), stems("mold wear out tire"));
        assert_eq!(stems("the boss's boilers"), stems("the boss boiler"));
    }

    #[test]
    fn forms_are_in_pairs() {
        assert!(FORMS_AND_SPELLINGS.split_whitespace().count().is_multiple_of(2));
        assert_eq!(FORMS.get("wound"), Some(&"wind"));
    }
}
