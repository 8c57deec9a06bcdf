"""Reading a record of calls: what each column becomes, and what is wrong with a file."""

from pathlib import Path

import pytest

from models.errors import TrainingError
from models.features import Kind
from models.records import factors_of, read_records

CALLS = (
    "job,age,euro.rate,duration,same,y\nadmin.,31,1.5,60,x,no\nunknown,45,,200,x,yes\nstudent,20,2,10,x,no\n"
)


def written(folder: Path, text: str) -> Path:
    path = folder / "calls.csv"
    path.write_bytes(text.encode())
    return path


def test_columns_become_factors_and_the_rest_is_explained(tmp_path):
    records = read_records(written(tmp_path, CALLS), label="y", positive="yes", sep=",")
    factors, left_out = factors_of(records, ["age"])
    assert [(f.name, f.kind) for f in factors] == [("job", Kind.CATEGORY), ("euro.rate", Kind.NUMBER)]
    assert left_out == {
        "age": "excluded by the user",
        "duration": "known only after the call",
        "same": "holds fewer than two different values",
    }
    assert records.labels == (False, True, False)


def test_a_column_of_numbers_with_one_value_besides_the_missing_says_nothing(tmp_path):
    text = "pdays,age,y\n999,30,no\n999,40,yes\n3,50,no\n"
    records = read_records(written(tmp_path, text), label="y", positive="yes", sep=",")
    assert "pdays" in factors_of(records, [])[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a;b;y\n1;2;no\n", r"no column 'y' when split at ','; the header has a;b;y.*--separator"),
        ("", "the header has nothing"),
        ("a,y\n1,no\n2,no\n", r"'yes' in 0 of 2 rows.*it holds: no; .*--positive"),
        ("a,y\n1,no\n2\n", r"calls\.csv:3: 1 fields, the header has 2"),
        ("a,a,y\n1,2,no\n", "column 'a' is there twice"),
    ],
)
def test_a_bad_file_is_refused_with_the_mend(tmp_path, text, message):
    with pytest.raises(TrainingError, match=message):
        read_records(written(tmp_path, text), label="y", positive="yes", sep=",")


def test_a_file_that_is_absent_or_not_text_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="No such file"):
        read_records(tmp_path / "none.csv", label="y", positive="yes", sep=",")
    (tmp_path / "bytes.csv").write_bytes(b"a,y\n\xff\xfe,no\n")
    with pytest.raises(TrainingError, match="save the file as UTF-8"):
        read_records(tmp_path / "bytes.csv", label="y", positive="yes", sep=",")


@pytest.mark.parametrize(
    ("text", "exclude", "message"),
    [
        (CALLS, ["agee"], "cannot exclude agee"),
        ("a.b,a_b,y\n1,2,no\n2,3,yes\n", [], "a.b and a_b differ in signs only"),
        ("duration,y\n1,no\n2,yes\n", [], "no column is left"),
    ],
)
def test_columns_that_cannot_be_used_are_named(tmp_path, text, exclude, message):
    records = read_records(written(tmp_path, text), label="y", positive="yes", sep=",")
    with pytest.raises(TrainingError, match=message):
        factors_of(records, exclude)
