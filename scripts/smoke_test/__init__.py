"""Tests a running gateway the way its clients use it, and says which layer fails.

`run(base_url=..., key=..., target=target_of("dev"))` returns a `Report`; `scripts/smoke.py` prints one.
"""

from scripts.smoke_test.diagnosis import Diagnosis
from scripts.smoke_test.report import Report, Result
from scripts.smoke_test.run import TIMEOUT_S, WAIT_S, run
from scripts.smoke_test.target import Target, target_of, targets_of

__all__ = ["TIMEOUT_S", "WAIT_S", "Diagnosis", "Report", "Result", "Target", "run", "target_of", "targets_of"]
