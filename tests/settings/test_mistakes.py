"""How mistakes are told: all at once, without what may be secret, without words of the libraries."""

import pytest

from settings.errors import SettingsError
from settings.loading import load_environment
from tests.settings.conftest import WriteFile


@pytest.mark.parametrize(
    ("tags", "allowed"),
    [
        ('Owner = "a"\nowner = "b"', "must have names that differ by more than case; duplicates: owner"),
        ('Env = "x"\nproject = "y"', "must not set env or project: the stack sets them"),
        ('a = "#{TfToken[TOKEN.1]}"', r"must have neither TfToken\["),
        ('__proto__ = "a"', "nor the name __proto__"),
        ("\n".join(f't{n} = ""' for n in range(14)), "must be at most 13: a Key Vault secret takes 15"),
    ],
)
def test_a_table_of_tags_that_azure_would_not_take_is_refused(write: WriteFile, tags: str, allowed: str) -> None:
    file = write(f'env = "dev"\n[tags]\n{tags}\n')

    with pytest.raises(SettingsError, match=allowed) as refusal:
        load_environment(file)

    assert refusal.value.mistakes[0].startswith(f"{file}: tags: ")


def test_the_value_of_an_unknown_field_that_sounds_secret_is_not_shown(write: WriteFile) -> None:
    file = write('env = "dev"\n[azure_openai]\napi_key = "hunter2"\n')

    with pytest.raises(SettingsError) as refusal:
        load_environment(file)

    assert refusal.value.mistakes == (
        f"{file}: azure_openai.api_key: is not a setting; allowed are endpoint, allow_other_hosts, auth, token_scope",
    )


def test_the_private_parts_of_an_endpoint_are_not_shown(write: WriteFile) -> None:
    file = write('env = "dev"\nazure_openai.endpoint = "https://me:hunter2@a.azure.com/?api-key=hunter3"\n')

    with pytest.raises(SettingsError, match=r'"https://\*\*\*@a\.azure\.com/\?\*\*\*": must be https://') as refusal:
        load_environment(file)

    assert "hunter" not in str(refusal.value)


def test_all_mistakes_of_a_file_are_told_at_once(write: WriteFile) -> None:
    """Also contradictions beside a wrong value in the same table."""
    file = write("""
        env = "prod"
        typo = 1
        [containers]
        image = "litellm"
        gateway = { port = 4001, cpu = 0.75 }
        [scale]
        min_replicas = 9
        concurrent_requests = 0
        [timeouts]
        idle_s = -1
        total_s = 20
        [ingress]
        ip_allowlist = ["10.0.0.0/99", "203.0.113.0/24", "localhost"]
        """)

    with pytest.raises(SettingsError, match=r"^The settings have 11 mistakes:\n  ") as refusal:
        load_environment(file)

    assert {mistake.removeprefix(f"{file}: ").partition(" = ")[0] for mistake in refusal.value.mistakes} == {
        "env",
        "typo",
        "containers.image",
        "containers.gateway.cpu",
        "containers.gateway.port",
        "scale.max_replicas",
        "scale.concurrent_requests",
        "timeouts.idle_s",
        "timeouts.total_s",
        "ingress.ip_allowlist[0]",
        "ingress.ip_allowlist[2]",
    }


def test_what_depends_on_a_refused_value_is_not_refused_for_it(write: WriteFile) -> None:
    """No sum of containers without the gateway's share, no names without an environment."""
    file = write('env = "dev"\nprojname = "-"\ncontainers.gateway.cpu = 9\ncontainers.litellm.cpu = 1.25\ncodex = 1\n')

    with pytest.raises(SettingsError) as refusal:
        load_environment(file)

    assert [mistake.split()[1] for mistake in refusal.value.mistakes] == ["projname", "containers.gateway.cpu", "codex"]


def test_a_mistake_is_told_without_pydantics_words(write: WriteFile) -> None:
    file = write("scale.max_replicas = []\nqueue = {}\nlogs = 1\nfoo = 2\nembeddings.endpoint = 3\n")

    with pytest.raises(SettingsError) as refusal:
        load_environment(file)

    assert len(refusal.value.mistakes) == 6
    assert not any(
        word in str(refusal.value).lower() for word in ("pydantic", "input", "validat", "type=", "https://er")
    )
