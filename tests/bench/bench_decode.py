"""ASTERIX records read per second, CAT010 beside two other packages: `make bench-decode`.

`asterix_cat010_per_s` is our decode, octets to reports, on one core; `ratio` is against
aviconv-asterix on the same octets in the same run. The rates of CAT048 and CAT062 are there
where recordings of them are (../shared/data). Last line: one JSON object.
"""

import itertools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from asterix import base, generated
from aviconv_asterix import iter_records

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from asterix_wire import DATA, datablocks, frames, packets
from watchline_sensors.adapters.asterix.decode import Datablock, decode_datagram, source_of
from watchline_sensors.adapters.asterix.detections import detection
from watchline_sensors.adapters.asterix.devices import device
from watchline_sensors.adapters.asterix.edition import Edition, edition
from watchline_sensors.adapters.asterix.reports import TargetReport
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import SensorKind

ROOT = Path(__file__).parents[2]
AIRPORT = DATA / "lebl-smr.cat010.ast"
WALKERS = ROOT / "data/recordings/asterix/walkers.cat010.ast"
RECORDS = 5000  # one turn of each package; short, so that some turns are left undisturbed
ORACLE_RECORDS = 500  # libasterix needs 0.1 to 0.3 ms for one
SECONDS = 12.0


def best_rates(works: dict[str, Callable[[], int]], seconds: float) -> dict[str, float]:
    """The best rate of each, taken in turns: what the machine allows when left alone."""
    best = dict.fromkeys(works, 0.0)
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop:
        for name, work in works.items():
            start = time.perf_counter()
            count = work()
            best[name] = max(best[name], count / (time.perf_counter() - start))
    return best


def decoding(blocks: list[bytes], pinned: Edition) -> Callable[[], int]:
    """Our decode of these datablocks, one a datagram; gives the count of their records."""
    editions = {(pinned.category, *source): pinned for source in map(source_of, blocks) if source}

    def work() -> int:
        return sum(
            len(found.reports)
            for one in blocks
            for found in decode_datagram(one, editions)
            if isinstance(found, Datablock)
        )

    return work


def recorded() -> dict[str, Callable[[], int]]:
    """Our decode of other categories: some 1,300 records of radars, some 5,000 of a tracker."""
    capture, long = DATA / "cat034-048.pcap", DATA / "cat062-063-065.ff"
    if not capture.exists() or not long.exists():
        return {}
    radars = [one for payload in packets(capture) for one in datablocks(payload) if one[0] == 48]
    tracks = (one for payload in frames(long) for one in datablocks(payload) if one[0] == 62)
    return {
        "asterix_cat048_per_s": decoding(radars * 10, edition(48, "1.27")),
        "asterix_cat062_per_s": decoding(list(itertools.islice(tracks, 1400)), edition(62, "1.18")),
    }


def main() -> None:
    """Measure and print."""
    path, source = (AIRPORT, (0, 7)) if AIRPORT.exists() else (WALKERS, (0, 21))
    datagrams = list(datablocks(path.read_bytes()))
    while len(datagrams) < RECORDS:
        datagrams *= 2
    # As a radar sends them: a datagram for each datablock.
    datagrams = datagrams[:RECORDS]
    stream = b"".join(datagrams)
    editions = {(10, *source): edition(10, "1.1")}
    blocks = [one for one in decode_datagram(stream, editions) if isinstance(one, Datablock)]
    reports = [report for one in blocks for report in one.reports]
    targets = [one for one in reports if isinstance(one, TargetReport)]
    config = device(
        SensorConfig(
            id="bench",
            adapter="asterix",
            name="bench",
            kind=SensorKind.RADAR,
            lon_deg=2.0833,
            lat_deg=41.2972,
            height_m=54.0,
            options={
                "sac": source[0],
                "sic": source[1],
                "rho_sigma_m": 5.0,
                "theta_sigma_deg": 0.3,
            },
        )
    )

    ours = decoding(datagrams, editions[10, *source])

    def aviconv() -> int:
        return sum(1 for _ in iter_records(stream))

    def libasterix() -> int:
        some = itertools.islice(datagrams, ORACLE_RECORDS)
        uap = generated.Cat_010_1_1.cv_uap
        return sum(len(uap.parse(base.Bits.from_bytes(datagram[3:]))) for datagram in some)

    def detections() -> int:
        return sum(1 for target in targets if detection(target, config, 0).sensor)

    assert ours() == aviconv() == len(reports)
    others = recorded()
    works = {"ours": ours, "aviconv": aviconv, "libasterix": libasterix, "placed": detections}
    rates = best_rates(works | others, SECONDS)
    print(f"{path.name}: {len(reports)} records, {len(targets)} target reports")
    print(
        json.dumps(
            {
                "bench": "decode",
                "input": path.name,
                "asterix_cat010_per_s": round(rates["ours"]),
                "aviconv_per_s": round(rates["aviconv"]),
                "ratio": round(rates["ours"] / rates["aviconv"], 2),
                "libasterix_per_s": round(rates["libasterix"]),
                "placed_per_s": round(rates["placed"]),
                **{name: round(rates[name]) for name in others},
            }
        )
    )


if __name__ == "__main__":
    main()
