"""`python -m local.runner`; see `cli`."""

import os
import signal
import sys

# Loading takes a second in which there is nothing to stop yet: Ctrl-C just ends it.
signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(130))

from local.runner.cli import main  # noqa: E402

sys.exit(main())
