"""CAT010 records read per second, beside two other packages: `make bench-decode`.

`asterix_cat010_per_s` is our decode, octets to reports, on one core; `ratio` is against
aviconv-asterix on the same octets in the same run. Last line: one JSON object.
"""

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path

from asterix import base, generated
from aviconv_asterix import iter_records

from watchline_sensors.adapters.asterix.decode import Datablock, decode_datagram
from watchline_sensors.adapters.asterix.detections import detection
from watchline_sensors.adapters.asterix.devices import device
from watchline_sensors.adapters.asterix.edition import edition
from watchline_sensors.adapters.asterix.reports import TargetReport
from watchline_sensors.config import SensorConfig
from watchline_sensors.contract import SensorKind

ROOT = Path(__file__).parents[2]
AIRPORT = ROOT.parent / "shared/data/asterix/lebl-smr.cat010.ast"
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


def main() -> None:
    """Measure and print."""
    path, source = (AIRPORT, (0, 7)) if AIRPORT.exists() else (WALKERS, (0, 21))
    datagrams = _datablocks(path.read_bytes())
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

    def ours() -> int:
        return sum(
            len(found.reports)
            for datagram in datagrams
            for found in decode_datagram(datagram, editions)
            if isinstance(found, Datablock)
        )

    def aviconv() -> int:
        return sum(1 for _ in iter_records(stream))

    def libasterix() -> int:
        some = itertools.islice(datagrams, ORACLE_RECORDS)
        uap = generated.Cat_010_1_1.cv_uap
        return sum(len(uap.parse(base.Bits.from_bytes(datagram[3:]))) for datagram in some)

    def detections() -> int:
        return sum(1 for target in targets if detection(target, config, 0).sensor)

    assert ours() == aviconv() == len(reports)
    rates = best_rates(
        {"ours": ours, "aviconv": aviconv, "libasterix": libasterix, "placed": detections}, SECONDS
    )
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
            }
        )
    )


def _datablocks(stream: bytes) -> list[bytes]:
    found, offset = [], 0
    while offset < len(stream):
        length = int.from_bytes(stream[offset + 1 : offset + 3], "big")
        found.append(stream[offset : offset + length])
        offset += length
    return found


if __name__ == "__main__":
    main()
