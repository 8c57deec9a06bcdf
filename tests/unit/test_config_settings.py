"""settings.yaml has a default for nearly everything; secrets are read from the environment, where used."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest
from config_files import settings_errors

from config.errors import ConfigErrors
from config.settings import Settings, settings
from config.yaml_reader import parse


def settings_of(text: str) -> Settings:
    found, problems = settings(parse(text.encode(), Path("settings.yaml")))
    assert problems.errors == []
    assert found is not None
    return found


def test_without_a_word_everything_is_local() -> None:
    plain = Settings()
    assert (plain.tenant, plain.data_dir, plain.redis.url) == ("main", Path("var"), None)
    assert (plain.asterisk.ami.host, plain.asterisk.ami.port) == ("127.0.0.1", 5038)
    assert plain.asterisk.fastagi.allow == (IPv4Network("127.0.0.1/32"),)
    assert (plain.console.host, plain.gateways.email, plain.gateways.text) == ("127.0.0.1", None, None)


def test_a_secret_is_read_where_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    ami = settings_of("asterisk: {ami: {secret_env: SPRING_SECRET}}").asterisk.ami
    monkeypatch.delenv("SPRING_SECRET", raising=False)
    with pytest.raises(ConfigErrors, match="the environment lacks SPRING_SECRET; set it"):
        ami.secret()
    monkeypatch.setenv("SPRING_SECRET", "abc")
    assert ami.secret() == "abc"


def test_the_password_of_redis_joins_its_url_only_where_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    redis = settings_of("redis: {url: 'redis://127.0.0.1:6379/0', secret_env: SPRING_SECRET}").redis
    monkeypatch.setenv("SPRING_SECRET", "a/b")
    assert redis.url == "redis://127.0.0.1:6379/0"
    assert redis.address() == "redis://:a%2Fb@127.0.0.1:6379/0"


def test_the_first_trunk_carries_the_calls_and_none_is_told() -> None:
    north, south = "{dial: 'PJSIP/{number}@north', channels: 4}", "{dial: 'SIP/{number}'}"
    assert settings_of(f"asterisk: {{trunks: {{north: {north}, south: {south}}}}}").trunk().channels == 4
    with pytest.raises(ConfigErrors, match=r"no trunk is there; add one to settings\.yaml"):
        Settings().trunk()


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("asterisk: {ami: {secret: abc}}", "1:18 asterisk.ami.secret", "did you mean secret_env?"),
        (
            "asterisk: {ami: {secret_env: my-secret}}",
            "asterisk.ami.secret_env",
            "environment variable's name",
        ),
        ("asterisk: {ami: {port: 70000}}", "asterisk.ami.port", "write a number from 1 to 65535"),
        ("asterisk: {ami: {host: 'a b'}}", "asterisk.ami.host", "is not a host"),
        ("asterisk: {fastagi: {allow: [127.0.0.1/8]}}", "asterisk.fastagi.allow[0]", "such as 127.0.0.1/32"),
        ("asterisk: {fastagi: {allow: []}}", "asterisk.fastagi.allow", "name Asterisk's address"),
        (
            "asterisk: {trunks: {a: {dial: 'PJSIP/carrier'}}}",
            "asterisk.trunks.a.dial",
            "PJSIP/{number}@carrier",
        ),
        (
            "asterisk: {trunks: {a: {dial: 'PJSIP/{number}&SIP/x'}}}",
            "asterisk.trunks.a.dial",
            "not a dial string",
        ),
        ("asterisk: {trunks: {a: {}}}", "asterisk.trunks.a.dial", "is missing; add it"),
        (
            "asterisk: {trunks: {a: {dial: 'PJSIP/{number}@a', channels: 4, keep_free: 4}}}",
            "asterisk.trunks.a.keep_free",
            "write fewer than channels",
        ),
        ("redis: {url: 'http://x'}", "redis.url", "is not a URL of redis or rediss or unix"),
        ("redis: {url: 'redis://:secret@x'}", "redis.url", "name the environment variable"),
        ("numbers: {countries: [USA]}", "numbers.countries[0]", "two capitals such as US"),
        ("numbers: {countries: [ZZ]}", "numbers.countries[0]", "is no country"),
        ("speech: {command: espeak-ng}", "speech.command", "write {wav} where its path goes"),
        ("data_dir: 5", "data_dir", "is not a directory"),
        ("tenants: main", "1:1 tenants", "did you mean tenant?"),
        ("gateways: {email: {smtp: 'smtp://127.0.0.1'}}", "gateways.email.from", "is missing"),
    ],
)
def test_a_mistake_in_the_settings_is_told(text: str, place: str, told: str) -> None:
    shown = "\n".join(map(str, settings_errors(text)))
    assert place in shown
    assert told in shown
