"""Maps even time to clock time with a daily rhythm.

All times are drawn in even time, in which every hour has the same rate. One monotone map then adds
the daily rhythm. It keeps the order of events, so causes stay before their effects.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
HOUR_MS = 3_600_000
_STEP_HOURS = 0.05


@dataclass(frozen=True, slots=True)
class DayClock:
    """The window before ``end_ms`` (epoch ms, UTC), with the rate 1 + a·cos(2π(h − peak)/24)."""

    end_ms: int
    window_hours: float
    amplitude: float
    peak_hour: float

    def to_epoch_ms(self, even_hours: Floats) -> NDArray[np.int64]:
        """Convert even time to clock time.

        Args:
            even_hours: (n,) hours since the start of the window, in [0, window].

        Returns:
            (n,) int64 epoch ms.
        """
        steps = max(int(self.window_hours / _STEP_HOURS), 2)
        grid = np.linspace(0.0, self.window_hours, steps + 1)
        start_hour = (self.end_ms / HOUR_MS - self.window_hours) % 24
        turn = 2 * np.pi / 24
        passed = grid + self.amplitude / turn * (
            np.sin(turn * (start_hour + grid - self.peak_hour))
            - np.sin(turn * (start_hour - self.peak_hour))
        )
        passed *= self.window_hours / passed[-1]
        hours = np.interp(even_hours, passed, grid)
        start_ms = self.end_ms - self.window_hours * HOUR_MS
        return np.minimum(np.floor(start_ms + hours * HOUR_MS).astype(np.int64), self.end_ms)
