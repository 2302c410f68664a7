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
    /// Checks once that no element reaches beyond the end, so that walking cannot fail.
    #[inline]
    pub(super) fn validate(form: Form, elements: &'a [u8]) -> Result<Self, RtpError> {
        let rest = match form {
            Form::OneByte => validate_one_byte(elements),
            Form::TwoByte => validate_two_byte(elements),
            Form::Opaque => Some(&[][..]),
        };
        Ok(Self { form, rest: rest.ok_or(RtpError::ExtensionOverflow)? })
    }

    const fn is_padding(&self, head: u8) -> bool {
        match self.form {
            Form::OneByte => head >> 4 == PADDING_ID,
            Form::TwoByte | Form::Opaque => head == PADDING_ID,
        }
    }
}

/// The elements up to where they end; `None` if one is too long. This is on the path of every
/// packet and thus written apart from the walk that yields elements.
#[inline]
fn validate_one_byte(elements: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    while let Some(&head) = elements.get(at) {
        match head >> 4 {
            PADDING_ID => at += 1,
            STOP_ID => return elements.get(..at),
            _ => at += 2 + usize::from(head & 0x0f),
        }
    }
    (at == elements.len()).then_some(elements)
}

#[inline]
fn validate_two_byte(elements: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    while let Some(&id) = elements.get(at) {
        if id == PADDING_ID {
            at += 1;
        } else {
            at += 2 + usize::from(*elements.get(at + 1)?);
        }
    }
    (at == elements.len()).then_some(elements)
}

impl<'a> Iterator for Extensions<'a> {
    type Item = (u8, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        // `validate` has ruled out that an element is too long for `?` to meet.
        loop {
            let (&head, rest) = self.rest.split_first()?;
            if self.is_padding(head) {
                self.rest = rest;
                continue;
            }
            let (id, len, rest) = match self.form {
                Form::OneByte => (head >> 4, usize::from(head & 0x0f) + 1, rest),
                Form::TwoByte | Form::Opaque => {
                    let (&len, rest) = rest.split_first()?;
                    (head, usize::from(len), rest)
                }
            };
            let (data, rest) = rest.split_at_checked(len)?;
            self.rest = rest;
            return Some((id, data));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        /// What was found valid is walked to its end: nothing is left over.
        #[test]
        fn a_valid_extension_is_walked_to_its_end(
            elements in prop::collection::vec(prop_oneof![0_u8..4, 0x10_u8..0x14, any::<u8>()], 0..40),
        ) {
            for form in [Form::OneByte, Form::TwoByte, Form::Opaque] {
                let Ok(mut walk) = Extensions::validate(form, &elements) else { continue };
                let within: usize = walk.by_ref().map(|(_, data)| data.len()).sum();
                prop_assert!(within <= elements.len());
                prop_assert!(walk.rest.is_empty());
            }
        }
    }
}
