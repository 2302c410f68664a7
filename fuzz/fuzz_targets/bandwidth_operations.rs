#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| calling_bandwidth::fuzz::operations(calling_testkit::epoch(), data));
