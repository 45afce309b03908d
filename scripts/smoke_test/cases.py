"""What a refusal means, by its status and the words of its `error`."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from scripts.smoke_test.diagnosis import Layer
from scripts.smoke_test.exchange import Answer


@dataclass(frozen=True, kw_only=True)
class Case:
    """Fits an answer whose status, code and text are among these; none given: any."""

    layer: Layer
    meaning: str
    look_at: tuple[str, ...]
    status: Collection[int] = ()
    code: Collection[str] = ()
    says: re.Pattern[str] = field(default=re.compile(""))

    def fits(self, answer: Answer) -> bool:
        """Is this what the answer tells?"""
        return (
            (not self.status or answer.status in self.status)
            and (not self.code or str(answer.error.get("code")) in self.code)
            and self.says.search(str(answer.error.get("message", ""))) is not None
        )
