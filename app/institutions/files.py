"""What a file is, told from its content: PDF, JPEG or PNG, whole and not merely named so."""

from dataclasses import dataclass
from mmap import mmap
from typing import Final, Protocol

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_HEADER: Final = b"\x00\x00\x00\rIHDR"
_PNG_END: Final = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_JPEG: Final = b"\xff\xd8\xff"
_JPEG_END: Final = b"\xff\xd9"
_START_OF_SCAN: Final = 0xDA
# Markers that begin a frame, less those of the same range that define tables.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MOST_SEGMENTS: Final = 2_000
_PDF: Final = b"%PDF-"
# Readers look for the end of a PDF in its last kilobyte or so.
_PDF_TAIL: Final = 2_048


class Content(Protocol):
    """Bytes in memory or mapped from a file."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: slice, /) -> bytes: ...

    def find(self, sought: bytes, start: int = ..., end: int = ..., /) -> int: ...


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file that is taken, with the endings that its name may have."""

    media_type: str
    endings: tuple[str, ...]


PDF: Final = FileKind("application/pdf", (".pdf",))
JPEG: Final = FileKind("image/jpeg", (".jpg", ".jpeg"))
PNG: Final = FileKind("image/png", (".png",))
KINDS: Final = (PDF, JPEG, PNG)


def kind_of(content: bytes | mmap) -> FileKind | None:
    """The kind of a whole file; None for any other kind, and for one that breaks off."""
    if content[: len(_PNG)] == _PNG:
        return PNG if _whole_png(content) else None
    if content[: len(_JPEG)] == _JPEG:
        return JPEG if _whole_jpeg(content) else None
    if content[: len(_PDF)] == _PDF:
        return PDF if _whole_pdf(content) else None
    return None


def _whole_png(content: Content) -> bool:
    start = len(_PNG)
    return content[start : start + len(_PNG_HEADER)] == _PNG_HEADER and content[-len(_PNG_END) :] == _PNG_END


def _whole_pdf(content: Content) -> bool:
    tail = content[max(0, len(content) - _PDF_TAIL) :]
    return tail.rfind(b"startxref") != -1 and tail.rfind(b"%%EOF") > tail.rfind(b"startxref")


def _whole_jpeg(content: Content) -> bool:
    """A frame, a scan, and an end after it. Cameras write more after the end, so it need not be the last bytes."""
    place, framed = 2, False
    for _ in range(_MOST_SEGMENTS):
        head = content[place : place + 4]
        if len(head) < len(b"\xff\xe0\x00\x00") or head[0] != _JPEG[0]:
            return False
        length = int.from_bytes(head[2:4])
        if head[1] == _START_OF_SCAN:
            return framed and content.find(_JPEG_END, place + 2 + length) != -1
        framed = framed or head[1] in _FRAMES
        place += 2 + length
    return False
