#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| calling_transport::fuzz::feedback(data));
