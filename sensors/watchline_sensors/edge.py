"""The edge process: adapters into the spool, the spool to the hub, and a heartbeat of it all."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from watchline_sensors.adapters import Adapter, Feed, Films
from watchline_sensors.adapters.registry import build_adapters
from watchline_sensors.clock import ClockGuard, now_us, steady_us
from watchline_sensors.config import Config
from watchline_sensors.contract import Health, HealthState, Item
from watchline_sensors.errors import EdgeError
from watchline_sensors.footage import Footage
from watchline_sensors.keys import load_or_create_key
from watchline_sensors.lanes import LiveLane
from watchline_sensors.spool import Spool
from watchline_sensors.spool_model import Row
from watchline_sensors.uplink import BEHIND_US, Uplink
from watchline_sensors.vitals import Pulse, Supervised

log = logging.getLogger("watchline.edge")

_LOOK_S = 1.0
_MAX_RESTART_S = 30.0
_SOUND_US = 60_000_000
_TROUBLE_US = 60_000_000
_GOODBYE_S = 2.0
#: A replay waits while this many rows per MB of spool are unsettled, rather than fill it.
_REPLAY_ROWS_PER_MB = 1000

#: Told from time to time what is left to settle.
Progress = Callable[[str], None]


class Edge:
    """The running parts; made by `open_edge`."""

    def __init__(self, config: Config, adapters: Sequence[Adapter]) -> None:
        self.config = config
        self.lane = LiveLane(delay_us=config.edge.watermark_delay_ms * 1000)
        self.spool = Spool(
            config.edge.spool_path,
            max_bytes=config.edge.spool_max_mb * 1_000_000,
            on_numbered=self._numbered,
        )
        self.uplink = Uplink(
            config.edge, self.spool, self.lane, load_or_create_key(config.edge.key_path)
        )
        self.adapters = [Supervised(adapter=adapter) for adapter in adapters]
        self._clock = ClockGuard()
        self._pulse = Pulse()
        self._trouble: tuple[str, int] | None = None
        self._damage_seen = 0

    def _numbered(self, last_seq: int, rows: Sequence[Row]) -> None:
        self.lane.numbered(last_seq, rows, now_us(), steady_us())

    async def supervise(self, one: Supervised, feed: Feed) -> None:
        """Run an adapter until its source ends; after a crash again, in 1, 2, 4 ... 30 s."""
        wait_s = 1.0
        while True:
            started_us = steady_us()
            one.started(started_us)
            try:
                await one.adapter.run(feed)
            except EdgeError as error:
                log.error("%s: %s", error.code, error)
                one.failed(error.code)
            except Exception:
                log.exception("adapter.crashed")
                one.failed("adapter.crashed")
            else:
                one.ended, one.running_since_us = True, None
                await self.beat(all_of=True)
                return
            if steady_us() - started_us >= _SOUND_US:
                wait_s = 1.0
            await asyncio.sleep(wait_s)
            wait_s = min(_MAX_RESTART_S, wait_s * 2)

    async def watch(self) -> None:
        """Look after clock, spool and adapters each second; beat when something is due."""
        while True:
            await self.beat()
            await asyncio.sleep(_LOOK_S)

    async def beat(self, *, all_of: bool = False) -> None:
        """Put the heartbeats that are due, or all of them."""
        at_us, steady = now_us(), steady_us()
        code = self._edge_code(at_us, steady)
        beats = [beat for one in self.adapters for beat in one.beats(at_us, steady, code)]
        due = beats if all_of else self._pulse.due(beats, steady)
        if due:
            await self.spool.say(due)

    def _edge_code(self, at_us: int, steady: int) -> str | None:
        """What ails the edge itself, if anything; a passing trouble is told for a minute."""
        step_us = self._clock.observe(at_us, steady)
        if step_us:
            log.warning("clock.stepped: by %.3f s", step_us / 1e6)
            self._trouble = "clock.stepped", steady
            if step_us < 0:
                self.lane.clock_stepped_back()
        stats = self.spool.stats
        if stats.damaged + stats.salvages > self._damage_seen:
            self._damage_seen = stats.damaged + stats.salvages
            self._trouble = "spool.damaged", steady
        if self.spool.full:
            return "spool.full"
        if self._trouble is not None and steady - self._trouble[1] < _TROUBLE_US:
            return self._trouble[0]
        return None

    def goodbyes(self) -> list[Health]:
        """The last word of each sensor."""
        at_us = now_us()
        return [
            msgspec.structs.replace(beat, state=HealthState.GOODBYE, code="health.goodbye")
            for one in self.adapters
            for beat in one.beats(at_us, steady_us(), None)
        ]

    async def until_settled(self, timeout_s: float, progress: Progress | None = None) -> bool:
        """Wait until no row is left in the spool; False when the time is up first."""
        deadline_us = steady_us() + int(timeout_s * 1e6)
        while self.spool.stats.rows > 0:
            if steady_us() >= deadline_us:
                return False
            if progress is not None:
                progress(self.line())
            await asyncio.sleep(0.05)
        if progress is not None:
            progress(self.line())
        return True

    def line(self) -> str:
        """The state of things in one line."""
        spool, uplink = self.spool.stats, self.uplink.stats
        state = "connected" if uplink.connected else uplink.last_error or "connecting"
        return f"settled {uplink.settled:,}, left {spool.rows:,}, {state}"

    def figures(self) -> dict[str, Any]:
        """Every counter, ready for JSON."""
        return {
            "boot": self.spool.boot,
            "sensors": {
                beat.sensor: dict(beat.counters) for one in self.adapters for beat in one.last
            },
            "spool": asdict(self.spool.stats),
            "uplink": asdict(self.uplink.stats),
        }


@asynccontextmanager
async def open_edge(config: Config, adapters: Sequence[Adapter]) -> AsyncIterator[Edge]:
    """Spool open, uplink running, sensors described; all ended on the way out.

    Raises SpoolBusy, SpoolError, KeyUnusable.
    """
    edge = Edge(config, adapters)
    await edge.spool.open()
    uplink = asyncio.create_task(edge.uplink.run(), name="uplink")
    try:
        if config.sensors and adapters:
            await edge.spool.say([sensor.info(now_us()) for sensor in config.sensors])
        yield edge
    finally:
        await _end([uplink])
        await edge.spool.close()


async def run_edge(
    config: Config, stop: asyncio.Event, adapters: Sequence[Adapter] | None = None
) -> None:
    """Run until `stop` is set; then say goodbye, flush, and try for 2 s to send the rest.

    Raises AdapterUnknown, ConfigError, KeyUnusable, SpoolError at the start; later troubles
    are health, not errors.
    """
    built = build_adapters(config.sensors) if adapters is None else adapters
    async with open_edge(config, built) as edge:
        tasks = [
            asyncio.create_task(edge.supervise(one, edge.spool), name="adapter")
            for one in edge.adapters
        ]
        watch = asyncio.create_task(edge.watch(), name="watch")
        tasks += [watch, *_footage(edge, built)]
        try:
            await _until(stop, watch)
        finally:
            await _end(tasks)
            await edge.spool.say(edge.goodbyes())
            await edge.until_settled(_GOODBYE_S)
            log.info("edge.stopped: %s", edge.line())


def _footage(edge: Edge, adapters: Sequence[Adapter]) -> list[asyncio.Task[Any]]:
    """The task that sends pictures to the hub, if there are cameras that keep any."""
    films = [one for one in adapters if isinstance(one, Films) and one.cameras()]
    if not films:
        return []
    key = load_or_create_key(edge.config.edge.key_path)
    footage = Footage(
        edge.config, key, films, behind=lambda: edge.lane.lag_us(steady_us()) > BEHIND_US
    )
    return [asyncio.create_task(footage.run(), name="footage")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Patient:
    """A feed that waits for the hub rather than fill the spool: a file can wait, a radar not."""

    spool: Spool
    max_rows: int

    async def put(self, items: Sequence[Item]) -> None:
        while self.spool.stats.rows >= self.max_rows:
            await asyncio.sleep(0.05)
        await self.spool.put(items)


async def run_replay(
    config: Config,
    adapter: Adapter,
    *,
    timeout_s: float,
    stop: asyncio.Event,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run a recording to its end and wait until all of the spool is settled.

    Gives every counter, with `ended` (the file is through) and `unsettled` (rows left).
    Raises what the adapter raises.
    """
    async with open_edge(config, [adapter]) as edge:
        feed = _Patient(spool=edge.spool, max_rows=config.edge.spool_max_mb * _REPLAY_ROWS_PER_MB)
        run = asyncio.create_task(adapter.run(feed), name="replay")
        watch = asyncio.create_task(edge.watch(), name="watch")
        try:
            await _until(stop, run, watch)
            ended = run.done()
        finally:
            await _end([watch, run])
        await edge.beat(all_of=True)
        if ended:
            await edge.until_settled(timeout_s, progress)
        return {"ended": ended, "unsettled": edge.spool.stats.rows, **edge.figures()}


async def drain(
    config: Config, timeout_s: float, progress: Progress | None = None
) -> dict[str, Any]:
    """Send what lies in the spool, without any adapter; counters as of `run_replay`."""
    async with open_edge(config, []) as edge:
        await edge.until_settled(timeout_s, progress)
        return {"unsettled": edge.spool.stats.rows, **edge.figures()}


def progress_on_stderr() -> Progress:
    """One line that is rewritten on a terminal, a line each 5 s elsewhere."""
    last_us: int | None = None
    on_terminal = sys.stderr.isatty()

    def tell(line: str) -> None:
        nonlocal last_us
        at_us = steady_us()
        if last_us is None or at_us - last_us >= (200_000 if on_terminal else 5_000_000):
            last_us = at_us
            print(f"\r\x1b[K{line}" if on_terminal else line, end="", file=sys.stderr)
            print("", end="" if on_terminal else "\n", file=sys.stderr, flush=True)

    return tell


async def _until(stop: asyncio.Event, *tasks: asyncio.Task[Any]) -> None:
    """Until `stop` is set or one of the tasks is over; raises what that task raised."""
    stopped = asyncio.create_task(stop.wait(), name="stop")
    try:
        done, _ = await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end([stopped])
    for task in done - {stopped}:
        task.result()


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel and wait; a task that had failed by itself says so in the log."""
    for task in tasks:
        task.cancel()
    for task, result in zip(
        tasks, await asyncio.gather(*tasks, return_exceptions=True), strict=True
    ):
        if isinstance(result, Exception):
            log.error("edge.task_failed: %s", task.get_name(), exc_info=result)
