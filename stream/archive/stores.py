"""Where archives lie: a folder or an S3 bucket, behind pyarrow's file systems.

A file appears under its name whole or not at all. In a folder it is written beside under another
name, synced and renamed; in an object store, which has no rename, an upload becomes an object only
when it is complete, and replaces an earlier one in the same step.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from stream.archive.layout import PARTIAL
from stream.errors import StorageFailed, UsageError

SCHEMES = ("file", "s3")


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of a store: its path below the root, and its size in bytes."""

    path: str
    size: int


class Store:
    """Files below one root; use `open_store`.

    Parameters
    ----------
    name
        As the user gave it, for messages.
    root
        In the words of the file system.
    """

    def __init__(self, system: fs.FileSystem, root: str, name: str) -> None:
        self._system = system
        self._root = root.rstrip("/")
        self.name = name
        self.local = isinstance(system, fs.LocalFileSystem)

    def files(self, under: str = "") -> Iterator[Stored]:
        """Every file below a folder of the root; none where it does not exist."""
        selector = fs.FileSelector(self._at(under), recursive=True, allow_not_found=True)
        for info in self._do("list", under, self._system.get_file_info, selector):
            if info.type == fs.FileType.File:
                yield Stored(info.path[len(self._root) + 1 :], info.size)

    def exists(self, path: str) -> bool:
        """Whether a file is there."""
        info = self._do("look for", path, self._system.get_file_info, self._at(path))
        return bool(info.type == fs.FileType.File)

    def open(self, path: str) -> Any:
        """A file for random access; raises `FileNotFoundError` where it is not there."""
        return self._do("read", path, self._system.open_input_file, self._at(path))

    def read(self, path: str) -> bytes:
        """All bytes of a file."""
        with self.open(path) as file:
            content: bytes = file.read()
        return content

    def put(self, path: str, content: pa.Buffer | bytes) -> None:
        """Write a file whole or not at all, in the place of one of that name."""
        self._do("write", path, self._put_local if self.local else self._upload, self._at(path), content)

    def delete(self, path: str) -> None:
        """Remove a file; one that is not there is removed already."""
        try:
            self._do("delete", path, self._system.delete_file, self._at(path))
        except FileNotFoundError:
            return

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _upload(self, path: str, content: pa.Buffer | bytes) -> None:
        with self._system.open_output_stream(path) as stream:
            stream.write(content)

    def _put_local(self, path: str, content: pa.Buffer | bytes) -> None:
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{os.getpid()}{PARTIAL}")
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)

    def _do(self, doing: str, path: str, action: Any, *arguments: Any) -> Any:
        try:
            return action(*arguments)
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowException) as error:
            raise StorageFailed(f"{self.name}: cannot {doing} {path or 'the folder'}: {_why(error)}") from error


def open_store(uri: str) -> Store:
    """The store of a folder or a URI; nothing is made or looked at yet.

    Parameters
    ----------
    uri
        A path, `file:///...` or `s3://bucket/folder`, the latter with pyarrow's options, such as
        `?region=eu-west-3` or `?endpoint_override=127.0.0.1:9000&scheme=http`. Credentials come from
        the environment (`AWS_ACCESS_KEY_ID`, a profile, an instance's role), never from the URI.

    Raises
    ------
    UsageError
        Another scheme, credentials in the URI, or no bucket.
    """
    if "://" not in uri:
        if not uri.strip():
            raise UsageError("no archive: give --output, a folder or s3://bucket/folder")
        return Store(fs.LocalFileSystem(), str(Path(uri).expanduser().absolute()), uri)
    parts = urlsplit(uri)
    if parts.scheme not in SCHEMES:
        raise UsageError(f"{parts.scheme}://: not a place for an archive; a folder, file:// or s3:// is")
    if "@" in parts.netloc:
        raise UsageError("credentials do not belong into a URI: give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    shown = f"{parts.scheme}://{parts.netloc}{parts.path}"
    try:
        system, root = fs.FileSystem.from_uri(uri)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise UsageError(f"{shown}: {_why(error)}") from error
    if not root.strip("/"):
        raise UsageError(f"{shown}: no bucket or folder in it")
    return Store(system, root, shown)


def _sync_folder(folder: Path) -> None:
    """A rename survives a power cut once the folder is on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _why(error: Exception) -> str:
    """One line, without the library's own trail."""
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number in errno.errorcode:
        return os.strerror(number)
    return str(error).splitlines()[0].partition(". Detail:")[0]
