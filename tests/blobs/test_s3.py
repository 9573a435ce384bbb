"""Blobs in an S3-compatible store: the contract of all stores, and what only an object store has."""

import os
import uuid
from collections.abc import Iterator

import boto3
import pytest
import test_blobs as contract

from bowerbird.blobs import Blobs, key_of
from bowerbird.errors import Unreachable

pytestmark = pytest.mark.anyio

KEYS = {"AWS_ACCESS_KEY_ID": "bowerbird", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-central-1"}

test_what_was_put_is_got = contract.test_what_was_put_is_got_under_the_hash_of_its_content
test_the_async_twins_say_the_same = contract.test_the_async_twins_say_the_same
test_putting_the_same_content_again_succeeds = contract.test_putting_the_same_content_again_succeeds
test_empty_and_large_contents_are_kept = contract.test_empty_and_large_contents_are_kept
test_a_range_is_cut_at_the_end_of_the_blob = contract.test_a_range_is_cut_at_the_end_of_the_blob
test_a_range_without_bytes_is_refused = contract.test_a_range_without_bytes_is_refused
test_a_missing_blob_is_not_found = contract.test_a_missing_blob_is_not_found
test_deleting_twice_is_fine = contract.test_deleting_twice_is_fine_and_the_content_can_come_back
test_what_is_not_a_key_reaches_no_file = contract.test_what_is_not_a_key_reaches_no_file
test_many_writers_all_succeed = contract.test_many_writers_of_the_same_content_all_succeed


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer  # takes a tenth of the time to collect all tests

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def environment(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an operator sets."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in (KEYS | {"AWS_ENDPOINT": endpoint, "AWS_ALLOW_HTTP": "true"}).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bucket(endpoint: str, environment: None) -> str:
    name = f"media-{uuid.uuid4().hex}"
    where = {"LocationConstraint": KEYS["AWS_REGION"]}
    boto3.client("s3", endpoint_url=endpoint, region_name=KEYS["AWS_REGION"]).create_bucket(
        Bucket=name, CreateBucketConfiguration=where
    )
    return name


@pytest.fixture
def blobs(bucket: str) -> Blobs:
    return Blobs(f"s3://{bucket}/some/prefix")


def objects(endpoint: str, bucket: str) -> dict[str, str]:
    """The names and versions of the bucket's objects, as another client sees them."""
    answer = boto3.client("s3", endpoint_url=endpoint).list_object_versions(Bucket=bucket)
    return {version["Key"]: version["VersionId"] for version in answer.get("Versions", [])}


def test_objects_lie_under_the_prefix_by_the_hash_of_their_content(
    endpoint: str, bucket: str, blobs: Blobs
) -> None:
    key = blobs.put(b"petals")
    assert list(objects(endpoint, bucket)) == [f"some/prefix/{key[:2]}/{key[2:4]}/{key}"]


def test_content_that_is_there_is_not_written_again(endpoint: str, bucket: str, blobs: Blobs) -> None:
    s3 = boto3.client("s3", endpoint_url=endpoint)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    blobs.put(b"once")
    before = objects(endpoint, bucket)
    Blobs(f"s3://{bucket}/some/prefix").put(b"once")
    assert objects(endpoint, bucket) == before
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 1


def test_another_process_finds_what_was_put(bucket: str, blobs: Blobs) -> None:
    key = blobs.put(b"shared")
    other = Blobs(f"s3://{bucket}/some/prefix")
    assert other.get_range(key, 2, 4) == b"ar"
    assert not Blobs(f"s3://{bucket}/another/prefix").exists(key)


async def test_a_bucket_that_is_missing_is_no_missing_blob(environment: None) -> None:
    blobs = Blobs("s3://nobody-made-this/prefix")
    with pytest.raises(Unreachable):
        await blobs.put_async(b"lost")
    with pytest.raises(Unreachable):
        blobs.get(key_of(b"lost"))
