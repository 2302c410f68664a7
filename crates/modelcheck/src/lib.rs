//! The exhaustive check of the call machine: `make model-check`.
//!
//! A [`Model`] holds the production machine (`calling_signaling::calls::Calls`) and everything
//! that clients, clocks and crashes can do to it. [`explore`] follows every history of a
//! [`Space`], state by state, and checks each against the [`Rule`]s. docs/model-check.md says what
//! is covered and why nothing is missed.

mod action;
mod ledger;
mod model;
mod report;
mod rules;
#[cfg(test)]
mod soundness;
mod space;
mod state;
mod symmetry;
mod twist;

pub use action::{Action, Ask, Step};
pub use model::Model;
pub use report::{Order, Report, Verdict, explore};
pub use rules::Rule;
pub use space::{FULL, SMALL, Space};
pub use state::State;
pub use twist::Twist;
