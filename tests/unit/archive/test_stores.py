"""Folders and buckets: what is refused in one line, and an S3 server that answers on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.archive.compaction import compact
from stream.archive.home import claim, open_archive
from stream.archive.layout import MARKER
from stream.archive.reading import files_of
from stream.archive.rewriting import expire, forget
from stream.archive.stores import Store, open_store
from stream.archive.turn import NAME, turn
from stream.archive.verification import verify
from stream.errors import StorageFailed, StreamError, UsageError
from tests.unit.archive.fields import REVIEW, archived, messages, new_store
from tests.unit.archive.test_writing import offsets


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """URI of a folder in a bucket of moto's server, which speaks S3 over HTTP."""
    from moto.server import ThreadedMotoServer

    patch = pytest.MonkeyPatch()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        patch.delenv(name)
    patch.setenv("AWS_ACCESS_KEY_ID", "test")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = f"region=us-east-1&scheme=http&endpoint_override={host}:{port}&allow_bucket_creation=true"
    store = open_store(f"s3://codiflux?{options}")
    store._system.create_dir("codiflux")
    yield f"s3://codiflux/history?{options}"
    server.stop()
    patch.undo()


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("ftp://host/archive", "ftp://: not a place"),
        ("hdfs://host/archive", "hdfs://: not a place"),
        ("s3://key:secret@bucket/x", "credentials do not belong into a URI"),
        ("", "no archive: give --output"),
        ("s3://", "s3://"),
    ],
)
def test_a_place_that_is_none_is_refused(uri: str, words: str) -> None:
    """In one line, and a secret is not repeated."""
    with pytest.raises(UsageError, match=words) as refusal:
        open_store(uri)
    assert "\n" not in str(refusal.value)
    assert "secret@" not in str(refusal.value)


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    """A mistyped --output must not mix our files with someone's."""
    (tmp_path / "thesis.odt").write_text("x")
    with pytest.raises(UsageError, match=r"has other files in it \(thesis\.odt\)"):
        claim(open_store(str(tmp_path)), topic_prefix="", cluster="k")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]
    with pytest.raises(UsageError, match="no archive there"):
        open_archive(str(tmp_path))


def test_the_archive_of_other_topics_is_refused(tmp_path: Path) -> None:
    """Offsets of another prefix or cluster do not continue ours."""
    store = new_store(tmp_path)
    claim(store, topic_prefix="", cluster="k")
    for other in ({"topic_prefix": "x.", "cluster": "k"}, {"topic_prefix": "", "cluster": "m"}):
        with pytest.raises(UsageError, match="do not continue each other"):
            claim(store, **other)
    store.put(MARKER, b'{"format": 99}')
    with pytest.raises(UsageError, match="format 99"):
        open_archive(str(tmp_path))


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """A file stands where the folder is to be: what root may not do either."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageFailed, match=r"cannot .*: Not a directory"):
        new_store(tmp_path / "file" / "archive")


RIGHTLESS = """
import os, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from stream.errors import StorageFailed
from tests.unit.archive.fields import archived, messages, new_store
store = new_store(Path({target!r}))
Path({target!r}).chmod(0o500)
if os.geteuid() == 0:
    os.setuid(65534)
try:
    archived(store, messages(range(5)))
except StorageFailed as error:
    print(error)
"""


def test_a_missing_right_is_one_line(tmp_path: Path) -> None:
    """A process that may not write there, also where the tests run as root."""
    code = RIGHTLESS.format(root=str(Path(__file__).parents[3]), target=str(tmp_path / "archive"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    [line] = done.stdout.splitlines()
    assert line.endswith(": Permission denied")
    assert [path.name for path in (tmp_path / "archive").iterdir()] == [MARKER]


def test_a_bucket_serves_as_a_folder_does(bucket: str) -> None:
    """Written, read, compacted, forgotten, expired and verified over HTTP."""
    store = open_store(bucket)
    claim(store, topic_prefix="", cluster="k")
    archived(store, *(messages(range(10 * n, 10 * n + 10)) for n in range(4)))
    assert offsets(store) == list(range(40))
    assert compact(store).after == 1
    assert forget(store, "J000003").rows == 1
    again = open_archive(bucket)
    assert offsets(again) == [offset for offset in range(40) if offset != 3]
    assert [(proof.faults, proof.absent) for proof in verify(again)] == [([], {"forgotten": 1})]
    assert expire(again, files_of(again, REVIEW)[0].day).rows == 0
    assert not again.exists(NAME)


def test_one_rewrites_a_bucket_at_a_time(bucket: str) -> None:
    """The claim is an object; who finds a fresh one goes away."""
    store = open_store(bucket)
    with turn(store) as renew:
        renew()
        with pytest.raises(StreamError, match="is at work"), turn(open_store(bucket)):
            pass
    assert not store.exists(NAME)


def test_an_upload_begins_only_with_all_its_bytes(bucket: str) -> None:
    """A bucket has no rename, and closing a stream completes its object: nothing may go wrong in between."""
    store = open_store(bucket.replace("/history", "/other"))
    with pytest.raises(TypeError):
        store.put("x", object())  # type: ignore[arg-type]
    assert not store.exists("x")


def test_a_bucket_that_is_not_there_is_one_line(bucket: str) -> None:
    """With what the server said."""
    store = open_store(bucket.replace("s3://codiflux/", "s3://nowhere/"))
    with pytest.raises(StorageFailed) as refusal:
        claim(store, topic_prefix="", cluster="k")
    assert "\n" not in str(refusal.value)
    assert isinstance(store, Store)
