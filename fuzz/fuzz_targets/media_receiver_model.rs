#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| calling_media::fuzz::receiver_model(data));
