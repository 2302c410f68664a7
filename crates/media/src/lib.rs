//! The jitter-buffered audio pipeline: receiver, sender, mixer, levels and WAV.
