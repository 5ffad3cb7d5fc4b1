"""Photos and documents: only the kinds we know, and nothing in them of where, when and with what they were taken."""

import struct
import zlib

import pytest

from services.events.openspace.likeness import Text, alike
from services.events.openspace.media import JPEG, MOST_BYTES, PDF, PNG, WEBP, cleaned
from services.kit.errors import Refused, TooLarge

PLACE = b"48.7758 N, 9.1829 E"


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", 2 + len(body)) + body


def exif(orientation: int = 6, order: str = "<") -> bytes:
    """An Exif block that says how the picture is turned and where it was taken."""
    mark = b"II" if order == "<" else b"MM"
    entries = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0) + struct.pack(f"{order}HHII", 0x8825, 4, 1, 38)
    return b"Exif\0\0" + mark + struct.pack(f"{order}HIH", 42, 8, 2) + entries + struct.pack(f"{order}I", 0) + PLACE


def jpeg(*parts: bytes, behind: bytes = b"") -> bytes:
    scan = segment(0xDA, bytes(10)) + b"\x01\x02\xff\x00\x03\xff\xd0\x04"
    frame = segment(0xC0, bytes(15)) + segment(0xDB, bytes(65))
    return b"\xff\xd8" + segment(0xE0, b"JFIF\0" + bytes(9)) + b"".join(parts) + frame + scan + b"\xff\xd9" + behind


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*more: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + data + chunk(b"IEND", b"")


def webp(*more: bytes) -> bytes:
    def part(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    parts = part(b"VP8X", bytes([0x0C]) + bytes(9)) + part(b"VP8 ", b"abc") + b"".join(more)
    parts += part(b"EXIF", exif()) + part(b"XMP ", PLACE)
    return b"RIFF" + struct.pack("<I", 4 + len(parts)) + b"WEBP" + parts


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_photo_loses_its_place_and_keeps_its_orientation(order: str) -> None:
    notes = [
        segment(0xE1, exif(6, order)),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + PLACE),
        segment(0xED, PLACE),
        segment(0xFE, PLACE),
    ]
    profile = segment(0xE2, b"ICC_PROFILE\0" + bytes(4))
    found = cleaned(jpeg(*notes, profile, behind=b"\xff\xd8\xff\xe1" + PLACE))
    assert found.media_type == JPEG
    assert PLACE not in found.content
    assert b"\x88\x25" not in found.content
    assert profile in found.content
    tiff = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 0x0112, 3, 1, 6, 0, 0)
    assert segment(0xE1, b"Exif\0\0" + tiff) in found.content
    assert cleaned(found.content) == found
    plain = jpeg()
    assert cleaned(plain).content == plain


def test_png_and_webp_keep_what_shows_the_picture() -> None:
    found = cleaned(png(chunk(b"tEXt", PLACE), chunk(b"eXIf", exif()), chunk(b"gAMA", bytes(4))) + PLACE)
    assert (found.media_type, found.content) == (PNG, png(chunk(b"gAMA", bytes(4))))
    picture = cleaned(webp())
    assert picture.media_type == WEBP
    assert PLACE not in picture.content
    assert picture.content[20] == 0  # the flags that announced Exif and XMP
    assert struct.unpack_from("<I", picture.content, 4) == (len(picture.content) - 8,)
    assert cleaned(picture.content) == picture


def test_a_pdf_is_kept_unless_it_says_a_place() -> None:
    plain = b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n"
    assert (cleaned(plain).media_type, cleaned(plain).content) == (PDF, plain)
    for place in (b"<exif:GPSLatitude>48,46N</exif:GPSLatitude>", jpeg(segment(0xE1, exif()))):
        with pytest.raises(Refused):
            cleaned(plain.replace(b"endobj", place))
    assert cleaned(plain.replace(b"endobj", jpeg(segment(0xE1, b"Exif\0\0rubbish")))).media_type == PDF


BROKEN = {
    "nothing": b"",
    "text": b"Hallo",
    "a page": b"<html><script>alert(1)</script>",
    "a picture of vectors": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "a gif": b"GIF89a" + bytes(20),
    "half a jpeg": jpeg()[:-12],
    "a jpeg that lies about a length": b"\xff\xd8" + b"\xff\xe1\xff\xff" + b"short",
    "half a png": png()[:-6],
    "half a webp": webp()[:-30],
    "half a pdf": b"%PDF-1.7\n1 0 obj",
}


@pytest.mark.parametrize("case", BROKEN)
def test_other_and_broken_files_are_refused(case: str) -> None:
    with pytest.raises(Refused):
        cleaned(BROKEN[case])


def test_no_cut_breaks_anything() -> None:
    """Wherever a file ends, it is refused or cleaned, and never an error of ours."""
    for whole in (jpeg(segment(0xE1, exif())), png(chunk(b"eXIf", exif())), webp()):
        for end in range(len(whole)):
            try:
                assert PLACE not in cleaned(whole[:end]).content
            except Refused:
                continue
    with pytest.raises(TooLarge):
        cleaned(bytes(MOST_BYTES + 1))


# Likeness ---------------------------------------------------------------------------------------------------------

PAIRS = [
    ("Mängelmelder", "Mängelmeldung per App"),
    ("Bürgerbeteiligung online", "Wie beteiligen wir Bürger im Netz?"),
    ("E-Akte einführen", "Die E-Akte im Alltag"),
    ("Bauantrag digital", "Digitaler Bauantrag: Erfahrungen"),
    ("Reisekostenabrechnung", "Reisekosten einfacher abrechnen"),
    ("Barrierefreie Formulare", "Formulare ohne Papier"),
    ("Cloud für kleine Kommunen", "Datenschutz bei Cloud-Diensten"),
]
ALONE = ["Chatbot für die Website", "Homeoffice und Führung", "Mobiles Arbeiten", "Open Data", "FuckUpNights"]


def test_proposals_about_one_thing_are_found_whatever_their_endings() -> None:
    titles = [title for pair in PAIRS for title in pair] + ALONE
    found = alike([Text(title, title) for title in titles])
    assert {frozenset((one.one, one.other)) for one in found} == {frozenset(pair) for pair in PAIRS}
    why = next(one for one in found if one.one == "Mängelmelder")
    assert why.words == (("Mängelmelder", "Mängelmeldung"),)
    assert alike([]) == []
    assert alike([Text("a", "die der das"), Text("b", "die der das")]) == []


def test_topics_count_where_both_have_some() -> None:
    def score(one: set[str], other: set[str]) -> float:
        texts = [Text("1", "Formulare", "", frozenset(one)), Text("2", "Formulare ohne Papier", "", frozenset(other))]
        (found,) = alike(texts)
        return found.score

    assert score({"forms"}, {"forms"}) > score({"forms"}, {"finance"})
    assert score(set(), {"forms"}) == score(set(), set())
