"""What must be refused, and how: in OpenAI's words, so that clients understand them.

https://platform.openai.com/docs/guides/error-codes
"""

from __future__ import annotations

from scripts.smoke_test.answers import Judge
from scripts.smoke_test.exchange import Answer
from scripts.smoke_test.misfits import MisfitError

OPEN = "The door is open: a request without a good key was answered. Whoever answers {base_url} is not this gateway."
INVENTED = "A model that does not exist was answered: whoever answers {base_url} is not this gateway."
_FIELDS = {"message": str, "type": str, "param": str | None, "code": str | None}


def refuses(*, status: int, code: str, otherwise: str) -> Judge:
    """An error of this status and code; `otherwise` is what it means when there was an answer instead."""

    def judge(answer: Answer) -> str:
        if answer.status < 300:
            raise _let_in(otherwise)
        told = answer.error
        wrong = [name for name, kind in _FIELDS.items() if name not in told or not isinstance(told[name], kind)]
        if wrong or not told["message"] or "json" not in answer.media_type:
            raise _unclean(f"{answer.status}, and no OpenAI error: {', '.join(wrong) or 'no message'}")
        if (answer.status, told["code"]) != (status, code):
            raise _unclean(f"{answer.status} {told['code']} instead of {status} {code}")
        return f"{answer.status} {code}"

    return judge


def _let_in(meaning: str) -> MisfitError:
    look_at = ("take it off the network until it is understood: `[ingress]` of the settings of {env}", "{revisions}")
    return MisfitError("answered", layer="gateway", meaning=meaning, look_at=look_at)


def _unclean(note: str) -> MisfitError:
    return MisfitError(
        note,
        layer="gateway",
        meaning="A refusal is not what clients of OpenAI understand: {said}",
        look_at=("whether {base_url} is this gateway, and nothing before it rewrites answers",),
    )
