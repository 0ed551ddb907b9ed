//! What scalars mean in YAML 1.2's core schema (chapter 10.3).

use std::borrow::Cow;

use super::Value;

/// A scalar without quotes and tag.
pub(super) fn plain(text: Cow<'_, str>) -> Value<'_> {
    match &*text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        number if is_number(number) => Value::Number,
        _ => Value::String(text),
    }
}

/// A scalar with one of the core schema's tags; `None` when tag and text do not fit.
pub(super) fn tagged<'a>(text: Cow<'a, str>, tag: &str) -> Option<Value<'a>> {
    if tag == "tag:yaml.org,2002:str" {
        return Some(Value::String(text));
    }
    let value = plain(text);
    let fits = match tag.strip_prefix("tag:yaml.org,2002:")? {
        "null" => value == Value::Null,
        "bool" => matches!(value, Value::Bool(_)),
        "int" | "float" => value == Value::Number,
        _ => false,
    };
    fits.then_some(value)
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(octal) = text.strip_prefix("0o") {
        return !octal.is_empty() && octal.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let fraction = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    fraction && exponent.is_none_or(digits)
}
