"""A file is what its first bytes say, and a name that claims something harmless is found out."""

import gzip
import io
import lzma
import struct
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.client.inbox.claims import mismatch
from secure_chat.client.inbox.kinds import FIRST_BYTES, UNKNOWN, media_type

PROGRAM = "application/x-elf"


def tar() -> bytes:
    """Return a real archive with one file."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return data.getvalue()


def zipped() -> bytes:
    """Return a real archive with one file."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("a", "b")
    return data.getvalue()


def windows_program() -> bytes:
    """Return the beginning of one: the old header, and the new one where that points to."""
    return b"MZ".ljust(60, b"\0") + (128).to_bytes(4, "little") + bytes(64) + b"PE\0\0" + bytes(20)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
        (b"GIF89a\1\0\1\0", "image/gif"),
        (b"GIF87a\1\0\1\0", "image/gif"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/vnd.wave"),
        (b"RIFF\x24\0\0\0AVI LIST", "video/x-msvideo"),
        (b"RIFF\x24\0\0\0NONE\xff", UNKNOWN),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "image/avif"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "image/heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0", "image/heif"),
        (b"\0\0\0\x18ftypisom\0\0\2\0", "video/mp4"),
        (b"\0\0\0\x18ftypM4A \0\0\2\0", "audio/mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\2\0", "video/quicktime"),
        (b"BM" + struct.pack("<IHHII", 70, 0, 0, 54, 40), "image/bmp"),
        (b"BMX is a bicycle, not a picture", "text/plain"),
        (b"II*\0\x08\0\0\0", "image/tiff"),
        (b"MM\0*\0\0\0\x08", "image/tiff"),
        (b"%PDF-1.7\n%\xe2\xe3", "application/pdf"),
        (zipped(), "application/zip"),
        (b"PK\x05\x06" + bytes(18), "application/zip"),
        (gzip.compress(b"a", mtime=0), "application/gzip"),
        (lzma.compress(b"a"), "application/x-xz"),
        (b"\x28\xb5\x2f\xfd\x24\0\1\0\0", "application/zstd"),
        (b"BZh91AY&SY\xaa", "application/x-bzip2"),
        (b"BZh is no archive", "text/plain"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "application/x-7z-compressed"),
        (b"Rar!\x1a\x07\1\0", "application/vnd.rar"),
        (tar(), "application/x-tar"),
        (b"ID3\x04\0\0\0\0\0\0", "audio/mpeg"),
        (b"ID3 is a tag", "text/plain"),
        (b"\xff\xfb\x90\x64\0\0", "audio/mpeg"),
        (b"\xff\xfb\x9c\x64\0\0", UNKNOWN),
        (b"\xff\xfb\xf0\x64\0\0", UNKNOWN),
        ("\ufeffhi".encode("utf-16-le"), UNKNOWN),
        (b"OggS\0\2\0\0", "application/ogg"),
        (b"fLaC\0\0\0\x22", "audio/flac"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\1B\x82\x84webm", "video/webm"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\1B\x82\x88matroska", "video/matroska"),
        (b"\x7fELF\2\1\1\0", PROGRAM),
        (windows_program(), "application/vnd.microsoft.portable-executable"),
        (b"MZ\x90\0\3\0", "application/x-dosexec"),
        (b"MZ was the designer's initials", "text/plain"),
        (b"\xcf\xfa\xed\xfe\7\0\0\1", "application/x-mach-binary"),
        (b"\xca\xfe\xba\xbe\0\0\0\2\1\0\0\7", "application/x-mach-binary"),
        (b"\xca\xfe\xba\xbe\0\0\0\x41\0\x10", "application/java-vm"),
        (b"L\0\0\0\1\x14\2\0\0\0", "application/x-ms-shortcut"),
        (b"\0asm\1\0\0\0", "application/wasm"),
        (b"SQLite format 3\0\x10\0", "application/vnd.sqlite3"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "application/x-ole-storage"),
        (b"#!/bin/sh\nrm -rf ~\n", "text/x-shellscript"),
        (b"#! /usr/bin/env python3\n", "text/x-shellscript"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB\n", "application/pem-certificate-chain"),
        (b"subject=alice\n-----BEGIN CERTIFICATE-----\n", "application/pem-certificate-chain"),
        (b"not -----BEGIN CERTIFICATE-----\n", "text/plain"),
        (b"-----BEGIN PRIVATE KEY-----\nMIIB\n", "text/plain"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>", "text/xml"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><svg>", "text/xml"),
        (b"<!-- a --><svg/>", "text/xml"),
        (b"<!DOCTYPE svg PUBLIC>", "text/xml"),
        (b"\n <!doctype html><script>", "text/html"),
        (b"<HTML><body>", "text/html"),
        (b"<htmlish>", "text/plain"),
        (b'{"a": [1, 2]}', "text/plain"),
        ("grüße 你好\r\n\tund\fmehr".encode(), "text/plain"),
        (b"", UNKNOWN),
        (b"a\0b", UNKNOWN),
        (b"a\x1b[2J", UNKNOWN),
        (b"caf\xe9", UNKNOWN),
        ("\x85".encode(), UNKNOWN),
    ],
)
def test_a_kind_is_told_by_the_bytes(data: bytes, expected: str) -> None:
    """Each known kind is recognised, and what only looks like one is not."""
    assert media_type(data) == expected


def test_this_interpreter_is_a_program() -> None:
    """A real one is recognised, whatever this system calls programs."""
    with Path(sys.executable).open("rb") as file:
        data = file.read(FIRST_BYTES)
    assert mismatch("holiday.png", media_type(data)) == "called .png, but it is a program"


def test_a_letter_cut_off_at_the_end_of_the_first_bytes_is_still_text() -> None:
    """Only the beginning is seen; in a short file half a letter is none."""
    text = "ä" * FIRST_BYTES
    assert media_type((b"a" + text.encode())[:FIRST_BYTES]) == "text/plain"
    assert media_type(text.encode()[:101]) == UNKNOWN


@given(st.binary(max_size=600))
def test_any_bytes_are_of_some_kind(data: bytes) -> None:
    """Nothing raises, and the answer is a media type."""
    kind, _, subtype = media_type(data).partition("/")
    assert kind in {"application", "audio", "image", "text", "video"}
    assert subtype


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("photo.png", PROGRAM, "called .png, but it is a program"),
        ("photo.JPG. ", PROGRAM, "called .jpg, but it is a program"),
        ("notes.txt", PROGRAM, "called .txt, but it is a program"),
        ("letter.docx", "application/x-dosexec", "called .docx, but it is a program"),
        ("all.zip", "application/java-vm", "called .zip, but it is a program"),
        ("a.pdf", "text/x-shellscript", "called .pdf, but it is a script"),
        ("a.gif", "text/html", "called .gif, but it is a page that may hold scripts"),
        ("a.png", "text/xml", "called .png, but it is a page that may hold scripts"),
        ("a.mp3", "application/zip", "called .mp3, but it is an archive"),
        ("a.csv", "application/gzip", "called .csv, but it is an archive"),
        (
            "a.pdf",
            "application/x-ms-shortcut",
            "called .pdf, but it is a shortcut to something else",
        ),
        (
            "invoice.pdf.exe",
            "application/vnd.microsoft.portable-executable",
            "looks like .pdf, but its ending .exe makes it a program",
        ),
        (
            "photo.jpg .scr",
            UNKNOWN,
            "looks like .jpg, but its ending .scr makes it a program",
        ),
        (
            "holiday.jpg.lnk",
            "application/x-ms-shortcut",
            "looks like .jpg, but its ending .lnk makes it a program",
        ),
    ],
)
def test_a_dangerous_claim_is_told(name: str, kind: str, sentence: str) -> None:
    """What a person would open without a thought, and would better not."""
    assert mismatch(name, kind) == sentence


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("photo.png", "image/png"),
        ("photo.png", "image/jpeg"),
        ("tool", PROGRAM),
        ("tool.exe", "application/vnd.microsoft.portable-executable"),
        ("tool.bin", PROGRAM),
        ("install.sh", "text/x-shellscript"),
        ("notes.txt", "text/x-shellscript"),
        ("notes.md", "text/html"),
        ("drawing.svg", "text/xml"),
        ("letter.docx", "application/zip"),
        ("all.tar.gz", "application/gzip"),
        ("photo.png", UNKNOWN),
        ("photo.png", "text/plain"),
        ("setup.1.2.exe", UNKNOWN),
        ("", PROGRAM),
    ],
)
def test_an_honest_or_harmless_claim_says_nothing(name: str, kind: str) -> None:
    """A program that says so, a document that is an archive, a script read as a text."""
    assert mismatch(name, kind) == ""


@given(st.text(max_size=40), st.sampled_from([PROGRAM, "text/html", "application/zip", UNKNOWN]))
def test_no_word_of_a_received_name_gets_into_the_sentence(name: str, kind: str) -> None:
    """It is made of our own words, so it can be shown as it is."""
    assert mismatch(name, kind).isascii()
    assert mismatch(name, kind).isprintable()
