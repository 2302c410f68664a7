use std::io::IsTerminal;
use std::time::Instant;

use calling::{CallEngine, ListenerEvent};
use calling_model::CallId;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::call::Conversation;
use crate::args::AnswerArgs;
use crate::exit::Failure;
use crate::output::{self, NAME, paint};
use crate::phone::Phone;

/// What to do with a call that comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Answer,
    Reject,
    Busy,
    Ask,
}

/// Waits for calls and deals with each as the flags say.
pub(crate) async fn run(args: &AnswerArgs) -> Result<(), Failure> {
    let manner = manner(args)?;
    let mut phone = Phone::sign_in(&args.phone).await?;
    output::note(format!("{} waits for a call; Ctrl-C stops", args.phone.user));
    let mut taken = 0;
    while args.calls.is_none_or(|most| taken < most) {
        let Some(call_id) = next_invite(&mut phone).await else { break };
        deal_with(&mut phone, &call_id, manner, args.phone.json).await?;
        taken += 1;
    }
    phone.calling.destroy().await;
    Ok(())
}

fn manner(args: &AnswerArgs) -> Result<Manner, Failure> {
    match (args.auto, args.reject, args.busy) {
        (true, _, _) => Ok(Manner::Answer),
        (_, true, _) => Ok(Manner::Reject),
        (_, _, true) => Ok(Manner::Busy),
        (false, false, false) if std::io::stdin().is_terminal() => Ok(Manner::Ask),
        (false, false, false) => {
            Err(Failure::usage("nobody is here to ask: add --auto, --reject or --busy"))
        }
    }
}

/// The next incoming call; `None` on Ctrl-C or when the phone is signed out.
async fn next_invite(phone: &mut Phone) -> Option<CallId> {
    let invited = phone.events.find(|event| {
        let ListenerEvent::Invited { call_id, sponsor, .. } = event else { return None };
        Some((call_id.clone(), sponsor.clone()))
    });
    let (call_id, sponsor) = tokio::select! {
        found = invited => found?,
        _ = tokio::signal::ctrl_c() => return None,
    };
    output::note(format!("{} calls", paint(NAME, sponsor.as_str())));
    Some(call_id)
}

async fn deal_with(
    phone: &mut Phone,
    call_id: &CallId,
    manner: Manner,
    json: bool,
) -> Result<(), Failure> {
    let engine = phone.calling.engine();
    let manner = if manner == Manner::Ask { ask().await } else { manner };
    if let Err(error) = act(&engine, manner).await {
        // The caller may have given up in this moment; the next call is not affected.
        output::note(format!("not possible any more: {error}"));
    }
    let mut conversation = Conversation::new(Instant::now(), None, json);
    let outcome = conversation.see_through(phone).await?;
    let stats = engine.stats().await.map_err(Failure::internal)?;
    conversation.report(call_id, outcome, &stats)
}

async fn act(engine: &CallEngine, manner: Manner) -> Result<(), calling::CommandError> {
    match manner {
        Manner::Answer => engine.accept().await,
        Manner::Reject => engine.reject().await,
        Manner::Busy => engine.ignore().await,
        // Asked and not understood: let it ring on.
        Manner::Ask => Ok(()),
    }
}

async fn ask() -> Manner {
    output::note("answer [a], decline [d] or busy [b]?");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    match lines.next_line().await.ok().flatten().as_deref().map(str::trim) {
        Some("a" | "answer" | "y" | "") => Manner::Answer,
        Some("d" | "decline" | "n") => Manner::Reject,
        Some("b" | "busy") => Manner::Busy,
        Some(_) | None => Manner::Ask,
    }
}
