"""Spool and ledger against a dict, under everything that may happen to either.

The edge's half is the real `Spool` (its thread is this one); the hub's half is the real `SeqSet`
with the settling of `watchline.pipeline`. In between are real envelope bytes on a wire that
loses, repeats and reorders. At the end of every example the weather clears, all is sent, and each
row that was acknowledged is at the hub as it was put, or counted as lost for a known reason.

The 250 examples are the same in each run; WATCHLINE_TORTURE=1 looks for 10,000 new ones.
"""

import asyncio
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sensors.parts import heartbeat, sighting
from watchline.detections.ledger import SeqSet
from watchline_sensors import spool_file, spool_salvage
from watchline_sensors.contract import Envelope, Lane, decode_envelope, encode_envelope
from watchline_sensors.contract.envelope import SeqRange
from watchline_sensors.errors import SpoolFull
from watchline_sensors.ranges import RangeSet
from watchline_sensors.spool import Spool
from watchline_sensors.spool_model import Boot, Row

TORTURE = os.environ.get("WATCHLINE_TORTURE") == "1"
MAX_BYTES = 32 * 4096
EVIL = b"evil"  # what the hub rejects
Key = tuple[int, int]
_T = TypeVar("_T")

_LOOP = asyncio.new_event_loop()


def run(work: Any) -> Any:
    """Let this coroutine run to its end."""
    return _LOOP.run_until_complete(work)


class InlineSpool(Spool):
    """A Spool whose thread is this one."""

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        return work()


@dataclass
class HubBoot:
    """What the hub knows of one boot; see `SectorPipeline.receive` and its commit."""

    known: SeqSet = field(default_factory=SeqSet)
    settled: SeqSet = field(default_factory=SeqSet)
    pending: dict[int, bytes] = field(default_factory=dict)
    pending_lost: list[SeqRange] = field(default_factory=list)
    rejected: dict[int, str] = field(default_factory=dict)
    lost: SeqSet = field(default_factory=SeqSet)
    highest: int = 0


class Hub:
    """A writer that may die between taking an envelope and its commit."""

    def __init__(self, written: dict[Key, bytes]) -> None:
        self.boots: dict[int, HubBoot] = {}
        self.stored: dict[Key, bytes] = {}
        self.rejected: set[Key] = set()
        self._written = written

    def receive(self, body: bytes) -> tuple[int, list[SeqRange], dict[int, str]]:
        """The receipt: (boot, settled, rejected)."""
        envelope = decode_envelope(body)  # an edge never makes one that is refused
        boot = self.boots.setdefault(envelope.boot, HubBoot())
        boot.highest = max(boot.highest, envelope.highest_seq)
        rejected = {}
        for seq, raw in zip(envelope.seqs, envelope.items, strict=True):
            item = bytes(raw)
            key = envelope.boot, seq
            assert self._written.get(key) == item, f"{key} is invented or altered"
            if seq in boot.known:
                continue
            boot.known.add(seq, seq + 1)
            if EVIL in item:
                rejected[seq] = "item.evil"
                boot.rejected[seq] = "item.evil"
            boot.pending[seq] = item
        for low, high in envelope.lost:
            for hole in boot.known.missing_from(low, high):
                boot.pending_lost.append(hole)
                boot.known.add(*hole)
        return envelope.boot, self.told(boot), rejected

    def told(self, boot: HubBoot) -> list[SeqRange]:
        """What a receipt calls settled."""
        return boot.settled.ranges()

    def commit(self) -> None:
        """All that is pending is settled in one transaction."""
        for no, boot in self.boots.items():
            for seq, item in boot.pending.items():
                key = no, seq
                assert seq not in boot.settled, f"{key} is settled twice"
                assert key not in self.stored, f"{key} is stored twice"
                boot.settled.add(seq, seq + 1)
                if seq in boot.rejected:
                    self.rejected.add(key)
                else:
                    self.stored[key] = item
            for low, high in boot.pending_lost:
                boot.settled.add(low, high)
                boot.lost.add(low, high)
            boot.pending, boot.pending_lost = {}, []

    def crash(self) -> None:
        """Another writer, who knows what was committed."""
        for boot in self.boots.values():
            boot.known = boot.settled.copy()
            boot.pending, boot.pending_lost = {}, []


class Weather(RuleBasedStateMachine):
    """One edge, one hub, and all that comes between."""

    spool_class: type[Spool] = InlineSpool
    hub_class: type[Hub] = Hub

    def __init__(self) -> None:
        super().__init__()
        shm = Path("/dev/shm")
        self.root = Path(tempfile.mkdtemp(dir=shm if shm.is_dir() else None))
        self.folders = 0
        self.written: dict[Key, bytes] = {}  # numbered, whatever became of it
        self.acked: set[Key] = set()
        self.refused: set[Key] = set()
        self.excused: set[int] = set()  # boots whose file was spoilt or replaced by an old copy
        self.hub = self.hub_class(self.written)
        self.wire: list[bytes] = []
        self.receipts: list[tuple[int, list[SeqRange], dict[int, str]]] = []
        self.told: dict[int, RangeSet] = {}
        self.copies: list[Path] = []
        self.number = 0
        self.opened = 0
        self.running = False

    def teardown(self) -> None:
        with ExitStack() as undo:
            undo.callback(shutil.rmtree, self.root)
            if self.running:
                undo.callback(lambda: run(self.spool.close()))
                self.check_that_all_is_accounted_for()

    # ── the edge's process ───────────────────────────────────────────────────────────────────

    @initialize()
    def start(self) -> None:
        self.open(self.new_folder())

    def new_folder(self) -> Path:
        self.folders += 1
        folder = self.root / str(self.folders)
        folder.mkdir()
        return folder

    def open(self, folder: Path) -> None:
        self.folder = folder
        self.spool = self.spool_class(
            folder / "spool.db", max_bytes=MAX_BYTES, on_numbered=self.numbered
        )
        self.running = False
        self.opened += 1
        if self.spool_class is InlineSpool:  # its bits, the same in each run of an example
            self.spool.boot = random.Random(self.opened).getrandbits(63)
        run(self.spool.open())
        self.running = True
        self.told = {}

    def numbered(self, _: int, rows: Sequence[Row]) -> None:
        self.last_put = [(self.spool.boot, row.seq) for row in rows]
        self.written |= {(self.spool.boot, row.seq): row.body for row in rows}

    def boots(self) -> list[Boot]:
        """The own boot last."""
        return [*run(self.spool.old_boots()), self.own()]

    def own(self) -> Boot:
        return Boot(boot=self.spool.boot, highest_seq=self.spool.decided_seq, rows=0)

    def items(self, count: int, size: int, *, evil: bool = False) -> list[Any]:
        out = []
        for _ in range(count):
            self.number += 1
            name = f"{'evil' if evil else 'good'}-{self.number}-" + "x" * size
            out.append(sighting(self.number, sensor_track=name))
        return out

    @rule(count=st.integers(1, 12), size=st.sampled_from([0, 0, 0, 300, 8000]), evil=st.booleans())
    def put(self, count: int, size: int, evil: bool) -> None:
        try:
            run(self.spool.put(self.items(count, size, evil=evil)))
        except SpoolFull:
            self.refused.update(self.last_put)
        else:
            self.acked.update(self.last_put)

    @rule(count=st.integers(1, 3))
    def say(self, count: int) -> None:
        run(self.spool.say([heartbeat(i) for i in range(count)]))
        kept = set(self.last_put) - {(self.spool.boot, seq) for seq in self.spool.unspooled}
        self.acked.update(kept)
        self.refused.update(set(self.last_put) - kept)  # no disk has it: a kill may take it

    # ── the wire ─────────────────────────────────────────────────────────────────────────────

    @rule(which=st.integers(0, 9), skip=st.sampled_from([0, 0, 0, 5, 20]), limit=st.integers(1, 40))
    def send(self, which: int, skip: int, limit: int) -> None:
        boots = self.boots()
        self.wire.append(self.envelope(boots[which % len(boots)], skip, limit))
        del self.wire[:-8]

    def envelope(self, boot: Boot, after: int, limit: int) -> bytes:
        rows = run(self.spool.rows_after(boot.boot, after, limit=limit, max_bytes=100_000))
        if boot.boot == self.spool.boot:
            rows += list(self.spool.unspooled.values())
            rows = sorted({row.seq: row for row in rows}.values(), key=lambda row: row.seq)
        highest = max([boot.highest_seq, *(row.seq for row in rows)])
        lost = [r for r in self.spool.lost(boot.boot) if r[1] <= highest + 1]
        return encode_envelope(
            Envelope(
                edge="edge-1",
                boot=boot.boot,
                lane=Lane.ARCHIVE,
                sent_at_us=1,
                watermark_us=0,
                highest_seq=highest,
                lost=lost[:1000],
                seqs=[row.seq for row in rows],
                items=[msgspec.Raw(row.body) for row in rows],
            )
        )

    @precondition(lambda self: self.wire)
    @rule(which=st.integers(0, 7), again=st.booleans(), answered=st.booleans())
    def deliver(self, which: int, again: bool, answered: bool) -> None:
        """An envelope comes, now or again; its receipt comes back at once, or later, or never."""
        which %= len(self.wire)
        body = self.wire[which] if again else self.wire.pop(which)
        receipt = self.hub.receive(body)
        if answered:
            self.take(receipt)
        else:
            self.receipts.append(receipt)
            del self.receipts[:-8]

    @rule()
    def commit(self) -> None:
        self.hub.commit()

    @rule()
    def hub_crash(self) -> None:
        self.hub.crash()

    @precondition(lambda self: self.receipts)
    @rule(which=st.integers(0, 7))
    def settle(self, which: int) -> None:
        self.take(self.receipts.pop(which % len(self.receipts)))

    def take(self, receipt: tuple[int, list[SeqRange], dict[int, str]]) -> None:
        boot, settled, rejected = receipt
        self.told.setdefault(boot, RangeSet()).update(settled)
        run(self.spool.free(boot, settled, rejected))

    @rule(which=st.integers(0, 9))
    def lose(self, which: int) -> None:
        """What an earlier process left behind and nobody has."""
        old = self.boots()[:-1]
        if old and old[which % len(old)].boot in self.told:
            boot = old[which % len(old)]
            holes = run(self.spool.holes(boot, self.told[boot.boot]))
            run(self.spool.declare_lost(boot.boot, holes))

    @rule()
    def forget(self) -> None:
        for boot in self.boots()[:-1]:
            settled = self.told.get(boot.boot, RangeSet())
            if settled.covers(1, boot.highest_seq + 1):
                run(self.spool.free(boot.boot, settled))
                run(self.spool.forget(boot.boot))

    # ── what happens to files ────────────────────────────────────────────────────────────────

    def copy(self) -> Path:
        """The files as they are at this moment."""
        folder = self.new_folder()
        for name in ("spool.db", "spool.db-wal"):
            if (self.folder / name).exists():
                shutil.copy(self.folder / name, folder / name)
        return folder

    def reopen(self, folder: Path) -> None:
        """The process is gone; another one finds these files."""
        run(self.spool.close())  # whatever that still does, it does to other files
        self.open(folder)

    @rule()
    def crash(self) -> None:
        self.reopen(self.copy())

    @rule()
    def restart(self) -> None:
        run(self.spool.close())
        self.open(self.folder)

    @rule(
        count=st.integers(1, 30),
        size=st.sampled_from([0, 300, 3000]),
        cut=st.floats(0, 0.99),
        where=st.floats(0, 0.2),
        pages=st.integers(0, 2**16 - 1),
    )
    def torn_put(self, count: int, size: int, cut: float, where: float, pages: int) -> None:
        """The power goes while a put is written: its log is there up to somewhere, or the log
        is whole and only some pages of the database are written.
        """
        file = self.spool._file
        commit, states = file._commit, [self.copy()]

        def noted(work: Callable[[], Any]) -> Any:
            result = commit(work)
            states.append(self.copy())
            return result

        file._commit = noted  # type: ignore[method-assign]
        try:
            run(self.spool.put(self.items(count, size)))
        except SpoolFull:
            self.refused.update(self.last_put)
        put = self.last_put
        # Between two states lies one commit: its log first, then what it folds in of it.
        which = int(cut * (len(states) - 1))
        before, after = states[which], states[min(which + 1, len(states) - 1)]
        log = "spool.db-wal"
        old, new = ((one / log).read_bytes() for one in (before, after))
        at = int(where * len(new))
        if pages % 2:
            (before / log).write_bytes(new[:at] + old[at:])
        else:
            (before / log).write_bytes(new)
            _mix_pages(before / "spool.db", after / "spool.db", pages)
        self.reopen(before)
        found = {
            (boot.boot, row.seq)
            for boot in self.boots()
            for row in run(self.spool.rows_after(boot.boot, 0, limit=9999, max_bytes=10**9))
        }
        survivors = found & set(put)
        assert survivors in (set(), set(put)), "a put is whole or not there at all"
        self.acked |= survivors

    @rule(where=st.integers(0, 2**20), bit=st.integers(0, 7), log=st.booleans())
    def flip_a_bit(self, where: int, bit: int, log: bool) -> None:
        self.excuse()
        folder = self.copy()
        path = folder / ("spool.db-wal" if log else "spool.db")
        raw = bytearray(path.read_bytes())
        used = np.flatnonzero(np.frombuffer(raw, np.uint8)).tolist()
        if used:
            raw[used[where % len(used)]] ^= 1 << bit
            path.write_bytes(raw)
        self.reopen(folder)

    def excuse(self) -> None:
        self.excused.update(boot.boot for boot in self.boots())

    @rule()
    def back_up(self) -> None:
        self.copies = [self.copy()]

    @precondition(lambda self: self.copies)
    @rule()
    def restore(self) -> None:
        self.excuse()
        self.reopen(self.copies.pop())

    # ── the end ──────────────────────────────────────────────────────────────────────────────

    def check_that_all_is_accounted_for(self) -> None:
        self.drain()
        for boot_no, seq in sorted(self.acked):
            key = boot_no, seq
            if key in self.hub.stored or key in self.hub.rejected:
                continue
            boot = self.hub.boots.get(boot_no, HubBoot())
            assert boot_no in self.excused, f"{key} was acknowledged and is lost"
            counted = seq in boot.lost or seq not in boot.settled
            assert counted, f"{key} is called settled, and is not there"
        for boot_no, boot in self.hub.boots.items():
            expected = boot.highest
            missing = sum(high - low for low, high in boot.settled.missing_from(1, expected + 1))
            assert len(boot.settled) + missing == expected
            assert missing == 0 or boot_no in self.excused
            for low, high in boot.lost.ranges() if boot_no not in self.excused else []:
                for seq in range(low, high):
                    assert (boot_no, seq) not in self.acked
                    assert (boot_no, seq) in self.refused or (boot_no, seq) not in self.written

    def drain(self) -> None:
        """Everything is sent until nothing is left; in good weather that is soon."""
        for _ in range(40):
            boots = self.boots()
            for boot in boots:
                self.take(self.hub.receive(self.envelope(boot, 0, 2000)))
                self.hub.commit()
                self.take(self.hub.receive(self.envelope(boot, 0, 2000)))
            for boot in self.boots()[:-1]:
                self.told.setdefault(boot.boot, RangeSet())
                self.lose(0)
            self.forget()
            if len(self.boots()) == 1 and self.spool.stats.rows == 0:
                return
        raise AssertionError(f"it does not drain: {self.boots()}, {self.spool.stats}")


def _mix_pages(path: Path, newer: Path, which: int) -> None:
    """Some pages of `path`, as the bits of `which` say, become those of `newer`."""
    old, new = bytearray(path.read_bytes()), newer.read_bytes()
    for page in range(0, len(new), 4096):
        if which >> (page // 4096 % 16) & 1 or page >= len(old):
            old[page : page + 4096] = new[page : page + 4096]
    path.write_bytes(old)


@pytest.fixture(autouse=True)
def _small_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that files are copied quickly."""
    monkeypatch.setattr(spool_file, "_LOG_BYTES", 1 << 17)


def _settings(examples: int, **more: Any) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=16,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        **more,
    )


@pytest.mark.slow
def test_no_row_is_lost_doubled_or_altered_whatever_happens() -> None:
    chosen = _settings(10_000) if TORTURE else _settings(250, derandomize=True, database=None)
    run_state_machine_as_test(Weather, settings=chosen)


# ── the model notices ────────────────────────────────────────────────────────────────────────


def _notices(machine: type[Weather]) -> str:
    """What the model has to say of a broken edge or hub; fails when it says nothing."""
    with pytest.raises(AssertionError) as found:
        run_state_machine_as_test(
            machine,
            settings=_settings(
                1_000,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                report_multiple_bugs=False,
            ),
        )
    return str(found.value)


def test_the_model_notices_a_spool_without_checksums(monkeypatch: pytest.MonkeyPatch) -> None:
    class Flipping(Weather):
        say = restart = torn_put = back_up = restore = hub_crash = None

    for module in (spool_file, spool_salvage):
        monkeypatch.setattr(module, "checksum", lambda *_: 0)
    assert "invented or altered" in _notices(Flipping)


def test_the_model_notices_a_hub_that_settles_before_its_commit() -> None:
    class Hasty(Hub):
        def told(self, boot: HubBoot) -> list[SeqRange]:
            return boot.known.ranges()

    class Hurried(Weather):
        hub_class = Hasty
        say = restart = torn_put = flip_a_bit = back_up = restore = None

    assert "was acknowledged and is lost" in _notices(Hurried)


def test_the_model_notices_a_boot_that_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(InlineSpool):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self.boot = 7

    class Again(Weather):
        spool_class = Stuck

    def begin(self: spool_file.SpoolFile, boot: int) -> None:
        self._db.execute("INSERT OR IGNORE INTO boot (boot) VALUES (?)", (boot,))

    monkeypatch.setattr(spool_file.SpoolFile, "begin_boot", begin)
    _notices(Again)
