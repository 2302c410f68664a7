use crate::exit::Failure;

/// Lists microphones and loudspeakers.
#[cfg(feature = "devices")]
pub(crate) fn run(json: bool) -> Result<(), Failure> {
    use calling::DeviceKind;

    use crate::output::{self, BOLD, DIM, paint};

    let devices = calling::devices().map_err(Failure::machine)?;
    if json {
        return output::json(&devices);
    }
    if devices.is_empty() {
        output::note("no microphone and no loudspeaker");
    }
    for device in devices {
        let kind = match device.kind {
            DeviceKind::Input => "microphone",
            DeviceKind::Output => "loudspeaker",
        };
        let default = if device.is_default { " (default)" } else { "" };
        let name = paint(BOLD, format!("{}{default}", device.name));
        output::line(format!("{kind:<12} {name}\n{:12} {}", "", paint(DIM, &device.id)));
    }
    Ok(())
}

/// Says what is missing.
#[cfg(not(feature = "devices"))]
pub(crate) fn run(_json: bool) -> Result<(), Failure> {
    Err(Failure::machine(
        "this binary was built without sound devices; install libasound2-dev (scripts/setup.sh \
         devices) and build it with `cargo build --release -p calling-cli --features devices`",
    ))
}
