"""How many examples, and which: the same ones each time, unless asked to search anew."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

SEARCH = os.environ.get("PROFEXD_SEARCH", "")
"""A number: try so many new examples of each property, and not those of every run."""


def examples(count: int) -> settings:
    """Decorates a property that builds files."""
    return settings(
        max_examples=int(SEARCH) if SEARCH else count,
        derandomize=not SEARCH,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
    )
