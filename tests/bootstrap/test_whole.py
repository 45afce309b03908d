"""Everything in one run: Azure and GitHub."""

from tests.bootstrap.runs import bootstrap, credentials_of
from tests.cloud.az.azure import SUBSCRIPTION, TENANT
from tests.cloud.stand_ins import Cloud

KEY = {"TF_VAR_azure_openai_api_key": "the-key-of-azure-openai"}
WHERE = ("--repository", "contoso/gateway")


def test_one_run_prepares_everything_and_the_next_changes_nothing(cloud: Cloud) -> None:
    ran = bootstrap(cloud, *WHERE, parts=(), env=KEY)
    assert ran.code == 0, ran.err
    clients = {app["displayName"]: app["appId"] for app in cloud.state()["apps"]}
    github = cloud.state("gh")
    assert github["variables"] == {
        "AZURE_CLIENT_ID": clients["pvc-aigateway-plan"],
        "AZURE_DEPLOY_CLIENT_ID": clients["pvc-aigateway-deploy"],
        "AZURE_TENANT_ID": TENANT,
        "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
    }
    for env in ("dev", "staging", "prod"):
        variables = github["environments"][env]["variables"]
        assert variables["AZURE_CLIENT_ID"] == clients["pvc-aigateway-deploy"]
        account = cloud.state()["storage"][variables["TFSTATE_STORAGE_ACCOUNT"]]
        assert account["resourceGroup"] == variables["TFSTATE_RESOURCE_GROUP"]
        assert variables["TFSTATE_CONTAINER"] in account["containers"]
        assert credentials_of(cloud, "pvc-aigateway-deploy")[env] == f"repo:contoso/gateway:environment:{env}"
    cloud.forget_calls()

    again = bootstrap(cloud, *WHERE, parts=(), env=KEY)
    assert again.code == 0, again.err
    assert again.err.endswith("Nothing to change.\n")
    assert cloud.changes() == []


def test_a_dry_run_of_everything_gets_to_its_end_in_an_empty_subscription(cloud: Cloud) -> None:
    ran = bootstrap(cloud, *WHERE, "--dry-run", parts=(), env=KEY)
    assert ran.code == 0, ran.err
    assert "<client id of pvc-aigateway-deploy>" in ran.err
    assert "would run: gh " in ran.err
    assert "Dry run: nothing was changed." in ran.err
    assert cloud.changes() == []
