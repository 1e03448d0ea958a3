"""The worker's feed read in a process of its own: when each commit was told, and when begun."""

import asyncio
import contextlib
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection

import httpx2
import numpy as np

from watchline.live.feed_client import frames


class Feed:
    """Reads one sector's feed; `close` gives (newest plot ms, begun s, read s) of each frame."""

    def __init__(self, url: str, sector: str, token: str) -> None:
        context = get_context("spawn")
        self._pipe, there = context.Pipe()
        self._process = context.Process(target=_read, args=(there, url, sector, token), daemon=True)
        self._process.start()
        there.close()
        assert self._pipe.poll(60) and self._pipe.recv() == "open"

    def close(self) -> np.ndarray:
        """End it: an (n, 3) array, the first column ascending."""
        self._pipe.send("close")
        log = self._pipe.recv()
        self._process.join(timeout=20)
        return np.array(log)


def _read(pipe: Connection, url: str, sector: str, token: str) -> None:
    pipe.send(asyncio.run(_follow(pipe, url, sector, token)))


async def _follow(
    pipe: Connection, url: str, sector: str, token: str
) -> list[tuple[float, float, float]]:
    log: list[tuple[float, float, float]] = []
    newest_ms = 0

    async def follow() -> None:
        nonlocal newest_ms
        async with httpx2.AsyncClient(trust_env=False) as client:
            async for frame in frames(client, url, sector, token):
                read_s = time.time()
                newest_ms = max([newest_ms, *(row[11] for row in frame.up)])
                if frame.up:
                    log.append((newest_ms, frame.at_us / 1e6, read_s))

    task = asyncio.create_task(follow())
    pipe.send("open")
    await asyncio.to_thread(pipe.recv)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return log
