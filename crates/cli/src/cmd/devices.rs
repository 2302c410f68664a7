use calling::CameraInfo;
use serde_json::json;

use crate::exit::Failure;
use crate::output::{self, NAME, paint};

/// Devices of one kind; `None` if this program was built without them.
type Known = Option<Vec<CameraInfo>>;

/// Lists the cameras and screens of this machine.
pub(crate) fn run(json: bool) -> Result<(), Failure> {
    let all = [("camera", "cameras", cameras()), ("screen", "screens", screens())];
    if json {
        let list = |known: &Known| {
            let devices = known.as_ref()?.iter();
            let devices = devices.map(|device| json!({ "id": device.id, "name": device.name }));
            Some(devices.collect::<Vec<_>>())
        };
        let [(_, _, cameras), (_, _, screens)] = &all;
        return output::json(&json!({ "cameras": list(cameras), "screens": list(screens) }));
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
            let device = |it: &CameraInfo| format!("  {}  {}", paint(NAME, &it.id), it.name);
            std::iter::once(format!("{name}:")).chain(devices.iter().map(device)).collect()
        }
    }
}

/// How to get what this program was built without.
pub(crate) fn without(feature: &str) -> String {
    format!(
        "this program was built without the feature `{feature}`; build it with `cargo build \
         --release -p calling-cli --features {feature}`"
    )
}

fn cameras() -> Known {
    #[cfg(feature = "camera")]
    return Some(calling::devices::cameras());
    #[cfg(not(feature = "camera"))]
    None
}

fn screens() -> Known {
    #[cfg(feature = "screen")]
    return Some(match calling::devices::ScreenSource::open(None) {
        Ok(screen) => {
            let [width, height] = screen.size();
            vec![CameraInfo { id: "screen".to_owned(), name: format!("{width}x{height}") }]
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
        assert_eq!(describe("camera", "cameras", &Some(Vec::new())), ["cameras: none"]);
        let one = CameraInfo { id: "/dev/video0".to_owned(), name: "Webcam".to_owned() };
        let lines = describe("camera", "cameras", &Some(vec![one]));
        assert_eq!(lines.len(), 2);
        assert!(lines[1].contains("/dev/video0") && lines[1].ends_with("Webcam"), "{lines:?}");
    }
}
