use super::Texts;

/// What a program tells people around a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phrase {
    /// The other side declined.
    PeerRejected,
    /// The other side is in another call.
    PeerBusy,
    /// The other side did not answer.
    PeerNoResponse,
    /// The other side hung up.
    PeerHungUp,
    /// It rings at the other side.
    Waiting,
    /// To whom is called: a voice call.
    InvitesVoice,
    /// To whom is called: a video call.
    InvitesVideo,
    /// To whom is called: a call of several.
    InvitesGroup,
    /// The call was accepted.
    Connected,
    /// While talking.
    InCall,
    /// The text of a push notification.
    NewCall,
    /// What stands for a custom message that is no call message.
    Custom,
}

impl Phrase {
    /// Every one.
    pub const ALL: [Self; 12] = [
        Self::PeerRejected,
        Self::PeerBusy,
        Self::PeerNoResponse,
        Self::PeerHungUp,
        Self::Waiting,
        Self::InvitesVoice,
        Self::InvitesVideo,
        Self::InvitesGroup,
        Self::Connected,
        Self::InCall,
        Self::NewCall,
        Self::Custom,
    ];

    const fn id(self) -> &'static str {
        match self {
            Self::PeerRejected => "phrase-peer-rejected",
            Self::PeerBusy => "phrase-peer-busy",
            Self::PeerNoResponse => "phrase-peer-no-response",
            Self::PeerHungUp => "phrase-peer-hung-up",
            Self::Waiting => "phrase-waiting",
            Self::InvitesVoice => "phrase-invites-voice",
            Self::InvitesVideo => "phrase-invites-video",
            Self::InvitesGroup => "phrase-invites-group",
            Self::Connected => "phrase-connected",
            Self::InCall => "phrase-in-call",
            Self::NewCall => "phrase-new-call",
            Self::Custom => "custom",
        }
    }
}

impl Texts {
    /// What a program tells people around a call.
    pub fn phrase(&self, phrase: Phrase) -> String {
        self.plain(phrase.id())
    }
}
