use std::fmt;

/// Personal data (an address, a name, a token) on its way to a log line.
///
/// Printed as `***` unless the process opted in through [`Pii::reveal`] at the call site, so that
/// no log line can leak one by accident.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pii<T>(pub T);

impl<T> Pii<T> {
    /// The wrapped value, for the one place that has to use it.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T> fmt::Display for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::Pii;

    #[test]
    fn never_printed() {
        let address = Pii("192.0.2.7:4000");
        assert_eq!(format!("{address} {address:?}"), "*** ***");
        assert_eq!(*address.reveal(), "192.0.2.7:4000");
    }
}
