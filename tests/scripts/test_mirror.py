"""The downloaded provider, as Terraform finds it in a folder."""

import os
import zipfile
from pathlib import Path

from scripts import mirror


def test_an_archive_becomes_the_folder_of_its_version_and_platform(tmp_path: Path) -> None:
    folder = tmp_path / "example.com/hashicorp/azurerm"
    folder.mkdir(parents=True)
    archive = folder / "terraform-provider-azurerm_4.81.0_linux_amd64.zip"
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("terraform-provider-azurerm_v4.81.0_x5", "the program")
    mirror.unpack(archive)
    (program,) = folder.rglob("terraform-provider-*")
    assert program == folder / "4.81.0/linux_amd64/terraform-provider-azurerm_v4.81.0_x5"
    assert os.access(program, os.X_OK)
