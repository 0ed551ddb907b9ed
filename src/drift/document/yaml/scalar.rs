//! What scalars mean in YAML 1.2's core schema (chapter 10.3).

use super::Value;

/// A scalar without quotes and tag; `None` for a text.
pub(super) fn plain(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Some(Value::Null),
        "true" | "True" | "TRUE" => Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => Some(Value::Bool(false)),
        number => is_number(number).then_some(Value::Number),
    }
}

/// A scalar with one of the core schema's tags, likewise; nothing when tag and text do not fit.
pub(super) fn tagged(text: &str, tag: &str) -> Option<Option<Value>> {
    if tag == "tag:yaml.org,2002:str" {
        return Some(None);
    }
    let value = plain(text)?;
    let fits = match tag.strip_prefix("tag:yaml.org,2002:")? {
        "null" => value == Value::Null,
        "bool" => matches!(value, Value::Bool(_)),
        "int" | "float" => value == Value::Number,
        _ => false,
    };
    fits.then_some(Some(value))
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
