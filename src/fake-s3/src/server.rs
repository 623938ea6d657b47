//! The listening part of the embedded S3.

use std::{
    fs::{self, File, TryLockError},
    io,
    net::SocketAddr,
    path::PathBuf,
    time::Duration,
};

use http::{
    Method, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use s3s::{
    Body, HttpError, S3Result,
    auth::{S3Auth, SecretKey, SimpleAuth},
    s3_error,
    service::{S3Service, S3ServiceBuilder},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{precondition::Asked, store::Store};

/// How long an answer in flight may go on after the server was asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Pause after a failed accept: the process is out of file descriptors, and asking again at once
/// would only burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What to serve, where and to whom.
pub struct Config {
    /// Address and port, `127.0.0.1:0` for a free port.
    pub listen: String,
    /// Folder of the buckets.
    pub data: PathBuf,
    /// The one client's key id.
    pub access_key_id: String,
    /// The one client's secret.
    pub secret_access_key: String,
    /// A bucket that exists from the start.
    pub bucket: String,
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, not ours, or no address.
    #[error("cannot listen on {listen}")]
    Listen {
        /// The address as given.
        listen: String,
        /// What the system said.
        source: io::Error,
    },
    /// The folder of the buckets cannot be made or written.
    #[error("cannot use the folder {}", data.display())]
    Folder {
        /// The folder as given.
        data: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Two servers in one folder would write over each other's files.
    #[error("another reelgate uses the folder {}", .0.display())]
    Shared(PathBuf),
    /// s3s-fs does not take the folder.
    #[error("cannot read the folder {}: {reason}", data.display())]
    Unreadable {
        /// The folder as given.
        data: PathBuf,
        /// What s3s-fs said.
        reason: String,
    },
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                "stop the program that listens there, or choose another port with --listen; port 0 takes a free one"
            }
            Self::Listen { .. } => {
                "give an address of this machine and a port, as in --listen 127.0.0.1:9000"
            }
            Self::Folder { .. } | Self::Unreadable { .. } => {
                "name a folder that you may write to with --data"
            }
            Self::Shared(_) => "stop the other one, or choose another folder with --data",
        }
    }
}

/// A server at work; it goes on until [`Running::stop`].
pub struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Running {
    /// The URL clients reach it at, with the real port.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops accepting, lets answers in flight finish for up to ten seconds, and returns.
    pub async fn stop(self) {
        // A server that has ended by itself needs no telling.
        let _ = self.stop.send(());
        let _ = self.serving.await;
    }
}

/// Starts the server; it is listening when this returns.
///
/// # Errors
/// [`Error`] says what it cannot have.
pub async fn start(config: Config) -> Result<Running, Error> {
    let Config {
        listen,
        data,
        access_key_id,
        secret_access_key,
        bucket,
    } = config;
    let folder = |source| Error::Folder {
        data: data.clone(),
        source,
    };
    fs::create_dir_all(data.join(bucket)).map_err(folder)?;
    let data = data.canonicalize().map_err(folder)?;
    let lock = lock(&data)?;
    let unreadable = |error| Error::Unreadable {
        data: data.clone(),
        reason: format!("{error:?}"),
    };
    let mut builder = S3ServiceBuilder::new(Store::new(data.clone()).map_err(unreadable)?);
    builder.set_auth(OneKey(SimpleAuth::from_single(
        access_key_id,
        secret_access_key,
    )));
    let service = builder.build();

    let bound = TcpListener::bind(&listen).await;
    let bound = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) = bound.map_err(|source| Error::Listen { listen, source })?;
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(async move {
        serve(listener, service, stopped).await;
        drop(lock);
    });
    Ok(Running {
        address,
        stop,
        serving,
    })
}

/// The one key that may sign.
struct OneKey(SimpleAuth);

#[async_trait::async_trait]
impl S3Auth for OneKey {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        // s3s says `NotSignedUp`, which no client knows.
        let secret = self.0.get_secret_key(access_key).await;
        secret.map_err(|_| s3_error!(InvalidAccessKeyId))
    }
}

/// Takes the folder for this process alone, until the file is closed.
fn lock(data: &std::path::Path) -> Result<File, Error> {
    let folder = |source| Error::Folder {
        data: data.to_owned(),
        source,
    };
    let file = File::create(data.join(".reelgate.lock")).map_err(folder)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Shared(data.to_owned())),
        Err(TryLockError::Error(source)) => Err(folder(source)),
    }
}

async fn serve(listener: TcpListener, service: S3Service, mut stopped: oneshot::Receiver<()>) {
    let open = GracefulShutdown::new();
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => break,
        };
        let Ok((socket, _)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Without it a small answer waits for the client's delayed acknowledgement.
        let _ = socket.set_nodelay(true);
        let service = service.clone();
        let answering = service_fn(move |request| answer(service.clone(), request));
        let connection = http
            .serve_connection(TokioIo::new(socket), answering)
            .into_owned();
        let connection = open.watch(connection);
        // What goes wrong on a connection is its client's business.
        tokio::spawn(async move { drop(connection.await) });
    }
    // Those that are still being sent then are cut.
    let _ = tokio::time::timeout(GRACE, open.shutdown()).await;
}

/// One request, through s3s, which never sees the conditions it would stumble over.
async fn answer(
    service: S3Service,
    request: Request<Incoming>,
) -> Result<Response<Body>, HttpError> {
    let mut request = request.map(Body::from);
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let uri = request.uri().clone();
        let asked = Asked::take(request.headers_mut(), &uri);
        request.extensions_mut().insert(asked);
    }
    let mut response = service.call(request).await?;
    // s3s writes its error text here too (RFC 9110 §15.4.5: a 304 has no content).
    if response.status() == StatusCode::NOT_MODIFIED {
        response.headers_mut().remove(CONTENT_TYPE);
        response.headers_mut().remove(CONTENT_LENGTH);
        *response.body_mut() = Body::empty();
    }
    Ok(response)
}
