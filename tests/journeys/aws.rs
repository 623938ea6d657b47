//! A key pair from where AWS's programs look for one: an instance's metadata, and `~/.aws`.

use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use reelgate_tests::bucket::Bucket;
use reelgate_tests::host::Settings;
use reelgate_tests::world::{path, session};
use std::convert::Infallible;
use std::net::SocketAddr;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Of the examples in "Retrieve security credentials from instance metadata" of the Amazon EC2 user guide; the
/// token is one in base64.
const ROLE: &str = r#"{
  "Code" : "Success",
  "LastUpdated" : "2012-04-26T16:39:16Z",
  "Type" : "AWS-HMAC",
  "AccessKeyId" : "ASIAIOSFODNN7EXAMPLE",
  "SecretAccessKey" : "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  "Token" : "dG9rZW4/of+an/instance==",
  "Expiration" : "2099-05-17T15:09:54Z"
}"#;

/// The instance metadata service, version 2.
async fn metadata() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(
                http1::Builder::new().serve_connection(TokioIo::new(socket), service_fn(answer)),
            );
        }
    });
    address
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    const TOKEN: &str = "x-aws-ec2-metadata-token";
    let roles = "/latest/meta-data/iam/security-credentials/";
    let knows_token = request
        .headers()
        .get(TOKEN)
        .is_some_and(|it| it == "opensesame");
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::PUT, "/latest/api/token") => (StatusCode::OK, "opensesame"),
        _ if !knows_token => (StatusCode::UNAUTHORIZED, ""),
        (_, path) if path == roles => (StatusCode::OK, "gate"),
        (_, path) if path.strip_prefix(roles) == Some("gate") => (StatusCode::OK, ROLE),
        _ => (StatusCode::NOT_FOUND, ""),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    Ok(response)
}

fn settings(bucket: &Bucket) -> Settings {
    bucket.put("games/2025001/a.m4s", "pictures");
    Settings::new(bucket.address())
        .without("s3_access_key_id")
        .without("s3_secret_access_key")
        .arguments(["--aws-credentials"])
}

async fn plays(settings: Settings) {
    let host = settings.start().await;
    let answer = host
        .client()
        .get(path("a.m4s"))
        .cookie(&session())
        .send()
        .await;
    assert_eq!((answer.status, answer.text()), (200, "pictures"));
    host.finish().await;
}

#[tokio::test]
async fn an_instances_role_signs_with_its_token() {
    let bucket = Bucket::start().await;
    let metadata = format!("http://{}", metadata().await);
    plays(settings(&bucket).environment("AWS_METADATA_ENDPOINT", &metadata)).await;
    let [seen] = &bucket.seen_for("games/2025001/a.m4s")[..] else {
        panic!("asked more than once");
    };
    let token = seen.parameter("X-Amz-Security-Token");
    assert_eq!(token.as_deref(), Some("dG9rZW4/of+an/instance=="));
    let credential = seen.parameter("X-Amz-Credential").unwrap();
    assert!(
        credential.starts_with("ASIAIOSFODNN7EXAMPLE/"),
        "{credential}"
    );
}

#[tokio::test]
async fn a_profile_of_the_users_signs_without_one() {
    let bucket = Bucket::start().await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("credentials");
    let text =
        "[films]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n";
    std::fs::write(&file, text).unwrap();
    let settings = settings(&bucket)
        .environment("AWS_SHARED_CREDENTIALS_FILE", file.to_str().unwrap())
        .environment("AWS_PROFILE", "films");
    plays(settings).await;
    let seen = bucket.seen_for("games/2025001/a.m4s");
    let credential = seen[0].parameter("X-Amz-Credential").unwrap();
    assert!(
        credential.starts_with("AKIAIOSFODNN7EXAMPLE/"),
        "{credential}"
    );
    assert_eq!(seen[0].parameter("X-Amz-Security-Token"), None);
}

#[tokio::test]
async fn where_aws_gives_none_the_host_says_so() {
    let bucket = Bucket::start().await;
    let data = TempDir::new().unwrap();
    // Nobody listens there.
    let settings = settings(&bucket).environment("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9");
    let outcome = reelgate_tests::process::run(&mut settings.command(data.path())).await;
    assert_eq!(outcome.code, Some(78), "{outcome:?}");
    assert!(
        outcome.stderr.contains("--aws-credentials"),
        "{}",
        outcome.stderr
    );
}
