//! A store in a Redis, which several hosts may share.
//!
//! Keys and values are Redis's own strings, without a prefix, as Spin keeps them: both hosts see the
//! same catalog. Two labels with one address are therefore one store.

use crate::keyvalue::{Answer, Keys, PAGE, StoreError, Swapped};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, Value, cmd};
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, oneshot};
use tokio::time::Instant;

/// For TCP, TLS and the greeting together.
const CONNECT: Duration = Duration::from_secs(2);
/// For the answer to one command.
const RESPONSE: Duration = Duration::from_secs(3);
/// How long a failed attempt to connect answers for the next ones: a Redis that is down must not cost
/// every request the time it takes to notice.
const GIVEN_UP: Duration = Duration::from_millis(250);
/// Keys that one step of a scan looks at: a millisecond of Redis's single thread.
const SCAN: usize = 1000;

/// Compares and writes in one step, for Redis runs a script alone. The second argument says whether a
/// value is expected at all.
const SWAP: &str = "local now = redis.call('GET', KEYS[1]) \
    local same = now == ARGV[1] \
    if ARGV[2] == '0' then same = now == false end \
    if same then redis.call('SET', KEYS[1], ARGV[3]) return {1} end \
    return {0, now}";

/// A Redis. Clones share its connection.
#[derive(Clone)]
pub(crate) struct Redis(Arc<Shared>);

struct Shared {
    client: Client,
    link: Mutex<Link>,
    runtime: Handle,
    /// Dropped, it ends the runtime's thread.
    _running: oneshot::Sender<()>,
}

/// The connection, if there is one, or the last attempt to have one.
#[derive(Default)]
struct Link {
    connection: Option<MultiplexedConnection>,
    failed: Option<(Instant, StoreError)>,
    /// Counts connections, so that a request discards only the one it used.
    number: u64,
}

/// Without user and password, which are in the address.
impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redis").field(&self.0.name()).finish()
    }
}

impl Redis {
    /// A store that is connected to when it is first used, and again whenever that is needed.
    ///
    /// # Errors
    ///
    /// `url` is no address of a Redis; no thread for it.
    pub(super) fn new(url: &str) -> Result<Self, String> {
        // The library's error repeats no part of the address, which may hold a password.
        let client = Client::open(url).map_err(|error| error.to_string())?;
        let (running, ended) = oneshot::channel::<()>();
        // A runtime of its own: the workers' end one by one, and a connection ends with the one it
        // was opened in.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let handle = runtime.handle().clone();
        thread::Builder::new()
            .name("redis".into())
            .spawn(move || runtime.block_on(ended))
            .map_err(|error| error.to_string())?;
        Ok(Self(Arc::new(Shared {
            client,
            link: Mutex::default(),
            runtime: handle,
            _running: running,
        })))
    }

    pub(super) async fn get(&self, key: &str) -> Answer<Option<Vec<u8>>> {
        self.read(cmd("GET").arg(key)).await
    }

    pub(super) async fn exists(&self, key: &str) -> Answer<bool> {
        self.read(cmd("EXISTS").arg(key)).await
    }

    pub(super) async fn get_many(
        &self,
        keys: Vec<String>,
    ) -> Answer<Vec<(String, Option<Vec<u8>>)>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let values: Vec<Option<Vec<u8>>> = self.read(cmd("MGET").arg(&keys)).await?;
        Ok(keys.into_iter().zip(values).collect())
    }

    /// A part of one scan, for Redis has no order: the cursor is the scan's own, so that all parts
    /// together look at each key once. A key may come twice, in another part too (Redis's `SCAN`).
    /// `KEYS`, which Spin uses, would hold up everybody else meanwhile.
    pub(super) async fn keys(&self, cursor: Option<String>) -> Answer<Keys> {
        let mut found = Vec::new();
        let position = cursor.as_deref().map_or(Ok(0), str::parse::<u64>);
        let mut position =
            position.map_err(|_| StoreError::refused("the cursor is none of this store"))?;
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(position).arg("COUNT").arg(SCAN);
            let (next, keys): (u64, Vec<Vec<u8>>) = self.read(&scan).await?;
            // Keys of others may be no text; a component could not name them.
            let keys = keys
                .into_iter()
                .filter_map(|key| String::from_utf8(key).ok());
            found.extend(keys);
            position = next;
            if position == 0 || found.len() >= PAGE {
                break;
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(Keys {
            keys: found,
            cursor: (position != 0).then(|| position.to_string()),
        })
    }

    pub(super) async fn set(&self, pairs: Vec<(String, Vec<u8>)>) -> Answer<()> {
        if pairs.is_empty() {
            return Ok(());
        }
        self.write(cmd("MSET").arg(&pairs)).await
    }

    pub(super) async fn delete(&self, keys: Vec<String>) -> Answer<()> {
        if keys.is_empty() {
            return Ok(());
        }
        self.write(cmd("DEL").arg(&keys)).await
    }

    pub(super) async fn increment(&self, key: String, delta: i64) -> Answer<i64> {
        self.write(cmd("INCRBY").arg(&key).arg(delta)).await
    }

    pub(super) async fn swap(
        &self,
        key: String,
        expected: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Answer<Swapped> {
        let mut swap = cmd("EVAL");
        swap.arg(SWAP).arg(1).arg(&key);
        swap.arg(expected.as_deref().unwrap_or_default())
            .arg(u8::from(expected.is_some()))
            .arg(&value);
        let (done, mut now): (u8, Vec<Option<Vec<u8>>>) = match self.write(&swap).await? {
            Value::Array(mut answer) if !answer.is_empty() => {
                let values = answer.split_off(1);
                let values = values.into_iter().map(value_of).collect::<Answer<_>>()?;
                (value_of(answer.remove(0))?, values)
            }
            other => return Err(StoreError::refused(format!("odd answer: {other:?}"))),
        };
        if done == 1 {
            return Ok(Swapped::Done);
        }
        Ok(Swapped::Stale(now.pop().flatten()))
    }

    /// Asks what may be asked twice: a connection that broke since its last use is not the fault of
    /// who finds it so.
    async fn read<T: FromRedisValue>(&self, command: &Cmd) -> Answer<T> {
        match self.send(command).await {
            Err(StoreError::Down(_)) => self.send(command).await.and_then(value_of),
            answer => answer.and_then(value_of),
        }
    }

    /// Asks what may be asked once only: after an error nobody knows whether it happened.
    async fn write<T: FromRedisValue>(&self, command: &Cmd) -> Answer<T> {
        self.send(command).await.and_then(value_of)
    }

    async fn send(&self, command: &Cmd) -> Answer<Value> {
        let (shared, command) = (Arc::clone(&self.0), command.clone());
        self.0
            .runtime
            .spawn(async move { shared.send(&command).await })
            .await
            .map_err(|_| StoreError::Down("its thread has stopped".into()))?
    }
}

fn value_of<T: FromRedisValue>(value: Value) -> Answer<T> {
    redis::from_redis_value(value).map_err(|error| StoreError::refused(error.to_string()))
}

impl Shared {
    fn name(&self) -> String {
        format!("Redis at {}", self.client.get_connection_info().addr())
    }

    async fn send(&self, command: &Cmd) -> Answer<Value> {
        let (mut connection, number) = self.connection().await?;
        let sent = command.query_async(&mut connection).await;
        match sent {
            Ok(value) => Ok(value),
            Err(error) if error.is_io_error() || error.is_unrecoverable_error() => {
                let mut link = self.link.lock().await;
                if link.number == number {
                    link.connection = None;
                }
                Err(self.down(&error))
            }
            Err(error) => Err(StoreError::Refused(format!("{}: {error}", self.name()))),
        }
    }

    /// The connection, opened where there is none. Whoever comes meanwhile waits for the same attempt.
    async fn connection(&self) -> Answer<(MultiplexedConnection, u64)> {
        let mut link = self.link.lock().await;
        if let Some(connection) = &link.connection {
            return Ok((connection.clone(), link.number));
        }
        if let Some((when, error)) = &link.failed
            && when.elapsed() < GIVEN_UP
        {
            return Err(error.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(RESPONSE));
        let opening = self
            .client
            .get_multiplexed_async_connection_with_config(&config);
        let opened = match tokio::time::timeout(CONNECT, opening).await {
            Ok(opened) => opened.map_err(|error| self.down(&error)),
            Err(_) => Err(StoreError::Down(format!(
                "{}: no connection within {} s",
                self.name(),
                CONNECT.as_secs()
            ))),
        };
        match opened {
            Ok(connection) => {
                link.number += 1;
                link.failed = None;
                link.connection = Some(connection.clone());
                Ok((connection, link.number))
            }
            Err(error) => {
                link.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    fn down(&self, error: &RedisError) -> StoreError {
        StoreError::Down(format!("{}: {error}", self.name()))
    }
}
