"""`watchline-edge check`: what is wrong with a config, its hub or its feeds, in plain words."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from watchline_sensors.adapters import Adapter
from watchline_sensors.adapters.registry import build_adapters, check_adapters
from watchline_sensors.adapters.replay.adapter import build_replay
from watchline_sensors.clock import now_us
from watchline_sensors.config import Config
from watchline_sensors.contract import Detection, Envelope, Health, Item, Lane, encode_envelope
from watchline_sensors.errors import EdgeError
from watchline_sensors.hub_client import HubClient
from watchline_sensors.keys import EdgeKey, load_or_create_key
from watchline_sensors.replies import Answer, Elsewhere, Later, Taken

#: The boot of a check: no process draws it, and it never gives out a seq.
CHECK_BOOT = 0
_UNREACHED = ("uplink.unreachable", "uplink.timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sentence; `wrong` when something has to be done about it."""

    wrong: bool
    text: str


def _good(text: str) -> Finding:
    return Finding(wrong=False, text=text)


def _wrong(text: str) -> Finding:
    return Finding(wrong=True, text=text)


@dataclass(slots=True)
class _CountingFeed:
    """A feed that keeps nothing but a count for each sensor."""

    seen: dict[str, int] = field(default_factory=dict)
    defects: dict[tuple[str, str], int] = field(default_factory=dict)

    async def put(self, items: Sequence[Item]) -> None:
        for item in items:
            if isinstance(item, Detection):
                self.seen[item.sensor] = self.seen.get(item.sensor, 0) + 1
                if (code := item.defect()) is not None:
                    key = (item.sensor, code)
                    self.defects[key] = self.defects.get(key, 0) + 1


async def check(config: Config, *, seconds: float, ask_hub: bool) -> AsyncIterator[Finding]:
    """Every finding as soon as it is known; `seconds` 0 does not listen to the sensors."""
    problems = check_adapters(config.sensors)
    for problem in problems:
        yield _wrong(problem)
    if not config.sensors:
        yield _wrong("there is no [[sensor]] table, so nothing to send")
    try:
        key = load_or_create_key(config.edge.key_path)
    except EdgeError as error:
        yield _wrong(str(error))
        return
    if not os.access(config.edge.state, os.W_OK | os.X_OK):
        yield _wrong(f"{config.edge.state} cannot be written to")
    if not problems and config.sensors:
        yield _good(f"the configuration of {len(config.sensors)} sensors is sound")
    if ask_hub:
        yield await _ask_hub(config, key)
    if seconds > 0 and not problems and config.sensors:
        try:
            adapters = build_adapters(config.sensors)
        except EdgeError as error:
            yield _wrong(str(error))
            return
        for finding in await _listen(config, adapters, seconds):
            yield finding


async def check_recording(config: Config, path: Path) -> AsyncIterator[Finding]:
    """What the configured sensors make of a recording; nothing is kept and the hub not asked."""
    feed = _CountingFeed()
    try:
        adapter = build_replay(path, config.sensors)
    except EdgeError as error:
        yield _wrong(str(error))
        return
    try:
        await adapter.run(feed)
    except EdgeError as error:
        yield _wrong(str(error))
    for beat in adapter.health(now_us()):
        yield _of_feed(beat.sensor, feed, beat, f"in {path}")


async def _ask_hub(config: Config, key: EdgeKey) -> Finding:
    """Send an empty envelope: it shows the way, the key and the sector's writer in one go."""
    body = encode_envelope(
        Envelope(
            edge=config.edge.id,
            boot=CHECK_BOOT,
            lane=Lane.ARCHIVE,
            sent_at_us=now_us(),
            watermark_us=0,
            highest_seq=0,
        )
    )
    async with HubClient(config.edge, key) as hub:
        answer = await hub.post(config.edge.hub, body)
        if isinstance(answer, Elsewhere):
            owner = answer.owner
            answer = await hub.post(owner, body)
            if isinstance(answer, Later) and answer.code in (
                "uplink.unreachable",
                "uplink.timeout",
            ):
                return _wrong(
                    f"the hub {config.edge.hub} names {owner} as the sector's owner, "
                    "but that address cannot be reached from here"
                )
    return _of_hub(config, key, answer)


def _of_hub(config: Config, key: EdgeKey, answer: Answer) -> Finding:
    hub, edge = config.edge.hub, config.edge.id
    if isinstance(answer, Taken):
        return _good(f"the hub {hub} knows edge {edge} and takes its envelopes")
    if isinstance(answer, Elsewhere):
        return _wrong(f"the hub {hub} sends edge {edge} round in circles")
    if answer.code in _UNREACHED:
        return _wrong(f"the hub {hub} cannot be reached; is the address right?")
    if answer.refused:
        return _wrong(
            f"the hub {hub} refuses edge {edge} ({answer.code}). If it is not enrolled there yet: "
            f"watchline edge enroll --id {edge} --sector SECTOR --key {key.public_key_base64()}"
        )
    return _wrong(f"the hub {hub} answers, but takes no envelopes now ({answer.code})")


async def _listen(config: Config, adapters: Sequence[Adapter], seconds: float) -> list[Finding]:
    feed = _CountingFeed()
    tasks = [asyncio.create_task(adapter.run(feed)) for adapter in adapters]
    await asyncio.wait(tasks, timeout=seconds)
    health = {beat.sensor: beat for adapter in adapters for beat in adapter.health(now_us())}
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    findings = [_of_crash(result) for result in results if isinstance(result, Exception)]
    if not any(isinstance(result, Exception) for result in results):
        for sensor in config.sensors:
            beat = health.get(sensor.id)
            findings.append(_of_feed(sensor.id, feed, beat, f"in {seconds:g} s"))
    return findings


def _of_crash(error: Exception) -> Finding:
    if isinstance(error, EdgeError):
        return _wrong(str(error))
    return _wrong(f"an adapter crashed: {type(error).__name__}: {error}")


def _of_feed(sensor: str, feed: _CountingFeed, beat: Health | None, where: str) -> Finding:
    counters = beat.counters if beat is not None else {}
    told = ", ".join(f"{name} {count}" for name, count in counters.items() if count)
    seen = feed.seen.get(sensor, 0)
    bad = [f"{count} with {code}" for (who, code), count in feed.defects.items() if who == sensor]
    if bad:
        return _wrong(f"sensor {sensor}: {seen} detections, {', '.join(bad)}")
    if seen:
        return _good(f"sensor {sensor}: {seen} detections {where} ({told})")
    if told:
        return _wrong(f"sensor {sensor}: no detection {where}, but {told}")
    return _wrong(f"sensor {sensor}: nothing was heard {where}")
