"""The spool: what it keeps, what it drops, and what damage can do to it."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bowerbird_tap import segments
from bowerbird_tap.items import Item
from bowerbird_tap.limits import Limits
from bowerbird_tap.spool import Spool

ascii_texts = st.binary(min_size=1, max_size=60).map(lambda raw: raw.hex().encode())
some_payloads = st.lists(ascii_texts, max_size=12)


def everything(spool: Spool, most: int = 5) -> list[bytes]:
    """Take and settle all there is."""
    found: list[bytes] = []
    while taken := spool.take(most, 1 << 20):
        segment, items = taken
        found += [item.payload() for item in items]
        spool.settle(segment, len(items))
    return found


def left_behind(root: Path, payloads: list[bytes], segment_bytes: int = 1 << 20) -> list[Path]:
    """The segments of a process that is gone."""
    spool = Spool(root, Limits(segment_bytes=segment_bytes))
    for payload in payloads:
        spool.append([Item(payload)])
    spool.close()
    return sorted(root.glob("*/*.seg"))


@given(some_payloads)
def test_records_are_read_as_they_were_written(payloads: list[bytes]) -> None:
    assert segments.payloads(b"".join(map(segments.record, payloads))) == (payloads, 0)


@given(some_payloads, st.data())
def test_a_torn_write_costs_only_the_record_that_it_tore(payloads: list[bytes], data: st.DataObject) -> None:
    records = list(map(segments.record, payloads))
    whole = b"".join(records)
    cut = data.draw(st.integers(0, len(whole)))
    ends = [sum(map(len, records[: n + 1])) for n in range(len(records))]
    intact, broken = segments.payloads(whole[:cut])
    assert intact == [payload for payload, end in zip(payloads, ends) if end <= cut]
    assert broken <= 1


@given(some_payloads, some_payloads, st.binary(max_size=30), st.data())
def test_writing_on_behind_a_torn_record_loses_nothing_more(
    first: list[bytes], second: list[bytes], garbage: bytes, data: st.DataObject
) -> None:
    torn = segments.record(b"torn by a crash")
    torn = torn[: data.draw(st.integers(0, len(torn) - 1))]
    file = b"".join(map(segments.record, first)) + torn + garbage + b"".join(map(segments.record, second))
    intact, _ = segments.payloads(file)
    # What follows may happen to be just what was torn off: then that record is whole, too.
    assert [payload for payload in intact if payload != b"torn by a crash"] == first + second


@given(some_payloads.filter(len), st.data())
def test_corrupt_bytes_cost_only_the_records_that_they_are_in(
    payloads: list[bytes], data: st.DataObject
) -> None:
    payloads = [b"%d-%s" % (number, payload) for number, payload in enumerate(payloads)]
    records = list(map(segments.record, payloads))
    whole = bytearray(b"".join(records))
    start = data.draw(st.integers(0, len(whole) - 1))
    stop = data.draw(st.integers(start, min(len(whole), start + 80)))
    whole[start:stop] = data.draw(st.binary(min_size=stop - start, max_size=stop - start))
    begins = [sum(map(len, records[:n])) for n in range(len(records))]
    untouched = [
        payload
        for payload, record, begin in zip(payloads, records, begins)
        if begin + len(record) <= start or begin >= stop
    ]
    intact, _ = segments.payloads(bytes(whole))
    assert [payload for payload in intact if payload in untouched] == untouched
    assert set(intact) <= set(payloads)


@settings(max_examples=60, deadline=None)
@given(some_payloads.filter(len), st.integers(40, 400), st.data())
def test_a_damaged_folder_gives_up_every_intact_record_and_never_raises(
    payloads: list[bytes], segment_bytes: int, data: st.DataObject
) -> None:
    payloads = [b"%d-%s" % (number, payload) for number, payload in enumerate(payloads)]
    root = Path(tempfile.mkdtemp())
    try:
        files = left_behind(root, payloads, segment_bytes)
        hurt = data.draw(st.sampled_from(files))
        content = hurt.read_bytes()
        cut = data.draw(st.integers(0, len(content)))
        hurt.write_bytes(content[:cut] + data.draw(st.binary(max_size=40)))
        (hurt.parent / "notes.txt").write_bytes(b"not ours")
        (hurt.parent / f"{0:020d}-1.seg").mkdir()
        expected = [payload for payload in payloads if segments.record(payload) not in content]
        expected += segments.payloads(content[:cut])[0]
        spool = Spool(root, Limits())
        spool.adopt()
        found = everything(spool)
        assert set(expected) <= set(found) <= set(payloads)
        assert (spool.known, spool.size) == (0, 0)
        assert spool.adopted == len(found) + spool.corrupt
        spool.close()
    finally:
        shutil.rmtree(root)


def test_nothing_touches_the_disk_before_the_first_append(tmp_path: Path) -> None:
    root = tmp_path / "spool"
    spool = Spool(root, Limits())
    spool.adopt()
    assert not spool.backlog()
    spool.close()
    assert not root.exists()


def test_items_come_back_oldest_first_across_segments_and_leave_no_file(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(segment_bytes=50))
    written = [b"%03d" % number for number in range(20)]
    for start in range(0, 20, 2):
        spool.append([Item(payload) for payload in written[start : start + 2]])
    assert spool.known == 20
    assert everything(spool) == written
    assert not list(tmp_path.glob("*/*.seg"))
    spool.close()
    assert not list(tmp_path.iterdir())


def test_a_segment_stays_until_all_of_it_has_arrived(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits())
    spool.append([Item(b"a"), Item(b"b")])
    taken = spool.take(1, 1000)
    assert taken
    spool.settle(taken[0], 1)
    assert list(tmp_path.glob("*/*.seg"))
    taken = spool.take(1, 1000)
    assert taken
    spool.give_back(*taken)
    assert everything(spool) == [b"b"]
    assert not list(tmp_path.glob("*/*.seg"))
    spool.close()


def test_a_living_process_keeps_its_segments_and_a_dead_ones_are_taken_over(tmp_path: Path) -> None:
    living = Spool(tmp_path, Limits())
    living.append([Item(b"mine")])
    other = Spool(tmp_path, Limits())
    other.adopt()
    assert not other.backlog()
    living.close()
    other.adopt()
    assert everything(other) == [b"mine"]
    assert other.adopted == 1
    other.close()


def test_the_oldest_segments_go_when_the_disks_share_is_used_up(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(segment_bytes=100, spool_bytes=1_000))
    for number in range(100):
        spool.append([Item(b"%032d" % number)])
        assert spool.size <= 1_000
    assert spool.known + spool.overflow == 100
    kept = everything(spool)
    assert kept == [b"%032d" % number for number in range(spool.overflow, 100)]
    assert len(kept) >= 16
    spool.append([Item(bytes(2_000))])
    assert spool.known == 0
    spool.close()


def test_what_is_on_its_way_is_not_dropped_for_newer_items(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(segment_bytes=10, spool_bytes=100))
    spool.append([Item(b"%032d" % 1)])
    taken = spool.take(1, 1000)
    assert taken
    for number in range(2, 9):
        spool.append([Item(b"%032d" % number)])
    spool.settle(taken[0], 1)
    assert everything(spool) == [b"%032d" % 8]
    assert spool.overflow == 6
    spool.close()


def test_a_full_disk_is_an_error_that_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, Limits())
    spool.append([Item(b"before")])
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, data: write(file, bytes(data)[:7]) if len(data) > 20 else 0)
        with pytest.raises(OSError, match="space"):
            spool.append([Item(b"much too long for the disk")])
    spool.append([Item(b"after")])
    assert everything(spool) == [b"before", b"after"]
    assert (spool.known, spool.corrupt) == (0, 0)
    spool.close()


def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    spool = Spool(tmp_path, Limits())
    with pytest.raises(PermissionError):
        spool.append([Item(b"private")])
    with pytest.raises(PermissionError):
        spool.adopt()
    tmp_path.chmod(0o700)


def test_a_folder_that_was_cleaned_away_is_made_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", replace(Limits(), segment_bytes=1))
    spool.append([Item(b"lost")])
    shutil.rmtree(tmp_path / "spool")
    spool.append([Item(b"kept")])
    assert everything(spool) == [b"kept"]
    assert (spool.known, spool.corrupt) == (0, 1)
    spool.close()


def test_what_is_spooled_is_for_its_owners_eyes_only(tmp_path: Path) -> None:
    [file] = left_behind(tmp_path / "spool", [b"x"])
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert file.parent.parent.stat().st_mode & 0o777 == 0o700
