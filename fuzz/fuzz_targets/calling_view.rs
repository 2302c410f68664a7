#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| calling::fuzz::view(data));
