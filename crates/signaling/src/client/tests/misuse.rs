use super::*;

fn refused(handset: &mut Handset, command: Command) -> ClientMisuse {
    let before = handset.phase();
    let misuse = handset.try_command(command).unwrap_err();
    assert_eq!(handset.phase(), before, "misuse changes nothing");
    assert!(handset.words().is_empty() && handset.sent().is_empty(), "misuse sends nothing");
    misuse
}

#[test]
fn commands_that_make_no_sense_say_what_to_do() {
    let mut idle = Handset::of("alice");
    for command in [Command::Accept, Command::Reject, Command::Ignore] {
        assert_eq!(refused(&mut idle, command), ClientMisuse::NoIncomingCall);
    }
    assert_eq!(refused(&mut idle, Command::Hangup), ClientMisuse::NotInCall);
    let nobody = CallParams { callees: vec![], ..params("bob") };
    assert_eq!(refused(&mut idle, Command::Call(nobody)), ClientMisuse::NobodyNamed);
    assert_eq!(refused(&mut idle, Command::Call(params("alice"))), ClientMisuse::CallYourself);
    let long = CallParams { user_data: "x".repeat(4_097), ..params("bob") };
    let limit = 4_096;
    assert_eq!(refused(&mut idle, Command::Call(long)), ClientMisuse::UserDataTooLong { limit });
}

#[test]
fn one_call_at_a_time() {
    for mut handset in [Handset::ringing_out(), Handset::talking()] {
        let misuse = refused(&mut handset, Command::Call(params("carol")));
        assert_eq!(misuse, ClientMisuse::AlreadyInCall);
        assert_eq!(refused(&mut handset, Command::Accept), ClientMisuse::NoIncomingCall);
    }
    let mut bob = Handset::ringing_in();
    bob.command(Command::Accept);
    bob.sent();
    let misuse = refused(&mut bob, Command::Call(params("carol")));
    assert_eq!(misuse, ClientMisuse::AlreadyInCall);
}

#[test]
fn one_answer_per_call() {
    let mut bob = Handset::ringing_in();
    bob.command(Command::Accept);
    bob.sent();
    for command in [Command::Accept, Command::Reject, Command::Ignore] {
        assert_eq!(refused(&mut bob, command), ClientMisuse::AlreadyAnswered);
    }
}

#[test]
fn nothing_can_be_asked_without_signalling() {
    let mut alice = Handset::of("alice");
    alice.input(ClientInput::SignallingLost);
    alice.words();
    assert_eq!(refused(&mut alice, Command::Call(params("bob"))), ClientMisuse::NotSignedIn);
    let mut bob = Handset::ringing_in();
    bob.input(ClientInput::SignallingLost);
    bob.words();
    assert_eq!(refused(&mut bob, Command::Accept), ClientMisuse::NotSignedIn);
}

#[test]
fn a_call_is_hung_up_once() {
    let mut alice = Handset::of("alice");
    alice.command(Command::Call(params("bob")));
    alice.command(Command::Hangup);
    alice.sent();
    assert_eq!(refused(&mut alice, Command::Hangup), ClientMisuse::NotInCall);
    let mut alice = Handset::talking();
    alice.command(Command::Hangup);
    alice.sent();
    alice.words();
    assert_eq!(refused(&mut alice, Command::Hangup), ClientMisuse::NotInCall);
}

#[test]
fn misuse_has_the_codes_of_the_server_and_says_what_to_do() {
    for (misuse, code) in [
        (ClientMisuse::AlreadyInCall, Code::WrongState),
        (ClientMisuse::NoIncomingCall, Code::WrongState),
        (ClientMisuse::NotInCall, Code::WrongState),
        (ClientMisuse::AlreadyAnswered, Code::Repeated),
        (ClientMisuse::NotSignedIn, Code::NotInitialised),
        (ClientMisuse::NobodyNamed, Code::BadParameter),
        (ClientMisuse::CallYourself, Code::BadParameter),
        (ClientMisuse::UserDataTooLong { limit: 1 }, Code::BadParameter),
    ] {
        assert_eq!(misuse.code(), code);
        assert!(misuse.to_string().len() > 15);
    }
}

#[test]
fn request_ids_are_shared_with_the_driver() {
    let mut alice = Handset::of("alice");
    let sign_in = alice.mirror.take_request_id();
    alice.command(Command::Call(params("bob")));
    let (call, _) = alice.sent_one();
    assert!(call > sign_in && alice.mirror.take_request_id() > call);
    alice.reply(sign_in, Reply::Done {});
    alice.refuse(9_999, Code::Internal);
    assert_eq!(alice.phase(), ClientPhase::Requested, "replies to others are passed over");
}
