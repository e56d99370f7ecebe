"""Errors of all packages as the command line tells them: what, why, and what to do."""

from __future__ import annotations

import alerts.errors
import app.brokers.errors
import city.errors
import city.geography.errors
import city.search.errors
import console.errors
import devices.errors
import ingest.errors
import programmes.tangi.errors
import runtime.mqtt
import runtime.spool
import store.errors
import web.errors
from runtime import yamldoc
from runtime.cli import Failure
from runtime.service import Failed
from runtime.settings import Wrong

_OURS = (
    alerts.errors.Failure,
    app.brokers.errors.Failure,
    city.errors.Failure,
    city.geography.errors.Failure,
    city.search.errors.Failure,
    console.errors.Failure,
    devices.errors.Failure,
    ingest.errors.Failure,
    programmes.tangi.errors.Failure,
    runtime.mqtt.Failure,
    runtime.spool.Error,
    yamldoc.Wrong,
    store.errors.Failure,
    web.errors.Failure,
)


def explain(error: BaseException) -> Failure | None:
    """The three parts of one of our errors; None for one that nobody foresaw."""
    if isinstance(error, Failed) and error.__cause__ is not None:
        inner = explain(error.__cause__)
        return inner and Failure(f"{error.task} cannot go on", inner.why, inner.cure)
    if isinstance(error, Wrong):
        return Failure.of("the settings cannot be used", error)
    if isinstance(error, _OURS):
        cure = getattr(error, "cure", "") or "mend what it names, then start again"
        return Failure(str(getattr(error, "what", "") or "this cannot go on"), str(error), str(cure))
    return None
