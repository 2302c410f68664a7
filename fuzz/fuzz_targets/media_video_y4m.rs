#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| calling_media::video::fuzz::video_y4m(data));
