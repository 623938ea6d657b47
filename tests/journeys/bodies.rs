//! Bytes: all of them, parts of them, none of them; from a bucket of ours and from a real one.

use http::StatusCode;
use reelgate_tests::bucket::{self, Bucket, Gate};
use reelgate_tests::client::{Answer, Client};
use reelgate_tests::host::{Host, Origin, Settings};
use reelgate_tests::s3::S3;
use reelgate_tests::world::{World, key, path, session};

with_each_origin! {
    megabytes_arrive_byte_for_byte
    ranges_and_conditions_are_those_of_rfc_9110
    the_same_with_a_bucket_that_checks_signatures
    keys_of_all_kinds_are_found
    bytes_are_passed_on_as_they_come
    a_viewer_who_leaves_ends_the_buckets_work
}

/// Bytes that do not repeat in any way a buffer could (a linear congruential generator).
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// A bucket that a host can stand before.
enum Store {
    Fake(Box<Bucket>),
    Real(Box<S3>),
}

impl Store {
    async fn fake() -> Self {
        Self::Fake(Box::new(Bucket::start().await))
    }

    async fn real() -> Self {
        Self::Real(Box::new(S3::start().await))
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) {
        match self {
            Self::Fake(bucket) => bucket.put(key, bytes),
            Self::Real(s3) => s3.put(key, "video/mp4", bytes).await,
        }
    }

    fn address(&self) -> std::net::SocketAddr {
        match self {
            Self::Fake(bucket) => bucket.address(),
            Self::Real(s3) => s3.address(),
        }
    }

    async fn host(&self, origin: Origin) -> Host {
        Settings::new(self.address()).origin(origin).start().await
    }
}

async fn megabytes_arrive_byte_for_byte(origin: Origin) {
    let film = noise(4 << 20);
    for store in [Store::fake().await, Store::real().await] {
        store.put(&key("film.m4s"), film.clone()).await;
        let host = store.host(origin).await;
        for client in [host.client(), host.client().http2()] {
            let answer = client.get(path("film.m4s")).cookie(&session()).send().await;
            assert_eq!(answer.header("content-length"), film.len().to_string());
            assert!(answer.body == film, "4 MB arrive, and they are others");
            let half = client.get(path("film.m4s")).cookie(&session());
            let half = half.header("range", "bytes=2097152-").send().await;
            assert_eq!(half.status, 206);
            assert!(
                half.body == film[2 << 20..],
                "2 MB arrive, and they are others"
            );
        }
        host.finish().await;
    }
}

async fn ranges_and_conditions_are_those_of_rfc_9110(origin: Origin) {
    ranges_and_conditions(&Store::fake().await, origin).await;
}

async fn the_same_with_a_bucket_that_checks_signatures(origin: Origin) {
    ranges_and_conditions(&Store::real().await, origin).await;
}

async fn ranges_and_conditions(store: &Store, origin: Origin) {
    store.put(&key("ten.m4s"), b"0123456789".to_vec()).await;
    store.put(&key("none.m4s"), Vec::new()).await;
    let host = store.host(origin).await;
    let client = host.client();
    ranges(&client).await;
    conditions(&client).await;
    nothing(&client).await;
    host.finish().await;
}

async fn ten(client: &Client, headers: &[(&str, &str)]) -> Answer {
    let mut ask = client.get(path("ten.m4s")).cookie(&session());
    for (name, value) in headers {
        ask = ask.header(name, value);
    }
    ask.send().await
}

async fn ranges(client: &Client) {
    for (range, status, body, content_range) in [
        // RFC 9110 §14.1.2.
        ("bytes=2-4", 206, "234", "bytes 2-4/10"),
        ("bytes=0-0", 206, "0", "bytes 0-0/10"),
        ("bytes=7-", 206, "789", "bytes 7-9/10"),
        ("bytes=1-", 206, "123456789", "bytes 1-9/10"),
        ("bytes=0-", 206, "0123456789", "bytes 0-9/10"),
        ("bytes=-3", 206, "789", "bytes 7-9/10"),
        ("bytes=-99", 206, "0123456789", "bytes 0-9/10"),
        ("bytes=8-99", 206, "89", "bytes 8-9/10"),
        ("bytes=10-", 416, "Range Not Satisfiable", "bytes */10"),
        ("bytes=99-100", 416, "Range Not Satisfiable", "bytes */10"),
        ("bytes=-0", 416, "Range Not Satisfiable", "bytes */10"),
        (
            "bytes=18446744073709551616-",
            416,
            "Range Not Satisfiable",
            "bytes */10",
        ),
        // Several, and what is none: all of it.
        ("bytes=0-1,4-5", 200, "0123456789", ""),
        ("bytes=4-2", 200, "0123456789", ""),
        ("bytes=a-b", 200, "0123456789", ""),
        ("bytes", 200, "0123456789", ""),
        ("items=0-1", 200, "0123456789", ""),
    ] {
        let answer = ten(client, &[("range", range)]).await;
        assert_eq!((answer.status, answer.text()), (status, body), "{range}");
        assert_eq!(answer.header("content-range"), content_range, "{range}");
        assert_eq!(
            answer.header("content-length"),
            body.len().to_string(),
            "{range}"
        );
    }
    let ask = client.head(path("ten.m4s")).cookie(&session());
    let head = ask.header("range", "bytes=2-4").send().await;
    assert_eq!((head.status, head.header("content-length")), (200, "10"));
    assert_eq!((head.header("content-range"), head.text()), ("", ""));
}

async fn conditions(client: &Client) {
    let whole = ten(client, &[]).await;
    let (tag, modified) = (whole.header("etag"), whole.header("last-modified"));
    let weak = format!("W/{tag}");
    let list = format!("\"a\", {tag}");
    let part = ("range", "bytes=0-1");
    let long_ago = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (headers, status) in [
        // RFC 9110 §13.1.
        (&[("if-none-match", tag)][..], 304),
        (&[("if-none-match", &weak)], 304),
        (&[("if-none-match", &list)], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "\"a\"")], 200),
        (
            &[("if-none-match", "\"a\""), ("if-modified-since", modified)],
            200,
        ),
        (&[("if-modified-since", modified)], 304),
        (&[("if-modified-since", long_ago)], 200),
        (&[("if-modified-since", "yesterday")], 200),
        (&[("if-match", tag)], 200),
        (&[("if-match", "*")], 200),
        (&[("if-match", "\"a\"")], 412),
        (&[("if-match", &weak)], 412),
        (&[("if-unmodified-since", modified)], 200),
        (&[("if-unmodified-since", long_ago)], 412),
        (&[("if-none-match", tag), part], 304),
        (&[("if-match", "\"a\""), part], 412),
        (&[("if-match", tag), part], 206),
        // §13.1.5: a part of this version, or all of another.
        (&[("if-range", tag), part], 206),
        (&[("if-range", &weak), part], 200),
        (&[("if-range", "\"a\""), part], 200),
        (&[("if-range", modified), part], 206),
        (&[("if-range", long_ago), part], 200),
        (&[("if-range", tag), ("range", "bytes=10-")], 416),
        (&[("if-range", "\"a\""), ("range", "bytes=10-")], 200),
        (&[("if-range", tag)], 200),
    ] {
        let answer = ten(client, headers).await;
        assert_eq!(answer.status, status, "{headers:?}");
        let body = match status {
            200 => "0123456789",
            206 => "01",
            304 => "",
            412 => "Precondition Failed",
            _ => "Range Not Satisfiable",
        };
        assert_eq!(answer.text(), body, "{headers:?}");
        if status == 304 {
            assert_eq!(answer.header("etag"), tag);
        }
    }
}

/// An object without a byte.
async fn nothing(client: &Client) {
    for ask in [client.get(path("none.m4s")), client.head(path("none.m4s"))] {
        let answer = ask.cookie(&session()).send().await;
        assert_eq!((answer.status, answer.text()), (200, ""));
        assert_eq!(answer.header("content-length"), "0");
    }
    let ask = |range| {
        client
            .get(path("none.m4s"))
            .cookie(&session())
            .header("range", range)
    };
    let answer = ask("bytes=0-").send().await;
    assert_eq!(
        (answer.status, answer.header("content-range")),
        (416, "bytes */0")
    );
}

async fn keys_of_all_kinds_are_found(origin: Origin) {
    let games = [
        "game one",
        "späte Zeit",
        "nfl+2025",
        "a(1)",
        "x;y",
        "~-._",
        "50% = half & more",
    ];
    let files = [
        "plain.m4s",
        "with space.m4s",
        "plus+plus.m4s",
        "copy (1).m4s",
        "a&b=c.m4s",
        "Größe.m4s",
        "映画/第一.m4s",
        "emoji 🎬.m4s",
        "~tilde-._.m4s",
        "semi;colon,comma.m4s",
        "quote'quote\".m4s",
        "a@b:c$d!e*f.m4s",
        "hash#question?.m4s",
        "[brackets]{braces}|^`.m4s",
        "percent 100%.m4s",
        "deep/er/and/deep/er.m4s",
    ];
    for store in [Store::fake().await, Store::real().await] {
        let host = store.host(origin).await;
        let names = files.map(|file| ("plain", file)).into_iter();
        let names = names.chain(games.map(|game| (game, "a b.m4s")));
        for (game, file) in names {
            let key = format!("games/{game}/{file}");
            store.put(&key, key.clone().into_bytes()).await;
            let session = reelgate_tests::portal::Jwt::session()
                .claim("gid", game)
                .mint();
            let client = host.client();
            // As a browser escapes it, and with every byte escaped that is not a letter or a digit.
            for escape in [as_browsers_do, fully] {
                let target = format!("/games/{}/{}", escape(game), escape(file));
                let answer = client.get(&target).cookie(&session).send().await;
                let status = StatusCode::from_u16(answer.status).unwrap();
                assert_eq!((status, answer.text()), (StatusCode::OK, &*key), "{target}");
            }
        }
        host.finish().await;
    }
}

/// `encodeURI` would leave `#` and `?` alone, but a file's name may hold them.
fn as_browsers_do(name: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const SET: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'`')
        .add(b'{')
        .add(b'}')
        .add(b'|')
        .add(b'^')
        .add(b'[')
        .add(b']');
    utf8_percent_encode(name, SET).to_string()
}

fn fully(name: &str) -> String {
    let escape = |name| {
        percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    name.split('/').map(escape).collect::<Vec<_>>().join("/")
}

async fn bytes_are_passed_on_as_they_come(origin: Origin) {
    let world = World::start(origin).await;
    world.put("film.m4s", vec![7; 3000]);
    let gate = Gate::of_pieces(1000);
    world
        .bucket
        .once(&key("film.m4s"), bucket::Act::Through(gate.clone()));
    let ask = world.client().get(path("film.m4s")).cookie(&session());
    let mut answer = ask.stream().await;
    // The head is here and the bucket has not sent a byte of the body; then each piece by itself.
    for _ in 0..3 {
        gate.open(1);
        answer.exactly(1000).await;
    }
    assert!(answer.piece().await.unwrap().is_none());
    world.finish().await;
}

async fn a_viewer_who_leaves_ends_the_buckets_work(origin: Origin) {
    let world = World::start(origin).await;
    let object = bucket::Object::zeros(1 << 40);
    world.put("film.m4s", object);
    let ask = world.client().get(path("film.m4s")).cookie(&session());
    let mut answer = ask.header("x-request-id", "leaver").stream().await;
    answer.piece().await.unwrap();
    drop(answer);
    world.bucket.abandoned(1).await;
    let line = world.journal().request("leaver").await;
    assert_eq!((line.status, line.complete), (200, false));
    assert!(line.bytes > 0);
    world.finish().await;
}
