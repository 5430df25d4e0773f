"""Where the content of attachments lies: under its hash, once, in a folder; a bucket may take the folder's place."""

import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import anyio.to_thread

from app.institutions.files import FileKind, kind_of

_PRIVATE_FOLDER: Final = 0o700


class ContentMissing(LookupError):
    """The database knows a hash that the storage does not hold."""


class Storage(Protocol):
    """Content by its SHA-256. Keeping the same content twice keeps it once."""

    def drafts(self) -> Path:
        """A folder for content that is still arriving, from which `keep` moves it."""

    def keep(self, draft: Path, sha256: str) -> None:
        """Take a finished draft into the storage."""

    def open(self, sha256: str) -> BinaryIO:
        """The content. Raises ContentMissing."""


class Folder:
    """<root>/<first two digits>/<hash>; drafts in <root>/drafts, so that keeping one is a rename."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def drafts(self) -> Path:
        folder = self._root / "drafts"
        folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        return folder

    def keep(self, draft: Path, sha256: str) -> None:
        place = self._place(sha256)
        place.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        draft.replace(place)

    def open(self, sha256: str) -> BinaryIO:
        try:
            return self._place(sha256).open("rb")
        except FileNotFoundError:
            raise ContentMissing(sha256) from None

    def _place(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256


@dataclass(frozen=True, slots=True)
class Draft:
    """Content that has arrived whole: where it lies, how long it is, its hash, and what kind of file it is."""

    path: Path
    size: int
    sha256: str
    kind: FileKind | None


@contextmanager
def draft_file(storage: Storage) -> Iterator[BinaryIO]:
    """A file for arriving content, gone at the end unless it was kept."""
    handle, name = tempfile.mkstemp(dir=storage.drafts())
    os.close(handle)
    path = Path(name)
    try:
        with path.open("r+b") as file:
            yield file
    finally:
        path.unlink(missing_ok=True)


async def received(chunks: AsyncIterator[bytes], file: BinaryIO) -> Draft:
    """Write the chunks as they come, in a thread: neither the memory nor the event loop holds a whole file."""
    digest, size = hashlib.sha256(), 0
    async for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        await anyio.to_thread.run_sync(file.write, chunk)
    kind = await anyio.to_thread.run_sync(_finished, file, size)
    return Draft(Path(file.name), size, digest.hexdigest(), kind)


def _finished(file: BinaryIO, size: int) -> FileKind | None:
    """Bring the content to the disk and look what it is."""
    file.flush()
    os.fsync(file.fileno())
    if not size:
        return None
    with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return kind_of(content)


def chunks_of(file: BinaryIO, size: int = 65_536) -> Iterator[bytes]:
    """The content of an open file piece by piece; it is closed at the end."""
    with file:
        while chunk := file.read(size):
            yield chunk
