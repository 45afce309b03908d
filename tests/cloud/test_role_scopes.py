"""The stand-in assigns roles only on existing scopes, as Azure does."""

import pytest

from tests.cloud.az import group, role
from tests.cloud.az.azure import CALLER, SUBSCRIPTION, Azure, new
from tests.cloud.az.commands import AzError

SCOPE = f"/subscriptions/{SUBSCRIPTION}"


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        (f"{SCOPE}/resourceGroups/nowhere", "ResourceGroupNotFound"),
        (f"{SCOPE}/resourceGroups/here/providers/Microsoft.Storage/storageAccounts/none", "ResourceNotFound"),
        (f"{SCOPE}/something", "InvalidScope"),
    ],
)
def test_a_role_on_a_missing_scope_is_refused(scope: str, code: str) -> None:
    azure = Azure(new(), subscription=None)
    group.create(azure, name="here", location="x")
    with pytest.raises(AzError, match=code):
        role.assignment_create(
            azure, role="Reader", scope=scope, assignee_object_id=CALLER, assignee_principal_type="User"
        )
