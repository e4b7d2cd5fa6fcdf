//! Tables of a store: each text or value once, and small numbers in its place. They make a million rows fit.

use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

/// A table is as full as its numbers allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// Texts one behind the other, at most 4 GiB of them. An allocation for each would cost more than most texts are long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    text: String,
    ends: Vec<u32>,
}

impl Texts {
    pub(super) fn push(&mut self, text: &str) -> Result<(), Full> {
        let end = u32::try_from(self.text.len() + text.len()).map_err(|_| Full)?;
        self.text.push_str(text);
        self.ends.push(end);
        Ok(())
    }

    /// The `index`th text, counted from 0; an empty one if there are not so many.
    pub(super) fn get(&self, index: usize) -> &str {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(index).copied().unwrap_or(start);
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// Small values, one a row. A column in which no row has anything takes no room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Column<T> {
    values: Vec<T>,
}

impl<T: Copy + Default + PartialEq> Column<T> {
    /// Sets the value of a row; the rows come in order.
    pub(super) fn set(&mut self, row: usize, value: T) {
        if value != T::default() {
            self.values.resize(row, T::default());
            self.values.push(value);
        }
    }

    /// The value of a row; the default if it was never set.
    pub(super) fn get(&self, row: usize) -> T {
        self.values.get(row).copied().unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn shrink(&mut self) {
        self.values.shrink_to_fit();
    }
}

/// Numbers texts, the same text always the same, from 1; 0 is free for "none".
#[derive(Debug, Default)]
pub(crate) struct Lexicon {
    texts: Texts,
    seen: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Lexicon {
    pub(super) fn number(&mut self, text: &str) -> Result<u32, Full> {
        let (texts, hasher) = (&self.texts, &self.hasher);
        let hash = hasher.hash_one(text);
        if let Some(&number) = self.seen.find(hash, |&number| nth(texts, number) == text) {
            return Ok(number);
        }
        let number = u32::try_from(self.texts.ends.len() + 1).map_err(|_| Full)?;
        self.texts.push(text)?;
        let texts = &self.texts;
        self.seen.insert_unique(hash, number, |&number| hasher.hash_one(nth(texts, number)));
        Ok(number)
    }

    /// The texts by their numbers, less one.
    pub(super) fn into_texts(mut self) -> Texts {
        self.texts.shrink();
        self.texts
    }
}

fn nth(texts: &Texts, number: u32) -> &str {
    texts.get(number as usize - 1)
}

/// Numbers values likewise.
#[derive(Debug)]
pub(crate) struct Catalogue<T> {
    values: Vec<T>,
    seen: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<T> Default for Catalogue<T> {
    fn default() -> Self {
        Self { values: Vec::new(), seen: HashTable::new(), hasher: DefaultHashBuilder::default() }
    }
}

impl<T: Hash + Eq> Catalogue<T> {
    pub(super) fn number(&mut self, value: T) -> Result<u32, Full> {
        let (values, hasher) = (&self.values, &self.hasher);
        let hash = hasher.hash_one(&value);
        if let Some(&number) = self.seen.find(hash, |&number| values[number as usize - 1] == value) {
            return Ok(number);
        }
        let number = u32::try_from(self.values.len() + 1).map_err(|_| Full)?;
        self.values.push(value);
        let values = &self.values;
        self.seen.insert_unique(hash, number, |&number| hasher.hash_one(&values[number as usize - 1]));
        Ok(number)
    }

    /// The values by their numbers, less one.
    pub(super) fn into_values(mut self) -> Vec<T> {
        self.values.shrink_to_fit();
        self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_by_their_number() {
        let mut lexicon = Lexicon::default();
        let words: Vec<String> = (0..2_000).map(|n| format!("word-{}", n % 700)).collect();
        let numbers: Vec<u32> = words.iter().map(|word| lexicon.number(word).unwrap()).collect();
        assert_eq!(numbers.iter().max(), Some(&700));
        assert_eq!(numbers[..700], numbers[700..1_400], "the same text has the same number");
        let texts = lexicon.into_texts();
        for (word, number) in words.iter().zip(numbers) {
            assert_eq!(nth(&texts, number), word);
        }
        assert_eq!(texts.get(700), "");
    }

    #[test]
    fn values_are_found_by_their_number() {
        let mut catalogue = Catalogue::default();
        let numbers: Vec<u32> = (0..2_000_u64).map(|n| catalogue.number(n % 300 * 7).unwrap()).collect();
        assert_eq!(numbers[..300], numbers[300..600]);
        let values = catalogue.into_values();
        assert_eq!(values.len(), 300);
        assert!((0..2_000_u64).zip(numbers).all(|(n, number)| values[number as usize - 1] == n % 300 * 7));
    }

    #[test]
    fn a_column_holds_what_was_set_and_no_more() {
        let mut column = Column::default();
        for row in 0..10 {
            column.set(row, if row == 3 || row == 6 { row as u32 } else { 0 });
        }
        let values: Vec<u32> = (0..10).map(|row| column.get(row)).collect();
        assert_eq!(values, [0, 0, 0, 3, 0, 0, 6, 0, 0, 0]);
        assert_eq!(column.values.len(), 7, "what follows the last one is not kept");
    }
}
