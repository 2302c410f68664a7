use std::path::Path;

use calling_server::config::{Problem, check_file};
use serde_json::json;

use crate::exit::Failure;
use crate::output::{self, BAD, BOLD, GOOD, paint};

/// Explains every error of a configuration file.
pub(crate) fn check(file: &Path, as_json: bool) -> Result<(), Failure> {
    let problems = check_file(file);
    if as_json {
        let rows: Vec<_> = problems.iter().map(row).collect();
        output::json(&json!({ "file": file, "problems": rows }))?;
    } else {
        for problem in &problems {
            output::line(format!("{} {problem}", paint(BAD, "error:")));
        }
        if problems.is_empty() {
            let verdict = paint(GOOD, "is valid");
            output::line(format!("{} {verdict}", paint(BOLD, file.display())));
        }
    }
    match problems.len() {
        0 => Ok(()),
        1 => Err(Failure::usage(format!("1 problem in {}", file.display()))),
        count => Err(Failure::usage(format!("{count} problems in {}", file.display()))),
    }
}

fn row(problem: &Problem) -> serde_json::Value {
    json!({
        "key": problem.key,
        "line": problem.line(),
        "column": problem.column(),
        "message": problem.message,
    })
}
