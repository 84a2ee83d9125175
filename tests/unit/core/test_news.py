"""One event is one story, whoever tells it in whichever words; and how like it is to what was known."""

import pytest

from signald.core.news import MAX_NAMES, News, NewsRules, overlap, words_of
from signald.model.time import NS_PER_S
from tests.support.calendar import T0
from tests.support.policy import policy_event

HOUR = 3_600 * NS_PER_S

SAME = (
    "President signs memorandum on reciprocal tariffs",
    "Trump signs reciprocal tariff memo, orders review of every trading partner",
    "TARIFFS: reciprocal plan signed",
)
OTHERS = (
    "Commission drops lawsuit against exchange",
    "Steel and aluminium duties raised to 25 percent",
    "President signs order on strategic reserve",
)


def is_new(news: News, headline: str, **changes: object) -> bool:
    return news.take(policy_event(headline=headline, event_id=headline[:30].replace(" ", "-"), **changes))[1]


@pytest.mark.parametrize("headline", SAME[1:])
def test_same_event_in_other_words_from_another_source_is_no_new_one(headline: str) -> None:
    news = News(NewsRules())

    first, _ = news.take(policy_event(headline=SAME[0]))
    again, is_new_one = news.take(policy_event(headline=headline, event_id="other-7", source="other"))

    assert again is first
    assert not is_new_one


@pytest.mark.parametrize("headline", OTHERS)
def test_another_event_of_the_same_hour_is_a_new_one(headline: str) -> None:
    news = News(NewsRules())
    is_new(news, SAME[0])

    assert is_new(news, headline)


def test_same_words_of_another_category_or_another_day_are_another_event() -> None:
    news = News(NewsRules())
    is_new(news, SAME[0])

    assert is_new(news, SAME[1], category="executive_order")
    assert is_new(news, SAME[2], ts_event=T0 + 7 * HOUR, ts_ingest=T0 + 7 * HOUR)


def test_same_name_is_the_same_event_whatever_it_says() -> None:
    news = News(NewsRules())
    first, _ = news.take(policy_event())

    assert news.take(policy_event(sequence=2, headline="Correction: talks go on")) == (first, False)


def test_novelty_is_one_less_the_overlap_with_the_likest_before() -> None:
    news = News(NewsRules(alike=0.9))

    told = [
        news.take(policy_event(event_id=str(number), headline=headline))[0].novelty
        for number, headline in enumerate(("alpha beta gamma delta", "alpha beta kappa lambda", "omega sigma"))
    ]

    assert told == [1.0, 0.5, 1.0]


def test_word_that_is_not_newer_is_a_repetition() -> None:
    news = News(NewsRules())

    said = [
        news.is_repetition(policy_event(source=source, sequence=number))
        for source, number in zip("aabab", (1, 1, 1, 2, 1), strict=True)
    ]

    assert said == [False, True, False, False, True]


def test_an_event_that_is_told_under_endless_names_is_one_and_few_of_them_are_remembered() -> None:
    news = News(NewsRules())
    first, _ = news.take(policy_event())

    told = [news.take(policy_event(event_id=f"name-{number}", source=f"wire-{number}")) for number in range(5_000)]

    assert all(story is first and not is_new_one for story, is_new_one in told)
    assert news.names == MAX_NAMES


def test_event_is_news_until_it_expires_and_the_oldest_are_forgotten() -> None:
    news = News(NewsRules(remembered=2, alike=1.0))
    for number, category in enumerate(("tariff", "reserve", "monetary")):
        news.take(policy_event(event_id=str(number), category=category, expires_after_s=60.0 * (number + 1)))

    assert news.categories(T0) == ("monetary", "reserve")
    assert news.categories(T0 + 120 * NS_PER_S) == ("monetary",)
    assert news.categories(T0 + 180 * NS_PER_S) == ()


def test_words_without_meaning_endings_and_case_do_not_count() -> None:
    assert words_of("The President's TARIFFS on China, at 25%") == words_of("president tariff china 25")
    assert overlap(words_of("of the and"), words_of("of the and")) == 0.0
