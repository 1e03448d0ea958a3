"""Constant-velocity Kalman filter in the plane, on a vector of 14 numbers.

w = [x, y, vx, vy | xx, xy, yy | x·vx, x·vy, y·vx, y·vy | vx·vx, vx·vy, vy·vy]: the state in
metres and m/s, then the upper half of its covariance: position block A, cross block B,
velocity block D.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.compiled import kernel

#: Added to each plot's variances: no covariance we keep can become singular.
FLOOR_M2 = 1e-4


@kernel
def load(track: Any, w: NDArray[np.float64]) -> None:
    """Copy a track's state out."""
    w[0] = track.x_m
    w[1] = track.y_m
    w[2] = track.vx_mps
    w[3] = track.vy_mps
    for k in range(10):
        w[4 + k] = track.p[k]


@kernel
def store(w: NDArray[np.float64], track: Any) -> None:
    """Copy a state into a track."""
    track.x_m = w[0]
    track.y_m = w[1]
    track.vx_mps = w[2]
    track.vy_mps = w[3]
    for k in range(10):
        track.p[k] = w[4 + k]


@kernel
def predict(w: NDArray[np.float64], dt: float, noise: float) -> None:
    """Move the state by dt seconds; backwards (dt < 0) without taking noise away."""
    q = noise if dt > 0.0 else 0.0
    w[0] += dt * w[2]
    w[1] += dt * w[3]
    w[4] += dt * (2.0 * w[7] + dt * w[11]) + q * dt * dt * dt / 3.0
    w[5] += dt * (w[8] + w[9] + dt * w[12])
    w[6] += dt * (2.0 * w[10] + dt * w[13]) + q * dt * dt * dt / 3.0
    w[7] += dt * w[11] + q * dt * dt / 2.0
    w[8] += dt * w[12]
    w[9] += dt * w[12]
    w[10] += dt * w[13] + q * dt * dt / 2.0
    w[11] += q * dt
    w[13] += q * dt


@kernel
def update(
    w: NDArray[np.float64], zx: float, zy: float, rxx: float, rxy: float, ryy: float
) -> None:
    """Take in a measured position with covariance [[rxx, rxy], [rxy, ryy]] (m²).

    Joseph's form (I − KH) P (I − KH)ᵀ + K R Kᵀ, written out by 2×2 blocks: it stays
    symmetric by construction and positive definite under rounding.
    """
    a0, a1, a2 = w[4], w[5], w[6]
    b0, b1, b2, b3 = w[7], w[8], w[9], w[10]
    s0, s1, s2 = a0 + rxx, a1 + rxy, a2 + ryy
    det = s0 * s2 - s1 * s1
    scale = 1.0 / det
    i0, i1, i2 = s2 * scale, -s1 * scale, s0 * scale
    # K for the position: A S⁻¹, for the velocity: Bᵀ S⁻¹
    k00, k01 = a0 * i0 + a1 * i1, a0 * i1 + a1 * i2
    k10, k11 = a1 * i0 + a2 * i1, a1 * i1 + a2 * i2
    g00, g01 = b0 * i0 + b2 * i1, b0 * i1 + b2 * i2
    g10, g11 = b1 * i0 + b3 * i1, b1 * i1 + b3 * i2
    nx, ny = zx - w[0], zy - w[1]
    w[0] += k00 * nx + k01 * ny
    w[1] += k10 * nx + k11 * ny
    w[2] += g00 * nx + g01 * ny
    w[3] += g10 * nx + g11 * ny
    j00, j01, j10, j11 = 1.0 - k00, -k01, -k10, 1.0 - k11
    # J A and K R
    m00, m01 = j00 * a0 + j01 * a1, j00 * a1 + j01 * a2
    m10, m11 = j10 * a0 + j11 * a1, j10 * a1 + j11 * a2
    r00, r01 = k00 * rxx + k01 * rxy, k00 * rxy + k01 * ryy
    r10, r11 = k10 * rxx + k11 * rxy, k10 * rxy + k11 * ryy
    w[4] = m00 * j00 + m01 * j01 + r00 * k00 + r01 * k01
    w[5] = m00 * j10 + m01 * j11 + r00 * k10 + r01 * k11
    w[6] = m10 * j10 + m11 * j11 + r10 * k10 + r11 * k11
    # J (B − A Gᵀ) + K R Gᵀ
    c00, c01 = b0 - (a0 * g00 + a1 * g01), b1 - (a0 * g10 + a1 * g11)
    c10, c11 = b2 - (a1 * g00 + a2 * g01), b3 - (a1 * g10 + a2 * g11)
    w[7] = j00 * c00 + j01 * c10 + r00 * g00 + r01 * g01
    w[8] = j00 * c01 + j01 * c11 + r00 * g10 + r01 * g11
    w[9] = j10 * c00 + j11 * c10 + r10 * g00 + r11 * g01
    w[10] = j10 * c01 + j11 * c11 + r10 * g10 + r11 * g11
    # D − G B − (G B)ᵀ + G S Gᵀ, and G S = Bᵀ: what is left is D − G B
    w[11] -= g00 * b0 + g01 * b2
    w[12] -= 0.5 * (g00 * b1 + g01 * b3 + g10 * b0 + g11 * b2)
    w[13] -= g10 * b1 + g11 * b3


@kernel
def update_velocity(w: NDArray[np.float64], vx: float, vy: float, var: float, gate: float) -> None:
    """Take in a measured velocity (m/s, variance per axis) unless it lies outside the gate."""
    nx, ny = vx - w[2], vy - w[3]
    s0, s1, s2 = w[11] + var, w[12], w[13] + var
    det = s0 * s2 - s1 * s1
    if (s2 * nx * nx - 2.0 * s1 * nx * ny + s0 * ny * ny) / det > gate:
        return
    _exchange(w)
    update(w, vx, vy, var, 0.0, var)
    _exchange(w)


@kernel
def _exchange(w: NDArray[np.float64]) -> None:
    """Let position and velocity change places, so that `update` serves both."""
    w[0], w[2] = w[2], w[0]
    w[1], w[3] = w[3], w[1]
    w[4], w[11] = w[11], w[4]
    w[5], w[12] = w[12], w[5]
    w[6], w[13] = w[13], w[6]
    w[8], w[9] = w[9], w[8]


@kernel
def distance(a: NDArray[np.float64], b: NDArray[np.float64], s: NDArray[np.float64]) -> float:
    """The squared Mahalanobis distance of two states (4 degrees of freedom); `s` is 4×5 scratch.

    Infinite where the summed covariance is not positive definite.
    """
    place = (4, 5, 7, 8, 5, 6, 9, 10, 7, 9, 11, 12, 8, 10, 12, 13)
    for i in range(4):
        for j in range(4):
            s[i, j] = a[place[4 * i + j]] + b[place[4 * i + j]]
        s[i, 4] = a[i] - b[i]
    total = 0.0
    # Cholesky, with the forward substitution of the difference carried along
    for i in range(4):
        for k in range(i):
            for j in range(i, 5):
                s[i, j] -= s[k, i] * s[k, j]
        if not s[i, i] > 0.0:
            return np.inf
        root = np.sqrt(s[i, i])
        for j in range(i, 5):
            s[i, j] /= root
        total += s[i, 4] * s[i, 4]
    return total
