"""Ids of resources: `/subscriptions/S/resourceGroups/G/providers/NAMESPACE/TYPE/NAME/...`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class ResourceId:
    """An id as it was written; Azure compares ids without regard to case."""

    text: str

    @cached_property
    def key(self) -> str:
        """The same for all ways to write it."""
        return self.text.rstrip("/").lower()

    @property
    def name(self) -> str:
        return self.text.rstrip("/").rpartition("/")[2]

    @cached_property
    def type(self) -> str:
        """In lower case, such as `microsoft.app/containerapps`."""
        if "/providers/" not in self.key:
            return f"microsoft.resources/{'/'.join(self.key.split('/')[1::2])}"
        provider, *rest = self.key.rpartition("/providers/")[2].split("/")
        return "/".join([provider, *rest[0::2]])

    @cached_property
    def parent(self) -> ResourceId:
        """What it lies in: a resource, a resource group or a subscription."""
        shorter = self.text.rstrip("/").rpartition("/")[0].rpartition("/")[0]
        head, found, after = shorter.rpartition("/providers/")
        return ResourceId(head if found and "/" not in after else shorter)

    @property
    def subscription(self) -> str:
        return self.text.split("/")[2].lower()

    @cached_property
    def group(self) -> ResourceId:
        """Its resource group; for a subscription's own resource that subscription."""
        parts = self.text.split("/")
        length = 5 if len(parts) > 4 and parts[3].lower() == "resourcegroups" else 3
        return ResourceId("/".join(parts[:length]))

    def is_in(self, scope: str) -> bool:
        """Whether it is this scope or lies in it."""
        return f"{self.key}/".startswith(f"{scope.rstrip('/').lower()}/")

    def __str__(self) -> str:
        return self.text
