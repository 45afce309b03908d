"""A certificate for Azure's hosts, made for one run and trusted by nobody but its own processes."""

import subprocess
from collections.abc import Sequence
from pathlib import Path


def make_certificate(folder: Path, *, hosts: Sequence[str]) -> tuple[Path, Path]:
    """Write certificate and key; their files. Needs `openssl`."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    names = ",".join(f"DNS:{host}" for host in hosts)
    command = ["openssl", "req", "-x509", "-nodes", "-days", "1", "-subj", "/CN=azure-api", "-addext"]
    command += [f"subjectAltName={names}", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key
