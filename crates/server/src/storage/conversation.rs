use calling_model::{GroupId, UserId};

use super::StorageError;
use super::values::user;

/// Where messages stand: between two accounts, or in a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Conversation {
    /// Between two accounts; made by [`Conversation::direct`].
    Direct {
        /// The lesser id.
        low: UserId,
        /// The greater id.
        high: UserId,
    },
    /// In a group.
    Group(GroupId),
}

impl Conversation {
    /// The conversation of two accounts, the same in whatever order they are given.
    pub fn direct(one: &UserId, other: &UserId) -> Self {
        let (low, high) = if one <= other { (one, other) } else { (other, one) };
        Self::Direct { low: low.clone(), high: high.clone() }
    }

    /// The other side as `user` sees it; `None` in a group and for a stranger.
    pub fn peer_of(&self, of: &UserId) -> Option<&UserId> {
        match self {
            Self::Direct { low, high } if low == of => Some(high),
            Self::Direct { low, high } if high == of => Some(low),
            Self::Direct { .. } | Self::Group(_) => None,
        }
    }

    /// As it stands in the database. Ids of accounts have no colon.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Direct { low, high } => format!("c:{}:{}", low.as_str(), high.as_str()),
            Self::Group(group) => group_key(group),
        }
    }

    pub(super) fn parse(key: &str) -> Result<Self, StorageError> {
        let unreadable = || StorageError::Unreadable {
            what: "conversation",
            reason: "it has no such form".to_owned(),
        };
        match key.split_once(':') {
            Some(("c", pair)) => {
                let (low, high) = pair.split_once(':').ok_or_else(unreadable)?;
                Ok(Self::Direct { low: user(low.to_owned())?, high: user(high.to_owned())? })
            }
            Some(("g", group)) => GroupId::new(group).map(Self::Group).map_err(|_| unreadable()),
            Some(_) | None => Err(unreadable()),
        }
    }
}

/// The key of a group's conversation.
pub(super) fn group_key(group: &GroupId) -> String {
    format!("g:{}", group.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_key_is_read_back(
            one in "[A-Za-z0-9_-]{1,32}",
            other in "[A-Za-z0-9_-]{1,32}",
            group in "[!#-\\[\\]-~]{1,64}",
        ) {
            let (one, other) = (UserId::new(one).unwrap(), UserId::new(other).unwrap());
            let direct = Conversation::direct(&one, &other);
            prop_assert_eq!(&direct, &Conversation::direct(&other, &one));
            prop_assert_eq!(direct.peer_of(&one), Some(&other));
            let group = Conversation::Group(GroupId::new(group).unwrap());
            for conversation in [direct, group] {
                prop_assert_eq!(Conversation::parse(&conversation.key()).unwrap(), conversation);
            }
        }

        #[test]
        fn no_key_makes_it_panic(key in any::<String>()) {
            let _ = Conversation::parse(&key);
        }
    }
}
