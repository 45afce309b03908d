"""The commands that a diagnosis names: azure-cli takes them."""

import shlex
from collections.abc import Callable
from typing import Any

from scripts.smoke_test import Offer
from scripts.smoke_test.diagnosis import Scene


def test_azure_cli_takes_every_command_that_a_person_is_told(real_az: Callable[..., Any], offer: Offer) -> None:
    scene = Scene(base_url="https://gateway.example/v1", offer=offer)
    names = ("{gateway_key}", "{revisions}", "{system_log}", "{litellm_log}", "{log}")
    lines = [shlex.split(line) for line in scene.diagnosis("Azure", "", names).look_at]
    assert [line[0] for line in lines] == ["az"] * len(names)
    assert real_az([line[1:] for line in lines]) == [None] * len(names)
