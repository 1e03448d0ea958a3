"""The types that routes share: bounded texts and ids that are safe to hand to the database."""

import secrets
import time
import unicodedata
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$"


def _printable(text: str) -> str:
    # PostgreSQL takes no NUL, no encoder takes a lone surrogate, and no list wants a bell.
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text if letter != "\n"):
        raise ValueError("control characters")
    return text


#: An id as people and machines of ours make them.
Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
#: One line that people read.
Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128, strip_whitespace=True, pattern=r"^[^\n]*$"),
    AfterValidator(_printable),
]
#: Some lines that people write.
Note = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_printable)]

SectorId = Annotated[str, Path(alias="s", pattern=ID_PATTERN)]


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): unix milliseconds, then 74 random bits, so that ids sort by birth."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=number)


class Body(BaseModel):
    """The base of request bodies: unknown fields are refused, numbers are finite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Problem(BaseModel):
    """An error (RFC 9457, application/problem+json): a code and its parameters, no sentences."""

    type: str
    status: int
    code: str
    params: dict[str, Any]
