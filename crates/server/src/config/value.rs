use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use toml::de::DeValue;

/// A setting as given: a TOML value, or plain text from the environment or a flag.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Toml(&'a DeValue<'a>),
}

/// One mistake in a value; `offset` is its place in the file if it is not where the value begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) offset: Option<usize>,
}

/// All mistakes in a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults(pub(super) Vec<Fault>);

impl Faults {
    pub(super) fn push(&mut self, offset: Option<usize>, message: String) {
        self.0.push(Fault { message, offset });
    }

    /// `value` if there were no mistakes.
    pub(super) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl From<String> for Faults {
    fn from(message: String) -> Self {
        Self(vec![Fault { message, offset: None }])
    }
}

impl<'a> Value<'a> {
    /// Text; `example` shows what it looks like.
    pub(super) fn text(self, example: &str) -> Result<&'a str, String> {
        let wanted = format!("text, as \"{example}\"");
        match self {
            Self::Text(text) => Ok(text),
            Self::Toml(value) => value.as_str().ok_or_else(|| unexpected(&wanted, value)),
        }
    }

    pub(super) fn boolean(self) -> Result<bool, String> {
        match self {
            Self::Text("true" | "1" | "yes" | "on") => Ok(true),
            Self::Text("false" | "0" | "no" | "off") => Ok(false),
            Self::Text(text) => Err(format!("expected true or false, found \"{text}\"")),
            Self::Toml(value) => {
                value.as_bool().ok_or_else(|| unexpected("true or false, without quotes", value))
            }
        }
    }

    /// A whole number within `range`.
    pub(super) fn number(self, range: RangeInclusive<u32>, unit: &str) -> Result<u32, String> {
        let (low, high) = (range.start(), range.end());
        let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
        let wanted = format!("a whole number from {low} to {high}{unit}");
        let (digits, radix) = match self {
            Self::Text(text) => (text, 10),
            Self::Toml(value) => {
                let integer = value.as_integer().ok_or_else(|| unexpected(&wanted, value))?;
                (integer.as_str(), integer.radix())
            }
        };
        u32::from_str_radix(digits, radix)
            .ok()
            .filter(|number| range.contains(number))
            .ok_or_else(|| format!("expected {wanted}, found {digits}"))
    }

    /// A socket address.
    pub(super) fn address(self, example: &str) -> Result<SocketAddr, String> {
        let text = self.text(example)?;
        text.parse().map_err(|_| address_hint(text, example))
    }

    /// An IP address that can be told to others.
    pub(super) fn ip(self, example: &str) -> Result<IpAddr, String> {
        let text = self.text(example)?;
        let ip: IpAddr = text.parse().map_err(|_| {
            format!("\"{text}\" is no IP address; write it as \"{example}\", without a port")
        })?;
        if ip.is_unspecified() || ip.is_multicast() {
            return Err(format!("nobody can reach {ip}; write the address clients connect to"));
        }
        Ok(ip)
    }

    /// A list of IP addresses; as text, separated by commas.
    pub(super) fn ips(self, example: &str) -> Result<Vec<IpAddr>, Faults> {
        let wanted = format!("a list of addresses, as [\"{example}\"]");
        self.each(&wanted, |entry| entry.ip(example))
    }

    /// Reads each entry of a list; as text, separated by commas.
    pub(super) fn each<T>(
        self,
        wanted: &str,
        read: impl Fn(Value<'_>) -> Result<T, String>,
    ) -> Result<Vec<T>, Faults> {
        let entries: Vec<(Option<usize>, Value<'_>)> = match self {
            Self::Text(text) => {
                let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
                entries.map(|entry| (None, Value::Text(entry))).collect()
            }
            Self::Toml(value) => {
                let list = value.as_array().ok_or_else(|| unexpected(wanted, value))?;
                list.iter()
                    .map(|entry| (Some(entry.span().start), Value::Toml(entry.get_ref())))
                    .collect()
            }
        };
        let mut faults = Faults::default();
        let mut read_entries = Vec::with_capacity(entries.len());
        for (offset, entry) in entries {
            match read(entry) {
                Ok(entry) => read_entries.push(entry),
                Err(message) => faults.push(offset, message),
            }
        }
        faults.or(read_entries)
    }

    pub(super) fn path(self, example: &str) -> Result<PathBuf, String> {
        let text = self.text(example)?;
        if text.is_empty() {
            return Err("the path is empty".to_owned());
        }
        Ok(PathBuf::from(text))
    }
}

/// What stands there instead of what was wanted.
pub(super) fn unexpected(wanted: &str, value: &DeValue<'_>) -> String {
    let found = match value {
        DeValue::String(text) => format!("the text \"{text}\""),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(time) => format!("the time {time}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    };
    format!("expected {wanted}, found {found}")
}

fn address_hint(text: &str, example: &str) -> String {
    let written = format!("write it as \"{example}\"");
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if bare.parse::<IpAddr>().is_ok() {
        return format!("\"{text}\" has no port; {written}");
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return format!("\"{text}\" is no address with a port; {written}");
    };
    if port.parse::<u16>().is_err() {
        return format!("\"{port}\" is no port (0 to 65535); {written}");
    }
    if host.is_empty() {
        return format!("\"{text}\" has no address before the port; {written}");
    }
    format!("\"{host}\" is no IP address (names are not looked up); {written}")
}
