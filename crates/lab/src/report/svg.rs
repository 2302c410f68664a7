//! What pictures share.

/// What names of recorded traces may hold is not for SVG.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
