#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| calling_wire::fuzz::rtcp_parse(data));
