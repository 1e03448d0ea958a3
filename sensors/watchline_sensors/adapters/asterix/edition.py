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
    CHAINED = 4  # elements of several octets while the last one's lowest bit is set
    COMPOUND = 5  # a field specification of its own, then the parts it names


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLayout:
    """One data item: `size` is octets (fixed), octets at most (extended) or an element's octets.

    A fixed item is read as `letters` (struct codes, big-endian) into the values `names`; a
    compound one is read by the layout of its `parts`.
    """

    name: str
    shape: Shape
    size: int = 0
    letters: str = ""
    names: tuple[str, ...] = ()
    parts: "Layout | None" = None


@dataclass(frozen=True, slots=True)
class Step:
    """A run of fixed items read at once (`unpack`), or a single item of another shape."""

    shape: Shape
    names: tuple[str, ...]
    size: int = 0
    unpack: Struct | None = None
    parts: "Layout | None" = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """Items by field reference number, of a record or a compound item; None is a spare number.

    `plans` remembers the steps of each field specification met so far. It cannot outgrow
    `MAX_PLANS`: a sender of random field specifications costs time, never memory.
    """

    items: tuple[ItemLayout | None, ...]
    max_fspec: int
    plans: dict[bytes, tuple[Step, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edition(Layout):
    """A category's records, as one edition of the standard lays them out."""

    category: int
    text: str


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


@cache
def known_categories() -> frozenset[int]:
    """Every category that libasterix describes."""
    return frozenset(importlib.import_module("asterix.generated").manifest["CATS"])


def _item(uap_item: Any) -> ItemLayout | None:
    base = importlib.import_module("asterix.base")
    if not issubclass(uap_item, base.UapItem):
        return None
    return _layout(uap_item.cv_non_spare.cv_name, uap_item.cv_non_spare, base)


def _layout(name: str, non_spare: Any, base: Any) -> ItemLayout:
    variation = non_spare.cv_rule.cv_variation
    if issubclass(variation, base.Element):
        return _fixed(name, [(name, variation)], base)
    if issubclass(variation, base.Group):
        return _fixed(name, _subitems(name, variation, base), base)
    if issubclass(variation, base.Extended) and all(map(_is_octet, variation.cv_items_list)):
        return ItemLayout(name=name, shape=Shape.EXTENDED, size=len(variation.cv_items_list))
    if issubclass(variation, base.Repetitive) and variation.cv_rep_bytes in (None, 1):
        bits = variation.cv_variation.cv_bit_size
        if variation.cv_rep_bytes is None:
            return ItemLayout(name=name, shape=Shape.CHAINED, size=_octets(name, bits + 1))
        return ItemLayout(name=name, shape=Shape.REPETITIVE, size=_octets(name, bits))
    if issubclass(variation, base.Explicit):
        return ItemLayout(name=name, shape=Shape.EXPLICIT)
    if issubclass(variation, base.Compound):
        parts = Layout(
            items=tuple(
                None if part is None else _layout(f"{name}.{part.cv_name}", part, base)
                for part in variation.cv_items_list
            ),
            max_fspec=variation.cv_fspec_max_bytes,
        )
        return ItemLayout(name=name, shape=Shape.COMPOUND, parts=parts)
    raise EditionUnknown(f"item {name} has a structure this reader does not know")


def _is_octet(extent: Any) -> bool:
    """Whether an extent is seven bits and the one that says if another follows."""
    return extent[-1] is None and sum(bits for _, bits in extent[:-1]) == 7


def _octets(name: str, bits: int) -> int:
    octets, rest = divmod(bits, 8)
    if rest:
        raise EditionUnknown(f"item {name} does not end on an octet")
    return octets


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
    size = _octets(name, total)
    if not aligned:
        letters, names = _LETTERS.get(total, f"{size}s"), [name]
    return ItemLayout(name=name, shape=Shape.FIXED, size=size, letters=letters, names=tuple(names))
