"""Terraform's error, cut out of the CLI's output, with its advice above."""

from scripts.terraform.errors import error_of, explain, is_state_missing


def test_advice_is_found_although_the_screen_broke_the_line() -> None:
    said = "Error: could not\n               configure AzureCli\n               Authorizer"
    assert explain(said, env="dev", folder="/stack").startswith("Nobody is signed in")


def test_an_unknown_failure_is_shown_unchanged() -> None:
    assert explain("aigateway-dev  Error: never seen\n", env="dev", folder="/stack") == "Error: never seen"


def test_what_the_cli_draws_around_an_error_is_left_out() -> None:
    output = (
        "aigateway-dev  terraform_data.a: Creating...\n"
        "aigateway-dev  \x1b[31mError: it broke\x1b[0m\n\n                 with terraform_data.a,\n\n\n\n"
        "               because.\n0 Stacks deploying     1 Stack done     0 Stacks waiting\n"
        "Invoking Terraform CLI failed with exit code 1\n"
    )
    assert error_of(output) == "Error: it broke\n\nwith terraform_data.a,\n\nbecause."


def test_without_an_error_the_last_lines_are_shown() -> None:
    assert error_of("one\ntwo\n") == "one\ntwo"


def test_no_state_is_not_the_same_as_a_state_without_permission_to_read() -> None:
    refused = (
        "unexpected status 403 (403 Forbidden) with AuthorizationPermissionMismatch: This request is not authorized"
    )
    begun = f"Error: Error loading state: failed to lock azure state: executing request: {refused}"
    assert is_state_missing(f"aigateway-dev  Initializing the backend...\n{begun}\n")
    assert is_state_missing(begun.replace(" azure state", "\n  azure state"))
    assert not is_state_missing(f"Error: Failed to get existing workspaces: listing blobs: {refused}")
    assert not is_state_missing("Error: Error acquiring the state lock\n\nstate blob is already locked")
