"""Spectral residual: what the last samples' spectrum cannot foretell of the newest (Ren et al., KDD 2019)."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from analytics.detectors.anomaly.memory import Floats, numbers

_WINDOW: Final = 64  # samples
_AHEAD: Final = 5  # samples added, as those before the newest were, so that it stands not at the edge
_SMOOTH: Final = np.ones(3) / 3.0  # over neighbouring frequencies
_AROUND: Final = 21  # samples whose saliency is usual
_LEAST: Final = 1e-9  # of the greatest amplitude: what is less is rounding


class Spectral(msgspec.Struct, tag="spectral"):
    """Memory: the window."""

    past: Floats = msgspec.field(default_factory=numbers)

    def take(self, value: float) -> float:
        """How much more salient the newest sample is than those before it; 0 until the window is full."""
        self.past.append(value)
        if len(self.past) <= _WINDOW:
            return 0.0
        del self.past[0]
        values = np.array(self.past)
        ahead = values[-1 - _AHEAD : -1].mean()
        found = np.fft.rfft(np.concatenate([values, np.full(_AHEAD, ahead)]) - values.mean())
        size = np.abs(found)
        if size.max() <= 0.0:
            return 0.0
        size = np.maximum(size / size.max(), _LEAST)
        logged = np.log(size)
        residual = logged - np.convolve(logged, _SMOOTH, "same")
        salient = np.abs(np.fft.irfft(np.exp(residual) * found / size, _WINDOW + _AHEAD))
        usual = float(salient[_WINDOW - _AROUND : _WINDOW].mean())
        return max(0.0, float(salient[_WINDOW - 1]) / usual - 1.0) if usual > 0.0 else 0.0
