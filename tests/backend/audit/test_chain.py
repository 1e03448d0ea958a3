"""The audit chain: every way of forging it is found at its first bad row."""

import random

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchline.audit import store
from watchline.audit.chain import GENESIS, Link, link_hash, verify


def chain(count: int) -> list[Link]:
    links, head = [], GENESIS
    for no in range(1, count + 1):
        body = f'["c", {no}, "did something"]'
        made = link_hash(head, body)
        links.append(Link(no=no, body=body, prev_hash=head, hash=made))
        head = made
    return links


def change(link: Link, **values) -> Link:
    fields = {name: getattr(link, name) for name in ("no", "body", "prev_hash", "hash")}
    return Link(**{**fields, **values})


def test_a_sound_chain_holds_and_its_head_shows_a_cut_tail():
    whole, cut = verify(chain(50)), verify(chain(49))
    assert whole.holds and whole.links == 50 and cut.holds
    assert whole.head != cut.head
    assert verify([]).head == GENESIS


@settings(deadline=None, max_examples=300)
@given(st.integers(2, 30), st.data())
def test_every_forgery_is_found_where_it_is(count, data):
    links = chain(count)
    at = data.draw(st.integers(0, count - 2))
    kind = data.draw(st.sampled_from(["edit", "delete", "swap", "insert", "rehash", "point"]))
    match kind:
        case "edit":
            links[at] = change(links[at], body=links[at].body + " ")
        case "delete":
            del links[at]
        case "swap":
            links[at], links[at + 1] = (
                change(links[at + 1], no=links[at].no),
                change(links[at], no=links[at + 1].no),
            )
        case "insert":
            links.insert(at, change(links[at], no=links[at].no))
        case "rehash":
            body = links[at].body + " "
            links[at] = change(links[at], body=body, hash=link_hash(links[at].prev_hash, body))
        case "point":
            links[at] = change(links[at], prev_hash=bytes(31) + b"x")
    verdict = verify(links)
    assert not verdict.holds
    # A rehashed link is itself sound; the next one no longer points to it. Of a doubled number
    # the second one is bad.
    first = at + 2 if kind in ("rehash", "insert", "delete") else at + 1
    assert verdict.bad_no == (at + 1 if kind == "insert" else first)
    assert verdict.links == (at + 1 if kind in ("rehash", "insert") else at)


EVENTS = [
    ("op.a", "incident 1", {"note": 'Чоп — žluť\n"quoted" \\ ', "n": 1.0, "big": 1e20, "x": None}),
    ("op.b", "incident 2", {"deep": {"b": [1, 2.5, {"a": True}], "a": ""}}),
    ("op.c", "", {}),
]


@pytest.fixture
def connection(database):
    with database.connect("app") as made:
        yield made


def write(connection, chain_name: str = "s") -> None:
    for op, object, detail in EVENTS:
        with connection.transaction():
            store.append_sync(
                connection, chain=chain_name, actor="machine", op=op, object=object, detail=detail
            )


def test_what_is_stored_is_what_was_hashed(connection):
    write(connection)
    write(connection, "")
    assert store.chains(connection) == ["", "s"]
    assert store.verify_chain(connection, "s").links == 3
    assert store.verify_chain(connection, "s").holds
    rows = connection.execute("SELECT detail FROM audit_event WHERE chain = 's' ORDER BY no")
    assert [detail for (detail,) in rows] == [detail for _, _, detail in EVENTS]


def test_nobody_of_ours_can_change_it(database, connection):
    write(connection)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM audit_event")
    with database.connect("owner") as owner, pytest.raises(psycopg.errors.RaiseException):
        owner.execute("UPDATE audit_event SET actor = 'x'")


def test_a_forged_row_in_the_database_is_found(database, connection):
    for _ in range(4):
        write(connection)
    random.seed(7)
    columns = {
        "actor": "'x'",
        "op": "'x'",
        "object": "'x'",
        "detail": "'{\"x\": 1}'",
        "at": "at + interval '1 microsecond'",
        "hash": "sha256('x')",
        "prev_hash": "sha256('x')",
        "no": "no + 1000",
    }
    for column, value in columns.items():
        bad = random.randint(1, 11)
        with database.connect("super", autocommit=False) as forger:
            forger.execute("SET session_replication_role = replica")
            forger.execute(
                f"UPDATE watchline.audit_event SET {column} = {value} WHERE no = %s", [bad]
            )
            verdict = store.verify_chain(forger, "s")
            forger.rollback()
        assert verdict.bad_no == (bad + 1 if column == "no" else bad), column
    assert store.verify_chain(connection, "s").holds


def test_writers_at_once_make_one_chain(database):
    import threading

    def work() -> None:
        with database.connect("app") as own:
            for _ in range(5):
                write(own)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.connect("app") as own:
        verdict = store.verify_chain(own, "s")
    assert verdict.holds and verdict.links == 4 * 5 * 3
