use std::collections::BTreeMap;
use std::path::PathBuf;

use super::keys::{KEYS, Key};
use super::suggest::nearest;
use super::value::Value;
use super::{Config, ConfigError, Origin, Problem, Tls, file};

/// What the flags of a command say; they win over environment and file.
///
/// Addresses are text here, so that one mistake reads alike in a file and in a flag.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--http ADDR:PORT`
    pub http: Option<String>,
    /// `--media ADDR:PORT`
    pub media: Option<String>,
    /// `--public-ip IP`
    pub public_ip: Option<String>,
    /// `--data DIR`
    pub data: Option<PathBuf>,
    /// `--tls-cert FILE`
    pub tls_cert: Option<PathBuf>,
    /// `--tls-key FILE`
    pub tls_key: Option<PathBuf>,
    /// `--demo`
    pub demo: bool,
}

/// All that a configuration is made of, weakest first.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The TOML file, if one was named.
    pub file: Option<PathBuf>,
    /// Environment variables; others than `CALLING_*` are passed over.
    pub env: Vec<(String, String)>,
    /// Flags.
    pub overrides: Overrides,
}

impl Sources {
    /// The given file, this process's environment and the flags.
    pub fn from_process(file: Option<PathBuf>, overrides: Overrides) -> Self {
        let env = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("CALLING_"))
            .collect();
        Self { file, env, overrides }
    }
}

impl Config {
    /// Reads every source and checks the whole. Blocking: it reads files.
    ///
    /// # Errors
    /// Every mistake found in any source.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let mut draft = Draft::default();
        let mut problems = Vec::new();
        if let Some(path) = &sources.file {
            match file::read(path) {
                Ok(text) => problems.extend(file::apply(&mut draft, path, &text)),
                Err(problem) => problems.push(problem),
            }
        }
        problems.extend(apply_env(&mut draft, &sources.env));
        problems.extend(apply_flags(&mut draft, &sources.overrides));
        draft.finish(problems)
    }
}

/// A configuration in the making, and where each setting of it came from.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) config: Config,
    pub(super) tls_cert: Option<PathBuf>,
    pub(super) tls_key: Option<PathBuf>,
    origins: BTreeMap<&'static str, Origin>,
}

impl Draft {
    pub(super) fn note(&mut self, key: &'static str, origin: Origin) {
        self.origins.insert(key, origin);
    }

    /// Checks what concerns several settings at once.
    pub(super) fn finish(mut self, mut problems: Vec<Problem>) -> Result<Config, ConfigError> {
        self.check_tls(&mut problems);
        self.check_ringing(&mut problems);
        self.check_turn(&mut problems);
        if problems.is_empty() { Ok(self.config) } else { Err(ConfigError { problems }) }
    }

    fn check_tls(&mut self, problems: &mut Vec<Problem>) {
        let (cert, key) = match (self.tls_cert.take(), self.tls_key.take()) {
            (None, None) => return,
            (Some(cert), Some(key)) => (cert, key),
            (Some(_), None) => {
                let message = "a certificate needs its private key as well: set tls.key";
                return problems.push(self.about("tls.cert", message.to_owned()));
            }
            (None, Some(_)) => {
                let message = "a private key needs its certificate as well: set tls.cert";
                return problems.push(self.about("tls.key", message.to_owned()));
            }
        };
        let tls = Tls { cert, key };
        if let Err(error) = crate::http::load_tls(&tls) {
            let name = if error.is_about_key(&tls) { "tls.key" } else { "tls.cert" };
            problems.push(self.about(name, error.to_string()));
        }
        self.config.tls = Some(tls);
    }

    fn check_ringing(&self, problems: &mut Vec<Problem>) {
        let call = &self.config.call;
        if call.ring_timeout_s > call.max_ring_timeout_s {
            let message = format!(
                "call.ring_timeout_s ({}) must not be more than call.max_ring_timeout_s ({})",
                call.ring_timeout_s, call.max_ring_timeout_s
            );
            let name = if self.origins.contains_key("call.ring_timeout_s") {
                "call.ring_timeout_s"
            } else {
                "call.max_ring_timeout_s"
            };
            problems.push(self.about(name, message));
        }
    }

    fn check_turn(&self, problems: &mut Vec<Problem>) {
        let turn = &self.config.turn;
        let (name, message) = match (turn.urls.is_empty(), &turn.secret) {
            (false, None) => {
                ("turn.urls", "such servers need their secret as well: set turn.secret")
            }
            (true, Some(_)) => ("turn.secret", "a secret needs its servers as well: set turn.urls"),
            (true, None) | (false, Some(_)) => return,
        };
        problems.push(self.about(name, message.to_owned()));
    }

    fn about(&self, key: &str, message: String) -> Problem {
        let origin = self.origins.get(key).cloned().unwrap_or(Origin::Default);
        Problem { origin, key: key.to_owned(), message }
    }

    fn text(&mut self, key: &'static Key, text: &str, origin: Origin) -> Vec<Problem> {
        match (key.apply)(self, Value::Text(text)) {
            Ok(()) => {
                self.note(key.name, origin);
                Vec::new()
            }
            Err(faults) => {
                let problem =
                    |message| Problem { origin: origin.clone(), key: key.name.to_owned(), message };
                faults.0.into_iter().map(|fault| problem(fault.message)).collect()
            }
        }
    }
}

fn apply_env(draft: &mut Draft, env: &[(String, String)]) -> Vec<Problem> {
    let names: Vec<(String, &'static Key)> = KEYS.iter().map(|key| (key.env(), key)).collect();
    let mut problems = Vec::new();
    for (name, value) in env.iter().filter(|(name, _)| name.starts_with("CALLING_")) {
        let origin = Origin::Env(name.clone());
        if let Some((_, key)) = names.iter().find(|(known, _)| known == name) {
            problems.extend(draft.text(key, value, origin));
        } else if let Some(meant) = near_miss(name, &names) {
            // Other variables may be meant for other programs; a near miss is a slip of the pen.
            let message = format!("unknown variable; did you mean CALLING_{meant}?");
            problems.push(Problem { origin, key: String::new(), message });
        }
    }
    problems
}

/// The variable that was nearly named, without its prefix.
fn near_miss<'a>(name: &str, names: &'a [(String, &'static Key)]) -> Option<&'a str> {
    let known = names.iter().filter_map(|(known, _)| known.strip_prefix("CALLING_"));
    nearest(name.strip_prefix("CALLING_")?, known)
}

fn apply_flags(draft: &mut Draft, flags: &Overrides) -> Vec<Problem> {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let given = [
        ("http", flags.http.clone()),
        ("media", flags.media.clone()),
        ("public_ip", flags.public_ip.clone()),
        ("data", path(&flags.data)),
        ("tls.cert", path(&flags.tls_cert)),
        ("tls.key", path(&flags.tls_key)),
        ("demo", flags.demo.then(|| "true".to_owned())),
    ];
    let mut problems = Vec::new();
    for (name, value) in given {
        let row = KEYS.iter().find_map(|key| Some((key, key.flag?)).filter(|_| key.name == name));
        if let (Some((key, flag)), Some(value)) = (row, value) {
            problems.extend(draft.text(key, &value, Origin::Flag(flag)));
        }
    }
    problems
}
