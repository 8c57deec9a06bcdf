"""Makes sound files of prompts with the speech command of the settings, once per text; which prompt is
heard when is not decided here."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shlex
import wave
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
import soxr

from ami_bridge.errors import BridgeError
from strategies.script import Prompt, Script
from strategies.templates import fill, places

TELEPHONE_RATE = 8000  # samples a second: what Asterisk plays as .wav
LONGEST_TEXT = 2000  # characters: minutes of speech; more is a mistake in a list
RENDER_LIMIT = 20.0  # seconds one text may take the command


class SpeechError(BridgeError):
    """A prompt could not be made into sound; the message names the mend."""


class Speech:
    """A cache of spoken texts in `directory`, which Asterisk must see under the same path."""

    def __init__(self, command: str, directory: Path, *, at_once: int = 2) -> None:
        self._command = command
        self._directory = directory
        self._at_once = asyncio.Semaphore(at_once)
        self._making: dict[Path, asyncio.Task[None]] = {}
        self._path = lru_cache(maxsize=1024)(self._path_of)  # most people hear what the others do

    async def fixed(self, script: Script) -> None:
        """Make every prompt of a script that is the same for all people."""
        for prompt in _prompts(script).values():
            if prompt.say is not None and not places(prompt.say):
                await self.sound(prompt, {})

    async def for_person(self, script: Script, attributes: Mapping[str, str]) -> dict[str, str]:
        """Step name to sound path (no extension) with this person's attributes; `machine` among them
        if the script has one."""
        return {name: await self.sound(prompt, attributes) for name, prompt in _prompts(script).items()}

    async def sound(self, prompt: Prompt, attributes: Mapping[str, str]) -> str:
        """Path, without extension, of the prompt as sound. Raises SpeechError."""
        if prompt.say is None:
            return prompt.play or ""
        filled = fill(prompt.say, attributes) if "{" in prompt.say else _same_for_all(prompt.say)
        text = filled[:LONGEST_TEXT]
        sound = self._path(text)
        if not os.access(f"{sound}.wav", os.R_OK):
            await self._make_once(text, Path(f"{sound}.wav"))
        return sound

    def _path_of(self, text: str) -> str:
        name = hashlib.sha256(f"{self._command}\0{text}".encode()).hexdigest()[:40]
        return str(self._directory / name)

    async def _make_once(self, text: str, path: Path) -> None:
        """Two calls that want the same text wait for one rendering."""
        task = self._making.get(path)
        if task is None:
            task = asyncio.create_task(self._make(text, path))
            self._making[path] = task
            task.add_done_callback(lambda _: self._making.pop(path, None))
        await asyncio.shield(task)

    async def _make(self, text: str, path: Path) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self._directory, suffix=".spoken") as spoken:
            async with self._at_once:
                await self._speak(text, Path(spoken.name))
            await asyncio.to_thread(_to_telephone, Path(spoken.name), path)

    async def _speak(self, text: str, wav: Path) -> None:
        arguments = [part.replace("{wav}", str(wav)) for part in shlex.split(self._command)]
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            raise SpeechError(
                f"speech.command: {arguments[0]} cannot be run ({error.strerror}); "
                "install it, or name another in settings.yaml"
            ) from error
        try:
            async with asyncio.timeout(RENDER_LIMIT):
                _, complaint = await process.communicate(text.encode())
        except TimeoutError:
            process.kill()
            await process.wait()
            raise SpeechError(
                f"speech.command: no sound after {RENDER_LIMIT:.0f} s; try the command by hand"
            ) from None
        if process.returncode != 0:
            said = complaint.decode(errors="replace").strip()[:200]
            raise SpeechError(
                f"speech.command ended with status {process.returncode}: {said!r}; try it by hand"
            )


@lru_cache(maxsize=256)
def _same_for_all(text: str) -> str:
    return fill(text, {})


def _prompts(script: Script) -> dict[str, Prompt]:
    """Every prompt of a script by its step, the machine's message as `machine`."""
    spoken = {name: step.prompt for name, step in script.steps.items() if step.prompt is not None}
    return spoken if script.machine is None else {**spoken, "machine": script.machine}


def _to_telephone(spoken: Path, path: Path) -> None:
    """Any 16-bit WAV to 8 kHz mono; written beside and renamed, so that nobody hears half a file."""
    try:
        with wave.open(str(spoken), "rb") as source:
            rate, channels, width = source.getframerate(), source.getnchannels(), source.getsampwidth()
            samples = np.frombuffer(source.readframes(source.getnframes()), dtype=np.int16)
    except (wave.Error, EOFError, ValueError) as error:
        raise SpeechError(
            f"speech.command wrote no WAV that can be read ({error}); it must write to {{wav}}"
        ) from error
    if width != 2 or not samples.size:
        raise SpeechError("speech.command wrote no 16-bit sound; make it write 16-bit WAV to {wav}")
    mono = samples.reshape(-1, channels).mean(axis=1)
    telephone = np.clip(soxr.resample(mono, rate, TELEPHONE_RATE), -32768, 32767).astype("<i2")
    beside = path.with_suffix(f".{os.getpid()}.part")
    with wave.open(str(beside), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(TELEPHONE_RATE)
        target.writeframes(telephone.tobytes())
    beside.replace(path)
