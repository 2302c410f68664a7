//! Bodies of fuzz targets: any input, no panic, invariants kept.

use crate::trace;

/// A trace file. What is read is written as the same bytes.
pub fn trace_file(data: &[u8]) {
    let Ok(trace) = trace::read(data) else { return };
    assert_eq!(trace::write(&trace).as_deref(), Ok(data), "one form per trace");
    assert!(trace.loss() <= 1.0 && trace.base_us() <= 86_400_000_000);
}
