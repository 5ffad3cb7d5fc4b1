"""Photos and documents that people attach: known by their first bytes, freed of what cameras write into them. Pure.

Cameras note where and when a picture was taken, on what device, often with a second small picture. Nothing of it is
kept but the orientation, without which photos of telephones lie on their side. Pictures are not decoded: what is
dropped are whole parts of the file, so the quality stays. Formats: ITU-T T.81 and Exif 2.3 (JPEG), the PNG
specification (third edition), the WebP container, ISO 32000 (PDF).
"""

import struct
from collections.abc import Iterator
from typing import Final

import msgspec

from services.kit.errors import Refused, TooLarge
from services.kit.i18n import gettext as _

MOST_BYTES: Final = 5_000_000
JPEG, PNG, WEBP, PDF = "image/jpeg", "image/png", "image/webp", "application/pdf"
ENDINGS: Final = {JPEG: "jpg", PNG: "png", WEBP: "webp", PDF: "pdf"}

_EXIF: Final = b"Exif\x00\x00"
_ORIENTATION, _GPS = 0x0112, 0x8825
_SHORT: Final = 3
_PNG_KEPT: Final = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs"}
)
_WEBP_KEPT: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_NOTES: Final = 0x08 | 0x04
"""The flags that say there is Exif and XMP."""
MOST_PARTS: Final = 100_000


class File(msgspec.Struct, frozen=True):
    media_type: str
    content: bytes


def cleaned(content: bytes) -> File:
    """The file as it may be kept. Raises TooLarge, and Refused for what is none of the four kinds or is broken.

    A PDF is kept as it is; one that shows a place (GPS) openly is refused, because nothing can be taken out of it
    safely. What is hidden in its compressed parts is not looked for.
    """
    if len(content) > MOST_BYTES:
        raise TooLarge(_("The file is larger than {most} MB.", most=MOST_BYTES // 1_000_000))
    try:
        if content.startswith(b"\xff\xd8\xff"):
            return File(JPEG, b"".join(_jpeg(content)))
        if content.startswith(b"\x89PNG\r\n\x1a\n"):
            return File(PNG, content[:8] + b"".join(_png(content)))
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            body = b"WEBP" + b"".join(_webp(content))
            return File(WEBP, b"RIFF" + struct.pack("<I", len(body)) + body)
        if content.startswith(b"%PDF-"):
            return File(PDF, _pdf(content))
    except (struct.error, IndexError, ValueError) as problem:
        raise Refused(_("This file is broken or incomplete.")) from problem
    raise Refused(_("Only photos (JPEG, PNG, WebP) and PDF files, please."))


def pixels(file: File) -> int:
    """How many a picture has, as its header says; 0 where it says nothing, or is no picture."""
    try:
        wide, high = _SIZES[file.media_type](file.content)
    except (KeyError, IndexError, struct.error, ValueError):
        return 0
    return wide * high


def _jpeg_size(content: bytes) -> tuple[int, int]:
    at = 2
    for _turn in range(MOST_PARTS):
        while content[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker = content[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # start of frame
            high, wide = struct.unpack_from(">HH", content, at + 5)
            return wide, high
        at += 2 + struct.unpack_from(">H", content, at + 2)[0]
    raise ValueError


def _png_size(content: bytes) -> tuple[int, int]:
    wide, high = struct.unpack_from(">II", content, 16)
    return wide, high


def _webp_size(content: bytes) -> tuple[int, int]:
    kind, body = content[12:16], content[20:30]
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    wide, high = struct.unpack_from("<HH", body, 6)
    return wide & 0x3FFF, high & 0x3FFF


_SIZES: Final = {JPEG: _jpeg_size, PNG: _png_size, WEBP: _webp_size}


def _jpeg(content: bytes) -> Iterator[bytes]:
    """Its parts without application data and comments; what stands behind the end of the picture goes too."""
    kept: list[bytes] = []
    orientation, at = 1, 2
    for _turn in range(MOST_PARTS):
        while content[at] == 0xFF and content[at + 1] == 0xFF:  # fill bytes
            at += 1
        if content[at] != 0xFF:
            raise ValueError
        marker = content[at + 1]
        if marker == 0xD9:  # end of image
            exif = _oriented(orientation) if orientation != 1 else b""
            yield from (b"\xff\xd8", exif, *kept, b"\xff\xd9")
            return
        (length,) = struct.unpack_from(">H", content, at + 2)
        end = at + 2 + length
        part = content[at:end]
        if length < 2 or len(part) != 2 + length:
            raise ValueError
        body = part[4:]
        if marker == 0xE1 and body.startswith(_EXIF):
            orientation = dict(_tags(body[len(_EXIF) :])).get(_ORIENTATION, 1)
        if not (0xE1 <= marker <= 0xEF or marker == 0xFE) or _needed(marker, body):
            kept.append(part)
        at = end
        if marker == 0xDA:  # start of scan: its data goes on to the next marker
            at = _after_scan(content, end)
            kept.append(content[end:at])
    raise ValueError


def _needed(marker: int, body: bytes) -> bool:
    """Colour profiles, and how the colours are coded."""
    return (marker == 0xE2 and body.startswith(b"ICC_PROFILE\x00")) or (marker == 0xEE and body.startswith(b"Adobe"))


def _after_scan(content: bytes, at: int) -> int:
    while (at := content.find(b"\xff", at)) >= 0:
        if content[at + 1] not in (0x00, *range(0xD0, 0xD8)):  # neither a stuffed byte nor a restart
            return at
        at += 2
    raise ValueError


def _tags(tiff: bytes) -> Iterator[tuple[int, int]]:
    """The tags of the first directory of a TIFF header with their values, as far as they are small numbers."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return
    (start,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    for number in range(min(count, 500)):
        tag, kind = struct.unpack_from(f"{order}HH", tiff, start + 2 + 12 * number)
        (value,) = struct.unpack_from(f"{order}{'H' if kind == _SHORT else 'I'}", tiff, start + 10 + 12 * number)
        yield tag, value


def _oriented(orientation: int) -> bytes:
    """Exif data that says how the picture is turned and nothing else; empty for what cannot be."""
    if not 2 <= orientation <= 8:
        return b""
    tiff = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, _ORIENTATION, _SHORT, 1, orientation, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", 2 + len(_EXIF) + len(tiff)) + _EXIF + tiff


def _png(content: bytes) -> Iterator[bytes]:
    at = 8
    for _turn in range(MOST_PARTS):
        length, kind = struct.unpack_from(">I4s", content, at)
        part = content[at : at + 12 + length]
        if len(part) != 12 + length:
            raise ValueError
        if kind in _PNG_KEPT:
            yield part
        if kind == b"IEND":
            return
        at += len(part)
    raise ValueError


def _webp(content: bytes) -> Iterator[bytes]:
    (size,) = struct.unpack_from("<I", content, 4)
    at, end = 12, 8 + size
    if end > len(content):
        raise ValueError
    while at < end:
        kind, length = struct.unpack_from("<4sI", content, at)
        part = content[at : at + 8 + length + length % 2]
        if len(part) < 8 + length:
            raise ValueError
        if kind == b"VP8X":
            part = part[:8] + bytes([part[8] & ~_WEBP_NOTES]) + part[9:]
        if kind in _WEBP_KEPT:
            yield part
        at += 8 + length + length % 2


def _pdf(content: bytes) -> bytes:
    if b"%%EOF" not in content[-2048:]:
        raise ValueError
    place, at = b"exif:GPS" in content or b"GPSLatitude" in content, -1
    while not place and (at := content.find(_EXIF, at + 1)) >= 0:
        try:
            place = any(tag == _GPS for tag, _value in _tags(content[at + len(_EXIF) : at + 66_000]))
        except struct.error:
            continue
    if place:
        raise Refused(
            _("This PDF says where a photo was taken. Please make it anew without that, or attach the photo.")
        )
    return content
