use std::fs;
use std::time::Duration;

use super::child::Child;
use crate::exit::Failure;

/// CPU time of all threads of a process so far, those that ended included; `self` is this one.
/// `None` where the system has no such `/proc`.
pub(super) fn of_process(pid: &str) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // proc_pid_stat(5): fields 14 and 15, counted from 1; the name in field 2 may hold spaces.
    let after_name = stat.rsplit(')').next()?;
    let mut fields = after_name.split_whitespace().skip(11);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}

/// `USER_HZ`, which is 100 on every architecture Linux runs on today but Alpha.
const TICKS_PER_SECOND: u64 = 100;

/// CPU time used so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Used {
    pub(super) server: Duration,
    /// This process.
    pub(super) generator: Duration,
}

impl Used {
    pub(super) fn now(server: &Child) -> Result<Self, Failure> {
        let unknown = || Failure::machine("CPU times cannot be read on this system");
        Ok(Self { server: server.cpu()?, generator: of_process("self").ok_or_else(unknown)? })
    }

    pub(super) fn since(self, before: Self) -> Self {
        Self {
            server: self.server.saturating_sub(before.server),
            generator: self.generator.saturating_sub(before.generator),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn work_costs_time() {
        let before = of_process("self").unwrap();
        let mut sum = 0_u64;
        while of_process("self").unwrap() < before + Duration::from_millis(20) {
            sum = std::hint::black_box(sum + 1);
        }
        assert_eq!(of_process("no such process"), None);
    }
}
