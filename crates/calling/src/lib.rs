//! Voice calls for a Rust program: the facade of Calling.
