"""Begin a coroutine at once, without a task; most sends end at their first step.

With 500 screens it is the waking of 500 tasks that costs, not the writing: this is what
Python 3.12 calls an eager task. Only for coroutines that await plain futures, as a server's
`send` does when it waits for a full socket.
"""

import types
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any


def begin(coroutine: Coroutine[Any, Any, None]) -> Awaitable[None] | None:
    """Run to the first wait; None when it ended before, else the rest of it, to be awaited."""
    try:
        waiting = coroutine.send(None)
    except StopIteration:
        return None
    return _rest(coroutine, waiting)


@types.coroutine
def _rest(coroutine: Coroutine[Any, Any, None], waiting: Any) -> Generator[Any, Any, None]:
    # `yield from` by hand, because the first step is behind us. The future that the coroutine
    # waits for still carries its mark that somebody is about to await it.
    while True:
        thrown: BaseException | None = None
        try:
            yield waiting
        except BaseException as error:  # a cancellation is the coroutine's to hear
            thrown = error
        try:
            waiting = coroutine.send(None) if thrown is None else coroutine.throw(thrown)
        except StopIteration:
            return
