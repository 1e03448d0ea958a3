"""Samples on disk are bounded in size and rate, and a disk that refuses does no harm."""

import json

from watchline_sensors.adapters.asterix.quarantine import BadSample, Quarantine

SECOND_US = 1_000_000


def sample(at_us: int) -> BadSample:
    return BadSample(
        at_us=at_us, code="asterix.truncated", source=(0, 7), length=3, sample=b"\x0a\x00\x03"
    )


def test_a_line_tells_when_why_whence_and_what(tmp_path):
    quarantine = Quarantine(path=tmp_path / "bad.jsonl")
    quarantine.write(sample(1_700_000_000 * SECOND_US))
    assert json.loads((tmp_path / "bad.jsonl").read_text()) == {
        "at": "2023-11-14T22:13:20+00:00",
        "code": "asterix.truncated",
        "source": [0, 7],
        "length": 3,
        "sample": "0a0003",
    }


def test_a_flood_is_sampled(tmp_path):
    quarantine = Quarantine(path=tmp_path / "bad.jsonl", per_window=3)
    for number in range(10):
        quarantine.write(sample(number))
    quarantine.write(sample(20 * SECOND_US))
    assert len((tmp_path / "bad.jsonl").read_text().splitlines()) == 4
    assert quarantine.skipped == 7


def test_two_files_at_most(tmp_path):
    quarantine = Quarantine(path=tmp_path / "bad.jsonl", max_octets=500)
    for number in range(40):
        quarantine.write(sample(number * 20 * SECOND_US))
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 2 and max(sizes) <= 500


def test_a_disk_that_refuses_is_counted(tmp_path):
    quarantine = Quarantine(path=tmp_path / "absent" / "bad.jsonl")
    quarantine.write(sample(0))
    assert quarantine.failed == 1
