"""SeqSet against Python's own set."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from watchline.detections.ledger import SeqSet, as_multirange

ranges = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda t: (t[0], sum(t))))


def as_set(pairs):
    return {n for low, high in pairs for n in range(low, high)}


@given(ranges)
@settings(max_examples=300, deadline=None)
def test_holds_what_a_set_holds(pairs):
    mine, model = SeqSet(pairs), as_set(pairs)
    assert as_set(mine.ranges()) == model
    assert len(mine) == len(model)
    assert all((n in mine) == (n in model) for n in range(75))


@given(ranges)
@settings(max_examples=200, deadline=None)
def test_ranges_are_ascending_and_never_touch(pairs):
    found = SeqSet(pairs).ranges()
    assert all(low < high for low, high in found)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(found))


@given(ranges, st.integers(0, 40), st.integers(0, 40))
@settings(max_examples=200, deadline=None)
def test_missing_is_the_complement(pairs, low, width):
    missing = SeqSet(pairs).missing_from(low, low + width)
    assert as_set(missing) == set(range(low, low + width)) - as_set(pairs)


@given(st.sets(st.integers(0, 50)))
def test_add_all_takes_ascending_seqs(seqs):
    mine = SeqSet()
    mine.add_all(sorted(seqs))
    assert as_set(mine.ranges()) == seqs


def test_a_copy_is_independent():
    first = SeqSet([(1, 3)])
    second = first.copy()
    second.add(10, 11)
    assert first.ranges() == [(1, 3)]


def test_multirange_literal_is_what_postgres_reads(database):
    with database.connect("ingest") as connection:
        literal = as_multirange([(1, 4), (9, 10)])
        row = connection.execute("SELECT %s::int8multirange::text", [literal]).fetchone()
    assert row == ("{[1,4),[9,10)}",)
