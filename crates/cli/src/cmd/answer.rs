use std::io::IsTerminal;
use std::time::Instant;

use calling::{CallEngine, ListenerEvent};
use calling_model::CallId;

use super::call::{Conversation, Ended};
use crate::args::AnswerArgs;
use crate::exit::Failure;
use crate::keyboard::Keyboard;
use crate::output::{self, NAME, paint};
use crate::phone::Phone;
use crate::stop::Stop;
use crate::ui::{self, Window};

/// Who answers unless told otherwise: a demo account.
const DEFAULT_USER: &str = "bob";

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
    let in_window = ui::wanted(&args.phone) && matches!(manner, Manner::Answer | Manner::Ask);
    let mut stop = Stop::listen()?;
    if in_window {
        stop = stop.and_hangup()?;
    }
    let mut phone = tokio::select! {
        phone = Phone::sign_in(&args.phone, DEFAULT_USER) => phone?,
        () = stop.asked() => return Ok(()),
    };
    let user = args.phone.user.as_deref().unwrap_or(DEFAULT_USER);
    output::note(format!("{user} waits for a call; Ctrl-C stops"));
    let mut window = if in_window { Some(Window::open(&phone.calling, &stop)?) } else { None };
    let done = take_calls(args, manner, &mut phone, &mut stop, &mut window).await;
    drop(window);
    phone.calling.destroy().await;
    done
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

async fn take_calls(
    args: &AnswerArgs,
    manner: Manner,
    phone: &mut Phone,
    stop: &mut Stop,
    window: &mut Option<Window>,
) -> Result<(), Failure> {
    let mut keyboard = Keyboard::default();
    let mut taken = 0;
    while args.calls.is_none_or(|most| taken < most) {
        let call_id = tokio::select! {
            call_id = next_invite(phone, window.is_some()) => call_id?,
            () = stop.asked() => return Ok(()),
        };
        let mut call = Incoming { phone, stop, keyboard: &mut keyboard, window, call_id };
        if call.deal_with(manner, args.phone.json).await?.stopped {
            return Ok(());
        }
        taken += 1;
    }
    Ok(())
}

async fn next_invite(phone: &mut Phone, in_window: bool) -> Result<CallId, Failure> {
    loop {
        let event = phone.events.next().await.ok_or_else(Failure::signed_out)?.event;
        if let ListenerEvent::KickedOffline {} = event {
            return Err(Failure::kicked());
        }
        if let ListenerEvent::Invited { call_id, sponsor, .. } = event {
            if !in_window {
                output::note(format!("{} calls", paint(NAME, sponsor.as_str())));
            }
            return Ok(call_id);
        }
    }
}

/// A call that rings here.
struct Incoming<'a> {
    phone: &'a mut Phone,
    stop: &'a mut Stop,
    keyboard: &'a mut Keyboard,
    window: &'a mut Option<Window>,
    call_id: CallId,
}

impl Incoming<'_> {
    async fn deal_with(&mut self, manner: Manner, json: bool) -> Result<Ended, Failure> {
        let mut conversation =
            Conversation::new(Instant::now(), None, json).of(self.call_id.clone());
        conversation = conversation.in_window(self.window.is_some());
        let ended = match manner {
            // Its keys answer.
            Manner::Ask if self.window.is_some() => {
                conversation.see_through(self.phone, self.stop).await
            }
            Manner::Ask => self.ask(&mut conversation).await,
            Manner::Answer | Manner::Reject | Manner::Busy => {
                act(&self.phone.calling.engine(), manner).await;
                conversation.see_through(self.phone, self.stop).await
            }
        };
        conversation.report(&self.call_id, ended, self.phone, self.window).await
    }

    /// Asks until there is a usable answer or it stops ringing.
    async fn ask(&mut self, conversation: &mut Conversation) -> Result<Ended, Failure> {
        self.keyboard.forget();
        loop {
            output::note("answer [a], decline [d] or busy [b]?");
            let line = tokio::select! {
                ended = conversation.see_through(self.phone, self.stop) => return ended,
                line = self.keyboard.line() => line,
            };
            let Some(line) = line else { break };
            if let Some(manner) = understood(&line) {
                act(&self.phone.calling.engine(), manner).await;
                break;
            }
        }
        conversation.see_through(self.phone, self.stop).await
    }
}

fn understood(line: &str) -> Option<Manner> {
    match line {
        "a" | "answer" | "y" | "yes" | "" => Some(Manner::Answer),
        "d" | "decline" | "n" | "no" => Some(Manner::Reject),
        "b" | "busy" => Some(Manner::Busy),
        _ => None,
    }
}

async fn act(engine: &CallEngine, manner: Manner) {
    let done = match manner {
        Manner::Answer => engine.accept().await,
        Manner::Reject => engine.reject().await,
        Manner::Busy => engine.ignore().await,
        Manner::Ask => Ok(()),
    };
    if let Err(error) = done {
        // The caller may have given up in this moment; events tell how the call ended.
        output::note(format!("not possible any more: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_understood_or_asked_for_again() {
        assert_eq!(understood(""), Some(Manner::Answer));
        assert_eq!(understood("d"), Some(Manner::Reject));
        assert_eq!(understood("busy"), Some(Manner::Busy));
        assert_eq!(understood("perhaps"), None);
    }
}
