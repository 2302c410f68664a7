//! CPU time of the server's threads, told apart by their names.

use std::fs;
use std::path::Path;

/// Prefix of the names of the server's threads.
pub(crate) const SERVER_THREADS: &str = "calling-srv";

/// CPU time used by this process's threads whose name starts with `prefix`, in milliseconds.
/// `None` where the system has no `/proc/self/task/*/schedstat`.
pub(crate) fn threads_ms(prefix: &str) -> Option<f64> {
    let mut total_ns = 0_u64;
    for task in fs::read_dir("/proc/self/task").ok()?.flatten() {
        // A thread may end while the list is read; it then counts nothing.
        if thread_has_prefix(&task.path(), prefix) {
            total_ns += on_cpu_ns(&task.path()).unwrap_or(0);
        }
    }
    Some(total_ns as f64 / 1e6)
}

fn thread_has_prefix(task: &Path, prefix: &str) -> bool {
    fs::read_to_string(task.join("comm")).is_ok_and(|name| name.starts_with(prefix))
}

/// The first field of `schedstat`: nanoseconds on a CPU.
fn on_cpu_ns(task: &Path) -> Option<u64> {
    let text = fs::read_to_string(task.join("schedstat")).ok()?;
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn only_the_named_threads_count() {
        let spin = |name: &str| {
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(|| {
                    let mut sum = 0_u64;
                    for number in 0..20_000_000_u64 {
                        sum = std::hint::black_box(sum ^ number);
                    }
                    (threads_ms("spin-a"), threads_ms("spin-none"))
                })
                .unwrap()
        };
        let (named, none) = spin("spin-a").join().unwrap();
        assert!(named.unwrap() > 0.0);
        assert_eq!(none, Some(0.0));
    }
}
