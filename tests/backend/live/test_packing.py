"""Parts packed apart make one gzip stream, whatever their order."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchline.live.packing import END, HEAD, Part, accepts, pack


@given(st.lists(st.binary(max_size=300).map(lambda data: 3 * data), max_size=8), st.booleans())
def test_any_parts_in_any_order_are_one_stream(parts, ended):
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)  # as a browser reads Content-Encoding: gzip
    assert reader.decompress(HEAD) == b""
    for data in parts:
        assert reader.decompress(pack(data)) == data  # all of it at once: nothing waits for more
    if ended:
        assert reader.decompress(END) == b""


def test_screens_that_are_sent_the_same_share_the_bytes():
    part = Part(b"event: tracks\n\n")
    assert part.message(packed=True) is part.message(packed=True)
    assert part.message(packed=True)["body"] == pack(part.plain)
    assert part.message(packed=False)["body"] is part.plain


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),  # Chromium
        ("br;q=1.0, GZIP ; q=0.8", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, br", False),
        ("identity", False),
        ("notgzip, gzipped", False),
        ("gzip;q=1.1.1", False),
        ("", False),
    ],
)
def test_only_who_asks_for_gzip_gets_it(header, allowed):
    assert accepts(header) is allowed
