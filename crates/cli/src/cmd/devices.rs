use serde::Serialize;
use serde_json::json;

use crate::exit::Failure;
use crate::output::{self, NAME, paint};

/// A device, as listed.
#[derive(Debug, Serialize)]
struct Listed {
    id: String,
    name: String,
}

/// Devices of one kind; `None` if this program was built without them.
type Known = Option<Vec<Listed>>;

/// Lists the microphones, loudspeakers, cameras and screens of this machine.
pub(crate) fn run(json: bool) -> Result<(), Failure> {
    let (microphones, loudspeakers) = sound()?;
    let all = [
        ("devices", "microphones", microphones),
        ("devices", "loudspeakers", loudspeakers),
        ("camera", "cameras", cameras()),
        ("screen", "screens", screens()),
    ];
    if json {
        let lists = all.into_iter().map(|(_, name, known)| (name.to_owned(), json!(known)));
        return output::json(&serde_json::Value::Object(lists.collect()));
    }
    for (feature, name, known) in &all {
        for line in describe(feature, name, known) {
            output::line(line);
        }
    }
    Ok(())
}

fn describe(feature: &str, name: &str, known: &Known) -> Vec<String> {
    match known.as_deref() {
        None => vec![format!("{name}: {}", without(feature))],
        Some([]) => vec![format!("{name}: none")],
        Some(devices) => {
            let device = |it: &Listed| format!("  {}  {}", paint(NAME, &it.id), it.name);
            std::iter::once(format!("{name}:")).chain(devices.iter().map(device)).collect()
        }
    }
}

/// How to get what this program was built without.
pub(crate) fn without(feature: &str) -> String {
    let first = if feature == "devices" { "scripts/setup.sh devices && " } else { "" };
    format!(
        "this program was built without the feature `{feature}`; build it with `{first}cargo \
         build --release -p calling-cli --features {feature}`"
    )
}

/// Microphones and loudspeakers.
#[cfg(feature = "devices")]
fn sound() -> Result<(Known, Known), Failure> {
    use calling::DeviceKind;

    let devices = calling::sound_devices().map_err(Failure::machine)?;
    let of = |kind: DeviceKind| {
        let devices = devices.iter().filter(|it| it.kind == kind);
        let listed = devices.map(|it| Listed {
            id: it.id.clone(),
            name: format!("{}{}", it.name, if it.is_default { " (default)" } else { "" }),
        });
        Some(listed.collect())
    };
    Ok((of(DeviceKind::Input), of(DeviceKind::Output)))
}

/// Microphones and loudspeakers.
#[cfg(not(feature = "devices"))]
#[expect(clippy::unnecessary_wraps, reason = "with the feature the system may refuse")]
const fn sound() -> Result<(Known, Known), Failure> {
    Ok((None, None))
}

fn cameras() -> Known {
    #[cfg(feature = "camera")]
    return Some(
        calling::devices::cameras()
            .into_iter()
            .map(|it| Listed { id: it.id, name: it.name })
            .collect(),
    );
    #[cfg(not(feature = "camera"))]
    None
}

fn screens() -> Known {
    #[cfg(feature = "screen")]
    return Some(match calling::devices::ScreenSource::open(None) {
        Ok(screen) => {
            let [width, height] = screen.size();
            vec![Listed { id: "screen".to_owned(), name: format!("{width}x{height}") }]
        }
        Err(_) => Vec::new(),
    });
    #[cfg(not(feature = "screen"))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_the_way_to_get_it() {
        let [line] = <[String; 1]>::try_from(describe("camera", "cameras", &None)).unwrap();
        assert!(line.starts_with("cameras: ") && line.contains("--features camera"), "{line}");
        assert!(without("devices").contains("setup.sh devices && cargo build"));
        assert_eq!(describe("camera", "cameras", &Some(Vec::new())), ["cameras: none"]);
        let one = Listed { id: "/dev/video0".to_owned(), name: "Webcam".to_owned() };
        let lines = describe("camera", "cameras", &Some(vec![one]));
        assert_eq!(lines.len(), 2);
        assert!(lines[1].contains("/dev/video0") && lines[1].ends_with("Webcam"), "{lines:?}");
    }
}
