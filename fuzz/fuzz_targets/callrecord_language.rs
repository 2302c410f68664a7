#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| calling_callrecord::fuzz::language(data));
