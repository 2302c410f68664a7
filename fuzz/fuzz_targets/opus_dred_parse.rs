#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| calling_opus_dred::fuzz::parse(data));
