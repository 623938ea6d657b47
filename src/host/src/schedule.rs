//! What runs when: `trigger.cron`.

use cron::Schedule as Times;
use std::str::FromStr as _;

/// Reads a cron expression as Spin's plugin does: six or seven fields, seconds first.
///
/// # Errors
///
/// It is none; the message shows it.
pub(crate) fn parse(expression: &str) -> Result<Times, String> {
    Times::from_str(expression).map_err(|error| {
        format!("`{expression}` is no cron expression of six or seven fields: {error}")
    })
}
