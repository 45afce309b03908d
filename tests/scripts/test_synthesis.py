"""What the comparison of two syntheses notices."""

from pathlib import Path

from scripts.terraform.synthesis import contents, differences


def test_the_same_bytes_are_no_difference() -> None:
    assert differences({"a": b"1"}, {"a": b"1"}) == []


def test_a_changed_a_missing_and_an_added_file_are_told() -> None:
    first, other = {"a": b"1", "b": b"2"}, {"a": b"9", "c": b"3"}
    assert differences(first, other) == [("a", "differs"), ("b", "is missing"), ("c", "is one file more")]


def test_files_are_found_in_every_folder(tmp_path: Path) -> None:
    (tmp_path / "stacks/dev").mkdir(parents=True)
    (tmp_path / "stacks/dev/cdk.tf.json").write_bytes(b"{}")
    (tmp_path / "manifest.json").write_bytes(b"[]")
    assert contents(tmp_path) == {"stacks/dev/cdk.tf.json": b"{}", "manifest.json": b"[]"}
