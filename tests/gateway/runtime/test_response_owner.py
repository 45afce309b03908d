"""The mark of a project in the metadata of what Azure stores."""

import json
import time
from typing import Any

import pytest

from gateway.runtime.configuration import Project
from gateway.runtime.errors import RefusedError
from gateway.runtime.response_owner import is_owner, mark_request, remove_mark

ONE = Project(name="one", keys=(), models=frozenset(), environment="dev")
MARK = {"gateway_project": ONE.mark}


def marked(fields: dict[str, Any]) -> Any:  # noqa: ANN401
    return json.loads(mark_request(json.dumps(fields).encode(), fields, ONE))


@pytest.mark.parametrize("store", [{}, {"store": True}, {"store": None}, {"store": 0}])
@pytest.mark.parametrize(
    ("given", "metadata"), [({}, MARK), ({"metadata": None}, MARK), ({"metadata": {"a": "b"}}, {"a": "b", **MARK})]
)
def test_what_azure_stores_is_marked(store: dict[str, Any], given: dict[str, Any], metadata: dict[str, Any]) -> None:
    fields = {"model": "m", "input": "hi", **store, **given}
    assert marked(fields) == {**fields, "metadata": metadata}


@pytest.mark.parametrize("metadata", [{}, {"metadata": {str(number): "x" for number in range(16)}}])
def test_what_azure_does_not_store_passes_byte_for_byte(metadata: dict[str, Any]) -> None:
    fields = {"model": "m", "store": False, **metadata}
    assert mark_request(b" the body", fields, ONE) == b" the body"


def test_the_rest_of_a_body_is_not_written_anew() -> None:
    body = b' \n{ "model": "m",  "x": 1e2, "\\u00e9": "{"}'
    start, _, rest = mark_request(body, json.loads(body), ONE).partition(
        b'"metadata":%b,' % json.dumps(MARK, separators=(",", ":")).encode()
    )
    assert start + rest == body


@pytest.mark.parametrize("metadata", [MARK, {"gateway_project": "x"}, {"gateway_project": None}])
@pytest.mark.parametrize("store", [True, False])
def test_a_client_cannot_set_it(metadata: dict[str, Any], store: bool) -> None:  # noqa: FBT001
    with pytest.raises(RefusedError) as refused:
        marked({"metadata": metadata, "store": store})
    assert b"metadata.gateway_project" in bytes(refused.value.response.body)  # type: ignore[arg-type]


def test_it_takes_one_of_azures_sixteen_entries() -> None:
    entries = {str(number): "x" for number in range(15)}
    assert len(marked({"metadata": entries})["metadata"]) == 16
    with pytest.raises(RefusedError) as refused:
        marked({"metadata": {**entries, "15": "x"}})
    assert b"at most 15 entries" in bytes(refused.value.response.body)  # type: ignore[arg-type]


def test_it_is_its_projects_alone() -> None:
    other = Project(name="other", keys=(), models=frozenset(), environment="dev")
    assert is_owner(ONE, {"metadata": {"a": "b", **MARK}})
    assert not is_owner(other, {"metadata": MARK})
    for metadata in ({}, None, "x", [ONE.mark], {"gateway_project": None}):
        assert not is_owner(ONE, {"metadata": metadata})
    assert not is_owner(ONE, {})


ENTRY = f'"gateway_project":"{ONE.mark}"'


@pytest.mark.parametrize(
    ("data", "clean"),
    [
        (f'{{"metadata":{{{ENTRY}}},"x":1}}', '{"metadata":{},"x":1}'),
        (f'{{"metadata":{{{ENTRY},"a":"b"}}}}', '{"metadata":{"a":"b"}}'),
        (f'{{"metadata":{{"a":"b",{ENTRY}}}}}', '{"metadata":{"a":"b"}}'),
        (f'{{"metadata":{{"a":"b",{ENTRY},"c":"d"}}}}', '{"metadata":{"a":"b","c":"d"}}'),
        (f'{{"metadata": {{ "a": "b" ,\n {ENTRY.replace(":", " : ")}\n}} }}', '{"metadata": { "a": "b" \n} }'),
        ('{"metadata":{"a":"b"}, "e": 1e2}', '{"metadata":{"a":"b"}, "e": 1e2}'),
        (f'[{{{ENTRY}}},{{"a":1,{ENTRY}}},{{{ENTRY},{ENTRY}}}]', '[{},{"a":1},{}]'),
        (json.dumps({"text": f"{{{ENTRY}}}"}), json.dumps({"text": f"{{{ENTRY}}}"})),
    ],
)
def test_it_is_removed_and_nothing_else(data: str, clean: str) -> None:
    assert remove_mark(data.encode()).decode() == clean


def test_many_entries_take_time_in_proportion_to_their_number() -> None:
    """A client's tools may contain them; nobody else must wait for that."""

    def seconds(number: int) -> float:
        data = b"[%b]" % b",".join([b'{"gateway_project":""}'] * number)
        started = time.process_time()
        assert len(remove_mark(data)) == 3 * number + 1
        return time.process_time() - started

    few, many = (min(seconds(number) for _ in range(5)) for number in (2_000, 16_000))
    assert many < 24 * few  # 8 times as long; 64 times if each costs as much as all
