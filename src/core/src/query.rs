//! Parameters of a query, as forms write them.

use alloc::{borrow::Cow, string::String};

use percent_encoding::percent_decode_str;

/// The query of a target; empty when there is none.
pub(crate) fn query_of(target: &str) -> &str {
    target.split_once('?').map_or("", |(_, query)| query)
}

/// The path of a target, without its query.
pub(crate) fn path_of(target: &str) -> &str {
    target.split('?').next().unwrap_or_default()
}

/// Why a parameter cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadParameter {
    /// It is there more than once.
    Repeated,
    /// It is not UTF-8 once decoded.
    NotText,
}

/// The value of the parameter `name`, decoded: `+` is a blank, `%2B` a plus. `None` when it is missing
/// or empty.
pub(crate) fn parameter(query: &str, name: &str) -> Result<Option<String>, BadParameter> {
    let mut values = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(own, _)| *own == name)
        .map(|(_, value)| value);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(BadParameter::Repeated);
    }
    let blanks: Cow<'_, str> = if value.contains('+') {
        value.replace('+', " ").into()
    } else {
        value.into()
    };
    let text = percent_decode_str(&blanks)
        .decode_utf8()
        .map_err(|_| BadParameter::NotText)?;
    Ok(Some(text.into_owned()).filter(|text| !text.is_empty()))
}
