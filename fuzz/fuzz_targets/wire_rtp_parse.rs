#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| calling_wire::fuzz::rtp_parse(data));
