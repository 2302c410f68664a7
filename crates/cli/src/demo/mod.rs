//! A server and its phones in one process, joined by legs as bad as you like, and what is measured.

pub(crate) mod cpu;
pub(crate) mod figures;
pub(crate) mod place;
pub(crate) mod relay;
pub(crate) mod report;
pub(crate) mod stats;
pub(crate) mod voice;
pub(crate) mod world;
