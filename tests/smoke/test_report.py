"""The report as text, table, Markdown and JSON."""

import io

from rich.console import Console

from scripts.smoke_test import Diagnosis, Report, Result

KEY = Diagnosis(
    id="azure-key-refused",
    layer="Azure key",
    meaning="Azure refuses <the> key | of it.",
    actions=("Do this.", "Check that."),
)
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


def test_a_diagnosis_of_several_checks_is_shown_once() -> None:
    assert REPORT.diagnoses == (KEY,)
    assert REPORT.text() == (
        "https://gateway.example/v1, project default of dev: 1 passed, 2 failed, 1 skipped.\n\n"
        "Azure key: Azure refuses <the> key | of it.\n"
        "  failed: responses (m), embeddings (e)\n"
        "  Do this.\n"
        "  Check that."
    )


def test_a_skipped_check_is_no_success() -> None:
    skipped = Result(check="models", model="", status="skipped", ms=None, note="no time left")
    assert not Report(base_url="u", env="dev", project="p", results=(skipped,)).passed


def test_the_table_shows_a_servers_words_unchanged() -> None:
    out = io.StringIO()
    Console(file=out, width=120).print(REPORT.table())
    assert "401 [bold]x[/] | <b>" in out.getvalue()


def test_a_servers_words_are_no_markup_in_a_summary() -> None:
    assert REPORT.markdown().splitlines()[:6] == [
        "### Smoke test of dev: FAILED",
        "",
        "| check | model | status | ms | note |",
        "| --- | --- | --- | ---: | --- |",
        "| gateway |  | passed | 12 |  |",
        r"| responses | m | failed | 5 | 401 \[bold]x\[/] \| &lt;b> |",
    ]
    assert r"**Azure key**: Azure refuses &lt;the> key \| of it. (responses (m), embeddings (e))" in REPORT.markdown()
    assert "- Check that." in REPORT.markdown()


def test_the_json_has_layers_and_times() -> None:
    content = REPORT.as_json()
    assert content["passed"] is False
    assert content["results"][1] == {
        "check": "responses",
        "model": "m",
        "status": "failed",
        "ms": 5.0,
        "note": "401 [bold]x[/] | <b>",
        "layer": "Azure key",
    }
    assert content["diagnoses"][0]["checks"] == ["responses (m)", "embeddings (e)"]
