#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| calling_signaling::world::call_operations(data));
