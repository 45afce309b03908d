"""Text that must reach Azure letter by letter, although Terraform reads strings as templates.

https://developer.hashicorp.com/terraform/language/syntax/json#expression-mapping
"""

from collections.abc import Mapping


def literal(text: str) -> str:
    """`text` with Terraform's two openings of a template escaped."""
    return text.replace("${", "$${").replace("%{", "%%{")


def literals(texts: Mapping[str, str]) -> dict[str, str]:
    """The same for a mapping: Terraform reads keys as templates, too."""
    return {literal(key): literal(value) for key, value in texts.items()}
