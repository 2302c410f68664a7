use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stateright::{Checker, Expectation, HasDiscoveries, Model as _};

use crate::{Model, Space, Twist};

/// What an exploration found.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its space.
    pub space: Space,
    /// Transitions followed that changed something.
    pub transitions: usize,
    /// Different states.
    pub states: usize,
    /// The longest history without a state twice that was followed.
    pub depth: usize,
    /// How long it took.
    pub took: Duration,
    /// Each rule and whether it held.
    pub verdicts: Vec<Verdict>,
}

/// What became of one property.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The property.
    pub name: &'static str,
    /// Whether it is one that must hold always, rather than be seen once.
    pub always: bool,
    /// A history that shows the opposite (`always`) or an example.
    pub history: Option<Vec<String>>,
}

/// How to explore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The shorter histories first, so that counterexamples are short.
    ShortestFirst,
    /// Depth first: takes the least memory.
    DepthFirst,
}

/// Explores `space` on `threads` threads to its end, or until a rule breaks.
pub fn explore(space: Space, twist: Twist, order: Order, threads: usize) -> Report {
    let begun = now();
    let builder =
        Model { space, twist }.checker().threads(threads).finish_when(HasDiscoveries::AnyFailures);
    match order {
        Order::ShortestFirst => report(space, begun, &builder.spawn_bfs().join()),
        Order::DepthFirst => report(space, begun, &builder.spawn_dfs().join()),
    }
}

fn report(space: Space, begun: Instant, checker: &impl Checker<Model>) -> Report {
    let model = Model { space, twist: Twist::None };
    let verdict = |property: stateright::Property<Model>| {
        let history = checker
            .discovery(property.name)
            .map(|path| path.into_actions().iter().map(ToString::to_string).collect());
        let always = matches!(property.expectation, Expectation::Always);
        Verdict { name: property.name, always, history }
    };
    Report {
        space,
        transitions: checker.state_count(),
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        took: begun.elapsed(),
        verdicts: model.properties().into_iter().map(verdict).collect(),
    }
}

fn now() -> Instant {
    Instant::now()
}

impl Report {
    /// The rules that were broken.
    pub fn broken(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.always && verdict.history.is_some())
    }

    /// Whether something that must happen somewhere happened.
    pub fn saw(&self, name: &str) -> bool {
        let seen = |verdict: &Verdict| !verdict.always && verdict.history.is_some();
        self.verdicts.iter().any(|verdict| verdict.name == name && seen(verdict))
    }

    /// For machines.
    pub fn json(&self) -> Value {
        let verdict = |verdict: &Verdict| {
            let holds = verdict.always == verdict.history.is_none();
            let shown = verdict.history.as_ref().filter(|_| !holds);
            json!({"name": verdict.name, "always": verdict.always, "holds": holds, "history": shown})
        };
        json!({
            "space": self.space.name,
            "states": self.states,
            "transitions": self.transitions,
            "depth": self.depth,
            "seconds": self.took.as_secs_f64(),
            "properties": self.verdicts.iter().map(verdict).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { space, states, transitions, depth, took, .. } = self;
        let Space { name, devices, calls, restarts, pauses, .. } = space;
        writeln!(
            f,
            "{name}: 2 accounts x {devices} devices, calls {calls}, kills {restarts}, pauses {pauses}"
        )?;
        let seconds = took.as_secs_f64();
        writeln!(f, "  {states} states, {transitions} transitions, depth {depth}, {seconds:.1} s")?;
        for Verdict { name, always, history } in &self.verdicts {
            match (always, history) {
                (true, None) => writeln!(f, "  holds   {name}")?,
                (false, Some(_)) => writeln!(f, "  seen    {name}")?,
                (false, None) => writeln!(f, "  -       {name}")?,
                (true, Some(history)) => {
                    writeln!(f, "  BROKEN  {name}")?;
                    for (number, action) in (1..).zip(history) {
                        writeln!(f, "          {number}. {action}")?;
                    }
                }
            }
        }
        Ok(())
    }
}
