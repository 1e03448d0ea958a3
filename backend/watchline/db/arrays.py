"""NumPy columns as parameters: PostgreSQL's binary arrays, without a Python object an element."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format


@dataclass(frozen=True, slots=True)
class Doubles:
    """float8[] from n numbers."""

    values: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Bigints:
    """int8[] from n integers."""

    values: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Uuids:
    """uuid[] from (n, 16) octets."""

    values: NDArray[np.uint8]


class _DoublesDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.postgres.types["float8"].array_oid

    def dump(self, obj: Doubles) -> bytes:
        return _array("float8", obj.values.astype(">f8").view(np.uint8).reshape(-1, 8))


class _BigintsDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.postgres.types["int8"].array_oid

    def dump(self, obj: Bigints) -> bytes:
        return _array("int8", obj.values.astype(">i8").view(np.uint8).reshape(-1, 8))


class _UuidsDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.postgres.types["uuid"].array_oid

    def dump(self, obj: Uuids) -> bytes:
        return _array("uuid", obj.values)


def _array(type_name: str, elements: NDArray[np.uint8]) -> bytes:
    """One dimension from index 1 on, no nulls; then each element after its length (array_send)."""
    n, size = elements.shape
    head = np.array([1, 0, psycopg.postgres.types[type_name].oid, n, 1], ">i4")
    body = np.empty((n, 4 + size), np.uint8)
    body[:, :4] = np.array([size], ">i4").view(np.uint8)
    body[:, 4:] = elements
    return head.tobytes() + body.tobytes()


psycopg.adapters.register_dumper(Doubles, _DoublesDumper)
psycopg.adapters.register_dumper(Bigints, _BigintsDumper)
psycopg.adapters.register_dumper(Uuids, _UuidsDumper)
