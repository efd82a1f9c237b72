//! Integers, texts and options as bytes: LEB128 integers, little-endian floats, length before text.

use crate::domain::time::Timestamp;

/// The errors of decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end too early.
    #[error("the bytes end too early")]
    Short,
    /// A value that is out of range.
    #[error("{0} is out of range")]
    Range(&'static str),
    /// A newer release wrote it.
    #[error("written by a newer release (major version {found}, this one knows {known})")]
    NewerMajor {
        /// The version found.
        found: u8,
        /// The version known.
        known: u8,
    },
}

/// Appends values to bytes.
#[derive(Debug, Default)]
pub struct ByteWriter(Vec<u8>);

impl ByteWriter {
    /// The bytes written.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    /// The bytes written so far.
    #[must_use]
    pub fn written(&self) -> &[u8] {
        &self.0
    }

    /// One byte.
    pub fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    /// An unsigned integer, in as few bytes as it needs.
    pub fn uint(&mut self, mut value: u64) {
        loop {
            let [low, ..] = value.to_le_bytes();
            value >>= 7;
            if value == 0 {
                return self.0.push(low & 0x7f);
            }
            self.0.push(low | 0x80);
        }
    }

    /// A signed integer, zigzag.
    pub fn int(&mut self, value: i64) {
        self.uint((value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned());
    }

    /// Eight bytes.
    pub fn fixed64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Sixteen bytes.
    pub fn fixed128(&mut self, value: u128) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// A float, exactly.
    pub fn float(&mut self, value: f64) {
        self.fixed64(value.to_bits());
    }

    /// A short float, exactly.
    pub fn short_float(&mut self, value: f32) {
        self.0.extend_from_slice(&value.to_bits().to_le_bytes());
    }

    /// Bytes with their length before them.
    pub fn bytes(&mut self, value: &[u8]) {
        self.uint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    /// Bytes without their length; only at the end, or if the reader knows the length.
    pub fn raw(&mut self, value: &[u8]) {
        self.0.extend_from_slice(value);
    }

    /// A text.
    pub fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }

    /// A moment.
    pub fn time(&mut self, value: Timestamp) {
        self.int(value.millis());
    }

    /// An optional value: a byte 0 or 1, then the value.
    pub fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.byte(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// A list with its length before it.
    pub fn list<T>(&mut self, items: impl ExactSizeIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.uint(items.len() as u64);
        for item in items {
            write(self, item);
        }
    }
}

/// Takes values off the front of bytes.
#[derive(Debug)]
pub struct ByteReader<'a>(&'a [u8]);

impl<'a> ByteReader<'a> {
    /// Reads from these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes that are not read yet.
    #[must_use]
    pub const fn remaining(&self) -> &'a [u8] {
        self.0
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// If there are fewer.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, left) = self.0.split_at_checked(count).ok_or(DecodeError::Short)?;
        self.0 = left;
        Ok(taken)
    }

    /// One byte.
    ///
    /// # Errors
    /// If there is none.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, left) = self.0.split_first().ok_or(DecodeError::Short)?;
        self.0 = left;
        Ok(*first)
    }

    /// An unsigned integer.
    ///
    /// # Errors
    /// If the bytes end, or it does not fit 64 bits.
    pub fn uint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::Range("integer"))
    }

    /// An unsigned integer of 32 bits.
    ///
    /// # Errors
    /// As [`Self::uint`].
    pub fn uint32(&mut self) -> Result<u32, DecodeError> {
        u32::try_from(self.uint()?).map_err(|_| DecodeError::Range("integer"))
    }

    /// A signed integer.
    ///
    /// # Errors
    /// As [`Self::uint`].
    pub fn int(&mut self) -> Result<i64, DecodeError> {
        let value = self.uint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// Eight bytes.
    ///
    /// # Errors
    /// If there are fewer.
    pub fn fixed64(&mut self) -> Result<u64, DecodeError> {
        let (bytes, left) = self.0.split_first_chunk().ok_or(DecodeError::Short)?;
        self.0 = left;
        Ok(u64::from_le_bytes(*bytes))
    }

    /// Sixteen bytes.
    ///
    /// # Errors
    /// If there are fewer.
    pub fn fixed128(&mut self) -> Result<u128, DecodeError> {
        let (bytes, left) = self.0.split_first_chunk().ok_or(DecodeError::Short)?;
        self.0 = left;
        Ok(u128::from_le_bytes(*bytes))
    }

    /// A float.
    ///
    /// # Errors
    /// If the bytes end.
    pub fn float(&mut self) -> Result<f64, DecodeError> {
        self.fixed64().map(f64::from_bits)
    }

    /// A short float.
    ///
    /// # Errors
    /// If the bytes end.
    pub fn short_float(&mut self) -> Result<f32, DecodeError> {
        let (bytes, left) = self.0.split_first_chunk().ok_or(DecodeError::Short)?;
        self.0 = left;
        Ok(f32::from_bits(u32::from_le_bytes(*bytes)))
    }

    /// Bytes with their length before them.
    ///
    /// # Errors
    /// If the bytes end.
    pub fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(self.uint()?).map_err(|_| DecodeError::Range("length"))?;
        self.take(length)
    }

    /// A text.
    ///
    /// # Errors
    /// If the bytes end or are not UTF-8.
    pub fn text(&mut self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| DecodeError::Range("text"))
    }

    /// A moment.
    ///
    /// # Errors
    /// As [`Self::int`].
    pub fn time(&mut self) -> Result<Timestamp, DecodeError> {
        self.int().map(Timestamp::from_millis)
    }

    /// An optional value.
    ///
    /// # Errors
    /// Those of `read`, or if the flag is neither 0 nor 1.
    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        match self.byte()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(DecodeError::Range("flag")),
        }
    }

    /// A list with its length before it.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let length = usize::try_from(self.uint()?).map_err(|_| DecodeError::Range("length"))?;
        let mut items = Vec::with_capacity(length.min(self.0.len()));
        for _ in 0..length {
            items.push(read(self)?);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn integers_round_trip(unsigned: u64, signed: i64) {
            let mut writer = ByteWriter::default();
            writer.uint(unsigned);
            writer.int(signed);
            let bytes = writer.finish();
            let mut reader = ByteReader::new(&bytes);
            prop_assert_eq!(reader.uint().unwrap(), unsigned);
            prop_assert_eq!(reader.int().unwrap(), signed);
            prop_assert!(reader.remaining().is_empty());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let mut reader = ByteReader::new(&bytes);
            let read = reader.list(|reader| reader.text().map(str::to_owned));
            prop_assert!(read.is_err() || reader.remaining().len() < bytes.len());
        }
    }
}
