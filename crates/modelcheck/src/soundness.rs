//! States that the check takes for one have the same future.

use std::collections::BTreeMap;

use calling_testkit::seed;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use stateright::Model as _;

use crate::action::{Action, Step};
use crate::ledger::End;
use crate::state::State;
use crate::{FULL, Model, Rule, Space, Twist};

/// What comes of one action: the state, whether a rule is broken, and how calls ended by it.
type Next = Option<(u64, Option<Rule>, Vec<End>)>;

/// How a space goes on from a state, whatever the devices are called: what each action leads to,
/// and whether everything ends if nobody acts.
fn future(model: &Model, state: &State) -> (Vec<Next>, bool) {
    let mut actions = Vec::new();
    model.actions(state, &mut actions);
    let before = state.ledger.ends();
    let after = |action| {
        let next = model.step(state, action)?;
        let ended = next.ledger.ends().into_iter().enumerate();
        let now = ended.filter(|(call, _)| before.get(*call).copied().flatten().is_none());
        let now = now.filter_map(|(_, end)| end).collect();
        Some((next.digest(), next.ledger.broken(), now))
    };
    let mut all: Vec<Next> = actions.into_iter().map(after).collect();
    all.sort_unstable();
    (all, model.runs_out(state))
}

/// Walks at random, and whenever two states that differ have one digest compares their futures;
/// gives how often it did.
fn compare(space: Space, walks: u64, most: usize) -> usize {
    let model = Model::new(space, Twist::None);
    let mut known: BTreeMap<u64, (String, State)> = BTreeMap::new();
    let mut compared = 0;
    for walk in 0..walks {
        let mut rng = ChaCha12Rng::from_seed(seed(walk));
        let mut state = model.init_states().remove(0);
        for _ in 0..40 {
            let mut actions = Vec::new();
            model.actions(&state, &mut actions);
            // Of the many requests few are granted: what else may happen is to happen, too.
            let asks = |action: &Action| matches!(action, Action::Whole(Step::Asks(..)));
            let torn = |action: &Action| matches!(action, Action::Torn { .. });
            let rare = rng.random_range(0..4);
            actions.retain(|action| match rare {
                0 => !asks(action) && !torn(action),
                1 => torn(action) || *action == Action::Killed || !asks(action),
                _ => asks(action),
            });
            let Some(action) = actions.choose(&mut rng) else { continue };
            let Some(next) = model.step(&state, action.clone()) else { continue };
            state = next;
            let exact = state.exact();
            match known.get(&state.digest()) {
                None => drop(known.insert(state.digest(), (exact, state.clone()))),
                Some((same, _)) if *same == exact => {}
                Some((_, other)) => {
                    assert_eq!(
                        future(&model, &state),
                        future(&model, other),
                        "{state:?}\n{other:?}"
                    );
                    compared += 1;
                    if compared == most {
                        return compared;
                    }
                }
            }
        }
    }
    compared
}

#[test]
fn states_with_one_digest_have_one_future() {
    for space in FULL {
        let compared = compare(*space, 4_000, 400);
        assert_eq!(compared, 400, "{space:?}");
    }
}
