"""Compile what is compiled at first use, before anybody waits for it.

The way in, tracker, geofences and rules run as machine code that numba makes once for each
machine and version of the sources, and keeps in `__pycache__`. The first step of a new clone would
take tens of seconds; `make setup` and the start of each worker run this instead, a second when
all is kept.
"""

import gc

import msgspec
import numpy as np

from watchline.detections.accept import accept
from watchline.detections.copy import pack
from watchline.detections.ledger import SeqSet
from watchline.detections.model import Batch
from watchline.detections.parcel import decode_parcel
from watchline.detections.wire import Names
from watchline.geofences.model import Direction, Geofence, GeofenceKind, Purpose
from watchline.rules import engine
from watchline.rules.model import Rule, Severity, Surroundings, UnitFix
from watchline.rules.state import RuleState
from watchline.tracks import tracker
from watchline_sensors.contract import Bearing, Detection, Envelope, Lane, encode_envelope


def warm_up() -> None:
    """Walk a target through an area and over a line, send a detection; all is thrown away."""
    n = 30
    ones = np.ones(n, np.int32)
    unknown = np.full(n, np.nan)
    batch = Batch(
        at_us=np.arange(n) * 1_000_000,
        sensor=ones,
        edge=ones,
        boot=np.ones(n, np.int64),
        seq=np.arange(n),
        x_m=np.linspace(0.0, 10.0 * (n - 1), n),
        y_m=np.zeros(n),
        var_x_m2=np.full(n, 4.0),
        cov_xy_m2=np.zeros(n),
        var_y_m2=np.full(n, 4.0),
        bearing_rad=unknown,
        bearing_sigma_rad=unknown,
        vx_mps=unknown,
        vy_mps=unknown,
        v_sigma_mps=unknown,
        classes=np.full((n, 5), np.nan, np.float32),
    )
    _, updates, _ = tracker.step(tracker.TrackerState.empty(), batch, None, tracker.TrackerConfig())
    square = np.array([[50.0, -50], [150, -50], [150, 50], [50, 50], [50, -50]])
    compiled = engine.compile_rules(
        [
            Geofence(id="area", version=1, kind=GeofenceKind.AREA, rings=(square,)),
            Geofence(
                id="line",
                version=1,
                kind=GeofenceKind.LINE,
                rings=(np.array([[200.0, -50], [200, 50]]),),
                directions=(Direction.BOTH,),
            ),
            Geofence(
                id="elsewhere",
                version=1,
                kind=GeofenceKind.AREA,
                rings=(square + 1000.0,),
                purpose=Purpose.EXCLUSION,
            ),
        ],
        [
            Rule(id=kind, version=1, kind=kind, geofence_id=of, severity=Severity.LOW, params=asked)
            for kind, of, asked in (
                ("enter", "area", {"min_hits": n // 2}),  # told when its track is good enough
                ("exit", "area", {}),
                ("cross", "line", {}),
            )
        ],
    )
    unit = UnitFix(unit="u", at_us=0, x_m=0.0, y_m=500.0)
    _, findings = engine.step(
        RuleState.empty(), updates, None, compiled, Surroundings(units=(unit,))
    )
    if not _way_in() or {finding.kind for finding in findings} != {"enter", "exit", "cross"}:
        raise RuntimeError("the compiled steps do not find what they must: clear __pycache__")
    # Looking for cycles among the million objects of the libraries would stop every thread for
    # 0.1 s, whenever a new set of rules brings many more.
    gc.collect()
    gc.freeze()


def _way_in() -> bool:
    """Bring a detection from the wire to a COPY stream; whether it arrived."""
    item = Detection(sensor="s", at_us=1, bearing=Bearing(bearing_deg=1.0, sigma_deg=1.0))
    envelope = Envelope(
        edge="e",
        boot=1,
        lane=Lane.LIVE,
        sent_at_us=1,
        watermark_us=1,
        highest_seq=1,
        seqs=[1],
        items=[msgspec.Raw(msgspec.msgpack.encode(item))],
    )
    rows = accept(decode_parcel(encode_envelope(envelope)), SeqSet(), Names(["s"]), {}).rows
    stream = pack(
        rows,
        known_us=1,
        sector="s",
        timing=np.zeros(len(rows), np.uint8),
        track_ids=np.zeros((len(rows), 16), np.uint8),
        edge_ids={0: "e"},
        sensor_ids={0: "s"},
    )
    return len(rows) == 1 and len(stream) > 100


if __name__ == "__main__":
    warm_up()
