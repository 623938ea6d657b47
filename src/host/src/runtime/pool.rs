//! Instances of one component, each serving one request at a time.
//!
//! An instance could hold many requests at once, but then one that traps takes the others with it,
//! and each costs more the more there are (docs/adr/0003). So a request has an instance to itself
//! until its answer's head is made, and instances are used again.

use crate::http::client::HttpClient;
use crate::metrics::Counted;
use crate::metrics::component::{ComponentMetrics, Failures};
use crate::runtime::store::{InstanceConfig, InstanceState};
use http::{Request, Response};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use wasmtime::{PoolConcurrencyLimitError, Store};
use wasmtime_wasi_http::p3::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p3::bindings::{Service, ServicePre};
use wasmtime_wasi_http::{WasiBody, WasiHttpView as _};

/// How long a request waits for an instance when all are taken.
const QUEUE: Duration = Duration::from_secs(5);
/// How long a component may take for the head of an answer: more than every time-out it sets itself.
const HEAD: Duration = Duration::from_secs(60);
/// Requests after which an instance is replaced, so that what it might leak stays small.
const REQUESTS_PER_INSTANCE: u32 = 100_000;
/// Instances kept for the next burst: the head of an answer takes one for a millisecond.
const IDLE: usize = 32;
/// One that nobody wanted for so long gives its memory back.
const KEPT: Duration = Duration::from_secs(20);

/// Why a component gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ComponentError {
    /// Every instance was taken for too long.
    #[error("every instance is busy")]
    Busy,
    /// No head in time.
    #[error("no answer within {} s", HEAD.as_secs())]
    TimedOut,
    /// It trapped: unreachable code, out of memory, out of time.
    #[error("trapped: {0}")]
    Trapped(String),
    /// It answered with an error.
    #[error("failed: {0}")]
    Failed(ErrorCode),
}

impl ComponentError {
    /// `error` is what wasmtime says of a trap.
    pub(crate) fn trapped(error: &wasmtime::Error) -> Self {
        Self::Trapped(format!("{error:#}"))
    }

    /// One more of its kind.
    pub(crate) fn count(&self, failures: &Failures) {
        match self {
            Self::Busy => &failures.busy,
            Self::TimedOut => &failures.timed_out,
            Self::Trapped(_) => &failures.trapped,
            Self::Failed(_) => &failures.failed,
        }
        .inc();
    }
}

/// The instances of one component on one worker.
pub(crate) struct Pool {
    pre: ServicePre<InstanceState>,
    config: Arc<InstanceConfig>,
    client: HttpClient,
    /// In the order in which they were used last.
    idle: Mutex<VecDeque<Idle>>,
    free: Arc<Semaphore>,
}

struct Idle {
    instance: Instance,
    since: Instant,
}

struct Instance {
    store: Store<InstanceState>,
    service: Service,
    served: u32,
}

type Head = Result<Response<WasiBody>, ComponentError>;

impl Pool {
    /// No instance yet, and never more than `most`.
    pub(crate) fn new(
        pre: ServicePre<InstanceState>,
        config: Arc<InstanceConfig>,
        client: HttpClient,
        most: usize,
    ) -> Self {
        Self {
            pre,
            config,
            client,
            idle: Mutex::default(),
            free: Arc::new(Semaphore::new(most)),
        }
    }

    /// Has an instance answer `request`.
    ///
    /// Dropping the future ends the instance's work; the instance goes with it.
    pub(crate) async fn handle(self: &Arc<Self>, request: Request<WasiBody>) -> Head {
        let permit = self.permit().await?;
        let busy = Counted::in_gauge(&self.metrics().instances_busy);
        let permit = (permit, busy);
        let instance = match self.take_idle() {
            Some(instance) => instance,
            None => self.instantiate().await.map_err(|error| {
                if error.is::<PoolConcurrencyLimitError>() {
                    ComponentError::Busy
                } else {
                    ComponentError::trapped(&error)
                }
            })?,
        };
        let (head_sender, mut head) = oneshot::channel();
        let mut work = Box::pin(instance.serve(request, head_sender));
        let served = tokio::time::timeout(
            HEAD,
            poll_fn(|cx| match work.as_mut().poll(cx) {
                Poll::Ready(instance) => Poll::Ready(Served::All(instance)),
                Poll::Pending => match head.try_recv() {
                    Ok(head) => Poll::Ready(Served::Head(head)),
                    Err(_) => Poll::Pending,
                },
            }),
        );
        match served.await.map_err(|_| ComponentError::TimedOut)? {
            Served::All(instance) => {
                self.keep(instance, permit);
                head.try_recv()
                    .unwrap_or_else(|_| Err(ComponentError::Trapped("before it answered".into())))
            }
            Served::Head(head) => {
                let pool = Arc::clone(self);
                tokio::spawn(async move { pool.keep(work.await, permit) });
                head
            }
        }
    }

    /// What is counted of the component.
    pub(crate) fn metrics(&self) -> &ComponentMetrics {
        self.client.metrics()
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, ComponentError> {
        let free = Arc::clone(&self.free);
        if let Ok(permit) = Arc::clone(&free).try_acquire_owned() {
            return Ok(permit);
        }
        let waited = tokio::time::timeout(QUEUE, free.acquire_owned()).await;
        waited.ok().and_then(Result::ok).ok_or(ComponentError::Busy)
    }

    /// Gives back what a burst left.
    pub(crate) fn shrink(&self) {
        let mut idle = self.idle();
        while idle.front().is_some_and(|idle| idle.since.elapsed() > KEPT) {
            idle.pop_front();
        }
    }

    /// The one that was used last: the others may be given back.
    fn take_idle(&self) -> Option<Instance> {
        self.idle().pop_back().map(|idle| idle.instance)
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn instantiate(&self) -> wasmtime::Result<Instance> {
        let mut store = InstanceState::store(self.pre.engine(), &self.config, &self.client);
        let service = self.pre.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            service,
            served: 0,
        })
    }

    fn keep(&self, instance: Option<Instance>, _permit: (OwnedSemaphorePermit, Counted)) {
        let Some(instance) = instance.filter(|instance| instance.served < REQUESTS_PER_INSTANCE)
        else {
            return;
        };
        let mut idle = self.idle();
        if idle.len() < IDLE {
            let since = Instant::now();
            idle.push_back(Idle { instance, since });
        }
    }
}

enum Served {
    Head(Head),
    All(Option<Instance>),
}

impl Instance {
    /// Answers through `head`, then does what the component left to do. `None` when it is spoilt.
    async fn serve(
        mut self,
        request: Request<WasiBody>,
        head: oneshot::Sender<Head>,
    ) -> Option<Self> {
        self.served += 1;
        self.store.data_mut().begin();
        let service = &self.service;
        let mut head = Some(head);
        let result = self
            .store
            .run_concurrent(async |accessor| {
                let request = accessor.with(|mut access| {
                    let hooks = access.data_mut().http().hooks;
                    wasmtime_wasi_http::p3::Request::from_http(hooks, request).0
                });
                let answer = match service.handle(accessor, request).await? {
                    Ok(response) => accessor
                        .with(|access| response.into_http(access, async { Ok(()) }))
                        .map_err(|error| ComponentError::Trapped(error.to_string())),
                    Err(error) => Err(ComponentError::Failed(error)),
                };
                if let Some(head) = head.take() {
                    // The viewer may have left.
                    drop(head.send(answer));
                }
                poll_fn(|cx| accessor.poll_no_interesting_tasks(cx)).await;
                wasmtime::error::Ok(())
            })
            .await
            .flatten();
        match result {
            Ok(()) => Some(self),
            Err(error) => {
                if let Some(head) = head {
                    drop(head.send(Err(ComponentError::Trapped(format!("{error:#}")))));
                }
                None
            }
        }
    }
}
