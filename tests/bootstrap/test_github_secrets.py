"""The secrets of GitHub's environments: whose they are decides where they come from, and nobody sees them."""

from tests.bootstrap.github_runs import AZURE_KEY, ENVS, HAS_KEY, REPOSITORY, environment_of, github
from tests.cloud.stand_ins import Cloud


def test_the_gateways_own_keys_are_random_and_differ_and_azures_is_taken_from_the_environment(cloud: Cloud) -> None:
    assert github(cloud, env=HAS_KEY).code == 0
    kept = [environment_of(cloud, env)["secrets"] for env in ENVS]
    assert [secrets["AZURE_OPENAI_API_KEY"] for secrets in kept] == [AZURE_KEY] * 3
    own = {secrets["AIGATEWAY_KEY"] for secrets in kept}
    assert len(own) == 3
    assert all(len(key) == 43 for key in own)
    assert all(set(secrets) == {"AIGATEWAY_KEY", "AZURE_OPENAI_API_KEY"} for secrets in kept)


def test_no_secret_is_in_an_argument_or_in_the_output(cloud: Cloud) -> None:
    ran = github(cloud, env=HAS_KEY)
    assert len(cloud.secrets) == 4
    words = " ".join(word for call in cloud.calls() for word in call.words)
    for secret in cloud.secrets:
        assert secret not in ran.out + ran.err + words


def test_an_azure_key_that_nobody_gave_is_told_with_its_command_and_all_else_is_done(cloud: Cloud) -> None:
    ran = github(cloud)
    assert ran.code == 1
    for env in ENVS:
        assert f"  gh secret set AZURE_OPENAI_API_KEY --env {env} --repo {REPOSITORY}\n" in ran.err
        assert set(environment_of(cloud, env)["secrets"]) == {"AIGATEWAY_KEY"}
        assert environment_of(cloud, env)["variables"]["TFSTATE_CONTAINER"] == "tfstate"
    assert "Traceback" not in ran.err


def test_a_client_key_in_the_environment_is_taken_for_one_environment_and_never_for_several(cloud: Cloud) -> None:
    given = {**HAS_KEY, "TF_VAR_gateway_key": "a-key-that-clients-have-already"}
    ran = github(cloud, env=given)
    assert ran.code == 0
    assert "is not used for several environments, select one with --env" in ran.err
    assert given["TF_VAR_gateway_key"] not in {environment_of(cloud, env)["secrets"]["AIGATEWAY_KEY"] for env in ENVS}
    (cloud.folder / "gh.json").unlink()
    assert github(cloud, "--env", "dev", env=given).code == 0
    assert environment_of(cloud, "dev")["secrets"]["AIGATEWAY_KEY"] == given["TF_VAR_gateway_key"]


def test_the_end_says_where_a_person_finds_the_clients_keys(cloud: Cloud) -> None:
    told = github(cloud, "--env", "dev", env=HAS_KEY).err
    assert "az keyvault secret show --vault-name pvc-dev-aigateway-kv-san --name gateway-key --query value" in told
