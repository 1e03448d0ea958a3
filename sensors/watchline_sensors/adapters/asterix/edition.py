"""Which octets mean what: an ASTERIX edition, compiled from libasterix's definitions.

libasterix is the authority on every layout; this module walks its definition once and keeps
a flat table that `reader.py` can follow at the speed of `struct`. See docs/adr/0002.
"""

import importlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from struct import Struct
from typing import Any

from watchline_sensors.errors import EdgeError


class EditionUnknown(EdgeError):
    """No definition of this ASTERIX category and edition is known."""

    code = "asterix.edition_unknown"


class Shape(IntEnum):
    """How the length of a data item is found."""

    FIXED = 0
    EXTENDED = 1  # octets while the lowest bit is set
    REPETITIVE = 2  # one octet of count, then that many elements
    EXPLICIT = 3  # one octet of length that counts itself


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLayout:
    """One data item: `size` is octets (fixed), octets at most (extended) or an element's octets.

    A fixed item is read as `letters` (struct codes, big-endian) into the values `names`.
    """

    name: str
    shape: Shape
    size: int = 0
    letters: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A run of fixed items read at once (`unpack`), or a single item of another shape."""

    shape: Shape
    names: tuple[str, ...]
    size: int = 0
    unpack: Struct | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edition:
    """A category's layout by field reference number; None stands for a spare number.

    `plans` remembers the steps of each field specification met so far. It cannot outgrow
    `MAX_PLANS`: a sender of random field specifications costs time, never memory.
    """

    category: int
    text: str
    items: tuple[ItemLayout | None, ...]
    max_fspec: int
    plans: dict[bytes, tuple[Step, ...]] = field(default_factory=dict)


MAX_PLANS = 4096
_LETTERS = {8: "B", 16: "H", 32: "I", 64: "Q"}


@cache
def edition(category: int, text: str) -> Edition:
    """The edition (for instance 10, "1.1"); raises EditionUnknown."""
    # 0.65 s and 88 MB: paid only by an edge that hears ASTERIX. By name, because a type
    # checker would need minutes for its 190,000 lines.
    generated = importlib.import_module("asterix.generated")
    for candidate in generated.manifest["CATS"].get(category, []):
        major, minor = candidate.cv_edition
        if f"{major}.{minor}" == text:
            record = candidate.cv_uap.cv_record
            return Edition(
                category=category,
                text=text,
                items=tuple(_item(item) for item in record.cv_items_list),
                max_fspec=record.cv_fspec_max_bytes,
            )
    raise EditionUnknown(f"category {category} edition {text}")


def _item(uap_item: Any) -> ItemLayout | None:
    base = importlib.import_module("asterix.base")
    if not issubclass(uap_item, base.UapItem):
        return None
    name: str = uap_item.cv_non_spare.cv_name
    variation = uap_item.cv_non_spare.cv_rule.cv_variation
    if issubclass(variation, base.Element):
        return _fixed(name, [(name, variation)], base)
    if issubclass(variation, base.Group):
        return _fixed(name, _subitems(name, variation, base), base)
    if issubclass(variation, base.Extended):
        return ItemLayout(name=name, shape=Shape.EXTENDED, size=len(variation.cv_items_list))
    if issubclass(variation, base.Repetitive) and variation.cv_rep_bytes == 1:
        element = _fixed(name, _subitems(name, variation.cv_variation, base), base)
        return ItemLayout(name=name, shape=Shape.REPETITIVE, size=element.size)
    if issubclass(variation, base.Explicit):
        return ItemLayout(name=name, shape=Shape.EXPLICIT)
    raise EditionUnknown(f"item {name} has a structure this reader does not know")


def _subitems(name: str, group: Any, base: Any) -> Iterator[tuple[str, Any]]:
    """(name, element) of each part of a group; a spare part has no name and is its bits."""
    for part, bits in group.cv_items_list:
        if issubclass(part, base.Spare):
            yield "", bits
        else:
            inner = part.cv_non_spare
            yield f"{name}.{inner.cv_name}", inner.cv_rule.cv_variation


def _fixed(name: str, parts: Iterable[tuple[str, Any]], base: Any) -> ItemLayout:
    """Whole-octet parts become values of their own; anything finer stays one unsigned value."""
    letters, total = "", 0
    names: list[str] = []
    aligned = True
    for part_name, element in parts:
        bits = element if isinstance(element, int) else element.cv_bit_size
        total += bits
        letter = _LETTERS.get(bits)
        if letter is None or not part_name:
            aligned = False
            continue
        content = getattr(element.cv_rule, "cv_content", None)
        signed = getattr(content, "cv_signedness", None) is base.Signed
        letters += letter.lower() if signed else letter
        names.append(part_name)
    size, rest = divmod(total, 8)
    if rest:
        raise EditionUnknown(f"item {name} does not end on an octet")
    if not aligned:
        letters, names = _LETTERS.get(total, f"{size}s"), [name]
    return ItemLayout(name=name, shape=Shape.FIXED, size=size, letters=letters, names=tuple(names))
