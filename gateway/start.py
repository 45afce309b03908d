"""The start commands: Python programs that read what the container's environment carries."""

from pathlib import Path

_START_GATEWAY = """\
import base64, io, os, runpy, sys, tarfile, tempfile
folder = tempfile.mkdtemp()
archive = io.BytesIO(base64.b64decode(os.environ["GATEWAY_SOURCE"]))
with tarfile.open(fileobj=archive, mode="r:bz2") as files:
    files.extraction_filter = lambda member, path: member  # what Python before 3.11.4 does
    files.extractall(folder)
sys.path.insert(0, folder)
runpy.run_module("gateway.runtime", run_name="__main__", alter_sys=True)
"""

START_GATEWAY = ("python", "-c", _START_GATEWAY)
START_LITELLM = ("python", "-c", Path(__file__).with_name("litellm_supervisor.py").read_text(encoding="utf-8"))
