//! The places in which the catalog may keep its rows, as tests see them.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use reelgate_core::video::{Catalog, Row, Store, VideoId};

/// A store that stops before every operation, so that a test decides who goes next.
pub(crate) trait Place: Default {
    type Store<'a>: Store
    where
        Self: 'a;
    type Contents: Clone + Debug + PartialEq;

    /// How many random cases a test has the time for.
    const CASES: u32;

    fn store(&self) -> Self::Store<'_>;

    fn catalog(&self) -> Catalog<Self::Store<'_>> {
        Catalog::new(self.store())
    }

    fn with(contents: Self::Contents) -> Self;

    fn contents(&self) -> Self::Contents;

    /// Operations since the last time that this was asked.
    fn operations(&self) -> usize;

    /// Puts a value there by another hand.
    fn put(&self, key: &str, value: &[u8]);

    /// Puts a row there that is in flight.
    fn put_in_flight(&self, row: &Row);

    fn rows(&self) -> Vec<Row>;

    /// The rows that are said to be in flight.
    fn indexed(&self) -> BTreeSet<String>;

    /// Every row that is in flight and not announced: must be none, at any time.
    fn lost(&self) -> Vec<VideoId>;
}

/// Lets others go first, once.
pub(crate) async fn stop() {
    let mut stopped = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut stopped, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// Runs one thing to its end, with nobody beside it.
pub(crate) fn alone<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
            return done;
        }
    }
}

pub(crate) type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Lets the task go on to its next operation; `true` when it is done.
pub(crate) fn go_on(task: &mut Task<'_>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    task.as_mut().poll(&mut context).is_ready()
}

/// Runs tests in every place: `fn name<P: Place>()`, as `key_value::name` and `bucket::name`.
#[macro_export]
macro_rules! in_every_place {
    ($($name:ident)*) => {
        mod key_value {
            $(#[test]
            fn $name() {
                super::$name::<$crate::memory::Memory>();
            })*
        }
        mod bucket {
            $(#[test]
            fn $name() {
                super::$name::<$crate::fake_bucket::FakeBucket>();
            })*
        }
    };
}
