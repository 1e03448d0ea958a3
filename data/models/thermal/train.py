"""Train the thermal network: `make train-thermal DATA=...`; on a GPU where there is one.

The frames of folders in the layout of HIT-UAV (see evaluate.py; mast.py writes one) are held in
memory and drawn anew each time, as often from each folder: cut, turned, scaled, put together of
four, brighter, darker, inverted, blurred, noisier. What a folder says is upright is not turned on
its side: a person there stands, and what lies is an animal. The learning rate follows the share of
the time that is gone. A run that was stopped goes on where it was; at its end `out` has
thermal.onnx and its hash.
"""

import argparse
import hashlib
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from evaluate import UNSURE
from evaluate import frames as frames_of
from net import CLASSES, STRIDE, ThermalNet
from PIL import Image
from torch import Tensor

#: Classes of a box that is none, and of one that neither counts nor is an error.
NONE, DOUBT = -1, -2
HEIGHT, WIDTH = 512, 640
GRID = (HEIGHT // STRIDE, WIDTH // STRIDE)


@dataclass
class Frames:
    """(n, h, w) frames as octets and (n, m, 5) boxes x0 y0 x1 y1 class, some NONE or DOUBT.

    (n,) `upright` frames are not to be turned on their side; `weight` says how often one is drawn.
    """

    pixels: Tensor
    boxes: Tensor
    upright: Tensor
    weight: Tensor

    def to(self, device: torch.device) -> "Frames":
        """The same on a device."""
        parts = (self.pixels, self.boxes, self.upright, self.weight)
        return Frames(*(part.to(device) for part in parts))


def load(folder: Path, split: str) -> Frames:
    """Read a split."""
    listed = frames_of(folder, split)
    most = max(1, *(len(truth) for _, truth in listed))
    boxes = torch.full((len(listed), most, 5), float(NONE))
    pixels = torch.empty((len(listed), HEIGHT, WIDTH), dtype=torch.uint8)
    for n, (file, truth) in enumerate(listed):
        truth[truth[:, 4] == UNSURE, 4] = DOUBT
        boxes[n, : len(truth)] = torch.from_numpy(truth)
        with Image.open(file) as image:
            pixels[n] = torch.from_numpy(np.asarray(image.convert("L")).copy())
    upright = bool(json.loads((folder / f"{split}.json").read_text()).get("upright"))
    count = len(listed)
    return Frames(pixels, boxes, torch.full((count,), upright), torch.full((count,), 1 / count))


def together(some: list[Frames]) -> Frames:
    """Several sets as one."""
    most = max(one.boxes.shape[1] for one in some)
    padded = [
        torch.nn.functional.pad(one.boxes, (0, 0, 0, most - one.boxes.shape[1]), value=float(NONE))
        for one in some
    ]
    return Frames(
        torch.cat([one.pixels for one in some]),
        torch.cat(padded),
        torch.cat([one.upright for one in some]),
        torch.cat([one.weight for one in some]),
    )


def normalise(frames: Tensor) -> Tensor:
    """(n, 1, h, w) grey values to mean 0 and deviation 1 of each frame's own middle values."""
    flat = frames.flatten(1)[:, ::7]
    low, mid, high = torch.quantile(
        flat.float(), torch.tensor([0.1, 0.5, 0.9], device=flat.device), dim=1
    )[:, :, None, None, None]
    return ((frames - mid) / torch.clamp(high - low, min=4.0)).clamp(-4, 8)


def draw(
    frames: Frames, count: int, rng: torch.Generator, h: int, w: int, near: float, far: float
) -> tuple[Tensor, Tensor]:
    """Cut `count` random pieces of h × w: (count, 1, h, w) grey values 0..255 and their boxes."""
    device = frames.pixels.device

    def uniform(*size: int) -> Tensor:
        return torch.rand(*size, generator=rng, device=device)

    pick = torch.multinomial(frames.weight, count, replacement=True, generator=rng)
    zoom = near * (far / near) ** uniform(count)  # piece px per frame px
    turn = torch.randint(4, (count,), generator=rng, device=device) * (uniform(count) < 0.6)
    turn = turn * ~frames.upright[pick]
    angle = turn * (math.pi / 2) + (uniform(count) - 0.5) * 0.12
    flip = torch.where(uniform(count) < 0.5, -1.0, 1.0)
    # An object, or any place, comes to somewhere in the piece.
    boxes = frames.boxes[pick]
    real = boxes[:, :, 4] >= 0
    chosen = torch.multinomial(real.float() + 1e-6, 1, generator=rng)[:, 0]
    own = boxes[torch.arange(count, device=device), chosen]
    aim = torch.stack([(own[:, 0] + own[:, 2]) / 2, (own[:, 1] + own[:, 3]) / 2], 1)
    anywhere = uniform(count, 2) * torch.tensor([WIDTH, HEIGHT], device=device)
    lost = (~real.any(1)) | (uniform(count) < 0.3)
    aim = torch.where(lost[:, None], anywhere, aim)
    to = uniform(count, 2) * torch.tensor([w, h], device=device)
    cos, sin = torch.cos(angle), torch.sin(angle)
    # piece = R (frame − aim) zoom + to
    r = torch.stack([torch.stack([cos * flip, -sin], 1), torch.stack([sin * flip, cos], 1)], 1)
    forward = r * zoom[:, None, None]
    edge = torch.tensor([[0, 0], [WIDTH, 0], [0, HEIGHT], [WIDTH, HEIGHT]], device=device)
    frame = (edge - aim[:, None]) @ forward.transpose(1, 2) + to[:, None]
    size = torch.tensor([w, h], device=device)
    one, other = -frame.amin(1), size - frame.amax(1)
    # No more than needed of what lies beyond the frame.
    to = to + torch.zeros_like(to).clamp(torch.minimum(one, other), torch.maximum(one, other))
    back = torch.linalg.inv(forward)
    ys, xs = torch.meshgrid(
        torch.arange(h, device=device) + 0.5, torch.arange(w, device=device) + 0.5, indexing="ij"
    )
    at = torch.stack([xs, ys], -1).view(1, -1, 2) - to[:, None]
    source = (at @ back.transpose(1, 2) + aim[:, None]).view(count, h, w, 2)
    source = source / torch.tensor([WIDTH / 2, HEIGHT / 2], device=device) - 1
    image = torch.nn.functional.grid_sample(
        frames.pixels[pick][:, None].float(), source, "bilinear", "reflection", align_corners=False
    )
    corners = torch.stack(
        [boxes[:, :, [0, 1]], boxes[:, :, [2, 1]], boxes[:, :, [0, 3]], boxes[:, :, [2, 3]]], 2
    )
    moved = (corners - aim[:, None, None]) @ forward[:, None].transpose(2, 3) + to[:, None, None]
    # A slightly turned box is the box of its edges' middles, not of its corners.
    middles = torch.stack(
        [
            (moved[:, :, 0] + moved[:, :, 1]) / 2, (moved[:, :, 2] + moved[:, :, 3]) / 2,
            (moved[:, :, 0] + moved[:, :, 2]) / 2, (moved[:, :, 1] + moved[:, :, 3]) / 2,
        ], 2,
    )  # fmt: skip
    low, high = middles.amin(2), middles.amax(2)
    inner_low, inner_high = low.clamp(min=0), torch.minimum(high, size)
    seen = (inner_high - inner_low).clamp(min=0).prod(2) / (high - low).prod(2).clamp(min=1e-3)
    kind = boxes[:, :, 4].clone()
    kind[(kind >= 0) & (seen < 0.4)] = -2
    kind[(kind >= 0) & ((high - low).amax(2) < 3.0)] = -2
    kind[seen <= 0] = -1
    # Mirrored edges of the frame show mirrored objects that no box tells of.
    inside = (source.abs() <= 1).all(-1)
    image = torch.where(inside[:, None], image, image.mean((2, 3), keepdim=True))
    return image, torch.cat([inner_low, inner_high, kind[:, :, None]], 2)


def batch(
    frames: Frames, count: int, rng: torch.Generator, near: float = 0.45, far: float = 1.6
) -> tuple[Tensor, Tensor]:
    """A batch: half of it single pieces, half put together of four."""
    half = count // 2
    image, boxes = draw(frames, half, rng, HEIGHT, WIDTH, near, far)
    h, w = HEIGHT // 2, WIDTH // 2
    parts, told = draw(frames, 4 * (count - half), rng, h, w, near, far)
    parts, told = parts.view(-1, 4, 1, h, w), told.view(count - half, 4, -1, 5).clone()
    for k, (dx, dy) in enumerate(((0, 0), (w, 0), (0, h), (w, h))):
        told[:, k, :, 0:4:2] += dx
        told[:, k, :, 1:4:2] += dy
    upper, lower = (
        torch.cat([parts[:, 0], parts[:, 1]], 3),
        torch.cat([parts[:, 2], parts[:, 3]], 3),
    )
    mosaic, four = torch.cat([upper, lower], 2), told.flatten(1, 2)
    wide = torch.full((half, four.shape[1] - boxes.shape[1], 5), -1.0, device=boxes.device)
    return torch.cat([image, mosaic]), torch.cat([torch.cat([boxes, wide], 1), four])


def weather(image: Tensor, rng: torch.Generator) -> Tensor:
    """Other gain, offset, curve, polarity, blur and noise for each frame."""
    n, device = len(image), image.device

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand((n, 1, 1, 1), generator=rng, device=device)

    x = (image / 255).clamp(1e-4, 1) ** torch.exp(uniform(-0.4, 0.4))
    x = torch.where(uniform(0, 1) < 0.1, 1 - x, x)
    x = x * uniform(0.4, 1.3) + uniform(-0.1, 0.2)
    ramp = torch.linspace(-1, 1, x.shape[3], device=device).view(1, 1, 1, -1)
    x = x + ramp * uniform(-0.08, 0.08)
    soft = torch.nn.functional.avg_pool2d(x, 3, 1, 1)
    mix = uniform(-0.6, 1.0)  # blurred, or sharpened
    x = torch.where(uniform(0, 1) < 0.5, x + (soft - x) * mix, x)
    noise = torch.randn(x.shape, generator=rng, device=device)
    x = x + noise * uniform(0, 0.05) * (uniform(0, 1) < 0.6)
    return (x.clamp(0, 1) * 255).round()


def targets(boxes: Tensor) -> tuple[Tensor, Tensor]:
    """(n, classes, gh, gw) heat and the (n, gh, gw) cells that count where there is no object."""
    gh, gw = GRID
    device = boxes.device
    low, high, kind = boxes[:, :, :2] / STRIDE, boxes[:, :, 2:4] / STRIDE, boxes[:, :, 4]
    middle, size = (low + high) / 2, (high - low)
    sigma = (size * 0.14).clamp(min=0.6)
    cell = middle.floor()
    xs, ys = torch.arange(gw, device=device), torch.arange(gh, device=device)
    gx = torch.exp(-((xs - cell[:, :, :1]) ** 2) / (2 * sigma[:, :, :1] ** 2))
    gy = torch.exp(-((ys - cell[:, :, 1:]) ** 2) / (2 * sigma[:, :, 1:] ** 2))
    heat = []
    for k in range(len(CLASSES)):
        mine = (kind == k)[:, :, None]
        heat.append((torch.einsum("nmy,nmx->nmyx", gy * mine, gx)).amax(1))
    unsure = (kind == -2)[:, :, None]
    in_x = (xs + 0.5 > low[:, :, :1]) & (xs + 0.5 < high[:, :, :1]) & unsure
    in_y = (ys + 0.5 > low[:, :, 1:]) & (ys + 0.5 < high[:, :, 1:])
    hidden = torch.einsum("nmy,nmx->nyx", in_y.float(), in_x.float()) > 0
    return torch.stack(heat, 1), ~hidden


def boxes_of(grid: Tensor) -> Tensor:
    """(n, 4, gh, gw) raw box channels to x0 y0 x1 y1 in cells."""
    gh, gw = grid.shape[2:]
    xs = torch.arange(gw, device=grid.device).view(1, 1, gw) + 0.5
    ys = torch.arange(gh, device=grid.device).view(1, gh, 1) + 0.5
    size = torch.exp(grid[:, 2:].clamp(-4, 5))
    x, y = xs + grid[:, 0], ys + grid[:, 1]
    return torch.stack(
        [x - size[:, 0] / 2, y - size[:, 1] / 2, x + size[:, 0] / 2, y + size[:, 1] / 2], 1
    )


def loss_of(grid: Tensor, boxes: Tensor) -> Tensor:
    """Focal loss of the heat and 1 − GIoU of the boxes around the middles."""
    grid = grid.float()
    heat, counts = targets(boxes)
    p = torch.sigmoid(grid[:, : len(CLASSES)]).clamp(1e-5, 1 - 1e-5)
    is_peak = heat > 0.999
    hit = -((1 - p) ** 2) * torch.log(p)
    miss = -(p**2) * torch.log(1 - p) * (1 - heat) ** 4 * counts[:, None]
    number = is_peak.sum().clamp(min=1)
    heat_loss = torch.where(is_peak, hit, miss).sum() / number

    gh, gw = GRID
    low, high, kind = boxes[:, :, :2] / STRIDE, boxes[:, :, 2:4] / STRIDE, boxes[:, :, 4]
    cell = ((low + high) / 2).floor().long()
    dy, dx = torch.meshgrid(*[torch.arange(-1, 2, device=grid.device)] * 2, indexing="ij")
    at = cell[:, :, None] + torch.stack([dx, dy], -1).view(1, 1, 9, 2)
    centre = at + 0.5
    good = ((centre > low[:, :, None]) & (centre < high[:, :, None])).all(-1)
    good[:, :, 4] = True
    good &= (kind >= 0)[:, :, None] & (at >= 0).all(-1)
    good &= (at[..., 0] < gw) & (at[..., 1] < gh)
    n, m, k = torch.nonzero(good, as_tuple=True)
    place = at[n, m, k]
    made = boxes_of(grid[:, len(CLASSES) :])[n, :, place[:, 1], place[:, 0]]
    true = torch.cat([low, high], 2)[n, m]
    weight = torch.where(k == 4, 1.0, 0.3)
    cut = (torch.minimum(made[:, 2:], true[:, 2:]) - torch.maximum(made[:, :2], true[:, :2])).clamp(
        min=0
    )
    hull = torch.maximum(made[:, 2:], true[:, 2:]) - torch.minimum(made[:, :2], true[:, :2])
    inter, around = cut.prod(1), hull.prod(1).clamp(min=1e-6)
    union = (made[:, 2:] - made[:, :2]).prod(1) + (true[:, 2:] - true[:, :2]).prod(1) - inter
    giou = inter / union.clamp(min=1e-6) - (around - union) / around
    return heat_loss + 1.5 * ((1 - giou) * weight).sum() / weight.sum().clamp(min=1)


def main() -> None:
    """Train, and export what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=Path("var/thermal"))
    parser.add_argument("--minutes", type=float, default=12.0)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--decay", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--begin", type=Path, help="weights to begin with, of another run")
    told = parser.parse_args()
    told.out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(told.seed)
    rng = torch.Generator(device).manual_seed(told.seed)
    train = together([load(folder, "train") for folder in told.data]).to(device)
    net = ThermalNet().to(device, memory_format=torch.channels_last)
    if told.begin is not None:
        net.load_state_dict(torch.load(told.begin, map_location=device))
    average = torch.optim.swa_utils.get_ema_multi_avg_fn(0.997)
    mean = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=average, use_buffers=True)
    plain = [p for p in net.parameters() if p.ndim < 2]
    deep = [p for p in net.parameters() if p.ndim >= 2]
    groups = [{"params": deep, "weight_decay": told.decay}, {"params": plain, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=told.rate, betas=(0.9, 0.99))
    kept = told.out / "training.pt"
    step, before_s = 0, 0.0
    if kept.exists():
        was = torch.load(kept, map_location=device)
        net.load_state_dict(was["net"])
        mean.load_state_dict(was["mean"])
        optimiser.load_state_dict(was["optimiser"])
        step, before_s = was["step"], was["spent_s"]
    start = last = time.monotonic()

    def keep(spent_s: float) -> None:
        state = {"net": net.state_dict(), "mean": mean.state_dict(), "step": step}
        state |= {"optimiser": optimiser.state_dict(), "spent_s": spent_s}
        torch.save(state, kept.with_suffix(".new"))
        kept.with_suffix(".new").replace(kept)
        torch.save(mean.module.state_dict(), told.out / "weights.pt")

    net.train()
    while (spent_s := before_s + time.monotonic() - start) < told.minutes * 60:
        gone = spent_s / told.minutes / 60
        fall = 0.02 + 0.49 * (1 + math.cos(math.pi * gone))
        for group in optimiser.param_groups:
            group["lr"] = told.rate * min(1.0, (step + 1) / 300) * fall
        with torch.no_grad():
            image, boxes = batch(train, told.batch, rng)
            x = normalise(weather(image, rng)).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            grid = net(x)
        loss = loss_of(grid, boxes)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        mean.update_parameters(net)
        step += 1
        if time.monotonic() - last > 20:
            last = time.monotonic()
            keep(spent_s)
            print(f"{100 * gone:.0f} %, step {step}, loss {loss.item():.3f}", flush=True)
    keep(spent_s)
    export(mean.module, told.out)


def export(net: ThermalNet, out: Path) -> None:
    """Write thermal.onnx and thermal.onnx.sha256."""
    file = out / "thermal.onnx"
    sides = {"frame": {2: "height", 3: "width"}, "grid": {2: "rows", 3: "columns"}}
    torch.onnx.export(
        net.cpu().eval(),
        (torch.zeros(1, 1, HEIGHT, WIDTH),),
        str(file),
        input_names=["frame"],
        output_names=["grid"],
        dynamic_axes=sides,
        opset_version=17,
        dynamo=False,
    )
    told = hashlib.sha256(file.read_bytes()).hexdigest()
    file.with_suffix(".onnx.sha256").write_text(f"{told}  {file.name}\n")
    print(f"{file}: {file.stat().st_size} octets, {told}")


if __name__ == "__main__":
    main()
