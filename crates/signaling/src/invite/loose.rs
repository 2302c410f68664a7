//! Reading fields whose writers could not agree on types: numbers as doubles or text, flags as
//! numbers, `null` for absent. A field of a type that makes no sense counts as absent.

use calling_model::UserId;
use serde_json::Value;

/// A JSON object.
pub(super) type Object = serde_json::Map<String, Value>;

/// Doubles up to here hold every whole number exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A whole number, also from `1.0`, `"1"` and `"1.0"`. A fraction is no whole number.
pub(super) fn integer(object: &Object, key: &str) -> Option<i64> {
    match read(object, key)? {
        Read::Whole(number) => Some(number),
        Read::Fraction(_) => None,
    }
}

/// As [`integer`], without what follows the point and with everything negative taken as 0.
pub(super) fn natural(object: &Object, key: &str) -> Option<u64> {
    let number = match read(object, key)? {
        Read::Whole(number) | Read::Fraction(number) => number,
    };
    Some(u64::try_from(number).unwrap_or(0))
}

/// A number as its writer may have meant it.
enum Read {
    Whole(i64),
    /// Without what follows the point.
    Fraction(i64),
}

fn read(object: &Object, key: &str) -> Option<Read> {
    match object.get(key)? {
        Value::Number(number) => {
            number.as_i64().map(Read::Whole).or_else(|| double(number.as_f64()?))
        }
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().map(Read::Whole).or_else(|| double(text.parse().ok()?))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn double(double: f64) -> Option<Read> {
    // In range and finite, so that the cast is exact but for the fraction.
    let truncated = (double.abs() < EXACT).then_some(double.trunc() as i64)?;
    Some(if double.fract() == 0.0 { Read::Whole(truncated) } else { Read::Fraction(truncated) })
}

/// As [`integer`], in the range of the target type or absent.
pub(super) fn number<T: TryFrom<i64>>(object: &Object, key: &str) -> Option<T> {
    T::try_from(integer(object, key)?).ok()
}

/// Text; a number counts as its digits.
pub(super) fn text(object: &Object, key: &str) -> Option<String> {
    match object.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// As [`text`], with `""` taken as absent.
pub(super) fn filled(object: &Object, key: &str) -> Option<String> {
    text(object, key).filter(|text| !text.is_empty())
}

/// A flag, also from 0, 1, `"true"` and `"false"`.
pub(super) fn flag(object: &Object, key: &str) -> Option<bool> {
    match object.get(key)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        Value::String(_) | Value::Number(_) => integer(object, key).map(|number| number != 0),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The members of a list that are user ids.
pub(super) fn users(object: &Object, key: &str) -> Vec<UserId> {
    let Some(Value::Array(list)) = object.get(key) else {
        return Vec::new();
    };
    list.iter().filter_map(Value::as_str).filter_map(|text| UserId::new(text).ok()).collect()
}

/// A user id; anything else counts as absent.
pub(super) fn user(object: &Object, key: &str) -> Option<UserId> {
    UserId::new(filled(object, key)?).ok()
}
