//! The numbers of the component this project matches, with names and sentences.
//!
//! * [`TrtcError`], [`TrtcWarning`]: the media engine's, as the public header `TXLiteAVCode.h` and
//!   the documents number them. Of the warnings [`ListenerEvent::Warning`] carries those that can
//!   happen here.
//! * [`ComponentError`]: the call component's own, those of older generations and those of the chat
//!   service that it passes on. What this server and this crate answer is a [`Code`], which has the
//!   same number wherever both name the same thing.
//! * [`WebError`]: those of the newest web component, which gives some of the numbers above another
//!   meaning.
//!
//! ```
//! use calling::codes::{TrtcError, TrtcWarning};
//!
//! let error = TrtcError::try_from(-102_052)?;
//! assert_eq!(error, TrtcError::RoomFull);
//! assert_eq!(error.to_string(), "the room is full (code -102052)");
//! assert_eq!(i32::from(TrtcWarning::NoMicrophone), 1201);
//! assert_eq!(TrtcError::try_from(7).unwrap_err().to_string(), "7 is no code of TrtcError");
//! # Ok::<(), calling::codes::UnknownCode>(())
//! ```
//!
//! [`ListenerEvent::Warning`]: crate::ListenerEvent::Warning
//! [`Code`]: crate::Code

mod component;
mod trtc;
mod warning;
mod web;

pub use component::ComponentError;
pub use trtc::TrtcError;
pub use warning::TrtcWarning;
pub use web::WebError;

/// A number that is not in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{number} is no code of {table}")]
pub struct UnknownCode {
    /// The number.
    pub number: i32,
    /// The table: the name of the enum.
    pub table: &'static str,
}

/// An enum of numbered codes: `Variant = number, "sentence";`.
macro_rules! codes {
    (
        $(#[$attribute:meta])*
        $table:ident {
            $($variant:ident = $number:literal, $sentence:literal;)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $table {
            $(
                #[doc = concat!("`", stringify!($number), "`: ", $sentence, ".")]
                $variant,
            )*
        }

        impl $table {
            /// Every code of the table, in its order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its number.
            pub const fn number(self) -> i32 {
                match self {
                    $(Self::$variant => $number,)*
                }
            }

            /// Its name, as in this enum.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)*
                }
            }

            /// What it says, for people.
            pub const fn sentence(self) -> &'static str {
                match self {
                    $(Self::$variant => $sentence,)*
                }
            }
        }

        impl From<$table> for i32 {
            fn from(code: $table) -> Self {
                code.number()
            }
        }

        impl TryFrom<i32> for $table {
            type Error = super::UnknownCode;

            fn try_from(number: i32) -> Result<Self, Self::Error> {
                match number {
                    $($number => Ok(Self::$variant),)*
                    _ => Err(super::UnknownCode { number, table: stringify!($table) }),
                }
            }
        }

        impl std::fmt::Display for $table {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{} (code {})", self.sentence(), self.number())
            }
        }

        impl std::error::Error for $table {}
    };
}
use codes;
