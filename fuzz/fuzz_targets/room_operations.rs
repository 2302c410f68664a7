#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| calling_room::fuzz::room_operations(
    calling_testkit::epoch(),
    data
));
