//! Bodies of fuzz targets: they take any bytes and never panic.

use crate::{config, gateway, hub};

/// A configuration file of any content.
pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for problem in config::check_text(&text) {
        let lines = text.matches('\n').count() + 1;
        assert!(problem.line().is_some_and(|line| line >= 1 && line <= lines));
        assert!(!problem.message.is_empty() && !problem.to_string().contains('\n'));
    }
}

/// A token by which a device takes up its session, or the claims of one.
pub fn resume_token(data: &[u8]) {
    hub::fuzz_resume_token(data);
}

/// A fragment of a session description with new candidates, or an answer to make one of.
pub fn ice_fragment(data: &[u8]) {
    gateway::fuzz_ice_fragment(data);
}
