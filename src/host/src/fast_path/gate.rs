//! A gate that only decides: one call of a pure function for each request.
//!
//! A component that exports `reelgate:gate/decision` says what is to be done with a request's head, and
//! the host does it. A request then costs the rules and little else in the component: no task that
//! lives on, no resources, no body (docs/adr/0008).

use crate::http::client::HttpClient;
use crate::metrics::Counted;
use crate::runtime::store::{InstanceConfig, InstanceState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;
use wasmtime::component::InstancePre;
use wasmtime::{Result, Store};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "gate-decision",
        exports: { default: async },
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}

pub(crate) use bindings::exports::reelgate::gate::decision::{
    Answer, Decision, Method, Pass, Request, Viewer,
};

/// Decisions after which an instance is replaced, so that what it might leak stays small.
const DECISIONS_PER_INSTANCE: u32 = 100_000;

/// A component that decides, ready to be instantiated.
#[derive(Clone)]
pub(crate) struct GatePre(bindings::GateDecisionPre<InstanceState>);

impl GatePre {
    /// A component as a gate; `None` when it does not export the interface.
    pub(crate) fn new(pre: &InstancePre<InstanceState>) -> Option<Self> {
        bindings::GateDecisionPre::new(pre.clone()).ok().map(Self)
    }
}

/// The gate of one worker.
pub(crate) struct Gate {
    pre: GatePre,
    config: Arc<InstanceConfig>,
    client: HttpClient,
    /// One, as a rule: a decision waits for nothing. More where one was interrupted to let others run.
    idle: Mutex<Vec<Instance>>,
    free: Semaphore,
}

struct Instance {
    store: Store<InstanceState>,
    exports: bindings::GateDecision,
    decisions: u32,
}

impl Gate {
    /// No instance yet, and never more than `most`.
    pub(crate) fn new(
        pre: GatePre,
        config: Arc<InstanceConfig>,
        client: HttpClient,
        most: usize,
    ) -> Self {
        Self {
            pre,
            config,
            client,
            idle: Mutex::default(),
            free: Semaphore::new(most),
        }
    }

    /// What is to be done with `request`.
    ///
    /// # Errors
    ///
    /// It trapped; its instance is gone, and harms no other request.
    pub(crate) async fn decide(&self, request: Request<'_>) -> Result<Decision> {
        // Never closed, so there is always one to wait for.
        let _permit = self.free.acquire().await;
        let _busy = Counted::in_gauge(&self.client.metrics().instances_busy);
        let mut instance = match self.take_idle() {
            Some(instance) => instance,
            None => self.instantiate().await?,
        };
        instance.decisions += 1;
        instance.store.data_mut().begin();
        let gate = instance.exports.reelgate_gate_decision();
        let decision = gate.call_decide(&mut instance.store, request).await?;
        if instance.decisions < DECISIONS_PER_INSTANCE {
            self.idle().push(instance);
        }
        Ok(decision)
    }

    fn take_idle(&self) -> Option<Instance> {
        self.idle().pop()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn instantiate(&self) -> Result<Instance> {
        let mut store = InstanceState::store(self.pre.0.engine(), &self.config, &self.client);
        let exports = self.pre.0.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            exports,
            decisions: 0,
        })
    }
}
