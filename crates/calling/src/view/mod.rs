//! Call windows: what a view shows, and the pure parts that decide when it hears of it.

mod call_view;
pub(crate) mod fuzz;
mod members;
mod model;
mod queue;
mod state;

pub use call_view::CallView;
pub use model::{ViewEvent, ViewInput, ViewModel};
pub use queue::ViewQueue;
pub use state::{
    CallPhase, CallViewState, LeftReason, MemberState, MemberView, ViewEnd, ViewNotice,
};
