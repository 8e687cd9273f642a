"""Short names for the numpy array types the engine passes around."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
I4 = npt.NDArray[np.int32]
U2 = npt.NDArray[np.uint16]
U1 = npt.NDArray[np.uint8]
B1 = npt.NDArray[np.bool_]

NEVER = 2**30
"""Day number that stands for "no date" (no release in sight, no limit)."""
