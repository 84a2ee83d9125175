import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import pytest

from signald.research.report.charts import Axis, Chart, axis_over, counted, dated, ruled

_SVG = "{http://www.w3.org/2000/svg}"


def _drawn(chart: Chart) -> ET.Element:
    return ET.fromstring(chart.render("a & b").replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))  # noqa: S314 - our own


@pytest.mark.parametrize(
    ("lo", "hi", "labels"),
    [
        (0.0, 10.0, ["0", "2", "4", "6", "8", "10"]),
        (-0.3, 0.31, ["−0.2", "0.0", "0.2"]),
        (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0.0, 1200.0, ["0", "250", "500", "750", "1000"]),
        (0.0, 0.12, ["0.000", "0.025", "0.050", "0.075", "0.100"]),
        (-700.0, -100.0, ["−600", "−400", "−200"]),
    ],
)
def test_axes_are_labelled_at_round_numbers_with_no_more_digits_than_they_need(
    lo: float, hi: float, labels: list[str]
) -> None:
    assert [text for _, text in ruled(lo, hi).ticks] == labels


def test_counts_are_labelled_at_whole_numbers() -> None:
    assert [text for _, text in counted(10.0).ticks] == ["0", "2", "4", "6", "8", "10"]
    assert [text for _, text in counted(3.0).ticks] == ["0", "1", "2", "3"]


def test_an_axis_holds_all_values_and_one_of_equal_values_has_room_too() -> None:
    axis = axis_over([3.0, 8.0], zero=True)
    assert axis.lo < 0.0
    assert axis.hi > 8.0

    flat = axis_over([5.0, 5.0])
    assert flat.lo < 5.0 < flat.hi
    assert axis_over([]).lo < axis_over([]).hi


def test_time_is_labelled_at_beginnings_of_months() -> None:
    first, last = (int(datetime(2023, month, 5, tzinfo=UTC).timestamp()) * 10**9 for month in (1, 12))

    assert [text for _, text in dated(first, last).ticks] == [
        f"{month} 2023" for month in ("Jan", "Mar", "May", "Jul", "Sep", "Nov")
    ]


def test_marks_stand_where_their_values_are() -> None:
    chart = Chart(Axis(0.0, 10.0), Axis(0.0, 10.0), width=100.0, height=100.0, left=10.0)
    chart.points([0.0, 10.0, 99.0], [0.0, 10.0, 5.0], ["first", "<last>", "outside"])

    dots = _drawn(chart).findall(f"{_SVG}circle")

    assert [float(dot.attrib["cx"]) for dot in dots] == [10.0, 90.0, 90.0]
    heights = [float(dot.attrib["cy"]) for dot in dots]
    assert heights[0] > heights[2] > heights[1]
    assert dots[1].findtext(f"{_SVG}title") == "<last>"


def test_a_bar_reaches_from_zero_to_its_height_either_way() -> None:
    chart = Chart(Axis(0.0, 2.0), Axis(-10.0, 10.0))
    chart.bars([0.0, 1.0, 2.0], [5.0, -5.0], ["up", "down"])

    up, down = _drawn(chart).findall(f"{_SVG}rect")

    assert float(up.attrib["y"]) + float(up.attrib["height"]) == pytest.approx(float(down.attrib["y"]), abs=0.2)
    assert up.attrib["height"] == down.attrib["height"]


def test_steps_stay_until_the_next_value() -> None:
    chart = Chart(Axis(0.0, 2.0), Axis(0.0, 1.0))
    chart.steps([0.0, 1.0, 2.0], [0.0, 1.0, 1.0])

    (line,) = _drawn(chart).findall(f"{_SVG}polyline")

    points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    assert points[0][1] == points[1][1] > points[2][1] == points[4][1]
    assert points[1][0] == points[2][0]
