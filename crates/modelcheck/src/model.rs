use std::sync::Arc;
use std::time::Duration;

use calling_model::{Machine, UnixMillis};
use calling_signaling::calls::{CallAction, Calls, CallsInput, CallsOutput, RequestToken};
use calling_testkit::{epoch, seed};
use stateright::Property;

use crate::action::{Action, Step};
use crate::ledger::Cause;
use crate::rules::{Rule, Sightings, properties};
use crate::state::State;
use crate::{Space, Twist};

/// The wall clock at the epoch; it keeps pace with the monotonic one.
const WALL: UnixMillis = UnixMillis(1_700_000_000_000);
/// Every request has the same token: each is answered before the next is made.
const TOKEN: RequestToken = RequestToken(1);
/// More deadlines than any state of the space has.
const MOST_DEADLINES: usize = 32;

/// The production machine and all that its clients, its clock and its fate can do to it.
#[derive(Clone, Debug)]
pub struct Model {
    /// How much may happen.
    pub space: Space,
    /// The fault to be found, if any.
    pub twist: Twist,
    pub(crate) seen: Arc<Sightings>,
}

impl Model {
    /// The production machine with the fault `twist`, if any, in `space`.
    pub fn new(space: Space, twist: Twist) -> Self {
        Self { space, twist, seen: Arc::default() }
    }

    /// Performs `step`. `killed_after`: so many writes later the server dies; `None` if there are
    /// not more writes than that, so that nothing would be torn.
    fn perform(&self, last: &State, step: Step, killed_after: Option<usize>) -> Option<State> {
        let mut state = last.clone();
        let request = self.request(&state, step);
        let input = self.input(&mut state, step, request.as_ref());
        match input {
            // Two or more devices never exceed the limit of a million.
            Some(input) => drop(state.server.handle_input(state.now, input)),
            None if self.twist != Twist::NeverTimesOut => state.server.handle_timeout(state.now),
            None => {}
        }
        let mut outputs = self.drain(&mut state);
        if let Some(written) = killed_after {
            let mut writes = outputs.iter().enumerate().filter(|(_, output)| is_write(output));
            let (at, _) = writes.nth(written)?;
            outputs.truncate(at);
        }
        if !step.may_write() && outputs.iter().any(is_write) {
            state.ledger.breaks(Rule::SoundCheck);
        }
        let asked = match (step, &request) {
            (Step::Asks(device, _), Some(action)) => {
                Some((&last.endpoints()[device], TOKEN, action))
            }
            (_, _) => None,
        };
        let cause = Cause { request: asked };
        state.ledger.hear(&cause, &outputs);
        if killed_after.is_some() {
            self.restart(&mut state);
        } else {
            state.ledger.hear_end(&cause, &outputs);
            self.check(&mut state);
        }
        self.seen.note(&state.ledger);
        Some(state)
    }

    /// What `action` makes of `last`; `None` if it cannot be.
    pub(crate) fn step(&self, last: &State, action: Action) -> Option<State> {
        let mut next = match action {
            Action::Whole(step) => self.perform(last, step, None)?,
            Action::Torn { step, written } => self.perform(last, step, Some(written))?,
            Action::Killed => {
                let mut state = last.clone();
                self.restart(&mut state);
                state
            }
        };
        next.seal();
        Some(next)
    }

    fn check(&self, state: &mut State) {
        let State { server, symmetry, ledger, .. } = state;
        ledger.compare(server, symmetry.endpoints());
        let due = state.next_deadline().is_some_and(|at| at <= state.now);
        if due && self.twist != Twist::NeverTimesOut {
            state.ledger.breaks(Rule::TimeMovesOn);
        }
    }

    fn request(&self, state: &State, step: Step) -> Option<CallAction> {
        let Step::Asks(device, ask) = step else { return None };
        let endpoints = state.endpoints();
        let other = &endpoints[(device + self.space.devices) % endpoints.len()];
        let at = WALL.saturating_add(state.now.saturating_duration_since(epoch()));
        Some(ask.action(&self.space, other, state.ledger.ids(), at))
    }

    /// What the machine is told; `None` if but time passes.
    fn input(
        &self,
        state: &mut State,
        step: Step,
        request: Option<&CallAction>,
    ) -> Option<CallsInput> {
        let endpoint = |device: usize| state.endpoints()[device].clone();
        let call = |number: usize| state.ledger.ids()[number].clone();
        Some(match step {
            Step::Asks(device, _) => CallsInput::Request {
                from: endpoint(device),
                request: TOKEN,
                action: request?.clone(),
            },
            Step::SignsIn(device) => CallsInput::SignedIn { endpoint: endpoint(device) },
            Step::Returns(device) => CallsInput::Returned { endpoint: endpoint(device) },
            Step::Vanishes(device) => CallsInput::Disconnected { endpoint: endpoint(device) },
            Step::SignsOut(device) => CallsInput::SignedOut { endpoint: endpoint(device) },
            Step::MediaLost(device, number) => {
                CallsInput::PeerLost { call_id: call(number), endpoint: endpoint(device) }
            }
            Step::MediaBack(device, number) => {
                CallsInput::PeerBack { call_id: call(number), endpoint: endpoint(device) }
            }
            Step::OperatorEnds(number) => CallsInput::End { call_id: call(number) },
            Step::OperatorRemoves(device, number) => {
                CallsInput::RemoveMember { call_id: call(number), user: endpoint(device).user }
            }
            Step::Shutdown => CallsInput::Shutdown,
            Step::Wait => {
                state.now = state.next_deadline()?;
                return None;
            }
            Step::Pause => {
                state.pauses += 1;
                let just_before = state.next_deadline()?.checked_sub(Duration::from_millis(1))?;
                state.now = state.now.max(just_before);
                return None;
            }
        })
    }

    fn drain(&self, state: &mut State) -> Vec<CallsOutput> {
        let outputs = std::iter::from_fn(|| state.server.poll_output()).collect();
        if self.twist == Twist::None { outputs } else { self.twist.bend(outputs, &state.ledger) }
    }

    fn server(&self, starts: u8) -> Calls {
        Calls::new(self.space.config(), seed(u64::from(starts)))
    }

    fn restart(&self, state: &mut State) {
        state.restarts += 1;
        state.server = self.server(state.restarts);
        state.ledger.recover(self.twist == Twist::RecoversAll);
    }

    /// Whether every call ends, with one record, if nobody does anything any more.
    pub(crate) fn runs_out(&self, state: &State) -> bool {
        let mut state = state.clone();
        for _ in 0..MOST_DEADLINES {
            if state.next_deadline().is_none() {
                break;
            }
            let Some(next) = self.perform(&state, Step::Wait, None) else { return false };
            state = next;
        }
        state.server.live_calls() == 0 && state.ledger.is_complete()
    }
}

impl stateright::Model for Model {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(self.server(0), &self.space, epoch())]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.ledger.broken().is_none() {
            Action::all(&self.space, state, actions);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        // What changes nothing leads nowhere.
        self.step(last, action).filter(|next| next != last)
    }

    fn format_action(&self, action: &Action) -> String {
        action.to_string()
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties()
    }
}

/// What a killed server may or may not have done: every write is done before what comes after it.
const fn is_write(output: &CallsOutput) -> bool {
    matches!(output, CallsOutput::Started { .. } | CallsOutput::Ended { .. })
}
