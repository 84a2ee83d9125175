from pathlib import Path

from signald.core.kernels.store import KernelStore, digest_of, sources_below


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    store = KernelStore(tmp_path / "kernels")

    saved = store.save("a.b", "0" * 32, b"machine code")

    assert saved
    assert store.load("a.b", "0" * 32) == b"machine code"


def test_nothing_is_loaded_under_another_key(tmp_path: Path) -> None:
    store = KernelStore(tmp_path)
    store.save("a.b", "0" * 32, b"machine code")

    assert store.load("a.b", "1" * 32) is None


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path) -> None:
    store = KernelStore(tmp_path)
    store.save("a.b", "0" * 32, b"machine code")
    (file,) = tmp_path.glob("*.kernel")
    content = file.read_bytes()

    for damaged in (b"", content[:-1], content[:40], content[:-1] + b"X", b"X" + content[1:]):
        file.write_bytes(damaged)

        assert store.load("a.b", "0" * 32) is None


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = KernelStore(tmp_path / "file" / "kernels")

    assert not store.save("a.b", "0" * 32, b"machine code")
    assert store.load("a.b", "0" * 32) is None


def test_only_the_newest_files_of_a_kernel_are_kept(tmp_path: Path) -> None:
    store = KernelStore(tmp_path)
    store.save("a.other", "0" * 32, b"machine code")

    for version in range(20):
        store.save("a.b", f"{version:032x}", b"machine code")

    assert len(list(tmp_path.glob("a.b-*"))) == 8
    assert store.load("a.b", f"{19:032x}") == b"machine code"
    assert store.load("a.other", "0" * 32) == b"machine code"


def test_the_digest_tells_the_parts_apart() -> None:
    assert digest_of([b"ab", b"c"]) != digest_of([b"a", b"bc"])
    assert digest_of([b"ab", b"c"]) == digest_of([b"ab", b"c"])


def test_sources_are_every_module_of_the_folder_by_name(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_bytes(b"second")
    (tmp_path / "a.py").write_bytes(b"first")
    (tmp_path / "c.txt").write_bytes(b"not a module")

    assert list(sources_below(tmp_path)) == [b"first", b"second"]
