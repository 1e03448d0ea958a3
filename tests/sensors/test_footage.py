"""Pictures leave the edge when the hub asks for them, and then only."""

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sensors.fake_hub import FakeHub
from sensors.footage_hub import FootageHub
from sensors.parts import edge_config, heartbeat, public_key, until
from watchline_sensors import footage as footage_module
from watchline_sensors.adapters import Feed, Films
from watchline_sensors.clock import now_us
from watchline_sensors.contract import (
    FootageAnswer,
    FootageKind,
    FootageWanted,
    Health,
    LivePicture,
    WantedFootage,
    WantedLive,
)
from watchline_sensors.edge import run_edge
from watchline_sensors.footage import AGAIN_US, SLACK_US, Footage, Wanted
from watchline_sensors.keys import load_or_create_key

S = 1_000_000


def piece(id: str = "p1", sensor: str = "cam-1", until_us: int = 1 * S) -> WantedFootage:
    return WantedFootage(id=id, sensor=sensor, kind=FootageKind.CLIP, from_us=0, until_us=until_us)


# ── what is due, without a net ───────────────────────────────────────────────────────────────────


def test_a_piece_is_due_when_it_is_over_the_oldest_first() -> None:
    wanted = Wanted()
    wanted.take([piece("b", until_us=20 * S), piece("a", until_us=30 * S)], None, 0)
    assert wanted.due(20 * S + SLACK_US - 1, 0) is None
    due = wanted.due(90 * S, 0)
    assert due is not None and due.id == "b"
    wanted.settled(due, 1)
    due = wanted.due(90 * S, 1)
    assert due is not None and due.id == "a"


def test_what_was_taken_is_sent_again_only_when_it_is_wanted_again() -> None:
    wanted = Wanted()
    wanted.take([piece()], None, 10)
    wanted.settled(piece(), 20)
    wanted.take([piece()], None, 15)  # asked before it was taken
    assert wanted.due(90 * S, 20 + AGAIN_US) is None
    wanted.take([piece()], None, 25)  # named still: it was lost there
    assert wanted.due(90 * S, 20 + AGAIN_US - 1) is None
    assert wanted.due(90 * S, 20 + AGAIN_US) == piece()
    wanted.take([], None, 30)
    assert wanted.due(90 * S, 20 + AGAIN_US) is None
    wanted.take([piece()], None, 40)  # named anew
    assert wanted.due(90 * S, 41) == piece()


def test_what_is_refused_is_dropped_as_long_as_it_is_named() -> None:
    wanted = Wanted()
    wanted.take([piece()], None, 10)
    wanted.settled(piece(), 20, for_good=True)
    wanted.take([piece()], None, 30)
    assert wanted.due(90 * S, 2**60) is None
    wanted.take([], None, 40)
    wanted.take([piece()], None, 50)
    assert wanted.due(90 * S, 51) == piece()


# ── with a hub on a socket ───────────────────────────────────────────────────────────────────────


class Camera:
    """Films under the test's thumb: `fps` pictures a second, pieces in `takes_s`."""

    def __init__(self, *names: str, fps: float = 50.0, takes_s: float = 0.0) -> None:
        self.names, self.fps, self.takes_s = names, fps, takes_s
        self.asked: list[str] = []
        self.tidied = 0
        self.crash: Exception | None = None
        self.octets = b"film"

    async def run(self, feed: Feed) -> None:
        await asyncio.sleep(3600)

    def health(self, now_us: int) -> Sequence[Health]:
        return [heartbeat(now_us, name) for name in self.names]

    def cameras(self) -> Sequence[str]:
        return self.names

    def piece(self, edge: str, wanted: WantedFootage) -> FootageAnswer:
        self.asked.append(wanted.id)
        time.sleep(self.takes_s)
        if self.crash is not None:
            raise self.crash
        return FootageAnswer(
            edge=edge, id=wanted.id, media_type="video/webm", frames=3, octets=self.octets
        )

    def latest(self, edge: str, camera: str) -> LivePicture | None:
        at_us = int(now_us() * self.fps) // S * S // int(self.fps)
        return LivePicture(edge=edge, sensor=camera, at_us=at_us, octets=b"picture")

    def tidy(self) -> None:
        self.tidied += 1


@pytest.fixture
async def hub(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FootageHub]:
    monkeypatch.setattr(footage_module, "ASK_S", 0.1)
    hub = await FootageHub().start()
    yield hub
    await hub.die()


@asynccontextmanager
async def footage(
    hub: FootageHub, folder: Path, *films: Films, **more: Any
) -> AsyncIterator[Footage]:
    config = edge_config(folder, hub.url)
    hub.key = public_key(config)
    one = Footage(config, load_or_create_key(config.edge.key_path), films, **more)
    task = asyncio.create_task(one.run())
    try:
        yield one
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_it_says_what_it_films_and_answers_what_is_wanted(
    hub: FootageHub, tmp_path: Path
) -> None:
    camera = Camera("cam-1", "cam-2")
    async with footage(hub, tmp_path, camera) as one:
        await until(lambda: hub.calls)
        assert hub.calls[0].cameras == ["cam-1", "cam-2"]
        assert abs(hub.calls[0].at_us - now_us()) < 5 * S
        assert not hub.answers and not hub.live, "nothing goes unasked"
        hub.want(
            piece("p1"),
            piece("p2", "cam-2"),
            piece("p3", "radar-1"),  # a sensor of this edge that films nothing
            piece("p4", "who"),
        )
        await until(lambda: len(hub.answers) == 4)
        told = {answer.id: answer for answer in hub.answers}
        assert told["p1"].octets == told["p2"].octets == b"film" and told["p1"].code is None
        assert told["p3"].code == "footage.absent" and told["p4"].code == "footage.camera_unknown"
        assert all(answer.edge == "edge-1" for answer in hub.answers)
        await asyncio.sleep(0.5)
        assert len(hub.answers) == 4 and sorted(camera.asked) == ["p1", "p2"], "each once"
        assert one.stats.answered == 4 and hub.bad_signatures == 0
        assert camera.tidied == 2


async def test_what_lies_ahead_is_sent_when_it_is_over(
    hub: FootageHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(footage_module, "SLACK_US", 300_000)
    over_us = now_us() + 1 * S
    async with footage(hub, tmp_path, Camera("cam-1")):
        hub.want(piece("ahead", until_us=over_us), piece("past"))
        await until(lambda: len(hub.answers) == 1)
        assert hub.answers[0].id == "past"
        await until(lambda: len(hub.answers) == 2)
        assert over_us + 300_000 <= now_us() < over_us + 2 * S


async def test_a_large_piece_arrives_whole(hub: FootageHub, tmp_path: Path) -> None:
    camera = Camera("cam-1")
    camera.octets = bytes(range(256)) * 31_250
    async with footage(hub, tmp_path, camera):
        hub.want(piece())
        await until(lambda: hub.answers)
    assert hub.answers[0].octets == camera.octets and len(camera.octets) == 8_000_000


async def test_the_oldest_first_and_one_at_a_time(hub: FootageHub, tmp_path: Path) -> None:
    hub.slow_s = 0.05
    hub.want(*(piece(f"p{k}", until_us=(9 - k) * S) for k in range(6)))
    async with footage(hub, tmp_path, Camera("cam-1", takes_s=0.02)):
        await until(lambda: len(hub.answers) == 6)
    assert [answer.id for answer in hub.answers] == ["p5", "p4", "p3", "p2", "p1", "p0"]


async def test_a_slow_camera_delays_no_other(hub: FootageHub, tmp_path: Path) -> None:
    slow, quick = Camera("cam-1", takes_s=1.5), Camera("cam-2")
    hub.want(piece("slow"), piece("quick", "cam-2"), live=[WantedLive(sensor="cam-1", fps=10.0)])
    async with footage(hub, tmp_path, slow, quick):
        await until(lambda: slow.asked)
        started = time.monotonic()
        await until(lambda: hub.answers)
        await until(lambda: len(hub.live) >= 5)
        assert time.monotonic() - started < 1.4
        assert [answer.id for answer in hub.answers] == ["quick"]
        await until(lambda: len(hub.answers) == 2)


async def test_after_the_hub_was_away_it_goes_on(hub: FootageHub, tmp_path: Path) -> None:
    async with footage(hub, tmp_path, Camera("cam-1")) as one:
        await until(lambda: hub.calls)
        hub.want(piece("p1"), live=[WantedLive(sensor="cam-1", fps=10.0)])
        await until(lambda: hub.answers and hub.live)
        await hub.die()
        await until(lambda: one.stats.unreached >= 3)
        hub.want(piece("p2"), live=[WantedLive(sensor="cam-1", fps=10.0)])
        hub.live.clear()
        await hub.start(hub.port)
        await until(lambda: len(hub.answers) == 2 and hub.live)
    assert [answer.id for answer in hub.answers] == ["p1", "p2"]


async def test_an_answer_that_failed_is_sent_again(hub: FootageHub, tmp_path: Path) -> None:
    hub.refuse["answer"] = 503
    hub.want(piece())
    camera = Camera("cam-1")
    async with footage(hub, tmp_path, camera) as one:
        await until(lambda: one.stats.unreached >= 2)
        assert not hub.answers
        del hub.refuse["answer"]
        await until(lambda: hub.answers)
    assert one.stats.answered == 1 and one.stats.refused == 0


async def test_what_the_hub_refuses_is_dropped_and_counted(hub: FootageHub, tmp_path: Path) -> None:
    hub.refuse["answer"] = 404
    hub.want(piece("p1"))
    camera = Camera("cam-1")
    async with footage(hub, tmp_path, camera) as one:
        await until(lambda: one.stats.refused == 1)
        await asyncio.sleep(0.6)
        assert camera.asked == ["p1"] and one.stats.refused == 1
        del hub.refuse["answer"]
        hub.want(piece("p2"))
        await until(lambda: hub.answers)
        assert hub.answers[0].id == "p2"


async def test_a_piece_that_cannot_be_made_holds_up_no_other(
    hub: FootageHub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    camera = Camera("cam-1")
    camera.crash = RuntimeError("a disk of glass")
    hub.want(piece("p1"))
    async with footage(hub, tmp_path, camera) as one:
        await until(lambda: one.stats.failed == 1)
        camera.crash = None
        hub.want(piece("p1"), piece("p2", until_us=2 * S))
        await until(lambda: hub.answers)
        assert hub.answers[0].id == "p2"
    assert "footage.not_made" in caplog.text


async def test_live_keeps_to_its_rate_and_is_never_old(hub: FootageHub, tmp_path: Path) -> None:
    hub.want(live=[WantedLive(sensor="cam-1", fps=5.0)])
    async with footage(hub, tmp_path, Camera("cam-1", "cam-2")):
        await until(lambda: len(hub.live) >= 8)
    times = [at for at, _ in hub.live]
    assert times[7] - times[0] >= 7 * 0.19
    shown = [picture.at_us for _, picture in hub.live]
    assert shown == sorted(set(shown)), "no picture twice"
    assert {picture.sensor for _, picture in hub.live} == {"cam-1"}


async def test_live_sends_no_faster_than_the_camera(hub: FootageHub, tmp_path: Path) -> None:
    hub.want(live=[WantedLive(sensor="cam-1", fps=10.0)])
    async with footage(hub, tmp_path, Camera("cam-1", fps=2.0)):
        await until(lambda: hub.live)
        started = len(hub.live)
        await asyncio.sleep(2.0)
        assert 3 <= len(hub.live) - started <= 5


@pytest.mark.parametrize("how", ["receipt", "list", "refusal"])
async def test_live_stops_when_nobody_looks(hub: FootageHub, tmp_path: Path, how: str) -> None:
    hub.want(live=[WantedLive(sensor="cam-1", fps=10.0)])
    async with footage(hub, tmp_path, Camera("cam-1")) as one:
        await until(lambda: len(hub.live) >= 2)
        calls = len(hub.calls)
        if how == "receipt":
            hub.looks = False
            footage_module.ASK_S = 60.0
            await asyncio.sleep(0.2)
        elif how == "list":
            hub.want()
            await until(lambda: len(hub.calls) >= calls + 2)
        else:
            footage_module.ASK_S = 60.0
            hub.refuse["live"] = 403
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.2)
        sent, told = len(hub.live), one.stats.live
        await asyncio.sleep(1.0)
        assert len(hub.live) == sent and one.stats.live == told
        if how == "list":
            hub.want(live=[WantedLive(sensor="cam-1", fps=10.0)])
            await until(lambda: len(hub.live) > sent)


async def test_while_the_uplink_is_behind_little_is_sent(hub: FootageHub, tmp_path: Path) -> None:
    behind = True
    camera = Camera("cam-1")
    camera.octets = bytes(200_000)  # seven parts
    hub.want(piece(), live=[WantedLive(sensor="cam-1", fps=10.0)])
    async with footage(hub, tmp_path, camera, behind=lambda: behind):
        await until(lambda: camera.asked)
        started = time.monotonic()
        await until(lambda: hub.answers)
        assert time.monotonic() - started >= 3.0 and len(hub.live) <= 3
        behind = False
        seen = len(hub.live)
        await until(lambda: len(hub.live) >= seen + 5, 3.0)


async def test_an_answer_that_is_none_of_ours_is_waited_out(
    hub: FootageHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = FootageHub._answer

    async def nonsense(self: FootageHub, *given: Any) -> tuple[int, bytes]:
        return 200, b"\xc1nonsense"

    monkeypatch.setattr(FootageHub, "_answer", nonsense)
    async with footage(hub, tmp_path, Camera("cam-1")) as one:
        await until(lambda: one.stats.unreached >= 3)
        monkeypatch.setattr(FootageHub, "_answer", real)
        hub.want(piece())
        await until(lambda: hub.answers)


async def test_a_crash_in_a_loop_is_logged_and_it_goes_on(
    hub: FootageHub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Camera):
        def latest(self, edge: str, camera: str) -> LivePicture | None:
            raise RuntimeError("no picture")

        def tidy(self) -> None:
            raise OSError("no disk")

    hub.want(piece(), live=[WantedLive(sensor="cam-1", fps=10.0)])
    async with footage(hub, tmp_path, Broken("cam-1")):
        await until(lambda: hub.answers)
        await until(lambda: caplog.text.count("no picture") >= 2)
    assert "footage.internal" in caplog.text and "no disk" in caplog.text


async def test_the_edge_runs_it_beside_the_uplink(
    tmp_path: Path, hub: FootageHub, caplog: pytest.LogCaptureFixture
) -> None:
    """And only with cameras that keep something; its end does not wait for a camera."""
    caplog.set_level(logging.DEBUG)
    config = edge_config(tmp_path, hub.url)
    hub.key = public_key(config)
    for camera, asks in ((Camera("radar-1"), True), (Camera(), False)):
        hub.calls.clear()
        stop = asyncio.Event()
        running = asyncio.create_task(run_edge(config, stop, [camera]))
        posts = hub.other_posts
        await until(lambda posts=posts: hub.other_posts > posts + 2)
        if asks:
            await until(lambda: hub.calls)
        assert bool(hub.calls) is asks
        stop.set()
        await asyncio.wait_for(running, 5.0)


async def test_the_uplink_is_not_delayed_by_a_hub_that_takes_footage_slowly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: FootageHub
) -> None:
    """Footage hangs at the hub; sightings are settled as ever."""
    uplink = await FakeHub().start()
    config = edge_config(tmp_path, uplink.url)
    uplink.public_key = public_key(config)
    real = uplink._answer
    hanging = asyncio.Event()

    def answer(body: bytes, signature: str) -> tuple[int, dict[str, str], bytes]:
        if uplink._signature_holds(signature, body) and b"cameras" in body:
            wanted = FootageWanted(footage=[piece(f"p{k}", "radar-1") for k in range(20)])
            return 200, {}, msgspec.msgpack.encode(wanted)
        if b"video/webm" in body:
            hanging.set()
            return 503, {"Retry-After": "9"}, b""
        return real(body, signature)

    monkeypatch.setattr(uplink, "_answer", answer)
    camera = Camera("radar-1", takes_s=0.3)
    camera.octets = bytes(4_000_000)
    stop = asyncio.Event()
    running = asyncio.create_task(run_edge(config, stop, [camera]))
    await asyncio.wait_for(hanging.wait(), 10.0)
    before = len(uplink.arrivals)
    await asyncio.sleep(2.0)
    arrivals = [at for at, _ in uplink.arrivals[before:]]
    assert len(arrivals) >= 12
    assert max(b - a for a, b in itertools.pairwise(arrivals)) < 0.5
    stop.set()
    await asyncio.wait_for(running, 5.0)
    await uplink.die()
