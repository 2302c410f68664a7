//! Send-side bandwidth estimation, probing and pacing as pure machines.
//!
//! An [`Estimator`] is told which packets go out and what their receiver says of them
//! (transport-wide feedback), and estimates what passes. A [`Pacer`] sends packets at that rate,
//! audio first, and probes when the estimator wants to know whether more would pass.
//!
//! Neither reads a clock nor owns a socket: `docs/bandwidth.md` of the repository draws them, and
//! says what they do on which path.

mod alr;
mod capacity;
mod control;
mod estimator;
#[doc(hidden)]
pub mod fuzz;
mod group;
mod history;
mod loss;
mod meter;
mod overuse;
mod pacer;
mod probe;
mod queue;
mod time;
mod trend;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use estimator::{
    Estimator, EstimatorConfig, EstimatorDiscards, EstimatorInput, EstimatorMisuse,
    EstimatorOutput, EstimatorStats, EstimatorTimeout,
};
pub use overuse::Usage;
pub use pacer::{
    Pacer, PacerConfig, PacerDiscards, PacerInput, PacerMisuse, PacerOutput, PacerTimeout, Priority,
};
pub use probe::{Probe, ProbeId};
