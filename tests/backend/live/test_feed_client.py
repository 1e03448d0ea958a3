"""Frames come out whole, however the network cuts them."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchline.live.feed_client import MAX_FRAME_BYTES, FeedBroken, split
from watchline.live.model import Frame, encode

FRAMES = [Frame(sector="s", epoch=1, rev=rev, at_us=rev, gone=list(range(rev))) for rev in range(9)]
STREAM = b"".join(len(encode(f)).to_bytes(4, "big") + encode(f) for f in FRAMES)


async def read(chunks: list[bytes]) -> list[Frame]:
    async def source():
        for chunk in chunks:
            yield chunk

    return [frame async for frame in split(source())]


@settings(deadline=None)
@given(st.sets(st.integers(0, len(STREAM)), max_size=30))
def test_any_cut_gives_the_same_frames(cuts):
    edges = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[a:b] for a, b in pairwise(edges)]
    assert asyncio.run(read(chunks)) == FRAMES


@pytest.mark.parametrize(
    "bad", [(MAX_FRAME_BYTES + 1).to_bytes(4, "big"), b"\0\0\0\3abc", b"\0\0\0\0", b"\xff" * 9]
)
async def test_what_is_no_feed_is_broken_off(bad):
    with pytest.raises(FeedBroken, match=r"feed\.malformed"):
        await read([STREAM, bad])
