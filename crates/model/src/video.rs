use serde::{Deserialize, Serialize};

/// A picture that somebody sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoTrack {
    /// Their camera, the main stream.
    Camera,
    /// Their screen, the sub stream.
    Screen,
}

impl VideoTrack {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Camera, Self::Screen];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Screen => "screen",
        }
    }
}

/// How large a picture its receiver shows, and thus which of the sizes sent suits it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum VideoSize {
    /// A tile among others: the small stream.
    Small,
    /// As large as it comes.
    #[default]
    Large,
}
