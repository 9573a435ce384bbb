"""Settings as they come from outside."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from bowerbird.settings import Settings


def test_the_environment_names_hosts_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOWERBIRD_FETCH_ALLOW", "minio.internal, 10.0.0.0/8,")
    assert Settings(_env_file=None).fetch_allow == ("minio.internal", "10.0.0.0/8")


@pytest.mark.parametrize("address", ["8080", ":8080", "localhost", "localhost:", "localhost:99999"])
def test_an_address_is_host_and_port(address: str) -> None:
    with pytest.raises(ValidationError, match="expected HOST:PORT"):
        Settings(http=address, _env_file=None)


def test_the_environment_goes_before_the_toml_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bowerbird.toml").write_text('log_level = "error"\npoll_s = 2.0\n')
    monkeypatch.setenv("BOWERBIRD_LOG_LEVEL", "debug")
    settings = Settings()
    assert (settings.log_level, settings.poll_s) == ("debug", 2.0)


def test_the_environment_goes_before_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("BOWERBIRD_LOG_LEVEL=error\nBOWERBIRD_POLL_S=2.0\n")
    assert Settings().log_level == "error"
    monkeypatch.setenv("BOWERBIRD_LOG_LEVEL", "debug")
    settings = Settings()
    assert (settings.log_level, settings.poll_s) == ("debug", 2.0)


def test_the_socket_of_a_deep_folder_is_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    assert len(str(Settings(data=deep, _env_file=None).models_socket)) <= 107
