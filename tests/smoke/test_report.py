"""What the report says, and to whom."""

import io

from rich.console import Console

from scripts.smoke_test import Diagnosis, Report, Result

KEY = Diagnosis(layer="Azure key", meaning="Azure refuses <the> key | of it.", look_at=("here", "there"))
REPORT = Report(
    base_url="https://gateway.example/v1",
    env="dev",
    project="default",
    results=(
        Result(check="gateway", model="", status="passed", ms=12.34, note=""),
        Result(check="responses", model="m", status="failed", ms=5.0, note="401 [bold]x[/] | <b>", diagnosis=KEY),
        Result(check="embeddings", model="e", status="failed", ms=None, note="401", diagnosis=KEY),
        Result(check="chat completions", model="m", status="skipped", ms=None, note="gone"),
    ),
)


def test_a_finding_of_several_checks_is_told_once() -> None:
    assert REPORT.diagnoses == (KEY,)
    assert REPORT.text() == (
        "https://gateway.example/v1, project default of dev: 1 passed, 2 failed, 1 skipped.\n\n"
        "Azure key: Azure refuses <the> key | of it.\n"
        "  failed: responses (m), embeddings (e)\n"
        "  look at: here\n"
        "  look at: there"
    )


def test_a_check_that_was_not_made_is_no_success() -> None:
    skipped = Result(check="models", model="", status="skipped", ms=None, note="no time left")
    assert not Report(base_url="u", env="dev", project="p", results=(skipped,)).passed


def test_the_table_shows_what_a_server_said_as_it_is() -> None:
    out = io.StringIO()
    Console(file=out, width=120).print(REPORT.table())
    assert "401 [bold]x[/] | <b>" in out.getvalue()


def test_in_a_summary_nothing_that_a_server_said_is_markup() -> None:
    assert REPORT.markdown().splitlines()[:6] == [
        "### Smoke test of dev: FAILED",
        "",
        "| check | model | status | ms | note |",
        "| --- | --- | --- | ---: | --- |",
        "| gateway |  | passed | 12 |  |",
        r"| responses | m | failed | 5 | 401 \[bold]x\[/] \| &lt;b> |",
    ]
    assert r"**Azure key**: Azure refuses &lt;the> key \| of it. (responses (m), embeddings (e))" in REPORT.markdown()
    assert "- there" in REPORT.markdown()


def test_machines_read_layers_and_times() -> None:
    told = REPORT.as_json()
    assert told["passed"] is False
    assert told["results"][1] == {
        "check": "responses",
        "model": "m",
        "status": "failed",
        "ms": 5.0,
        "note": "401 [bold]x[/] | <b>",
        "layer": "Azure key",
    }
    assert told["diagnoses"][0]["checks"] == ["responses (m)", "embeddings (e)"]
