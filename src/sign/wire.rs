//! Reads the SSH wire format (RFC 4251, section 5) out of a slice. Must not know what is read.

/// The rest of what has not been read. Every read that finds too little says `None`, and nothing is allocated by a
/// length that was only claimed.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A string: its length, then that many bytes; where these are missing the length is not read either.
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let length = ahead.u32()?;
        let string = ahead.bytes(usize::try_from(length).ok()?)?;
        *self = ahead;
        Some(string)
    }

    /// A string that OpenSSH reads as C's: a NUL may end it and means nothing, and stands nowhere else.
    pub(super) fn c_string(&mut self) -> Option<&'a [u8]> {
        let string = self.string()?;
        Some(string.strip_suffix(b"\0").unwrap_or(string)).filter(|string| !string.contains(&0))
    }

    /// A string that is text: UTF-8 without NUL, where C would see its end.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.string()?).ok().filter(|text| !text.contains('\0'))
    }
}

/// Appends a string.
pub(super) fn put_string(to: &mut Vec<u8>, bytes: &[u8]) {
    // What is written here was read as such a string before, or is a short constant.
    to.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    to.extend(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_read_and_a_length_that_lies_reads_nothing() {
        let mut bytes = vec![7];
        bytes.extend(258u32.to_be_bytes());
        bytes.extend(9u64.to_be_bytes());
        put_string(&mut bytes, b"abc");
        put_string(&mut bytes, b"a\0c");
        let mut reader = Reader::new(&bytes);
        assert_eq!((reader.u8(), reader.u32(), reader.u64()), (Some(7), Some(258), Some(9)));
        assert_eq!((reader.text(), reader.text()), (Some("abc"), None));
        let mut ended = Vec::new();
        for string in [&b"abc"[..], b"abc\0", b"", b"a\0c", b"abc\0\0"] {
            put_string(&mut ended, string);
        }
        let mut ended = Reader::new(&ended);
        assert_eq!([(); 5].map(|()| ended.c_string()), [Some(&b"abc"[..]), Some(b"abc"), Some(b""), None, None]);
        assert!(reader.is_empty() && reader.u8().is_none() && reader.string().is_none());
        for lie in [4u32, u32::MAX] {
            let mut lying = lie.to_be_bytes().to_vec();
            lying.extend(b"abc");
            let mut reader = Reader::new(&lying);
            assert_eq!((reader.string(), reader.rest()), (None, &lying[..]));
        }
    }
}
