//! The other end is rustls by its other interface, through tokio-rustls.

use super::*;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{AlertDescription, ClientConfig, RootCertStore, ServerConfig, version};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream as ServerStream;

type Versions = [&'static rustls::SupportedProtocolVersion];
const ALL: &Versions = rustls::ALL_VERSIONS;

/// A server for `localhost`, and what a client needs to trust it.
fn configs(versions: &Versions) -> (TlsAcceptor, Arc<ClientConfig>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(ALL)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (TlsAcceptor::from(Arc::new(server)), Arc::new(client))
}

async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
    (client.unwrap(), server.unwrap().0)
}

/// Both ends of a connection that was made for `name`.
async fn ends(
    versions: &Versions,
    name: &'static str,
) -> (io::Result<TlsStream>, io::Result<ServerStream<TcpStream>>) {
    let (acceptor, config) = configs(versions);
    let (client, server) = sockets().await;
    let name = ServerName::try_from(name).unwrap();
    tokio::join!(
        TlsStream::connect(client, config, name),
        acceptor.accept(server)
    )
}

async fn pair(versions: &Versions) -> (TlsStream, ServerStream<TcpStream>) {
    let (client, server) = ends(versions, "localhost").await;
    (client.unwrap(), server.unwrap())
}

/// What is waited for longer than this does not come.
async fn in_time(test: impl Future<Output = ()>) {
    let limit = Duration::from_secs(60);
    tokio::time::timeout(limit, test).await.expect("in time");
}

/// Bytes that tell where they belong.
fn film(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

#[tokio::test]
async fn what_is_sent_arrives_however_it_is_cut() {
    in_time(async {
        let film = film(1_000_000);
        for versions in [&[&version::TLS12][..], &[&version::TLS13]] {
            for piece in [1, 700, 16_384, 100_000, 2_000_000] {
                let (mut client, mut server) = pair(versions).await;
                let sent = film.clone();
                // As a bucket, in pieces that are no records; then as a client that uploads.
                let serving = tokio::spawn(async move {
                    for part in sent.chunks(40_001) {
                        server.write_all(part).await.unwrap();
                    }
                    server.shutdown().await.unwrap();
                    let mut back = Vec::new();
                    server.read_to_end(&mut back).await.unwrap();
                    back
                });
                let mut received = Vec::new();
                let mut room = vec![0; piece];
                loop {
                    match client.read(&mut room).await.unwrap() {
                        0 => break,
                        read => received.extend_from_slice(&room[..read]),
                    }
                }
                assert!(received == film, "{versions:?}, {piece} bytes at once");
                client.write_all(&received).await.unwrap();
                client.shutdown().await.unwrap();
                let back = serving.await.unwrap();
                assert!(back == film, "{versions:?}, back");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_cuts_a_connection_does_not_pass_for_its_end() {
    in_time(async {
        let (mut client, mut server) = pair(ALL).await;
        server.write_all(b"half").await.unwrap();
        server.flush().await.unwrap();
        // The socket closes, and TLS has not said that it is over.
        drop(server);
        let mut received = Vec::new();
        let error = client.read_to_end(&mut received).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(received, b"half");
    })
    .await;
}

#[tokio::test]
async fn a_server_of_another_name_is_refused_and_told() {
    in_time(async {
        let (client, server) = ends(ALL, "films.example").await;
        let error = client.unwrap_err();
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
        let Some(rustls::Error::InvalidCertificate(_)) = cause else {
            panic!("{error:?}");
        };
        let error = server.unwrap_err();
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
        let told = rustls::Error::AlertReceived(AlertDescription::BadCertificate);
        assert_eq!(cause, Some(&told));
    })
    .await;
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_an_error() {
    in_time(async {
        let (_, config) = configs(ALL);
        let (client, mut server) = sockets().await;
        let name = ServerName::try_from("localhost").unwrap();
        let plain = server.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let (client, plain) = tokio::join!(TlsStream::connect(client, config, name), plain);
        plain.unwrap();
        let error = client.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error:?}");
        let (_, config) = configs(ALL);
        let (client, server) = sockets().await;
        drop(server);
        let name = ServerName::try_from("localhost").unwrap();
        let error = TlsStream::connect(client, config, name).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{error:?}");
    })
    .await;
}

/// RFC 8446, section 4.6.3.
#[tokio::test]
async fn keys_may_be_renewed_while_a_film_goes_on() {
    in_time(async {
        let (mut client, mut server) = pair(&[&version::TLS13]).await;
        let film = film(300_000);
        let sent = film.clone();
        let serving = tokio::spawn(async move {
            for part in sent.chunks(50_000) {
                server.write_all(part).await.unwrap();
                server.get_mut().1.refresh_traffic_keys().unwrap();
            }
            server.flush().await.unwrap();
            let mut word = [0; 4];
            server.read_exact(&mut word).await.unwrap();
            server.shutdown().await.unwrap();
            word
        });
        let mut received = vec![0; film.len()];
        client.read_exact(&mut received).await.unwrap();
        assert!(received == film);
        // By the keys that the server asked for.
        client.write_all(b"more").await.unwrap();
        assert_eq!(&serving.await.unwrap(), b"more");
        assert_eq!(client.read(&mut received).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_waits_holds_no_buffer() {
    in_time(async {
        let (mut client, mut server) = pair(ALL).await;
        let film = film(100_000);
        server.write_all(&film).await.unwrap();
        server.flush().await.unwrap();
        let mut received = vec![0; film.len()];
        client.read_exact(&mut received).await.unwrap();
        let waits = poll_fn(|cx| {
            let mut room = ReadBuf::new(&mut received);
            Poll::Ready(Pin::new(&mut client).poll_read(cx, &mut room).is_pending())
        });
        assert!(waits.await);
        let held = [&client.received, &client.decrypted, &client.encrypted];
        assert_eq!(held.map(BytesMut::capacity), [0; 3]);
    })
    .await;
}

#[tokio::test]
async fn whoever_stops_reading_holds_a_record_at_most() {
    in_time(async {
        let (mut client, mut server) = pair(ALL).await;
        let film = film(3_000_000);
        let serving = tokio::spawn(async move { server.write_all(&film).await });
        let mut room = vec![0; 96 * 1024];
        for _ in 0..5 {
            assert_ne!(client.read(&mut room).await.unwrap(), 0);
            for held in [&client.received, &client.decrypted, &client.encrypted] {
                // A copy: a buffer does not count the part of it that was used.
                assert!(held.len() <= RECORD && held.capacity() <= RECORD);
            }
        }
        serving.abort();
    })
    .await;
}

/// As when a bucket refuses an upload at once.
#[tokio::test]
async fn an_answer_is_read_while_much_waits_to_be_sent() {
    in_time(async {
        let (mut client, mut server) = pair(ALL).await;
        let film = film(64 * 1024);
        // Until neither socket takes more.
        let is_stuck = |cx: &mut Context<'_>| loop {
            if Pin::new(&mut client).poll_write(cx, &film).is_pending() {
                return Poll::Ready(());
            }
        };
        poll_fn(is_stuck).await;
        server.write_all(b"no more").await.unwrap();
        server.flush().await.unwrap();
        let mut word = [0; 7];
        client.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"no more");
    })
    .await;
}
