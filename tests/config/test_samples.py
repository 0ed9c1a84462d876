"""The files of ``profexd init`` and of etc/ are valid, complete, and the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from profexd.config.catalog import Catalog
from profexd.config.loading import load
from profexd.config.model import Settings
from profexd.config.readers.documents import SettingsFile
from profexd.config.skeleton import FILES

ETC = Path(__file__).parents[2] / "etc"


def test_what_init_writes_has_no_problem_and_runs_nothing(tmp_path: Path, catalog: Catalog) -> None:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    configuration = load(tmp_path, catalog)
    assert configuration.problems == ()
    assert configuration.pipelines
    for entry in configuration.pipelines.values():
        assert entry.pipeline is not None
        assert not entry.pipeline.enabled
        assert entry.pipeline.schedule.kind == "manual"


def test_what_the_samples_have_in_comments_is_valid_too(tmp_path: Path, catalog: Catalog) -> None:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(re.sub(r"^# (?=\[|\w+ +=)", "", text, flags=re.MULTILINE))
        file.chmod(0o640)
    configuration = load(tmp_path, catalog)
    assert configuration.problems == ()
    pipeline = configuration.pipelines["customers"].pipeline
    assert pipeline is not None
    assert pipeline.filter is not None
    assert pipeline.changes is not None


def test_etc_shows_what_init_writes() -> None:
    assert {
        file.relative_to(ETC).as_posix(): file.read_text()
        for pattern in ("profexd.toml", "sources/*", "sinks/*", "pipelines/*")
        for file in ETC.glob(pattern)
    } == dict(FILES)


def test_the_sample_profexd_toml_has_every_key_with_its_default(
    tmp_path: Path, catalog: Catalog
) -> None:
    assert keys_of(tomllib.loads(FILES["profexd.toml"])) == keys_of_model(SettingsFile)
    (tmp_path / "profexd.toml").write_text(FILES["profexd.toml"])
    assert load(tmp_path, catalog).settings == Settings()


def keys_of(table: dict[str, Any], path: str = "") -> set[str]:
    found: set[str] = set()
    for key, value in table.items():
        found |= {path + key} | (
            keys_of(value, f"{path}{key}.") if isinstance(value, dict) else set()
        )
    return found


def keys_of_model(model: type[BaseModel], path: str = "") -> set[str]:
    found: set[str] = set()
    for name, field in model.model_fields.items():
        found.add(path + name)
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= keys_of_model(inner, f"{path}{name}.")
    return found
