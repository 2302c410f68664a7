use std::str::FromStr;

use cpal::traits::{DeviceTrait, HostTrait};
use serde::Serialize;

use crate::audio::DeviceError;

/// What a device is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A microphone.
    Input,
    /// A loudspeaker.
    Output,
}

/// A microphone or a loudspeaker of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceInfo {
    /// What [`Devices::use_input`](super::Devices::use_input) takes; the same between runs.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it is for. A headset is there twice.
    pub kind: DeviceKind,
    /// The system says to use it.
    pub is_default: bool,
}

/// The microphones and loudspeakers of this machine, microphones first.
///
/// # Errors
/// The system's sound does not answer.
pub fn sound_devices() -> Result<Vec<DeviceInfo>, DeviceError> {
    let host = cpal::default_host();
    let ids = |device: Option<cpal::Device>| device.and_then(|device| id(&device));
    let defaults = [ids(host.default_input_device()), ids(host.default_output_device())];
    let all = host.devices().map_err(|error| failed("the list of devices", &error))?;
    let mut found: Vec<DeviceInfo> = all.flat_map(|device| both(&device, &defaults)).collect();
    found.sort_by_key(|device| (device.kind, !device.is_default));
    found.dedup_by(|one, other| (one.kind, &one.id) == (other.kind, &other.id));
    Ok(found)
}

fn both(device: &cpal::Device, [input, output]: &[Option<String>; 2]) -> Vec<DeviceInfo> {
    let Some(id) = id(device) else { return Vec::new() };
    let name = device.description().map_or_else(|_| id.clone(), |told| told.name().to_owned());
    let as_kind = |kind, default: &Option<String>| DeviceInfo {
        is_default: default.as_ref() == Some(&id),
        id: id.clone(),
        name: name.clone(),
        kind,
    };
    let microphone = device.supports_input().then(|| as_kind(DeviceKind::Input, input));
    let loudspeaker = device.supports_output().then(|| as_kind(DeviceKind::Output, output));
    microphone.into_iter().chain(loudspeaker).collect()
}

fn id(device: &cpal::Device) -> Option<String> {
    device.id().ok().map(|id| id.to_string())
}

/// The device of an id, or what the system says.
pub(super) fn find(id: Option<&str>, kind: DeviceKind) -> Result<cpal::Device, DeviceError> {
    let host = cpal::default_host();
    let device = match (id, kind) {
        (Some(id), _) => {
            let parsed = cpal::DeviceId::from_str(id);
            parsed.ok().and_then(|id| host.device_by_id(&id))
        }
        (None, DeviceKind::Input) => host.default_input_device(),
        (None, DeviceKind::Output) => host.default_output_device(),
    };
    device.ok_or_else(|| {
        let what = match kind {
            DeviceKind::Input => "microphone",
            DeviceKind::Output => "loudspeaker",
        };
        let which = id.map_or(String::new(), |id| format!(" with the id {id}"));
        DeviceError(format!("there is no {what}{which}; `calling devices` lists those there are"))
    })
}

pub(super) fn check(id: Option<&str>, kind: DeviceKind) -> Result<(), DeviceError> {
    id.map_or(Ok(()), |id| find(Some(id), kind).map(|_| ()))
}

pub(super) fn failed(what: &str, why: &dyn std::fmt::Display) -> DeviceError {
    DeviceError(format!("{what}: {why}"))
}
