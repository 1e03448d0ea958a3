"""What a frame of a thermal camera costs the edge, on one core: `make bench-thermal`.

Frames of 640 × 512 of a rendered night (a walker, a car, deer), coded as H.264 as a camera would.
`ms_decode` is FFmpeg's decoding and the grey values, `ms_detect` the network alone (normalising
and reading its answer included), `ms_total` all of the adapter's work from packet to detection:
decoding, the watch, both finders, tracklets, placing. Medians of seconds of one processor.
`ratio_to_nanodet` is the network against COCO NanoDet-g at its 416 × 416 in the same runtime, the
runs in turns; without its files (make fetches them) it is null. `streams_at_5fps` is how many such
cameras a core carries. Last line: one JSON object.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from watchline_sensors.adapters.thermal.detect import Detector, Model, found, normalise
from watchline_sensors.adapters.thermal.frame import Clock, Frame
from watchline_sensors.adapters.thermal.grey import grey
from watchline_sensors.adapters.thermal.lens import Aim, Lens
from watchline_sensors.adapters.thermal.look import Eye
from watchline_sensors.adapters.thermal.options import LEAST_SCORE
from watchline_sensors.adapters.thermal.placing import Doubt, View
from watchline_sensors.adapters.thermal.watch import Watch
from watchline_sensors.place import Pose
from watchline_sensors.simulate import thermal_view
from watchline_sensors.simulate.thermal_figures import Figure, Form, paint
from watchline_sensors.simulate.thermal_scene import Scene
from watchline_sensors.simulate.thermal_sensor import Sensor, agc, counts, curve, optics
from watchline_sensors.terrain import Terrain

ROOT = Path(__file__).resolve().parents[2]
NANODET = ROOT / "var/nanodet"
FRAMES, FPS = 120, 5
GROUND = Terrain(heights_m=np.zeros((301, 301), np.float32), x0_m=-3000, y0_m=-3000, step_m=20)
LENS = Lens(width=640, height=512, focal_x_px=1400)
AIM = Aim(azimuth_deg=0.0, elevation_deg=-3.0)
EYE_M = 25.0


def night() -> list[NDArray[np.uint8]]:
    """The frames, rendered."""
    view = thermal_view.View(lens=LENS, aim=AIM, xy_m=np.zeros(2), height_m=EYE_M)
    climate = thermal_view.Climate()
    scene, sensor = Scene(view, GROUND, climate), Sensor(seed=1)
    made = []
    for k in range(FRAMES):
        image, t = scene.still.copy(), k / FPS
        for form, east, north, speed in (
            (Form.DEER, 40.0, 500.0, 0.8),
            (Form.CAR, -90.0, 400.0, 6.0),
            (Form.PERSON, -20.0, 300.0, 1.4),
        ):
            place = np.array([east + speed * t, north])
            figure = Figure(form=form, xy_m=place, heading_deg=90.0, stride=4.0 * t)
            paint(image, None, view, GROUND, climate, figure)
        focused = optics(image, scene.range_m, climate.weather)
        gain = curve(focused)
        made.append(agc(sensor, counts(sensor, focused, k), k, gain, gain))
    return made


def coded(frames: list[NDArray[np.uint8]]) -> list[bytes]:
    """Packets of H.264, a whole frame each second."""
    coder = av.CodecContext.create("libx264", "w")
    coder.width, coder.height, coder.pix_fmt = LENS.width, LENS.height, "yuv420p"
    coder.time_base = Fraction(1, FPS)
    coder.options = {"preset": "veryfast", "tune": "zerolatency", "crf": "22", "g": str(FPS)}
    packets = []
    for k, pixels in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(pixels, format="gray").reformat(format="yuv420p")
        frame.pts, frame.time_base = k, Fraction(1, FPS)
        packets += [bytes(packet) for packet in coder.encode(frame)]
    return packets + [bytes(packet) for packet in coder.encode(None)]


def spent_ms(call: Callable[[], Any]) -> float:
    """Milliseconds of one processor, of all threads of this process."""
    start = time.process_time()
    call()
    return 1e3 * (time.process_time() - start)


def nanodet() -> Callable[[], Any] | None:
    """One run of NanoDet-g, or None where its files or the converter's library are not."""
    if not (NANODET / "nanodet.json").exists():
        print("no NanoDet in var/nanodet: make bench-thermal fetches it", file=sys.stderr)
        return None
    import onnxruntime
    from nanodet import convert  # needs onnx, which the product does not

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(convert(NANODET), options)
    frame = np.random.default_rng(1).normal(0, 1, (1, 3, 416, 416)).astype(np.float32)
    return lambda: session.run(None, {"input_1": frame})


def main() -> None:
    """Run and print."""
    packets = coded(night())
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    detector = Detector(Model(ROOT / "data/models/thermal/thermal.onnx"))
    view = View(
        pose=Pose(lon_deg=22.5, lat_deg=49.2, height_m=EYE_M), lens=LENS, aim=AIM,
        doubt=Doubt(azimuth_deg=0.1, elevation_deg=0.05), ground=GROUND, max_range_m=2900.0,
    )  # fmt: skip
    eye, watch = Eye("camera", view, detector, least=LEAST_SCORE), Watch()
    other = nanodet()
    decode, detect, total, theirs, told = [], [], [], [], 0
    for k, packet in enumerate(packets):
        pixels: list[NDArray[Any]] = []

        def read(packet: bytes = packet, pixels: list[NDArray[Any]] = pixels) -> None:
            pixels.extend(grey(picture) for picture in decoder.decode(av.Packet(packet)))

        decode.append(spent_ms(read))
        for grown in pixels:
            frame = Frame(grown, k * 1_000_000 // FPS, Clock.CAMERA)

            def look(frame: Frame = frame) -> int:
                watch.feed(frame)
                return len(eye.look(frame).detections)

            start = time.process_time()
            told += look()
            total.append(decode[-1] + 1e3 * (time.process_time() - start))
            detect.append(
                spent_ms(
                    lambda grown=grown: found(detector.grid(normalise(grown)), least=LEAST_SCORE)
                )
            )
            if other is not None:
                theirs.append(spent_ms(other))
    if not told:
        raise SystemExit("nothing was detected: what was measured is not the work")
    ms_total = statistics.median(total)
    print(
        json.dumps(
            {
                "bench": "thermal",
                "ms_decode": round(statistics.median(decode), 2),
                "ms_detect": round(statistics.median(detect), 1),
                "ms_total": round(ms_total, 1),
                "ratio_to_nanodet": round(statistics.median(detect) / statistics.median(theirs), 2)
                if theirs
                else None,
                "streams_at_5fps": int(1000 / FPS / ms_total),
            }
        )
    )


if __name__ == "__main__":
    main()
