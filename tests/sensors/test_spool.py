"""The spool under everything that may happen to it."""

import asyncio
import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from sensors.parts import decoded, heartbeat, sensor_config, sighting, sightings
from sensors.recorded import bodies
from watchline_sensors.config import EdgeConfig
from watchline_sensors.contract import Detection
from watchline_sensors.errors import SpoolBusy, SpoolClosed, SpoolFull
from watchline_sensors.ranges import RangeSet
from watchline_sensors.spool import Spool
from watchline_sensors.spool_file import MAX_DEAD_LETTERS, SpoolFile
from watchline_sensors.spool_line import MAX_ITEM_BYTES
from watchline_sensors.spool_model import KIND_DETECTION, Row

MB = 1_000_000


async def _open(path: Path, max_bytes: int = 50 * MB, **more: Any) -> Spool:
    spool = Spool(path, max_bytes=max_bytes, **more)
    await spool.open()
    return spool


async def _rows(spool: Spool, boot: int | None = None, after: int = 0) -> list[Row]:
    boot = spool.boot if boot is None else boot
    return await spool.rows_after(boot, after, limit=100_000, max_bytes=100 * MB)


async def test_what_is_put_comes_out_in_order_and_unchanged(tmp_path: Path) -> None:
    spool = await _open(tmp_path / "spool.db")
    items = [sensor_config().info(1), sighting(2), heartbeat(3)]
    await spool.put(items[:1])
    await spool.put(items[1:])
    rows = await _rows(spool)
    assert [row.seq for row in rows] == [1, 2, 3]
    assert [row.at_us for row in rows] == [1, 2, 3]
    assert [decoded(row.body) for row in rows] == items
    assert (spool.decided_seq, spool.stats.rows) == (3, 3)
    assert [row.seq for row in await _rows(spool, after=2)] == [3]
    await spool.put([])
    assert spool.decided_seq == 3
    await spool.close()
    with pytest.raises(SpoolClosed):
        await spool.put(items)


async def test_reading_is_bounded_by_rows_and_by_bytes(tmp_path: Path) -> None:
    spool = await _open(tmp_path / "spool.db")
    await spool.put(sightings(50))
    assert len(await spool.rows_after(spool.boot, 0, limit=7, max_bytes=MB)) == 7
    assert len(await spool.rows_after(spool.boot, 0, limit=50, max_bytes=300)) in (2, 3, 4)
    await spool.close()


async def test_rows_of_earlier_boots_stay_and_are_told_oldest_first(tmp_path: Path) -> None:
    boots = []
    for count in (3, 5, 2):
        spool = await _open(tmp_path / "spool.db")
        await spool.put(sightings(count))
        boots.append(spool.boot)
        await spool.close()
    spool = await _open(tmp_path / "spool.db")
    old = await spool.old_boots()
    assert [(one.boot, one.highest_seq, one.rows) for one in old] == list(
        zip(boots, (3, 5, 2), (3, 5, 2), strict=True)
    )
    assert spool.stats.rows == 10
    assert len({*boots, spool.boot}) == 4
    await spool.free(boots[0], [(1, 4)])
    await spool.forget(boots[0])
    assert [one.boot for one in await spool.old_boots()] == boots[1:]
    await spool.close()


async def test_one_process_at_a_time(tmp_path: Path) -> None:
    spool = await _open(tmp_path / "spool.db")
    with pytest.raises(SpoolBusy):
        await _open(tmp_path / "spool.db")
    await spool.close()
    await (await _open(tmp_path / "spool.db")).close()


# ── group commit ─────────────────────────────────────────────────────────────────────────────


async def test_puts_share_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups: list[int] = []
    real = SpoolFile.put

    def counted(self: SpoolFile, boot: int, puts: Any, highest_seq: int) -> Any:
        groups.append(len(puts))
        return real(self, boot, puts, highest_seq)

    monkeypatch.setattr(SpoolFile, "put", counted)
    spool = await _open(tmp_path / "spool.db")
    await asyncio.gather(*(spool.put([sighting(i)]) for i in range(200)))
    assert sum(groups) == 200
    assert len(groups) <= 4
    await spool.close()


async def test_a_lone_producer_does_not_wait_for_company(tmp_path: Path) -> None:
    spool = await _open(tmp_path / "spool.db")
    await spool.put([sighting(0)])
    started = time.monotonic()
    for i in range(20):
        await spool.put([sighting(i)])
    assert time.monotonic() - started < 0.7, "20 windows of 50 ms would take a second"
    await spool.close()


async def test_company_is_waited_for_at_most_fifty_milliseconds(tmp_path: Path) -> None:
    spool = await _open(tmp_path / "spool.db")
    other = asyncio.create_task(spool.put([sighting(1)]))  # a producer, then silent
    await other
    waits = []
    for i in range(3):
        await asyncio.create_task(spool.put([sighting(i)]))
        started = time.monotonic()
        await spool.put([sighting(i)])
        waits.append(time.monotonic() - started)
    assert max(waits) < 0.4
    await spool.close()


async def test_a_cancelled_put_is_kept_all_the_same(tmp_path: Path) -> None:
    spool = await _open(tmp_path / "spool.db")
    task = asyncio.create_task(spool.put(sightings(3)))
    await asyncio.sleep(0)
    task.cancel()
    await spool.put(sightings(2))
    assert [row.seq for row in await _rows(spool)] == [1, 2, 3, 4, 5]
    await spool.close()


async def test_whoever_numbers_is_told_before_the_commit(tmp_path: Path) -> None:
    told: list[tuple[int, list[int]]] = []
    spool = await _open(
        tmp_path / "spool.db",
        on_numbered=lambda last, rows: told.append((last, [row.seq for row in rows])),
    )
    task = asyncio.create_task(spool.put(sightings(2)))
    await asyncio.sleep(0)
    assert told == [(2, [1, 2])] and spool.decided_seq == 0
    await task
    await spool.close()


async def test_a_put_that_nobody_will_commit_does_not_wait_for_ever(tmp_path: Path) -> None:
    spool = await _open(tmp_path / "spool.db")
    assert spool._committer is not None
    waiting = asyncio.create_task(spool.put(sightings(2)))
    await asyncio.sleep(0)
    spool._committer.cancel()  # as asyncio does with every task when its loop ends
    with pytest.raises(SpoolClosed):
        await asyncio.wait_for(waiting, 5)
    with pytest.raises(SpoolClosed):
        await spool.put(sightings(1))
    await spool.close()


# ── freeing ──────────────────────────────────────────────────────────────────────────────────


async def test_settled_ranges_free_rows_and_nothing_else(tmp_path: Path) -> None:
    spool = await _open(tmp_path / "spool.db")
    await spool.put(sightings(10))
    assert await spool.free(spool.boot, [(2, 4), (9, 500)]) == 4
    assert [row.seq for row in await _rows(spool)] == [1, 4, 5, 6, 7, 8]
    assert await spool.free(spool.boot + 1, [(1, 99)]) == 0, "another boot's seqs"
    assert spool.stats.rows == 6
    await spool.close()


async def test_a_huge_range_is_freed_in_pieces(tmp_path: Path) -> None:
    spool = await _open(tmp_path / "spool.db")
    for _ in range(6):
        await spool.put(sightings(2000))
    assert await spool.free(spool.boot, [(1, 12_001)]) == 12_000
    assert spool.stats.rows == 0 and await _rows(spool) == []
    log = (tmp_path / "spool.db-wal").stat().st_size
    assert log < 2 * MB, f"the log has grown to {log}"
    await spool.close()


async def test_very_many_ranges_are_freed_and_hold_no_put_up(tmp_path: Path) -> None:
    spool = await _open(tmp_path / "spool.db")
    for _ in range(10):
        await spool.put(sightings(2000))
    freeing = asyncio.create_task(
        spool.free(spool.boot, [(seq, seq + 1) for seq in range(1, 20_001, 2)])
    )
    puts = 0
    while not freeing.done():
        await spool.put(sightings(1))
        puts += 1
    assert await freeing == 10_000 and spool.stats.rows == 10_000 + puts
    assert puts >= 10, "a put waits for one part of it, not for all"
    await spool.close()


async def test_rejected_rows_become_dead_letters_when_they_are_settled(tmp_path: Path) -> None:
    spool = await _open(tmp_path / "spool.db")
    await spool.put(sightings(5))
    await spool.free(spool.boot, [(1, 3)], {2: "detection.no_place", 4: "later"})
    assert await spool.dead_letters() == [(spool.boot, 2, "detection.no_place")]
    assert [row.seq for row in await _rows(spool)] == [3, 4, 5]
    assert (spool.stats.freed, spool.stats.rejected, spool.stats.rows) == (1, 1, 3)
    await spool.close()


async def test_dead_letters_are_bounded(tmp_path: Path) -> None:
    spool = await _open(tmp_path / "spool.db")
    await spool.put(sightings(MAX_DEAD_LETTERS + 50))
    every = {seq: "x" for seq in range(1, MAX_DEAD_LETTERS + 51)}
    await spool.free(spool.boot, [(1, 2000)], every)
    letters = await spool.dead_letters()
    assert len(letters) == MAX_DEAD_LETTERS and letters[-1][1] == MAX_DEAD_LETTERS + 50
    await spool.close()


# ── bad items ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (sighting(1, extras={"x": 2**70}), "item.unencodable"),
        (sighting(1, sensor_track="\ud800"), "item.unencodable"),
        (sighting(1, sensor_track="x" * MAX_ITEM_BYTES), "item.too_large"),
        (sighting(2**61), "item.time_invalid"),
        (sighting(1.5), "item.time_invalid"),  # type: ignore[arg-type]
        ({"sensor": "radar-1"}, "item.unencodable"),
    ],
)
async def test_an_item_that_cannot_be_sent_harms_no_other(
    tmp_path: Path, item: Any, code: str
) -> None:
    spool = await _open(tmp_path / "spool.db")
    await spool.put([sighting(1), item, sighting(3)])
    assert [row.seq for row in await _rows(spool)] == [1, 3]
    assert spool.lost(spool.boot) == RangeSet.of([2])
    assert await spool.dead_letters() == [(spool.boot, 2, code)]
    assert (spool.stats.unusable, spool.stats.rows) == (1, 2)
    await spool.close()


# ── full ─────────────────────────────────────────────────────────────────────────────────────


async def _fill(spool: Spool) -> int:
    for stored in range(0, 1_000_000, 50):
        try:
            await spool.put(sightings(50))
        except SpoolFull:
            return stored
    raise AssertionError("it never fills")


async def test_a_full_spool_refuses_says_what_is_lost_and_drains(tmp_path: Path) -> None:
    spool = await _open(tmp_path / "spool.db", max_bytes=MB)
    stored = await _fill(spool)
    assert stored > 2000 and spool.full
    for _ in range(3):
        with pytest.raises(SpoolFull):
            await spool.put(sightings(50))
    lost = spool.lost(spool.boot)
    assert lost == RangeSet([(stored + 1, stored + 201)])
    assert (spool.decided_seq, spool.stats.refused) == (stored + 200, 200)
    assert [row.seq for row in await _rows(spool)] == list(range(1, stored + 1))
    assert (tmp_path / "spool.db").stat().st_size <= MB
    # It drains, takes again, and never reuses a number.
    await spool.free(spool.boot, [(1, stored + 1)])
    await spool.put(sightings(5))
    assert not spool.full
    assert [row.seq for row in await _rows(spool)] == list(range(stored + 201, stored + 206))
    boot = spool.boot
    await spool.close()
    # The lost ranges are on disk too, until they are settled.
    spool = await _open(tmp_path / "spool.db", max_bytes=MB)
    assert spool.lost(boot) == lost
    await spool.free(boot, [(1, stored + 206)])
    assert not spool.lost(boot)
    await spool.close()
    spool = await _open(tmp_path / "spool.db", max_bytes=MB)
    assert not spool.lost(boot)
    await spool.close()


async def test_a_small_put_may_fit_where_a_large_one_does_not(tmp_path: Path) -> None:
    spool = await _open(tmp_path / "spool.db", max_bytes=MB)
    await _fill(spool)
    await spool.free(spool.boot, [(1, 300)])
    large, small = await asyncio.gather(
        spool.put(sightings(1500)), spool.put(sightings(5)), return_exceptions=True
    )
    assert isinstance(large, SpoolFull) and small is None
    await spool.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
async def test_a_full_disk_refuses_cleanly_and_drains(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        spool = await _open(disk / "spool.db", max_bytes=50 * MB)
        await spool.put(sightings(2000))
        hog = disk / "hog"
        with pytest.raises(OSError, match="No space"), hog.open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        stored = 2000 + await _fill(spool)
        with pytest.raises(SpoolFull):
            await spool.put(sightings(500))
        assert [row.seq for row in await _rows(spool)] == list(range(1, stored + 1))
        # With the disk still full, what is settled leaves.
        for low in range(1, stored, 500):
            await spool.free(spool.boot, [(low, low + 500)])
        assert await _rows(spool) == []
        hog.unlink()
        await spool.put(sightings(2000))
        assert len(await _rows(spool)) == 2000
        boot, lost = spool.boot, spool.lost(spool.boot)
        assert lost
        await spool.close()
        spool = await _open(disk / "spool.db")
        assert spool.lost(boot) == lost and spool.stats.rows == 2000
        await spool.close()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_72_hours_at_ten_a_second_fit_the_default_spool(tmp_path: Path) -> None:
    """From what 60,000 rows of a real radar's shape take; `make bench-spool` puts all 2,592,000."""
    rows = 60_000
    file = SpoolFile(tmp_path / "spool.db", max_bytes=1500 * MB)
    file.begin_boot(7)
    made = itertools.islice(bodies(1_700_000_000_000_000, 100_000), rows)
    seqs = itertools.count(1)
    while group := list(itertools.islice(made, 2000)):
        put = [Row(seq=next(seqs), at_us=at, kind=KIND_DETECTION, body=body) for at, body in group]
        assert file.put(7, [put], put[-1].seq) == [None]
    assert file.rows == rows
    size = sum(one.stat().st_size for one in tmp_path.iterdir())
    file.close()
    needed = size / rows * 72 * 3600 * 10
    assert needed <= 1_500_000_000
    assert needed <= EdgeConfig(id="e", hub="h", state=tmp_path).spool_max_mb * MB


# ── damage ───────────────────────────────────────────────────────────────────────────────────


async def _damaged(tmp_path: Path, count: int, spoil: Any) -> tuple[Spool, int]:
    """A new process's spool over a file that was spoilt between two starts."""
    path = tmp_path / "spool.db"
    spool = await _open(path)
    await spool.put(sightings(count))
    boot = spool.boot
    await spool.close()
    raw = bytearray(path.read_bytes())
    spoil(raw)
    path.write_bytes(raw)
    return await _open(path), boot


async def test_a_flipped_bit_costs_one_row(tmp_path: Path) -> None:
    def flip(raw: bytearray) -> None:
        marks = [at for at in range(len(raw)) if raw.startswith(b"radar-1", at)]
        raw[marks[len(marks) // 2]] ^= 0x04

    spool, boot = await _damaged(tmp_path, 200, flip)
    rows = await _rows(spool, boot)
    assert len(rows) == 199
    (gone,) = set(range(1, 201)) - {row.seq for row in rows}
    assert await spool.dead_letters() == [(boot, gone, "spool.row_damaged")]
    assert spool.lost(boot) == RangeSet.of([gone])
    assert (spool.stats.damaged, spool.stats.rows) == (1, 199)
    await spool.close()


async def test_any_flipped_bit_is_survived(tmp_path: Path) -> None:
    """Whatever bit flips: every sound row is still given, no wrong one is, and puts go on."""
    pristine = tmp_path / "pristine"
    pristine.mkdir()
    spool = await _open(pristine / "spool.db")
    await spool.put(sightings(150))
    boot = spool.boot
    true = {row.seq: row.body for row in await _rows(spool)}
    await spool.close()
    size = (pristine / "spool.db").stat().st_size
    for number, at in enumerate(range(100, size, size // 60)):
        folder = tmp_path / str(number)
        folder.mkdir()
        raw = bytearray((pristine / "spool.db").read_bytes())
        raw[at] ^= 1 << (number % 8)
        (folder / "spool.db").write_bytes(raw)
        spool = await _open(folder / "spool.db")
        for old in await spool.old_boots():
            await spool.holes(old, RangeSet())  # asked before anything is given up
        rows = await _rows(spool, boot)
        assert all(true[row.seq] == row.body for row in rows), at
        await spool.put(sightings(1))
        assert len(await _rows(spool)) == 1
        if not spool.stats.salvages:
            assert len(rows) >= 149, at
        await spool.close()


async def test_a_broken_page_is_salvaged(tmp_path: Path) -> None:
    def tear(raw: bytearray) -> None:
        page = raw.rindex(b"radar-1") // 4096
        raw[page * 4096 : page * 4096 + 512] = bytes(512)

    spool, boot = await _damaged(tmp_path, 3000, tear)
    rows = await _rows(spool, boot)
    assert 2800 < len(rows) < 3000
    assert spool.stats.salvages >= 1
    assert (tmp_path / "spool.db.damaged").exists()
    (old,) = await spool.old_boots()
    holes = await spool.holes(old, RangeSet())
    assert len(RangeSet(holes)) == 3000 - len(rows)
    await spool.declare_lost(boot, holes)
    await spool.put(sightings(5))
    assert len(await _rows(spool)) == 5
    await spool.close()


async def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "spool.db").write_bytes(b"not a database at all" * 500)
    spool = await _open(tmp_path / "spool.db")
    await spool.put(sightings(2))
    assert len(await _rows(spool)) == 2 and spool.stats.salvages == 1
    await spool.close()


async def test_damage_while_running_is_salvaged_and_told(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    spool = await _open(path)
    await spool.put(sightings(2000))
    await spool._use(lambda file: file._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    await spool._use(lambda file: file._db.execute("PRAGMA cache_size=0").fetchall())
    raw = bytearray(path.read_bytes())
    page = raw.rindex(b"radar-1") // 4096
    with path.open("r+b") as file:
        file.seek(page * 4096)
        file.write(bytes(512))
    await spool._use(lambda file: file._db.execute("PRAGMA shrink_memory").fetchall())
    rows = await _rows(spool)
    assert spool.stats.salvages == 1
    assert RangeSet.of(sorted({*range(1, 2001)} - {row.seq for row in rows})) == spool.lost(
        spool.boot
    )
    await spool.put(sightings(1))
    assert (await _rows(spool))[-1].seq == 2001
    await spool.close()


# ── kill -9 ──────────────────────────────────────────────────────────────────────────────────

_WRITER = """
    import asyncio, sys
    from pathlib import Path
    from watchline_sensors.spool import Spool
    sys.path.insert(0, sys.argv[2])
    from sensors.parts import sighting

    async def main():
        spool = Spool(Path(sys.argv[1]), max_bytes=100_000_000)
        await spool.open()
        print(spool.boot, flush=True)

        async def produce(name):
            for number in range(1_000_000):
                track = f"{name}-{number}"
                await spool.put([sighting(number, sensor_track=track)])
                print(track, flush=True)

        await asyncio.gather(*(produce(name) for name in "abcde"))

    asyncio.run(main())
"""


async def test_after_kill_9_every_acknowledged_row_is_there(tmp_path: Path) -> None:
    script = tmp_path / "writer.py"
    script.write_text(textwrap.dedent(_WRITER))
    path = tmp_path / "spool.db"
    acknowledged: dict[int, set[str]] = {}
    for seconds in (0.2, 0.35, 0.5):
        command = [sys.executable, str(script), str(path), str(Path(__file__).parents[1])]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            boot = int(writer.stdout.readline())
            time.sleep(seconds)
            writer.send_signal(signal.SIGKILL)
            acknowledged[boot] = {line.strip() for line in writer.stdout if line.endswith("\n")}
    spool = await _open(path)
    assert [one.boot for one in await spool.old_boots()] == list(acknowledged)
    for boot, tracks in acknowledged.items():
        rows = await _rows(spool, boot)
        items = [decoded(row.body) for row in rows]
        kept = {item.sensor_track for item in items if isinstance(item, Detection)}
        assert len(tracks) > 20
        assert tracks <= kept, f"{len(tracks - kept)} acknowledged rows are gone"
        assert len(kept) - len(tracks) <= 5, "at most one unacknowledged per producer"
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert spool.stats.salvages == 0 and spool.stats.damaged == 0
    await spool.close()


async def test_a_copy_made_while_running_is_a_spool(tmp_path: Path) -> None:
    spool = await _open(tmp_path / "spool.db")
    await spool.put(sightings(100))
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("spool.db", "spool.db-wal"):
        shutil.copy(tmp_path / name, copy / name)
    await spool.free(spool.boot, [(1, 101)])
    await spool.close()
    restored = await _open(copy / "spool.db")
    assert len(await _rows(restored, spool.boot)) == 100
    assert restored.boot != spool.boot
    await restored.close()


async def test_it_is_durable_by_sqlites_own_word(tmp_path: Path) -> None:
    spool = await _open(tmp_path / "spool.db")

    def settings(file: SpoolFile) -> list[Any]:
        names = ("journal_mode", "synchronous", "wal_autocheckpoint", "journal_size_limit")
        return [file._db.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await spool._use(settings) == [b"wal", 2, 64, 1048576]
    await spool.close()
    with sqlite3.connect(tmp_path / "spool.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
