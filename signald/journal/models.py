"""Models that a run learnt, each a file beside the segments of its journal: what scored when can be found again."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from signald.errors import ConfigError
from signald.journal.recovery import sync_directory
from signald.model.parameters import Parameters, decode_parameters, encode_parameters

_NAME: Final = "model-{}.json"


def model_path(journal: Path, model_id: str) -> Path:
    """Where a model of this journal lies; ``journal`` is a directory or one of its segments."""
    return (journal.parent if journal.is_file() else journal) / _NAME.format(model_id)


def keep_model(journal: Path, parameters: Parameters) -> Path:
    """Write a model's file, whole or not at all and past a power cut, unless it is there as it should be.

    Raises:
        OSError: It could not be written.
    """
    path = model_path(journal, parameters.id)
    content = encode_parameters(parameters)
    if not path.exists() or path.read_bytes() != content:
        draft = path.with_name(f".{path.name}.new")
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_directory(path.parent)
    return path


def find_model(journal: Path, model_id: str) -> Parameters | None:
    """A model that was learnt in this journal; ``None`` if it is not there.

    Raises:
        ConfigError: Its file was changed or is damaged.
    """
    path = model_path(journal, model_id)
    return decode_parameters(path.read_bytes(), where=str(path)) if path.is_file() else None


def newest_model(journal: Path, root: str, *, damaged: Callable[[ConfigError], None]) -> Parameters | None:
    """The newest model that was learnt in this journal from the model ``root``; ``None`` if there is none.

    A file that was changed or cannot be read is passed over, once ``damaged`` was told.
    """
    learnt: list[Parameters] = []
    for path in sorted(journal.glob(_NAME.format("*"))):
        try:
            learnt.append(decode_parameters(path.read_bytes(), where=str(path)))
        except ConfigError as error:
            damaged(error)
        except OSError as error:
            damaged(ConfigError(str(path), str(error)))
    return max((one for one in learnt if is_learnt_from(one, root)), key=_age, default=None)


def is_learnt_from(parameters: Parameters, root: str) -> bool:
    """Whether a model came of ``root`` by learning."""
    return parameters.lineage is not None and parameters.lineage.root == root


def _age(parameters: Parameters) -> tuple[int, int, str]:
    """Models of one journal come one of the other: the newest is the one of most steps."""
    lineage = parameters.lineage
    return (0, 0, "") if lineage is None else (lineage.ts_effective, lineage.steps, parameters.id)
