/// What names and checks the files of one bucket's objects.
#[derive(Debug)]
pub(crate) struct SpaceKey([u8; 32]);

impl SpaceKey {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}
