//! Many viewers at once: each gets what is theirs, and the log knows who got what.

use reelgate_tests::client::Client;
use reelgate_tests::host::Origin;
use reelgate_tests::portal::{self, Jwt};
use reelgate_tests::world::World;
use tokio::task::JoinSet;

with_each_origin! {
    sixty_four_viewers_do_not_mix
    one_connection_of_http2_carries_them_all
}

const VIEWERS: usize = 64;
const SEGMENTS: usize = 6;

/// What lies in a segment: its own name, over and over, and each of another length.
fn contents(game: usize, segment: usize) -> String {
    format!("{game}/{segment};").repeat(500 + 97 * game + 13 * segment)
}

async fn world(origin: Origin) -> World {
    let world = World::start(origin).await;
    for game in 0..VIEWERS {
        for segment in 0..SEGMENTS {
            let key = format!("games/game-{game}/{segment}.m4s");
            world.bucket.put(&key, contents(game, segment));
        }
    }
    world
}

/// One viewer: in with a token, on with the cookie, a stranger's game, and the path.
async fn view(client: Client, number: usize) {
    let game = format!("game-{number}");
    let token = Jwt::for_game(&game)
        .claim("sub", format!("viewer-{number}"))
        .mint();
    let id = |what: &str| format!("{number}-{what}");
    let first = client.get(format!("/games/{game}/0.m4s?t={token}"));
    let first = first.header("x-request-id", &id("0")).send().await;
    assert_eq!((first.status, first.text()), (200, &*contents(number, 0)));
    assert_eq!(first.header("x-request-id"), id("0"));
    let session = first.session().unwrap();
    let claims = portal::claims(session);
    assert_eq!(
        (&claims["gid"], &claims["sub"]),
        (&game.clone().into(), &format!("viewer-{number}").into())
    );

    for segment in 1..SEGMENTS {
        let ask = client.get(format!("/games/{game}/{segment}.m4s"));
        let ask = ask
            .cookie(session)
            .header("x-request-id", &id(&segment.to_string()));
        let answer = ask.send().await;
        assert_eq!(
            (answer.status, answer.text()),
            (200, &*contents(number, segment))
        );
        assert_eq!(answer.header("x-request-id"), id(&segment.to_string()));
    }
    let stranger = (number + 1) % VIEWERS;
    let ask = client
        .get(format!("/games/game-{stranger}/1.m4s"))
        .cookie(session);
    let refused = ask.header("x-request-id", &id("stranger")).send().await;
    assert_eq!((refused.status, refused.text()), (403, "Forbidden"));
}

async fn crowd(world: World, client: Client) {
    let mut viewers = JoinSet::new();
    for number in 0..VIEWERS {
        viewers.spawn(view(client.clone(), number));
    }
    // A viewer who panics makes the journey fail here.
    viewers.join_all().await;
    for number in 0..VIEWERS {
        let subject = format!("viewer-{number}");
        for segment in 0..SEGMENTS {
            let line = world
                .journal()
                .request(&format!("{number}-{segment}"))
                .await;
            assert_eq!(
                (line.game, &line.subject),
                (format!("game-{number}"), &subject)
            );
            assert_eq!((line.status, line.complete), (200, true));
            assert_eq!(line.bytes, contents(number, segment).len() as u64);
        }
        let line = world.journal().request(&format!("{number}-stranger")).await;
        let stranger = format!("game-{}", (number + 1) % VIEWERS);
        assert_eq!((line.game, &line.subject), (stranger, &subject));
        assert_eq!((line.status, line.reason.as_str()), (403, "wrong_game"));
    }
    assert_eq!(world.bucket.seen().len(), VIEWERS * SEGMENTS);
    world.finish().await;
}

async fn sixty_four_viewers_do_not_mix(origin: Origin) {
    let world = world(origin).await;
    let client = world.client();
    crowd(world, client).await;
}

/// All requests at once, over one connection.
async fn one_connection_of_http2_carries_them_all(origin: Origin) {
    let world = world(origin).await;
    let client = world.client().http2();
    let connection = client.connect().await;
    let mut requests = JoinSet::new();
    for number in 0..VIEWERS {
        let mut connection = connection.share();
        let session = Jwt::session().claim("gid", format!("game-{number}")).mint();
        let ask = client
            .get(format!("/games/game-{number}/1.m4s"))
            .cookie(&session);
        requests.spawn(async move {
            let answer = connection.send(&ask).await.unwrap().finish().await.unwrap();
            assert_eq!((answer.status, answer.text()), (200, &*contents(number, 1)));
        });
    }
    requests.join_all().await;
    world.finish().await;
}
