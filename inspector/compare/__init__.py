"""Two pulls of one image, side by side: what one does that the other does not, and what of it explains a failure.

Knows: pulls and their findings. Must not know: files, how a comparison is shown.
"""

from inspector.compare.comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
