"""Prompts become telephone sound once per text; a broken speech command says what to mend."""

import wave
from pathlib import Path

import pytest

from ami_bridge.speech import Speech, SpeechError
from strategies.script import Prompt, Script, Step

SCRIPT = Script(
    name="reminder",
    start="greeting",
    steps={
        "greeting": Step(prompt=Prompt(say="Hello {first_name}.")),
        "bye": Step(prompt=Prompt(say="Goodbye.")),
        "jingle": Step(prompt=Prompt(play="hello-world")),
    },
    machine=Prompt(say="Please call us."),
)


@pytest.fixture
def command(tmp_path: Path) -> str:
    """A speech command that writes half a second of 22 kHz stereo and notes each text it was given."""
    script = tmp_path / "speak.py"
    script.write_text(
        "import sys, wave\n"
        f"open({str(tmp_path / 'spoken.txt')!r}, 'a').write(sys.stdin.read() + '\\n')\n"
        "out = wave.open(sys.argv[1], 'wb')\n"
        "out.setnchannels(2); out.setsampwidth(2); out.setframerate(22050)\n"
        "out.writeframes(b'\\x10\\x20' * 22050)\n"
    )
    return f"python3 {script} {{wav}}"


def spoken(tmp_path: Path) -> list[str]:
    return (tmp_path / "spoken.txt").read_text().splitlines()


async def test_a_text_becomes_eight_kilohertz_mono(tmp_path: Path, command: str) -> None:
    sound = await Speech(command, tmp_path / "speech").sound(Prompt(say="Good day."), {})
    with wave.open(f"{sound}.wav", "rb") as made:
        assert (made.getframerate(), made.getnchannels(), made.getsampwidth()) == (8000, 1, 2)
        assert abs(made.getnframes() - 4000) < 50


async def test_fixed_prompts_are_spoken_once_and_personal_ones_once_a_text(
    tmp_path: Path, command: str
) -> None:
    speech = Speech(command, tmp_path / "speech")
    await speech.fixed(SCRIPT)
    assert spoken(tmp_path) == ["Goodbye.", "Please call us."]
    first = await speech.for_person(SCRIPT, {"first_name": "Ada"})
    second = await speech.for_person(SCRIPT, {"first_name": "Ada"})
    assert first == second
    assert first["jingle"] == "hello-world"
    assert spoken(tmp_path) == ["Goodbye.", "Please call us.", "Hello Ada."]


async def test_what_a_list_says_reaches_the_command_on_its_input_only(tmp_path: Path, command: str) -> None:
    await Speech(command, tmp_path / "speech").for_person(
        SCRIPT, {"first_name": "$(touch x)\n; rm -rf {wav}"}
    )
    assert "Hello $(touch x) ; rm -rf {wav}." in spoken(
        tmp_path
    ) or "Hello $(touch x); rm -rf {wav}." in spoken(tmp_path)
    assert not (tmp_path / "x").exists()


async def test_a_failing_command_is_named_with_what_it_said(tmp_path: Path) -> None:
    speech = Speech("sh -c 'echo no voice >&2; exit 3' {wav}", tmp_path / "speech")
    with pytest.raises(SpeechError, match=r"status 3: 'no voice'"):
        await speech.sound(Prompt(say="Hello."), {})
    assert list((tmp_path / "speech").iterdir()) == []


async def test_a_missing_command_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match="no-such-speaker cannot be run"):
        await Speech("no-such-speaker {wav}", tmp_path / "speech").sound(Prompt(say="Hello."), {})


async def test_a_command_that_writes_no_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match="wrote no WAV"):
        await Speech("true {wav}", tmp_path / "speech").sound(Prompt(say="Hello."), {})
