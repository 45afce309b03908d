"""Settings files of the clients that people use: one module per client, each with its `CLIENT`.

Every file contains what its client reads, with the facts that the settings know of the models. Sources: the clients'
own code and documentation, as named in each module; what was run is in docs/clients.md.
"""

from scripts.client_files import cline, codex, continue_dev, qoder, roo, sdk
from scripts.client_files.access import Access, access_to
from scripts.client_files.client import Client, write_all

CLIENTS = (codex.CLIENT, cline.CLIENT, roo.CLIENT, qoder.CLIENT, continue_dev.CLIENT, sdk.CLIENT)

__all__ = ["CLIENTS", "Access", "Client", "access_to", "write_all"]
