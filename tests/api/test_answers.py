"""Every operation of docs/reference/openapi.yaml, with every status that a working gate can be brought to."""

import itertools
import json

import pytest

from asking import ask, bearer

NUMBERS = itertools.count()
#: What the walks below have seen: operation and status.
SEEN = set()
#: What a gate answers only while something else is broken or slow; the journeys in tests/journeys see to these.
OF_TROUBLE = {"408", "413", "500", "502", "503", "504"}


@pytest.fixture(scope="module")
def api(world, described):
    """Asks, and compares the status with what was expected."""

    def expect(status, method, path, base=None, **case):
        answer = ask(described, base or world.gate, method, path, **case)
        assert answer.status_code == status, answer.text
        SEEN.add((path, method.lower(), str(status)))
        return answer

    return expect


@pytest.fixture(scope="module")
def bare(world):
    """A gate on the same bucket, whose secret is known, and of which nothing but films is configured."""
    return world.beside({})


@pytest.fixture(scope="module")
def token(world, api):
    headers = bearer(world.sign_in("ada"))
    answer = api(200, "GET", "/api/games/{id}/playback", path_parameters={"id": "sample"}, headers=headers)
    return answer.json()["url"].split("?t=")[1]


def test_a_film(world, api, token, bare):
    film = "/games/{id}/master.m3u8"
    sample = {"path_parameters": {"id": "sample"}}
    opened = {**sample, "query": {"t": token}}
    whole = api(200, "GET", film, **opened)
    tag = {"If-None-Match": whole.headers["etag"][0]}
    api(304, "GET", film, **opened, headers=tag)
    api(206, "GET", film, **opened, headers={"Range": "bytes=0-9"})
    api(416, "GET", film, **opened, headers={"Range": "bytes=9000000-"})
    api(412, "GET", film, **opened, headers={"If-Match": '"another"'})
    refused = api(403, "GET", film, **sample, headers={"Origin": world.portal})
    assert refused.headers["x-reelgate-reason"] == ["no_credential"]
    assert "x-reelgate-reason" not in api(403, "GET", film, **sample).headers
    none = {"path_parameters": {"id": "none"}, "query": {"t": world.mint("none")}}
    api(404, "GET", film, base=bare, **none)
    api(204, "OPTIONS", film, **sample, headers={"Origin": world.portal})
    api(405, "POST", film, **sample)
    # A session opens what its token opened.
    cookie = whole.headers["set-cookie"][0].split(";")[0]
    api(200, "GET", film, **sample, headers={"Cookie": cookie})


def test_a_session(api, token):
    path = "/games/{id}/session.json"
    sample = {"path_parameters": {"id": "sample"}}
    api(200, "GET", path, **sample, query={"t": token})
    api(403, "GET", path, **sample)
    # A path with a second reading names nothing.
    api(404, "GET", path, path_parameters={"id": "a%2Fb"})


def test_a_clip(api, token):
    path = "/games/{id}/clip.m3u8"
    part = {"start": "2", "end": "9", "t": token}
    sample = {"path_parameters": {"id": "sample"}}
    clip = api(200, "GET", path, **sample, query=part)
    api(304, "GET", path, **sample, query=part, headers={"If-None-Match": clip.headers["etag"][0]})
    api(412, "GET", path, **sample, query=part, headers={"If-Match": '"another"'})
    api(400, "GET", path, **sample, query={**part, "end": "1"})
    api(416, "GET", path, **sample, query={**part, "start": "900", "end": "901"})
    api(404, "GET", path, **sample, query={**part, "rendition": "poster.jpg"})
    api(403, "GET", path, **sample, query={"start": "2", "end": "9"})


def test_playback(world, api):
    path = "/api/games/{id}/playback"
    sample = {"path_parameters": {"id": "sample"}}
    assert api(401, "GET", path, **sample).json()["reason"] == "no_credential"
    guest = api(403, "GET", path, **sample, headers=bearer(world.sign_in("guest")))
    assert guest.json()["reason"] == "no_permission"
    api(404, "GET", path, path_parameters={"id": "no-such-film"}, headers=bearer(world.sign_in("ada")))


def test_a_session_of_all_films(world, api):
    path = "/api/playback/session"
    api(401, "GET", path)
    none = api(403, "GET", path, headers=bearer(world.sign_in("ada")))
    assert none.json()["reason"] == "no_entitlements"
    # The sign-in service of `reelgate up` lists no films. Another claim of its tokens is a list too.
    listing = world.beside(
        {
            "CLERK_JWKS_URL": f"{world.portal}/.well-known/jwks.json",
            "VIDEO_ORIGIN_URL": world.gate,
            "PLAYBACK_ENTITLEMENTS_CLAIM": "permissions",
        }
    )
    api(200, "GET", path, base=listing, headers=bearer(world.sign_in("ada")))


def test_what_is_not_configured(world, api, bare):
    assert api(503, "GET", "/api/playback/session", base=bare).json()["type"].endswith(":not-configured")
    api(503, "GET", "/api/games/{id}/playback", base=bare, path_parameters={"id": "sample"})
    api(503, "GET", "/api/videos", base=bare)
    api(503, "POST", "/api/internal/reconcile", base=bare)
    # With an admin token, and without Stream.
    admin = "an-admin-token-of-the-api-tests-0123456789"
    still = world.beside({"ADMIN_TOKEN": admin})
    done = api(200, "POST", "/api/internal/reconcile", base=still, headers=bearer(admin))
    assert "disabled" in done.json()


def test_a_video_from_its_registration_to_its_end(world, api):
    admin = {"headers": bearer(world.admin)}
    name = f"film-{next(NUMBERS)}"
    body = {"id": name, "source_key": f"uploads/{name}.mp4", "meta": {"team": "A"}}
    create = {"body": body, "media_type": "application/json"}
    api(401, "POST", "/api/videos", **create)
    created = api(201, "POST", "/api/videos", **create, **admin)
    assert created.json()["status"] == "uploading" and "upload" not in created.json()
    api(409, "POST", "/api/videos", **create, **admin)
    one = {"path_parameters": {"id": name}, **admin}
    api(200, "GET", "/api/videos/{id}", **one)
    api(200, "GET", "/api/videos", **admin)
    api(200, "GET", "/api/videos", query={"status": "uploading", "limit": 1}, **admin)
    refused = api(409, "POST", "/api/videos/{id}/retry", **one)
    assert refused.json()["video_status"] == "uploading"
    api(202, "POST", "/api/videos/{id}/encode", **one)
    api(409, "POST", "/api/videos/{id}/encode", **one)
    api(204, "DELETE", "/api/videos/{id}", **one)
    for method, path in [
        ("GET", "/api/videos/{id}"),
        ("DELETE", "/api/videos/{id}"),
        ("POST", "/api/videos/{id}/encode"),
        ("POST", "/api/videos/{id}/retry"),
    ]:
        api(404, method, path, **one)
        api(401, method, path, path_parameters={"id": name})


def test_an_upload(world, api):
    name = f"film-{next(NUMBERS)}"
    body = {"id": name, "source_key": f"uploads/{name}.mp4", "upload": True, "size": 1000, "content_type": "video/mp4"}
    created = api(201, "POST", "/api/videos", body=body, media_type="application/json", headers=bearer(world.admin))
    assert created.json()["upload"]["headers"] == {"content-length": "1000", "content-type": "video/mp4"}


def test_a_video_that_failed_is_tried_again(world, api, tmp_path):
    """Stream is asked for an original that is not there."""
    admin = {"headers": bearer(world.admin)}
    name = f"film-{next(NUMBERS)}"
    body = {"id": name, "source_key": f"uploads/{name}.mp4"}
    api(201, "POST", "/api/videos", body=body, media_type="application/json", **admin)
    one = {"path_parameters": {"id": name}, **admin}
    api(202, "POST", "/api/videos/{id}/encode", **one)
    for _ in range(200):
        if api(200, "GET", "/api/videos/{id}", **one).json()["status"] == "failed":
            break
        api(200, "POST", "/api/internal/reconcile", **admin)
    failed = api(200, "GET", "/api/videos/{id}", **one).json()
    assert failed["status"] == "failed" and failed["error"]["code"], failed
    api(202, "POST", "/api/videos/{id}/retry", **one)


def test_what_the_videos_api_refuses(world, api):
    admin = {"headers": bearer(world.admin)}
    json_body = {"media_type": "application/json", **admin}
    assert "id" in api(400, "POST", "/api/videos", body={"source_key": "a"}, **json_body).json()["detail"]
    text = {"headers": {**admin["headers"], "Content-Type": "text/plain"}}
    api(415, "POST", "/api/videos", body={"id": "a", "source_key": "a"}, media_type="application/json", **text)
    large = {"id": "a", "source_key": "a", "meta": {"x": "x" * 70_000}}
    api(413, "POST", "/api/videos", body=large, **json_body)
    api(400, "GET", "/api/videos", query={"limit": 0}, **admin)
    api(401, "GET", "/api/videos")
    api(405, "DELETE", "/api/videos", **admin)
    api(401, "DELETE", "/api/videos")
    api(401, "POST", "/api/internal/reconcile")
    api(405, "GET", "/api/internal/reconcile")


def test_the_host(api):
    api(200, "GET", "/healthz")
    assert api(200, "GET", "/readyz").json()["ready"]


def test_every_status_that_is_described_was_seen(document):
    """All walks above have to have run: pytest runs a file from first to last."""
    described = {
        (path, method, status)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
        for status in operation["responses"]
        if status not in OF_TROUBLE
    }
    assert json.dumps(sorted(described - SEEN)) == "[]"
