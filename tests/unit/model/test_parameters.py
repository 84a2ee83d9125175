import json

import msgspec
import pytest

from signald.errors import ConfigError
from signald.model.parameters import Parameters, Report, decode_parameters, encode_parameters, identify, series_of
from tests.support.models import build_model, build_response, build_series


def _model() -> Parameters:
    return build_model(
        [build_series("us.cpi.mom", "us.cpi"), build_series("us.ppi.yoy", "us.ppi", response="pooled")],
        {"BTC": (build_response(300, [-96.0], pooled=1), build_response(900, [-91.5], pooled=1))},
        reports=[Report(id="us.cpi", series=("us.cpi.mom",), moments=((1.1,),), n=39, pooled_correlation=1.0)],
    )


def test_a_model_reads_back_as_it_was_written() -> None:
    model = _model()

    assert decode_parameters(encode_parameters(model)) == model


def test_the_same_model_gives_the_same_bytes_with_sorted_keys() -> None:
    content = encode_parameters(_model())

    assert encode_parameters(_model()) == content
    read = json.loads(content)
    assert list(read) == sorted(read)
    assert read["schema"] == "signald.model/1"


def test_the_id_follows_from_the_content_alone() -> None:
    model = _model()

    assert identify(msgspec.structs.replace(model, id="something else")).id == model.id
    assert identify(msgspec.structs.replace(model, window=25)).id != model.id


def test_a_model_changed_by_hand_is_refused() -> None:
    changed = encode_parameters(_model()).replace(b"-96.0", b"-69.0")

    with pytest.raises(ConfigError, match="changed by hand"):
        decode_parameters(changed, where="model.json")


@pytest.mark.parametrize(
    "change",
    [
        {"own": ("us.cpi.mom", "us.cpi.yoy")},
        {"primary_s": 60},
        {"assets": {"BTC": (build_response(300, [-96.0, 1.0], pooled=1),)}},
        {"assets": {"BTC": (build_response(300, [-96.0], pooled=2),)}},
        {
            "assets": {
                "BTC": (build_response(300, [-96.0], pooled=1),),
                "ETH": (
                    build_response(300, [-96.0], pooled=1),
                    build_response(900, [-96.0], pooled=1),
                ),
            }
        },
        {"reports": (Report(id="us.cpi", series=("us.cpi.mom",), moments=(), n=1, pooled_correlation=1.0),)},
    ],
)
def test_a_model_that_contradicts_itself_is_refused(change: dict[str, object]) -> None:
    wrong = identify(msgspec.structs.replace(_model(), **change))

    with pytest.raises(ConfigError):
        decode_parameters(encode_parameters(wrong))


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b'{"schema":"signald.model/2"}'])
def test_what_is_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(ConfigError, match=r"model\.json"):
        decode_parameters(content, where="model.json")


@pytest.mark.parametrize(
    ("release_id", "series"),
    [
        ("us.cpi.yoy:2025-01", "us.cpi.yoy"),
        ("us.gdp.qoq:2025-Q1:advance", "us.gdp.qoq:advance"),
        ("us.fomc.rate:2025-03-19", "us.fomc.rate"),
    ],
)
def test_a_release_belongs_to_the_series_of_its_indicator_and_stage(release_id: str, series: str) -> None:
    assert series_of(release_id) == series
