use std::future::Future;

use calling_callrecord::QualitySummary;
use calling_model::{CallId, GroupId, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, EndedCall};

use crate::storage::{Delivery, Storage, StorageError};
use crate::webhooks::event::CallEvent;

/// Members of a group who are told of its running call; those beyond ask.
const MOST_TOLD: u32 = 2_000;

/// Where calls are kept: the database, or what a test puts in its place. Every write may be
/// repeated.
pub(crate) trait CallStore: Clone + Send + Sync + 'static {
    /// Stores that a call was placed.
    fn call_started(
        &self,
        facts: &CallFacts,
    ) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Forgets a call whose start was given up, whether it was stored or not.
    fn call_refused(
        &self,
        call_id: &CallId,
    ) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Stores who accepted, and when.
    fn call_accepted(
        &self,
        call_id: &CallId,
        by: &UserId,
        at: UnixMillis,
    ) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Stores who was invited to a call that lives.
    fn call_invited(
        &self,
        call_id: &CallId,
        users: &[UserId],
    ) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Notes something that happened between: webhooks are told of it before they are of the end.
    fn emit(&self, _event: CallEvent) {}

    /// Who belongs to a group; nobody where groups are not kept.
    fn members_of(
        &self,
        _group: &GroupId,
    ) -> impl Future<Output = Result<Vec<UserId>, StorageError>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Stores a call's end, record (with its quality) and messages at once; gives the messages.
    fn end_call(
        &self,
        ended: &EndedCall,
        quality: Option<&QualitySummary>,
    ) -> impl Future<Output = Result<Vec<Delivery>, StorageError>> + Send;
}

impl CallStore for Storage {
    async fn call_started(&self, facts: &CallFacts) -> Result<(), StorageError> {
        Self::call_started(self, facts).await
    }

    async fn call_refused(&self, call_id: &CallId) -> Result<(), StorageError> {
        Self::call_refused(self, call_id).await
    }

    async fn call_accepted(
        &self,
        call_id: &CallId,
        by: &UserId,
        at: UnixMillis,
    ) -> Result<(), StorageError> {
        Self::call_accepted(self, call_id, by, at).await
    }

    async fn call_invited(&self, call_id: &CallId, users: &[UserId]) -> Result<(), StorageError> {
        Self::call_invited(self, call_id, users).await
    }

    fn emit(&self, event: CallEvent) {
        Self::emit(self, event);
    }

    async fn members_of(&self, group: &GroupId) -> Result<Vec<UserId>, StorageError> {
        let members = self.group_members(None, group, None, MOST_TOLD).await?;
        // A group that is not kept here has no members here.
        Ok(members.unwrap_or_default().into_iter().map(|member| member.user_id).collect())
    }

    async fn end_call(
        &self,
        ended: &EndedCall,
        quality: Option<&QualitySummary>,
    ) -> Result<Vec<Delivery>, StorageError> {
        Self::end_call(self, ended, quality).await
    }
}
