"""The start commands: each writes what its environment carries to a private folder and becomes the program."""

_START_GATEWAY = """\
import os, pathlib, runpy, sys, tempfile
folder = pathlib.Path(tempfile.mkdtemp())
(folder / "runtime").mkdir()
for name, source in os.environ.items():
    if name.startswith("RUNTIME_") and name.endswith("_PY"):
        module = name.removeprefix("RUNTIME_").removesuffix("_PY").lower()
        (folder / "runtime" / f"{module}.py").write_text(source, encoding="utf-8")
sys.path.insert(0, str(folder))
runpy.run_module("runtime", run_name="__main__", alter_sys=True)
"""

_START_LITELLM = """\
import os, pathlib, tempfile
file = pathlib.Path(tempfile.mkdtemp()) / "config.yaml"
file.write_text(os.environ["LITELLM_CONFIG_YAML"], encoding="utf-8")
os.execvp("litellm", ["litellm", "--config", str(file)])
"""

START_GATEWAY = ("python", "-c", _START_GATEWAY)
START_LITELLM = ("python", "-c", _START_LITELLM)
