"""The secrets of GitHub's environments: who provides them, and that nobody sees them."""

from tests.bootstrap.runs import AZURE_KEY, ENVS, HAS_KEY, REPOSITORY, environment_of, github
from tests.cloud.fixtures import Cloud


def test_clients_keys_are_generated_per_environment_and_azures_key_comes_from_its_variable(cloud: Cloud) -> None:
    assert github(cloud, env=HAS_KEY).code == 0
    kept = [environment_of(cloud, env)["secrets"] for env in ENVS]
    assert [secrets["AZURE_OPENAI_API_KEY"] for secrets in kept] == [AZURE_KEY] * 3
    own = {secrets["AIGATEWAY_KEY"] for secrets in kept}
    assert len(own) == 3
    assert all(len(key) == 43 for key in own)
    assert all(set(secrets) == {"AIGATEWAY_KEY", "AZURE_OPENAI_API_KEY"} for secrets in kept)


def test_a_missing_azure_key_is_reported_with_its_command_after_everything_else(cloud: Cloud) -> None:
    ran = github(cloud)
    assert ran.code == 1
    for env in ENVS:
        assert f"  gh secret set AZURE_OPENAI_API_KEY --env {env} --repo {REPOSITORY}\n" in ran.err
        assert set(environment_of(cloud, env)["secrets"]) == {"AIGATEWAY_KEY"}
        assert environment_of(cloud, env)["variables"]["TFSTATE_CONTAINER"] == "tfstate"
    assert "Traceback" not in ran.err


def test_a_given_client_key_is_used_for_one_environment_and_never_for_several(cloud: Cloud) -> None:
    given = {**HAS_KEY, "TF_VAR_gateway_key": "a-key-that-clients-have-already"}
    ran = github(cloud, env=given)
    assert ran.code == 0
    assert "is not used for several environments, select one with --env" in ran.err
    assert given["TF_VAR_gateway_key"] not in {environment_of(cloud, env)["secrets"]["AIGATEWAY_KEY"] for env in ENVS}
    (cloud.folder / "gh.json").unlink()
    assert github(cloud, "--env", "dev", env=given).code == 0
    assert environment_of(cloud, "dev")["secrets"]["AIGATEWAY_KEY"] == given["TF_VAR_gateway_key"]


def test_the_output_has_the_commands_that_show_the_clients_keys(cloud: Cloud) -> None:
    printed = github(cloud, "--env", "dev", env=HAS_KEY).err
    assert "az keyvault secret show --vault-name pvc-dev-aigateway-kv-san --name gateway-key --query value" in printed
