import numpy as np

from analytics.detectors.absence import back, missing
from analytics.tracks import NEVER

LAST = np.array([NEVER, 100, 139, 140, 141, 100])
FIRING = np.array([False, False, False, False, False, True])


def test_missing_is_what_was_heard_once_and_not_for_longer_than_the_silence() -> None:
    assert missing(LAST, FIRING, now=200, silence=60, since=0).tolist() == [
        False, True, True, False, False, False,
    ]  # fmt: skip


def test_nothing_is_missing_until_we_have_listened_long_enough() -> None:
    assert not missing(LAST, FIRING, now=200, silence=60, since=140).any()
    assert missing(LAST, FIRING, now=201, silence=60, since=140).tolist()[1:4] == [True, True, True]


def test_back_is_what_spoke_lately() -> None:
    firing = np.ones(6, np.bool_)
    assert back(LAST, firing, now=200, silence=60).tolist() == [False, False, False, True, True, False]
    assert not back(LAST, np.zeros(6, np.bool_), now=200, silence=60).any()
