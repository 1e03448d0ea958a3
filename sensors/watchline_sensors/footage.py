"""Sends pictures to the hub, and only those that it asks for: the edge's half of `/api/footage`.

One loop asks every 2 s what is wanted. Each camera has two more, one that answers, a piece at a
time, and one that sends its newest picture while somebody looks, so that a slow camera delays
no other; they have a client of their own, and hardly send while the uplink is behind. What is due
when is decided by `Wanted`, which is pure.
"""

import asyncio
import functools
import logging
import math
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

import msgspec

from watchline_sensors.adapters import Films
from watchline_sensors.clock import now_us, steady_us
from watchline_sensors.config import Config
from watchline_sensors.contract import (
    UNREADABLE,
    FootageAnswer,
    FootageCall,
    FootageWanted,
    LiveReceipt,
    WantedFootage,
    WantedLive,
)
from watchline_sensors.hub_client import HubClient, Reply
from watchline_sensors.keys import EdgeKey
from watchline_sensors.replies import Backoff, Later

log = logging.getLogger("watchline.footage")

_T = TypeVar("_T")

ASK_S = 2.0
#: A frame may come so long after its time.
SLACK_US = 2_000_000
#: What was answered and is wanted again is answered again after so long.
AGAIN_US = 30_000_000
_POLL_S = 0.2
_TIDY_S = 60.0
_LONGEST_WAIT_S = 10.0
_ASK_LIMIT_S, _LIVE_LIMIT_S, _ANSWER_LIMIT_S = 5.0, 5.0, 300.0
#: Refusals that are over after a while.
_PASSING = frozenset({408, 421, 425, 429})
#: While the uplink is behind: so long between two parts of a POST, and two live pictures.
_PART_GAP_S, _LIVE_GAP_S = 0.5, 2.0
#: By how much less the processor is ours than detection's.
_NICE = 10


@dataclass(slots=True, kw_only=True)
class FootageStats:
    """Running counters. `refused` pieces the hub did not want, `failed` could not be made;
    `unreached` POSTs came to nothing."""

    asked: int = 0
    answered: int = 0
    refused: int = 0
    failed: int = 0
    live: int = 0
    unreached: int = 0


class Wanted:
    """What the hub wants of one camera: which piece is due, and when one is so again. Pure."""

    def __init__(self) -> None:
        self.live: WantedLive | None = None
        self._pieces: list[WantedFootage] = []
        self._not_before_us: dict[str, float] = {}
        self._settled_us: dict[str, int] = {}

    def take(self, pieces: Sequence[WantedFootage], live: WantedLive | None, asked_us: int) -> None:
        """What the hub said when it was asked at `asked_us` (steady).

        What it had not taken yet by then, it may still name; what it no longer names is forgotten,
        so that it is new when it is named again.
        """
        self.live = live
        self._pieces = [one for one in pieces if self._settled_us.get(one.id, asked_us) <= asked_us]
        names = {one.id for one in pieces}
        for one in self._settled_us.keys() - names:
            if self._settled_us[one] <= asked_us:
                del self._settled_us[one], self._not_before_us[one]

    def due(self, now_us: int, steady_us: int) -> WantedFootage | None:
        """The oldest piece that is over by `now_us` and may be sent."""
        due = [
            one
            for one in self._pieces
            if one.until_us + SLACK_US <= now_us
            and self._not_before_us.get(one.id, -math.inf) <= steady_us
        ]
        return min(due, key=lambda one: (one.until_us, one.id), default=None)

    def settled(self, piece: WantedFootage, steady_us: int, *, for_good: bool = False) -> None:
        """It was answered, or (`for_good`) will not be as long as it is named."""
        self._pieces = [one for one in self._pieces if one.id != piece.id]
        self._settled_us[piece.id] = steady_us
        self._not_before_us[piece.id] = math.inf if for_good else steady_us + AGAIN_US


@dataclass(slots=True)
class _Camera:
    """One camera, or (`films` None) those that we do not film."""

    name: str
    films: Films | None
    wanted: Wanted = field(default_factory=Wanted)
    answers: ThreadPoolExecutor = field(default_factory=lambda: _thread("footage answers"))
    pictures: ThreadPoolExecutor = field(default_factory=lambda: _thread("footage live"))
    sent_us: int | None = None


class Footage:
    """One edge's footage; `run` goes on until it is cancelled."""

    def __init__(
        self,
        config: Config,
        key: EdgeKey,
        films: Sequence[Films],
        *,
        behind: Callable[[], bool] = lambda: False,
    ) -> None:
        """`behind` says whether the uplink is. Raises ConfigError when the hub's certificates
        are unusable."""
        self._behind = behind
        self._edge, self._hub_url = config.edge.id, config.edge.hub
        self._known = {sensor.id for sensor in config.sensors}
        self._cameras = {name: _Camera(name, one) for one in films for name in one.cameras()}
        self._others = _Camera("", None)
        self._hub = HubClient(config.edge, key, connections=2 * len(self._cameras) + 2)
        self.stats = FootageStats()

    async def run(self) -> NoReturn:
        """Ask and send. Whatever goes wrong is counted or logged, waited out and tried again."""
        try:
            async with self._hub, asyncio.TaskGroup() as group:
                group.create_task(self._loop(self._ask), name="footage ask")
                for camera in (*self._cameras.values(), self._others):
                    for turn in (self._answer, self._show, self._tidy):
                        loop = self._loop(functools.partial(turn, camera))
                        group.create_task(loop, name=f"footage {turn.__name__}")
        finally:
            for camera in (*self._cameras.values(), self._others):
                camera.answers.shutdown(wait=False, cancel_futures=True)
                camera.pictures.shutdown(wait=False, cancel_futures=True)
        raise AssertionError("the loops of footage never end")

    async def _loop(self, turn: Callable[[Backoff], Awaitable[None]]) -> NoReturn:
        backoff = Backoff(_LONGEST_WAIT_S)
        while True:
            try:
                await turn(backoff)
            except Exception:
                log.exception("footage.internal")
                await asyncio.sleep(backoff.failed())

    # ── what is wanted ───────────────────────────────────────────────────────────────────────

    async def _ask(self, backoff: Backoff) -> None:
        asked_us = steady_us()
        call = FootageCall(edge=self._edge, at_us=now_us(), cameras=list(self._cameras)[:256])
        self.stats.asked += 1
        reply = await self._post("wanted", call, limit_s=_ASK_LIMIT_S)
        wanted = _decoded(reply, FootageWanted)
        if wanted is None:
            await self._wait(reply, backoff)
            return
        backoff.succeeded()
        for camera in self._cameras.values():
            pieces = [one for one in wanted.footage if one.sensor == camera.name]
            live = next((one for one in wanted.live if one.sensor == camera.name), None)
            camera.wanted.take(pieces, live, asked_us)
        others = [one for one in wanted.footage if one.sensor not in self._cameras]
        self._others.wanted.take(others, None, asked_us)
        await asyncio.sleep(ASK_S)

    # ── pieces ───────────────────────────────────────────────────────────────────────────────

    async def _answer(self, camera: _Camera, backoff: Backoff) -> None:
        piece = camera.wanted.due(now_us(), steady_us())
        if piece is None:
            await asyncio.sleep(_POLL_S)
            return
        try:
            answer = await self._piece(camera, piece)
        except Exception:  # the others are still to come
            log.exception("footage.not_made: %s", piece.sensor)
            self.stats.failed += 1
            camera.wanted.settled(piece, steady_us())
            return
        reply = await self._post("answer", answer, limit_s=_ANSWER_LIMIT_S)
        if _taken(reply):
            self.stats.answered += 1
            camera.wanted.settled(piece, steady_us())
            backoff.succeeded()
        elif _refused(reply):
            log.warning("footage.refused: %s: %s", piece.sensor, _why(reply))
            self.stats.refused += 1
            camera.wanted.settled(piece, steady_us(), for_good=True)
        else:
            await self._wait(reply, backoff)

    async def _piece(self, camera: _Camera, piece: WantedFootage) -> FootageAnswer:
        films = camera.films
        if films is not None:
            return await _in(camera.answers, lambda: films.piece(self._edge, piece))
        known = piece.sensor in self._known
        code = "footage.absent" if known else "footage.camera_unknown"
        return FootageAnswer(edge=self._edge, id=piece.id, code=code)

    # ── live pictures ────────────────────────────────────────────────────────────────────────

    async def _show(self, camera: _Camera, backoff: Backoff) -> None:
        live, films, started_us = camera.wanted.live, camera.films, steady_us()
        if live is None or films is None:
            await asyncio.sleep(_POLL_S)
            return
        picture = await _in(camera.pictures, lambda: films.latest(self._edge, camera.name))
        if picture is None or picture.at_us == camera.sent_us:
            await asyncio.sleep(_POLL_S / 4)
            return
        camera.sent_us = picture.at_us
        reply = await self._post("live", picture, limit_s=_LIVE_LIMIT_S)
        receipt = _decoded(reply, LiveReceipt)
        if receipt is not None:
            self.stats.live += 1
            backoff.succeeded()
        elif not _refused(reply):
            await self._wait(reply, backoff)
            return
        if receipt is None or not receipt.wanted:
            camera.wanted.live = None
        period_s = max(1.0 / live.fps, _LIVE_GAP_S if self._behind() else 0.0)
        await asyncio.sleep(max(0.0, period_s - (steady_us() - started_us) / 1e6))

    # ── all ──────────────────────────────────────────────────────────────────────────────────

    async def _tidy(self, camera: _Camera, backoff: Backoff) -> None:
        if camera.films is not None:
            await _in(camera.answers, camera.films.tidy)
        backoff.succeeded()
        await asyncio.sleep(_TIDY_S)

    async def _post(self, what: str, message: msgspec.Struct, *, limit_s: float) -> Reply | Later:
        body = msgspec.msgpack.encode(message)
        url = f"{self._hub_url}/api/footage/{what}"
        return await self._hub.send(url, body, limit_s=limit_s, pause=self._pause)

    async def _pause(self) -> None:
        if self._behind():
            await asyncio.sleep(_PART_GAP_S)

    async def _wait(self, reply: Reply | Later, backoff: Backoff) -> None:
        self.stats.unreached += 1
        log.debug("footage.unreached: %s", _why(reply))
        await asyncio.sleep(backoff.failed())


def _taken(reply: Reply | Later) -> bool:
    return isinstance(reply, Reply) and 200 <= reply.status < 300


def _refused(reply: Reply | Later) -> bool:
    """Whether it would be refused again."""
    return isinstance(reply, Reply) and 400 <= reply.status < 500 and reply.status not in _PASSING


def _decoded(reply: Reply | Later, kind: type[_T]) -> _T | None:
    if not isinstance(reply, Reply) or not _taken(reply):
        return None
    try:
        return msgspec.msgpack.decode(reply.body, type=kind)
    except UNREADABLE:
        log.warning("footage.unreadable: what the hub says is no %s", kind.__name__)
        return None


def _why(reply: Reply | Later) -> str:
    return reply.code if isinstance(reply, Later) else f"HTTP {reply.status}"


def _thread(name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix=name, initializer=_give_way)


def _give_way() -> None:
    """Detection first: on Linux a thread has a niceness of its own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


async def _in(thread: ThreadPoolExecutor, do: Callable[[], _T]) -> _T:
    return await asyncio.get_running_loop().run_in_executor(thread, do)
