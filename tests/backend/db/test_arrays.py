"""Columns arrive in PostgreSQL as the numbers they are."""

from uuid import UUID

import numpy as np
import pytest

from watchline.db.arrays import Bigints, Doubles, Uuids


@pytest.mark.parametrize("n", [0, 1, 3, 1000])
def test_columns_arrive_as_they_are(database, n):
    rng = np.random.default_rng(n)
    doubles = rng.normal(0, 1e6, n)
    bigints = rng.integers(-(2**62), 2**62, n)
    octets = rng.integers(0, 256, (n, 16)).astype(np.uint8)
    with database.connect("ingest") as connection:
        told = connection.execute(
            "SELECT %s::float8[], %s::int8[], %s::uuid[], cardinality(%s::int[])",
            [Doubles(doubles), Bigints(bigints), Uuids(octets), Bigints(bigints % 100)],
        ).fetchone()
    assert told == (
        doubles.tolist(),
        bigints.tolist(),
        [UUID(bytes=row.tobytes()) for row in octets],
        n,
    )


def test_what_is_no_number_arrives_too(database):
    with database.connect("ingest") as connection:
        (told,) = connection.execute(
            "SELECT %s::float8[]", [Doubles(np.array([np.inf, -0.0, 1e-300]))]
        ).fetchone()
    assert told == [np.inf, 0.0, 1e-300]
