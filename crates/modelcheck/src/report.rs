use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stateright::{Checker, HasDiscoveries, Model as _};

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
    /// Whether it held, or was seen.
    pub holds: bool,
    /// A history that breaks it.
    pub broken: Option<Vec<String>>,
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
    let model = Model::new(space, twist);
    let builder = model.clone().checker().threads(threads).finish_when(HasDiscoveries::AnyFailures);
    match order {
        Order::ShortestFirst => report(&model, begun, &builder.spawn_bfs().join()),
        Order::DepthFirst => report(&model, begun, &builder.spawn_dfs().join()),
    }
}

fn report(model: &Model, begun: Instant, checker: &impl Checker<Model>) -> Report {
    let rule = |property: stateright::Property<Model>| {
        let broken: Option<Vec<String>> = checker
            .discovery(property.name)
            .map(|path| path.into_actions().iter().map(ToString::to_string).collect());
        Verdict { name: property.name, always: true, holds: broken.is_none(), broken }
    };
    let occurs = |(name, holds)| Verdict { name, always: false, holds, broken: None };
    let rules = model.properties().into_iter().map(rule);
    Report {
        space: model.space,
        transitions: checker.state_count(),
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        took: begun.elapsed(),
        verdicts: rules.chain(model.seen.all().map(occurs)).collect(),
    }
}

fn now() -> Instant {
    Instant::now()
}

impl Report {
    /// The rules that were broken.
    pub fn broken(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.always && !verdict.holds)
    }

    /// Whether something that must happen somewhere happened.
    pub fn saw(&self, name: &str) -> bool {
        let seen = |verdict: &Verdict| !verdict.always && verdict.holds;
        self.verdicts.iter().any(|verdict| verdict.name == name && seen(verdict))
    }

    /// For machines.
    pub fn json(&self) -> Value {
        let verdict = |verdict: &Verdict| {
            let Verdict { name, always, holds, broken } = verdict;
            json!({"name": name, "always": always, "holds": holds, "history": broken})
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
        for Verdict { name, always, holds, broken } in &self.verdicts {
            let word = match (always, holds) {
                (true, true) => "holds   ",
                (true, false) => "BROKEN  ",
                (false, true) => "seen    ",
                (false, false) => "-       ",
            };
            writeln!(f, "  {word}{name}")?;
            for (number, action) in (1..).zip(broken.iter().flatten()) {
                writeln!(f, "          {number}. {action}")?;
            }
        }
        Ok(())
    }
}
