"""How hypothesis runs here: without a deadline, as no test asserts a time; HYPOTHESIS_EXAMPLES asks for more examples."""

import os

from hypothesis import settings

settings.register_profile(
    "wire", deadline=None, max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "100"))
)
settings.load_profile("wire")
