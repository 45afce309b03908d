"""The start commands: each writes what its environment carries to a private folder and becomes the program."""

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

_START_LITELLM = """\
import os, pathlib, tempfile
file = pathlib.Path(tempfile.mkdtemp()) / "config.yaml"
file.write_text(os.environ["LITELLM_CONFIG_YAML"], encoding="utf-8")
os.execvp("litellm", ["litellm", "--config", str(file)])
"""

START_GATEWAY = ("python", "-c", _START_GATEWAY)
START_LITELLM = ("python", "-c", _START_LITELLM)
