"""HTTP to the hub: one signed envelope out, one judged answer back."""

import asyncio
import functools
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import httpx2

from watchline_sensors.config import EdgeConfig
from watchline_sensors.errors import ConfigError
from watchline_sensors.keys import EdgeKey
from watchline_sensors.replies import Answer, Later, judge

log = logging.getLogger("watchline.uplink")

_POST_LIMIT_S = 10.0
_TIMEOUT = httpx2.Timeout(5.0, connect=2.0)
_MAX_ANSWER_BYTES = 1024 * 1024
_PART_BYTES = 32 * 1024

Pause = Callable[[], Awaitable[None]]


class Reply(NamedTuple):
    """What the hub said, whatever it was."""

    status: int
    retry_after: str | None
    body: bytes


class HubClient:
    """Posts envelopes of one edge; use as a context manager.

    Half-open and trickling connections are given up after 5 s of silence or 10 s in all.
    Proxies of the environment are not used. Raises ConfigError when `ca_file` is unusable.
    """

    def __init__(self, config: EdgeConfig, key: EdgeKey, *, connections: int = 4) -> None:
        self._edge, self._key = config.id, key
        try:
            certificates = _certificates(config.ca_file)
        except OSError as error:  # ssl.SSLError is one too
            raise ConfigError([f"[edge] ca_file {config.ca_file}: {error}"]) from error
        self._client = httpx2.AsyncClient(
            verify=certificates,
            trust_env=False,
            timeout=_TIMEOUT,
            limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=2),
        )

    async def post(self, target: str, body: bytes) -> Answer:
        """Send an envelope to `{target}/api/uplink`; never raises for what the net does."""
        reply = await self.send(f"{target}/api/uplink", body)
        if isinstance(reply, Later):
            return reply
        return judge(reply.status, reply.retry_after, reply.body)

    async def send(
        self, url: str, body: bytes, *, limit_s: float = _POST_LIMIT_S, pause: Pause | None = None
    ) -> Reply | Later:
        """Send a signed body to an address, in no more than `limit_s`; never raises for what the
        net does. With a `pause` it goes in parts of 32 KiB, which a slow link may take longer
        for than a silence may last, and the pause is awaited before each.
        """
        headers = {
            "Content-Type": "application/msgpack",
            "Content-Length": str(len(body)),
            "Accept-Encoding": "identity",
            "Watchline-Edge": self._edge,
            "Watchline-Signature": self._key.signature_base64(body),
        }
        content = body if pause is None else _parts(body, pause)
        try:
            async with (
                asyncio.timeout(limit_s),
                self._client.stream("POST", url, content=content, headers=headers) as response,
            ):
                answer = bytearray()
                async for part in response.aiter_raw():
                    answer += part
                    if len(answer) > _MAX_ANSWER_BYTES:
                        return Later(code="uplink.answer_too_large")
                retry_after = response.headers.get("Retry-After")
                return Reply(response.status_code, retry_after, bytes(answer))
        except (httpx2.TimeoutException, TimeoutError):
            return Later(code="uplink.timeout")
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            log.debug("uplink.unreachable: %r", error)
            return Later(code="uplink.unreachable")

    async def __aenter__(self) -> "HubClient":
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.__aexit__(kind, error, trace)


async def _parts(body: bytes, pause: Pause) -> AsyncIterator[bytes]:
    for start in range(0, len(body), _PART_BYTES):
        await pause()
        yield body[start : start + _PART_BYTES]


@functools.cache
def _certificates(ca_file: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)
