"""The bootstrap against stand-ins of `az` and `gh`, in the tests' process; as a process in test_process.py."""
