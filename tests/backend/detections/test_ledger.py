"""SeqSet against Python's own set."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchline.detections.ledger import (
    MAX_JUMP,
    MAX_RANGES,
    MAX_SEQ,
    SeqSet,
    SeqsRefused,
    as_multirange,
    check_seqs,
)

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


def refusal(
    known: SeqSet, seqs=(), lost=(), *, highest: int = 0, told: int = 100_000
) -> str | None:
    try:
        check_seqs(known, highest, seqs=list(seqs), lost=list(lost), told=told)
    except SeqsRefused as error:
        return error.args[0]
    return None


def test_a_boot_may_not_jump_further_than_an_edge_can_count():
    assert refusal(SeqSet(), told=MAX_JUMP) is None
    assert refusal(SeqSet(), told=MAX_JUMP + 1) == "ledger.seq_jump"
    assert refusal(SeqSet(), highest=5, told=MAX_JUMP + 5) is None
    assert refusal(SeqSet(), highest=MAX_SEQ - 1, told=MAX_SEQ) is None
    assert refusal(SeqSet(), highest=MAX_SEQ - 1, told=MAX_SEQ + 1) == "ledger.seq_jump"
    assert refusal(SeqSet(), told=2**61) == "ledger.seq_jump"


@pytest.mark.parametrize(
    ("seqs", "lost", "code"),
    [
        ([3], [(1, 3)], None),
        ([3], [(1, 3), (4, 9)], None),
        ([3], [(1, 4)], "ledger.lost_contradicts"),
        ([], [(1, 4), (3, 6)], "ledger.lost_contradicts"),
        ([], [(4, 6), (1, 3)], "ledger.lost_contradicts"),
    ],
)
def test_what_is_lost_is_not_sent_and_is_said_once(seqs, lost, code):
    assert refusal(SeqSet(), seqs, lost) == code


def test_holes_are_bounded_and_may_always_be_filled():
    every_second = range(2, 100_001, 2)
    assert refusal(SeqSet(), every_second) == "ledger.too_many_holes"
    full = SeqSet((n, n + 1) for n in range(2, 2 * MAX_RANGES + 2, 2))
    assert len(full.ranges()) == MAX_RANGES
    assert refusal(full, [90_000]) == "ledger.too_many_holes"
    assert refusal(full, [], [(90_000, 90_009)]) == "ledger.too_many_holes"
    assert refusal(full, [3]) is None
    assert refusal(full, [3, 90_000]) is None  # fills one hole, makes one
    over = SeqSet((n, n + 1) for n in range(2, 4 * MAX_RANGES, 2))  # from before there was a bound
    assert refusal(over, [3]) is None and refusal(over, [90_000]) == "ledger.too_many_holes"
