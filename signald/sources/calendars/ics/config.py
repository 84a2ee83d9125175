"""Which schedules are fetched, and which publication each of their titles is."""

from typing import Annotated, Final

import msgspec

REPORTS: Final = {
    "Employment Situation": "us.employment",
    "Consumer Price Index": "us.cpi",
    "Producer Price Index": "us.ppi",
    "Job Openings and Labor Turnover Survey": "us.jolts",
    "Employment Cost Index": "us.employment_cost",
    "Productivity and Costs": "us.productivity",
    "U.S. Import and Export Price Indexes": "us.trade_prices",
    "Gross Domestic Product": "us.gdp",
    "GDP": "us.gdp",
    "Personal Income and Outlays": "us.pce",
    "Advance Monthly Sales for Retail and Food Services": "us.retail_sales",
    "New Residential Construction": "us.housing_starts",
    "New Residential Sales": "us.new_home_sales",
    "Advance Report on Durable Goods": "us.durable_goods",
}
"""How the titles of the Bureaus of Labor Statistics and of Economic Analysis and of the Census begin."""


class IcsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which schedules, every how many seconds; ``reports`` adds titles to those that are known."""

    urls: tuple[str, ...] = ("https://www.bls.gov/schedule/news_release/bls.ics",)
    reports: dict[str, str] = {}
    poll_s: Annotated[float, msgspec.Meta(gt=0)] = 21_600.0
