"""Logs of inbound calls: what is read, what is left out, what is refused."""

import gzip

import pytest
from inbound_logs import HEADER, MONDAY, busy_days, call, write_log

from models.errors import TrainingError
from models.inbound_log import LONGEST, read_inbound


def test_calls_come_back_as_they_were_written_in_the_order_in_which_they_came(tmp_path):
    calls = [
        call("7", queued=100.0, waited=30.0, talked=60.0),
        call("", queued=130.0, abandoned=True, intent="NW"),
        call("9", queued=None, talked=10.0),
    ]
    log = read_inbound([write_log(tmp_path / "log.tsv", calls)])
    assert log.calls == (calls[2], calls[0], calls[1])
    assert (log.no_calls, log.unreadable) == (0, 0)


def test_files_in_any_order_and_packed_ones_make_one_log(tmp_path):
    calls = busy_days(40)
    first = write_log(tmp_path / "first.tsv", calls[:20])
    second = write_log(tmp_path / "second.tsv", calls[20:])
    packed = tmp_path / "second.tsv.gz"
    packed.write_bytes(gzip.compress(second.read_bytes()))
    assert list(read_inbound([packed, first]).calls) == calls


def test_a_call_past_midnight_keeps_its_order(tmp_path):
    late = call("7", queued=15 * 3_600 - 10.0, waited=30.0)
    (read,) = read_inbound([write_log(tmp_path / "log.tsv", [late])]).calls
    assert read == late
    assert read.answered_at == MONDAY + 15 * 3_600 + 20


def test_phantoms_are_no_calls_and_a_torn_row_is_counted(tmp_path):
    path = write_log(tmp_path / "log.tsv", busy_days(300))
    lines = path.read_text().splitlines()
    lines[5] = lines[5].replace("AGENT", "PHANTOM").replace("HANG", "PHANTOM")
    lines[9] = lines[9].replace("\tPS\t", "       PS\t")
    path.write_text("\n".join(lines))
    log = read_inbound([path])
    assert (len(log.calls), log.no_calls, log.unreadable) == (298, 1, 1)


def test_a_wait_of_eight_hours_is_the_clock_s_fault(tmp_path):
    (read,) = read_inbound([write_log(tmp_path / "log.tsv", [call(waited=28_693.0, abandoned=True)])]).calls
    assert read.waited == LONGEST


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "no column customer_id, type"),
        (f"{HEADER}\n" + "x\t" * 16 + "x\n", "1 of 1 rows cannot be read"),
    ],
)
def test_another_file_is_refused_with_what_is_lacking(tmp_path, text, said):
    (tmp_path / "log.tsv").write_text(text)
    with pytest.raises(TrainingError, match=said):
        read_inbound([tmp_path / "log.tsv"])


def test_an_absent_or_broken_file_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="give the log"):
        read_inbound([tmp_path / "absent.tsv"])
    (tmp_path / "torn.tsv.gz").write_bytes(gzip.compress(HEADER.encode())[:-12])
    with pytest.raises(TrainingError, match="give the log"):
        read_inbound([tmp_path / "torn.tsv.gz"])
