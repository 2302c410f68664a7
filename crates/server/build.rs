//! Makes sure that there is a folder of the browser client to embed, be it empty, and that the
//! crate is built again when its files change. Node is no concern of this build.

use std::path::Path;

fn main() {
    let folder = Path::new("../../web/dist");
    // Where this is not allowed the folder is missing, which is allowed.
    let _ = std::fs::create_dir_all(folder);
    println!("cargo::rerun-if-changed={}", folder.display());
}
