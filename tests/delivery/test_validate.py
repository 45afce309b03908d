"""`terraform validate` of the stacks, with the real Terraform."""

from tests.delivery.checkout import Checkout


def test_valid_stacks_are_listed_and_need_no_state(checkout: Checkout) -> None:
    checkout.scene["envs"] = ["dev", "prod"]
    ran = checkout.run("validate")
    assert (ran.returncode, ran.stdout) == (0, "dev: valid\nprod: valid\n"), ran.stderr
    assert checkout.state.requests == []


def test_a_mistake_is_shown_with_its_place(checkout: Checkout) -> None:
    checkout.scene["resources"]["app"] = {"input": "${terraform_data.nobody.id}"}
    ran = checkout.run("validate")
    assert ran.returncode == 1
    assert "dev: NOT VALID" in ran.stdout
    assert "error in resource.terraform_data.app: Reference to undeclared resource" in ran.stdout
    assert "Not valid: dev" in ran.stderr
