"""One open stream: up to where it has been told, and what is to happen to it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from starlette.types import Message

from watchline.live.eager import begin
from watchline.live.packing import Part

#: A server's `send`, with as few layers around it as can be.
RawSend = Callable[[Message], Coroutine[Any, Any, None]]


class Screen:
    """The stream's own task serves it while it lags; while it keeps up, publications do."""

    __slots__ = (
        "bye",
        "cursor",
        "dropped",
        "heartbeat",
        "packed",
        "pending",
        "send",
        "sending_since",
        "sent_at",
        "session",
        "task",
        "waiting",
    )

    def __init__(self, session: bytes, now: float, *, packed: bool) -> None:
        self.session = session
        self.packed = packed  # whether its stream is compressed
        self.cursor = -1  # −1: it has nothing yet
        self.bye: bytes | None = None
        self.dropped = False
        self.heartbeat = False
        self.pending: Awaitable[None] | None = None  # the rest of a send that was begun for it
        self.send: RawSend | None = None
        self.sending_since: float | None = None
        self.sent_at = now
        self.task: asyncio.Task[None] | None = None
        self.waiting: asyncio.Future[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether it has been sent all it was given and waits for more."""
        return self.waiting is not None and not self.waiting.done()

    def wake(self) -> None:
        """Let its task look again."""
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(None)

    def close(self, farewell: bytes) -> None:
        """End it with a last event."""
        self.bye = farewell
        self.wake()

    def push(self, part: Part, cursor: int, now: float) -> None:
        """Send to an idle screen from outside its task; what has to wait, its task goes on with."""
        assert self.send is not None and self.waiting is not None  # it is idle
        self.cursor = cursor
        try:
            rest = begin(self.send(part.message(packed=self.packed)))
        except Exception as error:
            self.waiting.set_exception(error)
            return
        if rest is None:
            self.sent_at = now
        else:
            self.sending_since = now
            self.pending = rest
            self.wake()

    async def wait(self) -> None:
        """Until there is something for the task to do: the rest of a send, news, the end."""
        self.waiting = asyncio.get_running_loop().create_future()
        await self.waiting
        if self.pending is not None:
            rest, self.pending = self.pending, None
            await rest
            self.sending_since = None
