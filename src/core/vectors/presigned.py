"""Writes presigned.json: S3 URLs as botocore signs them, to compare ours with.

    python3 -m venv venv && venv/bin/pip install botocore==1.43.11 && venv/bin/python presigned.py

The key pair is the example of AWS's own documentation and opens nothing.
"""

import datetime
import json
import pathlib

import botocore.auth
import botocore.session
from botocore.config import Config

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
R2 = "https://account.r2.cloudflarestorage.com"

KEYS = [
    "games/2025001/master.m3u8",
    "games/2025001/720p/seg_00001.m4s",
    "games/a/with a space.mp4",
    "games/a/plus+plus.mp4",
    "games/a/copy (1).mp4",
    "games/a/100%.mp4",
    "games/a/~tilde~.mp4",
    "games/a/Größe und 東京 🎬.mp4",
    "games/a/e\u0301 decomposed.mp4",
    "games/a/a&b=c.mp4",
    "games/a/what?.mp4",
    "games/a/#1.mp4",
    "games/a/it's, \"so\" [sic]; <x> {y} |z|.mp4",
    "games/a/user@host:8080!$*.mp4",
    "games/a/caret^grave`.mp4",
    "games/a/-_.~/...",
]

PLACES = [
    # endpoint, bucket, region, time
    (R2, "films", "auto", "2025-03-01T12:34:56Z"),
    ("http://127.0.0.1:9000", "films", "us-east-1", "2024-02-29T23:59:59Z"),
    ("https://s3.eu-west-1.amazonaws.com", "my.films-2", "eu-west-1", "2026-12-31T00:00:00Z"),
    ("http://[::1]:9000", "films", "us-east-1", "1999-01-01T00:00:01Z"),
]


# key, length, type
UPLOADS = [
    ("u/v/movie.mp4", 123_456_789, "video/mp4"),
    ("uploads/Größe (1)+a&b=c%20d~.mp4", 1, "application/octet-stream"),
    ("originals/-_.~/film.mov", 5_368_709_120, "video/quicktime"),
]


# operation, parameters: what the catalog asks of its bucket.
ROW = ".reelgate/videos/a-1.json"
MARK = {"reelgate-write": "0123456789abcdef0123456789abcdef"}
CATALOG = [
    ("delete_object", {"Key": ROW}),
    ("put_object", {"Key": ROW, "IfMatch": '"9b2cf535f27731c974343645a3985328"', "Metadata": MARK}),
    ("put_object", {"Key": ROW, "IfNoneMatch": "*", "Metadata": MARK}),
    ("list_objects_v2", {"Prefix": ".reelgate/in-flight/", "MaxKeys": 1000}),
    ("list_objects_v2", {"Prefix": ".reelgate/videos/", "MaxKeys": 51, "StartAfter": ROW + " &+"}),
]


def client(endpoint, region, time):
    now = datetime.datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ")
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: now
    return botocore.session.get_session().create_client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


def url(endpoint, bucket, region, time, method, key, length=None, media_type=None):
    operation = {"GET": "get_object", "HEAD": "head_object", "PUT": "put_object"}[method]
    params = {"Bucket": bucket, "Key": key}
    if method == "PUT":
        params |= {"ContentLength": length, "ContentType": media_type}
    return client(endpoint, region, time).generate_presigned_url(
        operation, Params=params, ExpiresIn=3600, HttpMethod=method
    )


def catalog():
    endpoint, bucket, region, time = PLACES[0]
    for operation, params in CATALOG:
        yield client(endpoint, region, time).generate_presigned_url(
            operation, Params={"Bucket": bucket, **params}, ExpiresIn=3600
        )


def cases():
    for key in KEYS:
        yield (*PLACES[0], "GET", key)
    for place in PLACES:
        for method in ("GET", "HEAD"):
            yield (*place, method, KEYS[4])


def main():
    rows = [
        {
            "endpoint": endpoint,
            "bucket": bucket,
            "region": region,
            "time": time,
            "unix_time": int(
                datetime.datetime.strptime(time, "%Y-%m-%dT%H:%M:%S%z").timestamp()
            ),
            "method": method,
            "key": key,
            "url": url(endpoint, bucket, region, time, method, key),
        }
        for endpoint, bucket, region, time, method, key in cases()
    ]
    endpoint, bucket, region, time = PLACES[0]
    uploads = [
        {
            "endpoint": endpoint,
            "bucket": bucket,
            "region": region,
            "unix_time": rows[0]["unix_time"],
            "key": key,
            "length": length,
            "type": media_type,
            "url": url(*PLACES[0], "PUT", key, length, media_type),
        }
        for key, length, media_type in UPLOADS
    ]
    document = {
        "made_with": f"botocore {botocore.__version__}, presigned.py beside this file",
        "access_key_id": KEY_ID,
        "secret_access_key": SECRET,
        "expires": 3600,
        "urls": rows,
        "uploads": uploads,
        "catalog": list(catalog()),
    }
    path = pathlib.Path(__file__).with_name("presigned.json")
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


main()
