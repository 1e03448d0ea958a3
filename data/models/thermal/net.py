"""The network that finds people and vehicles in a thermal frame; needs torch.

One grey frame in, one grid out: cells of 4 × 4 pixels, each with a score per class and the box
around an object whose middle lies in it. Nearly all work is done on cells of 8 pixels and
coarser; the last layer turns each of these into four (Shi et al., CVPR 2016, sub-pixel
convolution). Residual blocks are inverted with depthwise convolutions (Sandler et al., CVPR 2018),
the middle-point heat is that of Zhou et al., "Objects as Points", 2019.
"""

import torch
from torch import Tensor, nn

#: Grid cell in pixels.
STRIDE = 4
#: Classes of the heat, in the order of its channels.
CLASSES = ("person", "vehicle", "animal", "other")
#: Channels behind the heat: offset x, y from the cell's middle and width, height, all in cells.
BOX = 4


def conv(inputs: int, outputs: int, size: int = 3, stride: int = 1, groups: int = 1) -> nn.Module:
    """Convolution, normalisation, rectifier."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Block(nn.Module):
    """An inverted residual block: wide and depthwise in the middle."""

    def __init__(self, channels: int, size: int = 3) -> None:
        super().__init__()
        wide = 2 * channels
        self.body = nn.Sequential(
            conv(channels, wide, 1),
            conv(wide, wide, size, groups=wide),
            nn.Conv2d(wide, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """The input and what the block adds to it."""
        return x + self.body(x)


def blocks(channels: int, count: int, size: int = 3) -> nn.Module:
    """So many in a row."""
    return nn.Sequential(*(Block(channels, size) for _ in range(count)))


class ThermalNet(nn.Module):
    """(n, 1, h, w) normalised frames, h and w multiples of 32, to (n, classes + 4, h/4, w/4).

    The first channels are logits of the heat, the others the box.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        w = width
        self.stem = nn.Sequential(conv(1, w // 4, 3, 2), conv(w // 4, w // 2, 3, 2))
        self.at8 = nn.Sequential(conv(w // 2, w, 3, 2), blocks(w, 2))
        self.at16 = nn.Sequential(conv(w, 2 * w, 3, 2), blocks(2 * w, 3, 5))
        self.at32 = nn.Sequential(conv(2 * w, 3 * w, 3, 2), blocks(3 * w, 3, 5))
        self.from32, self.from16, self.from8 = (conv(k * w, w, 1) for k in (3, 2, 1))
        self.mix16, self.mix8 = blocks(w, 1, 5), blocks(w, 1, 5)
        self.head = conv(w, w)
        self.out = nn.Conv2d(w, 4 * (len(CLASSES) + BOX), 1)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        nn.init.normal_(self.out.weight, std=0.01)
        nn.init.constant_(self.out.bias, 0.0)
        with torch.no_grad():
            self.out.bias[: 4 * len(CLASSES)] = -4.6  # a cell holds a middle in 1 of 100

    def forward(self, frames: Tensor) -> Tensor:
        """See the class."""
        at8 = self.at8(self.stem(frames))
        at16 = self.at16(at8)
        at32 = self.at32(at16)
        x = self.mix16(self.from16(at16) + self.up(self.from32(at32)))
        x = self.mix8(self.from8(at8) + self.up(x))
        return nn.functional.pixel_shuffle(self.out(self.head(x)), 2)
