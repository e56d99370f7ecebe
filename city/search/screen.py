"""The last gate before the index: what looks like the number or address of a person is blotted out.

It is a second guard. The first is that kinds declare their fields, and that no such field is among them.
"""

from __future__ import annotations

import re
from typing import Final

BLOT: Final = "•"
_BETWEEN: Final = r"[ .\-]?"
# NIK, KK (16 digits), NIP (18): also where somebody set them in groups.
_NUMBERS: Final = re.compile(rf"(?<!\d)\d(?:{_BETWEEN}\d){{15,17}}(?!\d)")
_MAIL: Final = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_PHONE: Final = re.compile(rf"(?<![\w+])(?:\+?62|0){_BETWEEN}8(?:{_BETWEEN}\d){{7,11}}(?!\d)")


def screen(text: str, *, public: bool) -> str:
    """Text without numbers of citizens and officers; where it is not public, without phones and mail too.

    A public text may name the office's telephone and address: it was published to be found.
    """
    text = _NUMBERS.sub(BLOT, text)
    return text if public else _PHONE.sub(BLOT, _MAIL.sub(BLOT, text))
