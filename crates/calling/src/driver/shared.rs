//! The one process-wide state of the crate: the shared instance.

use std::sync::{Arc, Mutex, PoisonError};

use super::calling::Calling;
use crate::config::Config;
use crate::error::InitError;

static SHARED: Mutex<Option<Arc<Calling>>> = Mutex::new(None);

fn lock() -> std::sync::MutexGuard<'static, Option<Arc<Calling>>> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn get() -> Option<Arc<Calling>> {
    lock().clone()
}

pub(super) async fn init(config: Config) -> Result<Arc<Calling>, InitError> {
    if get().is_some() {
        return Err(InitError::AlreadyShared);
    }
    let calling = Arc::new(Calling::init(config).await?);
    let mut shared = lock();
    if shared.is_some() {
        return Err(InitError::AlreadyShared);
    }
    *shared = Some(Arc::clone(&calling));
    Ok(calling)
}

pub(super) async fn destroy() {
    let calling = lock().take();
    if let Some(calling) = calling {
        calling.destroy().await;
    }
}
