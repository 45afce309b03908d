"""Asks a running gateway, wherever it is, what its clients will ask, and says which layer fails when one does.

For scripts: `run(base_url=..., key=..., offer=offer_of("dev"))` returns a `Report`; `scripts/smoke.py` prints one.
"""

from scripts.smoke_test.diagnosis import Diagnosis, Layer
from scripts.smoke_test.offer import Offer, offer_of
from scripts.smoke_test.report import Report, Result
from scripts.smoke_test.run import TIMEOUT_S, WAIT_S, run

__all__ = ["TIMEOUT_S", "WAIT_S", "Diagnosis", "Layer", "Offer", "Report", "Result", "offer_of", "run"]
