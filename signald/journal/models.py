"""Models that a run learnt, each a file beside the segments of its journal: what scored when can be found again."""

from pathlib import Path
from typing import Final

from signald.model.parameters import Parameters, decode_parameters, encode_parameters

_NAME: Final = "model-{}.json"


def model_path(journal: Path, model_id: str) -> Path:
    """Where a model of this journal lies; ``journal`` is a directory or one of its segments."""
    return (journal.parent if journal.is_file() else journal) / _NAME.format(model_id)


def keep_model(journal: Path, parameters: Parameters) -> Path:
    """Write a model's file, whole or not at all, unless it is there; raises ``OSError``."""
    path = model_path(journal, parameters.id)
    if not path.exists():
        draft = path.with_name(f".{path.name}.new")
        draft.write_bytes(encode_parameters(parameters))
        draft.replace(path)
    return path


def find_model(journal: Path, model_id: str) -> Parameters | None:
    """A model that was learnt in this journal; ``None`` if it is not there.

    Raises:
        ConfigError: Its file was changed or is damaged.
    """
    path = model_path(journal, model_id)
    return decode_parameters(path.read_bytes(), where=str(path)) if path.is_file() else None


def newest_model(journal: Path, root: str) -> Parameters | None:
    """The newest model that was learnt in this journal from the model ``root``; ``None`` if there is none.

    Raises:
        ConfigError: A model's file was changed or is damaged.
    """
    learnt = [decode_parameters(path.read_bytes(), where=str(path)) for path in journal.glob(_NAME.format("*"))]
    return max((one for one in learnt if is_learnt_from(one, root)), key=_age, default=None)


def is_learnt_from(parameters: Parameters, root: str) -> bool:
    """Whether a model came of ``root`` by learning."""
    return parameters.lineage is not None and parameters.lineage.root == root


def _age(parameters: Parameters) -> tuple[int, int, str]:
    """Models of one journal come one of the other: the newest is the one of most steps."""
    lineage = parameters.lineage
    return (0, 0, "") if lineage is None else (lineage.ts_effective, lineage.steps, parameters.id)
