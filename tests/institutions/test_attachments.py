"""Attachments are taken for what they are, stored once, and handed out as downloads through their institution."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.institutions.attachments import MAX_BYTES
from app.institutions.files import JPEG, PDF, PNG, kind_of
from tests.institutions.registry import API, Registry, pointers

A_PDF = b"%PDF-1.7\n1 0 obj\nendobj\nstartxref\n9\n%%EOF\n"


def a_png() -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)

    header = (1).to_bytes(4) + (1).to_bytes(4) + b"\x08\x00\x00\x00\x00"
    pixels = chunk(b"IDAT", zlib.compress(b"\x00\x00"))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def a_jpeg(after: bytes = b"") -> bytes:
    frame = b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00"
    return b"\xff\xd8\xff\xe0\x00\x04\xff\xd9" + frame + b"\xff\xda\x00\x02" + b"scan" + b"\xff\xd9" + after


def a_zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x.txt", "虚构")
    return packed.getvalue()


WHOLE = {"虚构.pdf": A_PDF, "虚构.png": a_png(), "虚构.jpg": a_jpeg(), "虚构.JPEG": a_jpeg(b"a camera's own trailer")}


@pytest.mark.parametrize(("content", "kind"), [(A_PDF, PDF), (a_png(), PNG), (a_jpeg(), JPEG)])
def test_a_whole_file_is_known_and_any_part_of_it_is_not(content: bytes, kind: object) -> None:
    assert kind_of(content) is kind
    cut = content.rstrip(b"\n")
    assert [length for length in range(len(cut)) if kind_of(cut[:length])] == []


@pytest.mark.parametrize("name", WHOLE)
def test_what_was_uploaded_is_downloaded(registry: Registry, attachments: Path, name: str) -> None:
    path, content = f"{registry.add()['id']}/attachments", WHOLE[name]
    uploaded = registry.client.post(f"{API}/{path}", params={"name": name}, content=content)
    assert uploaded.status_code == 201
    digest = hashlib.sha256(content).hexdigest()
    assert (uploaded.json()["sha256"], uploaded.json()["size"]) == (digest, len(content))
    assert (attachments / digest[:2] / digest).read_bytes() == content
    assert registry.get(path, total=True)["items"] == [registry.get(f"{path}/{uploaded.json()['id']}")]
    download = registry.client.get(f"{API}/{path}/{uploaded.json()['id']}/content")
    assert (download.status_code, download.content) == (200, content)
    assert download.headers["X-Content-Type-Options"] == "nosniff"
    assert download.headers["Content-Disposition"].startswith("attachment;")
    assert "%E8%99%9A%E6%9E%84" in download.headers["Content-Disposition"]
    assert download.headers["Content-Type"] == uploaded.json()["media_type"]


@pytest.mark.parametrize(
    ("name", "content", "pointer"),
    [
        ("虚构.pdf", b"", ""),
        ("虚构.pdf", b"hello", ""),
        ("虚构.pdf", a_zip(), ""),
        ("虚构.pdf", a_zip() + A_PDF, ""),
        ("虚构.pdf", A_PDF[:20], ""),
        ("虚构.png", a_png()[:-1], ""),
        ("虚构.jpg", a_jpeg()[:-2], ""),
        ("虚构.html", b"<script>alert(1)</script>", ""),
        ("虚构.exe", A_PDF, "/query/name"),
        ("虚构.pdf", a_png(), "/query/name"),
        ("../虚构.pdf", A_PDF, "/query/name"),
        ("虚构\r\nX.pdf", A_PDF, "/query/name"),
    ],
)
def test_a_hostile_upload_is_refused_and_leaves_nothing(
    registry: Registry, attachments: Path, name: str, content: bytes, pointer: str
) -> None:
    path = f"{registry.add()['id']}/attachments"
    response = registry.client.post(
        f"{API}/{path}", params={"name": name}, content=content, headers={"Content-Type": "application/pdf"}
    )
    assert response.status_code == 422
    assert list(pointers(response)) == [pointer]
    assert registry.get(path)["items"] == []
    assert list((attachments / "drafts").iterdir()) == []


def a_large_pdf(size: int) -> bytes:
    return A_PDF[:9] + b" " * (size - len(A_PDF)) + A_PDF[9:]


def test_twenty_megabytes_are_taken_and_one_byte_more_is_not(registry: Registry, attachments: Path) -> None:
    path = f"{API}/{registry.add()['id']}/attachments"
    assert registry.client.post(path, params={"name": "虚构.pdf"}, content=a_large_pdf(MAX_BYTES)).status_code == 201
    too_large = a_large_pdf(MAX_BYTES + 1)
    assert registry.client.post(path, params={"name": "虚构.pdf"}, content=too_large).status_code == 413

    def unannounced() -> Iterator[bytes]:
        for start in range(0, len(too_large), 1_000_000):
            yield too_large[start : start + 1_000_000]

    assert registry.client.post(path, params={"name": "虚构.pdf"}, content=unannounced()).status_code == 413
    assert list((attachments / "drafts").iterdir()) == []


def test_every_other_address_keeps_the_common_limit(registry: Registry) -> None:
    body = b'{"name": "' + b"x" * 1_100_000 + b'"}'
    headers = {"Content-Type": "application/json"}
    assert registry.client.post(API, content=body, headers=headers).status_code == 413


def test_a_form_is_told_to_send_the_file_itself(registry: Registry) -> None:
    path = f"{API}/{registry.add()['id']}/attachments"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert registry.client.post(path, params={"name": "虚构.pdf"}, content=A_PDF, headers=headers).status_code == 415


def test_a_file_is_reached_only_through_its_institution(registry: Registry) -> None:
    mine, other = registry.add(), registry.add()
    path = f"{API}/{mine['id']}/attachments"
    key = registry.client.post(path, params={"name": "虚构.pdf"}, content=A_PDF).json()["id"]
    assert registry.client.get(f"{API}/{other['id']}/attachments/{key}").status_code == 404
    assert registry.client.get(f"{API}/{other['id']}/attachments/{key}/content").status_code == 404
