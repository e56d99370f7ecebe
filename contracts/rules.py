"""Rules as files: what analytics evaluates. One YAML document, a list of rules."""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec
from msgspec import UNSET, UnsetType

from contracts.judgements import Severity, Text
from contracts.series import Selector
from contracts.topics import name


class Side(StrEnum):
    """On which side of the limit a value is wrong."""

    ABOVE = "above"
    BELOW = "below"
    BOTH = "both"


class Threshold(msgspec.Struct, frozen=True, kw_only=True, tag="threshold", forbid_unknown_fields=True):
    """A value beyond a limit for as long as `hold`; it clears beyond `clear` (hysteresis)."""

    side: Side = Side.ABOVE
    limit: float
    clear: float | None = None  # value at which it is well again; the limit itself where not given
    hold: float = 0.0  # seconds a value must stay wrong before it is raised, and well before it is cleared


class Absence(msgspec.Struct, frozen=True, kw_only=True, tag="absence", forbid_unknown_fields=True):
    """No sample for longer than `silence`; cleared by the next. Devices reported offline are skipped."""

    silence: float  # seconds
    by: str | UnsetType = UNSET  # `site`, or a label of the roster: missed when all of a group are silent


class HourOfWeek(msgspec.Struct, frozen=True, kw_only=True, tag="hour_of_week", forbid_unknown_fields=True):
    """A value far from what this hour of the week (Asia/Jakarta) brings: median ± factor x robust spread."""

    side: Side = Side.BOTH
    weeks: int = 4  # of history the baseline is learnt from
    least_weeks: int = 2  # fewer samples in the hour than this: no verdict
    factor: float = 4.0  # robust standard deviations (1.4826 x median absolute deviation)
    least: float = 0.0  # absolute difference below which nothing is raised, in the metric's unit
    hold: float = 0.0  # seconds


class Rate(msgspec.Struct, frozen=True, kw_only=True, tag="rate", forbid_unknown_fields=True):
    """A value that changes faster than `limit`; of a counter, what it grew by."""

    over: float  # seconds of the window whose change is measured
    limit: float  # change for each `per` seconds, in the metric's unit; negative where it falls
    per: float = 60.0  # seconds that the limit speaks of
    side: Side = Side.ABOVE
    clear: float | None = None  # rate at which it is well again; the limit itself where not given
    step: float = 0.0  # seconds between two looks; a twelfth of `over` where 0
    lateness: float = 0.0  # seconds that samples may come out of order before a window is closed
    hold: float = 0.0  # seconds


class Stuck(msgspec.Struct, frozen=True, kw_only=True, tag="stuck", forbid_unknown_fields=True):
    """A value that moved by no more than `tolerance` for as long as `over`, though samples came."""

    over: float  # seconds
    tolerance: float = 0.0  # largest value less smallest, in the metric's unit
    least: int = 3  # samples; fewer say nothing
    step: float = 0.0  # seconds between two looks; a twelfth of `over` where 0
    lateness: float = 0.0  # seconds


class Flapping(msgspec.Struct, frozen=True, kw_only=True, tag="flapping", forbid_unknown_fields=True):
    """A value that crosses `limit` to and fro: `changes` times or more within `over`; well below `clear`."""

    over: float  # seconds
    changes: int = 6
    clear: int | None = None  # changes at which it is well again; one less than `changes` where not given
    limit: float = 0.5  # between the two states; 0.5 for a flag
    step: float = 0.0  # seconds between two looks; a twelfth of `over` where 0
    lateness: float = 0.0  # seconds


class Pair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two windows that must both burn: the long one says that it matters, the short one that it lasts."""

    long: float  # seconds
    short: float  # seconds
    factor: float  # times as fast as the budget allows


class BurnRate(msgspec.Struct, frozen=True, kw_only=True, tag="burn_rate", forbid_unknown_fields=True):
    """Failures that use up the budget of an objective too fast, in several windows (SRE workbook, 5)."""

    objective: float  # share of samples that are to be good, such as 0.99
    limit: float = 0.5  # a sample on the wrong side of it is a failure
    side: Side = Side.BELOW  # which side is wrong
    pairs: tuple[Pair, ...] = (
        Pair(long=3_600.0, short=300.0, factor=14.4),
        Pair(long=21_600.0, short=1_800.0, factor=6.0),
    )
    least: int = 10  # samples in the long window; fewer say nothing
    step: float = 60.0  # seconds between two looks
    lateness: float = 0.0  # seconds


class Of(StrEnum):
    """What a window says of the numbers in it."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    COUNT = "count"
    LAST = "last"
    RANGE = "range"  # largest less smallest
    LENGTH = "length"  # seconds from the first sample to the last


class Anomaly(msgspec.Struct, frozen=True, kw_only=True, tag="anomaly", forbid_unknown_fields=True):
    """A value that its series never brought before, as the default detector sees it: no limit to choose."""

    lasts: float = 3_600.0  # seconds after the last strange sample until it is over
    most: int = 100  # series that are watched, each with some 130 KB of memory; the first to come


class Quorum(msgspec.Struct, frozen=True, kw_only=True, tag="quorum", forbid_unknown_fields=True):
    """So many devices of a group beyond a limit at once, each by its newest sample."""

    limit: float
    side: Side = Side.ABOVE
    by: str = "site"  # what makes a group: `site`, or a label of the roster such as `place`
    least: int = 1  # devices beyond the limit …
    share: float = 0.0  # … and this share of those heard
    heard: int = 2  # devices that must be heard, else nothing is said
    over: float = 300.0  # seconds for which a sample counts
    step: float = 60.0  # seconds between two looks
    lateness: float = 30.0  # seconds that samples of a group may come out of order
    hold: float = 0.0  # seconds


class Across(StrEnum):
    """How one number is made of what several series at a place say."""

    SUM = "sum"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    COUNT = "count"  # of series heard


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number of an expression."""

    select: Selector
    of: Of = Of.MEAN  # of each series over time
    across: Across = Across.SUM  # of the series at the place
    over: float = 300.0  # seconds
    empty: float | None = None  # where no sample came; unknown where not given


class Together(msgspec.Struct, frozen=True, kw_only=True, tag="together", forbid_unknown_fields=True):
    """What several sources say of one place, in one expression."""

    inputs: dict[str, Input]  # by the name that the expression uses
    when: str  # CEL, true where it is wrong
    by: str = "site"  # what makes a place: `site`, or a label of the roster such as `place`
    step: float = 60.0  # seconds between two looks
    lateness: float = 30.0  # seconds that samples of a place may come out of order
    hold: float = 0.0  # seconds


Test = Threshold | Absence | HourOfWeek | Rate | Stuck | Flapping | BurnRate | Anomaly | Quorum | Together


class Tumbling(msgspec.Struct, frozen=True, kw_only=True, tag="tumbling", forbid_unknown_fields=True):
    """One after the other, counted from the epoch (UTC)."""

    size: float  # seconds
    of: Of = Of.MEAN
    lateness: float = 0.0  # seconds of newer samples that are waited for before it is closed


class Sliding(msgspec.Struct, frozen=True, kw_only=True, tag="sliding", forbid_unknown_fields=True):
    """The last `size` seconds, looked at each `step`."""

    size: float  # seconds, a whole number of steps
    step: float  # seconds, counted from the epoch (UTC)
    of: Of = Of.MEAN
    lateness: float = 0.0  # seconds


class Session(msgspec.Struct, frozen=True, kw_only=True, tag="session", forbid_unknown_fields=True):
    """From the first sample to the last before `gap` seconds without any; told once the gap has passed."""

    gap: float  # seconds
    most: float = 3_600.0  # seconds from the epoch (UTC) at whose multiples every session ends
    of: Of = Of.LENGTH
    lateness: float = 0.0  # seconds


class Count(msgspec.Struct, frozen=True, kw_only=True, tag="count", forbid_unknown_fields=True):
    """Each `samples` samples, one after the other."""

    samples: int
    of: Of = Of.MEAN
    lateness: float = 0.0  # seconds


Window = Tumbling | Sliding | Session | Count


class Day(StrEnum):
    """Days of the week, Indonesian names in the pages."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


class Takes(StrEnum):
    """What a kind of day or hour means for a rule."""

    ONLY = "only"  # it judges then alone
    EXCEPT = "except"  # it does not judge then


class Active(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a rule judges, in Asia/Jakarta; at other times all is well. Each part that is given must agree."""

    days: tuple[Day, ...] = ()  # all where none is given
    hours: tuple[str, ...] = ()  # `07:00-21:30`; over midnight where the end lies before the beginning
    holidays: Takes | None = None  # national holidays and joint leave
    ramadan: Takes | None = None
    prayers: Takes | None = None  # from `before` seconds before each of the five times until `after` after it
    before: float = 600.0
    after: float = 1_800.0


class Maintenance(StrEnum):
    """What becomes of samples that are taken under planned maintenance of their device."""

    SKIP = "skip"  # they are not judged
    JUDGE = "judge"  # they are judged like any other


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule: which series it watches, by which test, and what it says."""

    id: str
    title: Text
    severity: Severity
    select: Selector
    test: Test
    incident: bool = True  # whether a firing alert opens an incident
    runbook: Text = Text(id="", en="")
    enabled: bool = True
    # What came later is left out of the encoding where it is not given, so that older rules keep their hash.
    window: Window | UnsetType = UNSET  # what the test is put to; each sample where not given
    clears_after: float | UnsetType = UNSET  # seconds it must be well; `hold` where not given
    active: Active | UnsetType = UNSET  # when it judges; always where not given
    labels: dict[str, str] | UnsetType = UNSET  # of its alerts, beside those that tell them apart
    link: str | UnsetType = UNSET  # https address of the runbook
    maintenance: Maintenance | UnsetType = UNSET  # what planned maintenance means; skip where not given

    def __post_init__(self) -> None:
        name("rule", self.id)

    @property
    def hash(self) -> str:
        """16 hex digits of the content: which version of the rule judged."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]
