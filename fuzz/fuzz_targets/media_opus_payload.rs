#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| calling_media::fuzz::opus_payload(data));
