use super::RtpError;

/// How elements of a header extension are laid out (RFC 8285 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Four bits of id, four of length − 1.
    OneByte,
    /// A byte of id, a byte of length.
    TwoByte,
    /// None, or another profile's, which is skipped.
    Opaque,
}

pub(super) const ONE_BYTE_PROFILE: u16 = 0xbede;
pub(super) const TWO_BYTE_PROFILE: u16 = 0x1000;
/// The low four bits of the two-byte profile are for the application.
const TWO_BYTE_MASK: u16 = 0xfff0;
const PADDING_ID: u8 = 0;
/// Ends a one-byte extension: what follows must be ignored (RFC 8285 section 4.2).
const STOP_ID: u8 = 15;

impl Form {
    #[inline]
    pub(super) const fn of(profile: u16) -> Self {
        if profile == ONE_BYTE_PROFILE {
            Self::OneByte
        } else if profile & TWO_BYTE_MASK == TWO_BYTE_PROFILE {
            Self::TwoByte
        } else {
            Self::Opaque
        }
    }
}

/// The elements of a header extension: `(id, data)`, padding left out.
#[derive(Clone, Copy, Debug)]
pub struct Extensions<'a> {
    form: Form,
    rest: &'a [u8],
}

impl<'a> Extensions<'a> {
    #[inline]
    pub(super) fn validate(form: Form, elements: &'a [u8]) -> Result<Self, RtpError> {
        if form == Form::Opaque {
            return Ok(Self { form, rest: &[] });
        }
        let mut walk = Self { form, rest: elements };
        while walk.step()?.is_some() {}
        Ok(Self { form, rest: elements })
    }

    #[inline]
    fn step(&mut self) -> Result<Option<(u8, &'a [u8])>, RtpError> {
        loop {
            let Some((&first, rest)) = self.rest.split_first() else { return Ok(None) };
            let (id, len, rest) = match self.form {
                Form::OneByte => (first >> 4, usize::from(first & 0x0f) + 1, rest),
                Form::TwoByte if first == PADDING_ID => (PADDING_ID, 0, rest),
                Form::TwoByte | Form::Opaque => {
                    let (&len, rest) = rest.split_first().ok_or(RtpError::ExtensionOverflow)?;
                    (first, usize::from(len), rest)
                }
            };
            if id == PADDING_ID {
                self.rest = rest;
                continue;
            }
            if id == STOP_ID && self.form == Form::OneByte {
                self.rest = &[];
                return Ok(None);
            }
            let (data, rest) = rest.split_at_checked(len).ok_or(RtpError::ExtensionOverflow)?;
            self.rest = rest;
            return Ok(Some((id, data)));
        }
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = (u8, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        // Validated when the view was made, so this is never an error.
        self.step().ok().flatten()
    }
}
