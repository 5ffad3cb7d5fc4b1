"""What the forms of somebody's entry have in common, whether they fill it in themselves or their city does."""

import datetime as dt
from typing import Annotated, Literal

import msgspec

Line = Annotated[str, msgspec.Meta(max_length=300)]
Lines = Annotated[str, msgspec.Meta(max_length=4_000)]
Who = Literal["", "PUBLIC", "NETWORK", "CITY", "PRIVATE"]


class Entry(msgspec.Struct, frozen=True):
    """Lists are texts here: languages with commas, topics and competences each on a line."""

    name: Line
    title: Line = ""
    department: Line = ""
    email: Line = ""
    phone: Line = ""
    chat: Line = ""
    room: Line = ""
    languages: Line = ""
    offers: Lines = ""
    seeks: Lines = ""
    works_on: Lines = ""
    professional: Lines = ""
    methodical: Lines = ""
    social: Lines = ""
    personal: Lines = ""
    hours_share: int | None = None
    since: dt.date | None = None
    until: dt.date | None = None
