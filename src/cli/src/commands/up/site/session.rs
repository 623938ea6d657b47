//! Who is signed in, for as long as this process runs.

use super::secret;
use crate::exit::Failure;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

const COOKIE: &str = "reelgate_portal";

/// Names by the random id that is in a browser's cookie.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<String, String>>);

impl Sessions {
    /// Signs somebody in; gives the line for `Set-Cookie`.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub(super) fn begin(&self, name: &str) -> Result<String, Failure> {
        let id = secret()?;
        self.all().insert(id.clone(), name.to_owned());
        Ok(format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Lax"))
    }

    /// The id and the name of whoever sent these lines of `Cookie`.
    pub(super) fn find(&self, cookies: &[&str]) -> Option<(String, String)> {
        let pairs = cookies.iter().flat_map(|line| line.split(';'));
        let mut ids = pairs.filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
        let all = self.all();
        ids.find_map(|id| Some((id.to_owned(), all.get(id)?.clone())))
    }

    /// Signs somebody out.
    pub(super) fn end(&self, id: &str) {
        self.all().remove(id);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, String>> {
        // Nobody panics between two halves of a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_somebody_until_they_leave() {
        let sessions = Sessions::default();
        let line = sessions.begin("Ada").unwrap();
        let pair = line.split(';').next().unwrap();
        let sent = format!("other=1; {pair}");
        let (id, name) = sessions.find(&[&sent]).unwrap();
        assert_eq!(name, "Ada");
        assert_eq!(sessions.find(&["reelgate_portal=x", "y"]), None);
        sessions.end(&id);
        assert_eq!(sessions.find(&[&sent]), None);
    }
}
