"""Feed Bowerbird's collectors from a model that is served elsewhere."""

from bowerbird_tap.limits import Limits
from bowerbird_tap.stats import Stats
from bowerbird_tap.taps import Tap, tap

__all__ = ["Limits", "Stats", "Tap", "tap"]
