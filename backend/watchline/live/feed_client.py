"""Read the feed of a sector's writer: length-prefixed msgpack frames over one long GET."""

from collections.abc import AsyncIterator

import httpx2

from watchline.live.model import Frame, decode
from watchline_sensors.contract import UNREADABLE

#: A picture of 100,000 tracks is some 10 MB; more is no feed of ours.
MAX_FRAME_BYTES = 64 * 1024 * 1024
#: A pulse comes each second.
_TIMEOUT = httpx2.Timeout(2.0, read=5.0)


class FeedBroken(Exception):
    """The feed cannot be read: `args[0]` is a code."""


async def frames(
    client: httpx2.AsyncClient, url: str, sector: str, token: str
) -> AsyncIterator[Frame]:
    """The writer's frames, a snapshot first, until the connection ends.

    Raises FeedBroken with `feed.unreachable`, `feed.silent`, `feed.refused`, `feed.malformed`
    or `feed.ended`.
    """
    address = f"{url.rstrip('/')}/internal/feed/{sector}"
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with client.stream("GET", address, headers=headers, timeout=_TIMEOUT) as response:
            if response.status_code != 200:
                raise FeedBroken("feed.refused")
            async for frame in split(response.aiter_raw()):
                yield frame
    except httpx2.ReadTimeout as error:
        raise FeedBroken("feed.silent") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise FeedBroken("feed.unreachable") from error
    raise FeedBroken("feed.ended")


async def split(chunks: AsyncIterator[bytes]) -> AsyncIterator[Frame]:
    """Cut a byte stream into frames, wherever its chunks end."""
    waiting = bytearray()
    async for chunk in chunks:
        waiting += chunk
        at = 0
        while len(waiting) - at >= 4:
            size = int.from_bytes(waiting[at : at + 4], "big")
            if size > MAX_FRAME_BYTES:
                raise FeedBroken("feed.malformed")
            if len(waiting) - at - 4 < size:
                break
            try:
                frame = decode(waiting[at + 4 : at + 4 + size])
            except UNREADABLE as error:
                raise FeedBroken("feed.malformed") from error
            at += 4 + size
            yield frame
        del waiting[:at]
