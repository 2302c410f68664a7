#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| calling_room::fuzz::picture_operations(
    calling_testkit::epoch(),
    data
));
