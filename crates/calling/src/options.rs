use calling_model::GroupId;

/// What can be said about a call besides whom it is to and of which kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// The chat group it belongs to: its members see it and may join.
    pub group_id: Option<GroupId>,
    /// How long it rings, in seconds; the server's default if `None`.
    pub timeout_s: Option<u32>,
    /// Free text passed to whom it is to.
    pub user_data: String,
}
