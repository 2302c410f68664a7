#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| calling_bridge::fuzz::bridge_operations(data));
