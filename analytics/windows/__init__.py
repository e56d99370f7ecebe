"""Windows over event time: samples in, closed windows out. They have no clock and are bounded."""

from analytics.windows.panes import Panes
from analytics.windows.runs import Runs
from analytics.windows.view import Closed, View

__all__ = ["Closed", "Panes", "Runs", "View"]
