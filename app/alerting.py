"""What an alert's life among people takes, of one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.means import Means

if TYPE_CHECKING:
    from app.parts import Parts


def means(parts: Parts) -> Means:
    """Its clocks, the roster's planned windows, and who notes what people did."""
    return Means(
        settings=parts.settings.alerts,
        clocks=parts.clocks,
        roster=parts.roster,
        rulebook=parts.settings.alerts.unproven == "trial",
        trail=parts.audit,
    )
