use std::cell::Cell;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    ChatEvent, ChatRequest, ClientFrame, Code, Event, EventFrame, MAX_FRAME_BYTES, MAX_FRAME_DEPTH,
    MAX_SERVER_FRAME_BYTES, ProtocolError, Request, ServerFrame, VERSIONS,
};
use crate::json::{self, Fields, FieldsError, LimitError};

/// The longest sentence sent back about a bad frame, in bytes.
const MAX_SENTENCE_BYTES: usize = 240;

/// A frame that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct FrameError {
    /// The request it belongs to, if that much could be read.
    pub id: Option<u64>,
    /// What to answer.
    pub error: ProtocolError,
    /// No honest program sends this (too large, too deep): the connection should be closed.
    pub hostile: bool,
}

impl FrameError {
    pub(super) fn malformed(id: Option<u64>, message: impl Into<String>) -> Self {
        let error = ProtocolError::new(Code::MalformedFrame, message);
        Self { id, error, hostile: false }
    }

    pub(super) fn hostile(message: impl Into<String>) -> Self {
        let error = ProtocolError::new(Code::MalformedFrame, message);
        Self { id: None, error, hostile: true }
    }

    fn bad_parameter(id: Option<u64>, message: impl Into<String>) -> Self {
        let error = ProtocolError::new(Code::BadParameter, message);
        Self { id, error, hostile: false }
    }

    /// The answer to the client whose frame this was.
    pub fn into_reply(self) -> ServerFrame {
        ServerFrame::Error { id: self.id, error: self.error }
    }
}

/// Decodes what a client sent.
///
/// Size (64 KiB) and depth are checked before anything is built. `params` may be left out where
/// every parameter may be.
///
/// # Errors
/// [`Code::MalformedFrame`]: not one JSON object, a key twice, no usable `id`, unknown method.
/// [`Code::BadParameter`]: the method is known, its parameters are wrong. Both with the id of the
/// request wherever it could be read.
pub fn decode_client_frame(text: &str) -> Result<ClientFrame, FrameError> {
    let fields = read_fields(text, MAX_FRAME_BYTES)?;
    let id = read_id(&fields).ok_or_else(|| {
        FrameError::malformed(None, "the frame needs an `id`, a number from 0 to 2^64-1")
    })?;
    let request = if names(&fields, "method", &ChatRequest::METHODS) {
        Request::Chat(tagged(Some(id), &fields, "method")?)
    } else {
        tagged(Some(id), &fields, "method")?
    };
    Ok(ClientFrame { id, request })
}

/// Decodes what a server sent (up to 1 MiB, since a page of history is long).
///
/// # Errors
/// As for [`decode_client_frame`]. An event this build does not know is malformed, never hostile:
/// skip it.
pub fn decode_server_frame(text: &str) -> Result<ServerFrame, FrameError> {
    let fields = read_fields(text, MAX_SERVER_FRAME_BYTES)?;
    if fields.get("event").is_some() {
        let event = if names(&fields, "event", &ChatEvent::NAMES) {
            Event::Chat(tagged(None, &fields, "event")?)
        } else {
            tagged(None, &fields, "event")?
        };
        let seq = fields.get("seq").map(|seq| value(None, seq)).transpose()?;
        return Ok(ServerFrame::Event(EventFrame { event, seq }));
    }
    let id = read_id(&fields);
    if let Some(error) = fields.get("error") {
        return Ok(ServerFrame::Error { id, error: value(id, error)? });
    }
    match (id, fields.get("result")) {
        (Some(id), Some(result)) => Ok(ServerFrame::Reply { id, result: value(Some(id), result)? }),
        (_, _) => Err(FrameError::malformed(id, "neither an event, a result nor an error")),
    }
}

/// The newest version that both sides speak.
pub fn negotiate(versions: &[u16]) -> Option<u16> {
    VERSIONS.iter().rev().find(|ours| versions.contains(ours)).copied()
}

fn read_fields(text: &str, max_bytes: usize) -> Result<Fields<'_>, FrameError> {
    json::check_limits(text, max_bytes, MAX_FRAME_DEPTH).map_err(|error| match error {
        LimitError::TooLarge => {
            FrameError::hostile(format!("a frame is at most {max_bytes} bytes"))
        }
        LimitError::TooDeep => {
            FrameError::hostile(format!("a frame nests at most {MAX_FRAME_DEPTH} levels"))
        }
    })?;
    let mut fields = Fields::default();
    match fields.read(text) {
        Ok(()) => Ok(fields),
        Err(FieldsError::Syntax(error)) => {
            Err(FrameError::malformed(read_id(&fields), sentence("not a JSON object", &error)))
        }
        // The id could be the very key that stands there twice.
        Err(FieldsError::DuplicateKey) => {
            Err(FrameError::malformed(None, "a key stands there twice"))
        }
        Err(FieldsError::TooManyKeys) => Err(FrameError::hostile("the frame has too many keys")),
    }
}

fn read_id(fields: &Fields<'_>) -> Option<u64> {
    serde_json::from_str(fields.get("id")?.get()).ok()
}

fn value<'a, T: Deserialize<'a>>(id: Option<u64>, raw: &'a RawValue) -> Result<T, FrameError> {
    serde_json::from_str(raw.get())
        .map_err(|error| FrameError::malformed(id, sentence("the frame is not understood", &error)))
}

/// Whether `tag` is one of `known`.
fn names(fields: &Fields<'_>, tag: &str, known: &[&str]) -> bool {
    let raw = fields.get(tag).map_or("", RawValue::get);
    // Names are written in more than one way (escapes), all of which serde_json reads.
    serde_json::from_str::<std::borrow::Cow<'_, str>>(raw)
        .is_ok_and(|name| known.contains(&name.as_ref()))
}

/// Decodes an adjacently tagged enum from the fields `tag` and `params`.
fn tagged<'a, T: Deserialize<'a>>(
    id: Option<u64>,
    fields: &Fields<'a>,
    tag: &'static str,
) -> Result<T, FrameError> {
    let name = fields
        .get(tag)
        .ok_or_else(|| FrameError::malformed(id, format!("the frame needs a `{tag}`")))?;
    let stage = Cell::new(Stage::Tag);
    let params = fields.get("params");
    let pair = Pair { tag, name, params, stage: &stage };
    T::deserialize(serde::de::value::MapAccessDeserializer::new(pair)).map_err(|error| match stage
        .get()
    {
        Stage::Tag | Stage::Name => {
            FrameError::malformed(id, sentence(&format!("unknown `{tag}`"), &error))
        }
        Stage::Params | Stage::Done => {
            FrameError::bad_parameter(id, sentence("a parameter is wrong", &error))
        }
    })
}

/// How far a [`Pair`] was read; tells an unknown method from a bad parameter.
#[derive(Clone, Copy)]
enum Stage {
    Tag,
    Name,
    Params,
    Done,
}

/// The two fields of a tagged enum as a map, tag first, so that nothing has to be buffered.
struct Pair<'a, 's> {
    tag: &'static str,
    name: &'a RawValue,
    params: Option<&'a RawValue>,
    stage: &'s Cell<Stage>,
}

impl<'de> MapAccess<'de> for Pair<'de, '_> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        let key = match self.stage.get() {
            Stage::Tag => self.tag,
            Stage::Name => "params",
            Stage::Params | Stage::Done => return Ok(None),
        };
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Self::Error> {
        match self.stage.get() {
            Stage::Tag => {
                let name = seed.deserialize(self.name)?;
                self.stage.set(Stage::Name);
                Ok(name)
            }
            Stage::Name | Stage::Params | Stage::Done => {
                self.stage.set(Stage::Params);
                let params = seed.deserialize(Params(self.params))?;
                self.stage.set(Stage::Done);
                Ok(params)
            }
        }
    }
}

/// The parameters, or an empty object where the frame has none.
struct Params<'a>(Option<&'a RawValue>);

impl<'de> Deserializer<'de> for Params<'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Some(raw) => raw.deserialize_any(visitor),
            None => visitor.visit_map(Nothing),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

/// An object without fields.
struct Nothing;

impl<'de> MapAccess<'de> for Nothing {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        _seed: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        _seed: V,
    ) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("there is no value"))
    }
}

/// A sentence for people, bounded and free of control characters, whatever the peer wrote.
fn sentence(what: &str, error: &serde_json::Error) -> String {
    let mut text = format!("{what}: {error}");
    if text.len() > MAX_SENTENCE_BYTES {
        text.truncate(text.floor_char_boundary(MAX_SENTENCE_BYTES));
        text.push('…');
    }
    text.replace(char::is_control, "\u{fffd}")
}
