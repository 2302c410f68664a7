#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| calling_signaling::fuzz::invite_texts(data));
