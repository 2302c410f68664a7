//! The members of the call shown.

use std::collections::BTreeMap;

use calling_model::{UserId, Volume};
use calling_signaling::client::{NetworkQuality, UserQuality};
use calling_signaling::protocol::UserVolume;

use super::state::{LeftReason, MemberState, MemberView};

/// No more than these are listed.
const MOST_MEMBERS: usize = 1_000;
/// Names kept for users; those told first.
const MOST_NAMES: usize = 10_000;

/// What users are called, as the application says.
#[derive(Clone, Debug)]
pub(super) struct Names(BTreeMap<UserId, String>);

impl Names {
    pub(super) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// An empty name is none. Whether there is room for it.
    pub(super) fn set(&mut self, user: &UserId, name: &str) -> bool {
        if name.is_empty() {
            self.0.remove(user);
        } else if self.0.contains_key(user) || self.0.len() < MOST_NAMES {
            self.0.insert(user.clone(), name.to_owned());
        } else {
            return false;
        }
        true
    }

    pub(super) fn of(&self, user: &UserId) -> String {
        self.0.get(user).cloned().unwrap_or_else(|| user.as_str().to_owned())
    }
}

/// Everybody in one call, in order, each once.
#[derive(Clone, Debug)]
pub(super) struct Members {
    own: UserId,
    pub(super) list: Vec<MemberView>,
    pub(super) more: bool,
}

impl Members {
    pub(super) const fn new(own: UserId) -> Self {
        Self { own, list: Vec::new(), more: false }
    }

    /// Adds `user` in `state` unless they are there.
    pub(super) fn add(&mut self, names: &Names, user: &UserId, state: MemberState) {
        self.entry(names, user, state);
    }

    /// `user` takes part; adds them if they are not there.
    pub(super) fn join(&mut self, names: &Names, user: &UserId) {
        if let Some(member) = self.entry(names, user, MemberState::Connected) {
            member.state = MemberState::Connected;
        }
    }

    /// `user` takes part no longer.
    pub(super) fn leave(&mut self, user: &UserId, reason: LeftReason) {
        if let Some(member) = self.find(user) {
            member.state = MemberState::Left(reason);
            member.volume = Volume::SILENT;
            member.audio_available = false;
            member.video_available = false;
            member.network = NetworkQuality::Unknown;
        }
    }

    /// Puts `first` first, in their order; the rest keep theirs.
    pub(super) fn arrange<'a>(&mut self, first: impl Iterator<Item = &'a UserId>) {
        let places: BTreeMap<_, _> = first.zip(0..).collect();
        self.list.sort_by_key(|member| places.get(&member.user).copied().unwrap_or(usize::MAX));
    }

    /// One step forward of somebody who was invited; `Ringing` never takes back an answer.
    pub(super) fn advance(&mut self, user: &UserId, state: MemberState) {
        if let Some(member) = self.find(user)
            && rank(state) > rank(member.state)
        {
            member.state = state;
        }
    }

    /// `user` did not take the call; who takes part already, does.
    pub(super) fn decline(&mut self, user: &UserId, reason: LeftReason) {
        if let Some(member) = self.find(user)
            && member.state != MemberState::Connected
        {
            member.state = MemberState::Left(reason);
        }
    }

    pub(super) fn find(&mut self, user: &UserId) -> Option<&mut MemberView> {
        self.list.iter_mut().find(|member| member.user == *user)
    }

    /// Who is not among `volumes` is silent.
    pub(super) fn set_volumes(&mut self, volumes: &[UserVolume]) {
        let loud: BTreeMap<_, _> = volumes.iter().map(|told| (&told.user, told.volume)).collect();
        for member in &mut self.list {
            member.volume = loud.get(&member.user).copied().unwrap_or(Volume::SILENT);
        }
    }

    pub(super) fn set_network(&mut self, local: NetworkQuality, remotes: &[UserQuality]) {
        for UserQuality { user, quality } in remotes {
            if let Some(member) = self.find(user) {
                member.network = *quality;
            }
        }
        if let Some(own) = self.list.iter_mut().find(|member| member.is_self) {
            own.network = local;
        }
    }

    pub(super) fn rename(&mut self, names: &Names, user: &UserId) {
        if let Some(member) = self.find(user) {
            member.display_name = names.of(user);
        }
    }

    fn entry(
        &mut self,
        names: &Names,
        user: &UserId,
        state: MemberState,
    ) -> Option<&mut MemberView> {
        if let Some(known) = self.list.iter().position(|member| member.user == *user) {
            return self.list.get_mut(known);
        }
        if self.list.len() >= MOST_MEMBERS {
            self.more = true;
            return None;
        }
        self.list.push(MemberView {
            user: user.clone(),
            display_name: names.of(user),
            is_self: *user == self.own,
            state,
            volume: Volume::SILENT,
            audio_available: false,
            video_available: false,
            network: NetworkQuality::Unknown,
        });
        self.list.last_mut()
    }
}

/// How far an invited member is; one who did not take the call can be invited again.
const fn rank(state: MemberState) -> u8 {
    match state {
        MemberState::Left(_) => 0,
        MemberState::Pending => 1,
        MemberState::Ringing => 2,
        MemberState::Accepted => 3,
        MemberState::Connected => 4,
    }
}
