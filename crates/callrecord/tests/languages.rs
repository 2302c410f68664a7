//! Languages, durations, counts and names.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use calling_callrecord::text::{
    DurationStyle, LanguageError, MAX_LANGUAGE_BYTES, NameOrder, Names, Wording, show_time,
};
use calling_callrecord::{Language, Texts, fuzz, get_action_type, get_show_time};
use calling_signaling::call::Role;
use common::{bracketed, golden, user};
use proptest::prelude::*;

#[test]
fn show_time_has_two_digits_and_no_hours() {
    for (seconds, shown) in [
        (0, "00:00"),
        (9, "00:09"),
        (65, "01:05"),
        (3_599, "59:59"),
        (3_725, "62:05"),
        (360_000, "6000:00"),
        (u64::MAX, "307445734561825860:15"),
    ] {
        assert_eq!(get_show_time(seconds), shown);
    }
}

#[test]
fn action_types() {
    let all = |language| {
        let texts = Texts::new(language);
        (0..=7).map(|n| get_action_type(n, &texts)).collect::<Vec<_>>()
    };
    assert_eq!(
        all(Language::ZhHans),
        ["", "发起通话", "取消通话", "接受通话", "拒绝通话", "超时未接听", "", ""]
    );
    assert!(all(Language::ZhHant)[1..=5].iter().all(|text| !text.is_empty()));
    assert!(all(Language::En)[1..=5].iter().all(|text| text.is_ascii() && !text.is_empty()));
}

#[test]
fn languages_by_tag() {
    for (tag, language) in [
        ("zh", Language::ZhHans),
        ("zh-CN", Language::ZhHans),
        ("zh_Hans_HK", Language::ZhHans),
        ("zh-Hant", Language::ZhHant),
        ("zh-TW", Language::ZhHant),
        ("ZH-hk", Language::ZhHant),
        ("en-GB", Language::En),
        ("de", Language::En),
        ("", Language::En),
    ] {
        assert_eq!(Language::from_tag(tag), language, "{tag}");
    }
}

#[test]
fn an_hour_is_shown_as_minutes_or_by_option_as_an_hour() {
    for (seconds, minutes, hours) in [
        (65, "01:05", "01:05"),
        (3_599, "59:59", "59:59"),
        (3_600, "60:00", "1:00:00"),
        (3_725, "62:05", "1:02:05"),
        (360_000, "6000:00", "100:00:00"),
    ] {
        assert_eq!(show_time(seconds, DurationStyle::Minutes), minutes);
        assert_eq!(show_time(seconds, DurationStyle::Hours), hours);
    }
    let mut message = golden("web/hangup");
    message.call_end_s = Some(3_725);
    let texts = Texts::new(Language::ZhHans);
    assert_eq!(texts.summary(&message), "[视频通话]：通话时间：62:05");
    let texts = texts.with_durations(DurationStyle::Hours);
    assert_eq!(texts.summary(&message), "[视频通话]：通话时间：1:02:05");
}

#[test]
fn counts_have_their_plurals() {
    let texts = Texts::new(Language::En);
    let missed = [0, 1, 2].map(|n| texts.missed_calls(n));
    assert_eq!(missed, ["0 missed calls", "1 missed call", "2 missed calls"]);
    assert_eq!([1, 3].map(|n| texts.in_call(n)), ["1 person in the call", "3 people in the call"]);
    assert_eq!(Texts::new(Language::ZhHans).missed_calls(3), "3 个未接来电");
    assert_eq!(Texts::new(Language::ZhHant).missed_calls(1), "1 通未接來電");
    assert_eq!(Texts::new(Language::ZhHans).in_call(2), "2 人正在通话");
}

#[test]
fn durations_in_words() {
    let texts = Texts::new(Language::En);
    for (seconds, words) in [
        (0, "0 seconds"),
        (1, "1 second"),
        (60, "1 minute"),
        (3_725, "1 hour 2 minutes 5 seconds"),
        (7_201, "2 hours 1 second"),
    ] {
        assert_eq!(texts.duration_in_words(seconds), words);
    }
    assert_eq!(Texts::new(Language::ZhHans).duration_in_words(3_725), "1小时2分钟5秒");
    assert_eq!(Texts::new(Language::ZhHant).duration_in_words(3_725), "1小時2分鐘5秒");
}

#[test]
fn names_in_a_row() {
    let names: Vec<String> = ["A", "B", "C"].map(str::to_owned).into();
    let rows =
        |language| (0..=3).map(|n| Texts::new(language).list(&names[..n])).collect::<Vec<_>>();
    assert_eq!(rows(Language::ZhHans), ["", "A", "A、B", "A、B、C"]);
    assert_eq!(rows(Language::ZhHant), ["", "A", "A、B", "A、B、C"]);
    assert_eq!(rows(Language::En), ["", "A", "A and B", "A, B and C"]);
}

#[test]
fn which_name_comes_first() {
    let names = |remark: &str, nick: &str, card: &str| Names {
        friend_remark: remark.to_owned(),
        nick_name: nick.to_owned(),
        name_card: card.to_owned(),
    };
    for (remark, nick, card, widget, chat) in [
        ("remark", "nick", "card", "remark", "card"),
        ("remark", "nick", "", "remark", "remark"),
        ("", "nick", "card", "nick", "card"),
        ("", "", "card", "card", "card"),
        ("", "nick", "", "nick", "nick"),
        (" \t", "nick", "\n", "nick", "nick"),
        ("", "", "", "bob", "bob"),
    ] {
        let names = names(remark, nick, card);
        assert_eq!(names.shown(&user("bob"), NameOrder::Widget), widget, "{names:?}");
        assert_eq!(names.shown(&user("bob"), NameOrder::Chat), chat, "{names:?}");
    }
}

/// The widget and the tip line of one message, each by its own order.
#[test]
fn the_widget_and_the_chat_name_people_differently() {
    let names = |_: &_| Names {
        friend_remark: "小王".to_owned(),
        nick_name: "wang".to_owned(),
        name_card: "王经理".to_owned(),
    };
    let texts = Texts::new(Language::ZhHans);
    let message = golden("android/group_invite");
    assert_eq!(texts.group_item(&message, names), "小王发起通话");
    assert_eq!(texts.group(&message, names), "王经理发起了群通话");
}

#[test]
fn a_name_cannot_break_or_turn_the_line() {
    let nick_name = "Eve\n[System]\u{2028}\u{202e}evil\u{2066}\u{7}".to_owned();
    let names = Names { nick_name, ..Names::default() };
    let shown = names.shown(&user("eve"), NameOrder::Chat);
    assert_eq!(shown, "Eve [System] evil");
    let hidden = Names { nick_name: "\u{202e}\u{2067}".to_owned(), ..Names::default() };
    assert_eq!(hidden.shown(&user("eve"), NameOrder::Chat), "eve", "a name of nothing is none");
    // Nor is it taken for a part of the text.
    let braces = |_: &_| Names { nick_name: "{ $names }".to_owned(), ..Names::default() };
    let line = Texts::new(Language::En).group(&golden("web/reject"), braces);
    assert_eq!(line, "Call declined by { $names }");
}

#[test]
fn whoever_is_not_told_is_somebody() {
    let mut message = golden("web/reject");
    message.invitees.clear();
    assert_eq!(Texts::new(Language::ZhHans).group(&message, bracketed), "有人拒绝群通话");
    let mut message = golden("android/group_invite");
    message.inviter = None;
    assert_eq!(
        Texts::new(Language::En).group(&message, bracketed),
        "Someone initiated a group call"
    );
}

const POLISH: &str = "
kind-voice = Rozmowa głosowa
direct-reject-callee = Odrzucono
direct-hangup = Czas trwania: { $time }
    .web = Trwało { $time }
group-timeout = { $names } – brak odpowiedzi
list-last = {\" i \"}
missed-calls = { $count ->
    [one] { $count } nieodebrane połączenie
    [few] { $count } nieodebrane połączenia
   *[many] { $count } nieodebranych połączeń
}
";

#[test]
fn an_application_adds_its_own_language() {
    let texts = Texts::new(Language::En).with_language("pl", POLISH).unwrap();
    assert_eq!(texts.tag(), "pl");
    assert_eq!(texts.direct(&golden("web/reject"), Role::Callee), "Odrzucono");
    assert_eq!(texts.direct(&golden("web/hangup"), Role::Caller), "Czas trwania: 01:05");
    assert_eq!(
        texts.group(&golden("canonical/timeout_told_by_caller_in_group"), bracketed),
        "<B> i <C> – brak odpowiedzi"
    );
    assert_eq!(texts.summary(&golden("ios/hangup")), "[Rozmowa głosowa]: Call time: 01:05");
    let missed = [1, 3, 5, 22].map(|n| texts.missed_calls(n));
    assert_eq!(missed[0], "1 nieodebrane połączenie");
    assert_eq!(missed[1], "3 nieodebrane połączenia");
    assert_eq!(missed[2], "5 nieodebranych połączeń");
    assert_eq!(missed[3], "22 nieodebrane połączenia", "by the rules of Polish");
    let web = texts.with_wording(Wording::Web);
    assert_eq!(web.direct(&golden("web/hangup"), Role::Caller), "Trwało 01:05");
}

#[test]
fn an_application_words_some_texts_differently() {
    let texts = Texts::new(Language::ZhHans);
    let texts = texts.with_language("zh-Hans", "summary = { $kind } · { $what }").unwrap();
    assert_eq!(texts.summary(&golden("ios/hangup")), "语音通话 · 通话时间：01:05");
    assert_eq!(get_action_type(4, &texts), "拒绝通话");
    let again = texts.with_language("zh-Hans", "kind-voice = 打电话").unwrap();
    assert_eq!(again.summary(&golden("ios/hangup")), "打电话 · 通话时间：01:05");
}

#[test]
fn a_text_that_cannot_be_filled_in_is_taken_from_the_language_below() {
    for source in [
        "ended = { $nobody }",
        "ended = { -no-such-term }",
        "ended = { no-such-text }",
        "ended = { NOSUCH() }",
        "ended = { talked }\ntalked = { ended }",
        "ended =\n    .flutter = x",
    ] {
        let texts = Texts::new(Language::En).with_language("de", source).unwrap();
        assert_eq!(texts.item(Some(&golden("engine/group_end"))), "Call ended", "{source}");
    }
}

#[test]
fn faults_in_a_language_are_told() {
    let with = |tag, source: &str| Texts::new(Language::En).with_language(tag, source).err();
    assert_eq!(with("not a tag", ""), Some(LanguageError::Tag { tag: "not a tag".to_owned() }));
    let bytes = MAX_LANGUAGE_BYTES + 1;
    assert_eq!(with("de", &" ".repeat(bytes)), Some(LanguageError::TooLong { bytes }));
    let Some(LanguageError::Syntax { line, .. }) = with("de", "ended = A\n\ntalked = { $\n") else {
        panic!("no syntax error");
    };
    assert_eq!(line, 3);
    let unknown = LanguageError::UnknownText { id: "endedd".to_owned() };
    assert_eq!(with("de", "endedd = A"), Some(unknown));
    let twice = LanguageError::Duplicate { id: "ended".to_owned() };
    assert_eq!(with("de", "ended = A\nended = B"), Some(twice));
    assert_eq!(with("de", "-brand = Calling\nended = { -brand }: over"), None);
}

/// The parser takes a piece of the stack for each level.
#[test]
fn texts_nested_without_end_are_refused() {
    for open in ["{", "{ FOO(", "{ -a(", "{ FOO(\"}\", ", "{ $a ->\n *[b] \"}\" {"] {
        for levels in [33, 100, 3_000] {
            let source = format!("ended = {}", open.repeat(levels));
            let error = Texts::new(Language::En).with_language("de", &source).unwrap_err();
            assert_eq!(error, LanguageError::TooComplex, "{open} {levels} times");
        }
        for levels in 1..=32 {
            fuzz::language(format!("ended = {}", open.repeat(levels)).as_bytes());
        }
    }
}

/// The parser would panic on the first three.
#[test]
fn escapes_of_nothing_are_refused() {
    for literal in [r"\ǔ", r"\u00ǔ", r"\U01F60ף", r"\u12", r"\U1", r"\u"] {
        let source = format!("talked = T\nended = {{ \"{literal}\" }}\n");
        let error = Texts::new(Language::En).with_language("de", &source).unwrap_err();
        assert_eq!(error, LanguageError::Escape { line: 2 }, "{literal}");
    }
    for (literal, text) in
        [(r#"\\\""#, r#"\""#), (r"\u0041", "A"), (r"\U01F600", "😀"), (r"\\u", r"\u")]
    {
        let source = format!("ended = {{ \"{literal}\" }}\n");
        let texts = Texts::new(Language::En).with_language("de", &source).unwrap();
        assert_eq!(texts.item(Some(&golden("engine/group_end"))), text);
    }
}

#[test]
fn texts_are_shared_between_threads() {
    fn is_shared<T: Send + Sync + Clone>(_: &T) {}
    is_shared(&Texts::for_tag("zh-TW"));
    assert_eq!(Texts::for_tag("zh-TW").tag(), "zh-Hant");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_source_of_a_language_panics(
        source in r#"((ended|talked|list-last|missed-calls) = [ -~\n{}$"*\[\]]{0,40}\n){0,4}"#,
        bytes in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        fuzz::language(source.as_bytes());
        fuzz::language(&bytes);
    }

    #[test]
    fn a_clock_reads_back(seconds in any::<u64>()) {
        let read = |text: &str| {
            text.split(':').fold(0_u128, |sum, part| sum * 60 + part.parse::<u128>().unwrap())
        };
        prop_assert_eq!(read(&show_time(seconds, DurationStyle::Minutes)), u128::from(seconds));
        prop_assert_eq!(read(&show_time(seconds, DurationStyle::Hours)), u128::from(seconds));
    }
}
