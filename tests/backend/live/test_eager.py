"""A coroutine begun by hand ends as one that was awaited."""

import asyncio

import pytest

from watchline.live.eager import begin


class Socket:
    """A server's send: waits while it is full."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.free.set()
        self.written: list[int] = []
        self.cancelled = 0

    async def send(self, number: int, waits: int = 1) -> None:
        try:
            for _ in range(waits):
                await self.free.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        await self._write(number)

    async def _write(self, number: int) -> None:
        if number < 0:
            raise ValueError(number)
        self.written.append(number)


async def test_what_need_not_wait_is_done_at_once():
    socket = Socket()
    assert begin(socket.send(1)) is None
    assert socket.written == [1]
    with pytest.raises(ValueError, match="-1"):
        begin(socket.send(-1))


async def test_what_waits_goes_on_in_the_task_that_awaits_it():
    socket = Socket()
    socket.free.clear()
    rest = begin(socket.send(2, waits=3))
    assert rest is not None and socket.written == []
    asyncio.get_running_loop().call_later(0.01, socket.free.set)
    await rest
    assert socket.written == [2]
    socket.free.clear()
    bad = begin(socket.send(-2))
    socket.free.set()
    with pytest.raises(ValueError, match="-2"):
        await bad


async def test_it_may_end_before_it_is_awaited_and_can_be_cancelled():
    socket = Socket()
    socket.free.clear()
    rest = begin(socket.send(3))
    socket.free.set()
    await asyncio.sleep(0.01)
    await rest
    assert socket.written == [3]

    socket.free.clear()
    rest = begin(socket.send(4))

    async def wait() -> None:
        await rest

    task = asyncio.create_task(wait())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert socket.cancelled == 1 and socket.written == [3]
